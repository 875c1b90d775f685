//! How many connections there may be, and how long a peer may take for each step.
//!
//! Pure.

use std::time::Duration;

/// Connections at once. Many times what Discord keeps open, and a fraction of the descriptors that a
/// process may have.
const CONNECTIONS_MAX: usize = 256;
/// Connections at once from one network: an IPv4 address, or an IPv6 /64. Behind a proxy, all come
/// from one.
const PER_NETWORK_MAX: usize = 224;
/// A connection that was opened, or brought something signed, less than this ago is not closed for
/// another, in milliseconds.
const GRACE_MS: u64 = 1_000;
/// A connection on which no whole request head arrives for so long is closed, in milliseconds.
const HEAD_WITHIN_MS: u64 = 10_000;
/// How long a peer may take for the body of a request, in milliseconds: Discord gives up on the answer
/// after three seconds.
const BODY_WITHIN_MS: u64 = 2_500;
/// How long a peer may take to read an answer, in milliseconds. None has more than 100 KiB.
const WRITE_WITHIN_MS: u64 = 5_000;
/// One in so many connections is not protected, whatever is answered on it, so that there is always
/// one that may be closed for another.
const UNPROTECTED: usize = 8;

/// What peers are held to.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// Connections at once from one network.
    pub per_network: usize,
    /// The age from which on a connection may be closed for another.
    pub grace: Duration,
    /// How long the head of a request may take, also the time in which nothing is asked.
    pub head_within: Duration,
    /// How long the body of a request may take.
    pub body_within: Duration,
    /// How long reading an answer may take.
    pub write_within: Duration,
}

impl Limits {
    /// Connections that may be protected at once.
    pub(super) fn protected_max(&self) -> usize {
        self.connections - self.connections.div_ceil(UNPROTECTED)
    }

    /// As [`Limits::protected_max`], of one network.
    pub(super) fn protected_per_network(&self) -> usize {
        self.per_network - self.per_network.div_ceil(UNPROTECTED)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: CONNECTIONS_MAX,
            per_network: PER_NETWORK_MAX,
            grace: Duration::from_millis(GRACE_MS),
            head_within: Duration::from_millis(HEAD_WITHIN_MS),
            body_within: Duration::from_millis(BODY_WITHIN_MS),
            write_within: Duration::from_millis(WRITE_WITHIN_MS),
        }
    }
}
