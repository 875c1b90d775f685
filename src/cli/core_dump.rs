//! Keeping what the process has in memory, such as the token, out of core dumps.
//!
//! May touch: the process' own attributes. Invariant: nothing secret is read before this.

use std::ffi::OsString;

use rustix::process::{Resource, Rlimit, setrlimit};

use super::simulate::AS_BOT;

/// Switches core dumps off, for as long as the process and its children run. On Linux other processes of the same
/// user can then neither trace it nor read its memory or environment (`prctl(2)`, PR_SET_DUMPABLE); that alone
/// counts where core dumps are piped to a program, which heeds no limit (`core(5)`).
pub(super) fn switch_off(words: &[OsString]) {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    // A sandbox that forbids the call, such as the systemd unit's, sets the limit itself.
    let _ = setrlimit(Resource::Core, none);
    // The bot of a simulation has no secret, and who simulates reads what it uses in /proc.
    if !words.iter().any(|word| word == AS_BOT) {
        forbid_reading();
    }
}

#[cfg(target_os = "linux")]
fn forbid_reading() {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};

    // Only an unknown value is refused.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

#[cfg(not(target_os = "linux"))]
fn forbid_reading() {}
