//! What a story stands on: a file of SQLite, or a database on a PostgreSQL server.
//!
//! The stories are compiled twice, under two names, and the name tells the engine.

use std::path::{Path, PathBuf};

use overwatch_bot::store::Place;

#[cfg(feature = "postgres")]
use crate::postgres::{self, Scratch};

/// The database of one story.
pub(crate) enum Ground {
    /// A file of SQLite; made when the bot starts.
    File(PathBuf),
    /// A database on a server, with its schema.
    #[cfg(feature = "postgres")]
    Server(Scratch),
}

/// Whether these are the stories on PostgreSQL.
pub(crate) fn on_postgres() -> bool {
    env!("CARGO_CRATE_NAME") == "stories_on_postgres"
}

impl Ground {
    /// A new one; `None` if there is no PostgreSQL on this machine, which is told.
    #[cfg(feature = "postgres")]
    pub(crate) async fn new(folder: &Path) -> Option<Self> {
        if !on_postgres() {
            return Some(Self::file(folder));
        }
        Some(Self::with_schema_on(postgres::server()?).await)
    }

    /// A new one on this server, with the schema in it.
    #[cfg(feature = "postgres")]
    pub(crate) async fn with_schema_on(server: &postgres::Server) -> Self {
        let migrate = async |url: String| {
            let place = self::server(&url);
            let now = chrono::DateTime::UNIX_EPOCH;
            let own = overwatch_bot::store::sqlite::Checkpoints::Own;
            let migrated = overwatch_bot::store::migrate(&place, Path::new("none"), now, own);
            migrated.await.expect("a schema");
        };
        Self::Server(server.scratch(migrate).await)
    }

    /// A new one on a server that the story may stop.
    #[cfg(feature = "postgres")]
    pub(crate) async fn on(server: &postgres::Server) -> Self {
        Self::Server(server.empty().await)
    }

    /// The same, reached through PgBouncer.
    #[cfg(feature = "postgres")]
    pub(crate) fn through(mut self, _: &postgres::bouncer::Bouncer) -> Self {
        if let Self::Server(scratch) = &mut self {
            scratch.url = format!("{}&port={}", scratch.url, postgres::bouncer::PORT);
        }
        self
    }

    /// The same, reached through another port.
    #[cfg(feature = "postgres")]
    pub(crate) fn through_port(mut self, port: u16) -> Self {
        if let Self::Server(scratch) = &mut self {
            scratch.url = format!("{}&port={port}", scratch.url);
        }
        self
    }

    /// A new one.
    #[cfg(not(feature = "postgres"))]
    pub(crate) async fn new(folder: &Path) -> Option<Self> {
        Some(Self::file(folder))
    }

    fn file(folder: &Path) -> Self {
        Self::File(folder.join("overwatch.db"))
    }

    /// As the bot is told of it.
    pub(crate) fn place(&self) -> Place {
        match self {
            Self::File(path) => Place::File(path.clone()),
            #[cfg(feature = "postgres")]
            Self::Server(scratch) => server(&scratch.url),
        }
    }

    /// As the program is told of it, in its environment.
    pub(crate) fn variable(&self) -> (&'static str, String) {
        match self {
            Self::File(path) => ("DB_PATH", path.display().to_string()),
            #[cfg(feature = "postgres")]
            Self::Server(scratch) => ("DATABASE_URL", scratch.url.clone()),
        }
    }

    /// Runs statements as somebody else.
    pub(crate) async fn change(&self, statements: &str) {
        match self {
            Self::File(path) => open(path).execute_batch(statements).expect("another hand"),
            #[cfg(feature = "postgres")]
            Self::Server(scratch) => scratch.run(statements).await,
        }
    }

    /// A connection of somebody else, for many statements.
    pub(crate) async fn editor(&self) -> Editor {
        match self {
            Self::File(path) => {
                let connection = open(path);
                // A test's database need not survive a power cut.
                let unsynced = connection.pragma_update(None, "synchronous", "OFF");
                unsynced.expect("a setting of the connection");
                Editor::File(connection)
            }
            #[cfg(feature = "postgres")]
            Self::Server(scratch) => Editor::Server(scratch.connect().await),
        }
    }

    /// The numbers that a query gives, on a server.
    #[cfg(feature = "postgres")]
    pub(crate) async fn numbers(&self, query: &str) -> Vec<i64> {
        match self {
            Self::File(_) => panic!("a story of a server"),
            Self::Server(scratch) => scratch.numbers(query).await,
        }
    }

    /// The number that a query gives.
    pub(crate) async fn number(&self, query: &str) -> i64 {
        match self {
            Self::File(path) => open(path)
                .query_row(query, [], |row| row.get(0))
                .expect("a number"),
            #[cfg(feature = "postgres")]
            Self::Server(scratch) => scratch.number(query).await,
        }
    }
}

/// A connection besides the bot's own.
pub(crate) enum Editor {
    /// To the file of SQLite.
    File(rusqlite::Connection),
    /// To the database on the server.
    #[cfg(feature = "postgres")]
    Server(tokio_postgres::Client),
}

impl Editor {
    /// Runs statements in one transaction. Where PostgreSQL ends it for the sake of another one, it is
    /// run again.
    pub(crate) async fn change(&self, statements: &str) {
        match self {
            Self::File(connection) => {
                let statements = format!("BEGIN IMMEDIATE;\n{statements}\nCOMMIT;");
                connection.execute_batch(&statements).expect("a change");
            }
            #[cfg(feature = "postgres")]
            Self::Server(client) => postgres::run_in_one(client, statements).await,
        }
    }

    /// The texts that a query of one column gives.
    pub(crate) async fn texts(&self, query: &str) -> Vec<String> {
        match self {
            Self::File(connection) => {
                let mut statement = connection.prepare_cached(query).expect("a query");
                let rows = statement.query_map([], |row| row.get(0)).expect("rows");
                rows.collect::<Result<_, _>>().expect("texts")
            }
            #[cfg(feature = "postgres")]
            Self::Server(client) => {
                let rows = client.query_typed(query, &[]).await.expect("rows");
                rows.iter().map(|row| row.get(0)).collect()
            }
        }
    }
}

fn open(path: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(path).expect("the file")
}

#[cfg(feature = "postgres")]
fn server(url: &str) -> Place {
    use overwatch_bot::store::postgres::{Address, Parts};
    let address = Address::of_url(url, &Parts::default()).expect("an address");
    Place::Server(Box::new(address))
}
