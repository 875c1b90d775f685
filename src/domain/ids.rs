//! The names of things: Discord's ids and the database's own.
//!
//! Pure. Invariant: an id of one kind is never taken for one of another.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Discord's epoch, the first second of 2015, in Unix milliseconds.
const DISCORD_EPOCH_MS: i64 = 1_420_070_400_000;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
            #[serde(transparent)]
            pub struct $name(pub i64);

            impl std::fmt::Display for $name {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    self.0.fmt(f)
                }
            }
        )*
    };
}

ids! {
    /// A person on Discord (a snowflake).
    UserId,
    /// A Discord server (a snowflake).
    GuildId,
    /// A channel of a server, or a conversation (a snowflake).
    ChannelId,
    /// A message (a snowflake).
    MessageId,
    /// One click or command of a person (a snowflake).
    InteractionId,
    /// A scheduled event of a server (a snowflake).
    EventId,
    /// A session, as the database numbers them.
    SessionId,
    /// A message that looks for players, as the database numbers them.
    CallId,
    /// A Battle.net account, as the database numbers them.
    AccountId,
}

impl InteractionId {
    /// When Discord made it: a snowflake's upper bits are its milliseconds since 2015.
    pub fn created_at(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis((self.0 >> 22) + DISCORD_EPOCH_MS)
            .expect("42 bits of milliseconds are within chrono's range")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snowflake_tells_when_it_was_made() {
        // The example of Discord's own documentation.
        let made = InteractionId(175_928_847_299_117_063).created_at();
        assert_eq!(made.to_rfc3339(), "2016-04-30T11:18:25.796+00:00");
    }
}
