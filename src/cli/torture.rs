//! `torture`: a deterministic simulation of the whole bot, to be repeated by its seed.
//!
//! Every seed runs in a process of its own, which does nothing before: tokio and the standard library
//! count what was made in a process, and runs would depend on those before them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use clap::Parser as _;

use super::{Failed, complain, install_crypto, log, refuse};
use crate::config::LogConfig;
use crate::torture::{self, Outcome};

/// Simulate the whole bot from seeds, with losses of power, a failing disk and a failing Discord.
#[derive(Debug, clap::Parser)]
#[command(name = "overwatch-bot torture", version, max_term_width = 100)]
struct Arguments {
    /// The first seed
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// How many seeds
    #[arg(long, default_value_t = 1)]
    seeds: u64,

    /// Steps of each
    #[arg(long, default_value_t = 200)]
    steps: u32,

    /// Run each seed twice and fail unless both runs are the same
    #[arg(long)]
    twice: bool,

    /// Run the first seed in this process and print how it ended as JSON
    #[arg(long, hide = true)]
    alone: bool,

    #[command(flatten)]
    log: LogConfig,
}

/// Does what the arguments say if they ask for a simulation.
pub(super) fn main(words: &[OsString]) -> Option<ExitCode> {
    words.get(1).filter(|word| *word == "torture")?;
    let own = words.iter().enumerate().filter(|(at, _)| *at != 1);
    let arguments = match Arguments::try_parse_from(own.map(|(_, word)| word)) {
        Ok(arguments) => arguments,
        Err(error) => return Some(refuse(&error)),
    };
    let done = match arguments.alone {
        true => {
            log::begin(&arguments.log);
            install_crypto();
            let outcome = torture::run(arguments.seed, arguments.steps);
            let text = serde_json::to_string(&outcome);
            text.map(|text| println!("{text}")).map_err(Failed::from)
        }
        false => simulate(&arguments).map_err(Failed::Other),
    };
    Some(done.map_or_else(|failed| complain(&failed), |()| ExitCode::SUCCESS))
}

/// Runs all seeds, on all cores.
fn simulate(arguments: &Arguments) -> Result<(), String> {
    let next = AtomicU64::new(arguments.seed);
    let end = arguments.seed + arguments.seeds;
    let outcomes = Mutex::new(Vec::new());
    let run_seeds = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end {
                return;
            }
            let outcome = run_twice_if_asked(arguments, seed);
            if let Err(failure) = &outcome {
                println!("seed {seed}: {failure}");
            }
            outcomes
                .lock()
                .expect("nobody panics")
                .push((seed, outcome));
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(run_seeds);
        }
    });
    let outcomes = outcomes.into_inner().expect("nobody panics");
    let good = outcomes
        .iter()
        .filter_map(|(_, outcome)| outcome.as_ref().ok());
    let sum = |figure: fn(&Outcome) -> usize| good.clone().map(figure).sum::<usize>();
    let mut failed: Vec<u64> = (outcomes.iter().filter(|(_, outcome)| outcome.is_err()))
        .map(|(seed, _)| *seed)
        .collect();
    failed.sort_unstable();
    println!(
        "{} seeds of {} steps: {} losses of power, {} commands answered, {} requests to Discord; {} failures",
        arguments.seeds,
        arguments.steps,
        sum(|outcome| outcome.crashes as usize),
        sum(|outcome| outcome.commands),
        sum(|outcome| outcome.requests),
        failed.len(),
    );
    let mut drawn: BTreeMap<&str, usize> = BTreeMap::new();
    for (kind, times) in good.flat_map(|outcome| &outcome.drawn) {
        *drawn.entry(kind).or_default() += times;
    }
    let drawn: Vec<_> = (drawn.iter())
        .map(|(kind, times)| format!("{kind} {times}"))
        .collect();
    println!("what happened: {}", drawn.join(", "));
    match failed.first() {
        None => Ok(()),
        Some(seed) => Err(format!(
            "something did not hold; repeat it by `overwatch-bot torture --seed {seed} --steps {}`",
            arguments.steps
        )),
    }
}

fn run_twice_if_asked(arguments: &Arguments, seed: u64) -> Result<Outcome, String> {
    let outcome = run_apart(arguments, seed)?;
    if arguments.twice && run_apart(arguments, seed)?.fingerprint != outcome.fingerprint {
        return Err("a second run is another".into());
    }
    match outcome.failure {
        Some(failure) => Err(failure),
        None => Ok(outcome),
    }
}

/// Runs a seed in a process of its own.
fn run_apart(arguments: &Arguments, seed: u64) -> Result<Outcome, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let done = Command::new(program)
        .args(["torture", "--alone", "--log", arguments.log.log.as_str()])
        .args([
            "--seed",
            &seed.to_string(),
            "--steps",
            &arguments.steps.to_string(),
        ])
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| error.to_string())?;
    serde_json::from_slice(&done.stdout).map_err(|_| format!("it ended with {}", done.status))
}
