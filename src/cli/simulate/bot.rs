//! The bot of a simulation: a process of its own, so that what it costs can be told from what the
//! embedded Discord costs; and the two ends of the line between the two processes.
//!
//! May touch: processes. Invariant: where its database and its Discord are it knows from its orders
//! and from nowhere else, so that nothing of a simulation reaches a database in use; it ends with
//! whoever started it.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::super::{Failed, say};
use super::ground::Kept;
use crate::app::{App, Settings};
use crate::clock::Clock;
use crate::config::{Config, ServerConfig, Shards};
use crate::jobs::upkeep::Upkeep;
use crate::secret::Secret;
use crate::store::backup;

/// The token with which the bot comes to the embedded Discord. No secret.
pub(super) const TOKEN: &str = "simulation";
/// The option with which this program is told to become such a bot.
pub(in crate::cli) const AS_BOT: &str = "--as-bot";
/// How long sessions are kept, in days; none gets that old here.
const RETENTION_DAYS: u32 = 30;
/// From which size on the database would be warned of, in megabytes: from none.
const WARN_MB: u32 = 1_000_000;

/// What such a bot is to do.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Orders {
    /// Where the embedded Discord is.
    pub(super) discord: String,
    pub(super) shards: u32,
    /// Its database.
    pub(super) kept: Kept,
    /// Where its files would go.
    pub(super) folder: PathBuf,
}

/// What it says once all its shards are connected.
#[derive(Debug, Serialize, Deserialize)]
struct Ready {
    /// Where it answers `/metrics`.
    http: SocketAddr,
}

/// Is the bot, until its orders' other end is closed or a signal comes.
pub(super) async fn serve(config: &Config) -> Result<(), Failed> {
    let stopped = super::super::run::stop_signal()?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    let orders: Orders = serde_json::from_str(&line)?;
    let app = App::start(settings(orders, config)?, Clock::system()).await?;
    app.ready().await;
    let http = app.http().expect("it was told to listen");
    say(format_args!("{}", serde_json::to_string(&Ready { http })?));
    let left = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    tokio::select! {
        () = stopped => {}
        _ = left => {}
    }
    app.stop().await;
    Ok(())
}

fn settings(orders: Orders, config: &Config) -> Result<Settings, Failed> {
    Ok(Settings {
        token: Secret::new(TOKEN),
        api: Some(orders.discord.parse().expect("a plain address")),
        shards: Shards::Some {
            first: 0,
            last: orders.shards - 1,
            total: orders.shards,
        },
        public_key: None,
        http: Some((Ipv4Addr::LOCALHOST, 0).into()),
        http_token: None,
        clock_confirmed: None,
        upkeep: Upkeep::new(RETENTION_DAYS, WARN_MB),
        backups: backup::Settings::in_folder(orders.folder.join("backups")),
        database: orders.kept.place(config)?,
    })
}

/// Tells the program what is not in a server's address.
fn speak_as(program: &mut Command, server: &ServerConfig) {
    let password = server.db_password.as_ref().map(Secret::reveal);
    let roots = server.db_sslrootcert.as_deref();
    for (name, value) in [
        ("DB_PASSWORD", password.map(OsStr::new)),
        ("DB_SSLMODE", server.db_sslmode.as_deref().map(OsStr::new)),
        ("DB_SSLROOTCERT", roots.map(Path::as_os_str)),
    ] {
        match value {
            Some(value) => program.env(name, value),
            None => program.env_remove(name),
        };
    }
}

/// Such a bot, seen from the process that started it.
#[derive(Debug)]
pub(super) struct Bot {
    child: Child,
    orders: Option<ChildStdin>,
    http: SocketAddr,
}

impl Bot {
    /// Starts it and waits until all its shards are connected. Of the settings it is told how a server
    /// is spoken to.
    pub(super) async fn start(orders: &Orders, server: &ServerConfig) -> Result<Self, Failed> {
        let line = serde_json::to_string(orders)?;
        let mut program = Command::new(std::env::current_exe()?);
        program.args(["simulate", AS_BOT]);
        speak_as(&mut program, server);
        let started = tokio::task::spawn_blocking(move || Self::start_blocking(program, &line));
        started.await?
    }

    fn start_blocking(mut program: Command, line: &str) -> Result<Self, Failed> {
        let child = program
            // What goes wrong is said; what happens is not, 256 times.
            .env("LOG", "error")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut bot = Self {
            child,
            orders: None,
            http: (Ipv4Addr::LOCALHOST, 0).into(),
        };
        let mut orders = bot.child.stdin.take().expect("it is piped");
        writeln!(orders, "{line}")?;
        bot.orders = Some(orders);
        let mut said = String::new();
        let stdout = bot.child.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut said)?;
        let ready: Ready = serde_json::from_str(&said)
            .map_err(|_| Failed::Other("the bot did not start; see above".to_owned()))?;
        bot.http = ready.http;
        Ok(bot)
    }

    /// Its number for the system.
    pub(super) fn process(&self) -> u32 {
        self.child.id()
    }

    /// What it counts, as it answers `/metrics`.
    pub(super) async fn metrics(&self) -> Result<String, Failed> {
        let mut stream = tokio::net::TcpStream::connect(self.http).await?;
        let head = format!("Host: {}\r\nConnection: close", self.http);
        let request = format!("GET /metrics HTTP/1.1\r\n{head}\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    }

    /// Lets it stop in its own order, and waits for that.
    pub(super) async fn stop(mut self) -> Result<(), Failed> {
        drop(self.orders.take());
        let ended = tokio::task::spawn_blocking(move || self.child.wait());
        match ended.await??.success() {
            true => Ok(()),
            false => Err(Failed::Other("the bot did not stop well; see above".into())),
        }
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        // Gone already is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
