//! Scheduled events of a guild, of the kind that takes place somewhere else (EXTERNAL).
//!
//! The rules are those of Discord's documentation, "Guild Scheduled Event". Invariant: an event goes
//! SCHEDULED → ACTIVE → COMPLETED or SCHEDULED → CANCELED, and to nothing that it is already; of one
//! that is over nothing changes any more (180000), and it is not listed.

use super::{
    super::{
        APPLICATION_ID, objects,
        passing::{self, ACTIVE, CANCELED, COMPLETED, SCHEDULED},
        rules::Problems,
        state::{Hub, State},
        world::permissions,
    },
    Answer, Call,
    about::present,
    errors::{self, Refusal},
};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

type Result<T = Answer> = std::result::Result<T, Refusal>;

/// Characters of an event's name, and of where it is.
const NAME_MAX: usize = 100;
/// Characters of an event's description.
const DESCRIPTION_MAX: usize = 1_000;
/// Events of a guild that are ahead or under way: section "Create Guild Scheduled Event".
const ALIVE_MAX: usize = 100;
/// The only level of privacy, and the kind of events that are somewhere else.
const GUILD_ONLY: u64 = 2;
const EXTERNAL: u64 = 3;
const KINDS: [(&str, u64); 2] = [("privacy_level", GUILD_ONLY), ("entity_type", EXTERNAL)];

/// `GET /guilds/{guild_id}/scheduled-events`
pub(super) fn list(hub: &Hub, call: &mut Call) -> Result {
    let state = hub.state();
    let guild = known(&state, call)?;
    let alive = state.events_of(guild).filter(|event| is_alive(event));
    Ok(Answer::Json(alive.cloned().collect()))
}

/// `POST /guilds/{guild_id}/scheduled-events`
pub(super) fn create(hub: &Hub, call: &mut Call) -> Result {
    let mut state = hub.state();
    let guild = known(&state, call)?;
    allowed(&state, guild)?;
    let (body, now) = (&call.body, hub.clock.now());
    let mut event = json!({
        "guild_id": objects::id(guild), "channel_id": null, "entity_id": null,
        "creator_id": objects::id(APPLICATION_ID), "creator": objects::bot_user(),
        "description": null, "image": null, "recurrence_rule": null, "user_count": 0,
        "status": SCHEDULED, "privacy_level": GUILD_ONLY, "entity_type": EXTERNAL,
        "scheduled_end_time": null, "guild_scheduled_event_exceptions": [],
    });
    take(&mut event, body);
    let mut problems = Problems::default();
    for (field, _) in KINDS.iter().filter(|(field, _)| body[*field].is_null()) {
        problems.required(field);
    }
    check_kind(body, &mut problems);
    check(&event, &mut problems);
    check_start(&event, now, &mut problems);
    Refusal::check(problems)?;
    if state.events_of(guild).filter(|one| is_alive(one)).count() >= ALIVE_MAX {
        return Err(errors::TOO_MANY_EVENTS);
    }
    let id = state.next_id(now);
    event["id"] = objects::id(id);
    state.turns_at(passing::turned_at(&event));
    state.events.insert(id, event.clone());
    state.surroundings_changed();
    Ok(Answer::Json(event))
}

/// `GET /guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}`
pub(super) fn get(hub: &Hub, call: &mut Call) -> Result {
    let state = hub.state();
    known(&state, call)?;
    let (_, event) = found(&state, call)?;
    Ok(Answer::Json(event.clone()))
}

/// `PATCH /guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}`
pub(super) fn edit(hub: &Hub, call: &mut Call) -> Result {
    let mut state = hub.state();
    let guild = known(&state, call)?;
    let (id, before) = found(&state, call)?;
    allowed(&state, guild)?;
    if !is_alive(before) {
        return Err(errors::EVENT_FINISHED);
    }
    let mut event = before.clone();
    let mut problems = Problems::default();
    take(&mut event, &call.body);
    check_kind(&call.body, &mut problems);
    check(&event, &mut problems);
    let moved = event["scheduled_start_time"] != before["scheduled_start_time"];
    if moved && before["status"] == ACTIVE {
        let said = "Cannot update start time of an active event";
        problems.add("scheduled_start_time", "GUILD_SCHEDULED_EVENT_ACTIVE", said);
    } else if moved {
        check_start(&event, hub.clock.now(), &mut problems);
    }
    if let Some(status) = problems.number("status", &call.body["status"], 1, CANCELED) {
        let from = before["status"].as_u64().unwrap_or_default();
        match (from, status) {
            (SCHEDULED, ACTIVE | CANCELED) | (ACTIVE, COMPLETED) => event["status"] = json!(status),
            _ => problems.add(
                "status",
                "TRANSITION_INVALID",
                "Invalid Guild Scheduled Event Status Transition",
            ),
        }
    }
    Refusal::check(problems)?;
    state.turns_at(passing::turned_at(&event));
    state.events.insert(id, event.clone());
    state.surroundings_changed();
    Ok(Answer::Json(event))
}

/// `DELETE /guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}`
pub(super) fn delete(hub: &Hub, call: &mut Call) -> Result {
    let mut state = hub.state();
    let guild = known(&state, call)?;
    let (id, _) = found(&state, call)?;
    allowed(&state, guild)?;
    state.events.remove(&id);
    state.surroundings_changed();
    Ok(Answer::Empty)
}

fn known(state: &State, call: &Call) -> Result<u64> {
    let guild = state.world.guild(call.id("guild_id"));
    let guild = guild.ok_or(errors::UNKNOWN_GUILD)?.id;
    present(state, guild)?;
    Ok(guild)
}

fn found<'s>(state: &'s State, call: &Call) -> Result<(u64, &'s Value)> {
    let id = call.id("guild_scheduled_event_id");
    let here = |event: &&Value| objects::read_id(&event["guild_id"]) == Some(call.id("guild_id"));
    let event = state.events.get(&id).filter(here);
    Ok((id, event.ok_or(errors::UNKNOWN_EVENT)?))
}

/// Every event here is the bot's own, which Create Events is enough for.
fn allowed(state: &State, guild: u64) -> Result<()> {
    let enough = permissions::CREATE_EVENTS | permissions::MANAGE_EVENTS;
    if state.bot_permissions(guild) & enough == 0 {
        return Err(errors::MISSING_PERMISSIONS);
    }
    Ok(())
}

/// Whether an event is ahead or under way.
pub(in crate::playground) fn is_alive(event: &Value) -> bool {
    event["status"] == SCHEDULED || event["status"] == ACTIVE
}

/// Applies what a body names.
fn take(event: &mut Value, body: &Value) {
    for field in [
        "name",
        "description",
        "entity_metadata",
        "scheduled_start_time",
        "scheduled_end_time",
    ] {
        if let Some(value) = body.get(field) {
            event[field] = match field {
                "scheduled_start_time" | "scheduled_end_time" => objects::shown_time(value),
                _ => value.clone(),
            };
        }
    }
}

/// Refuses what makes another kind of event of it, whether it is new or there already: "Guild Scheduled
/// Event", *Field Requirements By Entity Type*: an event somewhere else has no channel.
fn check_kind(body: &Value, problems: &mut Problems) {
    for (field, only) in KINDS {
        if !body[field].is_null() && body[field] != only {
            problems.choice(field, &only.to_string());
        }
    }
    if !body["channel_id"].is_null() {
        let said = "Channel is not allowed for this type of event.";
        problems.add(
            "channel_id",
            "GUILD_SCHEDULED_EVENT_CHANNEL_NOT_ALLOWED",
            said,
        );
    }
}

/// Holds an event to the rules that count at every time.
fn check(event: &Value, problems: &mut Problems) {
    problems.label("name", &event["name"], 1, NAME_MAX);
    problems.optional_text("description", &event["description"], 1, DESCRIPTION_MAX);
    let place = &event["entity_metadata"]["location"];
    problems.object("entity_metadata", &event["entity_metadata"]);
    problems.label("entity_metadata.location", place, 1, NAME_MAX);
    let (start, end) = (
        time(event, "scheduled_start_time"),
        time(event, "scheduled_end_time"),
    );
    match (start, end) {
        (None, _) => problems.required("scheduled_start_time"),
        (_, None) => problems.required("scheduled_end_time"),
        (Some(start), Some(end)) if end <= start => problems.add(
            "scheduled_end_time",
            "GUILD_SCHEDULED_EVENT_END_BEFORE_START",
            "Cannot schedule event to end before it starts.",
        ),
        _ => {}
    }
}

fn check_start(event: &Value, now: DateTime<Utc>, problems: &mut Problems) {
    if time(event, "scheduled_start_time").is_some_and(|start| start <= now) {
        problems.add(
            "scheduled_start_time",
            "GUILD_SCHEDULED_EVENT_SCHEDULE_PAST",
            "Cannot schedule event in the past.",
        );
    }
}

fn time(event: &Value, field: &str) -> Option<DateTime<Utc>> {
    event[field].as_str()?.parse().ok()
}
