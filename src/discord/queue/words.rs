//! The words of the queue's refusals: what is in the way, and the way out.
//!
//! Pure. Invariant: every refusal is a sentence that says what to do next.

use crate::discord::card::join_words;
use crate::discord::session::refused;
use crate::discord::words::quoted;
use crate::domain::account::{ACCOUNTS_MAX, AccountRefusal};
use crate::domain::ladder::Ladder;
use crate::domain::profile::ZoneError;
use crate::domain::queue::{ENTRIES_MAX, NewcomerRefusal, QueueRefusal, RankRefusal};
use crate::domain::role::Roles;
use crate::domain::session::{RankBar, SessionRefusal, Status};

/// Zones that are proposed for one that was not understood.
const ZONES_PROPOSED: usize = 3;

/// A refusal of the queue.
pub(super) fn queue(refusal: &QueueRefusal) -> String {
    match refusal {
        QueueRefusal::Session(refusal) => session(refusal),
        QueueRefusal::Closed => "🔒 The queue is closed at the moment. The organiser can open it \
                                 again, then *Join* is back on the card."
            .into(),
        QueueRefusal::NoAccount => "That account is not yours any more. Press *Join* again and \
                                    choose another; `/account add` adds one."
            .into(),
        QueueRefusal::NoRole => "Choose at least one role that this session has.".into(),
        QueueRefusal::Rejected => "The organiser has not accepted you for this session, and so \
                                   you are not in its queue. Only they can take that back."
            .into(),
        QueueRefusal::Accepted(role) => format!(
            "You are in already, as {role}. To change what you play or on which account, ask the \
             organiser; *Leave* gives up your place."
        ),
        QueueRefusal::Full => format!(
            "The queue is full: it has {ENTRIES_MAX} people. If somebody leaves, *Join* works again."
        ),
        QueueRefusal::NotIn => "You are not in this session's queue; *Join* gets you in.".into(),
        QueueRefusal::Rank(refusal) => rank(refusal),
    }
}

/// A session that is not there, or in which there is no joining or leaving.
fn session(refusal: &SessionRefusal) -> String {
    match refusal {
        SessionRefusal::Not(Status::Cancelled) => {
            "This session was cancelled; `/session list` shows what is on.".into()
        }
        SessionRefusal::Not(Status::Completed) => {
            "This session is over; `/session list` shows what is on.".into()
        }
        SessionRefusal::Not(_) => {
            "This session is under way already; ask its organiser whether there is still room."
                .into()
        }
        other => refused(other),
    }
}

/// A rank that does not fit.
pub(super) fn rank(refusal: &RankRefusal) -> String {
    let on = ladder(refusal.ladder);
    let yours = |words: &str| match refusal.rank {
        Some(rank) => format!("Your {rank} {on} {words}"),
        None => format!("Your {on} rank {words}"),
    };
    let bar = match refusal.bar {
        RankBar::Undeclared => {
            format!("This session has a rank limit, and you have declared no {on} rank")
        }
        RankBar::Below(tier) => yours(&format!("is below this session's {tier} limit")),
        RankBar::Above(tier) => yours(&format!("is above this session's {tier} limit")),
        RankBar::TooFar { organiser, max } => {
            let distance = refusal.rank.map_or(0, |rank| rank.distance(organiser));
            let words = format!(
                "is {distance} divisions from the organiser's {organiser}; this session takes {max} at most"
            );
            yours(&words)
        }
        RankBar::OrganiserUndeclared => format!(
            "This session is limited to ranks near the organiser's, who has declared no {on} rank \
             yet. Tell them, and try again later"
        ),
    };
    let way_out = match (refusal.fitting, refusal.bar) {
        (fitting, _) if !fitting.is_empty() => format!("; {} would fit.", your_ranks(fitting)),
        (_, RankBar::Undeclared) => ". `/account edit` declares it.".to_owned(),
        (_, RankBar::OrganiserUndeclared) => ".".to_owned(),
        _ => ". If your rank has changed, `/account edit` says so.".to_owned(),
    };
    format!("{bar}{way_out}")
}

/// A newcomer who did not get in.
pub(super) fn newcomer(refusal: &NewcomerRefusal) -> String {
    match refusal {
        NewcomerRefusal::Queue(refusal) => queue(refusal),
        NewcomerRefusal::Account(AccountRefusal::TooMany) => format!(
            "You have {ACCOUNTS_MAX} accounts already; `/account remove` makes room. *Join* lets \
             you choose among them."
        ),
        NewcomerRefusal::Account(_) => {
            "This account cannot be added; *Join* lets you choose among those you have.".into()
        }
    }
}

/// What is wrong with a time zone.
pub(super) fn zone(error: &ZoneError, typed: &str) -> String {
    match error {
        ZoneError::Unknown => format!(
            "I know no time zone {}. Name a large city near you, such as `Berlin`, or leave it empty.",
            quoted(typed)
        ),
        ZoneError::Ambiguous(found) => {
            let zones = found.iter().take(ZONES_PROPOSED);
            let zones: Vec<_> = zones.map(|found| format!("`{}`", found.zone)).collect();
            format!(
                "{} may be several time zones: {}, for instance. Write one of these names, or leave it empty.",
                quoted(typed),
                zones.join(", ")
            )
        }
    }
}

/// A ladder within a sentence: "damage", "open queue".
fn ladder(ladder: Ladder) -> &'static str {
    match ladder {
        Ladder::Tank => "tank",
        Ladder::Damage => "damage",
        Ladder::Support => "support",
        Ladder::OpenQueue => "open queue",
        Ladder::StadiumTank => "Stadium tank",
        Ladder::StadiumDamage => "Stadium damage",
        Ladder::StadiumSupport => "Stadium support",
    }
}

fn your_ranks(fitting: Roles) -> String {
    let roles: Vec<_> = fitting
        .iter()
        .map(|role| role.label().to_lowercase())
        .collect();
    let ranks = if roles.len() == 1 { "rank" } else { "ranks" };
    format!("your {} {ranks}", join_words(&roles))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ladder::Scale;
    use crate::domain::rank::{Rank, Tier};
    use crate::domain::role::Role;

    #[test]
    fn a_rank_that_does_not_fit_says_why_and_what_would() {
        let platinum = Tier::parse(Scale::Competitive, "platinum").unwrap();
        let diamond = Rank::new(Scale::Competitive, "diamond", 2);
        let mut refusal = RankRefusal {
            role: Role::Damage,
            ladder: Ladder::Damage,
            rank: diamond,
            bar: RankBar::Above(platinum),
            fitting: Roles::from_iter([Role::Support]),
        };
        assert_eq!(
            rank(&refusal),
            "Your Diamond 2 damage is above this session's Platinum limit; your support rank would fit."
        );
        refusal.fitting = Roles::EMPTY;
        assert_eq!(
            rank(&refusal),
            "Your Diamond 2 damage is above this session's Platinum limit. If your rank has \
             changed, `/account edit` says so."
        );
    }

    #[test]
    fn what_was_typed_is_quoted_harmlessly() {
        let words = zone(&ZoneError::Unknown, "@everyone `**x**`");
        assert!(
            !words.contains("@everyone") && !words.contains("**x**"),
            "{words}"
        );
    }
}
