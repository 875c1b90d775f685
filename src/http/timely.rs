//! A connection whose peer has to take what is written to it.
//!
//! May touch: the connection. Invariant: what was written is in the system's hands within the deadline,
//! or the connection ends; however slowly the peer reads.

use std::future::Future as _;
use std::io::{Error, ErrorKind, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// A [`TcpStream`] on which a write fails with [`ErrorKind::TimedOut`] if the peer does not take it in
/// time. hyper limits the time for a request's head and not that for an answer.
pub(super) struct TimelyWrites {
    stream: TcpStream,
    write_within: Duration,
    /// Runs from the first write that had to wait until the next complete flush. A single byte that the
    /// peer takes does not restart it.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl TimelyWrites {
    pub(super) fn new(stream: TcpStream, write_within: Duration) -> Self {
        Self {
            stream,
            write_within,
            deadline: None,
        }
    }

    fn wait<T>(&mut self, cx: &mut Context<'_>) -> Poll<Result<T>> {
        let within = self.write_within;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(within)));
        ready!(deadline.as_mut().poll(cx));
        let text = "the answer was not read in time";
        Poll::Ready(Err(Error::new(ErrorKind::TimedOut, text)))
    }
}

impl AsyncRead for TimelyWrites {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for TimelyWrites {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(cx, bytes) {
            Poll::Pending => self.wait(cx),
            written => written,
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let flushed = ready!(Pin::new(&mut self.stream).poll_flush(cx));
        self.deadline = None;
        Poll::Ready(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Drop for TimelyWrites {
    /// Has the system forget what the peer does not take, instead of offering it for minutes.
    fn drop(&mut self) {
        if self.deadline.is_some() {
            // It is closed either way.
            let _ = self.stream.set_zero_linger();
        }
    }
}
