//! `check`: looks whether the bot could do its work here, a line for each thing that must be right.
//!
//! `surroundings` looks at what is around the database, `outside` asks others.

mod outside;
mod surroundings;

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Datelike as _, SecondsFormat, TimeDelta, Utc};
use serde::Serialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{Failed, say};
use crate::clock::{Clock, Doubt};
use crate::config::{Config, check_bot_token};
use crate::store::backup::local;
use crate::store::known_time::KnownTime;
#[cfg(feature = "postgres")]
use crate::store::postgres::{self, Address};
use crate::store::sqlite::compact::room;
use crate::store::sqlite::files::{self, Sizes};
use crate::store::sqlite::inspect::{Contents, Unfit, inspect, ours};
use crate::store::sqlite::log_pair::require_pair;
use crate::store::sqlite::migrations::{newest, try_on_copy};
use crate::store::sqlite::reserve;
use crate::store::{Database, Place};

/// Free space below this is warned of, in bytes; below the size of the database, too, because a
/// backup beside it would not fit.
const FREE_WARN_BYTES: u64 = 50_000_000;
/// A write-ahead log above this is warned of, in bytes: something keeps it from being written back.
const LOG_WARN_BYTES: u64 = 100_000_000;
/// Backups older than this are warned of, in hours: more than three times the usual distance.
const BACKUP_WARN_H: i64 = 20;
/// A file from further ahead than this says that the clock is wrong, in minutes.
const AHEAD_MAX_MIN: i64 = 5;
/// What to do about a disk that is full.
const MAKE_ROOM: &str = "make room on the disk; docs/OPERATING.md, \"The disk is full\"";
/// Years in which this program may be running.
const YEARS: std::ops::RangeInclusive<i32> = 2026..=2099;
/// The running bot is given up on after this long, in milliseconds.
const LIVE_WITHIN_MS: u64 = 2_000;
/// What people call a megabyte.
const BYTES_PER_MB: u64 = 1_000_000;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Print one JSON object instead of a line each
    #[arg(long)]
    json: bool,

    /// Ask Discord, too: whether it takes the token, and what time it is there
    #[arg(long, conflicts_with = "live")]
    online: bool,

    /// Only ask the running bot at HTTP_ADDR whether it lives, as a container's health check does
    #[arg(long)]
    live: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    Warn,
    Fail,
}

#[derive(Debug, Serialize)]
struct Line {
    name: &'static str,
    verdict: Verdict,
    says: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<&'static str>,
}

impl Line {
    /// With what to do about it.
    fn advise(mut self, advice: &'static str) -> Self {
        self.advice = Some(advice);
        self
    }
}

fn line(name: &'static str, verdict: Verdict, says: impl Into<String>) -> Line {
    Line {
        name,
        verdict,
        says: says.into(),
        advice: usual_advice(name).filter(|_| verdict != Verdict::Ok),
    }
}

/// What to do about most of what can be wrong with a thing.
fn usual_advice(name: &str) -> Option<&'static str> {
    Some(match name {
        "configuration" => "put the token from Discord's developer portal into BOT_TOKEN",
        "clock" => "set the machine's clock, by NTP for example, before the bot runs",
        "size" => "see RETENTION_DAYS and `optimize`, or raise DB_SIZE_WARN_MB",
        "log" => {
            "find what blocks the checkpoint: another program that reads the database, or Litestream"
        }
        "free space" => "make room on the disk, or the bot will refuse to write",
        "reserve" => "make room on the disk; the bot then makes it again by itself",
        "disk" => {
            "give the folder to the user that runs the bot, and see whether the disk is read-only"
        }
        "connection" => "see DB_PATH or DATABASE_URL, and whether the disk or the server is there",
        "log's file" => {
            "put back the database that this log belongs to, or run `overwatch-bot restore latest`"
        }
        "integrity" | "foreign keys" => {
            "stop the bot, check the disk, then run `overwatch-bot restore latest`"
        }
        "schema" => {
            "start the newest overwatch-bot once; if it fails, keep the file and restore a backup"
        }
        "unused room" => "stop the bot and run `overwatch-bot optimize` once",
        "live" => "see whether the bot runs, its log, and HTTP_ADDR",
        _ => return None,
    })
}

pub(super) async fn run(config: Config, arguments: Arguments) -> Result<(), Failed> {
    let lines = if arguments.live {
        vec![live(config.http_addr).await]
    } else {
        look_at_all(config, arguments.online).await?
    };
    print(&lines, arguments.json)?;
    let failed = |line: &&Line| line.verdict == Verdict::Fail;
    match lines.iter().filter(failed).count() {
        0 => Ok(()),
        failed => Err(Failed::Other(format!(
            "{failed} of {} checks failed",
            lines.len()
        ))),
    }
}

async fn look_at_all(config: Config, online: bool) -> Result<Vec<Line>, Failed> {
    let clock = Clock::system();
    let now = clock.now();
    let place = super::database::place(&config)?;
    let known = known_time(&place, now).await;
    let mut lines = match place {
        Place::File(path) | Place::Playground { path, .. } => {
            let here = config.clone();
            let looked = tokio::task::spawn_blocking(move || look(&here, &path, now));
            let mut lines = looked.await?;
            lines.push(outside::object_store(&config.backup).await);
            lines
        }
        #[cfg(feature = "postgres")]
        Place::Server(address) => look_at_server(&config, &address, now).await,
    };
    lines.extend(known);
    lines.push(surroundings::zones(now));
    if online {
        lines.extend(outside::discord(&config, &clock).await);
    }
    Ok(lines)
}

fn print(lines: &[Line], json: bool) -> Result<(), Failed> {
    if json {
        let ok = lines.iter().all(|line| line.verdict != Verdict::Fail);
        let all = serde_json::json!({"ok": ok, "checks": lines});
        say(format_args!("{}", serde_json::to_string_pretty(&all)?));
        return Ok(());
    }
    for line in lines {
        let sign = match line.verdict {
            Verdict::Ok => '✔',
            Verdict::Warn => '!',
            Verdict::Fail => '✘',
        };
        say(format_args!("{sign} {:<16}{}", line.name, line.says));
        if let Some(advice) = line.advice {
            say(format_args!("  → {advice}"));
        }
    }
    Ok(())
}

fn look(config: &Config, path: &Path, now: DateTime<Utc>) -> Vec<Line> {
    let warn_bytes = u64::from(config.db_size_warn_mb) * BYTES_PER_MB;
    let backups = &config.backup.backup_dir;
    let mut lines = vec![token(config), clock(path, backups, now)];
    let sizes = files::sizes(path);
    match &sizes {
        Ok(sizes) => {
            lines.extend(weigh(sizes, warn_bytes));
            lines.push(writable("disk", files::folder_of(path)));
            lines.push(reserve_of(path));
            lines.extend(inside(path, now));
        }
        Err(error) => {
            let says = format!("{} cannot be found: {error}", path.display());
            lines.push(line("connection", Verdict::Fail, says));
        }
    }
    let bytes = sizes.map_or(0, |sizes| sizes.file);
    lines.extend(surroundings::backups(backups, bytes, now));
    lines.push(surroundings::permissions(path, backups));
    lines
}

/// What can be seen of a server from here; its disk, its log and its backups cannot.
#[cfg(feature = "postgres")]
async fn look_at_server(config: &Config, address: &Address, now: DateTime<Utc>) -> Vec<Line> {
    let here = config.backup.backup_dir.as_path();
    let mut lines = vec![token(config), clock(here, here, now)];
    let known = postgres::newest();
    let (connection, schema) = match postgres::version(address).await {
        Ok(None) => (
            None,
            line(
                "schema",
                Verdict::Warn,
                "none yet; `migrate`, or the next start, makes it",
            ),
        ),
        Ok(Some(version)) if version < known => {
            let says = format!("version {version}; the next start brings it to {known}");
            (None, line("schema", Verdict::Warn, says))
        }
        Ok(Some(version)) => (None, compare(address, version, now).await),
        Err(error @ postgres::OpenError::Schema { .. }) => {
            (None, line("schema", Verdict::Fail, error.to_string()))
        }
        Err(error) => (
            Some(error.to_string()),
            line("schema", Verdict::Warn, "not seen"),
        ),
    };
    lines.push(match connection {
        None => line("connection", Verdict::Ok, format!("{address} answers")),
        Some(says) => line("connection", Verdict::Fail, says),
    });
    lines.push(schema);
    let says = "made with pg_dump, where the server is; not seen from here";
    lines.push(line("backup", Verdict::Ok, says));
    lines
}

/// Whether the schema of a server is the one of its version.
#[cfg(feature = "postgres")]
async fn compare(address: &Address, version: i32, now: DateTime<Utc>) -> Line {
    match postgres::require_unaltered(address, now).await {
        Ok(()) => line("schema", Verdict::Ok, format!("version {version}")),
        Err(postgres::OpenError::Schema {
            source: source @ postgres::SchemaError::Altered(_),
            ..
        }) => line("schema", Verdict::Fail, source.to_string()),
        Err(error) => {
            let says = format!("version {version}; it could not be compared: {error}");
            line("schema", Verdict::Warn, says)
        }
    }
}

fn token(config: &Config) -> Line {
    match config.bot_token.as_ref().map(check_bot_token) {
        None => line(
            "configuration",
            Verdict::Warn,
            "BOT_TOKEN is not set, `run` needs it",
        ),
        Some(Err(wrong)) => line("configuration", Verdict::Fail, format!("BOT_TOKEN {wrong}")),
        Some(Ok(())) => line("configuration", Verdict::Ok, "every setting can be read"),
    }
}

/// A clock that is behind the files was set back, or never set.
fn clock(db: &Path, backups: &Path, now: DateTime<Utc>) -> Line {
    if !YEARS.contains(&now.year()) {
        return line("clock", Verdict::Fail, format!("{now} cannot be right"));
    }
    let modified = |path: &Path| -> Option<DateTime<Utc>> {
        Some(std::fs::metadata(path).ok()?.modified().ok()?.into())
    };
    let newest_backup = local::names(backups).ok().and_then(|mut names| names.pop());
    let files = [modified(db), newest_backup.map(|backup| backup.at)];
    let newest = files.into_iter().flatten().max();
    match newest {
        Some(newest) if newest - now > TimeDelta::minutes(AHEAD_MAX_MIN) => {
            let says =
                format!("{now} is before {newest}, from which a file is; is the clock right?");
            line("clock", Verdict::Warn, says)
        }
        _ => line(
            "clock",
            Verdict::Ok,
            now.to_rfc3339_opts(SecondsFormat::Secs, true),
        ),
    }
}

/// Whether the bot would trust the clock: by when the database was last in use. `None` if it does not tell.
async fn known_time(place: &Place, now: DateTime<Utc>) -> Option<Line> {
    const NAME: &str = "last use";
    // What else is wrong with the database is another line's.
    let database = Database::read(place).await.ok()?;
    let known = database.query(KnownTime).await.ok()?.last_at?;
    Some(match Doubt::at_start(known, now) {
        None => line(NAME, Verdict::Ok, known.to_rfc3339_opts(SecondsFormat::Secs, true)),
        Some(doubt) => line(NAME, Verdict::Warn, format!("the bot doubts the clock: {doubt}")).advise(
            "set the clock if it is wrong; if it is right, Discord confirms it at the start, or `clock confirm` does",
        ),
    })
}

fn weigh(sizes: &Sizes, warn_bytes: u64) -> [Line; 3] {
    let judge = |well: bool| if well { Verdict::Ok } else { Verdict::Warn };
    let mb = megabytes;
    let size = judge(sizes.file < warn_bytes);
    let log = judge(sizes.log < LOG_WARN_BYTES);
    let free = judge(sizes.free >= FREE_WARN_BYTES.max(sizes.file));
    [
        line(
            "size",
            size,
            format!("{}, warned of from {} on", mb(sizes.file), mb(warn_bytes)),
        ),
        line("log", log, mb(sizes.log)),
        line("free space", free, mb(sizes.free)),
    ]
}

fn megabytes(bytes: u64) -> String {
    format!("{}.{} MB", bytes / BYTES_PER_MB, bytes / 100_000 % 10)
}

fn writable(name: &'static str, folder: &Path) -> Line {
    match files::try_write(folder) {
        Ok(()) => line(
            name,
            Verdict::Ok,
            format!("{} can be written to", folder.display()),
        ),
        Err(error) => {
            let says = format!("{} cannot be written to: {error}", folder.display());
            let told = line(name, Verdict::Fail, says);
            match error.kind() {
                ErrorKind::StorageFull => told.advise(MAKE_ROOM),
                _ => told,
            }
        }
    }
}

/// What the bot gives up when the disk is full.
fn reserve_of(path: &Path) -> Line {
    const NAME: &str = "reserve";
    let size = megabytes(reserve::RESERVE_BYTES);
    match reserve::is_there(path) {
        true => line(
            NAME,
            Verdict::Ok,
            format!("{size} for when the disk is full"),
        ),
        false => {
            let says = format!(
                "{} is not there: it was given up when the disk was full, or no bot has run yet",
                reserve::path_of(path).display()
            );
            line(NAME, Verdict::Warn, says)
        }
    }
}

fn inside(path: &Path, now: DateTime<Utc>) -> Vec<Line> {
    if let Err(error) = require_pair(path) {
        return vec![line("log's file", Verdict::Fail, error.to_string())];
    }
    let contents = match inspect(path) {
        Ok(contents) => contents,
        Err(unfit @ Unfit::Damaged(_)) => {
            return vec![line("integrity", Verdict::Fail, unfit.to_string())];
        }
        Err(unfit) => {
            let says = format!("{}: {unfit}", path.display());
            return vec![line("connection", Verdict::Fail, says)];
        }
    };
    let dangling = match contents.dangling {
        0 => line(
            "foreign keys",
            Verdict::Ok,
            "no row refers to one that is not there",
        ),
        rows => {
            let says = format!("{rows} rows refer to rows that are not there");
            line("foreign keys", Verdict::Fail, says)
        }
    };
    let says = format!("{} can be read", path.display());
    vec![
        line("connection", Verdict::Ok, says),
        line("integrity", Verdict::Ok, "no fault"),
        dangling,
        schema(path, &contents, now),
        unused(path),
    ]
}

fn schema(path: &Path, contents: &Contents, now: DateTime<Utc>) -> Line {
    if let Err(unfit) = ours(path) {
        return line("schema", Verdict::Fail, unfit.to_string());
    }
    let (version, known) = (contents.schema_version, newest());
    if version == Some(known) {
        return line("schema", Verdict::Ok, format!("version {known}"));
    }
    let will = match version {
        None => "of an existing installation; `migrate`, or the next start, adopts it".to_owned(),
        Some(version) => format!("version {version}; the next start brings it to {known}"),
    };
    match try_on_copy(path, now) {
        Ok(()) => line(
            "schema",
            Verdict::Warn,
            format!("{will}, as tried on a copy"),
        ),
        Err(unfit) => {
            let says = format!("{will}, but on a copy that failed: {unfit}");
            line("schema", Verdict::Fail, says)
        }
    }
}

fn unused(path: &Path) -> Line {
    match room(path) {
        Ok(room) if room.incremental => {
            line("unused room", Verdict::Ok, format!("{} bytes", room.bytes))
        }
        Ok(room) => {
            let bytes = room.bytes;
            let says = format!("{bytes} bytes, and none comes back by itself");
            line("unused room", Verdict::Warn, says)
        }
        Err(unfit) => line("unused room", Verdict::Fail, unfit.to_string()),
    }
}

async fn live(address: Option<SocketAddr>) -> Line {
    let Some(address) = address else {
        return line(
            "live",
            Verdict::Fail,
            "HTTP_ADDR is not set, so the bot answers nobody",
        );
    };
    let asked = tokio::time::timeout(Duration::from_millis(LIVE_WITHIN_MS), ask(here(address)));
    match asked.await {
        Ok(Ok(answer)) if answer.starts_with("HTTP/1.1 200 ") => {
            line("live", Verdict::Ok, "the bot lives")
        }
        Ok(Ok(answer)) => {
            let first = answer.lines().next().unwrap_or_default();
            line(
                "live",
                Verdict::Fail,
                format!("{address} answers {first:?}"),
            )
        }
        Ok(Err(error)) => line("live", Verdict::Fail, format!("{address}: {error}")),
        Err(_) => line("live", Verdict::Fail, format!("{address} does not answer")),
    }
}

/// Whoever listens everywhere also listens here.
fn here(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// One request, by hand: a client would be a large thing to carry for it.
async fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = tokio::net::TcpStream::connect(address).await?;
    let request = format!("GET /livez HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}
