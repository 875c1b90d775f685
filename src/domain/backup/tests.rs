//! Names and retention.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

fn name(text: &str) -> BackupName {
    BackupName {
        at: at(text),
        compressed: false,
    }
}

#[test]
fn a_name_is_written_and_read() {
    let plain = name("2026-11-22T22:45:07Z");
    assert_eq!(plain.to_string(), "overwatch_backup_20261122_224507.db");
    let compressed = BackupName {
        compressed: true,
        ..plain
    };
    for name in [plain, compressed] {
        assert_eq!(BackupName::parse(&name.to_string()), Some(name));
    }
}

#[test]
fn what_is_not_a_backup_has_no_backup_name() {
    for text in [
        "",
        "overwatch.db",
        "overwatch_backup_20261122_224507.db.part",
        "overwatch_backup_20261122_224507.db.json",
        "overwatch_backup_20261122_224507.db-wal",
        "overwatch_backup_20261322_224507.db",
        "overwatch_backup_2026112_2224507.db",
        "old_overwatch_backup_20261122_224507.db",
        "overwatch_backup_+20261122_224507.db",
    ] {
        assert_eq!(BackupName::parse(text), None, "{text}");
    }
}

#[test]
fn a_time_is_understood_as_people_type_it() {
    let wanted = Some(at("2026-11-22T22:45:00Z"));
    for text in [
        "20261122_224500",
        "2026-11-22 22:45:00",
        "2026-11-22 22:45",
        "2026-11-22T22:45Z",
        "2026-11-22T22:45:00Z",
        "2026-11-22T23:45:00+01:00",
    ] {
        assert_eq!(parse_time(text), wanted, "{text}");
    }
    assert_eq!(parse_time("2026-11-22"), Some(at("2026-11-22T23:59:59Z")));
    assert_eq!(parse_time("yesterday"), None);
}

#[test]
fn the_newest_are_kept_and_one_of_each_day_week_and_month() {
    let start = at("2026-01-01T00:00:00Z");
    let all: Vec<_> = (0..4 * 120)
        .map(|number| BackupName {
            at: start + TimeDelta::hours(6 * number),
            compressed: false,
        })
        .collect();
    let newest = *all.last().expect("some");
    let keep = Keep {
        newest: 2,
        daily: 3,
        weekly: 2,
        monthly: 3,
    };
    let dropped = keep.superfluous(&all, newest);
    let kept: Vec<_> = all
        .iter()
        .filter(|name| !dropped.contains(name))
        .map(|name| name.at.format("%m-%d %H").to_string())
        .collect();
    assert_eq!(
        kept,
        [
            "02-28 18", "03-31 18", "04-26 18", "04-28 18", "04-29 18", "04-30 12", "04-30 18"
        ]
    );
}

#[test]
fn those_made_while_the_clock_was_ahead_push_out_nothing() {
    let all = [
        name("2030-01-01T00:00:00Z"),
        name("2030-01-02T00:00:00Z"),
        name("2026-01-01T00:00:00Z"),
        name("2026-01-02T00:00:00Z"),
        name("2026-01-03T00:00:00Z"),
    ];
    let keep = Keep {
        newest: 2,
        ..Keep::default()
    };
    assert_eq!(keep.superfluous(&all, all[4]), [all[2]]);
}

#[test]
fn two_clocks_that_are_right_may_differ_by_a_minute() {
    let backup = name("2026-01-01T00:01:00Z");
    assert!(backup.is_from_before(at("2026-01-01T00:00:00Z")));
    assert!(!backup.is_from_before(at("2025-12-31T23:59:59Z")));
}

prop_compose! {
    fn names()(seconds in prop::collection::vec(0i64..400 * 86_400, 1..80)) -> Vec<BackupName> {
        seconds
            .into_iter()
            .map(|second| BackupName {
                at: DateTime::UNIX_EPOCH + TimeDelta::seconds(second),
                compressed: second % 3 == 0,
            })
            .collect()
    }
}

proptest! {
    #[test]
    fn retention_keeps_what_it_promises(
        all in names(),
        made in any::<prop::sample::Index>(),
        newest in 0u32..12, daily in 0u32..8, weekly in 0u32..5, monthly in 0u32..5,
    ) {
        let made = *made.get(&all);
        let keep = Keep { newest, daily, weekly, monthly };
        let dropped = keep.superfluous(&all, made);
        let mut kept: Vec<_> = all.iter().filter(|name| !dropped.contains(name)).copied().collect();
        kept.sort();
        kept.dedup();

        // Never the one that was just made, never more than promised, never something unknown.
        prop_assert!(kept.contains(&made));
        let most = newest.max(1) + daily + weekly + monthly;
        let counted = kept.iter().filter(|name| **name <= made).count();
        prop_assert!(counted <= usize::try_from(most).expect("small"));
        prop_assert!(dropped.iter().all(|name| all.contains(name)));

        // The newest ones, and the newest day's last one.
        let mut sorted = all.clone();
        sorted.retain(|name| *name <= made);
        sorted.sort();
        sorted.dedup();
        for name in sorted.iter().rev().take(usize::try_from(newest.max(1)).expect("small")) {
            prop_assert!(kept.contains(name));
        }
        let days: BTreeSet<_> = sorted.iter().map(|name| name.at.date_naive()).collect();
        for day in days.iter().rev().take(usize::try_from(daily).expect("small")) {
            let last = sorted.iter().rfind(|name| name.at.date_naive() == *day).expect("it has one");
            prop_assert!(kept.contains(last));
        }

        // A second look drops nothing more.
        prop_assert_eq!(keep.superfluous(&kept, made), vec![]);
    }
}
