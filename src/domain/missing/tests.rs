use proptest::prelude::*;

use super::*;
use Role::{Damage, Flex, Support, Tank};

fn mode(id: &str) -> Mode {
    Mode::parse(id).expect("a mode")
}

fn player(user: i64, roles: &[Role]) -> Player {
    Player {
        user: Some(UserId(user)),
        roles: roles.iter().copied().collect(),
        now: None,
    }
}

fn placed(user: i64, now: Role, roles: &[Role]) -> Player {
    let roles = roles.iter().copied().chain([now]).collect();
    Player {
        now: Some(now),
        roles,
        ..player(user, &[])
    }
}

/// Nine of ten: a tank is missing.
fn two_teams_without_a_tank() -> Vec<Player> {
    let roles = [Tank, Damage, Damage, Damage, Damage];
    let supports = [Support; 4];
    let roles = roles.into_iter().chain(supports);
    (1..)
        .zip(roles)
        .map(|(user, role)| placed(user, role, &[]))
        .collect()
}

#[test]
fn either_of_two_tanks_gives_what_two_teams_need() {
    let held = two_teams_without_a_tank();
    let waiting = [
        player(20, &[Tank]),
        player(21, &[Support]),
        player(22, &[Damage, Tank]),
    ];
    let gap = gap(&Composition::of(mode("5v5"), 2), &held, &waiting);
    assert_eq!(gap.needs.per_role, [(Tank, 1)]);
    assert_eq!(gap.fitting, [(UserId(20), Tank), (UserId(22), Tank)]);
    assert_eq!(gap.fill, [(UserId(20), Tank)]);
    assert!(gap.still.is_none() && gap.moves.is_empty());
}

#[test]
fn somebody_who_can_play_both_moves_for_somebody_who_cannot() {
    let mut held = two_teams_without_a_tank();
    held[8] = placed(9, Support, &[Tank]);
    let waiting = [player(21, &[Support])];
    let gap = gap(&Composition::of(mode("5v5"), 2), &held, &waiting);
    assert_eq!(gap.moves, [(UserId(9), Tank)]);
    assert_eq!(gap.needs.per_role, [(Support, 1)]);
    assert_eq!(gap.fill, [(UserId(21), Support)]);
    assert!(gap.still.is_none());
}

#[test]
fn nobody_moves_when_it_helps_nobody() {
    let mut held = two_teams_without_a_tank();
    held[8] = placed(9, Support, &[Tank]);
    let gap = gap(&Composition::of(mode("5v5"), 2), &held, &[]);
    assert_eq!(gap.needs.per_role, [(Tank, 1)]);
    assert!(gap.moves.is_empty());
}

#[test]
fn more_of_a_role_than_fit_take_places_all_the_same() {
    let held = [
        placed(1, Tank, &[]),
        placed(2, Tank, &[]),
        placed(3, Flex, &[]),
    ];
    let waiting: Vec<_> = (10..20).map(|user| player(user, &[Damage])).collect();
    let found = gap(&Composition::of(mode("5v5"), 1), &held, &waiting);
    assert_eq!(found.fill.len(), 2);
    assert_eq!(found.still.per_role, [(Support, 2)]);
    let many: Vec<_> = (1..9).map(|user| placed(user, Tank, &[])).collect();
    let found = gap(&Composition::of(mode("5v5"), 1), &many, &waiting);
    assert!(found.fill.is_empty() && found.fitting.is_empty());
}

/// Everything there is to know about seating people, found by trying everything.
struct Tried<'p> {
    composition: &'p Composition,
    people: &'p [Player],
    must: usize,
    best: Option<usize>,
}

impl Tried<'_> {
    /// The most of the others that have a seat beside the first `must`; `None` if these have none.
    fn most(composition: &Composition, people: &[Player], must: usize) -> Option<usize> {
        let best = None;
        let mut tried = Tried {
            composition,
            people,
            must,
            best,
        };
        tried.seat(0, &mut [0; 4], 0);
        tried.best
    }

    fn seat(&mut self, at: usize, taken: &mut [u32; 4], others: usize) {
        let Some(player) = self.people.get(at) else {
            self.best = self.best.max(self.legal(taken).then_some(others));
            return;
        };
        let other = usize::from(at >= self.must);
        if other == 1 {
            self.seat(at + 1, taken, others);
        }
        for role in (player.roles & self.composition.roles).iter() {
            taken[role as usize] += 1;
            self.seat(at + 1, taken, others + other);
            taken[role as usize] -= 1;
        }
    }

    /// Whether caps hold, and the minimums of all roles can still be met.
    fn legal(&self, taken: &[u32; 4]) -> bool {
        let roles = || Role::ALL.map(|role| role as usize).into_iter();
        let met: u32 = roles()
            .map(|role| taken[role].max(self.composition.low[role]))
            .sum();
        roles().all(|role| taken[role] <= self.composition.high[role])
            && met <= self.composition.places
    }
}

fn people(from: i64, max: usize) -> impl Strategy<Value = Vec<Player>> {
    let roles = proptest::sample::subsequence(Role::ALL.to_vec(), 1..=4);
    let roles = proptest::collection::vec(roles, 0..max);
    roles.prop_map(move |all| {
        let one = |(user, roles): (i64, Vec<Role>)| player(user, &roles);
        (from..).zip(all).map(one).collect()
    })
}

/// Those of `wanted` who have a seat together, each with theirs.
fn legally_placed(composition: &Composition, wanted: &[Player]) -> Vec<Player> {
    let seats = seats(composition, wanted);
    let seated = wanted.iter().zip(seats);
    seated
        .filter_map(|(player, now)| {
            now.map(|now| Player {
                now: Some(now),
                ..*player
            })
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn what_is_missing_is_what_trying_everything_finds(
        mode in proptest::sample::select(Mode::all().collect::<Vec<_>>()),
        wanted in people(1, 6),
        waiting in people(100, 5),
    ) {
        let composition = Composition::of(mode, 1);
        let held = legally_placed(&composition, &wanted);
        let found = gap(&composition, &held, &waiting);

        let everybody: Vec<_> = held.iter().chain(&waiting).copied().collect();
        let most = Tried::most(&composition, &everybody, held.len());
        prop_assert_eq!(Some(found.fill.len()), most, "the most that fit");
        prop_assert_eq!(found.needs.total() as usize, mode.places(1) as usize - held.len());
        prop_assert_eq!(found.still.total() as usize, found.needs.total() as usize - found.fill.len());

        for player in &waiting {
            let with: Vec<_> = held.iter().copied().chain([*player]).collect();
            let fits = Tried::most(&composition, &with, with.len()).is_some();
            let said = found.fitting.iter().any(|(user, _)| Some(*user) == player.user);
            prop_assert_eq!(said, fits);
        }

        // The seats are legal, and everybody sits on a role of theirs.
        let moved = |player: &Player| found.moves.iter().find(|(user, _)| Some(*user) == player.user);
        let mut taken = [0; 4];
        for player in &held {
            let role = moved(player).map_or(player.now, |(_, role)| Some(*role)).expect("a seat");
            prop_assert!(player.roles.contains(role));
            taken[role as usize] += 1;
        }
        for (user, role) in &found.fill {
            let player = waiting.iter().find(|player| player.user == Some(*user)).expect("waits");
            prop_assert!(player.roles.contains(*role));
            taken[*role as usize] += 1;
        }
        let tried = Tried { composition: &composition, people: &[], must: 0, best: None };
        prop_assert!(tried.legal(&taken));
        for (role, missing) in &found.still.per_role {
            prop_assert_eq!(taken[*role as usize] + missing, composition.low[*role as usize]);
        }
    }

    #[test]
    fn who_comes_first_is_not_passed_over_for_others(
        mode in proptest::sample::select(Mode::all().collect::<Vec<_>>()),
        waiting in people(1, 7),
    ) {
        let composition = Composition::of(mode, 1);
        let found = gap(&composition, &[], &waiting);
        let chosen = |player: &Player| found.fill.iter().any(|(user, _)| Some(*user) == player.user);
        // Whoever was passed over has no seat beside those before them who were not.
        for (at, player) in waiting.iter().enumerate().filter(|(_, player)| !chosen(player)) {
            let before = waiting[..at].iter().filter(|player| chosen(player)).copied();
            let with: Vec<_> = before.chain([*player]).collect();
            prop_assert_eq!(Tried::most(&composition, &with, with.len()), None);
        }
    }
}
