//! Deliveries that end badly and claims of which nobody heard, on a real database.

use chrono::DateTime;
use tempfile::TempDir;
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::sync::oneshot;

use super::choice::DELIVERIES_OF_SERVER_MAX;
use super::*;
use crate::discord::rest::alone;
use crate::domain::ids::{ChannelId, MessageId, SessionId};
use crate::store::outbox::Destination;
use crate::store::sql::{DbError, Row, Sql};
use crate::store::sqlite::Database;
use crate::store::tests::Run;
use crate::store::{Question, Read};

/// How a delivery is to end; to panic if this goes.
type End = oneshot::Sender<Delivered>;

struct Scene {
    outbox: Outbox,
    begun: UnboundedReceiver<(Due, End)>,
    _database: Database,
    _folder: TempDir,
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).expect("a time")
}

#[derive(Debug)]
struct Rows;

impl Question for Rows {
    type Answer = Vec<Row>;

    fn ask(&self, db: &mut dyn Read) -> Result<Vec<Row>, DbError> {
        let all = "SELECT id, attempts, due_at, claimed_by FROM outbox ORDER BY id";
        db.query(Sql::new("test", all), &[])
    }
}

impl Scene {
    /// The outbox of the process "a", or of the only one.
    async fn open(is_shared: bool) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("overwatch.db");
        let database = Database::open(&path, folder.path(), now()).await;
        let database = database.expect("a database");
        let (begin, begun) = mpsc::unbounded_channel();
        let courier = Courier {
            failures: Arc::default(),
            store: database.store(),
            clock: Clock::manual(now()),
            settle_every: Duration::from_millis(1),
            deliver: Arc::new(move |due| {
                let (end, ends) = oneshot::channel();
                begin.send((due, end)).expect("the test looks");
                Box::pin(async { ends.await.expect("it panics as it is told to") })
            }),
        };
        let identity = watch::Sender::new(ProcessId("a".into()));
        let scene = Self {
            outbox: Outbox::new(courier, is_shared.then(|| identity.subscribe()), alone()),
            begun,
            _database: database,
            _folder: folder,
        };
        scene
            .run("INSERT INTO processes (id, started_at) VALUES ('a', 1)")
            .await;
        scene
    }

    async fn run(&self, text: &'static str) {
        let run = self.outbox.courier.store.execute_job(Run(text)).await;
        run.expect("it runs").expect("never refused");
    }

    /// Runs statements, each as often as it takes: it may share its transaction with one that fails.
    async fn run_all(&self, text: &'static str) {
        for one in text.split(";;") {
            let store = &self.outbox.courier.store;
            let run = async { while store.execute_job(Run(one)).await.is_err() {} };
            let ran = tokio::time::timeout(Duration::from_secs(30), run).await;
            ran.expect("it runs in time");
        }
    }

    /// Owes something for which nobody waits after it.
    async fn owe(&self) {
        let owe = "INSERT INTO outbox (kind, key, payload, due_at, created_at) \
                   SELECT 'retraction', CAST(COALESCE(max(id), 0) AS TEXT), \
                          json_object('channel', COALESCE(max(id), 0)), 1, 1 \
                   FROM outbox";
        self.run_all(owe).await;
    }

    async fn rows(&self) -> Vec<Row> {
        let rows = self.outbox.courier.store.query(Rows).await;
        rows.expect("rows")
    }

    /// The next delivery that has begun.
    async fn next(&mut self) -> (Due, End) {
        self.begun.recv().await.expect("it begins")
    }

    /// The end of a delivery that was told to end.
    async fn ended(&mut self) {
        let ended = self.outbox.deliveries.join_next_with_id().await;
        self.outbox.ended(ended.expect("one was under way"));
        while let Some(released) = self.outbox.releases.join_next_with_id().await {
            self.outbox.released(released);
        }
    }
}

#[tokio::test]
async fn a_delivery_that_panics_is_tried_again_after_a_while() {
    for is_shared in [false, true] {
        let mut scene = Scene::open(is_shared).await;
        scene.owe().await;
        scene.outbox.begin().await.expect("it begins");
        let (due, end) = scene.next().await;
        drop(end);
        scene.ended().await;
        let row = &scene.rows().await[0];
        let again = now() + wait(0);
        assert_eq!(row.get::<u32>("attempts").ok(), Some(1));
        assert_eq!(row.get::<DateTime<Utc>>("due_at").ok(), Some(again));
        assert_eq!(row.get::<Option<String>>("claimed_by").ok(), Some(None));
        let next = scene.outbox.begin().await.expect("a look");
        assert_eq!((next.due, scene.outbox.deliveries.len()), (Some(again), 0));
        scene.outbox.courier.clock.set(again);
        scene.outbox.begin().await.expect("it begins");
        let (second, end) = scene.next().await;
        assert_eq!((second.id, second.attempts), (due.id, 1));
        end.send(Delivered::Done(None)).expect("it waits");
        scene.ended().await;
        assert!(scene.rows().await.is_empty());
    }
}

/// Has every commit fail that deletes a row of the outbox, or a heartbeat's.
const FAIL_COMMITS: &str = "CREATE TABLE nowhere (x INTEGER PRIMARY KEY) STRICT;; \
    CREATE TABLE broken (x INTEGER REFERENCES nowhere (x) DEFERRABLE INITIALLY DEFERRED) STRICT;; \
    CREATE TRIGGER fail BEFORE DELETE ON outbox BEGIN INSERT INTO broken VALUES (1); END;; \
    CREATE TRIGGER fail_heartbeats BEFORE DELETE ON receipts BEGIN INSERT INTO broken VALUES (1); END";
const HEAL_COMMITS: &str = "DROP TRIGGER fail;; DROP TRIGGER fail_heartbeats";
/// Has every statement fail that deletes a row of the outbox.
const FAIL_STATEMENT: &str = "CREATE TRIGGER fail BEFORE DELETE ON outbox \
    BEGIN SELECT RAISE(ABORT, 'it is broken'); END";
const HEAL_STATEMENT: &str = "DROP TRIGGER fail";

/// Waits for two more settlings that fail.
async fn fail_twice_more(store: &Store) {
    let until = store.commits().failed_in_a_row() + 2;
    let failing = async {
        while store.commits().failed_in_a_row() < until {
            tokio::task::yield_now().await;
        }
    };
    let failing = tokio::time::timeout(Duration::from_secs(30), failing).await;
    failing.expect("settling is tried, and fails");
}

#[tokio::test]
async fn what_is_delivered_and_not_settled_for_an_hour_is_delivered_once() {
    for (fail, heal, commits) in [
        (FAIL_COMMITS, HEAL_COMMITS, true),
        (FAIL_STATEMENT, HEAL_STATEMENT, false),
    ] {
        let mut scene = Scene::open(true).await;
        scene.owe().await;
        scene.run_all(fail).await;
        scene.outbox.begin().await.expect("it begins");
        let (first, end) = scene.next().await;
        end.send(Delivered::Done(None)).expect("it waits");
        let store = scene.outbox.courier.store.clone();
        fail_twice_more(&store).await;
        assert_eq!(store.commits().failure().is_some(), commits);
        scene.owe().await;
        if commits {
            // What was just owed was committed.
            let beat = store.execute_job(Heartbeat).await;
            beat.expect_err("commits fail again");
        }
        let mut begun = Vec::new();
        for minute in 0..60 {
            let clock = &scene.outbox.courier.clock;
            clock.set(now() + TimeDelta::minutes(minute));
            assert_eq!(scene.outbox.begin().await.is_err(), commits);
            fail_twice_more(&store).await;
            while let Some(ended) = scene.outbox.deliveries.try_join_next_with_id() {
                scene.outbox.ended(ended);
            }
            while let Ok((due, end)) = scene.begun.try_recv() {
                assert_ne!(due.id, first.id, "delivered again");
                begun.push((due, end));
            }
        }
        assert_eq!(
            begun.len(),
            usize::from(!commits),
            "nothing while commits fail"
        );
        scene.run_all(heal).await;
        scene.ended().await;
        assert_eq!(store.commits().trouble(), None);
        scene.outbox.begin().await.expect("it begins");
        if commits {
            begun.push(scene.next().await);
        }
        assert!(scene.begun.try_recv().is_err(), "one copy of each");
        let rows = scene.rows().await;
        let left = rows.iter().map(|row| row.get::<i64>("id").ok());
        assert!(left.eq([Some(begun[0].0.id)]), "the first is settled");
    }
}

#[tokio::test]
async fn after_a_claim_of_which_nobody_heard_only_what_is_unknown_is_let_go_of() {
    let mut scene = Scene::open(true).await;
    scene.owe().await;
    scene.outbox.begin().await.expect("it begins");
    let (first, end) = scene.next().await;
    scene.owe().await;
    let fail = "CREATE TRIGGER fail BEFORE UPDATE OF claimed_by ON outbox \
                BEGIN SELECT RAISE(ABORT, 'it is away'); END";
    scene.run(fail).await;
    scene.outbox.begin().await.expect_err("nothing is claimed");
    scene.run("DROP TRIGGER fail").await;
    // As far as anybody heard.
    scene.run("UPDATE outbox SET claimed_by = 'a'").await;
    scene.outbox.begin().await.expect("it begins");
    let (second, _end) = scene.next().await;
    assert_ne!(second.id, first.id);
    assert_eq!(scene.outbox.deliveries.len(), 2, "the first goes on alone");
    // It may have been on its way for longer.
    end.send(Delivered::Done(None)).expect("it waits");
    scene.ended().await;
    scene.owe().await;
    scene
        .run("UPDATE outbox SET claimed_by = 'a' WHERE claimed_by IS NULL")
        .await;
    scene.outbox.begin().await.expect("it begins");
    let (third, _end) = scene.next().await;
    assert!(![first.id, second.id].contains(&third.id));
}

/// A card of a server's channel.
fn card(id: i64, guild: i64, channel: i64) -> Due {
    Due {
        id,
        generation: 1,
        attempts: 0,
        owed: Owed::Card(SessionId(id)),
        destination: Destination {
            guild: Some(GuildId(guild)),
            session: None,
            channel: Some(ChannelId(channel)),
            message: None,
        },
    }
}

fn ids(chosen: &[(Due, Vec<Key>)]) -> Vec<i64> {
    chosen.iter().map(|(due, _)| due.id).collect()
}

#[tokio::test]
async fn what_waits_for_its_channel_takes_no_place() {
    let mut scene = Scene::open(false).await;
    let mut due: Vec<_> = (0..200).map(|id| card(id, 1, 11)).collect();
    due.extend([card(200, 2, 21), card(201, 1, 12)]);
    let (chosen, next) = scene.outbox.choose(due.clone(), now());
    assert_eq!((ids(&chosen), next), (vec![0, 200, 201], None));
    let (chosen, _) = scene.outbox.choose(due.clone(), now());
    assert!(chosen.is_empty(), "all channels are busy");
    let keys = pace::keys(&due[0], now());
    scene.outbox.pace.end(&keys, true, None, Instant::now());
    let (chosen, next) = scene.outbox.choose(due[1..].to_vec(), now());
    assert!(chosen.is_empty() && next.is_some(), "it is known when");
}

#[tokio::test]
async fn a_server_with_many_channels_does_not_take_all_places() {
    let mut scene = Scene::open(false).await;
    let mut due: Vec<_> = (0..100).map(|id| card(id, 1, 1_000 + id)).collect();
    due.push(card(100, 2, 21));
    let (chosen, _) = scene.outbox.choose(due, now());
    assert_eq!(ids(&chosen)[1], 100, "servers take turns");
    assert_eq!(chosen.len(), DELIVERIES_OF_SERVER_MAX + 1);
}

#[tokio::test]
async fn what_discord_refuses_for_some_time_waits_as_long_and_has_not_failed() {
    for (wait_s, due_after_s) in [(30, 0), (300, 300)] {
        let mut scene = Scene::open(false).await;
        scene.owe().await;
        scene.outbox.begin().await.expect("it begins");
        let (_, end) = scene.next().await;
        end.send(Delivered::Limited(Duration::from_secs(wait_s)))
            .expect("it waits");
        scene.ended().await;
        let row = &scene.rows().await[0];
        let again = now() + TimeDelta::seconds(due_after_s);
        assert_eq!(row.get::<u32>("attempts").ok(), Some(0));
        assert_eq!(row.get::<DateTime<Utc>>("due_at").ok(), Some(again));
        // Not so long has passed for Discord.
        scene.outbox.courier.clock.set(again);
        let wake = scene.outbox.begin().await.expect("a look");
        assert!(wake.free.is_some() && scene.outbox.deliveries.is_empty());
    }
}

#[tokio::test]
async fn behind_more_than_is_looked_at_others_are_seen_at_the_next_look() {
    for is_shared in [false, true] {
        let mut scene = Scene::open(is_shared).await;
        let flood = "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) \
                     INSERT INTO outbox (kind, key, payload, due_at, created_at) \
                     SELECT 'retraction', CAST(i AS TEXT), json_object('channel', i / 5000), 1, 1 FROM n";
        scene.run(flood).await;
        let mut begun = Vec::new();
        // As often as it takes to put the crowd aside.
        for _ in 0..3 {
            let wake = scene.outbox.begin().await.expect("a look");
            tokio::task::yield_now().await;
            while let Ok(one) = scene.begun.try_recv() {
                begun.push(one);
            }
            let is_full = wake.free.is_some();
            assert_eq!(is_full, begun.len() < 2, "then it looks again");
        }
        let channels = begun.iter().map(|(due, _)| due.owed.clone());
        let of = |n| Owed::Retraction {
            channel: ChannelId(n),
            message: MessageId(5_000 * n),
        };
        assert_eq!(channels.collect::<Vec<_>>(), [of(0), of(1)]);
    }
}

#[tokio::test]
async fn behind_the_crowds_of_many_servers_a_newcomer_is_seen_soon() {
    let mut scene = Scene::open(false).await;
    // Twenty places have 300 rows each, in turns, so that none has many of those that are looked at.
    let crowds = "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 5999) \
                  INSERT INTO outbox (kind, key, payload, due_at, created_at) \
                  SELECT 'retraction', CAST(i AS TEXT), json_object('channel', i % 20), 1, 1 FROM n";
    scene.run(crowds).await;
    let newcomer = "INSERT INTO outbox (kind, key, payload, due_at, created_at) \
                    VALUES ('retraction', '9999', json_object('channel', 99), 1, 1)";
    scene.run(newcomer).await;
    let mut looks = 0;
    let mut begun = Vec::new();
    while !begun.contains(&ChannelId(99)) {
        looks += 1;
        assert!(looks <= 5, "not seen: {begun:?}");
        scene.outbox.begin().await.expect("a look");
        tokio::task::yield_now().await;
        while let Ok((due, _)) = scene.begun.try_recv() {
            let Owed::Retraction { channel, .. } = due.owed else {
                panic!("something else: {due:?}");
            };
            begun.push(channel);
        }
    }
    assert_eq!(begun.len(), 21, "each once: {begun:?}");
}

#[test]
fn waits_double_up_to_a_quarter_of_an_hour() {
    assert_eq!(wait(0), TimeDelta::seconds(2));
    assert_eq!(wait(3), TimeDelta::seconds(16));
    assert_eq!(wait(50), TimeDelta::minutes(15));
}
