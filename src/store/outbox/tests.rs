//! What is owed, owed anew, claimed and settled, on a real database.

use chrono::TimeDelta;

use super::*;
use crate::store::process::GiveUp;
use crate::store::process::tests::{id, join};
use crate::store::tests::{Scene, now};
use crate::store::{Command, Stop};

/// Owes a session's card, as a click does.
#[derive(Debug)]
struct Click {
    after_s: i64,
}

impl Command for Click {
    const NAME: &'static str = "test_click";
    type Answer = ();
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<(), Stop<Self::Refusal>> {
        Ok(owe_card(tx, SessionId(1), at(self.after_s))?)
    }
}

fn at(after_s: i64) -> DateTime<Utc> {
    now() + TimeDelta::seconds(after_s)
}

async fn click(scene: &Scene, after_s: i64) {
    scene.run(Click { after_s }).await.expect("never refused");
}

async fn due(scene: &Scene, after_s: i64) -> Option<Due> {
    let now = at(after_s);
    scene.ask(DueNow { now, max: 1 }).await.pop()
}

async fn claim(scene: &Scene, name: &str) -> Vec<Due> {
    let (process, now) = (id(name), now());
    let due = scene.ask(DueNow { now, max: 9 }).await;
    scene
        .run(ClaimDue { process, due })
        .await
        .expect("never refused")
}

/// Settles what was due, as it was after so many seconds.
fn settle(due: &Due, claim: Option<&str>, delivery: Delivery, after_s: i64) -> Settle {
    Settle {
        id: due.id,
        claim: claim.map(id),
        generation: due.generation,
        delivery,
        card: None,
        at: at(after_s),
        is_trusted: true,
    }
}

#[tokio::test]
async fn while_deliveries_fail_clicks_neither_hasten_them_nor_use_up_the_tries() {
    let scene = Scene::open().await;
    let mut tries = Vec::new();
    for second in 0..90 {
        click(&scene, second).await;
        let Some(due) = due(&scene, second).await else {
            continue;
        };
        tries.push(due.attempts);
        let again = Delivery::Again(at(second + (2 << due.attempts)));
        let left = scene.run(settle(&due, None, again, second)).await;
        assert_eq!(left, Ok(true));
    }
    assert_eq!(tries, [0, 1, 2, 3, 3, 3, 3, 3]);
}

#[tokio::test]
async fn a_click_at_what_has_failed_for_long_is_answered_soon() {
    let scene = Scene::open().await;
    click(&scene, 0).await;
    let text = "UPDATE outbox SET attempts = 50, due_at = due_at + 900 RETURNING id";
    scene.write(text, &[]).await;
    click(&scene, 60).await;
    assert_eq!(due(&scene, 60).await, None);
    let due = due(&scene, 60 + ANEW_WITHIN_S).await.expect("it is due");
    assert_eq!(due.attempts, ANEW_ATTEMPTS_MAX);
    // Also if it was clicked at while the try was under way.
    click(&scene, 76).await;
    let again = Delivery::Again(at(76 + 900));
    let left = scene.run(settle(&due, None, again, 76)).await;
    assert_eq!(left, Ok(true));
    let soon = self::due(&scene, 76 + ANEW_WITHIN_S).await;
    assert!(soon.is_some());
}

#[tokio::test]
async fn what_was_owed_meanwhile_outlives_what_is_given_up() {
    let scene = Scene::open().await;
    click(&scene, 0).await;
    scene
        .write("UPDATE outbox SET attempts = 100 RETURNING id", &[])
        .await;
    let first = due(&scene, 0).await.expect("it is due");
    click(&scene, 1).await;
    let left = scene.run(settle(&first, None, Delivery::Over, 1)).await;
    assert_eq!(left, Ok(true));
    let second = due(&scene, 1).await.expect("it is owed anew");
    assert_eq!(
        (second.generation, second.attempts),
        (first.generation + 1, 0)
    );
    let left = scene.run(settle(&second, None, Delivery::Over, 1)).await;
    assert_eq!(left, Ok(false));
    assert_eq!(due(&scene, 9_999).await, None);
}

#[tokio::test]
async fn who_was_given_up_settles_nothing() {
    let scene = Scene::open().await;
    for name in ["a", "b", "c"] {
        join(&scene, name, None).await;
    }
    scene.account(1, "Ana#1234").await;
    let session = scene.session(1, "OPEN").await;
    click(&scene, 0).await;
    let claimed = claim(&scene, "a").await.pop().expect("it is due");
    scene
        .run(GiveUp(vec![("a".to_owned(), 0)]))
        .await
        .expect("never refused");
    assert_eq!(claim(&scene, "b").await, std::slice::from_ref(&claimed));
    for delivery in [Delivery::Again(at(60)), Delivery::Over] {
        let card = Some(CardAt {
            session,
            channel: ChannelId(2),
            message: Some(MessageId(9)),
        });
        let late = settle(&claimed, Some("a"), delivery, 0);
        assert_eq!(scene.run(Settle { card, ..late }).await, Ok(false));
        assert_eq!(claim(&scene, "c").await, [], "b still delivers it");
    }
    let card = scene.read("SELECT message_id FROM sessions").await;
    assert_eq!(card[0].get::<i64>("message_id").ok(), Some(3));
    let over = settle(&claimed, Some("b"), Delivery::Over, 0);
    assert_eq!(scene.run(over).await, Ok(false));
    assert_eq!(due(&scene, 9_999).await, None);
}

#[tokio::test]
async fn what_is_to_be_tried_again_is_nobody_elses_until_it_is_released() {
    let scene = Scene::open().await;
    for name in ["a", "b"] {
        join(&scene, name, None).await;
    }
    click(&scene, 0).await;
    let claimed = claim(&scene, "a").await.pop().expect("it is due");
    let again = settle(&claimed, Some("a"), Delivery::Again(now()), 0);
    assert_eq!(scene.run(again).await, Ok(true));
    assert_eq!(claim(&scene, "b").await, []);
    let (process, id) = (id("a"), claimed.id);
    let released = scene.run(ReleaseClaim { process, id }).await;
    assert_eq!(released, Ok(()));
    assert_eq!(claim(&scene, "b").await.len(), 1);
}

#[tokio::test]
async fn what_is_spread_comes_later_bit_by_bit_unless_somebody_has_claimed_it() {
    let scene = Scene::open().await;
    join(&scene, "a", None).await;
    let insert = "INSERT INTO outbox (kind, key, due_at, created_at) VALUES \
                  ('event', '1', 1, 1), ('event', '2', 1, 1), ('event', '3', 1, 1), ('event', '4', 1, 1) \
                  RETURNING id";
    scene.write(insert, &[]).await;
    let rows = scene.read("SELECT id FROM outbox ORDER BY id").await;
    let ids: Vec<i64> = rows.iter().filter_map(|row| row.get("id").ok()).collect();
    let claim = "UPDATE outbox SET claimed_by = 'a' WHERE key = '4' RETURNING id";
    scene.write(claim, &[]).await;
    let (from, a_second) = (at(60), 2);
    let spread = SpreadDue {
        ids,
        from,
        a_second,
    };
    scene.run(spread).await.expect("never refused");
    let rows = scene.read("SELECT due_at FROM outbox ORDER BY id").await;
    let due = rows
        .iter()
        .map(|row| row.get::<DateTime<Utc>>("due_at").ok());
    let claimed_at = DateTime::from_timestamp(1, 0);
    let wanted = [Some(at(60)), Some(at(60)), Some(at(61)), claimed_at];
    assert_eq!(due.collect::<Vec<_>>(), wanted);
}
