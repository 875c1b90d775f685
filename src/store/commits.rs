//! Whether commits succeed, as the writers saw it last.
//!
//! May touch: nothing. Invariant: only what was really written counts; a command that changes nothing
//! says nothing about the disk.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::health::{Heartbeat, Ping};
use super::{Command, DbError};

/// Failing commits are logged once in this many seconds.
const LOG_EVERY_S: u64 = 60;
/// So many commands that fail in a row, with none between that ends well, are a fault of the database
/// and not of one command.
const BROKEN_IN_A_ROW_MAX: u32 = 5;

/// The outcome of the last commits. Cheap to clone; all clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Commits(Arc<Mutex<Last>>);

#[derive(Debug, Default)]
struct Last {
    /// Why the last transaction was not committed; `None` if it was.
    failure: Option<String>,
    /// Transactions that failed since the last one that was committed.
    failures: u64,
    /// When failing commits were logged last, also before commits succeeded meanwhile.
    logged: Option<Instant>,
    /// Whether the log says that commits fail, and not yet that they succeed again.
    is_logged: bool,
    broken_in_a_row: u32,
    broken: String,
}

impl Commits {
    /// Why the last transaction that had something to write was not committed; `None` if it was.
    pub fn failure(&self) -> Option<String> {
        self.last().failure.clone()
    }

    /// Why nothing can be done at present: commits fail, or all commands do. `None` if neither does.
    pub fn trouble(&self) -> Option<String> {
        let last = self.last();
        let all_broken = last.broken_in_a_row >= BROKEN_IN_A_ROW_MAX;
        let broken = || {
            let count = last.broken_in_a_row;
            format!("the last {count} commands failed: {}", last.broken)
        };
        last.failure.clone().or_else(|| all_broken.then(broken))
    }

    /// Records that a transaction with changes was committed.
    pub(super) fn succeeded(&self) {
        let mut last = self.last();
        if std::mem::take(&mut last.is_logged) {
            tracing::info!(failures = last.failures, "commits succeed again");
        }
        last.failure = None;
        last.failures = 0;
    }

    /// Records that a transaction was not committed. Logs it once a minute, even if others are committed
    /// between those that fail.
    pub(super) fn failed(&self, reason: String) {
        let mut last = self.last();
        last.failures += 1;
        let every = Duration::from_secs(LOG_EVERY_S);
        if last.logged.is_none_or(|at| at.elapsed() >= every) {
            tracing::error!(reason, failures = last.failures, "commits fail");
            last.logged = Some(Instant::now());
            last.is_logged = true;
        }
        last.failure = Some(reason);
    }

    /// Records how a command of this name ended within its transaction.
    pub(super) fn ran(&self, name: &str, fault: Option<&DbError>) {
        if [Ping::NAME, Heartbeat::NAME].contains(&name) {
            return;
        }
        let mut last = self.last();
        match fault {
            Some(error @ DbError::Statement { .. }) => {
                last.broken_in_a_row = last.broken_in_a_row.saturating_add(1);
                last.broken = error.to_string();
            }
            Some(_) => {}
            None => last.broken_in_a_row = 0,
        }
    }

    /// How many transactions and commands have failed in a row.
    #[cfg(test)]
    pub(crate) fn failed_in_a_row(&self) -> u64 {
        let last = self.last();
        last.failures + u64::from(last.broken_in_a_row)
    }

    /// Plain values are never left half written.
    fn last(&self) -> MutexGuard<'_, Last> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_that_all_fail_are_told_until_one_ends_well_and_probes_do_not_count() {
        let commits = Commits::default();
        let fault = DbError::Statement {
            statement: "test",
            source: "it is broken".into(),
        };
        for _ in 0..BROKEN_IN_A_ROW_MAX {
            assert_eq!(commits.trouble(), None);
            commits.ran("settle", Some(&fault));
            commits.ran(Ping::NAME, None);
            commits.ran(Heartbeat::NAME, None);
        }
        let told = commits.trouble().expect("it is told");
        assert!(told.contains("it is broken"), "{told}");
        assert_eq!(commits.failure(), None, "what is written is committed");
        commits.ran("settle", None);
        assert_eq!(commits.trouble(), None);
    }

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("no panic").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_other_commit_that_fails_makes_two_lines_a_minute() {
        let (log, commits) = (Log::default(), Commits::default());
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone());
        tracing::subscriber::with_default(subscriber.finish(), || {
            for _ in 0..100 {
                commits.failed("the disk fails".into());
                commits.succeeded();
            }
        });
        let written = log.0.lock().expect("no panic").clone();
        let written = String::from_utf8(written).expect("text");
        assert_eq!(written.lines().count(), 2, "{written}");
        assert_eq!(commits.failure(), None);
    }
}
