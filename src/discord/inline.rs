//! Interactions that come as HTTP requests, and are answered by the response.
//!
//! May touch: twilight's models and the dispatcher. Invariant: whether a body is Discord's is known
//! before it comes here; a request that is given up takes nothing of its answer along.

use serde::Deserialize;
use serde_json::Value;
use tokio::sync::oneshot;
use twilight_model::application::interaction::Interaction;
use twilight_model::http::interaction::{InteractionResponse, InteractionResponseType};

use super::dispatch::{Dispatcher, First, Way};

/// The type of the interaction by which Discord asks whether anybody is there.
const PING: u64 = 1;

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
    number: u64,
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
    let (sender, first) = oneshot::channel();
    let way = Way::Response(sender);
    match serde_json::from_slice::<Interaction>(body) {
        Ok(interaction) => dispatcher.dispatch_by(interaction, way),
        Err(_) => match serde_json::from_slice::<Value>(body) {
            Ok(event) if dispatcher.dispatch_unread(&event, way) => {}
            Ok(_) => return Inline::Unreadable,
            Err(error) => return unreadable(&error),
        },
    }
    match first.await {
        Ok(First::Response(response)) => json(&response),
        Ok(First::Given) => Inline::Given,
        Err(_) => Inline::Busy,
    }
}

fn json(response: &InteractionResponse) -> Inline {
    Inline::Response(serde_json::to_vec(response).expect("twilight's models serialise"))
}

/// The error itself may quote what somebody typed.
fn unreadable(error: &serde_json::Error) -> Inline {
    let (line, column) = (error.line(), error.column());
    tracing::warn!(line, column, "a signed body is no interaction");
    Inline::Unreadable
}
