//! The clock is set while all jobs run: each goes on within its own interval.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::Connection;
use tempfile::TempDir;

use super::*;
use crate::clock::Clock;
use crate::discord::access::Access;
use crate::discord::activity::Activity;
use crate::discord::nonce::Nonces;
use crate::discord::rest::Rest;
use crate::playground::{self, Discord};
use crate::status::Status;
use crate::store::backup;
use crate::store::sqlite::Database;

const BOT: &str = "MTAwMDAwMDAwMDAwMDAwMDAw.GzzzzZ.token-of-a-test";
/// What shows that a job has run is there within this, in seconds of the test's own time.
const SEEN_WITHIN_S: u64 = 10;
/// Backups are made this often, in minutes.
const BACKUP_EVERY_MIN: i64 = 30;
/// The table below says how often the others run, in minutes.
const UPKEEP_MIN: i64 = 60;

/// A job: how often it runs at least, in minutes, what it finds to do, and how it shows that it ran.
struct Case {
    name: &'static str,
    every_min: i64,
    /// Statements with `:now` in them, each told to the database by another connection, so that no commit
    /// wakes anybody.
    finds: &'static str,
    has_run: fn(&Scene) -> bool,
}

fn cases() -> [Case; 6] {
    [
        Case {
            name: "session clock",
            every_min: 1,
            finds: "INSERT INTO sessions (guild_id, channel_id, game_mode, title, scheduled_time, \
                    length_minutes, timezone, created_at) \
                    VALUES (1, 2, '5v5', 'Friday', :now - 60, 600, 'UTC', 0)",
            has_run: |scene| scene.count("sessions WHERE status = 'OPEN'") == 0,
        },
        Case {
            name: "outbox",
            every_min: 1,
            finds: "INSERT INTO outbox (kind, key, payload, due_at, created_at) \
                    VALUES ('retraction', '1', '{\"channel\": 1}', :now - 1, 1)",
            has_run: |scene| scene.count("outbox WHERE kind = 'retraction' AND key = '1'") == 0,
        },
        Case {
            name: "retries of the outbox booked while the clock was ahead",
            every_min: 1,
            finds: "INSERT INTO outbox (kind, key, payload, due_at, created_at, attempts) \
                    VALUES ('retraction', '2', '{\"channel\": 1}', :now + 172800, 1, 3)",
            has_run: |scene| scene.count("outbox WHERE kind = 'retraction' AND key = '2'") == 0,
        },
        Case {
            name: "tidying up",
            every_min: 10,
            finds: "INSERT INTO receipts VALUES (9, 'old', 'null', :now - 172800)",
            has_run: |scene| scene.count("receipts WHERE command = 'old'") == 0,
        },
        Case {
            name: "backups",
            every_min: BACKUP_EVERY_MIN,
            finds: "DELETE FROM receipts WHERE command = 'none'",
            has_run: |scene| {
                let now = scene.context.clock.now();
                let last = scene.backups.status().last;
                last.is_some_and(|last| {
                    last.at <= now && now - last.at <= TimeDelta::minutes(BACKUP_EVERY_MIN)
                })
            },
        },
        Case {
            name: "upkeep",
            every_min: UPKEEP_MIN,
            finds: "DELETE FROM receipts WHERE command = 'none'",
            has_run: |scene| scene.context.status.oversize().is_some(),
        },
    ]
}

struct Scene {
    context: Context,
    backups: Backups,
    file: Connection,
    _discord: Discord,
    _database: Database,
    _folder: TempDir,
}

impl Scene {
    async fn open() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let now: DateTime<Utc> = "2026-11-22T12:00:00Z".parse().expect("a time");
        let clock = Clock::manual(now);
        let discord = Discord::start(playground::Settings {
            listen: ([127, 0, 0, 1], 0).into(),
            token: BOT.into(),
            clock: clock.clone(),
            shards: 1,
            world: playground::World::default(),
        });
        let discord = discord.await.expect("a free port");
        let (token, api) = (BOT.parse(), discord.url().parse());
        let rest = Rest::connect(&token.expect("a token"), Some(&api.expect("an address"))).await;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("overwatch.db");
        let database = Database::open(&path, folder.path(), now).await;
        let database = database.expect("a database");
        let settings = backup::Settings {
            every: Some(TimeDelta::minutes(BACKUP_EVERY_MIN)),
            ..backup::Settings::in_folder(folder.path().join("backups"))
        };
        Self {
            context: Context {
                access: Access::default(),
                store: database.store(),
                clock,
                rest: rest.expect("it lets us in"),
                status: Status::default(),
                activity: Activity::default(),
                nonces: Nonces::of("a"),
            },
            backups: Backups::new(&path, settings).expect("no object store"),
            file: Connection::open(&path).expect("the file"),
            _discord: discord,
            _database: database,
            _folder: folder,
        }
    }

    fn count(&self, of: &str) -> u32 {
        let sql = format!("SELECT count(*) FROM {of}");
        let count = self.file.query_row(&sql, [], |row| row.get(0));
        count.expect("a count")
    }

    /// Gives a job something to do at the present time.
    fn plant(&self, case: &Case) {
        let now = self.context.clock.now().timestamp().to_string();
        let sql = case.finds.replace(":now", &now);
        let planted = || self.file.execute(&sql, []);
        // The writer may be in the middle of something.
        while planted().is_err() {
            std::thread::yield_now();
        }
        self.context.status.oversized(None);
    }

    async fn has_run(&self, case: &Case) -> bool {
        let seen = async {
            while !(case.has_run)(self) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let within = Duration::from_secs(SEEN_WITHIN_S);
        tokio::time::timeout(within, seen).await.is_ok()
    }
}

#[tokio::test]
async fn each_job_runs_within_its_interval_after_the_clock_was_set() {
    for by in [
        TimeDelta::hours(1),
        TimeDelta::hours(-1),
        TimeDelta::days(60),
        TimeDelta::days(-60),
    ] {
        let scene = Scene::open().await;
        let backups = Some(scene.backups.clone());
        let one_byte = Upkeep {
            retention_days: 30,
            warn_bytes: 1,
        };
        let jobs = Jobs::start(&scene.context, one_byte, backups, None);
        for case in cases() {
            // What is done at the start shows that all are there.
            let begun = case.every_min <= 10 || scene.has_run(&case).await;
            assert!(begun, "{} has begun", case.name);
        }
        scene.context.clock.jump(by);
        assert!(!scene.context.clock.is_trusted());
        scene.context.clock.confirm();
        for case in cases() {
            scene.plant(&case);
            let mut has_run = false;
            // One that was not asleep yet when the time passed begins its interval after that.
            for _ in 0..2 {
                let every = TimeDelta::minutes(case.every_min);
                scene.context.clock.advance(every + TimeDelta::seconds(1));
                has_run = has_run || scene.has_run(&case).await;
                if has_run {
                    break;
                }
            }
            assert!(has_run, "{} after the clock was set by {by}", case.name);
        }
        jobs.stop().await;
    }
}

#[tokio::test]
async fn clock_that_is_not_trusted_starts_erases_and_drops_nothing_until_it_is_confirmed() {
    let scene = Scene::open().await;
    let clock = scene.context.clock.clone();
    let keep_one = backup::Settings {
        keep: crate::domain::backup::Keep {
            newest: 1,
            ..crate::domain::backup::Keep::default()
        },
        ..scene.backups.settings().clone()
    };
    let path = scene.backups.database().to_owned();
    let backups = Backups::new(&path, keep_one).expect("no object store");
    let in_folder = || {
        let files = std::fs::read_dir(&backups.settings().folder).expect("the folder");
        let names = files.filter_map(|file| file.ok()?.file_name().into_string().ok());
        names.filter(|name| name.ends_with(".db")).count()
    };
    let upkeep = Upkeep::new(30, 100);
    let jobs = Jobs::start(&scene.context, upkeep, Some(backups.clone()), None);
    let first = async {
        while backups.status().last.is_none() || scene.count("known_time") == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let within = Duration::from_secs(SEEN_WITHIN_S);
    tokio::time::timeout(within, first).await.expect("a backup");
    // A session in a month, one that was over a year ago, and an old receipt; the bot has run for long.
    let begun = clock.now().timestamp();
    let planted = format!(
        "INSERT INTO sessions (guild_id, channel_id, game_mode, title, scheduled_time, length_minutes, timezone, \
             created_at, status) \
         VALUES (1, 2, '5v5', 'Soon', {begun} + 2592000, 60, 'UTC', 0, 'OPEN'), \
                (1, 2, '5v5', 'Old', {begun} - 864000, 60, 'UTC', 0, 'COMPLETED'); \
         INSERT INTO receipts VALUES (9, 'old', 'null', {begun}); \
         WITH RECURSIVE days (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM days WHERE n < 100) \
         INSERT INTO days_run (day) SELECT {begun} / 86400 + n FROM days",
    );
    while scene.file.execute_batch(&planted).is_err() {}
    let untouched = |when: &str| {
        assert_eq!(
            scene.count("sessions WHERE title = 'Soon' AND status = 'OPEN'"),
            1,
            "{when}"
        );
        assert_eq!(scene.count("sessions WHERE title = 'Old'"), 1, "{when}");
        assert_eq!(scene.count("receipts WHERE command = 'old'"), 1, "{when}");
    };
    clock.jump(TimeDelta::days(60));
    let known = scene.count("known_time WHERE last_at < strftime('%s', '2026-11-23')");
    assert_eq!(known, 1);
    for round in 0..4 {
        let before = backups.status().last;
        clock.advance(TimeDelta::minutes(UPKEEP_MIN) + TimeDelta::seconds(1));
        let another = async {
            while backups.status().last == before {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let made = tokio::time::timeout(within, another).await;
        made.unwrap_or_else(|_| panic!("backups go on, in round {round}"));
        untouched("while it is not trusted");
    }
    assert!(in_folder() >= 5, "none is dropped");
    let known = scene.count("known_time WHERE last_at < strftime('%s', '2026-11-23')");
    assert_eq!(known, 1, "a time that is not trusted is not noted");
    clock.confirm();
    let all = async {
        while scene.count("sessions WHERE title = 'Soon' AND status = 'OPEN'") > 0
            || scene.count("sessions WHERE title = 'Old'") > 0
            || scene.count("receipts WHERE command = 'old'") > 0
            || in_folder() > 1
        {
            clock.advance(TimeDelta::minutes(UPKEEP_MIN));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let all = tokio::time::timeout(within, all).await;
    all.expect("all is done once the clock is confirmed");
    jobs.stop().await;
}

#[tokio::test]
async fn confirmation_by_hand_counts_within_seconds() {
    let scene = Scene::open().await;
    let jobs = Jobs::start(&scene.context, Upkeep::new(30, 100), None, None);
    let clock = scene.context.clock.clone();
    clock.jump(TimeDelta::days(60));
    assert!(!clock.is_trusted());
    // An old one counts for nothing.
    let old = clock.now() - TimeDelta::minutes(2 * timekeeping::CONFIRMATION_MAX_MIN);
    let place = scene.context.store.place().clone();
    for (at, trusted) in [(old, false), (clock.now(), true)] {
        crate::store::confirm_time(&place, at)
            .await
            .expect("it is written down");
        let within =
            Duration::from_secs(timekeeping::LOOK_EVERY_S + SEEN_WITHIN_S * u64::from(trusted));
        let confirmed = tokio::time::timeout(within, clock.trusted()).await;
        assert_eq!(confirmed.is_ok(), trusted);
    }
    jobs.stop().await;
}

#[test]
fn table_knows_every_job() {
    // Add a new job to the table above, unless it never reads the clock: parking and the peers' heartbeats run
    // on tokio's timer.
    let source = include_str!("mod.rs");
    let spawned = source.matches("::run(").count();
    assert_eq!(
        spawned, 8,
        "outbox, parking, lead, backups, clock, tidy, upkeep"
    );
}
