//! Answers about rate limits: the headers of every answer, and the 429s.
//!
//! Invariant: `X-RateLimit-Scope` and `-Global` are on 429s only; one of the global limit says nothing
//! of a bucket; Cloudflare's is no JSON and has none of them ("Rate Limits", *Header Format* and
//! *Exceeding A Rate Limit*).

use super::{
    super::{
        limits::{
            Standing,
            changes::TooEarly,
            holds::{Asked, Hold, Kind, Now, Until},
        },
        state::{Hub, Planned429},
    },
    Call,
};
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// A change has to wait for longer than this, in seconds, only for limits that go by the clock.
const CLOCK_WAIT_MIN_S: u64 = 30;

/// The present time.
pub(super) fn now(hub: &Hub) -> Now {
    Now {
        instant: Instant::now(),
        clock: hub.clock.now(),
    }
}

/// A call, as far as limits are concerned.
pub(super) fn asked(call: &Call, route: &'static str, is_callback: bool) -> Asked {
    let majors = ["channel_id", "guild_id", "webhook_token", "interaction_id"];
    let major = majors.iter().find_map(|name| call.params.get(name));
    Asked {
        method: call.method.to_string(),
        route,
        major: major.cloned().unwrap_or_default(),
        is_callback,
    }
}

/// Refuses a call as a test has planned it.
pub(super) fn planned(hub: &Hub, asked: Asked, planned: Planned429) -> Response {
    let now = now(hub);
    let wait = match planned.kind {
        // Its answer has no body that could be more precise than the header.
        Kind::Cloudflare => Duration::from_secs_f64(planned.retry_after.as_secs_f64().ceil()),
        _ => planned.retry_after,
    };
    let until = Until::Instant(now.instant + wait);
    let hold = Hold {
        is_named: planned.is_named,
        is_planned: true,
        ..Hold::new(planned.kind, asked, until, now)
    };
    let response = again(hub, &hold);
    hub.state().holds.hold(hold);
    response
}

/// The answer to whatever a planned 429 covers, as long as it holds.
pub(super) fn again(hub: &Hub, hold: &Hold) -> Response {
    let wait = hold.left(now(hub)).unwrap_or_default();
    if hold.kind == Kind::Cloudflare {
        let page = Html("<!doctype html><title>Access denied</title>\n<h1>Error 1015</h1>\n");
        let mut response = (StatusCode::TOO_MANY_REQUESTS, page).into_response();
        tell(&mut response, "server", "cloudflare");
        tell(&mut response, "retry-after", &whole_seconds(wait));
        return response;
    }
    let mut response = refusal(wait, hold.kind);
    if hold.is_named && hold.kind != Kind::Global {
        // Of a resource others may use, something can be left for this bot.
        let remaining = if hold.kind == Kind::Shared { 9 } else { 0 };
        let standing = Standing {
            limit: 10,
            remaining,
            reset_after: wait,
            bucket: super::super::limits::bucket(&hold.asked.method, hold.asked.route),
            refused: None,
        };
        tell_standing(hub, &mut response, &standing);
    }
    response
}

/// Refuses a call because its bucket, or all of them together, are used up.
pub(super) fn used_up(hub: &Hub, asked: Asked, standing: &Standing, global: bool) -> Response {
    let now = now(hub);
    let kind = if global { Kind::Global } else { Kind::User };
    let until = Until::Instant(now.instant + standing.reset_after);
    hub.state().holds.hold(Hold {
        is_named: !global,
        ..Hold::new(kind, asked, until, now)
    });
    refusal(standing.reset_after, kind)
}

/// Refuses a change that came too early. It is told by nothing but itself.
pub(super) fn too_early(hub: &Hub, asked: Asked, early: &TooEarly) -> Response {
    let now = now(hub);
    let until = if early.wait > Duration::from_secs(CLOCK_WAIT_MIN_S) {
        Until::Clock(now.clock + early.wait)
    } else {
        Until::Instant(now.instant + early.wait)
    };
    let hold = Hold::new(Kind::User, asked, until, now);
    hub.state().holds.hold(hold);
    let wait = early.wait.as_secs_f64();
    let mut body = json!({"message": early.message, "retry_after": wait, "global": false});
    if let Some(code) = early.code {
        body["code"] = json!(code);
    }
    let mut response = (StatusCode::TOO_MANY_REQUESTS, Json(body)).into_response();
    tell(&mut response, "retry-after", &whole_seconds(early.wait));
    tell(&mut response, "x-ratelimit-scope", "user");
    response
}

/// What every answer says about its bucket.
pub(super) fn tell_standing(hub: &Hub, response: &mut Response, standing: &Standing) {
    let after = standing.reset_after.as_secs_f64();
    let now_ms = hub.clock.now().timestamp_millis();
    #[expect(
        clippy::cast_precision_loss,
        reason = "a time in seconds, to the millisecond"
    )]
    let at = now_ms as f64 / 1_000.0 + after;
    let (limit, left) = (standing.limit.to_string(), standing.remaining.to_string());
    tell(response, "x-ratelimit-limit", &limit);
    tell(response, "x-ratelimit-remaining", &left);
    tell(response, "x-ratelimit-reset", &format!("{at:.3}"));
    tell(response, "x-ratelimit-reset-after", &format!("{after:.3}"));
    tell(response, "x-ratelimit-bucket", &standing.bucket);
}

/// Counts an answer that is invalid, and marks every one that comes from Discord's API: Cloudflare's own
/// have no `Via`, by which clients tell them apart (discord.py, `http.py`).
pub(super) fn count(hub: &Hub, response: &mut Response) {
    let name = |name| {
        response
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let is_cloudflare = name("server") == Some("cloudflare");
    let (status, scope) = (response.status().as_u16(), name("x-ratelimit-scope"));
    hub.state().holds.count(status, scope);
    // What its clock shows (RFC 9110, section 6.6.1); the server would else put the machine's there.
    let date = hub
        .clock
        .now()
        .format("%a, %d %b %Y %H:%M:%S GMT")
        .to_string();
    tell(response, header::DATE.as_str(), &date);
    if !is_cloudflare {
        tell(response, header::VIA.as_str(), "1.1 google");
    }
}

/// An answer that breaks off.
pub(super) fn torn() -> Response {
    let broken = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    let parts = [Ok("{"), Err(broken)];
    let body = axum::body::Body::from_stream(futures_util::stream::iter(parts));
    (StatusCode::OK, body).into_response()
}

/// The answer that a fault puts in the place of any other.
pub(super) fn faulty(status: u16, code: u64) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = json!({"message": status.to_string(), "code": code});
    (status, Json(body)).into_response()
}

/// A refusal in which Discord's sentence about a field quotes the body.
pub(super) fn quoting_body(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let message = format!("Value \"{body}\" is not snowflake.");
    let errors = json!({"data": {"_errors": [{"code": "NUMBER_TYPE_COERCE", "message": message}]}});
    let body = json!({"message": "Invalid Form Body", "code": 50035, "errors": errors});
    (status, Json(body)).into_response()
}

/// A proxy's page that repeats the address.
pub(super) fn quoting_path(status: u16, path: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::NOT_FOUND);
    (status, format!("<pre>Cannot serve {path}</pre>")).into_response()
}

fn refusal(wait: Duration, kind: Kind) -> Response {
    let message = match kind {
        Kind::Shared => "The resource is being rate limited.",
        _ => "You are being rate limited.",
    };
    let global = kind == Kind::Global;
    let retry_after = wait.as_secs_f64();
    let body = json!({"message": message, "retry_after": retry_after, "global": global});
    let mut response = (StatusCode::TOO_MANY_REQUESTS, Json(body)).into_response();
    tell(&mut response, "retry-after", &whole_seconds(wait));
    tell(&mut response, "x-ratelimit-scope", kind.as_str());
    if global {
        tell(&mut response, "x-ratelimit-global", "true");
    }
    response
}

fn whole_seconds(wait: Duration) -> String {
    wait.as_secs_f64().ceil().to_string()
}

fn tell(response: &mut Response, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
