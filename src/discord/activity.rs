//! In which servers people are active: their clicks and commands, as a hint to try again what was
//! refused there.
//!
//! Pure memory. Invariant: noticing never waits, and no more than `GUILDS_MAX` servers are kept.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::domain::ids::GuildId;

/// Servers that are kept until somebody takes them; what is beyond is not noticed.
const GUILDS_MAX: usize = 10_000;

/// Servers in which people are active. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Activity(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    guilds: Mutex<HashSet<GuildId>>,
    noticed: Notify,
}

impl Activity {
    /// Notices that somebody is active in a server.
    pub fn notice(&self, guild: GuildId) {
        let mut guilds = self.0.guilds.lock().unwrap_or_else(PoisonError::into_inner);
        if guilds.len() < GUILDS_MAX {
            guilds.insert(guild);
        }
        drop(guilds);
        self.0.noticed.notify_one();
    }

    /// Returns the servers in which somebody was active since the last time.
    pub fn take(&self) -> HashSet<GuildId> {
        let mut guilds = self.0.guilds.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *guilds)
    }

    /// As [`Activity::take`], once somebody is active.
    pub async fn wait(&self) -> HashSet<GuildId> {
        loop {
            let noticed = self.0.noticed.notified();
            let taken = self.take();
            if !taken.is_empty() {
                return taken;
            }
            noticed.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn servers_are_taken_once_and_no_more_than_fit_are_kept() {
        let activity = Activity::default();
        activity.notice(GuildId(1));
        activity.notice(GuildId(1));
        assert_eq!(activity.wait().await, [GuildId(1)].into());
        for guild in 0..=GUILDS_MAX {
            activity.notice(GuildId(i64::try_from(guild).expect("a small number")));
        }
        assert_eq!(activity.wait().await.len(), GUILDS_MAX);
        let nothing = tokio::time::timeout(std::time::Duration::ZERO, activity.wait());
        assert!(nothing.await.is_err());
    }
}
