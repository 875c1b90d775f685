//! Who comes back too early after a 429, and how many requests were invalid.
//!
//! Pure: the time is an argument. Invariant: what a 429 covers, and for how long, is what its own answer
//! says, as Discord documents it ("Rate Limits", *Header Format*, *Exceeding A Rate Limit*, *Global Rate
//! Limit*, *Invalid Request Limit aka Cloudflare bans*).

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tokio::time::Instant;

/// What was sent before a 429 was read comes in up to this much later, in milliseconds.
const EN_ROUTE_MS: u64 = 200;
/// Breaches that are remembered; all are counted.
const BREACHES_MAX: usize = 100;
/// Holds that are remembered before those that are over are thrown away.
const HOLDS_MAX: usize = 1_024;

/// What a 429 is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::playground) enum Kind {
    /// The route or bucket, for this bot.
    User,
    /// The route or bucket, for everybody. It does not count as invalid.
    Shared,
    /// Everything but acknowledgements of interactions: "Interaction endpoints are not bound to the
    /// bot's Global Rate Limit". Followups are, to be on the safe side.
    Global,
    /// Everything from the address: the answer of what stands before Discord's API.
    Cloudflare,
}

impl Kind {
    /// The kind of this name.
    pub(in crate::playground) fn of(name: &str) -> Option<Self> {
        match name {
            "user" => Some(Self::User),
            "shared" => Some(Self::Shared),
            "global" => Some(Self::Global),
            "cloudflare" => Some(Self::Cloudflare),
            _ => None,
        }
    }

    /// Its name.
    pub(in crate::playground) fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Shared => "shared",
            Self::Global => "global",
            Self::Cloudflare => "cloudflare",
        }
    }
}

/// A request, as far as limits are concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::playground) struct Asked {
    pub(in crate::playground) method: String,
    pub(in crate::playground) route: &'static str,
    /// The channel, guild, webhook token or interaction that it is about.
    pub(in crate::playground) major: String,
    /// It acknowledges an interaction.
    pub(in crate::playground) is_callback: bool,
}

/// Until when a 429 holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::playground) enum Until {
    /// In real time.
    Instant(Instant),
    /// By the clock, which a story moves.
    Clock(DateTime<Utc>),
}

/// The present time, in both.
#[derive(Clone, Copy, Debug)]
pub(in crate::playground) struct Now {
    pub(in crate::playground) instant: Instant,
    pub(in crate::playground) clock: DateTime<Utc>,
}

/// A 429 that was answered.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::playground) struct Hold {
    pub(in crate::playground) kind: Kind,
    pub(in crate::playground) asked: Asked,
    /// Its answer names a bucket. One to an acknowledgement that does not may be about all of them.
    pub(in crate::playground) is_named: bool,
    /// A test has planned it: until it is over everything that it covers is refused. Others come from a
    /// limit that goes on refusing by itself.
    pub(in crate::playground) is_planned: bool,
    pub(in crate::playground) until: Until,
    pub(in crate::playground) since: Instant,
}

impl Hold {
    pub(in crate::playground) fn new(kind: Kind, asked: Asked, until: Until, now: Now) -> Self {
        Self {
            kind,
            asked,
            is_named: false,
            is_planned: false,
            until,
            since: now.instant,
        }
    }

    fn covers(&self, asked: &Asked) -> bool {
        match self.kind {
            Kind::Cloudflare => true,
            Kind::Global if !asked.is_callback => true,
            Kind::Global | Kind::User | Kind::Shared => {
                let any_major = asked.is_callback && !self.is_named;
                self.asked.method == asked.method
                    && self.asked.route == asked.route
                    && (any_major || self.asked.major == asked.major)
            }
        }
    }

    /// For how long it still holds; `None` if it is over.
    pub(in crate::playground) fn left(&self, now: Now) -> Option<Duration> {
        let left = match self.until {
            Until::Instant(until) => until.saturating_duration_since(now.instant),
            Until::Clock(until) => (until - now.clock).to_std().unwrap_or_default(),
        };
        (!left.is_zero()).then_some(left)
    }
}

/// All 429s that still hold, and what was done wrong.
#[derive(Debug, Default)]
pub(in crate::playground) struct Holds {
    holds: Vec<Hold>,
    breaches: VecDeque<Value>,
    breaches_made: u64,
    invalid: HashMap<&'static str, u64>,
}

impl Holds {
    /// A request has come in. What it comes back too early for, if a test has planned that.
    pub(in crate::playground) fn come(&mut self, asked: &Asked, now: Now) -> Option<Hold> {
        self.holds.retain(|hold| hold.left(now).is_some());
        let mut again = None;
        for hold in self.holds.iter().filter(|hold| hold.covers(asked)) {
            let en_route = Duration::from_millis(EN_ROUTE_MS);
            if now.instant - hold.since > en_route {
                self.breaches_made += 1;
                self.breaches.push_back(json!({
                    "method": asked.method, "route": asked.route, "major": asked.major,
                    "kind": hold.kind.as_str(),
                    "too_early_ms": hold.left(now).map(|left| left.as_secs_f64() * 1_000.0),
                }));
            }
            if hold.is_planned {
                again = Some(hold.clone());
            }
        }
        while self.breaches.len() > BREACHES_MAX {
            self.breaches.pop_front();
        }
        again
    }

    /// A 429 was answered.
    pub(in crate::playground) fn hold(&mut self, hold: Hold) {
        // One that is told again begins no new time to be en route in.
        let known = self.holds.iter().any(|known| {
            known.kind == hold.kind && known.asked == hold.asked && known.until == hold.until
        });
        if !known && self.holds.len() < HOLDS_MAX {
            self.holds.push(hold);
        }
    }

    /// Counts an answer, if it is one that Discord bans addresses for: 401, 403, and 429 but those of
    /// scope `shared`; by the name under which it is told.
    pub(in crate::playground) fn count(&mut self, status: u16, scope: Option<&str>) {
        let name = match (status, scope) {
            (401, _) => "unauthorized",
            (403, _) => "forbidden",
            (429, Some("shared")) => return,
            (429, _) => "limited",
            _ => return,
        };
        *self.invalid.entry(name).or_default() += 1;
    }

    /// What was done wrong so far.
    pub(in crate::playground) fn tell(&self) -> Value {
        let count = |name| self.invalid.get(name).copied().unwrap_or(0);
        json!({
            "breaches_made": self.breaches_made, "breaches": self.breaches,
            "invalid": {
                "unauthorized": count("unauthorized"), "forbidden": count("forbidden"),
                "limited": count("limited"), "all": self.invalid.values().sum::<u64>(),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALLBACK: &str = "/interactions/{interaction_id}/{interaction_token}/callback";
    const MESSAGES: &str = "/channels/{channel_id}/messages";

    fn asked(route: &'static str, major: &str) -> Asked {
        Asked {
            method: "POST".into(),
            route,
            major: major.into(),
            is_callback: route == CALLBACK,
        }
    }

    fn at(start: Instant, ms: u64) -> Now {
        Now {
            instant: start + Duration::from_millis(ms),
            clock: DateTime::UNIX_EPOCH,
        }
    }

    /// Whether this request, 500 ms after such a 429 of a second, is a breach.
    fn is_breach(kind: Kind, refused: &Asked, is_named: bool, then: &Asked) -> bool {
        let (mut holds, start) = (Holds::default(), Instant::now());
        let until = Until::Instant(start + Duration::from_secs(1));
        holds.hold(Hold {
            is_named,
            ..Hold::new(kind, refused.clone(), until, at(start, 0))
        });
        holds.come(then, at(start, EN_ROUTE_MS));
        assert_eq!(holds.breaches_made, 0, "it may have been sent before");
        holds.come(then, at(start, 500));
        let made = holds.breaches_made;
        holds.come(then, at(start, 1_000));
        assert_eq!(holds.breaches_made, made, "it is over");
        made > 0
    }

    #[test]
    fn each_kind_covers_what_discord_says() {
        let (here, there) = (asked(MESSAGES, "1"), asked(MESSAGES, "2"));
        let (click, other_click) = (asked(CALLBACK, "1"), asked(CALLBACK, "2"));
        for kind in [Kind::User, Kind::Shared] {
            assert!(is_breach(kind, &here, true, &here));
            assert!(!is_breach(kind, &here, false, &there));
            assert!(!is_breach(kind, &here, true, &click));
            assert!(is_breach(kind, &click, true, &click));
            assert!(!is_breach(kind, &click, true, &other_click));
            assert!(is_breach(kind, &click, false, &other_click));
        }
        assert!(is_breach(Kind::Global, &here, false, &there));
        assert!(!is_breach(Kind::Global, &here, false, &click));
        assert!(is_breach(Kind::Global, &click, false, &click));
        for then in [&here, &there, &click, &other_click] {
            assert!(is_breach(Kind::Cloudflare, &here, false, then));
        }
    }

    #[test]
    fn invalid_requests_are_those_that_discord_counts() {
        let mut holds = Holds::default();
        for (status, scope) in [
            (401, None),
            (403, None),
            (429, None),
            (429, Some("user")),
            (429, Some("shared")),
            (404, None),
            (200, None),
        ] {
            holds.count(status, scope);
        }
        assert_eq!(holds.tell()["invalid"]["all"], 4);
    }
}
