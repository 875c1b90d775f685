//! The program stopped before every operation on its disk, and its disk failing at every operation.
//!
//! Each [`Scenario`] is run once on a simulated disk. `stops` then takes the power away before every
//! operation, in several variants, and has the program start on what is left; `faults` runs it again
//! for every operation with that one, or all from there on, failing. What must hold afterwards is the
//! scenario's own `check`. In short a seeded share of the operations is tried, all of them with
//! `CI_SHARE=full`.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

#[path = "../../src/torture/disk/mod.rs"]
#[expect(dead_code, reason = "what only the simulation of a whole bot needs")]
mod disk;

mod backup;
mod commands;
mod copy;
mod disk_itself;
mod faults;
mod migrations;
mod optimize;
mod restore;
mod state;
mod stops;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use disk::{Chance, Keep};

/// Operations of a scenario that are tried in the short run.
const POINTS_SHORT: usize = 16;
/// How long the program may take to close its files once it has ended.
const CLOSED_WITHIN: Duration = Duration::from_secs(30);
/// Seeds of what is lost at a stop: in short, and in full.
const SEEDS: [u64; 2] = [2, 4];

/// Something that the program does to its files.
trait Scenario {
    /// Makes the files that it begins with, in the empty `folder`.
    fn prepare(&self, folder: &Path);

    /// Does it, by the program's own code. Calls `acknowledge` whenever something is done for good.
    fn run(&self, folder: &Path, acknowledge: &mut dyn FnMut()) -> Result<(), String>;

    /// Starts the program on what is in `folder` after so many acknowledgements. Returns what is
    /// wrong.
    fn check(&self, folder: &Path, acknowledged: usize) -> Result<(), String>;
}

/// Whether everything is tried.
fn in_full() -> bool {
    std::env::var("CI_SHARE").is_ok_and(|share| share == "full")
}

/// The operations before which something is to happen.
fn points(operations: usize) -> Vec<usize> {
    if in_full() || operations <= POINTS_SHORT {
        return (0..=operations).collect();
    }
    // The first and the last, and between them one of each stretch.
    let mut chance = Chance::new(operations as u64);
    let stretch = operations.div_ceil(POINTS_SHORT);
    let of_stretch = |begin: usize| (begin + chance.below(stretch)).min(operations);
    let mut points: Vec<usize> = (0..operations).step_by(stretch).map(of_stretch).collect();
    points.extend([0, operations]);
    points.sort_unstable();
    points.dedup();
    points
}

/// What is left at a stop, in each variant that is tried.
fn variants() -> impl Iterator<Item = Keep> {
    let seeds = SEEDS[usize::from(in_full())];
    [Keep::All, Keep::Flushed]
        .into_iter()
        .chain((0..seeds).map(Keep::Some))
}

/// An empty folder, in memory where there is such a place.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    match memory.is_dir() {
        true => tempfile::tempdir_in(memory),
        false => tempfile::tempdir(),
    }
    .unwrap()
}

fn database(folder: &Path) -> PathBuf {
    folder.join("data/overwatch.db")
}

fn backups(folder: &Path) -> PathBuf {
    folder.join("backups")
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap().block_on(future)
}

/// Fails if there are failures, and tells the first of them.
fn fail(name: &str, failures: &[String], told: usize) {
    let first: Vec<_> = failures.iter().take(told).map(String::as_str).collect();
    assert!(
        failures.is_empty(),
        "{name}: {} failures:\n{}",
        failures.len(),
        first.join("\n")
    );
}

/// Waits until nothing below `folder` is open any more: a connection that is dropped is closed by its
/// own thread.
fn wait_until_closed(folder: &Path) {
    let deadline = Instant::now() + CLOSED_WITHIN;
    let is_open = || {
        let descriptors = std::fs::read_dir("/proc/self/fd").unwrap();
        let targets = descriptors.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
        targets.into_iter().any(|target| target.starts_with(folder))
    };
    while is_open() {
        assert!(Instant::now() < deadline, "a file is still open");
        std::thread::yield_now();
    }
}
