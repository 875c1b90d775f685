//! Forgets what has served its purpose: receipts of interactions that cannot come again.
//!
//! May touch: the store. Invariant: a receipt outlives the 15 minutes for which Discord may
//! deliver an interaction again.

use std::time::Duration;

use chrono::TimeDelta;
use tokio_util::sync::CancellationToken;

use super::trouble::FailureLog;
use crate::discord::feature::Context;
use crate::store::clock::ForgetReceipts;

/// Receipts are kept this long, in minutes. With the time until they are looked through they are
/// gone within the hour, as people are told who delete their profile.
const RECEIPTS_KEPT_MIN: i64 = 45;
/// They are looked through this often, in minutes.
const TIDY_EVERY_MIN: u64 = 10;

/// Runs until `stop`.
pub async fn run(context: Context, stop: CancellationToken) {
    let failures = FailureLog::default();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = context.clock.trusted() => {}
        }
        let now = context.clock.now();
        let before = now - TimeDelta::minutes(RECEIPTS_KEPT_MIN);
        if let Err(error) = context.store.execute_job(ForgetReceipts { before }).await {
            failures.warn(&context.store, &error, "old receipts were not forgotten");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = context.clock.sleep(Duration::from_secs(TIDY_EVERY_MIN * 60)) => {}
        }
    }
}
