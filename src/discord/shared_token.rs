//! A second program that runs on the same token: both are told of every click, and whoever is late
//! finds it acknowledged.
//!
//! May touch: the store, and the status. Invariant: a click that this process may have acknowledged
//! itself is no sign of another program.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use super::click::Click;
use super::feature::Context;
use crate::domain::ids::InteractionId;
use crate::store::upkeep::TellOfSharedToken;

/// Clicks that are remembered, to know one that is delivered twice.
const CLICKS_MAX: usize = 4_096;
/// A click that is older than this when it comes in was replayed: the process before may have
/// acknowledged it. In seconds.
const FRESH_S: i64 = 10;
/// So many clicks, acknowledged elsewhere within [`WITHIN_MIN`], are no accident.
const CLICKS_TO_TELL: usize = 3;
/// See [`CLICKS_TO_TELL`], in minutes. The log is told as often at most.
const WITHIN_MIN: i64 = 10;

/// What is known of other programs. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct SharedToken(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    clicks: VecDeque<InteractionId>,
    seen: HashSet<InteractionId>,
    /// Those that were delivered more than once.
    again: HashSet<InteractionId>,
    /// When clicks were acknowledged elsewhere.
    elsewhere: VecDeque<DateTime<Utc>>,
    told: Option<DateTime<Utc>>,
}

impl SharedToken {
    /// A click was delivered.
    pub(super) fn delivered(&self, click: InteractionId) {
        let mut known = self.known();
        if !known.seen.insert(click) {
            known.again.insert(click);
            return;
        }
        known.clicks.push_back(click);
        if known.clicks.len() > CLICKS_MAX
            && let Some(oldest) = known.clicks.pop_front()
        {
            known.seen.remove(&oldest);
            known.again.remove(&oldest);
        }
    }

    /// A click was acknowledged before. Tells everybody concerned if another program must have done it.
    pub(super) async fn acknowledged_before(&self, context: &Context, click: &Click) {
        let now = context.clock.now();
        match self.judge(click.id, click.at, now) {
            Judgement::Ours => tracing::debug!(interaction = %click.id, "was acknowledged before"),
            Judgement::Elsewhere { tell } => {
                context.metrics().acknowledged_elsewhere();
                tracing::debug!(interaction = %click.id, "was acknowledged elsewhere");
                if tell {
                    self.tell(context, now).await;
                }
            }
        }
    }

    fn judge(&self, click: InteractionId, at: DateTime<Utc>, now: DateTime<Utc>) -> Judgement {
        let mut known = self.known();
        let replayed = at - click.created_at() > TimeDelta::seconds(FRESH_S);
        if replayed || known.again.contains(&click) {
            return Judgement::Ours;
        }
        let since = now - TimeDelta::minutes(WITHIN_MIN);
        known.elsewhere.retain(|at| *at > since);
        known.elsewhere.push_back(now);
        let tell =
            known.elsewhere.len() >= CLICKS_TO_TELL && known.told.is_none_or(|at| at <= since);
        if tell {
            known.told = Some(now);
        }
        Judgement::Elsewhere { tell }
    }

    async fn tell(&self, context: &Context, now: DateTime<Utc>) {
        context.status.token_shared(now);
        tracing::error!(
            clicks = CLICKS_TO_TELL,
            minutes = WITHIN_MIN,
            "another program answers clicks with this bot's token; stop it, or reset the token in the \
             developer portal and give the new one to one of them only"
        );
        let Some(owner) = context.rest.owner() else {
            return;
        };
        if let Err(error) = context
            .store
            .execute_job(TellOfSharedToken { owner, now })
            .await
        {
            tracing::warn!(%error, "failed to tell the owner that the token is shared");
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Judgement {
    /// By this process, or the one before.
    Ours,
    /// By another program, of which is to be told now or not.
    Elsewhere { tell: bool },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000 + seconds, 0).expect("a time")
    }

    /// A click that is made at this second.
    fn click(seconds: i64) -> InteractionId {
        const DISCORD_EPOCH_MS: i64 = 1_420_070_400_000;
        let id = InteractionId((at(seconds).timestamp_millis() - DISCORD_EPOCH_MS) << 22);
        assert_eq!(id.created_at(), at(seconds));
        id
    }

    #[test]
    fn three_fresh_clicks_are_no_accident_and_told_once() {
        let shared = SharedToken::default();
        let judge = |second| {
            shared.delivered(click(second));
            shared.judge(click(second), at(second), at(second))
        };
        let told = [0, 60, 120, 180, 240].map(judge);
        let tell = |tell| Judgement::Elsewhere { tell };
        assert_eq!(told, [false, false, true, false, false].map(tell));
        assert_eq!(judge(120 + 600), tell(true), "it goes on");
    }

    #[test]
    fn one_now_and_then_is_not_told() {
        let shared = SharedToken::default();
        for hour in 0..20 {
            let second = hour * 3_600;
            let judged = shared.judge(click(second), at(second), at(second));
            assert_eq!(judged, Judgement::Elsewhere { tell: false });
        }
    }

    #[test]
    fn what_came_twice_or_was_replayed_is_ours() {
        let shared = SharedToken::default();
        shared.delivered(click(0));
        shared.delivered(click(0));
        assert_eq!(shared.judge(click(0), at(0), at(0)), Judgement::Ours);
        let late = at(FRESH_S + 1);
        assert_eq!(shared.judge(click(0), late, late), Judgement::Ours);
        for second in 0..2 * i64::try_from(CLICKS_MAX).expect("a number") {
            shared.delivered(click(second));
        }
        let known = shared.known();
        assert!(known.seen.len() <= CLICKS_MAX && known.again.len() <= CLICKS_MAX);
    }
}
