//! Channels, messages, rate limits, faults, and the contract with Discord's own document.

use crate::{
    contract,
    stage::{Stage, TOKEN},
};
use serde_json::{Value, json};
use twilight_http::Client;
use twilight_model::id::Id;

fn rest(stage: &Stage) -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let address = stage.discord.url().replace("http://", "");
    Client::builder()
        .token(TOKEN.to_owned())
        .proxy(address, true)
        .build()
}

async fn code(stage: &Stage, method: &str, path: &str, body: Value) -> (u16, u64) {
    let (status, answer) = stage.api(method, path, body).await;
    (status, answer["code"].as_u64().unwrap_or(u64::MAX))
}

#[tokio::test]
async fn twilights_client_reads_what_it_asks_for() {
    let stage = Stage::new().await;
    let client = rest(&stage);
    let me = client
        .current_user()
        .await
        .expect("sent")
        .model()
        .await
        .expect("read");
    assert!(me.bot);
    let application = client.current_user_application().await.expect("sent");
    assert_eq!(
        application.model().await.expect("read").id.get(),
        me.id.get()
    );
    let guild = &stage.world.guilds[0];
    let read = client
        .guild(Id::new(guild.id))
        .await
        .expect("sent")
        .model()
        .await
        .expect("read");
    assert_eq!(read.name, guild.name);
    let member = client.guild_member(Id::new(guild.id), Id::new(stage.world.people[1].id));
    let member = member.await.expect("sent").model().await.expect("read");
    assert_eq!(member.roles.len(), 1);
    let channel = client
        .channel(Id::new(guild.channels[0].id))
        .await
        .expect("sent");
    assert_eq!(
        channel.model().await.expect("read").name.as_deref(),
        Some("general")
    );
}

#[tokio::test]
async fn a_message_is_posted_edited_read_and_deleted() {
    let stage = Stage::new().await;
    let client = rest(&stage);
    let channel = Id::new(stage.world.guilds[0].channels[0].id);
    let posted = client
        .create_message(channel)
        .content("one")
        .await
        .expect("sent");
    let posted = posted.model().await.expect("read");
    client
        .update_message(channel, posted.id)
        .content(Some("two"))
        .await
        .expect("sent");
    let read = client
        .message(channel, posted.id)
        .await
        .expect("sent")
        .model()
        .await
        .expect("read");
    assert_eq!(read.content, "two");
    assert!(read.edited_timestamp.is_some());
    let seen = stage
        .get(&format!(
            "/channels/{channel}/messages?user={}",
            stage.person(0)
        ))
        .await;
    assert_eq!(seen["messages"][0]["content"], "two");
    client
        .delete_message(channel, posted.id)
        .await
        .expect("sent");
    let path = format!("/channels/{channel}/messages/{}", posted.id);
    assert_eq!(code(&stage, "GET", &path, Value::Null).await, (404, 10008));
}

#[tokio::test]
async fn an_enforced_nonce_makes_one_message_for_some_minutes() {
    let stage = Stage::new().await;
    let path = format!("/channels/{}/messages", stage.channel());
    let body = json!({"content": "once", "nonce": "card:1", "enforce_nonce": true});
    let (_, first) = stage.api("POST", &path, body.clone()).await;
    let (_, again) = stage.api("POST", &path, body.clone()).await;
    assert_eq!(first["id"], again["id"]);
    stage.advance_s(3_600);
    let (_, later) = stage.api("POST", &path, body).await;
    assert_ne!(first["id"], later["id"]);
}

#[tokio::test]
async fn what_isnt_there_or_isnt_allowed_has_its_code() {
    let stage = Stage::new().await;
    let channel = stage.channel();
    let messages = format!("/channels/{channel}/messages");
    let text = json!({"content": "x"});
    assert_eq!(
        code(&stage, "GET", "/channels/1", Value::Null).await,
        (404, 10003)
    );
    assert_eq!(
        code(&stage, "PATCH", &format!("{messages}/1"), text.clone()).await,
        (404, 10008)
    );
    assert_eq!(code(&stage, "GET", "/nowhere", Value::Null).await, (404, 0));
    assert_eq!(
        code(&stage, "DELETE", "/gateway", Value::Null).await,
        (405, 0)
    );
    let deny = |bits: &str| json!({"channel": channel, "denied": bits});
    stage.post("/faults/access", deny("1024")).await;
    assert_eq!(
        code(&stage, "POST", &messages, text.clone()).await,
        (403, 50001)
    );
    stage.post("/faults/access", deny("2048")).await;
    assert_eq!(
        code(&stage, "POST", &messages, text.clone()).await,
        (403, 50013)
    );
    stage.call("DELETE", "/client/faults", None).await;
    assert_eq!(stage.api("POST", &messages, text).await.0, 200);
}

#[tokio::test]
async fn a_wrong_token_is_unauthorized() {
    let stage = Stage::new().await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let address = stage.discord.url().replace("http://", "");
    let client = Client::builder()
        .token("wrong".to_owned())
        .proxy(address, true)
        .build();
    assert!(client.current_user().await.is_err());
    let log = stage.get("/requests?responses=true").await;
    assert_eq!(log["requests"][0]["status"], 401);
}

#[tokio::test]
async fn closed_direct_messages_are_refused_with_50007() {
    let stage = Stage::new().await;
    let person = stage.person(2);
    let (status, dm) = stage
        .api(
            "POST",
            "/users/@me/channels",
            json!({"recipient_id": person}),
        )
        .await;
    assert_eq!(status, 200);
    let path = format!("/channels/{}/messages", dm["id"].as_str().expect("an id"));
    stage
        .post("/faults/dms", json!({"user": person, "closed": true}))
        .await;
    assert_eq!(
        code(&stage, "POST", &path, json!({"content": "x"})).await,
        (403, 50007)
    );
    stage
        .post("/faults/dms", json!({"user": person, "closed": false}))
        .await;
    assert_eq!(
        stage.api("POST", &path, json!({"content": "x"})).await.0,
        200
    );
    let dms = stage.get(&format!("/users/{person}/dms")).await;
    assert_eq!(dms["messages"][0]["content"], "x");
}

#[tokio::test]
async fn the_sixth_post_in_five_seconds_is_told_to_wait() {
    let stage = Stage::new().await;
    let path = format!("/channels/{}/messages", stage.channel());
    let mut statuses = Vec::new();
    let mut last = Value::Null;
    // Where the machine is so slow that the first five take longer, the next five are counted anew.
    while statuses.last() != Some(&429) {
        let (status, answer) = stage.api("POST", &path, json!({"content": "x"})).await;
        statuses.push(status);
        last = answer;
    }
    assert!(statuses.len() > 5, "{statuses:?}");
    assert!(
        last["retry_after"].as_f64().is_some_and(|wait| wait > 0.0),
        "{last}"
    );
    assert_eq!(last["global"], false);
}

#[tokio::test]
async fn a_planned_fault_spoils_the_answer_before_or_after_the_effect() {
    let stage = Stage::new().await;
    let path = format!("/channels/{}/messages", stage.channel());
    let fault = |after: bool| {
        json!({"method": "POST", "route": "/channels/{channel_id}/messages", "status": 502,
            "after": after})
    };
    for (after, there) in [(false, 0), (true, 1)] {
        stage.post("/faults/requests", fault(after)).await;
        assert_eq!(
            stage.api("POST", &path, json!({"content": "x"})).await.0,
            502
        );
        let (_, messages) = stage.api("GET", &path, Value::Null).await;
        assert_eq!(
            messages.as_array().map(Vec::len),
            Some(there),
            "after: {after}"
        );
    }
    assert_eq!(
        stage.api("POST", &path, json!({"content": "x"})).await.0,
        200
    );
}

#[tokio::test]
async fn somebody_waits_for_a_change_without_asking_again_and_again() {
    let stage = Stage::new().await;
    let channel = stage.channel();
    let before = stage
        .get(&format!(
            "/channels/{channel}/messages?user={}",
            stage.person(0)
        ))
        .await;
    let path = format!("/wait?channel={channel}&after={}", before["revision"]);
    let messages = format!("/channels/{channel}/messages");
    let post = stage.api("POST", &messages, json!({"content": "x"}));
    let (changed, _) = tokio::join!(stage.get(&path), post);
    assert!(changed["revision"].as_u64() > before["revision"].as_u64());
}

#[tokio::test]
async fn a_bots_requests_keep_to_discords_own_document() {
    let Some(contract) = contract::load() else {
        return;
    };
    let stage = Stage::new().await;
    let client = rest(&stage);
    let channel = Id::new(stage.world.guilds[0].channels[0].id);
    client
        .create_message(channel)
        .content("one")
        .await
        .expect("sent");
    client.gateway().authed().await.expect("sent");
    client
        .create_private_channel(Id::new(stage.world.people[0].id))
        .await
        .expect("sent");
    stage
        .register(json!([{"type": 3, "name": "a", "description": "d"}]))
        .await;
    let log = stage.get("/requests?responses=true").await;
    let log = log["requests"].as_array().expect("a log");
    assert_eq!(log.len(), 4);
    assert_eq!(contract.validate(log), []);
}

#[tokio::test]
async fn what_the_document_does_not_know_is_a_violation() {
    let Some(contract) = contract::load() else {
        return;
    };
    let stage = Stage::new().await;
    stage.api("GET", "/nowhere", Value::Null).await;
    let path = format!("/channels/{}/messages", stage.channel());
    stage.api("POST", &path, json!({"content": 7})).await;
    stage.api("POST", "/users/@me/channels", Value::Null).await;
    let log = stage.get("/requests?responses=true").await;
    let found = contract.validate(log["requests"].as_array().expect("a log"));
    let told: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(
        found.iter().map(|one| one.n).collect::<Vec<_>>(),
        [1, 2, 3],
        "{told:?}"
    );
}

#[tokio::test]
async fn the_web_page_is_told_what_happens() {
    let stage = Stage::new().await;
    let mut events = stage.stream("/client/events").await;
    let channel = stage.channel();
    let path = format!("/channels/{channel}/messages");
    let (_, message) = stage.api("POST", &path, json!({"content": "news"})).await;
    let id = message["id"].as_str().expect("an id");
    stage
        .call("DELETE", &format!("/client{path}/{id}"), None)
        .await;
    let mut told = String::new();
    while !told.contains("message_deleted") {
        let chunk = events
            .chunk()
            .await
            .expect("the stream goes on")
            .expect("more");
        told.push_str(&String::from_utf8_lossy(&chunk));
    }
    assert!(
        told.contains("message_created") && told.contains(&channel),
        "{told}"
    );
    assert_eq!(
        code(&stage, "GET", &format!("{path}/{id}"), Value::Null).await,
        (404, 10008)
    );
}

#[tokio::test]
async fn readiness_waits_for_shards_and_commands() {
    let stage = Stage::new().await;
    let start = async {
        stage.register(json!([])).await;
        // The bot lives on without its handle, for as long as the test does.
        drop(stage.bot(|_| None).await);
    };
    let (ready, ()) = tokio::join!(stage.get("/ready?shards=1"), start);
    assert_eq!(ready, json!({"ready": true, "shards": 1, "commands": 1}));
}

#[tokio::test]
async fn every_limited_answer_tells_its_bucket() {
    let stage = Stage::new().await;
    let headers = stage.headers("/api/v10/users/@me").await;
    for name in ["limit", "remaining", "reset", "reset-after", "bucket"] {
        assert!(
            headers.contains_key(format!("x-ratelimit-{name}")),
            "{name}"
        );
    }
}

#[tokio::test]
async fn an_unreadable_body_is_refused_and_logged() {
    let stage = Stage::new().await;
    let path = format!("/api/v10/channels/{}/messages", stage.channel());
    assert_eq!(
        stage
            .send_text(&path, "application/json", "{not json")
            .await,
        400
    );
    let log = stage.get("/requests?after=0&wait=true").await;
    assert_eq!(log["requests"][0]["status"], 400);
    assert_eq!(
        log["requests"][0]["route"],
        "/channels/{channel_id}/messages"
    );
}
