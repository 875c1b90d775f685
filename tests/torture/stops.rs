//! Stops before every operation.

use std::collections::HashSet;

use super::disk::Disk;
use super::{Scenario, folder, points, variants};

/// Failures that are told; further ones are only counted.
const TOLD_MAX: usize = 5;

/// Runs the scenario, and checks what a loss of power before each operation leaves of it.
pub(crate) fn stop_before_every_operation(name: &str, scenario: &dyn Scenario) {
    let place = folder();
    scenario.prepare(place.path());
    let disk = Disk::attach(place.path()).unwrap();
    scenario
        .run(place.path(), &mut || disk.acknowledge())
        .unwrap();
    super::wait_until_closed(place.path());
    disk.compare().unwrap();
    let operations = disk.operations();

    let (mut seen, mut stops, mut failures) = (HashSet::new(), 0, Vec::new());
    for at in points(operations) {
        for keep in variants() {
            stops += 1;
            let (image, acknowledged) = disk.image(at, keep);
            if !seen.insert((image.fingerprint(), acknowledged)) {
                continue;
            }
            let left = folder();
            image.write_to(left.path()).unwrap();
            if let Err(error) = scenario.check(left.path(), acknowledged) {
                failures.push(format!(
                    "before operation {at} of {operations} with {keep:?} kept, \
                     {acknowledged} acknowledged: {error}"
                ));
            }
        }
    }
    println!(
        "{name}: {operations} operations, {stops} stops, {} different states, {} failures",
        seen.len(),
        failures.len()
    );
    super::fail(name, &failures, TOLD_MAX);
}
