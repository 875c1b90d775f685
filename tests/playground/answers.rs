//! What a bot may answer, when, how often, and what follows.

use crate::{
    contract,
    stage::{Stage, card, command, message, press, until},
};
use serde_json::{Value, json};
use twilight_gateway::{Event, ShardId};
use twilight_model::application::interaction::Interaction;

/// A click whose answer the test gives itself: the event, and the answer the person gets.
async fn by_hand(stage: &Stage, body: Value, act: impl AsyncFnOnce(&Interaction)) -> Value {
    let mut shard = stage.shard(ShardId::ONE);
    until(&mut shard, |event| matches!(event, Event::Ready(_))).await;
    let bot = async {
        let event = until(&mut shard, |event| {
            matches!(event, Event::InteractionCreate(_))
        })
        .await;
        let Event::InteractionCreate(event) = event else {
            unreachable!()
        };
        act(&event).await;
    };
    let (answer, ()) = tokio::join!(stage.interact(body), bot);
    answer
}

async fn callback(stage: &Stage, interaction: &Interaction, body: Value) -> (u16, u64) {
    let path = format!(
        "/interactions/{}/{}/callback",
        interaction.id, interaction.token
    );
    let (status, answer) = stage.api("POST", &path, body).await;
    (status, answer["code"].as_u64().unwrap_or(0))
}

#[tokio::test]
async fn a_deferral_is_settled_by_its_edit() {
    let stage = Stage::new().await;
    stage.register(json!([])).await;
    let mut body = command(&stage, json!({}));
    body["wait"] = json!("settled");
    let answer = by_hand(&stage, body, async |interaction| {
        let deferred = callback(
            &stage,
            interaction,
            json!({"type": 5, "data": {"flags": 64}}),
        )
        .await;
        assert_eq!(deferred.0, 204);
        let hook = format!(
            "/webhooks/{}/{}",
            interaction.application_id, interaction.token
        );
        let original = format!("{hook}/messages/@original");
        let (_, thinking) = stage.api("GET", &original, Value::Null).await;
        assert_eq!(thinking["flags"], 64 | 128);
        let (status, edited) = stage
            .api("PATCH", &original, json!({"content": "done"}))
            .await;
        assert_eq!((status, &edited["flags"]), (200, &json!(64)));
        let (status, more) = stage.api("POST", &hook, json!({"content": "more"})).await;
        assert_eq!((status, &more["content"]), (200, &json!("more")));
    })
    .await;
    assert_eq!(
        (&answer["outcome"], &answer["deferred"]),
        (&json!("message"), &json!(true))
    );
    assert_eq!(answer["message"]["content"], "done");
}

#[tokio::test]
async fn the_second_answer_the_late_one_and_the_old_token_are_refused() {
    let stage = Stage::new().await;
    stage.register(json!([])).await;
    let answer = by_hand(&stage, command(&stage, json!({})), async |interaction| {
        let hook = format!(
            "/webhooks/{}/{}",
            interaction.application_id, interaction.token
        );
        let unanswered = stage.api("POST", &hook, json!({"content": "x"})).await;
        assert_eq!(unanswered.1["code"], 10015);
        stage.advance_s(3);
        assert_eq!(callback(&stage, interaction, message("x")).await, (204, 0));
        assert_eq!(
            callback(&stage, interaction, message("x")).await,
            (400, 40060)
        );
        stage.advance_s(15 * 60);
        let (status, old) = stage.api("POST", &hook, json!({"content": "x"})).await;
        assert_eq!((status, &old["code"]), (401, &json!(50027)));
    })
    .await;
    assert_ne!(answer["id"], Value::Null);
    let answer = by_hand(&stage, command(&stage, json!({})), async |interaction| {
        stage.clock.advance(chrono::TimeDelta::milliseconds(3_001));
        assert_eq!(
            callback(&stage, interaction, message("x")).await,
            (404, 10062)
        );
    })
    .await;
    assert_eq!(answer["outcome"], "failed");
    assert_eq!(answer["error"], "The application did not respond");
}

#[tokio::test]
async fn an_answer_of_a_type_that_does_not_fit_is_refused() {
    let stage = Stage::new().await;
    stage.register(json!([])).await;
    by_hand(&stage, command(&stage, json!({})), async |interaction| {
        for kind in [6, 7, 8, 1, 99] {
            let body = json!({"type": kind, "data": {"content": "x", "choices": []}});
            assert_eq!(
                callback(&stage, interaction, body).await,
                (400, 50035),
                "{kind}"
            );
        }
        let modal = json!({"type": 9, "data": {"custom_id": "m", "title": "t".repeat(46),
            "components": []}});
        assert_eq!(callback(&stage, interaction, modal).await, (400, 50035));
        assert_eq!(
            callback(&stage, interaction, json!({"type": 4, "data": {}})).await,
            (400, 50006)
        );
        assert_eq!(callback(&stage, interaction, message("x")).await, (204, 0));
    })
    .await;
}

#[tokio::test]
async fn the_same_interaction_can_be_delivered_twice() {
    let stage = Stage::new().await;
    stage.register(json!([])).await;
    by_hand(&stage, command(&stage, json!({})), async |interaction| {
        let path = format!("/interactions/{}/redeliver", interaction.id);
        assert_eq!(stage.post(&path, json!({})).await["delivered"], 1);
        assert_eq!(callback(&stage, interaction, message("x")).await, (204, 0));
    })
    .await;
}

#[tokio::test]
async fn without_a_bot_the_application_did_not_respond() {
    let stage = Stage::new().await;
    stage.register(json!([])).await;
    let answer = stage.interact(command(&stage, json!({}))).await;
    assert_eq!(answer["outcome"], "failed");
}

#[tokio::test]
async fn a_file_in_an_answer_can_be_fetched() {
    use twilight_model::http::{
        attachment::Attachment,
        interaction::{InteractionResponse, InteractionResponseData, InteractionResponseType},
    };
    let stage = Stage::new().await;
    stage.register(json!([])).await;
    let address = stage.discord.url().replace("http://", "");
    let client = twilight_http::Client::builder()
        .proxy(address, true)
        .ratelimiter(None)
        .build();
    let answer = by_hand(&stage, command(&stage, json!({})), async |interaction| {
        let file = Attachment::from_bytes("export.json".to_owned(), b"{\"all\":1}".to_vec(), 0);
        let response = InteractionResponse {
            kind: InteractionResponseType::ChannelMessageWithSource,
            data: Some(InteractionResponseData {
                attachments: Some(vec![file]),
                ..InteractionResponseData::default()
            }),
        };
        let client = client.interaction(interaction.application_id);
        client
            .create_response(interaction.id, &interaction.token, &response)
            .await
            .expect("sent");
    })
    .await;
    let attachment = &answer["message"]["attachments"][0];
    assert_eq!(attachment["filename"], "export.json");
    let url = attachment["url"].as_str().expect("an address");
    let path = url.replace(&stage.discord.url(), "");
    assert_eq!(
        stage.call("GET", &path, None).await,
        (200, json!({"all": 1}))
    );
    if let Some(contract) = contract::load() {
        let log = stage.get("/requests?responses=true").await;
        let sent = log["requests"].as_array().expect("a log");
        assert_eq!(contract.validate(sent), []);
    }
}

#[tokio::test]
async fn the_first_follow_up_takes_the_place_of_thinking() {
    let stage = Stage::new().await;
    stage.register(json!([])).await;
    let mut body = command(&stage, json!({}));
    body["wait"] = json!("settled");
    let answer = by_hand(&stage, body, async |interaction| {
        assert_eq!(
            callback(&stage, interaction, json!({"type": 5})).await,
            (204, 0)
        );
        let hook = format!(
            "/webhooks/{}/{}",
            interaction.application_id, interaction.token
        );
        assert_eq!(
            stage.api("POST", &hook, json!({"content": "done"})).await.0,
            200
        );
    })
    .await;
    assert_eq!(answer["message"]["content"], "done");
    assert_eq!(answer["followups"], json!([]));
}

#[tokio::test]
async fn a_deferred_update_edits_the_message_of_the_component() {
    let stage = Stage::new().await;
    let card = card(&stage).await;
    let mut body = press(&stage, &card, "join");
    body["wait"] = json!("settled");
    let answer = by_hand(&stage, body, async |interaction| {
        assert_eq!(
            callback(&stage, interaction, json!({"type": 6})).await,
            (204, 0)
        );
        let hook = format!(
            "/webhooks/{}/{}",
            interaction.application_id, interaction.token
        );
        let path = format!("{hook}/messages/@original");
        assert_eq!(
            stage
                .api("PATCH", &path, json!({"content": "joined"}))
                .await
                .0,
            200
        );
    })
    .await;
    assert_eq!(answer["outcome"], "update");
    assert_eq!(
        (&answer["message"]["id"], &answer["message"]["content"]),
        (&json!(card), &json!("joined"))
    );
}
