//! `/session reopen`: takes back that a session was cancelled, or started before its time.
//!
//! May touch: the store. Invariant: it says who is told; what cannot be taken back any more says so
//! when it is pressed, however old the button.

use twilight_model::channel::message::Component;
use twilight_model::channel::message::component::ButtonStyle;

use super::super::click::{Click, Pressed};
use super::super::feature::{Context, Fault};
use super::super::reply::{Message, Reply, button};
use super::super::text::escape;
use super::pick::{Purpose, find, id};
use super::words::{IN_A_SERVER, named, refused, told};
use crate::domain::ids::SessionId;
use crate::domain::session::{Actor, SessionRefusal, Status};
use crate::store::session::{SessionTakenBack, TakeSessionBack};

/// `reopen:SESSION`: takes it back.
pub(super) const ROUTE: &str = "reopen";

/// The button that takes back that a session was cancelled.
pub fn reopen_button(session: SessionId) -> Component {
    let id = format!("{ROUTE}:{session}");
    button(id, "Let it take place after all", ButtonStyle::Secondary)
}

/// The button that leads to the session's dashboard.
fn manage_button(session: SessionId) -> Component {
    button(
        format!("manage:{session}"),
        "Manage",
        ButtonStyle::Secondary,
    )
}

/// The button that takes back that a session was started before its time.
pub fn not_yet_button(session: SessionId) -> Component {
    let id = format!("{ROUTE}:{session}");
    button(id, "Take the start back", ButtonStyle::Secondary)
}

pub(super) async fn run(
    ctx: &Context,
    click: &Click,
    actor: &Actor,
    typed: &str,
) -> Result<Reply, Fault> {
    let session = match find(ctx, click, actor, Purpose::TakeBack, typed).await? {
        Ok(session) => session,
        Err(sentence) => return Ok(Reply::text(sentence)),
    };
    let message = take_back(ctx, click, *actor, session.id).await?;
    Ok(Reply::Say(message))
}

pub(super) async fn pressed(ctx: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let Some(actor) = click.actor() else {
        return Ok(Reply::text(IN_A_SERVER));
    };
    let Some(session) = id(&pressed.args) else {
        return Ok(Reply::text(refused(&SessionRefusal::Unknown)));
    };
    let message = take_back(&ctx, &click, actor, session).await?;
    Ok(Reply::Update(message))
}

async fn take_back(
    ctx: &Context,
    click: &Click,
    actor: Actor,
    session: SessionId,
) -> Result<Message, Fault> {
    let command = TakeSessionBack {
        session,
        actor,
        at: click.at,
    };
    let outcome = ctx.execute(click, command).await?;
    Ok(match outcome {
        Ok(done) => Message::text(taken_back(&done)).row([manage_button(session)]),
        Err(refusal) => Message::text(refused(&refusal)),
    })
}

fn taken_back(done: &SessionTakenBack) -> String {
    let session = &done.session;
    let queue = match session.status {
        Status::Closed => " Its queue is closed, as it was.",
        _ => "",
    };
    if done.was == Status::Started {
        let title = escape(&session.plan.title);
        let at = session.plan.at.timestamp();
        format!(
            "⏪ **{title}** is not under way any more: it starts <t:{at}:F>, as planned.{queue}{}",
            told_players(done.told)
        )
    } else {
        format!(
            "🟢 {} takes place after all, with everybody who was in it.{queue}{}",
            named(session),
            told(done.told)
        )
    }
}

fn told_players(count: u32) -> String {
    match count {
        0 => String::new(),
        1 => " The other player is told.".to_owned(),
        count => format!(" The {count} other players are told."),
    }
}
