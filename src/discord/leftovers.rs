//! Commands that an older bot has left in servers: once, for each server that Discord tells of, they
//! are looked for and removed. This bot's commands are global, and the same name in a server shows
//! twice.
//!
//! May touch: the store, and Discord. Invariant: nobody waits for it; a server that was looked through
//! is remembered and never asked about again.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::feature::Context;
use super::rest::RestError;
use crate::domain::ids::GuildId;
use crate::store::Failure;
use crate::store::upkeep::{CommandsLookedThrough, NotLookedThrough};

/// Lists of servers that wait; what does not fit is told of by the next click, or the next start.
const LISTS_MAX: usize = 64;
/// Servers that this process remembers to have heard of.
const HEARD_OF_MAX: usize = 200_000;
/// The pause between two servers that Discord is asked about, in milliseconds.
const PAUSE_MS: u64 = 500;
/// The pause after one that could not be looked through, in milliseconds: refusals count, and too many
/// of them within ten minutes would keep the bot from every request.
const PAUSE_REFUSED_MS: u64 = 5_000;

/// Where servers are told to. Cheap to clone.
#[derive(Clone)]
pub(super) struct Leftovers {
    lists: mpsc::Sender<Vec<GuildId>>,
    heard_of: Arc<Mutex<HashSet<GuildId>>>,
    stop: CancellationToken,
}

impl Leftovers {
    /// Starts looking, in a task of its own.
    pub(super) fn start(context: Context) -> Self {
        let (lists, waiting) = mpsc::channel(LISTS_MAX);
        let stop = CancellationToken::new();
        let running = run(context, waiting);
        let until = stop.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = until.cancelled() => {}
                () = running => {}
            }
        });
        Self {
            lists,
            heard_of: Arc::default(),
            stop,
        }
    }

    /// The bot is in these servers. Never waits.
    pub(super) fn saw(&self, guilds: impl IntoIterator<Item = GuildId>) {
        let mut heard_of = self.heard_of.lock().unwrap_or_else(PoisonError::into_inner);
        if heard_of.len() >= HEARD_OF_MAX {
            heard_of.clear();
        }
        let new = guilds.into_iter().filter(|guild| heard_of.insert(*guild));
        let new: Vec<_> = new.collect();
        if new.is_empty() {
            return;
        }
        if let Err(error) = self.lists.try_send(new) {
            for guild in error.into_inner() {
                heard_of.remove(&guild);
            }
        }
    }

    /// Looks no further. What is being done is done, or done again by the next process.
    pub(super) fn stop(&self) {
        self.stop.cancel();
    }
}

async fn run(context: Context, mut lists: mpsc::Receiver<Vec<GuildId>>) {
    while let Some(guilds) = lists.recv().await {
        let left = match context.store.query(NotLookedThrough(guilds)).await {
            Ok(left) => left,
            Err(error) => {
                tracing::warn!(%error, "failed to read which servers were looked through");
                continue;
            }
        };
        for guild in left {
            let pause_ms = match clear(&context, guild).await {
                Ok(()) => PAUSE_MS,
                // Without the scope for commands there are none; and what passes, the next start does.
                Err(error) => {
                    tracing::debug!(guild = guild.0, %error, "left a server's commands alone");
                    PAUSE_REFUSED_MS
                }
            };
            tokio::time::sleep(Duration::from_millis(pause_ms)).await;
        }
    }
}

/// Why a server was not looked through.
#[derive(Debug, thiserror::Error)]
enum LeftAlone {
    #[error(transparent)]
    Discord(#[from] RestError),
    #[error(transparent)]
    Store(#[from] Failure),
}

async fn clear(context: &Context, guild: GuildId) -> Result<(), LeftAlone> {
    let names = context.rest.guild_commands(guild).await?;
    if !names.is_empty() {
        context.rest.remove_guild_commands(guild).await?;
        let names = names.join(", ");
        tracing::info!(
            guild = guild.0,
            names,
            "removed commands that an older bot left in a server"
        );
    }
    let at = context.clock.now();
    let Ok(()) = context
        .store
        .execute_job(CommandsLookedThrough { guild, at })
        .await?;
    Ok(())
}
