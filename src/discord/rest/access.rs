//! Discord's HTTP API for who may do what: a server's roles and channels, and its members.
//!
//! May touch: twilight-http, for making requests. Invariant: only the fields that count are read, so that whatever else
//! Discord adds to a server or a channel cannot make an answer unreadable.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use twilight_model::channel::ChannelType;
use twilight_model::channel::permission_overwrite::PermissionOverwrite;
use twilight_model::guild::Permissions;
use twilight_model::id::Id;
use twilight_model::id::marker::{ChannelMarker, RoleMarker, UserMarker};

use super::{Rest, RestError};
use crate::domain::ids::{ChannelId, GuildId, UserId};

/// Who owns a server, and what its roles permit.
#[derive(Clone, Debug, Deserialize)]
pub struct GuildRoles {
    /// The owner.
    pub owner_id: Id<UserMarker>,
    /// Every role; `@everyone` has the server's id.
    pub roles: Vec<RolePermissions>,
}

/// What a role permits.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct RolePermissions {
    /// The role.
    pub id: Id<RoleMarker>,
    /// Its permissions.
    pub permissions: Permissions,
}

/// A channel or thread, as far as permissions are concerned.
#[derive(Clone, Debug, Deserialize)]
pub struct ChannelAccess {
    /// The channel.
    pub id: Id<ChannelMarker>,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: ChannelType,
    /// The channel that a thread is in, the category of another channel.
    #[serde(default)]
    pub parent_id: Option<Id<ChannelMarker>>,
    /// What is allowed and denied in it.
    #[serde(default)]
    pub permission_overwrites: Vec<PermissionOverwrite>,
}

/// A member's roles.
#[derive(Clone, Debug, Deserialize)]
pub struct MemberRoles {
    /// Roles besides `@everyone`.
    pub roles: Vec<Id<RoleMarker>>,
    /// Until when they are timed out.
    #[serde(default)]
    pub communication_disabled_until: Option<DateTime<Utc>>,
}

impl Rest {
    /// A server's owner and roles.
    ///
    /// # Errors
    /// [`RestError`].
    pub async fn guild_roles(&self, guild: GuildId) -> Result<GuildRoles, RestError> {
        let guild = Id::new(guild.0.cast_unsigned());
        self.fetch(self.inner.builder.guild(guild)).await
    }

    /// A server's channels without its threads, as far as the bot can view them.
    ///
    /// # Errors
    /// [`RestError`].
    pub async fn guild_channels(
        &self,
        guild: GuildId,
    ) -> Result<HashMap<ChannelId, ChannelAccess>, RestError> {
        let guild = Id::new(guild.0.cast_unsigned());
        let request = self.inner.builder.guild_channels(guild);
        let channels: Vec<ChannelAccess> = self.fetch(request).await?;
        let id = |channel: &ChannelAccess| ChannelId(channel.id.get().cast_signed());
        Ok(channels.into_iter().map(|one| (id(&one), one)).collect())
    }

    /// A channel or thread.
    ///
    /// # Errors
    /// [`RestError`].
    pub async fn channel_access(&self, channel: ChannelId) -> Result<ChannelAccess, RestError> {
        let channel = Id::new(channel.0.cast_unsigned());
        self.fetch(self.inner.builder.channel(channel)).await
    }

    /// A member's roles.
    ///
    /// # Errors
    /// [`RestError`]; [`code::UNKNOWN_MEMBER`](super::code::UNKNOWN_MEMBER) if they are none.
    pub async fn member_roles(
        &self,
        guild: GuildId,
        user: UserId,
    ) -> Result<MemberRoles, RestError> {
        let (guild, user) = (
            Id::new(guild.0.cast_unsigned()),
            Id::new(user.0.cast_unsigned()),
        );
        let request = self.inner.builder.guild_member(guild, user);
        self.fetch(request).await
    }
}
