//! Deliveries that end badly and claims of which nobody heard, on a real database.

use chrono::DateTime;
use tempfile::TempDir;
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::sync::oneshot;

use super::*;
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
            store: database.store(),
            clock: Clock::manual(now()),
            deliver: Arc::new(move |due| {
                let (end, ends) = oneshot::channel();
                begin.send((due, end)).expect("the test looks");
                Box::pin(async { ends.await.expect("it panics as it is told to") })
            }),
        };
        let identity = watch::Sender::new(ProcessId("a".into()));
        let scene = Self {
            outbox: Outbox::new(courier, is_shared.then(|| identity.subscribe())),
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

    /// Owes something for which nobody waits after it.
    async fn owe(&self) {
        let owe = "INSERT INTO outbox (kind, key, payload, due_at, created_at) \
                   SELECT 'retraction', CAST(COALESCE(max(id), 0) AS TEXT), \
                          json_object('channel', COALESCE(max(id), 0)), 1, 1 \
                   FROM outbox";
        self.run(owe).await;
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

#[test]
fn waits_double_up_to_a_quarter_of_an_hour() {
    assert_eq!(wait(0), TimeDelta::seconds(2));
    assert_eq!(wait(3), TimeDelta::seconds(16));
    assert_eq!(wait(50), TimeDelta::minutes(15));
}
