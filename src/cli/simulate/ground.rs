//! What the bot of a simulation stands on: a new file, or a schema of its own on a server.
//!
//! May touch: the folder of the simulation, and that schema. Invariant: a database in which somebody
//! has a table is refused; what is made goes at the end, and what could not go is told.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::super::Failed;
use super::super::database::place_at;
use crate::config::Config;
use crate::secret::Secret;
use crate::store::Place;
#[cfg(feature = "postgres")]
use crate::store::{
    ReadOnly,
    postgres::{LookAtServer, Scratch},
};

/// How a new file is asked for.
const FILE: &str = "sqlite";
/// Its name in the folder of the simulation.
const FILE_NAME: &str = "simulate.db";

/// One of the databases that are measured.
pub(super) enum Ground {
    /// A new file of SQLite for each bot.
    File,
    /// A schema on a PostgreSQL server, new for each bot.
    #[cfg(feature = "postgres")]
    Server {
        /// The server's address.
        url: String,
        /// The schema.
        scratch: Box<Scratch>,
    },
}

/// What a bot is told of it.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum Kept {
    /// In this file.
    File(PathBuf),
    /// On this server, in this schema.
    Server {
        /// The server's address, which may have a password in it.
        url: String,
        /// The schema.
        schema: String,
    },
}

/// What a server has done so far for a bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Served {
    /// Processor time of what serves the bot's connections; `None` if that is on another machine.
    pub(super) cpu: Option<Duration>,
    /// What the server wrote into its log.
    pub(super) log_bytes: u64,
}

impl Ground {
    /// The one that is asked for: `sqlite`, or a server's address.
    pub(super) async fn of(wanted: &Secret, config: &Config) -> Result<Self, Failed> {
        if wanted.reveal() == FILE {
            return Ok(Self::File);
        }
        let wrong = |why: &str| Failed::Settings(format!("--database cannot be used: {why}"));
        let place =
            place_at(wanted.reveal(), config).map_err(|why| match why.contains("sqlite:") {
                true => wrong("postgres://USER@HOST:PORT/NAME or sqlite is needed"),
                false => wrong(&why),
            })?;
        match place {
            Place::File(_) | Place::Playground { .. } => {
                Err(wrong("a simulation makes a file of its own; say sqlite"))
            }
            #[cfg(feature = "postgres")]
            Place::Server(address) => {
                let name = format!("overwatch_simulation_{}", std::process::id());
                Ok(Self::Server {
                    url: wanted.reveal().to_owned(),
                    scratch: Box::new(Scratch::in_empty(&address, name).await?),
                })
            }
        }
    }

    /// The engine's name.
    pub(super) fn engine(&self) -> &'static str {
        match self {
            Self::File => "SQLite",
            #[cfg(feature = "postgres")]
            Self::Server { .. } => "PostgreSQL",
        }
    }

    /// Makes it anew, with nothing in it, in this folder, which is empty, or on its server.
    pub(super) async fn renew(&self, folder: &Path) -> Result<Kept, Failed> {
        Ok(match self {
            Self::File => Kept::File(folder.join(FILE_NAME)),
            #[cfg(feature = "postgres")]
            Self::Server { url, scratch } => {
                scratch.renew().await?;
                Kept::Server {
                    url: url.clone(),
                    schema: scratch.name().to_owned(),
                }
            }
        })
    }

    /// Somebody who looks what the server does; `None` for a file. The bot has made its tables.
    pub(super) async fn watch(&self) -> Result<Option<Watch>, Failed> {
        Ok(match self {
            Self::File => None,
            #[cfg(feature = "postgres")]
            Self::Server { scratch, .. } => {
                let place = Place::Server(Box::new(scratch.address()));
                Some(Watch(crate::store::Database::read(&place).await?))
            }
        })
    }

    /// Takes away what was made.
    pub(super) async fn end(self) {
        match self {
            Self::File => {}
            #[cfg(feature = "postgres")]
            Self::Server { scratch, .. } => {
                if let Err(error) = scratch.end().await {
                    let by_hand = scratch.drop_statement();
                    tracing::warn!(%error, by_hand, "a simulation leaves its schema behind");
                }
            }
        }
    }
}

impl Kept {
    /// The database, for the bot.
    pub(super) fn place(&self, config: &Config) -> Result<Place, Failed> {
        match self {
            Self::File(path) => Ok(Place::File(path.clone())),
            Self::Server { url, schema } => match place_at(url, config) {
                #[cfg(feature = "postgres")]
                Ok(Place::Server(address)) => {
                    Ok(Place::Server(Box::new(address.in_schema(schema))))
                }
                _ => Err(Failed::Settings(format!("no server has a schema {schema}"))),
            },
        }
    }
}

/// A connection of its own to the server that is measured.
pub(super) struct Watch(#[cfg(feature = "postgres")] ReadOnly);

impl Watch {
    /// What the server has done so far.
    #[cfg(feature = "postgres")]
    pub(super) async fn look(&self) -> Result<Served, Failed> {
        let now = self.0.query(LookAtServer).await?;
        Ok(Served {
            cpu: super::usage::cpu_of(&now.processes, "postgres"),
            log_bytes: now.log_bytes,
        })
    }

    /// There is none.
    #[cfg(not(feature = "postgres"))]
    pub(super) async fn look(&self) -> Result<Served, Failed> {
        Err(Failed::Other("built without PostgreSQL".into()))
    }
}
