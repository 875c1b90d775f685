//! What must hold after every step, and what in the end.
//!
//! May touch: the database's file, on a connection of its own, and copies of backups. Invariant: nothing
//! here changes what the bot sees.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _};
use serde_json::Value as Json;

use super::bot::{Bot, backups, database};
use super::clicks::let_all_go_on;
use super::discord::Discord;
use super::people::{Given, Heard};
use super::rows::Rows;
use crate::discord::card;
use crate::domain::backup::BackupName;
use crate::domain::ids::SessionId;
use crate::domain::session::Status;
use crate::store::backup::list;
use crate::store::queue::ViewSession;

/// A command that was answered.
#[derive(Clone)]
pub(super) struct Acknowledged {
    pub(super) given: Given,
    pub(super) answer: Json,
}

/// Nobody has two places, nothing refers to nothing, no delivery was given up.
const NEVER: [(&str, &str); 5] = [
    (
        "somebody has two places in a session",
        "SELECT session_id, user_id FROM session_participants WHERE user_id IS NOT NULL
         GROUP BY 1, 2 HAVING count(*) > 1",
    ),
    (
        "somebody is in a queue twice",
        "SELECT session_id, user_id FROM session_queue GROUP BY 1, 2 HAVING count(*) > 1",
    ),
    (
        "two cards are owed of one session",
        "SELECT kind, key FROM outbox WHERE kind = 'card' GROUP BY 1, 2 HAVING count(*) > 1",
    ),
    (
        "a session is reminded of twice",
        "SELECT session_id, user_id, scheduled_time FROM reminders GROUP BY 1, 2, 3
         HAVING count(*) > 1",
    ),
    (
        "something refers to nothing",
        "SELECT 1 FROM pragma_foreign_key_check",
    ),
];

/// What jobs change whatever people do.
const CHANGED_BY_JOBS: [&str; 3] = ["outbox", "known_time", "days_run"];

pub(super) fn open(path: &Path) -> Result<Connection, String> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags).map_err(|error| error.to_string())
}

/// What holds at every moment. `kept` are the commands whose receipts must be there.
pub(super) fn always(folder: &Path, kept: &[&Acknowledged]) -> Result<(), String> {
    let db = open(&database(folder))?;
    let read = || -> rusqlite::Result<Option<String>> {
        for (what, sql) in NEVER {
            if db.query_row(sql, [], |_| Ok(())).optional()?.is_some() {
                return Ok(Some(what.to_owned()));
            }
        }
        let receipt = "SELECT answer FROM receipts WHERE interaction_id = ?1";
        let mut receipt = db.prepare(receipt)?;
        for one in kept {
            let id = one.given.interaction.0;
            let answers = receipt.query_map([id], |row| row.get::<_, String>(0))?;
            let answers: Vec<String> = answers.collect::<rusqlite::Result<_>>()?;
            let same =
                |text: &String| serde_json::from_str::<Json>(text).ok() == Some(one.answer.clone());
            if answers.len() != 1 || !answers.iter().all(same) {
                let what = &one.given.what;
                return Ok(Some(format!("an answered command has no receipt: {what}")));
            }
        }
        Ok(None)
    };
    match read() {
        Ok(None) => Ok(()),
        Ok(Some(wrong)) => Err(wrong),
        Err(error) => Err(format!("the database cannot be read: {error}")),
    }
}

/// SQLite's own opinion, and that each session has no more people than places.
pub(super) async fn sound(folder: &Path, bot: &Bot, sessions: &[SessionId]) -> Result<(), String> {
    {
        let db = open(&database(folder))?;
        let sound = db.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0));
        if sound.as_deref() != Ok("ok") {
            return Err(format!("the database is not sound: {sound:?}"));
        }
    }
    for session in sessions {
        let view = bot.store().query(ViewSession(*session)).await;
        let Some(view) = view.map_err(|error| error.to_string())? else {
            continue;
        };
        let (mode, teams) = (view.session.plan.mode, view.session.plan.teams);
        let taken = view.queue.accepted().count() + view.queue.asked().count();
        let places = mode.places(teams) as usize;
        if taken > places {
            return Err(format!("{taken} people have {places} places in {session}"));
        }
    }
    Ok(())
}

/// Delivered again, a command has the same answer, and not one row of any table is another but what jobs
/// change all the time.
pub(super) async fn again(folder: &Path, bot: &Bot, one: &Acknowledged) -> Result<(), String> {
    let_all_go_on().await;
    let before = Rows::read(&database(folder))?;
    let heard = one.given.deliver(bot.store()).await;
    let after = Rows::read(&database(folder))?;
    let mut changed = after.changed_since(&before);
    changed.retain(|table| !CHANGED_BY_JOBS.contains(&table.as_str()));
    if !changed.is_empty() {
        let what = &one.given.what;
        return Err(format!("delivered again it changes {changed:?}: {what}"));
    }
    match heard {
        Heard::Answer(answer) if answer != one.answer => Err(format!(
            "delivered again it is answered otherwise: {}",
            one.given.what
        )),
        Heard::Refused => Err(format!("delivered again it is refused: {}", one.given.what)),
        Heard::Answer(_) | Heard::Failed(_) => Ok(()),
    }
}

/// In the life of a process every message is made once, and once more for each answer to it that was lost;
/// that the disk failed, for however long, is no excuse.
pub(super) fn made_once(discord: &Discord) -> Result<(), String> {
    let state = discord.state();
    let count = |all: &BTreeMap<String, u32>, nonce: &String| all.get(nonce).copied().unwrap_or(0);
    let (made_before, torn_before) = &state.before;
    let now = |nonce, made: u32| made - count(made_before, nonce);
    let torn = |nonce| count(&state.torn, nonce) - count(torn_before, nonce);
    let twice = (state.made.iter()).find(|(nonce, made)| now(nonce, **made) > 1 + torn(nonce));
    match twice {
        Some((nonce, made)) => Err(format!(
            "{} messages were made under {nonce} by one process",
            now(nonce, *made)
        )),
        None => Ok(()),
    }
}

/// Backups that have their names are whole; those that are `known` were looked at before.
pub(super) fn backups_are_whole(folder: &Path, known: &mut BTreeSet<String>) -> Result<(), String> {
    let Ok(entries) = std::fs::read_dir(backups(folder)) else {
        return Ok(());
    };
    for entry in entries {
        let path = entry.map_err(|error| error.to_string())?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if BackupName::parse(&name).is_none() {
            continue;
        }
        if !known.contains(&name) {
            list::verify(&path).map_err(|error| format!("{name}: {error}"))?;
            known.insert(name);
        }
    }
    Ok(())
}

/// After Discord and the disk have been well for a while: nothing is owed any more, and every card
/// shows what is true.
pub(super) async fn converged(
    folder: &Path,
    bot: &Bot,
    discord: &Discord,
    sessions: &[SessionId],
) -> Result<(), String> {
    let now = bot.context.clock.now();
    if let Some(doubt) = bot.context.clock.doubt() {
        return Err(format!("the clock is right and not trusted: {doubt}"));
    }
    {
        let db = open(&database(folder))?;
        let due = "SELECT group_concat(kind || ' ' || key || ' ' || attempts || ' due in ' || (due_at - ?1) || ' s', ', ')
                   FROM outbox WHERE due_at <= ?1 OR attempts > 0";
        let due: Option<String> = db
            .query_row(due, [now.timestamp()], |row| row.get(0))
            .map_err(|error| error.to_string())?;
        if let Some(due) = due {
            return Err(format!("something is still owed: {due}"));
        }
    }
    for session in sessions {
        let view = bot.store().query(ViewSession(*session)).await;
        let Some(view) = view.map_err(|error| error.to_string())? else {
            continue;
        };
        if !matches!(view.session.status, Status::Open | Status::Closed) {
            continue;
        }
        let Some(message) = view.session.card else {
            return Err(format!("session {session} has no card"));
        };
        let state = discord.state();
        let Some(posted) = state.messages.get(&(view.session.channel.0, message.0)) else {
            return Err(format!("the card of session {session} is not there"));
        };
        let expected = card::render(&view, now);
        let expected = serde_json::to_value(&expected.embeds).unwrap_or_default();
        if posted.body["embeds"] != expected {
            return Err(format!(
                "the card of session {session} shows {} instead of {expected}",
                posted.body["embeds"]
            ));
        }
    }
    Ok(())
}
