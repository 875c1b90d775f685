//! What is refused together, on a real database, in a time of its own.

use super::super::{BringForward, Delivery, Due, DueNow, LatestDue, NextDue};
use super::*;
use crate::store::tests::{Scene, now};

/// Ten minutes: no place waits longer for a try.
const PROMISED_S: i64 = 600;

fn at(after_s: i64) -> DateTime<Utc> {
    now() + TimeDelta::seconds(after_s)
}

fn parking(channel: i64, cause: Cause) -> Parking {
    Parking {
        guild: Some(GuildId(1)),
        channel: Some(ChannelId(channel)),
        cause,
    }
}

/// Enqueues a message to be taken away for each of these and has it refused there.
async fn parked(scene: &Scene, refused: &[(i64, Cause)]) -> Vec<Due> {
    for (number, _) in refused.iter().enumerate() {
        let owe = "INSERT INTO outbox (kind, key, payload, due_at, created_at) \
                   VALUES ('retraction', $1, '{\"channel\":1}', $2, $2) RETURNING id";
        scene.write(owe, values![number.to_string(), now()]).await;
    }
    let due = due(scene, 0).await;
    for (due, (channel, cause)) in due.iter().zip(refused) {
        refuse(scene, due, parking(*channel, *cause), 0).await;
    }
    due
}

async fn refuse(scene: &Scene, due: &Due, parking: Parking, after_s: i64) {
    let left = scene
        .run(settle(due, Delivery::Parked(parking), after_s))
        .await;
    assert_eq!(left, Ok(true));
}

fn settle(due: &Due, delivery: Delivery, after_s: i64) -> Settle {
    Settle {
        id: due.id,
        claim: None,
        generation: due.generation,
        delivery,
        card: None,
        at: at(after_s),
        is_trusted: true,
    }
}

async fn due(scene: &Scene, after_s: i64) -> Vec<Due> {
    let now = at(after_s);
    scene.ask(DueNow { now, max: 1_000 }).await
}

fn ids(due: &[Due]) -> Vec<i64> {
    due.iter().map(|due| due.id).collect()
}

async fn wake(scene: &Scene, guild: i64, after_s: i64) {
    let wake = WakeParked {
        guilds: vec![GuildId(guild)],
        each_max: 6,
        now: at(after_s),
    };
    scene.run(wake).await.expect("never refused");
}

#[test]
fn waits_double_up_to_nine_minutes() {
    let waits: Vec<_> = (1..=8).map(|tries| wait(tries).num_seconds()).collect();
    assert_eq!(waits, [15, 30, 60, 120, 240, 480, 540, 540]);
    assert_eq!(wait(i64::MAX).num_seconds(), 540);
}

#[test]
fn servers_beyond_the_first_are_tried_one_after_the_other() {
    let at = |turn: usize| (turns(now(), 6).nth(turn).expect("endless") - now()).num_seconds();
    assert_eq!([at(0), at(19), at(20), at(21)], [0, 0, 12, 24]);
}

#[tokio::test]
async fn what_was_parked_while_the_clock_was_ahead_is_due_and_the_longest_wait_stays() {
    let bring = |after_s: i64| BringForward {
        now: at(after_s),
        latest: at(after_s + RETRY_MAX_S),
    };
    let scene = Scene::open().await;
    let all = parked(&scene, &[(1, Cause::Access), (1, Cause::Access)]).await;
    for second in (0..20).map(|n| n * PROMISED_S) {
        for one in due(&scene, second).await {
            refuse(&scene, &one, parking(1, Cause::Access), second).await;
            assert_eq!(scene.run(bring(second)).await, Ok(0), "at {second}");
        }
    }
    // An hour back, or less, as long as that is longer than any wait.
    let right = 19 * PROMISED_S - 20 * 60;
    assert_eq!(scene.run(bring(right)).await, Ok(2));
    assert_eq!(due(&scene, right).await.len(), all.len());
    // Many servers wait for their turns.
    let many: Vec<_> = (0..400).map(|channel| (channel, Cause::Access)).collect();
    let scene = Scene::open().await;
    parked(&scene, &many).await;
    let turns = TRY_EVERY_S * i64::from(TRIES_A_TURN_MAX) * 400;
    let put_off = "UPDATE outbox SET due_at = $1";
    scene.write(put_off, values![at(turns)]).await;
    assert_eq!(scene.run(bring(0)).await, Ok(0));
    scene.write(put_off, values![at(turns + 10 * 60)]).await;
    assert_eq!(scene.run(bring(0)).await, Ok(400));
    assert_eq!(scene.ask(LatestDue).await, Some(at(0)));
}

/// Three hundred rows in three places: a try of each place every ten minutes at least, in turn over its
/// rows, and no more tries than that takes.
#[tokio::test]
async fn tries_are_bounded_by_places_and_never_further_apart_than_promised() {
    let scene = Scene::open().await;
    let places = [(1, Cause::Access), (2, Cause::Access), (1, Cause::Embeds)];
    let refused: Vec<_> = (0..300).map(|n| places[n % places.len()]).collect();
    let all = parked(&scene, &refused).await;
    let mut last = [0; 3];
    let mut tried = std::collections::HashSet::new();
    let (mut tries, mut second, day) = (0, 0, 24 * 3_600);
    while let Some(next) = scene.ask(NextDue { now: at(second) }).await {
        second = (next - now()).num_seconds();
        for one in due(&scene, second).await {
            let row = all
                .iter()
                .position(|due| due.id == one.id)
                .expect("one of them");
            let (place, (channel, cause)) = (row % places.len(), refused[row]);
            assert!(second - last[place] <= PROMISED_S, "{place} at {second}");
            last[place] = second;
            tried.insert(one.id);
            tries += i64::from(second < day);
            // They are of no session, and are given up after a day.
            let park = Delivery::Parked(parking(channel, cause));
            scene
                .run(settle(&one, park, second))
                .await
                .expect("never refused");
        }
    }
    // The first five are nearer to each other than `RETRY_MAX_S`.
    assert!(tries <= 3 * (day / RETRY_MAX_S + 6), "{tries}");
    assert_eq!(tried.len(), all.len(), "each had its turn");
}

#[tokio::test]
async fn one_in_each_place_is_woken_and_the_others_follow() {
    let scene = Scene::open().await;
    let (one, two) = ((1, Cause::Access), (2, Cause::Access));
    let other = (1, Cause::Permission("card"));
    let all = parked(&scene, &[one, one, two, one, other, other]).await;
    assert_eq!(due(&scene, 14).await, []);
    wake(&scene, 2, 1).await;
    assert_eq!(due(&scene, 1).await, [], "of another server");
    wake(&scene, 1, 1).await;
    let woken = due(&scene, 1).await;
    assert_eq!(ids(&woken), [all[0].id, all[2].id, all[4].id]);
    let left = scene.run(settle(&woken[0], Delivery::Over, 1)).await;
    assert_eq!(left, Ok(false));
    // Not what is refused there for another cause: that has had its own try.
    let expected = [all[1].id, all[2].id, all[3].id, all[4].id];
    let mut found = ids(&due(&scene, 1).await);
    found.sort_unstable();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn row_that_is_refused_for_another_cause_has_the_others_tried() {
    let scene = Scene::open().await;
    let all = parked(&scene, &[(1, Cause::Access), (1, Cause::Access)]).await;
    let first = due(&scene, 15).await;
    assert_eq!(ids(&first), [all[0].id]);
    let posting = parking(1, Cause::Permission("card"));
    refuse(&scene, &first[0], posting, 15).await;
    assert_eq!(due(&scene, 19).await, []);
    assert_eq!(ids(&due(&scene, 20).await), [all[1].id]);
}

/// Has all that is due refused for this cause, one after the other. Returns how often.
async fn refused_as_they_are_due(scene: &Scene, cause: Cause, after_s: i64) -> usize {
    let mut tries = 0;
    while let Some(one) = due(scene, after_s).await.first() {
        refuse(scene, one, parking(1, cause), after_s).await;
        tries += 1;
    }
    tries
}

#[tokio::test]
async fn of_those_that_are_due_together_one_is_tried() {
    let scene = Scene::open().await;
    let all = parked(&scene, &[(1, Cause::Access); 50]).await;
    // As after an hour in which nothing ran.
    assert_eq!(
        refused_as_they_are_due(&scene, Cause::Access, 3_600).await,
        1
    );
    let gone = "DELETE FROM outbox WHERE id = $1 RETURNING id";
    scene.write(gone, values![all[1].id]).await;
    assert_eq!(
        refused_as_they_are_due(&scene, Cause::Access, 7_200).await,
        1
    );
}

#[tokio::test]
async fn when_the_cause_changes_they_are_tried_one_at_a_time() {
    let scene = Scene::open().await;
    parked(&scene, &[(1, Cause::Access); 50]).await;
    let mut tries = 0;
    for second in 3_600..3_660 {
        let cause = Cause::Permission("card");
        tries += refused_as_they_are_due(&scene, cause, second).await;
    }
    assert!((2..=15).contains(&tries), "{tries} in a minute");
}

#[tokio::test]
async fn others_are_tried_though_the_one_to_be_tried_is_gone() {
    let scene = Scene::open().await;
    let all = parked(&scene, &[(1, Cause::Access), (1, Cause::Access)]).await;
    let gone = "DELETE FROM outbox WHERE id = $1 RETURNING id";
    scene.write(gone, values![all[0].id]).await;
    assert_eq!(due(&scene, 15 + BEHIND_S - 1).await, []);
    assert_eq!(ids(&due(&scene, 15 + BEHIND_S).await), [all[1].id]);
}

#[tokio::test]
async fn what_is_woken_while_it_is_refused_is_tried_again_soon() {
    let scene = Scene::open().await;
    let first = parked(&scene, &[(1, Cause::Access)]).await.remove(0);
    wake(&scene, 1, 1).await;
    refuse(&scene, &first, parking(1, Cause::Access), 2).await;
    assert_eq!(due(&scene, 6).await, []);
    assert_eq!(due(&scene, 7).await.len(), 1);
}

#[tokio::test]
async fn what_belongs_to_no_session_is_given_up_after_a_day() {
    let scene = Scene::open().await;
    let all = parked(&scene, &[(1, Cause::Access), (1, Cause::Access)]).await;
    let day = KEPT_AFTER_END_H * 3_600;
    let park = Delivery::Parked(parking(1, Cause::Access));
    let doubted = Settle {
        is_trusted: false,
        ..settle(&all[0], park, day)
    };
    assert_eq!(
        scene.run(doubted).await,
        Ok(true),
        "by a clock that is doubted"
    );
    assert_eq!(scene.run(settle(&all[0], park, day)).await, Ok(false));
    assert_eq!(scene.run(settle(&all[1], park, day)).await, Ok(false));
    assert_eq!(scene.ask(ParkedGuilds).await, []);
}

/// What is enqueued with its session is tried for as long as that is on, and in its server.
#[tokio::test]
async fn old_card_and_prompt_in_a_thread_are_kept_as_long_as_their_session() {
    let scene = Scene::open().await;
    scene.account(1_111, "Ana#1234").await;
    let session = scene.session(1_111, "OPEN").await;
    for (kind, payload) in [
        (
            "retraction",
            format!(r#"{{"channel":7,"session":{session}}}"#),
        ),
        (
            "prompt_end",
            format!(
                r#"{{"channel":7,"mention":null,"in_thread":true,"session":{session},"title":"Cup","end":"withdrawn"}}"#
            ),
        ),
    ] {
        let owe = "INSERT INTO outbox (kind, key, payload, due_at, created_at) \
                   VALUES ($1, '5', $2, $3, $3) RETURNING id";
        scene.write(owe, values![kind, payload, now()]).await;
        let one = due(&scene, 0).await.remove(0);
        assert_eq!(one.destination.session, Some(session), "{kind}");
        let guild = one.destination.guild;
        assert!(guild.is_some(), "{kind}");
        let refused = Parking {
            guild,
            ..parking(7, Cause::Access)
        };
        let week = 7 * 24 * 3_600;
        refuse(&scene, &one, refused, week).await;
        assert_eq!(
            scene.ask(ParkedGuilds).await,
            Vec::from_iter(guild),
            "{kind}"
        );
        let gone = "DELETE FROM outbox WHERE id = $1 RETURNING id";
        scene.write(gone, values![one.id]).await;
    }
}
