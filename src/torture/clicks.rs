//! Interactions as Discord sends them, through the bot's own dispatcher, features and answers.
//!
//! May touch: the dispatcher, and the database's file for reading. Invariant: the same interaction comes
//! with the same words however often it is delivered; what a person saw as done has a receipt.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, Utc};
use serde_json::{Value as Json, json};
use twilight_model::application::interaction::Interaction;

use super::bot::{Bot, database};
use super::check::open;
use super::discord::{ALL_PERMISSIONS, APPLICATION, CHANNELS, Discord, GUILD};
use super::disk::Chance;
use super::people::{ORGANISERS, People};
use super::rows::Rows;
use crate::domain::ids::{InteractionId, SessionId};

/// View Channel and Send Messages, which everybody has.
const PLAYER_PERMISSIONS: &str = "3072";
/// Kinds of interactions ("Receiving and Responding", *Interaction Type*).
const COMMAND: u8 = 2;
const COMPONENT: u8 = 3;
const MODAL: u8 = 5;
/// How answers begin that tell that something was done.
const DONE: [&str; 5] = ["✅", "You have left", "📺", "Noted", "🔄"];
/// Times that all tasks that can go on are let go on, while no time passes.
const TURNS: u32 = 64;
/// What a delivery for the second time may change, or a job meanwhile: the card of a session that is over is brought up to date by
/// whatever click is late, with a receipt of that.
const CHANGED_AGAIN: [&str; 4] = ["outbox", "receipts", "known_time", "days_run"];

type Receipts = BTreeMap<String, String>;

/// Those who click, and what they saw.
pub(super) struct Clicks {
    chance: Chance,
    given: BTreeMap<i64, Json>,
    /// What people saw as done, with the receipts of it once they were looked up.
    done: BTreeMap<i64, Option<Receipts>>,
    /// Answers that were looked through.
    answers: BTreeMap<i64, bool>,
}

impl Clicks {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            chance: Chance::new(seed ^ 0xC11C),
            given: BTreeMap::new(),
            done: BTreeMap::new(),
            answers: BTreeMap::new(),
        }
    }

    /// What people saw as done.
    pub(super) fn done(&self) -> usize {
        self.done.len()
    }

    /// Somebody clicks or types something.
    pub(super) fn click(&mut self, bot: &Bot, discord: &Discord, people: &mut People) -> i64 {
        let id = people.interaction(discord.state().now()).0;
        let event = self.draw(id, people);
        discord.state().ask(id);
        self.given.insert(id, event);
        self.deliver(bot, id);
        id
    }

    fn deliver(&self, bot: &Bot, id: i64) {
        let interaction = serde_json::from_value::<Interaction>(self.given[&id].clone());
        bot.dispatcher
            .dispatch(interaction.expect("Discord's own form"));
    }

    /// Delivers something that was done once more: no table is changed by it.
    pub(super) async fn again(
        &mut self,
        folder: &Path,
        bot: &Bot,
        since: DateTime<Utc>,
    ) -> Result<bool, String> {
        let kept: Vec<i64> = self.kept(since).collect();
        if kept.is_empty() {
            return Ok(false);
        }
        let id = kept[self.chance.below(kept.len())];
        let_all_go_on().await;
        let before = Rows::read(&database(folder))?;
        self.deliver(bot, id);
        let_all_go_on().await;
        let after = Rows::read(&database(folder))?;
        let mut changed = after.changed_since(&before);
        changed.retain(|table| !CHANGED_AGAIN.contains(&table.as_str()));
        match changed.is_empty() && after.lost_since(&before, "receipts") == 0 {
            true => Ok(true),
            false => Err(format!(
                "delivered again it changes {changed:?}: {}",
                self.given[&id]["data"]
            )),
        }
    }

    /// Those that were made since then.
    fn kept(&self, since: DateTime<Utc>) -> impl Iterator<Item = i64> {
        let ids = self.done.keys().copied();
        ids.filter(move |id| InteractionId(*id).created_at() > since)
    }

    /// Each interaction that a person saw as done has its receipts, and keeps them.
    pub(super) fn check(
        &mut self,
        folder: &Path,
        discord: &Discord,
        people: &mut People,
        since: DateTime<Utc>,
    ) -> Result<(), String> {
        for (id, asked) in &discord.state().asked {
            if let Some(shown) = &asked.shown {
                let text = shown["content"].as_str().unwrap_or_default();
                let is_done = DONE.iter().any(|begin| text.starts_with(begin));
                self.answers.insert(*id, is_done);
                if is_done {
                    self.done.entry(*id).or_default();
                }
            }
        }
        let db = open(&database(folder))?;
        let wrong = |error: rusqlite::Error| format!("the database cannot be read: {error}");
        let sql = "SELECT command, answer FROM receipts WHERE interaction_id = ?1";
        let mut statement = db.prepare(sql).map_err(wrong)?;
        for id in self.kept(since).collect::<Vec<_>>() {
            let rows = statement.query_map([id], |row| Ok((row.get(0)?, row.get(1)?)));
            let found: Receipts = rows.and_then(Iterator::collect).map_err(wrong)?;
            let earlier = self.done.get(&id).cloned().flatten();
            let lost = |(command, answer): (&String, &String)| found.get(command) != Some(answer);
            let is_lost = earlier.iter().flatten().any(lost);
            if found.is_empty() || is_lost {
                let what = &self.given[&id]["data"];
                return Err(format!("an acknowledged click has no receipt: {what}"));
            }
            if let Some(answer) = found.get("create_session") {
                let answer: Json = serde_json::from_str(answer).unwrap_or_default();
                people.sessions_made(answer["session"]["id"].as_i64().map(SessionId));
            }
            self.done.insert(id, Some(found));
        }
        Ok(())
    }

    /// How many interactions have an answer other than that something was done.
    pub(super) fn refused(&self) -> usize {
        self.answers.values().filter(|is_done| !**is_done).count()
    }

    fn draw(&mut self, id: i64, people: &mut People) -> Json {
        let channel = CHANNELS[self.chance.below(CHANNELS.len())];
        let (mut user, session) = (people.anybody(), people.some_session());
        let (kind, data) = match (session, self.chance.below(12)) {
            (None, _) | (_, 0) => {
                user = people.leader();
                (COMMAND, self.create(id))
            }
            (_, 1 | 2) => (COMMAND, add_account(id, user)),
            (Some(session), 3..=5) => (MODAL, join(session)),
            (Some(session), 6) => (COMPONENT, button("join", session)),
            (Some(session), 7 | 8) => (COMPONENT, button("leave", session)),
            (Some(session), 9 | 10) => (COMPONENT, button("streaming", session)),
            (Some(session), _) => (COMPONENT, button("refresh", session)),
        };
        let permissions = match user <= ORGANISERS {
            true => ALL_PERMISSIONS,
            false => PLAYER_PERMISSIONS,
        };
        event(id, (kind, data), (user, permissions), channel)
    }

    fn create(&mut self, id: i64) -> Json {
        let mode = ["5v5", "6v6", "6v6-flex"][self.chance.below(3)];
        let when = format!("in {} hours", 1 + self.chance.below(6));
        let option = |name: &str, value: &str| json!({"name": name, "type": 3, "value": value});
        let options = [
            option("mode", mode),
            option("when", &when),
            option("title", &format!("Typed {id}")),
            option("timezone", "Europe/Berlin"),
        ];
        command("session", "create", &options)
    }
}

/// Lets all tasks go on as far as they can without any time passing.
pub(super) async fn let_all_go_on() {
    for _ in 0..TURNS {
        tokio::task::yield_now().await;
    }
}

fn command(name: &str, subcommand: &str, options: &[Json]) -> Json {
    let subcommand = json!({"name": subcommand, "type": 1, "options": options});
    json!({"id": "1", "name": name, "type": 1, "options": [subcommand]})
}

fn add_account(id: i64, user: i64) -> Json {
    let battletag = format!("Typed{user}#{}", 1_000 + (id & 0xFFF));
    let option = json!({"name": "battletag", "type": 3, "value": battletag});
    command("account", "add", &[option])
}

fn button(route: &str, session: SessionId) -> Json {
    json!({"id": 1, "custom_id": format!("{route}:{session}"), "component_type": 2})
}

/// The form for joining, with roles.
fn join(session: SessionId) -> Json {
    let roles =
        json!({"type": 3, "id": 2, "custom_id": "roles", "values": ["tank", "damage", "support"]});
    let note = json!({"type": 4, "id": 4, "custom_id": "note", "value": "typed"});
    json!({"custom_id": format!("join:{session}"), "components": [
        {"type": 18, "id": 1, "component": roles}, {"type": 18, "id": 3, "component": note},
    ]})
}

/// An interaction as the gateway delivers it ("Receiving and Responding", *Interaction Object*).
fn event(
    id: i64,
    (kind, data): (u8, Json),
    (user, permissions): (i64, &str),
    channel: i64,
) -> Json {
    let person = |user: i64, name: &str| json!({"id": user.to_string(), "username": name, "discriminator": "0", "avatar": null, "global_name": null});
    let mut event = json!({
        "id": id.to_string(), "application_id": APPLICATION.to_string(), "type": kind, "data": data,
        "token": id.to_string(), "version": 1, "context": 0, "locale": "en-GB",
        "guild_id": GUILD.to_string(), "guild_locale": "en-US",
        "channel_id": channel.to_string(), "channel": {"id": channel.to_string(), "type": 0},
        "app_permissions": ALL_PERMISSIONS, "entitlements": [], "attachment_size_limit": 10_485_760,
        "authorizing_integration_owners": {"0": GUILD.to_string()},
        "member": {
            "user": person(user, &format!("Person {user}")), "roles": [], "permissions": permissions,
            "joined_at": "2026-01-01T00:00:00.000000+00:00", "deaf": false, "mute": false, "flags": 0,
            "nick": null, "avatar": null, "premium_since": null, "pending": false,
        },
    });
    if kind != COMMAND {
        event["message"] = json!({
            "id": "1", "channel_id": channel.to_string(), "type": 0,
            "author": person(APPLICATION, "overwatch-bot"), "content": "",
            "timestamp": "2026-01-01T00:00:00.000000+00:00", "edited_timestamp": null, "tts": false,
            "pinned": false, "mention_everyone": false, "mention_roles": [], "mentions": [],
            "attachments": [], "embeds": [], "components": [], "flags": 0,
        });
    }
    event
}
