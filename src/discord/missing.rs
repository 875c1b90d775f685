//! The words for what a line-up still needs, and who could give it.
//!
//! Pure. Invariant: what is said is what [`Gap`] worked out; people are shown as mentions, which
//! ping nobody, or by the BattleTag that they would play on.

use super::card::{FIELD_MAX_CHARS, join_words};
use super::text::{escape, relative_time, truncate};
use crate::domain::ids::UserId;
use crate::domain::missing::Gap;
use crate::domain::mode::Missing;
use crate::domain::role::Role;
use crate::store::queue::SessionView;

/// People who are named before it is said how many more there are.
const NAMED_MAX: usize = 5;

/// What is missing, in words: "Needs 2 tanks, 1 support and 1 more player".
pub fn needs(missing: &Missing) -> String {
    if missing.is_none() && missing.displaced > 0 {
        "Nobody: all places are taken.".to_owned()
    } else if missing.is_none() {
        "Nobody: the line-up is complete.".to_owned()
    } else {
        format!("Needs {}", parts(missing))
    }
}

/// In a line or two, for everybody.
pub fn brief(view: &SessionView) -> String {
    let gap = view.door().gap();
    let mention = |(user, _): &(UserId, Role)| format!("<@{user}>");
    let mut lines = vec![first_line(view, &gap)];
    if gap.needs.total() == 1 && !gap.fitting.is_empty() {
        let names = either(gap.fitting.iter().map(mention).collect());
        lines.push(format!("{names} would make it complete"));
    } else if !gap.fill.is_empty() {
        lines.push(with_those_who_wait(&gap));
    }
    lines.join("\n")
}

/// In full, for the organiser.
pub fn full(view: &SessionView) -> String {
    let gap = view.door().gap();
    let tagged = |(user, role): &(UserId, Role)| format!("{} as {role}", tag(view, *user, *role));
    let mut lines = vec![first_line(view, &gap)];
    if gap.needs.total() == 1 && !gap.fitting.is_empty() {
        let names = gap
            .fitting
            .iter()
            .map(|(user, role)| tag(view, *user, *role));
        let names = either(names.collect());
        lines.push(format!("Accepting {names} makes the line-up complete."));
    } else if !gap.fill.is_empty() {
        let names: Vec<_> = gap.fill.iter().map(tagged).collect();
        lines.push(format!(
            "Fitting together: {}.",
            join_words(&shortened(names))
        ));
        lines.push(format!("{}.", with_those_who_wait(&gap)));
    }
    for (user, role) in &gap.moves {
        lines.push(format!(
            "For that, <@{user}> would play {role}, which they offer too."
        ));
    }
    for entry in &view.queue.entries {
        if let (Some(role), Some(asked)) = (entry.asked_for(), entry.asked) {
            let until = relative_time(asked.until);
            lines.push(format!(
                "<@{}> is asked for {role}, until {until}.",
                entry.person.id
            ));
        }
    }
    truncate(&lines.join("\n"), FIELD_MAX_CHARS)
}

/// Who has a place outside the session's limits, for the organiser; `None` if nobody has.
pub fn outside(view: &SessionView) -> Option<String> {
    let door = view.door();
    let names = door.outside();
    let names: Vec<_> = names
        .map(|entry| format!("<@{}>", entry.person.id))
        .collect();
    (!names.is_empty()).then(|| {
        let names = join_words(&shortened(names));
        format!("{names}: they were in before the limits changed, and stay unless you take the place back.")
    })
}

/// What is needed; whoever is asked for a place is counted as in.
fn first_line(view: &SessionView, gap: &Gap) -> String {
    let asked = view
        .queue
        .asked()
        .map(|(entry, role)| format!("<@{}> ({role})", entry.person.id));
    let asked: Vec<_> = asked.collect();
    match (asked.is_empty(), gap.needs.is_none()) {
        (true, _) => needs(&gap.needs),
        (false, true) => format!(
            "Nobody, if {} takes the place",
            join_words(&shortened(asked))
        ),
        (false, false) => {
            format!(
                "{}, and {} to answer",
                needs(&gap.needs),
                join_words(&shortened(asked))
            )
        }
    }
}

fn with_those_who_wait(gap: &Gap) -> String {
    if gap.still.is_none() {
        "With those who wait it is complete".to_owned()
    } else {
        format!("With those who wait it still needs {}", parts(&gap.still))
    }
}

/// "2 tanks, 2 damage and 1 more player"; where an override left fewer places than roles are
/// missing, "3 players (up to 2 damage and 2 supports)".
fn parts(missing: &Missing) -> String {
    if missing.displaced > 0 {
        let total = missing.total();
        let players = if total == 1 { "player" } else { "players" };
        let wanted = Missing {
            displaced: 0,
            ..missing.clone()
        };
        return format!("{total} {players} (up to {})", parts(&wanted));
    }
    let roles = missing.per_role.iter();
    let mut parts: Vec<_> = roles
        .map(|(role, count)| format!("{count} {}", noun(*role, *count)))
        .collect();
    let more = if parts.is_empty() { "" } else { "more " };
    match missing.any {
        0 => {}
        1 => parts.push(format!("1 {more}player")),
        any => parts.push(format!("{any} {more}players")),
    }
    join_words(&parts)
}

/// The word for so many players of a role; damage and flex have no plural.
fn noun(role: Role, count: u32) -> String {
    let plural = match (role, count) {
        (_, 1) | (Role::Damage | Role::Flex, _) => "",
        (Role::Tank | Role::Support, _) => "s",
    };
    format!("{}{plural}", role.label().to_lowercase())
}

/// The BattleTag that somebody would play `role` on.
fn tag(view: &SessionView, user: UserId, role: Role) -> String {
    let entry = view.queue.entry(user);
    let account = entry.and_then(|entry| {
        let account = view.door().account(entry, role)?;
        entry.accounts.iter().find(|one| one.id == account)
    });
    account.map_or_else(
        || format!("<@{user}>"),
        |account| format!("**{}**", escape(&account.battletag)),
    )
}

/// "Ana", "either Ana or Bo", "Ana, Bo or 3 more".
fn either(names: Vec<String>) -> String {
    let names = shortened(names);
    match names.as_slice() {
        [first, second] => format!("either {first} or {second}"),
        [most @ .., last] if !most.is_empty() => format!("{} or {last}", most.join(", ")),
        names => names.concat(),
    }
}

/// The first names, and how many more there are.
fn shortened(mut names: Vec<String>) -> Vec<String> {
    let more = names.len().saturating_sub(NAMED_MAX);
    if more > 0 {
        names.truncate(NAMED_MAX);
        names.push(format!("{more} more"));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::queue::fixtures::{entry, placed, queue, session};
    use Role::{Damage, Support, Tank};

    fn view(people: Vec<crate::domain::queue::Entry>) -> SessionView {
        let mut session = session("5v5");
        session.plan.teams = 2;
        SessionView {
            session,
            organiser: None,
            measure: None,
            queue: queue(people),
            teams: crate::domain::teams::Teams::default(),
            planned: None,
        }
    }

    fn nine() -> Vec<crate::domain::queue::Entry> {
        let roles = [Tank, Damage, Damage, Damage, Damage];
        let roles = roles.into_iter().chain([Support; 4]);
        (1..)
            .zip(roles)
            .map(|(user, role)| placed(entry(user, &[role]), role))
            .collect()
    }

    #[test]
    fn either_of_two_who_wait_gives_what_is_missing() {
        let mut people = nine();
        people.extend([
            entry(20, &[Tank]),
            entry(21, &[Tank]),
            entry(22, &[Support]),
        ]);
        let view = view(people);
        assert_eq!(
            full(&view),
            "Needs 1 tank\nAccepting either **Player20\\#1234** or **Player21\\#1234** makes the \
             line-up complete."
        );
        assert_eq!(
            brief(&view),
            "Needs 1 tank\neither <@20> or <@21> would make it complete"
        );
    }

    #[test]
    fn who_would_have_to_move_is_named() {
        let mut people = nine();
        people[8].roles = people[8].roles.with(Tank);
        people.push(entry(22, &[Support]));
        let said = full(&view(people));
        assert!(said.contains("Needs 1 support"), "{said}");
        assert!(said.contains("<@9> would play Tank"), "{said}");
    }

    #[test]
    fn several_who_fit_together_are_named_with_their_roles() {
        let mut people = nine();
        people.truncate(7);
        people.extend([entry(20, &[Tank]), entry(21, &[Support])]);
        let said = full(&view(people));
        assert!(said.contains("Needs 1 tank and 2 supports"), "{said}");
        assert!(
            said.contains("**Player20\\#1234** as Tank and **Player21\\#1234** as Support"),
            "{said}"
        );
        assert!(said.contains("still needs 1 support"), "{said}");
    }
}
