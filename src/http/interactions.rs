//! `POST /interactions`: what people do, as Discord delivers it over HTTP instead of the gateway.
//!
//! May touch: the request and the clock. Invariant: nothing in a request is looked at, or logged, before
//! its signature is found to be Discord's; what is not, or not of this moment, is answered 401, counted,
//! and logged once a minute.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Extension;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ed25519_dalek::{Signature, VerifyingKey};
use tokio::time::Instant;

use super::Limits;
use super::serve::Client;
use crate::clock::Clock;
use crate::metrics::{Metrics, NotTaken};
use crate::once_a_minute::OnceAMinute;

/// A body larger than this is refused, in bytes. The largest that Discord sends, a form of five
/// full fields with the message it was opened from, is about half of it.
pub const BODY_MAX_BYTES: usize = 256 * 1024;
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

    /// Checks that the owner of the key has signed this body, and then that it was just now.
    fn check(&self, signed: &Signed<'_>, body: &[u8]) -> Result<(), Refused> {
        let message = [signed.timestamp.as_bytes(), body].concat();
        let verified = self.key.verify_strict(&message, &signed.signature);
        verified.map_err(|_| Refused::Signature)?;
        let seconds = signed.timestamp.parse().ok();
        let age_s = seconds.and_then(|at| self.clock.now().timestamp().checked_sub(at));
        match age_s {
            Some(age_s) if age_s.unsigned_abs() <= SIGNED_WITHIN_S.unsigned_abs() => Ok(()),
            Some(age_s) => Err(Refused::Age { age_s }),
            None => Err(Refused::Signature),
        }
    }
}

/// What the headers of a request say of its signature.
struct Signed<'h> {
    timestamp: &'h str,
    signature: Signature,
}

impl<'h> Signed<'h> {
    fn of(headers: &'h HeaderMap) -> Result<Self, Refused> {
        let text = |name| headers.get(name)?.to_str().ok();
        let signature = text(SIGNATURE).and_then(bytes);
        match (text(TIMESTAMP), signature) {
            (Some(timestamp), Some(signature)) => Ok(Self {
                timestamp,
                signature: Signature::from_bytes(&signature),
            }),
            _ => Err(Refused::Unsigned),
        }
    }
}

/// Why a request is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refused {
    /// Its headers have no signature, or what cannot be one.
    Unsigned,
    /// The signature is not Discord's, or of another body or time.
    Signature,
    /// It was signed too long ago, or is of the future.
    Age { age_s: i64 },
    /// The body is too large.
    Size,
    /// The body did not come in time.
    Late,
}

impl Refused {
    fn status(self) -> StatusCode {
        match self {
            Self::Unsigned | Self::Signature | Self::Age { .. } => StatusCode::UNAUTHORIZED,
            Self::Size => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Late => StatusCode::REQUEST_TIMEOUT,
        }
    }

    fn reason(self) -> NotTaken {
        match self {
            Self::Unsigned => NotTaken::Unsigned,
            Self::Signature => NotTaken::Signature,
            Self::Age { .. } => NotTaken::Age,
            Self::Size => NotTaken::Size,
            Self::Late => NotTaken::Late,
        }
    }
}

/// The door as it is reached over HTTP: with deadlines, and a count of what is refused. Cheap to
/// clone.
#[derive(Clone)]
pub(super) struct Entrance {
    door: Interactions,
    body_within: Duration,
    metrics: Metrics,
    logged: Arc<Logged>,
}

#[derive(Debug, Default)]
struct Logged {
    refused: OnceAMinute,
    /// Apart from the others: only Discord can cause it, and the operator has to act.
    not_of_now: OnceAMinute,
}

impl Entrance {
    pub(super) fn new(door: Interactions, limits: Limits, metrics: Metrics) -> Self {
        Self {
            door,
            body_within: limits.body_within,
            metrics,
            logged: Arc::default(),
        }
    }

    /// The body of a request that Discord has signed just now.
    async fn read(&self, request: Request) -> Result<Bytes, Refused> {
        let (parts, body) = request.into_parts();
        let signed = Signed::of(&parts.headers)?;
        let read = tokio::time::timeout(self.body_within, to_bytes(body, BODY_MAX_BYTES));
        let body = match read.await {
            Ok(Ok(body)) => body,
            Ok(Err(_)) => return Err(Refused::Size),
            Err(_) => return Err(Refused::Late),
        };
        self.door.check(&signed, &body)?;
        Ok(body)
    }

    fn refuse(&self, refused: Refused) -> Response {
        self.metrics.interaction_not_taken(refused.reason());
        let now = Instant::now();
        if let Refused::Age { age_s } = refused {
            if let Some(count) = self.logged.not_of_now.count(now) {
                tracing::warn!(
                    age_s,
                    count,
                    "refused interactions that Discord has signed at another time; check the clock"
                );
            }
        } else if let Some(count) = self.logged.refused.count(now) {
            let latest = refused.reason().as_str();
            tracing::warn!(latest, count, "refused requests that are not Discord's");
        }
        refused.status().into_response()
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

pub(super) async fn receive(
    State(entrance): State<Entrance>,
    Extension(client): Extension<Client>,
    request: Request,
) -> Response {
    let body = match entrance.read(request).await {
        Ok(body) => body,
        Err(refused) => return entrance.refuse(refused),
    };
    let Some(answerer) = entrance.door.answerer.get() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let _kept_open = client.activity.answer();
    match answerer(body).await {
        Answered::Json(json) => {
            ([(header::CONTENT_TYPE, "application/json")], json).into_response()
        }
        Answered::Elsewhere => StatusCode::ACCEPTED.into_response(),
        Answered::Unreadable => StatusCode::BAD_REQUEST.into_response(),
        Answered::Busy => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::serve::serve;
    use crate::metrics::Snapshot;
    use axum::Router;
    use axum::http::HeaderValue;
    use axum::routing::post;
    use chrono::{DateTime, TimeDelta, Utc};
    use ed25519_dalek::{Signer as _, SigningKey};
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
    use tokio::net::{TcpListener, TcpStream};
    use tokio_util::sync::CancellationToken;

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
    fn let_in(
        signed_at: DateTime<Utc>,
        body: &[u8],
        change: impl Fn(&mut HeaderMap),
    ) -> Result<(), Refused> {
        let key = SigningKey::from_bytes(&[7; 32]);
        let door = Interactions::new(key.verifying_key(), Clock::manual(NOW));
        let timestamp = signed_at.timestamp().to_string();
        let signature = key.sign(&[timestamp.as_bytes(), b"{\"type\":1}"].concat());
        let mut headers = headers(&hex(&signature.to_bytes()), &timestamp);
        change(&mut headers);
        Signed::of(&headers).and_then(|signed| door.check(&signed, body))
    }

    #[test]
    fn what_discord_has_signed_just_now_is_let_in() {
        let body = b"{\"type\":1}";
        let seconds = |s| NOW + TimeDelta::seconds(s);
        assert_eq!(let_in(NOW, body, |_| {}), Ok(()));
        for age_s in [SIGNED_WITHIN_S, -SIGNED_WITHIN_S] {
            assert_eq!(let_in(seconds(-age_s), body, |_| {}), Ok(()));
            let age_s = age_s + age_s.signum();
            let refused = let_in(seconds(-age_s), body, |_| {});
            assert_eq!(refused, Err(Refused::Age { age_s }));
        }
    }

    #[test]
    fn what_was_changed_on_the_way_is_not() {
        let body = b"{\"type\":1}";
        let refused = let_in(NOW, b"{\"type\":2}", |_| {});
        assert_eq!(refused, Err(Refused::Signature));
        // Strangers never see, or cause, what only the clock can be wrong about.
        let years_ago = DateTime::UNIX_EPOCH - TimeDelta::days(10_000);
        let refused = let_in(years_ago, b"{\"type\":2}", |_| {});
        assert_eq!(refused, Err(Refused::Signature));
        for name in [SIGNATURE, TIMESTAMP] {
            let refused = let_in(NOW, body, |headers| drop(headers.remove(name)));
            assert_eq!(refused, Err(Refused::Unsigned));
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
                let refused = let_in(NOW, body, |headers| {
                    headers.insert(name, value.clone());
                });
                let refused = refused.expect_err("it is not signed");
                assert!([Refused::Unsigned, Refused::Signature].contains(&refused));
            }
        }
    }

    /// What a request with this head and body gets, at a door with a short time for bodies.
    async fn asked(head: &str, body: &str) -> (String, Metrics) {
        let key = SigningKey::from_bytes(&[7; 32]);
        let door = Interactions::new(key.verifying_key(), Clock::manual(NOW));
        let metrics = Metrics::default();
        let limits = Limits {
            body_within: Duration::from_millis(10),
            ..Limits::default()
        };
        let entrance = Entrance::new(door, limits, metrics.clone());
        let route = post(receive).with_state(entrance);
        let router = Router::new().route("/interactions", route);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let leaving = CancellationToken::new();
        let served = serve(listener, router, limits, metrics.clone(), leaving);
        let served = tokio::spawn(served);
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        let request = format!("POST /interactions HTTP/1.1\r\nHost: here\r\n{head}\r\n{body}");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut told = String::new();
        let mut lines = BufReader::new(stream);
        lines.read_line(&mut told).await.expect("an answer");
        served.abort();
        (told, metrics)
    }

    fn count(metrics: &Metrics, reason: &str) -> bool {
        let line = format!("http_interactions_refused_total{{reason=\"{reason}\"}} 1");
        metrics.text(&Snapshot::default()).contains(&line)
    }

    #[tokio::test]
    async fn a_body_that_does_not_come_is_not_waited_for() {
        let signature = "0".repeat(128);
        let head = format!("{SIGNATURE}: {signature}\r\n{TIMESTAMP}: 0\r\nContent-Length: 10\r\n");
        let (told, metrics) = asked(&head, "12345").await;
        assert!(told.contains(" 408 "), "{told}");
        assert!(count(&metrics, "late"));
    }

    #[tokio::test]
    async fn what_is_not_signed_is_refused_before_its_body_is_read() {
        let (told, metrics) = asked("Content-Length: 10\r\n", "").await;
        assert!(told.contains(" 401 "), "{told}");
        assert!(count(&metrics, "unsigned"));
    }
}
