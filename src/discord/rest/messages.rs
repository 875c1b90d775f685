//! Messages in channels: posted, replaced and taken away.
//!
//! May touch: twilight-http, for making requests. Invariant: a message mentions nobody but who is named
//! for it.

use serde::{Deserialize, Serialize};
use twilight_model::channel::message::{AllowedMentions, Component, Embed, MessageFlags};
use twilight_model::id::Id;
use twilight_model::id::marker::{ChannelMarker, MessageMarker};

use super::{Rest, RestError};
use crate::discord::reply::Message;
use crate::domain::ids::{ChannelId, MessageId, UserId};

impl Rest {
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
    ) -> Result<Shown, RestError> {
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
    ) -> Result<Shown, RestError> {
        let users = mention.map(|user| Id::new(user.0.cast_unsigned()));
        let body = Content {
            nonce: Some(nonce),
            enforce_nonce: Some(true),
            allowed_mentions: AllowedMentions {
                users: users.into_iter().collect(),
                ..AllowedMentions::default()
            },
            ..Content::of(message)
        }
        .json();
        let channel = Id::new(channel.0.cast_unsigned());
        let request = self.inner.builder.create_message(channel);
        let answered: Answered = self.fetch(request.payload_json(&body)).await?;
        Ok(answered.posted(message))
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
    ) -> Result<Shown, RestError> {
        let body = Content::of(message).json();
        let (channel, id) = (
            Id::new(channel.0.cast_unsigned()),
            Id::new(id.0.cast_unsigned()),
        );
        let request = self.inner.builder.update_message(channel, id);
        let answered: Answered = self.fetch(request.payload_json(&body)).await?;
        Ok(answered.posted(message))
    }

    /// Takes a message of the bot's away.
    ///
    /// # Errors
    /// [`RestError`].
    pub async fn delete(&self, channel: ChannelId, id: MessageId) -> Result<(), RestError> {
        let (channel, id) = (
            Id::new(channel.0.cast_unsigned()),
            Id::new(id.0.cast_unsigned()),
        );
        self.send(self.inner.builder.delete_message(channel, id))
            .await?;
        Ok(())
    }

    /// The channel of the bot's direct messages with a person.
    ///
    /// # Errors
    /// [`RestError`].
    pub async fn conversation(&self, with: UserId) -> Result<ChannelId, RestError> {
        let user = Id::new(with.0.cast_unsigned());
        let channel: Opened = self
            .fetch(self.inner.builder.create_private_channel(user))
            .await?;
        Ok(ChannelId(channel.id.get().cast_signed()))
    }
}

/// Of a message that was posted or replaced, what is used.
#[derive(Deserialize)]
struct Answered {
    id: Id<MessageMarker>,
    #[serde(default)]
    embeds: Vec<serde::de::IgnoredAny>,
}

impl Answered {
    fn posted(&self, message: &Message) -> Shown {
        Shown {
            id: MessageId(self.id.get().cast_signed()),
            lacks_embeds: self.embeds.is_empty() && !message.embeds.is_empty(),
        }
    }
}

/// A message as it is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Which one it is.
    pub id: MessageId,
    /// Whether Discord has dropped its embeds, as it does where the bot lacks *Embed Links*.
    pub lacks_embeds: bool,
}

/// Of a channel that was opened, what is used.
#[derive(Deserialize)]
struct Opened {
    id: Id<ChannelMarker>,
}

/// The body of a message. Everything is sent, so that an edit leaves nothing of what was before.
#[derive(Serialize)]
pub(super) struct Content<'a> {
    pub(super) content: &'a str,
    pub(super) embeds: &'a [Embed],
    pub(super) components: &'a [Component],
    pub(super) allowed_mentions: AllowedMentions,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) flags: Option<MessageFlags>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) nonce: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) enforce_nonce: Option<bool>,
}

impl<'a> Content<'a> {
    pub(super) fn of(message: &'a Message) -> Self {
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

    pub(super) fn json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("twilight's models serialise")
    }
}

pub(super) fn files(message: &Message) -> &[twilight_model::http::attachment::Attachment] {
    message.file.as_slice()
}
