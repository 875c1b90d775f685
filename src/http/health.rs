//! Whether the bot can do its work, and how much of everything there is.
//!
//! May touch: what [`Watched`] gives. Invariant: a part that does not answer in time is not well;
//! nothing is waited for longer than [`WRITER_WITHIN_MS`]; what is said of a part is this file's own
//! sentences, with figures and times. The text of an error may hold addresses, names and keys: it is
//! in the log.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use tokio::time::Instant;

use super::Watched;
use crate::metrics::Snapshot;
use crate::status::{Hold, Shard};
use crate::store::backup::Backups;
use crate::store::disk_room::DiskRoom;
use crate::store::health::{BacklogNow, Heartbeat, Ping};
use crate::store::sqlite::files;
use crate::store::{Failure, Sizes};

/// The writer, and the disk, are well if they answer within this, in milliseconds.
pub const WRITER_WITHIN_MS: u64 = 3_000;
/// A shard that lost its connection has this long to come back, in seconds: Discord closes
/// connections now and then, and resuming one takes moments.
pub const SHARD_GRACE_S: i64 = 60;

/// Where the text of an error is.
const SEE_LOG: &str = "the log says why";
const COMMITS_FAIL: &str = "commits fail; the log says why";
const COMMANDS_FAIL: &str = "the last commands all failed; the log says why";
const WRITER_FAILS: &str = "it answers with an error; the log says which";

/// How long it is told of that another program was found on the token, in minutes.
const TOKEN_SHARED_FOR_MIN: i64 = 60;

/// Whether the bot can do its work, part by part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// Whether every part that must be is well.
    pub ok: bool,
    /// The writer answers, and the last commits succeeded.
    pub writer: Part,
    /// Every shard is connected, or has not been away for long.
    pub shards: Part,
    /// Requests go to Discord. No reason to be taken out of service either, unless the token is
    /// refused: whatever else holds them passes, and a restart makes it worse.
    pub discord: Part,
    /// The database's disk can be written on.
    pub disk: Part,
    /// There is room on the database's disk. No reason to be taken out of service as long as commits succeed.
    pub room: Part,
    /// The database is not larger than its operator wants. No reason to be taken out of service.
    pub size: Part,
    /// Nobody else runs on the bot's token. No reason to be taken out of service: the other is no better.
    pub token: Part,
    /// The clock is trusted. No reason to be taken out of service: what is not done by a wrong clock is done
    /// once it is right.
    pub clock: Part,
    /// The newest backup, and its upload. No reason to be taken out of service either.
    pub backup: Part,
}

/// One part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Whether it is well.
    pub ok: bool,
    /// What is to be said about it; left out for those who are told states only.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub says: String,
}

impl Part {
    fn of(ok: bool, says: impl Into<String>) -> Self {
        Self {
            ok,
            says: says.into(),
        }
    }
}

impl Readiness {
    /// What anyone may know: which parts are well.
    pub(super) fn without_details(mut self) -> Self {
        let parts = [
            &mut self.writer,
            &mut self.shards,
            &mut self.discord,
            &mut self.disk,
            &mut self.room,
            &mut self.size,
            &mut self.token,
            &mut self.clock,
            &mut self.backup,
        ];
        for part in parts {
            part.says.clear();
        }
        self
    }
}

/// Looks at every part, all at once.
pub(super) async fn readiness(watched: &Watched) -> Readiness {
    let (writer, disk) = tokio::join!(writer(watched), disk(watched));
    let shards = match (watched.status.shards(), watched.status.why_shardless()) {
        (none, Some(reason)) if none.is_empty() => Part::of(true, reason),
        (shards, _) => shards_part(&shards, watched.clock.now()),
    };
    let shards = used_up(shards, watched.status.no_starts_until());
    let held = watched.status.held_by_discord(Instant::now());
    let token_works = held.is_none_or(|(hold, _)| hold != Hold::TokenRefused);
    Readiness {
        ok: writer.ok && shards.ok && disk.ok && token_works,
        writer,
        shards,
        discord: discord(watched, held),
        disk,
        room: room(watched),
        size: size(watched),
        token: token(watched),
        clock: clock(watched),
        backup: backup(watched),
    }
}

/// What has a level, now. What cannot be found out is 0; the log says why.
pub(super) async fn snapshot(watched: &Watched) -> Snapshot {
    let now = watched.clock.now();
    let waiting = watched.store.waiting();
    let sizes = in_time(watched.store.sizes());
    let (sizes, backlog) = tokio::join!(sizes, in_time(watched.store.query(BacklogNow)));
    let sizes = match sizes {
        Some(Ok(sizes)) => sizes,
        Some(Err(error)) => {
            tracing::warn!(%error, "the database could not be measured");
            Sizes::default()
        }
        None => Sizes::default(),
    };
    let backlog = backlog.and_then(Result::ok);
    let overdue = backlog.and_then(|backlog| backlog.first_due);
    let shards = watched.status.shards();
    let backups = watched.backups.as_ref().map(Backups::status);
    Snapshot {
        people_waiting: waiting.people,
        jobs_waiting: waiting.jobs,
        owed: backlog.map_or(0, |backlog| backlog.rows.into()),
        overdue_s: overdue.map_or(0.0, |due| seconds(now - due).max(0.0)),
        database_bytes: sizes.database,
        log_bytes: sizes.log,
        free_bytes: sizes.free,
        warn_bytes: watched.warn_bytes,
        backup_age_s: match &backups {
            Some(status) => {
                let last = status.last.as_ref();
                let last = last.filter(|last| !last.is_from_future(now));
                last.map(|last| seconds(now - last.at))
            }
            None => Some(f64::NAN),
        },
        upload_failed: backups.is_some_and(|status| status.upload_failure.is_some()),
        shards: shards
            .iter()
            .map(|shard| (shard.number, shard.up))
            .collect(),
    }
}

async fn writer(watched: &Watched) -> Part {
    let store = &watched.store;
    let answer = async {
        match store.commits().failure() {
            // Commits failed: only one that succeeds says that it is over.
            Some(_) => store.execute_job(Heartbeat).await.map(drop),
            None => store.execute_job(Ping).await.map(drop),
        }
    };
    let answer = in_time(answer).await;
    let commits = store.commits();
    match answer {
        Some(Ok(())) if commits.failure().is_some() => Part::of(false, COMMITS_FAIL),
        Some(Ok(())) if commits.trouble().is_some() => Part::of(false, COMMANDS_FAIL),
        answer => writer_part(answer),
    }
}

fn writer_part(answer: Option<Result<(), Failure>>) -> Part {
    match answer {
        Some(Ok(())) => Part::of(true, "answers"),
        Some(Err(Failure::Busy)) => Part::of(false, "its lane is full"),
        Some(Err(error)) => {
            tracing::warn!(%error, "the writer does not work");
            Part::of(false, WRITER_FAILS)
        }
        None => Part::of(false, format!("no answer within {WRITER_WITHIN_MS} ms")),
    }
}

async fn disk(watched: &Watched) -> Part {
    let Some(file) = watched.store.place().file() else {
        return Part::of(true, "the database is on a server");
    };
    let folder = files::folder_of(file).to_owned();
    let tried = tokio::task::spawn_blocking(move || files::try_write(&folder));
    match in_time(tried).await {
        Some(Ok(Ok(()))) => Part::of(true, "can be written on"),
        // Of its kind, and not the system's text, which may name a path.
        Some(Ok(Err(error))) => Part::of(false, format!("cannot be written on: {}", error.kind())),
        Some(Err(_)) => Part::of(false, "the attempt to write failed"),
        None => Part::of(false, format!("no answer within {WRITER_WITHIN_MS} ms")),
    }
}

fn room(watched: &Watched) -> Part {
    let room = watched.store.disk_room();
    Part::of(room == DiskRoom::Enough, room.to_string())
}

fn shards_part(shards: &[Shard], now: DateTime<Utc>) -> Part {
    let away = |shard: &&Shard| !shard.up;
    let late = |shard: &&Shard| now - shard.since > TimeDelta::seconds(SHARD_GRACE_S);
    let lost: Vec<_> = shards.iter().filter(away).filter(late).collect();
    if let Some(first) = lost.first() {
        let (count, since) = (lost.len(), first.since.to_rfc3339());
        return Part::of(
            false,
            format!(
                "{count} not connected, number {} since {since}",
                first.number
            ),
        );
    }
    match (shards.len(), shards.iter().filter(away).count()) {
        (0, _) => Part::of(false, "not started yet"),
        (all, 0) => Part::of(true, format!("{all} connected")),
        (all, away) => Part::of(true, format!("{away} of {all} are connecting")),
    }
}

/// Says as well why shards may have to wait for long.
fn used_up(mut shards: Part, until: Option<DateTime<Utc>>) -> Part {
    if let Some(until) = until {
        let until = until.to_rfc3339();
        shards.says += &format!("; Discord's session starts of the day are used up until {until}");
    }
    shards
}

fn discord(watched: &Watched, held: Option<(Hold, Instant)>) -> Part {
    if let Some((hold, until)) = held {
        let left_s = (until - Instant::now()).as_secs_f64().ceil();
        return Part::of(
            false,
            format!("{hold}; requests wait for another {left_s} s"),
        );
    }
    match watched.status.why_start_waits() {
        Some(reason) => Part::of(false, reason),
        None => Part::of(true, "requests go out"),
    }
}

fn size(watched: &Watched) -> Part {
    match watched.status.oversize() {
        None => Part::of(true, "within what is wanted"),
        Some(over) => Part::of(
            false,
            format!(
                "{} bytes, warned of from {} on",
                over.bytes, over.warn_bytes
            ),
        ),
    }
}

fn token(watched: &Watched) -> Part {
    let since = watched.clock.now() - TimeDelta::minutes(TOKEN_SHARED_FOR_MIN);
    match watched.status.token_shared_at().filter(|at| *at > since) {
        None => Part::of(true, "nobody else uses it"),
        Some(at) => Part::of(
            false,
            format!(
                "another program answered clicks with it at {}; stop it, or reset the token",
                at.to_rfc3339()
            ),
        ),
    }
}

fn clock(watched: &Watched) -> Part {
    match watched.clock.doubt() {
        None => Part::of(true, "is trusted"),
        Some(doubt) => Part::of(
            false,
            format!(
                "{doubt}; nothing starts, ends, reminds or is deleted until Discord's clock or \
                 `overwatch-bot clock confirm` confirms it"
            ),
        ),
    }
}

fn backup(watched: &Watched) -> Part {
    let Some(backups) = &watched.backups else {
        return Part::of(true, "made where the database's server is");
    };
    let status = backups.status();
    let failed = |what: &str, at: DateTime<Utc>| {
        Part::of(
            false,
            format!("{what} failed at {}; {SEE_LOG}", at.to_rfc3339()),
        )
    };
    if let Some(failure) = status.failure {
        return failed("the latest", failure.at);
    }
    if let Some(failure) = status.upload_failure {
        return failed("the last upload", failure.at);
    }
    match status.last {
        Some(last) if last.is_from_future(watched.clock.now()) => Part::of(
            false,
            format!(
                "the newest one is dated in the future, {}: the clock was or is wrong",
                last.at.to_rfc3339()
            ),
        ),
        Some(last) => Part::of(
            true,
            format!("the newest one is of {}", last.at.to_rfc3339()),
        ),
        None => Part::of(false, "there is none yet"),
    }
}

async fn in_time<T>(answer: impl Future<Output = T>) -> Option<T> {
    let within = Duration::from_millis(WRITER_WITHIN_MS);
    tokio::time::timeout(within, answer).await.ok()
}

fn seconds(time: TimeDelta) -> f64 {
    time.as_seconds_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_has_a_minute_to_come_back() {
        let since = DateTime::UNIX_EPOCH;
        let shard = |up| Shard {
            number: 0,
            up,
            since,
        };
        let after = |seconds| since + TimeDelta::seconds(seconds);
        assert!(!shards_part(&[], since).ok);
        assert!(shards_part(&[shard(false)], after(SHARD_GRACE_S)).ok);
        assert!(!shards_part(&[shard(true), shard(false)], after(SHARD_GRACE_S + 1)).ok);
        assert!(shards_part(&[shard(true)], after(1_000_000)).ok);
    }
}
