//! The settings, from the environment (and a `.env` file, read before) or the command line.
//!
//! May touch: nothing. Invariant: what is malformed is refused here, in one sentence, before
//! anything is opened; secrets print as `***`.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// What the bot can be told. Every setting is an environment variable; `--help` shows them.
#[derive(Clone, Debug, clap::Args)]
pub struct Config {
    /// The bot's token, from Discord's developer portal. Needed by `run`
    #[arg(
        long,
        env = "BOT_TOKEN",
        hide_env_values = true,
        global = true,
        hide_env_values = true,
        value_name = "TOKEN"
    )]
    pub bot_token: Option<Token>,

    /// The database file; its folder is made if it is not there. `playground` has a default of its
    /// own, data/playground.db
    #[arg(long, env = "DB_PATH", global = true, hide_env_values = true, value_name = "FILE", help = db_path_help())]
    pub db_path: Option<PathBuf>,

    /// Where the database is backed up to before a migration changes it
    #[arg(
        long,
        env = "BACKUP_DIR",
        global = true,
        hide_env_values = true,
        value_name = "FOLDER",
        default_value = "backups"
    )]
    pub backup_dir: PathBuf,

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

    /// How many shards to run; Discord's recommendation if not set
    #[arg(
        long,
        env = "SHARDS",
        global = true, hide_env_values = true,
        value_name = "NUMBER",
        help = "How many shards to run, 1 to 1024 [default: as many as Discord recommends]",
        value_parser = clap::value_parser!(u32).range(1..=1024)
    )]
    pub shards: Option<u32>,

    /// Where /livez, /readyz and /metrics are answered, such as 0.0.0.0:8080 [default: nowhere]
    #[arg(
        long,
        env = "HTTP_ADDR",
        global = true,
        hide_env_values = true,
        value_name = "ADDRESS:PORT"
    )]
    pub http_addr: Option<SocketAddr>,

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

    /// What is logged: a level, or levels by module, such as info,overwatch_bot=debug
    #[arg(
        long,
        env = "LOG",
        global = true,
        hide_env_values = true,
        value_name = "FILTER",
        default_value = "info"
    )]
    pub log: LogFilter,

    /// How it is logged
    #[arg(
        long,
        env = "LOG_FORMAT",
        global = true,
        hide_env_values = true,
        value_name = "FORMAT",
        default_value = "text"
    )]
    pub log_format: LogFormat,
}

/// Where the database is if nobody says otherwise.
pub const DB_PATH: &str = "data/overwatch.db";

fn db_path_help() -> String {
    format!(
        "The database file; its folder is created [default: {DB_PATH}; playground: data/playground.db]"
    )
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For collectors: one JSON object a line.
    Json,
}

/// What is logged; checked when it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFilter(String);

impl LogFilter {
    /// In the notation of `tracing-subscriber`'s filters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for LogFilter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match tracing_subscriber::EnvFilter::try_new(text) {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(error) => Err(format!("{error}; use a level such as info or debug")),
        }
    }
}

/// The bot's token. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// The token itself, for the clients that need it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether it may be a token at all, told in words that do not repeat it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), &'static str> {
        match self.0.as_str() {
            "" => Err("is empty"),
            token if token.starts_with("Bot ") => {
                Err("starts with \"Bot \"; give the token alone, as the developer portal shows it")
            }
            token if !token.chars().all(|char| char.is_ascii_graphic()) => Err(
                "has spaces or characters that no token has; copy it again from the developer portal",
            ),
            _ => Ok(()),
        }
    }
}

impl FromStr for Token {
    type Err = std::convert::Infallible;

    /// Takes anything: a complaint of the argument parser would print it. See [`Token::check`].
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.trim().to_owned()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

/// The address of an HTTP API: a host, and a port if it is not the usual one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiUrl {
    /// `HOST` or `HOST:PORT`.
    pub authority: String,
    /// Whether it is `http` and not `https`.
    pub plain_http: bool,
}

impl FromStr for ApiUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = "an address such as http://127.0.0.1:8080 is needed";
        let (plain_http, rest) = match text.trim().split_once("://") {
            Some(("http", rest)) => (true, rest),
            Some(("https", rest)) => (false, rest),
            _ => return Err(wanted.into()),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.is_empty() || authority.contains(['/', '?', '#', '@', ' ']) {
            return Err(format!("{wanted}, without a path or a user"));
        }
        match authority.rsplit_once(':') {
            Some((host, port)) if host.is_empty() || port.parse::<u16>().is_err() => {
                Err(format!("{wanted}; the port is a number up to 65535"))
            }
            _ => Ok(Self {
                authority: authority.to_owned(),
                plain_http,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_never_shown() {
        let token: Token = "MTk4.secret.part".parse().expect("any text is taken");
        assert!(!format!("{token:?}").contains("secret"));
        assert_eq!(token.check(), Ok(()));
    }

    #[test]
    fn what_cannot_be_a_token_is_told_without_repeating_it() {
        for text in ["", "Bot abc", "two words", "Zeichenä"] {
            let token: Token = text.parse().expect("any text is taken");
            assert!(token.check().is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_api_address_has_a_scheme_and_a_host_and_no_path() {
        let url: ApiUrl = "http://127.0.0.1:8080/".parse().expect("a plain address");
        assert_eq!(
            url,
            ApiUrl {
                authority: "127.0.0.1:8080".into(),
                plain_http: true
            }
        );
        for text in [
            "127.0.0.1:8080",
            "ftp://a",
            "http://",
            "http://a/b",
            "http://a:99999",
            "http://u@a",
        ] {
            assert!(text.parse::<ApiUrl>().is_err(), "{text}");
        }
    }
}
