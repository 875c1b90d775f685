//! The settings, from the environment (and a `.env` file, read before) or the command line.
//!
//! May touch: nothing. Invariant: what is malformed is refused here, in one sentence, before
//! anything is opened; secrets print as `***`.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use ed25519_dalek::VerifyingKey;

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

/// A database on a PostgreSQL server.
#[derive(Clone, Debug, clap::Args)]
pub struct ServerConfig {
    /// A PostgreSQL database in the place of the file: postgres://USER:PASSWORD@HOST:PORT/NAME
    #[arg(
        long,
        env = "DATABASE_URL",
        hide_env_values = true,
        global = true,
        value_name = "URL"
    )]
    pub database_url: Option<Secret>,

    /// The same in parts: the server's name or address, or the folder of its Unix socket
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
    #[arg(
        long,
        env = "DB_PASSWORD",
        hide_env_values = true,
        global = true,
        value_name = "PASSWORD"
    )]
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

/// What is not to be shown, such as an address with a password in it. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The secret itself, for whoever needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl FromStr for Secret {
    type Err = std::convert::Infallible;

    /// Takes anything: a complaint of the argument parser would print it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// How the database is backed up.
#[derive(Clone, Debug, clap::Args)]
pub struct BackupConfig {
    /// Where the database is backed up to, on a schedule and before a migration changes it
    #[arg(
        long,
        env = "BACKUP_DIR",
        global = true,
        hide_env_values = true,
        value_name = "FOLDER",
        default_value = "backups"
    )]
    pub backup_dir: PathBuf,

    /// How often it is backed up while the bot runs: 30m, 6h, 1d, or off
    #[arg(
        long,
        env = "BACKUP_EVERY",
        global = true,
        hide_env_values = true,
        value_name = "TIME",
        default_value = "6h"
    )]
    pub backup_every: Every,

    /// How many of the newest backups are kept, in the folder and in the object store
    #[arg(
        long,
        env = "BACKUP_KEEP",
        global = true,
        hide_env_values = true,
        value_name = "NUMBER",
        default_value_t = 10,
        value_parser = clap::value_parser!(u32).range(1..=10_000)
    )]
    pub backup_keep: u32,

    /// Beyond them, for how many days the last backup of the day is kept
    #[arg(
        long,
        env = "BACKUP_KEEP_DAILY",
        global = true,
        hide_env_values = true,
        value_name = "DAYS",
        default_value_t = 0,
        value_parser = clap::value_parser!(u32).range(0..=10_000)
    )]
    pub backup_keep_daily: u32,

    /// Beyond them, for how many weeks the last backup of the week is kept
    #[arg(
        long,
        env = "BACKUP_KEEP_WEEKLY",
        global = true,
        hide_env_values = true,
        value_name = "WEEKS",
        default_value_t = 0,
        value_parser = clap::value_parser!(u32).range(0..=10_000)
    )]
    pub backup_keep_weekly: u32,

    /// Beyond them, for how many months the last backup of the month is kept
    #[arg(
        long,
        env = "BACKUP_KEEP_MONTHLY",
        global = true,
        hide_env_values = true,
        value_name = "MONTHS",
        default_value_t = 0,
        value_parser = clap::value_parser!(u32).range(0..=10_000)
    )]
    pub backup_keep_monthly: u32,

    /// Compress the backups (zstd): true or false
    #[arg(
        long,
        env = "BACKUP_COMPRESS",
        global = true,
        hide_env_values = true,
        value_name = "BOOL",
        default_value_t = false,
        default_missing_value = "true",
        num_args = 0..=1,
        require_equals = true,
        action = clap::ArgAction::Set
    )]
    pub backup_compress: bool,

    /// Copy each backup to a folder in an S3-compatible object store: s3://BUCKET/FOLDER. The store
    /// and its keys come from the standard variables: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
    /// AWS_REGION, and AWS_ENDPOINT_URL if it is not Amazon's
    #[arg(
        long,
        env = "BACKUP_S3_URL",
        global = true,
        hide_env_values = true,
        value_name = "URL"
    )]
    pub backup_s3_url: Option<S3Url>,

    /// Litestream replicates the database and is in charge of its write-ahead log: true or false
    #[arg(
        long,
        env = "LITESTREAM",
        global = true,
        hide_env_values = true,
        value_name = "BOOL",
        default_value_t = false,
        default_missing_value = "true",
        num_args = 0..=1,
        require_equals = true,
        action = clap::ArgAction::Set
    )]
    pub litestream: bool,
}

/// How often something is done; `off` is never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Every(
    /// In seconds.
    pub Option<u32>,
);

/// Not more often than this, in seconds: each backup reads all of the database several times.
const EVERY_MIN_S: u32 = 60;
/// Not more seldom than this, in seconds: a year.
const EVERY_MAX_S: u32 = 366 * 86_400;

impl FromStr for Every {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = "a time such as 30m, 6h or 1d is needed, or off";
        let text = text.trim().to_ascii_lowercase();
        if text == "off" {
            return Ok(Self(None));
        }
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let unit_s = match unit {
            "m" | "min" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => return Err(wanted.into()),
        };
        let number: u32 = number.parse().map_err(|_| wanted)?;
        match number.checked_mul(unit_s) {
            Some(seconds) if (EVERY_MIN_S..=EVERY_MAX_S).contains(&seconds) => {
                Ok(Self(Some(seconds)))
            }
            _ => Err(format!("{wanted}; from a minute to a year")),
        }
    }
}

/// A folder in an object store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Url {
    /// The bucket.
    pub bucket: String,
    /// The folder in it, without slashes at its ends; may be empty.
    pub prefix: String,
}

impl FromStr for S3Url {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = "an address such as s3://BUCKET/FOLDER is needed";
        let rest = text.trim().strip_prefix("s3://").ok_or(wanted)?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let allowed = |char: char| char.is_ascii_alphanumeric() || "-._".contains(char);
        if bucket.is_empty() || !bucket.chars().all(allowed) {
            return Err(format!(
                "{wanted}, without keys in it; those are AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            ));
        }
        Ok(Self {
            bucket: bucket.to_owned(),
            prefix: prefix.trim_matches('/').to_owned(),
        })
    }
}

/// Which shards a process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shards {
    /// As many as Discord recommends.
    Auto,
    /// None: interactions come over HTTP.
    None,
    /// Some of a total, or all of them.
    Some {
        /// The first one's number, from 0.
        first: u32,
        /// The last one's number.
        last: u32,
        /// How many there are in all processes together.
        total: u32,
    },
}

/// More shards than this are a mistake: at a thousand servers each, it is sixteen million of them.
const SHARDS_MAX: u32 = 16_384;

impl FromStr for Shards {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = || {
            format!(
                "a number of shards (1 to {SHARDS_MAX}), some of a total such as 0-15/64, auto, or \
                 none is needed"
            )
        };
        let number = |text: &str| text.trim().parse::<u32>().map_err(|_| wanted());
        let (some, total) = match text.trim() {
            "auto" => return Ok(Self::Auto),
            "none" => return Ok(Self::None),
            text => text
                .split_once('/')
                .map_or((None, text), |(some, total)| (Some(some), total)),
        };
        let total = number(total)?;
        let last_of_all = total.checked_sub(1).ok_or_else(wanted)?;
        let (first, last) = match some {
            None => (0, last_of_all),
            Some(some) => match some.split_once('-') {
                None => (number(some)?, number(some)?),
                Some((first, last)) => (number(first)?, number(last)?),
            },
        };
        if total > SHARDS_MAX || first > last || last > last_of_all {
            return Err(wanted());
        }
        Ok(Self::Some { first, last, total })
    }
}

/// The key with which the signatures of Discord's HTTP requests are checked. No secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey(pub VerifyingKey);

impl FromStr for PublicKey {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WANTED: &str = "the 64 hexadecimal digits that the developer portal shows as the \
                              application's public key are needed";
        let digits = text.trim();
        if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(WANTED);
        }
        let mut bytes = [0; 32];
        for (at, byte) in bytes.iter_mut().enumerate() {
            let pair = &digits[2 * at..2 * at + 2];
            *byte = u8::from_str_radix(pair, 16).map_err(|_| WANTED)?;
        }
        VerifyingKey::from_bytes(&bytes)
            .map(Self)
            .map_err(|_| WANTED)
    }
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
    fn shards_are_all_of_a_number_some_of_a_total_automatic_or_none() {
        let some = |first, last, total| Ok(Shards::Some { first, last, total });
        assert_eq!("16".parse(), some(0, 15, 16));
        assert_eq!("0-15/64".parse(), some(0, 15, 64));
        assert_eq!(" 7/8 ".parse(), some(7, 7, 8));
        assert_eq!("auto".parse(), Ok(Shards::Auto));
        assert_eq!("none".parse(), Ok(Shards::None));
        for text in [
            "", "0", "-1", "many", "8/8", "3-2/8", "0-8/8", "0-1", "1/0", "99999", "0-1/2/3",
        ] {
            assert!(text.parse::<Shards>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_public_key_is_64_hexadecimal_digits_of_a_point_on_the_curve() {
        let good = format!("{:0<64}", "01");
        assert!(good.parse::<PublicKey>().is_ok());
        let signed = format!("+{}", &good[1..]);
        for text in [
            "",
            "01",
            &"z".repeat(64),
            &"ä".repeat(32),
            &format!("{:0<64}", "02"),
            &signed,
        ] {
            assert!(text.parse::<PublicKey>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_schedule_is_a_number_with_a_unit_or_off() {
        assert_eq!("6h".parse(), Ok(Every(Some(21_600))));
        assert_eq!(" 30M ".parse(), Ok(Every(Some(1_800))));
        assert_eq!("1d".parse(), Ok(Every(Some(86_400))));
        assert_eq!("off".parse(), Ok(Every(None)));
        for text in [
            "",
            "6",
            "h",
            "0h",
            "-1h",
            "1.5h",
            "6 hours",
            "30s",
            "99999999d",
        ] {
            assert!(text.parse::<Every>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_object_store_is_a_bucket_and_a_folder_without_keys() {
        let url = |bucket: &str, prefix: &str| {
            Ok(S3Url {
                bucket: bucket.into(),
                prefix: prefix.into(),
            })
        };
        assert_eq!("s3://ow/bot/backups/".parse(), url("ow", "bot/backups"));
        assert_eq!("s3://ow".parse(), url("ow", ""));
        for text in [
            "",
            "ow/bot",
            "https://ow",
            "s3://",
            "s3:///a",
            "s3://key:secret@ow/a",
        ] {
            assert!(text.parse::<S3Url>().is_err(), "{text}");
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
