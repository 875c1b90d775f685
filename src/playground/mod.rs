//! **The playground: a small Discord on loopback.**
//!
//! For trying the bot without a token, and for tests: the bot runs against it with its real
//! REST and gateway clients, and knows of it only an address. One HTTP server has four faces:
//!
//! ```text
//! /api/v10/…   the REST API, with Discord's hard rules and error codes   rest, rules, limits
//! / (upgrade)  the gateway, version 10, JSON                             gateway, sessions
//! /client/…    what a person's Discord client does                       client
//! /            the web page that uses /client                            page
//! ```
//!
//! `guard` stands before all of them: websites in the browser of whoever plays here get nothing.
//!
//! Interactions go to the bot over the gateway or, like with Discord's own "Interactions Endpoint
//! URL", as signed requests (`endpoint`).
//!
//! May touch: loopback sockets and the [`Clock`], nothing else of this crate. Invariant: the
//! one lock around the state is never held while waiting for anything.

mod chunks;
mod client;
mod direct;
mod endpoint;
mod gateway;
mod guard;
mod limits;
mod messages;
mod objects;
mod page;
mod parts;
mod passing;
mod rest;
mod rules;
mod sessions;
mod starts;
mod state;
mod told;
mod traffic;
mod transport;
mod world;

use crate::clock::Clock;
use axum::{
    Router,
    extract::{
        DefaultBodyLimit, RawQuery, State, WebSocketUpgrade,
        ws::rejection::WebSocketUpgradeRejection,
    },
    middleware::from_fn_with_state,
    response::Response,
    routing::{any, get},
    serve::ListenerExt,
};
use guard::Guard;
use state::Hub;
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{net::TcpListener, task::JoinHandle};
use traffic::Counting;
use transport::Transport;

pub use guard::KEY_HEADER;
pub use traffic::Traffic;
pub use world::{
    APPLICATION_ID, Channel, ChannelKind, Guild, Member, Overwrite, OverwriteKind, Person, Role,
    World, permissions,
};

/// How long [`Discord::stop`] waits for open requests, in milliseconds.
const STOP_WAIT_MAX_MS: u64 = 1_000;

/// What an embedded Discord is started with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where to listen, on loopback; port 0 takes any free one.
    pub listen: SocketAddr,
    /// The only bot token that is let in, without the `Bot ` in front.
    pub token: String,
    /// Time for snowflakes, the three seconds of an answer and the life of a token. Rate limits
    /// go by the machine's monotonic time instead.
    pub clock: Clock,
    /// How many shards `GET /gateway/bot` recommends, at least 1.
    pub shards: u32,
    /// Who and what is there at the start.
    pub world: World,
}

/// A running embedded Discord. Dropping it stops it without waiting.
#[derive(Debug)]
pub struct Discord {
    hub: Arc<Hub>,
    server: JoinHandle<()>,
}

impl Discord {
    /// Binds the socket and serves in the background.
    ///
    /// # Errors
    /// The address is not on loopback or cannot be bound, or there are no random bytes for the key.
    pub async fn start(settings: Settings) -> io::Result<Self> {
        if !settings.listen.ip().is_loopback() {
            let sentence = format!("{} is not on loopback", settings.listen);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, sentence));
        }
        let listener = TcpListener::bind(settings.listen).await?;
        let address = listener.local_addr()?;
        let guard = Guard::new(address.port())?;
        let hub = Arc::new(Hub::new(address, guard, settings));
        let app = router(Arc::clone(&hub));
        // Small frames must not wait for one another.
        let listener = listener.tap_io(|socket| {
            if let Err(error) = socket.set_nodelay(true) {
                tracing::debug!(%error, "a connection keeps its delay");
            }
        });
        let listener = Counting::new(listener, Arc::clone(&hub.traffic));
        let stopping = hub.stopping.clone();
        let server = tokio::spawn(async move {
            let stopped = stopping.cancelled_owned();
            if let Err(error) = axum::serve(listener, app)
                .with_graceful_shutdown(stopped)
                .await
            {
                tracing::error!(%error, "the embedded Discord ended");
            }
        });
        Ok(Self { hub, server })
    }

    /// Its address for bots, `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.hub.address)
    }

    /// The address of the web page, with the key.
    pub fn page_url(&self) -> String {
        format!("http://{}/?key={}", self.hub.address, self.hub.guard.key())
    }

    /// The key of this start, without which nothing under `/client` answers: for the header [`KEY_HEADER`].
    pub fn key(&self) -> &str {
        self.hub.guard.key()
    }

    /// The application's public key, in hexadecimal digits: another one each time.
    pub fn public_key(&self) -> String {
        self.hub.state().endpoint.public_key()
    }

    /// The signature that Discord would give to a request with this timestamp and body, in
    /// hexadecimal digits.
    pub fn sign(&self, timestamp: &str, body: &str) -> String {
        self.hub.state().endpoint.sign(timestamp, body)
    }

    /// Closes every connection and waits a moment for requests under way.
    pub async fn stop(mut self) {
        self.hub.stopping.cancel();
        let wait = Duration::from_millis(STOP_WAIT_MAX_MS);
        if tokio::time::timeout(wait, &mut self.server).await.is_err() {
            self.server.abort();
        }
    }
}

impl Drop for Discord {
    fn drop(&mut self) {
        self.hub.stopping.cancel();
    }
}

/// Every route of the REST API: its method, and its path below `/api/v10` with the names that Discord's
/// OpenAPI document gives the parameters.
pub fn routes() -> impl Iterator<Item = (&'static str, &'static str)> {
    rest::routes()
}

fn router(hub: Arc<Hub>) -> Router {
    let key = from_fn_with_state(Arc::clone(&hub), guard::require_key);
    let client = client::router().layer(key);
    Router::new()
        .route("/", get(root))
        .route("/api/{*path}", any(rest::serve))
        .layer(DefaultBodyLimit::max(rest::BODY_MAX_BYTES))
        .route("/attachments/{id}/{filename}", get(client::attachment))
        .nest("/client", client)
        .nest("/page", page::router())
        .layer(from_fn_with_state(Arc::clone(&hub), guard::check))
        .with_state(hub)
}

/// The gateway for those who ask for an upgrade, the web page for everyone else.
async fn root(
    State(hub): State<Arc<Hub>>,
    RawQuery(query): RawQuery,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let query = query.unwrap_or_default();
    match upgrade {
        Ok(upgrade) => {
            let transport = Transport::of(&query);
            upgrade.on_upgrade(move |socket| gateway::serve(hub, socket, transport))
        }
        Err(_) => guard::exchange(&hub.guard, &query).unwrap_or_else(page::index),
    }
}
