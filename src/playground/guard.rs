//! **Who is let in.** Every website that is open in a browser on this machine can make that browser send
//! requests to loopback; so can every other program.
//!
//! - `Host` must name this server. A foreign name that was made to resolve to 127.0.0.1 (DNS rebinding)
//!   makes a page same-origin with this server in the browser's eyes, but not its `Host`.
//! - `Origin`, which browsers send with WebSocket handshakes, forms, and whatever scripts ask of other
//!   origins, must be this server's own. Programs that are no browser send none (WHATWG Fetch, section
//!   "`Origin` header").
//! - `Sec-Fetch-Site`, which browsers send with every request to loopback, must not tell of another site; the
//!   page itself can be linked to (W3C Fetch Metadata, section "The `Sec-Fetch-Site` HTTP Request Header").
//! - `/client` needs the key that is drawn at each start: in the page's address first, then in a cookie
//!   that is not sent from other sites (RFC 6265bis, "Strict"); for programs, in the header [`KEY_HEADER`].
//!   The REST API and the gateway have Discord's own authorisation by the bot's token.
//!
//! May touch: nothing but requests and responses. Invariant: no handler sees a request that did not pass.

use super::state::Hub;
use axum::{
    Json,
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
        header::{self, AsHeaderName},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::json;
use std::{fmt, io, sync::Arc};

/// The header in which programs send the key of [`super::Discord::key`] with what they ask of `/client`.
pub const KEY_HEADER: &str = "x-playground-key";

/// Length of the key, in bytes.
const KEY_BYTES: usize = 16;
/// The port that `Host` and `Origin` leave out.
const HTTP_PORT: u16 = 80;
/// The names of a server that listens on loopback.
const NAMES: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

const FOREIGN_HOST: &str =
    "This request is for another host. Use the address that the playground printed.";
const FOREIGN_ORIGIN: &str = "Other websites have no access to the playground.";
const NO_KEY: &str = "The playground's key is missing or from an earlier start. Open the address that the playground printed \
     when it started.";

/// Headers of every response that has none of its own: nothing is guessed, embedded, or shown elsewhere.
const PROTECTION: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'; sandbox",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
];

/// What a request is checked against.
pub(super) struct Guard {
    /// What `Host` may be.
    hosts: Vec<String>,
    key: String,
    /// Cookies do not tell ports apart, so the name does.
    cookie: String,
}

/// The key is left out.
impl fmt::Debug for Guard {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_struct("Guard").finish_non_exhaustive()
    }
}

impl Guard {
    /// For a server on this port, with a new key.
    ///
    /// # Errors
    /// The operating system has no random bytes.
    pub(super) fn new(port: u16) -> io::Result<Self> {
        let mut bytes = [0; KEY_BYTES];
        SystemRandom::new()
            .fill(&mut bytes)
            .map_err(|_| io::Error::other("there are no random bytes"))?;
        let mut hosts: Vec<_> = NAMES.iter().map(|name| format!("{name}:{port}")).collect();
        if port == HTTP_PORT {
            hosts.extend(NAMES.map(str::to_owned));
        }
        Ok(Self {
            hosts,
            key: bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
            cookie: format!("playground_{port}"),
        })
    }

    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// Why a request is refused, if it is.
    fn refusal(&self, request: &Request) -> Option<&'static str> {
        let is_own = |host: &str| self.hosts.iter().any(|own| own.eq_ignore_ascii_case(host));
        let headers = request.headers();
        let Ok(Some(host)) = only(headers, header::HOST) else {
            return Some(FOREIGN_HOST);
        };
        let named = request.uri().authority();
        if !is_own(host) || named.is_some_and(|name| !is_own(name.as_str())) {
            return Some(FOREIGN_HOST);
        }
        let is_own_origin = match only(headers, header::ORIGIN) {
            Ok(None) => true,
            // The three names need not be the same server, so one has no access from the page of another.
            Ok(Some(origin)) => origin.strip_prefix("http://") == Some(host),
            Err(Repeated) => false,
        };
        let is_own_site = match only(headers, "sec-fetch-site") {
            Ok(None | Some("same-origin" | "none")) => true,
            _ => is_link_to_page(request),
        };
        (!is_own_origin || !is_own_site).then_some(FOREIGN_ORIGIN)
    }

    /// Whether the key comes with these headers.
    fn has_key(&self, headers: &HeaderMap) -> bool {
        let sent = headers.get_all(KEY_HEADER).iter();
        let mut sent = sent.filter_map(|value| value.to_str().ok());
        let cookies = headers.get_all(header::COOKIE).iter();
        let mut cookies = cookies
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|cookie| cookie.trim().split_once('='))
            .filter(|(name, _)| *name == self.cookie);
        sent.any(|key| self.is_key(key)) || cookies.any(|(_, key)| self.is_key(key))
    }

    /// Compares in a time that does not depend on where the texts differ.
    fn is_key(&self, text: &str) -> bool {
        let pairs = self.key.bytes().zip(text.bytes());
        let differing = pairs.fold(0, |bits, (own, other)| bits | (own ^ other));
        text.len() == self.key.len() && differing == 0
    }
}

/// A header is there more than once, or is no text.
struct Repeated;

/// The value of a header that may be there once.
fn only(headers: &HeaderMap, name: impl AsHeaderName) -> Result<Option<&str>, Repeated> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| Repeated),
        (Some(_), Some(_)) => Err(Repeated),
    }
}

/// Whether a browser goes to the page as a whole, not in a frame. The page alone tells nothing.
fn is_link_to_page(request: &Request) -> bool {
    let is = |name: &'static str, text: &str| matches!(only(request.headers(), name), Ok(Some(value)) if value == text);
    request.method() == Method::GET
        && request.uri().path() == "/"
        && is("sec-fetch-mode", "navigate")
        && is("sec-fetch-dest", "document")
}

/// Refuses what comes for another host or from another website, and adds the headers of [`PROTECTION`].
pub(super) async fn check(State(hub): State<Arc<Hub>>, request: Request, next: Next) -> Response {
    let mut response = match hub.guard.refusal(&request) {
        Some(sentence) => refuse(StatusCode::FORBIDDEN, sentence),
        None => next.run(request).await,
    };
    for (name, value) in PROTECTION {
        let entry = response.headers_mut().entry(name);
        entry.or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Refuses what comes without the key.
pub(super) async fn require_key(
    State(hub): State<Arc<Hub>>,
    request: Request,
    next: Next,
) -> Response {
    if hub.guard.has_key(request.headers()) {
        next.run(request).await
    } else {
        refuse(StatusCode::UNAUTHORIZED, NO_KEY)
    }
}

/// Exchanges the key of the page's address for a cookie; `None` for an address without one.
pub(super) fn exchange(guard: &Guard, query: &str) -> Option<Response> {
    let key = query.split('&').find_map(|it| it.strip_prefix("key="))?;
    if !guard.is_key(key) {
        return Some((StatusCode::UNAUTHORIZED, NO_KEY).into_response());
    }
    let cookie = format!(
        "{}={}; Path=/; HttpOnly; SameSite=Strict",
        guard.cookie, guard.key
    );
    let headers = [
        (header::LOCATION, "/".to_owned()),
        (header::SET_COOKIE, cookie),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Some((StatusCode::SEE_OTHER, headers).into_response())
}

fn refuse(status: StatusCode, sentence: &str) -> Response {
    (status, Json(json!({"error": sentence}))).into_response()
}
