//! `/session move`, and how a session's card goes to another channel or is posted again, by whatever
//! way.
//!
//! May touch: the store. Invariant: nothing is posted where the person who asks could not write
//! themselves, and nothing where the bot is known to lack a permission.

use twilight_model::application::interaction::InteractionChannel;
use twilight_model::channel::message::Component;
use twilight_model::channel::message::component::ButtonStyle;

use super::super::access::{Asset, NO_THREAD, cannot_post, may_start_thread, posting_obstacle};
use super::super::click::{ChosenChannel, Click, Pressed};
use super::super::feature::{Context, Fault};
use super::super::obstacle::{cannot_post_card, card_hidden};
use super::super::reply::{Reply, button};
use super::definition::Move;
use super::options::Sentence;
use super::pick::{Purpose, find, id};
use super::words::{IN_A_SERVER, named, refused};
use crate::domain::ids::{ChannelId, SessionId};
use crate::domain::session::{Actor, SessionRefusal};
use crate::store::session::{CardMoved, CardStateOf, FindSession, MoveCard, RepostCard};

/// `card-again:SESSION`: posts the card again if it was deleted.
pub(super) const AGAIN: &str = "card-again";

/// The button that has a session's card posted again if it was deleted.
pub(super) fn again_button(session: SessionId) -> Component {
    let id = format!("{AGAIN}:{session}");
    button(id, "Post the card again", ButtonStyle::Secondary)
}

pub(super) async fn run(
    ctx: &Context,
    click: &Click,
    actor: &Actor,
    options: &Move,
) -> Result<Reply, Fault> {
    let session = match find(ctx, click, actor, Purpose::Manage, &options.session).await? {
        Ok(session) => session,
        Err(sentence) => return Ok(Reply::text(sentence)),
    };
    let channel = chosen(&options.channel);
    let said = move_card(ctx, click, *actor, session.id, &channel).await?;
    Ok(Reply::text(said.unwrap_or_else(|sentence| sentence)))
}

/// Takes a session's card to a channel. Returns what has happened, or a sentence that says why not.
pub async fn move_card(
    ctx: &Context,
    click: &Click,
    actor: Actor,
    session: SessionId,
    channel: &ChosenChannel,
) -> Result<Result<String, Sentence>, Fault> {
    if let Some(sentence) = cannot_post(channel.id, channel.thread, channel.permissions) {
        return Ok(Err(format!("⚠️ {sentence}")));
    }
    let (rest, card) = (&ctx.rest, Asset::Card { is_new: true });
    if let Some(obstacle) = posting_obstacle(rest, actor.guild, channel, card, click.at).await {
        return Ok(Err(cannot_post_card(channel.id, &obstacle)));
    }
    let command = MoveCard {
        session,
        actor,
        channel: channel.id,
        may_start_thread: may_start_thread(channel.permissions),
        at: click.at,
    };
    let moved = ctx.execute(click, command).await?;
    Ok(moved.map(|done| said(&done)).map_err(|it| refused(&it)))
}

pub(super) async fn again(ctx: Context, click: Click, pressed: Pressed) -> Result<Reply, Fault> {
    let Some(actor) = click.actor() else {
        return Ok(Reply::text(IN_A_SERVER));
    };
    let Some(session) = id(&pressed.args) else {
        return Ok(Reply::text(refused(&SessionRefusal::Unknown)));
    };
    if let Some(sentence) = cannot_post_again(&ctx, &click, session).await? {
        return Ok(Reply::text(sentence));
    }
    let command = RepostCard {
        session,
        actor,
        at: click.at,
    };
    let session = match ctx.execute(&click, command).await? {
        Ok(session) => session,
        Err(refusal) => return Ok(Reply::text(refused(&refusal))),
    };
    let state = ctx.query(CardStateOf(session.id)).await?;
    Ok(Reply::text(match state.trouble {
        Some(trouble) => format!(
            "{} I try once more now.",
            card_hidden(&session.plan.title, session.channel, &trouble)
        ),
        None => format!(
            "🔁 The card of {} in <#{}> is brought up to date; if it was deleted, it appears again in a \
             moment.",
            named(&session),
            session.channel
        ),
    }))
}

/// Why a card is not posted again for somebody: they could not write in its channel themselves. Where
/// Discord does not say, it is posted: it was there before.
async fn cannot_post_again(
    ctx: &Context,
    click: &Click,
    session: SessionId,
) -> Result<Option<Sentence>, Fault> {
    let Some(session) = ctx.query(FindSession(session)).await? else {
        return Ok(None);
    };
    let (guild, channel) = (session.guild, session.channel);
    let permissions = ctx.access.permissions(&ctx.rest, click, guild, channel);
    let Some(permissions) = permissions.await else {
        return Ok(None);
    };
    // Elsewhere it is not known whether it is a thread.
    let kinds = match click.channel == channel {
        true => vec![click.parent.is_some()],
        false => vec![false, true],
    };
    let refused = kinds
        .iter()
        .map(|thread| cannot_post(channel, *thread, permissions));
    Ok(refused
        .collect::<Option<Vec<_>>>()
        .and_then(|all| all.into_iter().next()))
}

fn chosen(channel: &InteractionChannel) -> ChosenChannel {
    ChosenChannel {
        id: ChannelId(channel.id.get().cast_signed()),
        thread: channel.kind.is_thread(),
        permissions: channel.permissions,
        // Whether the channel is of this server is not said with it, so the server is asked.
        app_permissions: None,
    }
}

fn said(done: &CardMoved) -> String {
    let (session, to) = (named(&done.session), done.session.channel);
    if done.from == to {
        return format!("The card of {session} is in <#{to}> already; it is brought up to date.");
    }
    let said = format!(
        "📌 The card of {session} appears in <#{to}> in a moment, and goes from <#{}>. Its thread, if it \
         has one, stays where it is.",
        done.from
    );
    match done.without_thread {
        true => format!("{said}\n{NO_THREAD}"),
        false => said,
    }
}
