//! Compression of the gateway. Transport compression: every payload is a part of one zlib or zstd
//! stream ("Gateway", section "Transport Compression"). Payload compression: some payloads are a zlib
//! stream of their own ("Gateway", section "Payload Compression").
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

/// Of compressed payloads, those of at least so many bytes are. Discord compresses *some*, and does not
/// say which.
const PAYLOAD_MIN_BYTES: usize = 1_024;
/// The modulus of Adler-32, which ends a zlib stream (RFC 1950, section 9).
const ADLER_MODULUS: u32 = 65_521;

/// How a connection's payloads are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    /// Text, but for long payloads, each of which is a zlib stream.
    Payloads,
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

    /// What `compress` in Identify asks for. With transport compression it is disabled.
    pub(super) fn compress_payloads(&mut self) {
        if self.kind == Kind::Text {
            self.kind = Kind::Payloads;
        }
    }

    /// The message for a payload.
    pub(super) fn message(&mut self, payload: Utf8Bytes) -> Message {
        let bytes = payload.as_bytes();
        let stream = match self.kind {
            Kind::Text => return Message::Text(payload),
            Kind::Payloads if bytes.len() < PAYLOAD_MIN_BYTES => return Message::Text(payload),
            Kind::Payloads => return Message::Binary(zlib_whole(bytes).into()),
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

/// A stream of its own: stored blocks, the last of which says so, and the checksum.
fn zlib_whole(payload: &[u8]) -> Vec<u8> {
    let mut stream = zlib(payload, false);
    // The empty block at the end is made the last one.
    let last = stream.len() - 5;
    stream[last] = 1;
    stream.extend(adler_32(payload).to_be_bytes());
    stream
}

fn adler_32(bytes: &[u8]) -> u32 {
    let (low, high) = bytes.iter().fold((1, 0), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % ADLER_MODULUS;
        (low, (high + low) % ADLER_MODULUS)
    });
    high << 16 | low
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
    fn checksum_is_that_of_the_standard() {
        // Known from many descriptions of the algorithm.
        assert_eq!(adler_32(b"Wikipedia"), 0x11E6_0398);
        assert_eq!(adler_32(b""), 1);
    }

    #[test]
    fn payloads_are_compressed_only_without_transport_compression() {
        let long = Utf8Bytes::from("x".repeat(PAYLOAD_MIN_BYTES));
        let mut plain = Transport::of("v=10");
        assert!(matches!(plain.message(long.clone()), Message::Text(_)));
        plain.compress_payloads();
        assert!(matches!(plain.message(long.clone()), Message::Binary(_)));
        assert!(matches!(plain.message("x".into()), Message::Text(_)));
        let mut stream = Transport::of("compress=zlib-stream");
        stream.compress_payloads();
        assert_eq!(stream.kind, Kind::Zlib);
    }

    #[test]
    fn query_names_the_stream() {
        let kind = |query: &str| Transport::of(query).kind;
        assert_eq!(kind("v=10&encoding=json&compress=zlib-stream"), Kind::Zlib);
        assert_eq!(kind("compress=zstd-stream"), Kind::Zstd);
        assert_eq!(kind("v=10"), Kind::Text);
    }
}
