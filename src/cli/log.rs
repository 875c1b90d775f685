//! The log: what goes into it, and how it is written.
//!
//! May touch: standard error. Invariant: whatever `LOG` says, no dependency writes what passes through
//! it: requests and their addresses, which hold tokens, and what people have typed.

use std::io::IsTerminal as _;

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, fmt, registry};

use crate::config::{LogConfig, LogFormat};

/// This program itself, whose lines are written with this in mind.
const OWN: &str = "overwatch_bot";
/// Dependencies that tell of single requests, also at INFO: with addresses, headers, statements or
/// bodies.
const TELL_OF_REQUESTS: [&str; 11] = [
    "h2",
    "hyper",
    "hyper_util",
    "object_store",
    "reqwest",
    "rustls",
    "tokio_postgres",
    "tokio_websockets",
    "tower",
    "twilight_http",
    "twilight_http_ratelimiting",
];

/// Begins the log, on standard error.
pub(super) fn begin(config: &LogConfig) {
    let is_terminal = std::io::stderr().is_terminal();
    subscriber(config, is_terminal, std::io::stderr).init();
}

/// What writes the log.
fn subscriber<W>(config: &LogConfig, colours: bool, writer: W) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let wanted = EnvFilter::new(config.log.as_str());
    let lines = fmt::layer().with_ansi(colours).with_writer(writer);
    // Both have to agree, so that no part of `LOG`, however specific, opens what is closed here.
    let filtered = registry().with(wanted).with(most());
    match config.log_format {
        LogFormat::Text => Box::new(filtered.with(lines)),
        LogFormat::Json => Box::new(filtered.with(lines.json())),
    }
}

/// The most that is written of each module.
fn most() -> Targets {
    let requests = TELL_OF_REQUESTS.map(|target| (target, LevelFilter::WARN));
    Targets::new()
        .with_default(LevelFilter::INFO)
        .with_target(OWN, LevelFilter::TRACE)
        .with_targets(requests)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("no panic").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// What is written of these events where `LOG` is this.
    fn written(log: &str, format: LogFormat, events: impl FnOnce()) -> String {
        let (lines, config) = (
            Lines::default(),
            LogConfig {
                log: log.parse().expect("a filter"),
                log_format: format,
            },
        );
        let writer = lines.clone();
        let subscriber = subscriber(&config, false, move || writer.clone());
        tracing::subscriber::with_default(subscriber, events);
        let lines = lines.0.lock().expect("no panic");
        String::from_utf8(lines.clone()).expect("text")
    }

    #[test]
    fn no_dependency_writes_requests_whatever_log_says() {
        for format in [LogFormat::Text, LogFormat::Json] {
            for log in [
                "trace",
                "twilight_http=trace,hyper_util::client=trace,reqwest=debug",
                "off,hyper_util::client::legacy=trace,tokio_postgres=info",
            ] {
                let written = written(log, format, || {
                    tracing::debug!(target: "twilight_http::response", "secret");
                    tracing::trace!(target: "hyper_util::client::legacy", "secret");
                    tracing::debug!(target: "reqwest", "secret");
                    tracing::info!(target: "tokio_postgres::connection", "secret");
                    tracing::debug!(target: "twilight_gateway::shard", "secret");
                    tracing::debug!(target: "a_library_to_come", "secret");
                });
                assert_eq!(written, "", "{log}");
            }
        }
    }

    #[test]
    fn own_lines_and_warnings_of_dependencies_are_written_as_log_says() {
        let events = || {
            tracing::trace!(target: "overwatch_bot::jobs", "a detail");
            tracing::warn!(target: "hyper", "trouble");
            tracing::info!(target: "twilight_gateway", "news");
        };
        let all = written("trace", LogFormat::Text, events);
        for text in ["a detail", "trouble", "news"] {
            assert!(all.contains(text), "{all}");
        }
        let some = written("warn", LogFormat::Json, events);
        assert!(some.contains("\"trouble\""), "{some}");
        assert!(!some.contains("news") && !some.contains("detail"), "{some}");
    }
}
