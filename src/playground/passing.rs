//! What happens in Discord by itself as time passes: threads are archived, events start and end.
//!
//! May touch: the state. Invariant: nothing is due before a request or a look is answered, as if it had
//! happened at its own time.

use super::{state::State, world::Thread};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

/// Statuses of a scheduled event.
pub(super) const SCHEDULED: u64 = 1;
pub(super) const ACTIVE: u64 = 2;
pub(super) const COMPLETED: u64 = 3;
pub(super) const CANCELED: u64 = 4;

/// Brings the state to `now`.
pub(super) fn pass_time(state: &mut State, now: DateTime<Utc>) {
    if state.next_turn.is_none_or(|next| next > now) {
        return;
    }
    archive_threads(state, now);
    turn_events(state, now);
    let threads = state.world.guilds.iter().flat_map(|guild| &guild.channels);
    let threads = threads.filter_map(|channel| archived_at(channel.thread.as_ref()?));
    let events = state.events.values().filter_map(turned_at);
    state.next_turn = threads.chain(events).min();
}

/// When a thread is archived if nothing happens in it; `None` if it is already.
pub(super) fn archived_at(thread: &Thread) -> Option<DateTime<Utc>> {
    let minutes = i64::try_from(thread.archive_after_minutes).ok()?;
    (!thread.archived).then(|| thread.active_at + TimeDelta::minutes(minutes))
}

/// When an event begins or ends next by itself; `None` if it is over.
pub(super) fn turned_at(event: &Value) -> Option<DateTime<Utc>> {
    let field = match event["status"].as_u64()? {
        SCHEDULED => "scheduled_start_time",
        ACTIVE => "scheduled_end_time",
        _ => return None,
    };
    event[field].as_str()?.parse().ok()
}

/// Discord's documentation, "Threads", section "Active & Archived Threads": threads archive after a
/// period of inactivity, and activity is a message, an unarchiving, or another auto-archive time.
fn archive_threads(state: &mut State, now: DateTime<Utc>) {
    let mut archived = Vec::new();
    for guild in &mut state.world.guilds {
        for channel in &mut guild.channels {
            let Some(thread) = &mut channel.thread else {
                continue;
            };
            if let Some(due) = archived_at(thread).filter(|due| *due <= now) {
                thread.archived = true;
                thread.changed_at = due;
                archived.push(channel.id);
            }
        }
    }
    if !archived.is_empty() {
        state.surroundings_changed();
    }
}

/// Discord's documentation, "Guild Scheduled Event", section "Guild Scheduled Event Status Update
/// Automation": an external event begins at its start and ends at its end.
fn turn_events(state: &mut State, now: DateTime<Utc>) {
    let turned: Vec<(u64, u64)> = state
        .events
        .iter()
        .filter_map(|(id, event)| Some((*id, due_status(event, now)?)))
        .collect();
    for (id, status) in turned {
        let Some(event) = state.events.get_mut(&id) else {
            continue;
        };
        event["status"] = json!(status);
        state.surroundings_changed();
    }
}

/// What an event becomes by itself at `now`; `None` if it stays what it is.
fn due_status(event: &Value, now: DateTime<Utc>) -> Option<u64> {
    let passed = |field: &str| {
        let time = event[field].as_str().and_then(|text| text.parse().ok());
        time.is_some_and(|time: DateTime<Utc>| time <= now)
    };
    match event["status"].as_u64()? {
        SCHEDULED | ACTIVE if passed("scheduled_end_time") => Some(COMPLETED),
        SCHEDULED if passed("scheduled_start_time") => Some(ACTIVE),
        _ => None,
    }
}
