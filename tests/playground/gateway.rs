//! Sessions, shards, replay.

use crate::{
    socket::{Frame, Socket},
    stage::{Stage, TOKEN, end, until},
};
use futures_util::StreamExt as _;
use serde::Deserialize as _;
use serde_json::{Value, json};
use twilight_gateway::queue::InMemoryQueue;
use twilight_gateway::{
    CloseFrame, Event, EventTypeFlags, Intents, Message, Shard, ShardId, StreamExt as _,
};
use twilight_model::gateway::connection_info::BotConnectionInfo;

fn is_ready(event: &Event) -> bool {
    matches!(event, Event::Ready(_))
}

fn is_message(event: &Event) -> bool {
    matches!(event, Event::MessageCreate(_))
}

async fn post(stage: &Stage, text: &str) {
    let path = format!("/channels/{}/messages", stage.channel());
    assert_eq!(
        stage.api("POST", &path, json!({"content": text})).await.0,
        200
    );
}

#[tokio::test]
async fn two_shards_are_ready_and_each_gets_its_own_guild() {
    let stage = Stage::new().await;
    for number in 0..2 {
        let mut shard = stage.shard(ShardId::new(number, 2));
        let Event::Ready(ready) = until(&mut shard, is_ready).await else {
            unreachable!()
        };
        let guild = stage.world.guilds[usize::try_from(number).expect("small")].id;
        assert_eq!(ready.guilds.len(), 1);
        assert_eq!(ready.guilds[0].id.get(), guild);
        let event = until(&mut shard, |event| matches!(event, Event::GuildCreate(_))).await;
        let Event::GuildCreate(created) = event else {
            unreachable!()
        };
        assert_eq!(created.id().get(), guild);
    }
}

#[tokio::test]
async fn guilds_are_told_only_to_those_who_asked() {
    let stage = Stage::new().await;
    let config = stage.config_with(TOKEN, Intents::GUILD_MESSAGES);
    let mut shard = Shard::with_config(ShardId::ONE, config.build());
    loop {
        match shard.next_event(EventTypeFlags::all()).await {
            Some(Ok(Event::Ready(_))) => post(&stage, "first").await,
            Some(Ok(Event::GuildCreate(_))) => panic!("nobody asked for guilds"),
            Some(Ok(Event::MessageCreate(_))) => return,
            _ => {}
        }
    }
}

#[tokio::test]
async fn what_happened_while_the_socket_was_torn_is_replayed() {
    let stage = Stage::new().await;
    let mut shard = stage.shard(ShardId::ONE);
    until(&mut shard, is_ready).await;
    let affected = stage
        .post("/faults/gateway", json!({"action": "drop"}))
        .await;
    assert_eq!(affected["affected"], 1);
    post(&stage, "missed").await;
    let Event::MessageCreate(message) = until(&mut shard, is_message).await else {
        unreachable!()
    };
    assert_eq!(message.content, "missed");
    until(&mut shard, |event| matches!(event, Event::Resumed)).await;
    let sessions = stage.get("/gateway").await;
    assert_eq!(sessions["sessions"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_reconnect_order_keeps_the_session() {
    let stage = Stage::new().await;
    let mut shard = stage.shard(ShardId::ONE);
    until(&mut shard, is_ready).await;
    stage
        .post("/faults/gateway", json!({"action": "reconnect"}))
        .await;
    until(&mut shard, |event| matches!(event, Event::Resumed)).await;
}

#[tokio::test]
async fn an_invalidated_session_starts_anew() {
    let stage = Stage::new().await;
    let mut shard = stage.shard(ShardId::ONE);
    until(&mut shard, is_ready).await;
    let session = shard.session().map(|session| session.id().to_owned());
    stage
        .post("/faults/gateway", json!({"action": "invalidate"}))
        .await;
    let event = until(&mut shard, |event| {
        matches!(event, Event::GatewayInvalidateSession(_))
    })
    .await;
    assert!(matches!(event, Event::GatewayInvalidateSession(false)));
    until(&mut shard, is_ready).await;
    assert_ne!(
        shard.session().map(|session| session.id().to_owned()),
        session
    );
}

#[tokio::test]
async fn the_next_process_resumes_the_session() {
    let stage = Stage::new().await;
    let mut first = stage.shard(ShardId::ONE);
    until(&mut first, |event| matches!(event, Event::GuildCreate(_))).await;
    first.close(CloseFrame::RESUME);
    end(&mut first).await;
    let session = first.session().cloned().expect("a session to go on with");
    let resume_url = first.resume_url().expect("its address").to_owned();
    post(&stage, "between").await;
    let config = stage.config().session(session).resume_url(resume_url);
    let mut second = Shard::with_config(ShardId::ONE, config.build());
    let Event::MessageCreate(message) = until(&mut second, is_message).await else {
        unreachable!()
    };
    assert_eq!(message.content, "between");
}

#[tokio::test]
async fn a_session_that_nobody_resumed_for_long_is_gone() {
    let stage = Stage::new().await;
    let mut first = stage.shard(ShardId::ONE);
    until(&mut first, is_ready).await;
    first.close(CloseFrame::RESUME);
    end(&mut first).await;
    let session = first.session().cloned().expect("a session");
    stage.advance_s(3_600);
    let mut second = Shard::with_config(ShardId::ONE, stage.config().session(session).build());
    until(&mut second, |event| {
        matches!(event, Event::GatewayInvalidateSession(false))
    })
    .await;
    until(&mut second, is_ready).await;
}

#[tokio::test]
async fn a_clean_close_ends_the_session() {
    let stage = Stage::new().await;
    let mut shard = stage.shard(ShardId::ONE);
    until(&mut shard, is_ready).await;
    shard.close(CloseFrame::NORMAL);
    end(&mut shard).await;
    let sessions = stage.get("/gateway").await;
    assert_eq!(sessions["sessions"].as_array().map(Vec::len), Some(0));
}

/// The code with which the server closed the connection.
async fn closed(mut shard: Shard<InMemoryQueue>, send: Option<&str>) -> u16 {
    let mut told = false;
    loop {
        match shard.next().await.expect("a close before the end") {
            Ok(Message::Close(frame)) => return frame.expect("a reason").code,
            Ok(Message::Text(text)) if !told && text.contains("READY") => {
                if let Some(send) = send {
                    shard.send(send.to_owned());
                    told = true;
                }
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_wrong_token_is_closed_with_4004() {
    let stage = Stage::new().await;
    let config = stage.config_with("wrong", Intents::GUILDS).build();
    assert_eq!(
        closed(Shard::with_config(ShardId::ONE, config), None).await,
        4004
    );
}

#[tokio::test]
async fn second_session_of_a_bucket_within_five_seconds_is_invalid() {
    let stage = Stage::new().await;
    let mut first = stage.shard(ShardId::ONE);
    until(&mut first, is_ready).await;
    let mut second = stage.shard(ShardId::ONE);
    loop {
        match second.next().await.expect("more to come") {
            Ok(Message::Text(text)) if text.contains(r#""op":9"#) => break,
            Ok(Message::Text(text)) => assert!(!text.contains("READY"), "{text}"),
            other => panic!("{other:?}"),
        }
    }
    let starts = stage.get("/gateway").await["starts"].clone();
    assert_eq!(
        (&starts["too_soon"], &starts["exceeded"]),
        (&json!(1), &json!(0))
    );
}

#[tokio::test]
async fn nonsense_is_closed_with_its_code() {
    for (payload, code) in [
        (json!({"op": 99, "d": null}), 4001),
        (json!({"d": null}), 4002),
        (json!({"op": 2, "d": {"token": TOKEN, "intents": 1}}), 4005),
    ] {
        // Each in a Discord of its own, to which no session was started just now.
        let stage = Stage::new().await;
        let shard = stage.shard(ShardId::ONE);
        assert_eq!(closed(shard, Some(&payload.to_string())).await, code);
    }
}

#[tokio::test]
async fn the_gateway_says_where_it_is_and_how_many_shards_to_start() {
    let stage = Stage::new().await;
    let (status, gateway) = stage.api("GET", "/gateway/bot", json!(null)).await;
    assert_eq!(status, 200);
    assert_eq!(gateway["shards"], 2);
    assert_eq!(gateway["url"], stage.discord.url().replace("http", "ws"));
    assert_eq!(gateway["session_start_limit"]["max_concurrency"], 16);
    let parsed = BotConnectionInfo::deserialize(&gateway);
    assert!(parsed.is_ok());
}

/// The code that closes a connection whose first payload is this one, which no Twilight shard
/// would send.
async fn closed_at_once(stage: &Stage, payload: Value) -> u16 {
    let address = stage.discord.url().replace("http://", "");
    let talk = move || -> std::io::Result<u16> {
        let mut socket = Socket::open(&address, "")?;
        socket.send(&payload)?;
        loop {
            if let Frame::Close(code) = socket.next()? {
                return Ok(code);
            }
        }
    };
    tokio::task::spawn_blocking(talk)
        .await
        .expect("no panic")
        .expect("a close frame")
}

#[tokio::test]
async fn a_shard_that_cannot_be_is_closed_with_4010() {
    let stage = Stage::new().await;
    for shard in [json!([2, 2]), json!([0, 0]), json!(["0"])] {
        let payload = json!({"op": 2, "d": {"token": TOKEN, "intents": 1, "shard": shard}});
        assert_eq!(closed_at_once(&stage, payload).await, 4010, "{shard}");
    }
}

#[tokio::test]
async fn commands_before_identifying_are_closed_with_4003() {
    let stage = Stage::new().await;
    assert_eq!(
        closed_at_once(&stage, json!({"op": 3, "d": {}})).await,
        4003
    );
}

#[tokio::test]
async fn unknown_intents_are_closed_with_4013() {
    let stage = Stage::new().await;
    let payload = json!({"op": 2, "d": {"token": TOKEN, "intents": 1_u64 << 40}});
    assert_eq!(closed_at_once(&stage, payload).await, 4013);
}
