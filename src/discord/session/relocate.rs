//! `/session move`, and how a session's card goes to another channel or is posted again, by whatever
//! way.
//!
//! May touch: the store. Invariant: nothing is posted where the person who asks could not write
//! themselves, and nothing where the bot is known to lack a permission.

use twilight_model::application::interaction::InteractionChannel;
use twilight_model::channel::message::Component;
use twilight_model::channel::message::component::ButtonStyle;
use twilight_model::guild::Permissions;

use super::super::access::{BotRights, NO_THREAD, bot_rights, cannot_post, may_start_thread};
use super::super::card::join_words;
use super::super::click::{ChosenChannel, Click, Pressed};
use super::super::feature::{Context, Fault};
use super::super::obstacle;
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

/// A permission, and the name that Discord shows for it.
type Named = (Permissions, &'static str);

const VIEW: Named = (Permissions::VIEW_CHANNEL, "View Channel");
const SEND: Named = (Permissions::SEND_MESSAGES, "Send Messages");
const SEND_IN_THREADS: Named = (
    Permissions::SEND_MESSAGES_IN_THREADS,
    "Send Messages in Threads",
);
const EMBED: Named = (Permissions::EMBED_LINKS, "Embed Links");

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
    let mut channel = channel.clone();
    if channel.app_permissions.is_none() {
        let rights = bot_rights(&ctx.rest, actor.guild, channel.id, click.at).await;
        if let BotRights::Holds { here, .. } = rights {
            channel.app_permissions = Some(here);
        }
    }
    if let Some(sentence) = barred(&channel) {
        return Ok(Err(sentence));
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
            obstacle::card_hidden(&session.plan.title, session.channel, &trouble)
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
        app_permissions: channel.app_permissions,
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

/// Why no card is posted in a channel, as far as that can be seen before.
fn barred(channel: &ChosenChannel) -> Option<Sentence> {
    let (id, send) = (
        channel.id,
        if channel.thread {
            SEND_IN_THREADS
        } else {
            SEND
        },
    );
    if !lacking(channel.permissions, &[VIEW, send]).is_empty() {
        return Some(format!(
            "⚠️ You may not write in <#{id}> yourself, so I don't take the card there for you. Choose \
             another channel."
        ));
    }
    let lacking = lacking(channel.app_permissions?, &[VIEW, send, EMBED]);
    (!lacking.is_empty()).then(|| {
        format!(
            "⚠️ I cannot show the card in <#{id}>: I lack {}. Ask somebody who manages the channel to \
             allow me that, or choose another one.",
            join_words(&lacking)
        )
    })
}

fn lacking(held: Permissions, needed: &[Named]) -> Vec<String> {
    if held.contains(Permissions::ADMINISTRATOR) {
        return Vec::new();
    }
    let lacking = needed
        .iter()
        .filter(|(permission, _)| !held.contains(*permission));
    lacking.map(|(_, name)| format!("**{name}**")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lacking_is_said_and_whose_it_is() {
        let all = VIEW.0 | SEND.0 | EMBED.0;
        let channel = |thread, permissions, app_permissions| ChosenChannel {
            id: ChannelId(5),
            thread,
            permissions,
            app_permissions,
        };
        assert_eq!(barred(&channel(false, all, Some(all))), None);
        assert_eq!(barred(&channel(false, all, None)), None);
        let theirs = barred(&channel(true, all, Some(all))).expect("in a thread");
        assert!(theirs.contains("You may not write"), "{theirs}");
        let ours = barred(&channel(false, all, Some(VIEW.0))).expect("two are missing");
        assert!(
            ours.contains("**Send Messages** and **Embed Links**"),
            "{ours}"
        );
    }
}
