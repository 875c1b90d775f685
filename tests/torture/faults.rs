//! A disk that fails at every operation, and is healed.

use super::disk::{Disk, Fault, FaultKind};
use super::{Scenario, folder, points};

/// Failures that are told; further ones are only counted.
const TOLD_MAX: usize = 5;

/// Runs the scenario once for each operation, with that one failing, or all from there on; then heals
/// the disk and checks.
pub(crate) fn fail_at_every_operation(name: &str, scenario: &dyn Scenario) {
    let begin = folder();
    scenario.prepare(begin.path());
    let begun = Disk::attach(begin.path()).unwrap();
    let (image, _) = begun.image(0, super::Keep::All);
    drop(begun);
    let operations = run(scenario, &image, None).0;

    let (mut runs, mut failures) = (0, Vec::new());
    for from in points(operations) {
        for kind in [FaultKind::NoSpace, FaultKind::Io] {
            for count in [Some(1), None] {
                runs += 1;
                let fault = Fault { from, count, kind };
                if let Err(error) = run(scenario, &image, Some(fault)).1 {
                    failures.push(format!("{fault:?} of {operations}: {error}"));
                }
            }
        }
    }
    println!(
        "{name}: {operations} operations, {runs} runs with faults, {} failures",
        failures.len()
    );
    super::fail(name, &failures, TOLD_MAX);
}

/// How many operations a run does, and what is wrong after it.
fn run(
    scenario: &dyn Scenario,
    image: &super::disk::Image,
    fault: Option<Fault>,
) -> (usize, Result<(), String>) {
    let place = folder();
    image.write_to(place.path()).unwrap();
    let disk = Disk::attach(place.path()).unwrap();
    if let Some(fault) = fault {
        disk.plan(fault);
    }
    let mut acknowledged = 0;
    let done = scenario.run(place.path(), &mut || acknowledged += 1);
    super::wait_until_closed(place.path());
    disk.heal();
    let operations = disk.operations();
    let seen = disk.compare();
    drop(disk);
    let checked = match fault {
        None => done.map_err(|error| format!("without a fault: {error}")),
        Some(_) => scenario
            .check(place.path(), acknowledged)
            .map_err(|error| format!("{error} (after {done:?})")),
    };
    (operations, seen.and(checked))
}
