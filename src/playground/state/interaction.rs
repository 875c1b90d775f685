//! Interactions as they are remembered, and the modals that they open.
//!
//! Pure data. Invariant: progress only grows.

use chrono::{DateTime, Utc};
use serde_json::Value;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// One interaction from the click to the end of its token.
#[derive(Debug)]
pub(in crate::playground) struct Interaction {
    pub(in crate::playground) id: u64,
    pub(in crate::playground) token: String,
    pub(in crate::playground) kind: Kind,
    pub(in crate::playground) user: u64,
    pub(in crate::playground) guild: Option<u64>,
    pub(in crate::playground) channel: u64,
    /// The message whose component was used, also for a modal that this opened.
    pub(in crate::playground) source: Option<u64>,
    /// Of a submitted modal: what `interaction_metadata` says of the interaction that opened it.
    pub(in crate::playground) trigger: Value,
    /// The body of INTERACTION_CREATE.
    pub(in crate::playground) event: Value,
    pub(in crate::playground) created: DateTime<Utc>,
    /// When its event was put on its way.
    pub(in crate::playground) delivered: Instant,
    /// How long the bot took to answer.
    pub(in crate::playground) took: Option<Duration>,
    /// The callback type it was answered with.
    pub(in crate::playground) answered: Option<u64>,
    /// The message that `@original` means.
    pub(in crate::playground) original: Option<u64>,
    /// `@original` still says "thinking…".
    pub(in crate::playground) loading: bool,
    pub(in crate::playground) followups: Vec<u64>,
    /// Choices or modal of the answer.
    pub(in crate::playground) shown: Value,
    pub(in crate::playground) progress: watch::Sender<Progress>,
}

/// What kind of interaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::playground) enum Kind {
    Command,
    Autocomplete,
    Component,
    Modal,
}

impl Kind {
    /// Discord's number for it.
    pub(in crate::playground) fn number(self) -> u64 {
        match self {
            Self::Command => 2,
            Self::Component => 3,
            Self::Autocomplete => 4,
            Self::Modal => 5,
        }
    }
}

/// How far the answer to an interaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::playground) enum Progress {
    Waiting,
    /// Acknowledged; a deferred answer is still to come.
    Deferred,
    /// What was promised is there.
    Settled,
}

/// A modal on a person's screen.
#[derive(Clone, Debug)]
pub(in crate::playground) struct Modal {
    pub(in crate::playground) definition: Value,
    pub(in crate::playground) channel: u64,
    pub(in crate::playground) source: Option<u64>,
    /// What `interaction_metadata` says of the interaction that opened it.
    pub(in crate::playground) trigger: Value,
}
