//! The search against plain enumeration of everything there is.

use std::collections::HashSet;

use proptest::prelude::*;

use super::search::{Limits, balance_within};
use super::*;
use Role::{Damage, Flex, Support, Tank};

const fn slots(min: u8, max: u8) -> Slots {
    Slots { min, max }
}

/// Small formats: fixed roles, flexible ones, and one that takes nearly anything. Of those of three
/// players there are hundreds of line-ups and more.
fn formats() -> Vec<Format> {
    let format = |size, slots| Format { size, slots };
    let none = slots(0, 0);
    vec![
        format(2, [slots(1, 1), slots(1, 1), none, none]),
        format(2, [slots(0, 1), slots(0, 2), none, slots(0, 2)]),
        format(2, [slots(0, 2), slots(1, 2), none, none]),
        format(3, [slots(1, 1), slots(1, 1), slots(1, 1), none]),
        format(3, [slots(1, 2), slots(1, 2), none, none]),
        format(3, [slots(1, 1), slots(2, 2), none, none]),
    ]
}

fn roles() -> impl Strategy<Value = Roles> {
    proptest::collection::vec(proptest::sample::select(Role::ALL.to_vec()), 0..4)
        .prop_map(|roles| roles.into_iter().collect())
}

fn candidate(one_ladder: bool) -> impl Strategy<Value = Candidate> {
    let scores = prop_oneof![
        proptest::array::uniform4((0_u16..6).prop_map(|score| 100 + 10 * score)),
        proptest::array::uniform4(0_u16..400),
    ];
    (scores, roles(), roles(), 0_u32..4).prop_map(move |(scores, fits, prefers, games)| Candidate {
        user: UserId(0),
        scores: if one_ladder { [scores[0]; 4] } else { scores },
        fits,
        prefers,
        games,
    })
}

/// What makes a search hard.
#[derive(Clone, Copy, Debug)]
enum Twist {
    Nothing,
    /// One who has to play is so strong that no two teams are nearly even.
    Outlier,
    /// All are worth the same.
    Identical,
    /// Points of all but one are even numbers.
    Odd,
    /// Everybody has one role only that they would play.
    Narrow,
}

impl Twist {
    const ALL: [Self; 5] = [
        Self::Nothing,
        Self::Outlier,
        Self::Identical,
        Self::Odd,
        Self::Narrow,
    ];

    fn apply(self, candidates: &mut [Candidate]) {
        let first = candidates[0].scores;
        for (at, candidate) in candidates.iter_mut().enumerate() {
            match self {
                Self::Nothing => {}
                Self::Outlier if at == 0 => {
                    candidate.scores = candidate.scores.map(|score| score + 2_000);
                }
                Self::Outlier => candidate.games += 1,
                Self::Identical => candidate.scores = first,
                Self::Odd => {
                    let odd = u16::from(at == 0);
                    candidate.scores = candidate.scores.map(|score| score / 2 * 2 + odd);
                }
                Self::Narrow => {
                    candidate.fits = candidate.fits.iter().take(1).collect();
                    candidate.prefers = candidate.fits;
                }
            }
        }
    }
}

/// A problem with up to `more` candidates than there are places, and with whatever is wanted for
/// some of them.
fn problem(size: usize, more: usize) -> impl Strategy<Value = Problem> {
    let formats = formats().into_iter().filter(|format| format.size == size);
    let format = proptest::sample::select(formats.collect::<Vec<_>>());
    let twist = proptest::sample::select(Twist::ALL.to_vec());
    let given = (format, any::<bool>(), 0..=more, twist);
    given.prop_flat_map(|(format, one_ladder, more, twist)| {
        let count = format.places() + more;
        let people = proptest::collection::vec(candidate(one_ladder), count);
        let user = 1..=i64::try_from(count).unwrap();
        let bond = prop_oneof![Just(Bond::Together), Just(Bond::Apart)];
        let pair =
            (user.clone(), user, bond).prop_filter("two people", |(one, other, _)| one != other);
        let pairs = proptest::collection::vec(pair, 0..3);
        (people, pairs).prop_map(move |(mut candidates, pairs)| {
            for (user, candidate) in (1..).zip(&mut candidates) {
                candidate.user = UserId(user);
            }
            twist.apply(&mut candidates);
            let pair = |(one, other, bond)| Pair {
                one: UserId(one),
                other: UserId(other),
                bond,
            };
            Problem {
                format,
                candidates,
                pairs: pairs.into_iter().map(pair).collect(),
            }
        })
    })
}

/// Every line-up that the rules allow, mirror images once, made in the plainest way.
fn every_line_up(problem: &Problem) -> Vec<Vec<Seat>> {
    let mut all = Vec::new();
    seat_next(problem, &mut Vec::new(), 0, &mut all);
    all
}

fn seat_next(problem: &Problem, seats: &mut Vec<Seat>, at: usize, all: &mut Vec<Vec<Seat>>) {
    let Some(candidate) = problem.candidates.get(at) else {
        if allowed(problem, seats) {
            all.push(seats.clone());
        }
        return;
    };
    let left = problem.candidates.len() - at;
    if seats.len() + left > problem.format.places() {
        seat_next(problem, seats, at + 1, all);
    }
    for team in Team::BOTH {
        // Of two mirror images, the one in which the first player is blue.
        if seats.is_empty() && team == Team::Red {
            continue;
        }
        for role in Role::ALL {
            let same = seats
                .iter()
                .filter(|seat| seat.team == team && seat.role == role);
            if same.count() < usize::from(problem.format.slots[role as usize].max) {
                let user = candidate.user;
                seats.push(Seat { user, team, role });
                seat_next(problem, seats, at + 1, all);
                seats.pop();
            }
        }
    }
}

fn allowed(problem: &Problem, seats: &[Seat]) -> bool {
    let format = &problem.format;
    let full = Team::BOTH.into_iter().all(|team| {
        let count = |role: Role| {
            let of_role = |seat: &&Seat| seat.team == team && seat.role == role;
            seats.iter().filter(of_role).count()
        };
        let enough = |role| count(role) >= usize::from(format.slots[role as usize].min);
        let size: usize = Role::ALL.into_iter().map(count).sum();
        size == format.size && Role::ALL.into_iter().all(enough)
    });
    let team = |user| Some(seats.iter().find(|seat| seat.user == user)?.team);
    full && problem.pairs.iter().all(|pair| {
        let teams = team(pair.one).zip(team(pair.other));
        teams.is_none_or(|(one, other)| match pair.bond {
            Bond::Together => one == other,
            Bond::Apart => one != other,
        })
    })
}

/// With which limits a search goes which way: as usual; all teams of a level at once; match by
/// match, hardly remembering anything.
const LIMITS: [Limits; 3] = [
    Limits {
        matches: 1_000,
        ways: 1_000_000,
    },
    Limits {
        matches: 1,
        ways: 1_000_000,
    },
    Limits {
        matches: 2,
        ways: 0,
    },
];

/// Holds a search's outcome to everything there is, whichever way it goes.
fn hold(problem: &Problem) {
    let mut all: Vec<_> = every_line_up(problem)
        .into_iter()
        .map(|seats| (figures(problem, &seats).key(), seats))
        .collect();
    all.sort_unstable();
    for limits in LIMITS {
        hold_to(&all, problem, balance_within(problem, limits));
    }
}

fn hold_to(all: &[(Key, Vec<Seat>)], problem: &Problem, found: Result<Balanced, Unbalanced>) {
    let balanced = match found {
        Ok(balanced) => balanced,
        Err(Unbalanced::Pairs) => {
            assert!(all.is_empty(), "there are {} line-ups", all.len());
            return;
        }
        Err(other) => panic!("{other:?}"),
    };
    assert_eq!(balanced.covered, u64::try_from(all.len()).unwrap());
    let mut found: Vec<&Proposal> = Vec::new();
    for proposal in &balanced.proposals {
        assert!(allowed(problem, &proposal.seats), "{:?}", proposal.seats);
        assert_eq!(proposal.figures, figures(problem, &proposal.seats));
        assert_eq!(Some(proposal.figures.key()), best(all, &found));
        found.push(proposal);
    }
    if found.len() < PROPOSALS_MAX {
        assert_eq!(best(all, &found), None, "there are more");
    }
}

/// The key of the first line-up that differs from `others`.
fn best(all: &[(Key, Vec<Seat>)], others: &[&Proposal]) -> Option<Key> {
    let differs = |seats: &[Seat]| {
        let mut others = others.iter();
        others.all(|other| moved(&other.seats, seats) >= MOVED_MIN)
    };
    let mut all = all.iter();
    all.find(|(_, seats)| differs(seats)).map(|(key, _)| *key)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn of_two_against_two_no_line_up_is_better_than_what_is_proposed(problem in problem(2, 2)) {
        hold(&problem);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn of_three_against_three_no_line_up_is_better_than_what_is_proposed(problem in problem(3, 1)) {
        hold(&problem);
    }

    #[test]
    fn the_order_in_which_candidates_come_changes_nothing(
        (problem, shuffled) in problem(2, 2).prop_flat_map(|problem| {
            let shuffled = Just(problem.candidates.clone()).prop_shuffle();
            (Just(problem), shuffled)
        }),
    ) {
        let other = Problem { candidates: shuffled, ..problem.clone() };
        let proposed = |problem| balance(problem).map(|found| {
            let seats = found.proposals.into_iter().map(|proposal| proposal.seats);
            (seats.collect::<Vec<_>>(), found.covered)
        });
        prop_assert_eq!(proposed(&problem), proposed(&other));
    }
}

/// Candidates who would play anything, each worth the same in every role.
pub(crate) fn anybody(scores: &[u16]) -> Vec<Candidate> {
    let all: Roles = Role::ALL.into_iter().collect();
    let one = |(user, score): (i64, &u16)| Candidate {
        user: UserId(user),
        scores: [*score; 4],
        fits: all,
        prefers: all,
        games: 0,
    };
    (1..).zip(scores).map(one).collect()
}

fn in_mode(mode: &str, candidates: Vec<Candidate>) -> Problem {
    Problem {
        format: Format::of(Mode::parse(mode).unwrap()),
        candidates,
        pairs: Vec::new(),
    }
}

#[test]
fn every_preset_covers_as_many_line_ups_as_there_are() {
    let scores: Vec<u16> = (0..12).map(|player| 200 + 37 * player % 101).collect();
    let covered = |mode| {
        let mut problem = in_mode(mode, anybody(&scores));
        problem.candidates.truncate(problem.format.places());
        balance(&problem).unwrap().covered
    };
    assert_eq!(covered("5v5"), 113_400);
    assert_eq!(covered("Stadium"), 113_400);
    assert_eq!(covered("6v6-222"), 3_742_200);
    assert_eq!(covered("6v6-flex"), 462 * 450 * 450);
    assert_eq!(covered("6v6"), 462 * 3_402 * 3_402);
}

#[test]
fn five_against_five_is_what_plain_enumeration_finds() {
    let mut candidates = anybody(&[410, 385, 300, 260, 255, 240, 230, 225, 220, 105]);
    let wishes = [
        [Tank, Damage],
        [Tank, Tank],
        [Damage, Support],
        [Damage, Damage],
        [Damage, Damage],
        [Support, Damage],
        [Support, Support],
        [Support, Tank],
        [Support, Flex],
        [Flex, Flex],
    ];
    for (candidate, wishes) in candidates.iter_mut().zip(wishes) {
        candidate.fits = wishes.into_iter().collect();
        candidate.prefers = [wishes[0]].into_iter().collect();
        for (role, points) in (0..).zip([0, 15, 30, 0]) {
            candidate.scores[role] += points;
        }
    }
    let mut problem = in_mode("5v5", candidates);
    problem.pairs = vec![Pair {
        one: UserId(3),
        other: UserId(4),
        bond: Bond::Apart,
    }];
    hold(&problem);
}

#[test]
fn nobody_plays_what_they_will_not_if_there_is_another_way() {
    let mut candidates = anybody(&[300; 4]);
    for (candidate, role) in candidates.iter_mut().zip([Tank, Damage, Damage, Tank]) {
        candidate.fits = [role].into_iter().collect();
        candidate.prefers = candidate.fits;
    }
    // Far apart: the tanks are worth more than the rest together, and play tank all the same.
    candidates[0].scores = [900; 4];
    let problem = Problem {
        format: formats()[0],
        candidates,
        pairs: Vec::new(),
    };
    let best = &balance(&problem).unwrap().proposals[0];
    assert!(best.figures.misplaced.is_empty());
    assert_eq!(best.figures.tank_gap, 600);
}

#[test]
fn those_with_the_fewest_games_lately_are_the_last_to_sit_out() {
    let mut candidates = anybody(&[300, 300, 300, 300, 100, 500]);
    for (candidate, games) in candidates.iter_mut().zip([3, 0, 2, 3, 0, 9]) {
        candidate.games = games;
    }
    let problem = Problem {
        format: formats()[0],
        candidates,
        pairs: Vec::new(),
    };
    let best = &balance(&problem).unwrap().proposals[0];
    let benched: HashSet<_> = best.figures.benched.iter().map(|user| user.0).collect();
    assert!(benched.contains(&6) && (benched.contains(&1) || benched.contains(&4)));
}

#[test]
fn pairs_that_contradict_each_other_are_said_to() {
    let pair = |one, other, bond| Pair {
        one: UserId(one),
        other: UserId(other),
        bond,
    };
    let problem = Problem {
        format: formats()[0],
        candidates: anybody(&[100, 200, 300, 400]),
        pairs: vec![pair(1, 2, Bond::Together), pair(1, 2, Bond::Apart)],
    };
    assert_eq!(balance(&problem), Err(Unbalanced::Pairs));
}

#[test]
fn too_few_and_too_many_are_told() {
    let few = in_mode("5v5", anybody(&[300; 9]));
    assert_eq!(
        balance(&few),
        Err(Unbalanced::TooFew {
            players: 9,
            places: 10
        })
    );
    let many = in_mode("5v5", anybody(&[300; CANDIDATES_MAX + 1]));
    assert_eq!(balance(&many), Err(Unbalanced::TooMany { players: 21 }));
}

#[test]
fn a_mirror_image_is_no_other_line_up() {
    let seat = |user, team, role| Seat {
        user: UserId(user),
        team,
        role,
    };
    let one = [
        seat(1, Team::Blue, Tank),
        seat(2, Team::Blue, Damage),
        seat(3, Team::Red, Tank),
        seat(4, Team::Red, Damage),
    ];
    let mirror = one.map(|seat| Seat {
        team: seat.team.other(),
        ..seat
    });
    assert_eq!(moved(&one, &mirror), 0);
    let mut swapped = one;
    (swapped[0].role, swapped[1].role) = (Damage, Tank);
    assert_eq!(moved(&one, &swapped), 2);
    assert_eq!(moved(&one, &one[..3]), 1, "one sits out");
}
