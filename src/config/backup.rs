//! How the database is backed up: where to, how often, and what is kept.
//!
//! Pure. Invariant: a schedule and an address of an object store that are taken can be kept to.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

/// How the database is backed up.
#[derive(Clone, Debug, Args)]
pub struct BackupConfig {
    /// Where the database is backed up to, on a schedule and before a migration changes it
    #[arg(
        long,
        env = "BACKUP_DIR",
        global = true,
        hide_env_values = true,
        value_name = "FOLDER",
        default_value = "backups"
    )]
    pub backup_dir: PathBuf,

    /// How often it is backed up while the bot runs: 30m, 6h, 1d, or off
    #[arg(
        long,
        env = "BACKUP_EVERY",
        global = true,
        hide_env_values = true,
        value_name = "TIME",
        default_value = "6h"
    )]
    pub backup_every: Every,

    /// How many of the newest backups are kept, in the folder and in the object store
    #[arg(
        long,
        env = "BACKUP_KEEP",
        global = true,
        hide_env_values = true,
        value_name = "NUMBER",
        default_value_t = 10,
        value_parser = clap::value_parser!(u32).range(1..=10_000)
    )]
    pub backup_keep: u32,

    /// Beyond them, for how many days the last backup of the day is kept
    #[arg(
        long,
        env = "BACKUP_KEEP_DAILY",
        global = true,
        hide_env_values = true,
        value_name = "DAYS",
        default_value_t = 0,
        value_parser = clap::value_parser!(u32).range(0..=10_000)
    )]
    pub backup_keep_daily: u32,

    /// Beyond them, for how many weeks the last backup of the week is kept
    #[arg(
        long,
        env = "BACKUP_KEEP_WEEKLY",
        global = true,
        hide_env_values = true,
        value_name = "WEEKS",
        default_value_t = 0,
        value_parser = clap::value_parser!(u32).range(0..=10_000)
    )]
    pub backup_keep_weekly: u32,

    /// Beyond them, for how many months the last backup of the month is kept
    #[arg(
        long,
        env = "BACKUP_KEEP_MONTHLY",
        global = true,
        hide_env_values = true,
        value_name = "MONTHS",
        default_value_t = 0,
        value_parser = clap::value_parser!(u32).range(0..=10_000)
    )]
    pub backup_keep_monthly: u32,

    /// Compress the backups (zstd): true or false
    #[arg(
        long,
        env = "BACKUP_COMPRESS",
        global = true,
        hide_env_values = true,
        value_name = "BOOL",
        default_value_t = false,
        default_missing_value = "true",
        num_args = 0..=1,
        require_equals = true,
        action = clap::ArgAction::Set
    )]
    pub backup_compress: bool,

    /// Copy each backup to a folder in an S3-compatible object store: s3://BUCKET/FOLDER. The store
    /// and its keys come from the standard variables: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
    /// AWS_REGION, and AWS_ENDPOINT_URL if it is not Amazon's
    #[arg(
        long,
        env = "BACKUP_S3_URL",
        global = true,
        hide_env_values = true,
        value_name = "URL"
    )]
    pub backup_s3_url: Option<S3Url>,

    /// Litestream replicates the database and is in charge of its write-ahead log: true or false
    #[arg(
        long,
        env = "LITESTREAM",
        global = true,
        hide_env_values = true,
        value_name = "BOOL",
        default_value_t = false,
        default_missing_value = "true",
        num_args = 0..=1,
        require_equals = true,
        action = clap::ArgAction::Set
    )]
    pub litestream: bool,
}

/// How often something is done; `off` is never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Every(
    /// In seconds.
    pub Option<u32>,
);

/// Not more often than this, in seconds: each backup reads all of the database several times.
const EVERY_MIN_S: u32 = 60;
/// Not more seldom than this, in seconds: a year.
const EVERY_MAX_S: u32 = 366 * 86_400;

impl FromStr for Every {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = "a time such as 30m, 6h or 1d is needed, or off";
        let text = text.trim().to_ascii_lowercase();
        if text == "off" {
            return Ok(Self(None));
        }
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let unit_s = match unit {
            "m" | "min" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => return Err(wanted.into()),
        };
        let number: u32 = number.parse().map_err(|_| wanted)?;
        match number.checked_mul(unit_s) {
            Some(seconds) if (EVERY_MIN_S..=EVERY_MAX_S).contains(&seconds) => {
                Ok(Self(Some(seconds)))
            }
            _ => Err(format!("{wanted}; from a minute to a year")),
        }
    }
}

/// A folder in an object store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Url {
    /// The bucket.
    pub bucket: String,
    /// The folder in it, without slashes at its ends; may be empty.
    pub prefix: String,
}

impl FromStr for S3Url {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = "an address such as s3://BUCKET/FOLDER is needed";
        let rest = text.trim().strip_prefix("s3://").ok_or(wanted)?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let allowed = |char: char| char.is_ascii_alphanumeric() || "-._".contains(char);
        if bucket.is_empty() || !bucket.chars().all(allowed) {
            return Err(format!(
                "{wanted}, without keys in it; those are AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            ));
        }
        Ok(Self {
            bucket: bucket.to_owned(),
            prefix: prefix.trim_matches('/').to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_a_number_with_a_unit_or_off() {
        assert_eq!("6h".parse(), Ok(Every(Some(21_600))));
        assert_eq!(" 30M ".parse(), Ok(Every(Some(1_800))));
        assert_eq!("1d".parse(), Ok(Every(Some(86_400))));
        assert_eq!("off".parse(), Ok(Every(None)));
        for text in [
            "",
            "6",
            "h",
            "0h",
            "-1h",
            "1.5h",
            "6 hours",
            "30s",
            "99999999d",
        ] {
            assert!(text.parse::<Every>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_object_store_is_a_bucket_and_a_folder_without_keys() {
        let url = |bucket: &str, prefix: &str| {
            Ok(S3Url {
                bucket: bucket.into(),
                prefix: prefix.into(),
            })
        };
        assert_eq!("s3://ow/bot/backups/".parse(), url("ow", "bot/backups"));
        assert_eq!("s3://ow".parse(), url("ow", ""));
        for text in [
            "",
            "ow/bot",
            "https://ow",
            "s3://",
            "s3:///a",
            "s3://key:secret@ow/a",
        ] {
            assert!(text.parse::<S3Url>().is_err(), "{text}");
        }
    }
}
