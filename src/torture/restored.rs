//! Backups that are taken in the middle of everything, and restored.
//!
//! May touch: a folder of its own, and the database's file for reading. Invariant: the program's own code
//! takes the backup and restores it; nothing here changes what the bot sees.

use std::path::Path;

use tokio_util::sync::CancellationToken;

use super::bot::{Bot, backups, database};
use super::rows::Rows;
use crate::store::sqlite::Database;
use crate::store::sqlite::restore::restore;

/// Takes a backup and restores it into another folder: it is a state that was, and the bot starts on it.
/// Returns whether there was one to restore: while the disk fails there may be none.
pub(super) async fn a_backup_is_a_state_that_was(
    folder: &Path,
    bot: &Bot,
    has_power: impl Fn() -> bool,
) -> Result<bool, String> {
    let before = Rows::read(&database(folder))?;
    let now = bot.context.clock.now();
    let taken = bot.backups.take(now, &CancellationToken::new()).await;
    let Ok(taken) = taken else {
        return Ok(false);
    };
    if !has_power() {
        return Ok(false);
    }
    let after = Rows::read(&database(folder))?;
    let place = super::world::folder();
    let path = database(place.path());
    restore(&path, &taken.path, now, false)
        .map_err(|error| format!("a backup cannot be restored: {error}"))?;
    let restored = Rows::read(&path)?;
    if let Some(wrong) = restored.cannot_be_between(&before, &after) {
        return Err(format!("a restored backup is no state that was: {wrong}"));
    }
    let opened = Database::open(&path, &backups(place.path()), now).await;
    let opened = opened.map_err(|error| format!("nothing starts on a restored backup: {error}"))?;
    opened.close().await;
    Ok(true)
}
