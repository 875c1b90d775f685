//! Who does what happens by itself ends, or falls asleep: somebody else does it within 15 seconds.
//!
//! The seconds are those of the successor: the database notes every beat and every lease as it is
//! made, and that the machine was late between two of them is no fault of theirs.

use overwatch_bot::domain::peers::{LOOK_AGAIN_WITHIN_MS, TAKEOVER_WITHIN_MS};
use overwatch_bot::jobs::peers::BEAT_EVERY_MS;

use super::{Process, SHARDS, falls_due, leads, plan, shared_by};
use crate::world::{World, story_of_many};

/// Notes when each process beat, and when each took the lease.
const NOTE: &str = "
    CREATE TABLE noted (at_ms BIGINT NOT NULL, what TEXT NOT NULL, process TEXT NOT NULL);
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO noted VALUES (extract(epoch FROM clock_timestamp()) * 1000,
                                      TG_TABLE_NAME, to_jsonb(NEW) ->> TG_ARGV[0]);
            RETURN NEW;
        END $$;
    CREATE TRIGGER note AFTER UPDATE ON processes FOR EACH ROW EXECUTE FUNCTION note('id');
    CREATE TRIGGER note AFTER INSERT ON leases FOR EACH ROW EXECUTE FUNCTION note('process');
";

#[tokio::test]
async fn when_the_one_who_does_the_chores_is_killed_another_does_them_in_time() {
    story_of_many(SHARDS, async |world| {
        taken_over_in_time(world, "-KILL").await
    })
    .await;
}

#[tokio::test]
async fn when_the_one_who_does_the_chores_falls_asleep_another_does_them_in_time() {
    story_of_many(SHARDS, async |world| {
        taken_over_in_time(world, "-STOP").await
    })
    .await;
}

async fn taken_over_in_time(world: &World, signal: &str) {
    world.ground.change(NOTE).await;
    let first = Process::start(world);
    shared_by(world, 1).await;
    leads(world, &first).await;
    let second = Process::start(world);
    shared_by(world, 2).await;
    plan(world, "Taken over").await;

    first.signal(signal);
    leads(world, &second).await;
    shared_by(world, 1).await;
    let took = successors_ms(world, &first, &second).await;
    assert!(took <= TAKEOVER_WITHIN_MS, "{took} ms");
    falls_due(world).await;
}

/// How long the takeover took as the second process had it: between two of its beats no more than
/// they are apart, from the last beat of the first one on, or since it had itself not looked for long.
async fn successors_ms(world: &World, first: &Process, second: &Process) -> u64 {
    let noted = async |what: &str, process: &Process| {
        let name = process.name();
        let query = format!(
            "SELECT at_ms FROM noted WHERE what = '{what}' AND process LIKE '{name}' ORDER BY at_ms"
        );
        world.ground.numbers(&query).await
    };
    let silent_since = *noted("processes", first).await.last().expect("it beat");
    let leads_since = noted("leases", second).await[0];
    let mut then = silent_since;
    let mut took = 0;
    let beats = noted("processes", second).await.into_iter();
    let during = beats.filter(|at| (silent_since..leads_since).contains(at));
    for at in during.chain([leads_since]) {
        let apart = u64::try_from(at - then).expect("in order");
        took = match apart > LOOK_AGAIN_WITHIN_MS {
            true => 0,
            false => took + apart.min(BEAT_EVERY_MS),
        };
        then = at;
    }
    took
}
