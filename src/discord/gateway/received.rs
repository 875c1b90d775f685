//! What comes in on a shard, told apart before it is read.
//!
//! Pure. Invariant: an event that cannot be read is never a reason to say nothing, and never told to
//! the log with its body, in which tokens and names are.

use serde::Deserialize;
use serde_json::Value;
use twilight_gateway::error::{ReceiveMessageError, ReceiveMessageErrorType};
use twilight_gateway::{CloseFrame, EventTypeFlags, Message, parse};
use twilight_model::application::interaction::Interaction;
use twilight_model::gateway::event::{DispatchEvent, GatewayEvent, GatewayEventDeserializer};

use crate::domain::ids::GuildId;

/// What the bot goes by of what comes in.
#[derive(Debug)]
pub(super) enum Received {
    /// Somebody has done something.
    Interaction(Box<Interaction>),
    /// Somebody has done something, and part of it is not understood.
    Unread(Value),
    /// A session has begun, in these servers.
    Ready(Vec<GuildId>),
    /// A session goes on.
    Resumed,
    /// The connection was closed.
    Closed(Option<CloseFrame<'static>>),
    /// Anything else.
    Other,
}

impl Received {
    /// Reads what came in.
    pub(super) fn of(message: Message) -> Self {
        let json = match message {
            Message::Close(frame) => return Self::Closed(frame),
            Message::Text(json) => json,
        };
        let head = GatewayEventDeserializer::from_json(&json);
        match head.as_ref().and_then(GatewayEventDeserializer::event_type) {
            Some("INTERACTION_CREATE") => interaction(json),
            Some("READY") => Self::Ready(guilds(&json)),
            Some("RESUMED") => Self::Resumed,
            _ => Self::Other,
        }
    }
}

/// What failed, without the body of an event.
pub(super) fn told(error: &ReceiveMessageError) -> String {
    match error.kind() {
        ReceiveMessageErrorType::Deserializing { event } => {
            let head = GatewayEventDeserializer::from_json(event);
            let name = head.as_ref().and_then(|head| head.event_type());
            let op = head.as_ref().map(GatewayEventDeserializer::op);
            format!("event {name:?} with op {op:?} cannot be read")
        }
        _ => match std::error::Error::source(error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        },
    }
}

fn interaction(json: String) -> Received {
    let event = match parse(json, EventTypeFlags::INTERACTION_CREATE) {
        Ok(Some(GatewayEvent::Dispatch(_, DispatchEvent::InteractionCreate(interaction)))) => {
            return Received::Interaction(Box::new(interaction.0));
        }
        Ok(_) => return Received::Other,
        Err(error) => match error.into_parts().0 {
            ReceiveMessageErrorType::Deserializing { event } => event,
            _ => return Received::Other,
        },
    };
    match serde_json::from_str::<Value>(&event) {
        Ok(mut event) => Received::Unread(event["d"].take()),
        Err(_) => Received::Other,
    }
}

/// The servers that READY names; none if it cannot be read.
fn guilds(json: &str) -> Vec<GuildId> {
    #[derive(Deserialize)]
    struct Ready {
        d: Data,
    }
    #[derive(Deserialize)]
    struct Data {
        guilds: Vec<Guild>,
    }
    #[derive(Deserialize)]
    struct Guild {
        id: String,
    }
    let ready: Option<Ready> = serde_json::from_str(json).ok();
    let guilds = ready.into_iter().flat_map(|ready| ready.d.guilds);
    guilds
        .filter_map(|guild| guild.id.parse().ok().map(GuildId))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(json: &str) -> Received {
        Received::of(Message::Text(json.into()))
    }

    #[test]
    fn what_cannot_be_read_is_handed_on_as_it_is() {
        let odd = r#"{"t":"INTERACTION_CREATE","s":1,"op":0,"d":{"id":"1","token":"t","type":99}}"#;
        let Received::Unread(event) = received(odd) else {
            panic!("it cannot be read");
        };
        assert_eq!(event["token"], "t");
        let ready = r#"{"t":"READY","s":1,"op":0,"d":{"guilds":[{"id":"7"},{"id":"8","x":[]}]}}"#;
        let both = [GuildId(7), GuildId(8)];
        assert!(matches!(received(ready), Received::Ready(guilds) if guilds == both));
        let odd = r#"{"t":"READY","s":1,"op":0,"d":{"guilds":null}}"#;
        assert!(matches!(received(odd), Received::Ready(guilds) if guilds.is_empty()));
        for other in [
            r#"{"op":11}"#,
            r#"{"t":"TYPING_START","s":2,"op":0,"d":{}}"#,
            "{",
        ] {
            assert!(matches!(received(other), Received::Other), "{other}");
        }
    }

    #[test]
    fn the_log_never_gets_the_body() {
        let odd = r#"{"t":"INTERACTION_CREATE","s":1,"op":0,"d":{"token":"secret"}}"#;
        let error = parse(odd.into(), EventTypeFlags::INTERACTION_CREATE).expect_err("unreadable");
        assert!(error.to_string().contains("secret"), "as twilight tells it");
        let told = told(&error);
        assert!(
            told.contains("INTERACTION_CREATE") && !told.contains("secret"),
            "{told}"
        );
    }
}
