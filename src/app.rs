//! The bot, put together: database, Discord, jobs, in the order in which they start and stop.
//!
//! May touch: everything below `cli`. Invariant: it stops from the outside in (shards, handlers,
//! jobs, writer), so that what was acknowledged is on disk and what was not is replayed.

use std::path::PathBuf;

use crate::clock::Clock;
use crate::config::{ApiUrl, Token};
use crate::discord::dispatch::Dispatcher;
use crate::discord::feature::Context;
use crate::discord::gateway::Gateway;
use crate::discord::rest::{Rest, RestError};
use crate::discord::{FEATURES, definitions};
use crate::jobs::Jobs;
use crate::store::backup::remote::RemoteError;
use crate::store::backup::{self, Backups};
use crate::store::gateway::{KeepGatewaySessions, TakeGatewaySessions};
use crate::store::sqlite::{Checkpoints, Database, OpenError};
use crate::store::{Failure, Store};

/// What the bot needs to run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its token.
    pub token: Token,
    /// Another address of Discord's API.
    pub api: Option<ApiUrl>,
    /// How many shards; Discord's recommendation if `None`.
    pub shards: Option<u32>,
    /// The database file.
    pub db_path: PathBuf,
    /// How it is backed up: before a migration, and on a schedule.
    pub backups: backup::Settings,
}

/// Why the bot could not start. Each is a sentence that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// The settings of the object store for the backups.
    #[error("the object store for the backups cannot be used: {0}")]
    Backups(#[from] RemoteError),
    /// What the database remembers could not be read.
    #[error("the database does not answer: {0}")]
    Store(#[from] Failure),
    /// Discord does not know the token.
    #[error(
        "Discord refuses the token in BOT_TOKEN; copy it again from the developer portal, or reset it there"
    )]
    TokenRefused,
    /// Discord cannot be reached, or answers with an error.
    #[error("Discord's API cannot be used: {0}")]
    Discord(RestError),
}

impl From<RestError> for StartError {
    fn from(error: RestError) -> Self {
        match error {
            RestError::Refused { status: 401, .. } => Self::TokenRefused,
            error => Self::Discord(error),
        }
    }
}

/// A running bot.
pub struct App {
    database: Database,
    gateway: Gateway,
    dispatcher: Dispatcher,
    jobs: Jobs,
    backups: Backups,
}

impl App {
    /// Opens the database, tells Discord the commands, connects, and begins what happens by
    /// itself.
    ///
    /// # Errors
    /// [`StartError`]; nothing runs then.
    pub async fn start(settings: Settings, clock: Clock) -> Result<Self, StartError> {
        let backups = Backups::new(&settings.db_path, settings.backups.clone())?;
        let checkpoints = Checkpoints::with(settings.backups.litestream);
        let folder = &settings.backups.folder;
        let database =
            Database::open_with(&settings.db_path, folder, clock.now(), checkpoints).await?;
        match connect(&settings, database.store(), clock, backups.clone()).await {
            Ok((gateway, dispatcher, jobs)) => Ok(Self {
                database,
                gateway,
                dispatcher,
                jobs,
                backups,
            }),
            Err(error) => {
                database.close().await;
                Err(error)
            }
        }
    }

    /// Returns once every shard is connected.
    pub async fn ready(&self) {
        self.gateway.ready().await;
    }

    /// Returns once Discord has ended a connection for good; the log says with which code.
    pub async fn ended(&self) {
        self.gateway.ended().await;
    }

    /// What is remembered.
    pub fn store(&self) -> Store {
        self.database.store()
    }

    /// The backups, and how they fare.
    pub fn backups(&self) -> &Backups {
        &self.backups
    }

    /// Stops everything, losing nothing.
    pub async fn stop(self) {
        let kept = self.gateway.stop().await;
        self.dispatcher.drain().await;
        self.jobs.stop().await;
        if let Err(error) = self
            .database
            .store()
            .execute_job(KeepGatewaySessions(kept))
            .await
        {
            tracing::warn!(%error, "the connections could not be kept for the next start");
        }
        self.database.close().await;
    }
}

async fn connect(
    settings: &Settings,
    store: Store,
    clock: Clock,
    backups: Backups,
) -> Result<(Gateway, Dispatcher, Jobs), StartError> {
    let rest = Rest::connect(&settings.token, settings.api.as_ref()).await?;
    rest.set_commands(&definitions()).await?;
    let info = rest.gateway().await?;
    let Ok(kept) = store.execute_job(TakeGatewaySessions).await?;
    let context = Context { store, clock, rest };
    let dispatcher = Dispatcher::new(context.clone(), FEATURES);
    let gateway = Gateway::start(&settings.token, info, settings.shards, kept, &dispatcher);
    let jobs = Jobs::start(&context, backups);
    Ok((gateway, dispatcher, jobs))
}
