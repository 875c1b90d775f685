//! Processes that come, beat, are given up and leave, on a real database.

use chrono::DateTime;

use super::*;
use crate::store::clock::AdvanceClock;
use crate::store::tests::{Scene, now};
use crate::store::{DbError, Failure};

pub(in crate::store) fn id(name: &str) -> ProcessId {
    ProcessId(name.to_owned())
}

pub(in crate::store) async fn join(scene: &Scene, name: &str, shards: Option<u32>) -> Option<u32> {
    let (process, now) = (id(name), now());
    let joined = scene
        .run(Join {
            process,
            shards,
            now,
        })
        .await;
    joined.expect("joining is never refused")
}

fn chores(name: &str) -> Lease {
    Lease {
        name: "chores",
        process: id(name),
    }
}

async fn take(scene: &Scene, name: &str) -> bool {
    scene
        .run(TakeLease(chores(name)))
        .await
        .expect("never refused")
}

async fn beat(scene: &Scene, name: &str) -> Option<Vec<(String, i64)>> {
    scene.run(Beat(id(name))).await.expect("never refused")
}

#[tokio::test]
async fn who_joins_first_says_how_many_shards_are_shared_out() {
    let scene = Scene::open().await;
    assert_eq!(join(&scene, "a", Some(16)).await, Some(16));
    assert_eq!(join(&scene, "b", Some(32)).await, Some(16));
    assert_eq!(join(&scene, "c", None).await, None);
    for name in ["a", "b"] {
        scene.run(Leave(id(name))).await.expect("never refused");
    }
    assert_eq!(join(&scene, "d", Some(32)).await, Some(32));
}

#[tokio::test]
async fn a_lease_is_one_process_at_a_time_and_goes_with_it() {
    let scene = Scene::open().await;
    for name in ["a", "b"] {
        join(&scene, name, None).await;
    }
    assert!(take(&scene, "a").await);
    assert!(take(&scene, "a").await, "it has it already");
    assert!(!take(&scene, "b").await);
    scene.run(Leave(id("a"))).await.expect("never refused");
    assert!(take(&scene, "b").await);
    assert!(!take(&scene, "a").await, "it has left");
}

#[tokio::test]
async fn who_beats_is_not_given_up_and_who_was_learns_of_it() {
    let scene = Scene::open().await;
    for name in ["a", "b"] {
        join(&scene, name, None).await;
    }
    assert_eq!(beat(&scene, "a").await, Some(vec![("b".to_owned(), 0)]));
    assert_eq!(beat(&scene, "b").await, Some(vec![("a".to_owned(), 1)]));
    let give_up = |beats| GiveUp(vec![("b".to_owned(), beats)]);
    assert_eq!(
        scene.run(give_up(0)).await,
        Ok(0),
        "it has beaten meanwhile"
    );
    assert_eq!(scene.run(give_up(1)).await, Ok(1));
    assert_eq!(beat(&scene, "b").await, None);
}

#[tokio::test]
async fn a_process_that_slept_does_nothing_under_the_lease_it_had() {
    let scene = Scene::open().await;
    for name in ["a", "b"] {
        join(&scene, name, None).await;
    }
    assert!(take(&scene, "a").await);
    let asleep = scene.store().under(chores("a"));
    let advance = || AdvanceClock {
        now: DateTime::UNIX_EPOCH,
    };
    assert!(asleep.execute_job(advance()).await.is_ok());
    scene
        .run(GiveUp(vec![("a".to_owned(), 0)]))
        .await
        .expect("never refused");
    assert!(take(&scene, "b").await);
    let late = asleep.execute_job(advance()).await;
    assert!(
        matches!(late, Err(Failure::Broken(DbError::NotHeld("chores")))),
        "{late:?}"
    );
    let awake = scene.store().under(chores("b"));
    assert!(awake.execute_job(advance()).await.is_ok());
}
