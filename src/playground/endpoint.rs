//! Interactions over HTTP: signed requests to the bot, as with an "Interactions Endpoint URL".
//!
//! May touch: the bot on loopback, the state. Invariant: what is sent is signed
//! with the application's key, over the very bytes of the body; what is answered goes through the
//! same checks as a callback.

use super::{
    rest::callback,
    state::{Hub, State},
};
use ed25519_dalek::{Signer as _, SigningKey};
use reqwest::{Client, Response, StatusCode, redirect};
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

/// An answer is waited for this long in real time, in seconds; the three seconds of an interaction
/// are those of the clock.
const RESPONSE_WITHIN_S: u64 = 10;
/// The only path that is sent to.
const PATH: &str = "/interactions";

/// The application's key, and the addresses at which it answers interactions.
#[derive(Debug)]
pub(super) struct Endpoint {
    key: SigningKey,
    /// Of one bot; several are taken in turns, as a load balancer would. None: the gateway it is.
    pub(super) urls: Vec<String>,
    taken: usize,
    web: OnceLock<Client>,
}

impl Endpoint {
    /// With the key that these 32 bytes are.
    pub(super) fn new(seed: [u8; 32]) -> Self {
        Self {
            key: SigningKey::from_bytes(&seed),
            urls: Vec::new(),
            taken: 0,
            web: OnceLock::new(),
        }
    }

    /// The public key, in hexadecimal digits.
    pub(super) fn public_key(&self) -> String {
        hex(self.key.verifying_key().as_bytes())
    }

    /// The signature of a body, in hexadecimal digits.
    pub(super) fn sign(&self, timestamp: &str, body: &str) -> String {
        let message = [timestamp.as_bytes(), body.as_bytes()].concat();
        hex(&self.key.sign(&message).to_bytes())
    }

    /// The client that all requests are made with.
    fn web(&self) -> Result<Client, String> {
        if let Some(web) = self.web.get() {
            return Ok(web.clone());
        }
        let web = Client::builder()
            .timeout(Duration::from_secs(RESPONSE_WITHIN_S))
            .redirect(redirect::Policy::none())
            .no_proxy();
        let web = web.build().map_err(|error| error.to_string())?;
        Ok(self.web.get_or_init(|| web).clone())
    }

    /// All addresses, another one first each time.
    fn turn(&mut self) -> Vec<String> {
        let mut urls = self.urls.clone();
        if !urls.is_empty() {
            urls.rotate_left(self.taken % self.urls.len());
            self.taken += 1;
        }
        urls
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Sends an event to the endpoint if there is one, in a task of its own; whether there is.
pub(super) fn deliver(hub: &Arc<Hub>, state: &mut State, id: u64, event: &Value) -> bool {
    let urls = state.endpoint.turn();
    if urls.is_empty() {
        return false;
    }
    let (hub, body) = (Arc::clone(hub), event.to_string());
    tokio::spawn(async move {
        match send(&hub, &urls, &body, true).await {
            Ok((StatusCode::OK, answer)) => callback::take_response(&hub, id, &answer),
            // The bot answers by the callback.
            Ok((StatusCode::ACCEPTED, _)) => {}
            Ok((status, _)) => tracing::info!(%status, "the bot did not take an interaction"),
            Err(error) => tracing::info!(error, "the bot could not be reached"),
        }
    });
    true
}

/// Whether this is `http://IP:PORT/interactions` with an address of loopback: unlike Discord, the playground
/// sends nothing to other machines, nor anything else to other servers on this one.
pub(super) fn is_allowed(url: &str) -> bool {
    let address = url.strip_prefix("http://");
    let address = address.and_then(|rest| rest.strip_suffix(PATH));
    let address = address.and_then(|text| text.parse::<SocketAddr>().ok());
    address.is_some_and(|address| address.ip().is_loopback())
}

/// What Discord does before it takes an address: the bot has to answer a ping, and to refuse one
/// whose signature is wrong.
///
/// # Errors
/// What the bot did instead.
pub(super) async fn probe(hub: &Hub, url: &str) -> Result<(), String> {
    let (ping, urls) = (json!({"type": 1}).to_string(), [url.to_owned()]);
    let (status, answer) = send(hub, &urls, &ping, true).await?;
    if status != StatusCode::OK || answer["type"] != 1 {
        return Err(format!("{url} answered a ping with {status} and {answer}."));
    }
    let (status, _) = send(hub, &urls, &ping, false).await?;
    if status != StatusCode::UNAUTHORIZED {
        return Err(format!("{url} answered a wrong signature with {status}."));
    }
    Ok(())
}

/// Sends a body to the first address that can be reached.
async fn send(
    hub: &Hub,
    urls: &[String],
    body: &str,
    honest: bool,
) -> Result<(StatusCode, Value), String> {
    let timestamp = hub.clock.now().timestamp().to_string();
    let signed = if honest { body } else { "something else" };
    let (web, signature) = {
        let endpoint = &hub.state().endpoint;
        (endpoint.web()?, endpoint.sign(&timestamp, signed))
    };
    let mut reached = Err("there is no address".to_owned());
    for url in urls {
        let request = web
            .post(url)
            .header("content-type", "application/json")
            .header("x-signature-ed25519", &signature)
            .header("x-signature-timestamp", &timestamp)
            .body(body.to_owned());
        reached = match request.send().await {
            Ok(response) => return Ok(read(response).await),
            Err(error) if error.is_connect() => Err(error.to_string()),
            Err(error) => return Err(error.to_string()),
        };
    }
    reached
}

async fn read(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    let text = response.text().await.unwrap_or_default();
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}
