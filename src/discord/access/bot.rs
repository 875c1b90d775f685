//! What the bot itself may do, asked for when Discord has refused it something.
//!
//! May touch: Discord's HTTP API, to read. Invariant: nothing is remembered, since it is asked because
//! something has just changed.

use chrono::{DateTime, Utc};
use twilight_model::guild::Permissions;

use super::{Guild, within};
use crate::discord::rest::{GuildRoles, MemberRoles, Rest, RestError, code};
use crate::domain::ids::{ChannelId, GuildId};

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
        /// Whether the channel is a thread.
        is_thread: bool,
    },
    /// Discord did not say.
    Unknown,
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
    let mut is_thread = false;
    let mut place = facts.channels.get(&channel);
    if place.is_none() {
        // A thread, or a channel that the bot cannot view.
        let parent = match rest.channel_access(channel).await {
            Ok(thread) => thread.parent_id,
            Err(error) if error.is_passing() => return Err(error),
            Err(_) => None,
        };
        is_thread = parent.is_some();
        let parent = parent.map(|id| ChannelId(id.get().cast_signed()));
        place = parent.and_then(|parent| facts.channels.get(&parent));
    }
    let here = place.map_or(Permissions::empty(), |place| {
        facts.permissions(guild, bot, &member, place, now)
    });
    Ok(BotRights::Holds {
        here,
        in_server,
        is_thread,
    })
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
