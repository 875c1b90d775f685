//! Which backups may be dropped, by what is known of what is in them.
//!
//! May touch: nothing. Invariant: a backup that has lost more than half of its rows, or is of another
//! database, never pushes out the last good one.

use super::{BackupName, Keep};

/// A backup, and what is known of what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its name.
    pub name: BackupName,
    /// The identity of its database; `None` if it has none, or none is known.
    pub identity: Option<String>,
    /// The rows of data in it; `None` if nobody wrote that down, or it is not whole.
    pub rows: Option<u64>,
}

impl Kept {
    /// Whether this one, which is newer, makes `older` superfluous as far as what is in them is concerned.
    fn replaces(&self, older: &Self) -> bool {
        match (self.rows, older.rows) {
            (_, None | Some(0)) => true,
            (None, Some(_)) => false,
            (Some(here), Some(there)) => here.saturating_mul(2) >= there,
        }
    }

    /// Whether it is known to hold data.
    fn holds_data(&self) -> bool {
        self.rows.is_some_and(|rows| rows > 0)
    }
}

impl Keep {
    /// Which of `all` are to be dropped, now that `made` is there and verified: those that
    /// [`Keep::superfluous`] names, but for
    /// - those that only backups of less than half of their rows would push out, and
    /// - the last one of each database that holds data.
    pub fn droppable(&self, all: &[Kept], made: &Kept) -> Vec<BackupName> {
        let names: Vec<_> = all.iter().map(|one| one.name).collect();
        let mut dropped = self.superfluous(&names, made.name);
        dropped.retain(|name| {
            let Some(one) = all.iter().find(|one| one.name == *name) else {
                return false;
            };
            self.is_pushed_out(one, all, made) && !is_last_of_its_database(one, all)
        });
        dropped
    }

    fn is_pushed_out(&self, one: &Kept, all: &[Kept], made: &Kept) -> bool {
        let between = |other: &&Kept| other.name > one.name && other.name <= made.name;
        let newer = all.iter().filter(between);
        let mut names: Vec<_> = newer
            .filter(|newer| newer.replaces(one))
            .map(|newer| newer.name)
            .collect();
        let Some(newest) = names.iter().max().copied() else {
            return false;
        };
        names.push(one.name);
        self.superfluous(&names, newest).contains(&one.name)
    }
}

/// Whether `one` is the last one of its database that holds data.
fn is_last_of_its_database(one: &Kept, all: &[Kept]) -> bool {
    if one.identity.is_none() || !one.holds_data() {
        return false;
    }
    let mut newer = all.iter().filter(|other| other.name > one.name);
    !newer.any(|other| other.identity == one.identity && other.holds_data())
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};
    use proptest::prelude::*;

    use super::*;

    fn kept(hour: i64, identity: &str, rows: u64) -> Kept {
        Kept {
            name: BackupName {
                at: DateTime::UNIX_EPOCH + TimeDelta::hours(hour),
                compressed: false,
            },
            identity: (!identity.is_empty()).then(|| identity.to_owned()),
            rows: Some(rows),
        }
    }

    /// What is left after backups that were made one after the other, each by its hour.
    fn left(keep: Keep, made: &[Kept]) -> Vec<i64> {
        let mut all: Vec<Kept> = Vec::new();
        for one in made {
            all.push(one.clone());
            let dropped = keep.droppable(&all, one);
            all.retain(|one| !dropped.contains(&one.name));
        }
        all.iter()
            .map(|one| one.name.at.timestamp() / 3_600)
            .collect()
    }

    fn two() -> Keep {
        Keep {
            newest: 2,
            ..Keep::default()
        }
    }

    #[test]
    fn empty_database_pushes_out_no_backup_that_holds_data() {
        let mut made: Vec<_> = (0..4).map(|hour| kept(hour, "a", 100)).collect();
        made.extend((4..40).map(|hour| kept(hour, "b", 0)));
        assert_eq!(left(two(), &made), [2, 3, 38, 39]);
    }

    #[test]
    fn database_that_lost_more_than_half_pushes_out_nothing() {
        let mut made = vec![kept(0, "a", 100), kept(1, "a", 100)];
        made.extend((2..10).map(|hour| kept(hour, "a", 49)));
        assert_eq!(left(two(), &made), [0, 1, 8, 9]);
        // Once there is as much again, the old ones go.
        made.extend((10..12).map(|hour| kept(hour, "a", 50)));
        assert_eq!(left(two(), &made), [10, 11]);
    }

    #[test]
    fn last_backup_of_another_database_stays_when_the_new_one_has_grown() {
        let mut made: Vec<_> = (0..4).map(|hour| kept(hour, "a", 100)).collect();
        made.extend((4..40).map(|hour| kept(hour, "b", 100)));
        assert_eq!(left(two(), &made), [3, 38, 39]);
    }

    #[test]
    fn backups_from_before_identities_go_with_time() {
        let mut made: Vec<_> = (0..4).map(|hour| kept(hour, "", 100)).collect();
        made.extend((4..8).map(|hour| kept(hour, "a", 90)));
        assert_eq!(left(two(), &made), [6, 7]);
    }

    #[test]
    fn days_count_that_have_a_backup() {
        let keep = Keep {
            newest: 1,
            daily: 3,
            ..Keep::default()
        };
        let made = [0, 1, 24, 240, 2_400].map(|hour| kept(hour, "a", 1));
        assert_eq!(left(keep, &made), [24, 240, 2_400]);
    }

    proptest! {
        #[test]
        fn good_backup_of_every_database_is_left_and_never_less_than_half_of_the_most(
            lives in prop::collection::vec((0u8..3, 0u64..1_000), 1..60), newest in 1u32..5,
        ) {
            let keep = Keep { newest, ..Keep::default() };
            let made: Vec<_> = lives
                .iter()
                .zip(0..)
                .map(|((life, rows), hour)| kept(hour, ["a", "b", "c"][usize::from(*life)], *rows))
                .collect();
            let left = left(keep, &made);
            let most = made.iter().filter_map(|one| one.rows).max().unwrap_or(0);
            let is_left = |one: &&Kept| left.contains(&(one.name.at.timestamp() / 3_600));
            let best = made.iter().filter(is_left).filter_map(|one| one.rows).max();
            // Each step down is a half at most, and there may be several.
            prop_assert!(best.unwrap_or(0) > 0 || most == 0);
            for life in ["a", "b", "c"] {
                let of_life = |one: &&Kept| one.identity.as_deref() == Some(life) && one.holds_data();
                if made.iter().any(|one| of_life(&one)) {
                    prop_assert!(made.iter().filter(is_left).any(|one| of_life(&one)), "{life}");
                }
            }
        }
    }
}
