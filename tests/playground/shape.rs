//! The shape of what is answered and told: every route and event against Discord's own document.

use crate::{
    contract,
    stage::{Stage, card, command, message, press, until},
};
use overwatch_bot::playground::APPLICATION_ID;
use serde_json::{Value, json};
use twilight_gateway::{Event, Intents, Shard, ShardId};

/// Fails with everything in the logs that Discord's document says otherwise.
pub(crate) async fn check(stage: &Stage) {
    let Some(contract) = contract::load() else {
        return;
    };
    let list = |log: &Value, of: &str| log[of].as_array().cloned().expect("a list");
    let requests = list(&stage.get("/requests?responses=true").await, "requests");
    let dispatches = list(&stage.get("/dispatches").await, "dispatches");
    let mut found = contract.validate(&requests);
    found.extend(contract.validate_dispatches(&dispatches));
    let told: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
}

/// A request that succeeds.
async fn ok(stage: &Stage, method: &str, path: &str, body: Value) -> Value {
    let (status, answer) = stage.api(method, path, body).await;
    assert!(status < 300, "{method} {path}: {status} {answer}");
    answer
}

#[tokio::test]
async fn every_readable_route_answers_as_documented() {
    let stage = Stage::new().await;
    stage.register(json!([])).await;
    let (guild, channel) = (stage.world.guilds[0].id, stage.channel());
    let card = card(&stage).await;
    for path in [
        "/gateway".to_owned(),
        "/gateway/bot".to_owned(),
        "/users/@me".to_owned(),
        "/users/@me/guilds".to_owned(),
        format!("/users/{}", stage.person(2)),
        "/applications/@me".to_owned(),
        "/oauth2/applications/@me".to_owned(),
        format!("/applications/{APPLICATION_ID}/commands"),
        format!("/guilds/{guild}"),
        format!("/guilds/{guild}/channels"),
        format!("/guilds/{guild}/roles"),
        format!("/guilds/{guild}/members/{}", stage.person(1)),
        format!("/guilds/{guild}/members/{APPLICATION_ID}"),
        format!("/guilds/{guild}/scheduled-events"),
        format!("/channels/{channel}"),
        format!("/channels/{channel}/messages"),
        format!("/channels/{channel}/messages/{card}"),
    ] {
        ok(&stage, "GET", &path, Value::Null).await;
    }
    for path in ["/nowhere", "/users/7", "/guilds/7", "/channels/7"] {
        assert_eq!(stage.api("GET", path, Value::Null).await.0, 404, "{path}");
    }
    let messages = format!("/channels/{channel}/messages");
    let bad = json!({"content": "x".repeat(2_001), "components": [{"type": 7}]});
    assert_eq!(stage.api("POST", &messages, bad).await.0, 400);
    // The one path that no document knows.
    let log = stage.get("/requests?responses=true").await;
    let unknown = log["requests"].as_array().expect("a list");
    assert_eq!(
        unknown
            .iter()
            .filter(|it| it["route"] == "/nowhere")
            .count(),
        1
    );
    check_but(&stage, "/nowhere").await;
}

/// As [`check`], without the requests to one route.
async fn check_but(stage: &Stage, route: &str) {
    let Some(contract) = contract::load() else {
        return;
    };
    let log = stage.get("/requests?responses=true").await;
    let log = log["requests"].as_array().expect("a list").iter();
    let log: Vec<Value> = log.filter(|it| it["route"] != route).cloned().collect();
    // The bodies that were refused are violations of their own.
    let told = contract.validate(&log).into_iter().map(|it| it.to_string());
    let told: Vec<String> = told.filter(|it| it.contains('→')).collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
}

#[tokio::test]
async fn messages_with_every_part_are_shown_as_documented() {
    let stage = Stage::new().await;
    let messages = format!("/channels/{}/messages", stage.channel());
    let emoji = json!({"id": null, "name": "🎯", "animated": null});
    let body = json!({
        "content": format!("<@{}>", stage.person(3)), "nonce": "n", "enforce_nonce": true,
        "embeds": [{
            "title": "t", "url": null, "footer": {"text": "f", "icon_url": null}, "image": null,
            "fields": [{"name": "n", "value": "v"}], "timestamp": "2026-11-22T12:00:00Z",
        }],
        "components": [
            {"type": 1, "components": [
                {"type": 2, "style": 1, "custom_id": "a", "label": null, "emoji": emoji}]},
            {"type": 1, "components": [{"type": 3, "custom_id": "b", "placeholder": null,
                "options": [{"label": "l", "value": "v", "emoji": emoji, "description": null}]}]},
            {"type": 1, "components": [{"type": 5, "custom_id": "c", "min_values": null}]}],
    });
    ok(&stage, "POST", &messages, body).await;
    let layout = json!({"flags": 1 << 15, "components": [
        {"type": 10, "content": "text"},
        {"type": 14},
        {"type": 17, "components": [
            {"type": 9, "components": [{"type": 10, "content": "x"}],
                "accessory": {"type": 11, "media": {"url": "https://example.org/a.png"}}},
            {"type": 12, "items": [{"media": {"url": "https://example.org/b.png"}}]}]},
        {"type": 9, "components": [{"type": 10, "content": "y"}],
            "accessory": {"type": 2, "style": 2, "custom_id": "d", "label": "D"}}]});
    ok(&stage, "POST", &messages, layout).await;
    check(&stage).await;
}

#[tokio::test]
async fn threads_and_events_are_shown_as_documented() {
    let stage = Stage::new().await;
    let (guild, channel) = (stage.world.guilds[0].id, stage.channel());
    let card = card(&stage).await;
    let threads = format!("/channels/{channel}/messages/{card}/threads");
    ok(&stage, "POST", &threads, json!({"name": "n"})).await;
    let member = format!("/channels/{card}/thread-members/{}", stage.person(2));
    ok(&stage, "PUT", &member, Value::Null).await;
    ok(
        &stage,
        "GET",
        &format!("/channels/{card}/thread-members"),
        Value::Null,
    )
    .await;
    ok(
        &stage,
        "PATCH",
        &format!("/channels/{card}"),
        json!({"archived": true}),
    )
    .await;
    ok(&stage, "GET", &format!("/channels/{card}"), Value::Null).await;
    let event = json!({
        "name": "e", "privacy_level": 2, "entity_type": 3, "entity_metadata": {"location": "l"},
        "scheduled_start_time": "2027-01-01T00:00:00Z", "scheduled_end_time": "2027-01-01T01:00:00Z",
    });
    let events = format!("/guilds/{guild}/scheduled-events");
    let made = ok(&stage, "POST", &events, event).await;
    let one = format!("{events}/{}", made["id"].as_str().expect("an id"));
    ok(&stage, "PATCH", &one, json!({"name": "f"})).await;
    ok(&stage, "GET", &events, Value::Null).await;
    let mut shard = Shard::with_config(ShardId::ONE, stage.config().build());
    until(&mut shard, |event| matches!(event, Event::GuildCreate(_))).await;
    ok(&stage, "DELETE", &one, Value::Null).await;
    check(&stage).await;
}

#[tokio::test]
async fn interactions_of_every_kind_are_told_as_documented() {
    let stage = Stage::new().await;
    let person = json!([{"type": 6, "name": "who", "description": "d"},
        {"type": 7, "name": "where", "description": "d"},
        {"type": 3, "name": "what", "description": "d", "autocomplete": true}]);
    stage.register(person).await;
    let modal = json!({"type": 9, "data": {"custom_id": "m", "title": "t", "components": [
        {"type": 10, "content": "text"},
        {"type": 18, "label": "l", "component": {"type": 4, "custom_id": "i", "style": 1}},
        {"type": 18, "label": "p", "component": {"type": 5, "custom_id": "p"}}]}});
    let bot = stage
        .bot(move |interaction| {
            Some(match interaction.kind.kind() {
                "ApplicationCommandAutocomplete" => json!({"type": 8, "data": {"choices": []}}),
                "MessageComponent" => modal.clone(),
                "ModalSubmit" => json!({"type": 7, "data": {"content": "new"}}),
                _ => message("hello"),
            })
        })
        .await;
    let options = json!({"who": stage.person(1), "where": stage.channel(), "what": "x"});
    let answer = stage.interact(command(&stage, options.clone())).await;
    assert_eq!(answer["outcome"], "message", "{answer}");
    let mut typing = command(&stage, options);
    typing["kind"] = json!("autocomplete");
    typing["focused"] = json!("what");
    assert_eq!(stage.interact(typing).await["outcome"], "choices");
    let card = card(&stage).await;
    assert_eq!(
        stage.interact(press(&stage, &card, "join")).await["outcome"],
        "modal"
    );
    let submit = json!({"user": stage.person(2), "channel": stage.channel(), "kind": "modal",
        "custom_id": "m", "values": {"i": "typed", "p": [stage.person(4)]}});
    assert_eq!(stage.interact(submit).await["outcome"], "update");
    bot.abort();
    check(&stage).await;
}

#[tokio::test]
async fn a_message_is_told_to_those_who_asked_for_messages() {
    let stage = Stage::new().await;
    let intents = Intents::GUILDS | Intents::GUILD_MESSAGES | Intents::DIRECT_MESSAGES;
    let config = stage.config_with(crate::stage::TOKEN, intents);
    let mut shard = Shard::with_config(ShardId::ONE, config.build());
    until(&mut shard, |event| matches!(event, Event::GuildCreate(_))).await;
    let id = card(&stage).await;
    let one = format!("/channels/{}/messages/{id}", stage.channel());
    ok(&stage, "PATCH", &one, json!({"content": "new"})).await;
    ok(&stage, "DELETE", &one, Value::Null).await;
    until(&mut shard, |event| matches!(event, Event::MessageDelete(_))).await;
    check(&stage).await;
}
