//! One bucket: how many more requests it takes, and until when.
//!
//! Pure. Invariant: of requests whose answers have not come, each counts as not counted by Discord
//! yet, so that a bucket is rather used too little than too much.

use std::time::Duration;

use tokio::time::Instant;

use super::Gate;

/// Answers of one window tell its end with a difference of up to this, in milliseconds: what they were
/// on their way. What ends later than that is a new window.
const SAME_WINDOW_MS: u64 = 250;

/// What the headers of an answer say about its bucket.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::discord::rest) struct Told {
    /// `X-RateLimit-Bucket`.
    pub(in crate::discord::rest) name: Option<String>,
    /// `X-RateLimit-Limit`, `X-RateLimit-Remaining` and `X-RateLimit-Reset-After`, if all are there.
    pub(in crate::discord::rest) window: Option<(u32, u32, Duration)>,
}

/// A bucket, as far as it is known.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    window: Option<Window>,
    /// Some answer has come, so that a bucket without a window has no limit that Discord tells of.
    is_answered: bool,
    in_flight: u32,
    refused_until: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    limit: u32,
    remaining: u32,
    /// `None` if it begins with the next request.
    resets: Option<Instant>,
}

impl Bucket {
    pub(super) fn gate(&self, now: Instant) -> Gate {
        if let Some(until) = self.refused_until.filter(|until| *until > now) {
            return Gate::Until(until);
        }
        match self.window {
            None if self.is_answered || self.in_flight == 0 => Gate::Open,
            // The first answer tells how many may go at once.
            None => Gate::AfterAnswer,
            Some(window) => match window.resets {
                Some(resets) if resets > now => match window.remaining {
                    0 => Gate::Until(resets),
                    _ => Gate::Open,
                },
                Some(_) if self.in_flight < window.limit => Gate::Open,
                // With nothing under way no answer would ever tell more: those of gateways have no headers.
                None if window.remaining > 0 || self.in_flight == 0 => Gate::Open,
                _ => Gate::AfterAnswer,
            },
        }
    }

    pub(super) fn take(&mut self, now: Instant) {
        if let Some(window) = &mut self.window {
            if window.resets.is_some_and(|resets| resets <= now) {
                window.remaining = window.limit.saturating_sub(self.in_flight);
                window.resets = None;
            }
            window.remaining = window.remaining.saturating_sub(1);
        }
        self.in_flight += 1;
    }

    /// A request is not under way any more.
    pub(super) fn give_back(&mut self, is_lost: bool) {
        self.in_flight = self.in_flight.saturating_sub(1);
        let begins = |window: Window| window.resets.is_none();
        // Whether Discord has counted it is unknown; the next answer tells.
        if is_lost && self.in_flight == 0 && self.window.is_some_and(begins) {
            self.window = None;
            self.is_answered = false;
        }
    }

    pub(super) fn learn(&mut self, now: Instant, told: &Told) {
        self.is_answered = true;
        let Some((limit, remaining, reset_after)) = told.window else {
            return;
        };
        let (remaining, told_resets) =
            (remaining.saturating_sub(self.in_flight), now + reset_after);
        let same = Duration::from_millis(SAME_WINDOW_MS);
        let (remaining, resets) = match self.window {
            Some(Window {
                remaining: known,
                resets: None,
                ..
            }) => (known.min(remaining), told_resets),
            Some(Window {
                remaining: known,
                resets: Some(resets),
                ..
            }) if resets > now && told_resets <= resets + same => {
                (known.min(remaining), told_resets.max(resets))
            }
            _ => (remaining, told_resets),
        };
        self.window = Some(Window {
            // A bucket that takes none at all would never be asked again.
            limit: limit.max(1),
            remaining,
            resets: Some(resets),
        });
    }

    pub(super) fn refuse_until(&mut self, until: Instant) {
        self.is_answered = true;
        self.refused_until = self.refused_until.max(Some(until));
    }

    /// Whether forgetting it would change anything.
    pub(super) fn matters(&self, now: Instant) -> bool {
        let ends = self.window.and_then(|window| window.resets);
        let is_used = self.window.is_some_and(|window| window.resets.is_none());
        self.in_flight > 0
            || is_used
            || ends.is_some_and(|ends| ends > now)
            || self.refused_until.is_some_and(|until| until > now)
    }
}
