//! The time, as something that is handed over instead of looked up.
//!
//! May touch: tokio's timer, the system's clocks. Invariant: only `cli` makes a [`Clock::system`];
//! everyone else is given a clock, so that a test moves time by hand. What is due at a time goes by
//! [`Clock::now`], which people and NTP set; how long something takes goes by [`Clock::elapsed`],
//! which nobody sets.

mod trust;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;

use trust::Trust;
pub use trust::{DOWNTIME_MAX_H, Doubt, JUMP_MAX_MIN};

/// Longest single sleep of a system clock, in seconds: a machine that was suspended or whose
/// clock was set is noticed after this long.
const SLEEP_MAX_S: u64 = 30;

/// A source of the present time (UTC), and whether it can be relied on. Cheap to clone; clones of a manual
/// clock move together, and all clones are trusted or not together.
#[derive(Clone, Debug)]
pub struct Clock {
    kind: Kind,
    trust: Arc<Trust>,
}

#[derive(Clone, Debug)]
enum Kind {
    System,
    Manual(watch::Sender<Times>),
}

/// What a clock shows at one moment.
#[derive(Clone, Copy, Debug)]
struct Times {
    wall: DateTime<Utc>,
    elapsed: Duration,
}

impl Clock {
    /// The machine's own clock.
    pub fn system() -> Self {
        Self::of(Kind::System)
    }

    /// A clock that stands still at `start` until [`Clock::set`] or [`Clock::advance`] moves it.
    pub fn manual(start: DateTime<Utc>) -> Self {
        Self::of(Kind::Manual(watch::Sender::new(Times {
            wall: start,
            elapsed: Duration::ZERO,
        })))
    }

    fn of(kind: Kind) -> Self {
        let trust = Arc::new(Trust::new(kind.times()));
        Self { kind, trust }
    }

    fn times(&self) -> Times {
        self.kind.times()
    }

    /// The present time.
    pub fn now(&self) -> DateTime<Utc> {
        self.times().wall
    }

    /// The time since some moment before the program started. Setting the clock does not change it, and
    /// it goes on while the machine is suspended.
    pub fn elapsed(&self) -> Duration {
        self.times().elapsed
    }

    /// Moves a manual clock to `now`. The time on the way there passes if it is forward. A system clock
    /// cannot be moved, and that is a mistake of the caller.
    pub fn set(&self, now: DateTime<Utc>) {
        self.change(|times| {
            times.elapsed += (now - times.wall).to_std().unwrap_or_default();
            times.wall = now;
        });
    }

    /// Moves a manual clock forward.
    pub fn advance(&self, by: TimeDelta) {
        self.set(self.now() + by);
    }

    /// Sets a manual clock ahead or back as NTP or a person does: no time passes.
    pub fn jump(&self, by: TimeDelta) {
        self.change(|times| times.wall += by);
    }

    fn change(&self, change: impl FnOnce(&mut Times)) {
        match &self.kind {
            Kind::System => panic!("the system clock is not ours to set"),
            Kind::Manual(sender) => sender.send_modify(change),
        }
    }

    /// Returns once [`Clock::now`] is at or past `due`; at once if it already is.
    pub async fn sleep_until(&self, due: DateTime<Utc>) {
        match &self.kind {
            Kind::System => {
                while let Ok(left) = (due - Utc::now()).to_std() {
                    if left.is_zero() {
                        return;
                    }
                    nap(left).await;
                }
            }
            Kind::Manual(sender) => {
                let mut receiver = sender.subscribe();
                // The sender lives in `self`, so waiting cannot fail.
                let _ = receiver.wait_for(|times| times.wall >= due).await;
            }
        }
    }

    /// Returns after this much of [`Clock::elapsed`], however the clock is set meanwhile.
    pub async fn sleep(&self, period: Duration) {
        let end = self.elapsed().saturating_add(period);
        match &self.kind {
            Kind::System => loop {
                let left = end.saturating_sub(since_boot());
                if left.is_zero() {
                    return;
                }
                nap(left).await;
            },
            Kind::Manual(sender) => {
                let mut receiver = sender.subscribe();
                let _ = receiver.wait_for(|times| times.elapsed >= end).await;
            }
        }
    }

    /// Returns once [`Clock::now`] is at or past `due`, or after `longest`. Who works out anew then when
    /// something is due is late by no more than that after the clock was set.
    pub async fn sleep_until_or(&self, due: DateTime<Utc>, longest: Duration) {
        tokio::select! {
            biased;
            () = self.sleep_until(due) => {}
            () = self.sleep(longest) => {}
        }
    }
}

impl Kind {
    fn times(&self) -> Times {
        match self {
            Self::System => Times {
                wall: Utc::now(),
                elapsed: since_boot(),
            },
            Self::Manual(sender) => *sender.borrow(),
        }
    }
}

async fn nap(left: Duration) {
    tokio::time::sleep(left.min(Duration::from_secs(SLEEP_MAX_S))).await;
}

/// Time since the boot of the machine, which goes on while it is suspended (clock_gettime(2):
/// CLOCK_BOOTTIME).
#[cfg(target_os = "linux")]
fn since_boot() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    time.try_into().unwrap_or_default()
}

/// Time since this was first asked for.
#[cfg(not(target_os = "linux"))]
fn since_boot() -> Duration {
    static FIRST: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    FIRST.get_or_init(std::time::Instant::now).elapsed()
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

    #[tokio::test]
    async fn setting_the_clock_neither_ends_a_period_nor_prolongs_it() {
        for by in [TimeDelta::hours(1), TimeDelta::days(-60)] {
            let clock = Clock::manual(DateTime::UNIX_EPOCH + TimeDelta::days(365));
            let sleeper = {
                let clock = clock.clone();
                tokio::spawn(async move { clock.sleep(Duration::from_secs(60)).await })
            };
            tokio::task::yield_now().await;
            clock.jump(by);
            clock.advance(TimeDelta::seconds(59));
            tokio::task::yield_now().await;
            assert!(!sleeper.is_finished(), "{by}");
            clock.advance(TimeDelta::seconds(1));
            sleeper.await.expect("the sleeper ends");
        }
    }

    #[test]
    fn time_since_the_boot_rises() {
        let clock = Clock::system();
        let first = clock.elapsed();
        assert!(!first.is_zero());
        assert!(clock.elapsed() >= first);
    }
}
