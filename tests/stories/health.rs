//! What whoever watches is told: over HTTP, and the owner in words.

use std::net::SocketAddr;

use chrono::TimeDelta;
use overwatch_bot::app::Settings;
use overwatch_bot::jobs::upkeep::Upkeep;
use serde_json::{Value, json};

use crate::world::{PATIENCE, World, story};

/// What the bot answers at this path: the status and the body.
async fn ask(world: &World, path: &str) -> (u16, String) {
    let app = world.app.as_ref().expect("it runs");
    ask_at(app.http().expect("an address"), path).await
}

async fn ask_at(address: SocketAddr, path: &str) -> (u16, String) {
    let url = format!("http://{address}{path}");
    let answer = reqwest::get(url).await.expect("an answer");
    let status = answer.status().as_u16();
    (status, answer.text().await.expect("text"))
}

async fn ready(world: &World) -> (u16, Value) {
    let (status, body) = ask(world, "/readyz").await;
    (status, serde_json::from_str(&body).expect("JSON"))
}

/// What `/readyz` tells of the bot at this address.
pub(crate) async fn ready_at(address: SocketAddr) -> (u16, Value) {
    let (status, body) = ask_at(address, "/readyz").await;
    (status, serde_json::from_str(&body).expect("JSON"))
}

/// What `/readyz` tells, once it tells what `looks` is for.
pub(crate) async fn ready_once(world: &World, looks: impl Fn(&Value) -> bool) -> Value {
    let looking = async {
        loop {
            let (_, parts) = ready(world).await;
            if looks(&parts) {
                return parts;
            }
            tokio::task::yield_now().await;
        }
    };
    let found = tokio::time::timeout(PATIENCE, looking).await;
    found.expect("it is told in time")
}

#[tokio::test]
async fn a_running_bot_lives_is_ready_and_counts_clicks() {
    story(async |world| {
        let nobody = json!({"id": "1"});
        world.person(2).forge(&nobody, "no-such-route:1", &[]).await;
        let changes = json!({"roles": "Tank"});
        world.person(2).command("profile edit", changes).await;
        assert_eq!(ask(world, "/livez").await.0, 200);
        let (status, parts) = ready(world).await;
        assert_eq!((status, &parts["ok"]), (200, &json!(true)), "{parts}");
        let (_, metrics) = ask(world, "/metrics").await;
        for line in [
            r#"overwatch_bot_interactions_total{kind="component",command="unknown",outcome="unknown"} 1"#,
            r#"overwatch_bot_interactions_total{kind="command",command="profile",outcome="answered"} 1"#,
            r#"overwatch_bot_shard_up{shard="0"} 1"#,
        ] {
            assert!(metrics.contains(line), "{line} is not in\n{metrics}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_shard_that_stays_away_makes_the_bot_not_ready_after_its_grace() {
    story(async |world| {
        let status = world.app.as_ref().expect("it runs").status().clone();
        status.shard_is(0, false, world.clock.now());
        assert_eq!(ready(world).await.0, 200, "within its grace");
        world.clock.advance(TimeDelta::minutes(2));
        let (code, parts) = ready(world).await;
        assert_eq!((code, &parts["shards"]["ok"]), (503, &json!(false)));
    })
    .await;
}

#[tokio::test]
async fn every_alert_is_about_a_metric_that_there_is() {
    story(async |world| {
        world
            .person(0)
            .command("profile edit", json!({"roles": "Tank"}))
            .await;
        let metrics = world
            .app
            .as_ref()
            .expect("it runs")
            .store()
            .metrics()
            .clone();
        metrics.delivered("card", "done");
        let (_, told) = ask(world, "/metrics").await;
        let rules = include_str!("../../deploy/alerts.yml");
        let is_name = |char: char| char.is_ascii_alphanumeric() || char == '_';
        let names = rules.split(|char| !is_name(char));
        let names: Vec<_> = names
            .filter(|name| name.starts_with("overwatch_bot_"))
            .collect();
        assert!(names.len() > 10, "{names:?}");
        for name in names {
            let there = told.lines().any(|line| {
                let rest = line.strip_prefix(name);
                rest.is_some_and(|rest| rest.starts_with(['{', ' ']))
            });
            assert!(there, "{name} is not in\n{told}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_owner_is_told_once_a_day_that_the_database_is_large() {
    story(async |world| {
        for _ in 0..2 {
            world.stop().await;
            let settings = world.settings();
            let upkeep = Upkeep::new(30, 0);
            let settings = Settings { upkeep, ..settings };
            let app = world.start_with(settings).await;
            app.ready().await;
            world.app = Some(app);
            world
                .person(0)
                .in_private()
                .reads("database has grown")
                .await;
        }
        // The second message would be that of the first start: it is the look that is waited for.
        let parts = ready_once(world, |parts| parts["size"]["ok"] == json!(false)).await;
        assert_eq!(parts["ok"], json!(true));
        let told = world.person(0).in_private().messages().await;
        assert_eq!(told.len(), 1, "{told:#?}");
    })
    .await;
}
