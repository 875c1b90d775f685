//! The words of the notices that people get as direct messages.
//!
//! Pure. Invariant: a notice says which session it is about and what to do about it, if anything.

use super::reply::Message;
use super::text::{escape, long_time, relative_time};
use crate::store::outbox::Notice;

/// What people call a megabyte.
const BYTES_PER_MB: u64 = 1_000_000;

/// A notice as a message.
pub fn render(notice: &Notice) -> Message {
    Message::text(match notice {
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
        Notice::Accepted { title, at, role } => format!(
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
        Notice::Waiting { title, at } => format!(
            "🕑 You are waiting in the queue of **{}** on {} again; the organiser may still accept you.",
            escape(title),
            long_time(*at)
        ),
        Notice::Reminder { title, at } => format!(
            "⏰ **{}** starts {}, at {}. `/profile edit` changes when I remind you.",
            escape(title),
            relative_time(*at),
            long_time(*at)
        ),
        Notice::LargeDatabase { bytes, warn_bytes } => format!(
            "🗄️ My database has grown to {} MB; you asked to hear of it from {} MB on. \
             `overwatch-bot check` shows where I stand, `overwatch-bot optimize` gives unused room \
             back, and a shorter RETENTION_DAYS keeps it smaller.",
            bytes / BYTES_PER_MB,
            warn_bytes / BYTES_PER_MB
        ),
    })
}

fn quoted(text: &str) -> String {
    escape(text).replace('\n', "\n> ")
}
