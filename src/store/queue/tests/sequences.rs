//! What holds after any sequence of events.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use proptest::prelude::*;

use super::*;
use crate::domain::balance::Team;
use crate::domain::short;
use crate::domain::teams::{self, Draft, roles_on};
use crate::store::session::{StartNow, TakeSessionBack};
use crate::store::teams::{ArrangeTeams, PickPlayer};

/// What may happen to people in any order.
#[derive(Clone, Copy, Debug)]
enum Step {
    Join(i64),
    Leave(i64),
    Accept(i64, Role),
    Reject(i64),
    TakeBack(i64),
    Swap(i64, i64),
    Open(bool),
    Answer(i64, bool),
    Offer,
    Wait,
    Limit(bool),
    Admit(Admission),
    /// It is to be another game: of this mode, with so many teams.
    Play(Option<&'static str>, Option<u8>),
    /// An administrator accepts somebody, whatever stands in the way that they may override.
    Anyway(i64, Role),
    CheckIn(i64),
    CheckInOpens,
    Starts,
    Restart,
    /// The best teams of all who are in and who wait.
    Teams,
    /// Two exchange their seats on the teams.
    Seats(i64, i64),
    /// Somebody is put on a team.
    Put(i64, Team),
    /// Two captains are to pick.
    Draft(i64, i64),
    /// Whoever's turn it is picks somebody.
    Pick,
    Short,
    StartNow,
    Cancel,
    /// It is taken back that it was cancelled, or started.
    TakeItBack,
}

/// What may happen to the people from 2 on, before `end`.
fn steps(end: i64) -> impl Strategy<Value = Vec<Step>> {
    let user = move || 2_i64..end;
    let role = proptest::sample::select(Role::ALL.to_vec());
    let anyway = role.clone();
    let team = proptest::sample::select(Team::BOTH.to_vec());
    let step = prop_oneof![
        4 => user().prop_map(Step::Join),
        1 => user().prop_map(Step::Leave),
        6 => (user(), role).prop_map(|(user, role)| Step::Accept(user, role)),
        1 => user().prop_map(Step::Reject),
        1 => user().prop_map(Step::TakeBack),
        3 => (user(), user()).prop_map(|(one, other)| Step::Swap(one, other)),
        1 => any::<bool>().prop_map(Step::Open),
        3 => (user(), any::<bool>()).prop_map(|(user, take)| Step::Answer(user, take)),
        1 => Just(Step::Offer),
        1 => Just(Step::Wait),
        1 => any::<bool>().prop_map(Step::Limit),
        1 => proptest::sample::select(Admission::ALL.to_vec()).prop_map(Step::Admit),
        3 => (proptest::option::of(mode()), proptest::option::of(1_u8..=2))
            .prop_map(|(mode, teams)| Step::Play(mode, teams)),
        1 => (user(), anyway).prop_map(|(user, role)| Step::Anyway(user, role)),
        2 => user().prop_map(Step::CheckIn),
        1 => Just(Step::CheckInOpens),
        1 => Just(Step::Starts),
        1 => Just(Step::Restart),
        1 => Just(Step::Teams),
        1 => (user(), user()).prop_map(|(one, other)| Step::Seats(one, other)),
        2 => (user(), team).prop_map(|(user, team)| Step::Put(user, team)),
        1 => (user(), user()).prop_map(|(blue, red)| Step::Draft(blue, red)),
        2 => Just(Step::Pick),
        1 => Just(Step::Short),
        1 => Just(Step::StartNow),
        1 => Just(Step::Cancel),
        2 => Just(Step::TakeItBack),
    ];
    proptest::collection::vec(step, 1..60)
}

/// The modes that are played.
fn mode() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec!["5v5", "6v6", "6v6-flex"])
}

/// Who ought to be in the queue, by what was answered.
#[derive(Debug, Default)]
struct Expected {
    present: HashSet<i64>,
    rejected: HashSet<i64>,
    /// Who was told that they are in, and has not been told otherwise since.
    accepted: HashSet<i64>,
    /// How much time has passed, in minutes.
    minutes: i64,
    /// Whether an administrator has given a place beyond a cap since the line-up was legal last.
    beyond: bool,
}

impl World {
    /// Does one step, and notes what was answered.
    async fn step(&mut self, step: Step, accounts: &[AccountId], expected: &mut Expected) {
        let at = start() + TimeDelta::minutes(expected.minutes);
        match step {
            Step::Join(user) => {
                let mut join = self.join(user, &roles_of(user));
                join.at = at;
                if let Ok(joined) = self.execute(join).await {
                    expected.present.insert(user);
                    if joined.place.is_some() {
                        assert!(expected.accepted.insert(user), "a second place for {user}");
                    }
                }
            }
            Step::Leave(user) => {
                let mut leave = self.leave(user);
                leave.at = at;
                if self.execute(leave).await.is_ok() {
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
            Step::Anyway(user, role) => {
                let account = accounts[usize::try_from(user - 2).unwrap()];
                let mut accept = self.accept(user, role, account);
                accept.actor.administrator = true;
                if let Ok(done) = self.execute(AcceptAnyway(accept)).await {
                    expected.beyond |= done.beyond == Some(Beyond::Cap);
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
            Step::Answer(user, take) => {
                let (session, user) = (self.session, UserId(user));
                let answer = AnswerOffer {
                    session,
                    user,
                    take,
                    at,
                };
                if self.execute(answer).await.is_ok() && take {
                    assert!(
                        expected.accepted.insert(user.0),
                        "a second place for {user}"
                    );
                }
            }
            Step::Wait => {
                self.pass(expected, (expected.minutes + 130).min(24 * 60 - 20))
                    .await
            }
            Step::CheckIn(user) => {
                let (session, user) = (self.session, UserId(user));
                let check_in = CheckIn { session, user, at };
                if let Ok(done) = self.execute(check_in).await
                    && done.role.is_some()
                {
                    assert_eq!(expected.accepted.insert(user.0), done.late, "{user}");
                }
            }
            Step::CheckInOpens => self.pass(expected, 24 * 60 - 10).await,
            Step::Starts => {
                self.pass(expected, 24 * 60 + 1).await;
                let queue = self.view().await.queue;
                let still = |user: &i64| {
                    let entry = queue.entry(UserId(*user)).unwrap();
                    let missed = entry.no_show && !entry.checked_in;
                    assert!(entry.place.is_some() || missed, "{user} lost their place");
                    entry.place.is_some()
                };
                expected.accepted.retain(still);
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
            Step::Restart => self.restart().await,
            Step::Teams => {
                if let Some(teams) = self.best_of_all().await {
                    let users = teams.seats.iter().map(|seat| seat.user.0).collect();
                    if self.execute(teams).await.is_ok() {
                        expected.accepted = users;
                    }
                }
            }
            Step::Short => {
                let SessionView { session, queue, .. } = self.view().await;
                if let Some(way) = short::ways(&session, &queue).into_iter().next() {
                    let short = PlayShort {
                        session: session.id,
                        actor: actor(1),
                        mode: way.mode,
                        teams: way.teams,
                        at,
                    };
                    if self.execute(short).await.is_ok() {
                        expected
                            .accepted
                            .retain(|user| !way.out.contains(&UserId(*user)));
                    }
                }
            }
            other => self.organise(other, at).await,
        }
    }

    /// Lets the time pass, until so many minutes after the beginning.
    async fn pass(&self, expected: &mut Expected, minutes: i64) {
        expected.minutes = expected.minutes.max(minutes);
        let now = start() + TimeDelta::minutes(expected.minutes);
        let Ok(_) = self.store.execute_job(AdvanceClock { now }).await.unwrap();
        let Ok(_) = self.store.execute_job(Remind { now }).await.unwrap();
    }

    /// Does what an organiser does to the session itself.
    async fn organise(&mut self, step: Step, at: DateTime<Utc>) {
        let (session, actor) = (self.session, actor(1));
        // Whatever is refused has changed nothing.
        let change = match step {
            Step::Seats(one, other) => {
                let swap = teams::Change::Swap(UserId(one), UserId(other));
                return self.try_arrange(swap, at).await;
            }
            Step::Put(user, team) => {
                let put = teams::Change::Move(UserId(user), Some(team));
                return self.try_arrange(put, at).await;
            }
            Step::Draft(blue, red) => {
                let draft = teams::Change::Draft([UserId(blue), UserId(red)]);
                return self.try_arrange(draft, at).await;
            }
            Step::Pick => return self.pick(at).await,
            Step::StartNow => {
                let _ = self.execute(StartNow { session, actor, at }).await;
                return;
            }
            Step::Cancel => {
                let cancel = CancelSession {
                    session,
                    actor,
                    reason: None,
                    at,
                };
                let _ = self.execute(cancel).await;
                return;
            }
            Step::TakeItBack => {
                let take_back = TakeSessionBack { session, actor, at };
                let _ = self.execute(take_back).await;
                return;
            }
            Step::Open(open) => {
                let set = SetOpen {
                    session,
                    actor,
                    open,
                    at,
                };
                // Once it is under way it is refused.
                let _ = self.execute(set).await;
                return;
            }
            Step::Offer => {
                let _ = self.execute(OfferPlace { session, actor, at }).await;
                return;
            }
            Step::Limit(true) => Change {
                highest: Tier::parse(Ladder::Tank.scale(), "gold"),
                ..Change::default()
            },
            Step::Limit(false) => Change {
                without_limits: true,
                ..Change::default()
            },
            Step::Admit(way) => Change {
                admission: Some(way),
                ..Change::default()
            },
            Step::Play(mode, teams) => Change {
                mode: mode.and_then(Mode::parse),
                teams,
                ..Change::default()
            },
            other => unreachable!("{other:?} is no organiser's step"),
        };
        let edit = EditSession {
            extras: Default::default(),
            session,
            actor,
            change,
            at,
        };
        // Once it is under way, or somebody would lose their seat, it cannot be another game.
        let _ = self.execute(edit).await;
    }

    async fn try_arrange(&mut self, change: teams::Change, at: DateTime<Utc>) {
        let (session, actor) = (self.session, actor(1));
        let arrange = ArrangeTeams {
            session,
            actor,
            change,
            at,
        };
        let _ = self.execute(arrange).await;
    }

    /// Has the captain whose turn it is pick the first whom their team has room for.
    async fn pick(&mut self, at: DateTime<Utc>) {
        let view = self.view().await;
        let (session, queue, teams) = (&view.session, &view.queue, &view.teams);
        let turn = teams::draft(session, queue, teams).zip(teams.captains);
        let Some((Draft::Turn(team), captains)) = turn else {
            return;
        };
        let (entry, _) = teams::pickable(session, queue, teams, team)[0];
        let pick = PickPlayer {
            session: session.id,
            actor: actor(captains[team.index()].0),
            player: entry.person.id,
            at,
        };
        // Of a session that is over nobody picks any more.
        let _ = self.execute(pick).await;
    }

    /// Whether what is remembered is what was answered, within the caps.
    async fn check(&self, expected: &mut Expected) {
        self.looks_at_reminders_in_time().await;
        let view = self.view().await;
        let (seats, shown) = (view.teams.seats(&view.queue), view.teams.shown());
        let SessionView { session, queue, .. } = view;
        let users = |entries: Vec<i64>| {
            let set: HashSet<_> = entries.iter().copied().collect();
            assert_eq!(set.len(), entries.len(), "somebody is there twice");
            set
        };
        let all = queue.entries.iter().map(|entry| entry.person.id.0);
        assert_eq!(users(all.collect()), expected.present);
        let accepted = users(
            queue
                .accepted()
                .map(|(entry, _)| entry.person.id.0)
                .collect(),
        );
        assert!(accepted.is_superset(&expected.accepted), "a place was lost");
        // The others were let in together with somebody else who joined.
        expected.accepted = accepted;
        let rejected = queue.rejected().map(|entry| entry.person.id.0);
        assert_eq!(users(rejected.collect()), expected.rejected);
        // Those who are in and those who are asked are a line-up that can still become complete.
        let taken = queue.unavailable(UserId(0));
        let (mode, teams) = (session.plan.mode, session.plan.teams);
        let places = mode.places(teams) as usize;
        let within_caps = Role::ALL.into_iter().all(|role| {
            let count = taken.iter().filter(|taken| **taken == role).count();
            count <= usize::from(mode.slots(role).max) * usize::from(teams)
        });
        let missing = mode.missing(teams, &taken);
        expected.beyond &= !within_caps || missing.displaced > 0;
        let free = missing.total() as usize;
        assert_eq!(taken.len() + free, places, "{taken:?} in {mode} of {teams}");
        if !expected.beyond {
            assert!(within_caps, "{taken:?} in {mode} of {teams}");
            assert_eq!(missing.displaced, 0, "{taken:?} in {mode}");
        }
        for (entry, role) in queue.asked() {
            let others = queue.unavailable(entry.person.id);
            let capped = mode.is_capped(teams, &others, role);
            assert!(!capped, "{role} is offered beside {others:?}");
        }
        assert!(teams == 2 || !shown && seats.is_empty(), "one team of two");
        for team in Team::BOTH {
            let roles = roles_on(&seats, team);
            let fits = |at: usize| mode.room_for(1, &roles[..at], roles[at]);
            assert!((0..roles.len()).all(fits), "{team:?} has {roles:?}");
        }
    }
}

impl World {
    /// Has the session a quarter of an hour to check in.
    async fn check_in(&mut self) {
        let edit = EditSession {
            extras: Default::default(),
            session: self.session,
            actor: actor(1),
            change: Change {
                check_in_minutes: Some(15),
                ..Change::default()
            },
            at: start(),
        };
        self.execute(edit).await.unwrap();
    }
}

impl World {
    /// The accounts of the people from 2 on, before `end`.
    async fn accounts(&mut self, end: i64) -> Vec<AccountId> {
        let mut accounts = Vec::new();
        for user in 2..end {
            let rank = if user < 6 { "gold 3" } else { "diamond 3" };
            let ladders = [
                Ladder::Tank,
                Ladder::Damage,
                Ladder::Support,
                Ladder::OpenQueue,
            ];
            let ranks = ladders.map(|ladder| (ladder, rank));
            accounts.push(self.account(user, &ranks).await);
        }
        accounts
    }
}

/// What somebody offers to play: one role, two, all, or anything.
fn roles_of(user: i64) -> Vec<Role> {
    match user % 4 {
        _ if user == 9 => vec![Role::Flex],
        0 => vec![Tank],
        1 => vec![Tank, Support],
        2 => vec![Damage, Support],
        _ => Role::ALL.to_vec(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn whatever_happens_nobody_is_lost_has_two_places_or_exceeds_a_cap(
        mode in mode(),
        steps in steps(10),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new(mode).await;
            world.check_in().await;
            let accounts = world.accounts(10).await;
            let mut expected = Expected::default();
            for step in steps {
                world.step(step, &accounts, &mut expected).await;
                world.check(&mut expected).await;
            }
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn whatever_is_done_with_two_teams_nobody_is_lost_has_two_places_or_exceeds_a_cap(
        steps in steps(14),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new("5v5").await;
            world.check_in().await;
            world.two_teams().await;
            let accounts = world.accounts(14).await;
            let mut expected = Expected::default();
            // There are enough for teams from the beginning, and more.
            for user in 2..14 {
                world.step(Step::Join(user), &accounts, &mut expected).await;
            }
            for step in std::iter::once(Step::Teams).chain(steps) {
                world.step(step, &accounts, &mut expected).await;
                world.check(&mut expected).await;
            }
        });
    }
}
