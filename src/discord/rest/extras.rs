//! Discord's HTTP API for what a session has beside its card: threads and scheduled events.
//!
//! May touch: twilight-http, for making requests. Invariant: every request can be made twice and leaves the same as made
//! once, but for making an event, before which one looks for it.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use twilight_model::channel::thread::AutoArchiveDuration;
use twilight_model::guild::scheduled_event::{PrivacyLevel, Status as TwilightStatus};
use twilight_model::id::Id;
use twilight_model::id::marker::{ScheduledEventMarker, UserMarker};
use twilight_model::util::Timestamp;

use super::{Rest, RestError};
use crate::domain::ids::{ChannelId, EventId, GuildId, MessageId, UserId};

/// Where an event is in its life, as Discord sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventStatus {
    /// It is announced.
    Scheduled,
    /// It is under way.
    Active,
    /// It is over.
    Over,
    /// Somebody cancelled it.
    Cancelled,
}

/// An event as far as it counts: whatever else somebody's event is made of cannot make ours unreadable.
#[derive(Deserialize)]
struct Event {
    id: Id<ScheduledEventMarker>,
    #[serde(default)]
    creator_id: Option<Id<UserMarker>>,
    #[serde(default)]
    description: Option<String>,
    status: TwilightStatus,
}

/// What an event says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventText {
    /// Its name, 100 characters at most.
    pub name: String,
    /// What else there is to say, 1000 characters at most, and not nothing.
    pub description: String,
    /// Where it is, 100 characters at most.
    pub location: String,
    /// When it starts; `None` leaves that as it is.
    pub start: Option<DateTime<Utc>>,
    /// When it ends.
    pub end: DateTime<Utc>,
}

impl Rest {
    /// Starts a thread at a message, which the thread has its id of. It is archived by itself after a
    /// week without a word.
    ///
    /// # Errors
    /// [`RestError`]; [`code::THREAD_EXISTS`](super::code::THREAD_EXISTS) if there is one.
    pub async fn start_thread(
        &self,
        channel: ChannelId,
        message: MessageId,
        name: &str,
    ) -> Result<(), RestError> {
        let (channel, message) = (
            Id::new(channel.0.cast_unsigned()),
            Id::new(message.0.cast_unsigned()),
        );
        let request = self
            .inner
            .builder
            .create_thread_from_message(channel, message, name)
            .auto_archive_duration(AutoArchiveDuration::Week);
        self.send(request).await?;
        Ok(())
    }

    /// Gives a thread another name.
    ///
    /// # Errors
    /// [`RestError`].
    pub async fn rename_thread(&self, thread: ChannelId, name: &str) -> Result<(), RestError> {
        let thread = Id::new(thread.0.cast_unsigned());
        let request = self.inner.builder.update_thread(thread).name(name);
        self.send(request).await?;
        Ok(())
    }

    /// Archives a thread, or brings it back; with `lock` only who manages threads can bring it back.
    ///
    /// # Errors
    /// [`RestError`].
    pub async fn archive_thread(
        &self,
        thread: ChannelId,
        archived: bool,
        lock: Option<bool>,
    ) -> Result<(), RestError> {
        let thread = Id::new(thread.0.cast_unsigned());
        let request = self.inner.builder.update_thread(thread).archived(archived);
        let request = match lock {
            Some(lock) => request.locked(lock),
            None => request,
        };
        self.send(request).await?;
        Ok(())
    }

    /// Puts somebody into a thread, or takes them out.
    ///
    /// # Errors
    /// [`RestError`].
    pub async fn set_thread_member(
        &self,
        thread: ChannelId,
        user: UserId,
        is_in: bool,
    ) -> Result<(), RestError> {
        let (thread, user) = (
            Id::new(thread.0.cast_unsigned()),
            Id::new(user.0.cast_unsigned()),
        );
        let builder = &self.inner.builder;
        match is_in {
            true => self.send(builder.add_thread_member(thread, user)).await?,
            false => {
                self.send(builder.remove_thread_member(thread, user))
                    .await?
            }
        };
        Ok(())
    }

    /// The event of the bot's own in `guild` whose description ends with `mark`.
    ///
    /// # Errors
    /// [`RestError`].
    pub async fn find_event(
        &self,
        guild: GuildId,
        mark: &str,
    ) -> Result<Option<(EventId, EventStatus)>, RestError> {
        let guild = Id::new(guild.0.cast_unsigned());
        let request = self.inner.builder.guild_scheduled_events(guild);
        let events: Vec<Event> = self.fetch(request).await?;
        let bot = self.application();
        let ours = events.iter().find(|event| {
            let creator = event.creator_id.map(|id| id.get().cast_signed());
            let description = event.description.as_deref().unwrap_or_default();
            creator == Some(bot.0) && description.ends_with(mark)
        });
        Ok(ours.map(|event| (id_of(event), status_of(event))))
    }

    /// Where an event is in its life.
    ///
    /// # Errors
    /// [`RestError`].
    pub async fn event_status(
        &self,
        guild: GuildId,
        event: EventId,
    ) -> Result<EventStatus, RestError> {
        let (guild, event) = ids(guild, event);
        let request = self.inner.builder.guild_scheduled_event(guild, event);
        Ok(status_of(&self.fetch(request).await?))
    }

    /// Makes an event.
    ///
    /// # Errors
    /// [`RestError`].
    pub async fn make_event(
        &self,
        guild: GuildId,
        text: &EventText,
        start: DateTime<Utc>,
    ) -> Result<EventId, RestError> {
        let guild = Id::new(guild.0.cast_unsigned());
        let (start, end) = (timestamp(start)?, timestamp(text.end)?);
        let request = self
            .inner
            .builder
            .create_guild_scheduled_event(guild, PrivacyLevel::GuildOnly)
            .external(&text.name, &text.location, &start, &end)
            .description(&text.description);
        Ok(id_of(&self.fetch(request).await?))
    }

    /// Makes an event say something else, also about its times if `with_times`.
    ///
    /// # Errors
    /// [`RestError`].
    pub async fn change_event(
        &self,
        guild: GuildId,
        event: EventId,
        text: &EventText,
        with_times: bool,
    ) -> Result<(), RestError> {
        let (guild, event) = ids(guild, event);
        let start = text.start.map(timestamp).transpose()?;
        let end = timestamp(text.end)?;
        let request = self
            .inner
            .builder
            .update_guild_scheduled_event(guild, event)
            .name(&text.name)
            .description(Some(&text.description))
            .location(Some(&text.location));
        let request = match with_times {
            true => request.scheduled_end_time(Some(&end)),
            false => request,
        };
        let request = match &start {
            Some(start) if with_times => request.scheduled_start_time(start),
            _ => request,
        };
        self.send(request).await?;
        Ok(())
    }

    /// Brings an event on: under way, or over.
    ///
    /// # Errors
    /// [`RestError`].
    pub async fn turn_event(
        &self,
        guild: GuildId,
        event: EventId,
        status: EventStatus,
    ) -> Result<(), RestError> {
        let (guild, event) = ids(guild, event);
        let status = match status {
            EventStatus::Scheduled => TwilightStatus::Scheduled,
            EventStatus::Active => TwilightStatus::Active,
            EventStatus::Over => TwilightStatus::Completed,
            EventStatus::Cancelled => TwilightStatus::Cancelled,
        };
        let request = self
            .inner
            .builder
            .update_guild_scheduled_event(guild, event);
        self.send(request.status(status)).await?;
        Ok(())
    }

    /// Takes an event away.
    ///
    /// # Errors
    /// [`RestError`].
    pub async fn remove_event(&self, guild: GuildId, event: EventId) -> Result<(), RestError> {
        let (guild, event) = ids(guild, event);
        let request = self
            .inner
            .builder
            .delete_guild_scheduled_event(guild, event);
        self.send(request).await?;
        Ok(())
    }
}

fn ids(
    guild: GuildId,
    event: EventId,
) -> (
    Id<twilight_model::id::marker::GuildMarker>,
    Id<twilight_model::id::marker::ScheduledEventMarker>,
) {
    (
        Id::new(guild.0.cast_unsigned()),
        Id::new(event.0.cast_unsigned()),
    )
}

fn id_of(event: &Event) -> EventId {
    EventId(event.id.get().cast_signed())
}

fn status_of(event: &Event) -> EventStatus {
    match event.status {
        TwilightStatus::Scheduled => EventStatus::Scheduled,
        TwilightStatus::Active => EventStatus::Active,
        TwilightStatus::Cancelled => EventStatus::Cancelled,
        _ => EventStatus::Over,
    }
}

fn timestamp(at: DateTime<Utc>) -> Result<Timestamp, RestError> {
    Timestamp::from_secs(at.timestamp()).map_err(|error| RestError::Unknown(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_is_read_whatever_else_is_odd_about_it() {
        let odd = serde_json::json!({
            "id": "7", "creator_id": "8", "description": null, "status": 2, "entity_type": 99,
            "image": "v2:odd", "creator": {"id": "8", "avatar": "v2:odd"},
        });
        let event: Event = serde_json::from_value(odd).expect("it is read");
        assert_eq!(
            (id_of(&event), status_of(&event)),
            (EventId(7), EventStatus::Active)
        );
    }
}
