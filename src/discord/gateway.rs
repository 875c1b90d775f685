//! The shards: connections over which Discord tells what people do.
//!
//! May touch: twilight-gateway. Invariant: a shard task never waits for a handler or the store;
//! at a stop the connections are left resumable, so that what happens meanwhile is replayed to
//! the next process.

use std::ops::Range;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use twilight_gateway::queue::InMemoryQueue;
use twilight_gateway::{
    CloseFrame, Config, ConfigBuilder, Event, EventTypeFlags, Intents, Session, Shard, ShardId,
    ShardState, StreamExt as _,
};
use twilight_model::gateway::connection_info::BotConnectionInfo;

use super::dispatch::Dispatcher;
use super::feature::Context;
use crate::config::{Shards, Token};
use crate::store::gateway::GatewaySession;

/// A shard that has not said goodbye after this long is left, in milliseconds.
pub const CLOSE_WITHIN_MS: u64 = 1_000;

/// The running shards.
pub struct Gateway {
    shards: JoinSet<Option<GatewaySession>>,
    stop: CancellationToken,
    ready: watch::Receiver<usize>,
    ended: CancellationToken,
    count: usize,
}

impl Gateway {
    /// Starts as many shards as are wanted; those that `kept` knows resume where they stood.
    pub fn start(
        token: &Token,
        info: BotConnectionInfo,
        shards: Shards,
        mut kept: Vec<GatewaySession>,
        context: &Context,
        dispatcher: &Dispatcher,
    ) -> Self {
        let (numbers, total) = numbers(shards, info.shards);
        kept.retain(|session| session.shards == total);
        let limit = info.session_start_limit;
        let queue = InMemoryQueue::new(
            limit.max_concurrency,
            limit.remaining,
            Duration::from_millis(limit.reset_after),
            limit.total,
        );
        let config = ConfigBuilder::new(token.reveal().to_owned(), Intents::empty())
            .proxy_url(info.url)
            .queue(queue)
            .build();
        let stop = CancellationToken::new();
        let ended = CancellationToken::new();
        let (ready, watched) = watch::channel(0);
        let mut tasks = JoinSet::new();
        let count = numbers.len();
        let now = context.clock.now();
        context.status.shards_start(numbers.clone(), now);
        for number in numbers {
            let session = kept.iter().find(|session| session.shard == number);
            let shard = Shard::with_config(ShardId::new(number, total), resuming(&config, session));
            let task = run(
                shard,
                context.clone(),
                dispatcher.clone(),
                ready.clone(),
                stop.clone(),
                ended.clone(),
            );
            tasks.spawn(task);
        }
        Self {
            shards: tasks,
            stop,
            ready: watched,
            ended,
            count,
        }
    }

    /// No connection at all.
    pub fn none() -> Self {
        Self {
            shards: JoinSet::new(),
            stop: CancellationToken::new(),
            ready: watch::channel(0).1,
            ended: CancellationToken::new(),
            count: 0,
        }
    }

    /// Returns once every shard has been connected.
    pub async fn ready(&self) {
        // The shards hold the senders; if they are gone there is nothing to wait for.
        let _ = self
            .ready
            .clone()
            .wait_for(|ready| *ready >= self.count)
            .await;
    }

    /// Returns once Discord has ended a connection for good: the token, the shards or the intents
    /// are not accepted, and trying again would not help.
    pub async fn ended(&self) {
        self.ended.cancelled().await;
    }

    /// Leaves all connections so that they can be resumed; where each of them stood.
    pub async fn stop(mut self) -> Vec<GatewaySession> {
        self.stop.cancel();
        let mut kept = Vec::new();
        while let Some(shard) = self.shards.join_next().await {
            kept.extend(shard.ok().flatten());
        }
        kept
    }
}

/// The numbers of the shards to run, and of how many.
fn numbers(shards: Shards, recommended: u32) -> (Range<u32>, u32) {
    match shards {
        Shards::Auto => (0..recommended.max(1), recommended.max(1)),
        Shards::None => (0..0, 1),
        Shards::Some { first, last, total } => (first..last + 1, total),
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

async fn run(
    mut shard: Shard<InMemoryQueue>,
    context: Context,
    dispatcher: Dispatcher,
    ready: watch::Sender<usize>,
    stop: CancellationToken,
    ended: CancellationToken,
) -> Option<GatewaySession> {
    let wanted =
        EventTypeFlags::INTERACTION_CREATE | EventTypeFlags::READY | EventTypeFlags::RESUMED;
    let mut connected = false;
    loop {
        let event = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            event = shard.next_event(wanted) => event,
        };
        let up = shard.state() == ShardState::Active;
        let number = shard.id().number();
        context.status.shard_is(number, up, context.clock.now());
        match event {
            Some(Ok(Event::InteractionCreate(interaction))) => dispatcher.dispatch(interaction.0),
            Some(Ok(Event::Ready(_) | Event::Resumed)) => {
                tracing::info!(shard = shard.id().number(), "connected");
                if !std::mem::replace(&mut connected, true) {
                    ready.send_modify(|ready| *ready += 1);
                }
            }
            Some(Ok(Event::GatewayClose(frame))) => {
                tracing::info!(shard = shard.id().number(), ?frame, "disconnected");
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                tracing::warn!(shard = shard.id().number(), %error, "an event was not understood");
            }
            None => {
                tracing::error!(
                    shard = shard.id().number(),
                    "Discord has ended this connection for good"
                );
                ended.cancel();
                return None;
            }
        }
    }
    let number = shard.id().number();
    context.status.shard_is(number, false, context.clock.now());
    leave(shard, &dispatcher).await
}

/// Says goodbye in the way that keeps the connection resumable, handling what still comes in.
async fn leave(mut shard: Shard<InMemoryQueue>, dispatcher: &Dispatcher) -> Option<GatewaySession> {
    shard.close(CloseFrame::RESUME);
    let goodbye = async {
        while let Some(event) = shard.next_event(EventTypeFlags::INTERACTION_CREATE).await {
            match event {
                Ok(Event::InteractionCreate(interaction)) => dispatcher.dispatch(interaction.0),
                Ok(Event::GatewayClose(_)) | Err(_) => return,
                Ok(_) => {}
            }
        }
    };
    // Who does not answer is gone; the connection is resumable all the same.
    let _ = tokio::time::timeout(Duration::from_millis(CLOSE_WITHIN_MS), goodbye).await;
    let session = shard.session()?;
    Some(GatewaySession {
        shard: shard.id().number(),
        shards: shard.id().total(),
        id: session.id().to_owned(),
        sequence: session.sequence().cast_signed(),
        resume_url: shard.resume_url().map(str::to_owned),
    })
}
