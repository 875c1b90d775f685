//! **overwatch-bot**: Overwatch communities schedule sessions, fill queues and keep their data safe.
//!
//! The map of the house; imports point down, and `tests/layers.rs` holds them to it:
//!
//! ```text
//! cli         one file a subcommand; the only place that knows a real clock
//! discord     shards, dispatch, one file a feature       jobs   what happens by itself
//! store       what is remembered: one writer, several readers
//! domain      pure rules: no runtime, no database, no Discord, no clock
//! ```
//!
//! `playground` stands beside them: a small Discord on loopback, reached over its sockets only.
//! `docs/ARCHITECTURE.md` tells the way of one click.

pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod discord;
pub mod domain;
pub mod jobs;
pub mod playground;
pub mod store;
