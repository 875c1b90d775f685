//! Gateway sessions: what each shard was told, so that it can be told again.
//!
//! Pure data. A session outlives its connection: events go into its buffer, and a connection is
//! a reader with a cursor, so what is live and what is replayed go the same way. Invariant: the
//! sequence numbers of a session have no gaps.

use super::objects;
use axum::extract::ws::Utf8Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};
use tokio::sync::Notify;

/// Events kept for replay in one session.
const EVENTS_MAX: usize = 5_000;
/// How long a session without a connection can be resumed, in seconds.
const RESUMABLE_S: i64 = 300;
/// Sessions kept; the oldest without a connection goes first.
const SESSIONS_MAX: usize = 1_024;

/// Events kept for `GET /client/dispatches`, the latest ones.
const DISPATCHED_MAX: usize = 4_000;

/// Intent bits.
pub(super) const INTENT_GUILDS: u64 = 1;
pub(super) const INTENT_GUILD_MEMBERS: u64 = 1 << 1;
pub(super) const INTENT_GUILD_MODERATION: u64 = 1 << 2;
pub(super) const INTENT_GUILD_MESSAGES: u64 = 1 << 9;
pub(super) const INTENT_GUILD_SCHEDULED_EVENTS: u64 = 1 << 16;
pub(super) const INTENT_DIRECT_MESSAGES: u64 = 1 << 12;

/// All sessions by their id.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    all: BTreeMap<String, Session>,
    /// The latest events, each once for all sessions that it went to.
    dispatched: VecDeque<Utf8Bytes>,
    made: u64,
    connections: u64,
}

/// One session of one shard.
#[derive(Debug)]
pub(super) struct Session {
    /// Shard number and number of shards.
    pub(super) shard: (u64, u64),
    pub(super) intents: u64,
    sequence: u64,
    events: VecDeque<(u64, Utf8Bytes)>,
    /// Highest sequence number that is no longer in the buffer.
    forgotten: u64,
    /// The connection that reads it.
    connection: Option<u64>,
    orders: VecDeque<Order>,
    wake: Arc<Notify>,
    /// When it was last without a connection.
    alone_since: DateTime<Utc>,
}

/// Something a connection is to do besides sending events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Send op 7.
    Reconnect,
    /// Close the socket without a word.
    Drop,
    /// Send op 9; the session is gone already.
    Invalidate,
    /// Close as whoever has no token.
    Refuse,
}

/// A connection's hold on a session.
#[derive(Debug)]
pub(super) struct Lease {
    pub(super) session: String,
    pub(super) connection: u64,
    pub(super) cursor: u64,
    pub(super) wake: Arc<Notify>,
}

/// What a connection has to do next.
#[derive(Debug, PartialEq)]
pub(super) enum Work {
    /// Frames to send, and the cursor after them.
    Send(Vec<Utf8Bytes>, u64),
    Order(Order),
    /// Another connection took the session, or it fell too far behind.
    Lost,
    Wait,
}

/// Frames taken from the buffer at once.
const BATCH_MAX: usize = 64;

impl Sessions {
    /// Makes a session and attaches a connection to it.
    pub(super) fn identify(
        &mut self,
        shard: (u64, u64),
        intents: u64,
        now: DateTime<Utc>,
    ) -> Lease {
        self.made += 1;
        let id = format!(
            "{:032x}",
            u128::from(self.made) << 64 | now.timestamp_micros() as u128
        );
        if self.all.len() >= SESSIONS_MAX {
            let alone = self.all.iter().find(|(_, one)| one.connection.is_none());
            let oldest = alone
                .or_else(|| self.all.first_key_value())
                .map(|(id, _)| id.clone());
            oldest.and_then(|oldest| self.all.remove(&oldest));
        }
        self.all.insert(
            id.clone(),
            Session {
                shard,
                intents,
                sequence: 0,
                events: VecDeque::new(),
                forgotten: 0,
                connection: None,
                orders: VecDeque::new(),
                wake: Arc::default(),
                alone_since: now,
            },
        );
        self.attach(id, 0).expect("the session was just made")
    }

    /// Attaches a connection to a session it had before; `None` if that is gone, too old, or
    /// what was missed is no longer known.
    pub(super) fn resume(&mut self, id: &str, after: u64, now: DateTime<Utc>) -> Option<Lease> {
        let session = self.all.get(id)?;
        let old = session.connection.is_none()
            && now - session.alone_since > TimeDelta::seconds(RESUMABLE_S);
        if old || after < session.forgotten || after > session.sequence {
            return None;
        }
        self.attach(id.to_owned(), after)
    }

    /// Ends a connection. A clean close ends its session, too.
    pub(super) fn detach(&mut self, lease: &Lease, ended: bool, now: DateTime<Utc>) {
        let Some(session) = self.all.get_mut(&lease.session) else {
            return;
        };
        if session.connection != Some(lease.connection) {
            return;
        }
        session.connection = None;
        session.alone_since = now;
        if ended {
            self.all.remove(&lease.session);
        }
    }

    /// What the connection is to do.
    pub(super) fn work(&self, lease: &Lease) -> Work {
        let Some(session) = self.all.get(&lease.session) else {
            return Work::Order(Order::Invalidate);
        };
        if session.connection != Some(lease.connection) || lease.cursor < session.forgotten {
            return Work::Lost;
        }
        if let Some(order) = session.orders.front() {
            return Work::Order(*order);
        }
        let first = usize::try_from(lease.cursor - session.forgotten).unwrap_or(usize::MAX);
        let frames = session.events.iter().skip(first).take(BATCH_MAX);
        let (numbers, frames): (Vec<u64>, Vec<Utf8Bytes>) = frames.cloned().unzip();
        match numbers.last() {
            Some(last) => Work::Send(frames, *last),
            None => Work::Wait,
        }
    }

    /// Says that the order at hand was carried out.
    pub(super) fn done(&mut self, lease: &Lease) {
        if let Some(session) = self.all.get_mut(&lease.session) {
            session.orders.pop_front();
        }
    }

    /// Sends an event to one session.
    pub(super) fn send(&mut self, id: &str, event: &str, data: &Value) {
        if let Some(session) = self.all.get_mut(id) {
            let frame = session.push(event, data);
            self.keep(Some(frame));
        }
    }

    /// Sends an event to the sessions of a guild's shard (of shard 0 for direct messages) that
    /// have one of `intents` (0: all do); says how many there were.
    pub(super) fn dispatch(
        &mut self,
        guild: Option<u64>,
        intents: u64,
        event: &str,
        data: &Value,
    ) -> usize {
        let concerned = |session: &&mut Session| {
            let shard = guild.map_or(0, |guild| (guild >> 22) % session.shard.1);
            session.shard.0 == shard && (intents == 0 || session.intents & intents != 0)
        };
        let sessions = self.all.values_mut().filter(concerned);
        let (mut count, mut frame) = (0, None);
        for session in sessions {
            frame = Some(session.push(event, data));
            count += 1;
        }
        self.keep(frame);
        count
    }

    /// Whether a session has one of these intents.
    pub(super) fn any_wants(&self, intents: u64) -> bool {
        self.all.values().any(|it| it.intents & intents != 0)
    }

    /// The intents of the session that a connection has.
    pub(super) fn intents(&self, lease: &Lease) -> u64 {
        self.all.get(&lease.session).map_or(0, |it| it.intents)
    }

    /// The latest events as `{t, s, d}`, oldest first.
    pub(super) fn dispatched(&self) -> impl Iterator<Item = Value> {
        let frames = self.dispatched.iter();
        frames.filter_map(|frame| serde_json::from_str(frame).ok())
    }

    /// Takes the events that hold this text out of [`Sessions::dispatched`]: they were distorted, so
    /// that they prove nothing.
    pub(super) fn forget_dispatched(&mut self, text: &str) {
        self.dispatched.retain(|frame| !frame.contains(text));
    }

    fn keep(&mut self, frame: Option<Utf8Bytes>) {
        self.dispatched.extend(frame);
        if self.dispatched.len() > DISPATCHED_MAX {
            self.dispatched.pop_front();
        }
    }

    /// Gives an order to every connection, or to those of one shard.
    pub(super) fn order(&mut self, order: Order, shard: Option<u64>) -> usize {
        let concerned = |session: &Session| {
            session.connection.is_some() && shard.is_none_or(|shard| session.shard.0 == shard)
        };
        let mut count = 0;
        for session in self.all.values_mut().filter(|session| concerned(session)) {
            session.orders.push_back(order);
            session.wake.notify_one();
            count += 1;
        }
        count
    }

    /// Ends all sessions, or those of one shard; their connections are sent op 9.
    pub(super) fn invalidate(&mut self, shard: Option<u64>) -> usize {
        let before = self.all.len();
        self.all.retain(|_, session| {
            let kept = shard.is_some_and(|shard| session.shard.0 != shard);
            if !kept {
                session.wake.notify_one();
            }
            kept
        });
        before - self.all.len()
    }

    /// How many shards of the greatest announced number have a connection, and that number.
    pub(super) fn connected(&self) -> (u64, u64) {
        let live = self
            .all
            .values()
            .filter(|session| session.connection.is_some());
        let shards: std::collections::BTreeSet<_> = live.map(|session| session.shard).collect();
        let total = shards.iter().map(|shard| shard.1).max().unwrap_or(0);
        let there = shards.iter().filter(|shard| shard.1 == total).count();
        (there as u64, total)
    }

    /// The sessions for `GET /client/gateway`.
    pub(super) fn list(&self) -> Vec<Value> {
        let one = |(id, session): (&String, &Session)| {
            json!({
                "session_id": id, "shard": [session.shard.0, session.shard.1],
                "intents": session.intents, "sequence": session.sequence,
                "connected": session.connection.is_some(),
            })
        };
        self.all.iter().map(one).collect()
    }

    fn attach(&mut self, id: String, cursor: u64) -> Option<Lease> {
        self.connections += 1;
        let session = self.all.get_mut(&id)?;
        // Whoever held it before wakes up and finds that it is lost.
        session.wake.notify_one();
        session.wake = Arc::default();
        session.orders.clear();
        session.connection = Some(self.connections);
        let wake = Arc::clone(&session.wake);
        Some(Lease {
            session: id,
            connection: self.connections,
            cursor,
            wake,
        })
    }
}

impl Session {
    /// Puts an event into the buffer; its frame.
    fn push(&mut self, event: &str, data: &Value) -> Utf8Bytes {
        self.sequence += 1;
        let frame = json!({"op": 0, "t": event, "s": self.sequence, "d": data}).to_string();
        let frame = Utf8Bytes::from(frame);
        self.events.push_back((self.sequence, frame.clone()));
        if self.events.len() > EVENTS_MAX {
            self.events.pop_front();
            self.forgotten += 1;
        }
        self.wake.notify_one();
        frame
    }
}

/// The guilds of one shard as READY lists them.
pub(super) fn guild_belongs(guild: u64, shard: (u64, u64)) -> bool {
    (guild >> 22) % shard.1 == shard.0
}

/// READY's data.
pub(super) fn ready(id: &str, shard: (u64, u64), guilds: &[u64], url: &str) -> Value {
    let unavailable = |guild: &u64| json!({"id": objects::id(*guild), "unavailable": true});
    json!({
        "v": 10, "user": objects::current_user(), "session_id": id, "session_type": "normal",
        "resume_gateway_url": url, "shard": [shard.0, shard.1],
        "guilds": guilds.iter().map(unavailable).collect::<Vec<_>>(),
        "application": {"id": objects::id(super::APPLICATION_ID), "flags": 0},
        "private_channels": [], "relationships": [], "presences": [],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn sent(sessions: &Sessions, lease: &Lease) -> usize {
        match sessions.work(lease) {
            Work::Send(frames, _) => frames.len(),
            _ => 0,
        }
    }

    #[test]
    fn what_was_missed_is_replayed() {
        let mut sessions = Sessions::default();
        let lease = sessions.identify((0, 1), 0, NOW);
        sessions.dispatch(Some(5 << 22), 0, "A", &Value::Null);
        sessions.detach(&lease, false, NOW);
        sessions.dispatch(None, 0, "B", &Value::Null);
        let lease = sessions
            .resume(&lease.session, 1, NOW)
            .expect("the session is there");
        assert_eq!(sent(&sessions, &lease), 1);
    }

    #[test]
    fn a_cleanly_closed_a_forgotten_and_an_old_session_cannot_be_resumed() {
        let mut sessions = Sessions::default();
        let clean = sessions.identify((0, 1), 0, NOW);
        sessions.detach(&clean, true, NOW);
        assert!(sessions.resume(&clean.session, 0, NOW).is_none());

        let slow = sessions.identify((0, 1), 0, NOW);
        for _ in 0..=EVENTS_MAX {
            sessions.dispatch(None, 0, "A", &Value::Null);
        }
        assert_eq!(sessions.work(&slow), Work::Lost);
        assert!(sessions.resume(&slow.session, 0, NOW).is_none());

        sessions.detach(&slow, false, NOW);
        let late = NOW + TimeDelta::seconds(RESUMABLE_S + 1);
        assert!(sessions.resume(&slow.session, 9, late).is_none());
        assert!(sessions.resume(&slow.session, 9, NOW).is_some());
    }

    #[test]
    fn an_event_goes_to_the_shard_of_its_guild() {
        let mut sessions = Sessions::default();
        let first = sessions.identify((0, 2), 0, NOW);
        let second = sessions.identify((1, 2), 0, NOW);
        sessions.dispatch(Some(3 << 22), 0, "A", &Value::Null);
        assert_eq!((sent(&sessions, &first), sent(&sessions, &second)), (0, 1));
        sessions.dispatch(None, 0, "B", &Value::Null);
        assert_eq!((sent(&sessions, &first), sent(&sessions, &second)), (1, 1));
    }
}
