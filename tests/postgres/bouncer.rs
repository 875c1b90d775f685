//! PgBouncer in transaction mode: each transaction may come to another connection of the server.

use futures_util::future::join_all;
use overwatch_bot::store::profile::ViewPerson;

use crate::server::Cluster;
use crate::server::bouncer::{Bouncer, PORT};
use crate::{add, open};

#[tokio::test]
async fn two_bots_work_through_pgbouncer_in_transaction_mode() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let Some(_bouncer) = Bouncer::before(&cluster).await else {
        return;
    };
    let url = format!("{}&port={PORT}", cluster.url("postgres"));
    let bots = [open(&url).await, open(&url).await];
    let stores = bots.each_ref().map(|bot| bot.store());
    let clicks = (1..=200).map(|user| add(&stores[user as usize % 2], user, user));
    for added in join_all(clicks).await {
        assert!(added.expect("an answer"));
    }
    let looks = (1..=200).map(|user| {
        let who = overwatch_bot::domain::ids::UserId(user);
        stores[user as usize % 2].query(ViewPerson(who))
    });
    for look in join_all(looks).await {
        assert!(look.expect("an answer").is_some());
    }
    for bot in bots {
        bot.close().await;
    }
}
