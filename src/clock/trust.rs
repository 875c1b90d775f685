//! Whether the time that the clock shows can be relied on.
//!
//! Pure but for a lock and a line in the log. Invariant: what erases, completes, reminds or drops backups asks
//! [`Clock::is_trusted`] or [`Clock::trusted`] right before; a clock that jumped is not trusted until Discord
//! or the operator has confirmed it.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use tokio::sync::watch;

use super::{Clock, Times};

/// A start that is further ahead of the last known time than this, in hours, waits for a confirmation: an
/// ordinary downtime is shorter.
pub const DOWNTIME_MAX_H: i64 = 24;
/// A clock that is set by more than this, in minutes, is not trusted until it is confirmed; so is one that is
/// this much behind the last known time, or apart from Discord's.
pub const JUMP_MAX_MIN: i64 = 5;
/// A confirmed day may differ from the clock's by this much, in days.
const CONFIRMED_DAYS_APART_MAX: i64 = 1;

/// Why the clock is not trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It is further ahead of the last known time than an ordinary downtime is long.
    Ahead {
        /// When the database was last in use.
        known: DateTime<Utc>,
        /// What the clock showed.
        now: DateTime<Utc>,
    },
    /// It is behind the last known time.
    Behind {
        /// When the database was last in use.
        known: DateTime<Utc>,
        /// What the clock showed.
        now: DateTime<Utc>,
    },
    /// It was set by this much while the bot ran.
    Set(TimeDelta),
    /// It is this much ahead of Discord's, or behind it if less than nothing.
    Apart(TimeDelta),
}

impl Doubt {
    /// What is doubtful about a start at `now` if the database was last in use at `known`.
    pub fn at_start(known: DateTime<Utc>, now: DateTime<Utc>) -> Option<Self> {
        if now - known > TimeDelta::hours(DOWNTIME_MAX_H) {
            Some(Self::Ahead { known, now })
        } else if known - now > TimeDelta::minutes(JUMP_MAX_MIN) {
            Some(Self::Behind { known, now })
        } else {
            None
        }
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |time: &DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
        match self {
            Self::Ahead { known, now } => {
                let (known, now) = (text(known), text(now));
                write!(
                    f,
                    "it shows {now}, and the database was last in use at {known}, long before"
                )
            }
            Self::Behind { known, now } => {
                let (known, now) = (text(known), text(now));
                write!(
                    f,
                    "it shows {now}, and the database was in use at {known}, after that"
                )
            }
            Self::Set(by) => write!(f, "it was set by {} s while the bot ran", by.num_seconds()),
            Self::Apart(by) => write!(f, "it differs from Discord's by {} s", by.num_seconds()),
        }
    }
}

/// What is known of a clock. All clones of the clock share it.
#[derive(Debug)]
pub(super) struct Trust {
    state: Mutex<State>,
    doubt: watch::Sender<Option<Doubt>>,
}

#[derive(Debug)]
struct State {
    /// What the clock showed when it was last looked at.
    last: Times,
    /// What a right clock showed at some moment; `None` if the clock has never been trusted since the start.
    right: Option<Times>,
    /// The operator has confirmed it, and it was not set since: what Discord says no longer counts.
    by_operator: bool,
}

impl Trust {
    pub(super) fn new(start: Times) -> Self {
        Self {
            state: Mutex::new(State {
                last: start,
                right: Some(start),
                by_operator: false,
            }),
            doubt: watch::Sender::new(None),
        }
    }

    /// Plain values are never left half written.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says, once, that the clock is not trusted any more, or that it is again.
    fn settle(&self, doubt: Option<Doubt>) {
        let was = self.doubt.send_replace(doubt);
        match (was, doubt) {
            (None, Some(doubt)) => tracing::warn!(
                reason = %doubt,
                "clock not trusted: sessions neither start nor end, nobody is reminded, and nothing old is \
                 deleted until Discord's clock or `overwatch-bot clock confirm` confirms it"
            ),
            (Some(_), None) => tracing::info!("clock confirmed"),
            _ => {}
        }
    }
}

impl Clock {
    /// Begins to watch the clock: at the start of a bot whose database was last in use at `known`; `None` if
    /// that is not known, as in a new one.
    pub fn begin_after(&self, known: Option<DateTime<Utc>>) {
        let now = self.times();
        let doubt = known.and_then(|known| Doubt::at_start(known, now.wall));
        *self.trust.state() = State {
            last: now,
            right: doubt.is_none().then_some(now),
            by_operator: false,
        };
        self.trust.settle(doubt);
    }

    /// The present time as far as it is known. While the clock is not trusted, it is worked out from the last
    /// time that was right; if there is none, it is what the clock shows.
    pub fn likely_now(&self) -> DateTime<Utc> {
        let mut state = self.trust.state();
        let now = self.look(&mut state);
        let is_trusted = self.trust.doubt.borrow().is_none();
        let Some(right) = state.right.filter(|_| !is_trusted) else {
            return now.wall;
        };
        let since = now.elapsed.saturating_sub(right.elapsed);
        let since = TimeDelta::from_std(since).unwrap_or(TimeDelta::MAX);
        right.wall.checked_add_signed(since).unwrap_or(now.wall)
    }

    /// Why the clock is not trusted; `None` if it is.
    pub fn doubt(&self) -> Option<Doubt> {
        let mut state = self.trust.state();
        self.look(&mut state);
        *self.trust.doubt.borrow()
    }

    /// Whether the clock can be relied on now.
    pub fn is_trusted(&self) -> bool {
        self.doubt().is_none()
    }

    /// Returns once the clock is trusted.
    pub async fn trusted(&self) {
        while !self.is_trusted() {
            let mut told = self.trust.doubt.subscribe();
            // The sender lives in `self`, so waiting cannot fail.
            let _ = told.wait_for(Option::is_none).await;
        }
    }

    /// Returns once somebody has found that the clock is not to be trusted.
    pub async fn doubted(&self) {
        let mut told = self.trust.doubt.subscribe();
        let _ = told.wait_for(Option::is_some).await;
    }

    /// Compares the clock with Discord's, which showed `date` in the answer to a request that was sent at
    /// `sent` by [`Clock::elapsed`].
    pub fn heard(&self, sent: Duration, date: DateTime<Utc>) {
        let mut state = self.trust.state();
        let now = self.look(&mut state);
        // The answer was dated at some moment since then.
        let on_the_way = now.elapsed.saturating_sub(sent);
        let on_the_way = TimeDelta::from_std(on_the_way).unwrap_or(TimeDelta::MAX);
        let ahead = now.wall - date;
        let most = TimeDelta::minutes(JUMP_MAX_MIN);
        let agrees = -ahead <= most && ahead - on_the_way <= most;
        if agrees {
            state.right = Some(now);
            self.trust.settle(None);
        } else if !state.by_operator {
            state.right = Some(Times { wall: date, ..now });
            self.trust.settle(Some(Doubt::Apart(ahead)));
        }
    }

    /// Trusts the clock, as its operator says, until it is set again.
    pub fn confirm(&self) {
        let mut state = self.trust.state();
        state.right = Some(self.look(&mut state));
        state.by_operator = true;
        self.trust.settle(None);
    }

    /// Trusts the clock if it shows this day, which the operator has confirmed, or a neighbour of it: they may
    /// live in another zone.
    pub fn confirm_on(&self, day: NaiveDate) {
        let apart = self.now().date_naive() - day;
        if apart.num_days().abs() <= CONFIRMED_DAYS_APART_MAX {
            self.confirm();
        } else {
            tracing::warn!(%day, "CLOCK_CONFIRMED is another day than the clock's and confirms nothing");
        }
    }

    /// Looks whether the clock was set since the last look.
    fn look(&self, state: &mut State) -> Times {
        let now = self.times();
        let passed = now.elapsed.saturating_sub(state.last.elapsed);
        let passed = TimeDelta::from_std(passed).unwrap_or(TimeDelta::MAX);
        let by = now.wall - state.last.wall - passed;
        state.last = now;
        let is_trusted = self.trust.doubt.borrow().is_none();
        if by.abs() > TimeDelta::minutes(JUMP_MAX_MIN) {
            state.by_operator = false;
            self.trust.settle(Some(Doubt::Set(by)));
        } else if is_trusted {
            state.right = Some(now);
        }
        now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock() -> Clock {
        Clock::manual("2026-11-28T12:00:00Z".parse().expect("a time"))
    }

    #[test]
    fn start_long_after_the_last_known_time_or_before_it_is_doubtful() {
        for (ago, trusted) in [
            (Some(TimeDelta::minutes(1)), true),
            (Some(TimeDelta::hours(DOWNTIME_MAX_H)), true),
            (Some(TimeDelta::hours(DOWNTIME_MAX_H + 1)), false),
            (Some(TimeDelta::days(60)), false),
            (Some(TimeDelta::minutes(-JUMP_MAX_MIN)), true),
            (Some(TimeDelta::minutes(-JUMP_MAX_MIN - 1)), false),
            (Some(TimeDelta::days(-60)), false),
            (None, true),
        ] {
            let clock = clock();
            clock.begin_after(ago.map(|ago| clock.now() - ago));
            assert_eq!(clock.is_trusted(), trusted, "{ago:?}");
            clock.heard(clock.elapsed(), clock.now());
            assert!(clock.is_trusted(), "Discord confirms it");
        }
    }

    #[test]
    fn clock_that_is_set_is_doubtful_until_it_is_confirmed() {
        for by in [TimeDelta::hours(1), TimeDelta::days(-60)] {
            let clock = clock();
            let discords = clock.now();
            clock.advance(TimeDelta::days(400));
            assert!(clock.is_trusted(), "a machine that was suspended");
            clock.jump(by);
            assert_eq!(clock.doubt(), Some(Doubt::Set(by)));
            let discords = discords + TimeDelta::days(400);
            clock.heard(clock.elapsed(), discords);
            assert_eq!(clock.doubt(), Some(Doubt::Apart(by)));
            clock.confirm();
            clock.heard(clock.elapsed(), discords);
            assert_eq!(clock.doubt(), None, "the operator knows better");
            clock.jump(by);
            assert_eq!(
                clock.doubt(),
                Some(Doubt::Set(by)),
                "but not of the next time"
            );
            clock.jump(-by * 2);
            clock.heard(clock.elapsed(), discords);
            assert_eq!(clock.doubt(), None);
        }
    }

    #[test]
    fn likely_time_is_the_last_right_one_and_what_has_passed_since() {
        let minute = TimeDelta::minutes(1);
        for by in [TimeDelta::hours(1), TimeDelta::days(-60)] {
            let clock = clock();
            let mut right = clock.now();
            let mut pass = |by: TimeDelta| {
                clock.jump(by);
                clock.advance(minute);
                right += minute;
                right
            };
            assert_eq!(pass(TimeDelta::zero()), clock.likely_now());
            assert_eq!(pass(by), clock.likely_now(), "it was set");
            assert_eq!(pass(by), clock.likely_now(), "and set again");
            assert_eq!(pass(-by * 2), clock.likely_now(), "and set right");
            assert!(!clock.is_trusted(), "which nobody has confirmed yet");
            // A process that starts now knows nothing but what the clock shows, until Discord tells.
            let right = pass(by);
            clock.begin_after(Some(clock.now() + TimeDelta::days(1)));
            assert_eq!(clock.likely_now(), clock.now());
            clock.heard(clock.elapsed(), right);
            assert_eq!(clock.likely_now(), right);
            assert_eq!(pass(TimeDelta::zero()), clock.likely_now());
            clock.confirm();
            assert_eq!(clock.likely_now(), clock.now(), "the operator knows better");
        }
    }

    #[test]
    fn answer_that_was_long_on_its_way_confirms_and_one_before_a_jump_does_not() {
        let clock = clock();
        let (sent, date) = (clock.elapsed(), clock.now());
        clock.advance(TimeDelta::hours(2));
        clock.heard(sent, date);
        assert!(clock.is_trusted());
        clock.jump(TimeDelta::hours(2));
        clock.heard(sent, date);
        assert!(!clock.is_trusted());
    }

    #[test]
    fn confirmed_day_counts_while_the_clock_shows_it_or_a_neighbour() {
        for (days, trusted) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let clock = clock();
            let now = clock.now();
            clock.begin_after(Some(now - TimeDelta::days(60)));
            clock.confirm_on((now + TimeDelta::days(days)).date_naive());
            assert_eq!(clock.is_trusted(), trusted, "{days} days apart");
        }
    }

    #[test]
    fn small_steps_of_the_clock_are_none() {
        let clock = clock();
        for _ in 0..100 {
            clock.jump(TimeDelta::seconds(59));
            assert!(clock.is_trusted());
        }
    }
}
