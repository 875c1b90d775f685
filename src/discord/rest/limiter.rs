//! Which request may be sent when, from what Discord has answered so far.
//!
//! Pure: the time is an argument. Invariant: nothing is sent that Discord has said it would refuse:
//! not into a bucket that is used up, not before the `Retry-After` of a 429 is over, and not once the
//! budget of invalid requests is spent.
//!
//! Discord documents all of it under "Rate Limits": the headers, the three scopes of a 429, the limit
//! over everything (to which the endpoints of interactions are not bound), and the limit of invalid
//! requests, beyond which it bans the address.

use std::collections::{HashMap, VecDeque};
use std::num::NonZeroUsize;
use std::time::Duration;

use tokio::time::Instant;

mod bucket;
mod route;

use bucket::Bucket;
pub(super) use bucket::Told;
pub(super) use route::{Class, Route};

/// Requests in one second, over all routes but those of interactions, of all processes together. Each
/// counts until a second after its answer, since nobody knows when it arrives. Discord's limit is 50.
const GLOBAL_PER_SECOND_MAX: usize = 45;
/// Invalid requests (401, 403, 429 but those of scope `shared`) within [`INVALID_WINDOW_S`] at which
/// nothing more is sent, of all processes together. Discord bans the address at 10,000.
pub(super) const INVALID_MAX: usize = 1_000;
/// Of these, how many only acknowledgements of interactions may still cause.
pub(super) const INVALID_RESERVED: usize = 200;
/// The window of [`INVALID_MAX`], in seconds.
const INVALID_WINDOW_S: u64 = 10 * 60;
/// After a 401 the token is not used again for this long, in seconds.
const TOKEN_REFUSED_S: u64 = 10 * 60;
/// Buckets kept before those that say nothing any more are dropped.
const BUCKETS_MAX: usize = 4_096;

/// Whether a request may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    /// Now.
    Open,
    /// Not before this.
    Until(Instant),
    /// Not before another answer has come.
    AfterAnswer,
    /// Not within a time that is worth waiting for: the budget of invalid requests is spent until
    /// then.
    Spent(Instant),
    /// The token was refused.
    TokenRefused,
}

/// What a 429 covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cover {
    /// The bucket or route, for this bot.
    User,
    /// The bucket or route, for everybody. Does not count as invalid.
    Shared,
    /// Everything but acknowledgements of interactions.
    Global,
    /// Everything: it did not come from Discord's API, but from what stands before it.
    Address,
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ended {
    /// With an answer that lets the next one through.
    Answered(Told),
    /// With a 429.
    Limited {
        /// What it covers.
        cover: Cover,
        /// For how long.
        retry_after: Duration,
        /// What it says about its bucket.
        told: Told,
    },
    /// With a 401 to the bot's token.
    TokenRefused,
    /// With a 403, or a 401 to another token.
    Forbidden(Told),
    /// Without an answer.
    Lost,
}

/// What changed for all requests, to be logged once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LimitChange {
    /// All but acknowledgements wait for this long.
    GlobalLimit(Duration),
    /// All wait for this long.
    AddressBlocked(Duration),
    /// All but acknowledgements are given up for this long.
    BudgetSpent(Duration),
    /// The token was refused, and is not used for this long.
    TokenRefused(Duration),
    /// Requests go on.
    Resumed,
}

/// A request that was let through, to be given back with its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pass {
    bucket: Option<u64>,
    /// Whether it counts in the limit over everything.
    is_counted: bool,
}

/// All that is known about limits.
#[derive(Debug)]
pub(super) struct Limiter {
    buckets: HashMap<u64, Bucket>,
    /// The bucket of a route's (or shared bucket's) name and major parameter.
    keys: HashMap<(String, String), u64>,
    /// Discord's name of a route's bucket.
    names: HashMap<String, String>,
    /// Until when acknowledgements of one interaction (by its id), or of all (""), were refused.
    callbacks: HashMap<String, Instant>,
    last_bucket: u64,
    /// Requests under way that count in the limit over everything, and when the last ones ended.
    under_way: usize,
    ended: VecDeque<Instant>,
    invalid: VecDeque<Instant>,
    global_until: Option<Instant>,
    address_until: Option<Instant>,
    token_refused_until: Option<Instant>,
    /// Something holds all requests, and [`LimitChange::Resumed`] has not been told yet.
    held: bool,
    /// How many processes share the budgets.
    processes: NonZeroUsize,
}

impl Default for Limiter {
    fn default() -> Self {
        Self {
            buckets: HashMap::new(),
            keys: HashMap::new(),
            names: HashMap::new(),
            callbacks: HashMap::new(),
            last_bucket: 0,
            under_way: 0,
            ended: VecDeque::new(),
            invalid: VecDeque::new(),
            global_until: None,
            address_until: None,
            token_refused_until: None,
            held: false,
            processes: NonZeroUsize::MIN,
        }
    }
}

impl Limiter {
    /// Takes only this process' part of what so many processes may do together.
    pub(super) fn share_among(&mut self, processes: NonZeroUsize) {
        self.processes = processes;
    }

    /// Whether a request may be sent now. Changes nothing that matters.
    pub(super) fn look(&mut self, now: Instant, route: &Route) -> Gate {
        if let Some(until) = later(self.address_until, now) {
            return Gate::Until(until);
        }
        if route.is_authorized && later(self.token_refused_until, now).is_some() {
            return Gate::TokenRefused;
        }
        if let Some(until) = self.spent_until(now, route.class) {
            return Gate::Spent(until);
        }
        if route.class == Class::Callback {
            let own = ["", route.major.as_str()].map(|key| self.callbacks.get(key).copied());
            let until = own.into_iter().filter_map(|until| later(until, now)).max();
            return until.map_or(Gate::Open, Gate::Until);
        }
        if let Some(until) = later(self.global_until, now) {
            return Gate::Until(until);
        }
        let bucket = self.key_of(route).and_then(|id| self.buckets.get(&id));
        match (
            bucket.map_or(Gate::Open, |bucket| bucket.gate(now)),
            route.class,
        ) {
            (Gate::Open, Class::Other) => self.pace(now),
            (gate, _) => gate,
        }
    }

    /// Lets a request through that [`Limiter::look`] says is open; `None` if it is not any more.
    pub(super) fn take(
        &mut self,
        now: Instant,
        route: &Route,
    ) -> Option<(Pass, Option<LimitChange>)> {
        if self.look(now, route) != Gate::Open {
            return None;
        }
        let change = self.resumed(now);
        if route.class == Class::Callback {
            let pass = Pass {
                bucket: None,
                is_counted: false,
            };
            return Some((pass, change));
        }
        let is_counted = route.class == Class::Other;
        self.under_way += usize::from(is_counted);
        let id = self.bucket_of(now, route);
        if let Some(bucket) = self.buckets.get_mut(&id) {
            bucket.take(now);
        }
        let pass = Pass {
            bucket: Some(id),
            is_counted,
        };
        Some((pass, change))
    }

    /// Learns from how a request ended.
    pub(super) fn settle(
        &mut self,
        now: Instant,
        route: &Route,
        pass: &Pass,
        ended: &Ended,
    ) -> Option<LimitChange> {
        if let Some(bucket) = pass.bucket.and_then(|id| self.buckets.get_mut(&id)) {
            bucket.give_back(ended == &Ended::Lost);
        }
        if pass.is_counted {
            self.under_way -= 1;
            self.ended.push_back(now);
            if self.ended.len() > GLOBAL_PER_SECOND_MAX {
                self.ended.pop_front();
            }
        }
        match ended {
            Ended::Lost => None,
            Ended::Answered(told) => {
                self.learn(now, route, pass, told);
                None
            }
            Ended::Forbidden(told) => {
                self.learn(now, route, pass, told);
                self.count_invalid(now)
            }
            Ended::TokenRefused => {
                let known = later(self.token_refused_until, now).is_some();
                let wait = Duration::from_secs(TOKEN_REFUSED_S);
                self.token_refused_until = Some(now + wait);
                let spent = self.count_invalid(now);
                self.held = true;
                if known {
                    spent
                } else {
                    Some(LimitChange::TokenRefused(wait))
                }
            }
            Ended::Limited {
                cover,
                retry_after,
                told,
            } => {
                self.learn(now, route, pass, told);
                self.refuse(now, route, *cover, *retry_after, told.name.is_some());
                let spent = match cover {
                    Cover::Shared => None,
                    _ => self.count_invalid(now),
                };
                self.cover(now, *cover, *retry_after).or(spent)
            }
        }
    }

    /// For how long a request would have to wait if it were made now; zero if nothing is known that
    /// would hold it.
    pub(super) fn wait(&mut self, now: Instant, route: &Route) -> Duration {
        match self.look(now, route) {
            Gate::Until(until) | Gate::Spent(until) => until - now,
            Gate::Open | Gate::AfterAnswer | Gate::TokenRefused => Duration::ZERO,
        }
    }

    /// What a 429 covers besides its own bucket; the change if that was not so before.
    fn cover(&mut self, now: Instant, cover: Cover, retry_after: Duration) -> Option<LimitChange> {
        let (until, change) = match cover {
            Cover::User | Cover::Shared => return None,
            Cover::Global => (
                &mut self.global_until,
                LimitChange::GlobalLimit(retry_after),
            ),
            Cover::Address => (
                &mut self.address_until,
                LimitChange::AddressBlocked(retry_after),
            ),
        };
        let known = later(*until, now).is_some();
        *until = (*until).max(Some(now + retry_after));
        self.held = true;
        (!known).then_some(change)
    }

    /// The route itself waits in any case.
    fn refuse(
        &mut self,
        now: Instant,
        route: &Route,
        cover: Cover,
        retry_after: Duration,
        is_named: bool,
    ) {
        let until = now + retry_after;
        if route.class == Class::Callback {
            // Without a bucket's name nothing tells that it was about one interaction only.
            let own = is_named && matches!(cover, Cover::User | Cover::Shared);
            let key = if own { route.major.as_str() } else { "" };
            self.callbacks.retain(|_, until| *until > now);
            self.callbacks.insert(key.to_owned(), until);
        } else if matches!(cover, Cover::User | Cover::Shared) {
            let id = self.bucket_of(now, route);
            if let Some(bucket) = self.buckets.get_mut(&id) {
                bucket.refuse_until(until);
            }
        }
    }

    fn learn(&mut self, now: Instant, route: &Route, pass: &Pass, told: &Told) {
        let Some(id) = pass.bucket else { return };
        if let Some(name) = &told.name
            && self.names.get(&route.name) != Some(name)
        {
            self.rename(route, name, id);
        }
        let id = self.bucket_of(now, route);
        if let Some(bucket) = self.buckets.get_mut(&id) {
            bucket.learn(now, told);
        }
    }

    /// From now on the route's bucket goes by this name. Whatever was known of it goes along.
    fn rename(&mut self, route: &Route, name: &str, id: u64) {
        self.names.insert(route.name.clone(), name.to_owned());
        let old = self.keys.extract_if(|(key, _), _| *key == route.name);
        let old: Vec<_> = old.map(|((_, major), id)| (major, id)).collect();
        for (major, id) in old {
            self.keys.entry((name.to_owned(), major)).or_insert(id);
        }
        let own = (name.to_owned(), route.major.clone());
        self.keys.entry(own).or_insert(id);
    }

    fn key_of(&self, route: &Route) -> Option<u64> {
        let name = self.names.get(&route.name).unwrap_or(&route.name);
        self.keys.get(&(name.clone(), route.major.clone())).copied()
    }

    /// The route's bucket, made if there was none.
    fn bucket_of(&mut self, now: Instant, route: &Route) -> u64 {
        if let Some(id) = self.key_of(route) {
            return id;
        }
        if self.buckets.len() >= BUCKETS_MAX {
            self.buckets.retain(|_, bucket| bucket.matters(now));
            let kept = &self.buckets;
            self.keys.retain(|_, id| kept.contains_key(id));
        }
        self.last_bucket += 1;
        let id = self.last_bucket;
        let name = self.names.get(&route.name).unwrap_or(&route.name).clone();
        self.keys.insert((name, route.major.clone()), id);
        self.buckets.insert(id, Bucket::default());
        id
    }

    /// The limit over everything, kept before Discord has to.
    fn pace(&self, now: Instant) -> Gate {
        let second = Duration::from_secs(1);
        let max = share(GLOBAL_PER_SECOND_MAX, self.processes);
        let room = max.saturating_sub(self.under_way);
        if room == 0 {
            return Gate::AfterAnswer;
        }
        // Once this one is a second old, fewer than `room` are younger.
        let at = self.ended.len().checked_sub(room);
        match at.and_then(|at| self.ended.get(at)) {
            Some(ended) if *ended + second > now => Gate::Until(*ended + second),
            _ => Gate::Open,
        }
    }

    fn count_invalid(&mut self, now: Instant) -> Option<LimitChange> {
        let was_spent = self.spent_until(now, Class::Other).is_some();
        self.invalid.push_back(now);
        let until = self.spent_until(now, Class::Other)?;
        self.held = true;
        (!was_spent).then(|| LimitChange::BudgetSpent(until - now))
    }

    /// Until when the budget of invalid requests is spent for this class; `None` if it is not.
    fn spent_until(&mut self, now: Instant, class: Class) -> Option<Instant> {
        let window = Duration::from_secs(INVALID_WINDOW_S);
        while self.invalid.front().is_some_and(|at| *at + window <= now) {
            self.invalid.pop_front();
        }
        let max = match class {
            Class::Callback => INVALID_MAX,
            Class::Answer | Class::Other => INVALID_MAX - INVALID_RESERVED,
        };
        let max = share(max, self.processes);
        // Once this one has left the window, fewer than `max` are in it.
        let at = self.invalid.len().checked_sub(max)?;
        self.invalid.get(at).map(|at| *at + window)
    }

    /// Tells once that whatever held all requests is over.
    fn resumed(&mut self, now: Instant) -> Option<LimitChange> {
        let until = [
            self.address_until,
            self.global_until,
            self.token_refused_until,
        ];
        let is_held = until.iter().any(|until| later(*until, now).is_some())
            || self.spent_until(now, Class::Other).is_some();
        if !self.held || is_held {
            return None;
        }
        self.held = false;
        Some(LimitChange::Resumed)
    }
}

/// What one of so many processes may use of a budget; each has something of it.
pub fn share(budget: usize, processes: NonZeroUsize) -> usize {
    (budget / processes).max(1)
}

fn later(until: Option<Instant>, now: Instant) -> Option<Instant> {
    until.filter(|until| *until > now)
}

#[cfg(test)]
mod tests;
