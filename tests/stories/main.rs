//! Stories: the real bot and the embedded Discord, over their sockets, with time moved by hand.
//!
//! Each story is what people do and what they then see. After each, every request that the bot
//! made is held to Discord's own document.

mod abuse;
mod access;
mod account;
mod admission;
mod adopt;
mod asking;
mod authorisation;
mod card;
mod check_in;
#[path = "../support/contract.rs"]
mod contract;
mod convergence;
mod crash;
mod dashboard;
mod decisions;
mod departure;
#[cfg(feature = "postgres")]
mod doubt;
mod editing;
mod event;
mod ground;
mod guild;
mod health;
mod http;
mod identify;
mod leftover;
mod lfg;
mod limits;
mod log;
mod logged;
mod manage;
#[cfg(feature = "postgres")]
mod many;
mod offers;
#[cfg(feature = "postgres")]
mod outage;
mod pacing;
mod parked;
mod people;
mod personal_data;
#[cfg(feature = "postgres")]
#[path = "../support/postgres.rs"]
mod postgres;
mod profile;
#[cfg(feature = "postgres")]
#[expect(dead_code, reason = "the tests of the engine use the rest")]
#[path = "../postgres/proxy.rs"]
mod proxy;
mod queue;
mod quotas;
mod refusal_reasons;
mod reminder;
mod reopen;
mod restored;
mod scene;
mod secrets;
mod session;
mod session_clock;
mod shared_token;
mod spine;
#[path = "../support/spoken.rs"]
mod spoken;
mod teams;
mod thread;
mod time_out;
mod token;
mod typed;
mod unreadable;
mod update;
mod world;
mod wrong_clock;
