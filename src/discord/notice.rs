//! The words of the notices that people get as direct messages.
//!
//! Pure. Invariant: a notice says which session it is about and what to do about it, if anything.

use super::reply::Message;
use super::text::{escape, long_time, relative_time};
use super::{admission, check_in, obstacle, short};
use crate::domain::extras::Extra;
use crate::domain::ids::SessionId;
use crate::store::outbox::Notice;

/// What people call a megabyte.
const BYTES_PER_MB: u64 = 1_000_000;

/// A notice as a message, with what can be done about it.
pub fn render(notice: &Notice) -> Message {
    let message = Message::text(words(notice));
    match notice {
        Notice::Asked { session, .. } => message.row(admission::buttons(*session)),
        Notice::CheckIn { session, .. } | Notice::NoShow { session, .. } => {
            message.row([check_in::here_button(*session)])
        }
        Notice::Short { session, ways, .. } => message.row(short::buttons(*session, ways)),
        _ => message,
    }
}

/// The session in whose thread a notice may stand if somebody takes no direct messages: what they are
/// to answer in time, and that they play. Nobody else is to read what was decided against somebody.
pub fn for_thread(notice: &Notice) -> Option<SessionId> {
    match notice {
        Notice::Asked { session, .. } | Notice::CheckIn { session, .. } => Some(*session),
        Notice::Accepted { session, .. }
        | Notice::OtherRole { session, .. }
        | Notice::Reminder { session, .. } => *session,
        _ => None,
    }
}

fn words(notice: &Notice) -> String {
    match notice {
        Notice::Cancelled { title, at, reason } => {
            let reason = reason
                .as_ref()
                .map(|reason| format!("\n> {}", quoted(reason)));
            format!(
                "❌ **{}** on {} does not take place.{}",
                escape(title),
                long_time(*at),
                reason.unwrap_or_default()
            )
        }
        Notice::Moved { title, from, to } => format!(
            "🕑 **{}** has moved from {} to {} ({}). If that does not suit you, press *Leave* on its card.",
            escape(title),
            long_time(*from),
            long_time(*to),
            relative_time(*to)
        ),
        Notice::Accepted {
            title, at, role, ..
        } => format!(
            "✅ You are in: **{}** as {role}, {} ({}).",
            escape(title),
            long_time(*at),
            relative_time(*at)
        ),
        Notice::NotAccepted { title, at, reason } => {
            let reason = reason
                .as_ref()
                .map(|reason| format!("\n> {}", quoted(reason)));
            format!(
                "You are not in the line-up of **{}** on {} this time.{}",
                escape(title),
                long_time(*at),
                reason.unwrap_or_default()
            )
        }
        Notice::StartsNow { title } => format!(
            "▶️ **{}** starts now, before its time. See you there!",
            escape(title)
        ),
        Notice::NotYet { title, at } => format!(
            "⏪ **{}** has not started after all: it starts {} ({}), as planned.",
            escape(title),
            long_time(*at),
            relative_time(*at)
        ),
        Notice::Reopened { title, at } => format!(
            "🟢 **{}** takes place after all: {} ({}). You are in it as you were before it was \
             cancelled; if that does not suit you any more, press *Leave* on its card.",
            escape(title),
            long_time(*at),
            relative_time(*at)
        ),
        Notice::Waiting { title, at, .. } => format!(
            "🕑 You are waiting in the queue of **{}** on {} again; the organiser may still accept you.",
            escape(title),
            long_time(*at)
        ),
        Notice::OtherRole {
            title, at, role, ..
        } => format!(
            "🔁 You play {role} in **{}** on {}: so one more person fits in, and you had offered it.",
            escape(title),
            long_time(*at)
        ),
        Notice::Asked {
            title,
            at,
            role,
            until,
            ..
        } => format!(
            "🎟️ A place as {role} is free in **{}**, {} ({}). Do you want it? I keep it for you until \
             <t:{}:t> ({}) and then ask the next one.",
            escape(title),
            long_time(*at),
            relative_time(*at),
            until.timestamp(),
            relative_time(*until)
        ),
        Notice::OfferOver { title, at } => format!(
            "🕑 The place in **{}** on {} that I asked you about is not on offer any more. You are \
             waiting in its queue, as before.",
            escape(title),
            long_time(*at)
        ),
        Notice::CheckIn { title, at, .. } => format!(
            "✋ **{}** starts {}, and you have a place. Are you there? Say so before the start; \
             otherwise your place is offered to somebody else.",
            escape(title),
            relative_time(*at)
        ),
        Notice::NoShow { title, role, .. } => format!(
            "**{}** has started, and you had not said that you are there: your place as {role} is \
             free for others. If you are there now, press the button: as long as nobody else has it, \
             it is yours.",
            escape(title)
        ),
        Notice::Short { title, .. } => format!(
            "**{}** has started, and people are missing. With those who are there you could play \
             this instead; or leave it as it is, and take in whoever comes.",
            escape(title)
        ),
        Notice::Reminder { title, at, .. } => format!(
            "⏰ **{}** starts {}, at {}. `/profile edit` changes when I remind you.",
            escape(title),
            relative_time(*at),
            long_time(*at)
        ),
        Notice::NoExtra {
            title,
            extra,
            permission,
            obstacle,
            may_pass,
        } => match obstacle {
            Some(obstacle) => obstacle::no_extra(title, *extra, obstacle, *may_pass),
            None => no_extra(title, *extra, *permission),
        },
        Notice::CardHidden {
            title,
            channel,
            obstacle,
        } => obstacle::card_hidden(title, *channel, obstacle),
        Notice::SharedToken => "🔑 Another program answers clicks with my token: some of them get \
                                two answers, or a wrong one. Stop it; or reset the token in the \
                                developer portal, and give the new one to one of us only. \
                                (I keep answering.)"
            .into(),
        Notice::LargeDatabase { bytes, warn_bytes } => format!(
            "🗄️ My database has grown to {} MB; you asked to hear of it from {} MB on. \
             `overwatch-bot check` shows where I stand, `overwatch-bot optimize` gives unused room \
             back, and a shorter RETENTION_DAYS keeps it smaller.",
            bytes / BYTES_PER_MB,
            warn_bytes / BYTES_PER_MB
        ),
    }
}

/// Why a session has no thread or event, and the way out, as an earlier version owed it.
fn no_extra(title: &str, extra: Extra, permission: bool) -> String {
    let (what, option, needed) = match extra {
        Extra::Thread => (
            "thread",
            "thread",
            "*Create Public Threads*, *Send Messages in Threads* and *Manage Threads* in its channel",
        ),
        Extra::Event => ("event", "event", "*Create Events* in the server"),
    };
    let why = if permission {
        format!("I need {needed}. Once somebody has allowed me that")
    } else {
        format!("Discord refused it; what I need is {needed}. To try again")
    };
    format!(
        "⚠️ I could not make or change the {what} of **{}**: {why}, use `/session edit` with `{option}: Yes`. \
         The session itself goes on without it.",
        escape(title)
    )
}

fn quoted(text: &str) -> String {
    escape(text).replace('\n', "\n> ")
}
