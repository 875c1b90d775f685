//! Ways to tell a story: which world it plays in, on what database, and in what time.

use std::ops::AsyncFnOnce;
use std::time::Duration;

use chrono::TimeDelta;
use overwatch_bot::clock::Clock;
use overwatch_bot::playground;

use super::{START, World};
use crate::ground::{self, Ground};
#[cfg(feature = "postgres")]
use crate::postgres::{Cluster, Server};
#[cfg(feature = "postgres")]
use crate::proxy::{self, Faults};

/// How far time is moved at once where it goes by.
const TICK: Duration = Duration::from_millis(10);

/// Tells a story in a world of two servers, and holds the bot's requests to Discord's document.
pub(crate) async fn story(tell: impl AsyncFnOnce(&mut World)) {
    story_in(playground::World::default(), 1, tell).await;
}

/// Tells a story that is about the file of SQLite, and of no other database.
pub(crate) async fn story_of_a_file(tell: impl AsyncFnOnce(&mut World)) {
    match ground::on_postgres() {
        false => story(tell).await,
        true => eprintln!("skipped: it is about the file of SQLite"),
    }
}

/// Tells a story on a PostgreSQL server of its own, which may be stopped and started.
#[cfg(feature = "postgres")]
pub(crate) async fn story_of_a_server(tell: impl AsyncFnOnce(&mut World, &Cluster)) {
    if !ground::on_postgres() {
        return eprintln!("skipped: it is about a PostgreSQL server");
    }
    let Some(server) = Server::own() else { return };
    let ground = Ground::on(&server).await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let clock = Clock::manual(START.parse().expect("a time"));
    let mut world = World::on(ground, folder, playground::World::default(), 1, clock).await;
    world.start().await;
    tell(&mut world, server.cluster().expect("its own")).await;
    world.stop().await;
    world.end().await;
}

/// Tells a story on a PostgreSQL server whose line to the bot may break.
#[cfg(feature = "postgres")]
pub(crate) async fn story_of_a_line(tell: impl AsyncFnOnce(&mut World, &Faults)) {
    if !ground::on_postgres() {
        return eprintln!("skipped: it is about a PostgreSQL server");
    }
    let Some(server) = Server::own() else { return };
    let faults = proxy::start(&server.cluster().expect("its own").folder);
    let ground = Ground::on(&server).await.through_port(proxy::PORT);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let clock = Clock::manual(START.parse().expect("a time"));
    let mut world = World::on(ground, folder, playground::World::default(), 1, clock).await;
    world.start().await;
    tell(&mut world, &faults).await;
    world.stop().await;
    world.end().await;
}

/// Tells a story in the machine's own time, which a program of its own shares. The story starts it.
pub(crate) async fn story_in_real_time(tell: impl AsyncFnOnce(&mut World)) {
    let Some(mut world) = World::begin(playground::World::default(), 1, Clock::system()).await
    else {
        return;
    };
    tell(&mut world).await;
    world.stop().await;
    world.end().await;
}

/// Tells a story of several processes, in the machine's own time, on a server only. The story starts
/// them itself.
#[cfg(feature = "postgres")]
pub(crate) async fn story_of_many(shards: u32, tell: impl AsyncFnOnce(&mut World)) {
    if !crate::ground::on_postgres() {
        return;
    }
    let people = playground::World::default();
    let Some(mut world) = World::begin(people, shards, Clock::system()).await else {
        return;
    };
    tell(&mut world).await;
    world.end().await;
}

/// Tells a story while time goes by, at a quarter of its pace: Discord's three seconds pass, and a
/// machine that is busy with other things can keep up.
pub(crate) async fn story_while_time_passes(tell: impl AsyncFnOnce(&mut World)) {
    story(async |world| {
        let clock = world.clock.clone();
        let time = async {
            loop {
                tokio::time::sleep(4 * TICK).await;
                clock.advance(TimeDelta::from_std(TICK).expect("a short time"));
            }
        };
        tokio::select! {
            () = time => {}
            () = tell(world) => {}
        }
    })
    .await;
}

/// Tells a story to which the clicks come over HTTP, and for which there is no gateway.
pub(crate) async fn story_over_http(tell: impl AsyncFnOnce(&mut World)) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    if let Some(ground) = Ground::new(folder.path()).await {
        over_http(ground, folder, tell).await;
    }
}

/// The same on this ground.
#[cfg(feature = "postgres")]
pub(crate) async fn story_over_http_on(ground: Ground, tell: impl AsyncFnOnce(&mut World)) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    over_http(ground, folder, tell).await;
}

async fn over_http(ground: Ground, folder: tempfile::TempDir, tell: impl AsyncFnOnce(&mut World)) {
    let clock = Clock::manual(START.parse().expect("a time"));
    let mut world = World::on(ground, folder, playground::World::default(), 1, clock).await;
    world.over_http = true;
    world.start().await;
    tell(&mut world).await;
    world.stop().await;
    world.end().await;
}

/// Tells a story with so many shards, which begins before the bot is started.
pub(crate) async fn story_before_the_start(shards: u32, tell: impl AsyncFnOnce(&mut World)) {
    let clock = Clock::manual(START.parse().expect("a time"));
    let people = playground::World::default();
    let Some(mut world) = World::begin(people, shards, clock).await else {
        return;
    };
    tell(&mut world).await;
    world.stop().await;
    world.end().await;
}

/// Tells a story in a world of another make.
pub(crate) async fn story_in(
    people: playground::World,
    shards: u32,
    tell: impl AsyncFnOnce(&mut World),
) {
    let clock = Clock::manual(START.parse().expect("a time"));
    let Some(mut world) = World::begin(people, shards, clock).await else {
        return;
    };
    world.start().await;
    tell(&mut world).await;
    world.stop().await;
    world.end().await;
}
