//! Transport compression of the gateway: every payload is a part of one zlib or zstd stream
//! ("Gateway", section "Transport Compression").
//!
//! Pure. Invariant: whatever decompresses such a stream gets each payload whole from its own message.
//! On loopback nothing has to be smaller, so the streams are made of blocks that are stored as they are.

use axum::extract::ws::{Message, Utf8Bytes};

/// The first bytes of a zlib stream (RFC 1950).
const ZLIB_START: [u8; 2] = [0x78, 0x01];
/// Bytes of a stored block at most (RFC 1951, section 3.2.4).
const ZLIB_BLOCK_MAX: usize = 65_535;
/// The first bytes of a zstd frame of unknown size with a window of 128 KiB (RFC 8878, section 3.1.1).
const ZSTD_START: [u8; 6] = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x38];
/// Bytes of a raw block at most: the window.
const ZSTD_BLOCK_MAX: usize = 128 * 1_024;

/// How a connection's payloads are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Zlib,
    Zstd,
}

/// A connection's payloads on their way.
#[derive(Debug)]
pub(super) struct Transport {
    kind: Kind,
    begun: bool,
}

impl Transport {
    /// The one that the query of the gateway's address asks for; text for what is not known.
    pub(super) fn of(query: &str) -> Self {
        let asked = query.split('&').find_map(|it| it.strip_prefix("compress="));
        let kind = match asked {
            Some("zlib-stream") => Kind::Zlib,
            Some("zstd-stream") => Kind::Zstd,
            _ => Kind::Text,
        };
        Self { kind, begun: false }
    }

    /// The message for a payload.
    pub(super) fn message(&mut self, payload: Utf8Bytes) -> Message {
        let bytes = payload.as_bytes();
        let stream = match self.kind {
            Kind::Text => return Message::Text(payload),
            Kind::Zlib => zlib(bytes, self.begun),
            Kind::Zstd => zstd(bytes, self.begun),
        };
        self.begun = true;
        Message::Binary(stream.into())
    }
}

/// Stored blocks, and an empty one: the sync flush `00 00 FF FF` that ends each payload.
fn zlib(payload: &[u8], begun: bool) -> Vec<u8> {
    let mut stream = Vec::with_capacity(payload.len() + 16);
    if !begun {
        stream.extend(ZLIB_START);
    }
    for block in payload.chunks(ZLIB_BLOCK_MAX).chain([[].as_slice()]) {
        let size = u16::try_from(block.len()).unwrap_or(u16::MAX);
        stream.push(0);
        stream.extend(size.to_le_bytes());
        stream.extend((!size).to_le_bytes());
        stream.extend(block);
    }
    stream
}

/// Raw blocks, none of them the last.
fn zstd(payload: &[u8], begun: bool) -> Vec<u8> {
    let mut stream = Vec::with_capacity(payload.len() + 16);
    if !begun {
        stream.extend(ZSTD_START);
    }
    for block in payload.chunks(ZSTD_BLOCK_MAX) {
        let size = u32::try_from(block.len()).unwrap_or(u32::MAX);
        stream.extend(&(size << 3).to_le_bytes()[..3]);
        stream.extend(block);
    }
    stream
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_payloads_are_split_into_blocks() {
        let long = vec![b'x'; ZSTD_BLOCK_MAX + 1];
        let first = zlib(&long, false);
        assert_eq!(first.len(), 2 + long.len() + 4 * 5);
        assert!(first.ends_with(&[0, 0, 0xFF, 0xFF]));
        assert_eq!(zstd(&long, true).len(), long.len() + 2 * 3);
    }

    #[test]
    fn query_names_the_stream() {
        let kind = |query: &str| Transport::of(query).kind;
        assert_eq!(kind("v=10&encoding=json&compress=zlib-stream"), Kind::Zlib);
        assert_eq!(kind("compress=zstd-stream"), Kind::Zstd);
        assert_eq!(kind("v=10"), Kind::Text);
    }
}
