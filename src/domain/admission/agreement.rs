//! What the card, the dashboard and the queue say of free places is the same, whatever was
//! overridden.

use proptest::prelude::*;

use super::*;
use crate::domain::manage::accept;
use crate::domain::mode::Mode;
use crate::domain::queue::fixtures::{entry, placed, queue, session, start};
use crate::domain::queue::{AskState, Asked};

/// Whoever wants to come in.
const NEWCOMER: i64 = 1_000;

/// Roles of those who are in, of whom any may be there by an override; each with the roles offered
/// besides.
type Roster = Vec<(Role, Vec<Role>)>;

fn roster() -> impl Strategy<Value = (Mode, u8, Roster, usize)> {
    let modes = proptest::sample::select(Mode::all().collect::<Vec<_>>());
    (modes, 1_u8..=2).prop_flat_map(|(mode, teams)| {
        let roles: Vec<_> = mode.roles().iter().collect();
        let others = proptest::sample::subsequence(roles.clone(), 0..=roles.len());
        let one = (proptest::sample::select(roles), others);
        let all = proptest::collection::vec(one, 0..=mode.places(teams) as usize);
        (Just(mode), Just(teams), all, 0_usize..3)
    })
}

/// A session with this roster, of whose members the last `asked` are only being asked.
fn stage(mode: Mode, teams: u8, roster: &Roster, asked: usize) -> (Session, Queue) {
    let mut session = session(mode.id());
    session.plan.teams = teams;
    let placed_until = roster.len().saturating_sub(asked);
    let one = |(at, (role, others)): (usize, &(Role, Vec<Role>))| {
        let user = i64::try_from(at).unwrap() + 1;
        let roles: Vec<_> = others.iter().copied().chain([*role]).collect();
        let mut entry = entry(user, &roles);
        if at < placed_until {
            return placed(entry, *role);
        }
        entry.asked = Some(Asked {
            role: *role,
            until: start(),
            state: AskState::Open,
        });
        entry
    };
    let people: Vec<_> = roster.iter().enumerate().map(one).collect();
    (session, queue(people))
}

/// Whether an organiser can accept, and the queue lets in, somebody who plays nothing but `role`.
fn judged(session: &Session, queue: &Queue, role: Role) -> (bool, bool, bool) {
    let mut queue = queue.clone();
    let newcomer = entry(NEWCOMER, &[role]);
    let account = newcomer.accounts[0].id;
    queue.entries.push(newcomer);
    let user = UserId(NEWCOMER);
    let by_hand = accept(session, &queue, user, role, account, None).is_ok();
    let door = Door {
        session,
        queue: &queue,
        organiser: None,
    };
    let admitted = door.join(user).contains(&Step::Admit(user, role));
    let named = door.gap().fitting.contains(&(user, role));
    (by_hand, admitted, named)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn card_dashboard_and_queue_agree_whatever_was_overridden(
        (mode, teams, roster, asked) in roster(),
    ) {
        let (session, queue) = stage(mode, teams, &roster, asked);
        let door = Door { session: &session, queue: &queue, organiser: None };
        let gap = door.gap();
        let free = mode.places(teams) as usize - roster.len();
        prop_assert_eq!(gap.needs.total() as usize, free, "as many are missing as places are free");
        prop_assert_eq!(gap.needs.is_none(), free == 0);
        let nobody_moves = roster.iter().all(|(role, others)| others.iter().all(|other| other == role));
        for role in mode.roles().iter() {
            let (by_hand, admitted, named) = judged(&session, &queue, role);
            prop_assert_eq!(admitted, named, "the queue and the card about {}", role);
            prop_assert!(admitted || !by_hand, "whom an organiser may accept fits: {}", role);
            if nobody_moves {
                prop_assert_eq!(by_hand, admitted, "the dashboard and the queue about {}", role);
                let wanted = gap.needs.per_role.iter().any(|(missing, _)| *missing == role);
                prop_assert!(by_hand || free == 0 || !wanted, "{} is asked for", role);
            }
            prop_assert!(free > 0 || !admitted, "a full team takes nobody");
        }
    }

    #[test]
    fn whatever_was_overridden_the_last_place_can_be_given(
        (mode, teams, roster, asked) in roster(),
    ) {
        let (session, mut queue) = stage(mode, teams, &roster, asked);
        let free = mode.places(teams) as usize - roster.len();
        for user in (NEWCOMER + 1..).take(free) {
            let open = mode.roles().iter().find(|role| judged(&session, &queue, *role).0);
            prop_assert!(open.is_some(), "no role is open, though places are free");
            let role = open.expect("it was looked at");
            queue.entries.push(placed(entry(user, &[role]), role));
        }
        let door = Door { session: &session, queue: &queue, organiser: None };
        prop_assert!(door.gap().needs.is_none());
    }
}

#[test]
fn a_second_tank_takes_one_of_the_other_places() {
    use Role::{Damage, Support, Tank};
    let mode = Mode::parse("5v5").unwrap();
    let (session, queue) = stage(mode, 1, &vec![(Tank, vec![]), (Tank, vec![])], 0);
    let door = Door {
        session: &session,
        queue: &queue,
        organiser: None,
    };
    let needs = door.gap().needs;
    assert_eq!(needs.per_role, [(Damage, 2), (Support, 2)]);
    assert_eq!((needs.total(), needs.displaced), (3, 1));
    assert_eq!(judged(&session, &queue, Damage), (true, true, true));
    assert_eq!(judged(&session, &queue, Tank), (false, false, false));
}
