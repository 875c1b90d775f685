//! The bot, put together: database, Discord, jobs, in the order in which they start and stop.
//!
//! May touch: everything below `cli`. Invariant: it stops from the outside in (shards, handlers,
//! jobs, writer), so that what was acknowledged is on disk and what was not is replayed.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use twilight_model::gateway::connection_info::BotConnectionInfo;

use crate::clock::Clock;
use crate::config::{ApiUrl, PublicKey, Shards};
use crate::discord::access::Access;
use crate::discord::activity::Activity;
use crate::discord::dispatch::{self, Dispatcher};
use crate::discord::feature::Context;
use crate::discord::gateway::{self, Ending, Gateway, Plan};
use crate::discord::inline::{self, Inline};
use crate::discord::nonce::Nonces;
use crate::discord::rest::{Rest, RestError, Transport};
use crate::discord::{FEATURES, definitions};
use crate::http::interactions::{Answered, Interactions};
use crate::http::{Http, Insight, Offer, Watched};
use crate::jobs::peers::Peers;
use crate::jobs::upkeep::Upkeep;
use crate::jobs::{self, Jobs};
use crate::secret::Secret;
use crate::status::Status;
use crate::store::backup::remote::RemoteError;
use crate::store::backup::{self, Backups};
use crate::store::gateway::{KeepGatewaySessions, TakeGatewaySessions};
use crate::store::installation::Identify;
use crate::store::known_time::KnownTime;
use crate::store::sqlite::Checkpoints;
use crate::store::{Database, Failure, OpenError, Place, Store};

mod start;

use start::until_answered;

/// The whole stop takes no longer than this, in milliseconds: less than the time that whoever stops
/// us waits, and than people wait for the next process.
pub const STOP_WITHIN_MS: u64 = 4_000;
/// Writing down where the connections stood, and leaving other processes, takes no longer than this,
/// in milliseconds.
const KEEP_WITHIN_MS: u64 = 400;
/// The writer drains, checkpoints and closes within this, in milliseconds.
const CLOSE_WITHIN_MS: u64 = 700;

const _: () = assert!(
    gateway::CLOSE_WITHIN_MS
        + dispatch::DRAIN_WITHIN_MS
        + jobs::STOP_WITHIN_MS
        + KEEP_WITHIN_MS
        + CLOSE_WITHIN_MS
        < STOP_WITHIN_MS
);

/// What the bot needs to run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its token.
    pub token: Secret,
    /// Another address of Discord's API.
    pub api: Option<ApiUrl>,
    /// Which shards.
    pub shards: Shards,
    /// Whose signature opens the door for interactions over HTTP; there is none if `None`.
    pub public_key: Option<PublicKey>,
    /// Where the database is.
    pub database: Place,
    /// Where `/livez`, `/readyz`, `/metrics` and interactions are answered; nowhere if `None`.
    pub http: Option<SocketAddr>,
    /// What opens metrics and details of `/readyz`; local addresses do if `None`.
    pub http_token: Option<Secret>,
    /// The day that the clock shows is confirmed to be this one.
    pub clock_confirmed: Option<NaiveDate>,
    /// How the database is kept small.
    pub upkeep: Upkeep,
    /// How its file is backed up: before a migration, and on a schedule. A server's backups are made
    /// elsewhere.
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
    /// Discord does not know the token. Another start does not help.
    #[error(
        "Discord refuses the token in BOT_TOKEN; copy it again from the developer portal, or reset it there, \
         and give it without quotes, blanks or \"Bot \" around it"
    )]
    TokenRefused,
    /// It was told to stop before it had started.
    #[error("stopped before it had started")]
    Stopped,
    /// Discord cannot be reached, or answers with an error.
    #[error("Discord's API cannot be used: {0}")]
    Discord(RestError),
    /// The address for health and metrics is taken, or not ours.
    #[error("HTTP_ADDR {address} cannot be used: {source}")]
    Http {
        /// The address.
        address: SocketAddr,
        /// The system's error.
        source: std::io::Error,
    },
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
    rest: Rest,
    dispatcher: Dispatcher,
    jobs: Jobs,
    peers: Option<Peers>,
    http: Option<Http>,
    status: Status,
    backups: Option<Backups>,
    clock: Clock,
}

impl App {
    /// Opens the database, tells Discord the commands, connects, and begins what happens by
    /// itself. While Discord does not answer it is asked again.
    ///
    /// # Errors
    /// [`StartError`]; nothing runs then.
    pub async fn start(settings: Settings, clock: Clock) -> Result<Self, StartError> {
        Self::start_unless(settings, clock, std::future::pending()).await
    }

    /// As [`App::start`], unless `stopped` comes before.
    ///
    /// # Errors
    /// [`StartError`]; nothing runs then.
    pub async fn start_unless(
        settings: Settings,
        clock: Clock,
        stopped: impl Future<Output = ()>,
    ) -> Result<Self, StartError> {
        tokio::pin!(stopped);
        let kept_clock = clock.clone();
        let file = settings.database.file();
        let backups = file.map(|path| Backups::new(path, settings.backups.clone()));
        let backups = backups.transpose()?;
        let checkpoints = Checkpoints::with(settings.backups.litestream);
        let opened = open(&settings, clock.now(), checkpoints);
        let database = until_opened(opened, &mut stopped).await?;
        let backups = match (backups, database.presence()) {
            (Some(backups), Some(presence)) => Some(backups.of_open_file(presence.clone())),
            (backups, _) => backups,
        };
        let status = Status::default();
        let parts = async {
            let (store, copies) = (database.store(), backups.clone());
            let door = settings.public_key;
            let door = door.map(|key| Interactions::new(key.0, clock.clone()));
            let http = listen(&settings, store, &status, &clock, copies.clone(), &door).await?;
            let parts = connect(&settings, database.store(), &status, clock, copies).await?;
            if let Some(door) = door {
                answer_at(&door, parts.dispatcher.clone());
            }
            Ok((http, parts))
        };
        let parts = tokio::select! {
            parts = parts => parts,
            () = &mut stopped => Err(StartError::Stopped),
        };
        match parts {
            Ok((http, parts)) => Ok(Self {
                database,
                gateway: parts.gateway,
                rest: parts.rest,
                dispatcher: parts.dispatcher,
                jobs: parts.jobs,
                peers: parts.peers,
                http,
                status,
                backups,
                clock: kept_clock,
            }),
            Err(error) => {
                database.close().await;
                Err(error)
            }
        }
    }

    /// Where health and metrics are answered.
    pub fn http(&self) -> Option<SocketAddr> {
        self.http.as_ref().map(Http::address)
    }

    /// How the running parts are.
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// Returns once every shard is connected.
    pub async fn ready(&self) {
        self.gateway.ready().await;
    }

    /// Returns once Discord has ended a connection for good, or does not take the token any more; the log
    /// says with which code.
    pub async fn ended(&self) -> Ending {
        tokio::select! {
            ending = self.gateway.ended() => ending,
            () = self.rest.token_refused() => Ending::TokenRefused,
        }
    }

    /// Returns once the database's file has been deleted, moved or replaced; nothing is written since.
    pub async fn file_taken_away(&self) {
        match self.database.presence() {
            Some(presence) => presence.taken_away().await,
            None => std::future::pending().await,
        }
    }

    /// Backs up what the open connection holds of a file that was taken away, into the folder for backups.
    /// Says what became of it.
    pub async fn rescue(&self) -> String {
        let Some(backups) = &self.backups else {
            return "there is nothing to rescue on a server".into();
        };
        let folder = &backups.settings().folder;
        match self.database.rescue(folder, self.clock.now()).await {
            Some(Ok(taken)) => format!("what it held is in {}", taken.path.display()),
            Some(Err(error)) => format!("what it held could not be saved: {error}"),
            None => "there is nothing to rescue on a server".into(),
        }
    }

    /// What is remembered.
    pub fn store(&self) -> Store {
        self.database.store()
    }

    /// The backups of the database's file, and how they fare.
    pub fn backups(&self) -> Option<&Backups> {
        self.backups.as_ref()
    }

    /// Stops everything within [`STOP_WITHIN_MS`]. What was acknowledged is on disk; a part that
    /// does not end in its time is left behind.
    pub async fn stop(self) {
        if let Some(http) = &self.http {
            http.leave();
        }
        let kept = self.gateway.stop().await;
        self.dispatcher.drain().await;
        self.jobs.stop().await;
        let store = self.database.store();
        let keep = async {
            if !kept.is_empty() {
                let Ok(()) = store.execute_job(KeepGatewaySessions(kept)).await?;
            }
            match self.peers {
                Some(peers) => peers.leave().await,
                None => Ok(()),
            }
        };
        match within(KEEP_WITHIN_MS, keep).await {
            Some(Ok(())) => {}
            Some(Err(error)) => {
                tracing::warn!(%error, "what was held could not be handed over");
            }
            None => tracing::warn!("what was held was not handed over in time"),
        }
        if within(CLOSE_WITHIN_MS, self.database.close())
            .await
            .is_none()
        {
            tracing::warn!(
                "the database was not closed in time; its log is read at the next start"
            );
        }
        if let Some(http) = self.http {
            http.stop();
        }
    }
}

/// Opens the database, in a task of its own.
fn open(
    settings: &Settings,
    now: DateTime<Utc>,
    checkpoints: Checkpoints,
) -> JoinHandle<Result<Database, OpenError>> {
    let (place, folder) = (settings.database.clone(), settings.backups.folder.clone());
    tokio::spawn(async move { Database::open(&place, &folder, now, checkpoints).await })
}

/// The database, once it is open. Its lock is held until it is open even if nobody waits for that any
/// more: a migration cannot be interrupted, except by the end of the process.
async fn until_opened(
    mut opened: JoinHandle<Result<Database, OpenError>>,
    stopped: impl Future<Output = ()>,
) -> Result<Database, StartError> {
    tokio::select! {
        opened = &mut opened => Ok(opened.expect("opening does not panic")?),
        () = stopped => {
            tokio::spawn(async move {
                if let Ok(Ok(database)) = opened.await {
                    database.close().await;
                }
            });
            Err(StartError::Stopped)
        }
    }
}

async fn within<T>(ms: u64, done: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(Duration::from_millis(ms), done)
        .await
        .ok()
}

async fn listen(
    settings: &Settings,
    store: Store,
    status: &Status,
    clock: &Clock,
    backups: Option<Backups>,
    door: &Option<Interactions>,
) -> Result<Option<Http>, StartError> {
    let Some(address) = settings.http else {
        return Ok(None);
    };
    let watched = Watched {
        store,
        status: status.clone(),
        clock: clock.clone(),
        backups,
        warn_bytes: settings.upkeep.warn_bytes,
    };
    let token = settings.http_token.as_ref().map(Secret::reveal);
    let offer = Offer {
        watched,
        insight: Insight::with_token(token),
        interactions: door.clone(),
    };
    let http = Http::start(address, offer).await;
    http.map(Some)
        .map_err(|source| StartError::Http { address, source })
}

/// Lets the dispatcher answer what comes in by the door.
fn answer_at(door: &Interactions, dispatcher: Dispatcher) {
    door.answer_with(Arc::new(move |body| {
        let dispatcher = dispatcher.clone();
        Box::pin(async move {
            match inline::answer(&dispatcher, &body).await {
                Inline::Response(json) => Answered::Json(json),
                Inline::Given => Answered::Elsewhere,
                Inline::Unreadable => Answered::Unreadable,
                Inline::Busy => Answered::Busy,
            }
        })
    }));
}

/// What works on interactions, and by itself.
struct Parts {
    gateway: Gateway,
    rest: Rest,
    dispatcher: Dispatcher,
    jobs: Jobs,
    peers: Option<Peers>,
}

async fn connect(
    settings: &Settings,
    store: Store,
    status: &Status,
    clock: Clock,
    backups: Option<Backups>,
) -> Result<Parts, StartError> {
    let (api, metrics) = (settings.api.as_ref(), store.metrics().clone());
    // Until the others were seen, this process is taken to be alone.
    let (count, processes) = watch::channel(NonZeroUsize::MIN);
    let transport = Transport::new(&settings.token, api, status.clone(), metrics, processes)?;
    clock.begin_after(store.query(KnownTime).await?.last_at);
    if let Some(day) = settings.clock_confirmed {
        clock.confirm_on(day);
    }
    let transport = transport.comparing(clock.clone());
    let rest = until_answered(status, async || Rest::through(transport.clone()).await).await?;
    let commands = definitions();
    until_answered(status, async || rest.set_commands(&commands).await).await?;
    let Ok(installation) = store.execute_job(Identify::or_at_random()).await?;
    let context = Context {
        store,
        clock,
        rest,
        status: status.clone(),
        access: Access::default(),
        activity: Activity::default(),
        nonces: Nonces::of(&installation.incarnation),
    };
    let dispatcher = Dispatcher::new(context.clone(), FEATURES);
    let info = match settings.shards {
        Shards::None => None,
        _ => Some(until_answered(status, async || ask_for_gateway(&context.rest).await).await?),
    };
    let peers = match context.store.is_shared() {
        true => {
            let recommended = info.as_ref().map(|(info, _)| info.shards.max(1));
            let shared_out = recommended.filter(|_| settings.shards == Shards::Auto);
            let store = context.store.clone();
            Some(Peers::join(store, &context.clock, shared_out, count).await?)
        }
        false => None,
    };
    let gateway = match info {
        None => {
            status.shardless("none; interactions come over HTTP");
            Gateway::none()
        }
        Some(info) => {
            let plan = plan(
                settings.shards,
                info.0.shards.max(1),
                peers.as_ref(),
                &context,
            )
            .await?;
            Gateway::start(&settings.token, info, plan, &context, &dispatcher)
        }
    };
    let identity = peers.as_ref().map(Peers::identity);
    let jobs = Jobs::start(&context, settings.upkeep.clone(), backups, identity);
    Ok(Parts {
        gateway,
        rest: context.rest,
        dispatcher,
        jobs,
        peers,
    })
}

/// Where the gateway is, and when that was asked.
async fn ask_for_gateway(rest: &Rest) -> Result<(BotConnectionInfo, Instant), RestError> {
    let asked = Instant::now();
    Ok((rest.gateway().await?, asked))
}

/// Which shards this process runs.
async fn plan(
    shards: Shards,
    recommended: u32,
    peers: Option<&Peers>,
    context: &Context,
) -> Result<Plan, Failure> {
    let shared = peers.and_then(|peers| Some((peers.shards()?, peers.identity())));
    if let Some((total, identity)) = shared {
        return Ok(Plan::Shared { total, identity });
    }
    let (numbers, total) = match shards {
        Shards::Some { first, last, total } => (first..last + 1, total),
        Shards::Auto | Shards::None => (0..recommended, recommended),
    };
    let take = TakeGatewaySessions {
        first: numbers.start,
        count: numbers.end - numbers.start,
        total,
    };
    let Ok(kept) = context.store.execute_job(take).await?;
    Ok(Plan::Fixed {
        numbers,
        total,
        kept,
    })
}
