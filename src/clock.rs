//! The time, as something that is handed over instead of looked up.
//!
//! May touch: tokio's timer. Invariant: only `cli` makes a [`Clock::system`]; everyone else is
//! given a clock, so that a test moves time by hand.

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;

/// Longest single sleep of a system clock, in seconds: a machine that was suspended or whose
/// clock was set is noticed after this long.
const SLEEP_MAX_S: u64 = 30;

/// A source of the present time (UTC). Cheap to clone; clones of a manual clock move together.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    System,
    Manual(watch::Sender<DateTime<Utc>>),
}

impl Clock {
    /// The machine's own clock.
    pub fn system() -> Self {
        Self(Kind::System)
    }

    /// A clock that stands still at `start` until [`Clock::set`] or [`Clock::advance`] moves it.
    pub fn manual(start: DateTime<Utc>) -> Self {
        Self(Kind::Manual(watch::Sender::new(start)))
    }

    /// The present time.
    pub fn now(&self) -> DateTime<Utc> {
        match &self.0 {
            Kind::System => Utc::now(),
            Kind::Manual(sender) => *sender.borrow(),
        }
    }

    /// Sets a manual clock; a system clock cannot be set, and that is a mistake of the caller.
    pub fn set(&self, now: DateTime<Utc>) {
        match &self.0 {
            Kind::System => panic!("the system clock is not ours to set"),
            Kind::Manual(sender) => {
                sender.send_replace(now);
            }
        }
    }

    /// Moves a manual clock forward.
    pub fn advance(&self, by: TimeDelta) {
        self.set(self.now() + by);
    }

    /// Returns once [`Clock::now`] is at or past `due`; at once if it already is.
    pub async fn sleep_until(&self, due: DateTime<Utc>) {
        match &self.0 {
            Kind::System => {
                while let Ok(left) = (due - Utc::now()).to_std() {
                    if left.is_zero() {
                        return;
                    }
                    tokio::time::sleep(left.min(std::time::Duration::from_secs(SLEEP_MAX_S))).await;
                }
            }
            Kind::Manual(sender) => {
                let mut receiver = sender.subscribe();
                // The sender lives in `self`, so waiting cannot fail.
                let _ = receiver.wait_for(|now| *now >= due).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sleeper_wakes_when_time_is_moved_past_its_due_time() {
        let clock = Clock::manual(DateTime::UNIX_EPOCH);
        let due = DateTime::UNIX_EPOCH + TimeDelta::hours(1);
        let sleeper = {
            let clock = clock.clone();
            tokio::spawn(async move {
                clock.sleep_until(due).await;
                clock.now()
            })
        };
        clock.advance(TimeDelta::minutes(59));
        clock.advance(TimeDelta::minutes(2));
        assert!(sleeper.await.expect("the sleeper ends") >= due);
    }
}
