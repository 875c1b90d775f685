//! The card in words alone, for where the bot lacks *Embed Links*.
//!
//! Pure. Invariant: it has the buttons of the card, and says why there is no more.

use chrono::{DateTime, Utc};

use super::{render, state};
use crate::discord::missing;
use crate::discord::reply::Message;
use crate::discord::text::{escape, long_time, relative_time};
use crate::store::queue::SessionView;

/// The card as of `now`, without its embed.
pub fn in_words(view: &SessionView, now: DateTime<Utc>) -> Message {
    let session = &view.session;
    let plan = &session.plan;
    let mut text = format!(
        "**{}** · {}\n{} ({}) · {}",
        escape(&plan.title),
        state(session.status),
        long_time(plan.at),
        relative_time(plan.at),
        plan.mode
    );
    if session.status.is_alive() {
        text = format!("{text}\n{}", missing::brief(view));
    }
    text.push_str("\n-# I lack *Embed Links* in this channel, so I cannot show who is in it.");
    Message {
        rows: render(view, now).rows,
        ..Message::text(text)
    }
}
