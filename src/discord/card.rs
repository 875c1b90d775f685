//! The card of a session: one message that tells the truth about it.
//!
//! Pure. Invariant: rendered from one snapshot, within Discord's limits however many are in.

use chrono::{DateTime, Utc};

use super::reply::Message;
use super::text::escape;
use crate::store::queue::SessionView;

/// The card as of `now`.
pub fn render(view: &SessionView, _now: DateTime<Utc>) -> Message {
    Message::text(escape(&view.session.plan.title))
}
