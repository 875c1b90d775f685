//! A PostgreSQL server in the place of the database file.
//!
//! Pure. Invariant: an address with a password in it, or the password, is a secret.

use std::path::PathBuf;

use clap::Args;

use super::secret::{DATABASE_URL, DB_PASSWORD};
use crate::secret::Secret;

/// A database on a PostgreSQL server.
#[derive(Clone, Debug, Args)]
pub struct ServerConfig {
    /// A PostgreSQL database in the place of the file: postgres://USER:PASSWORD@HOST:PORT/NAME
    #[arg(skip = DATABASE_URL.read())]
    pub database_url: Option<Secret>,

    /// A PostgreSQL server in the place of the file: its name or address, or the folder of its Unix socket;
    /// the same as DATABASE_URL, in parts
    #[arg(
        long,
        env = "DB_HOST",
        hide_env_values = true,
        global = true,
        value_name = "HOST"
    )]
    pub db_host: Option<String>,

    /// Its port [default: 5432]
    #[arg(
        long,
        env = "DB_PORT",
        hide_env_values = true,
        global = true,
        value_name = "PORT"
    )]
    pub db_port: Option<u16>,

    /// Who connects
    #[arg(
        long,
        env = "DB_USER",
        hide_env_values = true,
        global = true,
        value_name = "USER"
    )]
    pub db_user: Option<String>,

    /// Their password
    #[arg(skip = DB_PASSWORD.read())]
    pub db_password: Option<Secret>,

    /// The database's name [default: as the user]
    #[arg(
        long,
        env = "DB_NAME",
        hide_env_values = true,
        global = true,
        value_name = "NAME"
    )]
    pub db_name: Option<String>,

    /// TLS to the server: disable; prefer, if the server has it; require, without looking who it is;
    /// or verify-full [default: prefer, or what DATABASE_URL says]
    #[arg(
        long,
        env = "DB_SSLMODE",
        hide_env_values = true,
        global = true,
        value_name = "MODE"
    )]
    pub db_sslmode: Option<String>,

    /// The certificates that verify-full trusts, PEM [default: those that browsers trust]
    #[arg(
        long,
        env = "DB_SSLROOTCERT",
        hide_env_values = true,
        global = true,
        value_name = "FILE"
    )]
    pub db_sslrootcert: Option<PathBuf>,
}
