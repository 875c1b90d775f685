//! What is said of teams: whose edge it is, who is where they did not want to be, what is in the way.
//!
//! Pure. Invariant: a difference is told in divisions, which players know, and never in points only.

use std::fmt::Write as _;

use super::{NOT_PUBLISHED, PUBLISHED};
use crate::discord::card::join_words;
use crate::discord::session::refused;
use crate::domain::balance::{CANDIDATES_MAX, Edge, Figures, Team, Unbalanced, divisions};
use crate::domain::ids::UserId;
use crate::domain::mode::Mode;
use crate::domain::queue::Queue;
use crate::domain::role::Role;
use crate::domain::teams::{Crowd, PAIRS_MAX, TeamsRefusal};
use crate::store::teams::TeamsTaken;

/// Numbers that are written out.
const NUMBERS: [&str; 13] = [
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve",
];
/// People who are named in one sentence.
const NAMED_MAX: usize = 4;

/// A team's name.
pub(super) fn team(team: Team) -> &'static str {
    match team {
        Team::Blue => "Blue",
        Team::Red => "Red",
    }
}

/// A team's name as a heading.
pub(super) fn heading(team: Team) -> &'static str {
    match team {
        Team::Blue => "🔵 Blue",
        Team::Red => "🔴 Red",
    }
}

/// Where each team is ahead: "Blue is stronger on support by two divisions. …"
pub(super) fn edges(figures: &Figures, mode: Mode) -> String {
    let mut sentences = vec![match figures.edge() {
        None => "Both teams are equally strong altogether.".to_owned(),
        Some(edge) => ahead(edge, "altogether"),
    }];
    for side in Team::BOTH {
        let on = |role: Role| {
            let edge = figures.edge_on(role).filter(|edge| edge.team == side)?;
            let role = role.label().to_lowercase();
            Some(format!("on {role} by {}", in_divisions(edge.divisions)))
        };
        let parts: Vec<_> = mode.roles().iter().filter_map(on).collect();
        if !parts.is_empty() {
            sentences.push(format!(
                "{} is stronger {}.",
                team(side),
                join_words(&parts)
            ));
        }
    }
    sentences.join(" ")
}

fn ahead(edge: Edge, what: &str) -> String {
    let (team, by) = (team(edge.team), in_divisions(edge.divisions));
    format!("{team} is stronger {what} by {by}.")
}

fn in_divisions(count: u32) -> String {
    let number = number(count);
    let noun = if count == 1 { "division" } else { "divisions" };
    format!("{number} {noun}")
}

fn number(count: u32) -> String {
    let word = NUMBERS.get(count as usize);
    word.map_or_else(|| count.to_string(), |word| (*word).to_owned())
}

/// Marks who would come in.
pub(super) const NEW: &str = "🆕";

/// Instead of a comparison, as long as a team has a gap: whoever comes there changes all of it.
const WITH_GAPS: &str = "Told once no place is empty.";

/// Everything that is to be said of the figures of two teams, line by line. Two teams are compared
/// only if both are `complete`.
pub(super) fn figures(figures: &Figures, mode: Mode, queue: &Queue, complete: bool) -> String {
    let mut lines = if complete {
        vec![edges(figures, mode), facts(figures, mode)]
    } else {
        vec![WITH_GAPS.to_owned()]
    };
    lines.extend(displaced(figures, queue));
    lines.join("\n")
}

/// What is measured of two teams.
fn facts(figures: &Figures, mode: Mode) -> String {
    let [blue, red] = figures.strength;
    let mut facts = vec![format!("{blue} : {red} points")];
    if mode.roles().contains(Role::Tank) && figures.by_role.iter().any(|team| team[0] > 0) {
        facts.push(format!(
            "tanks {} apart",
            in_divisions(divisions(figures.tank_gap))
        ));
    }
    facts.push(format!(
        "strongest to weakest {} and {}",
        number(divisions(figures.spread[0])),
        in_divisions(divisions(figures.spread[1]))
    ));
    facts.join(" · ")
}

/// Who is where they cannot play, or did not ask to.
fn displaced(figures: &Figures, queue: &Queue) -> Vec<String> {
    let mut lines = Vec::new();
    let is_in = |user: &UserId| queue.entry(*user).is_some();
    let mut misplaced = figures.misplaced.clone();
    misplaced.retain(is_in);
    if !misplaced.is_empty() {
        lines.push(format!(
            "⚠️ On a role that they did not offer or have no rank for: {}.",
            named(&misplaced)
        ));
    }
    let mut moved = figures.off_preference.clone();
    moved.retain(|user| !misplaced.contains(user));
    if !moved.is_empty() {
        lines.push(format!(
            "Not on the role they asked for: {}.",
            named(&moved)
        ));
    }
    lines
}

/// What it means that those who wait are counted; `left_out` of them are not.
pub(super) fn everybody(left_out: usize) -> String {
    let mut text = format!(
        "{NEW} waits, and would come in. Who sits out gives up their place and waits again; all of \
         them are told."
    );
    if left_out > 0 {
        let _ = write!(
            text,
            " Of those who wait {left_out} are not counted, for I compare {CANDIDATES_MAX} people at \
             most: whom the teams need first, then who has played least lately, then who has waited \
             longest."
        );
    }
    text
}

/// Who would sit out; of them `asked` are being asked for a place.
pub(super) fn sit_out(out: &[UserId], asked: &[UserId]) -> Vec<String> {
    let all = |users: &[UserId]| {
        let users: Vec<_> = users.iter().map(|user| format!("<@{user}>")).collect();
        join_words(&users)
    };
    let mut lines = Vec::new();
    if !out.is_empty() {
        lines.push(format!("🪑 Sits out: {}.", all(out)));
    }
    if !asked.is_empty() {
        let asked = all(asked);
        lines.push(format!(
            "⏳ Not before the answer of {asked}, whom I am asking for a place."
        ));
    }
    lines
}

/// That teams were made of those who wait, too.
pub(super) fn taken(done: &TeamsTaken) -> String {
    let said = if done.published {
        PUBLISHED
    } else {
        NOT_PUBLISHED
    };
    let people = |count, one: &str, many: &str| match count {
        0 => None,
        1 => Some(format!("one {one}")),
        count => Some(format!("{count} {many}")),
    };
    let came = people(done.came, "player has come in", "players have come in");
    let left = people(done.left, "waits again", "wait again");
    let moved: Vec<_> = came.into_iter().chain(left).collect();
    if moved.is_empty() {
        return said.to_owned();
    }
    format!("{said} Also, {}; they are told.", join_words(&moved))
}

fn named(users: &[UserId]) -> String {
    let mut parts: Vec<_> = users
        .iter()
        .take(NAMED_MAX)
        .map(|user| format!("<@{user}>"))
        .collect();
    if users.len() > NAMED_MAX {
        parts.push(format!("{} more", users.len() - NAMED_MAX));
    }
    join_words(&parts)
}

/// Why there are no proposals.
pub(super) fn unbalanced(why: Unbalanced, crowd: Crowd) -> String {
    match why {
        Unbalanced::TooFew { players, places } if crowd == Crowd::Everybody => format!(
            "Two teams take {places} players; in, or waiting to be: {players}. Make teams with gaps by \
             hand or by a draft, or find more players."
        ),
        Unbalanced::TooFew { players, places } => format!(
            "Two teams take {places} players; in so far: {players}. Accept more, or make teams with \
             gaps by hand or by a draft."
        ),
        Unbalanced::TooMany { players } => {
            format!("{players} players are more than I can make teams of.")
        }
        Unbalanced::Pairs => {
            "No two teams keep everybody together and apart as you wish: take one of those wishes \
             back under *Pairs and captains*."
                .to_owned()
        }
    }
}

/// What is not possible, and the way out.
pub(super) fn refusal(refusal: &TeamsRefusal) -> String {
    match refusal {
        TeamsRefusal::Session(refusal) => refused(refusal),
        TeamsRefusal::OneTeam => "This session is for one team. *Edit* can make it two.".to_owned(),
        TeamsRefusal::NotIn(user) => {
            format!("<@{user}> has no place in this session any more; here is who has.")
        }
        TeamsRefusal::SamePerson => "That takes two different people.".to_owned(),
        TeamsRefusal::NoTeams => {
            "There are no teams yet. *Proposals* has some, or move players one by one.".to_owned()
        }
        TeamsRefusal::NoRoom(side, role) => format!(
            "{} has no room for another {role}. Swap them with somebody, or take somebody off first.",
            team(*side)
        ),
        TeamsRefusal::Changed => {
            "Players have come or gone since those teams were made.".to_owned()
        }
        TeamsRefusal::TooManyPairs => {
            format!("There are {PAIRS_MAX} pairs already, which is the most; take one back first.")
        }
        TeamsRefusal::NoDraft => "No captains pick at the moment.".to_owned(),
        TeamsRefusal::NotTheirTurn => "It is not your turn to pick.".to_owned(),
        TeamsRefusal::Taken(user) => format!("<@{user}> is on a team already; pick another."),
        TeamsRefusal::Asked(user) => format!(
            "I am asking <@{user}> for a place, and it is theirs until they answer. Wait for that, \
             choose teams with them, or turn them down."
        ),
        TeamsRefusal::Rank(user, role) => format!(
            "The rank of <@{user}> does not fit as {role}, so that they cannot have that seat. If they \
             are to play it all the same, accept them as {role} beyond the limit first."
        ),
        TeamsRefusal::Forgotten => {
            "Somebody who has deleted their profile still has a place, so that not all of these fit: \
             make teams of who is in."
                .to_owned()
        }
    }
}
