//! What the bot's requests say to people: every message names whom it may mention, and no text in any of them can
//! deceive, whoever typed it.
//!
//! May touch: nothing. Invariant: a request that breaks one of these rules is named with what is wrong in it.
//!
//! Sources: "Message Resource", *Allowed Mentions Object* (without it, everything in a message's text mentions);
//! "API Reference", *Message Formatting*.

use overwatch_bot::domain::text::visible;
use serde_json::Value;

/// Callbacks that carry a message: a new one, and a change of one.
const CALLBACKS_WITH_MESSAGE: [u64; 2] = [4, 7];
/// People whom one message may mention.
const MENTIONED_MAX: usize = 1;
/// Separates what would mention or link; put there by the bot.
const ZERO_WIDTH_SPACE: char = '\u{200B}';
/// Fields that people read, in messages, embeds, components, choices, threads and events.
const READ: [&str; 7] = [
    "content",
    "title",
    "description",
    "name",
    "label",
    "placeholder",
    "text",
];

/// What is wrong with a request of the log.
pub(crate) fn faults(request: &Value) -> Vec<String> {
    let mut found: Vec<String> = message(request)
        .and_then(mentions_too_much)
        .into_iter()
        .collect();
    deceptions(&request["body"], &mut found);
    found
}

/// The message that a request posts or changes.
fn message(request: &Value) -> Option<&Value> {
    let (method, body) = (request["method"].as_str()?, &request["body"]);
    let route = request["route"].as_str()?;
    if route.ends_with("/callback") {
        let kind = body["type"].as_u64()?;
        return CALLBACKS_WITH_MESSAGE
            .contains(&kind)
            .then_some(&body["data"]);
    }
    let is_message = route.starts_with("/channels/{channel_id}/messages")
        && !route.contains("threads")
        || route.starts_with("/webhooks/");
    (is_message && matches!(method, "POST" | "PATCH")).then_some(body)
}

fn mentions_too_much(message: &Value) -> Option<String> {
    let allowed = &message["allowed_mentions"];
    let list = |field: &str| allowed[field].as_array();
    let empty = |field: &str| allowed[field].is_null() || list(field).is_some_and(Vec::is_empty);
    let users = list("users").map_or(0, Vec::len);
    let fine = allowed.is_object()
        && list("parse").is_some_and(Vec::is_empty)
        && empty("roles")
        && users <= MENTIONED_MAX
        && allowed["replied_user"] != true;
    (!fine).then(|| format!("allowed_mentions is {allowed}"))
}

fn deceptions(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| deceptions(value, found)),
        Value::Object(fields) => {
            // What an option or a field of a form holds is not what people read; what a field of an embed does, is.
            let is_field = fields.contains_key("name") && !fields.contains_key("type");
            for (key, value) in fields {
                match value {
                    Value::String(text) if READ.contains(&&**key) || is_field && key == "value" => {
                        found.extend(deception(text).map(|why| format!("{key} {text:?}: {why}")));
                    }
                    value => deceptions(value, found),
                }
            }
        }
        _ => {}
    }
}

fn deception(text: &str) -> Option<String> {
    let read = text.replace(ZERO_WIDTH_SPACE, "");
    if visible(&read) != read {
        return Some("it holds what cannot be seen".to_owned());
    }
    let mention = ["@everyone", "@here", "<@&"]
        .into_iter()
        .find(|it| text.contains(it));
    if let Some(mention) = mention {
        return Some(format!("it holds {mention}"));
    }
    let mut links = text
        .match_indices("://")
        .map(|(at, _)| (&text[..at], &text[at..]));
    let ours = |(before, after): (&str, &str)| {
        before.ends_with("https") && after.starts_with("://discord.com/channels/")
    };
    (!links.all(ours)).then(|| "it links to somewhere else".to_owned())
}

#[test]
fn each_rule_is_enforced() {
    let request = |method: &str, route: &str, body: Value| {
        faults(&serde_json::json!({"method": method, "route": route, "body": body}))
    };
    let post = |body| request("POST", "/channels/{channel_id}/messages", body);
    let none = serde_json::json!({"parse": []});
    let fine = serde_json::json!({"content": "Hi <@1>, می\u{200C}خواهم 👨\u{200D}👩 @\u{200B}here", "allowed_mentions": none});
    assert!(post(fine).is_empty());
    for (body, why) in [
        (serde_json::json!({"content": "Hi"}), "allowed_mentions"),
        (
            serde_json::json!({"content": "Hi", "allowed_mentions": {"parse": ["users"]}}),
            "allowed_mentions",
        ),
        (
            serde_json::json!({"content": "Hi", "allowed_mentions": {"parse": [], "roles": ["1"]}}),
            "allowed_mentions",
        ),
        (
            serde_json::json!({"content": "a\u{202E}b", "allowed_mentions": none}),
            "cannot be seen",
        ),
        (
            serde_json::json!({"embeds": [{"title": "@everyone"}], "allowed_mentions": none}),
            "@everyone",
        ),
        (
            serde_json::json!({"embeds": [{"fields": [{"name": "a", "value": "x\u{2066}"}]}], "allowed_mentions": none}),
            "value",
        ),
        (
            serde_json::json!({"embeds": [{"description": "[a](https://evil.example)"}], "allowed_mentions": none}),
            "links",
        ),
    ] {
        let found = post(body.clone());
        assert!(
            found.len() == 1 && found[0].contains(why),
            "{body}: {found:?}"
        );
    }
    let callback = request(
        "POST",
        "/interactions/{interaction_id}/{interaction_token}/callback",
        serde_json::json!({"type": 7, "data": {}}),
    );
    assert_eq!(callback.len(), 1);
    let thread = request(
        "POST",
        "/channels/{channel_id}/messages/{message_id}/threads",
        serde_json::json!({"name": "a\u{200F}"}),
    );
    assert_eq!(thread.len(), 1);
}
