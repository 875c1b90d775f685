//! Rate limits: a bucket a route and channel, and one over everything.
//!
//! Pure: the time is an argument, and it is monotonic time, because a test that moves the clock
//! by hours has not been patient for hours. Invariant: every request takes exactly one place in
//! its bucket, and a refused one takes none.

pub(super) mod changes;
pub(super) mod holds;

use std::{collections::HashMap, time::Duration};
use tokio::time::Instant;

/// Requests a second over all routes; answers to interactions and their webhooks don't count.
const GLOBAL_MAX: u32 = 50;
/// Messages posted or edited in one channel within [`MESSAGE_WINDOW_S`].
const MESSAGES_MAX: u32 = 5;
const MESSAGE_WINDOW_S: u64 = 5;
/// Any other route, a second.
const OTHER_MAX: u32 = 50;
/// Buckets kept before those that ran out are thrown away.
const BUCKETS_MAX: usize = 4_096;

/// The windows of all buckets.
#[derive(Debug, Default)]
pub(super) struct Limits {
    buckets: HashMap<String, Window>,
    global: Option<Window>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    until: Instant,
    used: u32,
}

/// What the headers of an answer say about its bucket.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Standing {
    pub(super) limit: u32,
    pub(super) remaining: u32,
    pub(super) reset_after: Duration,
    pub(super) bucket: String,
    /// The request is refused; `true` if by the global limit.
    pub(super) refused: Option<bool>,
}

impl Limits {
    /// Takes a place for a request: `route` as in the documentation, `major` the channel, guild
    /// or webhook that the bucket is for.
    pub(super) fn take(
        &mut self,
        now: Instant,
        method: &str,
        route: &str,
        major: &str,
        counts_globally: bool,
    ) -> Standing {
        let (limit, window) = rate(method, route);
        let bucket = bucket(method, route);
        let key = format!("{bucket}:{major}");
        if self.buckets.len() > BUCKETS_MAX {
            self.buckets.retain(|_, window| window.until > now);
        }
        let mut mine = current(self.buckets.get(&key).copied(), now, window);
        let mut global = current(self.global, now, Duration::from_secs(1));
        let refused = if counts_globally && global.used >= GLOBAL_MAX {
            Some(true)
        } else if mine.used >= limit {
            Some(false)
        } else {
            mine.used += 1;
            global.used += u32::from(counts_globally);
            None
        };
        self.buckets.insert(key, mine);
        self.global = Some(global);
        let until = if refused == Some(true) {
            global.until
        } else {
            mine.until
        };
        Standing {
            limit,
            remaining: limit - mine.used.min(limit),
            reset_after: until - now,
            bucket,
            refused,
        }
    }
}

fn rate(method: &str, route: &str) -> (u32, Duration) {
    let of_messages = route.contains("/messages") || route.starts_with("/webhooks");
    if of_messages && matches!(method, "POST" | "PATCH") {
        (MESSAGES_MAX, Duration::from_secs(MESSAGE_WINDOW_S))
    } else {
        (OTHER_MAX, Duration::from_secs(1))
    }
}

fn current(window: Option<Window>, now: Instant, length: Duration) -> Window {
    window
        .filter(|window| window.until > now)
        .unwrap_or(Window {
            until: now + length,
            used: 0,
        })
}

/// The name of a route's bucket: short and opaque, as Discord's are.
pub(super) fn bucket(method: &str, route: &str) -> String {
    hash(&format!("{method}{route}"))
}

/// FNV-1a.
fn hash(text: &str) -> String {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    format!("{:016x}", text.bytes().fold(0xcbf2_9ce4_8422_2325, step))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EDIT: &str = "/channels/{channel_id}/messages/{message_id}";

    #[tokio::test]
    async fn sixth_edit_in_five_seconds_is_refused_in_its_channel_only() {
        let (mut limits, now) = (Limits::default(), Instant::now());
        for left in (0..5).rev() {
            let standing = limits.take(now, "PATCH", EDIT, "1", true);
            assert_eq!((standing.refused, standing.remaining), (None, left));
        }
        assert_eq!(
            limits.take(now, "PATCH", EDIT, "1", true).refused,
            Some(false)
        );
        assert_eq!(limits.take(now, "PATCH", EDIT, "2", true).refused, None);
        let later = now + Duration::from_secs(MESSAGE_WINDOW_S);
        assert_eq!(limits.take(later, "PATCH", EDIT, "1", true).refused, None);
    }

    #[tokio::test]
    async fn fifty_first_request_in_a_second_is_refused_globally() {
        let (mut limits, now) = (Limits::default(), Instant::now());
        for n in 0..GLOBAL_MAX {
            let major = n.to_string();
            assert_eq!(
                limits
                    .take(now, "GET", "/channels/{channel_id}", &major, true)
                    .refused,
                None
            );
        }
        assert_eq!(
            limits.take(now, "GET", "/users/@me", "", true).refused,
            Some(true)
        );
        assert_eq!(
            limits.take(now, "GET", "/users/@me", "", false).refused,
            None
        );
    }
}
