//! How the backups fare, in one small structure for whoever watches over the bot.
//!
//! May touch: nothing. Invariant: a failure stays until the same thing has succeeded.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::local::{BackupError, Taken};
use super::remote::RemoteError;
use crate::domain::backup::BackupName;

/// How the backups fare.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The last backup. It verified when it was made, or it would not have its name.
    pub last: Option<Made>,
    /// Why the latest attempt failed; `None` if it did not.
    pub failure: Option<Trouble>,
    /// When the object store was last seen to have the newest backup.
    pub uploaded_at: Option<DateTime<Utc>>,
    /// Why the latest upload failed; `None` if it did not.
    pub upload_failure: Option<Trouble>,
}

/// A backup that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Made {
    /// Its file's name.
    pub name: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Its size, in bytes.
    pub bytes: u64,
}

impl Made {
    /// Whether it was made while the clock was ahead, or the clock is behind now: then nobody knows how
    /// old it is.
    pub fn is_from_future(&self, now: DateTime<Utc>) -> bool {
        BackupName::parse(&self.name).is_some_and(|name| !name.is_from_before(now))
    }
}

/// Something that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// When.
    pub at: DateTime<Utc>,
    /// Why, in a sentence.
    pub reason: String,
}

impl Status {
    pub(super) fn beginning_with(last: Option<Made>) -> Self {
        Self {
            last,
            ..Self::default()
        }
    }

    pub(super) fn note_backup(&mut self, at: DateTime<Utc>, made: &Result<Taken, BackupError>) {
        match made {
            Ok(taken) => {
                self.failure = None;
                self.last = Some(Made {
                    name: taken.name.to_string(),
                    at: taken.name.at,
                    bytes: taken.bytes,
                });
            }
            Err(error) => {
                self.failure = Some(Trouble {
                    at,
                    reason: error.to_string(),
                });
            }
        }
    }

    pub(super) fn note_upload(
        &mut self,
        at: DateTime<Utc>,
        uploaded: &Result<Option<BackupName>, RemoteError>,
    ) {
        match uploaded {
            Ok(_) => {
                self.upload_failure = None;
                self.uploaded_at = Some(at);
            }
            Err(error) => {
                self.upload_failure = Some(Trouble {
                    at,
                    reason: error.to_string(),
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn backup_is_from_the_future_beyond_a_minute() {
        let at: DateTime<Utc> = "2026-11-28T12:00:00Z".parse().expect("a time");
        let made = Made {
            name: "overwatch_backup_20261128_120000.db".into(),
            at,
            bytes: 1,
        };
        for (seconds, expected) in [(0, false), (-60, false), (-61, true), (5_000, false)] {
            let now = at + TimeDelta::seconds(seconds);
            assert_eq!(made.is_from_future(now), expected, "{seconds}");
        }
    }
}
