//! The two teams of a session: who is on which, how an organiser arranges them, and the draft by
//! two captains.
//!
//! Pure. Invariant: who is on a team has a place in the session, and no team breaks the mode's
//! composition; it may have gaps, for people leave.

mod crowd;
mod line_up;
mod problem;
#[cfg(test)]
mod tests;

use super::admission::Door;
use super::balance::{Bond, Pair, Seat, Team};
use super::ids::UserId;
use super::mode::Mode;
use super::queue::{Entry, Place, Queue};
use super::role::Role;
use super::session::{Session, SessionRefusal};

pub use crowd::{Counted, Crowd, Taken, counted, take};
pub use line_up::{decode, encode, fingerprint};
pub use problem::{Ask, Known, Wishes, problem};

/// Pairs that an organiser can keep together or apart in one session.
pub const PAIRS_MAX: usize = 12;

/// What is known of a session's teams besides the places of its players.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Teams {
    /// Whether everybody sees them.
    pub published: bool,
    /// Who picks them, the blue captain first, if captains do.
    pub captains: Option<[UserId; 2]>,
    /// Who is on which team.
    pub members: Vec<(UserId, Team)>,
    /// Who is to be kept together or apart.
    pub pairs: Vec<Pair>,
}

impl Teams {
    /// The team that somebody is on.
    pub fn of(&self, user: UserId) -> Option<Team> {
        let mut members = self.members.iter();
        members.find(|(is, _)| *is == user).map(|(_, team)| *team)
    }

    /// Whether they stand on the card.
    pub fn shown(&self) -> bool {
        self.published && !self.members.is_empty()
    }

    /// Whether somebody sees them who does not manage the session: everybody does once they are
    /// published, and captains do in any case.
    pub fn seen_by(&self, user: UserId) -> bool {
        let captain = self.captains.is_some_and(|two| two.contains(&user));
        self.published || captain
    }

    /// Every seat that is taken.
    pub fn seats(&self, queue: &Queue) -> Vec<Seat> {
        let seat = |(entry, place): (&Entry, &Place)| {
            let (user, role) = (entry.person.id, place.role);
            self.of(user).map(|team| Seat { user, team, role })
        };
        queue.accepted().filter_map(seat).collect()
    }

    /// Those who were accepted and are on no team.
    pub fn left_over<'q>(&self, queue: &'q Queue) -> Vec<(&'q Entry, &'q Place)> {
        let accepted = queue.accepted();
        accepted
            .filter(|(entry, _)| self.of(entry.person.id).is_none())
            .collect()
    }
}

/// What an organiser does with the teams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// These are the teams.
    Use(Vec<Seat>),
    /// Two players exchange their seats.
    Swap(UserId, UserId),
    /// A player goes to a team, or to none.
    Move(UserId, Option<Team>),
    /// Everybody sees the teams, or only organisers do.
    Publish(bool),
    /// There are no teams any more.
    Clear,
    /// Two captains pick, blue first.
    Draft([UserId; 2]),
}

/// Teams as they are to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arranged {
    /// Every seat that is taken.
    pub seats: Vec<Seat>,
    /// Whether everybody sees them.
    pub published: bool,
    /// Who picks.
    pub captains: Option<[UserId; 2]>,
}

/// Why something is not possible with the teams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TeamsRefusal {
    /// The session is not there, not theirs, or over.
    Session(SessionRefusal),
    /// The session has one team.
    OneTeam,
    /// This player has no place any more.
    NotIn(UserId),
    /// It takes two people.
    SamePerson,
    /// There are no teams yet.
    NoTeams,
    /// The team has no room for the role.
    NoRoom(Team, Role),
    /// The players are not those any more for whom these teams were made.
    Changed,
    /// There are [`PAIRS_MAX`] pairs already.
    TooManyPairs,
    /// No captains pick.
    NoDraft,
    /// It is another captain's turn, or nobody's.
    NotTheirTurn,
    /// The player is on a team already.
    Taken(UserId),
    /// The player is being asked for a place, and would have none.
    Asked(UserId),
    /// The player's rank does not fit for this role.
    Rank(UserId, Role),
    /// Somebody who has deleted their profile has a place.
    Forgotten,
}

/// Where a draft stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Draft {
    /// The captain of this team picks.
    Turn(Team),
    /// A captain is not there any more.
    Rests,
    /// Nobody is left whom a team has room for.
    Done,
}

/// Whether somebody who may manage `session` can do anything with its teams.
///
/// # Errors
/// [`TeamsRefusal::Session`], [`TeamsRefusal::OneTeam`].
pub fn possible(session: &Session) -> Result<(), TeamsRefusal> {
    if !session.status.is_alive() {
        let over = SessionRefusal::Not(session.status);
        return Err(TeamsRefusal::Session(over));
    }
    if session.plan.teams == 2 {
        Ok(())
    } else {
        Err(TeamsRefusal::OneTeam)
    }
}

/// What becomes of the teams by `change`.
///
/// # Errors
/// [`TeamsRefusal`].
pub fn arrange(door: &Door<'_>, teams: &Teams, change: &Change) -> Result<Arranged, TeamsRefusal> {
    let (session, queue) = (door.session, door.queue);
    possible(session)?;
    let mode = session.plan.mode;
    let mut now = Arranged {
        seats: teams.seats(queue),
        published: teams.published,
        captains: teams.captains,
    };
    match change {
        Change::Use(seats) => {
            now.captains = None;
            now.seats = used(mode, queue, seats)?;
        }
        Change::Swap(one, other) => {
            swap(mode, queue, &mut now.seats, *one, *other)?;
            for seat in &now.seats {
                may_sit(door, seat)?;
            }
        }
        Change::Move(user, team) => send(mode, queue, &mut now.seats, *user, *team)?,
        Change::Publish(_) if now.seats.is_empty() => return Err(TeamsRefusal::NoTeams),
        Change::Publish(published) => now.published = *published,
        Change::Clear => {
            now = Arranged {
                seats: Vec::new(),
                published: false,
                captains: None,
            };
        }
        Change::Draft(captains) => {
            now.seats = first_seats(queue, *captains)?;
            now.captains = Some(*captains);
            // Everybody is to see how the captains pick.
            now.published = true;
        }
    }
    Ok(now)
}

/// Where the draft stands; `None` if captains do not pick.
pub fn draft(session: &Session, queue: &Queue, teams: &Teams) -> Option<Draft> {
    let [blue, red] = teams.captains?;
    if teams.of(blue) != Some(Team::Blue) || teams.of(red) != Some(Team::Red) {
        return Some(Draft::Rests);
    }
    let seats = teams.seats(queue);
    let picked = Team::BOTH.map(|team| roles_on(&seats, team).len().saturating_sub(1));
    let next = turn(picked);
    let mut order = [next, next.other()].into_iter();
    let can_pick = |team: &Team| !pickable(session, queue, teams, *team).is_empty();
    Some(order.find(can_pick).map_or(Draft::Done, Draft::Turn))
}

/// Whom a captain can pick for their team.
pub fn pickable<'q>(
    session: &Session,
    queue: &'q Queue,
    teams: &Teams,
    team: Team,
) -> Vec<(&'q Entry, &'q Place)> {
    let roles = roles_on(&teams.seats(queue), team);
    let mut left = teams.left_over(queue);
    left.retain(|(_, place)| session.plan.mode.room_for(1, &roles, place.role));
    left
}

/// What becomes of the teams when `captain` picks `player`.
///
/// # Errors
/// [`TeamsRefusal`].
pub fn pick(
    session: &Session,
    queue: &Queue,
    teams: &Teams,
    captain: UserId,
    player: UserId,
) -> Result<Arranged, TeamsRefusal> {
    possible(session)?;
    let captains = teams.captains.ok_or(TeamsRefusal::NoDraft)?;
    let Some(Draft::Turn(team)) = draft(session, queue, teams) else {
        return Err(TeamsRefusal::NotTheirTurn);
    };
    if captains[team.index()] != captain {
        return Err(TeamsRefusal::NotTheirTurn);
    }
    if teams.of(player).is_some() {
        return Err(TeamsRefusal::Taken(player));
    }
    let mut seats = teams.seats(queue);
    send(session.plan.mode, queue, &mut seats, player, Some(team))?;
    Ok(Arranged {
        seats,
        // Teams that an organiser took off the card stay off it.
        published: teams.published,
        captains: Some(captains),
    })
}

/// Whose turn it is after so many picks of blue and red: 1-2-2-2…, as a snake. Somebody who leaves
/// was a pick that the captain has again.
fn turn(picked: [usize; 2]) -> Team {
    let team = |at: usize| Team::BOTH[at.div_ceil(2) % 2];
    let next = |of: Team| {
        let mut own = (0..).filter(|at| team(*at) == of);
        own.nth(picked[of.index()]).unwrap_or(usize::MAX)
    };
    if next(Team::Blue) < next(Team::Red) {
        Team::Blue
    } else {
        Team::Red
    }
}

/// The roles on one team.
pub fn roles_on(seats: &[Seat], team: Team) -> Vec<Role> {
    let on = seats.iter().filter(|seat| seat.team == team);
    on.map(|seat| seat.role).collect()
}

/// Whether these may be one team, or become one.
fn fits(mode: Mode, roles: &[Role]) -> bool {
    (0..roles.len()).all(|at| mode.room_for(1, &roles[..at], roles[at]))
}

/// Who of `moved`, who play something else than before, has to leave their team, since it has no room
/// for that.
pub fn misfits(mode: Mode, seats: &[Seat], moved: &[UserId]) -> Vec<Seat> {
    let mut seats = seats.to_vec();
    let mut out = Vec::new();
    for user in moved {
        let seat = seats.iter().position(|seat| seat.user == *user);
        if let Some(at) = seat
            && !fits(mode, &roles_on(&seats, seats[at].team))
        {
            out.push(seats.remove(at));
        }
    }
    out
}

/// Whether somebody may have a seat of another role than they have a place as: by the rank of one of
/// the accounts that they offer.
fn may_sit(door: &Door<'_>, seat: &Seat) -> Result<(), TeamsRefusal> {
    let (user, role) = (seat.user, seat.role);
    let entry = door.queue.entry(user).ok_or(TeamsRefusal::NotIn(user))?;
    let already = entry.place.as_ref().is_some_and(|place| place.role == role);
    if already || door.account(entry, role).is_some() {
        Ok(())
    } else {
        Err(TeamsRefusal::Rank(user, role))
    }
}

fn place_of(queue: &Queue, user: UserId) -> Result<&Place, TeamsRefusal> {
    let entry = queue.entry(user).ok_or(TeamsRefusal::NotIn(user))?;
    entry.place.as_ref().ok_or(TeamsRefusal::NotIn(user))
}

fn used(mode: Mode, queue: &Queue, seats: &[Seat]) -> Result<Vec<Seat>, TeamsRefusal> {
    let mut users: Vec<_> = seats.iter().map(|seat| seat.user).collect();
    users.sort_unstable();
    users.dedup();
    let known = users.iter().all(|user| place_of(queue, *user).is_ok());
    let legal = Team::BOTH
        .into_iter()
        .all(|team| fits(mode, &roles_on(seats, team)));
    if users.len() == seats.len() && known && legal {
        Ok(seats.to_vec())
    } else {
        Err(TeamsRefusal::Changed)
    }
}

/// Two players exchange their teams; where the compositions do not allow it, or they are on one
/// team, also their roles.
fn swap(
    mode: Mode,
    queue: &Queue,
    seats: &mut Vec<Seat>,
    one: UserId,
    other: UserId,
) -> Result<(), TeamsRefusal> {
    let (place, other_place) = (place_of(queue, one)?, place_of(queue, other)?);
    if one == other {
        return Err(TeamsRefusal::SamePerson);
    }
    let team = |user| {
        seats
            .iter()
            .find(|seat| seat.user == user)
            .map(|seat| seat.team)
    };
    let (team, other_team) = (team(one), team(other));
    seats.retain(|seat| seat.user != one && seat.user != other);
    let exchanged = |role: Role, other_role: Role| {
        let here = other_team.map(|team| Seat {
            user: one,
            team,
            role,
        });
        let there = team.map(|team| Seat {
            user: other,
            team,
            role: other_role,
        });
        let mut seats = seats.clone();
        seats.extend(here.into_iter().chain(there));
        let legal = |team| fits(mode, &roles_on(&seats, team));
        Team::BOTH.into_iter().all(legal).then_some(seats)
    };
    let (role, other_role) = (place.role, other_place.role);
    *seats = match (team, other_team) {
        (None, None) => return Err(TeamsRefusal::NoTeams),
        (Some(team), Some(other_team)) if team == other_team => exchanged(other_role, role),
        (Some(_), Some(_)) => exchanged(role, other_role).or_else(|| exchanged(other_role, role)),
        // Who is on no team keeps their role: there is no seat that could hold another.
        (Some(_), None) | (None, Some(_)) => exchanged(role, other_role),
    }
    .ok_or_else(|| match team {
        Some(team) => TeamsRefusal::NoRoom(team, other_role),
        None => TeamsRefusal::NoRoom(other_team.unwrap_or(Team::Blue), role),
    })?;
    Ok(())
}

fn send(
    mode: Mode,
    queue: &Queue,
    seats: &mut Vec<Seat>,
    user: UserId,
    team: Option<Team>,
) -> Result<(), TeamsRefusal> {
    let role = place_of(queue, user)?.role;
    seats.retain(|seat| seat.user != user);
    let Some(team) = team else {
        return Ok(());
    };
    if !mode.room_for(1, &roles_on(seats, team), role) {
        return Err(TeamsRefusal::NoRoom(team, role));
    }
    seats.push(Seat { user, team, role });
    Ok(())
}

fn first_seats(queue: &Queue, captains: [UserId; 2]) -> Result<Vec<Seat>, TeamsRefusal> {
    let [blue, red] = captains;
    if blue == red {
        return Err(TeamsRefusal::SamePerson);
    }
    let seat = |(user, team)| {
        let role = place_of(queue, user)?.role;
        Ok(Seat { user, team, role })
    };
    [(blue, Team::Blue), (red, Team::Red)]
        .into_iter()
        .map(seat)
        .collect()
}

/// Whether two may be tied like this besides `pairs`.
///
/// # Errors
/// [`TeamsRefusal`].
pub fn tie(
    session: &Session,
    queue: &Queue,
    pairs: &[Pair],
    (one, other): (UserId, UserId),
    bond: Bond,
) -> Result<Pair, TeamsRefusal> {
    possible(session)?;
    place_of(queue, one)?;
    place_of(queue, other)?;
    if one == other {
        return Err(TeamsRefusal::SamePerson);
    }
    let (one, other) = (one.min(other), one.max(other));
    let known = |pair: &Pair| (pair.one, pair.other) == (one, other);
    if pairs.len() >= PAIRS_MAX && !pairs.iter().any(known) {
        return Err(TeamsRefusal::TooManyPairs);
    }
    Ok(Pair { one, other, bond })
}
