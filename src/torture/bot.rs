//! The bot as it runs in a simulation: store, dispatcher, outbox and jobs, without shards.
//!
//! May touch: the folder of the simulation. Invariant: it is put together from the parts that the real
//! one is, in the same order.

use std::path::{Path, PathBuf};

use chrono::TimeDelta;

use super::discord::Discord;
use crate::clock::Clock;
use crate::discord::FEATURES;
use crate::discord::access::Access;
use crate::discord::activity::Activity;
use crate::discord::dispatch::Dispatcher;
use crate::discord::feature::Context;
use crate::discord::nonce::Nonces;
use crate::discord::rest::{Rest, Transport, alone};
use crate::domain::backup::Keep;
use crate::jobs::Jobs;
use crate::jobs::upkeep::Upkeep;
use crate::secret::Secret;
use crate::status::Status;
use crate::store::Store;
use crate::store::backup::{Backups, Settings};
use crate::store::installation::Identify;
use crate::store::known_time::KnownTime;
use crate::store::sqlite::Database;

/// How often a backup is made, in hours.
const BACKUP_EVERY_H: i64 = 2;
/// Backups that are kept.
const BACKUPS_KEPT: u32 = 3;
/// Sessions go into the history after so many days.
const RETENTION_DAYS: u32 = 30;
/// No size is warned of.
const WARN_MB: u32 = 1_000;
/// The token of a simulation is no secret.
const TOKEN: &str = "simulated";

pub(super) fn database(folder: &Path) -> PathBuf {
    folder.join("data/overwatch.db")
}

pub(super) fn backups(folder: &Path) -> PathBuf {
    folder.join("backups")
}

/// How backups are made and kept.
pub(super) fn backup_settings(folder: &Path) -> Settings {
    Settings {
        every: Some(TimeDelta::hours(BACKUP_EVERY_H)),
        keep: Keep {
            newest: BACKUPS_KEPT,
            ..Keep::default()
        },
        ..Settings::in_folder(backups(folder))
    }
}

/// A running bot.
pub(super) struct Bot {
    pub(super) context: Context,
    pub(super) backups: Backups,
    pub(super) dispatcher: Dispatcher,
    database: Database,
    jobs: Jobs,
}

impl Bot {
    /// Starts it on what is in `folder`.
    pub(super) async fn start(
        folder: &Path,
        clock: &Clock,
        discord: &Discord,
    ) -> Result<Self, String> {
        let said = |error: &dyn std::fmt::Display| format!("it does not start: {error}");
        let database = Database::open(&database(folder), &backups(folder), clock.now()).await;
        let database = database.map_err(|error| said(&error))?;
        let store = database.store();
        let token = Secret::new(TOKEN);
        let (status, metrics) = (Status::default(), store.metrics().clone());
        let transport = Transport::new(&token, None, status.clone(), metrics, alone());
        let transport = transport.map_err(|error| said(&error))?;
        let transport = transport.carried_by(discord.carrier());
        let known = store.query(KnownTime).await.map_err(|error| said(&error))?;
        clock.begin_after(known.last_at);
        let transport = transport.comparing(clock.clone());
        let rest = loop {
            // As at a real start, Discord is asked until it answers.
            match Rest::through(transport.clone()).await {
                Ok(rest) => break rest,
                Err(_) => tokio::time::sleep(std::time::Duration::from_secs(1)).await,
            }
        };
        let identified = store.execute_job(Identify::or_at_random()).await;
        let Ok(installation) = identified.map_err(|error| said(&error))?;
        let context = Context {
            store,
            clock: clock.clone(),
            rest,
            status,
            access: Access::default(),
            activity: Activity::default(),
            nonces: Nonces::of(&installation.incarnation),
        };
        let all = Backups::new(&super::bot::database(folder), backup_settings(folder));
        let all = all.map_err(|error| said(&error))?;
        let upkeep = Upkeep::new(RETENTION_DAYS, WARN_MB);
        let dispatcher = Dispatcher::new(context.clone(), FEATURES);
        let jobs = Jobs::start(&context, upkeep, Some(all.clone()), None);
        Ok(Self {
            dispatcher,
            context,
            backups: all,
            database,
            jobs,
        })
    }

    pub(super) fn store(&self) -> &Store {
        &self.context.store
    }

    /// Stops it in order.
    pub(super) async fn stop(self) {
        self.dispatcher.drain().await;
        self.jobs.stop().await;
        self.database.close().await;
    }
}
