//! What may be planned and changed about a session, and what comes of it.
//!
//! Pure. Invariant: a plan that is let through starts in the future (unless it has started
//! already), its limits can be met, and its limit by distance can be judged.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::super::account::Account;
use super::super::admission::Admission;
use super::super::ladder::Ladder;
use super::super::mode::Mode;
use super::super::rank::Tier;
use super::{
    ALIVE_PER_GUILD_MAX, ALIVE_PER_ORGANISER_MAX, Actor, Plan, RankLimits, Session, SessionRefusal,
    Status, scale,
};

/// Sessions ahead or under way in a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Alive {
    /// Those that one person leads.
    pub yours: u32,
    /// All of them.
    pub here: u32,
}

/// Whether `plan` may become a session. `organiser` is the account of its organiser that ranks
/// are measured from.
///
/// # Errors
/// [`SessionRefusal`].
pub fn plan_new(
    plan: &Plan,
    alive: Alive,
    organiser: Option<&Account>,
    now: DateTime<Utc>,
) -> Result<(), SessionRefusal> {
    if plan.at <= now {
        return Err(SessionRefusal::Past);
    }
    if alive.yours >= ALIVE_PER_ORGANISER_MAX {
        return Err(SessionRefusal::TooManyOfYours);
    }
    if alive.here >= ALIVE_PER_GUILD_MAX {
        return Err(SessionRefusal::TooManyHere);
    }
    plan.check_limits(organiser)
}

/// What is to be different about a session; `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    /// What is played. Limits of tiers that the new mode does not have go.
    pub mode: Option<Mode>,
    /// How many teams.
    pub teams: Option<u8>,
    /// When it starts.
    pub at: Option<DateTime<Utc>>,
    /// The zone in which it is thought of.
    pub zone: Option<Tz>,
    /// How long it takes, in minutes.
    pub length_minutes: Option<u32>,
    /// Its name; empty: the mode's.
    pub title: Option<String>,
    /// What else there is to say.
    pub description: Option<String>,
    /// Forget all rank limits before the ones below.
    pub without_limits: bool,
    /// The lowest tier.
    pub lowest: Option<Tier>,
    /// The highest tier.
    pub highest: Option<Tier>,
    /// The greatest distance from the organiser's rank, in divisions.
    pub distance: Option<u32>,
    /// How people get their places.
    pub admission: Option<Admission>,
    /// How long before the start people check in, in minutes; 0: not at all.
    pub check_in_minutes: Option<u32>,
}

impl Change {
    /// `plan` with the change.
    fn apply(&self, plan: &Plan) -> Plan {
        let mode = self.mode.unwrap_or(plan.mode);
        Plan {
            mode,
            teams: self.teams.unwrap_or(plan.teams),
            at: self.at.unwrap_or(plan.at),
            zone: self.zone.unwrap_or(plan.zone),
            length_minutes: self.length_minutes.unwrap_or(plan.length_minutes),
            title: self.title(plan, mode),
            description: (self.description.as_ref())
                .unwrap_or(&plan.description)
                .clone(),
            limits: self.limits(plan, mode),
            admission: self.admission.unwrap_or(plan.admission),
            check_in_minutes: self.check_in_minutes.unwrap_or(plan.check_in_minutes),
        }
    }

    /// A title that is only the mode's name follows the mode.
    fn title(&self, plan: &Plan, mode: Mode) -> String {
        let title = self.title.as_deref().unwrap_or(&plan.title);
        let nameless = title.is_empty() || (self.title.is_none() && title == plan.mode.label());
        if nameless { mode.label() } else { title }.to_owned()
    }

    fn limits(&self, plan: &Plan, mode: Mode) -> RankLimits {
        let kept = if self.without_limits {
            RankLimits::default()
        } else {
            plan.limits
        };
        let of_this_scale = |tier: &Tier| tier.scale() == scale(mode);
        RankLimits {
            lowest: self.lowest.or(kept.lowest.filter(of_this_scale)),
            highest: self.highest.or(kept.highest.filter(of_this_scale)),
            distance: self.distance.or(kept.distance),
        }
    }
}

impl Plan {
    /// Whether whoever has a seat by `before` has it by this plan, too: on as many teams of the same
    /// mode, or on more.
    pub fn keeps_seats_of(&self, before: &Self) -> bool {
        self.mode == before.mode && self.teams >= before.teams
    }

    /// Whether its rank limits can be met and judged.
    fn check_limits(&self, organiser: Option<&Account>) -> Result<(), SessionRefusal> {
        let RankLimits {
            lowest,
            highest,
            distance,
        } = self.limits;
        let mut tiers = lowest.into_iter().chain(highest);
        if let Some(tier) = tiers.find(|tier| tier.scale() != self.scale()) {
            return Err(SessionRefusal::OtherScale(tier));
        }
        if let (Some(lowest), Some(highest)) = (lowest, highest)
            && lowest > highest
        {
            return Err(SessionRefusal::LimitsCrossed);
        }
        if distance.is_some() {
            let undeclared = undeclared(self.mode, organiser);
            if !undeclared.is_empty() {
                return Err(SessionRefusal::OrganiserUndeclared(undeclared));
            }
        }
        Ok(())
    }
}

/// The mode's ladders on which an account has no rank.
fn undeclared(mode: Mode, account: Option<&Account>) -> Vec<Ladder> {
    let mut ladders: Vec<_> = mode.roles().iter().map(|role| mode.ladder(role)).collect();
    ladders.dedup();
    ladders.retain(|ladder| account.and_then(|account| account.rank(*ladder)).is_none());
    ladders
}

impl Session {
    /// What its plan becomes by `change`, with `accepted` players in it. `organiser` is the account
    /// of its organiser that ranks are measured from.
    ///
    /// # Errors
    /// [`SessionRefusal`].
    pub fn changed(
        &self,
        change: &Change,
        accepted: u32,
        organiser: Option<&Account>,
        now: DateTime<Utc>,
    ) -> Result<Plan, SessionRefusal> {
        if !self.status.is_alive() {
            return Err(SessionRefusal::Not(self.status));
        }
        let (old, new) = (&self.plan, change.apply(&self.plan));
        let other_game = (new.mode, new.teams) != (old.mode, old.teams);
        if !self.status.is_ahead() && (other_game || new.at != old.at) {
            return Err(SessionRefusal::Not(self.status));
        }
        if !new.keeps_seats_of(old) && accepted > 0 {
            return Err(SessionRefusal::PlayersAccepted);
        }
        if new.at != old.at && new.at <= now {
            return Err(SessionRefusal::Past);
        }
        // A rank that the organiser took back is in nobody's way until limits are talked about.
        if new.mode != old.mode || new.limits != old.limits {
            new.check_limits(organiser)?;
        }
        Ok(new)
    }

    /// What its plan becomes when it is played as `mode` with `teams` teams, by those who are there.
    pub fn shortened(&self, mode: Mode, teams: u8) -> Plan {
        let change = Change {
            mode: Some(mode),
            teams: Some(teams),
            ..Change::default()
        };
        change.apply(&self.plan)
    }

    /// The status it gets when `actor` opens or closes its queue; `None` if it has it already.
    ///
    /// # Errors
    /// [`SessionRefusal`].
    pub fn opened(&self, actor: &Actor, open: bool) -> Result<Option<Status>, SessionRefusal> {
        self.managed_by(actor)?;
        let status = if open { Status::Open } else { Status::Closed };
        match self.status {
            now if now == status => Ok(None),
            now if now.is_ahead() => Ok(Some(status)),
            now => Err(SessionRefusal::Not(now)),
        }
    }

    /// Whether `actor` may start it now, before its time.
    ///
    /// # Errors
    /// [`SessionRefusal`].
    pub fn started(&self, actor: &Actor) -> Result<(), SessionRefusal> {
        self.managed_by(actor)?;
        if self.status.is_ahead() {
            Ok(())
        } else {
            Err(SessionRefusal::Not(self.status))
        }
    }

    /// Whether `actor` may cancel it.
    ///
    /// # Errors
    /// [`SessionRefusal`].
    pub fn cancelled(&self, actor: &Actor) -> Result<(), SessionRefusal> {
        self.managed_by(actor)?;
        if self.status.is_alive() {
            Ok(())
        } else {
            Err(SessionRefusal::Not(self.status))
        }
    }
}

#[cfg(test)]
mod tests;
