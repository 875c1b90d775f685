//! `/session cancel`: asks first, and tells those in the queue why.
//!
//! May touch: the store. Invariant: nothing is cancelled by the first click; a question that was
//! left lying about is judged by what is true when it is answered.

use twilight_model::channel::message::component::{ButtonStyle, TextInputStyle};

use super::super::click::{Click, Pressed, Submitted};
use super::super::feature::{Context, Fault};
use super::super::reply::{Message, Modal, Reply, button, field, text_input};
use super::super::text::{escape, plain, truncate};
use super::definition::Cancel;
use super::options;
use super::options::Sentence;
use super::pick::{Purpose, find, id, managed};
use super::reopen::reopen_button;
use super::words::{IN_A_SERVER, named, refused, told};
use crate::domain::ids::SessionId;
use crate::domain::session::{Actor, REASON_MAX_CHARS, Session, SessionRefusal};
use crate::store::session::{CancelSession, Cancelled};

/// Asks whether to cancel the session of its id, which other features' buttons may lead to.
pub const ASK: &str = "cancel-ask";
/// Cancels.
pub(super) const SURE: &str = "cancel-sure";
/// Opens the form for the reason.
pub(super) const WHY: &str = "cancel-why";
/// The form, sent: cancels.
pub(super) const SAID_WHY: &str = "cancel-said";
/// Does nothing.
pub(super) const KEEP: &str = "cancel-keep";

const REASON: &str = "reason";
/// Characters of the session's name in a form's title.
const TITLE_MAX_CHARS: usize = 30;

/// The question whether to cancel `session`, with its buttons.
pub fn cancel_question(session: &Session) -> Message {
    let id = session.id;
    let text = format!(
        "Cancel {}? Its card will say so, and those in its queue are told.",
        named(session)
    );
    Message::text(text).row([
        button(
            format!("{SURE}:{id}"),
            "Cancel the session",
            ButtonStyle::Danger,
        ),
        button(
            format!("{WHY}:{id}"),
            "Cancel it and say why…",
            ButtonStyle::Secondary,
        ),
        button(format!("{KEEP}:{id}"), "Keep it", ButtonStyle::Secondary),
    ])
}

/// With a reason the form is the question: the reason is in it and can still be changed.
pub(super) async fn run(
    ctx: &Context,
    click: &Click,
    actor: &Actor,
    options: &Cancel,
) -> Result<Reply, Fault> {
    let session = match find(ctx, click, actor, Purpose::Manage, &options.session).await? {
        Ok(session) => session,
        Err(sentence) => return Ok(Reply::text(sentence)),
    };
    if let Err(refusal) = session.cancelled(actor) {
        return Ok(Reply::text(refused(&refusal)));
    }
    let typed = options.reason.as_deref().unwrap_or_default();
    Ok(match options::reason(typed) {
        Ok(None) => Reply::Say(cancel_question(&session)),
        Ok(Some(reason)) => Reply::Ask(form(&session, Some(&reason))),
        Err(sentence) => Reply::text(sentence),
    })
}

pub(super) async fn ask(ctx: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    Ok(match asked_about(&ctx, &click, &pressed).await? {
        Ok(session) => Reply::Say(cancel_question(&session)),
        Err(sentence) => Reply::text(sentence),
    })
}

pub(super) async fn why(ctx: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    Ok(match asked_about(&ctx, &click, &pressed).await? {
        Ok(session) => Reply::Ask(form(&session, None)),
        Err(sentence) => Reply::Update(Message::text(sentence)),
    })
}

pub(super) async fn sure(ctx: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    cancel(&ctx, &click, id(&pressed.args), None).await
}

pub(super) async fn said_why(ctx: Context, click: Click, sent: Submitted) -> Result<Reply, Fault> {
    match options::reason(sent.text(REASON)) {
        Ok(reason) => cancel(&ctx, &click, id(&sent.args), reason).await,
        Err(sentence) => Ok(Reply::text(sentence)),
    }
}

pub(super) async fn keep() -> Result<Reply, Fault> {
    Ok(Reply::Update(Message::text("Nothing was cancelled.")))
}

/// The session that a button is about, if it may be cancelled by whoever pressed it.
async fn asked_about(
    ctx: &Context,
    click: &Click,
    pressed: &Pressed,
) -> Result<Result<Session, Sentence>, Fault> {
    let Some(actor) = click.actor() else {
        return Ok(Err(IN_A_SERVER.into()));
    };
    let session = match managed(ctx, &actor, id(&pressed.args)).await? {
        Ok(session) => session,
        Err(sentence) => return Ok(Err(sentence)),
    };
    let cancelled = session.cancelled(&actor).map(|()| session);
    Ok(cancelled.map_err(|refusal| refused(&refusal)))
}

async fn cancel(
    ctx: &Context,
    click: &Click,
    session: Option<SessionId>,
    reason: Option<String>,
) -> Result<Reply, Fault> {
    let Some(actor) = click.actor() else {
        return Ok(Reply::text(IN_A_SERVER));
    };
    let outcome = match session {
        Some(session) => {
            let cancel = CancelSession {
                session,
                actor,
                reason,
                at: click.at,
            };
            ctx.execute(click, cancel).await?
        }
        None => Err(SessionRefusal::Unknown),
    };
    let done = match outcome {
        Ok(done) => done,
        Err(refusal) => return Ok(Reply::Update(Message::text(refused(&refusal)))),
    };
    let message = Message::text(cancelled(&done));
    Ok(Reply::Update(if done.session.plan.at > click.at {
        message.row([reopen_button(done.session.id)])
    } else {
        message
    }))
}

fn cancelled(done: &Cancelled) -> String {
    format!(
        "❌ **{}** is cancelled.{}",
        escape(&done.session.plan.title),
        told(done.told)
    )
}

fn form(session: &Session, reason: Option<&str>) -> Modal {
    let input = text_input(
        REASON,
        TextInputStyle::Paragraph,
        false,
        REASON_MAX_CHARS,
        "For those in its queue",
        reason,
    );
    Modal {
        id: format!("{SAID_WHY}:{}", session.id),
        title: format!(
            "Cancel “{}”?",
            truncate(&plain(&session.plan.title), TITLE_MAX_CHARS)
        ),
        fields: vec![field("Why? Sending this cancels the session.", None, input)],
    }
}
