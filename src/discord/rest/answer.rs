//! What an answer of Discord's says: about the request, and about those that come after it.
//!
//! Pure. Invariant: a 429 without anything that Discord documents is not from its API, but from what
//! stands before it, and covers everything.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::RestError;
use super::limiter::{Cover, Ended, Told};

/// A 429 that does not say for how long it holds does so for this long, in seconds.
const RETRY_AFTER_UNSAID_S: u64 = 60;
/// No 429 is believed to hold for longer than this, in seconds.
const RETRY_AFTER_MAX_S: u64 = 24 * 60 * 60;
/// Of an answer that is not Discord's JSON, and of Discord's message, so many characters are told.
const MESSAGE_MAX_CHARS: usize = 120;
/// Of a form so many fields are told that were wrong.
const FIELDS_MAX: usize = 8;
/// A word of a foreign answer that is at least this long may be a token: some proxies repeat the address.
const TOKEN_MIN_CHARS: usize = 24;

/// An answer's body, by which the request has been done.
#[derive(Debug)]
pub(super) struct Body(Vec<u8>);

impl Body {
    /// Reads it.
    pub(super) fn parse<T: DeserializeOwned>(&self) -> Result<T, RestError> {
        // The error's own text quotes values of the body.
        serde_json::from_slice(&self.0).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            RestError::Unknown(format!(
                "its answer cannot be read at line {line}, column {column}"
            ))
        })
    }
}

/// An answer as it came.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// How a request ended that was sent with the bot's token (`is_authorized`) or not.
pub(super) fn ended(answer: &Answer, is_authorized: bool) -> Ended {
    let told = told(&answer.headers);
    match answer.status.as_u16() {
        429 => limited(answer, told),
        401 if is_authorized => Ended::TokenRefused,
        401 | 403 => Ended::Forbidden(told),
        _ => Ended::Answered(told),
    }
}

/// What Discord's clock showed when it made this answer, to the second (RFC 9110, section 6.6.1: a server that
/// has a clock says so in all answers but 1xx and 5xx).
pub(crate) fn date(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    let date = headers.get(DATE)?.to_str().ok()?;
    Some(DateTime::parse_from_rfc2822(date).ok()?.to_utc())
}

/// Discord's body of a 429.
#[derive(Deserialize)]
struct Limits {
    retry_after: f64,
    #[serde(default)]
    global: bool,
}

fn limited(answer: &Answer, told: Told) -> Ended {
    let limits: Option<Limits> = serde_json::from_slice(&answer.body).ok();
    let scope = text(&answer.headers, "x-ratelimit-scope");
    let is_global = scope == Some("global")
        || answer.headers.contains_key("x-ratelimit-global")
        || limits.as_ref().is_some_and(|limits| limits.global);
    let cover = match scope {
        _ if is_global => Cover::Global,
        Some("shared") => Cover::Shared,
        // Neither the header nor the body that Discord documents: its API has not seen the request.
        None if limits.is_none() => Cover::Address,
        _ => Cover::User,
    };
    // The body is more precise than the header, which has whole seconds.
    let said = limits.map(|limits| limits.retry_after);
    let said = said.or_else(|| number(&answer.headers, "retry-after"));
    let retry_after = said
        .and_then(duration)
        .unwrap_or(Duration::from_secs(RETRY_AFTER_UNSAID_S));
    Ended::Limited {
        cover,
        retry_after,
        told,
    }
}

fn told(headers: &HeaderMap) -> Told {
    let count = |name| text(headers, name).and_then(|text| text.parse::<u32>().ok());
    let window = || {
        let reset_after = number(headers, "x-ratelimit-reset-after").and_then(duration)?;
        let (limit, left) = (count("x-ratelimit-limit")?, count("x-ratelimit-remaining")?);
        Some((limit, left, reset_after))
    };
    Told {
        name: text(headers, "x-ratelimit-bucket").map(str::to_owned),
        window: window(),
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn number(headers: &HeaderMap, name: &str) -> Option<f64> {
    text(headers, name).and_then(|text| text.trim().parse().ok())
}

fn duration(seconds: f64) -> Option<Duration> {
    let within = seconds.min(Duration::from_secs(RETRY_AFTER_MAX_S).as_secs_f64());
    Duration::try_from_secs_f64(within).ok()
}

/// What Discord says about why it refuses.
#[derive(Deserialize)]
struct Reason {
    code: u64,
    #[serde(default)]
    message: String,
    #[serde(default)]
    errors: Value,
}

impl Reason {
    /// The message, and which fields were wrong in which way. Discord's sentences about the fields are left out,
    /// because some quote the value, which may be what somebody typed: `Value "something" is not snowflake`
    /// (github.com/discord/discord-api-docs/issues/2089).
    fn told(&self) -> String {
        let mut fields = Vec::new();
        wrong_fields("", &self.errors, &mut fields);
        let message = shortened(&self.message);
        match fields.is_empty() {
            true => message,
            false => format!("{message} ({})", fields.join(", ")),
        }
    }
}

/// Collects `PATH: CODE` of every field in Discord's `errors`, whose leaves are lists named `_errors`
/// (docs.discord.com, API Reference, "Error Messages").
fn wrong_fields(path: &str, errors: &Value, fields: &mut Vec<String>) {
    let Value::Object(parts) = errors else { return };
    for (name, part) in parts {
        if fields.len() == FIELDS_MAX {
            return;
        }
        match part {
            Value::Array(list) if name == "_errors" => {
                let codes = list.iter().filter_map(|error| error["code"].as_str());
                let codes: Vec<_> = codes.map(shortened).collect();
                fields.push(format!("{path}: {}", codes.join(" ")));
            }
            part => {
                let dot = if path.is_empty() { "" } else { "." };
                wrong_fields(&format!("{path}{dot}{}", shortened(name)), part, fields);
            }
        }
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(MESSAGE_MAX_CHARS).collect()
}

/// The beginning of an answer that is not Discord's, without what may be a token.
fn foreign(text: &str) -> String {
    let is_of_token = |char: char| char.is_ascii_alphanumeric() || "-_.=~%+".contains(char);
    let mut told = String::new();
    let mut rest = text;
    while !rest.is_empty() && told.len() < MESSAGE_MAX_CHARS {
        let word = rest.find(|char| !is_of_token(char)).unwrap_or(rest.len());
        let between = rest[word..].find(is_of_token).unwrap_or(rest.len() - word);
        match word < TOKEN_MIN_CHARS {
            true => told.push_str(&rest[..word]),
            false => told.push_str("***"),
        }
        told.push_str(&rest[word..word + between]);
        rest = &rest[word + between..];
    }
    shortened(&told)
}

/// The body of a request that was done.
pub(super) fn result(answer: Answer) -> Result<Body, RestError> {
    if answer.status.is_success() {
        return Ok(Body(answer.body));
    }
    let text = String::from_utf8_lossy(&answer.body);
    let (code, message) = match serde_json::from_slice::<Reason>(&answer.body) {
        Ok(reason) => (reason.code, reason.told()),
        Err(_) => (0, foreign(&text)),
    };
    Err(RestError::Refused {
        status: answer.status.as_u16(),
        code,
        message,
    })
}

#[cfg(test)]
mod tests;
