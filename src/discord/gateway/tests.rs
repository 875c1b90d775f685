//! A share of the shards, with the embedded Discord on one side and a database that hangs, or whose
//! answer was lost, on the other.

use chrono::{DateTime, Utc};
use serde_json::Value;
use tempfile::TempDir;

use super::*;
use crate::clock::Clock;
use crate::config::ApiUrl;
use crate::discord::access::Access;
use crate::discord::activity::Activity;
use crate::discord::nonce::Nonces;
use crate::discord::rest::Rest;
use crate::playground::{self, Discord};
use crate::secret::Secret;
use crate::status::Status;
use crate::store::sql::{DbError, Row, Sql};
use crate::store::sqlite::Database;
use crate::store::tests::Run;
use crate::store::{Question, Read};

const BOT: &str = "MTAwMDAwMDAwMDAwMDAwMDAw.GzzzzZ.token-of-a-test";

#[derive(Debug)]
struct Ask(&'static str);

impl Question for Ask {
    type Answer = Vec<Row>;

    fn ask(&self, db: &mut dyn Read) -> Result<Vec<Row>, DbError> {
        db.query(Sql::new("test", self.0), &[])
    }
}

/// Occupies whoever answers it until the other end goes.
#[derive(Debug)]
struct Hang(std::sync::mpsc::Receiver<()>);

impl Question for Hang {
    type Answer = ();

    fn ask(&self, _: &mut dyn Read) -> Result<(), DbError> {
        let _ = self.0.recv();
        Ok(())
    }
}

struct Scene {
    discord: Discord,
    context: Context,
    token: Secret,
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
        let token = Secret::new(BOT);
        let api: ApiUrl = discord.url().parse().expect("an address");
        let rest = Rest::connect(&token, Some(&api)).await;
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("overwatch.db");
        let database = Database::open(&file, folder.path(), now).await;
        let database = database.expect("a database");
        let scene = Self {
            discord,
            context: Context {
                access: Access::default(),
                store: database.store(),
                clock,
                rest: rest.expect("it lets us in"),
                status: Status::default(),
                activity: Activity::default(),
                nonces: Nonces::of("a"),
            },
            token,
            _database: database,
            _folder: folder,
        };
        let join = "INSERT INTO processes (id, shards, started_at) VALUES ('a', 1, 1)";
        scene.run(join).await;
        scene
    }

    async fn run(&self, text: &'static str) {
        let run = self.context.store.execute_job(Run(text)).await;
        run.expect("it runs").expect("never refused");
    }

    async fn count(&self, text: &'static str) -> usize {
        let rows = self.context.store.query(Ask(text)).await;
        rows.expect("rows").len()
    }

    /// The shards of the process "a".
    async fn start(&self, identity: &watch::Sender<ProcessId>) -> Gateway {
        let info = self.context.rest.gateway().await.expect("an address");
        let plan = Plan::Shared {
            total: 1,
            identity: identity.subscribe(),
        };
        let dispatcher = Dispatcher::new(self.context.clone(), &[]);
        let asked = (info, Instant::now());
        Gateway::start(&self.token, asked, plan, &self.context, &dispatcher)
    }

    /// The sessions that Discord has ever begun and remembers.
    async fn sessions(&self) -> Vec<String> {
        let url = format!("{}/client/gateway", self.discord.url());
        let request = reqwest::Client::new().get(url);
        let request = request.header(playground::KEY_HEADER, self.discord.key());
        let answer = request.send().await.expect("an answer");
        let answer: Value = answer.json().await.expect("JSON");
        let sessions = answer["sessions"].as_array().cloned().unwrap_or_default();
        let id = |session: &Value| session["session_id"].as_str().map(str::to_owned);
        sessions.iter().filter_map(id).collect()
    }
}

fn identity() -> watch::Sender<ProcessId> {
    watch::Sender::new(ProcessId("a".into()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_does_not_wait_for_a_database_that_hangs() {
    let scene = Scene::open().await;
    // Whoever asks anything from now on waits for as long as the test lasts.
    let mut held = Vec::new();
    for _ in 0..4 {
        let (hold, held_until) = std::sync::mpsc::channel();
        let store = scene.context.store.clone();
        tokio::spawn(async move { store.query(Hang(held_until)).await });
        held.push(hold);
    }
    let identity = identity();
    let gateway = scene.start(&identity).await;
    gateway.stop.cancel();
    let kept = gateway.running.await.expect("it ends by itself");
    assert_eq!(kept, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shard_whose_taking_was_never_heard_of_is_resumed_all_the_same() {
    let scene = Scene::open().await;
    let identity = identity();
    let gateway = scene.start(&identity).await;
    gateway.ready().await;
    gateway.stop().await;
    let first = scene.sessions().await;
    assert_eq!(first.len(), 1);
    // It was taken, as far as the database is concerned.
    let taken = "INSERT INTO shard_holders (shard, shards, process) VALUES (0, 1, 'a')";
    scene.run(taken).await;
    let gateway = scene.start(&identity).await;
    gateway.ready().await;
    assert_eq!(scene.sessions().await, first);
    let forgotten = async || scene.count("SELECT shard FROM gateway_sessions").await == 0;
    while !forgotten().await {
        tokio::task::yield_now().await;
    }
    gateway.stop().await;
}
