//! What a machine can ask the running bot: `/livez`, `/readyz`, `/metrics`; and, where Discord
//! delivers interactions over HTTP, the door for them.
//!
//! May touch: the store, read-only, the disk, [`Status`] and metrics. Invariant: it tells states and
//! never the text of an error, details and figures only to whom [`Insight`] allows them, and changes
//! nothing but for what Discord has signed; every answer comes within seconds, however bad things are,
//! and a peer that asks nothing, or reads nothing, holds no connection.

mod connections;
mod health;
mod insight;
pub mod interactions;
mod limits;
mod serve;
mod shared_look;
mod timely;

use std::net::SocketAddr;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::status::Status;
use crate::store::Store;
use crate::store::backup::Backups;
pub use health::{Part, Readiness, SHARD_GRACE_S, WRITER_WITHIN_MS};
pub use insight::Insight;
use interactions::Interactions;
pub use limits::Limits;
use serve::Client;
use shared_look::SharedLook;

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

/// What is answered, and to whom.
pub struct Offer {
    /// What the answers are made from.
    pub watched: Watched,
    /// Who is told more than states.
    pub insight: Insight,
    /// The door for interactions, if there is one.
    pub interactions: Option<Interactions>,
}

/// What the answers about health are made from.
#[derive(Clone)]
struct Looks {
    watched: Watched,
    insight: Insight,
    readiness: SharedLook<Readiness>,
    metrics: SharedLook<String>,
}

impl Http {
    /// Listens on `address`.
    ///
    /// # Errors
    /// The system's, if the address cannot be used.
    pub async fn start(address: SocketAddr, offer: Offer) -> std::io::Result<Self> {
        Self::start_within(address, offer, Limits::default()).await
    }

    /// As [`Http::start`], with these limits.
    ///
    /// # Errors
    /// The system's, if the address cannot be used.
    pub async fn start_within(
        address: SocketAddr,
        offer: Offer,
        limits: Limits,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let counted = offer.watched.store.metrics().clone();
        let looks = Looks {
            watched: offer.watched,
            insight: offer.insight,
            readiness: SharedLook::default(),
            metrics: SharedLook::default(),
        };
        let mut router = Router::new()
            .route("/livez", get(livez))
            .route("/readyz", get(readyz))
            .route("/metrics", get(metrics))
            .with_state(looks);
        tracing::info!(%address, "answering /livez, /readyz and /metrics");
        if let Some(door) = offer.interactions {
            let entrance = interactions::Entrance::new(door, limits, counted.clone());
            let receive = post(interactions::receive).with_state(entrance);
            router = router.route("/interactions", receive);
            tracing::info!(%address, "answering interactions at /interactions");
        }
        let leaving = CancellationToken::new();
        let serve = serve::serve(listener, router, limits, counted, leaving.clone());
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

/// The answer to whoever may not read metrics.
const NO_METRICS: &str = "metrics are for local addresses, or with HTTP_TOKEN set for requests with \
                          \"Authorization: Bearer TOKEN\"\n";

/// The process runs, and its tasks are looked after: that this is answered says both.
async fn livez() -> Json<serde_json::Value> {
    Json(serde_json::json!({"ok": true, "version": env!("CARGO_PKG_VERSION")}))
}

async fn readyz(
    State(looks): State<Looks>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
) -> Response {
    let look = async || health::readiness(&looks.watched).await;
    let mut readiness = looks.readiness.get(look).await;
    if !looks.insight.is_given(client.address, &headers) {
        readiness = readiness.without_details();
    }
    let status = match readiness.ok {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, Json(readiness)).into_response()
}

async fn metrics(
    State(looks): State<Looks>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
) -> Response {
    if !looks.insight.is_given(client.address, &headers) {
        return (StatusCode::UNAUTHORIZED, NO_METRICS).into_response();
    }
    let look = async || {
        let now = health::snapshot(&looks.watched).await;
        looks.watched.store.metrics().text(&now)
    };
    let text = looks.metrics.get(look).await;
    ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response()
}
