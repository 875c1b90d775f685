//! Connections, taken and served one by one.
//!
//! May touch: the network. Invariant: there are never more of them than [`Limits`] says, and none is
//! held by a peer that sends nothing, or reads nothing.

use std::error::Error;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::time::Duration;

use axum::{Extension, Router};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Limits;
use super::connections::{Activity, Connection, Connections};
use super::timely::TimelyWrites;
use crate::metrics::{Closed, Metrics};

/// The largest head of a request, and what is read ahead of a body, in bytes. Discord's heads have
/// less than 1 KiB, and proxies add a few lines.
const HEAD_MAX_BYTES: usize = 16 * 1024;
/// The wait after no connection could be taken, since the process has no descriptor left, in
/// milliseconds.
const TROUBLE_WAIT_MS: u64 = 500;

/// Serves until `leaving`, and then the connections that are open. Dropping it closes them at once.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    metrics: Metrics,
    leaving: CancellationToken,
) {
    let connections = Connections::new(limits, metrics.clone());
    let served = TaskTracker::new();
    let close = CancellationToken::new();
    let _closes_all = close.clone().drop_guard();
    loop {
        let accepted = tokio::select! {
            () = leaving.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, address) = match accepted {
            Ok((stream, peer)) => (stream, peer.ip()),
            Err(error) if is_of_the_peer(&error) => continue,
            Err(_) => {
                tokio::time::sleep(Duration::from_millis(TROUBLE_WAIT_MS)).await;
                continue;
            }
        };
        let admitted = tokio::select! {
            () = leaving.cancelled() => break,
            admitted = connections.admit(address, &close) => admitted,
        };
        // Not admitted: it is closed.
        let Some(admitted) = admitted else { continue };
        let client = Client {
            address,
            activity: admitted.activity(),
        };
        let peer = Peer {
            router: router.clone().layer(Extension(client)),
            limits,
            metrics: metrics.clone(),
            leaving: leaving.clone(),
        };
        served.spawn(async move { peer.serve(stream, &admitted).await });
    }
    drop(listener);
    served.close();
    served.wait().await;
}

/// The other end of a connection; every request has it among its extensions.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) address: IpAddr,
    pub(super) activity: Activity,
}

/// What one connection is served with.
struct Peer {
    router: Router,
    limits: Limits,
    metrics: Metrics,
    leaving: CancellationToken,
}

impl Peer {
    async fn serve(self, stream: TcpStream, admitted: &Connection) {
        let mut builder = Builder::new(TokioExecutor::new()).http1_only();
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.head_within)
            .max_buf_size(HEAD_MAX_BYTES);
        let service = TowerToHyperService::new(self.router);
        let stream = TokioIo::new(TimelyWrites::new(stream, self.limits.write_within));
        let mut served = std::pin::pin!(builder.serve_connection(stream, service));
        let ended = tokio::select! {
            ended = served.as_mut() => ended,
            () = admitted.closed() => return,
            () = self.leaving.cancelled() => {
                served.as_mut().graceful_shutdown();
                tokio::select! {
                    ended = served => ended,
                    () = admitted.closed() => return,
                }
            }
        };
        if let Err(error) = ended {
            if is_timeout(error.as_ref()) {
                self.metrics.connection_closed(Closed::Unread);
            }
            tracing::debug!(%error, "a connection broke");
        }
    }
}

/// Whether a connection was given up before it was taken, which says nothing about the next one.
fn is_of_the_peer(error: &std::io::Error) -> bool {
    let kinds = [
        ErrorKind::ConnectionAborted,
        ErrorKind::ConnectionRefused,
        ErrorKind::ConnectionReset,
    ];
    kinds.contains(&error.kind())
}

/// Whether the connection ended because of [`TimelyWrites`].
fn is_timeout(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let is_timeout = |error: &std::io::Error| error.kind() == ErrorKind::TimedOut;
        if error.downcast_ref().is_some_and(is_timeout) {
            return true;
        }
        next = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::body::Bytes;
    use axum::http::StatusCode;
    use axum::routing::{get, post};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// Longer than any of these tests.
    const LONG: Duration = Duration::from_secs(600);
    /// A deadline that is waited for.
    const SHORT: Duration = Duration::from_millis(10);

    /// Limits of which none is reached.
    fn limits() -> Limits {
        Limits {
            grace: LONG,
            head_within: LONG,
            body_within: LONG,
            write_within: LONG,
            ..Limits::default()
        }
    }

    async fn start(router: Router, limits: Limits) -> (SocketAddr, CancellationToken) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, leaving) = (listener.local_addr().unwrap(), CancellationToken::new());
        let serve = serve(
            listener,
            router,
            limits,
            Metrics::default(),
            leaving.clone(),
        );
        tokio::spawn(serve);
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
            head_within: SHORT,
            ..limits()
        };
        let (address, _leaving) = start(hello(), limits).await;
        for sent in ["", "GET / HTTP/1.1\r\nHost: he"] {
            assert!(!told(address, sent).await.contains("hello"));
        }
        // Also after an answer, when no other request follows.
        assert!(told(address, ASKED).await.ends_with("hello"));
    }

    #[tokio::test]
    async fn who_does_not_read_an_answer_or_reads_it_byte_by_byte_is_let_go() {
        // More than the buffers of both sides hold.
        let large = Bytes::from(vec![b'x'; 64 << 20]);
        let large = Router::new().route("/", get(async move || large.clone()));
        let limits = Limits {
            write_within: SHORT,
            ..limits()
        };
        let (address, _leaving) = start(large, limits).await;
        for reads in [false, true] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(ASKED.as_bytes()).await.unwrap();
            if reads {
                let mut read = 0;
                while let Ok(bytes @ 1..) = stream.read(&mut [0; 1]).await {
                    read += bytes;
                }
                assert!(read < 64 << 20, "{read}");
            } else {
                // The reset is seen without a byte being read.
                let reset = tokio::time::timeout(LONG, stream.ready(tokio::io::Interest::ERROR));
                reset.await.expect("it is let go").unwrap();
            }
        }
    }

    #[tokio::test]
    async fn a_head_that_is_too_large_is_refused() {
        let (address, _leaving) = start(hello(), limits()).await;
        let line = format!("X-Large: {}\r\n", "x".repeat(HEAD_MAX_BYTES));
        let asked = ASKED_ONCE.replace("Connection", &format!("{line}Connection"));
        let mut stream = TcpStream::connect(address).await.unwrap();
        // It may be refused, and the connection closed, before all is sent.
        let _ = stream.write_all(asked.as_bytes()).await;
        let mut told = Vec::new();
        let _ = stream.read_to_end(&mut told).await;
        assert!(!String::from_utf8_lossy(&told).contains("hello"));
    }

    #[tokio::test]
    async fn a_body_that_nobody_wants_holds_no_connection() {
        let (address, _leaving) = start(hello(), limits()).await;
        let asked = "GET / HTTP/1.1\r\nHost: here\r\nContent-Length: 100\r\n\r\n";
        assert!(told(address, asked).await.ends_with("hello"));
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
            per_network: 3,
            ..limits()
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
        let serve = serve(
            listener,
            hello(),
            limits(),
            Metrics::default(),
            leaving.clone(),
        );
        let served = tokio::spawn(serve);
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(ASKED.as_bytes()).await.unwrap();
        let mut first = [0; 1];
        stream.read_exact(&mut first).await.unwrap();
        leaving.cancel();
        served.await.unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }

    #[tokio::test]
    async fn an_old_connection_is_closed_for_a_new_one_unless_it_is_answered_something_signed() {
        let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
        let signed = post(
            async move |Extension(client): Extension<Client>| -> StatusCode {
                let _kept_open = client.activity.answer();
                begun.send(()).unwrap();
                std::future::pending().await
            },
        );
        let limits = Limits {
            connections: 2,
            grace: Duration::ZERO,
            ..limits()
        };
        let (address, _leaving) = start(hello().route("/signed", signed), limits).await;
        let mut signed = TcpStream::connect(address).await.unwrap();
        let asked = "POST /signed HTTP/1.1\r\nHost: here\r\nContent-Length: 0\r\n\r\n";
        signed.write_all(asked.as_bytes()).await.unwrap();
        begins.recv().await.unwrap();
        let mut idle = TcpStream::connect(address).await.unwrap();
        assert!(told(address, ASKED_ONCE).await.ends_with("hello"));
        assert_eq!(idle.read(&mut [0; 1]).await.unwrap(), 0, "it was closed");
        let kept = signed.try_read(&mut [0; 1]).unwrap_err();
        assert_eq!(kept.kind(), ErrorKind::WouldBlock, "it is still open");
    }
}
