//! Messages with buttons that ask one person something: remembered when they are posted, edited when
//! they need no answer any more.
//!
//! May touch: [`Rest`](crate::discord::rest::Rest) and the store. Invariant: a prompt that is gone is
//! as good as one that was edited.

use super::{Delivered, Trouble, reopened};
use crate::discord::feature::Context;
use crate::discord::prompt;
use crate::discord::reply::Message;
use crate::discord::rest::code;
use crate::domain::ids::{ChannelId, MessageId, UserId};
use crate::domain::prompt::PromptEnd;
use crate::store::outbox::{Notice, RecordPrompt, prompt_of};

/// Where a notice was posted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Posted {
    pub(super) channel: ChannelId,
    pub(super) message: MessageId,
    pub(super) in_thread: bool,
}

/// Remembers where a notice was posted that is to be answered.
pub(super) async fn record(
    context: &Context,
    user: UserId,
    notice: &Notice,
    posted: Posted,
) -> Result<Delivered, Trouble> {
    if let Some((session, kind, deadline)) = prompt_of(notice) {
        let record = RecordPrompt {
            session,
            user,
            kind,
            deadline,
            channel: posted.channel,
            message: posted.message,
            in_thread: posted.in_thread,
            at: context.clock.now(),
        };
        let Ok(()) = context.store.execute_job(record).await?;
    }
    Ok(Delivered::Done(None))
}

/// Takes the buttons off a prompt and says what became of it.
pub(super) async fn end(
    context: &Context,
    (channel, message): (ChannelId, MessageId),
    mention: Option<UserId>,
    (title, end): (&str, PromptEnd),
) -> Result<Delivered, Trouble> {
    let words = prompt::ended(title, end);
    let text = match mention {
        Some(user) => format!("<@{user}> {words}"),
        None => words,
    };
    let (rest, text) = (&context.rest, Message::text(text));
    let mut edited = rest.edit(channel, message, &text).await;
    if reopened(context, channel, edited.as_ref().err()).await? {
        edited = rest.edit(channel, message, &text).await;
    }
    match edited {
        Err(error)
            if !matches!(
                error.code(),
                Some(code::UNKNOWN_MESSAGE | code::UNKNOWN_CHANNEL)
            ) =>
        {
            Err(error.into())
        }
        _ => Ok(Delivered::Done(None)),
    }
}
