//! One click after the other, from the person to the bot and back.

use crate::stage::{Stage, card, command, message, press};
use serde_json::{Value, json};
use twilight_model::application::interaction::InteractionData;

fn text_option(required: bool) -> Value {
    json!([{"type": 3, "name": "text", "description": "d", "required": required,
        "max_length": 5}])
}

#[tokio::test]
async fn a_command_arrives_complete_and_its_answer_is_seen() {
    let stage = Stage::new().await;
    stage.register(text_option(true)).await;
    let bot = stage.bot(|interaction| {
        let Some(InteractionData::ApplicationCommand(data)) = &interaction.data else {
            return None;
        };
        let member = interaction.member.as_ref()?;
        let permissions = member.permissions?.bits();
        Some(message(&format!(
            "{} {:?} {}",
            data.name,
            data.options[0].value,
            permissions > 0
        )))
    });
    let bot = bot.await;
    let answer = stage.interact(command(&stage, json!({"text": "hi"}))).await;
    assert_eq!(answer["outcome"], "message");
    assert_eq!(answer["message"]["content"], "queue String(\"hi\") true");
    assert_eq!(answer["message"]["type"], 20);
    bot.abort();
}

#[tokio::test]
async fn a_command_in_direct_messages_has_a_user_and_no_member() {
    let stage = Stage::new().await;
    stage.register(json!([])).await;
    let _bot = stage
        .bot(|interaction| {
            Some(message(&format!(
                "{} {} {:?}",
                interaction.user.is_some(),
                interaction.member.is_none(),
                interaction.context,
            )))
        })
        .await;
    let body = json!({"user": stage.person(3), "kind": "command", "name": "queue"});
    let answer = stage.interact(body).await;
    assert_eq!(answer["message"]["content"], "true true Some(BotDm)");
    let dms = stage.get(&format!("/users/{}/dms", stage.person(3))).await;
    assert_eq!(dms["messages"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn what_a_client_cannot_send_is_refused_in_a_sentence() {
    let stage = Stage::new().await;
    stage.register(text_option(true)).await;
    let said = |options: Value| stage.refused(command(&stage, options));
    assert_eq!(said(json!({})).await, "The option text is required.");
    assert_eq!(
        said(json!({"text": "x", "size": 1})).await,
        "There is no option size."
    );
    assert!(said(json!({"text": "too long"})).await.contains("length"));
    let mut unknown = command(&stage, json!({}));
    unknown["name"] = json!("nothing");
    assert_eq!(
        stage.refused(unknown).await,
        "There is no command /nothing here."
    );
    let card = card(&stage).await;
    assert!(
        stage
            .refused(press(&stage, &card, "gone"))
            .await
            .contains("no component")
    );
    assert!(
        stage
            .refused(press(&stage, &card, "off"))
            .await
            .contains("disabled")
    );
    let mut outsider = press(&stage, &card, "join");
    outsider["user"] = json!(stage.person(9));
    outsider["channel"] = json!(stage.world.guilds[1].channels[0].id.to_string());
    assert_eq!(
        stage.refused(outsider).await,
        "This person cannot see this channel."
    );
    let mut wrong = press(&stage, &card, "role");
    wrong["values"] = json!(["healer"]);
    assert!(stage.refused(wrong).await.contains("no option"));
}

#[tokio::test]
async fn a_component_updates_its_message_and_a_forged_one_arrives() {
    let stage = Stage::new().await;
    let _bot = stage
        .bot(|interaction| {
            let Some(InteractionData::MessageComponent(data)) = &interaction.data else {
                return None;
            };
            let content = format!("{} {:?}", data.custom_id, data.values);
            let old = interaction.message.as_ref()?;
            let kind = if old.components.is_empty() { 4 } else { 7 };
            Some(json!({"type": kind, "data": {"content": content}}))
        })
        .await;
    let card = card(&stage).await;
    let mut chosen = press(&stage, &card, "role");
    chosen["values"] = json!(["tank", "damage"]);
    let answer = stage.interact(chosen).await;
    assert_eq!(answer["outcome"], "update");
    assert_eq!(answer["message"]["id"], card);
    assert_eq!(answer["message"]["content"], "role [\"tank\", \"damage\"]");
    assert_eq!(
        answer["message"]["components"].as_array().map(Vec::len),
        Some(2)
    );
    let mut forged = press(&stage, "123", "join:7");
    forged["forge"] = json!(true);
    let answer = stage.interact(forged).await;
    assert_eq!(answer["message"]["content"], "join:7 []");
}

#[tokio::test]
async fn a_modal_is_shown_checked_and_submitted_in_its_own_shape() {
    let stage = Stage::new().await;
    stage.register(json!([])).await;
    let _bot = stage
        .bot(|interaction| {
            Some(match &interaction.data {
                Some(InteractionData::ModalSubmit(data)) => {
                    message(&serde_json::to_string(&data.components).expect("JSON"))
                }
                _ => json!({"type": 9, "data": {"custom_id": "m", "title": "Join", "components": [
                    {"type": 18, "label": "Tag", "component": {"type": 4, "custom_id": "tag",
                        "style": 1, "min_length": 3, "max_length": 8}},
                    {"type": 18, "label": "Role", "component": {"type": 3, "custom_id": "role",
                        "options": [{"label": "T", "value": "tank", "default": true}]}},
                    {"type": 1, "components": [{"type": 4, "custom_id": "note", "style": 2,
                        "label": "Note", "required": false, "value": "before"}]}]}}),
            })
        })
        .await;
    let submit = |values: Value| {
        json!({"user": stage.person(2), "channel": stage.channel(), "kind": "modal",
            "custom_id": "m", "values": values})
    };
    assert!(stage.refused(submit(json!({}))).await.contains("No modal"));
    let answer = stage.interact(command(&stage, json!({}))).await;
    assert_eq!(answer["outcome"], "modal");
    assert_eq!(answer["modal"]["title"], "Join");
    assert!(
        stage
            .refused(submit(json!({"tag": "ab"})))
            .await
            .contains("3 to 8")
    );
    assert!(
        stage
            .refused(submit(json!({"tag": "abc", "x": ""})))
            .await
            .contains("no input x")
    );
    let values = json!({"tag": "Mira#1", "role": ["tank"]});
    let answer = stage.interact(submit(values)).await;
    let told = answer["message"]["content"].as_str().expect("text");
    for part in ["Mira#1", "tank", "before"] {
        assert!(told.contains(part), "{told}");
    }
    assert_eq!(
        stage
            .get(&format!("/users/{}/modal", stage.person(2)))
            .await,
        Value::Null
    );
}

#[tokio::test]
async fn autocomplete_gives_choices() {
    let stage = Stage::new().await;
    stage
        .register(
            json!([{"type": 1, "name": "add", "description": "d", "options": [
            {"type": 4, "name": "size", "description": "d", "required": true},
            {"type": 3, "name": "zone", "description": "d", "autocomplete": true}]}]),
        )
        .await;
    let _bot = stage
        .bot(|interaction| {
            matches!(
                interaction.data,
                Some(InteractionData::ApplicationCommand(_))
            )
            .then(|| json!({"type": 8, "data": {"choices": [{"name": "Berlin", "value": "b"}]}}))
        })
        .await;
    let mut body = command(&stage, json!({"zone": "ber"}));
    body["kind"] = json!("autocomplete");
    body["subcommand"] = json!("add");
    body["focused"] = json!("zone");
    let answer = stage.interact(body.clone()).await;
    assert_eq!(answer["outcome"], "choices");
    assert_eq!(answer["choices"], json!([{"name": "Berlin", "value": "b"}]));
    body["focused"] = json!("size");
    assert!(stage.refused(body).await.contains("no autocomplete"));
}

#[tokio::test]
async fn an_ephemeral_answer_is_seen_by_its_owner_only() {
    let stage = Stage::new().await;
    stage.register(json!([])).await;
    let _bot = stage
        .bot(|_| Some(json!({"type": 4, "data": {"content": "psst", "flags": 64}})))
        .await;
    let answer = stage.interact(command(&stage, json!({}))).await;
    assert_eq!(answer["message"]["flags"], 64);
    for (person, count) in [(2, 1), (3, 0)] {
        let path = format!(
            "/channels/{}/messages?user={}",
            stage.channel(),
            stage.person(person)
        );
        let seen = stage.get(&path).await;
        assert_eq!(seen["messages"].as_array().map(Vec::len), Some(count));
    }
    let (_, messages) = stage
        .api(
            "GET",
            &format!("/channels/{}/messages", stage.channel()),
            Value::Null,
        )
        .await;
    assert_eq!(messages, json!([]));
}

#[tokio::test]
async fn a_person_in_an_option_or_a_select_is_resolved() {
    let stage = Stage::new().await;
    stage
        .register(json!([{"type": 6, "name": "who", "description": "d"}]))
        .await;
    let _bot = stage
        .bot(|interaction| {
            let resolved = match &interaction.data {
                Some(InteractionData::ApplicationCommand(data)) => data.resolved.as_ref(),
                Some(InteractionData::MessageComponent(data)) => data.resolved.as_ref(),
                _ => None,
            };
            let resolved = resolved?;
            let name = resolved.users.values().next()?.global_name.clone()?;
            let select = json!({"type": 5, "custom_id": "who"});
            Some(json!({"type": 4, "data": {
                "content": format!("{name} {}", resolved.members.len()),
                "components": [{"type": 1, "components": [select]}]}}))
        })
        .await;
    let answer = stage
        .interact(command(&stage, json!({"who": stage.person(4)})))
        .await;
    assert_eq!(answer["message"]["content"], "Freya 1");
    let message = answer["message"]["id"].as_str().expect("an id");
    let mut chosen = press(&stage, message, "who");
    chosen["values"] = json!([stage.person(5)]);
    assert_eq!(
        stage.interact(chosen).await["message"]["content"],
        "Kwame 1"
    );
    let nobody = stage.refused(command(&stage, json!({"who": "17"}))).await;
    assert!(nobody.contains("does not take"), "{nobody}");
}

#[tokio::test]
async fn a_command_for_organisers_is_hidden_from_the_others() {
    let stage = Stage::new().await;
    let app = overwatch_bot::playground::APPLICATION_ID;
    let commands = json!([{"name": "queue", "description": "d", "contexts": [0],
        "default_member_permissions": (1_u64 << 33).to_string()}]);
    stage
        .api("PUT", &format!("/applications/{app}/commands"), commands)
        .await;
    let _bot = stage.bot(|_| Some(message("yes"))).await;
    let body = command(&stage, json!({}));
    assert!(stage.refused(body.clone()).await.contains("may not use"));
    let mut forged = body.clone();
    forged["forge"] = json!(true);
    assert_eq!(stage.interact(forged).await["outcome"], "message");
    let guild = stage.world.guilds[0].id.to_string();
    let grant = json!({"guild": guild, "user": stage.person(2), "permissions": (1_u64 << 33 | 1 << 31 | 1 << 10).to_string()});
    stage.post("/faults/permissions", grant).await;
    assert_eq!(stage.interact(body).await["outcome"], "message");
    let direct = json!({"user": stage.person(0), "kind": "command", "name": "queue"});
    assert!(stage.refused(direct).await.contains("cannot be used here"));
}

#[tokio::test]
async fn many_people_click_at_once_and_each_is_answered() {
    let stage = Stage::new().await;
    stage
        .post("/faults/limits", json!({"enabled": false}))
        .await;
    let card = card(&stage).await;
    let _bot = stage
        .bot(|_| Some(json!({"type": 4, "data": {"content": "in", "flags": 64}})))
        .await;
    let clicks = (0..200).map(|n| {
        let mut body = press(&stage, &card, "join");
        body["user"] = json!(stage.person(n % 9));
        stage.interact(body)
    });
    let answers = futures_util::future::join_all(clicks).await;
    assert!(answers.iter().all(|answer| answer["outcome"] == "message"));
}

#[tokio::test]
async fn an_address_that_does_not_refuse_wrong_signatures_is_not_taken() {
    let stage = Stage::new().await;
    let careless = axum::Router::new().fallback(|| async { axum::Json(json!({"type": 1})) });
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    let server = tokio::spawn(async move { axum::serve(listener, careless).await });
    for url in [
        format!("http://{address}/interactions"),
        "http://127.0.0.1:1/interactions".into(),
    ] {
        let body = json!({"urls": [url]});
        let (status, answer) = stage.call("POST", "/client/endpoint", Some(&body)).await;
        assert_eq!(status, 400, "{answer}");
    }
    server.abort();
}

#[tokio::test]
async fn a_select_of_people_or_channels_takes_those_that_it_lists() {
    let stage = Stage::new().await;
    let select = |kind: u64, id: &str| {
        let select = json!({"type": kind, "custom_id": id});
        json!({"type": 1, "components": [select]})
    };
    let body = json!({"content": "x", "components": [select(5, "who"), select(8, "where")]});
    let path = format!("/channels/{}/messages", stage.channel());
    let (status, message) = stage.api("POST", &path, body).await;
    assert_eq!(status, 200, "{message}");
    let choose = |id: &str, value: String| {
        let at = message["id"].as_str().expect("an id");
        let mut body = press(&stage, at, id);
        body["values"] = json!([value]);
        body
    };
    let of_other_server = overwatch_bot::playground::World::default().guilds[1].channels[0].id;
    for refused in [
        choose("who", "1".to_owned()),
        choose("where", of_other_server.to_string()),
        choose("where", stage.person(3)),
    ] {
        let said = stage.refused(refused).await;
        assert!(said.contains("not among what this select lists"), "{said}");
    }
    let _bot = stage
        .bot(|interaction| {
            let Some(InteractionData::MessageComponent(data)) = &interaction.data else {
                return None;
            };
            let resolved = data.resolved.as_ref()?;
            let may = resolved.channels.values().map(|one| one.permissions.bits());
            let text = format!("{} {}", resolved.users.len(), may.sum::<u64>() > 0);
            Some(crate::stage::message(&text))
        })
        .await;
    let chosen = stage.interact(choose("who", stage.person(3))).await;
    assert_eq!(chosen["message"]["content"], "1 false");
    let chosen = stage.interact(choose("where", stage.channel())).await;
    assert_eq!(chosen["message"]["content"], "0 true");
}
