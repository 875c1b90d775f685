//! `/readyz` while nothing can be committed, and while every command fails.

use std::convert::Infallible;

use overwatch_bot::domain::ids::InteractionId;
use overwatch_bot::store::health::Heartbeat;
use overwatch_bot::store::{self, Stop, Transaction};

use super::{Place, readiness};

/// Has every commit fail that keeps a receipt.
pub(crate) const FAIL_COMMITS: &str = "CREATE TABLE nowhere (x INTEGER PRIMARY KEY) STRICT; \
    CREATE TABLE broken (x INTEGER REFERENCES nowhere (x) DEFERRABLE INITIALLY DEFERRED) STRICT; \
    CREATE TRIGGER fail BEFORE INSERT ON receipts BEGIN INSERT INTO broken VALUES (1); END";
/// Has every statement fail that keeps the receipt of a click.
const FAIL_CLICKS: &str = "CREATE TRIGGER fail BEFORE INSERT ON receipts WHEN new.interaction_id <> 0 \
    BEGIN SELECT RAISE(ABORT, 'it is broken'); END";
/// So many clicks.
const CLICKS: i64 = 600;

/// A click that changes nothing but its receipt.
#[derive(Debug)]
struct Click;

impl store::Command for Click {
    const NAME: &'static str = "test_click";
    type Answer = ();
    type Refusal = Infallible;

    fn run(&self, _: &mut dyn Transaction) -> Result<(), Stop<Infallible>> {
        Ok(())
    }
}

#[tokio::test]
async fn while_all_commands_fail_the_bot_is_not_ready() {
    for fail in [FAIL_COMMITS, FAIL_CLICKS] {
        let place = Place::new().await;
        let database = place.open().await;
        let store = database.store();
        let (folder, hand) = (place.0.path(), rusqlite::Connection::open(place.db()));
        let hand = hand.expect("the file");
        assert_eq!(readiness(folder, &database).await.0, 200);
        hand.execute_batch(fail).expect("it breaks");
        for click in 1..=CLICKS {
            let clicked = store.execute(InteractionId(click), Click).await;
            clicked.expect_err("every click fails");
        }
        let (status, parts) = readiness(folder, &database).await;
        assert_eq!((status, &parts["writer"]["ok"]), (503, &false.into()));
        let told = parts.to_string();
        for inner in ["it is broken", "FOREIGN KEY", "constraint", "receipts"] {
            assert!(!told.contains(inner), "the text of an error: {told}");
        }
        hand.execute_batch("DROP TRIGGER fail").expect("it heals");
        if fail == FAIL_COMMITS {
            assert_eq!(readiness(folder, &database).await.0, 200, "it finds out");
        }
        let beat = store.execute_job(Heartbeat).await;
        beat.expect("it is committed").expect("never refused");
        let clicked = store.execute(InteractionId(CLICKS + 1), Click).await;
        clicked.expect("it is committed").expect("never refused");
        assert_eq!(readiness(folder, &database).await.0, 200);
        let left = "SELECT count(*) FROM receipts WHERE command = 'heartbeat'";
        let left = hand.query_row(left, [], |row| row.get::<_, i64>(0));
        assert_eq!(left.ok(), Some(0), "a heartbeat leaves nothing");
        drop(hand);
        database.close().await;
    }
}
