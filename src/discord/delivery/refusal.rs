//! What follows when Discord refuses a delivery: whether that may pass, and what the organiser is told.
//!
//! May touch: [`Rest`](super::super::rest::Rest), to ask why, and the store. Invariant: what may pass is
//! parked, not dropped; the organiser is told once for as long as it lasts.

use super::super::access::{Asset, bot_rights};
use super::super::feature::Context;
use super::super::rest::{RestError, code};
use super::{Delivered, Trouble};
use crate::domain::extras::{Extra, ThreadState};
use crate::domain::ids::{ChannelId, SessionId};
use crate::domain::obstacle::Obstacle;
use crate::store::extras::{RefuseExtra, ViewThread};
use crate::store::outbox::parking::{Cause, IsParked, Parking};
use crate::store::outbox::{Due, Owed};
use crate::store::session::{CardStateOf, FindSession, ReportCardTrouble};

/// Whether a request that Discord refused may be taken later without being another one.
pub(super) fn may_pass(error: &RestError) -> bool {
    let RestError::Refused { status, code, .. } = error else {
        return false;
    };
    match *code {
        // The person's own settings: not retried.
        code::CANNOT_MESSAGE_USER | code::NO_MUTUAL_GUILD => false,
        code::UNKNOWN_GUILD
        | code::THREAD_ARCHIVED
        | code::THREAD_LOCKED
        | code::TOO_MANY_THREADS
        | code::TOO_MANY_EVENTS
        | code::BLOCKED_BY_AUTOMOD => true,
        // Missing permissions, a proxy's refusal without a code of Discord's, and Discord's internal network
        // error (40333).
        _ => *status == 403,
    }
}

/// How a delivery ends that Discord has refused.
pub(super) async fn settle(
    context: &Context,
    due: &Due,
    error: &RestError,
) -> Result<Delivered, Trouble> {
    if let (Owed::Card(session), Some(code::UNKNOWN_CHANNEL)) = (&due.owed, error.code()) {
        report_card(context, *session, Obstacle::ChannelGone).await?;
    }
    let Some(channel) = place(due).filter(|_| may_pass(error)) else {
        return Ok(Delivered::Impossible(error.to_string()));
    };
    let parking = parking(due, channel, error.code().unwrap_or_default());
    // A card that was moved is reported anew where it is refused again.
    let is_known = match due.owed {
        Owed::Card(session) => {
            let card = context.store.query(CardStateOf(session)).await?;
            card.trouble.is_some()
        }
        _ => {
            let row = due.id;
            context.store.query(IsParked { row, parking }).await?
        }
    };
    if !is_known {
        report(context, due, error).await?;
    }
    Ok(Delivered::Parked(parking, error.to_string(), None))
}

/// Where a delivery is refused with this code, and why.
fn parking(due: &Due, channel: ChannelId, refused: u64) -> Parking {
    let is_new = due.destination.message.is_none();
    let cause = match (refused, &due.owed) {
        (code::MISSING_ACCESS | code::UNKNOWN_GUILD, _) => Cause::Access,
        (code::THREAD_ARCHIVED | code::THREAD_LOCKED, _) => Cause::Locked,
        (code::TOO_MANY_THREADS, _) => Cause::Full("threads"),
        (code::TOO_MANY_EVENTS, _) => Cause::Full("events"),
        (code::MISSING_PERMISSIONS, owed) => Cause::Permission(match owed {
            Owed::Card(_) | Owed::Call(_) if is_new => "post",
            Owed::Thread(_) if is_new => "start_thread",
            Owed::Thread(_) => "thread",
            Owed::Event(_) => "event",
            _ => "edit",
        }),
        _ => Cause::Own,
    };
    let in_thread = due.destination.message.map(|thread| ChannelId(thread.0));
    let channel = match (&due.owed, cause) {
        // An event belongs to the server, and so do the limits.
        (Owed::Event(_), _) | (_, Cause::Full(_)) => None,
        // Each thread is locked by itself.
        (Owed::Thread(_), Cause::Locked) => Some(in_thread.unwrap_or(channel)),
        _ => Some(channel),
    };
    Parking {
        guild: due.destination.guild,
        channel,
        cause,
    }
}

/// The channel of a server in which something is delivered; `None` for direct messages.
fn place(due: &Due) -> Option<ChannelId> {
    match due.owed {
        Owed::Message { .. }
        | Owed::PromptEnd {
            in_thread: false, ..
        } => None,
        Owed::Retraction { channel, .. } | Owed::PromptEnd { channel, .. } => Some(channel),
        Owed::Card(_) | Owed::Thread(_) | Owed::Event(_) | Owed::Call(_) => due.destination.channel,
    }
}

/// Tells the organiser what is refused, and why.
async fn report(context: &Context, due: &Due, error: &RestError) -> Result<(), Trouble> {
    match due.owed {
        Owed::Card(session) => {
            let obstacle = why(context, session, None, error).await?;
            report_card(context, session, obstacle).await
        }
        Owed::Thread(session) => {
            let obstacle = why(context, session, Some(Extra::Thread), error).await?;
            report_extra(context, session, Extra::Thread, obstacle, true).await
        }
        Owed::Event(session) => {
            let obstacle = why(context, session, Some(Extra::Event), error).await?;
            report_extra(context, session, Extra::Event, obstacle, true).await
        }
        _ => Ok(()),
    }
}

/// Ends a thread or an event that Discord refuses for good, and tells the organiser why. It is not tried
/// again before somebody asks for it anew.
pub(super) async fn give_up_extra(
    context: &Context,
    session: SessionId,
    extra: Extra,
    error: &RestError,
) -> Result<(), Trouble> {
    report_extra(context, session, extra, obstacle(error), false).await
}

/// Why a session's card, or an extra of it, is refused. Where Discord only says that the bot may not, it is asked which
/// permissions the bot has.
async fn why(
    context: &Context,
    session: SessionId,
    extra: Option<Extra>,
    error: &RestError,
) -> Result<Obstacle, Trouble> {
    let obstacle = obstacle(error);
    let found = context.store.query(FindSession(session)).await?;
    let (Obstacle::Forbidden, Some(session)) = (&obstacle, found) else {
        return Ok(obstacle);
    };
    let asset = match extra {
        None => Asset::Card {
            is_new: session.card.is_none(),
        },
        Some(Extra::Thread) => {
            let view = context.store.query(ViewThread(session.id)).await?;
            Asset::Thread {
                is_new: view.is_none_or(|view| view.thread.state == ThreadState::None),
            }
        }
        Some(Extra::Event) => Asset::Event,
    };
    let (rest, now) = (&context.rest, context.clock.now());
    let rights = bot_rights(rest, session.guild, session.channel, now).await;
    Ok(rights.obstacle(asset))
}

pub(super) async fn report_card(
    context: &Context,
    session: SessionId,
    obstacle: Obstacle,
) -> Result<(), Trouble> {
    let at = context.clock.now();
    let report = ReportCardTrouble {
        session,
        obstacle,
        at,
    };
    let Ok(()) = context.store.execute_job(report).await?;
    Ok(())
}

async fn report_extra(
    context: &Context,
    session: SessionId,
    extra: Extra,
    obstacle: Obstacle,
    may_pass: bool,
) -> Result<(), Trouble> {
    let refuse = RefuseExtra {
        session,
        extra,
        obstacle,
        may_pass,
        at: context.clock.now(),
    };
    let Ok(()) = context.store.execute_job(refuse).await?;
    Ok(())
}

/// Why Discord refuses it, as far as its answer tells.
fn obstacle(error: &RestError) -> Obstacle {
    match error.code().unwrap_or_default() {
        code::UNKNOWN_GUILD => Obstacle::Removed,
        code::UNKNOWN_CHANNEL => Obstacle::ChannelGone,
        code::THREAD_ARCHIVED | code::THREAD_LOCKED => Obstacle::Locked,
        code::TOO_MANY_THREADS => Obstacle::TooManyThreads,
        code::TOO_MANY_EVENTS => Obstacle::TooManyEvents,
        code::WRONG_CHANNEL_TYPE => Obstacle::NoThreads,
        code::MISSING_ACCESS | code::MISSING_PERMISSIONS => Obstacle::Forbidden,
        code => Obstacle::Other(code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_told_from_what_never_does() {
        let refused = |status, code| RestError::Refused {
            status,
            code,
            message: String::new(),
        };
        for (status, code) in [
            (403, code::MISSING_ACCESS),
            (403, code::MISSING_PERMISSIONS),
            (404, code::UNKNOWN_GUILD),
            (400, code::THREAD_ARCHIVED),
            (400, code::TOO_MANY_EVENTS),
            (403, 0),
        ] {
            assert!(may_pass(&refused(status, code)), "{code}");
        }
        for (status, code) in [
            (404, code::UNKNOWN_CHANNEL),
            (404, code::UNKNOWN_USER),
            (403, code::CANNOT_MESSAGE_USER),
            (400, code::INVALID_FORM),
            (400, code::WRONG_CHANNEL_TYPE),
        ] {
            assert!(!may_pass(&refused(status, code)), "{code}");
        }
    }
}
