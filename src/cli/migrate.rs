//! `migrate`: brings the database up to date without starting the bot, and says what it did.

use super::Failed;
use crate::clock::Clock;
use crate::config::Config;
use crate::store::sqlite::{Adopted, Checkpoints};
use crate::store::{self, Migrated};

pub(super) async fn run(config: Config) -> Result<(), Failed> {
    let place = super::database::place(&config)?;
    super::backup::check_first_start(&config, &place).await?;
    let is_new = place.file().is_some_and(|path| !path.exists());
    let backups = super::backup::settings(&config.backup);
    let (folder, checkpoints) = (&backups.folder, Checkpoints::with(backups.litestream));
    let now = Clock::system().now();
    let migrated = store::migrate(&place, folder, now, checkpoints).await;
    let migrated = migrated.map_err(|error| Failed::to_open(&error))?;
    let Migrated { from, to, .. } = migrated;
    match (from, &migrated.adopted) {
        (_, Some(adopted)) => {
            println!("{place}: the database of an existing installation was adopted");
            tell(adopted);
            println!("  its schema has version {to} now");
        }
        (Some(from), _) if from == to => {
            println!("{place}: its schema has version {to} already, nothing was changed");
        }
        (Some(from), _) => println!("{place}: migrated from version {from} to {to}"),
        (None, _) if is_new => println!("{place}: made, with a schema of version {to}"),
        (None, _) => println!("{place}: was empty, and has a schema of version {to} now"),
    }
    if let Some(backup) = migrated.backup {
        println!("  backup: {}", backup.display());
    }
    Ok(())
}

fn tell(adopted: &Adopted) {
    println!("  before: {}", adopted.before);
    println!("  after:  {}", adopted.after);
    println!(
        "  made, because something refers to it or needs it: {}",
        adopted.made
    );
    println!("  cards that will be refreshed: {}", adopted.cards);
    match &adopted.report {
        None => println!("  everything was kept as it was"),
        Some(report) => {
            println!("  in the report only: {}", adopted.left);
            println!(
                "  report of {} odd values: {}",
                adopted.odd,
                report.display()
            );
        }
    }
}
