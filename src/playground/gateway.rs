//! The gateway: one WebSocket connection of a shard, version 10, JSON.
//!
//! May touch: the socket, the state's sessions. Invariant: an event is in its session's buffer
//! before it is on the wire, so a torn connection loses nothing.

use super::{
    chunks,
    sessions::{self, INTENT_GUILDS, Lease, Order, Work},
    starts::Start,
    state::Hub,
    told::Told,
    transport::Transport,
};
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use serde_json::{Value, json};
use std::{sync::Arc, time::Instant};

/// How often a client is to send a heartbeat, in milliseconds.
const HEARTBEAT_MS: u64 = 41_250;
/// The highest intent bit there is.
const INTENTS_MAX: u64 = 1 << 26;

const DISPATCH_HEARTBEAT: u64 = 1;
const IDENTIFY: u64 = 2;
const PRESENCE: u64 = 3;
const VOICE_STATE: u64 = 4;
const RESUME: u64 = 6;
const REQUEST_MEMBERS: u64 = 8;

/// Why a connection is closed by the server.
type Close = (u16, &'static str);
const UNKNOWN_OPCODE: Close = (4001, "Unknown opcode.");
const DECODE_ERROR: Close = (4002, "Error while decoding payload.");
const NOT_AUTHENTICATED: Close = (4003, "Not authenticated.");
const AUTHENTICATION_FAILED: Close = (4004, "Authentication failed.");
const ALREADY_AUTHENTICATED: Close = (4005, "Already authenticated.");
const INVALID_SHARD: Close = (4010, "Invalid shard.");
const INVALID_INTENTS: Close = (4013, "Invalid intent(s).");
const TRY_AGAIN: Close = (4000, "Unknown error. Try to reconnect.");

/// How a connection came to its end.
enum End {
    /// The client closed with this code, if it gave one.
    ByClient(Option<u16>),
    ByServer(Close),
    /// The socket broke, or is to break.
    Torn,
}

/// Serves one connection until it ends.
pub(super) async fn serve(hub: Arc<Hub>, socket: WebSocket, transport: Transport) {
    let mut connection = Connection {
        hub,
        socket,
        transport,
        lease: None,
    };
    let end = connection.run().await;
    connection.finish(end).await;
}

struct Connection {
    hub: Arc<Hub>,
    socket: WebSocket,
    transport: Transport,
    lease: Option<Lease>,
}

impl Connection {
    async fn run(&mut self) -> End {
        let hello = json!({"op": 10, "t": null, "s": null,
            "d": {"heartbeat_interval": HEARTBEAT_MS, "_trace": ["playground"]}});
        if self.send(hello.to_string().into()).await.is_err() {
            return End::Torn;
        }
        let stopping = self.hub.stopping.clone();
        loop {
            let wake = self.lease.as_ref().map(|lease| Arc::clone(&lease.wake));
            let woken = async {
                match wake {
                    Some(wake) => wake.notified().await,
                    None => std::future::pending().await,
                }
            };
            let step = tokio::select! {
                () = stopping.cancelled() => return End::Torn,
                frame = self.socket.recv() => self.receive(frame).await,
                () = woken => self.work().await,
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    /// Sends what the session has for this connection.
    async fn work(&mut self) -> Result<(), End> {
        loop {
            let Some(lease) = self.lease.as_mut() else {
                return Ok(());
            };
            let work = self.hub.state().sessions.work(lease);
            match work {
                Work::Wait => return Ok(()),
                Work::Lost => return Err(End::ByServer(TRY_AGAIN)),
                Work::Send(frames, cursor) => {
                    lease.cursor = cursor;
                    for frame in frames {
                        self.send(frame).await?;
                    }
                }
                Work::Order(order) => self.obey(order).await?,
            }
        }
    }

    async fn obey(&mut self, order: Order) -> Result<(), End> {
        match order {
            Order::Drop => Err(End::Torn),
            Order::Refuse => Err(End::ByServer(AUTHENTICATION_FAILED)),
            Order::Reconnect => {
                if let Some(lease) = &self.lease {
                    self.hub.state().sessions.done(lease);
                }
                self.send(bare(7, Value::Null)).await
            }
            Order::Invalidate => {
                self.lease = None;
                self.send(bare(9, json!(false))).await
            }
        }
    }

    async fn receive(&mut self, frame: Option<Result<Message, axum::Error>>) -> Result<(), End> {
        let payload: Option<Value> = match frame {
            None | Some(Err(_)) => return Err(End::Torn),
            Some(Ok(Message::Close(frame))) => {
                return Err(End::ByClient(frame.map(|frame| frame.code)));
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => return Ok(()),
            Some(Ok(Message::Text(text))) => serde_json::from_str(&text).ok(),
            Some(Ok(Message::Binary(bytes))) => serde_json::from_slice(&bytes).ok(),
        };
        let payload = payload.ok_or(End::ByServer(DECODE_ERROR))?;
        let op = payload["op"].as_u64().ok_or(End::ByServer(DECODE_ERROR))?;
        match op {
            DISPATCH_HEARTBEAT => self.send(bare(11, Value::Null)).await,
            IDENTIFY => self.identify(&payload["d"]).await,
            RESUME => self.resume(&payload["d"]).await,
            REQUEST_MEMBERS if self.lease.is_some() => self.tell_members(&payload["d"]).await,
            PRESENCE | VOICE_STATE if self.lease.is_some() => Ok(()),
            PRESENCE | VOICE_STATE | REQUEST_MEMBERS => Err(End::ByServer(NOT_AUTHENTICATED)),
            _ => Err(End::ByServer(UNKNOWN_OPCODE)),
        }
    }

    async fn identify(&mut self, d: &Value) -> Result<(), End> {
        self.authenticate(d)?;
        let intents = d["intents"].as_u64().filter(|bits| *bits < INTENTS_MAX * 2);
        let intents = intents.ok_or(End::ByServer(INVALID_INTENTS))?;
        let shard = match &d["shard"] {
            Value::Null => Some((0, 1)),
            shard => shard[0]
                .as_u64()
                .zip(shard[1].as_u64())
                .filter(|(i, n)| i < n),
        };
        let shard = shard.ok_or(End::ByServer(INVALID_SHARD))?;
        // One too many makes Discord end every session and reset the token.
        let start = {
            let mut state = self.hub.state();
            let spaced = !state.faults.unlimited;
            state.starts.take(shard.0, spaced, Instant::now())
        };
        match start {
            Start::Begun => {}
            Start::TooSoon => return self.send(bare(9, json!(false))).await,
            Start::Exceeded => return Err(End::ByServer(AUTHENTICATION_FAILED)),
        }
        if d["compress"] == true {
            self.transport.compress_payloads();
        }
        self.lease = Some(open(&self.hub, shard, intents));
        self.work().await
    }

    async fn resume(&mut self, d: &Value) -> Result<(), End> {
        self.authenticate(d)?;
        let id = d["session_id"].as_str().unwrap_or_default();
        let sequence = d["seq"].as_u64().unwrap_or(0);
        let now = self.hub.clock.now();
        let lease = {
            let mut state = self.hub.state();
            let lease = state.sessions.resume(id, sequence, now);
            if lease.is_some() {
                state
                    .sessions
                    .send(id, "RESUMED", &json!({"_trace": ["playground"]}));
                state.touch();
            }
            lease
        };
        if lease.is_none() {
            return self.send(bare(9, json!(false))).await;
        }
        self.lease = lease;
        self.work().await
    }

    /// Answers op 8.
    async fn tell_members(&mut self, d: &Value) -> Result<(), End> {
        if let Some(lease) = &self.lease {
            let mut state = self.hub.state();
            let intents = state.sessions.intents(lease);
            for chunk in chunks::answer(&state, d, intents) {
                let sessions = &mut state.sessions;
                sessions.send(&lease.session, "GUILD_MEMBERS_CHUNK", &chunk);
            }
        }
        self.work().await
    }

    fn authenticate(&self, d: &Value) -> Result<(), End> {
        if self.lease.is_some() {
            return Err(End::ByServer(ALREADY_AUTHENTICATED));
        }
        let token = d["token"].as_str().ok_or(End::ByServer(DECODE_ERROR))?;
        if !self.hub.accepts(token.trim_start_matches("Bot ")) {
            return Err(End::ByServer(AUTHENTICATION_FAILED));
        }
        Ok(())
    }

    async fn send(&mut self, frame: Utf8Bytes) -> Result<(), End> {
        let message = self.transport.message(frame);
        let sent = self.socket.send(message).await;
        sent.map_err(|_| End::Torn)
    }

    async fn finish(mut self, end: End) {
        let ended = matches!(end, End::ByClient(Some(1000 | 1001)));
        if let Some(lease) = &self.lease {
            let now = self.hub.clock.now();
            let mut state = self.hub.state();
            state.sessions.detach(lease, ended, now);
            state.touch();
        }
        // The other side may be gone already, which is no concern any more.
        match end {
            End::ByServer((code, reason)) => {
                let frame = CloseFrame {
                    code,
                    reason: reason.into(),
                };
                let _ = self.socket.send(Message::Close(Some(frame))).await;
            }
            // Reading on sends the answer to the client's close.
            End::ByClient(_) => drop(self.socket.recv().await),
            End::Torn => {}
        }
    }
}

/// Makes a session and puts READY and the guilds into its buffer.
fn open(hub: &Hub, shard: (u64, u64), intents: u64) -> Lease {
    let mut state = hub.state();
    let lease = state.sessions.identify(shard, intents, hub.clock.now());
    let mine = |guild: u64| sessions::guild_belongs(guild, shard);
    let guilds: Vec<_> = state
        .world
        .guilds
        .iter()
        .filter(|guild| mine(guild.id) && !state.left.contains(&guild.id))
        .collect();
    let ids: Vec<u64> = guilds.iter().map(|guild| guild.id).collect();
    let creates: Vec<Value> = match intents & INTENT_GUILDS {
        0 => Vec::new(),
        _ => guilds
            .into_iter()
            .map(|guild| state.guild_create(guild))
            .collect(),
    };
    let url = format!("ws://{}", hub.address);
    let ready = sessions::ready(&lease.session, shard, &ids, &url);
    state.sessions.send(&lease.session, "READY", &ready);
    for create in creates {
        state.sessions.send(&lease.session, "GUILD_CREATE", &create);
    }
    let told = Told::now(&state);
    state.told = told;
    state.touch();
    lease
}

fn bare(op: u64, d: Value) -> Utf8Bytes {
    json!({"op": op, "d": d, "t": null, "s": null})
        .to_string()
        .into()
}
