//! A schema of its own in a database without tables, for what is measured and then thrown away; and
//! what the server has to do for it.
//!
//! May touch: the network. Invariant: nothing is dropped but the schema of this name, and nothing is
//! made in a database in which somebody has a table.

use super::link::Link;
use super::migrations::{self, SchemaError};
use super::{Address, OpenError, prepare};
use crate::store::copy::quoted;
use crate::store::sql::{DbError, sql, values};
use crate::store::{Question, Read};

/// Does not tell what was dropped with it, or that it was not there. For one batch of statements, which
/// is a transaction.
const QUIETLY: &str = "SET LOCAL client_min_messages = warning";
/// The schema in which a connection makes its tables.
const CURRENT: &str = "SELECT current_schema() AS name";

/// Such a schema: there from [`Scratch::renew`] to [`Scratch::end`].
#[derive(Clone, Debug)]
pub struct Scratch {
    database: Address,
    name: String,
}

/// Why there is none. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ScratchError {
    /// The database cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Somebody has tables in it.
    #[error("the database {0} is not empty: it has tables; make an empty one and name that")]
    NotEmpty(String),
    /// Something between here and the server takes away what a connection asks for.
    #[error(
        "{0} does not let a connection choose its schema; name the server itself, not a pooler \
         before it"
    )]
    Pooled(String),
}

impl Scratch {
    /// The schema of this name, which is not made yet, in an empty database.
    ///
    /// # Errors
    /// [`ScratchError`].
    pub async fn in_empty(database: &Address, name: String) -> Result<Self, ScratchError> {
        let not_empty = || ScratchError::NotEmpty(database.to_string());
        match prepare(database, migrations::recognise).await {
            Ok(None) => {}
            Ok(Some(_)) => return Err(not_empty()),
            Err(OpenError::Schema {
                source: SchemaError::Foreign | SchemaError::Newer { .. } | SchemaError::Changed(_),
                ..
            }) => return Err(not_empty()),
            Err(error) => return Err(error.into()),
        }
        let database = database.clone();
        Ok(Self { database, name })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it is: what connects there sees nothing of the rest of the database.
    pub fn address(&self) -> Address {
        self.database.in_schema(&self.name)
    }

    /// Makes it, with nothing in it; what was in it is gone.
    ///
    /// # Errors
    /// [`ScratchError`].
    pub async fn renew(&self) -> Result<(), ScratchError> {
        let (drop, make) = (
            self.drop_statement(),
            format!("CREATE SCHEMA {}", self.quoted()),
        );
        prepare(&self.database, move |link| {
            Ok(link.run(&format!("{QUIETLY}; {drop}; {make}"))?)
        })
        .await?;
        let seen = prepare(&self.address(), current_schema).await?;
        match seen == Some(self.name.clone()) {
            true => Ok(()),
            false => Err(ScratchError::Pooled(self.database.to_string())),
        }
    }

    /// Drops it with all that is in it.
    ///
    /// # Errors
    /// [`OpenError`]; [`Scratch::drop_statement`] does the same by hand.
    pub async fn end(&self) -> Result<(), OpenError> {
        let drop = self.drop_statement();
        let drop = format!("{QUIETLY}; {drop}");
        prepare(&self.database, move |link| Ok(link.run(&drop)?)).await
    }

    /// What drops it.
    pub fn drop_statement(&self) -> String {
        format!("DROP SCHEMA IF EXISTS {} CASCADE", self.quoted())
    }

    fn quoted(&self) -> String {
        quoted(&self.name)
    }
}

fn current_schema(link: &mut Link) -> Result<Option<String>, SchemaError> {
    let found = link.query(CURRENT, &[])?;
    Ok(found.first().and_then(|row| row.get("name")))
}

/// Asks what a server does for those who are connected to this database under this program's name.
#[derive(Clone, Copy, Debug)]
pub struct LookAtServer;

/// See [`LookAtServer`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerNow {
    /// How much the whole server has written into its log (WAL) since it exists, in bytes.
    pub log_bytes: u64,
    /// The server's processes that serve those connections, but for the one that is asked; numbers of
    /// the machine that it runs on.
    pub processes: Vec<u32>,
}

impl Question for LookAtServer {
    type Answer = ServerNow;

    fn ask(&self, db: &mut dyn Read) -> Result<ServerNow, DbError> {
        let row = db.query_one(sql!("postgres/log_bytes"), values![])?;
        let log_bytes: i64 = row
            .ok_or(DbError::NoRow("postgres/log_bytes"))?
            .get("bytes")?;
        let processes = db.query(sql!("postgres/serving"), values![])?;
        let processes = processes.iter().map(|row| row.get("pid"));
        Ok(ServerNow {
            log_bytes: log_bytes.unsigned_abs(),
            processes: processes.collect::<Result<_, _>>()?,
        })
    }
}
