//! Delivers what the world is owed: a session's card, its thread and event, a message that looks for
//! players, a notice to a person.
//!
//! May touch: [`Rest`](super::rest::Rest) and the store. Invariant: what is sent is what the
//! database says at that moment; delivering twice shows the same as delivering once.

mod card;
mod event;
mod prompt;
mod refusal;
mod renames;
mod thread;

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::access;
use super::feature::Context;
use super::reply::Message;
use super::rest::{RestError, code};
use super::{call, notice};
use crate::domain::ids::{CallId, ChannelId, MessageId, UserId};
use crate::store::Failure;
use crate::store::call::{SettleCall, ViewCall};
use crate::store::extras::{OpenThread, ReminderHolds};
use crate::store::outbox::parking::Parking;
use crate::store::outbox::{CardAt, Due, Notice, Owed};
use prompt::Posted;

pub use renames::Renames;

/// How a delivery ended.
#[derive(Debug)]
pub enum Delivered {
    /// It is there; where the session's card is now, if that has changed.
    Done(Option<CardAt>),
    /// It can never be.
    Impossible(String),
    /// It may be, later.
    Later(String),
    /// What is possible now is done; the rest is from then on.
    Postponed(DateTime<Utc>),
    /// Discord takes nothing like it for so long.
    Limited(Duration),
    /// Discord refuses it there, for this reason, which may pass; where the session's card is now, if that
    /// has changed.
    Parked(Parking, String, Option<CardAt>),
}

impl Delivered {
    /// The word for it in the metrics.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Done(_) => "done",
            Self::Impossible(_) => "impossible",
            Self::Later(_) => "later",
            Self::Postponed(_) => "postponed",
            Self::Limited(_) => "limited",
            Self::Parked(..) => "parked",
        }
    }
}

/// Delivers what is due.
pub async fn deliver(context: &Context, renames: &Renames, due: &Due) -> Delivered {
    let delivered = match &due.owed {
        Owed::Card(session) => card::deliver(context, due, *session).await,
        Owed::Thread(session) => thread::deliver(context, renames, *session).await,
        Owed::Event(session) => event::deliver(context, *session).await,
        Owed::Call(call) => deliver_call(context, *call).await,
        Owed::Retraction { channel, message } => retract(context, *channel, *message).await,
        Owed::PromptEnd {
            channel,
            message,
            mention,
            title,
            end,
            ..
        } => prompt::end(context, (*channel, *message), *mention, (title, *end)).await,
        Owed::Message { to, notice } => deliver_notice(context, due, *to, notice).await,
    };
    let settled = match delivered {
        Err(Trouble::Rest(error)) if !error.is_passing() => {
            refusal::settle(context, due, &error).await
        }
        delivered => delivered,
    };
    settled.unwrap_or_else(|error| match error {
        Trouble::Rest(RestError::Limited { retry_after }) => Delivered::Limited(retry_after),
        Trouble::Rest(error) => Delivered::Later(error.to_string()),
        Trouble::Store(error) => Delivered::Later(error.to_string()),
    })
}

/// Brings a thread back if it is archived, which is why something failed in it; whether that may be done
/// again now. The thread is left to be archived again by itself.
async fn reopened(
    context: &Context,
    channel: ChannelId,
    failed: Option<&RestError>,
) -> Result<bool, RestError> {
    if failed.and_then(RestError::code) != Some(code::THREAD_ARCHIVED) {
        return Ok(false);
    }
    context.rest.archive_thread(channel, false, None).await?;
    Ok(true)
}

enum Trouble {
    Rest(RestError),
    Store(Failure),
}

impl From<RestError> for Trouble {
    fn from(error: RestError) -> Self {
        Self::Rest(error)
    }
}

impl From<Failure> for Trouble {
    fn from(error: Failure) -> Self {
        Self::Store(error)
    }
}

/// A notice, by direct message. What is about a session goes to nobody who has left its server: they are
/// taken out of it instead. A reminder is not sent any more if it is not true any more. To who takes no
/// direct messages what they are to answer, and that they play, comes in the session's thread, if there is
/// one.
async fn deliver_notice(
    context: &Context,
    due: &Due,
    to: UserId,
    notice: &Notice,
) -> Result<Delivered, Trouble> {
    if let Notice::Reminder {
        session: Some(session),
        at,
        ..
    } = notice
    {
        let (session, at) = (*session, *at);
        let holds = ReminderHolds { session, to, at };
        if !context.store.query(holds).await? {
            return Ok(Delivered::Done(None));
        }
    }
    let at = context.clock.now();
    let destination = due.destination;
    if let Some(session) = destination.session
        && access::drop_if_departed(context, session, to, at).await?
    {
        return Ok(Delivered::Done(None));
    }
    let nonce = format!("n{}.{}", due.id, due.generation);
    let nonce = &context.nonces.for_row(&nonce);
    let message = notice::render(notice);
    let sent = deliver_message(context, to, &message, nonce).await;
    // No server in common is a sign of leaving, but also of a bot that was removed: that is asked anew.
    if let (Err(Trouble::Rest(error)), Some((session, guild))) =
        (&sent, destination.session.zip(destination.guild))
        && error.code() == Some(code::NO_MUTUAL_GUILD)
    {
        context.access.forget_member(guild, to);
        if access::drop_if_departed(context, session, to, at).await? {
            return Ok(Delivered::Done(None));
        }
    }
    let posted = match (sent, notice::for_thread(notice)) {
        (Err(Trouble::Rest(error)), Some(session))
            if error.code() == Some(code::CANNOT_MESSAGE_USER) =>
        {
            let Some(thread) = context.store.query(OpenThread(session)).await? else {
                return Err(error.into());
            };
            ping(context, thread, to, message, nonce).await?
        }
        (sent, _) => sent?,
    };
    prompt::record(context, to, notice, posted).await
}

/// Says in a thread what is somebody's to know.
async fn ping(
    context: &Context,
    thread: ChannelId,
    to: UserId,
    mut message: Message,
    nonce: &str,
) -> Result<Posted, Trouble> {
    message.text = format!("<@{to}> {}", message.text);
    let rest = &context.rest;
    let posted = rest.post_to(thread, &message, nonce, Some(to)).await?;
    Ok(Posted {
        channel: thread,
        message: posted.id,
        in_thread: true,
    })
}

/// How the posting of a message that looks for players ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Posting {
    /// It is there.
    Posted,
    /// Discord refuses it for good, with this code.
    Refused(u64),
    /// It may be, later; it is still owed.
    Later,
}

/// Posts a message that looks for players at once, for whoever waits for it.
pub async fn post_call(context: &Context, call: CallId) -> Posting {
    match deliver_call(context, call).await {
        Ok(_) => Posting::Posted,
        Err(Trouble::Rest(error)) if !error.is_passing() => {
            Posting::Refused(error.code().unwrap_or_default())
        }
        Err(_) => Posting::Later,
    }
}

async fn deliver_call(context: &Context, id: CallId) -> Result<Delivered, Trouble> {
    let Some((call, view)) = context.store.query(ViewCall(id)).await? else {
        return Ok(Delivered::Done(None));
    };
    let text = call::render(&view);
    let message = match call.message {
        None => {
            let nonce = context.nonces.for_row(&format!("l{id}"));
            Some(context.rest.post(call.channel, &text, &nonce).await?.id)
        }
        Some(message) => {
            let rest = &context.rest;
            let mut edited = rest.edit(call.channel, message, &text).await;
            if reopened(context, call.channel, edited.as_ref().err()).await? {
                edited = rest.edit(call.channel, message, &text).await;
            }
            match edited {
                Ok(_) => return Ok(Delivered::Done(None)),
                // Somebody does not want it there.
                Err(error) if error.code() == Some(code::UNKNOWN_MESSAGE) => None,
                Err(error) => return Err(error.into()),
            }
        }
    };
    let at = context.clock.now();
    let settle = SettleCall { call, message, at };
    let Ok(()) = context.store.execute_job(settle).await?;
    Ok(Delivered::Done(None))
}

/// Takes a message away; one that is gone is as good.
async fn retract(
    context: &Context,
    channel: ChannelId,
    message: MessageId,
) -> Result<Delivered, Trouble> {
    let mut deleted = context.rest.delete(channel, message).await;
    if reopened(context, channel, deleted.as_ref().err()).await? {
        deleted = context.rest.delete(channel, message).await;
    }
    match deleted {
        Err(error) if error.code() != Some(code::UNKNOWN_MESSAGE) => Err(error.into()),
        _ => Ok(Delivered::Done(None)),
    }
}

async fn deliver_message(
    context: &Context,
    to: UserId,
    message: &Message,
    nonce: &str,
) -> Result<Posted, Trouble> {
    let channel = context.rest.conversation(to).await?;
    let message = context.rest.post(channel, message, nonce).await?.id;
    Ok(Posted {
        channel,
        message,
        in_thread: false,
    })
}
