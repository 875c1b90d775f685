//! What is counted and timed, for Prometheus.
//!
//! May touch: nothing. Invariant: labels come from tables of this program and never from what
//! people send, so that the number of series is bounded.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// What every name begins with.
const PREFIX: &str = "overwatch_bot";
/// Upper bounds of the times that people wait, in seconds; Discord's own limit is 3.
const ANSWER_BUCKETS_S: [f64; 9] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.0, 3.0];
/// Upper bounds of the times that the disk takes, in seconds.
const DISK_BUCKETS_S: [f64; 9] = [
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.02, 0.1, 1.0,
];
/// Upper bounds of the commands in one transaction.
const BATCH_BUCKETS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// A value that goes up and down.
type Level = Gauge<f64, AtomicU64>;

/// All that is counted. Cheap to clone; all clones count together.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    interactions: Family<InteractionLabels, Counter>,
    elsewhere: Counter,
    waits: Family<WaitLabels, Histogram, fn() -> Histogram>,
    transaction: Histogram,
    commit: Histogram,
    batch: Histogram,
    statements: Family<StatementLabels, Counter>,
    deliveries: Family<DeliveryLabels, Counter>,
    refusals: Family<RefusalLabels, Counter>,
    not_taken: Family<ReasonLabels, Counter>,
    closed: Family<ReasonLabels, Counter>,
    levels: Levels,
    looking: Mutex<()>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InteractionLabels {
    kind: &'static str,
    command: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WaitLabels {
    kind: &'static str,
    command: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DeliveryLabels {
    kind: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RefusalLabels {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StatementLabels {
    of: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LaneLabels {
    lane: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ShardLabels {
    shard: u32,
}

/// How Discord refused a request. All but [`Refusal::Shared`] count towards its limit of invalid
/// requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// 429: the limit of a route, for this bot.
    User,
    /// 429: the limit of a route, for everybody.
    Shared,
    /// 429: the limit over all requests.
    Global,
    /// 429: everything from this address.
    Address,
    /// 401: the token.
    Unauthorized,
    /// 403: the bot may not do that.
    Forbidden,
}

impl Refusal {
    const ALL: [Self; 6] = [
        Self::User,
        Self::Shared,
        Self::Global,
        Self::Address,
        Self::Unauthorized,
        Self::Forbidden,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Shared => "shared",
            Self::Global => "global",
            Self::Address => "address",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
        }
    }
}

/// Why a request to `/interactions` was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotTaken {
    /// It has no signature.
    Unsigned,
    /// The signature is wrong.
    Signature,
    /// The signature is right, and of another time.
    Age,
    /// The body is too large.
    Size,
    /// The body did not come in time.
    Late,
}

impl NotTaken {
    const ALL: [Self; 5] = [
        Self::Unsigned,
        Self::Signature,
        Self::Age,
        Self::Size,
        Self::Late,
    ];

    /// The label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unsigned => "unsigned",
            Self::Signature => "signature",
            Self::Age => "age",
            Self::Size => "size",
            Self::Late => "late",
        }
    }
}

/// Why the bot closed a connection of its HTTP server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// Another one needed its place.
    Displaced,
    /// Its network has as many connections as it may, all of them new.
    Refused,
    /// The answer was not read in time.
    Unread,
}

impl Closed {
    const ALL: [Self; 3] = [Self::Displaced, Self::Refused, Self::Unread];

    fn as_str(self) -> &'static str {
        match self {
            Self::Displaced => "displaced",
            Self::Refused => "refused",
            Self::Unread => "unread",
        }
    }
}

/// What an interaction was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// `command`, `autocomplete`, `component` or `modal`.
    pub kind: &'static str,
    /// The command's or the route's name in its feature's table; `unknown` if it is in none.
    pub name: &'static str,
}

/// How an interaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was answered, be it with a refusal.
    Answered,
    /// It was answered after "thinking…".
    Late,
    /// Too much was going on.
    Busy,
    /// Something was broken.
    Failed,
    /// Nothing answers to it.
    Unknown,
    /// It has something in it that this version does not understand.
    Unreadable,
}

impl Outcome {
    fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Late => "late",
            Self::Busy => "busy",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Unreadable => "unreadable",
        }
    }
}

/// One transaction of the writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Commands in it.
    pub commands: usize,
    /// How long it held the writer.
    pub held: Duration,
    /// How much of that its COMMIT took.
    pub commit: Duration,
}

/// What has a level at any moment, as it is when somebody looks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// Commands that wait on the lane of people.
    pub people_waiting: usize,
    /// Commands that wait on the lane of jobs.
    pub jobs_waiting: usize,
    /// Rows that the world is owed.
    pub owed: u64,
    /// For how long the oldest of those that are due has been due, in seconds.
    pub overdue_s: f64,
    /// The database file.
    pub database_bytes: u64,
    /// Its write-ahead log.
    pub log_bytes: u64,
    /// Free space on its disk; `None` if it is not on a disk of ours.
    pub free_bytes: Option<u64>,
    /// From which size of the database on it is warned.
    pub warn_bytes: u64,
    /// The age of the newest backup, in seconds; `None` if there is none, and not a number if they
    /// are made elsewhere.
    pub backup_age_s: Option<f64>,
    /// Whether the last upload of a backup failed.
    pub upload_failed: bool,
    /// Every shard, and whether it is connected.
    pub shards: Vec<(u32, bool)>,
}

#[derive(Default)]
struct Levels {
    waiting: Family<LaneLabels, Level>,
    owed: Level,
    overdue: Level,
    database: Level,
    log: Level,
    free: Level,
    warn: Level,
    backup_age: Level,
    upload_failed: Level,
    shards: Family<ShardLabels, Level>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut inner = Inner {
            registry: Registry::with_prefix(PREFIX),
            interactions: Family::default(),
            elsewhere: Counter::default(),
            waits: Family::new_with_constructor(|| Histogram::new(ANSWER_BUCKETS_S)),
            transaction: Histogram::new(DISK_BUCKETS_S),
            commit: Histogram::new(DISK_BUCKETS_S),
            batch: Histogram::new(BATCH_BUCKETS),
            statements: Family::default(),
            deliveries: Family::default(),
            refusals: Family::default(),
            not_taken: Family::default(),
            closed: Family::default(),
            levels: Levels::default(),
            looking: Mutex::default(),
        };
        inner.register();
        inner.levels.register(&mut inner.registry);
        Self(Arc::new(inner))
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    /// Another program has acknowledged an interaction first.
    pub fn acknowledged_elsewhere(&self) {
        self.0.elsewhere.inc();
    }

    /// An interaction was acknowledged, after this long, with this outcome.
    pub fn answered(&self, asked: Asked, outcome: Outcome, after: Duration) {
        let Asked { kind, name } = asked;
        let labels = InteractionLabels {
            kind,
            command: name,
            outcome: outcome.as_str(),
        };
        self.0.interactions.get_or_create(&labels).inc();
        let labels = WaitLabels {
            kind,
            command: name,
        };
        let waits = self.0.waits.get_or_create(&labels);
        waits.observe(after.as_secs_f64());
    }

    /// The writer has done a transaction.
    pub fn written(&self, written: Written) {
        self.0.transaction.observe(written.held.as_secs_f64());
        self.0.commit.observe(written.commit.as_secs_f64());
        let commands = u32::try_from(written.commands).unwrap_or(u32::MAX);
        self.0.batch.observe(f64::from(commands));
    }

    /// A command or a question (`of`) has run so many statements.
    pub fn ran(&self, of: &'static str, statements: u64) {
        let counter = self.0.statements.get_or_create(&StatementLabels { of });
        counter.inc_by(statements);
    }

    /// A delivery of the outbox has ended: of which kind, and how.
    pub fn delivered(&self, kind: &'static str, outcome: &'static str) {
        let labels = DeliveryLabels { kind, outcome };
        self.0.deliveries.get_or_create(&labels).inc();
    }

    /// Discord has refused a request.
    pub fn refused_by_discord(&self, refusal: Refusal) {
        let kind = refusal.as_str();
        self.0.refusals.get_or_create(&RefusalLabels { kind }).inc();
    }

    /// A request to `/interactions` was refused.
    pub fn interaction_not_taken(&self, why: NotTaken) {
        let reason = why.as_str();
        let labels = ReasonLabels { reason };
        self.0.not_taken.get_or_create(&labels).inc();
    }

    /// The HTTP server has closed a connection.
    pub fn connection_closed(&self, why: Closed) {
        let reason = why.as_str();
        self.0.closed.get_or_create(&ReasonLabels { reason }).inc();
    }

    /// Everything, with `now` for what has a level, in the OpenMetrics text format.
    pub fn text(&self, now: &Snapshot) -> String {
        // Two who look at once would see each other's levels, or half of them.
        let _one = self
            .0
            .looking
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        self.0.levels.set(now);
        let mut text = String::new();
        encode(&mut text, &self.0.registry).expect("a String takes any text");
        text
    }
}

impl Inner {
    fn register(&mut self) {
        let all = &mut self.registry;
        let told = "Interactions by kind, command or route, and outcome";
        all.register("interactions", told, self.interactions.clone());
        let told = "Interactions that another program with this bot's token acknowledged first";
        all.register("interactions_elsewhere", told, self.elsewhere.clone());
        let told = "Seconds until an interaction was acknowledged";
        all.register("interaction_seconds", told, self.waits.clone());
        let told = "Seconds for which a transaction held the writer";
        all.register("transaction_seconds", told, self.transaction.clone());
        let told = "Seconds that a COMMIT took";
        all.register("commit_seconds", told, self.commit.clone());
        let told = "Commands in one transaction";
        all.register("batch_commands", told, self.batch.clone());
        let told = "Statements that commands and questions have run";
        all.register("statements", told, self.statements.clone());
        let told = "Deliveries of the outbox by kind and outcome";
        all.register("deliveries", told, self.deliveries.clone());
        let told = "Requests that Discord refused with 401, 403 or 429, by kind";
        all.register("discord_refusals", told, self.refusals.clone());
        let told = "Requests to /interactions that were refused, by reason";
        all.register("http_interactions_refused", told, self.not_taken.clone());
        let told = "Connections of the HTTP server that the bot has closed, by reason";
        all.register("http_connections_closed", told, self.closed.clone());
        // There from the start, so that a rate of them can be watched.
        for kind in Refusal::ALL.map(Refusal::as_str) {
            drop(self.refusals.get_or_create(&RefusalLabels { kind }));
        }
        for reason in NotTaken::ALL.map(NotTaken::as_str) {
            drop(self.not_taken.get_or_create(&ReasonLabels { reason }));
        }
        for reason in Closed::ALL.map(Closed::as_str) {
            drop(self.closed.get_or_create(&ReasonLabels { reason }));
        }
    }
}

impl Levels {
    fn register(&self, all: &mut Registry) {
        let told = "Commands that wait for the writer";
        all.register("lane_depth", told, self.waiting.clone());
        let told = "Whether a shard is connected to Discord (1) or not (0)";
        all.register("shard_up", told, self.shards.clone());
        let levels = [
            ("outbox_backlog", "Rows that the world is owed", &self.owed),
            (
                "outbox_overdue_seconds",
                "For how long the oldest delivery that is due has been due",
                &self.overdue,
            ),
            (
                "database_bytes",
                "Size of the database file",
                &self.database,
            ),
            ("log_bytes", "Size of the write-ahead log", &self.log),
            (
                "disk_free_bytes",
                "Free space on the disk of the database's file; infinite on a server",
                &self.free,
            ),
            (
                "database_warn_bytes",
                "The size from which on the database is warned of",
                &self.warn,
            ),
            (
                "backup_age_seconds",
                "Age of the newest backup; infinite if there is none, NaN if they are made elsewhere",
                &self.backup_age,
            ),
            (
                "backup_upload_failed",
                "Whether the last upload of a backup failed (1)",
                &self.upload_failed,
            ),
        ];
        for (name, told, level) in levels {
            all.register(name, told, level.clone());
        }
    }

    fn set(&self, now: &Snapshot) {
        let lanes = [("people", now.people_waiting), ("jobs", now.jobs_waiting)];
        for (lane, waiting) in lanes {
            let level = self.waiting.get_or_create(&LaneLabels { lane });
            level.set(lossy(waiting as u64));
        }
        // A shard may be another process' by now.
        self.shards.clear();
        for (shard, up) in &now.shards {
            let level = self.shards.get_or_create(&ShardLabels { shard: *shard });
            level.set(f64::from(u8::from(*up)));
        }
        self.owed.set(lossy(now.owed));
        self.overdue.set(now.overdue_s);
        self.database.set(lossy(now.database_bytes));
        self.log.set(lossy(now.log_bytes));
        self.free.set(now.free_bytes.map_or(f64::INFINITY, lossy));
        self.warn.set(lossy(now.warn_bytes));
        self.backup_age
            .set(now.backup_age_s.unwrap_or(f64::INFINITY));
        self.upload_failed
            .set(f64::from(u8::from(now.upload_failed)));
    }
}

/// Prometheus knows no integers; beyond 2⁵³ nobody minds the last digit.
fn lossy(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_that_was_given_away_is_told_of_no_longer() {
        let metrics = Metrics::default();
        let text = |shards: &[(u32, bool)]| {
            let shards = shards.to_vec();
            let now = Snapshot {
                shards,
                ..Snapshot::default()
            };
            metrics.text(&now)
        };
        let both = text(&[(0, true), (1, true)]);
        assert!(both.contains("shard_up{shard=\"0\"} 1"), "{both}");
        assert!(both.contains("shard_up{shard=\"1\"} 1"), "{both}");
        let one = text(&[(1, false)]);
        assert!(!one.contains("shard_up{shard=\"0\"}"), "{one}");
        assert!(one.contains("shard_up{shard=\"1\"} 0"), "{one}");
    }
}
