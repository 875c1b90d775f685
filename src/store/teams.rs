//! The teams of a session, as they are remembered.
//!
//! May touch: the domain and [`Transaction`]. Invariant: which team somebody is on stands in the row
//! of their place, so that who gives up their place leaves their team; whatever changes what the
//! card shows owes its refresh.

mod taken;

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::queue::{SessionView, ViewSession};
use super::sql::{DbError, Row, sql, values};
use super::{Command, Question, Read, Stop, Transaction, log, outbox, queue, session};
use crate::domain::account::Account;
use crate::domain::admission::Door;
use crate::domain::balance::{Bond, Pair, Seat, Team};
use crate::domain::ids::{SessionId, UserId};
use crate::domain::log::{Action, Done, TeamsDeed};
use crate::domain::queue::Queue;
use crate::domain::session::{Actor, Session, SessionRefusal};
use crate::domain::teams::{self, Arranged, Change, Known, Teams, TeamsRefusal};

pub use taken::{TakeTeams, TeamsTaken};

/// Games within these last days count as played lately.
pub const LATELY_DAYS: i64 = 30;

/// All that teams are made of.
#[derive(Debug)]
pub struct ViewTeams {
    /// Of which session.
    pub session: SessionId,
    /// The present time.
    pub now: DateTime<Utc>,
}

/// A session, its teams, and what is known of its players.
#[derive(Clone, Debug, PartialEq)]
pub struct TeamsView {
    /// The session with everybody in it, and its teams.
    pub view: SessionView,
    /// What is known of the players.
    pub known: Known,
}

impl Question for ViewTeams {
    type Answer = Option<TeamsView>;

    fn ask(&self, db: &mut dyn Read) -> Result<Self::Answer, DbError> {
        let Some(view) = ViewSession(self.session).ask(db)? else {
            return Ok(None);
        };
        let since = self.now - TimeDelta::days(LATELY_DAYS);
        let played = values![self.session, view.session.guild, since];
        let games = db.query(sql!("teams/games"), played)?;
        let games = games
            .iter()
            .map(|row| Ok((row.get("user_id")?, row.get("games")?)));
        let likes = db.query(sql!("teams/likes"), values![self.session])?;
        let likes = likes
            .iter()
            .map(|row| Ok((row.get("user_id")?, row.json("preferred_roles")?)));
        let known = Known {
            games: games.collect::<Result<HashMap<_, _>, DbError>>()?,
            likes: likes.collect::<Result<HashMap<_, _>, DbError>>()?,
        };
        Ok(Some(TeamsView { view, known }))
    }
}

/// The teams of a session.
pub(super) fn load(db: &mut dyn Read, session: SessionId) -> Result<Teams, DbError> {
    let members = db.query(sql!("teams/members"), values![session])?;
    let member = |row: &Row| Ok((row.get("user_id")?, row_team(row)?));
    let state = db.query_one(sql!("teams/state"), values![session])?;
    let (published, captains) = match state {
        None => (false, None),
        Some(row) => {
            let blue: Option<UserId> = row.get("blue_captain")?;
            let red: Option<UserId> = row.get("red_captain")?;
            (row.get("published")?, blue.zip(red))
        }
    };
    let pairs = db.query(sql!("teams/pairs"), values![session])?;
    Ok(Teams {
        published,
        captains: captains.map(|(blue, red)| [blue, red]),
        members: members.iter().map(member).collect::<Result<_, DbError>>()?,
        pairs: pairs.iter().map(pair).collect::<Result<_, DbError>>()?,
    })
}

/// The stored number of a team.
pub(super) fn number(team: Team) -> i64 {
    match team {
        Team::Blue => 1,
        Team::Red => 2,
    }
}

/// Reads a stored number of a team.
pub(super) fn team(number: i64) -> Option<Team> {
    Team::BOTH
        .into_iter()
        .find(|team| self::number(*team) == number)
}

fn row_team(row: &Row) -> Result<Team, DbError> {
    let number: i64 = row.get("team")?;
    team(number).ok_or(DbError::Column {
        statement: "teams/members",
        column: "team",
    })
}

/// The stored word of a bond.
pub(super) fn bond_word(bond: Bond) -> &'static str {
    match bond {
        Bond::Together => "together",
        Bond::Apart => "apart",
    }
}

/// Reads a stored bond.
pub(super) fn bond(word: &str) -> Option<Bond> {
    let mut bonds = [Bond::Together, Bond::Apart].into_iter();
    bonds.find(|bond| bond_word(*bond) == word)
}

fn pair(row: &Row) -> Result<Pair, DbError> {
    Ok(Pair {
        one: row.get("one_id")?,
        other: row.get("other_id")?,
        bond: row.word("bond", bond)?,
    })
}

/// An organiser arranges the teams.
#[derive(Clone, Debug, PartialEq)]
pub struct ArrangeTeams {
    /// Of which session.
    pub session: SessionId,
    /// Who, from where.
    pub actor: Actor,
    /// How.
    pub change: Change,
    /// When.
    pub at: DateTime<Utc>,
}

/// It is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamsArranged {
    /// Whether everybody sees the teams now.
    pub published: bool,
}

impl Command for ArrangeTeams {
    const NAME: &'static str = "arrange_teams";
    type Answer = TeamsArranged;
    type Refusal = TeamsRefusal;

    fn run(&self, tx: &mut dyn Transaction) -> Result<TeamsArranged, Stop<TeamsRefusal>> {
        let ground = managed(tx, self.session, &self.actor)?;
        let now = teams::arrange(&ground.door(), &ground.teams, &self.change);
        let now = now.map_err(Stop::Refused)?;
        let misplaced = save(tx, &ground, &now, self.actor.user, self.at)?;
        log::record(tx, &ground.session, &self.actor, self.done(), self.at)?;
        record_misplaced(tx, &ground.session, &self.actor, &misplaced, self.at)?;
        Ok(TeamsArranged {
            published: now.published,
        })
    }
}

impl ArrangeTeams {
    fn done(&self) -> Done {
        let teams = |what| Action::Teams { what };
        match &self.change {
            Change::Use(_) => teams(TeamsDeed::Made).into(),
            Change::Swap(one, other) => teams(TeamsDeed::Swapped).on(*one).and(*other),
            Change::Move(user, _) => teams(TeamsDeed::Moved).on(*user),
            Change::Publish(true) => teams(TeamsDeed::Published).into(),
            Change::Publish(false) => teams(TeamsDeed::Hidden).into(),
            Change::Clear => teams(TeamsDeed::Cleared).into(),
            Change::Draft([blue, red]) => teams(TeamsDeed::Drafted).on(*blue).and(*red),
        }
    }
}

/// An organiser says who is to be kept together or apart.
#[derive(Clone, Debug, PartialEq)]
pub struct TiePair {
    /// In which session.
    pub session: SessionId,
    /// Who says so, from where.
    pub actor: Actor,
    /// Who.
    pub pair: (UserId, UserId),
    /// What is wanted for them; `None`: nothing any more.
    pub bond: Option<Bond>,
    /// When.
    pub at: DateTime<Utc>,
}

impl Command for TiePair {
    const NAME: &'static str = "tie_pair";
    type Answer = ();
    type Refusal = TeamsRefusal;

    fn run(&self, tx: &mut dyn Transaction) -> Result<(), Stop<TeamsRefusal>> {
        let Ground {
            session,
            queue,
            teams,
            ..
        } = managed(tx, self.session, &self.actor)?;
        let (one, other) = (self.pair.0.min(self.pair.1), self.pair.0.max(self.pair.1));
        let changed = match self.bond {
            None => tx.execute(sql!("teams/untie"), values![session.id, one, other])? > 0,
            Some(bond) => {
                let pair = teams::tie(&session, &queue, &teams.pairs, self.pair, bond)
                    .map_err(Stop::Refused)?;
                let values = values![session.id, one, other, bond_word(bond)];
                tx.execute(sql!("teams/tie"), values)?;
                !teams.pairs.contains(&pair)
            }
        };
        // A page of before, or a made-up pair: nothing that would go on record.
        if !changed {
            return Ok(());
        }
        let what = TeamsDeed::Tied;
        let done = Action::Teams { what }.on(one).and(other);
        log::record(tx, &session, &self.actor, done, self.at)?;
        Ok(())
    }
}

/// A captain picks a player.
#[derive(Clone, Debug, PartialEq)]
pub struct PickPlayer {
    /// In which session.
    pub session: SessionId,
    /// The captain, and where they are.
    pub actor: Actor,
    /// Whom they pick.
    pub player: UserId,
    /// When.
    pub at: DateTime<Utc>,
}

impl Command for PickPlayer {
    const NAME: &'static str = "pick_player";
    type Answer = ();
    type Refusal = TeamsRefusal;

    fn run(&self, tx: &mut dyn Transaction) -> Result<(), Stop<TeamsRefusal>> {
        let session = found(tx, self.session)?;
        session.seen_by(&self.actor).map_err(refused)?;
        let (ground, captain) = (Ground::of(tx, session)?, self.actor.user);
        let (queue, teams) = (&ground.queue, &ground.teams);
        let now = teams::pick(&ground.session, queue, teams, captain, self.player)
            .map_err(Stop::Refused)?;
        save(tx, &ground, &now, captain, self.at)?;
        let what = TeamsDeed::Picked;
        let done = Action::Teams { what }.on(self.player);
        log::record_own(tx, &ground.session, captain, done, self.at)?;
        Ok(())
    }
}

/// There are no teams any more: what is played takes others.
pub(super) fn dissolve(tx: &mut dyn Transaction, session: SessionId) -> Result<(), DbError> {
    let nobody: Option<UserId> = None;
    tx.execute(sql!("teams/unseat"), values![session])?;
    tx.execute(sql!("teams/keep"), values![session, false, nobody, nobody])?;
    Ok(())
}

/// Takes whoever plays something else now off their team, if it has no room for that: `moved` are
/// those.
pub(super) fn make_legal(
    tx: &mut dyn Transaction,
    session: &Session,
    moved: &[UserId],
) -> Result<(), DbError> {
    if moved.is_empty() {
        return Ok(());
    }
    let (queue, teams) = (queue::load(tx, session.id)?, load(tx, session.id)?);
    let none: Option<i64> = None;
    for seat in teams::misfits(session.plan.mode, &teams.seats(&queue), moved) {
        let values = values![session.id, seat.user, none, seat.role.as_str()];
        tx.execute(sql!("teams/seat"), values)?;
    }
    Ok(())
}

fn refused(refusal: SessionRefusal) -> Stop<TeamsRefusal> {
    Stop::Refused(TeamsRefusal::Session(refusal))
}

fn found(db: &mut dyn Read, id: SessionId) -> Result<Session, Stop<TeamsRefusal>> {
    session::load(db, id)?.ok_or_else(|| refused(SessionRefusal::Unknown))
}

/// What teams are arranged by.
struct Ground {
    session: Session,
    queue: Queue,
    teams: Teams,
    /// The account that limits by distance are measured from, if there is such a limit.
    organiser: Option<Account>,
}

impl Ground {
    fn of(db: &mut dyn Read, session: Session) -> Result<Self, DbError> {
        Ok(Self {
            queue: queue::load(db, session.id)?,
            teams: load(db, session.id)?,
            organiser: queue::organiser_account(db, &session)?,
            session,
        })
    }

    fn door(&self) -> Door<'_> {
        Door {
            session: &self.session,
            queue: &self.queue,
            organiser: self.organiser.as_ref(),
        }
    }
}

/// The session with its queue and teams, if `actor` may manage it.
fn managed(db: &mut dyn Read, id: SessionId, actor: &Actor) -> Result<Ground, Stop<TeamsRefusal>> {
    let session = found(db, id)?;
    session.managed_by(actor).map_err(refused)?;
    teams::possible(&session).map_err(Stop::Refused)?;
    Ok(Ground::of(db, session)?)
}

/// Writes what `by` has changed, and owes those a notice who play something else now. Those of them
/// for whose role none of their ranks fits.
fn save(
    tx: &mut dyn Transaction,
    ground: &Ground,
    now: &Arranged,
    by: UserId,
    at: DateTime<Utc>,
) -> Result<Vec<UserId>, DbError> {
    let mut misplaced = Vec::new();
    let Ground {
        session,
        queue,
        teams: before,
        ..
    } = ground;
    for (entry, place) in queue.accepted() {
        let user = entry.person.id;
        let seat = now.seats.iter().find(|seat| seat.user == user);
        let role = seat.map_or(place.role, |seat| seat.role);
        let team = seat.map(|seat: &Seat| seat.team);
        if (team, role) == (before.of(user), place.role) {
            continue;
        }
        if role != place.role {
            if let Some(account) = ground.door().account(entry, role) {
                let values = values![session.id, user, role.as_str(), account, by];
                tx.execute(sql!("queue/reseat"), values)?;
            } else {
                // A proposal may seat somebody whose rank does not fit, which it says: they stay
                // on the account that they have.
                tx.execute(sql!("queue/override"), values![session.id, user])?;
                misplaced.push(user);
            }
            let notice = outbox::Notice::Accepted {
                title: session.plan.title.clone(),
                at: session.plan.at,
                role,
                session: Some(session.id),
            };
            outbox::owe_notice(tx, session.id, user, notice, at)?;
        }
        let values = values![session.id, user, team.map(number), role.as_str()];
        tx.execute(sql!("teams/seat"), values)?;
    }
    let [blue, red] = match now.captains {
        None => [None, None],
        Some(captains) => captains.map(Some),
    };
    tx.execute(
        sql!("teams/keep"),
        values![session.id, now.published, blue, red],
    )?;
    outbox::owe_card(tx, session.id, at)?;
    Ok(misplaced)
}

/// Puts on record, as overrides, who plays a role for which no rank of theirs fits.
fn record_misplaced(
    tx: &mut dyn Transaction,
    session: &Session,
    actor: &Actor,
    misplaced: &[UserId],
    at: DateTime<Utc>,
) -> Result<(), DbError> {
    let what = TeamsDeed::Misplaced;
    for user in misplaced {
        log::record(tx, session, actor, Action::Teams { what }.on(*user), at)?;
    }
    Ok(())
}
