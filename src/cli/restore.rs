//! `restore`: puts a backup in the place of the database.

use std::collections::BTreeSet;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use super::backup::backups;
use super::{Failed, say};
use crate::clock::Clock;
use crate::config::{Config, S3Url};
use crate::store::backup::find::{Found, find_at};
use crate::store::backup::{Backups, files};
use crate::store::sqlite::inspect::Contents;
use crate::store::sqlite::restore::{Comparison, RestoreError, Restored, restore_if};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// latest; a file; a backup's name; s3://BUCKET/FOLDER/NAME; or a time such as
    /// "2026-11-22 20:15" (UTC), for the newest backup from then or before
    what: String,

    /// Try everything and change nothing
    #[arg(long)]
    dry_run: bool,

    /// Don't ask, even if more than half of the rows would be gone
    #[arg(long)]
    yes: bool,
}

pub(super) async fn run(config: Config, arguments: Arguments) -> Result<(), Failed> {
    let backups = backups(&config, "restore")?;
    let database = backups.database().to_owned();
    let found = find(&backups, &arguments.what).await?;
    say(format_args!("Restoring {} …", found.shown()));
    let downloads = download_folder(&found, &database)?;
    let done = bring_back(&found, &downloads, &database, &arguments).await;
    if let Found::There(..) = found {
        // The downloads only; a folder that cannot be removed is no reason to have failed.
        let _ = std::fs::remove_dir_all(&downloads);
    }
    tell(&done?, &database, &arguments);
    if config.backup.litestream {
        say(format_args!(
            "Litestream must not run during a restore; start it again now, and it takes a new snapshot."
        ));
    }
    Ok(())
}

async fn find(backups: &Backups, what: &str) -> Result<Found, Failed> {
    let now = Clock::system().now();
    if !what.starts_with("s3://") {
        return Ok(backups.find(what, now).await?);
    }
    let url: S3Url = what.parse().map_err(Failed::Settings)?;
    Ok(find_at(super::backup::remote_settings(&url), now).await?)
}

async fn bring_back(
    found: &Found,
    downloads: &Path,
    database: &Path,
    arguments: &Arguments,
) -> Result<Restored, Failed> {
    let file = found.fetch(downloads).await?;
    let database = database.to_owned();
    let now = Clock::system().now();
    let (dry_run, yes) = (arguments.dry_run, arguments.yes);
    let mut unasked = false;
    let done = tokio::task::spawn_blocking(move || {
        let mut agree = |comparison: &Comparison| {
            show(comparison);
            match () {
                () if dry_run || yes || comparison.present.is_none() => true,
                () if std::io::stdin().is_terminal() => ask(),
                () => {
                    unasked = comparison.loses_more_than_half();
                    !unasked
                }
            }
        };
        let done = restore_if(&database, &file, now, dry_run, &mut agree);
        (done, unasked)
    });
    match done.await? {
        (Err(RestoreError::Declined), true) => Err(Failed::Other(
            "the backup has less than half of the rows that are there; if it is the right one, say --yes; \
             nothing was changed"
                .into(),
        )),
        (done, _) => Ok(done?),
    }
}

/// Shows what would be gone and what would come, table by table.
fn show(comparison: &Comparison) {
    let Some(present) = &comparison.present else {
        return say(format_args!("There is no readable database at the moment."));
    };
    let restored = &comparison.restored;
    say(format_args!(
        "  {:<28} {:>10} {:>10}",
        "", "at present", "restored"
    ));
    let time = |contents: &Contents| {
        let at = contents.last_command;
        at.map_or("?".into(), |at| at.format("%m-%d %H:%M").to_string())
    };
    say(format_args!(
        "  {:<28} {:>10} {:>10}",
        "last command (UTC)",
        time(present),
        time(restored)
    ));
    let tables: BTreeSet<_> = present.rows.keys().chain(restored.rows.keys()).collect();
    for table in tables {
        let rows = |contents: &Contents| contents.rows.get(table).copied().unwrap_or(0);
        if rows(present) != rows(restored) {
            say(format_args!(
                "  {table:<28} {:>10} {:>10}",
                rows(present),
                rows(restored)
            ));
        }
    }
    if present.identity.is_some() && present.identity != restored.identity {
        say(format_args!("  The backup is of a different database."));
    }
}

/// Asks at the terminal.
fn ask() -> bool {
    say(format_args!(
        "Replace the current database? It is set aside, not deleted. [y/N]"
    ));
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    read.is_ok() && ["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str())
}

/// Where a remote backup is downloaded to: beside the database, where there must be room anyway.
fn download_folder(found: &Found, database: &Path) -> Result<PathBuf, Failed> {
    let folder = database.with_extension("download");
    if let Found::There(..) = found {
        files::create_folder(&folder)
            .map_err(|error| Failed::Other(format!("{}: {error}", folder.display())))?;
    }
    Ok(folder)
}

fn tell(done: &Restored, database: &Path, arguments: &Arguments) {
    let version = |version: Option<i32>| version.map_or("?".into(), |version| version.to_string());
    say(format_args!(
        "The backup verifies{}: {} rows in {} tables, schema {}.",
        match done.checksummed {
            true => ", its checksum as well",
            false => " (nobody wrote down its checksum)",
        },
        done.backup.total_rows(),
        done.backup.rows.len(),
        version(done.backup.schema_version)
    ));
    if done.backup.schema_version != done.database.schema_version {
        say(format_args!(
            "Migrated to schema {}: {} rows in {} tables.",
            version(done.database.schema_version),
            done.database.total_rows(),
            done.database.rows.len()
        ));
    }
    if let Some(report) = &done.report {
        let verb = if arguments.dry_run { "would be" } else { "is" };
        say(format_args!(
            "What could not be kept as it was {verb} in {}.",
            report.display()
        ));
    }
    for path in &done.set_aside {
        let verb = if arguments.dry_run {
            "Would set aside"
        } else {
            "Set aside"
        };
        say(format_args!("{verb} what is there as {}.", path.display()));
    }
    if arguments.dry_run {
        say(format_args!(
            "Nothing was changed; without --dry-run it would be restored."
        ));
    } else {
        say(format_args!(
            "Restored: {}. The bot can be started.",
            database.display()
        ));
    }
}
