//! Backups on a schedule, and copies of them in the object store.
//!
//! May touch: `store::backup`. Invariant: when the next backup is due, and which one is still to
//! be copied, is read from what is there, so that a restart neither skips nor repeats one.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use super::NAP_MAX;
use crate::clock::Clock;
use crate::store::backup::Backups;

/// The wait after a first failure, in minutes; it doubles with each further one.
const RETRY_FIRST_MIN: u64 = 1;
/// The longest such wait, in minutes.
const RETRY_MAX_MIN: u64 = 60;
/// How often the length of the log is looked at, in minutes.
const LOG_LOOK_MIN: u64 = 60;
/// A log longer than this is warned of, in bytes: Litestream, which keeps it short, is away.
const LOG_WARN_BYTES: u64 = 256 * 1024 * 1024;

/// Runs until `stop`.
pub async fn run(backups: Backups, clock: Clock, stop: CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        _ = async { tokio::join!(make(&backups, &clock, &stop), watch_log(&backups, &clock)) } => {}
    }
}

async fn make(backups: &Backups, clock: &Clock, stop: &CancellationToken) {
    let mut failures = 0;
    loop {
        let now = clock.now();
        let Some(due) = backups.next_due(now) else {
            return;
        };
        let all_kept = backups.without_rotation();
        let backups = match clock.is_trusted() {
            true => backups,
            false => &all_kept,
        };
        let backed_up = due > now || back_up(backups, now, stop).await;
        let done = copy(backups, now).await && backed_up;
        failures = if done { 0 } else { failures + 1 };
        match failures {
            0 => until_due(backups, clock).await,
            failures => clock.sleep(retry_after(failures)).await,
        }
    }
}

/// Returns once the next backup is due, by what is in the folder and what the clock says after each nap.
async fn until_due(backups: &Backups, clock: &Clock) {
    while let Some(due) = backups.next_due(clock.now())
        && due > clock.now()
    {
        clock.sleep_until_or(due, NAP_MAX).await;
    }
}

/// Makes a backup; whether that went well.
async fn back_up(backups: &Backups, now: DateTime<Utc>, stop: &CancellationToken) -> bool {
    match backups.take(now, stop).await {
        Ok(taken) => {
            tracing::info!(
                backup = %taken.path.display(),
                bytes = taken.bytes,
                rows = taken.contents.total_rows(),
                dropped = taken.dropped.len(),
                "backed up and verified"
            );
            if taken.contents.dangling > 0 {
                let rows = taken.contents.dangling;
                tracing::warn!(
                    rows,
                    "rows of the database refer to rows that are not there"
                );
            }
            true
        }
        Err(error) => {
            tracing::error!(%error, "the backup failed");
            false
        }
    }
}

/// Copies the newest backup to the object store; whether that went well, or there is none.
async fn copy(backups: &Backups, now: DateTime<Utc>) -> bool {
    match backups.upload_newest(now).await {
        Ok(None) => true,
        Ok(Some(name)) => {
            tracing::info!(%name, "the backup was copied to the object store");
            true
        }
        Err(error) => {
            tracing::error!(%error, "the backup was not copied to the object store");
            false
        }
    }
}

fn retry_after(failures: u32) -> Duration {
    let doubled = RETRY_FIRST_MIN << (failures - 1).min(10);
    Duration::from_secs(60 * doubled.min(RETRY_MAX_MIN))
}

/// With Litestream in charge of checkpoints the log grows for as long as it is away.
async fn watch_log(backups: &Backups, clock: &Clock) {
    if !backups.settings().litestream {
        return std::future::pending().await;
    }
    loop {
        let bytes = backups.log_bytes();
        if bytes > LOG_WARN_BYTES {
            tracing::warn!(
                bytes,
                "the write-ahead log is long: Litestream is in charge of it, and seems not to run"
            );
        }
        clock.sleep(Duration::from_secs(60 * LOG_LOOK_MIN)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_an_hour() {
        let minutes: Vec<_> = [1, 2, 3, 6, 7, 30, u32::MAX]
            .map(|failures| retry_after(failures).as_secs() / 60)
            .into();
        assert_eq!(minutes, [1, 2, 4, 32, 60, 60, 60]);
    }
}
