//! `/profile export`: all that is held of a person, as a JSON file for them alone.
//!
//! May touch: the store and the domain. Invariant: times are ISO 8601 in UTC, and ids are text: as
//! numbers they would lose digits in most programs that read JSON.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use twilight_model::http::attachment::Attachment;

use super::super::click::Click;
use super::super::feature::{Context, Fault};
use super::super::reply::{Message, Reply};
use super::NOTHING_HELD;
use crate::domain::account::Account;
use crate::domain::balance::{Bond, Team};
use crate::domain::ids::{SessionId, UserId};
use crate::domain::log::{Record, Whom};
use crate::domain::profile::Profile;
use crate::domain::session::Session;
use crate::store::profile::{
    ArchivedPart, Everything, ExportProfile, NoShow, OfferedPlace, Participation, Prompted,
    QueueEntry, SessionName,
};

const FILE_NAME: &str = "overwatch-profile.json";
/// The version of the document. It rises when something is renamed, removed or told in another way. 1 said none,
/// and had a few ids as numbers.
const VERSION: u32 = 2;
/// Fields of what is stored as JSON that hold ids.
const ID_FIELDS: [&str; 2] = ["channel", "session"];

/// Hands the file over.
pub(super) async fn run(context: &Context, click: &Click) -> Result<Reply, Fault> {
    let Some(everything) = context.query(ExportProfile(click.person.id)).await? else {
        return Ok(Reply::text(NOTHING_HELD));
    };
    let document = document(click.person.id, &everything, click.at);
    let bytes = serde_json::to_vec_pretty(&document)
        .map_err(|error| Fault::Broken(format!("the export: {error}")))?;
    Ok(Reply::Say(Message {
        text: "📦 All that I hold of you, for you alone.".into(),
        file: Some(Attachment::from_bytes(FILE_NAME.into(), bytes, 0)),
        ..Message::default()
    }))
}

fn document(user: UserId, everything: &Everything, now: DateTime<Utc>) -> Value {
    let person = everything.person.as_ref();
    let reminders = everything.reminders.iter().map(
        |sent| json!({ "session_id": sent.session.to_string(), "session_start": iso(sent.start) }),
    );
    let on_record = everything.records.iter();
    let on_record = on_record.map(|(session, record)| self::on_record(user, *session, record));
    json!({
        "version": VERSION,
        "exported_at": iso(now),
        "profile": person.map(|held| profile(&held.profile)),
        "accounts": person.map_or_else(Vec::new, |held| all(&held.accounts, account)),
        "queue_entries": all(&everything.entries, entry),
        "participations": all(&everything.participations, participation),
        "history": all(&everything.archived, archived),
        "organised_sessions": all(&everything.organised, organised),
        "co_organised_sessions": all(&everything.co_organised, session_name),
        "on_record": on_record.collect::<Vec<_>>(),
        "pairs": all(&everything.pairs, wish),
        "captain_in_sessions": everything.captain_of.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "left_after_their_place_was_taken_back":
            everything.taken_back.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "turned_down_before_deleting_their_profile":
            everything.turned_down.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "asked_in_messages": all(&everything.prompts, prompted),
        "no_shows": all(&everything.no_shows, no_show),
        "reminders_sent": reminders.collect::<Vec<_>>(),
        "in_threads_of_sessions": everything.threads.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "messages_to_be_sent": with_ids_as_text(json!(everything.notices)),
    })
}

fn all<T>(items: &[T], shape: fn(&T) -> Value) -> Vec<Value> {
    items.iter().map(shape).collect()
}

fn profile(profile: &Profile) -> Value {
    json!({
        "discord_id": profile.person.id.to_string(),
        "name": profile.person.name,
        "time_zone": profile.zone.map(|zone| zone.name()),
        "preferred_roles": profile.roles,
        "reminder_minutes": profile.reminder.minutes(),
        "created_at": iso(profile.created_at),
    })
}

fn account(account: &Account) -> Value {
    let ranks = account.ranks.iter().map(|(ladder, declared)| {
        json!({
            "ladder": ladder,
            "rank": declared.rank.to_string(),
            "declared_at": iso(declared.declared_at),
        })
    });
    json!({
        "id": account.id.to_string(),
        "battletag": account.battletag,
        "primary": account.primary,
        "created_at": iso(account.created_at),
        "ranks": ranks.collect::<Vec<_>>(),
    })
}

fn entry(entry: &QueueEntry) -> Value {
    let accounts = entry.accounts.iter().map(ToString::to_string);
    json!({
        "session": session_name(&entry.session),
        "roles": entry.roles,
        "account_ids": accounts.collect::<Vec<_>>(),
        "streaming": entry.streaming,
        "note": entry.note,
        "name_in_the_server": entry.nick,
        "rejected": entry.rejected,
        "joined_at": iso(entry.joined_at),
        "checked_in": entry.checked_in,
        "offered_place": entry.offered.as_ref().map(offered),
    })
}

fn offered(place: &OfferedPlace) -> Value {
    json!({
        "role": place.role,
        "answer": place.state,
        "offered_at": iso(place.at),
        "until": iso(place.until),
    })
}

fn prompted(prompt: &Prompted) -> Value {
    json!({
        "session_id": prompt.session.to_string(),
        "about": prompt.kind,
        "deadline": iso(prompt.deadline),
        "in_thread": prompt.in_thread,
        "channel_id": prompt.channel.to_string(),
        "message_id": prompt.message.to_string(),
    })
}

fn no_show(missed: &NoShow) -> Value {
    json!({
        "session_id": missed.session.to_string(),
        "server_id": missed.guild.to_string(),
        "role": missed.role,
        "start": iso(missed.start),
    })
}

fn participation(place: &Participation) -> Value {
    json!({
        "session": session_name(&place.session),
        "role": place.role,
        "account_id": place.account.map(|account| account.to_string()),
        "accepted_at": iso(place.accepted_at),
        "team": place.team.map(team),
        "beyond_a_limit": place.overridden,
    })
}

/// A record; whom else it is about is theirs.
fn on_record(user: UserId, session: SessionId, record: &Record) -> Value {
    json!({
        "session_id": session.to_string(),
        "at": iso(record.at),
        "by_you": record.by == Some(Whom::User(user)),
        "as": record.capacity,
        "action": with_ids_as_text(json!(record.action)),
        "reason": record.reason,
        "override": record.overridden,
    })
}

fn archived(part: &ArchivedPart) -> Value {
    let rank = part.rank.as_ref();
    json!({
        "session_id": part.session.to_string(),
        "server_id": part.guild.to_string(),
        "start": iso(part.at),
        "status": part.status,
        "role": part.role,
        "team": part.team.map(team),
        "rank": rank.map(|(ladder, tier, division)| format!("{ladder}: {tier} {division}")),
    })
}

fn team(team: Team) -> &'static str {
    match team {
        Team::Blue => "blue",
        Team::Red => "red",
    }
}

/// A wish about them and somebody else, who is not named.
fn wish((session, bond): &(SessionId, Bond)) -> Value {
    let kept = match bond {
        Bond::Together => "together with somebody",
        Bond::Apart => "apart from somebody",
    };
    json!({"session_id": session.to_string(), "kept": kept})
}

fn session_name(session: &SessionName) -> Value {
    json!({
        "id": session.id.to_string(),
        "server_id": session.guild.to_string(),
        "title": session.title,
        "start": iso(session.at),
        "status": session.status,
    })
}

fn organised(session: &Session) -> Value {
    let (plan, limits) = (&session.plan, &session.plan.limits);
    json!({
        "id": session.id.to_string(),
        "server_id": session.guild.to_string(),
        "channel_id": session.channel.to_string(),
        "card_message_id": session.card.map(|card| card.to_string()),
        "mode": plan.mode.id(),
        "teams": plan.teams,
        "title": plan.title,
        "description": plan.description,
        "start": iso(plan.at),
        "time_zone": plan.zone.name(),
        "length_minutes": plan.length_minutes,
        "lowest_tier": limits.lowest.map(|tier| tier.label()),
        "highest_tier": limits.highest.map(|tier| tier.label()),
        "greatest_rank_distance": limits.distance,
        "admission": plan.admission,
        "check_in_minutes": plan.check_in_minutes,
        "status": session.status,
        "cancel_reason": session.cancel_reason,
        "created_at": iso(session.created_at),
    })
}

/// Makes text of the ids in a document that was written for the database.
fn with_ids_as_text(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(with_ids_as_text).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(name, value)| match value {
                Value::Number(id) if ID_FIELDS.contains(&name.as_str()) => {
                    (name, json!(id.to_string()))
                }
                value => (name, with_ids_as_text(value)),
            });
            Value::Object(fields.collect())
        }
        value => value,
    }
}

fn iso(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::ChannelId;
    use crate::domain::log::Action;
    use crate::domain::role::Role;
    use crate::store::outbox::Notice;

    #[test]
    fn ids_in_stored_documents_become_text() {
        let channel = ChannelId(1_234_567_890_123_456_789);
        let action = with_ids_as_text(json!([Action::CardMoved { channel }]));
        let text = action.to_string();
        assert!(text.contains("\"1234567890123456789\""), "{text}");
        let notice = Notice::Accepted {
            title: "Scrim".into(),
            at: DateTime::UNIX_EPOCH,
            role: Role::Tank,
            session: Some(SessionId(12)),
        };
        assert_eq!(with_ids_as_text(json!(notice))["session"], "12");
    }
}
