//! Interactions that come as HTTP requests, and are answered by the response.
//!
//! May touch: twilight's models and the dispatcher. Invariant: whether a body is Discord's is known
//! before it comes here; a request that is given up takes nothing of its answer along.

use serde::Deserialize;
use tokio::sync::oneshot;
use twilight_model::application::interaction::Interaction;
use twilight_model::http::interaction::{InteractionResponse, InteractionResponseType};

use super::dispatch::{Dispatcher, First, Way};

/// The type of the interaction by which Discord asks whether anybody is there.
const PING: u8 = 1;

/// What is to become of the request.
#[derive(Debug)]
pub enum Inline {
    /// The response's body, as JSON.
    Response(Vec<u8>),
    /// The first answer has been given to the callback; the response is empty.
    Given,
    /// The body is not an interaction.
    Unreadable,
    /// Too many are being answered already.
    Busy,
}

#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type")]
    number: u8,
}

/// Answers the interaction in `body`, a JSON object.
pub async fn answer(dispatcher: &Dispatcher, body: &[u8]) -> Inline {
    match serde_json::from_slice(body) {
        Ok(Kind { number: PING }) => {
            tracing::info!("Discord asked whether interactions are answered here");
            return json(&InteractionResponse {
                kind: InteractionResponseType::Pong,
                data: None,
            });
        }
        Ok(_) => {}
        Err(error) => return unreadable(&error),
    }
    let interaction: Interaction = match serde_json::from_slice(body) {
        Ok(interaction) => interaction,
        Err(error) => return unreadable(&error),
    };
    let (sender, first) = oneshot::channel();
    dispatcher.dispatch_by(interaction, Way::Response(sender));
    match first.await {
        Ok(First::Response(response)) => json(&response),
        Ok(First::Given) => Inline::Given,
        Err(_) => Inline::Busy,
    }
}

fn json(response: &InteractionResponse) -> Inline {
    Inline::Response(serde_json::to_vec(response).expect("twilight's models serialise"))
}

fn unreadable(error: &serde_json::Error) -> Inline {
    tracing::warn!(%error, "an interaction was not understood");
    Inline::Unreadable
}
