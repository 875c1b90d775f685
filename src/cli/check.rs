//! `check`: looks whether the bot could do its work here, a line for each thing that must be right.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Datelike as _, SecondsFormat, TimeDelta, Utc};
use serde::Serialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{Failed, say};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::backup::BackupName;
use crate::store::Place;
use crate::store::backup::{list::verify, local};
#[cfg(feature = "postgres")]
use crate::store::postgres::{self, Address};
use crate::store::sqlite::compact::room;
use crate::store::sqlite::files::{self, Sizes};
use crate::store::sqlite::inspect::{Contents, Unfit, inspect, ours};
use crate::store::sqlite::migrations::{newest, try_on_copy};

/// Free space below this is warned of, in bytes; below the size of the database, too, because a
/// backup beside it would not fit.
const FREE_WARN_BYTES: u64 = 50_000_000;
/// A write-ahead log above this is warned of, in bytes: something keeps it from being written back.
const LOG_WARN_BYTES: u64 = 100_000_000;
/// Backups older than this are warned of, in hours: more than three times the usual distance.
const BACKUP_WARN_H: i64 = 20;
/// A file from further ahead than this says that the clock is wrong, in minutes.
const AHEAD_MAX_MIN: i64 = 5;
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
}

fn line(name: &'static str, verdict: Verdict, says: impl Into<String>) -> Line {
    Line {
        name,
        verdict,
        says: says.into(),
    }
}

pub(super) async fn run(config: Config, arguments: Arguments) -> Result<(), Failed> {
    let lines = if arguments.live {
        vec![live(config.http_addr).await]
    } else {
        let now = Clock::system().now();
        match super::database::place(&config)? {
            Place::File(path) | Place::Playground { path, .. } => {
                tokio::task::spawn_blocking(move || look(&config, &path, now)).await?
            }
            #[cfg(feature = "postgres")]
            Place::Server(address) => look_at_server(&config, &address, now).await,
        }
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

fn print(lines: &[Line], json: bool) -> Result<(), Failed> {
    if json {
        let ok = lines.iter().all(|line| line.verdict != Verdict::Fail);
        let all = serde_json::json!({"ok": ok, "checks": lines});
        say(format_args!("{}", serde_json::to_string_pretty(&all)?));
        return Ok(());
    }
    for line in lines {
        let verdict = match line.verdict {
            Verdict::Ok => "ok",
            Verdict::Warn => "warn",
            Verdict::Fail => "FAIL",
        };
        say(format_args!("{verdict:<5}{:<15}{}", line.name, line.says));
    }
    Ok(())
}

fn look(config: &Config, path: &Path, now: DateTime<Utc>) -> Vec<Line> {
    let warn_bytes = u64::from(config.db_size_warn_mb) * BYTES_PER_MB;
    let mut lines = vec![token(config), clock(path, &config.backup.backup_dir, now)];
    match files::sizes(path) {
        Ok(sizes) => lines.extend(weigh(&sizes, warn_bytes)),
        Err(error) => {
            let says = format!("{} cannot be found: {error}", path.display());
            lines.push(line("connection", Verdict::Fail, says));
            return lines;
        }
    }
    lines.push(writable("disk", files::folder_of(path)));
    lines.extend(inside(path, now));
    lines.push(backup(&config.backup.backup_dir, now));
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
        Ok(Some(version)) => (
            None,
            line("schema", Verdict::Ok, format!("version {version}")),
        ),
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

fn token(config: &Config) -> Line {
    match config.bot_token.as_ref().map(|token| token.check()) {
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
    let newest_backup = newest_backup(backups).ok().flatten();
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

fn weigh(sizes: &Sizes, warn_bytes: u64) -> [Line; 3] {
    let judge = |well: bool| if well { Verdict::Ok } else { Verdict::Warn };
    let mb = |bytes: u64| format!("{}.{} MB", bytes / BYTES_PER_MB, bytes / 100_000 % 10);
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

fn writable(name: &'static str, folder: &Path) -> Line {
    match files::try_write(folder) {
        Ok(()) => line(
            name,
            Verdict::Ok,
            format!("{} can be written to", folder.display()),
        ),
        Err(error) => {
            let says = format!("{} cannot be written to: {error}", folder.display());
            line(name, Verdict::Fail, says)
        }
    }
}

fn inside(path: &Path, now: DateTime<Utc>) -> Vec<Line> {
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
            let says = format!("{bytes} bytes, and none comes back by itself; run `optimize` once");
            line("unused room", Verdict::Warn, says)
        }
        Err(unfit) => line("unused room", Verdict::Fail, unfit.to_string()),
    }
}

fn newest_backup(folder: &Path) -> std::io::Result<Option<BackupName>> {
    Ok(local::names(folder)?.pop())
}

fn backup(folder: &Path, now: DateTime<Utc>) -> Line {
    let newest = match newest_backup(folder) {
        Err(error) => {
            let says = format!("{} cannot be read: {error}", folder.display());
            return line("backup", Verdict::Fail, says);
        }
        Ok(None) => {
            let says = format!("there is none in {}", folder.display());
            return line("backup", Verdict::Warn, says);
        }
        Ok(Some(newest)) => newest,
    };
    let age = now - newest.at;
    let says = format!("{newest}, {} h old", age.num_hours());
    match verify(&folder.join(newest.to_string())) {
        Ok(_) => line("backup", aged(age), format!("{says}, verified")),
        Err(unfit) => line("backup", Verdict::Fail, format!("{says}: {unfit}")),
    }
}

fn aged(age: TimeDelta) -> Verdict {
    match age > TimeDelta::hours(BACKUP_WARN_H) {
        true => Verdict::Warn,
        false => Verdict::Ok,
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
