//! Bodies that are nearly right: every route answers them with what Discord's document knows, whether it
//! takes or refuses them, and never breaks.

use crate::{
    contract,
    stage::{Stage, card, command, press, until},
};
use overwatch_bot::playground::{self, APPLICATION_ID};
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};
use twilight_gateway::{Event, ShardId};

/// Bodies that are tried.
const CASES: u32 = 600;
/// Interactions of each kind that are there to be answered.
const CLICKS: usize = 40;
/// Messages at which no thread was started yet.
const MESSAGES: usize = 8;
/// Methods of requests that have a body.
const WITH_BODY: [&str; 3] = ["POST", "PUT", "PATCH"];

/// A path, and a body that it would take.
struct Target {
    path: String,
    body: Value,
}

/// Targets by method and route.
#[derive(Default)]
struct Targets(BTreeMap<(&'static str, &'static str), Vec<Target>>);

impl Targets {
    fn add(&mut self, method: &str, path: &str, body: Value) {
        let bare = path.split('?').next().unwrap_or_default();
        let mut known = playground::routes();
        let route = known.find(|(of, route)| *of == method && is_of(route, bare));
        let route = route.unwrap_or_else(|| panic!("{method} {path} is no route"));
        let path = path.to_owned();
        self.0.entry(route).or_default().push(Target { path, body });
    }
}

/// Whether a path has the shape of a route; a parameter is never `@me` or `@original`.
fn is_of(route: &str, path: &str) -> bool {
    let (shape, steps) = (route.split('/'), path.split('/'));
    let fits = |(part, step): (&str, &str)| match part.starts_with('{') {
        true => !step.starts_with('@'),
        false => part == step,
    };
    shape.clone().count() == steps.clone().count() && shape.zip(steps).all(fits)
}

/// What takes the place of a part of a body.
fn odd() -> impl Strategy<Value = Option<Value>> {
    let number = any::<i64>().prop_map(|number| json!(number));
    let text = "\\PC{0,8}".prop_map(|text| json!(text));
    let fixed = prop::sample::select(vec![
        json!(null),
        json!(true),
        json!(""),
        json!(" "),
        json!(0),
        json!(-1),
        json!(1.5),
        json!([]),
        json!({}),
        json!(["t"]),
        json!([null]),
        json!([[]]),
        json!({"id": []}),
        json!({"type": 17}),
        json!("x".repeat(5_000)),
        json!([{"type": "rich", "title": {}}]),
    ]);
    prop_oneof![1 => Just(None), 6 => fixed.prop_map(Some), 1 => number.prop_map(Some), 1 => text.prop_map(Some)]
}

/// Puts something else, or nothing, in the place of the part that `choice` leads to.
fn mutate(value: &mut Value, mut choice: usize, odd: Option<Value>) {
    let mut place = value;
    loop {
        let size = match &*place {
            Value::Object(fields) => fields.len(),
            Value::Array(list) => list.len(),
            _ => 0,
        };
        let (stop, next) = (choice.is_multiple_of(4) || size == 0, choice / 4);
        if stop {
            *place = odd.unwrap_or(Value::Null);
            return;
        }
        let at = next % size;
        choice = next / size;
        place = match place {
            Value::Object(fields) => {
                let name = fields.keys().nth(at).expect("as many as there are").clone();
                if odd.is_none() && choice.is_multiple_of(4) {
                    fields.remove(&name);
                    return;
                }
                &mut fields[&name]
            }
            Value::Array(list) => &mut list[at],
            _ => return,
        };
    }
}

/// A message with one of every part.
fn message() -> Value {
    let emoji = json!({"id": null, "name": "🎯"});
    json!({
        "content": "c", "flags": 0, "tts": false, "nonce": "n",
        "allowed_mentions": {"parse": ["users"], "roles": ["1"]},
        "attachments": [{"id": 0, "filename": "f", "description": "d"}],
        "embeds": [{
            "title": "t", "type": "rich", "description": "d", "url": "https://example.org/",
            "color": 1, "timestamp": "2026-11-22T12:00:00Z", "image": {"url": "https://example.org/a"},
            "footer": {"text": "f", "icon_url": "https://example.org/b"},
            "author": {"name": "a", "url": "https://example.org/"},
            "fields": [{"name": "n", "value": "v", "inline": true}],
        }],
        "components": [
            {"type": 1, "components": [
                {"type": 2, "style": 1, "custom_id": "a", "label": "l", "emoji": emoji, "disabled": false},
                {"type": 2, "style": 5, "url": "https://example.org/", "label": "l"}]},
            {"type": 1, "components": [{"type": 3, "custom_id": "b", "placeholder": "p", "min_values": 1,
                "options": [{"label": "l", "value": "v", "description": "d", "emoji": emoji,
                    "default": true}]}]},
            {"type": 1, "components": [{"type": 8, "custom_id": "c", "channel_types": [0],
                "default_values": [{"id": "1", "type": "channel"}]}]}],
    })
}

/// A message in the layout of version 2.
fn layout() -> Value {
    let picture = json!({"url": "https://example.org/a.png"});
    json!({"flags": 1 << 15, "components": [
        {"type": 10, "content": "text", "id": 4},
        {"type": 14, "divider": true, "spacing": 1},
        {"type": 17, "accent_color": 3, "spoiler": false, "components": [
            {"type": 9, "components": [{"type": 10, "content": "x"}],
                "accessory": {"type": 11, "media": picture, "description": "d"}},
            {"type": 12, "items": [{"media": picture, "spoiler": true}]}]}]})
}

fn modal() -> Value {
    json!({"type": 9, "data": {"custom_id": "m", "title": "t", "components": [
        {"type": 10, "content": "text"},
        {"type": 18, "label": "l", "description": "d",
            "component": {"type": 4, "custom_id": "i", "style": 1, "value": "v", "max_length": 9}},
        {"type": 18, "label": "p", "component": {"type": 5, "custom_id": "p", "required": false}}]}})
}

fn commands() -> Value {
    json!([{
        "name": "queue", "description": "d", "type": 1, "contexts": [0], "integration_types": [0],
        "name_localizations": {"de": "schlange"}, "default_member_permissions": "8", "nsfw": false,
        "options": [{"type": 1, "name": "s", "description": "d", "options": [
            {"type": 3, "name": "a", "description": "d", "required": true,
                "choices": [{"name": "n", "value": "v"}], "min_length": 1},
            {"type": 4, "name": "b", "description": "d", "autocomplete": true, "max_value": 3}]}],
    }])
}

async fn targets(stage: &Arc<Stage>) -> Targets {
    let (guild, channel) = (stage.world.guilds[0].id, stage.channel());
    stage.register(json!([])).await;
    let card = card(stage).await;
    let messages = format!("/channels/{channel}/messages");
    let threads = |message: &str| format!("{messages}/{message}/threads");
    let thread = json!({
        "name": "n", "auto_archive_duration": 60, "rate_limit_per_user": 0,
    });
    let (status, _) = stage.api("POST", &threads(&card), thread.clone()).await;
    assert_eq!(status, 201);
    let event = json!({
        "name": "e", "privacy_level": 2, "entity_type": 3, "entity_metadata": {"location": "l"},
        "scheduled_start_time": "2027-01-01T00:00:00Z", "scheduled_end_time": "2027-01-01T01:00:00Z",
        "description": "d", "status": 1, "channel_id": null,
    });
    let events = format!("/guilds/{guild}/scheduled-events");
    let (_, made) = stage.api("POST", &events, event.clone()).await;
    let made = format!("{events}/{}", made["id"].as_str().expect("an id"));
    let application = format!("/applications/{APPLICATION_ID}");
    let mut targets = Targets::default();
    let person = json!({"recipient_id": stage.person(1)});
    targets.add("POST", "/users/@me/channels", person);
    targets.add("PUT", &format!("{application}/commands"), commands());
    let scoped = format!("{application}/guilds/{guild}/commands");
    targets.add("PUT", &scoped, commands());
    targets.add("POST", &messages, message());
    targets.add("POST", &messages, layout());
    targets.add("PATCH", &format!("{messages}/{card}"), message());
    for _ in 0..MESSAGES {
        let (_, sent) = stage.api("POST", &messages, json!({"content": "c"})).await;
        let sent = sent["id"].as_str().expect("an id");
        targets.add("POST", &threads(sent), thread.clone());
    }
    let mut open = thread;
    open["archived"] = json!(false);
    targets.add("PATCH", &format!("/channels/{card}"), open);
    let member = format!("/channels/{card}/thread-members/{}", stage.person(2));
    targets.add("PUT", &member, json!({}));
    targets.add("POST", &events, event.clone());
    targets.add("PATCH", &made, event);
    for (n, path) in answerable(stage, &card).await.into_iter().enumerate() {
        let body = match n % 4 {
            0 => json!({"type": 4, "data": message()}),
            1 => json!({"type": 7, "data": layout()}),
            2 => json!({"type": 5, "data": {"flags": 64}}),
            _ => modal(),
        };
        targets.add("POST", &path, body);
    }
    add_webhooks(stage, &mut targets).await;
    targets
}

/// Adds what can be said after the first answer to an interaction: one was answered, one promised.
async fn add_webhooks(stage: &Arc<Stage>, targets: &mut Targets) {
    let answers = [
        json!({"type": 4, "data": {"content": "c"}}),
        json!({"type": 5, "data": {}}),
    ];
    for answer in answers {
        let callback = answerable(stage, "").await.remove(0);
        let token = callback.split('/').nth(3).expect("a token").to_owned();
        let (status, answer) = stage.api("POST", &callback, answer).await;
        assert_eq!(status, 200, "{answer}");
        let webhook = format!("/webhooks/{APPLICATION_ID}/{token}");
        targets.add("PATCH", &format!("{webhook}/messages/@original"), message());
        targets.add("POST", &webhook, message());
        targets.add("POST", &webhook, layout());
        let (status, sent) = stage.api("POST", &webhook, json!({"content": "c"})).await;
        assert_eq!(status, 200, "{sent}");
        let sent = format!("{webhook}/messages/{}", sent["id"].as_str().expect("an id"));
        targets.add("PATCH", &sent, message());
    }
}

/// Where interactions can be answered that nobody has answered yet: uses of a command and, if there is
/// a card, presses of a button in turn.
async fn answerable(stage: &Arc<Stage>, card: &str) -> Vec<String> {
    let mut shard = stage.shard(ShardId::ONE);
    until(&mut shard, |event| matches!(event, Event::Ready(_))).await;
    let mut paths = Vec::new();
    let count = if card.is_empty() { 1 } else { 2 * CLICKS };
    for n in 0..count {
        let click = match n % 2 {
            0 => command(stage, json!({})),
            _ => press(stage, card, "join"),
        };
        let clicking = Arc::clone(stage);
        tokio::spawn(async move { clicking.interact(click).await });
        let told = until(&mut shard, |it| matches!(it, Event::InteractionCreate(_))).await;
        let Event::InteractionCreate(told) = told else {
            unreachable!()
        };
        paths.push(format!(
            "/interactions/{}/{}/callback?with_response=true",
            told.id, told.token
        ));
    }
    paths
}

#[test]
fn no_body_breaks_a_route_and_what_is_taken_is_shown_as_documented() {
    let runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = { runtime }.enable_all().build().expect("a runtime");
    let stage = Arc::new(runtime.block_on(Stage::new()));
    let targets = runtime.block_on(async {
        stage
            .post("/faults/limits", json!({"enabled": false}))
            .await;
        targets(&stage).await
    });
    let forgotten: Vec<_> = playground::routes()
        .filter(|route| WITH_BODY.contains(&route.0) && !targets.0.contains_key(route))
        .collect();
    assert_eq!(forgotten, [], "routes without a body to try");
    let targets: Vec<_> = targets.0.into_iter().collect();
    let mutation = vec((0..1_000_000_usize, odd()), 1..4);
    let mut runner = TestRunner::new(Config {
        cases: CASES,
        failure_persistence: None,
        ..Config::default()
    });
    let at = (0..targets.len(), any::<prop::sample::Index>());
    let ran = runner.run(&(at, mutation), |((route, at), mutations)| {
        let ((method, _), of_route) = &targets[route];
        let target = &of_route[at.index(of_route.len())];
        let mut body = target.body.clone();
        for (choice, odd) in mutations {
            mutate(&mut body, choice, odd);
        }
        let (status, answer) = runtime.block_on(stage.api(method, &target.path, body));
        let path = &target.path;
        prop_assert!(status < 500, "{method} {path}: {status} {answer}");
        Ok(())
    });
    ran.expect("every body is answered");
    let Some(contract) = contract::load() else {
        return;
    };
    let log = runtime.block_on(stage.get("/requests?responses=true"));
    let log = log["requests"].as_array().expect("a list");
    let found = contract.validate(log).into_iter();
    // What was sent is wrong on purpose.
    let told = found.filter(|one| one.operation.contains('→'));
    let told: Vec<String> = told
        .map(|one| {
            format!(
                "{one}\n  of {}",
                log[usize::try_from(one.n - 1).expect("small")]["body"]
            )
        })
        .collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
}

#[tokio::test]
async fn embed_that_is_a_text_is_refused_with_its_path() {
    let stage = Stage::new().await;
    let path = format!("/channels/{}/messages", stage.channel());
    let (status, answer) = stage.api("POST", &path, json!({"embeds": ["t"]})).await;
    let code = &answer["errors"]["embeds"]["0"]["_errors"][0]["code"];
    assert_eq!(
        (status, code),
        (400, &json!("MODEL_TYPE_CONVERT")),
        "{answer}"
    );
    let (status, answer) = stage.api("POST", &path, json!(["t"])).await;
    let code = &answer["errors"]["_errors"][0]["code"];
    assert_eq!(
        (status, code),
        (400, &json!("MODEL_TYPE_CONVERT")),
        "{answer}"
    );
    let path = format!("/api/v10{path}");
    for (kind, text, expected) in [
        ("application/json", "{", 400),
        ("text/plain", r#"{"content": "c"}"#, 400),
        (
            "application/json; charset=utf-8",
            r#"{"content": "c"}"#,
            200,
        ),
    ] {
        let status = stage.send_text(&path, kind, text).await;
        assert_eq!(status, expected, "{kind} {text}");
    }
}
