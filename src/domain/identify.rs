//! When shards may identify themselves to Discord: of each bucket one every five seconds, and in all
//! no more in a day than Discord allows. Beyond that it ends every connection and resets the token.
//!
//! Pure. Invariant: whoever books, turns of one bucket are [`IDENTIFY_EVERY_MS`] apart, and no turn is
//! booked that may be one too many for the day.

use std::collections::BTreeMap;

/// Shards of one bucket identify themselves this far apart, in milliseconds: Discord's 5 s, and
/// what a message may be late.
pub const IDENTIFY_EVERY_MS: i64 = 5_250;
/// Whoever's turn it was has identified themselves, and Discord has counted it, after this, in
/// milliseconds.
const COUNTED_AFTER_MS: i64 = 2_000;
/// What is booked further ahead than this was booked by a clock that has been set since, in
/// milliseconds: the last of 2,500 shards, one after the other, waits for less.
const AHEAD_MAX_MS: i64 = 4 * 3_600 * 1_000;

/// What Discord said of the session starts that are left of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Starts {
    /// How many.
    pub left: u32,
    /// How long ago it was asked, in milliseconds.
    pub asked_ms_ago: i64,
}

/// For each bucket, from when on its next turn may be, in milliseconds on the clock by which turns are
/// booked.
pub type Booked = BTreeMap<u32, i64>;

/// When the next turn of a bucket is; to be booked by putting the time [`IDENTIFY_EVERY_MS`] later
/// into `booked`. `None` if by what Discord said there may be none left: it is to be asked anew, and
/// the next turns are to be waited for.
pub fn turn(booked: &Booked, bucket: u32, starts: Starts, now_ms: i64) -> Option<i64> {
    let sane = |free_at_ms: &i64| *free_at_ms <= now_ms + AHEAD_MAX_MS;
    let asked_ms = now_ms - starts.asked_ms_ago;
    let taken = booked.values().copied().filter(sane);
    let taken: i64 = taken
        .map(|free_at_ms| turns_since(free_at_ms, asked_ms))
        .sum();
    if taken >= i64::from(starts.left) {
        return None;
    }
    let free_at_ms = booked.get(&bucket).copied().filter(sane);
    Some(free_at_ms.map_or(now_ms, |free_at_ms| free_at_ms.max(now_ms)))
}

/// At most so many turns of a bucket were too late for Discord to have counted them when it was asked,
/// if the bucket's next one may be at `free_at_ms`.
fn turns_since(free_at_ms: i64, asked_ms: i64) -> i64 {
    ((free_at_ms - asked_ms + COUNTED_AFTER_MS) / IDENTIFY_EVERY_MS).max(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANY: Starts = Starts {
        left: 1_000,
        asked_ms_ago: 0,
    };

    fn book(booked: &mut Booked, bucket: u32, starts: Starts, now_ms: i64) -> Option<i64> {
        let at = turn(booked, bucket, starts, now_ms)?;
        booked.insert(bucket, at + IDENTIFY_EVERY_MS);
        Some(at)
    }

    #[test]
    fn turns_of_one_bucket_come_one_after_the_other() {
        let mut booked = Booked::new();
        let times = [0, 0, 1, 0].map(|bucket| book(&mut booked, bucket, MANY, 7));
        let later = |turns: i64| Some(7 + turns * IDENTIFY_EVERY_MS);
        assert_eq!(times, [later(0), later(1), later(0), later(2)]);
        assert_eq!(book(&mut booked, 0, MANY, 1_000_000), Some(1_000_000));
    }

    #[test]
    fn no_more_turns_are_booked_than_discord_has_left() {
        let mut booked = Booked::new();
        let starts = |left, asked_ms_ago| Starts { left, asked_ms_ago };
        assert_eq!(book(&mut booked, 0, starts(0, 0), 0), None);
        for shard in 0..40 {
            // What is booked while they wait takes its part of what was left when it was asked.
            let at = book(&mut booked, shard % 16, starts(37, 100), 100);
            assert_eq!(at.is_some(), shard < 37, "{shard}");
        }
        // Once all turns are over, and counted, its word is the truth again.
        let last = 100 + 2 * IDENTIFY_EVERY_MS;
        let over = last + COUNTED_AFTER_MS;
        assert_eq!(book(&mut booked, 0, starts(1, 0), over), None);
        let next = last + IDENTIFY_EVERY_MS;
        assert_eq!(book(&mut booked, 0, starts(1, 0), over + 1), Some(next));
        assert_eq!(book(&mut booked, 9, starts(1, 0), over + 1), None);
    }

    #[test]
    fn a_turn_that_discord_may_not_have_counted_yet_is_counted() {
        let mut booked = Booked::new();
        book(&mut booked, 0, MANY, 0);
        let one = Starts {
            left: 1,
            asked_ms_ago: 0,
        };
        assert_eq!(turn(&booked, 1, one, 1), None);
        assert_eq!(turn(&booked, 1, one, COUNTED_AFTER_MS), None);
        assert!(turn(&booked, 1, one, COUNTED_AFTER_MS + 1).is_some());
    }

    #[test]
    fn a_clock_that_was_set_back_keeps_nobody_waiting() {
        let booked = Booked::from([(0, AHEAD_MAX_MS + 2)]);
        assert_eq!(turn(&booked, 0, MANY, 1), Some(1));
    }
}
