//! The dashboard's words for what is not possible.
//!
//! Pure. Invariant: a refusal says what has changed, and the dashboard shows the truth beside it.

use crate::discord::session::refused;
use crate::discord::text::truncate;
use crate::domain::ids::UserId;
use crate::domain::manage::ManageRefusal;
use crate::domain::queue::RankRefusal;
use crate::domain::session::RankBar;
use crate::domain::wide::Wide;
use crate::store::queue::Departed;

/// Characters about those who have left.
const DEPARTED_MAX_CHARS: usize = 1_000;

/// A decision about `player` that is not possible.
pub(super) fn refusal(refusal: &ManageRefusal, player: UserId) -> String {
    match refusal {
        ManageRefusal::Session(refusal) => refused(refusal),
        ManageRefusal::NotIn => format!("<@{player}> has left the queue meanwhile."),
        ManageRefusal::Accepted(role) => format!(
            "<@{player}> is in already, as {role}. To change that, take the place back first."
        ),
        ManageRefusal::Rejected => {
            format!("<@{player}> was turned down; let them wait again first.")
        }
        ManageRefusal::Waiting => format!("<@{player}> waits already."),
        ManageRefusal::NoRoom(role) => format!(
            "There is no room for another {role}, so <@{player}> was not accepted. Take somebody's place back first, or choose another role."
        ),
        ManageRefusal::NoSuchAccount => format!(
            "<@{player}> does not offer that account any more; here is what they offer now."
        ),
        ManageRefusal::NothingToSwap => {
            "These two cannot change places: both wait, or both play the same role.".into()
        }
        ManageRefusal::Rank(rank) => format!(
            "<@{player}> cannot be accepted as {}: {}.",
            rank.role,
            rank_obstacle(rank)
        ),
    }
}

/// Why a role is not possible, in a few words.
pub(super) fn obstacle(refusal: &ManageRefusal) -> String {
    match refusal {
        ManageRefusal::NoRoom(_) => "no room".into(),
        ManageRefusal::Rank(rank) => rank_obstacle(rank),
        _ => "not now".into(),
    }
}

/// What the game makes of a group that is too far apart.
pub(super) fn wide_group(wide: &Wide) -> String {
    let (lowest, highest) = (wide.lowest, wide.highest);
    let apart = highest.distance(lowest);
    match wide.allowed {
        Some(allowed) => format!(
            "{lowest} to {highest} is {apart} divisions; in ranked play more than {allowed} make a \
             wide group"
        ),
        None => format!("with {highest} in it a group is always wide in ranked play"),
    }
}

fn rank_obstacle(refusal: &RankRefusal) -> String {
    let rank = refusal
        .rank
        .map_or_else(|| "the rank".to_owned(), |rank| rank.to_string());
    match refusal.bar {
        RankBar::Undeclared => format!("no rank declared on {}", refusal.ladder),
        RankBar::Below(tier) => format!("{rank} is below the {tier} limit"),
        RankBar::Above(tier) => format!("{rank} is above the {tier} limit"),
        RankBar::TooFar { organiser, max } => {
            format!("{rank} is more than {max} divisions from the organiser's {organiser}")
        }
        RankBar::OrganiserUndeclared => {
            format!("the organiser has declared no rank on {}", refusal.ladder)
        }
    }
}

/// Who has left the server, and what they had in the session.
pub(super) fn departed(departed: &[Departed]) -> String {
    let line = |one: &Departed| match one.role {
        Some(role) => format!(
            "🚪 <@{}> has left this server, and their place as {role} is free.",
            one.user
        ),
        None => format!(
            "🚪 <@{}> has left this server and does not wait any more.",
            one.user
        ),
    };
    let lines: Vec<_> = departed.iter().map(line).collect();
    truncate(&lines.join("\n"), DEPARTED_MAX_CHARS)
}
