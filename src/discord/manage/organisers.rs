//! The dashboard's page of who leads the session.
//!
//! May touch: the store. Invariant: what the menu shows as chosen is what is true, so that sending
//! it changes what was changed in it and nothing else.

use twilight_model::channel::message::component::ButtonStyle;
use twilight_util::builder::embed::EmbedBuilder;

use super::place::Place;
use super::{Desk, view};
use crate::discord::access::split_by_membership;
use crate::discord::card::{join_words, organisers};
use crate::discord::click::{Click, Pressed};
use crate::discord::feature::{Context, Fault};
use crate::discord::reply::{Message, Reply, button, people_menu};
use crate::discord::session::refused;
use crate::domain::ids::UserId;
use crate::domain::profile::Person;
use crate::domain::session::{Actor, CO_ORGANISERS_MAX, Session};
use crate::store::session::{CoOrganised, SetCoOrganisers};

/// `manage-organisers:SESSION:PLACE`: the page.
pub(super) const PAGE: &str = "manage-organisers";
/// `manage-share:SESSION:PLACE`: who was chosen.
pub(super) const SHARE: &str = "manage-share";

pub(super) async fn page(ctx: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    match Desk::at(&ctx, &click, &pressed.args, 1) {
        Ok(desk) => show(&desk, "").await,
        Err(reply) => Ok(reply),
    }
}

pub(super) async fn share(ctx: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let desk = match Desk::at(&ctx, &click, &pressed.args, 1) {
        Ok(desk) => desk,
        Err(reply) => return Ok(reply),
    };
    let (unknown, bots) = (pressed.unknown(), pressed.bots > 0);
    let guild = desk.actor.guild;
    let (mut people, outside) = split_by_membership(&ctx, guild, pressed.people, click.at).await;
    let mut outsiders = unknown > 0;
    if !outside.is_empty() {
        let view = match desk.view().await? {
            Ok(view) => view,
            Err(reply) => return Ok(reply),
        };
        // Those who have left, or of whom Discord does not say, stay until somebody takes them out.
        let leads = |person: &Person| view.session.co_organisers.contains(&person.id);
        let (leading, others): (Vec<_>, Vec<_>) = outside.into_iter().partition(leads);
        outsiders |= !others.is_empty();
        people.extend(leading);
    }
    let command = SetCoOrganisers {
        session: desk.session,
        actor: desk.actor,
        people,
        keep: false,
        at: click.at,
    };
    match ctx.execute(&click, command).await? {
        Ok(done) => show(&desk, &said(&done, bots, outsiders)).await,
        Err(refusal) => desk.session_refused(&refusal).await,
    }
}

async fn show(desk: &Desk<'_>, said: &str) -> Result<Reply, Fault> {
    Ok(match desk.view().await? {
        Ok(view) => Reply::Update(message(&view.session, &desk.actor, desk.place, said)),
        Err(reply) => reply,
    })
}

fn message(session: &Session, actor: &Actor, place: Place, said: &str) -> Message {
    let mut text = format!(
        "{}\n\nCo-organisers can do all that the organiser can, but for saying who else leads the \
         session. Who manages events in this server can do it too; what an administrator does is \
         marked as an override. *History* shows who did what.",
        organisers(session)
    );
    let shared = session.shared_by(actor);
    if let Err(refusal) = &shared {
        text = format!("{text}\n\n{}", refused(refusal));
    }
    let embed = EmbedBuilder::new()
        .title(view::title("Organisers: ", &session.plan.title))
        .description(text);
    let mut message = Message::embed(embed.build());
    said.clone_into(&mut message.text);
    if shared.is_ok() {
        let max = u8::try_from(CO_ORGANISERS_MAX).unwrap_or(u8::MAX);
        let id = format!("{SHARE}:{}:{place}", session.id);
        let menu = people_menu(id, "Co-organisers", &session.co_organisers, (0, max));
        message = message.row([menu]);
    }
    let back = format!("manage:{}:{place}", session.id);
    message.row([button(back, "Back to the queue", ButtonStyle::Secondary)])
}

/// What has changed, and who was not taken.
pub(super) fn said(done: &CoOrganised, bots: bool, outsiders: bool) -> String {
    let named = |users: &[UserId]| {
        let users: Vec<_> = users.iter().map(|user| format!("<@{user}>")).collect();
        join_words(&users)
    };
    let mut parts = Vec::new();
    if !done.added.is_empty() {
        parts.push(format!(
            "✅ {} can now manage this session.",
            named(&done.added)
        ));
    }
    if !done.removed.is_empty() {
        parts.push(format!("{} can no longer manage it.", named(&done.removed)));
    }
    if bots {
        parts.push("⚠️ A bot cannot lead a session.".to_owned());
    }
    if outsiders {
        parts.push("⚠️ Only members of this server can lead a session.".to_owned());
    }
    if parts.is_empty() {
        parts.push("Nothing is different from before.".to_owned());
    }
    parts.join(" ")
}
