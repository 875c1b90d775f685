//! Who is told more than states.
//!
//! Pure. Invariant: without the token, or where none is set without a local address, nobody is.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use axum::http::{HeaderMap, header};
use ring::digest::{Digest, SHA256, digest};

/// Headers by which proxies name the client that they forward for. A request with one of them is not
/// a local one, wherever its connection comes from.
const FORWARDED: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];

/// The rule by which a request may read metrics and details. Cheap to clone.
#[derive(Clone)]
pub struct Insight(Arc<Rule>);

enum Rule {
    /// Requests from local addresses.
    Local,
    /// Requests with the token that has this digest, from anywhere.
    Token(Digest),
}

impl Insight {
    /// The rule if this token is set: it is asked for. Otherwise loopback and private addresses are
    /// enough.
    pub fn with_token(token: Option<&str>) -> Self {
        Self(Arc::new(match token {
            Some(token) => Rule::Token(digest(&SHA256, token.as_bytes())),
            None => Rule::Local,
        }))
    }

    /// Whether a request with these headers, from this address, may read details.
    pub(super) fn is_given(&self, peer: IpAddr, headers: &HeaderMap) -> bool {
        match &*self.0 {
            Rule::Local => {
                is_local(peer) && !FORWARDED.iter().any(|name| headers.contains_key(*name))
            }
            Rule::Token(expected) => {
                // Digests are compared: the time it takes says nothing of the token.
                let given = bearer(headers).map(|token| digest(&SHA256, token));
                given.is_some_and(|given| given.as_ref() == expected.as_ref())
            }
        }
    }
}

/// The token of `Authorization: Bearer TOKEN`.
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let (scheme, token) = value.split_at_checked(b"Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then_some(token)
}

/// Whether the address cannot be reached from the internet: loopback, private, link-local, or shared
/// between a provider and its customers (RFC 1122, 1918, 3927, 4193, 4291, 6598).
fn is_local(peer: IpAddr) -> bool {
    match peer.to_canonical() {
        IpAddr::V4(peer) => {
            let [first, second, ..] = peer.octets();
            let shared = first == 100 && (64..128).contains(&second);
            peer.is_loopback() || peer.is_private() || peer.is_link_local() || shared
        }
        IpAddr::V6(peer) => {
            let is_unique_local = peer.is_unique_local() || peer.is_unicast_link_local();
            peer == Ipv6Addr::LOCALHOST || is_unique_local
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(token: Option<&str>, peer: &str, lines: &[(&'static str, &str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.insert(*name, value.parse().expect("a value"));
        }
        let peer = peer.parse().expect("an address");
        Insight::with_token(token).is_given(peer, &headers)
    }

    #[test]
    fn without_a_token_local_addresses_are_told_and_what_a_proxy_forwards_is_not() {
        for peer in [
            "127.0.0.1",
            "::1",
            "::ffff:10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.1.1",
            "100.64.0.1",
            "fdaa::1",
            "fe80::1",
        ] {
            assert!(given(None, peer, &[]), "{peer}");
            for name in FORWARDED {
                assert!(!given(None, peer, &[(name, "192.0.2.1")]), "{peer} {name}");
            }
        }
        for peer in [
            "192.0.2.1",
            "172.32.0.1",
            "100.128.0.1",
            "2001:db8::1",
            "::ffff:8.8.8.8",
        ] {
            assert!(!given(None, peer, &[]), "{peer}");
        }
    }

    #[test]
    fn with_a_token_only_the_token_counts() {
        let token = Some("0123456789abcdef");
        for value in ["Bearer 0123456789abcdef", "bearer 0123456789abcdef"] {
            let line = [("authorization", value), ("x-forwarded-for", "192.0.2.1")];
            assert!(given(token, "192.0.2.1", &line), "{value}");
        }
        assert!(!given(token, "127.0.0.1", &[]));
        for value in [
            "",
            "Bearer",
            "Bearer ",
            "Bearer 0123456789abcde",
            "Basic 0123456789abcdef",
        ] {
            assert!(
                !given(token, "127.0.0.1", &[("authorization", value)]),
                "{value}"
            );
        }
    }
}
