//! A proposed line-up as a number that fits a button's id, and what shows that it still holds.
//!
//! Pure. Invariant: a number stands for one line-up of one list of candidates; whether the candidates
//! are still the same is told by their fingerprint.
//!
//! Each candidate, in the order of their ids, is a digit: who sits out is 0, others are a team and a
//! role. Nine possibilities are 3.17 bits, so 24 candidates take 77 of 128.

use crate::domain::balance::{Problem, Seat, Team};
use crate::domain::ids::UserId;
use crate::domain::role::Role;

/// What a candidate can be in a line-up: out, or one of four roles on one of two teams.
const DIGITS: u128 = 1 + 2 * Role::ALL.len() as u128;
/// Candidates whose line-up fits the number.
const LINE_UP_MAX: usize = 40;

/// The number of a line-up of the candidates of `problem`; `None` if somebody else is in it, or they
/// are more than `LINE_UP_MAX`.
pub fn encode(problem: &Problem, seats: &[Seat]) -> Option<u128> {
    let users = users(problem)?;
    if !seats.iter().all(|seat| users.contains(&seat.user)) {
        return None;
    }
    let digit = |user: &UserId| {
        let seat = seats.iter().find(|seat| seat.user == *user);
        seat.map_or(0, |seat| {
            1 + (seat.team as u128) * Role::ALL.len() as u128 + seat.role as u128
        })
    };
    let digits = users.iter().rev().map(digit);
    Some(digits.fold(0, |number, digit| number * DIGITS + digit))
}

/// The line-up that a number stands for, in the order of the ids; `None` if it is none of these
/// candidates.
pub fn decode(problem: &Problem, number: u128) -> Option<Vec<Seat>> {
    let mut rest = number;
    let mut seats = Vec::new();
    for user in users(problem)? {
        let digit = usize::try_from(rest % DIGITS).ok()?;
        rest /= DIGITS;
        let Some(place) = digit.checked_sub(1) else {
            continue;
        };
        seats.push(Seat {
            user,
            team: Team::BOTH[place / Role::ALL.len()],
            role: Role::ALL[place % Role::ALL.len()],
        });
    }
    (rest == 0).then_some(seats)
}

/// Tells candidates, their ranks and what is wanted of them from others, as far as a line-up of them
/// depends on it; not how many games they have played lately, nor what they like best.
pub fn fingerprint(problem: &Problem) -> u64 {
    let mut hash = Hash::default();
    hash.add(problem.format.size as u64);
    for slots in problem.format.slots {
        hash.add(u64::from(slots.min) << 8 | u64::from(slots.max));
    }
    let mut candidates: Vec<_> = problem.candidates.iter().collect();
    candidates.sort_unstable_by_key(|candidate| candidate.user);
    for candidate in candidates {
        hash.add(candidate.user.0.cast_unsigned());
        candidate
            .scores
            .iter()
            .for_each(|score| hash.add(u64::from(*score)));
        hash.add(candidate.fits.bits() as u64);
    }
    let mut pairs = problem.pairs.clone();
    pairs.sort_unstable();
    for pair in pairs {
        hash.add(pair.one.0.cast_unsigned());
        hash.add(pair.other.0.cast_unsigned());
        hash.add(pair.bond as u64);
    }
    hash.0
}

/// The candidates in the order of their ids.
fn users(problem: &Problem) -> Option<Vec<UserId>> {
    let mut users: Vec<_> = (problem.candidates.iter())
        .map(|candidate| candidate.user)
        .collect();
    users.sort_unstable();
    (users.len() <= LINE_UP_MAX).then_some(users)
}

/// FNV-1a over words, with a rotation so that the upper bits count too.
struct Hash(u64);

impl Default for Hash {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hash {
    fn add(&mut self, word: u64) {
        self.0 = (self.0 ^ word)
            .wrapping_mul(0x0100_0000_01b3)
            .rotate_left(29);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::balance::{Bond, Candidate, Format, Pair};
    use crate::domain::mode::Mode;
    use crate::domain::role::Roles;

    fn problem(candidates: usize) -> Problem {
        let one = |user| Candidate {
            user: UserId(user),
            scores: [100; 4],
            fits: Roles::from_iter(Role::CORE),
            prefers: Roles::from_iter(Role::CORE),
            games: 0,
        };
        Problem {
            format: Format::of(Mode::parse("6v6").expect("a mode")),
            candidates: (1..=i64::try_from(candidates).expect("few"))
                .map(one)
                .collect(),
            pairs: Vec::new(),
        }
    }

    proptest! {
        #[test]
        fn a_line_up_is_the_same_after_the_button(
            places in proptest::collection::vec(proptest::option::of((0_usize..2, 0_usize..4)), 0..=LINE_UP_MAX),
        ) {
            let mut problem = problem(places.len());
            let seat = |(at, place): (usize, &Option<(usize, usize)>)| place.map(|(team, role)| Seat {
                user: UserId(i64::try_from(at).expect("few") + 1),
                team: Team::BOTH[team],
                role: Role::ALL[role],
            });
            let seats: Vec<_> = places.iter().enumerate().filter_map(seat).collect();
            let number = encode(&problem, &seats).expect("they are candidates");
            problem.candidates.reverse();
            prop_assert_eq!(decode(&problem, number), Some(seats));
        }
    }

    #[test]
    fn a_number_of_other_candidates_is_no_line_up() {
        let all = problem(24);
        let seat = Seat {
            user: UserId(24),
            team: Team::Red,
            role: Role::Flex,
        };
        let number = encode(&all, &[seat]).expect("a candidate");
        assert!(number < 1 << 77, "24 candidates take 77 bits");
        assert_eq!(decode(&problem(23), number), None);
        assert_eq!(encode(&problem(23), &[seat]), None);
        assert_eq!(encode(&problem(LINE_UP_MAX + 1), &[]), None);
    }

    #[test]
    fn whatever_a_line_up_depends_on_is_in_the_fingerprint() {
        let before = problem(10);
        let mut others = vec![problem(9)];
        let changes: [fn(&mut Problem); 4] = [
            |it| it.candidates[3].scores[1] = 101,
            |it| it.candidates[3].fits = Roles::from_iter([Role::Tank]),
            |it| it.candidates[3].user = UserId(99),
            |it| {
                it.pairs.push(Pair {
                    one: UserId(1),
                    other: UserId(2),
                    bond: Bond::Apart,
                });
            },
        ];
        for change in changes {
            let mut other = before.clone();
            change(&mut other);
            others.push(other);
        }
        for other in &others {
            assert_ne!(fingerprint(other), fingerprint(&before));
        }
        let mut same = before.clone();
        same.candidates.reverse();
        same.candidates[3].games = 7;
        assert_eq!(fingerprint(&same), fingerprint(&before));
    }
}
