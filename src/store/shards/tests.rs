//! Shards that change hands, and turns that are booked, on a real database.

use super::*;
use crate::store::gateway::LookAtSessions;
use crate::store::process::GiveUp;
use crate::store::process::tests::{id, join};
use crate::store::tests::Scene;

const TOTAL: u32 = 4;

fn session(shard: u32) -> GatewaySession {
    GatewaySession {
        shard,
        shards: TOTAL,
        id: format!("session {shard}"),
        sequence: 7,
        resume_url: None,
    }
}

async fn take(scene: &Scene, name: &str, shards: &[u32]) -> Vec<u32> {
    let take = TakeShards {
        process: id(name),
        shards: shards.to_vec(),
        total: TOTAL,
    };
    scene.run(take).await.expect("never refused")
}

/// The shards of which it is known where they stood.
async fn kept(scene: &Scene) -> Vec<u32> {
    let kept = scene.ask(LookAtSessions { total: TOTAL }).await;
    kept.into_keys().collect()
}

async fn holders(scene: &Scene) -> Vec<(u32, String)> {
    scene
        .ask(LookAtShares { total: TOTAL })
        .await
        .holders
        .into_iter()
        .collect()
}

#[tokio::test]
async fn a_shard_is_one_process_and_is_handed_over_with_where_it_stood() {
    let scene = Scene::open().await;
    for name in ["a", "b"] {
        join(&scene, name, Some(TOTAL)).await;
    }
    assert_eq!(take(&scene, "a", &[0, 1]).await, [0, 1]);
    assert_eq!(take(&scene, "b", &[1, 2]).await, [2]);
    let release = |name: &str| ReleaseShards {
        process: id(name),
        shards: vec![1],
        total: TOTAL,
        kept: vec![session(1)],
    };
    scene.run(release("b")).await.expect("never refused");
    assert_eq!(
        take(&scene, "b", &[1]).await,
        [0_u32; 0],
        "it was not theirs to release"
    );
    scene.run(release("a")).await.expect("never refused");
    for _ in 0..2 {
        // Also if the first answer is lost.
        assert_eq!(kept(&scene).await, [1]);
        take(&scene, "b", &[1]).await;
    }
    let forget = |name: &str| ForgetSessions {
        process: id(name),
        shards: vec![0, 1],
        total: TOTAL,
    };
    scene.run(forget("a")).await.expect("never refused");
    assert_eq!(kept(&scene).await, [1], "it was not theirs to forget");
    scene.run(forget("b")).await.expect("never refused");
    assert_eq!(kept(&scene).await, [0_u32; 0]);
    let expected = [(0, "a"), (1, "b"), (2, "b")];
    assert_eq!(
        holders(&scene).await,
        expected.map(|(shard, name)| (shard, name.to_owned()))
    );
}

#[tokio::test]
async fn the_shards_of_a_process_that_was_given_up_are_free() {
    let scene = Scene::open().await;
    for name in ["a", "b"] {
        join(&scene, name, Some(TOTAL)).await;
    }
    take(&scene, "a", &[0, 1, 2, 3]).await;
    scene
        .run(GiveUp(vec![("a".to_owned(), 0)]))
        .await
        .expect("never refused");
    assert_eq!(holders(&scene).await, []);
    assert_eq!(
        take(&scene, "a", &[0]).await,
        [0_u32; 0],
        "who is not there takes nothing"
    );
    assert_eq!(take(&scene, "b", &[0]).await, [0]);
}

async fn book(scene: &Scene, bucket: u32, left: u32) -> Option<i64> {
    let starts = Starts {
        left,
        asked_ms_ago: 0,
    };
    let booked = scene.run(BookIdentify { bucket, starts }).await;
    booked.expect("never refused")
}

#[tokio::test]
async fn whoever_books_no_more_is_booked_than_is_left_of_the_day() {
    let scene = Scene::open().await;
    assert_eq!(book(&scene, 0, 0).await, None);
    let mut booked = 0;
    for bucket in 0..5 {
        booked += u32::from(book(&scene, bucket, 3).await.is_some());
    }
    assert_eq!(booked, 3);
    let rows = scene.read("SELECT bucket FROM identify_buckets".to_owned());
    assert_eq!(rows.await.len(), 3, "who gets none books none");
}

#[tokio::test]
async fn turns_of_one_bucket_are_booked_one_after_the_other() {
    let scene = Scene::open().await;
    let mut booked = Vec::new();
    for bucket in [0, 0, 1, 0] {
        let wait_ms = book(&scene, bucket, 1_000).await;
        assert!(wait_ms.is_some_and(|wait_ms| wait_ms >= 0), "{wait_ms:?}");
        let text = format!("SELECT free_at_ms FROM identify_buckets WHERE bucket = {bucket}");
        let free_at_ms: i64 = scene.read(text).await[0].get("free_at_ms").expect("a time");
        booked.push(free_at_ms);
    }
    assert!(booked[1] - booked[0] >= IDENTIFY_EVERY_MS, "{booked:?}");
    assert!(booked[3] - booked[1] >= IDENTIFY_EVERY_MS, "{booked:?}");
    assert!(booked[2] < booked[1], "another bucket does not wait");
}
