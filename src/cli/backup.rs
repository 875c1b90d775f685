//! `backup`: backs the database up, beside a running bot or without one; `backup list`.

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use super::{Failed, database, say};
use crate::clock::{Clock, Doubt};
use crate::config::{BackupConfig, Config, S3Url};
use crate::domain::backup::Keep;
use crate::secret::Secret;
use crate::store::backup::list::Listed;
use crate::store::backup::mounts::Surroundings;
use crate::store::backup::{self, Backups, remote};
use crate::store::known_time::KnownTime;
use crate::store::{Database, Place};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show the backups, here and in the object store, and whether each verifies
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(config: Config, arguments: Arguments) -> Result<(), Failed> {
    let backups = backups(&config, "backup")?;
    match arguments.command {
        None => make(&backups).await,
        Some(Command::List { json }) => list(backups, json).await,
    }
}

/// How the configuration wants backups to be made and kept.
pub(super) fn settings(config: &BackupConfig) -> backup::Settings {
    backup::Settings {
        folder: config.backup_dir.clone(),
        every: config
            .backup_every
            .0
            .map(|seconds| TimeDelta::seconds(seconds.into())),
        keep: Keep {
            newest: config.backup_keep,
            daily: config.backup_keep_daily,
            weekly: config.backup_keep_weekly,
            monthly: config.backup_keep_monthly,
        },
        compress: config.backup_compress,
        litestream: config.litestream,
        remote: config.backup_s3_url.as_ref().map(remote_settings),
    }
}

/// The object store at `url`, with the keys that the environment has.
pub(super) fn remote_settings(url: &S3Url) -> remote::Settings {
    remote::Settings {
        bucket: url.bucket.clone(),
        prefix: url.prefix.clone(),
        variables: std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, _)| name.starts_with("AWS_"))
            .map(|(name, value)| (name, Secret::new(value)))
            .collect(),
    }
}

/// The backups of the configured database.
pub(super) fn backups(config: &Config, what: &str) -> Result<Backups, Failed> {
    let path = database::file_only(
        config,
        what,
        "a server's database is backed up with pg_dump and brought back with pg_restore, as \
         docs/OPERATING.md says",
    )?;
    Backups::new(&path, settings(&config.backup))
        .map_err(|error| Failed::Settings(format!("BACKUP_S3_URL: {error}")))
}

/// Stops where the database is not there, and should be.
pub(super) async fn check_first_start(config: &Config, place: &Place) -> Result<(), Failed> {
    let Some(path) = place.file() else {
        return Ok(());
    };
    let backups = Backups::new(path, settings(&config.backup))
        .map_err(|error| Failed::Settings(format!("BACKUP_S3_URL: {error}")))?;
    let surroundings = Surroundings::of_this_process(|name| std::env::var(name).ok());
    let word = config
        .start_empty
        .as_deref()
        .filter(|word| !word.is_empty());
    let now = Clock::system().now();
    let checked = backups.check_first_start(word, &surroundings, now).await;
    checked.map_err(|error| match error.is_setting() {
        true => Failed::Settings(error.to_string()),
        false => Failed::Other(error.to_string()),
    })
}

/// Why the clock is not one to drop backups by; `None` if nothing is against it.
async fn doubt(database: &std::path::Path, now: DateTime<Utc>) -> Option<String> {
    let place = Place::File(database.to_owned());
    let known = match Database::read(&place).await {
        Ok(database) => database.query(KnownTime).await.map_err(|e| e.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match known {
        Ok(known) => {
            let by_confirmation = known.confirmed_at.map(|at| Doubt::at_start(at, now));
            if by_confirmation == Some(None) {
                return None;
            }
            Doubt::at_start(known.last_at?, now).map(|doubt| {
                format!(
                    "the clock is doubtful: {doubt}; set it, or give `clock confirm` if it is right"
                )
            })
        }
        Err(error) => Some(format!(
            "nobody knows when the database was last in use: {error}"
        )),
    }
}

async fn make(backups: &Backups) -> Result<(), Failed> {
    let now = Clock::system().now();
    let doubt = doubt(backups.database(), now).await;
    let all_kept = backups.without_rotation();
    let backups = if doubt.is_some() { &all_kept } else { backups };
    let taken = backups.take(now, &CancellationToken::new()).await?;
    say(format_args!(
        "{}: {}, {} rows in {} tables, verified",
        taken.path.display(),
        size(taken.bytes),
        taken.contents.total_rows(),
        taken.contents.rows.len()
    ));
    if taken.contents.dangling > 0 {
        say(format_args!(
            "note: {} rows of the database refer to rows that are not there",
            taken.contents.dangling
        ));
    }
    if let Some(doubt) = doubt {
        say(format_args!("note: no backup is dropped, since {doubt}"));
    }
    for name in &taken.dropped {
        say(format_args!(
            "dropped {name}, since BACKUP_KEEP newer ones are there"
        ));
    }
    if let Some(remote) = backups.remote() {
        let copied = backups.upload_newest(now).await.map_err(|error| {
            Failed::Other(format!(
                "the backup was made, but not copied to the object store: {error}"
            ))
        })?;
        match copied {
            Some(name) => say(format_args!("{}/{name}: copied", remote.place())),
            None => say(format_args!("{}: has it already", remote.place())),
        }
    }
    Ok(())
}

async fn list(backups: Backups, json: bool) -> Result<(), Failed> {
    let folder = backups.settings().folder.display().to_string();
    let here = {
        let backups = backups.clone();
        tokio::task::spawn_blocking(move || backups.list_local()).await?
    };
    let mut all = here.map_err(|error| Failed::Other(format!("{folder}: {error}")))?;
    let there = backups.list_remote().await;
    let (there, failed) = match there {
        Ok(there) => (there, None),
        Err(error) => (vec![], Some(error)),
    };
    all.extend(there);
    if json {
        let text = serde_json::to_string_pretty(&all).expect("our own plain types serialise");
        say(format_args!("{text}"));
    } else if all.is_empty() {
        say(format_args!("There is no backup in {folder}."));
    } else {
        print(&all, Clock::system().now());
    }
    match failed {
        None => Ok(()),
        Some(error) => Err(error.into()),
    }
}

fn print(all: &[Listed], now: DateTime<Utc>) {
    let mut place = "";
    for backup in all {
        if backup.place != place {
            place = &backup.place;
            say(format_args!("{place}:"));
        }
        let known = |number: Option<String>| number.unwrap_or_else(|| "?".into());
        say(format_args!(
            "  {:<42} {:>9}  {:>12}  schema {:<2} {:>9} rows  {}",
            backup.name,
            size(backup.bytes),
            age(now - backup.at),
            known(backup.schema_version.map(|version| version.to_string())),
            known(backup.rows.map(|rows| rows.to_string())),
            match &backup.unfit {
                None => "verifies",
                Some(reason) => reason,
            }
        ));
    }
}

/// A size in bytes, for people.
pub(super) fn size(bytes: u64) -> String {
    const KIB: u64 = 1024;
    const MIB: u64 = 1024 * KIB;
    match bytes {
        0..KIB => format!("{bytes} B"),
        KIB..MIB => format!("{} KiB", bytes.div_ceil(KIB)),
        _ => format!("{}.{} MiB", bytes / MIB, bytes % MIB * 10 / MIB),
    }
}

/// How long ago something was, for people.
fn age(age: TimeDelta) -> String {
    match (age.num_days(), age.num_hours(), age.num_minutes()) {
        // Two backups in one second are named a second apart.
        _ if age < -TimeDelta::minutes(1) => "in the future".into(),
        (days, ..) if days >= 2 => format!("{days} days ago"),
        (_, hours, _) if hours >= 2 => format!("{hours} h ago"),
        (_, _, minutes) => format!("{minutes} min ago"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_ages_are_for_people() {
        assert_eq!(size(17), "17 B");
        assert_eq!(size(100_000), "98 KiB");
        assert_eq!(size(495 * 1024 * 1024 + 600_000), "495.5 MiB");
        assert_eq!(age(TimeDelta::minutes(7)), "7 min ago");
        assert_eq!(age(TimeDelta::hours(7)), "7 h ago");
        assert_eq!(age(TimeDelta::days(7)), "7 days ago");
        assert_eq!(age(TimeDelta::seconds(-2)), "0 min ago");
        assert_eq!(age(TimeDelta::minutes(-7)), "in the future");
    }
}
