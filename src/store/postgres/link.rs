//! One connection to PostgreSQL, with a small runtime of its own, for one thread that blocks.
//!
//! May touch: the network. Invariant: nothing is waited for without a limit; no statement has a
//! name, and nothing is set for longer than a transaction, so that a pooler may stand in between
//! (PgBouncer in transaction mode).

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, NoTls, Row};

use super::address::Address;
use crate::store::sql::Value;

/// A statement is given up on after this long, in milliseconds: less than the three seconds that
/// Discord waits for an answer. The server is told the same in [`BEGIN`] and [`LOOK`].
pub(super) const STATEMENT_WITHIN_MS: u64 = 2_000;
/// The first wait before connecting again, in milliseconds; it doubles.
const AGAIN_AFTER_MS: u64 = 50;
/// The longest such wait, in milliseconds.
const AGAIN_AFTER_MAX_MS: u64 = 400;

/// Begins a transaction in which a command runs. Everything is set for it alone. The second limit
/// frees what a process holds that was cut off in the middle.
pub(super) const BEGIN: &str = "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE; \
     SET LOCAL statement_timeout = 2000; SET LOCAL idle_in_transaction_session_timeout = 10000";
/// Begins a transaction in which a question is answered.
pub(super) const LOOK: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
     SET LOCAL statement_timeout = 2000; SET LOCAL idle_in_transaction_session_timeout = 10000";

/// Why PostgreSQL did not do what it was asked, by what is to be done about it.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The connection is gone, or was never made: connect again.
    Lost(String),
    /// No answer in time: do not try again at once.
    Slow(String),
    /// Two transactions were in each other's way: run this one again.
    Conflict(String),
    /// A row is there already. It may have come a moment ago from a transaction beside this one.
    Duplicate(String),
    /// Anything else.
    Fault(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Lost(why)
        | Self::Slow(why)
        | Self::Conflict(why)
        | Self::Duplicate(why)
        | Self::Fault(why)) = self;
        f.write_str(why)
    }
}

impl From<tokio_postgres::Error> for Trouble {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(told) = error.as_db_error() else {
            return Self::Lost(said(&error));
        };
        let (code, text) = (told.code(), without_values(told));
        match code {
            &SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED => {
                Self::Conflict(text)
            }
            &SqlState::UNIQUE_VIOLATION => Self::Duplicate(text),
            &SqlState::QUERY_CANCELED | &SqlState::LOCK_NOT_AVAILABLE => Self::Slow(text),
            // After a failover the server at this address may only be read.
            &SqlState::READ_ONLY_SQL_TRANSACTION
            | &SqlState::ADMIN_SHUTDOWN
            | &SqlState::CRASH_SHUTDOWN
            | &SqlState::CANNOT_CONNECT_NOW
            | &SqlState::TOO_MANY_CONNECTIONS
            | &SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => Self::Lost(text),
            // 08: connection exceptions; PgBouncer's own complaints are among them.
            code if code.code().starts_with("08") => Self::Lost(text),
            _ => Self::Fault(text),
        }
    }
}

/// What the server says, without its detail and hint, which quote rows, and without the message of a data
/// exception, which quotes the value (postgresql.org/docs/15, Appendix A, class 22; "invalid input syntax").
fn without_values(told: &tokio_postgres::error::DbError) -> String {
    let code = told.code().code();
    let mut text = match code.starts_with("22") {
        true => format!("{}: a value was refused", told.severity()),
        false => format!("{}: {}", told.severity(), told.message()),
    };
    text += &format!(" ({code}");
    for (what, name) in [
        ("constraint", told.constraint()),
        ("table", told.table()),
        ("column", told.column()),
    ] {
        if let Some(name) = name {
            text += &format!(", {what} {name}");
        }
    }
    text + ")"
}

/// Whether it is TLS that does not want to go on.
fn is_of_tls(error: &tokio_postgres::Error) -> bool {
    let cause = std::error::Error::source(error);
    let cause = cause.and_then(|cause| cause.downcast_ref::<std::io::Error>());
    cause
        .and_then(std::io::Error::get_ref)
        .is_some_and(|inner| inner.is::<rustls::Error>())
}

/// An error with its causes, which tokio-postgres keeps apart.
fn said(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// A connection that is made when it is needed.
pub(super) struct Link {
    runtime: Runtime,
    address: Arc<Address>,
    open: Option<Open>,
    statement_within: Duration,
    /// No statement is waited for longer than until then.
    until: Option<Instant>,
}

struct Open {
    client: Client,
    connection: JoinHandle<()>,
}

impl Drop for Open {
    /// Closes the socket at once, also one that hangs: the server rolls back what was begun.
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Link {
    pub(super) fn new(address: Arc<Address>) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        Ok(Self {
            runtime,
            address,
            open: None,
            statement_within: Duration::from_millis(STATEMENT_WITHIN_MS),
            until: None,
        })
    }

    /// Gives statements another limit than [`STATEMENT_WITHIN_MS`].
    pub(super) fn allow(&mut self, within: Duration) {
        self.statement_within = within;
    }

    /// Waits for statements no longer than until then, whatever their own limit.
    pub(super) fn limit(&mut self, until: Option<Instant>) {
        self.until = until;
    }

    pub(super) fn is_limited(&self) -> bool {
        self.until.is_some()
    }

    /// Waits for something on this thread; the connection is looked after meanwhile.
    pub(super) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Waits for a while.
    pub(super) fn pause(&self, time: Duration) {
        self.wait(async { tokio::time::sleep(time).await });
    }

    /// Connects if need be; tries again until `deadline` if it may help.
    pub(super) fn connect(&mut self, deadline: Instant) -> Result<(), Trouble> {
        if let Some(open) = &self.open
            && !open.client.is_closed()
        {
            return Ok(());
        }
        self.lose();
        let mut pause = Duration::from_millis(AGAIN_AFTER_MS);
        loop {
            let trouble = match self.connect_once(deadline) {
                Ok(open) => {
                    self.open = Some(open);
                    return Ok(());
                }
                Err(trouble) => trouble,
            };
            let again = matches!(trouble, Trouble::Lost(_)) && Instant::now() + pause < deadline;
            if !again {
                return Err(trouble);
            }
            self.pause(pause);
            pause = (pause * 2).min(Duration::from_millis(AGAIN_AFTER_MAX_MS));
        }
    }

    fn connect_once(&self, deadline: Instant) -> Result<Open, Trouble> {
        let address = self.address.clone();
        let connecting = async move {
            let config = &address.config;
            Ok::<_, tokio_postgres::Error>(match address.tls.clone() {
                None => {
                    let (client, connection) = config.connect(NoTls).await?;
                    Open {
                        client,
                        connection: tokio::spawn(async { drop(connection.await) }),
                    }
                }
                Some(tls) => {
                    let (client, connection) = config.connect(tls).await?;
                    Open {
                        client,
                        connection: tokio::spawn(async { drop(connection.await) }),
                    }
                }
            })
        };
        let deadline = tokio::time::Instant::from_std(deadline);
        let connected = self.wait(async { tokio::time::timeout_at(deadline, connecting).await });
        match connected {
            Ok(Ok(open)) => Ok(open),
            // Another try would find the same certificate.
            Ok(Err(error)) if is_of_tls(&error) => Err(Trouble::Fault(said(&error))),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(Trouble::Slow("no connection was made in time".into())),
        }
    }

    /// Forgets the connection.
    pub(super) fn lose(&mut self) {
        self.open = None;
    }

    /// Begins a transaction. A connection on which none can be begun is of no use, whatever the reason.
    pub(super) fn begin(&mut self, text: &str) -> Result<(), Trouble> {
        self.run(text).map_err(|trouble| match trouble {
            Trouble::Fault(why) => {
                self.lose();
                Trouble::Lost(why)
            }
            trouble => trouble,
        })
    }

    /// Runs statements without parameters.
    pub(super) fn run(&mut self, text: &str) -> Result<(), Trouble> {
        self.ask(async |client| client.batch_execute(text).await)
    }

    /// The rows that a statement gives.
    pub(super) fn query(&mut self, text: &str, values: &[Value]) -> Result<Vec<Row>, Trouble> {
        let values = typed(values);
        self.ask(async |client| client.query_typed(text, &values).await)
    }

    /// The number of rows that a statement changes.
    pub(super) fn execute(&mut self, text: &str, values: &[Value]) -> Result<u64, Trouble> {
        let values = typed(values);
        self.ask(async |client| client.execute_typed(text, &values).await)
    }

    fn ask<T>(
        &mut self,
        asking: impl AsyncFnOnce(&Client) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, Trouble> {
        let Some(open) = &self.open else {
            return Err(Trouble::Lost("there is no connection".into()));
        };
        let mut within = self.statement_within;
        if let Some(until) = self.until {
            within = within.min(until.saturating_duration_since(Instant::now()));
        }
        let asked = self
            .runtime
            .block_on(async { tokio::time::timeout(within, asking(&open.client)).await });
        let result = match asked {
            Ok(result) => result.map_err(Trouble::from),
            Err(_) => {
                self.lose();
                let ms = within.as_millis();
                return Err(Trouble::Slow(format!("no answer within {ms} ms")));
            }
        };
        if let Err(Trouble::Lost(_)) = result {
            self.lose();
        }
        result
    }
}

/// Each value with the type that PostgreSQL is to take it for; a NULL fits wherever it stands.
fn typed(values: &[Value]) -> Vec<(&(dyn ToSql + Sync), Type)> {
    let typed = |value: &Value| match value {
        Value::Null => Type::UNKNOWN,
        Value::Integer(_) => Type::INT8,
        Value::Text(_) => Type::TEXT,
    };
    values
        .iter()
        .map(|value| (value as &(dyn ToSql + Sync), typed(value)))
        .collect()
}
