//! Deliveries that Discord refuses for a reason that may pass.
//!
//! May touch: the domain and [`Transaction`]. Invariant: a parked row stays in the outbox and is tried
//! again at growing intervals, until its session has been over for `KEPT_AFTER_END_H`. They are never
//! more than `RETRY_MAX_S` apart, unless so much is parked that `TRY_EVERY_S` has to stretch them.

use chrono::{DateTime, TimeDelta, Utc};

use super::{CALL, CARD, EVENT, Settle, THREAD};
use crate::domain::ids::{CallId, ChannelId, GuildId, SessionId};
use crate::domain::obstacle::Right;
use crate::domain::session::{Session, Status};
use crate::store::sql::{DbError, Row, sql, values};
use crate::store::{Command, Question, Read, Stop, Transaction, log, session};

/// The wait before the second try, in seconds; each further one waits twice as long.
const RETRY_FIRST_S: i64 = 15;
/// The longest wait before a retry, in seconds.
const RETRY_MAX_S: i64 = 10 * 60;
/// Tries that are counted; the wait grows no more by then.
const TRIES_MAX: u32 = 10;
/// How far apart parked deliveries are tried by themselves over all servers, in seconds, as soon as there
/// are so many that their waits would bring them closer together. Each try that fails is one of the
/// invalid requests of which Discord takes 10,000 in ten minutes.
const TRY_EVERY_S: i64 = 3;
/// Servers whose parked deliveries are tried at once at a start; those of the others follow, one server
/// every `TRY_EVERY_S`.
const GUILDS_AT_START_MAX: usize = 20;
/// What was woken while it was under way is tried again after this long, in seconds.
const RETRY_WOKEN_S: i64 = 5;
/// How long after its session's end a delivery is still tried, in hours.
const KEPT_AFTER_END_H: i64 = 24;

/// Where Discord refuses something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parking {
    /// In which server, if that is known.
    pub guild: Option<GuildId>,
    /// In which channel.
    pub channel: ChannelId,
}

/// Parks a row. Returns whether it is still there: what nobody needs any more is given up.
pub(super) fn park(
    tx: &mut dyn Transaction,
    settle: &Settle,
    parking: Parking,
) -> Result<bool, DbError> {
    let at = settle.at;
    if last_try(tx, settle.id)?.is_none_or(|last| last <= at) {
        tx.execute(sql!("parking/give_up"), values![settle.id])?;
        return Ok(false);
    }
    let guild = parking.guild.map_or(0, |guild| guild.0);
    let values = values![settle.id, guild, parking.channel, TRIES_MAX];
    let row = tx.query_one(sql!("parking/park"), values)?;
    let tries = row.ok_or(DbError::NoRow("parking/park"))?.get("tries")?;
    let row = tx.query_one(sql!("parking/count"), &[])?;
    let parked: i64 = row.ok_or(DbError::NoRow("parking/count"))?.get("parked")?;
    let wait = wait(tries).max(TimeDelta::seconds(TRY_EVERY_S * parked));
    let woken = at + TimeDelta::seconds(RETRY_WOKEN_S.max(TRY_EVERY_S * parked));
    let values = values![settle.id, settle.generation, at + wait, woken];
    tx.execute(sql!("parking/put_off"), values)?;
    Ok(true)
}

/// Ends the parking of a row that was delivered, or can never be. What is parked in the same place is
/// tried at once. `claimed` is the row as `outbox/is_claimed` gives it.
pub(super) fn unpark(
    tx: &mut dyn Transaction,
    claimed: &Row,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let Some(guild) = claimed.get::<Option<i64>>("guild_id")? else {
        return Ok(());
    };
    let (id, channel): (i64, ChannelId) = (claimed.get("id")?, claimed.get("channel_id")?);
    tx.execute(sql!("parking/unpark"), values![id])?;
    tx.execute(sql!("parking/wake_place"), values![guild, channel, now])?;
    if claimed.get::<String>("kind")? == CARD {
        let session = SessionId(claimed.word("key", |key| key.parse().ok())?);
        if session::trouble(tx, session)?.is_some_and(|it| it.lacks(Right::EmbedLinks)) {
            // What it said in words is to go, with an edit of its own.
            tx.execute(sql!("parking/owe_again"), values![id])?;
        }
        tx.execute(sql!("card/untrouble"), values![session])?;
    }
    Ok(())
}

/// Has whatever is owed to a session's card, thread and event tried at once.
pub(in crate::store) fn wake_session(
    tx: &mut dyn Transaction,
    session: SessionId,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    tx.execute(
        sql!("parking/wake_session"),
        values![session.to_string(), now],
    )?;
    Ok(())
}

fn wait(tries: u32) -> TimeDelta {
    let doublings = tries.saturating_sub(1).min(TRIES_MAX);
    TimeDelta::seconds((RETRY_FIRST_S << doublings).min(RETRY_MAX_S))
}

/// Until when a row is tried; `None` if there is nothing left that it is about.
fn last_try(db: &mut dyn Read, row: i64) -> Result<Option<DateTime<Utc>>, DbError> {
    let Some(row) = db.query_one(sql!("outbox/load"), values![row])? else {
        return Ok(None);
    };
    let kind: String = row.get("kind")?;
    let number = || row.word("key", |key| key.parse().ok());
    let session = match kind.as_str() {
        CARD | THREAD | EVENT => Some(SessionId(number()?)),
        CALL => match db.query_one(sql!("call/load"), values![CallId(number()?)])? {
            Some(call) => Some(call.get("session_id")?),
            None => return Ok(None),
        },
        _ => None,
    };
    let ended = match session {
        Some(session) => match session::load(db, session)? {
            Some(session) => ended_at(db, &session)?,
            None => return Ok(None),
        },
        None => Some(row.get("created_at")?),
    };
    let forever = DateTime::<Utc>::MAX_UTC;
    Ok(Some(ended.map_or(forever, |ended| {
        ended + TimeDelta::hours(KEPT_AFTER_END_H)
    })))
}

/// When a session ended; `None` if it is ahead or under way.
fn ended_at(db: &mut dyn Read, session: &Session) -> Result<Option<DateTime<Utc>>, DbError> {
    Ok(match session.status {
        Status::Open | Status::Closed | Status::Started => None,
        Status::Completed => Some(session.plan.ends_at()),
        Status::Cancelled => {
            let cancelled = log::latest(db, session.id, "cancelled")?;
            Some(cancelled.map_or(session.plan.at, |(_, at)| at))
        }
    })
}

/// Whether a row is parked.
#[derive(Debug)]
pub struct IsParked(pub i64);

impl Question for IsParked {
    type Answer = bool;

    fn ask(&self, db: &mut dyn Read) -> Result<Self::Answer, DbError> {
        let row = db.query_one(sql!("parking/is_parked"), values![self.0])?;
        Ok(row.is_some())
    }
}

/// The servers in which something is parked.
#[derive(Debug)]
pub struct ParkedGuilds;

impl Question for ParkedGuilds {
    type Answer = Vec<GuildId>;

    fn ask(&self, db: &mut dyn Read) -> Result<Self::Answer, DbError> {
        let rows = db.query(sql!("parking/guilds"), &[])?;
        rows.iter().map(|row| row.get("guild_id")).collect()
    }
}

/// Has one delivery of each kind tried in each place of these servers where some are parked; the others
/// of a place follow where it goes through. The servers after the first `GUILDS_AT_START_MAX` get their
/// turn one after the other.
#[derive(Clone, Debug, PartialEq)]
pub struct WakeParked {
    /// Which servers.
    pub guilds: Vec<GuildId>,
    /// The present time.
    pub now: DateTime<Utc>,
}

impl Command for WakeParked {
    const NAME: &'static str = "wake_parked";
    /// How many deliveries.
    type Answer = usize;
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<usize, Stop<Self::Refusal>> {
        let mut woken = 0;
        for (guild, due) in self.guilds.iter().zip(turns(self.now)) {
            woken += tx.execute(sql!("parking/wake_guild"), values![*guild, due])?;
        }
        Ok(woken)
    }
}

/// When the first server gets its turn, the second one, and so on.
fn turns(now: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> {
    let later = (1..).map(move |turn| now + TimeDelta::seconds(TRY_EVERY_S * turn));
    std::iter::repeat_n(now, GUILDS_AT_START_MAX).chain(later)
}

#[cfg(test)]
mod tests {
    use super::super::{Delivery, Due, DueNow};
    use super::*;
    use crate::store::tests::{Scene, now};

    fn at(after_s: i64) -> DateTime<Utc> {
        now() + TimeDelta::seconds(after_s)
    }

    /// Owes something in each of these channels and parks it.
    async fn parked(scene: &Scene, channels: &[i64]) -> Vec<Due> {
        for (number, _) in channels.iter().enumerate() {
            let owe = "INSERT INTO outbox (kind, key, payload, due_at, created_at) \
                       VALUES ('retraction', $1, '{\"channel\":1}', $2, $2) RETURNING id";
            scene.write(owe, values![number.to_string(), now()]).await;
        }
        let due = scene.ask(DueNow { now: now(), max: 9 }).await;
        for (due, channel) in due.iter().zip(channels) {
            let parking = Parking {
                guild: Some(GuildId(1)),
                channel: ChannelId(*channel),
            };
            let left = scene.run(settle(due, Delivery::Parked(parking), 0)).await;
            assert_eq!(left, Ok(true));
        }
        due
    }

    fn settle(due: &Due, delivery: Delivery, after_s: i64) -> Settle {
        Settle {
            id: due.id,
            claim: None,
            generation: due.generation,
            delivery,
            card: None,
            at: at(after_s),
        }
    }

    async fn due(scene: &Scene, after_s: i64) -> Vec<Due> {
        let now = at(after_s);
        scene.ask(DueNow { now, max: 9 }).await
    }

    #[test]
    fn waits_double_up_to_ten_minutes() {
        let waits: Vec<_> = (1..=8).map(|tries| wait(tries).num_seconds()).collect();
        assert_eq!(waits, [15, 30, 60, 120, 240, 480, 600, 600]);
        assert_eq!(wait(u32::MAX).num_seconds(), 600);
    }

    #[test]
    fn servers_beyond_the_first_are_tried_one_after_the_other() {
        let at = |turn: usize| (turns(now()).nth(turn).expect("endless") - now()).num_seconds();
        assert_eq!([at(0), at(19), at(20), at(21), at(219)], [0, 0, 3, 6, 600]);
    }

    #[tokio::test]
    async fn the_more_is_parked_the_longer_each_one_waits() {
        let scene = Scene::open().await;
        let channels: Vec<i64> = (0..9).collect();
        let all = parked(&scene, &channels).await;
        assert_eq!(
            due(&scene, 26).await.last().map(|due| due.id),
            Some(all[7].id)
        );
        assert_eq!(due(&scene, 27).await.len(), all.len());
    }

    #[tokio::test]
    async fn one_in_each_place_is_woken_and_the_others_follow() {
        let scene = Scene::open().await;
        let all = parked(&scene, &[1, 1, 2]).await;
        assert_eq!(due(&scene, 14).await, []);
        let wake = |guild| WakeParked {
            guilds: vec![GuildId(guild)],
            now: at(1),
        };
        scene.run(wake(2)).await.expect("never refused");
        assert_eq!(due(&scene, 1).await, [], "of another server");
        scene.run(wake(1)).await.expect("never refused");
        let woken = due(&scene, 1).await;
        let ids: Vec<_> = woken.iter().map(|due| due.id).collect();
        assert_eq!(ids, [all[0].id, all[2].id]);
        let left = scene.run(settle(&woken[0], Delivery::Over, 1)).await;
        assert_eq!(left, Ok(false));
        let ids: Vec<_> = due(&scene, 1).await.iter().map(|due| due.id).collect();
        assert_eq!(ids, [all[1].id, all[2].id], "the rest of the place too");
    }

    #[tokio::test]
    async fn what_is_woken_while_it_is_refused_is_tried_again_soon() {
        let scene = Scene::open().await;
        let first = parked(&scene, &[1]).await.remove(0);
        let wake = WakeParked {
            guilds: vec![GuildId(1)],
            now: at(1),
        };
        scene.run(wake).await.expect("never refused");
        let parking = Parking {
            guild: Some(GuildId(1)),
            channel: ChannelId(1),
        };
        let late = settle(&first, Delivery::Parked(parking), 2);
        assert_eq!(scene.run(late).await, Ok(true));
        assert_eq!(due(&scene, 6).await, []);
        assert_eq!(due(&scene, 7).await.len(), 1);
    }

    #[tokio::test]
    async fn what_belongs_to_no_session_is_given_up_after_a_day() {
        let scene = Scene::open().await;
        let first = parked(&scene, &[1]).await.remove(0);
        let parking = Parking {
            guild: None,
            channel: ChannelId(1),
        };
        let day = KEPT_AFTER_END_H * 3_600;
        let last = settle(&first, Delivery::Parked(parking), day);
        assert_eq!(scene.run(last).await, Ok(false));
        assert_eq!(scene.ask(ParkedGuilds).await, []);
    }
}
