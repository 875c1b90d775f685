//! Where deliveries go, so that whoever delivers can pace them and let servers take turns.
//!
//! May touch: the domain. Invariant: it is read with the row, from what is true at that moment.

use serde::{Deserialize, Serialize};

use super::super::sql::{DbError, Row};
use crate::domain::ids::{ChannelId, GuildId, MessageId, SessionId};

/// Where a delivery goes, as far as that is known before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// The server on whose behalf it is delivered; `None` for what belongs to no session.
    pub guild: Option<GuildId>,
    /// The session that it is about, if that is still known.
    #[serde(default)]
    pub session: Option<SessionId>,
    /// The channel of the session's card, or of the message that looks for players.
    pub channel: Option<ChannelId>,
    /// The message that is edited, or the thread that is changed; `None` if it is to be made.
    pub message: Option<MessageId>,
}

impl Destination {
    /// Reads the columns of `outbox/due`.
    pub(super) fn of(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            guild: row.get("guild_id")?,
            session: row.get("session_id")?,
            channel: row.get("channel_id")?,
            message: row.get("message_id")?,
        })
    }
}
