//! What is logged, and how.
//!
//! Pure. Invariant: a filter that is taken is one that `tracing-subscriber` can read.

use std::str::FromStr;

use clap::Args;

/// What is logged, and how.
#[derive(Clone, Debug, Args)]
pub struct LogConfig {
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
