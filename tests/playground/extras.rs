//! Threads and scheduled events: Discord's rules and codes, read back with Twilight's models.

use crate::stage::{Stage, card};
use serde_json::{Value, json};
use twilight_model::channel::Channel;
use twilight_model::guild::scheduled_event::GuildScheduledEvent;

const SEND_MESSAGES: u64 = 1 << 11;
const EMBED_LINKS: u64 = 1 << 14;
const SEND_MESSAGES_IN_THREADS: u64 = 1 << 38;
const MANAGE_THREADS: u64 = 1 << 34;
const CREATE_PUBLIC_THREADS: u64 = 1 << 35;
const MANAGE_AND_CREATE_EVENTS: u64 = 1 << 33 | 1 << 44;

async fn code(stage: &Stage, method: &str, path: &str, body: Value) -> (u16, u64) {
    let (status, answer) = stage.api(method, path, body).await;
    (status, answer["code"].as_u64().unwrap_or_default())
}

async fn deny(stage: &Stage, place: &str, bits: u64) {
    let denied = json!({"channel": place, "denied": bits.to_string()});
    stage.post("/faults/access", denied).await;
}

/// A message of the bot's and the path for starting its thread.
async fn message(stage: &Stage) -> (String, String) {
    let message = card(stage).await;
    let path = format!("/channels/{}/messages/{message}/threads", stage.channel());
    (message, path)
}

#[tokio::test]
async fn a_message_has_one_thread_with_its_own_id() {
    let stage = Stage::new().await;
    let (message, path) = message(&stage).await;
    stage
        .post("/faults/limits", json!({"enabled": false}))
        .await;
    for wrong in [
        json!({}),
        json!({"name": ""}),
        json!({"name": "x".repeat(101)}),
    ] {
        assert_eq!(code(&stage, "POST", &path, wrong).await, (400, 50_035));
    }
    let silence = json!({"name": "Cup", "auto_archive_duration": 61});
    assert_eq!(code(&stage, "POST", &path, silence).await, (400, 50_035));
    let (status, thread) = stage.api("POST", &path, json!({"name": "Cup"})).await;
    assert_eq!((status, &thread["id"]), (201, &json!(message)));
    let read: Channel = serde_json::from_value(thread).expect("Twilight's model");
    assert!(
        read.thread_metadata
            .is_some_and(|it| !it.archived && !it.locked)
    );
    let again = code(&stage, "POST", &path, json!({"name": "Cup"})).await;
    assert_eq!(again, (400, 160_004));
    let shown = format!("/channels/{}/messages/{message}", stage.channel());
    let (_, shown) = stage.api("GET", &shown, Value::Null).await;
    assert_eq!(shown["flags"].as_u64().map(|flags| flags & 32), Some(32));

    let nowhere = format!("/channels/{message}/messages/{message}/threads");
    let in_thread = code(&stage, "POST", &nowhere, json!({"name": "Cup"})).await;
    assert_eq!(in_thread, (400, 50_024));
    let unknown = format!("/channels/{}/messages/1/threads", stage.channel());
    let unknown = code(&stage, "POST", &unknown, json!({"name": "Cup"})).await;
    assert_eq!(unknown, (404, 10_008));
}

#[tokio::test]
async fn members_come_and_go_but_not_in_an_archived_thread() {
    let stage = Stage::new().await;
    let (thread, path) = message(&stage).await;
    stage.api("POST", &path, json!({"name": "Cup"})).await;
    let member = format!("/channels/{thread}/thread-members/{}", stage.person(2));
    let members = format!("/channels/{thread}/thread-members");
    assert_eq!(code(&stage, "PUT", &member, Value::Null).await.0, 204);
    let (_, listed) = stage.api("GET", &members, Value::Null).await;
    assert_eq!(listed.as_array().map(Vec::len), Some(2), "the bot too");
    assert_eq!(code(&stage, "DELETE", &member, Value::Null).await.0, 204);
    let stranger = format!("/channels/{thread}/thread-members/1");
    let stranger = code(&stage, "PUT", &stranger, Value::Null).await;
    assert_eq!(stranger, (404, 10_007));

    let thread = format!("/channels/{thread}");
    let close = json!({"archived": true, "locked": true});
    assert_eq!(code(&stage, "PATCH", &thread, close).await.0, 200);
    let archived = (400, 50_083);
    let rename = json!({"name": "Other"});
    assert_eq!(code(&stage, "PUT", &member, Value::Null).await, archived);
    assert_eq!(code(&stage, "PATCH", &thread, rename).await, archived);
    let open = json!({"archived": false});
    deny(&stage, &stage.channel(), MANAGE_THREADS).await;
    let refused = code(&stage, "PATCH", &thread, open.clone()).await;
    assert_eq!(refused, (403, 50_013), "it is locked");
    deny(&stage, &stage.channel(), 0).await;
    assert_eq!(code(&stage, "PATCH", &thread, open).await.0, 200);
    assert_eq!(code(&stage, "PUT", &member, Value::Null).await.0, 204);
}

#[tokio::test]
async fn people_see_threads_delete_them_and_permissions_count_in_them() {
    let stage = Stage::new().await;
    deny(&stage, &stage.channel(), CREATE_PUBLIC_THREADS).await;
    let (thread, path) = message(&stage).await;
    let named = json!({"name": "Cup"});
    let refused = code(&stage, "POST", &path, named.clone()).await;
    assert_eq!(refused, (403, 50_013));
    deny(&stage, &stage.channel(), 0).await;
    assert_eq!(code(&stage, "POST", &path, named).await.0, 201);
    let messages = format!("/channels/{thread}/messages");
    let said = json!({"content": "hello"});
    assert_eq!(code(&stage, "POST", &messages, said.clone()).await.0, 200);
    let seen = format!("/channels/{thread}/messages?user={}", stage.person(3));
    assert_eq!(stage.get(&seen).await["messages"][0]["content"], "hello");
    let path = format!("/client/threads/{thread}");
    assert_eq!(stage.call("DELETE", &path, None).await.0, 200);
    assert_eq!(code(&stage, "POST", &messages, said).await, (404, 10_003));
}

#[tokio::test]
async fn an_event_keeps_discords_rules_through_its_life() {
    let stage = Stage::new().await;
    let events = format!("/guilds/{}/scheduled-events", stage.world.guilds[0].id);
    let at = |hours: i64| (stage.clock.now() + chrono::TimeDelta::hours(hours)).to_rfc3339();
    let event = |from: i64, to: i64| {
        json!({
            "name": "Cup", "privacy_level": 2, "entity_type": 3,
            "entity_metadata": {"location": "here"},
            "scheduled_start_time": at(from), "scheduled_end_time": at(to),
        })
    };
    for (from, to) in [(-1, 1), (2, 1), (2, 2)] {
        let refused = code(&stage, "POST", &events, event(from, to)).await;
        assert_eq!(refused, (400, 50_035), "{from} to {to}");
    }
    let (status, made) = stage.api("POST", &events, event(1, 3)).await;
    assert_eq!(status, 200, "{made}");
    let one = format!("{events}/{}", made["id"].as_str().expect("an id"));
    serde_json::from_value::<GuildScheduledEvent>(made).expect("Twilight's model");
    let turn = async |status: u64| code(&stage, "PATCH", &one, json!({"status": status})).await;
    assert_eq!(turn(3).await, (400, 50_035), "it has not started");
    assert_eq!(turn(2).await.0, 200);
    assert_eq!(turn(2).await, (400, 50_035), "it is active already");
    let moved = json!({"scheduled_start_time": at(2)});
    assert_eq!(code(&stage, "PATCH", &one, moved).await, (400, 50_035));
    assert_eq!(turn(4).await, (400, 50_035), "it has started");
    assert_eq!(turn(3).await.0, 200);
    assert_eq!(turn(3).await, (400, 180_000));
    let (_, listed) = stage.api("GET", &events, Value::Null).await;
    assert_eq!(listed, json!([]));
    assert_eq!(code(&stage, "DELETE", &one, Value::Null).await.0, 204);
    assert_eq!(code(&stage, "GET", &one, Value::Null).await, (404, 10_070));

    let guild = stage.world.guilds[0].id.to_string();
    stage
        .post("/faults/limits", json!({"enabled": false}))
        .await;
    for _ in 0..100 {
        stage.api("POST", &events, event(1, 3)).await;
    }
    let full = code(&stage, "POST", &events, event(1, 3)).await;
    assert_eq!(full, (400, 30_038));
    deny(&stage, &guild, MANAGE_AND_CREATE_EVENTS).await;
    let refused = code(&stage, "POST", &events, event(1, 3)).await;
    assert_eq!(refused, (403, 50_013));
}

#[tokio::test]
async fn an_event_begins_and_ends_by_itself() {
    let stage = Stage::new().await;
    let events = format!("/guilds/{}/scheduled-events", stage.world.guilds[0].id);
    let at = |hours: i64| (stage.clock.now() + chrono::TimeDelta::hours(hours)).to_rfc3339();
    let event = json!({
        "name": "Cup", "privacy_level": 2, "entity_type": 3, "entity_metadata": {"location": "here"},
        "scheduled_start_time": at(1), "scheduled_end_time": at(3),
    });
    let (_, made) = stage.api("POST", &events, event).await;
    let one = format!("{events}/{}", made["id"].as_str().expect("an id"));
    for (hours, expected) in [(0, 1), (1, 2), (2, 3)] {
        stage.clock.advance(chrono::TimeDelta::hours(hours));
        let (_, event) = stage.api("GET", &one, Value::Null).await;
        assert_eq!(event["status"], expected, "after {hours} more hours");
    }
    let again = code(&stage, "PATCH", &one, json!({"status": 3})).await;
    assert_eq!(again, (400, 180_000));
}

#[tokio::test]
async fn a_silent_thread_is_archived_and_then_nothing_in_it_changes() {
    let stage = Stage::new().await;
    let (thread, path) = message(&stage).await;
    let named = json!({"name": "Cup", "auto_archive_duration": 60});
    stage.api("POST", &path, named).await;
    let messages = format!("/channels/{thread}/messages");
    let said = json!({"content": "hello"});
    let archived = async || {
        let (_, thread) = stage
            .api("GET", &format!("/channels/{thread}"), Value::Null)
            .await;
        thread["thread_metadata"]["archived"] == true
    };
    stage.clock.advance(chrono::TimeDelta::minutes(59));
    let (_, first) = stage.api("POST", &messages, said.clone()).await;
    let first = format!("{messages}/{}", first["id"].as_str().expect("an id"));
    stage.clock.advance(chrono::TimeDelta::minutes(59));
    assert!(!archived().await, "a message is activity");
    stage.clock.advance(chrono::TimeDelta::minutes(1));
    assert!(archived().await);
    let edited = json!({"content": "bye"});
    assert_eq!(
        code(&stage, "PATCH", &first, edited.clone()).await,
        (400, 50_083)
    );
    assert_eq!(
        code(&stage, "DELETE", &first, Value::Null).await,
        (400, 50_083)
    );
    let click = json!({
        "user": stage.person(2), "channel": thread, "kind": "component", "message": first,
        "custom_id": "any", "forge": true,
    });
    assert!(stage.refused(click).await.contains("archived"));
    deny(&stage, &stage.channel(), MANAGE_THREADS).await;
    let open = json!({"archived": false});
    let path = format!("/channels/{thread}");
    assert_eq!(code(&stage, "PATCH", &path, open.clone()).await.0, 200);
    assert_eq!(code(&stage, "PATCH", &first, edited.clone()).await.0, 200);
    let lock = json!({"archived": true, "locked": true});
    stage.post(&format!("/threads/{thread}"), lock).await;
    assert_eq!(code(&stage, "PATCH", &path, open).await, (403, 50_013));
    assert_eq!(
        code(&stage, "POST", &messages, said.clone()).await,
        (403, 50_013)
    );
    let locked = json!({"archived": false, "locked": true});
    stage.post(&format!("/threads/{thread}"), locked).await;
    assert_eq!(code(&stage, "PATCH", &first, edited).await, (403, 50_013));
    deny(&stage, &stage.channel(), SEND_MESSAGES).await;
    stage.post(&format!("/threads/{thread}"), json!({})).await;
    assert_eq!(code(&stage, "POST", &messages, said.clone()).await.0, 200);
    deny(&stage, &stage.channel(), SEND_MESSAGES_IN_THREADS).await;
    assert_eq!(code(&stage, "POST", &messages, said).await, (403, 50_013));
}

#[tokio::test]
async fn without_embed_links_embeds_are_dropped() {
    let stage = Stage::new().await;
    deny(&stage, &stage.channel(), EMBED_LINKS).await;
    let messages = format!("/channels/{}/messages", stage.channel());
    let alone = json!({"embeds": [{"title": "Cup"}]});
    assert_eq!(
        code(&stage, "POST", &messages, alone.clone()).await,
        (400, 50_006)
    );
    let beside = json!({"content": "Cup", "embeds": [{"title": "Cup"}]});
    let (status, made) = stage.api("POST", &messages, beside.clone()).await;
    assert_eq!((status, &made["embeds"]), (200, &json!([])));
    let one = format!("{messages}/{}", made["id"].as_str().expect("an id"));
    let (status, edited) = stage.api("PATCH", &one, beside.clone()).await;
    assert_eq!((status, &edited["embeds"]), (200, &json!([])));
    let alone = json!({"content": "", "embeds": [{"title": "Cup"}]});
    assert_eq!(code(&stage, "PATCH", &one, alone).await, (400, 50_006));
    deny(&stage, &stage.channel(), 0).await;
    let (_, edited) = stage.api("PATCH", &one, beside).await;
    assert_eq!(edited["embeds"][0]["title"], "Cup");
}

#[tokio::test]
async fn a_bot_that_was_removed_sees_nothing_until_it_is_invited_back() {
    let stage = Stage::new().await;
    let guild = stage.world.guilds[0].id;
    let bot = format!("/guilds/{guild}/bot");
    stage.post(&bot, json!({"present": false})).await;
    let channel = format!("/channels/{}", stage.channel());
    let ask = async |path: &str| code(&stage, "GET", path, Value::Null).await;
    assert_eq!(ask(&channel).await, (403, 50_001));
    assert_eq!(ask(&format!("/guilds/{guild}")).await, (404, 10_004));
    for inside in ["roles", "channels", "scheduled-events", "members/1"] {
        assert_eq!(
            ask(&format!("/guilds/{guild}/{inside}")).await,
            (403, 50_001),
            "{inside}"
        );
    }
    let (_, guilds) = stage.api("GET", "/users/@me/guilds", Value::Null).await;
    assert_eq!(guilds.as_array().map(Vec::len), Some(1));
    let click = json!({
        "user": stage.person(2), "channel": stage.channel(), "kind": "component", "message": "1",
        "custom_id": "any", "forge": true,
    });
    assert!(stage.refused(click).await.contains("not in this guild"));
    stage.post(&bot, json!({"present": true})).await;
    assert_eq!(ask(&channel).await.0, 200);
}
