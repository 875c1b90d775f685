//! Deadlines of open offers follow the start of their session.
//!
//! May touch: the domain and [`Transaction`]. Invariant: no place stays reserved longer than
//! [`OFFER_MIN_MINUTES`](crate::domain::admission::OFFER_MIN_MINUTES) past the start of its session,
//! or past the offer if that was made later.

use chrono::{DateTime, Utc};

use super::load;
use crate::domain::admission::follow_start;
use crate::domain::session::Session;
use crate::store::Transaction;
use crate::store::outbox::{self, Notice};
use crate::store::sql::{DbError, sql, values};

/// Shortens the open offers of `session` whose start has come nearer, and tells whom they were made.
pub(in crate::store) fn shorten_offers(
    tx: &mut dyn Transaction,
    session: &Session,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let queue = load(tx, session.id)?;
    for (entry, role) in queue.asked() {
        let Some(asked) = entry.asked else {
            continue;
        };
        let until = follow_start(asked.until, session.plan.at, now);
        if until == asked.until {
            continue;
        }
        let user = entry.person.id;
        let values = values![session.id, user, until];
        tx.execute(sql!("admission/set_until"), values)?;
        let notice = Notice::Asked {
            session: session.id,
            title: session.plan.title.clone(),
            at: session.plan.at,
            role,
            until,
        };
        outbox::owe_notice(tx, session.id, user, notice, now)?;
    }
    outbox::end_prompts(tx, session.id, now)
}
