//! The settings, from the environment (and a `.env` file, read before) or the command line.
//!
//! May touch: the environment. Invariant: what is malformed is refused here, in one sentence, before
//! anything is opened; secrets come from the environment alone, since everybody sees command lines.

mod backup;
mod connection;
mod db_path;
mod log;
mod secret;
mod server;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use crate::secret::Secret;
pub use backup::{BackupConfig, Every, S3Url};
pub use connection::{ApiUrl, PublicKey, Shards};
pub use db_path::parse_db_path;
pub use log::{LogConfig, LogFilter, LogFormat};
use secret::trimmed;
pub use secret::{
    BOT_TOKEN, DATABASE_URL, DB_PASSWORD, HTTP_TOKEN, SECRET_SETTINGS, SecretSetting,
    check_bot_token, known_secrets, seen_by_everybody,
};
pub use server::ServerConfig;

/// What the bot can be told. Every setting is an environment variable, and all but [`SECRET_SETTINGS`] are
/// options as well; `--help` shows them.
#[derive(Clone, Debug, Args)]
pub struct Config {
    /// The bot's token. Needed by `run`
    #[arg(skip = BOT_TOKEN.read().map(trimmed))]
    pub bot_token: Option<Secret>,

    /// The database file; its folder is made if it is not there
    #[arg(long, env = "DB_PATH", global = true, hide_env_values = true, value_name = "FILE", help = db_path_help())]
    pub db_path: Option<PathBuf>,

    /// Allow a start with an empty database even if backups exist or no volume is mounted: any word, such as
    /// today's date, each of which counts once
    #[arg(
        long,
        env = "START_EMPTY",
        global = true,
        hide_env_values = true,
        value_name = "WORD"
    )]
    pub start_empty: Option<String>,

    /// Confirm that the clock is right where the bot doubts it: the day that it shows, such as 2026-11-28
    #[arg(
        long,
        env = "CLOCK_CONFIRMED",
        global = true,
        hide_env_values = true,
        value_name = "DATE"
    )]
    pub clock_confirmed: Option<String>,

    /// A database on a server, in the place of the file
    #[command(flatten)]
    pub server: ServerConfig,

    /// How the database is backed up
    #[command(flatten)]
    pub backup: BackupConfig,

    /// Another address of Discord's HTTP API, such as that of a proxy: http://HOST:PORT
    #[arg(
        long,
        env = "DISCORD_API_URL",
        global = true,
        hide_env_values = true,
        value_name = "URL",
        help = "Another address of Discord's HTTP API, such as a proxy's: http://HOST[:PORT] or \
                https://HOST[:PORT] [default: Discord's own]"
    )]
    pub discord_api_url: Option<ApiUrl>,

    /// Which shards to run: all of a NUMBER, these of a total (0-15/64), auto, which is as many as
    /// Discord recommends, or none, if interactions come over HTTP [default: auto]
    #[arg(
        long,
        env = "SHARDS",
        global = true,
        hide_env_values = true,
        value_name = "SHARDS"
    )]
    pub shards: Option<Shards>,

    /// The application's public key, from Discord's developer portal: interactions are then answered
    /// over HTTP, at /interactions of HTTP_ADDR
    #[arg(
        long,
        env = "DISCORD_PUBLIC_KEY",
        global = true,
        hide_env_values = true,
        value_name = "KEY"
    )]
    pub discord_public_key: Option<PublicKey>,

    /// Where /livez, /readyz and /metrics are answered, such as 0.0.0.0:8080 [default: nowhere]
    #[arg(
        long,
        env = "HTTP_ADDR",
        global = true,
        hide_env_values = true,
        value_name = "ADDRESS:PORT"
    )]
    pub http_addr: Option<SocketAddr>,

    /// Whoever sends this as "Authorization: Bearer TOKEN" may read /metrics and details of /readyz
    #[arg(skip = HTTP_TOKEN.read())]
    pub http_token: Option<Secret>,

    /// From how many megabytes on the database's size is warned of: in the log, in /readyz, and to
    /// the bot's owner
    #[arg(
        long,
        env = "DB_SIZE_WARN_MB",
        global = true,
        hide_env_values = true,
        value_name = "MEGABYTES",
        default_value_t = 100,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000)
    )]
    pub db_size_warn_mb: u32,

    /// How many days after its end a session leaves the lists and goes into the history, which keeps
    /// who played what and nothing that anybody wrote
    #[arg(
        long,
        env = "RETENTION_DAYS",
        global = true,
        hide_env_values = true,
        value_name = "DAYS",
        default_value_t = 30,
        value_parser = clap::value_parser!(u32).range(1..=36_500)
    )]
    pub retention_days: u32,

    /// What is logged
    #[command(flatten)]
    pub log: LogConfig,
}

/// Where the database is if nobody says otherwise.
pub const DB_PATH: &str = "data/overwatch.db";

fn db_path_help() -> String {
    format!(
        "The database file, also ~/FILE or sqlite:FILE; its folder is created [default: {DB_PATH}]"
    )
}
