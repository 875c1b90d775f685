//! A server that is away, a line that breaks: nothing is half done, nobody waits for long, and all
//! goes on without a restart.

use overwatch_bot::store::Failure;
use overwatch_bot::store::health::BacklogNow;
use overwatch_bot::store::postgres::UNREACHABLE_AFTER_MS;

use crate::server::{Cluster, server};
use crate::{add, open, proxy};

// Whoever clicks is told in time.
const _: () = assert!(UNREACHABLE_AFTER_MS < 3_000);

#[tokio::test]
async fn while_the_server_is_away_clicks_are_told_so_and_then_all_goes_on() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let database = open(&cluster.url("postgres")).await;
    let store = database.store();
    assert!(add(&store, 1, 1).await.expect("an answer"));
    cluster.stop();
    // As many as there are connections, and more.
    let clicks = (2..=20).map(|user| add(&store, user, user));
    for ended in futures_util::future::join_all(clicks).await {
        assert!(matches!(ended, Err(Failure::Away(_))), "{ended:?}");
    }
    let asked = store.query(BacklogNow).await;
    assert!(matches!(asked, Err(Failure::Away(_))), "{asked:?}");
    cluster.start_again();
    for user in 1..=20 {
        // Who was told to try again does; who was answered is answered the same.
        assert!(add(&store, user, user).await.expect("an answer"));
    }
    database.close().await;
}

#[tokio::test]
async fn a_commit_of_which_nobody_knows_is_settled_by_its_receipt() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let faults = proxy::start(&cluster.folder);
    let database = open(&format!("{}&port={}", cluster.url("postgres"), proxy::PORT)).await;
    let store = database.store();
    // Refused, the account would be there twice over: the first time and the second.
    faults.cut_after_the_next_commit();
    assert!(add(&store, 1, 1).await.expect("an answer"));
    faults.cut_before_the_next_commit();
    assert!(add(&store, 2, 2).await.expect("an answer"));
    assert!(
        !add(&store, 1, 3).await.expect("an answer"),
        "it is there already"
    );
    database.close().await;
}

#[tokio::test]
async fn a_commit_that_hangs_is_settled_by_its_receipt_while_somebody_waits() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let faults = proxy::start(&cluster.folder);
    let database = open(&format!("{}&port={}", cluster.url("postgres"), proxy::PORT)).await;
    let store = database.store();
    faults.swallow_the_answer_to_the_next_commit();
    assert!(add(&store, 1, 1).await.expect("an answer"));
    faults.swallow_the_next_commit();
    assert!(add(&store, 2, 2).await.expect("an answer"));
    for (user, click) in [(1, 3), (2, 4)] {
        let again = add(&store, user, click).await.expect("an answer");
        assert!(!again, "it is there already");
    }
    database.close().await;
}

#[tokio::test]
async fn a_line_on_which_nothing_arrives_is_given_up_on_and_made_anew() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let faults = proxy::start(&cluster.folder);
    let database = open(&format!("{}&port={}", cluster.url("postgres"), proxy::PORT)).await;
    let store = database.store();
    assert!(add(&store, 1, 1).await.expect("an answer"));
    faults.swallow(true);
    let ended = add(&store, 2, 2).await;
    assert!(matches!(ended, Err(Failure::Away(_))), "{ended:?}");
    faults.swallow(false);
    assert!(add(&store, 2, 2).await.expect("an answer"));
    database.close().await;
}

#[tokio::test]
async fn two_processes_at_one_session_refuse_as_one_would() {
    let Some(server) = server() else { return };
    let scratch = server.empty().await;
    let bots = [open(&scratch.url).await, open(&scratch.url).await];
    // The same person adds the same account by many clicks at once, in both: one is taken.
    let stores = bots.each_ref().map(|bot| bot.store());
    let clicks = (1..=40).map(|click| add(&stores[click as usize % 2], 7, click));
    let ended = futures_util::future::join_all(clicks).await;
    let taken = ended.iter().filter(|ended| matches!(ended, Ok(true)));
    assert_eq!(taken.count(), 1, "{ended:?}");
    assert!(ended.iter().all(Result::is_ok), "{ended:?}");
    for bot in bots {
        bot.close().await;
    }
}
