//! What is refused of something new is refused of what is there already: every object that is made by one
//! route and changed by another, each blank, too long or of a wrong kind.

use crate::stage::{Stage, card, command, until};
use overwatch_bot::playground::APPLICATION_ID;
use serde_json::{Value, json};
use std::sync::Arc;
use twilight_gateway::{Event, ShardId};

/// A route by which an object is made or changed, and what its body is wrapped in.
struct Way {
    method: &'static str,
    path: String,
    wrap: fn(Value) -> Value,
    /// What stands before the field in the answer's `errors`.
    prefix: &'static str,
}

fn way(method: &'static str, path: impl Into<String>) -> Way {
    Way {
        method,
        path: path.into(),
        wrap: |body| body,
        prefix: "",
    }
}

/// Changes of a good body that make it wrong, and where Discord says so.
type Wrong = Vec<(Value, &'static str)>;

/// Sends each wrong body by every way: `good` with the change, or the change alone.
async fn refused(stage: &Stage, good: Value, make: &[Way], change: &[Way], wrong: Wrong) {
    for (change_of, pointer) in wrong {
        let mut whole = good.clone();
        for (field, value) in change_of.as_object().expect("an object") {
            whole[field] = value.clone();
        }
        for (way, body) in make
            .iter()
            .map(|way| (way, &whole))
            .chain(change.iter().map(|way| (way, &change_of)))
        {
            let sent = (way.wrap)(body.clone());
            let (status, answer) = stage.api(way.method, &way.path, sent).await;
            let pointer = format!("/errors{}{pointer}/_errors/0/code", way.prefix);
            let route = format!("{} {}", way.method, way.path);
            assert_eq!(
                (status, &answer["code"]),
                (400, &json!(50_035)),
                "{route} {change_of}: {answer}"
            );
            assert!(
                answer.pointer(&pointer).is_some_and(Value::is_string),
                "{route} {change_of}: no {pointer} in {answer}"
            );
        }
    }
}

async fn stage() -> Arc<Stage> {
    let stage = Stage::new().await;
    stage
        .post("/faults/limits", json!({"enabled": false}))
        .await;
    Arc::new(stage)
}

fn long(chars: usize) -> String {
    "x".repeat(chars)
}

fn row(part: Value) -> Value {
    json!({"components": [{"type": 1, "components": [part]}]})
}

fn messages() -> Wrong {
    let button = |label: &str| json!({"type": 2, "style": 1, "custom_id": "a", "label": label});
    let options = |count: usize| -> Value {
        let option = |n: usize| json!({"label": "l", "value": n.to_string()});
        (0..count).map(option).collect()
    };
    let select = |options: Value| json!({"type": 3, "custom_id": "s", "options": options});
    let embed = |embed: Value| json!({"embeds": [embed]});
    let part = "/components/0/components/0";
    let at = |field: &str| -> &'static str { format!("{part}{field}").leak() };
    vec![
        (json!({"content": long(2_001)}), "/content"),
        (json!({"content": 7}), "/content"),
        (json!({"flags": -1}), "/flags"),
        (
            json!({"embeds": vec![json!({"title": "t"}); 11]}),
            "/embeds",
        ),
        (
            json!({"embeds": vec![json!({"description": long(3_001)}); 2]}),
            "/embeds",
        ),
        (
            embed(json!({"fields": [{"name": " ", "value": "v"}]})),
            "/embeds/0/fields/0/name",
        ),
        (
            embed(json!({"fields": [{"name": "n", "value": long(1_025)}]})),
            "/embeds/0/fields/0/value",
        ),
        (
            json!({"components": vec![json!({"type": 1, "components": []}); 6]}),
            "/components",
        ),
        (row(button(" ")), part),
        (row(button(&long(81))), at("/label")),
        (row(select(options(26))), at("/options")),
        (
            row(select(json!([{"label": "", "value": "v"}]))),
            at("/options/0/label"),
        ),
        (
            row(select(json!([{"label": "l", "value": long(101)}]))),
            at("/options/0/value"),
        ),
        (
            json!({"allowed_mentions": {"parse": ["people"]}}),
            "/allowed_mentions/parse/0",
        ),
        (
            json!({"attachments": vec![json!({"id": 0}); 11]}),
            "/attachments",
        ),
    ]
}

#[tokio::test]
async fn messages_are_refused_alike_when_they_are_posted_and_edited() {
    let stage = stage().await;
    let card = card(&stage).await;
    let messages_of = format!("/channels/{}/messages", stage.channel());
    let make = [way("POST", &messages_of)];
    let change = [way("PATCH", format!("{messages_of}/{card}"))];
    refused(&stage, json!({"content": "c"}), &make, &change, messages()).await;
}

/// The path of the callback to a use of the command, which nobody has answered yet.
async fn callback(stage: &Arc<Stage>) -> String {
    stage.register(json!([])).await;
    let mut shard = stage.shard(ShardId::ONE);
    until(&mut shard, |event| matches!(event, Event::Ready(_))).await;
    let clicking = Arc::clone(stage);
    tokio::spawn(async move { clicking.interact(command(&clicking, json!({}))).await });
    let told = until(&mut shard, |it| matches!(it, Event::InteractionCreate(_))).await;
    let Event::InteractionCreate(told) = told else {
        unreachable!()
    };
    format!("/interactions/{}/{}/callback", told.id, told.token)
}

#[tokio::test]
async fn answers_are_refused_alike_at_first_later_and_when_they_are_edited() {
    let stage = stage().await;
    let first = callback(&stage).await;
    let at_first = Way {
        wrap: |data| json!({"type": 4, "data": data}),
        prefix: "/data",
        ..way("POST", &first)
    };
    refused(
        &stage,
        json!({"content": "c"}),
        &[at_first],
        &[],
        messages(),
    )
    .await;
    let good = json!({"type": 4, "data": {"content": "c"}});
    assert_eq!(stage.api("POST", &first, good).await.0, 204);
    let token = first.split('/').nth(3).expect("a token");
    let later = format!("/webhooks/{APPLICATION_ID}/{token}");
    let (status, sent) = stage.api("POST", &later, json!({"content": "c"})).await;
    assert_eq!(status, 200, "{sent}");
    let sent = sent["id"].as_str().expect("an id");
    let change = [
        way("PATCH", format!("{later}/messages/@original")),
        way("PATCH", format!("{later}/messages/{sent}")),
    ];
    let make = [way("POST", &later)];
    refused(&stage, json!({"content": "c"}), &make, &change, messages()).await;
}

#[tokio::test]
async fn threads_are_refused_alike_when_they_are_started_and_changed() {
    let stage = stage().await;
    let (with, without) = (card(&stage).await, card(&stage).await);
    let threads = |card: &str| format!("/channels/{}/messages/{card}/threads", stage.channel());
    let (status, _) = stage
        .api("POST", &threads(&with), json!({"name": "n"}))
        .await;
    assert_eq!(status, 201);
    let wrong = vec![
        (json!({"name": ""}), "/name"),
        (json!({"name": " \n"}), "/name"),
        (json!({"name": long(101)}), "/name"),
        (json!({"name": 7}), "/name"),
        (
            json!({"auto_archive_duration": 61}),
            "/auto_archive_duration",
        ),
        (
            json!({"rate_limit_per_user": 21_601}),
            "/rate_limit_per_user",
        ),
    ];
    let make = [way("POST", threads(&without))];
    let change = [way("PATCH", format!("/channels/{with}"))];
    refused(&stage, json!({"name": "n"}), &make, &change, wrong).await;
}

#[tokio::test]
async fn events_are_refused_alike_when_they_are_made_and_changed() {
    let stage = stage().await;
    let good = json!({
        "name": "e", "privacy_level": 2, "entity_type": 3, "entity_metadata": {"location": "l"},
        "scheduled_start_time": "2027-01-01T00:00:00Z", "scheduled_end_time": "2027-01-01T01:00:00Z",
    });
    let events = format!("/guilds/{}/scheduled-events", stage.world.guilds[0].id);
    let (status, made) = stage.api("POST", &events, good.clone()).await;
    assert_eq!(status, 200, "{made}");
    let location = |text: String| json!({"entity_metadata": {"location": text}});
    let wrong = vec![
        (json!({"name": ""}), "/name"),
        (json!({"name": " "}), "/name"),
        (json!({"name": long(101)}), "/name"),
        (json!({"description": ""}), "/description"),
        (json!({"description": long(1_001)}), "/description"),
        (location(" ".to_owned()), "/entity_metadata/location"),
        (location(long(101)), "/entity_metadata/location"),
        (
            json!({"entity_metadata": null}),
            "/entity_metadata/location",
        ),
        (
            json!({"scheduled_start_time": "soon"}),
            "/scheduled_start_time",
        ),
        (
            json!({"scheduled_start_time": "2020-01-01T00:00:00Z"}),
            "/scheduled_start_time",
        ),
        (
            json!({"scheduled_end_time": "2027-01-01T00:00:00Z"}),
            "/scheduled_end_time",
        ),
        (json!({"scheduled_end_time": null}), "/scheduled_end_time"),
        (json!({"entity_type": 2}), "/entity_type"),
        (json!({"privacy_level": 1}), "/privacy_level"),
        (json!({"channel_id": stage.channel()}), "/channel_id"),
    ];
    let make = [way("POST", &events)];
    let change = [way(
        "PATCH",
        format!("{events}/{}", made["id"].as_str().expect("an id")),
    )];
    refused(&stage, good, &make, &change, wrong).await;
}

#[tokio::test]
async fn commands_are_refused_alike_when_they_are_new_and_replaced() {
    let stage = stage().await;
    let wrap = |command: Value| json!([command]);
    let ways = |path: String| Way {
        wrap,
        prefix: "/0",
        ..way("PUT", path)
    };
    let application = format!("/applications/{APPLICATION_ID}");
    let guild = stage.world.guilds[0].id;
    let both = [
        ways(format!("{application}/commands")),
        ways(format!("{application}/guilds/{guild}/commands")),
    ];
    let option = |name: &str| json!({"type": 3, "name": name, "description": "d"});
    let choices = |choices: Value| {
        let mut option = option("a");
        option["choices"] = choices;
        json!({"options": [option]})
    };
    let wrong = || {
        vec![
            (json!({"name": ""}), "/name"),
            (json!({"name": "Two Words"}), "/name"),
            (json!({"name": long(33)}), "/name"),
            (json!({"description": ""}), "/description"),
            (json!({"description": " "}), "/description"),
            (json!({"description": long(101)}), "/description"),
            (json!({"options": vec![option("a"); 26]}), "/options"),
            (json!({"options": [option(" ")]}), "/options/0/name"),
            (
                choices(json!([{"name": " ", "value": "v"}])),
                "/options/0/choices/0/name",
            ),
            (
                choices(json!([{"name": "n", "value": 1}])),
                "/options/0/choices/0/value",
            ),
            (
                choices(json!([{"name": "n", "value": long(101)}])),
                "/options/0/choices/0/value",
            ),
        ]
    };
    let good = json!({"name": "queue", "description": "d"});
    refused(&stage, good.clone(), &both, &[], wrong()).await;
    for way in &both {
        let (status, answer) = stage.api("PUT", &way.path, json!([good])).await;
        assert_eq!(status, 200, "{answer}");
    }
    refused(&stage, good, &both, &[], wrong()).await;
}
