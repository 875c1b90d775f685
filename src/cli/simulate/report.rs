//! The figures of a simulation, and how they are printed.
//!
//! Pure. Invariant: what is per click is divided by the same number of clicks everywhere, and the
//! embedded Discord's part is told beside the bot's.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::ground::Served;
use super::people::Clicked;
use super::usage::{Counted, Usage};
use crate::playground::Traffic;

/// Above this share of all processor time the machine itself is the limit, in percent.
const BUSY_PERCENT: f64 = 85.0;

/// With fewer guilds than this their memory is lost among everything else.
const GUILDS_TO_TELL: usize = 1_000;
/// From so many processors on, other programs are told of.
const OTHERS_TO_TELL: f64 = 0.1;

/// All there was to measure.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) seed: u64,
    pub(super) in_flight: usize,
    pub(super) processors: usize,
    /// Whether the program was built with optimisations.
    pub(super) optimised: bool,
    /// Whether Discord's rate limits were kept.
    pub(super) limits: bool,
    /// One for each number of shards.
    pub(super) stages: Vec<Stage>,
}

/// Times from delivered to answered, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Times {
    pub(super) p50_ms: f64,
    pub(super) p95_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) max_ms: f64,
}

/// One thing that people did.
#[derive(Debug, Serialize)]
pub(super) struct Action {
    what: &'static str,
    clicks: usize,
    #[serde(flatten)]
    times: Times,
}

/// What a process used.
#[derive(Debug, Serialize)]
pub(super) struct Part {
    cpu_us_per_click: f64,
    /// How many processors it kept busy.
    processors: f64,
    memory_mb: f64,
    memory_peak_mb: f64,
}

/// One number of shards.
#[derive(Debug, Serialize)]
pub(super) struct Stage {
    engine: &'static str,
    shards: u32,
    guilds: usize,
    active_guilds: usize,
    ready_s: f64,
    clicks: usize,
    unanswered: usize,
    /// Answered with "try again" or an apology.
    failed: f64,
    mistakes: u64,
    seconds: f64,
    clicks_per_s: f64,
    #[serde(flatten)]
    times: Times,
    bot: Part,
    discord: Part,
    /// Of what serves the bot on a server of this machine; not a number if there is none.
    server_cpu_us_per_click: f64,
    server_log_bytes_per_click: f64,
    discord_percent_of_cpu: f64,
    busy_percent: f64,
    /// Processors that other programs kept busy.
    others_processors: f64,
    /// What the bot alone would carry on one processor that is all its own.
    clicks_per_processor_s: f64,
    memory_ready_mb: f64,
    memory_ready_without_guilds_mb: f64,
    memory_kb_per_1000_guilds: f64,
    command_statements_per_click: f64,
    question_statements_per_click: f64,
    transactions_per_click: f64,
    commands_per_transaction: f64,
    bytes_to_bot_per_click: f64,
    bytes_from_bot_per_click: f64,
    disk_bytes_per_click: f64,
    database_mb: f64,
    counted_requests_per_click: f64,
    counted_requests_per_s: f64,
    refused_requests: u64,
    deliveries_per_s: f64,
    owed_at_end: f64,
    actions: Vec<Action>,
}

/// A moment of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) bot: Usage,
    pub(super) discord: Usage,
    pub(super) counted: Counted,
    pub(super) traffic: Traffic,
    /// What the database's server has done, if it is on one.
    pub(super) served: Option<Served>,
    /// Processor time of everything on this machine.
    pub(super) machine: Duration,
}

/// What a stage's figures are made from.
#[derive(Debug)]
pub(super) struct Run {
    /// The database's engine.
    pub(super) engine: &'static str,
    pub(super) shards: u32,
    pub(super) guilds: usize,
    pub(super) active_guilds: usize,
    pub(super) processors: usize,
    /// Until all shards were connected.
    pub(super) ready: Duration,
    /// The bot's memory then, and that of a bot with as many shards and hardly a guild.
    pub(super) memory_ready_bytes: u64,
    pub(super) memory_without_guilds_bytes: u64,
    pub(super) before: Moment,
    pub(super) after: Moment,
    pub(super) took: Duration,
    pub(super) clicked: Vec<Clicked>,
    pub(super) mistakes: u64,
}

impl Stage {
    pub(super) fn of(run: &Run) -> Self {
        let (before, after) = (&run.before, &run.after);
        let clicks = run.clicked.len();
        let per_click = |amount: f64| amount / clicks.max(1) as f64;
        let seconds = run.took.as_secs_f64();
        let bot = Part::of(&before.bot, &after.bot, clicks, seconds);
        let discord = Part::of(&before.discord, &after.discord, clicks, seconds);
        let server_cpu = server(before, after, |served| Some(served.cpu?.as_secs_f64()));
        let server_log = server(before, after, |served| Some(served.log_bytes as f64));
        let busy = bot.processors + discord.processors + server_cpu.unwrap_or(0.0) / seconds;
        let counted = |of: fn(&Counted) -> f64| of(&after.counted) - of(&before.counted);
        let traffic = |of: fn(&Traffic) -> u64| (of(&after.traffic) - of(&before.traffic)) as f64;
        let machine = after.machine.saturating_sub(before.machine).as_secs_f64() / seconds;
        let transactions = counted(|all| all.transactions);
        let requests = traffic(|all| all.counted_requests);
        let guilds = run.memory_ready_bytes as f64 - run.memory_without_guilds_bytes as f64;
        Self {
            engine: run.engine,
            shards: run.shards,
            guilds: run.guilds,
            active_guilds: run.active_guilds,
            ready_s: run.ready.as_secs_f64(),
            clicks,
            unanswered: run
                .clicked
                .iter()
                .filter(|one| one.took_us.is_none())
                .count(),
            failed: counted(|all| all.failed),
            mistakes: run.mistakes,
            seconds,
            clicks_per_s: clicks as f64 / seconds,
            times: times(&run.clicked),
            discord_percent_of_cpu: 100.0 * discord.processors / busy.max(f64::MIN_POSITIVE),
            busy_percent: 100.0 * busy.max(machine) / run.processors as f64,
            others_processors: (machine - busy).max(0.0),
            clicks_per_processor_s: 1e6 / bot.cpu_us_per_click.max(f64::MIN_POSITIVE),
            bot,
            discord,
            server_cpu_us_per_click: per_click(1e6 * server_cpu.unwrap_or(f64::NAN)),
            server_log_bytes_per_click: per_click(server_log.unwrap_or(f64::NAN)),
            memory_ready_mb: mb(run.memory_ready_bytes),
            memory_ready_without_guilds_mb: mb(run.memory_without_guilds_bytes),
            memory_kb_per_1000_guilds: match run.guilds {
                GUILDS_TO_TELL.. => guilds / run.guilds as f64,
                _ => f64::NAN,
            },
            command_statements_per_click: per_click(counted(|all| all.command_statements)),
            question_statements_per_click: per_click(counted(|all| all.question_statements)),
            transactions_per_click: per_click(transactions),
            commands_per_transaction: counted(|all| all.commands) / transactions.max(1.0),
            bytes_to_bot_per_click: per_click(traffic(|all| all.sent_bytes)),
            bytes_from_bot_per_click: per_click(traffic(|all| all.received_bytes)),
            disk_bytes_per_click: per_click(
                (after.bot.written_bytes - before.bot.written_bytes) as f64,
            ),
            database_mb: after.counted.database_bytes / 1e6,
            counted_requests_per_click: per_click(requests),
            counted_requests_per_s: requests / seconds,
            refused_requests: after.traffic.refused_requests - before.traffic.refused_requests,
            deliveries_per_s: counted(|all| all.deliveries) / seconds,
            owed_at_end: after.counted.owed,
            actions: actions(&run.clicked),
        }
    }
}

impl Part {
    fn of(before: &Usage, after: &Usage, clicks: usize, seconds: f64) -> Self {
        let cpu = after.cpu.saturating_sub(before.cpu).as_secs_f64();
        Self {
            cpu_us_per_click: 1e6 * cpu / clicks.max(1) as f64,
            processors: cpu / seconds,
            memory_mb: mb(after.memory_bytes),
            memory_peak_mb: mb(after.memory_peak_bytes),
        }
    }
}

/// By how much something that a server did has grown, if it is known.
fn server(before: &Moment, after: &Moment, of: fn(&Served) -> Option<f64>) -> Option<f64> {
    let [before, after] = [before, after].map(|moment| moment.served.as_ref().and_then(of));
    Some((after? - before?).max(0.0))
}

fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn actions(clicked: &[Clicked]) -> Vec<Action> {
    let mut by_what: BTreeMap<&'static str, Vec<Clicked>> = BTreeMap::new();
    for click in clicked {
        by_what.entry(click.what).or_default().push(*click);
    }
    let action = |(what, clicked): (&'static str, Vec<Clicked>)| Action {
        what,
        clicks: clicked.len(),
        times: times(&clicked),
    };
    by_what.into_iter().map(action).collect()
}

fn times(clicked: &[Clicked]) -> Times {
    let mut took: Vec<u64> = clicked.iter().filter_map(|one| one.took_us).collect();
    took.sort_unstable();
    let at = |percent: usize| {
        let place = (took.len() * percent).div_ceil(100).saturating_sub(1);
        took.get(place).map_or(0.0, |us| *us as f64 / 1e3)
    };
    Times {
        p50_ms: at(50),
        p95_ms: at(95),
        p99_ms: at(99),
        max_ms: at(100),
    }
}

impl Report {
    /// For people: a line for each figure, a column for each number of shards.
    pub(super) fn table(&self) -> String {
        let mut text = format!(
            "{} processors, {} people at once, seed {}, Discord's rate limits {}{}\n\n",
            self.processors,
            self.in_flight,
            self.seed,
            if self.limits { "kept" } else { "off" },
            if self.optimised {
                ""
            } else {
                "; NOT optimised: build with --release"
            },
        );
        text.push_str(&format!("{:<44}", "database"));
        for stage in &self.stages {
            text.push_str(&format!(" {:>11}", stage.engine));
        }
        text.push('\n');
        for (name, decimals, figure) in LINES {
            text.push_str(&format!("{name:<44}"));
            for stage in &self.stages {
                let value = figure(stage);
                let value = match value.is_nan() {
                    true => "-".to_owned(),
                    false => format!("{value:.decimals$}"),
                };
                text.push_str(&format!(" {value:>11}"));
            }
            text.push('\n');
        }
        text.push_str(&self.verdict());
        text
    }

    /// What the limit was.
    fn verdict(&self) -> String {
        let mut text = String::new();
        for stage in &self.stages {
            let limit = if stage.busy_percent >= BUSY_PERCENT {
                "the processors were the limit"
            } else {
                "the processors were not the limit: people, disk or waiting were"
            };
            text.push_str(&format!(
                "\n{}, {} shards: {limit} ({:.0} % busy); of the time used, the embedded Discord and \
                 its people took {:.0} %",
                stage.engine, stage.shards, stage.busy_percent, stage.discord_percent_of_cpu
            ));
            if stage.others_processors >= OTHERS_TO_TELL {
                text.push_str(&format!(
                    "; other programs kept {:.1} processors busy, so that the rate and the times say \
                     little, and processor time a click more",
                    stage.others_processors
                ));
            }
        }
        text
    }
}

/// A line of the table: its name, its decimals, its figure.
type Line = (&'static str, usize, fn(&Stage) -> f64);

const LINES: [Line; 38] = [
    ("shards", 0, |s| f64::from(s.shards)),
    ("guilds", 0, |s| s.guilds as f64),
    ("guilds in which something is on", 0, |s| {
        s.active_guilds as f64
    }),
    ("seconds until all shards were connected", 2, |s| s.ready_s),
    ("clicks", 0, |s| s.clicks as f64),
    ("clicks not answered in time", 0, |s| s.unanswered as f64),
    ("clicks that failed", 0, |s| s.failed),
    ("clicks a second", 0, |s| s.clicks_per_s),
    ("delivered to answered, ms: p50", 2, |s| s.times.p50_ms),
    ("  p95", 2, |s| s.times.p95_ms),
    ("  p99", 2, |s| s.times.p99_ms),
    ("  longest", 2, |s| s.times.max_ms),
    ("processor time a click, µs: bot", 0, |s| {
        s.bot.cpu_us_per_click
    }),
    ("  embedded Discord and people", 0, |s| {
        s.discord.cpu_us_per_click
    }),
    ("  database's server, if it is on this machine", 0, |s| {
        s.server_cpu_us_per_click
    }),
    ("processors kept busy: bot", 2, |s| s.bot.processors),
    ("  embedded Discord and people", 2, |s| s.discord.processors),
    ("  other programs", 2, |s| s.others_processors),
    ("clicks a second for a processor of the bot's own", 0, |s| {
        s.clicks_per_processor_s
    }),
    ("memory of the bot, MB: connected, no guilds", 1, |s| {
        s.memory_ready_without_guilds_mb
    }),
    ("  connected", 1, |s| s.memory_ready_mb),
    ("  at the end", 1, |s| s.bot.memory_mb),
    ("  at most", 1, |s| s.bot.memory_peak_mb),
    ("memory of the embedded Discord, MB", 1, |s| {
        s.discord.memory_mb
    }),
    ("memory for 1,000 guilds, KB", 1, |s| {
        s.memory_kb_per_1000_guilds
    }),
    ("statements of commands a click", 2, |s| {
        s.command_statements_per_click
    }),
    ("statements of questions a click", 2, |s| {
        s.question_statements_per_click
    }),
    ("transactions a click", 3, |s| s.transactions_per_click),
    ("commands in a transaction", 1, |s| {
        s.commands_per_transaction
    }),
    ("bytes a click: Discord to bot", 0, |s| {
        s.bytes_to_bot_per_click
    }),
    ("  bot to Discord", 0, |s| s.bytes_from_bot_per_click),
    ("  bot to disk", 0, |s| s.disk_bytes_per_click),
    ("  server to its log", 0, |s| s.server_log_bytes_per_click),
    ("database at the end, MB", 1, |s| s.database_mb),
    ("requests that count (50/s), a click", 3, |s| {
        s.counted_requests_per_click
    }),
    ("  a second", 1, |s| s.counted_requests_per_s),
    ("  refused with 429", 0, |s| s.refused_requests as f64),
    ("cards and messages still owed at the end", 0, |s| {
        s.owed_at_end
    }),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_what_was_answered() {
        let answered = (1..=200).map(|ms| Some(ms * 1_000));
        let clicked: Vec<_> = answered
            .chain([None])
            .map(|took_us| Clicked { what: "x", took_us })
            .collect();
        let expected = Times {
            p50_ms: 100.0,
            p95_ms: 190.0,
            p99_ms: 198.0,
            max_ms: 200.0,
        };
        assert_eq!(times(&clicked), expected);
        assert_eq!(times(&[]), Times::default());
    }
}
