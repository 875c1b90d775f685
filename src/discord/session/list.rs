//! `/session list` and `/session show`.
//!
//! May touch: the store, the card's rendering. Invariant: a page shows what is true when it is
//! turned; a page that is no more is the last one.

use chrono::{DateTime, Utc};
use twilight_model::channel::message::component::ButtonStyle;
use twilight_util::builder::embed::{EmbedBuilder, EmbedFooterBuilder};

use super::super::access::retain_seen;
use super::super::card;
use super::super::click::{Click, Pressed};
use super::super::feature::{Context, Fault};
use super::super::reply::{Message, Reply, button};
use super::super::text::{escape, long_time, relative_time};
use super::pick::{Purpose, find};
use super::relocate::again_button;
use super::words::{IN_A_SERVER, refused, status};
use crate::domain::session::{Actor, SessionRefusal};
use crate::store::queue::ViewSession;
use crate::store::session::{ListSessions, Listed};

/// Turns the page.
pub(super) const PAGE: &str = "sessions";
/// Sessions on one page.
const PER_PAGE: usize = 5;
/// The colour of the box: the orange of the game's logo.
const COLOUR: u32 = 0x00F9_9E1A;

pub(super) async fn list(ctx: &Context, click: &Click, actor: &Actor) -> Result<Reply, Fault> {
    let sessions = sessions(ctx, click, actor).await?;
    Ok(Reply::Say(page(&sessions, 0, click.at)))
}

pub(super) async fn turn(ctx: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let Some(actor) = click.actor() else {
        return Ok(Reply::text(IN_A_SERVER));
    };
    let sessions = sessions(&ctx, &click, &actor).await?;
    let number = pressed.args.parse().unwrap_or(0);
    Ok(Reply::Update(page(&sessions, number, click.at)))
}

pub(super) async fn show(
    ctx: &Context,
    click: &Click,
    actor: &Actor,
    typed: &str,
) -> Result<Reply, Fault> {
    let session = match find(ctx, click, actor, Purpose::Look, typed).await? {
        Ok(session) => session,
        Err(sentence) => return Ok(Reply::text(sentence)),
    };
    Ok(match ctx.query(ViewSession(session.id)).await? {
        Some(view) => {
            let message = card::render(&view, click.at);
            let session = &view.session;
            let leads = session.managed_by(actor).is_ok() && session.status.is_alive();
            Reply::Say(match leads {
                true => message.row([again_button(session.id)]),
                false => message,
            })
        }
        None => Reply::text(refused(&SessionRefusal::Unknown)),
    })
}

async fn sessions(ctx: &Context, click: &Click, actor: &Actor) -> Result<Vec<Listed>, Fault> {
    let list = ListSessions {
        guild: actor.guild,
        viewer: actor.user,
    };
    let mut sessions = ctx.query(list).await?.sessions;
    retain_seen(ctx, click, &mut sessions, |one| &one.session).await;
    Ok(sessions)
}

/// Page `number`, counted from 0, or the last one if there are fewer.
fn page(sessions: &[Listed], number: usize, now: DateTime<Utc>) -> Message {
    let pages = sessions.len().div_ceil(PER_PAGE);
    if pages == 0 {
        return Message::text(
            "Nothing is planned in this server. `/session plan` walks you through planning \
             something, `/session create` does it in one line.",
        );
    }
    let number = number.min(pages - 1);
    let shown = sessions.iter().skip(number * PER_PAGE).take(PER_PAGE);
    let entries: Vec<_> = shown.map(|listed| entry(listed, now)).collect();
    let embed = EmbedBuilder::new()
        .color(COLOUR)
        .title("Sessions in this server")
        .description(entries.join("\n\n"))
        .footer(EmbedFooterBuilder::new(format!(
            "Page {} of {pages}",
            number + 1
        )));
    let turn = |to: usize, label| button(format!("{PAGE}:{to}"), label, ButtonStyle::Secondary);
    let mut buttons = Vec::new();
    if number > 0 {
        buttons.push(turn(number - 1, "◀ Earlier"));
    }
    if number + 1 < pages {
        buttons.push(turn(number + 1, "Later ▶"));
    }
    let message = Message::embed(embed.build());
    if buttons.is_empty() {
        message
    } else {
        message.row(buttons)
    }
}

fn entry(listed: &Listed, now: DateTime<Utc>) -> String {
    let session = &listed.session;
    let plan = &session.plan;
    let waiting = match listed.waiting {
        0 => String::new(),
        waiting => format!(", {waiting} waiting"),
    };
    let at = if plan.at > now {
        relative_time(plan.at)
    } else {
        format!("ends {}", relative_time(plan.ends_at()))
    };
    let card = session.card.map_or(String::new(), |card| {
        let (guild, channel) = (session.guild, session.channel);
        format!(" · [card](https://discord.com/channels/{guild}/{channel}/{card})")
    });
    format!(
        "**{}**\n{} ({at})\n{} · {} · {}/{} players{waiting}{card}",
        escape(&plan.title),
        long_time(plan.at),
        plan.mode.label(),
        status(session.status),
        listed.accepted,
        plan.places(),
    )
}
