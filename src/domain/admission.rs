//! Who gets a place without an organiser's decision: at once, with a full set, or by being asked.
//!
//! Pure. Invariant: those who have a place and those who are asked for one always have seats
//! together, on roles that they are willing and allowed to play; a place that is offered is
//! reserved.
//!
//! What is to be done is worked out from who is in, never from what has happened: an interruption
//! between two steps changes nothing about the outcome.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::account::Account;
use super::ids::{AccountId, UserId};
use super::missing::{Composition, Gap, LineUp, Player, gap, seats};
use super::queue::{Entry, Offer, Place, Queue};
use super::rank::Rank;
use super::role::{Role, Roles};
use super::session::Session;

/// Of the time that is left until the start, an offer takes up one part in this many.
const OFFER_SHARE: i32 = 10;
/// The shortest time to answer an offer, in minutes; also after the start. So it is the longest
/// that a place offered before its session's start stays reserved past it.
pub const OFFER_MIN_MINUTES: i64 = 5;
/// The longest time to answer an offer, in minutes.
pub const OFFER_MAX_MINUTES: i64 = 6 * 60;

/// How people get their places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Admission {
    /// The organiser picks.
    #[default]
    Organiser,
    /// Whoever joins gets the first place that there is for one of their roles.
    FirstCome,
    /// Nobody, until enough people wait for teams that are complete; then they all do.
    Balanced,
}

impl Admission {
    /// Every way, in the order they are offered.
    pub const ALL: [Self; 3] = [Self::Organiser, Self::FirstCome, Self::Balanced];

    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Organiser => "organiser",
            Self::FirstCome => "first_come",
            Self::Balanced => "balanced",
        }
    }

    /// Reads a stored word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.as_str() == word)
    }
}

/// Until when somebody who is asked at `now` for a place in a session at `start` may answer: the
/// nearer the start, the sooner.
pub fn offer_until(start: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    let share = (start - now) / OFFER_SHARE;
    now + share.clamp(
        TimeDelta::minutes(OFFER_MIN_MINUTES),
        TimeDelta::minutes(OFFER_MAX_MINUTES),
    )
}

/// Deadline of an open offer that ends at `until`, once its session starts at `start` as decided at
/// `now`. A nearer start shortens it to what a new offer would get; a later one leaves it, because
/// others wait for the place.
pub fn follow_start(
    until: DateTime<Utc>,
    start: DateTime<Utc>,
    now: DateTime<Utc>,
) -> DateTime<Utc> {
    until.min(offer_until(start, now))
}

/// Something to be done about somebody's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// They play another of their roles from now on.
    Move(UserId, Role),
    /// They get a place.
    Admit(UserId, Role),
    /// They are asked whether they want a place, which is reserved for them.
    Ask(UserId, Role),
}

/// Where it is decided who comes in: a session, who is in it, and whose ranks limits by distance
/// are measured from.
#[derive(Clone, Copy, Debug)]
pub struct Door<'a> {
    /// The session.
    pub session: &'a Session,
    /// Everybody in it.
    pub queue: &'a Queue,
    /// The organiser's account, if there is a limit by distance.
    pub organiser: Option<&'a Account>,
}

impl<'a> Door<'a> {
    /// What is missing, whoever is asked for a place counted as in, and who could give it.
    pub fn gap(&self) -> Gap {
        let waiting = self.queue.waiting().filter(|entry| !entry.is_asked());
        self.gap_with(&waiting.collect::<Vec<_>>())
    }

    /// As [`Door::gap`], if only `waiting` wait, in the order in which they come first.
    pub fn gap_with(&self, waiting: &[&Entry]) -> Gap {
        let waiting: Vec<_> = waiting.iter().map(|entry| self.newcomer(entry)).collect();
        gap(&self.composition(), &self.held(None), &waiting)
    }

    /// Whether `user` may be given a place as `role` while everybody else stays as they are: what the
    /// dashboard goes by. Whoever is in counts as they could be moved, so that no place is given
    /// away here which [`Door::gap`] says is missing of another role.
    pub fn room_for(&self, user: UserId, role: Role) -> bool {
        let plan = &self.session.plan;
        let taken = self.queue.unavailable(user);
        let seat = || {
            self.line_up(&self.held(Some(user)))
                .takes(Roles::from_iter([role]))
        };
        plan.mode.room_for(plan.teams, &taken, role) && seat()
    }

    /// What is to be done when `user`, who has just joined, may come in at once.
    pub fn join(&self, user: UserId) -> Vec<Step> {
        let entry = self.queue.waiting().find(|entry| entry.person.id == user);
        let Some(entry) = entry.filter(|entry| !entry.was_taken_back()) else {
            return Vec::new();
        };
        let held = self.held(Some(user));
        let newcomer = self.newcomer(entry);
        if !self.line_up(&held).takes(newcomer.roles) || self.room(&held) == 0 {
            return Vec::new();
        }
        let (mut steps, role) = self.seat(&held, newcomer);
        steps.extend(role.map(|role| Step::Admit(user, role)));
        steps
    }

    /// What is to be done when somebody comes late who had a place as `before`: they get it back, or
    /// another of their roles, if there is room beside those who are asked.
    pub fn back(&self, user: UserId, before: Role) -> Vec<Step> {
        if self.room_for(user, before) {
            vec![Step::Admit(user, before)]
        } else {
            self.join(user)
        }
    }

    /// What is to be done when nobody is to wait for full teams any longer: as many come in as fit
    /// together, those who joined first.
    pub fn as_many_as_fit(&self) -> Vec<Step> {
        self.come_in(self.possible())
    }

    /// What is to be done when enough people wait to make the teams complete; nothing as long as
    /// they don't. If there are more, those who joined first come in.
    pub fn full_set(&self) -> Vec<Step> {
        let gap = self.possible();
        if gap.still.is_none() {
            self.come_in(gap)
        } else {
            Vec::new()
        }
    }

    /// Who is to be asked for the places that are free, `at_most` so many.
    pub fn offers(&self, at_most: usize) -> Vec<Step> {
        let mut held = self.held(None);
        let mut waiting: Vec<_> = self.eligible().collect();
        let mut steps = Vec::new();
        for _ in 0..at_most.min(self.room(&held)) {
            let Some(best) = self.best(&held, &waiting) else {
                break;
            };
            let newcomer = self.newcomer(waiting.remove(best));
            let (moves, role) = self.seat(&held, newcomer);
            let (Some(role), Some(user)) = (role, newcomer.user) else {
                break;
            };
            for step in &moves {
                if let Step::Move(user, to) = *step
                    && let Some(moved) = held.iter_mut().find(|held| held.user == Some(user))
                {
                    moved.now = Some(to);
                }
            }
            held.push(fixed(Some(user), role));
            steps.extend(moves);
            steps.push(Step::Ask(user, role));
        }
        steps
    }

    /// Who has a place though their rank is outside the limits, as these are now. They keep it: a
    /// limit that changes is for those who come, and the organiser decides about the others.
    pub fn outside(&self) -> impl Iterator<Item = &'a Entry> {
        let door = *self;
        let outside = move |(entry, place): (&'a Entry, &Place)| {
            let account = entry
                .accounts
                .iter()
                .find(|one| Some(one.id) == place.account);
            let fits = door.admits(account.map_or(&[], std::slice::from_ref), place.role);
            (!fits && account.is_some()).then_some(entry)
        };
        self.queue.accepted().filter_map(outside)
    }

    /// The account on which somebody would play `role`: the one they have a place on if it fits,
    /// else the first that does.
    pub fn account(&self, entry: &Entry, role: Role) -> Option<AccountId> {
        let placed = entry.place.as_ref().and_then(|place| place.account);
        let fits = |account: &&Account| self.admits(std::slice::from_ref(*account), role);
        let fitting = || entry.accounts.iter().filter(fits);
        let present = fitting().find(|account| Some(account.id) == placed);
        present
            .or_else(|| fitting().next())
            .map(|account| account.id)
    }

    /// The account on which somebody plays `role` best: of those that fit, the first of the highest
    /// rank.
    pub fn best_account<'e>(&self, entry: &'e Entry, role: Role) -> Option<&'e Account> {
        let ladder = self.session.plan.mode.ladder(role);
        let fits = |account: &&Account| self.admits(std::slice::from_ref(*account), role);
        let fitting = entry.accounts.iter().rev().filter(fits);
        fitting.max_by_key(|account| account.rank(ladder))
    }

    /// Those who have a place, in the order in which they got it, and then those who are asked for
    /// one, but for `besides`.
    pub fn held(&self, besides: Option<UserId>) -> Vec<Player> {
        let accepted = self.queue.accepted().map(|(entry, place)| Player {
            user: Some(entry.person.id),
            roles: self.willing(entry).with(place.role),
            now: Some(place.role),
        });
        let forgotten = self.queue.forgotten.iter().map(|role| fixed(None, *role));
        let asked = self
            .queue
            .asked()
            .map(|(entry, role)| fixed(Some(entry.person.id), role));
        accepted
            .chain(forgotten)
            .chain(asked)
            .filter(|player| besides.is_none() || player.user != besides)
            .collect()
    }

    /// What somebody is willing, and allowed by their ranks, to play.
    pub fn willing(&self, entry: &Entry) -> Roles {
        let fits = |role: &Role| self.admits(&entry.accounts, *role);
        let played = self.session.plan.mode.played(entry.roles);
        played.iter().filter(fits).collect()
    }

    /// What is missing, and how far those could give it who may be let in.
    fn possible(&self) -> Gap {
        self.gap_with(&self.eligible().collect::<Vec<_>>())
    }

    /// Lets those in who fill the gap.
    fn come_in(&self, gap: Gap) -> Vec<Step> {
        let moves = gap.moves.into_iter().map(|(user, to)| Step::Move(user, to));
        let admit = |(user, role)| Step::Admit(user, role);
        moves.chain(gap.fill.into_iter().map(admit)).collect()
    }

    fn admits(&self, accounts: &[Account], role: Role) -> bool {
        let offer = Offer {
            roles: Roles::from_iter([role]),
            accounts,
            organiser: self.organiser,
        };
        !accounts.is_empty() && offer.admit(self.session, role).is_ok()
    }

    /// Those who wait and may be asked, in the order of joining.
    pub fn eligible(&self) -> impl Iterator<Item = &'a Entry> {
        let away = |entry: &Entry| entry.no_show && !entry.checked_in;
        let waiting = self.queue.waiting();
        waiting.filter(move |entry| entry.asked.is_none() && !away(entry))
    }

    /// The one of `waiting` who fits best: so that nobody has to move, then by the rank nearest to
    /// those who are in, then by who came first.
    fn best(&self, held: &[Player], waiting: &[&Entry]) -> Option<usize> {
        let line_up = self.line_up(held);
        let stands: Vec<_> = held
            .iter()
            .map(|player| player.now.map_or(*player, |now| fixed(player.user, now)))
            .collect();
        let stands = self.line_up(&stands);
        let level = self.level();
        let fit = |entry: &Entry| {
            let roles = self.willing(entry);
            let free = roles
                .iter()
                .filter(|role| stands.takes(Roles::from_iter([*role])));
            let free: Roles = free.collect();
            let moves = free.is_empty();
            let distance = self.distance(entry, if moves { roles } else { free }, level);
            line_up
                .takes(roles)
                .then_some((moves, distance.is_none(), distance))
        };
        let fits = waiting.iter().enumerate();
        let fits = fits.filter_map(|(at, entry)| Some((fit(entry)?, at)));
        fits.min().map(|(_, at)| at)
    }

    /// The mean score of the ranks of those who are in, on what they play.
    fn level(&self) -> Option<i32> {
        let rank = |(entry, place): (&Entry, &Place)| {
            let account = entry
                .accounts
                .iter()
                .find(|one| Some(one.id) == place.account)?;
            account.rank(self.session.plan.mode.ladder(place.role))
        };
        let scores: Vec<i32> = self
            .queue
            .accepted()
            .filter_map(rank)
            .map(|rank| rank.score())
            .collect();
        let count = i32::try_from(scores.len()).ok()?;
        (count > 0).then(|| scores.iter().sum::<i32>() / count)
    }

    /// How far somebody's best rank for one of `roles` is from `level`.
    fn distance(&self, entry: &Entry, roles: Roles, level: Option<i32>) -> Option<i32> {
        let on = |role: Role| {
            let ladder = self.session.plan.mode.ladder(role);
            let ranks = entry
                .accounts
                .iter()
                .filter_map(move |account| account.rank(ladder));
            ranks.max()
        };
        let from_level = |rank: Rank| level.map_or(0, |level| (rank.score() - level).abs());
        roles.iter().filter_map(on).map(from_level).min()
    }

    /// Who of `held` moves, and what the newcomer plays.
    fn seat(&self, held: &[Player], newcomer: Player) -> (Vec<Step>, Option<Role>) {
        let with: Vec<_> = held.iter().copied().chain([newcomer]).collect();
        let mut found = seats(&self.composition(), &with);
        let role = found.pop().flatten();
        let moved = |(player, seat): (&Player, Option<Role>)| {
            let to = seat.filter(|seat| player.now != Some(*seat))?;
            Some(Step::Move(player.user?, to))
        };
        (held.iter().zip(found).filter_map(moved).collect(), role)
    }

    fn line_up(&self, of: &[Player]) -> LineUp {
        let mut line_up = LineUp::new(&self.composition());
        for player in of {
            line_up.add(player.roles);
        }
        line_up
    }

    /// Places that nobody has and nobody is asked for.
    fn room(&self, held: &[Player]) -> usize {
        let places = self.session.plan.places() as usize;
        places.saturating_sub(held.len())
    }

    fn composition(&self) -> Composition {
        Composition::of(self.session.plan.mode, self.session.plan.teams)
    }

    fn newcomer(&self, entry: &Entry) -> Player {
        Player {
            user: Some(entry.person.id),
            roles: self.willing(entry),
            now: None,
        }
    }
}

/// Somebody who plays this and nothing else.
fn fixed(user: Option<UserId>, role: Role) -> Player {
    Player {
        user,
        roles: Roles::from_iter([role]),
        now: Some(role),
    }
}

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod tests;
