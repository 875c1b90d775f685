//! PostgreSQL: a server, a few writers, a few readers; for bots that outgrow one machine.
//!
//! May touch: the network. Invariant: every command is one SERIALIZABLE transaction, and every
//! question one snapshot; while the server is away, whoever asks is told so within
//! [`UNREACHABLE_AFTER_MS`] and a statement's limit, and all goes on when it is back.

mod address;
pub(super) mod copy;
mod link;
mod migrations;
mod readers;
mod schema;
mod scratch;
#[cfg(test)]
mod tests;
mod tls;
mod transaction;
mod writer;

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::sync::{Mutex, Notify, mpsc};
use tokio_util::sync::CancellationToken;

use super::disk_room::LastDiskRoom;
use super::sql::{DbError, sql, values};
use super::{
    Commits, Failure, LANE_MAX, Migrated, Place, Question, Read, Readers as AnyReaders, Store,
};
use crate::metrics::Metrics;
pub use address::{Address, AddressError, Parts, Tls};
use link::Link;
pub use migrations::{SchemaError, newest};
pub(super) use readers::Readers;
pub use scratch::{LookAtServer, Scratch, ScratchError, ServerNow};
use writer::{Lanes, Shared, Writer};

/// Whoever asks while the server is away is told so after this long, in milliseconds: in time for
/// Discord's three seconds.
pub const UNREACHABLE_AFTER_MS: u64 = 2_500;
/// A commit of another process is noticed within this, in milliseconds.
pub const LOOK_AROUND_EVERY_MS: u64 = 1_000;
/// Connections that write.
const WRITERS: usize = 4;
/// Connections that read.
const READERS: usize = 2;
/// At the start the server is waited for this long, in seconds; it may be starting too.
const START_WITHIN_S: u64 = 20;
/// A migration may take this long, and so may waiting for another process to migrate, in minutes.
const MIGRATION_WITHIN_MIN: u64 = 30;
/// The oldest PostgreSQL that this program works with, as the server counts.
const VERSION_MIN: i64 = 150_000;

/// Why a database could not be opened. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Nobody answers, or refuses.
    #[error(
        "the database {address} cannot be used: {reason}; look at DATABASE_URL or DB_HOST, DB_PORT, DB_USER, DB_PASSWORD, DB_NAME"
    )]
    Unreachable {
        /// Where it should be.
        address: String,
        /// What the server, or the network, says.
        reason: String,
    },
    /// An old server.
    #[error("the database {address} is PostgreSQL {found}; this program needs 15 or newer")]
    TooOld {
        /// Where it is.
        address: String,
        /// Its version.
        found: String,
    },
    /// A database in which not every text can be kept.
    #[error(
        "the database {address} has the encoding {found}; this program needs UTF8, so make another: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
    )]
    Encoding {
        /// Where it is.
        address: String,
        /// Its encoding.
        found: String,
    },
    /// The schema is not one that this program can work with.
    #[error("the database {address}: {source}")]
    Schema {
        /// Where it is.
        address: String,
        /// What is wrong with it.
        source: SchemaError,
    },
    /// The system gives no thread or descriptor.
    #[error("no connection can be looked after: {0}")]
    System(#[from] std::io::Error),
}

/// An open database: the [`Store`] to hand around, and what closes it.
pub struct Database {
    store: Store,
    stop: CancellationToken,
    writers: Vec<JoinHandle<()>>,
}

impl Database {
    /// Connects to the database at `address` and brings its schema up to date.
    ///
    /// # Errors
    /// [`OpenError`]; nothing was changed then.
    pub async fn open(address: &Address, now: DateTime<Utc>) -> Result<Self, OpenError> {
        migrate(address, now).await?;
        let shared_address = Arc::new(address.clone());
        let links = |count| (0..count).map(|_| Link::new(shared_address.clone()));
        let readers = Readers::start(links(READERS).collect::<Result<_, _>>()?)?;
        let (people, people_lane) = mpsc::channel(LANE_MAX);
        let (jobs, jobs_lane) = mpsc::channel(LANE_MAX);
        let shared = Shared {
            lanes: Arc::new(Mutex::new(Lanes {
                people: people_lane,
                jobs: jobs_lane,
                turn: 0,
            })),
            committed: Arc::new(Notify::new()),
            metrics: Metrics::default(),
            commits: Commits::default(),
            stop: CancellationToken::new(),
            turn: Arc::default(),
        };
        let looking = look_around(shared.committed.clone(), shared.stop.clone());
        tokio::spawn(looking);
        let mut writers = Vec::with_capacity(WRITERS);
        for link in links(WRITERS) {
            let writer = Writer {
                link: link?,
                shared: shared.clone(),
            };
            writers.push(thread("writer", move || writer.run())?);
        }
        Ok(Self {
            store: Store {
                people,
                jobs,
                readers: Arc::new(AnyReaders::Postgres(readers)),
                committed: shared.committed,
                metrics: shared.metrics,
                commits: shared.commits,
                // A server's disk is not ours to see.
                disk_room: LastDiskRoom::default(),
                place: Arc::new(Place::Server(Box::new(address.clone()))),
                lease: None,
            },
            stop: shared.stop,
            writers,
        })
    }

    /// Connects to ask questions only. The database must have been brought up to date before.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn read(address: &Address) -> Result<ReadOnly, OpenError> {
        prepare(address, migrations::require_newest).await?;
        let link = Link::new(Arc::new(address.clone()))?;
        Ok(ReadOnly(Readers::start(vec![link])?))
    }

    /// The way to what is in it.
    pub fn store(&self) -> Store {
        self.store.clone()
    }

    /// Answers what still waits and disconnects. Commands that come later are answered with
    /// [`super::DbError::Closed`].
    pub async fn close(self) {
        if let AnyReaders::Postgres(readers) = self.store.readers.as_ref() {
            readers.close();
        }
        self.stop.cancel();
        let writers = self.writers;
        let ended = tokio::task::spawn_blocking(move || {
            writers.into_iter().all(|writer| writer.join().is_ok())
        });
        if !ended.await.unwrap_or(false) {
            tracing::error!("a writer did not end well");
        }
    }
}

/// Wakes who waits for a commit every now and then: those of other processes are not told.
async fn look_around(committed: Arc<Notify>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(Duration::from_millis(LOOK_AROUND_EVERY_MS)) => {}
        }
        committed.notify_waiters();
    }
}

/// How large the database is, in bytes, on a server.
#[derive(Debug)]
pub(super) struct SizeOnServer;

impl Question for SizeOnServer {
    type Answer = u64;

    fn ask(&self, db: &mut dyn Read) -> Result<u64, DbError> {
        let row = db.query_one(sql!("postgres/size"), values![])?;
        let bytes: i64 = row.ok_or(DbError::NoRow("postgres/size"))?.get("bytes")?;
        Ok(bytes.unsigned_abs())
    }
}

/// A database of which questions can be asked.
pub struct ReadOnly(Readers);

impl ReadOnly {
    /// Answers a question from one snapshot.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn query<Q: Question>(&self, question: Q) -> Result<Q::Answer, Failure> {
        self.0.ask(question).await
    }
}

/// Does what [`Database::open`] does to the schema, and no more.
///
/// # Errors
/// As [`Database::open`].
pub async fn migrate(address: &Address, now: DateTime<Utc>) -> Result<Migrated, OpenError> {
    prepare(address, move |link| migrations::run(link, now)).await
}

/// The version of the schema that is there, if it is one that this program knows; `None` in an
/// empty database.
///
/// # Errors
/// As [`Database::open`].
pub async fn version(address: &Address) -> Result<Option<i32>, OpenError> {
    prepare(address, migrations::recognise).await
}

/// Checks that the schema is the one that this program makes. What is made to compare with is never committed.
///
/// # Errors
/// As [`Database::open`]; also if something in it was changed by hand, or the account may not make a schema.
pub async fn require_unaltered(address: &Address, now: DateTime<Utc>) -> Result<(), OpenError> {
    prepare(address, move |link| schema::require_unaltered(link, now)).await
}

/// Writes down that the time is `now`, as its operator says, for the bots that run on the database.
///
/// # Errors
/// As [`Database::open`]; also if the schema is not up to date.
pub async fn confirm_time(address: &Address, now: DateTime<Utc>) -> Result<(), OpenError> {
    let confirm = move |link: &mut Link| {
        if migrations::recognise(link)? != Some(newest()) {
            return Err(SchemaError::Older);
        }
        link.execute(sql!("known_time/confirm").text, values![now])?;
        Ok(())
    };
    prepare(address, confirm).await
}

/// Connects, looks whether the server is one to work with, and does `what`.
async fn prepare<T: Send + 'static>(
    address: &Address,
    what: impl FnOnce(&mut Link) -> Result<T, SchemaError> + Send + 'static,
) -> Result<T, OpenError> {
    let address = Arc::new(address.clone());
    let preparing = tokio::task::spawn_blocking(move || {
        let shown = address.to_string();
        let mut link = Link::new(address)?;
        link.allow(Duration::from_secs(MIGRATION_WITHIN_MIN * 60));
        let deadline = Instant::now() + Duration::from_secs(START_WITHIN_S);
        link.connect(deadline)
            .map_err(|trouble| OpenError::Unreachable {
                address: shown.clone(),
                reason: trouble.to_string(),
            })?;
        look_at_server(&mut link, &shown)?;
        what(&mut link).map_err(|source| OpenError::Schema {
            address: shown,
            source,
        })
    });
    preparing.await.map_err(std::io::Error::from)?
}

fn look_at_server(link: &mut Link, address: &str) -> Result<(), OpenError> {
    let text = "SELECT current_setting('server_version_num')::BIGINT AS number, \
                current_setting('server_version') AS version, \
                current_setting('server_encoding') AS encoding";
    let found = link.query(text, &[]);
    let found = found.map_err(|trouble| OpenError::Unreachable {
        address: address.to_owned(),
        reason: trouble.to_string(),
    })?;
    let Some(row) = found.first() else {
        return Ok(());
    };
    let (address, number): (_, i64) = (address.to_owned(), row.get("number"));
    let encoding: String = row.get("encoding");
    if number < VERSION_MIN {
        let found = row.get("version");
        return Err(OpenError::TooOld { address, found });
    }
    if encoding != "UTF8" {
        let found = encoding;
        return Err(OpenError::Encoding { address, found });
    }
    Ok(())
}

fn thread(name: &str, run: impl FnOnce() + Send + 'static) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name(format!("postgres-{name}"))
        .spawn(run)
}
