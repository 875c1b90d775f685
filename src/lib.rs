//! **overwatch-bot**: Overwatch communities schedule sessions, fill queues and keep their data safe.
//!
//! The map of the house; imports point down, and `tests/layers.rs` holds them to it:
//!
//! ```text
//! cli         one file a subcommand; the only place that knows a real clock
//! discord     shards, dispatch, one file a feature       jobs   what happens by itself
//! http        health and metrics, for whoever watches; the door for interactions over HTTP
//! store       what is remembered: one writer, several readers
//! domain      pure rules: no runtime, no database, no Discord, no clock
//! ```
//!
//! `clock`, `config`, `metrics`, `once_a_minute`, `secret` and `status` import nothing (`config` but `secret`) and
//! are handed down.
//! `playground` stands beside them: a small Discord on loopback, reached over its sockets only.
//! `docs/ARCHITECTURE.md` tells the way of one click.

pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod discord;
pub mod domain;
pub mod http;
pub mod jobs;
pub mod metrics;
mod once_a_minute;
pub mod playground;
pub mod secret;
pub mod status;
pub mod store;
#[cfg(feature = "torture")]
pub mod torture;
