//! What tests asked to go wrong.
//!
//! Pure data. Invariant: nothing here goes wrong by itself.

use super::super::limits::holds;
use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

/// What tests asked to go wrong.
#[derive(Debug, Default)]
pub(in crate::playground) struct Faults {
    pub(in crate::playground) planned: Vec<PlannedFault>,
    pub(in crate::playground) latency_ms: u64,
    /// People who don't take direct messages.
    pub(in crate::playground) dms_closed: HashSet<u64>,
    /// Permissions of a person in a guild, instead of the computed ones.
    pub(in crate::playground) permissions: HashMap<(u64, u64), u64>,
    /// What was taken from the bot in a channel.
    pub(in crate::playground) denied: HashMap<u64, u64>,
    pub(in crate::playground) unlimited: bool,
}

/// A REST answer that is to go wrong.
#[derive(Clone, Debug)]
pub(in crate::playground) struct PlannedFault {
    pub(in crate::playground) method: Option<String>,
    pub(in crate::playground) route: String,
    pub(in crate::playground) times: u64,
    pub(in crate::playground) status: Option<u16>,
    /// Discord's own code in the answer.
    pub(in crate::playground) code: u64,
    pub(in crate::playground) delay_ms: u64,
    /// Let the request have its effect, and spoil only the answer.
    pub(in crate::playground) after: bool,
    /// The answer quotes something of the request.
    pub(in crate::playground) quotes: Option<Quoted>,
    /// The answer breaks off.
    pub(in crate::playground) tears: bool,
    /// The answer is a 429, and holds.
    pub(in crate::playground) limited: Option<Planned429>,
}

impl PlannedFault {
    /// Whether it keeps the request from having its effect.
    pub(in crate::playground) fn spares(&self) -> bool {
        !self.after && (self.status.is_some() || self.tears)
    }
}

/// What an answer quotes of its request.
#[derive(Clone, Copy, Debug)]
pub(in crate::playground) enum Quoted {
    /// A value, in the sentence about a field, as Discord does: `Value "something" is not snowflake`
    /// (discord/discord-api-docs#2089).
    Body,
    /// The address with the interaction's token, in a page, as some proxies do.
    Path,
}

/// A 429 that is to be answered.
#[derive(Clone, Copy, Debug)]
pub(in crate::playground) struct Planned429 {
    pub(in crate::playground) kind: holds::Kind,
    pub(in crate::playground) retry_after: Duration,
    /// With the headers of a bucket.
    pub(in crate::playground) is_named: bool,
}
