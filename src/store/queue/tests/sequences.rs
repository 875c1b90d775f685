//! What holds after any sequence of events.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

/// What may happen to the people 2 to 9 in any order.
#[derive(Clone, Copy, Debug)]
enum Step {
    Join(i64),
    Leave(i64),
    Accept(i64, Role),
    Reject(i64),
    TakeBack(i64),
    Swap(i64, i64),
    Open(bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let user = || 2_i64..10;
    let role = proptest::sample::select(Role::ALL.to_vec());
    let step = prop_oneof![
        4 => user().prop_map(Step::Join),
        1 => user().prop_map(Step::Leave),
        6 => (user(), role).prop_map(|(user, role)| Step::Accept(user, role)),
        1 => user().prop_map(Step::Reject),
        1 => user().prop_map(Step::TakeBack),
        3 => (user(), user()).prop_map(|(one, other)| Step::Swap(one, other)),
        1 => any::<bool>().prop_map(Step::Open),
    ];
    proptest::collection::vec(step, 1..60)
}

/// Who ought to be in the queue, by what was answered.
#[derive(Debug, Default)]
struct Expected {
    present: HashSet<i64>,
    accepted: HashSet<i64>,
    rejected: HashSet<i64>,
}

impl World {
    /// Does one step, and notes what was answered.
    async fn step(&mut self, step: Step, accounts: &[AccountId], expected: &mut Expected) {
        match step {
            Step::Join(user) => {
                if self.execute(self.join(user, &Role::ALL)).await.is_ok() {
                    expected.present.insert(user);
                }
            }
            Step::Leave(user) => {
                if self.execute(self.leave(user)).await.is_ok() {
                    expected.present.remove(&user);
                    expected.accepted.remove(&user);
                }
            }
            Step::Accept(user, role) => {
                let account = accounts[usize::try_from(user - 2).unwrap()];
                if self.execute(self.accept(user, role, account)).await.is_ok() {
                    assert!(expected.accepted.insert(user), "a second place for {user}");
                }
            }
            Step::Reject(user) => {
                if self.execute(self.reject(user)).await.is_ok() {
                    expected.rejected.insert(user);
                }
            }
            Step::TakeBack(user) => {
                if self.execute(self.take_back(user)).await.is_ok() {
                    expected.accepted.remove(&user);
                    expected.rejected.remove(&user);
                }
            }
            Step::Swap(one, other) => {
                let swap = self.swap(one, other);
                match self.execute(swap).await {
                    Ok(Swapped::Replaced { comes, leaves, .. }) => {
                        assert!(expected.accepted.remove(&leaves.0));
                        assert!(expected.accepted.insert(comes.0), "a second place");
                    }
                    Ok(Swapped::Exchanged(_)) | Err(_) => {}
                }
            }
            Step::Open(open) => {
                let (session, actor, at) = (self.session, actor(1), start());
                let set = SetOpen {
                    session,
                    actor,
                    open,
                    at,
                };
                self.execute(set).await.unwrap();
            }
        }
    }

    /// Whether what is remembered is what was answered, within the caps.
    async fn check(&self, expected: &Expected) {
        let SessionView { session, queue, .. } = self.view().await;
        let users = |entries: Vec<i64>| {
            let set: HashSet<_> = entries.iter().copied().collect();
            assert_eq!(set.len(), entries.len(), "somebody is there twice");
            set
        };
        let all = queue.entries.iter().map(|entry| entry.person.id.0);
        assert_eq!(users(all.collect()), expected.present);
        let accepted = queue.accepted().map(|(entry, _)| entry.person.id.0);
        assert_eq!(users(accepted.collect()), expected.accepted);
        let rejected = queue.rejected().map(|entry| entry.person.id.0);
        assert_eq!(users(rejected.collect()), expected.rejected);
        let roles = queue.roles();
        let mode = session.plan.mode;
        assert!(roles.len() <= usize::from(mode.team_size()));
        for role in Role::ALL {
            let count = roles.iter().filter(|taken| **taken == role).count();
            assert!(
                count <= usize::from(mode.slots(role).max),
                "too many of {role}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn whatever_happens_nobody_is_lost_has_two_places_or_exceeds_a_cap(
        mode in proptest::sample::select(vec!["5v5", "6v6", "6v6-flex"]),
        steps in steps(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new(mode).await;
            let mut accounts = Vec::new();
            for user in 2..10 {
                accounts.push(world.account(user, &[]).await);
            }
            let mut expected = Expected::default();
            for step in steps {
                world.step(step, &accounts, &mut expected).await;
                world.check(&expected).await;
            }
        });
    }
}
