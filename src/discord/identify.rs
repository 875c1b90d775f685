//! When a shard may identify itself: Discord allows some at a time and so many a day, over all
//! processes of a bot.
//!
//! May touch: the store's bookings, and Discord, which is asked how many are left. Invariant: of one
//! bucket no two shards are let through within five seconds, and none that would be one too many for
//! the day, also if they are of different processes. Who resumes is not asked.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{Mutex, oneshot};
use tokio::time::{Instant, sleep};
use twilight_gateway::queue::Queue;
use twilight_model::gateway::SessionStartLimit;

use super::feature::Context;
use super::rest::RestError;
use crate::domain::identify::{IDENTIFY_EVERY_MS, Starts};
use crate::store::shards::BookIdentify;

/// The wait before the database is asked again that did not answer, in milliseconds.
const AGAIN_AFTER_MS: u64 = 1_000;
/// Older than this, Discord's word is not gone by: somebody else may use the same token. In
/// milliseconds.
const FRESH_MS: u64 = 60_000;
/// While the day's starts are used up, Discord is asked this often whether they still are, in
/// milliseconds: it may have been asked for more.
const ASK_EVERY_MS: u64 = 60_000;
/// Discord's word is asked for by one shard of all that wait, and is good for so long, in milliseconds.
const RECENT_MS: u64 = 1_000;

/// The queue in which shards wait for their turn.
#[derive(Clone)]
pub(super) struct Turns(Arc<Inner>);

struct Inner {
    context: Context,
    /// How many shards may identify themselves at once.
    at_once: u32,
    word: Mutex<Word>,
}

/// What Discord said last.
#[derive(Clone, Copy, Debug)]
struct Word {
    left: u32,
    /// When the day is over and all are there again.
    resets: Instant,
    asked: Instant,
    /// Whether it was told that none is left.
    told: bool,
}

impl std::fmt::Debug for Turns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Turns")
            .field("at_once", &self.0.at_once)
            .finish_non_exhaustive()
    }
}

impl Queue for Turns {
    fn enqueue(&self, shard: u32) -> oneshot::Receiver<()> {
        let (mut turn, waiting) = oneshot::channel();
        let turns = self.clone();
        tokio::spawn(async move {
            // A shard that goes meanwhile is not waited for.
            tokio::select! {
                () = turn.closed() => return,
                () = turns.wait(shard) => {}
            }
            let _ = turn.send(());
        });
        waiting
    }
}

impl Turns {
    /// The queue of a bot to which Discord said this at `asked`.
    pub(super) fn new(context: &Context, limit: &SessionStartLimit, asked: Instant) -> Self {
        Self(Arc::new(Inner {
            context: context.clone(),
            at_once: u32::from(limit.max_concurrency).max(1),
            word: Mutex::new(Word::of(limit, asked)),
        }))
    }

    /// Returns when it is the shard's turn.
    async fn wait(&self, shard: u32) {
        loop {
            let word = self.word().await;
            match self.book(shard, word).await {
                Some(wait) => {
                    self.enough().await;
                    return sleep(wait).await;
                }
                None => sleep(self.none_left(word).await).await,
            }
        }
    }

    /// What Discord said lately. Who cannot ask goes by what it said before.
    async fn word(&self) -> Word {
        let mut word = self.0.word.lock().await;
        if word.asked.elapsed() >= Duration::from_millis(FRESH_MS)
            && let Err(error) = self.ask(&mut word).await
        {
            tracing::warn!(%error, "Discord does not say how many sessions may be started");
        }
        *word
    }

    async fn ask(&self, word: &mut Word) -> Result<(), RestError> {
        let asked = Instant::now();
        let info = self.0.context.rest.gateway().await?;
        *word = Word {
            told: word.told,
            ..Word::of(&info.session_start_limit, asked)
        };
        Ok(())
    }

    /// Books a turn; how long it is until then. `None` if there may be none left of the day.
    async fn book(&self, shard: u32, word: Word) -> Option<Duration> {
        let bucket = shard % self.0.at_once;
        let book = |word: Word| BookIdentify {
            bucket,
            starts: word.starts(),
        };
        loop {
            match self.0.context.store.execute_job(book(word)).await {
                Ok(Ok(wait_ms)) => return wait_ms.map(milliseconds),
                Err(error) => tracing::warn!(shard, %error, "no turn could be booked"),
            }
            sleep(Duration::from_millis(AGAIN_AFTER_MS)).await;
        }
    }

    /// Asks Discord anew, unless somebody has since it said what was `tried`; tells if none is left, and
    /// says how long to wait before the next try.
    async fn none_left(&self, tried: Word) -> Duration {
        let mut word = self.0.word.lock().await;
        let soon = milliseconds(IDENTIFY_EVERY_MS);
        let recent = word.asked.elapsed() < Duration::from_millis(RECENT_MS);
        if word.asked == tried.asked
            && !recent
            && let Err(error) = self.ask(&mut word).await
        {
            tracing::warn!(%error, "Discord does not say how many sessions may be started");
            return soon;
        }
        match word.left {
            0 => {}
            // What is booked is on its way; then Discord's word is the whole truth.
            _ if word.asked == tried.asked => return soon,
            _ => return Duration::ZERO,
        }
        let wait = word.resets.saturating_duration_since(Instant::now());
        self.tell(&mut word, wait);
        let moment = Duration::from_millis(RECENT_MS);
        (wait + moment).min(Duration::from_millis(ASK_EVERY_MS))
    }

    /// Tells the log, once, and whoever asks for the bot's health.
    fn tell(&self, word: &mut Word, wait: Duration) {
        let until = self.0.context.clock.now() + TimeDelta::from_std(wait).unwrap_or_default();
        self.0.context.status.starts_used_up(Some(until));
        if !std::mem::replace(&mut word.told, true) {
            tracing::error!(
                until = %rounded(until),
                "the sessions that Discord lets this bot start in a day are used up; shards that lost \
                 theirs wait, because one more would make Discord reset the token; the others go on"
            );
        }
    }

    /// There are starts left.
    async fn enough(&self) {
        let mut word = self.0.word.lock().await;
        if std::mem::take(&mut word.told) {
            self.0.context.status.starts_used_up(None);
            tracing::info!("Discord lets this bot start sessions again");
        }
    }
}

impl Word {
    fn of(limit: &SessionStartLimit, asked: Instant) -> Self {
        Self {
            left: limit.remaining,
            resets: asked + Duration::from_millis(limit.reset_after),
            asked,
            told: false,
        }
    }

    fn starts(&self) -> Starts {
        Starts {
            left: self.left,
            asked_ms_ago: whole_ms(self.asked.elapsed()),
        }
    }
}

fn milliseconds(ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}

fn whole_ms(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

fn rounded(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}
