//! Starting a session before its time: asked first, then done.
//!
//! May touch: the store. Invariant: nothing is started by the first click.

use twilight_model::channel::message::component::ButtonStyle;

use super::Desk;
use super::place::Place;
use crate::discord::click::{Click, Pressed};
use crate::discord::feature::{Context, Fault};
use crate::discord::missing::needs;
use crate::discord::reply::{Message, Reply, button};
use crate::discord::text::{escape, long_time};
use crate::store::queue::SessionView;
use crate::store::session::StartNow;

/// `manage-start:SESSION:PLACE`: asks.
pub(super) const ASK: &str = "manage-start";
/// `manage-start-sure:SESSION:PLACE`: starts.
pub(super) const SURE: &str = "manage-start-sure";

/// It would be given a start, or an end, that is not true.
const CLOCK_DOUBTED: &str = "⚠️ I don't trust my clock at the moment, so I start nothing. Whoever runs me sees why \
                             in `/readyz` and in my log; try again once that is put right.";

pub(super) async fn ask(ctx: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let desk = match Desk::at(&ctx, &click, &pressed.args, 1) {
        Ok(desk) => desk,
        Err(reply) => return Ok(reply),
    };
    let view = match desk.view().await? {
        Ok(view) => view,
        Err(reply) => return Ok(reply),
    };
    match view.session.started(&desk.actor) {
        Ok(()) => Ok(Reply::Update(question(&view, desk.place))),
        Err(refusal) => desk.session_refused(&refusal).await,
    }
}

pub(super) async fn sure(ctx: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let desk = match Desk::at(&ctx, &click, &pressed.args, 1) {
        Ok(desk) => desk,
        Err(reply) => return Ok(reply),
    };
    if !ctx.clock.is_trusted() {
        return desk.overview(CLOCK_DOUBTED).await;
    }
    // A start that is refused takes nobody out. The command decides, also about a click that comes twice.
    let gone = match desk.view().await? {
        Ok(view) if view.session.started(&desk.actor).is_ok() => desk.drop_departed().await?,
        _ => String::new(),
    };
    let command = StartNow {
        session: desk.session,
        actor: desk.actor,
        at: click.at,
    };
    match ctx.execute(&click, command).await? {
        Ok(done) => {
            let told = match done.told {
                0 => String::new(),
                1 => " The other player is told.".to_owned(),
                told => format!(" The {told} other players are told."),
            };
            desk.overview(&format!("▶️ It is under way.{told}\n{gone}"))
                .await
        }
        Err(refusal) => desk.session_refused(&refusal).await,
    }
}

fn question(view: &SessionView, place: Place) -> Message {
    let session = &view.session;
    let text = format!(
        "Start **{}** now, instead of {}? Nobody can join any more then, and its length counts \
         from now.\n{}",
        escape(&session.plan.title),
        long_time(session.plan.at),
        needs(&view.queue.missing(session)),
    );
    let id = session.id;
    Message::text(text).row([
        button(
            format!("{SURE}:{id}:{place}"),
            "Start now",
            ButtonStyle::Success,
        ),
        button(
            format!("manage:{id}:{place}"),
            "Not yet",
            ButtonStyle::Secondary,
        ),
    ])
}
