//! The dashboard's button that makes the session's event: for who may make events themselves, where
//! whoever planned the session may not.
//!
//! May touch: the store. Invariant: the bot makes an event only for who could make one.

use super::Desk;
use crate::discord::access::allowed_extras;
use crate::discord::click::{Click, Pressed};
use crate::discord::feature::{Context, Fault};
use crate::discord::reply::Reply;
use crate::domain::extras::Extras;
use crate::domain::session::Change;
use crate::store::session::EditSession;

/// `manage-event:SESSION:PLACE`: makes the event.
pub(super) const ADD: &str = "manage-event";

pub(super) async fn add(ctx: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let desk = match Desk::at(&ctx, &click, &pressed.args, 1) {
        Ok(desk) => desk,
        Err(reply) => return Ok(reply),
    };
    let wanted = Extras {
        thread: None,
        event: Some(true),
    };
    let (extras, refused) = allowed_extras(wanted, click.permissions);
    if let Some(sentence) = refused.first() {
        return desk.overview(sentence).await;
    }
    let command = EditSession {
        session: desk.session,
        actor: desk.actor,
        change: Change::default(),
        extras,
        at: click.at,
    };
    match ctx.execute(&click, command).await? {
        Ok(done) if done.extras.event == Some(true) => {
            desk.overview("📅 The session gets an event in this server.")
                .await
        }
        Ok(_) => desk.overview("The session has an event already.").await,
        Err(refusal) => desk.session_refused(&refusal).await,
    }
}
