//! A backup takes the place of a database, part of which is in its log only.

use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use overwatch_bot::store::sqlite::restore::restore;

use super::commands::{COMMANDS, fill};
use super::state::{State, same, start};
use super::{Scenario, database, folder, now};
use crate::faults::fail_at_every_operation;
use crate::stops::stop_before_every_operation;

struct Restore {
    before: State,
    after: State,
}

impl Restore {
    fn new() -> Self {
        let place = folder();
        fill(place.path(), 2);
        let after = State::read(&database(place.path())).unwrap();
        let place = folder();
        prepare(place.path());
        let before = State::read(&database(place.path())).unwrap();
        Self { before, after }
    }

    /// The former database stands whole under another name.
    fn is_set_aside(&self, folder: &Path) -> Result<(), String> {
        let entries = std::fs::read_dir(database(folder).parent().unwrap());
        for entry in entries.map_err(|error| error.to_string())? {
            let path = entry.map_err(|error| error.to_string())?.path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let is_database = !name.ends_with("-wal") && !name.ends_with("-shm");
            if name.contains("before_restore") && is_database && State::read(&path)? == self.before
            {
                return Ok(());
            }
        }
        Err("the former database does not stand whole beside the new one".into())
    }
}

fn backup(folder: &Path) -> PathBuf {
    folder.join("backup/overwatch.db")
}

/// A database whose log was not written into it, and a backup of an earlier state.
fn prepare(folder: &Path) {
    let place = super::folder();
    fill(place.path(), 2);
    std::fs::create_dir_all(backup(folder).parent().unwrap()).unwrap();
    std::fs::copy(database(place.path()), backup(folder)).unwrap();

    let place = super::folder();
    fill(place.path(), 2);
    super::block_on(async {
        let open = super::commands::open(place.path()).await.unwrap();
        for number in 2..COMMANDS {
            super::commands::give(&open.store(), number).await.unwrap();
        }
        std::fs::create_dir_all(database(folder).parent().unwrap()).unwrap();
        for part in ["overwatch.db", "overwatch.db-wal"] {
            let from = place.path().join("data").join(part);
            std::fs::copy(from, folder.join("data").join(part)).unwrap();
        }
        open.close().await;
    });
}

impl Scenario for Restore {
    fn prepare(&self, folder: &Path) {
        prepare(folder);
    }

    fn run(&self, folder: &Path, acknowledge: &mut dyn FnMut()) -> Result<(), String> {
        let restored = restore(&database(folder), &backup(folder), now(), false);
        restored.map_err(|error| error.to_string())?;
        acknowledge();
        Ok(())
    }

    fn check(&self, folder: &Path, acknowledged: usize) -> Result<(), String> {
        match start(folder) {
            Ok(found) if found == self.after => self.is_set_aside(folder),
            Ok(found) if acknowledged == 0 => {
                same("the database", &found, &self.before)?;
                self.repeat(folder)
            }
            Ok(_) => Err("the former database is there again".into()),
            Err(error) if error.contains("was interrupted") => self.repeat(folder),
            Err(error) => Err(error),
        }
    }
}

impl Restore {
    fn repeat(&self, folder: &Path) -> Result<(), String> {
        let later = now() + TimeDelta::minutes(5);
        let restored = restore(&database(folder), &backup(folder), later, false);
        restored.map_err(|error| format!("repeated: {error}"))?;
        same("the restored database", &start(folder)?, &self.after)?;
        self.is_set_aside(folder)
    }
}

#[test]
fn restore_survives_a_stop_before_any_operation() {
    stop_before_every_operation("restore", &Restore::new());
}

#[test]
fn restore_survives_a_fault_at_any_operation() {
    fail_at_every_operation("restore", &Restore::new());
}
