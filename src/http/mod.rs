//! What a machine can ask the running bot: `/livez`, `/readyz`, `/metrics`; and, where Discord
//! delivers interactions over HTTP, the door for them.
//!
//! May touch: the store, read-only, the disk, [`Status`] and metrics. Invariant: it holds no secret
//! and changes nothing, so that it may be asked by whoever reaches it, but for what Discord has
//! signed; every answer comes within seconds, however bad things are, and whoever asks nothing holds
//! no connection.

mod health;
pub mod interactions;
mod serve;

use std::net::SocketAddr;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::status::Status;
use crate::store::Store;
use crate::store::backup::Backups;
pub use health::{Part, Readiness, SHARD_GRACE_S, WRITER_WITHIN_MS};
use interactions::Interactions;
use serve::Limits;

/// The media type of [`crate::metrics::Metrics::text`].
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What the answers are made from.
#[derive(Clone)]
pub struct Watched {
    /// What is remembered.
    pub store: Store,
    /// How the running parts are.
    pub status: Status,
    /// What time it is.
    pub clock: Clock,
    /// The backups of its file; a server's are made elsewhere.
    pub backups: Option<Backups>,
    /// From which size of the database on it is warned.
    pub warn_bytes: u64,
}

/// The running server.
pub struct Http {
    address: SocketAddr,
    task: JoinHandle<()>,
    leaving: CancellationToken,
}

impl Http {
    /// Listens on `address`; for interactions, too, if there is a door for them.
    ///
    /// # Errors
    /// The system's, if the address cannot be used.
    pub async fn start(
        address: SocketAddr,
        watched: Watched,
        interactions: Option<Interactions>,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let mut router = Router::new()
            .route("/livez", get(livez))
            .route("/readyz", get(readyz))
            .route("/metrics", get(metrics))
            .with_state(watched);
        tracing::info!(%address, "answering /livez, /readyz and /metrics");
        if let Some(door) = interactions {
            let receive = post(interactions::receive).with_state(door);
            router = router.route("/interactions", receive);
            tracing::info!(%address, "answering interactions at /interactions");
        }
        let leaving = CancellationToken::new();
        let serve = serve::serve(listener, router, Limits::default(), leaving.clone());
        let task = tokio::spawn(serve);
        Ok(Self {
            address,
            task,
            leaving,
        })
    }

    /// Lets nobody in any more, so that a load balancer goes elsewhere; who is in is answered.
    pub fn leave(&self) {
        self.leaving.cancel();
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops at once; nobody loses anything by it.
    pub fn stop(self) {
        self.task.abort();
    }
}

/// The process runs, and its tasks are looked after: that this is answered says both.
async fn livez() -> Json<serde_json::Value> {
    Json(serde_json::json!({"ok": true, "version": env!("CARGO_PKG_VERSION")}))
}

async fn readyz(State(watched): State<Watched>) -> Response {
    let readiness = health::readiness(&watched).await;
    let status = match readiness.ok {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, Json(readiness)).into_response()
}

async fn metrics(State(watched): State<Watched>) -> Response {
    let now = health::snapshot(&watched).await;
    let text = watched.store.metrics().text(&now);
    ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response()
}
