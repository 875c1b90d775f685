//! Connections, taken and served one by one.
//!
//! May touch: the network. Invariant: there are never more of them than [`Limits`] says, and none is
//! held by somebody who sends nothing.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Connections at once; whoever comes then waits until one is free. Many times what Discord keeps
/// open, and a fraction of the descriptors that a process may have.
const CONNECTIONS_MAX: usize = 256;
/// A connection on which no whole request head arrives for so long is closed, in milliseconds.
const HEAD_WITHIN_MS: u64 = 10_000;
/// The wait after no connection could be taken, since the process has no descriptor left, in
/// milliseconds.
const TROUBLE_WAIT_MS: u64 = 500;

/// What those who connect are held to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Connections at once.
    pub(super) connections: usize,
    /// How long the head of a request may take.
    pub(super) head_within: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: CONNECTIONS_MAX,
            head_within: Duration::from_millis(HEAD_WITHIN_MS),
        }
    }
}

/// Serves until `leaving`, and then those who are in.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    leaving: CancellationToken,
) {
    let free = Arc::new(Semaphore::new(limits.connections));
    let served = TaskTracker::new();
    loop {
        let next = async {
            let place = free.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = leaving.cancelled() => break,
            next = next => next,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(Duration::from_millis(TROUBLE_WAIT_MS)).await;
            continue;
        };
        let (router, leaving) = (router.clone(), leaving.clone());
        served.spawn(async move {
            connection(stream, router, limits, leaving).await;
            drop(place);
        });
    }
    drop(listener);
    served.close();
    served.wait().await;
}

async fn connection(stream: TcpStream, router: Router, limits: Limits, leaving: CancellationToken) {
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_within);
    let service = TowerToHyperService::new(router);
    let mut served = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = leaving.cancelled() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// Longer than any of these tests.
    const LONG: Duration = Duration::from_secs(600);

    async fn start(router: Router, limits: Limits) -> (SocketAddr, CancellationToken) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, leaving) = (listener.local_addr().unwrap(), CancellationToken::new());
        tokio::spawn(serve(listener, router, limits, leaving.clone()));
        (address, leaving)
    }

    fn hello() -> Router {
        Router::new().route("/", get(async || "hello"))
    }

    /// All that comes on a connection on which `sent` was said.
    async fn told(address: SocketAddr, sent: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        let mut told = String::new();
        stream.read_to_string(&mut told).await.unwrap();
        told
    }

    const ASKED: &str = "GET / HTTP/1.1\r\nHost: here\r\n\r\n";
    const ASKED_ONCE: &str = "GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n";

    #[tokio::test]
    async fn who_sends_no_request_or_half_of_one_is_let_go() {
        let limits = Limits {
            head_within: Duration::from_millis(10),
            ..Limits::default()
        };
        let (address, _leaving) = start(hello(), limits).await;
        for sent in ["", "GET / HTTP/1.1\r\nHost: he"] {
            assert!(!told(address, sent).await.contains("hello"));
        }
        // Also after an answer, when no other request follows.
        assert!(told(address, ASKED).await.ends_with("hello"));
    }

    #[tokio::test]
    async fn no_more_are_served_at_once_than_there_are_places_and_all_in_the_end() {
        static NOW: AtomicUsize = AtomicUsize::new(0);
        static MOST: AtomicUsize = AtomicUsize::new(0);
        let busy = get(async || {
            MOST.fetch_max(NOW.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            NOW.fetch_sub(1, Ordering::SeqCst);
            "hello"
        });
        let limits = Limits {
            connections: 2,
            head_within: LONG,
        };
        let (address, _leaving) = start(Router::new().route("/", busy), limits).await;
        let all = (0..20).map(|_| told(address, ASKED_ONCE));
        for told in futures_util::future::join_all(all).await {
            assert!(told.ends_with("hello"), "{told}");
        }
        assert!(MOST.load(Ordering::SeqCst) <= 2);
    }

    #[tokio::test]
    async fn whoever_leaves_lets_nobody_in_and_ends_with_the_last_who_was() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, leaving) = (listener.local_addr().unwrap(), CancellationToken::new());
        let limits = Limits {
            head_within: LONG,
            ..Limits::default()
        };
        let served = tokio::spawn(serve(listener, hello(), limits, leaving.clone()));
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(ASKED.as_bytes()).await.unwrap();
        let mut first = [0; 1];
        stream.read_exact(&mut first).await.unwrap();
        leaving.cancel();
        served.await.unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }
}
