//! Why Discord does not let the bot show something.
//!
//! Pure. Invariant: a stored obstacle stays readable.

use serde::{Deserialize, Serialize};

/// Why something cannot be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Obstacle {
    /// The bot is not in the server.
    Removed,
    /// The bot is timed out in the server.
    TimedOut,
    /// The bot lacks these permissions.
    Lacking(Vec<Right>),
    /// The bot may not act there, and nothing says which permission it lacks.
    Forbidden,
    /// The thread is locked, and the bot may not bring it back.
    Locked,
    /// The channel is gone.
    ChannelGone,
    /// The channel is of a kind in which there are no threads.
    NoThreads,
    /// The server has as many active threads as it can have.
    TooManyThreads,
    /// The server has as many scheduled events as it can have.
    TooManyEvents,
    /// Something else, by Discord's code.
    Other(u64),
}

impl Obstacle {
    /// Whether it is that the bot lacks this permission.
    pub fn lacks(&self, right: Right) -> bool {
        matches!(self, Self::Lacking(rights) if rights.contains(&right))
    }
}

/// A permission that the bot needs for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// *View Channel*.
    ViewChannel,
    /// *Connect*, without which a channel for voice shows no messages.
    Connect,
    /// *Send Messages*.
    SendMessages,
    /// *Send Messages in Threads*.
    SendMessagesInThreads,
    /// *Embed Links*.
    EmbedLinks,
    /// *Create Public Threads*.
    CreatePublicThreads,
    /// *Manage Threads*.
    ManageThreads,
    /// *Create Events*.
    CreateEvents,
}
