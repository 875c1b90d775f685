//! Which connections are open, and which one is closed to make room for another.
//!
//! May touch: nothing. Invariant: there are never more than [`Limits`] allows in all, and from one
//! network; a connection on which a signed interaction is answered is not closed for another, and
//! always a few are not such.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Limits;
use crate::metrics::{Closed, Metrics};

/// The prefix of an IPv6 address that one subscriber gets, in bits (RFC 6177, section 2).
const IPV6_NETWORK_BITS: u32 = 64;

/// The open connections. Cheap to clone; all clones are the same.
#[derive(Clone)]
pub(super) struct Connections(Arc<Inner>);

struct Inner {
    limits: Limits,
    metrics: Metrics,
    open: Mutex<Open>,
    left: Notify,
}

#[derive(Default)]
struct Open {
    next: u64,
    entries: HashMap<u64, Entry>,
}

struct Entry {
    network: IpAddr,
    /// When it was opened, or last brought something signed. Other requests do not count: anyone can
    /// repeat them.
    since: Instant,
    /// Signed interactions that are being answered and may not be interrupted.
    answering: usize,
    close: CancellationToken,
}

/// One open connection; it is no longer counted once this is dropped.
pub(super) struct Connection {
    id: u64,
    all: Connections,
    close: CancellationToken,
}

/// Reports what a connection does. It has no effect once the connection is gone.
#[derive(Clone)]
pub(super) struct Activity {
    id: u64,
    all: Connections,
}

/// Keeps a connection from being closed for another until it is dropped.
pub(super) struct Answering(Option<Activity>);

/// The outcome of asking for a place.
enum Admission {
    Admitted(Connection),
    /// Everything is taken by connections that are too young to be closed.
    Wait,
    /// Its network has its share, and all of that is too young to be closed.
    Refused,
}

impl Connections {
    pub(super) fn new(limits: Limits, metrics: Metrics) -> Self {
        Self(Arc::new(Inner {
            limits,
            metrics,
            open: Mutex::default(),
            left: Notify::new(),
        }))
    }

    /// Takes a place for a connection from `peer`, closing an older connection if there is none.
    /// Returns `None` if the peer's network holds as many young connections as it may. `close` is
    /// the parent of the token that closes it.
    pub(super) async fn admit(
        &self,
        peer: IpAddr,
        close: &CancellationToken,
    ) -> Option<Connection> {
        loop {
            match self.try_admit(peer, close, Instant::now()) {
                Admission::Admitted(connection) => return Some(connection),
                Admission::Refused => {
                    self.0.metrics.connection_closed(Closed::Refused);
                    return None;
                }
                Admission::Wait => {
                    let grace = self.0.limits.grace;
                    // Either way it is looked at again.
                    let _ = tokio::time::timeout(grace, self.0.left.notified()).await;
                }
            }
        }
    }

    fn try_admit(&self, peer: IpAddr, close: &CancellationToken, now: Instant) -> Admission {
        let (limits, network) = (&self.0.limits, network_of(peer));
        let mut open = self.open();
        let count = open.of_network(network);
        if count >= limits.per_network {
            let own = |entry: &Entry| entry.network == network;
            if !self.evict(&mut open, now, own) {
                return Admission::Refused;
            }
        } else if open.entries.len() >= limits.connections && !self.evict(&mut open, now, |_| true)
        {
            return Admission::Wait;
        }
        open.next += 1;
        let (id, close) = (open.next, close.child_token());
        let entry = Entry {
            network,
            since: now,
            answering: 0,
            close: close.clone(),
        };
        open.entries.insert(id, entry);
        Admission::Admitted(Connection {
            id,
            all: self.clone(),
            close,
        })
    }

    /// Closes one of those that `may_go`: from the network that has most, the oldest. Returns whether
    /// there was one.
    fn evict(&self, open: &mut Open, now: Instant, may_go: impl Fn(&Entry) -> bool) -> bool {
        let mut sizes: HashMap<IpAddr, usize> = HashMap::new();
        for entry in open.entries.values() {
            *sizes.entry(entry.network).or_default() += 1;
        }
        let victim = open
            .entries
            .iter()
            .filter(|(_, entry)| may_go(entry) && entry.answering == 0)
            .filter(|(_, entry)| now.duration_since(entry.since) >= self.0.limits.grace)
            .max_by_key(|(id, entry)| (sizes[&entry.network], Reverse((entry.since, **id))))
            .map(|(id, _)| *id);
        let Some(entry) = victim.and_then(|id| open.entries.remove(&id)) else {
            return false;
        };
        entry.close.cancel();
        self.0.metrics.connection_closed(Closed::Displaced);
        true
    }

    /// Plain values are never left half written.
    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn of_network(&self, network: IpAddr) -> usize {
        let entries = self.entries.values();
        entries.filter(|entry| entry.network == network).count()
    }

    /// How many are protected: of this network, or of all.
    fn answering(&self, network: Option<IpAddr>) -> usize {
        let entries = self.entries.values().filter(|entry| entry.answering > 0);
        let is_of = |entry: &&Entry| network.is_none_or(|network| entry.network == network);
        entries.filter(is_of).count()
    }
}

impl Connection {
    /// Returns once the connection has to be closed.
    pub(super) async fn closed(&self) {
        self.close.cancelled().await;
    }

    pub(super) fn activity(&self) -> Activity {
        Activity {
            id: self.id,
            all: self.all.clone(),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.all.open().entries.remove(&self.id);
        self.all.0.left.notify_one();
    }
}

impl Activity {
    /// Records that something signed is being answered on the connection. It is protected as long as
    /// enough others are not.
    pub(super) fn answer(&self) -> Answering {
        let mut open = self.all.open();
        let limits = &self.all.0.limits;
        let network = open.entries.get(&self.id).map(|entry| entry.network);
        let free = open.answering(None) < limits.protected_max()
            && open.answering(network) < limits.protected_per_network();
        match open.entries.get_mut(&self.id) {
            Some(entry) if free || entry.answering > 0 => {
                entry.answering += 1;
                Answering(Some(self.clone()))
            }
            _ => Answering(None),
        }
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        let Some(Activity { id, all }) = &self.0 else {
            return;
        };
        if let Some(entry) = all.open().entries.get_mut(id) {
            entry.answering -= 1;
            entry.since = Instant::now();
        }
    }
}

/// What the connections of one subscriber share: the IPv4 address, or the first half of the IPv6
/// address.
fn network_of(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let host_bits = u128::BITS - IPV6_NETWORK_BITS;
            let network = address.to_bits() >> host_bits << host_bits;
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt as _;

    use super::*;

    /// Longer than any of these tests takes.
    const GRACE: Duration = Duration::from_secs(600);

    fn connections(connections: usize, per_network: usize) -> Connections {
        let limits = Limits {
            connections,
            per_network,
            grace: GRACE,
            ..Limits::default()
        };
        Connections::new(limits, Metrics::default())
    }

    /// Connections that come so much later than each other that all before may be closed.
    struct Arrivals {
        all: Connections,
        now: Instant,
    }

    impl Arrivals {
        fn at(all: Connections) -> Self {
            let now = Instant::now();
            Self { all, now }
        }

        fn next(&mut self, peer: &str) -> Connection {
            self.now += GRACE;
            self.same_moment(peer).expect("a place")
        }

        fn same_moment(&self, peer: &str) -> Option<Connection> {
            let peer = peer.parse().expect("an address");
            match self
                .all
                .try_admit(peer, &CancellationToken::new(), self.now)
            {
                Admission::Admitted(connection) => Some(connection),
                _ => None,
            }
        }
    }

    fn is_closed(connection: &Connection) -> bool {
        connection.close.is_cancelled()
    }

    #[test]
    fn the_oldest_of_the_network_with_most_makes_room() {
        let mut arrivals = Arrivals::at(connections(3, 3));
        let lone = arrivals.next("192.0.2.1");
        let first = arrivals.next("192.0.2.2");
        let second = arrivals.next("::ffff:192.0.2.2");
        let _third = arrivals.next("192.0.2.3");
        assert!(is_closed(&first));
        assert!(!is_closed(&lone) && !is_closed(&second));
    }

    #[test]
    fn a_network_does_not_get_more_than_its_share() {
        let mut arrivals = Arrivals::at(connections(8, 2));
        let other = arrivals.next("2001:db8:0:1::1");
        let first = arrivals.next("2001:db8::1");
        let _second = arrivals.next("2001:db8::2");
        let _third = arrivals.next("2001:db8::3");
        assert!(is_closed(&first) && !is_closed(&other));
        let _fourth = arrivals.same_moment("2001:db8::4").expect("of the second");
        let fifth = arrivals.same_moment("2001:db8::5");
        assert!(fifth.is_none(), "all of its own are too young");
    }

    #[test]
    fn what_is_signed_is_not_interrupted_but_never_takes_every_place() {
        let mut arrivals = Arrivals::at(connections(8, 8));
        let open: Vec<_> = (0..8).map(|_| arrivals.next("192.0.2.1")).collect();
        let answering: Vec<_> = open.iter().map(|it| it.activity().answer()).collect();
        let _ninth = arrivals.next("192.0.2.1");
        let closed: Vec<_> = open.iter().map(is_closed).collect();
        assert_eq!(closed, [[false; 7].as_slice(), &[true]].concat());
        drop(answering);
        let _tenth = arrivals.next("192.0.2.1");
        assert_eq!(open.iter().filter(|it| is_closed(it)).count(), 2);
    }

    #[tokio::test]
    async fn who_comes_while_all_are_young_waits_for_the_first_that_leaves() {
        let all = connections(1, 1);
        let (close, peer) = (CancellationToken::new(), |text: &str| {
            text.parse().expect("an address")
        });
        let first = all.admit(peer("192.0.2.1"), &close).await.expect("a place");
        let mut second = std::pin::pin!(all.admit(peer("192.0.2.2"), &close));
        assert!(second.as_mut().now_or_never().is_none());
        assert!(!is_closed(&first));
        drop(first);
        let second = tokio::time::timeout(GRACE / 2, second).await;
        assert!(second.expect("it does not wait any longer").is_some());
    }
}
