//! A database is copied into a new file.

use std::path::{Path, PathBuf};

use overwatch_bot::store::Place;
use overwatch_bot::store::copy::{CopyError, How, copy};
use overwatch_bot::store::sqlite::Checkpoints;

use super::commands::{COMMANDS, fill};
use super::state::{State, same, sound};
use super::{Scenario, backups, database, folder, now};
use crate::faults::fail_at_every_operation;
use crate::stops::stop_before_every_operation;

struct Copy {
    source: State,
}

impl Copy {
    fn new() -> Self {
        let place = folder();
        fill(place.path(), COMMANDS);
        let source = State::read(&database(place.path())).unwrap();
        Self { source }
    }
}

fn target(folder: &Path) -> PathBuf {
    folder.join("copy/overwatch.db")
}

fn copied(folder: &Path) -> Result<(), CopyError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    let how = How {
        backups: &backups(folder),
        now: now(),
        checkpoints: Checkpoints::Own,
        runtime: runtime.handle().clone(),
    };
    let [from, to] = [database(folder), target(folder)].map(Place::from);
    copy(&from, &to, &how, &mut |_| true).map(drop)
}

impl Scenario for Copy {
    fn prepare(&self, folder: &Path) {
        fill(folder, COMMANDS);
    }

    fn run(&self, folder: &Path, acknowledge: &mut dyn FnMut()) -> Result<(), String> {
        copied(folder).map_err(|error| error.to_string())?;
        acknowledge();
        Ok(())
    }

    fn check(&self, folder: &Path, acknowledged: usize) -> Result<(), String> {
        match copied(folder) {
            // It was all there.
            Err(CopyError::NotEmpty { .. }) => {}
            Ok(()) if acknowledged == 0 => {}
            Ok(()) => return Err("the copy that was made is not there".into()),
            Err(error) => return Err(format!("repeated: {error}")),
        }
        sound(&target(folder))?;
        same("the copy", &State::read(&target(folder))?, &self.source)?;
        same("the source", &State::read(&database(folder))?, &self.source)
    }
}

#[test]
fn copy_survives_a_stop_before_any_operation() {
    stop_before_every_operation("copy", &Copy::new());
}

#[test]
fn copy_survives_a_fault_at_any_operation() {
    fail_at_every_operation("copy", &Copy::new());
}
