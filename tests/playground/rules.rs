//! Every hard rule that is refused, with its code, over the wire.

use crate::stage::Stage;
use serde_json::{Value, json};

/// Posts a message that must be refused with 50035, and gives the error under the pointer.
async fn refused(stage: &Stage, body: Value, pointer: &str) {
    let path = format!("/channels/{}/messages", stage.channel());
    let (status, answer) = stage.api("POST", &path, body.clone()).await;
    assert_eq!(
        (status, &answer["code"]),
        (400, &json!(50035)),
        "{body}: {answer}"
    );
    assert_eq!(answer["message"], "Invalid Form Body");
    let error = answer.pointer(&format!("/errors{pointer}/_errors/0/code"));
    assert!(
        error.is_some_and(Value::is_string),
        "{pointer} is not in {answer}"
    );
}

fn row(parts: &Value) -> Value {
    json!({"content": "x", "components": [{"type": 1, "components": parts}]})
}

fn button(id: &str) -> Value {
    json!({"type": 2, "style": 1, "custom_id": id, "label": "x"})
}

/// Messages whose texts are too long, and where Discord says so.
fn texts() -> Vec<(Value, &'static str)> {
    let long = |n: usize| "x".repeat(n);
    let embed = |embed: Value| json!({"embeds": [embed]});
    vec![
        (json!({"content": long(2_001)}), "/content"),
        (
            json!({"embeds": vec![json!({"title": "t"}); 11]}),
            "/embeds",
        ),
        (
            json!({"embeds": vec![json!({"description": long(3_001)}); 2]}),
            "/embeds",
        ),
        (embed(json!({"title": long(257)})), "/embeds/0/title"),
        (
            embed(json!({"description": long(4_097)})),
            "/embeds/0/description",
        ),
        (
            embed(json!({"footer": {"text": long(2_049)}})),
            "/embeds/0/footer/text",
        ),
        (
            embed(json!({"fields": [{"name": "n", "value": ""}]})),
            "/embeds/0/fields/0/value",
        ),
    ]
}

/// Messages whose components break a rule, and where Discord says so.
fn components() -> Vec<(Value, &'static str)> {
    let options = |n: usize| -> Value {
        (0..n)
            .map(|n| json!({"label": "l", "value": n.to_string()}))
            .collect()
    };
    let select = |n: usize| json!({"type": 3, "custom_id": "s", "options": options(n)});
    let six: Value = (0..6).map(|n| button(&n.to_string())).collect();
    let rows = vec![json!({"type": 1, "components": [button("a")]}); 6];
    vec![
        (json!({"content": "x", "components": rows}), "/components"),
        (row(&six), "/components/0/components"),
        (
            row(&json!([button(&"x".repeat(101))])),
            "/components/0/components/0/custom_id",
        ),
        (
            row(&json!([button("a"), button("a")])),
            "/components/0/components/1/custom_id",
        ),
        (
            row(&json!([{"type": 2, "style": 1, "custom_id": "a"}])),
            "/components/0/components/0",
        ),
        (
            row(&json!([{"type": 2, "style": 5, "label": "x"}])),
            "/components/0/components/0/url",
        ),
        (
            row(&json!([select(26)])),
            "/components/0/components/0/options",
        ),
        (
            row(&json!([select(1), button("a")])),
            "/components/0/components",
        ),
    ]
}

#[tokio::test]
async fn every_limit_of_a_message_is_refused_with_50035() {
    let stage = Stage::new().await;
    stage
        .post("/faults/limits", json!({"enabled": false}))
        .await;
    for (body, pointer) in texts().into_iter().chain(components()) {
        refused(&stage, body, pointer).await;
    }
}

#[tokio::test]
async fn an_empty_message_is_refused_with_50006() {
    let stage = Stage::new().await;
    let path = format!("/channels/{}/messages", stage.channel());
    let (status, answer) = stage.api("POST", &path, json!({"content": " "})).await;
    assert_eq!((status, &answer["code"]), (400, &json!(50006)));
    let (_, message) = stage.api("POST", &path, json!({"content": "x"})).await;
    let path = format!("{path}/{}", message["id"].as_str().expect("an id"));
    let (_, answer) = stage.api("PATCH", &path, json!({"content": ""})).await;
    assert_eq!(answer["code"], 50006);
}

#[tokio::test]
async fn a_wrong_set_of_commands_changes_nothing() {
    let stage = Stage::new().await;
    let option = |name: &str, required: bool| json!({"type": 3, "name": name, "description": "d", "required": required});
    stage.register(json!([option("a", true)])).await;
    let app = overwatch_bot::playground::APPLICATION_ID;
    let path = format!("/applications/{app}/commands");
    let wrong = json!([{"name": "Queue", "description": "", "options": [
        option("a", false), option("b", true)]}]);
    let (status, answer) = stage.api("PUT", &path, wrong).await;
    assert_eq!((status, &answer["code"]), (400, &json!(50035)));
    for part in ["name", "description", "options"] {
        assert!(answer["errors"]["0"][part].is_object(), "{part}: {answer}");
    }
    let (_, commands) = stage.api("GET", &path, Value::Null).await;
    assert_eq!(commands[0]["name"], "queue");
}

#[tokio::test]
async fn a_command_keeps_its_id_when_it_is_registered_again() {
    let stage = Stage::new().await;
    stage.register(json!([])).await;
    let id = stage.get("/world").await["commands"][0]["id"].clone();
    stage.register(json!([])).await;
    let commands = stage.get("/world").await["commands"].clone();
    assert_eq!(commands[0]["id"], id);
    assert_eq!(commands.as_array().map(Vec::len), Some(1));
}
