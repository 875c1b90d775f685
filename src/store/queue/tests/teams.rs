//! Two teams beside the queue: seats that are swapped, and teams of those who wait, too.

use super::*;
use crate::domain::balance::{Seat, Team, balance};
use crate::domain::log::{Action, TeamsDeed};
use crate::domain::teams::{self, Ask, Crowd, TeamsRefusal};
use crate::store::teams::{ArrangeTeams, TakeTeams, TeamsTaken, ViewTeams};

impl World {
    /// Who sits where, in the order of their ids.
    async fn seats(&self) -> Vec<(i64, Team, Role)> {
        let view = self.view().await;
        let mut seats = view.teams.seats(&view.queue);
        seats.sort();
        let seat = |seat: Seat| (seat.user.0, seat.team, seat.role);
        seats.into_iter().map(seat).collect()
    }

    /// The best teams of everybody; `None` if there are none.
    pub(super) async fn best_of_all(&self) -> Option<TakeTeams> {
        let question = ViewTeams {
            session: self.session,
            now: start(),
        };
        let found = self.store.query(question).await.unwrap().unwrap();
        let ask = Ask {
            crowd: Crowd::Everybody,
            ..Ask::default()
        };
        let problem = teams::problem(&found.view.door(), &found.view.teams, &found.known, ask);
        let proposals = balance(&problem).ok()?.proposals;
        Some(TakeTeams {
            session: self.session,
            actor: actor(1),
            seats: proposals.into_iter().next()?.seats,
            at: start(),
        })
    }

    /// Ten tanks, damage and supports of gold, the first `accepted` of whom are in.
    async fn ten(&mut self, accepted: i64) {
        self.two_teams().await;
        for user in 2..12 {
            let (role, ladder) = match user {
                2 | 3 => (Tank, Ladder::Tank),
                4..=7 => (Damage, Ladder::Damage),
                _ => (Support, Ladder::Support),
            };
            let account = self.account(user, &[(ladder, "gold 3")]).await;
            self.execute(self.join(user, &[role])).await.unwrap();
            if user < accepted + 2 {
                self.execute(self.accept(user, role, account))
                    .await
                    .unwrap();
            }
        }
    }
}

#[tokio::test]
async fn a_swap_takes_the_seat_on_the_team_along() {
    let mut world = World::new("5v5").await;
    let (session, by, at) = (world.session, actor(1), start());
    world.two_teams().await;
    for (user, role) in [(2, Tank), (3, Damage), (4, Support)] {
        let account = world.joined(user, &[role]).await;
        world
            .execute(world.accept(user, role, account))
            .await
            .unwrap();
    }
    world.joined(5, &[Tank]).await;
    for (user, team) in [(2, Team::Blue), (3, Team::Red)] {
        let arrange = ArrangeTeams {
            session,
            actor: by,
            change: teams::Change::Move(UserId(user), Some(team)),
            at,
        };
        world.execute(arrange).await.unwrap();
    }
    // Who waits takes the seat of who is in.
    world.execute(world.swap(5, 2)).await.unwrap();
    let expected = [(3, Team::Red, Damage), (5, Team::Blue, Tank)];
    assert_eq!(world.seats().await, expected);
    // Two players exchange their roles, and what they are on with them.
    world.execute(world.swap(5, 3)).await.unwrap();
    let expected = [(3, Team::Blue, Tank), (5, Team::Red, Damage)];
    assert_eq!(world.seats().await, expected);
    // Who was on no team gets the seat of who was, who is on none then.
    world.execute(world.swap(4, 3)).await.unwrap();
    let expected = [(4, Team::Blue, Tank), (5, Team::Red, Damage)];
    assert_eq!(world.seats().await, expected);
}

#[tokio::test]
async fn who_waits_comes_in_with_the_teams_and_who_sits_out_waits_and_all_are_told() {
    let mut world = World::new("5v5").await;
    world.ten(9).await;
    // The first tank is far from everybody; this one, who waits, is not.
    let far = world.account(12, &[(Ladder::Tank, "gold 2")]).await;
    world.execute(world.join(12, &[Tank])).await.unwrap();
    world.execute(world.take_back(2)).await.unwrap();
    world.execute(world.accept(12, Tank, far)).await.unwrap();
    // Whose place was taken back is not taken by itself: the tank who waits now is not counted.
    let teams = world.best_of_all().await.unwrap();
    assert!(teams.seats.iter().all(|seat| seat.user != UserId(2)));
    let (came, left) = (1, 0);
    let done = world.execute(teams.clone()).await.unwrap();
    let published = false;
    assert_eq!(
        done,
        TeamsTaken {
            published,
            came,
            left
        }
    );
    assert_eq!(world.seats().await.len(), 10);
    let told = world.notices().await;
    let told_11 = told.iter().find(|(to, _)| *to == UserId(11));
    assert!(
        matches!(told_11, Some((_, Notice::Accepted { role: Support, .. }))),
        "{told:?}"
    );
    let log = world.log().await;
    let made = TeamsDeed::Made;
    assert_eq!(log[0].action, Action::Teams { what: made });
    assert!(matches!(
        log[1].action,
        Action::Accepted { role: Support, .. }
    ));

    // Another one who waits takes the seat of somebody who is in.
    world.account(13, &[(Ladder::Support, "gold 3")]).await;
    world.execute(world.join(13, &[Support])).await.unwrap();
    let mut swapped = teams;
    for seat in &mut swapped.seats {
        if seat.user == UserId(11) {
            seat.user = UserId(13);
        }
    }
    let done = world.execute(swapped.clone()).await.unwrap();
    assert_eq!((done.came, done.left), (1, 1));
    let queue = world.view().await.queue;
    let out = queue.entry(UserId(11)).unwrap();
    assert!(out.is_waiting() && !out.was_taken_back(), "they are next");
    let told = world.notices().await;
    let told_11 = told.iter().find(|(to, _)| *to == UserId(11));
    assert!(
        matches!(told_11, Some((_, Notice::Waiting { .. }))),
        "{told:?}"
    );
    // Whoever has left meanwhile is not seated.
    world.execute(world.leave(13)).await.unwrap();
    world.execute(world.leave(11)).await.unwrap();
    let refused = world.execute(swapped).await;
    assert_eq!(refused, Err(TeamsRefusal::Changed));
}

#[tokio::test]
async fn only_who_manages_the_session_takes_teams_of_it() {
    let mut world = World::new("5v5").await;
    world.ten(5).await;
    let mut teams = world.best_of_all().await.unwrap();
    teams.actor = actor(4);
    let not_yours = TeamsRefusal::Session(SessionRefusal::NotYours);
    assert_eq!(world.execute(teams).await, Err(not_yours));
    assert_eq!(world.view().await.queue.accepted().count(), 5);
}
