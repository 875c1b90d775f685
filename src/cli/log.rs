//! The log: what goes into it, and how it is written.
//!
//! May touch: standard error. Invariant: whatever `LOG` says, no dependency writes what passes through
//! it: requests and their addresses, which hold tokens, and what people have typed; no line has a secret of the
//! settings in it.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, IsTerminal as _, Write};
use std::panic::PanicHookInfo;
use std::sync::Arc;

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, fmt, registry};

use crate::config::{LogConfig, LogFormat, known_secrets};
use crate::secret::Redactor;

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

/// Begins the log, on standard error. Panics are told in it, too.
pub(super) fn begin(config: &LogConfig) {
    let is_terminal = io::stderr().is_terminal();
    let redactor = Redactor::new(known_secrets());
    subscriber(config, redactor, is_terminal, io::stderr).init();
    std::panic::set_hook(Box::new(tell_panic));
}

fn tell_panic(panic: &PanicHookInfo<'_>) {
    let payload = panic.payload();
    let what = match payload.downcast_ref::<&'static str>() {
        Some(message) => message,
        None => payload
            .downcast_ref::<String>()
            .map_or("", |message| without_values(message)),
    };
    let place = panic.location().map(ToString::to_string);
    let backtrace = Backtrace::capture();
    match backtrace.status() {
        BacktraceStatus::Captured => tracing::error!(place, what, %backtrace, "panicked"),
        _ => tracing::error!(place, what, "panicked"),
    }
}

/// The beginning of a panic's message, as the program has it. After that come values, such as the text in which
/// a string was cut between two bytes of a character.
fn without_values(message: &str) -> &str {
    let end = message.find(['`', '"', '\'', ':', ';', '\n']);
    message[..end.unwrap_or(message.len())].trim_end()
}

/// Writes lines without secrets.
struct Redacting<M> {
    make: M,
    redactor: Arc<Redactor>,
}

struct RedactingWriter<W> {
    writer: W,
    redactor: Arc<Redactor>,
}

impl<'w, M: MakeWriter<'w>> MakeWriter<'w> for Redacting<M> {
    type Writer = RedactingWriter<M::Writer>;

    fn make_writer(&'w self) -> Self::Writer {
        RedactingWriter {
            writer: self.make.make_writer(),
            redactor: Arc::clone(&self.redactor),
        }
    }
}

impl<W: Write> Write for RedactingWriter<W> {
    /// Writes all of `bytes`, which `tracing-subscriber` hands over a line at a time.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        self.writer
            .write_all(self.redactor.redact(&text).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// What writes the log.
fn subscriber<W>(
    config: &LogConfig,
    redactor: Redactor,
    colours: bool,
    make: W,
) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let redactor = Arc::new(redactor);
    let writer = Redacting { make, redactor };
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
    use std::sync::Mutex;

    use super::*;
    use crate::secret::Secret;

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
        let redactor = Redactor::new([Secret::new("hunter2")]);
        let subscriber = subscriber(&config, redactor, false, move || writer.clone());
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
    fn no_line_has_a_secret_of_the_settings_or_of_a_url() {
        for format in [LogFormat::Text, LogFormat::Json] {
            let written = written("info", format, || {
                let error = "postgres://bot:opensesame@db/ow: the password hunter2 is wrong";
                tracing::warn!(error, "cannot connect with hunter2");
            });
            assert!(written.contains("is wrong"), "{written}");
            for secret in ["hunter2", "opensesame"] {
                assert!(!written.contains(secret), "{written}");
            }
        }
    }

    #[test]
    fn panic_is_told_with_its_place_and_without_values() {
        for (message, told) in [
            ("the lock is poisoned", "the lock is poisoned"),
            ("the file: Error { text: \"Rhabarber\" }", "the file"),
            (
                "byte index 11 is not a char boundary; it is inside 'Ä' of `Rhabarber-Ä`",
                "byte index 11 is not a char boundary",
            ),
            ("assertion `left == right` failed", "assertion"),
        ] {
            assert_eq!(without_values(message), told);
        }
        // Other tests may panic meanwhile.
        let (before, here) = (std::panic::take_hook(), std::thread::current().id());
        std::panic::set_hook(Box::new(move |panic| {
            match std::thread::current().id() == here {
                true => tell_panic(panic),
                false => before(panic),
            }
        }));
        let written = written("info", LogFormat::Text, || {
            let text = String::from("Rhabarber");
            let panicked = std::panic::catch_unwind(|| panic!("cannot cut: {text}"));
            assert!(panicked.is_err(), "it panics");
        });
        let parts = ["panicked place", "log.rs", "what=\"cannot cut\""];
        assert!(parts.iter().all(|part| written.contains(part)), "{written}");
        assert!(!written.contains("Rhabarber"), "{written}");
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
