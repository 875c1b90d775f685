//! `POST /interactions`: what people do, as Discord delivers it over HTTP instead of the gateway.
//!
//! May touch: the request and the clock. Invariant: nothing in a body is looked at before its
//! signature is found to be Discord's and of this moment; what is not is answered 401.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ed25519_dalek::{Signature, VerifyingKey};

use crate::clock::Clock;

/// A body larger than this is refused, in bytes. The largest that Discord sends, a form of five
/// full fields with the message it was opened from, is about half of it.
pub const BODY_MAX_BYTES: usize = 256 * 1024;
/// A body that is not there after this long is not waited for, in milliseconds: Discord gives up
/// on the answer after three seconds.
const BODY_WITHIN_MS: u64 = 2_500;
/// A signature that is older than this, or further ahead, is refused, in seconds. More than any
/// two clocks that are looked after differ; less than an interaction's receipt is kept.
pub const SIGNED_WITHIN_S: i64 = 300;

const SIGNATURE: &str = "x-signature-ed25519";
const TIMESTAMP: &str = "x-signature-timestamp";

/// What becomes of an interaction.
#[derive(Debug)]
pub enum Answered {
    /// The response's body: the interaction's first answer, as JSON.
    Json(Vec<u8>),
    /// The first answer has been given by a request to Discord.
    Elsewhere,
    /// It is not an interaction.
    Unreadable,
    /// Too many are being answered already.
    Busy,
}

/// An answer in the making.
pub type Answering = Pin<Box<dyn Future<Output = Answered> + Send>>;
/// Whoever answers what is in a body that came from Discord.
pub type Answerer = Arc<dyn Fn(Bytes) -> Answering + Send + Sync>;

/// The door for interactions: whose signature opens it, and who answers behind it.
#[derive(Clone)]
pub struct Interactions {
    key: VerifyingKey,
    clock: Clock,
    answerer: Arc<OnceLock<Answerer>>,
}

impl Interactions {
    /// A door that opens for the owner of `key`. Until [`Interactions::answer_with`] it answers 503.
    pub fn new(key: VerifyingKey, clock: Clock) -> Self {
        Self {
            key,
            clock,
            answerer: Arc::default(),
        }
    }

    /// From now on `answerer` answers. Said twice, the first one stays.
    pub fn answer_with(&self, answerer: Answerer) {
        let _ = self.answerer.set(answerer);
    }

    /// Whether the owner of the key has signed this body, just now.
    fn is_signed(&self, headers: &HeaderMap, body: &[u8]) -> bool {
        self.signed(headers, body).is_some()
    }

    fn signed(&self, headers: &HeaderMap, body: &[u8]) -> Option<()> {
        let text = |name| headers.get(name)?.to_str().ok();
        let timestamp = text(TIMESTAMP)?;
        let age_s = self
            .clock
            .now()
            .timestamp()
            .checked_sub(timestamp.parse().ok()?)?;
        if age_s.checked_abs()? > SIGNED_WITHIN_S {
            tracing::warn!(
                age_s,
                "a signed interaction is not of this moment; is the clock right?"
            );
            return None;
        }
        let signature = Signature::from_bytes(&bytes(text(SIGNATURE)?)?);
        let message = [timestamp.as_bytes(), body].concat();
        self.key.verify_strict(&message, &signature).ok()
    }
}

/// The bytes that hexadecimal digits stand for; `None` unless there are exactly `N`.
fn bytes<const N: usize>(hex: &str) -> Option<[u8; N]> {
    if hex.len() != 2 * N || !hex.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; N];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

pub(super) async fn receive(State(door): State<Interactions>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = match read(body).await {
        Ok(body) => body,
        Err(status) => return status.into_response(),
    };
    if !door.is_signed(&parts.headers, &body) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let Some(answerer) = door.answerer.get() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    match answerer(body).await {
        Answered::Json(json) => {
            ([(header::CONTENT_TYPE, "application/json")], json).into_response()
        }
        Answered::Elsewhere => StatusCode::ACCEPTED.into_response(),
        Answered::Unreadable => StatusCode::BAD_REQUEST.into_response(),
        Answered::Busy => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn read(body: Body) -> Result<Bytes, StatusCode> {
    let within = Duration::from_millis(BODY_WITHIN_MS);
    match tokio::time::timeout(within, to_bytes(body, BODY_MAX_BYTES)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use chrono::{DateTime, TimeDelta, Utc};
    use ed25519_dalek::{Signer as _, SigningKey};

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn headers(signature: &str, timestamp: &str) -> HeaderMap {
        let value = |text: &str| HeaderValue::from_str(text).expect("plain text");
        HeaderMap::from_iter([
            (SIGNATURE.parse().expect("a name"), value(signature)),
            (TIMESTAMP.parse().expect("a name"), value(timestamp)),
        ])
    }

    /// Whether a body that was signed at `signed_at` is let in at [`NOW`].
    fn let_in(signed_at: DateTime<Utc>, body: &[u8], change: impl Fn(&mut HeaderMap)) -> bool {
        let key = SigningKey::from_bytes(&[7; 32]);
        let door = Interactions::new(key.verifying_key(), Clock::manual(NOW));
        let timestamp = signed_at.timestamp().to_string();
        let signature = key.sign(&[timestamp.as_bytes(), b"{\"type\":1}"].concat());
        let mut headers = headers(&hex(&signature.to_bytes()), &timestamp);
        change(&mut headers);
        door.is_signed(&headers, body)
    }

    #[test]
    fn what_discord_has_signed_just_now_is_let_in() {
        let body = b"{\"type\":1}";
        let seconds = |s| NOW + TimeDelta::seconds(s);
        assert!(let_in(NOW, body, |_| {}));
        assert!(let_in(seconds(-SIGNED_WITHIN_S), body, |_| {}));
        assert!(!let_in(seconds(-SIGNED_WITHIN_S - 1), body, |_| {}));
        assert!(!let_in(seconds(SIGNED_WITHIN_S + 1), body, |_| {}));
    }

    #[test]
    fn what_was_changed_on_the_way_is_not() {
        let body = b"{\"type\":1}";
        assert!(!let_in(NOW, b"{\"type\":2}", |_| {}));
        for name in [SIGNATURE, TIMESTAMP] {
            assert!(!let_in(NOW, body, |headers| drop(headers.remove(name))));
            let long = "9".repeat(128);
            for value in [
                "",
                "1",
                "-",
                "zz",
                "ä",
                long.as_str(),
                "-9223372036854775808",
            ] {
                let value = HeaderValue::from_bytes(value.as_bytes()).expect("a value");
                assert!(!let_in(NOW, body, |headers| {
                    headers.insert(name, value.clone());
                }));
            }
        }
    }
}
