//! A backup is made, and an older one dropped for it.

use std::path::Path;

use chrono::TimeDelta;
use overwatch_bot::domain::backup::Keep;
use overwatch_bot::store::backup::{Backups, Settings, list};
use tokio_util::sync::CancellationToken;

use super::commands::{COMMANDS, fill};
use super::state::{State, same, start};
use super::{Scenario, backups, block_on, database, folder, now};
use crate::faults::fail_at_every_operation;
use crate::stops::stop_before_every_operation;

/// Backups that are kept.
const KEPT: u32 = 2;
/// Backups that are there before.
const BEFORE: i64 = 3;

struct Backup {
    compress: bool,
    database: State,
}

impl Backup {
    fn new(compress: bool) -> Self {
        let place = folder();
        fill(place.path(), COMMANDS);
        let database = State::read(&database(place.path())).unwrap();
        Self { compress, database }
    }

    fn take(&self, folder: &Path, keep: u32, minutes: i64) -> Result<(), String> {
        let settings = Settings {
            keep: Keep {
                newest: keep,
                ..Keep::default()
            },
            compress: self.compress,
            ..Settings::in_folder(backups(folder))
        };
        let all = Backups::new(&database(folder), settings).map_err(|error| error.to_string())?;
        let at = now() + TimeDelta::minutes(minutes);
        let taken = block_on(all.take(at, &CancellationToken::new()));
        taken.map(drop).map_err(|error| error.to_string())
    }
}

impl Scenario for Backup {
    fn prepare(&self, folder: &Path) {
        fill(folder, COMMANDS);
        for minutes in 0..BEFORE {
            self.take(folder, u32::MAX, minutes).unwrap();
        }
    }

    fn run(&self, folder: &Path, acknowledge: &mut dyn FnMut()) -> Result<(), String> {
        self.take(folder, KEPT, BEFORE)?;
        acknowledge();
        Ok(())
    }

    fn check(&self, folder: &Path, acknowledged: usize) -> Result<(), String> {
        let good = good_backups(folder)?;
        if good < KEPT as usize {
            return Err(format!("only {good} backups are left"));
        }
        let newest = Backups::new(&database(folder), Settings::in_folder(backups(folder)));
        let newest = newest.map_err(|error| error.to_string())?.status().last;
        let expected = now() + TimeDelta::minutes(BEFORE);
        if acknowledged > 0 && newest.is_none_or(|newest| newest.at != expected) {
            return Err("the backup that was made is not there".into());
        }
        same("the database", &start(folder)?, &self.database)?;
        self.take(folder, KEPT, BEFORE + 1)?;
        match good_backups(folder)? {
            2 => Ok(()),
            other => Err(format!("{other} backups are left after the next one")),
        }
    }
}

/// How many backups there are. All that have a backup's name must be whole.
fn good_backups(folder: &Path) -> Result<usize, String> {
    let mut good = 0;
    for entry in std::fs::read_dir(backups(folder)).map_err(|error| error.to_string())? {
        let path = entry.map_err(|error| error.to_string())?.path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if overwatch_bot::domain::backup::BackupName::parse(&name).is_some() {
            list::verify(&path).map_err(|error| format!("{name}: {error}"))?;
            good += 1;
        }
    }
    Ok(good)
}

#[test]
fn backup_survives_a_stop_before_any_operation() {
    stop_before_every_operation("backup", &Backup::new(false));
    stop_before_every_operation("compressed backup", &Backup::new(true));
}

#[test]
fn backup_survives_a_fault_at_any_operation() {
    fail_at_every_operation("backup", &Backup::new(false));
    fail_at_every_operation("compressed backup", &Backup::new(true));
}
