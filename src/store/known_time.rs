//! When the database was last in use, and on which days: by a bot whose clock could be relied on.
//!
//! May touch: [`Transaction`]. Invariant: times are noted only while the clock is trusted, so that a clock that
//! is wrong is noticed at the next start, and does not count as days on which the bot ran.

use chrono::{DateTime, TimeDelta, Utc};

use super::sql::{DbError, sql, values};
use super::{Command, Question, Read, Stop, Transaction};

/// Seconds of a day.
const DAY_S: i64 = 24 * 60 * 60;

/// Notes that the database is in use at `now`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoteTime {
    /// The present time.
    pub now: DateTime<Utc>,
}

impl Command for NoteTime {
    const NAME: &'static str = "note_time";
    type Answer = ();
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<(), Stop<Self::Refusal>> {
        tx.execute(sql!("known_time/note"), values![self.now])?;
        tx.execute(sql!("known_time/note_day"), values![day(self.now)])?;
        Ok(())
    }
}

/// What is known of the time.
#[derive(Debug)]
pub struct KnownTime;

/// See [`KnownTime`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// When the database was last in use, to the minute; `None` in a new one.
    pub last_at: Option<DateTime<Utc>>,
    /// What the clock showed when its operator last confirmed it.
    pub confirmed_at: Option<DateTime<Utc>>,
}

impl Question for KnownTime {
    type Answer = Known;

    fn ask(&self, db: &mut dyn Read) -> Result<Known, DbError> {
        match db.query_one(sql!("known_time/find"), values![])? {
            None => Ok(Known::default()),
            Some(row) => Ok(Known {
                last_at: row.get("last_at")?,
                confirmed_at: row.get("confirmed_at")?,
            }),
        }
    }
}

/// The end of what may be erased because it was over `days` ago: the bot has run on so many days after it,
/// the one of `now` included. `None` if it has not run on so many days at all.
pub(super) fn ran_since(
    db: &mut dyn Read,
    days: u32,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, DbError> {
    let Some(before) = days.checked_sub(1) else {
        return Ok(Some(now));
    };
    let first = sql!("known_time/ran_on");
    let Some(row) = db.query_one(first, values![day(now), before])? else {
        return Ok(None);
    };
    let day: i64 = row.get("day")?;
    Ok(Some(
        DateTime::UNIX_EPOCH + TimeDelta::seconds(day.saturating_mul(DAY_S)),
    ))
}

fn day(time: DateTime<Utc>) -> i64 {
    time.timestamp().div_euclid(DAY_S)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::{Scene, now};

    #[tokio::test]
    async fn last_time_is_the_one_that_was_noted_last() {
        let scene = Scene::open().await;
        assert_eq!(scene.ask(KnownTime).await, Known::default());
        for at in [
            now(),
            now() + TimeDelta::days(2),
            now() + TimeDelta::days(1),
        ] {
            let Ok(()) = scene.run(NoteTime { now: at }).await;
            assert_eq!(scene.ask(KnownTime).await.last_at, Some(at));
        }
    }
}
