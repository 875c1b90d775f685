//! Discord's HTTP API, as far as the bot uses it.
//!
//! May touch: twilight-http, for making requests. Invariant: every request goes out by the one
//! [`Transport`]; acknowledging a click never waits behind anything else; no more than
//! [`REQUESTS_IN_FLIGHT_MAX`] requests are under way; the token is never shown.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::time::Instant;
use twilight_http::Client;
use twilight_http::request::TryIntoRequest;
use twilight_model::application::command::Command;
use twilight_model::channel::message::MessageFlags;
use twilight_model::gateway::connection_info::BotConnectionInfo;
use twilight_model::http::interaction::InteractionResponse;
use twilight_model::id::Id;
use twilight_model::id::marker::ApplicationMarker;

use super::click::Click;
use super::reply::Message;
use crate::config::ApiUrl;
use crate::domain::ids::{ChannelId, MessageId, UserId};
use crate::metrics::Metrics;
use crate::secret::Secret;
use crate::status::Status;

/// Requests under way at once, acknowledgements and others each; a storm of clicks would else open
/// thousands of connections.
pub const REQUESTS_IN_FLIGHT_MAX: usize = 32;
/// A request waits for a rate limit for this long, in seconds, unless it is told otherwise.
pub const LIMIT_WAIT_MAX_S: u64 = 30;
/// Discord takes the acknowledgement of an interaction within this, in milliseconds.
const ACKNOWLEDGE_WITHIN_MS: u64 = 3_000;
/// The wait before an acknowledgement is sent again, in milliseconds; each further one is twice as
/// long.
const ACKNOWLEDGE_RETRY_FIRST_MS: u64 = 50;
/// Tries to send a later answer to an interaction.
const ANSWER_TRIES_MAX: u32 = 4;
/// The wait before the second of them, in milliseconds; each further one is twice as long.
const ANSWER_RETRY_FIRST_MS: u64 = 500;

mod access;
mod answer;
#[cfg(feature = "torture")]
pub mod carrier;
mod commands;
mod extras;
mod limiter;
mod messages;
mod myself;
pub(crate) mod transport;

pub use access::{ChannelAccess, GuildRoles, MemberRoles};
use answer::Body;
pub use extras::{EventStatus, EventText};
pub use limiter::share;
pub use messages::Shown;
use messages::{Content, files};
use transport::prepare;
pub use transport::{Processes, Transport};

/// Codes of Discord's errors that are told apart.
pub mod code {
    /// The channel is gone.
    pub const UNKNOWN_CHANNEL: u64 = 10_003;
    /// The person is not in the server.
    pub const UNKNOWN_MEMBER: u64 = 10_007;
    /// The message is gone.
    pub const UNKNOWN_MESSAGE: u64 = 10_008;
    /// The server is gone, or the bot is not in it.
    pub const UNKNOWN_GUILD: u64 = 10_004;
    /// The person is gone.
    pub const UNKNOWN_USER: u64 = 10_013;
    /// The interaction is too old to be acknowledged.
    pub const UNKNOWN_INTERACTION: u64 = 10_062;
    /// The interaction was acknowledged before.
    pub const ALREADY_ACKNOWLEDGED: u64 = 40_060;
    /// The event is gone.
    pub const UNKNOWN_EVENT: u64 = 10_070;
    /// The server has as many scheduled events as it can have.
    pub const TOO_MANY_EVENTS: u64 = 30_038;
    /// The bot does not see the channel.
    pub const MISSING_ACCESS: u64 = 50_001;
    /// The person takes no direct messages.
    pub const CANNOT_MESSAGE_USER: u64 = 50_007;
    /// The person is in none of the bot's servers.
    pub const NO_MUTUAL_GUILD: u64 = 50_278;
    /// The bot may not do that in the channel.
    pub const MISSING_PERMISSIONS: u64 = 50_013;
    /// Nothing of the message would be seen.
    pub const EMPTY_MESSAGE: u64 = 50_006;
    /// The channel is of a kind in which that is not possible.
    pub const WRONG_CHANNEL_TYPE: u64 = 50_024;
    /// Something in the request is not as it should be.
    pub const INVALID_FORM: u64 = 50_035;
    /// The thread is archived, so that nothing changes in it.
    pub const THREAD_ARCHIVED: u64 = 50_083;
    /// The message has a thread already.
    pub const THREAD_EXISTS: u64 = 160_004;
    /// The thread is locked, so that only who manages threads changes anything in it.
    pub const THREAD_LOCKED: u64 = 160_005;
    /// The server has as many active threads as it can have.
    pub const TOO_MANY_THREADS: u64 = 160_006;
    /// The server's automatic moderation blocks the text.
    pub const BLOCKED_BY_AUTOMOD: u64 = 200_000;
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
    /// It was not sent, or refused with 429, and would have to wait longer than it may.
    #[error("rate limited for another {} ms", retry_after.as_millis())]
    Limited {
        /// Nothing is sent before this has passed.
        retry_after: Duration,
    },
}

impl RestError {
    /// Discord's code of the refusal; `None` if there was no answer.
    pub fn code(&self) -> Option<u64> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            Self::Unknown(_) | Self::Limited { .. } => None,
        }
    }

    /// Whether the same request may succeed later. A token that is refused says nothing about the
    /// request: it may once the bot runs with another one.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Refused { status, .. } => matches!(status, 401 | 429) || *status >= 500,
            Self::Unknown(_) | Self::Limited { .. } => true,
        }
    }

    /// Whether Discord, or the way there, failed, so that it may have been done or not.
    fn is_outage(&self) -> bool {
        match self {
            Self::Refused { status, .. } => *status >= 500,
            Self::Unknown(_) => true,
            Self::Limited { .. } => false,
        }
    }
}

/// The way to Discord's HTTP API. Cheap to clone.
///
/// Requests that a rate limit holds back wait here, for up to [`LIMIT_WAIT_MAX_S`]; who would rather
/// come back later than wait uses [`Rest::waiting_at_most`], and may ask with [`Rest::edit_wait`]
/// before it makes what it sends.
#[derive(Clone)]
pub struct Rest {
    inner: Arc<Inner>,
    limit_wait_max: Duration,
}

struct Inner {
    transport: Transport,
    /// Makes the requests and never sends one.
    builder: Client,
    application: Id<ApplicationMarker>,
    owner: Option<UserId>,
}

impl Rest {
    /// Connects to Discord, or to what stands in for it at `api`, and learns who the bot is.
    ///
    /// # Errors
    /// [`RestError`]; status 401 if the token is not valid.
    pub async fn connect(token: &Secret, api: Option<&ApiUrl>) -> Result<Self, RestError> {
        Self::through(Transport::new(
            token,
            api,
            Status::default(),
            Metrics::default(),
            alone(),
        )?)
        .await
    }

    /// Learns by this transport who the bot is.
    ///
    /// # Errors
    /// [`RestError`]; status 401 if the token is not valid.
    pub async fn through(transport: Transport) -> Result<Self, RestError> {
        let builder = Client::builder().ratelimiter(None).build();
        let limit_wait_max = Duration::from_secs(LIMIT_WAIT_MAX_S);
        let deadline = Instant::now() + limit_wait_max;
        let body = transport
            .send(builder.current_user_application(), deadline)
            .await?;
        let application: myself::Myself = body.parse()?;
        let inner = Inner {
            transport,
            builder,
            application: application.id,
            owner: application.owner(),
        };
        Ok(Self {
            inner: Arc::new(inner),
            limit_wait_max,
        })
    }

    /// The same way, on which no request waits longer than this for a rate limit: one that would have
    /// to fails at once with [`RestError::Limited`].
    pub fn waiting_at_most(&self, limit_wait_max: Duration) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            limit_wait_max,
        }
    }

    /// For how long an edit of a message in this channel would have to wait now, as far as Discord has
    /// told.
    pub fn edit_wait(&self, channel: ChannelId, message: MessageId) -> Duration {
        let (channel, message) = (
            Id::new(channel.0.cast_unsigned()),
            Id::new(message.0.cast_unsigned()),
        );
        let request = self.inner.builder.update_message(channel, message);
        self.inner.transport.wait(request)
    }

    /// Sends a request.
    async fn send(&self, request: impl TryIntoRequest) -> Result<Body, RestError> {
        let deadline = Instant::now() + self.limit_wait_max;
        self.inner.transport.send(request, deadline).await
    }

    /// Sends a request and reads the answer.
    async fn fetch<T: DeserializeOwned>(
        &self,
        request: impl TryIntoRequest,
    ) -> Result<T, RestError> {
        self.send(request).await?.parse()
    }

    /// Sends an answer to an interaction that replaces the first one or comes after it; again after
    /// what may pass, because nobody else will.
    async fn send_answer(&self, request: impl TryIntoRequest) -> Result<(), RestError> {
        let request = prepare(request)?;
        let mut pause = Duration::from_millis(ANSWER_RETRY_FIRST_MS);
        let mut tries_left = ANSWER_TRIES_MAX;
        loop {
            tries_left -= 1;
            let deadline = Instant::now() + self.limit_wait_max;
            let sent = self.inner.transport.send_prepared(&request, deadline);
            match sent.await {
                Err(error) if error.is_outage() && tries_left > 0 => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                sent => return sent.map(drop),
            }
        }
    }

    /// The bot itself.
    pub fn application(&self) -> UserId {
        UserId(self.inner.application.get().cast_signed())
    }

    /// Returns once Discord has refused the token: it was reset.
    pub async fn token_refused(&self) {
        self.inner.transport.token_refused().await;
    }

    /// How many processes share Discord's budgets, and are to divide by it whatever they ask of Discord.
    pub fn processes(&self) -> Processes {
        self.inner.transport.processes()
    }

    /// Whose bot it is: the owner, or the owner of the team.
    pub fn owner(&self) -> Option<UserId> {
        self.inner.owner
    }

    /// Replaces the bot's commands by these.
    ///
    /// # Errors
    /// [`RestError`].
    pub async fn set_commands(&self, commands: &[Command]) -> Result<(), RestError> {
        let interaction = self.inner.builder.interaction(self.inner.application);
        self.send(interaction.set_global_commands(commands)).await?;
        Ok(())
    }

    /// Where the gateway is, and how many shards it wants.
    ///
    /// # Errors
    /// [`RestError`].
    pub async fn gateway(&self) -> Result<BotConnectionInfo, RestError> {
        self.fetch(self.inner.builder.gateway().authed()).await
    }

    /// Acknowledges a click. It can be done once, within three seconds; for as long it is tried again
    /// after an outage, and given up if a rate limit holds for longer.
    ///
    /// # Errors
    /// [`RestError`].
    pub async fn acknowledge(
        &self,
        click: &Click,
        response: &InteractionResponse,
    ) -> Result<(), RestError> {
        let interaction = self.inner.builder.interaction(self.inner.application);
        let id = Id::new(click.id.0.cast_unsigned());
        let request = prepare(interaction.create_response(id, click.token.reveal(), response))?;
        let deadline = click.arrived + Duration::from_millis(ACKNOWLEDGE_WITHIN_MS);
        let mut pause = Duration::from_millis(ACKNOWLEDGE_RETRY_FIRST_MS);
        let mut may_be_done = false;
        loop {
            let sent = self.inner.transport.send_prepared(&request, deadline);
            match sent.await {
                Err(error) if error.is_outage() && Instant::now() + pause < deadline => {
                    may_be_done = true;
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                // By the one before, of whose end nothing was heard.
                Err(error) if may_be_done && error.code() == Some(code::ALREADY_ACKNOWLEDGED) => {
                    return Ok(());
                }
                sent => return sent.map(drop),
            }
        }
    }

    /// Replaces the answer that a click was acknowledged with.
    ///
    /// # Errors
    /// [`RestError`].
    pub async fn edit_answer(&self, click: &Click, message: &Message) -> Result<(), RestError> {
        let interaction = self.inner.builder.interaction(self.inner.application);
        let body = Content::of(message).json();
        let request = interaction
            .update_response(click.token.reveal())
            .payload_json(&body);
        self.send_answer(request.attachments(files(message))).await
    }

    /// Says one more thing to whoever clicked, for them alone. After an outage they may read it twice.
    ///
    /// # Errors
    /// [`RestError`].
    pub async fn follow_up(&self, click: &Click, message: &Message) -> Result<(), RestError> {
        let interaction = self.inner.builder.interaction(self.inner.application);
        let body = Content {
            flags: Some(MessageFlags::EPHEMERAL),
            ..Content::of(message)
        }
        .json();
        let request = interaction
            .create_followup(click.token.reveal())
            .payload_json(&body);
        self.send_answer(request.attachments(files(message))).await
    }
}

/// One process has Discord's budgets for itself.
pub fn alone() -> Processes {
    watch::Sender::new(NonZeroUsize::MIN).subscribe()
}

#[cfg(test)]
mod tests;
