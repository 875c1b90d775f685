//! A session's scheduled event, brought to where it should be.
//!
//! May touch: [`Rest`](super::super::rest::Rest) and the store. Invariant: before one is made it is
//! looked for by its mark, so that a crash between making and remembering makes no second one.

use super::super::feature::Context;
use super::super::rest::{EventStatus, EventText, RestError, code};
use super::super::text::{escape, title_or_mode, truncate, units};
use super::refusal::{give_up_extra, may_pass};
use super::{Delivered, Trouble};
use crate::domain::extras::{Event, EventState, EventStep, Extra};
use crate::domain::ids::{EventId, SessionId};
use crate::domain::session::Session;
use crate::store::extras::{KeepEvent, ViewEvent};

/// Steps of one delivery; what is left comes with the next one.
const STEPS_MAX: usize = 16;
/// Characters of an event's name.
const NAME_MAX_CHARS: usize = 100;
/// Characters of an event's description.
const DESCRIPTION_MAX_CHARS: usize = 1_000;

pub(super) async fn deliver(context: &Context, id: SessionId) -> Result<Delivered, Trouble> {
    for _ in 0..STEPS_MAX {
        let Some((session, event)) = context.store.query(ViewEvent(id)).await? else {
            return Ok(Delivered::Done(None));
        };
        let text = text(&session);
        let shown = format!("{text:?}");
        let Some(step) = event.step(session.status, &shown) else {
            return Ok(Delivered::Done(None));
        };
        let now = Now {
            context,
            session: &session,
            event: &event,
            text: &text,
            shown: &shown,
        };
        if !now.take(step).await? {
            return Ok(Delivered::Done(None));
        }
    }
    Ok(Delivered::Later("there is more to do".into()))
}

/// What is to be said about a session. What has started keeps the start that it was announced with.
fn text(session: &Session) -> EventText {
    let plan = &session.plan;
    let card = session
        .card
        .map_or(String::new(), |card| format!("/{card}"));
    let location = format!(
        "https://discord.com/channels/{}/{}{card}",
        session.guild, session.channel
    );
    let sign_up = format!("Sign up on its card: {location} {}", mark(session.id));
    let room = DESCRIPTION_MAX_CHARS - units(&sign_up) - 2;
    let description = truncate(&escape(&plan.description), room);
    EventText {
        name: title_or_mode(plan, NAME_MAX_CHARS),
        description: format!("{description}\n\n{sign_up}")
            .trim_start()
            .to_owned(),
        location,
        start: session.status.is_ahead().then_some(plan.at),
        end: plan.ends_at(),
    }
}

/// What the description of a session's event ends with, and no other's.
fn mark(session: SessionId) -> String {
    format!("(session {session})")
}

/// A session and its event at one step.
struct Now<'a> {
    context: &'a Context,
    session: &'a Session,
    event: &'a Event,
    text: &'a EventText,
    shown: &'a str,
}

impl Now<'_> {
    /// Takes a step and remembers it; whether there may be another one.
    async fn take(&self, step: EventStep) -> Result<bool, Trouble> {
        let event = match (step, self.event.id) {
            (EventStep::Make, _) => return self.find_or_make().await,
            (EventStep::Find, _) => return self.find_or_forget().await,
            (_, Some(event)) => event,
            (_, None) => {
                self.keep(EventState::None, None, None).await?;
                return Ok(true);
            }
        };
        let taken = match step {
            EventStep::Change => self.change(event).await,
            EventStep::Start => self.turn(event, EventStatus::Active).await,
            EventStep::Complete => self.turn(event, EventStatus::Over).await,
            _ => self.remove(event).await,
        };
        let Err(error) = taken else {
            return Ok(true);
        };
        let Trouble::Rest(error) = error else {
            return Err(error);
        };
        match error.code() {
            Some(code::UNKNOWN_EVENT) => self.keep(EventState::Gone, None, None).await?,
            Some(code::EVENT_FINISHED) => return self.has_turned(event).await,
            _ => return self.refuse(error).await,
        }
        Ok(false)
    }

    async fn find_or_make(&self) -> Result<bool, Trouble> {
        // It stands on the card, and comes with it.
        if self.session.card.is_none() {
            return Ok(false);
        }
        let found = match self.find().await {
            Err(Trouble::Rest(error)) => return self.refuse(error).await,
            found => found?,
        };
        if found {
            return Ok(true);
        }
        let start = self.session.plan.at;
        // What should have started by now will in a moment.
        if start <= self.context.clock.likely_now() {
            return Ok(false);
        }
        let rest = &self.context.rest;
        match rest.make_event(self.session.guild, self.text, start).await {
            Ok(event) => {
                let shown = Some(self.shown);
                self.keep(EventState::Scheduled, Some(event), shown).await?;
                Ok(true)
            }
            Err(error) => self.refuse(error).await,
        }
    }

    async fn find_or_forget(&self) -> Result<bool, Trouble> {
        match self.find().await {
            Ok(true) => return Ok(true),
            Err(Trouble::Rest(error)) if !error.is_passing() && !may_pass(&error) => {}
            found => {
                found?;
            }
        }
        self.keep(EventState::Over, None, None).await?;
        Ok(false)
    }

    /// Looks for the event that was made before a crash, and remembers it.
    async fn find(&self) -> Result<bool, Trouble> {
        let mark = mark(self.session.id);
        let found = self.context.rest.find_event(self.session.guild, &mark);
        let Some((event, status)) = found.await? else {
            return Ok(false);
        };
        self.keep(state(status), Some(event), None).await?;
        Ok(true)
    }

    async fn change(&self, event: EventId) -> Result<(), Trouble> {
        let (rest, guild) = (&self.context.rest, self.session.guild);
        match rest.change_event(guild, event, self.text, true).await {
            Err(error) if error.code() == Some(code::INVALID_FORM) => {
                // One that has begun by itself takes no other start.
                if self.has_turned(event).await? {
                    return Ok(());
                }
                // A start that has just passed, say, or an end before the start that was announced. The
                // session's own card tells the truth.
                tracing::warn!(%error, session = %self.session.id, "an event cannot say this");
                match rest.change_event(guild, event, self.text, false).await {
                    Err(error) if error.code() == Some(code::INVALID_FORM) => {}
                    changed => changed?,
                }
            }
            changed => changed?,
        }
        let (state, shown) = (self.event.state, Some(self.shown));
        self.keep(state, Some(event), shown).await
    }

    /// Starts or ends the event, unless Discord has done so by itself: it refuses to make it what it is
    /// already.
    async fn turn(&self, event: EventId, to: EventStatus) -> Result<(), Trouble> {
        if self.has_turned(event).await? {
            return Ok(());
        }
        let (rest, guild) = (&self.context.rest, self.session.guild);
        let is = match rest.turn_event(guild, event, to).await {
            Err(error) if error.code() == Some(code::INVALID_FORM) => {
                // In the very moment, perhaps. What neither is nor can be is not tried again.
                if self.has_turned(event).await? {
                    return Ok(());
                }
                EventStatus::Over
            }
            turned => {
                turned?;
                to
            }
        };
        let shown = self.event.shown.as_deref();
        self.keep(state(is), Some(event), shown).await
    }

    /// Looks whether the event is another than it is known to be, and remembers that.
    async fn has_turned(&self, event: EventId) -> Result<bool, Trouble> {
        let rest = &self.context.rest;
        let status = rest.event_status(self.session.guild, event).await?;
        let is = state(status);
        if is == self.event.state {
            return Ok(false);
        }
        // It ended while its session was put off, and another one takes its place. One that somebody
        // cancelled is left alone.
        let ended_early = status == EventStatus::Over && self.session.status.is_ahead();
        let known = (!ended_early).then_some(event);
        let shown = self.event.shown.as_deref();
        self.keep(is, known, shown).await?;
        Ok(true)
    }

    async fn remove(&self, event: EventId) -> Result<(), Trouble> {
        let (rest, guild) = (&self.context.rest, self.session.guild);
        rest.remove_event(guild, event).await?;
        self.keep(EventState::Over, None, None).await
    }

    async fn keep(
        &self,
        state: EventState,
        id: Option<EventId>,
        shown: Option<&str>,
    ) -> Result<(), Trouble> {
        let keep = KeepEvent {
            session: self.session.id,
            state,
            id,
            shown: shown.map(str::to_owned),
        };
        let Ok(()) = self.context.store.execute_job(keep).await?;
        Ok(())
    }

    /// Gives the event up, unless what stands in the way may pass.
    async fn refuse(&self, error: RestError) -> Result<bool, Trouble> {
        if error.is_passing() || may_pass(&error) {
            return Err(error.into());
        }
        let session = self.session.id;
        tracing::warn!(%error, %session, "an event was refused");
        give_up_extra(self.context, session, Extra::Event, &error).await?;
        Ok(false)
    }
}

fn state(status: EventStatus) -> EventState {
    match status {
        EventStatus::Scheduled => EventState::Scheduled,
        EventStatus::Active => EventState::Active,
        EventStatus::Over | EventStatus::Cancelled => EventState::Over,
    }
}
