//! A new file, a file of each earlier version, and the files of existing installations.

use std::path::Path;

use overwatch_bot::store::backup::list;
use overwatch_bot::store::sqlite::{self, Checkpoints};
use refinery::Target;
use rusqlite::Connection;

use super::state::{State, same, start};
use super::{Scenario, backups, block_on, database, folder, in_full, now};
use crate::faults::fail_at_every_operation;
use crate::stops::stop_before_every_operation;

mod embedded {
    refinery::embed_migrations!("sql/migrations/sqlite");
}

/// Pairs each version with the file that fills its tables, or what it has added to them.
macro_rules! filled {
    ($($version:literal)*) => {
        [$(($version, include_str!(concat!("../existing/versions/", $version, ".sql")))),*]
    };
}

const FILLED: &[(i32, &str)] = &filled!(1 2 3 4 5 6 7 8 9 10 11 12);
const SCHEMA: &str = include_str!("../existing/schema.sql");
const PLAIN: &str = include_str!("../existing/plain.sql");
const ODD: &str = include_str!("../existing/odd.sql");

/// What there is before the start that migrates.
#[derive(Clone, Copy, Debug)]
enum Before {
    Nothing,
    /// A file of an earlier version.
    Version(i32),
    /// A file of an existing installation.
    Existing,
}

struct Migration {
    before: Before,
    /// What a migration that nothing disturbs makes of it.
    after: State,
    /// What was there before.
    old: Option<State>,
}

impl Migration {
    fn of(before: Before) -> Self {
        let place = folder();
        make(before, place.path());
        let path = database(place.path());
        let old = path.exists().then(|| State::read(&path).unwrap());
        let after = start(place.path()).unwrap();
        Self { before, after, old }
    }
}

/// Makes the file that is migrated.
fn make(before: Before, folder: &Path) {
    let path = database(folder);
    if !matches!(before, Before::Nothing) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    }
    match before {
        Before::Nothing => {}
        Before::Version(version) => {
            let mut db = Connection::open(path).unwrap();
            db.pragma_update(None, "auto_vacuum", "INCREMENTAL")
                .unwrap();
            db.pragma_update(None, "journal_mode", "WAL").unwrap();
            for (added, rows) in FILLED.iter().filter(|(added, _)| *added <= version) {
                migrate(&mut db, *added);
                db.execute_batch(rows).unwrap();
            }
            migrate(&mut db, version);
        }
        Before::Existing => {
            let db = Connection::open(path).unwrap();
            for statements in [SCHEMA, PLAIN, ODD] {
                db.execute_batch(statements).unwrap();
            }
        }
    }
}

fn migrate(db: &mut Connection, version: i32) {
    let mut runner = embedded::migrations::runner().set_target(Target::Version(version));
    runner.set_migration_table_name("schema_version");
    runner.run(db).unwrap();
}

impl Scenario for Migration {
    fn prepare(&self, folder: &Path) {
        make(self.before, folder);
    }

    fn run(&self, folder: &Path, acknowledge: &mut dyn FnMut()) -> Result<(), String> {
        let (path, backups) = (database(folder), backups(folder));
        let migrated = sqlite::migrate(&path, &backups, now(), Checkpoints::Own);
        block_on(migrated).map_err(|error| error.to_string())?;
        acknowledge();
        Ok(())
    }

    fn check(&self, folder: &Path, acknowledged: usize) -> Result<(), String> {
        let path = database(folder);
        // Before the next start: the old state or the new one, and the new one if it was told. An
        // adoption and the migrations after it are two steps.
        if path.exists() && !matches!(self.before, Before::Nothing) {
            let found = State::read(&path)?;
            let is_old = self.old.as_ref() == Some(&found);
            if acknowledged > 0 || !is_old && !matches!(self.before, Before::Existing) {
                same("the database", &found, &self.after)?;
            }
            if !is_old {
                a_backup_has_the_old_state(folder, self.old.as_ref())?;
            }
        }
        let found = start(folder)?;
        same("the migrated database", &found, &self.after)?;
        a_backup_has_the_old_state(folder, self.old.as_ref())
    }
}

/// Before a migration the file was backed up, and the backup is whole.
fn a_backup_has_the_old_state(folder: &Path, old: Option<&State>) -> Result<(), String> {
    let Some(old) = old else { return Ok(()) };
    let entries = std::fs::read_dir(backups(folder)).map_err(|error| error.to_string())?;
    for entry in entries {
        let path = entry.map_err(|error| error.to_string())?.path();
        if path.extension().is_some_and(|ending| ending == "db") {
            list::verify(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            if State::read(&path)? == *old {
                return Ok(());
            }
        }
    }
    Err("no backup has what was there before the migration".into())
}

#[test]
fn new_file_survives_a_stop_before_any_operation() {
    stop_before_every_operation("new file", &Migration::of(Before::Nothing));
}

#[test]
fn new_file_survives_a_fault_at_any_operation() {
    fail_at_every_operation("new file", &Migration::of(Before::Nothing));
}

#[test]
fn adoption_survives_a_stop_before_any_operation() {
    stop_before_every_operation("adoption", &Migration::of(Before::Existing));
}

#[test]
fn adoption_survives_a_fault_at_any_operation() {
    fail_at_every_operation("adoption", &Migration::of(Before::Existing));
}

#[test]
fn migration_from_any_version_survives_a_stop_before_any_operation() {
    for version in versions() {
        let name = format!("migration from version {version}");
        stop_before_every_operation(&name, &Migration::of(Before::Version(version)));
    }
}

#[test]
fn migration_from_any_version_survives_a_fault_at_any_operation() {
    for version in versions() {
        let name = format!("migration from version {version}");
        fail_at_every_operation(&name, &Migration::of(Before::Version(version)));
    }
}

/// The versions that are migrated: in short the first, one between, and the last before the newest.
fn versions() -> Vec<i32> {
    let newest = sqlite::migrations::newest();
    match in_full() {
        true => (1..newest).collect(),
        false => vec![1, newest / 2, newest - 1],
    }
}
