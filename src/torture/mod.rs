//! A deterministic simulation of the whole bot: `overwatch-bot torture` (cargo feature `torture`).
//!
//! May touch: everything, as a test does; a folder of its own. Invariant: the same seed makes the same
//! run, so that a failure can be repeated.
//!
//! The real store, dispatcher, outbox and jobs run on one thread with a paused clock (`bot`), over a simulated disk
//! (`disk`) and a simulated Discord behind the real transport (`discord`). Each call of the database is
//! waited for before another task goes on (`store::sqlite::lockstep`), and the hash tables' seeds are
//! the simulation's own (`random`). `people` gives commands to the store, and `clicks` interactions to the
//! dispatcher; `world` decides what happens, crashes included; `check`, `restored` and `times` have what must
//! hold after every step, and in the end.

mod bot;
mod check;
mod clicks;
mod discord;
#[expect(dead_code, reason = "what only `tests/torture` needs")]
mod disk;
mod people;
mod random;
mod restored;
mod rows;
mod times;
mod world;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How a run ended.
#[derive(Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// Steps that were done.
    pub steps: u32,
    /// Times that the power went.
    pub crashes: u32,
    /// Commands that were answered.
    pub commands: usize,
    /// Requests that came to Discord.
    pub requests: usize,
    /// What happened, and how often: each kind of trouble, and what was looked at.
    pub drawn: BTreeMap<String, usize>,
    /// A number that another run with the same seed must have too.
    pub fingerprint: u64,
    /// What did not hold, with the step at which that was seen.
    pub failure: Option<String>,
}

/// Runs `steps` steps with this seed. Blocks. To be done once in a process.
pub fn run(seed: u64, steps: u32) -> Outcome {
    // A thread of its own, whose hash tables have not taken their seeds yet.
    let simulation = std::thread::Builder::new().name("simulation".into());
    let running = simulation.spawn(move || {
        random::seed_this_process(seed);
        world::World::new(seed).run(steps)
    });
    let joined = running.map(std::thread::JoinHandle::join);
    match joined {
        Ok(Ok(outcome)) => outcome,
        _ => Outcome {
            steps: 0,
            crashes: 0,
            commands: 0,
            requests: 0,
            drawn: BTreeMap::new(),
            fingerprint: 0,
            failure: Some("it panicked".into()),
        },
    }
}
