//! When a delivery may begin without Discord refusing it.
//!
//! Pure: the time is an argument. Invariant: what was sent is counted from its answer on, so that two
//! requests are never nearer to each other at Discord's end than they are here.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

use crate::discord::rest::{Processes, share};
use crate::domain::ids::MessageId;
use crate::store::outbox::{Due, Owed};

/// Requests of deliveries within a second, of all processes together. Discord takes 50 of a bot (Rate
/// Limits, Global Rate Limit); the rest is for what people wait for.
const REQUESTS_MAX: usize = 40;
const REQUESTS_WINDOW_MS: u64 = 1_000;
/// A message is old to Discord after an hour; here a little earlier, in seconds.
const OLD_AFTER_S: i64 = 60 * 60 - 10;
/// The first millisecond of Discord's ids, in Unix milliseconds.
const DISCORD_EPOCH_MS: i64 = 1_420_070_400_000;
/// Keys kept before those that limit nothing any more are thrown away.
const KEYS_MAX: usize = 4_096;

/// How often something may be done.
#[derive(Clone, Copy, Debug)]
struct Limit {
    /// So often at most …
    max: usize,
    /// … within this time,
    within: Duration,
    /// and never sooner after the last time. The larger it is, the sooner whatever comes last gets its
    /// turn, since less is used up at once.
    apart: Duration,
}

/// A card, a thread, an event, or a message that looks for players is looked after once a second.
const REFRESH: Limit = limit(1, 1_000, 0);
/// Messages posted, and messages edited, in one channel: 5 within 5 seconds each.
const MESSAGES: Limit = limit(5, 5_000, 500);
/// Edits of old messages in one channel (code 30046). Discord publishes no figure.
const OLD_EDITS: Limit = limit(3, 6_000, 1_500);
/// Direct messages to one person about one session, in each process, without those that expect an answer.
/// A message that has to wait is replaced by a later one.
const MESSAGES_ABOUT: Limit = limit(5, 5 * 60_000, 0);
/// Messages deleted in one channel.
const DELETES: Limit = limit(5, 1_000, 0);

const fn limit(max: usize, within_ms: u64, apart_ms: u64) -> Limit {
    Limit {
        max,
        within: Duration::from_millis(within_ms),
        apart: Duration::from_millis(apart_ms),
    }
}

/// What is limited; one delivery at a time is under way for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// Looking after one card, thread, event, or message that looks for players.
    Refresh(&'static str, i64),
    /// Posting in a channel.
    Posts(i64),
    /// Starting threads in a channel.
    Threads(i64),
    /// Writing to a person.
    Person(i64),
    /// Writing to a person about a session.
    About(i64, i64),
    /// Editing in a channel.
    Edits(i64),
    /// Editing old messages in a channel.
    OldEdits(i64),
    /// Deleting in a channel.
    Deletes(i64),
}

impl Key {
    fn limit(self) -> Limit {
        match self {
            Self::Refresh(..) => REFRESH,
            Self::Posts(_) | Self::Threads(_) | Self::Person(_) | Self::Edits(_) => MESSAGES,
            Self::About(..) => MESSAGES_ABOUT,
            Self::OldEdits(_) => OLD_EDITS,
            Self::Deletes(_) => DELETES,
        }
    }
}

/// What limits the delivery of a row.
pub(super) fn keys(due: &Due, now: DateTime<Utc>) -> Vec<Key> {
    let to = due.destination;
    let channel = to.channel.map_or(0, |channel| channel.0);
    let kind = super::kind(&due.owed);
    let message = |id: i64| {
        let mut keys = vec![Key::Refresh(kind, id)];
        match to.message {
            None => keys.push(Key::Posts(channel)),
            Some(message) => {
                keys.push(Key::Edits(channel));
                keys.extend(is_old(message, now).then_some(Key::OldEdits(channel)));
            }
        }
        keys
    };
    match &due.owed {
        Owed::Card(session) => message(session.0),
        Owed::Call(call) => message(call.0),
        Owed::Thread(session) => {
            let mut keys = vec![Key::Refresh(kind, session.0)];
            keys.extend(to.message.is_none().then_some(Key::Threads(channel)));
            keys
        }
        Owed::Event(session) => vec![Key::Refresh(kind, session.0)],
        Owed::Retraction { channel, .. } => vec![Key::Deletes(channel.0)],
        Owed::PromptEnd {
            channel, message, ..
        } => {
            let old = is_old(*message, now).then_some(Key::OldEdits(channel.0));
            std::iter::once(Key::Edits(channel.0)).chain(old).collect()
        }
        Owed::Message { to, notice } => {
            let session = due.destination.session.filter(|_| !notice.awaits_answer());
            let about = session.map(|id| Key::About(to.0, id.0));
            std::iter::once(Key::Person(to.0)).chain(about).collect()
        }
    }
}

/// Requests that a delivery mostly takes.
fn requests(due: &Due) -> usize {
    match due.owed {
        Owed::Card(_) | Owed::Call(_) | Owed::Retraction { .. } | Owed::PromptEnd { .. } => 1,
        // Whether they are a member, the conversation, and the message.
        Owed::Message { .. } if due.destination.session.is_some() => 3,
        // The conversation and the message; a search and an event; some steps of a thread.
        Owed::Message { .. } | Owed::Event(_) | Owed::Thread(_) => 2,
    }
}

fn is_old(message: MessageId, now: DateTime<Utc>) -> bool {
    let sent_ms = (message.0 >> 22) + DISCORD_EPOCH_MS;
    now.timestamp_millis() - sent_ms >= TimeDelta::seconds(OLD_AFTER_S).num_milliseconds()
}

/// When something may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Free {
    /// Now.
    Now,
    /// Then.
    At(Instant),
    /// Once something that is under way has ended.
    Later,
}

/// What was done of late, by what limits it.
#[derive(Debug)]
pub(super) struct Pace {
    uses: HashMap<Key, Use>,
    requests: VecDeque<Instant>,
    processes: Processes,
}

#[derive(Debug, Default)]
struct Use {
    is_under_way: bool,
    /// When it was last done, as often as the limit counts.
    done: VecDeque<Instant>,
    /// Discord refuses it until then.
    held_until: Option<Instant>,
}

impl Use {
    fn free_at(&self, limit: Limit) -> Option<Instant> {
        let apart = self.done.back().map(|last| *last + limit.apart);
        let full = (self.done.len() >= limit.max).then(|| self.done[0] + limit.within);
        apart.max(full).max(self.held_until)
    }
}

impl Pace {
    /// Nothing was done yet; `processes` share the requests.
    pub(super) fn new(processes: Processes) -> Self {
        Self {
            uses: HashMap::new(),
            requests: VecDeque::new(),
            processes,
        }
    }

    /// When a delivery that is limited by `keys` may begin.
    pub(super) fn free(&self, keys: &[Key], now: Instant) -> Free {
        let max = share(REQUESTS_MAX, *self.processes.borrow());
        let full = self.requests.len().checked_sub(max);
        let mut free_at =
            full.map(|at| self.requests[at] + Duration::from_millis(REQUESTS_WINDOW_MS));
        for key in keys {
            let Some(used) = self.uses.get(key) else {
                continue;
            };
            if used.is_under_way {
                return Free::Later;
            }
            free_at = free_at.max(used.free_at(key.limit()));
        }
        free_at.filter(|at| *at > now).map_or(Free::Now, Free::At)
    }

    /// A delivery begins.
    pub(super) fn begin(&mut self, keys: &[Key], due: &Due, now: Instant) {
        if self.uses.len() > KEYS_MAX {
            self.forget(now);
        }
        for key in keys {
            self.uses.entry(*key).or_default().is_under_way = true;
        }
        for _ in 0..requests(due) {
            if self.requests.len() >= REQUESTS_MAX {
                self.requests.pop_front();
            }
            self.requests.push_back(now);
        }
    }

    /// A delivery that was to begin has sent nothing.
    pub(super) fn cancel(&mut self, keys: &[Key]) {
        for key in keys {
            if let Some(used) = self.uses.get_mut(key) {
                used.is_under_way = false;
            }
        }
    }

    /// A delivery has ended; if Discord has refused it for some time, so long nothing like it begins.
    /// `is_sent`: something was sent.
    pub(super) fn end(
        &mut self,
        keys: &[Key],
        is_sent: bool,
        refused_for: Option<Duration>,
        now: Instant,
    ) {
        for key in keys {
            if !is_sent && matches!(key, Key::About(..)) {
                self.cancel(&[*key]);
                continue;
            }
            let used = self.uses.entry(*key).or_default();
            used.is_under_way = false;
            if used.done.len() >= key.limit().max {
                used.done.pop_front();
            }
            used.done.push_back(now);
            used.held_until = refused_for.map(|wait| now + wait);
        }
    }

    fn forget(&mut self, now: Instant) {
        self.uses.retain(|key, used| {
            let limits = |done: &Instant| *done + key.limit().within > now;
            let is_held = used.held_until.is_some_and(|until| until > now);
            used.is_under_way || is_held || used.done.iter().any(limits)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discord::rest::alone;

    const S: Duration = Duration::from_secs(1);

    /// The times, in tenths of a second, at which `count` deliveries begin that wait for one another
    /// and take no time.
    fn begun(pace: &mut Pace, keys: &[Key], count: usize, start: Instant) -> Vec<u128> {
        let mut now = start;
        let mut begun = Vec::new();
        while begun.len() < count {
            match pace.free(keys, now) {
                Free::At(at) => now = at,
                Free::Later => panic!("nothing is under way"),
                Free::Now => {
                    begun.push((now - start).as_millis() / 100);
                    pace.end(keys, true, None, now);
                }
            }
        }
        begun
    }

    #[tokio::test]
    async fn edits_in_a_channel_keep_to_five_in_five_seconds_and_are_not_used_up_at_once() {
        let mut pace = Pace::new(alone());
        let times = begun(&mut pace, &[Key::Edits(1)], 8, Instant::now());
        assert_eq!(times, [0, 5, 10, 15, 20, 50, 55, 60]);
        assert_eq!(pace.free(&[Key::Edits(2)], Instant::now()), Free::Now);
    }

    #[tokio::test]
    async fn old_edits_keep_to_three_in_six_seconds() {
        let keys = [Key::Edits(1), Key::OldEdits(1)];
        let times = begun(&mut Pace::new(alone()), &keys, 5, Instant::now());
        assert_eq!(times, [0, 15, 30, 60, 75]);
    }

    #[tokio::test]
    async fn one_person_gets_five_messages_in_five_minutes_about_one_session() {
        let mut pace = Pace::new(alone());
        let (keys, start) = ([Key::Person(1), Key::About(1, 7)], Instant::now());
        let times = begun(&mut pace, &keys, 6, start);
        assert_eq!(times, [0, 5, 10, 15, 20, 3_000]);
        let failed = [Key::About(2, 7)];
        for _ in 0..10 {
            pace.end(&failed, false, None, start);
        }
        assert_eq!(pace.free(&failed, start), Free::Now, "nothing was sent");
        let other = [Key::Person(1), Key::About(1, 8)];
        assert_eq!(
            pace.free(&other, start + 300 * S),
            Free::At(start + 300 * S + S / 2)
        );
    }

    #[tokio::test]
    async fn a_card_is_edited_once_a_second_after_its_row_has_gone() {
        let keys = [Key::Refresh("card", 7), Key::Edits(1)];
        let times = begun(&mut Pace::new(alone()), &keys, 3, Instant::now());
        assert_eq!(times, [0, 10, 20]);
    }

    #[tokio::test]
    async fn what_is_under_way_is_waited_for_and_what_was_refused_waits_as_long_as_discord_says() {
        let (mut pace, now) = (Pace::new(alone()), Instant::now());
        let (keys, due) = (
            [Key::Posts(1)],
            due(Owed::Card(crate::domain::ids::SessionId(1))),
        );
        pace.begin(&keys, &due, now);
        assert_eq!(pace.free(&keys, now), Free::Later);
        pace.end(&keys, false, Some(30 * S), now);
        assert_eq!(pace.free(&keys, now + S), Free::At(now + 30 * S));
        assert_eq!(pace.free(&keys, now + 30 * S), Free::Now);
    }

    #[tokio::test]
    async fn all_requests_together_stay_below_discords_limit() {
        let (mut pace, now) = (Pace::new(alone()), Instant::now());
        let due = due(Owed::Card(crate::domain::ids::SessionId(1)));
        for channel in 0..40 {
            let keys = [Key::Posts(channel)];
            assert_eq!(pace.free(&keys, now), Free::Now);
            pace.begin(&keys, &due, now);
        }
        assert_eq!(pace.free(&[Key::Posts(99)], now), Free::At(now + S));
    }

    #[tokio::test]
    async fn processes_share_the_requests_of_a_second() {
        let count = tokio::sync::watch::Sender::new(std::num::NonZeroUsize::MIN);
        let (mut pace, now) = (Pace::new(count.subscribe()), Instant::now());
        let due = due(Owed::Card(crate::domain::ids::SessionId(1)));
        for channel in 0..39 {
            pace.begin(&[Key::Posts(channel)], &due, now);
        }
        assert_eq!(pace.free(&[Key::Posts(99)], now), Free::Now);
        count.send_replace(std::num::NonZeroUsize::MIN.saturating_add(1));
        assert_eq!(pace.free(&[Key::Posts(99)], now), Free::At(now + S));
        for channel in 0..19 {
            pace.begin(&[Key::Posts(channel)], &due, now + S);
        }
        assert_eq!(pace.free(&[Key::Posts(99)], now + S), Free::Now);
        pace.begin(&[Key::Posts(98)], &due, now + S);
        assert_eq!(pace.free(&[Key::Posts(99)], now + S), Free::At(now + 2 * S));
    }

    #[tokio::test]
    async fn what_limits_nothing_any_more_is_forgotten() {
        let (mut pace, now) = (Pace::new(alone()), Instant::now());
        for channel in 0..=i64::try_from(KEYS_MAX).expect("a small number") {
            pace.end(&[Key::Edits(channel)], true, None, now);
        }
        let due = due(Owed::Card(crate::domain::ids::SessionId(1)));
        pace.begin(&[Key::Edits(-1)], &due, now + 6 * S);
        assert_eq!(pace.uses.len(), 1);
    }

    #[test]
    fn messages_are_old_a_little_before_an_hour() {
        let sent = DateTime::from_timestamp_millis(DISCORD_EPOCH_MS + 1_000).expect("a time");
        let message = MessageId(1_000 << 22);
        let after = |s| is_old(message, sent + TimeDelta::seconds(s));
        assert_eq!((after(3_589), after(3_590)), (false, true));
    }

    fn due(owed: Owed) -> Due {
        Due {
            id: 1,
            generation: 1,
            attempts: 0,
            owed,
            destination: crate::store::outbox::Destination::default(),
        }
    }
}
