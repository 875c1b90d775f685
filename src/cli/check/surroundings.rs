//! What `check` finds around the database: permissions, the backup folder, the time zones.
//!
//! May touch: the file system, to look, and a small file in the backup folder that is removed at once.
//! Invariant: nothing is made that was not there.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Datelike as _, TimeDelta, Utc};

use super::{BACKUP_WARN_H, FREE_WARN_BYTES, Line, MAKE_ROOM, Verdict, line, megabytes};
use crate::store::backup::{list::verify, local};
use crate::store::modes;
use crate::store::sqlite::files;
use crate::store::sqlite::lock::beside;

/// Time zones change several times a year; from so many years on they are warned of.
const ZONES_WARN_YEARS: i32 = 2;
/// Others may neither write our files nor change what is in our folders.
const OTHERS_MAY_WRITE: u32 = 0o002;
/// Others may read it.
const OTHERS_MAY_READ: u32 = 0o004;

/// The backup folder: whether a backup could be written, and the newest good one.
pub(super) fn backups(folder: &Path, database_bytes: u64, now: DateTime<Utc>) -> Vec<Line> {
    vec![room(folder, database_bytes), newest(folder, now)]
}

fn room(folder: &Path, database_bytes: u64) -> Line {
    const NAME: &str = "backup folder";
    if !folder.exists() {
        // What will hold it, if it can be made.
        let above = folder.ancestors().skip(1).find(|above| above.exists());
        let above = above.unwrap_or(Path::new("."));
        return match files::try_write(above) {
            Ok(()) => {
                let says = format!("{} is not there yet; it can be made", folder.display());
                line(NAME, Verdict::Ok, says)
            }
            Err(error) => cannot_be_written(NAME, folder, &error),
        };
    }
    if let Err(error) = files::try_write(folder) {
        return cannot_be_written(NAME, folder, &error);
    }
    match files::free(folder) {
        Ok(free) if free < FREE_WARN_BYTES.max(database_bytes) => {
            let says = format!("{} has {} left", folder.display(), megabytes(free));
            line(NAME, Verdict::Warn, says)
                .advise("make room: the next backup may not fit; see BACKUP_KEEP, too")
        }
        Ok(free) => {
            let says = format!(
                "{} can be written to, {} left",
                folder.display(),
                megabytes(free)
            );
            line(NAME, Verdict::Ok, says)
        }
        Err(error) => cannot_be_written(NAME, folder, &error),
    }
}

fn cannot_be_written(name: &'static str, folder: &Path, error: &std::io::Error) -> Line {
    let says = format!("{} cannot be written to: {error}", folder.display());
    line(name, Verdict::Fail, says).advise(match error.kind() {
        ErrorKind::StorageFull => MAKE_ROOM,
        _ => "give the folder to the user that runs the bot, or set BACKUP_DIR to another one",
    })
}

/// The newest backup that verifies. Newer ones that do not are told of.
fn newest(folder: &Path, now: DateTime<Utc>) -> Line {
    const NAME: &str = "backup";
    const MAKE_ONE: &str = "run `overwatch-bot backup`, and check BACKUP_EVERY and the log for why no scheduled backup was made";
    let names = match local::names(folder) {
        Err(error) => {
            let says = format!("{} cannot be read: {error}", folder.display());
            return line(NAME, Verdict::Fail, says);
        }
        Ok(names) if names.is_empty() => {
            let says = format!("there is none in {}", folder.display());
            return line(NAME, Verdict::Warn, says).advise(MAKE_ONE);
        }
        Ok(names) => names,
    };
    let mut bad = Vec::new();
    for name in names.iter().rev() {
        if let Err(unfit) = verify(&folder.join(name.to_string())) {
            bad.push(format!("{name}: {unfit}"));
            continue;
        }
        let age = now - name.at;
        let says = format!("{name}, {} h old, verified", age.num_hours());
        if bad.is_empty() && !name.is_from_before(now) {
            let says = format!("{name} is dated in the future: the clock was or is wrong");
            return line(NAME, Verdict::Warn, says).advise(
                "see that the clock is right and run `overwatch-bot backup`; move the file away once there is a newer one",
            );
        }
        return match (bad.as_slice(), age > TimeDelta::hours(BACKUP_WARN_H)) {
            ([], false) => line(NAME, Verdict::Ok, says),
            ([], true) => line(NAME, Verdict::Warn, says).advise(MAKE_ONE),
            (bad, _) => {
                let says = format!("{}; the newest good one is {says}", bad.join("; "));
                line(NAME, Verdict::Fail, says)
                    .advise("run `overwatch-bot backup`, and look at the disk")
            }
        };
    }
    line(
        NAME,
        Verdict::Fail,
        format!("none is good: {}", bad.join("; ")),
    )
    .advise(MAKE_ONE)
}

/// The time zones that are compiled in.
pub(super) fn zones(now: DateTime<Utc>) -> Line {
    judge_zones(chrono_tz::IANA_TZDB_VERSION, now)
}

fn judge_zones(version: &str, now: DateTime<Utc>) -> Line {
    const NAME: &str = "time zones";
    let year = version.get(..4).and_then(|year| year.parse::<i32>().ok());
    let says = format!("as of release {version} of the tz database");
    match year {
        Some(year) if now.year() - year < ZONES_WARN_YEARS => line(NAME, Verdict::Ok, says),
        _ => line(NAME, Verdict::Warn, says)
            .advise("update overwatch-bot; times are wrong where the rules have changed since"),
    }
}

/// Whose the files are, and who else may change or read them.
pub(super) fn permissions(database: &Path, backups: &Path) -> Line {
    const NAME: &str = "permissions";
    let mut troubles = Vec::new();
    let ours = rustix::process::geteuid().as_raw();
    for path in [
        files::folder_of(database).to_owned(),
        database.to_owned(),
        beside(database, "-wal"),
        backups.to_owned(),
    ] {
        // What is not there is told of elsewhere.
        let Ok(found) = std::fs::metadata(&path) else {
            continue;
        };
        let is_sticky_folder = found.is_dir() && found.mode() & 0o1000 != 0;
        if found.mode() & OTHERS_MAY_WRITE != 0 && !is_sticky_folder {
            troubles.push(format!("anybody may write to {}", path.display()));
        }
        // Root may do everything, and leaves files behind that the bot cannot write.
        if found.uid() != ours {
            troubles.push(format!(
                "{} belongs to user {}, and this is user {ours}",
                path.display(),
                found.uid()
            ));
        }
    }
    troubles.extend(wide_files(database, backups));
    let env_file = PathBuf::from(".env");
    if std::fs::metadata(&env_file).is_ok_and(|found| found.mode() & OTHERS_MAY_READ != 0) {
        troubles.push("anybody may read .env, and the token in it".into());
    }
    let shared = [files::folder_of(database), backups];
    let shared = shared.into_iter().find(|folder| modes::is_shared(folder));
    match troubles.is_empty() {
        true => line(
            NAME,
            Verdict::Ok,
            match shared {
                None => "nobody else may use the files".to_owned(),
                Some(folder) => format!(
                    "{} is shared with others, so the modes of the files in it are left as they are",
                    folder.display()
                ),
            },
        ),
        false => line(NAME, Verdict::Warn, troubles.join("; "))
            .advise("chown the files to the user that runs the bot, chmod go-rwx, and run `check` as that user; the next start narrows the bot's own files"),
    }
}

/// Our own files that others may use, as far as nobody has set them up so on purpose.
fn wide_files(database: &Path, backups: &Path) -> Vec<String> {
    let beside_it = ["", "-wal", ".reserve"].map(|ending| beside(database, ending));
    let names = local::names(backups).unwrap_or_default();
    let backups = names.iter().map(|name| backups.join(name.to_string()));
    let wide = beside_it.into_iter().chain(backups);
    let wide = wide.filter_map(|path| modes::too_wide(&path));
    let told = wide.filter(|wide| wide.is_ours || wide.mode & OTHERS_MAY_READ != 0);
    told.map(|wide| {
        format!(
            "others may use {} (mode {:03o})",
            wide.path.display(),
            wide.mode
        )
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_warned_of_once_they_are_old() {
        for (now, verdict) in [
            ("2025-06-01T00:00:00Z", Verdict::Ok),
            ("2026-12-31T00:00:00Z", Verdict::Ok),
            ("2027-01-01T00:00:00Z", Verdict::Warn),
        ] {
            let now = now.parse().unwrap();
            assert_eq!(judge_zones("2025b", now).verdict, verdict, "{now}");
        }
        assert_eq!(
            judge_zones("unknown", DateTime::UNIX_EPOCH).verdict,
            Verdict::Warn
        );
    }
}
