//! What the gateway tells besides interactions and messages, and in which wrapping.

use crate::{
    shape::check,
    stage::{Stage, TOKEN, card, until},
};
use overwatch_bot::playground::APPLICATION_ID;
use serde_json::{Value, json};
use twilight_gateway::{Event, Intents, Shard, ShardId, queue::InMemoryQueue};
use twilight_model::{
    gateway::payload::outgoing::RequestGuildMembers, http::attachment::Attachment, id::Id,
};

/// A shard with these intents, which knows the first guild.
async fn shard(stage: &Stage, intents: Intents) -> Shard<InMemoryQueue> {
    let config = stage.config_with(TOKEN, intents).build();
    let mut shard = Shard::with_config(ShardId::ONE, config);
    until(&mut shard, |it| matches!(it, Event::GuildCreate(_))).await;
    shard
}

async fn ok(stage: &Stage, method: &str, path: &str, body: Value) -> Value {
    let (status, answer) = stage.api(method, path, body).await;
    assert!(status < 300, "{method} {path}: {status} {answer}");
    answer
}

#[tokio::test]
async fn threads_are_told_from_start_to_end() {
    let stage = Stage::new().await;
    let intents = Intents::GUILDS | Intents::GUILD_MEMBERS;
    let mut shard = shard(&stage, intents).await;
    let card = card(&stage).await;
    let threads = format!("/channels/{}/messages/{card}/threads", stage.channel());
    ok(&stage, "POST", &threads, json!({"name": "n"})).await;
    let told = until(&mut shard, |it| matches!(it, Event::ThreadCreate(_))).await;
    let Event::ThreadCreate(thread) = told else {
        unreachable!()
    };
    assert_eq!(thread.id.to_string(), card);
    let member = format!("/channels/{card}/thread-members/{}", stage.person(2));
    ok(&stage, "PUT", &member, Value::Null).await;
    let told = until(&mut shard, |it| matches!(it, Event::ThreadMembersUpdate(_))).await;
    let Event::ThreadMembersUpdate(members) = told else {
        unreachable!()
    };
    assert_eq!(members.member_count, 2);
    let archived = json!({"archived": true});
    ok(&stage, "PATCH", &format!("/channels/{card}"), archived).await;
    until(&mut shard, |it| matches!(it, Event::ThreadUpdate(_))).await;
    let gone = format!("/client/threads/{card}");
    assert_eq!(stage.call("DELETE", &gone, None).await.0, 200);
    until(&mut shard, |it| matches!(it, Event::ThreadDelete(_))).await;
    check(&stage).await;
}

#[tokio::test]
async fn events_are_told_to_those_with_their_intent() {
    let stage = Stage::new().await;
    let intents = Intents::GUILDS | Intents::GUILD_SCHEDULED_EVENTS;
    let mut shard = shard(&stage, intents).await;
    let event = json!({
        "name": "e", "privacy_level": 2, "entity_type": 3, "entity_metadata": {"location": "l"},
        "scheduled_start_time": "2027-01-01T00:00:00Z", "scheduled_end_time": "2027-01-01T01:00:00Z",
    });
    let events = format!("/guilds/{}/scheduled-events", stage.world.guilds[0].id);
    let made = ok(&stage, "POST", &events, event).await;
    let one = format!("{events}/{}", made["id"].as_str().expect("an id"));
    until(&mut shard, |it| {
        matches!(it, Event::GuildScheduledEventCreate(_))
    })
    .await;
    ok(&stage, "PATCH", &one, json!({"name": "f"})).await;
    until(&mut shard, |it| {
        matches!(it, Event::GuildScheduledEventUpdate(_))
    })
    .await;
    ok(&stage, "DELETE", &one, Value::Null).await;
    until(&mut shard, |it| {
        matches!(it, Event::GuildScheduledEventDelete(_))
    })
    .await;
    check(&stage).await;
}

#[tokio::test]
async fn channels_and_roles_are_told_once_to_those_who_asked_for_guilds() {
    let stage = Stage::new().await;
    let guild = &stage.world.guilds[0];
    let mut shard = shard(&stage, Intents::GUILDS).await;
    let channels = format!("/guilds/{}/channels", guild.id);
    let mut made = Vec::new();
    for (kind, name) in [(0, "text"), (2, "voice"), (13, "stage")] {
        let channel = stage
            .post(&channels, json!({"name": name, "type": kind}))
            .await;
        let told = until(&mut shard, |it| matches!(it, Event::ChannelCreate(_))).await;
        let Event::ChannelCreate(told) = told else {
            unreachable!()
        };
        assert_eq!(
            (told.id.to_string().as_str(), u8::from(told.kind)),
            (channel["id"].as_str().expect("an id"), kind)
        );
        made.push(told.id);
    }
    let overwrite = json!({"id": guild.id.to_string(), "type": "role", "deny": "2048"});
    stage
        .post(&format!("/channels/{}/overwrites", made[1]), overwrite)
        .await;
    let told = until(&mut shard, |it| matches!(it, Event::ChannelUpdate(_))).await;
    let Event::ChannelUpdate(told) = told else {
        unreachable!()
    };
    assert_eq!(told.permission_overwrites.as_ref().map(Vec::len), Some(1));
    let role = guild.roles[1].id;
    stage
        .post(
            &format!("/guilds/{}/roles/{role}", guild.id),
            json!({"permissions": "8"}),
        )
        .await;
    let told = until(&mut shard, |it| matches!(it, Event::RoleUpdate(_))).await;
    let Event::RoleUpdate(told) = told else {
        unreachable!()
    };
    assert_eq!(
        (told.role.id.get(), told.role.permissions.bits()),
        (role, 8)
    );
    for channel in made {
        let path = format!("/client/channels/{channel}");
        assert_eq!(stage.call("DELETE", &path, None).await.0, 200);
        let told = until(&mut shard, |it| matches!(it, Event::ChannelDelete(_))).await;
        let Event::ChannelDelete(told) = told else {
            unreachable!()
        };
        assert_eq!(told.id, channel);
    }
    let log = stage.get("/dispatches").await;
    let log = log["dispatches"].as_array().expect("a list");
    let count = |event: &str| log.iter().filter(|it| it["t"] == event).count();
    assert_eq!(
        [
            "CHANNEL_CREATE",
            "CHANNEL_UPDATE",
            "CHANNEL_DELETE",
            "GUILD_ROLE_UPDATE"
        ]
        .map(count),
        [3, 1, 3, 1]
    );
    check(&stage).await;
}

#[tokio::test]
async fn members_and_bans_are_told_to_those_with_their_intents() {
    let stage = Stage::new().await;
    let guild = &stage.world.guilds[0];
    let intents = Intents::GUILDS | Intents::GUILD_MEMBERS | Intents::GUILD_MODERATION;
    let mut shard = shard(&stage, intents).await;
    let of = |user: &str| format!("/guilds/{}/members/{user}", guild.id);
    let ban = format!("/guilds/{}/bans/{}", guild.id, stage.person(3));
    stage
        .post(
            &of(&stage.person(2)),
            json!({"nick": "Ai", "timed_out_s": 60}),
        )
        .await;
    let told = until(&mut shard, |it| matches!(it, Event::MemberUpdate(_))).await;
    let Event::MemberUpdate(told) = told else {
        unreachable!()
    };
    assert_eq!(told.nick.as_deref(), Some("Ai"));
    assert!(told.communication_disabled_until.is_some());
    let leave = format!("/client{}", of(&stage.person(2)));
    assert_eq!(stage.call("DELETE", &leave, None).await.0, 200);
    until(&mut shard, |it| matches!(it, Event::MemberRemove(_))).await;
    stage.post(&of(&stage.person(2)), json!({})).await;
    until(&mut shard, |it| matches!(it, Event::MemberAdd(_))).await;
    // Without *Ban Members* or *View Audit Log* a bot hears that they are gone, and no more.
    stage.post(&ban, json!({})).await;
    until(&mut shard, |it| matches!(it, Event::MemberRemove(_))).await;
    stage.call("DELETE", &format!("/client{ban}"), None).await;
    let role = format!("/guilds/{}/roles/{}", guild.id, guild.id);
    stage.post(&role, json!({"permissions": "132"})).await;
    stage.post(&ban, json!({})).await;
    until(&mut shard, |it| matches!(it, Event::BanAdd(_))).await;
    stage.call("DELETE", &format!("/client{ban}"), None).await;
    until(&mut shard, |it| matches!(it, Event::BanRemove(_))).await;
    let log = stage.get("/dispatches").await;
    let log = log["dispatches"].as_array().expect("a list");
    assert_eq!(
        log.iter().filter(|it| it["t"] == "GUILD_BAN_ADD").count(),
        1
    );
    check(&stage).await;
}

#[tokio::test]
async fn only_its_own_membership_is_told_to_a_bot_without_the_intent() {
    let stage = Stage::new().await;
    let mut shard = shard(&stage, Intents::GUILDS).await;
    for user in [stage.person(2), APPLICATION_ID.to_string()] {
        let path = format!("/guilds/{}/members/{user}", stage.world.guilds[0].id);
        stage.post(&path, json!({"timed_out_s": 60})).await;
    }
    let told = until(&mut shard, |it| matches!(it, Event::MemberUpdate(_))).await;
    let Event::MemberUpdate(told) = told else {
        unreachable!()
    };
    assert_eq!(told.user.id.get(), APPLICATION_ID);
    assert!(told.communication_disabled_until.is_some());
    check(&stage).await;
}

#[tokio::test]
async fn members_are_told_in_chunks_as_far_as_intents_allow() {
    let stage = Stage::new().await;
    let guild = Id::new(stage.world.guilds[0].id);
    let mut shard = shard(&stage, Intents::GUILDS).await;
    let all = RequestGuildMembers::builder(guild)
        .nonce("all")
        .query("", None);
    shard.command(&all);
    let found = RequestGuildMembers::builder(guild)
        .nonce("some")
        .query("mi", Some(5));
    shard.command(&found);
    // Without the intent the first request is answered by nothing.
    let told = until(&mut shard, |it| matches!(it, Event::MemberChunk(_))).await;
    let Event::MemberChunk(chunk) = told else {
        unreachable!()
    };
    assert_eq!(chunk.nonce.as_deref(), Some("some"));
    assert_eq!(chunk.members[0].user.name, "mira");
    let users = vec![Id::new(APPLICATION_ID), Id::new(7)];
    let ids = RequestGuildMembers::builder(guild).user_ids(users);
    shard.command(&ids.expect("not too many"));
    let told = until(&mut shard, |it| matches!(it, Event::MemberChunk(_))).await;
    let Event::MemberChunk(chunk) = told else {
        unreachable!()
    };
    assert_eq!((chunk.members.len(), chunk.not_found.len()), (1, 1));
    check(&stage).await;
}

#[tokio::test]
async fn file_of_ten_mebibytes_is_kept_and_a_larger_one_refused() {
    let stage = Stage::new().await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = twilight_http::Client::builder()
        .token(TOKEN.to_owned())
        .proxy(stage.discord.url().replace("http://", ""), true)
        .build();
    let channel = Id::new(stage.world.guilds[0].channels[0].id);
    let most = 10 * 1024 * 1024;
    for (size, status) in [(most, 200), (most + 1, 413)] {
        let file = Attachment::from_bytes("a.bin".to_owned(), vec![b'x'; size], 0);
        let sent = client.create_message(channel).attachments(&[file]).await;
        let got = match sent {
            Ok(response) => response.status().get(),
            Err(error) => match error.kind() {
                twilight_http::error::ErrorType::Response { status, .. } => status.get(),
                other => panic!("{other:?}"),
            },
        };
        assert_eq!(got, status, "{size}");
    }
    check(&stage).await;
}

#[tokio::test]
async fn token_in_the_form_of_real_ones_is_the_same_token() {
    let stage = Stage::new().await;
    let token = format!("MTA5OTUxMTYyNzc3NjAwMDAwMA.{TOKEN}");
    let config = stage.config_with(&token, Intents::GUILDS).build();
    let mut shard = Shard::with_config(ShardId::ONE, config);
    until(&mut shard, |it| matches!(it, Event::Ready(_))).await;
}
