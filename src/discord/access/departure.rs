//! Taking people out of sessions who are not in the server any more.
//!
//! May touch: Discord's HTTP API, to read, and the store. Invariant: only whom Discord says is no
//! member is taken out; while it does not say, everybody stays.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use tokio::time::Instant;

use super::super::feature::Context;
use super::Membership;
use crate::domain::ids::{GuildId, SessionId, UserId};
use crate::store::Failure;
use crate::store::queue::{Departed, DropDeparted, Player, PlayersStarting, SessionView};
use crate::store::session::FindSession;

/// People whose membership one look at a session asks about, those with places first.
const ASKED_MAX: usize = 30;
/// People whose membership is asked about at once when sessions start: as many as get their answers
/// within [`super::ANSWER_WITHIN_MS`], beside all else that is asked.
const STARTING_ASKED_AT_ONCE: usize = 20;
/// The longest that sessions wait at their start for these answers, in milliseconds.
const STARTING_ASKED_WITHIN_MS: u64 = 15_000;

/// Takes those out of a session who have left its server; who they were.
///
/// # Errors
/// [`Failure`] of the store.
pub async fn drop_departed(
    ctx: &Context,
    view: &SessionView,
    now: DateTime<Utc>,
) -> Result<Vec<Departed>, Failure> {
    if !view.session.status.is_alive() {
        return Ok(Vec::new());
    }
    let accepted = view.queue.accepted().map(|(entry, _)| entry);
    let others = view.queue.waiting();
    let player = |user| Player {
        session: view.session.id,
        guild: view.session.guild,
        user,
    };
    let people = accepted.chain(others).map(|entry| player(entry.person.id));
    drop_among(ctx, people.take(ASKED_MAX).collect(), now).await
}

/// Takes those out of sessions that start now who have left their servers.
///
/// # Errors
/// [`Failure`] of the store.
pub async fn drop_departed_at_start(ctx: &Context, now: DateTime<Utc>) -> Result<(), Failure> {
    let ends = Instant::now() + Duration::from_millis(STARTING_ASKED_WITHIN_MS);
    let max = STARTING_ASKED_AT_ONCE;
    let mut after = 0;
    loop {
        let players = ctx.store.query(PlayersStarting { now, after, max });
        let (places, players): (Vec<_>, Vec<_>) = players.await?.into_iter().unzip();
        let Some(last) = places.last() else {
            return Ok(());
        };
        if Instant::now() >= ends {
            tracing::warn!(
                "too many sessions start at once to ask for all who have places in them"
            );
            return Ok(());
        }
        after = *last;
        drop_among(ctx, players, now).await?;
    }
}

/// Takes somebody out of a session if they have left its server; whether they have.
///
/// # Errors
/// [`Failure`] of the store.
pub async fn drop_if_departed(
    ctx: &Context,
    session: SessionId,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<bool, Failure> {
    let Some(found) = ctx.store.query(FindSession(session)).await? else {
        return Ok(false);
    };
    let gone = is_gone(ctx, found.guild, user, now).await;
    if gone {
        drop_one(ctx, session, user, now).await?;
    }
    Ok(gone)
}

/// Takes somebody out of a session of whom it is known that they have left its server.
///
/// # Errors
/// [`Failure`] of the store.
pub async fn drop_one(
    ctx: &Context,
    session: SessionId,
    user: UserId,
    at: DateTime<Utc>,
) -> Result<Option<Departed>, Failure> {
    let command = DropDeparted { session, user, at };
    let Ok(departed) = ctx.store.execute_job(command).await?;
    Ok(departed)
}

async fn drop_among(
    ctx: &Context,
    people: Vec<Player>,
    now: DateTime<Utc>,
) -> Result<Vec<Departed>, Failure> {
    let asked = people
        .iter()
        .map(|one| is_gone(ctx, one.guild, one.user, now));
    let gone = join_all(asked).await;
    let mut departed = Vec::new();
    for (one, _) in people.iter().zip(gone).filter(|(_, gone)| *gone) {
        departed.extend(drop_one(ctx, one.session, one.user, now).await?);
    }
    Ok(departed)
}

async fn is_gone(ctx: &Context, guild: GuildId, user: UserId, now: DateTime<Utc>) -> bool {
    let membership = ctx.access.membership(&ctx.rest, guild, user, now).await;
    membership == Membership::Gone
}
