//! Several processes behind PgBouncer in transaction mode: each transaction of theirs may come to
//! another connection of the server, of which there are fewer than they have.

use crate::ground::{self, Ground};
use crate::postgres::Server;
use crate::postgres::bouncer::Bouncer;
use crate::world::{story_of_many, story_over_http_on};

use super::{SHARDS, caps_are_kept, killed_in_a_crowd};

/// A server of the story's own with PgBouncer before it, and a database behind that.
async fn pooled() -> Option<(Bouncer, Server, Ground)> {
    if !ground::on_postgres() {
        return None;
    }
    let server = Server::own()?;
    let bouncer = Bouncer::before(server.cluster().expect("its own")).await?;
    let ground = Ground::with_schema_on(&server).await.through(&bouncer);
    Some((bouncer, server, ground))
}

#[tokio::test]
async fn three_behind_a_pooler_go_on_when_one_of_them_is_killed() {
    let Some((_bouncer, _server, ground)) = pooled().await else {
        return;
    };
    story_of_many(SHARDS, async |world| {
        world.ground = ground;
        killed_in_a_crowd(world).await;
    })
    .await;
}

#[tokio::test]
async fn two_behind_a_pooler_keep_a_sessions_caps_and_answer_once() {
    let Some((_bouncer, _server, ground)) = pooled().await else {
        return;
    };
    story_over_http_on(ground, async |world| caps_are_kept(world).await).await;
}
