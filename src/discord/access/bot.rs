//! The bot's own permissions, and what it lacks for a card, thread, event or call. Asked for when Discord has
//! refused something or would refuse it.
//!
//! May touch: Discord's HTTP API, to read. Invariant: nothing is remembered, since it is asked because
//! something has just changed.

use chrono::{DateTime, Utc};
use twilight_model::channel::ChannelType;
use twilight_model::guild::Permissions;

use super::{Guild, within};
use crate::discord::click::ChosenChannel;
use crate::discord::rest::{GuildRoles, MemberRoles, Rest, RestError, code};
use crate::domain::ids::{ChannelId, GuildId};
use crate::domain::obstacle::{Obstacle, Right};

/// What a channel is, as far as other permissions are needed in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelClass {
    /// For text.
    Text,
    /// For voice, or a stage. Without *Connect* its messages cannot be read or written.
    Voice,
    /// A thread.
    Thread,
}

/// What the bot shows of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asset {
    /// Its card.
    Card {
        /// Whether it is not posted yet.
        is_new: bool,
    },
    /// Its thread.
    Thread {
        /// Whether it is not started yet.
        is_new: bool,
    },
    /// Its scheduled event.
    Event,
    /// A new message that looks for players.
    Call,
}

/// What the bot may do in a channel of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BotRights {
    /// The bot is not in the server.
    Removed,
    /// The bot is timed out in the server: it keeps *View Channel* and *Read Message History*, whatever
    /// its roles permit.
    TimedOut,
    /// The bot has these permissions.
    Holds {
        /// In the channel; none if it cannot view it.
        here: Permissions,
        /// In the server, before any channel's overwrites.
        in_server: Permissions,
        /// What the channel is.
        class: ChannelClass,
    },
    /// Discord did not say.
    Unknown,
}

impl Asset {
    /// What it takes in a channel that the bot can view.
    pub(super) fn needs(self, is_thread: bool) -> Vec<Right> {
        let send = send(is_thread);
        match self {
            Self::Card { is_new: true } => vec![send, Right::EmbedLinks],
            Self::Card { is_new: false } => vec![Right::EmbedLinks],
            Self::Thread { is_new: true } => vec![Right::CreatePublicThreads],
            Self::Thread { is_new: false } => {
                vec![Right::SendMessagesInThreads, Right::ManageThreads]
            }
            Self::Event => vec![Right::CreateEvents],
            Self::Call => vec![send],
        }
    }
}

impl BotRights {
    /// Why the bot may not show `asset` with these rights, as far as they tell.
    pub fn obstacle(self, asset: Asset) -> Obstacle {
        let (here, in_server, class) = match self {
            Self::Removed => return Obstacle::Removed,
            Self::TimedOut => return Obstacle::TimedOut,
            Self::Unknown => return Obstacle::Forbidden,
            Self::Holds {
                here,
                in_server,
                class,
            } => (here, in_server, class),
        };
        if asset == Asset::Event {
            let enough = Permissions::CREATE_EVENTS | Permissions::MANAGE_EVENTS;
            return match in_server.intersects(enough) {
                true => Obstacle::Forbidden,
                false => Obstacle::Lacking(vec![Right::CreateEvents]),
            };
        }
        // Without these no other permission counts.
        let first: &[Right] = match class {
            ChannelClass::Voice => &[Right::ViewChannel, Right::Connect],
            ChannelClass::Text | ChannelClass::Thread => &[Right::ViewChannel],
        };
        if let Some(right) = first.iter().find(|right| !here.contains(bits(**right))) {
            return Obstacle::Lacking(vec![*right]);
        }
        let is_thread = class == ChannelClass::Thread;
        let mut missing = missing(here, asset.needs(is_thread));
        // Without *Send Messages* Discord takes *Embed Links* away as well.
        let send = send(is_thread);
        if missing == [Right::EmbedLinks] && !here.contains(bits(send)) {
            missing.insert(0, send);
        }
        if !missing.is_empty() {
            Obstacle::Lacking(missing)
        } else if is_thread && !here.contains(Permissions::MANAGE_THREADS) {
            Obstacle::Locked
        } else {
            Obstacle::Forbidden
        }
    }
}

/// Why the bot may not post `asset` in a channel, or in a thread; `None` if it may, as far as is known.
///
/// What an interaction says that the bot may do there counts; Discord is asked only where it says
/// nothing, or that something is missing.
pub async fn posting_obstacle(
    rest: &Rest,
    guild: GuildId,
    channel: &ChosenChannel,
    asset: Asset,
    now: DateTime<Utc>,
) -> Option<Obstacle> {
    let mut known = asset.needs(channel.thread);
    known.insert(0, Right::ViewChannel);
    let lacking = channel.app_permissions.map(|held| missing(held, known));
    if lacking.as_ref().is_some_and(Vec::is_empty) {
        return None;
    }
    match bot_rights(rest, guild, channel.id, now)
        .await
        .obstacle(asset)
    {
        // It was true a moment ago, or Discord does not say.
        Obstacle::Forbidden | Obstacle::Locked => lacking.map(Obstacle::Lacking),
        obstacle => Some(obstacle),
    }
}

/// What it takes to send a message.
fn send(is_thread: bool) -> Right {
    match is_thread {
        true => Right::SendMessagesInThreads,
        false => Right::SendMessages,
    }
}

pub(super) fn missing(held: Permissions, mut needed: Vec<Right>) -> Vec<Right> {
    let all = held.contains(Permissions::ADMINISTRATOR);
    needed.retain(|right| !all && !held.contains(bits(*right)));
    needed
}

fn bits(right: Right) -> Permissions {
    match right {
        Right::ViewChannel => Permissions::VIEW_CHANNEL,
        Right::Connect => Permissions::CONNECT,
        Right::SendMessages => Permissions::SEND_MESSAGES,
        Right::SendMessagesInThreads => Permissions::SEND_MESSAGES_IN_THREADS,
        Right::EmbedLinks => Permissions::EMBED_LINKS,
        Right::CreatePublicThreads => Permissions::CREATE_PUBLIC_THREADS,
        Right::ManageThreads => Permissions::MANAGE_THREADS,
        Right::CreateEvents => Permissions::CREATE_EVENTS,
    }
}

/// Asks what the bot may do in a channel of a server.
pub async fn bot_rights(
    rest: &Rest,
    guild: GuildId,
    channel: ChannelId,
    now: DateTime<Utc>,
) -> BotRights {
    let asked = within(ask(rest, guild, channel, now)).await;
    match asked {
        Some(Ok(rights)) => rights,
        Some(Err(error)) if is_outside(&error) => BotRights::Removed,
        Some(Err(error)) => {
            tracing::warn!(%guild, %error, "the bot's own permissions are unknown");
            BotRights::Unknown
        }
        None => BotRights::Unknown,
    }
}

async fn ask(
    rest: &Rest,
    guild: GuildId,
    channel: ChannelId,
    now: DateTime<Utc>,
) -> Result<BotRights, RestError> {
    let bot = rest.application();
    let roles = rest.guild_roles(guild).await?;
    let (channels, member) =
        tokio::try_join!(rest.guild_channels(guild), rest.member_roles(guild, bot))?;
    let in_server = base(&roles, guild, &member);
    let until = member.communication_disabled_until;
    if until.is_some_and(|until| until > now) && !in_server.contains(Permissions::ADMINISTRATOR) {
        return Ok(BotRights::TimedOut);
    }
    let facts = Guild { roles, channels };
    let mut class = ChannelClass::Text;
    let mut found = facts.channels.get(&channel);
    if found.is_some_and(|it| is_for_voice(it.kind)) {
        class = ChannelClass::Voice;
    }
    if found.is_none() {
        // A thread, or a channel that the bot cannot view.
        let parent = match rest.channel_access(channel).await {
            Ok(thread) => thread.parent_id,
            Err(error) if error.is_passing() => return Err(error),
            Err(_) => None,
        };
        if let Some(parent) = parent {
            class = ChannelClass::Thread;
            found = facts.channels.get(&ChannelId(parent.get().cast_signed()));
        }
    }
    let here = found.map_or(Permissions::empty(), |channel| {
        facts.permissions(guild, bot, &member, channel, now)
    });
    Ok(BotRights::Holds {
        here,
        in_server,
        class,
    })
}

fn is_for_voice(kind: ChannelType) -> bool {
    matches!(kind, ChannelType::GuildVoice | ChannelType::GuildStageVoice)
}

/// What the roles of the server permit.
fn base(roles: &GuildRoles, guild: GuildId, member: &MemberRoles) -> Permissions {
    let everyone = guild.0.cast_unsigned();
    let held = roles
        .roles
        .iter()
        .filter(|role| role.id.get() == everyone || member.roles.contains(&role.id));
    let bits = held.fold(Permissions::empty(), |bits, role| bits | role.permissions);
    if bits.contains(Permissions::ADMINISTRATOR) {
        Permissions::all()
    } else {
        bits
    }
}

/// Whether Discord says that the bot is not in the server.
fn is_outside(error: &RestError) -> bool {
    matches!(
        error.code(),
        Some(code::UNKNOWN_GUILD | code::UNKNOWN_MEMBER | code::MISSING_ACCESS)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_missing_permissions_are_named() {
        use Asset::{Card, Event, Thread};
        use Obstacle::{Forbidden, Locked};
        // An administrator lacks nothing.
        let all = Permissions::all() - Permissions::ADMINISTRATOR;
        let none = Permissions::empty();
        let lacking = |right| Obstacle::Lacking(vec![right]);
        let without = |right: Right| all - bits(right);
        let new_card = Card { is_new: true };
        let old_card = Card { is_new: false };
        let new_thread = Thread { is_new: true };
        let old_thread = Thread { is_new: false };
        let (text, voice, thread) = (
            ChannelClass::Text,
            ChannelClass::Voice,
            ChannelClass::Thread,
        );
        let looks_only = Permissions::VIEW_CHANNEL;
        for (here, class, asset, expected) in [
            (none, text, old_card, lacking(Right::ViewChannel)),
            (none, voice, old_card, lacking(Right::ViewChannel)),
            (looks_only, voice, old_card, lacking(Right::Connect)),
            (looks_only, voice, new_card, lacking(Right::Connect)),
            (without(Right::Connect), text, new_card, Forbidden),
            (all, text, old_card, Forbidden),
            (without(Right::SendMessages), thread, new_card, Forbidden),
            (
                without(Right::SendMessagesInThreads),
                thread,
                new_card,
                lacking(Right::SendMessagesInThreads),
            ),
            (without(Right::ManageThreads), thread, old_card, Locked),
            (
                without(Right::CreatePublicThreads),
                text,
                new_thread,
                lacking(Right::CreatePublicThreads),
            ),
            (
                without(Right::CreatePublicThreads),
                text,
                old_thread,
                Forbidden,
            ),
            (none, text, Event, Forbidden),
        ] {
            let rights = BotRights::Holds {
                here,
                in_server: all,
                class,
            };
            assert_eq!(rights.obstacle(asset), expected, "{asset:?} in {class:?}");
        }
        let no_events = BotRights::Holds {
            here: all,
            in_server: all - Permissions::CREATE_EVENTS - Permissions::MANAGE_EVENTS,
            class: text,
        };
        assert_eq!(no_events.obstacle(Event), lacking(Right::CreateEvents));
        let timed_out = BotRights::TimedOut;
        assert_eq!(timed_out.obstacle(new_card), Obstacle::TimedOut);
        assert_eq!(BotRights::Removed.obstacle(Event), Obstacle::Removed);
        assert_eq!(BotRights::Unknown.obstacle(new_card), Forbidden);
    }
}
