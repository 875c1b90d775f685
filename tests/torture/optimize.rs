//! A database is written anew without unused room.

use std::path::Path;

use overwatch_bot::store::sqlite::compact::optimize;

use super::commands::{COMMANDS, fill};
use super::state::{State, same, start};
use super::{Scenario, database, folder};
use crate::faults::fail_at_every_operation;
use crate::stops::stop_before_every_operation;

struct Optimize {
    database: State,
}

impl Optimize {
    fn new() -> Self {
        let place = folder();
        fill(place.path(), COMMANDS);
        optimize(&database(place.path()), |_, _| ()).unwrap();
        let database = State::read(&database(place.path())).unwrap();
        Self { database }
    }
}

impl Scenario for Optimize {
    fn prepare(&self, folder: &Path) {
        fill(folder, COMMANDS);
    }

    fn run(&self, folder: &Path, acknowledge: &mut dyn FnMut()) -> Result<(), String> {
        optimize(&database(folder), |_, _| ()).map_err(|error| error.to_string())?;
        acknowledge();
        Ok(())
    }

    fn check(&self, folder: &Path, _: usize) -> Result<(), String> {
        start(folder)?;
        optimize(&database(folder), |_, _| ()).map_err(|error| format!("again: {error}"))?;
        same("the database", &start(folder)?, &self.database)
    }
}

#[test]
fn optimize_survives_a_stop_before_any_operation() {
    stop_before_every_operation("optimize", &Optimize::new());
}

#[test]
fn optimize_survives_a_fault_at_any_operation() {
    fail_at_every_operation("optimize", &Optimize::new());
}
