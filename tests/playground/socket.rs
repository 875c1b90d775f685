//! A WebSocket by hand, for what no Twilight shard would send or ask for: blocking, and without masks
//! that hide anything.

use crate::stage::{Stage, TOKEN};
use serde_json::{Value, json};
use std::{
    io::{self, Read, Write},
    net::TcpStream,
    time::Duration,
};

/// A socket that hears nothing for so long has failed, in seconds.
const SILENCE_MAX_S: u64 = 60;
const TEXT: u8 = 1;
const CLOSE: u8 = 8;

/// What the server sent.
pub(crate) enum Frame {
    Text(Vec<u8>),
    Binary(Vec<u8>),
    Close(u16),
}

pub(crate) struct Socket(TcpStream);

impl Socket {
    /// Connects with this query, and shakes hands.
    pub(crate) fn open(address: &str, query: &str) -> io::Result<Self> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(SILENCE_MAX_S)))?;
        let head = format!(
            "GET /?{query} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(head.as_bytes())?;
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            answer.push(byte[0]);
        }
        Ok(Self(stream))
    }

    /// Sends a payload of at most 125 bytes, the longest that needs no longer head.
    pub(crate) fn send(&mut self, payload: &Value) -> io::Result<()> {
        let text = payload.to_string();
        let length = u8::try_from(text.len()).ok().filter(|it| *it <= 125);
        let length = length.expect("a short payload");
        // A final text frame; a mask of zeros leaves the text as it is.
        self.0
            .write_all(&[0x80 | TEXT, 0x80 | length, 0, 0, 0, 0])?;
        self.0.write_all(text.as_bytes())
    }

    /// The next frame.
    pub(crate) fn next(&mut self) -> io::Result<Frame> {
        let mut head = [0; 2];
        self.0.read_exact(&mut head)?;
        let size = match head[1] {
            126 => {
                let mut long = [0; 2];
                self.0.read_exact(&mut long)?;
                u64::from(u16::from_be_bytes(long))
            }
            127 => {
                let mut long = [0; 8];
                self.0.read_exact(&mut long)?;
                u64::from_be_bytes(long)
            }
            short => u64::from(short),
        };
        let mut body = vec![0; usize::try_from(size).expect("it fits into memory")];
        self.0.read_exact(&mut body)?;
        Ok(match head[0] & 0x0F {
            TEXT => Frame::Text(body),
            CLOSE => Frame::Close(u16::from_be_bytes([body[0], body[1]])),
            _ => Frame::Binary(body),
        })
    }
}

/// The payloads up to the first GUILD_CREATE of who identifies with `compress`: how each came, and as
/// what it reads once its binary frames are decompressed.
async fn payloads(stage: &Stage, query: &'static str) -> Vec<(bool, String)> {
    let address = stage.discord.url().replace("http://", "");
    let talk = move || -> io::Result<Vec<(bool, String)>> {
        let mut socket = Socket::open(&address, query)?;
        let identify = json!({"token": TOKEN, "intents": 1, "compress": true});
        socket.send(&json!({"op": 2, "d": identify}))?;
        // A shared context, as transport compression has it; payload compression has one for each.
        let mut stream = flate2::Decompress::new(true);
        let mut read = Vec::new();
        loop {
            let (is_binary, text) = match socket.next()? {
                Frame::Text(text) => (false, text),
                Frame::Binary(bytes) if query.is_empty() => {
                    let mut text = Vec::new();
                    flate2::read::ZlibDecoder::new(bytes.as_slice()).read_to_end(&mut text)?;
                    (true, text)
                }
                Frame::Binary(bytes) => {
                    let mut text = Vec::with_capacity(1 << 20);
                    let flush = flate2::FlushDecompress::Sync;
                    stream.decompress_vec(&bytes, &mut text, flush)?;
                    (true, text)
                }
                Frame::Close(code) => panic!("closed with {code}"),
            };
            let text = String::from_utf8(text).expect("JSON is UTF-8");
            let is_last = text.contains("GUILD_CREATE");
            read.push((is_binary, text));
            if is_last {
                return Ok(read);
            }
        }
    };
    tokio::task::spawn_blocking(talk)
        .await
        .expect("no panic")
        .expect("payloads")
}

#[tokio::test]
async fn long_payloads_are_zlib_streams_of_their_own_if_identify_asks_for_it() {
    let stage = Stage::new().await;
    let payloads = payloads(&stage, "").await;
    let is_binary: Vec<bool> = payloads.iter().map(|it| it.0).collect();
    assert!(!is_binary[0], "HELLO comes before anything was asked for");
    assert!(is_binary[payloads.len() - 1], "a guild is long");
    for (_, text) in payloads {
        assert!(serde_json::from_str::<Value>(&text).is_ok(), "{text}");
    }
}

#[tokio::test]
async fn transport_compression_disables_payload_compression() {
    let stage = Stage::new().await;
    let payloads = payloads(&stage, "v=10&compress=zlib-stream").await;
    for (is_binary, text) in payloads {
        assert!(is_binary, "{text}");
        assert!(serde_json::from_str::<Value>(&text).is_ok(), "{text}");
    }
}
