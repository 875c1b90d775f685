//! What a process has used so far, and what the bot has counted.
//!
//! May touch: `/proc`. Invariant: a figure that cannot be read is a failure, never a zero.

use std::fs;
use std::time::Duration;

use super::super::Failed;

/// The parts of a second in which Linux tells processor time.
const TICKS_PER_S: u64 = 100;
const BYTES_PER_KIB: u64 = 1_024;

/// What a process has used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Usage {
    /// Processor time.
    pub(super) cpu: Duration,
    /// Memory that is resident now.
    pub(super) memory_bytes: u64,
    /// The most that ever was.
    pub(super) memory_peak_bytes: u64,
    /// What it made the disk write.
    pub(super) written_bytes: u64,
}

impl Usage {
    /// Of the process of this number.
    pub(super) fn of(process: u32) -> Result<Self, Failed> {
        let read = |file: &str| {
            let path = format!("/proc/{process}/{file}");
            fs::read_to_string(&path).map_err(|error| {
                Failed::Other(format!(
                    "{path}: {error}; what a process uses is only known on Linux"
                ))
            })
        };
        let (stat, status, io) = (read("stat")?, read("status")?, read("io")?);
        let used = (|| {
            let kib = |name| number(&status, name).map(|kib| kib * BYTES_PER_KIB);
            Some(Self {
                cpu: cpu(&stat)?,
                memory_bytes: kib("VmRSS")?,
                memory_peak_bytes: kib("VmHWM")?,
                written_bytes: number(&io, "write_bytes")?,
            })
        })();
        used.ok_or_else(|| Failed::Other(format!("/proc/{process} cannot be understood")))
    }
}

/// The processor time that these processes have used, if all of them are on this machine and their
/// program has this name.
#[cfg(any(feature = "postgres", test))]
pub(super) fn cpu_of(processes: &[u32], program: &str) -> Option<Duration> {
    let one = |process: &u32| {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        let named = stat.split_once('(')?.1.starts_with(program);
        named.then(|| cpu(&stat)).flatten()
    };
    processes.iter().map(one).sum()
}

/// The processor time that all processes of this machine have used.
pub(super) fn machine() -> Result<Duration, Failed> {
    let stat = fs::read_to_string("/proc/stat")?;
    let used = machine_cpu(&stat);
    used.ok_or_else(|| Failed::Other("/proc/stat cannot be understood".to_owned()))
}

/// Everything in the line of all processors but the fourth and fifth number, which are idle.
fn machine_cpu(stat: &str) -> Option<Duration> {
    let fields = stat
        .lines()
        .next()?
        .strip_prefix("cpu ")?
        .split_whitespace();
    let ticks: Option<Vec<u64>> = fields.take(8).map(|field| field.parse().ok()).collect();
    let ticks = ticks?;
    let idle: u64 = ticks.iter().skip(3).take(2).sum();
    let used = ticks.iter().sum::<u64>() - idle;
    Some(Duration::from_millis(used * 1_000 / TICKS_PER_S))
}

/// User and system time; they stand behind the name, which may have anything in it.
fn cpu(stat: &str) -> Option<Duration> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<u64>().ok();
    let ticks = ticks(11)? + ticks(12)?;
    Some(Duration::from_millis(ticks * 1_000 / TICKS_PER_S))
}

/// The number behind `name:` at the beginning of a line.
fn number(text: &str, name: &str) -> Option<u64> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.split_whitespace().next()?.parse().ok()
}

/// What the bot has counted, as far as it is wanted here.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Counted {
    /// Statements of commands.
    pub(super) command_statements: f64,
    /// Statements of questions.
    pub(super) question_statements: f64,
    /// Transactions of the writer.
    pub(super) transactions: f64,
    /// Commands in them.
    pub(super) commands: f64,
    /// Clicks that found something broken, or too busy.
    pub(super) failed: f64,
    /// Deliveries of the outbox that went well.
    pub(super) deliveries: f64,
    /// Rows that the world is owed.
    pub(super) owed: f64,
    /// The size of the database, in bytes.
    pub(super) database_bytes: f64,
}

impl Counted {
    /// From what `/metrics` answers.
    pub(super) fn read(metrics: &str) -> Self {
        let sum = |name: &str, with: &str| -> f64 {
            let lines = metrics.lines().filter_map(|line| {
                let (series, value) = line.strip_prefix("overwatch_bot_")?.rsplit_once(' ')?;
                let (of, labels) = series.split_once('{').unwrap_or((series, ""));
                (of == name && labels.contains(with)).then(|| value.parse::<f64>().ok())?
            });
            lines.sum()
        };
        Self {
            command_statements: sum("statements_total", "of=\"commands\""),
            question_statements: sum("statements_total", "of=\"questions\""),
            transactions: sum("batch_commands_count", ""),
            commands: sum("batch_commands_sum", ""),
            failed: sum("interactions_total", "outcome=\"failed\"")
                + sum("interactions_total", "outcome=\"busy\""),
            deliveries: sum("deliveries_total", "outcome=\"done\""),
            owed: sum("outbox_backlog", ""),
            database_bytes: sum("database_bytes", "") + sum("log_bytes", ""),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Asked, Metrics, Outcome, Snapshot, Written};

    #[test]
    fn what_this_process_uses_can_be_read() {
        let used = Usage::of(std::process::id());
        let used = used.unwrap_or_else(|_| panic!("/proc is there"));
        assert!(used.memory_bytes > 0 && used.memory_peak_bytes >= used.memory_bytes);
    }

    #[test]
    fn processor_time_of_other_programs_is_not_taken_for_a_servers() {
        let own = [std::process::id()];
        let comm = fs::read_to_string("/proc/self/comm");
        let comm = comm.unwrap_or_default();
        assert!(cpu_of(&own, comm.trim_end()).is_some());
        assert_eq!(cpu_of(&own, "another program"), None);
        assert_eq!(cpu_of(&[u32::MAX], ""), None);
    }

    #[test]
    fn processor_time_is_found_behind_any_name() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 1 2 3 4 150 50 0 0 20 0 9 0 100 1 2";
        assert_eq!(cpu(stat), Some(Duration::from_secs(2)));
    }

    #[test]
    fn the_machines_processor_time_is_what_is_not_idle() {
        let stat = "cpu  100 20 30 9999 888 7 3 40 5 6\ncpu0 1 2 3";
        assert_eq!(machine_cpu(stat), Some(Duration::from_secs(2)));
        assert!(machine().is_ok_and(|used| used > Duration::ZERO));
    }

    #[test]
    fn what_was_counted_is_read_as_it_is_written() {
        let metrics = Metrics::default();
        metrics.ran("commands", 5);
        metrics.ran("questions", 3);
        metrics.ran("commands", 2);
        let asked = Asked {
            kind: "component",
            name: "join",
        };
        for outcome in [Outcome::Answered, Outcome::Busy, Outcome::Failed] {
            metrics.answered(asked, outcome, Duration::ZERO);
        }
        metrics.delivered("card", "done");
        metrics.delivered("card", "later");
        let moment = Duration::from_millis(1);
        metrics.written(Written {
            commands: 4,
            held: moment,
            commit: moment,
        });
        let levels = Snapshot {
            owed: 9,
            database_bytes: 4_096,
            log_bytes: 100,
            ..Snapshot::default()
        };
        let counted = Counted::read(&metrics.text(&levels));
        let expected = Counted {
            command_statements: 7.0,
            question_statements: 3.0,
            transactions: 1.0,
            commands: 4.0,
            failed: 2.0,
            deliveries: 1.0,
            owed: 9.0,
            database_bytes: 4_196.0,
        };
        assert_eq!(counted, expected);
    }
}
