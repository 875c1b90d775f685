use super::*;
use crate::domain::balance::{CANDIDATES_MAX, Candidate, Format, balance};
use crate::domain::mode::Mode;
use crate::domain::role::{Role, Roles};
use crate::domain::teams::Wishes;

/// Characters of a custom id (Discord's developer documentation, Component Reference, Button).
const CUSTOM_ID_MAX_CHARS: usize = 100;

fn candidates(count: usize) -> Problem {
    let one = |user| Candidate {
        user: UserId(user),
        scores: [u16::try_from(user).expect("a small number") * 10; 4],
        fits: Roles::from_iter(Role::CORE),
        prefers: Roles::from_iter(Role::CORE),
        games: 0,
    };
    Problem {
        format: Format::of(Mode::parse("5v5").expect("a mode")),
        candidates: (1..=i64::try_from(count).expect("few")).map(one).collect(),
        pairs: Vec::new(),
    }
}

#[test]
fn a_proposal_is_read_from_its_button_as_long_as_the_players_are_the_same() {
    let problem = candidates(10);
    let found = balance(&problem).expect("teams");
    let ask = Ask::default();
    for proposal in &found.proposals {
        let id = view::use_id(SessionId(7), ask, &problem, &proposal.seats).expect("it fits");
        let args: Vec<_> = id.split(':').collect();
        let number = args[3].strip_prefix(view::LINE_UP).expect("a line-up");
        let read = view::line_up(&problem, number, args[4]);
        assert_eq!(read.as_ref(), Some(&proposal.seats));
        let mut others = problem.clone();
        others.candidates[0].scores[0] += 1;
        assert_eq!(
            view::line_up(&others, number, args[4]),
            None,
            "another rank"
        );
        assert_eq!(view::line_up(&problem, "x", args[4]), None);
        assert_eq!(view::line_up(&problem, number, ""), None);
    }
}

#[test]
fn a_button_of_an_earlier_version_is_still_understood() {
    let problem = candidates(10);
    let found = balance(&problem);
    let proposals = &found.as_ref().expect("teams").proposals;
    let mark = view::fingerprint(&proposals[1].seats);
    let shown = |number, mark| shown_before(&found, number, mark);
    assert_eq!(shown("1", Some(&mark)).as_ref(), Some(&proposals[1].seats));
    assert_eq!(shown("0", Some(&mark)), None, "another line-up");
    assert_eq!(shown("1", None), None);
    assert_eq!(shown("9", Some(&mark)), None);
    assert_eq!(shown("", Some(&mark)), None);
}

#[test]
fn the_longest_button_fits() {
    let problem = candidates(CANDIDATES_MAX + 4);
    let last = problem.candidates.last().expect("somebody").user;
    let seat = Seat {
        user: last,
        team: Team::Red,
        role: Role::Flex,
    };
    let ask = Ask {
        wishes: Wishes::Accepted,
        crowd: Crowd::Everybody,
    };
    let id = view::use_id(SessionId(i64::MAX), ask, &problem, &[seat]).expect("it fits");
    assert!(id.len() <= CUSTOM_ID_MAX_CHARS, "{id}");
}
