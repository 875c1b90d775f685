//! What goes over the embedded Discord's sockets, counted.
//!
//! May touch: nothing. Invariant: every byte is counted once, in the direction that it goes.

use axum::serve::Listener;
use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What has gone over the sockets so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes to the other side, with everything around them (HTTP, WebSocket).
    pub sent_bytes: u64,
    /// Bytes from the other side.
    pub received_bytes: u64,
    /// Requests to the REST API.
    pub requests: u64,
    /// Of these, those that count towards Discord's limit over all routes: all but the answers to
    /// interactions.
    pub counted_requests: u64,
    /// Of these, those that were refused by a rate limit (429).
    pub refused_requests: u64,
}

/// Where it is counted.
#[derive(Debug, Default)]
pub(super) struct Counters {
    sent_bytes: AtomicU64,
    received_bytes: AtomicU64,
    requests: AtomicU64,
    counted_requests: AtomicU64,
    refused_requests: AtomicU64,
}

impl Counters {
    /// Counts a request to the REST API.
    pub(super) fn request(&self, counted: bool, refused: bool) {
        self.requests.fetch_add(1, Relaxed);
        self.counted_requests.fetch_add(counted.into(), Relaxed);
        self.refused_requests.fetch_add(refused.into(), Relaxed);
    }

    /// All of it.
    pub(super) fn read(&self) -> Traffic {
        Traffic {
            sent_bytes: self.sent_bytes.load(Relaxed),
            received_bytes: self.received_bytes.load(Relaxed),
            requests: self.requests.load(Relaxed),
            counted_requests: self.counted_requests.load(Relaxed),
            refused_requests: self.refused_requests.load(Relaxed),
        }
    }
}

/// A listener that counts what goes over its connections.
pub(super) struct Counting<L> {
    listener: L,
    counters: Arc<Counters>,
}

impl<L> Counting<L> {
    pub(super) fn new(listener: L, counters: Arc<Counters>) -> Self {
        Self { listener, counters }
    }
}

impl<L: Listener> Listener for Counting<L> {
    type Io = Counted<L::Io>;
    type Addr = L::Addr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (io, address) = self.listener.accept().await;
        let counters = Arc::clone(&self.counters);
        (Counted { io, counters }, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// A connection whose bytes are counted.
pub(super) struct Counted<Io> {
    io: Io,
    counters: Arc<Counters>,
}

impl<Io> Counted<Io> {
    fn wrote(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = &written {
            self.counters.sent_bytes.fetch_add(*bytes as u64, Relaxed);
        }
        written
    }
}

impl<Io: AsyncRead + Unpin> AsyncRead for Counted<Io> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.io).poll_read(context, buffer);
        let bytes = buffer.filled().len().saturating_sub(before);
        self.counters
            .received_bytes
            .fetch_add(bytes as u64, Relaxed);
        read
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for Counted<Io> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(context, bytes);
        self.wrote(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(context, slices);
        self.wrote(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}
