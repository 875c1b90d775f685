//! The bot's HTTP while strangers hold every connection that they can get.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::{Client, StatusCode};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use super::{Place, serve};

/// Sockets of the flood: as many as the bot serves at once.
const SOCKETS: usize = 256;
/// Requests that each sends at once, of which it reads no answer: more than buffers hold.
const REQUESTS: usize = 200;
/// The receive buffer of each, in bytes; the system rounds it up.
const RECEIVE_BYTES: u32 = 2_048;
/// How long a health check waits: Kubernetes and Prometheus give it up after 1 to 10 seconds.
const WITHIN: Duration = Duration::from_secs(10);

/// A socket that asks for metrics over and over and never reads.
async fn deaf(address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket
        .set_recv_buffer_size(RECEIVE_BYTES)
        .expect("it is set");
    let mut stream = socket.connect(address).await.expect("it connects");
    let asked = "GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n".repeat(REQUESTS);
    stream
        .write_all(asked.as_bytes())
        .await
        .expect("it is sent");
    stream
}

/// Asks from this address of the machine.
async fn ask(from: [u8; 4], address: SocketAddr, path: &str) -> Option<StatusCode> {
    let client = Client::builder().local_address(Some(from.into()));
    let client = client.timeout(WITHIN).build().expect("a client");
    let answer = client.get(format!("http://{address}{path}")).send().await;
    answer.ok().map(|answer| answer.status())
}

#[tokio::test]
async fn health_is_answered_while_256_sockets_never_read() {
    let place = Place::new().await;
    let database = place.open().await;
    let http = serve(place.0.path(), &database).await;
    let address = http.address();
    let mut flood: JoinSet<_> = (0..SOCKETS).map(|_| deaf(address)).collect();
    let mut deaf = Vec::new();
    while let Some(stream) = flood.join_next().await {
        deaf.push(stream.expect("it was sent"));
    }
    assert_eq!(deaf.len(), SOCKETS);
    for from in [[127, 0, 0, 1], [127, 0, 0, 2]] {
        for path in ["/livez", "/readyz", "/metrics"] {
            let answer = ask(from, address, path).await;
            assert_eq!(answer, Some(StatusCode::OK), "{path} from {from:?}");
        }
    }
    drop(deaf);
    http.stop();
    database.close().await;
}
