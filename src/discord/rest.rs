//! Discord's HTTP API, as far as the bot uses it.
//!
//! May touch: twilight-http. Invariant: acknowledging a click never waits behind a rate limit;
//! no more than [`REQUESTS_IN_FLIGHT_MAX`] requests are under way; the token is never shown.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::Semaphore;
use twilight_http::Client;
use twilight_http::api_error::ApiError;
use twilight_http::error::ErrorType;
use twilight_model::application::command::Command;
use twilight_model::channel::message::{AllowedMentions, Component, Embed, MessageFlags};
use twilight_model::gateway::connection_info::BotConnectionInfo;
use twilight_model::http::interaction::InteractionResponse;
use twilight_model::id::Id;
use twilight_model::id::marker::ApplicationMarker;
use twilight_model::oauth::Application;

use super::click::Click;
use super::reply::Message;
use crate::config::{ApiUrl, Token};
use crate::domain::ids::{ChannelId, MessageId, UserId};

/// Requests under way at once, acknowledgements and others each; a storm of clicks would else open
/// thousands of connections.
pub const REQUESTS_IN_FLIGHT_MAX: usize = 32;
/// A request that takes longer than this has failed, in seconds.
const REQUEST_TIMEOUT_S: u64 = 10;

mod access;
mod extras;

pub use access::{ChannelAccess, GuildRoles, MemberRoles};
pub use extras::{EventStatus, EventText};

/// Codes of Discord's errors that are told apart.
pub mod code {
    /// The channel is gone.
    pub const UNKNOWN_CHANNEL: u64 = 10_003;
    /// The person is not in the server.
    pub const UNKNOWN_MEMBER: u64 = 10_007;
    /// The message is gone.
    pub const UNKNOWN_MESSAGE: u64 = 10_008;
    /// The person is gone.
    pub const UNKNOWN_USER: u64 = 10_013;
    /// The interaction is too old to be acknowledged.
    pub const UNKNOWN_INTERACTION: u64 = 10_062;
    /// The interaction was acknowledged before.
    pub const ALREADY_ACKNOWLEDGED: u64 = 40_060;
    /// The event is gone.
    pub const UNKNOWN_EVENT: u64 = 10_070;
    /// The bot does not see the channel.
    pub const MISSING_ACCESS: u64 = 50_001;
    /// The person takes no direct messages.
    pub const CANNOT_MESSAGE_USER: u64 = 50_007;
    /// The bot may not do that in the channel.
    pub const MISSING_PERMISSIONS: u64 = 50_013;
    /// Something in the request is not as it should be.
    pub const INVALID_FORM: u64 = 50_035;
    /// The thread is archived, so that nothing changes in it.
    pub const THREAD_ARCHIVED: u64 = 50_083;
    /// The message has a thread already.
    pub const THREAD_EXISTS: u64 = 160_004;
    /// The event is over, so that nothing changes about it.
    pub const EVENT_FINISHED: u64 = 180_000;
}

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub enum RestError {
    /// Discord refused it.
    #[error("Discord refused it with status {status}, code {code}: {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Discord's own code; 0 if it gave none.
        code: u64,
        /// Discord's explanation.
        message: String,
    },
    /// There was no answer, or none that could be read. Whether it was done is unknown.
    #[error("no answer from Discord: {0}")]
    Unknown(String),
}

impl RestError {
    /// Discord's code of the refusal; `None` if there was no answer.
    pub fn code(&self) -> Option<u64> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            Self::Unknown(_) => None,
        }
    }

    /// Whether the same request may succeed later.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Refused { status, .. } => *status == 429 || *status >= 500,
            Self::Unknown(_) => true,
        }
    }
}

/// The way to Discord's HTTP API. Cheap to clone.
#[derive(Clone)]
pub struct Rest(Arc<Inner>);

struct Inner {
    /// With the rate limiter: everything that may wait.
    limited: Client,
    /// Without: acknowledging clicks, which Discord does not limit. Twilight's limiter would send
    /// them all through one queue, one at a time.
    callbacks: Client,
    /// Apart from the others, which may hold their places while they wait for a rate limit.
    acknowledging: Semaphore,
    in_flight: Semaphore,
    application: Id<ApplicationMarker>,
    owner: Option<UserId>,
}

impl Rest {
    /// Connects to Discord, or to what stands in for it at `api`, and learns who the bot is.
    ///
    /// # Errors
    /// [`RestError`]; status 401 if the token is not valid.
    pub async fn connect(token: &Token, api: Option<&ApiUrl>) -> Result<Self, RestError> {
        let builder = || {
            let builder = Client::builder()
                .token(token.reveal().to_owned())
                .timeout(Duration::from_secs(REQUEST_TIMEOUT_S))
                .default_allowed_mentions(AllowedMentions::default());
            match api {
                Some(api) => builder.proxy(api.authority.clone(), api.plain_http),
                None => builder,
            }
        };
        let limited = builder().build();
        let callbacks = builder().ratelimiter(None).build();
        let application = parse(limited.current_user_application().await).await?;
        Ok(Self(Arc::new(Inner {
            limited,
            callbacks,
            acknowledging: Semaphore::new(REQUESTS_IN_FLIGHT_MAX),
            in_flight: Semaphore::new(REQUESTS_IN_FLIGHT_MAX),
            application: application.id,
            owner: owner(&application),
        })))
    }

    /// The bot itself.
    pub fn application(&self) -> UserId {
        UserId(self.0.application.get().cast_signed())
    }

    /// Whose bot it is: the owner, or the owner of the team.
    pub fn owner(&self) -> Option<UserId> {
        self.0.owner
    }

    /// Replaces the bot's commands by these.
    ///
    /// # Errors
    /// [`RestError`].
    pub async fn set_commands(&self, commands: &[Command]) -> Result<(), RestError> {
        let interaction = self.0.limited.interaction(self.0.application);
        interaction
            .set_global_commands(commands)
            .await
            .map_err(failed)?;
        Ok(())
    }

    /// Where the gateway is, and how many shards it wants.
    ///
    /// # Errors
    /// [`RestError`].
    pub async fn gateway(&self) -> Result<BotConnectionInfo, RestError> {
        parse(self.0.limited.gateway().authed().await).await
    }

    /// Acknowledges a click. It can be done once, within three seconds.
    ///
    /// # Errors
    /// [`RestError`].
    pub async fn acknowledge(
        &self,
        click: &Click,
        response: &InteractionResponse,
    ) -> Result<(), RestError> {
        let _place = place(&self.0.acknowledging).await;
        let interaction = self.0.callbacks.interaction(self.0.application);
        let id = Id::new(click.id.0.cast_unsigned());
        interaction
            .create_response(id, &click.token, response)
            .await
            .map_err(failed)?;
        Ok(())
    }

    /// Replaces the answer that a click was acknowledged with.
    ///
    /// # Errors
    /// [`RestError`].
    pub async fn edit_answer(&self, click: &Click, message: &Message) -> Result<(), RestError> {
        let _place = place(&self.0.in_flight).await;
        let interaction = self.0.limited.interaction(self.0.application);
        let body = Body::of(message).json();
        let request = interaction
            .update_response(&click.token)
            .payload_json(&body);
        request.attachments(files(message)).await.map_err(failed)?;
        Ok(())
    }

    /// Says one more thing to whoever clicked, for them alone.
    ///
    /// # Errors
    /// [`RestError`].
    pub async fn follow_up(&self, click: &Click, message: &Message) -> Result<(), RestError> {
        let _place = place(&self.0.in_flight).await;
        let interaction = self.0.limited.interaction(self.0.application);
        let body = Body {
            flags: Some(MessageFlags::EPHEMERAL),
            ..Body::of(message)
        }
        .json();
        let request = interaction
            .create_followup(&click.token)
            .payload_json(&body);
        request.attachments(files(message)).await.map_err(failed)?;
        Ok(())
    }

    /// Posts a message. The same `nonce` within some minutes posts nothing and gives the message
    /// that is there already.
    ///
    /// # Errors
    /// [`RestError`].
    pub async fn post(
        &self,
        channel: ChannelId,
        message: &Message,
        nonce: &str,
    ) -> Result<MessageId, RestError> {
        self.post_to(channel, message, nonce, None).await
    }

    /// Posts a message that may mention one person; else as [`Rest::post`].
    ///
    /// # Errors
    /// [`RestError`].
    pub async fn post_to(
        &self,
        channel: ChannelId,
        message: &Message,
        nonce: &str,
        mention: Option<UserId>,
    ) -> Result<MessageId, RestError> {
        let _place = place(&self.0.in_flight).await;
        let users = mention.map(|user| Id::new(user.0.cast_unsigned()));
        let body = Body {
            nonce: Some(nonce),
            enforce_nonce: Some(true),
            allowed_mentions: AllowedMentions {
                users: users.into_iter().collect(),
                ..AllowedMentions::default()
            },
            ..Body::of(message)
        }
        .json();
        let channel = Id::new(channel.0.cast_unsigned());
        let posted = parse(
            self.0
                .limited
                .create_message(channel)
                .payload_json(&body)
                .await,
        )
        .await?;
        Ok(MessageId(posted.id.get().cast_signed()))
    }

    /// Replaces a message of the bot's.
    ///
    /// # Errors
    /// [`RestError`].
    pub async fn edit(
        &self,
        channel: ChannelId,
        id: MessageId,
        message: &Message,
    ) -> Result<(), RestError> {
        let _place = place(&self.0.in_flight).await;
        let body = Body::of(message).json();
        let (channel, id) = (
            Id::new(channel.0.cast_unsigned()),
            Id::new(id.0.cast_unsigned()),
        );
        self.0
            .limited
            .update_message(channel, id)
            .payload_json(&body)
            .await
            .map_err(failed)?;
        Ok(())
    }

    /// Takes a message of the bot's away.
    ///
    /// # Errors
    /// [`RestError`].
    pub async fn delete(&self, channel: ChannelId, id: MessageId) -> Result<(), RestError> {
        let _place = place(&self.0.in_flight).await;
        let (channel, id) = (
            Id::new(channel.0.cast_unsigned()),
            Id::new(id.0.cast_unsigned()),
        );
        let request = self.0.limited.delete_message(channel, id);
        request.await.map_err(failed)?;
        Ok(())
    }

    /// The channel of the bot's direct messages with a person.
    ///
    /// # Errors
    /// [`RestError`].
    pub async fn conversation(&self, with: UserId) -> Result<ChannelId, RestError> {
        let _place = place(&self.0.in_flight).await;
        let user = Id::new(with.0.cast_unsigned());
        let channel = parse(self.0.limited.create_private_channel(user).await).await?;
        Ok(ChannelId(channel.id.get().cast_signed()))
    }
}

fn owner(application: &Application) -> Option<UserId> {
    let team = application.team.as_ref().map(|team| team.owner_user_id);
    let alone = application.owner.as_ref().map(|owner| owner.id);
    team.or(alone).map(|id| UserId(id.get().cast_signed()))
}

async fn place(places: &Semaphore) -> tokio::sync::SemaphorePermit<'_> {
    places
        .acquire()
        .await
        .expect("the semaphore is never closed")
}

/// The body of a message. Everything is sent, so that an edit leaves nothing of what was before.
#[derive(Serialize)]
struct Body<'a> {
    content: &'a str,
    embeds: &'a [Embed],
    components: &'a [Component],
    allowed_mentions: AllowedMentions,
    #[serde(skip_serializing_if = "Option::is_none")]
    flags: Option<MessageFlags>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enforce_nonce: Option<bool>,
}

impl<'a> Body<'a> {
    fn of(message: &'a Message) -> Self {
        Self {
            content: &message.text,
            embeds: &message.embeds,
            components: &message.rows,
            allowed_mentions: AllowedMentions::default(),
            flags: None,
            nonce: None,
            enforce_nonce: None,
        }
    }

    fn json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("twilight's models serialise")
    }
}

fn files(message: &Message) -> &[twilight_model::http::attachment::Attachment] {
    message.file.as_slice()
}

async fn parse<T: serde::de::DeserializeOwned + Unpin>(
    response: Result<twilight_http::Response<T>, twilight_http::Error>,
) -> Result<T, RestError> {
    let response = response.map_err(failed)?;
    response
        .model()
        .await
        .map_err(|error| RestError::Unknown(error.to_string()))
}

fn failed(error: twilight_http::Error) -> RestError {
    let (kind, source) = error.into_parts();
    match kind {
        ErrorType::Response {
            error,
            status,
            body,
        } => {
            let (code, message) = match error {
                // The body tells which field was wrong; the model keeps the headline only.
                ApiError::General(error) => {
                    (error.code, String::from_utf8_lossy(&body).into_owned())
                }
                ApiError::Ratelimited(error) => (0, error.message),
                error => (0, error.to_string()),
            };
            RestError::Refused {
                status: status.get(),
                code,
                message,
            }
        }
        ErrorType::Unauthorized => RestError::Refused {
            status: 401,
            code: 0,
            message: "the token was refused before".into(),
        },
        kind => {
            let source = source
                .map(|source| format!(": {source}"))
                .unwrap_or_default();
            RestError::Unknown(format!("{kind:?}{source}"))
        }
    }
}
