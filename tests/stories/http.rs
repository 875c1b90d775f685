//! Clicks that come over HTTP: the same bot without a gateway, behind Discord's signature.

use std::time::Duration;

use chrono::TimeDelta;
use overwatch_bot::discord::dispatch;
use overwatch_bot::http::interactions::{BODY_MAX_BYTES, SIGNED_WITHIN_S};
use serde_json::{Value, json};

use crate::ground::on_postgres;
use crate::scene::{account, card_reads, joined, on, planned};
use crate::world::{World, story_over_http, text_of};

#[tokio::test]
async fn a_session_is_planned_and_joined_without_a_gateway() {
    story_over_http(async |world| {
        let (organiser, player) = (world.person(0), world.person(3));
        let card = planned(&organiser, json!({"title": "Over HTTP"})).await;
        joined(&player, &card, "Kiri#1234", &["support"])
            .await
            .says("queue");
        card_reads(&player, &card, "Waiting (1)").await;
        let sessions = world.get("gateway").await;
        assert_eq!(sessions["sessions"], json!([]), "nobody connected");
    })
    .await;
}

#[tokio::test]
async fn refusals_forms_choices_and_stale_buttons_are_answered_in_the_response() {
    story_over_http(async |world| {
        let (organiser, player) = (world.person(0), world.person(3));
        let card = planned(&organiser, json!({})).await;
        let refused = player.press(&card, &on(&card, "leave")).await;
        assert_eq!(refused.outcome(), "message");
        refused.says("not in this session's queue");
        account(&player, json!({"battletag": "Kiri#1234"})).await;
        let form = player.press(&card, &on(&card, "join")).await;
        assert_eq!(form.outcome(), "modal");
        let typed = json!({"timezone": "Berl"});
        let choices = player.complete("profile edit", typed, "timezone").await;
        assert!(
            choices.iter().any(|choice| choice.1 == "Europe/Berlin"),
            "{choices:?}"
        );
        let stale = player
            .forge(&json!({"id": "1"}), "no-such-route:1", &[])
            .await;
        stale.says("earlier version");
    })
    .await;
}

#[tokio::test]
async fn a_file_is_given_by_the_callback_since_a_response_cannot_hold_it() {
    story_over_http(async |world| {
        let player = world.person(3);
        account(&player, json!({"battletag": "Kiri#1234"})).await;
        let answer = player.command("profile export", json!({})).await;
        let files = answer.message()["attachments"]
            .as_array()
            .map_or(0, Vec::len);
        assert_eq!(files, 1, "{answer:?}");
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_takes_long_is_announced_by_the_callback_and_comes_later() {
    if on_postgres() {
        return eprintln!("skipped: a lock is waited for this long on the file of SQLite only");
    }
    story_over_http(async |world| {
        // Somebody else holds the file's lock for longer than Discord would wait.
        let db = world.file();
        db.execute_batch("BEGIN IMMEDIATE").expect("a lock");
        let release = async {
            tokio::time::sleep(Duration::from_millis(dispatch::ACK_AFTER_MS + 300)).await;
            db.execute_batch("ROLLBACK")
                .expect("the lock is given back");
        };
        let player = world.person(3);
        let edit = player.command("profile edit", json!({"timezone": "Europe/Berlin"}));
        let (answer, ()) = tokio::join!(edit, release);
        assert_eq!(answer.0["deferred"], true);
        answer.says("Europe/Berlin");
    })
    .await;
}

#[tokio::test]
async fn an_interaction_that_is_delivered_twice_is_done_once() {
    story_over_http(async |world| {
        let (organiser, player) = (world.person(0), world.person(3));
        let card = planned(&organiser, json!({})).await;
        let answer = joined(&player, &card, "Kiri#1234", &["support"]).await;
        world.redeliver(&answer).await;
        let requests = world.requests().await;
        let answers = requests.iter().filter(|request| {
            let path = request["path"].as_str().unwrap_or_default();
            path.starts_with(&format!("/interactions/{}/", answer.id()))
        });
        let answers: Vec<_> = answers.collect();
        assert_eq!(answers.len(), 2);
        assert_eq!(
            answers[0]["body"], answers[1]["body"],
            "the same answer again"
        );
        assert_eq!(answers[1]["status"], 400, "which Discord knows already");
        let shown = card_reads(&player, &card, "Waiting (1)").await;
        assert_eq!(
            text_of(&shown)
                .matches(&format!("<@{}>", player.user))
                .count(),
            1
        );
    })
    .await;
}

/// A request to the door: what it answers to this body, signed then, and changed on the way.
struct Attempt<'w> {
    world: &'w World,
    signed_at: i64,
}

impl Attempt<'_> {
    async fn send(&self, signed: &str, sent: &str, headers: &[(&'static str, &str)]) -> u16 {
        let app = self.world.app.as_ref().expect("it runs");
        let url = format!("http://{}/interactions", app.http().expect("an address"));
        let timestamp = self.signed_at.to_string();
        let signature = self.world.discord.sign(&timestamp, signed);
        let mut all = vec![
            ("x-signature-ed25519", signature.as_str()),
            ("x-signature-timestamp", timestamp.as_str()),
        ];
        for (name, value) in headers {
            all.retain(|(known, _)| known != name);
            all.push((name, value));
        }
        let mut request = reqwest::Client::new().post(url).body(sent.to_owned());
        for (name, value) in all.into_iter().filter(|(_, value)| !value.is_empty()) {
            request = request.header(name, value);
        }
        request.send().await.expect("an answer").status().as_u16()
    }
}

#[tokio::test]
async fn whatever_discord_has_not_signed_at_this_moment_is_turned_away() {
    story_over_http(async |world| {
        let now = world.clock.now().timestamp();
        let at = |signed_at| Attempt { world, signed_at };
        let ping = json!({"type": 1}).to_string();
        let other = json!({"type": 1, "id": "2"}).to_string();
        assert_eq!(at(now).send(&ping, &ping, &[]).await, 200);
        assert_eq!(at(now).send(&ping, &other, &[]).await, 401, "another body");
        for (name, value) in [
            ("x-signature-ed25519", ""),
            ("x-signature-ed25519", "00"),
            ("x-signature-timestamp", ""),
            ("x-signature-timestamp", "yesterday"),
            ("x-signature-timestamp", "1"),
        ] {
            let status = at(now).send(&ping, &ping, &[(name, value)]).await;
            assert_eq!(status, 401, "{name}: {value}");
        }
        let old = now - SIGNED_WITHIN_S - 1;
        assert_eq!(at(old).send(&ping, &ping, &[]).await, 401, "from yesterday");
        let large = "x".repeat(BODY_MAX_BYTES + 1);
        assert_eq!(at(now).send(&large, &large, &[]).await, 413);
        let app = world.app.as_ref().expect("it runs");
        let url = format!("http://{}/metrics", app.http().expect("an address"));
        let told = reqwest::get(url).await.expect("an answer");
        let told = told.text().await.expect("text");
        for (reason, count) in [("unsigned", 3), ("age", 1), ("size", 1)] {
            let line = format!("http_interactions_refused_total{{reason=\"{reason}\"}} {count}\n");
            assert!(told.contains(&line), "{line} is not in\n{told}");
        }
        for nonsense in ["", "[]", "{}", "{\"type\":2}"] {
            assert_eq!(
                at(now).send(nonsense, nonsense, &[]).await,
                400,
                "{nonsense}"
            );
        }
    })
    .await;
}

/// A command with one option of one subcommand, as Discord writes it.
fn command(world: &World, id: u64, [command, sub, option]: [&str; 3], value: &str) -> String {
    let person = world.person(3);
    let user = json!({
        "id": person.user, "username": "player", "discriminator": "0", "avatar": null,
        "global_name": "Player",
    });
    let option = json!({"name": option, "type": 3, "value": value});
    json!({
        "id": id.to_string(), "application_id": "1", "token": "sent-again", "version": 1, "type": 2,
        "data": {
            "id": "2", "name": command, "type": 1,
            "options": [{"name": sub, "type": 1, "options": [option]}],
        },
        "channel": {"id": person.channel, "type": 0}, "channel_id": person.channel, "guild_id": world.server(), "guild_locale": "en-US",
        "locale": "en-US", "entitlements": [], "context": 0, "app_permissions": "0",
        "authorizing_integration_owners": {"0": world.server()}, "attachment_size_limit": 10_485_760,
        "member": {
            "user": user, "roles": [], "joined_at": "2020-01-01T00:00:00.000000+00:00",
            "deaf": false, "mute": false, "flags": 0, "permissions": "0", "nick": null,
            "avatar": null, "premium_since": null, "pending": false,
        },
    })
    .to_string()
}

#[tokio::test]
async fn signed_request_that_is_sent_again_is_done_once_and_answered_the_same() {
    story_over_http(async |world| {
        let app = world.app.as_ref().expect("it runs");
        let url = format!("http://{}/interactions", app.http().expect("an address"));
        let signed_at = world.clock.now().timestamp().to_string();
        let client = reqwest::Client::new();
        let add = command(world, 77, ["account", "add", "battletag"], "Kiri#1234");
        let signature = world.discord.sign(&signed_at, &add);
        let mut answers = Vec::new();
        for minutes in [0, 4, 2] {
            world.clock.advance(TimeDelta::minutes(minutes));
            let request = client.post(&url).body(add.clone());
            let request = request.header("x-signature-ed25519", &signature);
            let request = request.header("x-signature-timestamp", &signed_at);
            let answer = request.send().await.expect("an answer");
            let status = answer.status().as_u16();
            answers.push((status, answer.text().await.expect("text")));
        }
        assert!(
            answers[0].0 == 200 && answers[0].1.contains("Kiri"),
            "{answers:?}"
        );
        assert_eq!(answers[1], answers[0]);
        assert_eq!(answers[2], (401, String::new()), "after six minutes");
        let accounts = "SELECT count(*) FROM user_accounts";
        assert_eq!(world.ground.number(accounts).await, 1);
    })
    .await;
}

#[tokio::test]
async fn without_a_key_there_is_no_door_and_without_a_gateway_it_is_ready() {
    story_over_http(async |world| {
        world.clock.advance(TimeDelta::hours(1));
        let address = world
            .app
            .as_ref()
            .and_then(|app| app.http())
            .expect("an address");
        let ready = reqwest::get(format!("http://{address}/readyz"))
            .await
            .expect("an answer");
        assert_eq!(ready.status(), 200);
        let parts: Value = serde_json::from_str(&ready.text().await.expect("text")).expect("JSON");
        assert!(
            parts["shards"]["says"].to_string().contains("over HTTP"),
            "{parts}"
        );
    })
    .await;
    crate::world::story(async |world| {
        let address = world
            .app
            .as_ref()
            .and_then(|app| app.http())
            .expect("an address");
        let url = format!("http://{address}/interactions");
        let answer = reqwest::Client::new()
            .post(url)
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 404);
    })
    .await;
}
