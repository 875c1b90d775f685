//! The shards: connections over which Discord tells what people do.
//!
//! May touch: twilight-gateway. Invariant: a shard task never waits for a handler or the store;
//! at a stop the connections are left resumable, so that what happens meanwhile is replayed to
//! the next process.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use twilight_gateway::{
    CloseFrame, Config, ConfigBuilder, Intents, Session, Shard, ShardId, ShardState,
};
use twilight_model::gateway::CloseCode;
use twilight_model::gateway::connection_info::BotConnectionInfo;

use super::dispatch::{Dispatcher, Way};
use super::feature::Context;
use super::identify::Turns;
use super::share;
use crate::secret::Secret;
use crate::store::gateway::GatewaySession;
use crate::store::process::ProcessId;
use received::Received;

/// A shard that has not said goodbye after this long is left, in milliseconds.
const GOODBYE_WITHIN_MS: u64 = 1_000;
/// At a stop, the shards have ended after this long, in milliseconds; what has not is left.
pub const CLOSE_WITHIN_MS: u64 = GOODBYE_WITHIN_MS + share::RELEASE_WITHIN_MS;

/// Which shards a process runs.
pub enum Plan {
    /// These of so many, whatever other processes do; where some of them stood.
    Fixed {
        /// Their numbers.
        numbers: Range<u32>,
        /// Of how many.
        total: u32,
        /// What can be resumed.
        kept: Vec<GatewaySession>,
    },
    /// A share of so many, with all other processes on this database.
    Shared {
        /// Of how many.
        total: u32,
        /// Who this process is among them.
        identity: watch::Receiver<ProcessId>,
    },
}

/// The running shards.
pub struct Gateway {
    /// Gives what is to be kept of them.
    running: JoinHandle<Vec<GatewaySession>>,
    stop: CancellationToken,
    progress: watch::Receiver<Progress>,
    ended: watch::Receiver<Option<Ending>>,
}

/// Why Discord has ended a connection for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It does not take the token any more.
    TokenRefused,
    /// For another reason that stays: the shards, the intents, or the version.
    Other,
}

/// How far the start is.
#[derive(Debug, Default)]
struct Progress {
    /// It is known which shards are to be run.
    settled: bool,
    /// Those that have not been connected yet.
    waiting: BTreeSet<u32>,
}

impl Gateway {
    /// Starts the shards of the plan; those that are known to have stood somewhere resume there.
    /// `info` is what Discord said when it was asked, not before `asked`.
    pub fn start(
        token: &Secret,
        (info, asked): (BotConnectionInfo, Instant),
        plan: Plan,
        context: &Context,
        dispatcher: &Dispatcher,
    ) -> Self {
        let turns = Turns::new(context, &info.session_start_limit, asked);
        let config = ConfigBuilder::new(token.reveal().to_owned(), Intents::empty())
            .proxy_url(info.url)
            .queue(turns)
            .build();
        let (progress, watched) = watch::channel(Progress::default());
        let stop = CancellationToken::new();
        let (end, ended) = watch::channel(None);
        let fleet = Fleet {
            config,
            total: match &plan {
                Plan::Fixed { total, .. } | Plan::Shared { total, .. } => *total,
            },
            context: context.clone(),
            dispatcher: dispatcher.clone(),
            progress,
            stop: stop.clone(),
            ended: end,
            running: BTreeMap::new(),
        };
        Self {
            running: tokio::spawn(fleet.run(plan)),
            stop,
            progress: watched,
            ended,
        }
    }

    /// No connection at all.
    pub fn none() -> Self {
        let settled = Progress {
            settled: true,
            ..Progress::default()
        };
        Self {
            running: tokio::spawn(async { Vec::new() }),
            stop: CancellationToken::new(),
            progress: watch::channel(settled).1,
            ended: watch::channel(None).1,
        }
    }

    /// Returns once every shard has been connected.
    pub async fn ready(&self) {
        let ready = |progress: &Progress| progress.settled && progress.waiting.is_empty();
        // The shards hold the sender; if they are gone there is nothing to wait for.
        let _ = self.progress.clone().wait_for(ready).await;
    }

    /// Returns once Discord has ended a connection for good, so that trying again would not help.
    pub async fn ended(&self) -> Ending {
        let mut ended = self.ended.clone();
        let why = ended.wait_for(Option::is_some).await.map(|why| *why);
        match why {
            Ok(Some(why)) => why,
            // The shards are gone, or there were none.
            Ok(None) | Err(_) => std::future::pending().await,
        }
    }

    /// Leaves all connections so that they can be resumed; where each of those stood that are not
    /// handed over already.
    pub async fn stop(mut self) -> Vec<GatewaySession> {
        self.stop.cancel();
        let within = Duration::from_millis(CLOSE_WITHIN_MS);
        match tokio::time::timeout(within, &mut self.running).await {
            Ok(kept) => kept.unwrap_or_default(),
            Err(_) => {
                self.running.abort();
                tracing::warn!("the connections to Discord were not left in time");
                Vec::new()
            }
        }
    }
}

/// The shards of this process, and what they have in common.
pub(super) struct Fleet {
    config: Config<Turns>,
    pub(super) total: u32,
    pub(super) context: Context,
    dispatcher: Dispatcher,
    progress: watch::Sender<Progress>,
    /// Ends all shards at once.
    stop: CancellationToken,
    ended: watch::Sender<Option<Ending>>,
    running: BTreeMap<u32, Running>,
}

struct Running {
    task: JoinHandle<Option<GatewaySession>>,
    stop: CancellationToken,
}

impl Fleet {
    async fn run(mut self, plan: Plan) -> Vec<GatewaySession> {
        match plan {
            Plan::Fixed { numbers, kept, .. } => {
                for number in numbers {
                    self.launch(number, kept.iter().find(|kept| kept.shard == number));
                }
                self.settled();
                self.stop.cancelled().await;
                self.recall_all().await
            }
            Plan::Shared { identity, .. } => {
                let (store, stop) = (self.context.store.clone(), self.stop.clone());
                share::run(self, store, identity, stop).await;
                Vec::new()
            }
        }
    }

    /// The numbers of the shards that run.
    pub(super) fn numbers(&self) -> Vec<u32> {
        self.running.keys().copied().collect()
    }

    /// All shards that are to be run at present are on their way.
    pub(super) fn settled(&self) {
        self.progress
            .send_if_modified(|progress| !std::mem::replace(&mut progress.settled, true));
    }

    /// Starts a shard, where it stood if that is known; one that runs goes on.
    pub(super) fn launch(&mut self, number: u32, kept: Option<&GatewaySession>) {
        if self.running.contains_key(&number) {
            return;
        }
        let kept = kept.filter(|kept| kept.shards == self.total);
        let id = ShardId::new(number, self.total);
        self.context
            .status
            .shard_starts(number, self.context.clock.now());
        self.progress
            .send_if_modified(|progress| progress.waiting.insert(number));
        let stop = self.stop.child_token();
        let runner = Runner {
            shard: Shard::with_config(id, resuming(&self.config, kept)),
            context: self.context.clone(),
            dispatcher: self.dispatcher.clone(),
            progress: self.progress.clone(),
            stop: stop.clone(),
            ended: self.ended.clone(),
            is_token_refused: false,
        };
        let task = tokio::spawn(runner.run());
        self.running.insert(number, Running { task, stop });
    }

    /// Ends a shard so that it can be resumed; where it stood.
    pub(super) async fn recall(&mut self, number: u32) -> Option<GatewaySession> {
        let running = self.running.remove(&number)?;
        running.stop.cancel();
        let kept = running.task.await.ok().flatten();
        self.context.status.shard_leaves(number);
        self.progress
            .send_if_modified(|progress| progress.waiting.remove(&number));
        kept
    }

    /// Ends all shards at once; where they stood.
    pub(super) async fn recall_all(&mut self) -> Vec<GatewaySession> {
        let running = std::mem::take(&mut self.running);
        let all = running.into_iter().map(async |(number, running)| {
            running.stop.cancel();
            (number, running.task.await.ok().flatten())
        });
        let mut kept = Vec::new();
        for (number, session) in join_all(all).await {
            self.context.status.shard_leaves(number);
            self.progress
                .send_if_modified(|progress| progress.waiting.remove(&number));
            kept.extend(session);
        }
        kept
    }
}

fn resuming<Q: Clone>(config: &Config<Q>, kept: Option<&GatewaySession>) -> Config<Q> {
    let builder = ConfigBuilder::from(config.clone());
    let Some(kept) = kept else {
        return builder.build();
    };
    let builder = builder.session(Session::new(kept.sequence.cast_unsigned(), kept.id.clone()));
    match &kept.resume_url {
        Some(url) => builder.resume_url(url.clone()).build(),
        None => builder.build(),
    }
}

/// One shard's task.
struct Runner {
    shard: Shard<Turns>,
    context: Context,
    dispatcher: Dispatcher,
    progress: watch::Sender<Progress>,
    stop: CancellationToken,
    ended: watch::Sender<Option<Ending>>,
    /// The connection was closed because the token is not taken.
    is_token_refused: bool,
}

impl Runner {
    async fn run(mut self) -> Option<GatewaySession> {
        let number = self.shard.id().number();
        loop {
            let message = tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                message = self.shard.next() => message,
            };
            let up = self.shard.state() == ShardState::Active;
            self.context
                .status
                .shard_is(number, up, self.context.clock.now());
            let received = match message {
                Some(Ok(message)) => Received::of(message),
                Some(Err(error)) => {
                    let error = received::told(&error);
                    tracing::warn!(shard = number, error, "an event was not received");
                    continue;
                }
                None => {
                    tracing::error!(shard = number, "Discord has ended this connection for good");
                    self.end();
                    return None;
                }
            };
            match received {
                Received::Interaction(interaction) => self.dispatcher.dispatch(*interaction),
                Received::Unread(event) => {
                    self.dispatcher.dispatch_unread(&event, Way::Callback);
                }
                Received::Ready(guilds) => {
                    self.dispatcher.is_in(guilds);
                    self.connected(number);
                }
                Received::Resumed => self.connected(number),
                Received::Closed(frame) => {
                    let code = frame.as_ref().map(|frame| frame.code);
                    self.is_token_refused = code == Some(CloseCode::AuthenticationFailed as u16);
                    tracing::info!(shard = number, ?frame, "disconnected");
                }
                Received::Other => {}
            }
        }
        self.context
            .status
            .shard_is(number, false, self.context.clock.now());
        leave(self.shard, &self.dispatcher).await
    }

    /// Tells why Discord has ended the connection for good.
    fn end(&self) {
        self.ended.send_replace(Some(match self.is_token_refused {
            true => Ending::TokenRefused,
            false => Ending::Other,
        }));
    }

    fn connected(&self, number: u32) {
        tracing::info!(shard = number, "connected");
        self.progress
            .send_if_modified(|progress| progress.waiting.remove(&number));
    }
}

/// Says goodbye in the way that keeps the connection resumable, handling what still comes in.
async fn leave(mut shard: Shard<Turns>, dispatcher: &Dispatcher) -> Option<GatewaySession> {
    shard.close(CloseFrame::RESUME);
    let goodbye = async {
        while let Some(Ok(message)) = shard.next().await {
            match Received::of(message) {
                Received::Interaction(interaction) => dispatcher.dispatch(*interaction),
                Received::Unread(event) => {
                    dispatcher.dispatch_unread(&event, Way::Callback);
                }
                Received::Closed(_) => return,
                _ => {}
            }
        }
    };
    // Who does not answer is gone; the connection is resumable all the same.
    let _ = tokio::time::timeout(Duration::from_millis(GOODBYE_WITHIN_MS), goodbye).await;
    let session = shard.session()?;
    Some(GatewaySession {
        shard: shard.id().number(),
        shards: shard.id().total(),
        id: session.id().to_owned(),
        sequence: session.sequence().cast_signed(),
        resume_url: shard.resume_url().map(str::to_owned),
    })
}

mod received;
#[cfg(test)]
mod tests;
