//! A PostgreSQL to test on: the one that `TEST_DATABASE_URL` names, or a cluster of the test's own,
//! in a temporary folder, reached over its Unix socket only.
//!
//! The cluster belongs to a shell that waits for the test process to end, however it ends, and then
//! stops it and takes its folder away.

pub(crate) mod bouncer;

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::OnceCell;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Config, NoTls};

/// What the shell does: makes the cluster, starts it, and waits.
const SCRIPT: &str = r#"
set -e
cd "$1"
"$2/initdb" -D data -A trust -U postgres --no-sync --no-locale -E UTF8 > initdb.log 2>&1
cat >> data/postgresql.conf <<END
listen_addresses = ''
unix_socket_directories = '$1'
max_connections = 300
fsync = off
full_page_writes = off
autovacuum = off
END
"$2/pg_ctl" -D data -w -t 120 -s -l server.log start > pg_ctl.log 2>&1
echo ready
cat > /dev/null
"$2/pg_ctl" -D data -m immediate -s stop > pg_ctl.log 2>&1 || true
cd / && rm -rf "$1"
"#;

/// Tries of a change that is in the way of others.
const CHANGES_MAX: u32 = 20;
/// Tries to start a server that was killed.
const START_AGAIN_MAX: u32 = 20;

/// A server on which databases can be made.
pub(crate) struct Server {
    /// An address of it; which database is in it does not matter.
    address: String,
    template: OnceCell<String>,
    made: AtomicU32,
    cluster: Option<Cluster>,
}

/// A cluster of one's own; it goes when this is dropped, or with the process.
pub(crate) struct Cluster {
    shell: Child,
    /// Where its data and its socket are.
    pub(crate) folder: PathBuf,
    programs: PathBuf,
}

/// A database of one test's own; it goes when this is dropped.
pub(crate) struct Scratch {
    /// Its address.
    pub(crate) url: String,
    name: String,
    server: String,
}

/// The server that all tests of this process share. `None` if there is no PostgreSQL on this
/// machine: the test is skipped then, and says so; where `CI` is set it fails.
pub(crate) fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(Server::find).as_ref()
}

impl Server {
    fn of(address: String, cluster: Option<Cluster>) -> Self {
        Self {
            address,
            template: OnceCell::new(),
            made: AtomicU32::new(0),
            cluster,
        }
    }

    fn find() -> Option<Self> {
        if let Ok(url) = std::env::var("TEST_DATABASE_URL") {
            return Some(Self::of(url, None));
        }
        let Some(cluster) = Cluster::start() else {
            let missing = "skipped: no initdb on this machine; install PostgreSQL 15 or newer, or \
                           set TEST_DATABASE_URL";
            assert!(std::env::var_os("CI").is_none(), "{missing}");
            eprintln!("{missing}");
            return None;
        };
        Some(Self::of(cluster.url("postgres"), Some(cluster)))
    }

    /// A server that nobody shares, to be stopped and started.
    pub(crate) fn own() -> Option<Self> {
        let cluster = Cluster::start()?;
        Some(Self::of(cluster.url("postgres"), Some(cluster)))
    }

    /// The cluster, if it is one of ours.
    pub(crate) fn cluster(&self) -> Option<&Cluster> {
        self.cluster.as_ref()
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(&self) {
        let cluster = self.cluster.as_ref().expect("its own cluster");
        let pid = std::fs::read_to_string(cluster.folder.join("data/postmaster.pid"));
        let pid = pid.expect("it runs").lines().next().map(str::to_owned);
        let killed = Command::new("kill")
            .arg("-9")
            .arg(pid.expect("its number"))
            .status();
        assert!(killed.expect("kill").success());
    }

    /// Starts it again after [`Server::kill`], and waits until it has recovered.
    pub(crate) fn start_after_kill(&self) {
        let cluster = self.cluster.as_ref().expect("its own cluster");
        let data = cluster.folder.join("data");
        // Its children notice one after the other that it is gone; until then it cannot start.
        for _ in 0..START_AGAIN_MAX {
            let mut start = owner();
            start
                .arg(cluster.programs.join("pg_ctl"))
                .arg("-D")
                .arg(&data);
            start
                .args(["-w", "-s", "-l"])
                .arg(cluster.folder.join("server.log"));
            if start.arg("start").status().expect("it runs").success() {
                return;
            }
        }
        panic!("PostgreSQL does not start again");
    }

    /// A new database, as `prepare` made the first one at the address it was given.
    pub(crate) async fn scratch(&self, prepare: impl AsyncFnOnce(String)) -> Scratch {
        let template = self.template.get_or_init(async || {
            let name = self.name("template");
            run(&self.address, &format!("CREATE DATABASE {name}")).await;
            prepare(at(&self.address, &name)).await;
            name
        });
        let template = template.await;
        self.make(&format!("TEMPLATE {template}")).await
    }

    /// A new database with nothing in it.
    pub(crate) async fn empty(&self) -> Scratch {
        self.make("TEMPLATE template0 ENCODING 'UTF8'").await
    }

    async fn make(&self, how: &str) -> Scratch {
        let name = self.name("test");
        run(&self.address, &format!("CREATE DATABASE {name} {how}")).await;
        Scratch {
            url: at(&self.address, &name),
            name,
            server: self.address.clone(),
        }
    }

    fn name(&self, what: &str) -> String {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        format!("overwatch_{what}_{}_{number}", std::process::id())
    }
}

impl Scratch {
    /// Runs statements as somebody else.
    pub(crate) async fn run(&self, statements: &str) {
        run(&self.url, statements).await;
    }

    /// A connection to it.
    pub(crate) async fn connect(&self) -> tokio_postgres::Client {
        connect(&self.url).await
    }

    /// The numbers that a query gives.
    pub(crate) async fn numbers(&self, query: &str) -> Vec<i64> {
        let client = connect(&self.url).await;
        let rows = client.query_typed(query, &[]).await.expect("rows");
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// The number that a query gives.
    pub(crate) async fn number(&self, query: &str) -> i64 {
        let client = connect(&self.url).await;
        let row = client.query_typed_one(query, &[]).await;
        row.expect("a row").get(0)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let server = self.server.clone();
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.expect("a runtime").block_on(run(&server, &drop));
        });
        // What is left over of a test that failed is no failure of its own.
        let _ = dropping.join();
    }
}

impl Cluster {
    /// `None` if PostgreSQL's programs are not on this machine.
    pub(crate) fn start() -> Option<Self> {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let programs = programs()?;
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let name = format!("overwatch-pg-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let mut shell = command(&folder);
        shell
            .args(["sh", "-c", SCRIPT, "sh"])
            .arg(&folder)
            .arg(&programs);
        shell
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut shell = shell.spawn().expect("a shell");
        let mut line = String::new();
        let out = shell.stdout.take().expect("it is piped");
        BufReader::new(out).read_line(&mut line).expect("text");
        if line != "ready\n" {
            let log = |name| std::fs::read_to_string(folder.join(name)).unwrap_or_default();
            panic!(
                "PostgreSQL does not start: {}{}",
                log("initdb.log"),
                log("server.log")
            );
        }
        Some(Self {
            shell,
            folder,
            programs,
        })
    }

    /// The address of a database on it.
    pub(crate) fn url(&self, database: &str) -> String {
        let folder = self.folder.display();
        format!("postgres:///{database}?user=postgres&host={folder}")
    }

    /// Ends the server as a power cut would.
    pub(crate) fn stop(&self) {
        self.pg_ctl(&["-m", "immediate", "stop"]);
    }

    /// Starts it again.
    pub(crate) fn start_again(&self) {
        let log = self.folder.join("server.log");
        let log = log.to_str().expect("text");
        self.pg_ctl(&["-w", "-t", "120", "-l", log, "start"]);
    }

    fn pg_ctl(&self, arguments: &[&str]) {
        let mut command = owner();
        command.arg(self.programs.join("pg_ctl")).arg("-D");
        command
            .arg(self.folder.join("data"))
            .arg("-s")
            .args(arguments);
        // A server that is started must not keep the test's own output open.
        let done = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        assert!(done.expect("it runs").success(), "pg_ctl {arguments:?}");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // The shell reads to the end of its input, and then tidies up.
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

/// Makes the folder, and is what a program begins with that may use it: PostgreSQL refuses root.
fn command(folder: &Path) -> Command {
    let mut made = Command::new("install");
    made.arg("-d");
    if is_root() {
        made.args(["-o", "nobody", "-g", "nogroup"]);
    }
    let made = made.arg(folder).status().expect("install");
    assert!(made.success(), "{} cannot be made", folder.display());
    owner()
}

/// What a program begins with that PostgreSQL's files belong to.
pub(crate) fn owner() -> Command {
    if !is_root() {
        return Command::new("env");
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"]);
    command
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("id");
    id.stdout == b"0\n"
}

/// The newest of PostgreSQL's programs on this machine.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).find(|folder| folder.join("initdb").exists());
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let versions = versions.filter_map(|entry| Some(entry.ok()?.path().join("bin")));
    let installed = versions.filter(|folder| folder.join("initdb").exists());
    on_path.or_else(|| installed.max())
}

/// The address of another database on the same server.
fn at(server: &str, database: &str) -> String {
    let (base, options) = server.split_once('?').unwrap_or((server, ""));
    let (begin, rest) = base.split_once("://").expect("a URL");
    let host = rest.split('/').next().unwrap_or_default();
    format!("{begin}://{host}/{database}?{options}")
}

async fn connect(url: &str) -> tokio_postgres::Client {
    let config: Config = url.parse().expect("an address");
    let (client, connection) = config.connect(NoTls).await.expect("a connection");
    tokio::spawn(connection);
    client
}

async fn run(url: &str, statements: &str) {
    let client = connect(url).await;
    client
        .batch_execute(statements)
        .await
        .expect("it can be done");
}

/// Runs statements in one transaction, again if PostgreSQL ends it for the sake of another one: a
/// deadlock, or what cannot be serialised.
pub(crate) async fn run_in_one(client: &tokio_postgres::Client, statements: &str) {
    for _ in 0..CHANGES_MAX {
        // Statements that are sent together are one transaction.
        match client.batch_execute(statements).await {
            Ok(()) => return,
            Err(error) => {
                let code = error.code();
                let passes = [
                    &SqlState::T_R_DEADLOCK_DETECTED,
                    &SqlState::T_R_SERIALIZATION_FAILURE,
                ];
                assert!(code.is_some_and(|code| passes.contains(&code)), "{error:?}");
            }
        }
    }
    panic!("others are in the way {CHANGES_MAX} times");
}
