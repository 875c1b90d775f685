//! Who sees and does what: channel overwrites, roles, time-outs, and people who are not there any more.

use crate::stage::{Stage, card, command, message, press};
use overwatch_bot::playground::permissions as p;
use serde_json::{Value, json};

/// Hides a channel from one person, or from a role.
async fn hide(stage: &Stage, channel: u64, from: (&str, u64)) {
    let overwrite =
        json!({"id": from.1.to_string(), "type": from.0, "deny": p::VIEW_CHANNEL.to_string()});
    stage
        .post(&format!("/channels/{channel}/overwrites"), overwrite)
        .await;
}

#[tokio::test]
async fn a_hidden_channel_is_not_there_for_whom_it_is_hidden_from() {
    let stage = Stage::new().await;
    stage.register(json!([])).await;
    let _bot = stage.bot(|_| Some(message("yes"))).await;
    let card = card(&stage).await;
    let guild = &stage.world.guilds[0];
    hide(
        &stage,
        guild.channels[0].id,
        ("member", stage.world.people[2].id),
    )
    .await;
    let unseen = "cannot see this channel";
    assert!(
        stage
            .refused(command(&stage, json!({})))
            .await
            .contains(unseen)
    );
    let mut forged = press(&stage, &card, "join");
    forged["forge"] = json!(true);
    assert!(stage.refused(forged).await.contains(unseen));
    let hidden = &stage.get("/world").await["guilds"][0]["channels"][0]["hidden_from"];
    assert_eq!(*hidden, json!([stage.person(2)]));
    // Somebody else goes on, and the bot still sees it.
    let mut other = command(&stage, json!({}));
    other["user"] = json!(stage.person(3));
    assert_eq!(stage.interact(other).await["outcome"], "message");
    let (status, channel) = stage
        .api(
            "GET",
            &format!("/channels/{}", stage.channel()),
            Value::Null,
        )
        .await;
    assert_eq!(status, 200, "{channel}");
    let overwrite = &channel["permission_overwrites"][0];
    assert_eq!(
        *overwrite,
        json!({"id": stage.person(2), "type": 1, "allow": "0", "deny": p::VIEW_CHANNEL.to_string()})
    );
}

#[tokio::test]
async fn a_channel_that_the_bot_cannot_view_is_left_out_of_the_guilds_channels() {
    let stage = Stage::new().await;
    let guild = &stage.world.guilds[0];
    let path = format!("/guilds/{}/channels", guild.id);
    let names = |list: Value| -> Vec<String> {
        let list = list.as_array().cloned().unwrap_or_default();
        list.iter().map(|one| one["name"].to_string()).collect()
    };
    hide(&stage, guild.channels[0].id, ("role", guild.id)).await;
    let (_, listed) = stage.api("GET", &path, Value::Null).await;
    assert_eq!(names(listed), ["\"sessions\"", "\"scrims\""]);
    let (status, answer) = stage
        .api(
            "GET",
            &format!("/channels/{}", stage.channel()),
            Value::Null,
        )
        .await;
    assert_eq!((status, &answer["code"]), (403, &json!(50001)));
    // Invited by its own role, it is back.
    let own = guild
        .roles
        .iter()
        .find(|role| role.managed)
        .expect("a role");
    let overwrite =
        json!({"id": own.id.to_string(), "type": "role", "allow": p::VIEW_CHANNEL.to_string()});
    stage
        .post(
            &format!("/channels/{}/overwrites", guild.channels[0].id),
            overwrite,
        )
        .await;
    let (_, listed) = stage.api("GET", &path, Value::Null).await;
    assert_eq!(names(listed).len(), 3);
}

#[tokio::test]
async fn an_interaction_carries_what_the_member_may_do_in_its_channel() {
    let stage = Stage::new().await;
    stage
        .register(json!([{"name": "where", "description": "d", "type": 7}]))
        .await;
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let _bot = stage
        .bot(move |interaction| {
            let member = interaction.member.as_ref().expect("a member");
            let app = interaction.app_permissions.expect("always there");
            told.send((member.permissions, app)).expect("heard");
            Some(message("yes"))
        })
        .await;
    let channel = stage.world.guilds[0].channels[0].id;
    let overwrite =
        json!({"id": stage.person(2), "type": "member", "deny": p::SEND_MESSAGES.to_string()});
    stage
        .post(&format!("/channels/{channel}/overwrites"), overwrite)
        .await;
    stage.interact(command(&stage, json!({}))).await;
    let (member, app) = heard.recv().await.expect("an interaction");
    let bits = member.expect("in a guild").bits();
    assert_eq!(bits & (p::SEND_MESSAGES | p::EMBED_LINKS), 0);
    assert_ne!(bits & p::VIEW_CHANNEL, 0);
    assert_ne!(app.bits() & p::SEND_MESSAGES, 0);
}

#[tokio::test]
async fn who_has_left_is_no_member_and_still_clicks_in_private() {
    let stage = Stage::new().await;
    let _bot = stage.bot(|_| Some(message("yes"))).await;
    let (guild, user) = (stage.world.guilds[0].id, stage.person(2));
    let (_, dm) = stage
        .api("POST", "/users/@me/channels", json!({"recipient_id": user}))
        .await;
    let path = format!("/channels/{}/messages", dm["id"].as_str().expect("an id"));
    let body = json!({"content": "x", "components": [{"type": 1, "components": [
        {"type": 2, "style": 1, "custom_id": "ok", "label": "OK"}]}]});
    let (status, sent) = stage.api("POST", &path, body.clone()).await;
    assert_eq!(status, 200);
    let leave = format!("/client/guilds/{guild}/members/{user}");
    assert_eq!(stage.call("DELETE", &leave, None).await.0, 200);
    let member = format!("/guilds/{guild}/members/{user}");
    let (status, answer) = stage.api("GET", &member, Value::Null).await;
    assert_eq!((status, &answer["code"]), (404, &json!(10007)));
    let click =
        json!({"user": user, "kind": "component", "message": sent["id"], "custom_id": "ok"});
    assert_eq!(stage.interact(click).await["outcome"], "message");
    // Without a server in common the bot cannot write any more.
    assert_eq!(stage.api("POST", &path, body.clone()).await.0, 200);
    let other = format!("/client/guilds/{}/members/{user}", stage.world.guilds[1].id);
    stage.call("DELETE", &other, None).await;
    let (status, answer) = stage.api("POST", &path, body).await;
    assert_eq!((status, &answer["code"]), (403, &json!(50278)));
    // A ban keeps them out until it is taken back.
    stage
        .post(&format!("/guilds/{guild}/bans/{user}"), json!({}))
        .await;
    let join = format!("/client/guilds/{guild}/members/{user}");
    assert_eq!(stage.call("POST", &join, Some(&json!({}))).await.0, 400);
    stage
        .call(
            "DELETE",
            &format!("/client/guilds/{guild}/bans/{user}"),
            None,
        )
        .await;
    assert_eq!(stage.call("POST", &join, Some(&json!({}))).await.0, 200);
    assert_eq!(stage.api("GET", &member, Value::Null).await.0, 200);
}

#[tokio::test]
async fn roles_are_given_and_taken_and_a_time_out_ends_by_itself() {
    let stage = Stage::new().await;
    stage.register(json!([])).await;
    let _bot = stage.bot(|_| Some(message("yes"))).await;
    let guild = &stage.world.guilds[0];
    let member = format!("/guilds/{}/members/{}", guild.id, stage.person(2));
    let roles = json!({"roles": [guild.roles[1].id.to_string()], "nick": "Ai", "timed_out_s": 60});
    stage.post(&member, roles).await;
    let (_, told) = stage.api("GET", &member, Value::Null).await;
    assert_eq!(told["roles"], json!([guild.roles[1].id.to_string()]));
    assert_eq!(told["nick"], "Ai");
    assert!(told["communication_disabled_until"].is_string());
    let refused = stage.refused(command(&stage, json!({}))).await;
    assert!(refused.contains("may not use commands"), "{refused}");
    stage.advance_s(60);
    assert_eq!(
        stage.interact(command(&stage, json!({}))).await["outcome"],
        "message"
    );
    stage.post(&member, json!({"roles": []})).await;
    let (_, told) = stage.api("GET", &member, Value::Null).await;
    assert_eq!((&told["roles"], &told["nick"]), (&json!([]), &json!("Ai")));
}

#[tokio::test]
async fn a_channel_for_voice_has_messages_with_connect_and_never_threads() {
    let stage = Stage::new().await;
    let guild = &stage.world.guilds[0];
    let code = async |method: &str, path: &str, body: Value| {
        let (status, answer) = stage.api(method, path, body).await;
        (status, answer["code"].as_u64().unwrap_or_default())
    };
    for kind in [2, 13] {
        let channels = format!("/guilds/{}/channels", guild.id);
        let made = stage
            .post(&channels, json!({"name": "voice", "type": kind}))
            .await;
        let channel = made["id"].as_str().expect("an id").to_owned();
        let (_, shown) = stage
            .api("GET", &format!("/channels/{channel}"), Value::Null)
            .await;
        assert_eq!(shown["type"], kind, "{shown}");
        let messages = format!("/channels/{channel}/messages");
        let (status, sent) = stage.api("POST", &messages, json!({"content": "c"})).await;
        assert_eq!(status, 200, "{sent}");
        let one = format!("{messages}/{}", sent["id"].as_str().expect("an id"));
        let threads = format!("{one}/threads");
        let name = json!({"name": "n"});
        assert_eq!(code("POST", &threads, name.clone()).await, (400, 50_024));
        let overwrite =
            json!({"id": guild.id.to_string(), "type": "role", "deny": p::CONNECT.to_string()});
        let overwrites = format!("/channels/{channel}/overwrites");
        // The bot's role has it, too: what a role of its own permits is not denied to everyone.
        stage.post(&overwrites, overwrite).await;
        let text = json!({"content": "d"});
        assert_eq!(code("POST", &messages, text.clone()).await, (403, 50_001));
        assert_eq!(code("GET", &messages, Value::Null).await, (403, 50_001));
        assert_eq!(code("PATCH", &one, text).await, (403, 50_001));
        assert_eq!(code("POST", &threads, name).await, (403, 50_001));
        assert_eq!(
            code("GET", &format!("/channels/{channel}"), Value::Null).await,
            (200, 0)
        );
    }
}

#[tokio::test]
async fn without_read_message_history_there_are_no_messages_to_read() {
    let stage = Stage::new().await;
    let card = card(&stage).await;
    let deny = json!({"channel": stage.channel(), "denied": p::READ_MESSAGE_HISTORY.to_string()});
    stage.post("/faults/access", deny).await;
    let messages = format!("/channels/{}/messages", stage.channel());
    let (status, list) = stage.api("GET", &messages, Value::Null).await;
    assert_eq!((status, list), (200, json!([])));
    let one = format!("{messages}/{card}");
    let (status, answer) = stage.api("GET", &one, Value::Null).await;
    assert_eq!((status, &answer["code"]), (403, &json!(50_013)));
    let edit = json!({"content": "its own all the same"});
    assert_eq!(stage.api("PATCH", &one, edit).await.0, 200);
}

#[tokio::test]
async fn a_bot_that_is_timed_out_answers_and_posts_nothing_until_it_is_over() {
    let stage = Stage::new().await;
    stage.register(json!([])).await;
    let _bot = stage.bot(|_| Some(message("yes"))).await;
    let card = card(&stage).await;
    let guild = stage.world.guilds[0].id;
    let own = format!(
        "/guilds/{guild}/members/{}",
        overwatch_bot::playground::APPLICATION_ID
    );
    stage.post(&own, json!({"timed_out_s": 60})).await;
    let (_, told) = stage.api("GET", &own, Value::Null).await;
    assert!(told["communication_disabled_until"].is_string(), "{told}");
    let messages = format!("/channels/{}/messages", stage.channel());
    let code = async |method: &str, path: &str, body: Value| {
        let (status, answer) = stage.api(method, path, body).await;
        (status, answer["code"].as_u64().unwrap_or_default())
    };
    let text = json!({"content": "c"});
    let threads = format!("{messages}/{card}/threads");
    assert_eq!(code("POST", &messages, text.clone()).await, (403, 50_013));
    assert_eq!(
        code("POST", &threads, json!({"name": "n"})).await,
        (403, 50_013)
    );
    assert_eq!(code("GET", &messages, Value::Null).await, (200, 0));
    // Commands go on, and are answered in public (discord/discord-api-docs, issue 6847).
    assert_eq!(
        stage.interact(command(&stage, json!({}))).await["outcome"],
        "message"
    );
    stage.advance_s(60);
    assert_eq!(code("POST", &messages, text).await, (200, 0));
}
