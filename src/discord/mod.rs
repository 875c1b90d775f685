//! Discord: shards, dispatch, and one file a feature with its definition, parsing and words.
//!
//! May touch: the store, the domain, twilight. Invariant: words for people are here and nowhere
//! else; what people typed is escaped before it is shown.
//!
//! ```text
//! gateway → dispatch → profile, account, session, queue, manage → reply → rest
//!                                   card, notice → delivery (for the outbox)
//! ```

pub mod account;
pub mod card;
pub mod click;
pub mod delivery;
pub mod dispatch;
pub mod feature;
pub mod gateway;
pub mod manage;
pub mod notice;
pub mod options;
pub mod profile;
pub mod queue;
pub mod reply;
pub mod rest;
pub mod session;
pub mod text;
pub mod words;

use feature::Feature;

/// Every feature: the wiring of the bot.
pub const FEATURES: &[&Feature] = &[
    &profile::FEATURE,
    &account::FEATURE,
    &session::FEATURE,
    &queue::FEATURE,
    &manage::FEATURE,
];

/// What Discord is told about the bot's commands.
pub fn definitions() -> Vec<twilight_model::application::command::Command> {
    let commands = FEATURES.iter().flat_map(|feature| feature.commands);
    commands.map(|command| (command.define)()).collect()
}
