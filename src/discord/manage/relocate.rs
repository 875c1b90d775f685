//! The dashboard's page for taking the card to another channel.
//!
//! May touch: the store, through `session::move_card`. Invariant: the card goes nowhere before a channel
//! was chosen.

use twilight_model::channel::message::component::ButtonStyle;
use twilight_util::builder::embed::EmbedBuilder;

use super::{Desk, STALE, view};
use crate::discord::click::{Click, Pressed};
use crate::discord::feature::{Context, Fault};
use crate::discord::reply::{Message, Reply, button, channel_menu};
use crate::discord::session::{move_card, refused};
use crate::domain::session::SessionRefusal;

/// `manage-move:SESSION:PLACE`: the page.
pub(super) const PAGE: &str = "manage-move";
/// `manage-move-to:SESSION:PLACE`: takes the card to the channel that was chosen.
pub(super) const TO: &str = "manage-move-to";

pub(super) async fn page(ctx: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    match Desk::at(&ctx, &click, &pressed.args, 1) {
        Ok(desk) => show(&desk, "").await,
        Err(reply) => Ok(reply),
    }
}

pub(super) async fn chosen(ctx: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let desk = match Desk::at(&ctx, &click, &pressed.args, 1) {
        Ok(desk) => desk,
        Err(reply) => return Ok(reply),
    };
    let Some(channel) = pressed.channels.first() else {
        return desk.overview(STALE).await;
    };
    match move_card(&ctx, &click, desk.actor, desk.session, channel).await? {
        Ok(said) => desk.overview(&said).await,
        Err(sentence) => show(&desk, &sentence).await,
    }
}

async fn show(desk: &Desk<'_>, said: &str) -> Result<Reply, Fault> {
    let seen = match desk.view().await? {
        Ok(seen) => seen,
        Err(reply) => return Ok(reply),
    };
    let session = &seen.session;
    if !session.status.is_alive() {
        return Ok(Reply::text(refused(&SessionRefusal::Not(session.status))));
    }
    let text = format!(
        "The card is in <#{}>. Choose another channel, and it goes there; its thread stays where it is.",
        session.channel
    );
    let embed = EmbedBuilder::new()
        .title(view::title("Move the card: ", &session.plan.title))
        .description(text);
    let mut message = Message::embed(embed.build());
    said.clone_into(&mut message.text);
    let menu = format!("{TO}:{}:{}", session.id, desk.place);
    let back = format!("manage:{}:{}", session.id, desk.place);
    let message = message
        .row([channel_menu(menu, "Take the card to…")])
        .row([button(back, "Back to the queue", ButtonStyle::Secondary)]);
    Ok(Reply::Update(message))
}
