//! What the bot logs in every story, however little of it a real one would write: no token, no name, and nothing that
//! somebody typed.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use serde_json::Value;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// The lines of all stories that are told in this process. None of them is long.
static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());
/// A shorter text is not looked for, in bytes: it may be part of a word of the program's own.
const WORD_MIN_BYTES: usize = 6;

/// What is logged while a story is told, and what must not be in it.
pub(crate) struct Logged {
    /// How many lines there were before.
    before: usize,
    /// What was typed.
    typed: Mutex<BTreeSet<String>>,
}

impl Logged {
    /// Listens from now on.
    pub(crate) fn begin() -> Self {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            // Dependencies are capped by the program; the embedded Discord is not a part of the bot.
            let own = Targets::new()
                .with_target("overwatch_bot", LevelFilter::TRACE)
                .with_target("overwatch_bot::playground", LevelFilter::OFF);
            let lines = tracing_subscriber::fmt::layer()
                .with_ansi(false)
                .with_writer(|| Lines);
            tracing_subscriber::registry().with(own).with(lines).init();
        });
        Self {
            before: lines().len(),
            typed: Mutex::default(),
        }
    }

    /// Remembers what somebody has typed: every text that is more than a word of the program's own.
    pub(crate) fn type_in(&self, value: &Value) {
        match value {
            Value::String(text) if is_free(text) => {
                let mut typed = self.typed.lock().unwrap_or_else(PoisonError::into_inner);
                typed.insert(text.clone());
            }
            Value::Array(items) => items.iter().for_each(|item| self.type_in(item)),
            Value::Object(fields) => fields.values().for_each(|field| self.type_in(field)),
            _ => {}
        }
    }

    /// Checks that nothing that was typed, and none of these secrets, was logged.
    #[track_caller]
    pub(crate) fn check(&self, secrets: &BTreeSet<String>) {
        let typed = self.typed.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = lines();
        for line in &lines[self.before..] {
            let told = typed.union(secrets).find(|text| line.contains(*text));
            assert_eq!(told, None, "in the log: {line}");
        }
    }
}

/// Whether somebody has typed it in their own words: choices are in small letters, and ids in digits.
fn is_free(text: &str) -> bool {
    let is_own =
        |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || "_:-".contains(char);
    text.len() >= WORD_MIN_BYTES && !text.chars().all(is_own)
}

fn lines() -> MutexGuard<'static, Vec<String>> {
    LINES.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Lines;

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        lines().push(String::from_utf8_lossy(bytes).into_owned());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn typed_words_and_secrets_in_the_log_are_found() {
    let logged = Logged::begin();
    logged.type_in(&serde_json::json!({"title": "Blaubeere und Brombeere", "mode": "brombeeren"}));
    let secrets = BTreeSet::from(["preiselbeere".to_owned()]);
    tracing::trace!(target: "overwatch_bot::discord", title = "brombeeren", "nothing of that");
    logged.check(&secrets);
    for line in ["Blaubeere und Brombeere", "preiselbeere"] {
        let logged = Logged::begin();
        logged.type_in(&serde_json::json!(["Blaubeere und Brombeere"]));
        tracing::trace!(target: "overwatch_bot::discord", line, "told");
        let checked = std::panic::catch_unwind(|| logged.check(&secrets));
        assert!(checked.is_err(), "{line}");
    }
}
