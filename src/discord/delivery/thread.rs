//! A session's thread, brought to where it should be.
//!
//! May touch: [`Rest`](super::super::rest::Rest) and the store. Invariant: each step is remembered
//! before the next one is looked for, so that a crash repeats one step, and repeating is harmless: a
//! thread has the id of the card that it was started at.

use chrono::TimeDelta;

use super::super::feature::Context;
use super::super::rest::{RestError, code};
use super::super::text::title_or_mode;
use super::refusal::{give_up_extra, may_pass};
use super::{Delivered, Renames, Trouble};
use crate::domain::extras::{Extra, Thread, ThreadState, ThreadStep};
use crate::domain::ids::{ChannelId, SessionId, UserId};
use crate::store::extras::{KeepMember, KeepThread, ThreadView, ViewThread};

/// Steps of one delivery; what is left comes with the next one.
const STEPS_MAX: usize = 64;
/// Characters of a thread's name.
const NAME_MAX_CHARS: usize = 100;

pub(super) async fn deliver(
    context: &Context,
    renames: &Renames,
    id: SessionId,
) -> Result<Delivered, Trouble> {
    for _ in 0..STEPS_MAX {
        let Some(view) = context.store.query(ViewThread(id)).await? else {
            return Ok(Delivered::Done(None));
        };
        let name = title_or_mode(&view.session.plan, NAME_MAX_CHARS);
        let mut step = view.thread.step(view.session.status, &name, &view.players);
        let next_rename = match view.thread.id {
            Some(thread) if step == Some(ThreadStep::Rename) => {
                renames.next(thread, context.clock.elapsed())
            }
            _ => None,
        };
        if next_rename.is_some() {
            // The rest does not wait for it.
            let renamed = Thread {
                name: Some(name.clone()),
                ..view.thread.clone()
            };
            step = renamed.step(view.session.status, &name, &view.players);
        }
        let Some(step) = step else {
            return Ok(next_rename.map_or(Delivered::Done(None), |wait| {
                let wait = TimeDelta::from_std(wait).unwrap_or_default();
                Delivered::Postponed(context.clock.now() + wait)
            }));
        };
        let now = Now {
            context,
            renames,
            view: &view,
            name: &name,
        };
        if !now.take(step).await? {
            return Ok(Delivered::Done(None));
        }
    }
    Ok(Delivered::Later("there is more to do".into()))
}

/// A session and its thread at one step.
struct Now<'a> {
    context: &'a Context,
    renames: &'a Renames,
    view: &'a ThreadView,
    name: &'a str,
}

impl Now<'_> {
    /// Takes a step and remembers it; whether there may be another one.
    async fn take(&self, step: ThreadStep) -> Result<bool, Trouble> {
        if step == ThreadStep::Start {
            return self.start().await;
        }
        let card = self.view.session.card.map(|card| ChannelId(card.0));
        let Some(thread) = self.view.thread.id.or(card) else {
            // Neither a thread nor a card that it could have been started at.
            self.keep(ThreadState::Gone, None, None).await?;
            return Ok(false);
        };
        let taken = match step {
            ThreadStep::Start => Ok(()),
            ThreadStep::Reopen => self.reopen(thread).await,
            ThreadStep::Rename => self.rename(thread).await,
            ThreadStep::Add(user) => self.set_member(thread, user, true).await,
            ThreadStep::TakeOut(user) => self.set_member(thread, user, false).await,
            ThreadStep::Close => self.close(thread).await,
        };
        match taken {
            Ok(()) => Ok(true),
            Err(Trouble::Rest(error)) => self.went_wrong(thread, error).await,
            Err(trouble) => Err(trouble),
        }
    }

    async fn start(&self) -> Result<bool, Trouble> {
        let Some(card) = self.view.session.card else {
            // It comes with the card.
            return Ok(false);
        };
        let channel = self.view.session.channel;
        let started = self
            .context
            .rest
            .start_thread(channel, card, self.name)
            .await;
        let name = match started {
            Ok(()) => Some(self.name),
            // Ours from before a crash, or somebody else was quicker.
            Err(error) if error.code() == Some(code::THREAD_EXISTS) => None,
            // A new card comes, and the thread with it.
            Err(error) if error.code() == Some(code::UNKNOWN_MESSAGE) => return Ok(false),
            Err(error) => return self.refuse(error).await,
        };
        self.keep(ThreadState::Open, Some(ChannelId(card.0)), name)
            .await?;
        Ok(true)
    }

    async fn reopen(&self, thread: ChannelId) -> Result<(), Trouble> {
        let rest = &self.context.rest;
        rest.archive_thread(thread, false, Some(false)).await?;
        let name = self.view.thread.name.as_deref();
        self.keep(ThreadState::Open, Some(thread), name).await
    }

    async fn rename(&self, thread: ChannelId) -> Result<(), Trouble> {
        let renamed = self.context.rest.rename_thread(thread, self.name).await;
        let refused_for = match &renamed {
            Err(RestError::Limited { retry_after }) => Some(*retry_after),
            _ => None,
        };
        let now = self.context.clock.elapsed();
        self.renames.record(thread, now, refused_for);
        if refused_for.is_some() {
            // The rest does not wait for it.
            return Ok(());
        }
        match renamed {
            // Somebody else's thread, perhaps: it may keep its name.
            Err(error) if error.code() == Some(code::MISSING_PERMISSIONS) => {}
            renamed => renamed?,
        }
        let name = Some(self.name);
        self.keep(ThreadState::Open, Some(thread), name).await
    }

    async fn close(&self, thread: ChannelId) -> Result<(), Trouble> {
        let rest = &self.context.rest;
        let closed = match rest.archive_thread(thread, true, Some(true)).await {
            // Without Manage Threads it can at least be put out of sight.
            Err(error) if error.code() == Some(code::MISSING_PERMISSIONS) => {
                rest.archive_thread(thread, true, None).await
            }
            closed => closed,
        };
        match closed {
            Err(error) if error.code() == Some(code::MISSING_PERMISSIONS) => {}
            closed => closed?,
        }
        let name = self.view.thread.name.as_deref();
        self.keep(ThreadState::Closed, Some(thread), name).await
    }

    async fn set_member(
        &self,
        thread: ChannelId,
        user: UserId,
        is_in: bool,
    ) -> Result<(), Trouble> {
        let set = self
            .context
            .rest
            .set_thread_member(thread, user, is_in)
            .await;
        match set {
            Err(error) if error.is_passing() => return Err(error.into()),
            Err(error) if concerns_thread(&error) => return Err(error.into()),
            Err(error) if is_in && may_pass(&error) => return Err(error.into()),
            // Whoever has left the server cannot be put in, and need not be taken out; whom we may
            // not take out can leave.
            Err(error) => tracing::debug!(%error, "somebody's place in a thread stays as it is"),
            Ok(()) => {}
        }
        let session = self.view.session.id;
        let member = KeepMember {
            session,
            user,
            is_in,
        };
        let Ok(()) = self.context.store.execute_job(member).await?;
        Ok(())
    }

    /// What follows from a refusal; whether there may be another step.
    async fn went_wrong(&self, thread: ChannelId, error: RestError) -> Result<bool, Trouble> {
        match error.code() {
            Some(code::UNKNOWN_CHANNEL) => {
                self.keep(ThreadState::Gone, None, None).await?;
                Ok(false)
            }
            // A week without a word. It comes back, and then the step can be taken.
            Some(code::THREAD_ARCHIVED) => {
                let rest = &self.context.rest;
                rest.archive_thread(thread, false, None).await?;
                Ok(true)
            }
            _ => self.refuse(error).await,
        }
    }

    async fn keep(
        &self,
        state: ThreadState,
        id: Option<ChannelId>,
        name: Option<&str>,
    ) -> Result<(), Trouble> {
        let keep = KeepThread {
            session: self.view.session.id,
            state,
            id,
            name: name.map(str::to_owned),
        };
        let Ok(()) = self.context.store.execute_job(keep).await?;
        Ok(())
    }

    /// Gives the thread up, unless what stands in the way may pass.
    async fn refuse(&self, error: RestError) -> Result<bool, Trouble> {
        if error.is_passing() || may_pass(&error) {
            return Err(error.into());
        }
        let session = self.view.session.id;
        tracing::warn!(%error, %session, "a thread was refused");
        give_up_extra(self.context, session, Extra::Thread, &error).await?;
        Ok(false)
    }
}

/// Whether it is about the thread itself, or about seeing it at all.
fn concerns_thread(error: &RestError) -> bool {
    matches!(
        error.code(),
        Some(code::UNKNOWN_CHANNEL | code::THREAD_ARCHIVED | code::MISSING_ACCESS)
    )
}
