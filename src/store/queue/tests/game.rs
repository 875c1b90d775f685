//! What becomes of offers, teams and places when a session becomes another game, or a place is given
//! by hand.

use super::*;
use crate::domain::balance::{Seat, Team};
use crate::domain::log::{Capacity, Whom};
use crate::domain::teams::Change as Arrange;
use crate::store::profile::DeleteProfile;
use crate::store::session::StartNow;
use crate::store::teams::{ArrangeTeams, PickPlayer};

impl World {
    async fn edit(&mut self, change: Change) {
        let edit = EditSession {
            session: self.session,
            actor: actor(1),
            change,
            extras: Extras::default(),
            at: start(),
        };
        self.execute(edit).await.unwrap();
    }

    async fn admits(&mut self, way: Admission) {
        let admission = Some(way);
        self.edit(Change {
            admission,
            ..Change::default()
        })
        .await;
    }

    async fn plays(&mut self, mode: &str) {
        let mode = Mode::parse(mode);
        self.edit(Change {
            mode,
            ..Change::default()
        })
        .await;
    }

    async fn offer(&mut self) -> Option<(UserId, Role)> {
        let (session, actor, at) = (self.session, actor(1), start());
        let offer = OfferPlace { session, actor, at };
        self.execute(offer).await.unwrap().to
    }

    async fn says_yes(&mut self, user: i64) -> Result<Answered, OfferRefusal> {
        let answer = AnswerOffer {
            session: self.session,
            user: UserId(user),
            take: true,
            at: start(),
        };
        self.execute(answer).await
    }

    async fn arrange(&mut self, change: Arrange) {
        let arrange = ArrangeTeams {
            session: self.session,
            actor: actor(1),
            change,
            at: start(),
        };
        self.execute(arrange).await.unwrap();
    }

    /// Starts the session and has it played in another way.
    async fn plays_short(&mut self, mode: &str, teams: u8) -> PlayedShort {
        let (session, actor, at) = (self.session, actor(1), start());
        let start_now = StartNow { session, actor, at };
        self.execute(start_now).await.unwrap();
        let mode = Mode::parse(mode).unwrap();
        let short = PlayShort {
            session,
            actor,
            mode,
            teams,
            at,
        };
        self.execute(short).await.unwrap()
    }

    /// People from 2 on, accepted as these.
    async fn accepted(&mut self, roles: &[Role]) {
        for (user, role) in (2..).zip(roles) {
            let account = self.joined(user, &[*role]).await;
            let accept = self.accept(user, *role, account);
            self.execute(accept).await.unwrap();
        }
    }

    async fn asked(&self) -> Vec<(i64, Role)> {
        let queue = self.view().await.queue;
        let asked = queue.asked().map(|(entry, role)| (entry.person.id.0, role));
        asked.collect()
    }

    async fn told(&self, user: i64) -> Option<Notice> {
        let told = self.notices().await.into_iter();
        told.filter(|(to, _)| to.0 == user)
            .map(|(_, notice)| notice)
            .next()
    }
}

#[tokio::test]
async fn with_fewer_teams_places_are_offered_anew_to_as_many_as_fit() {
    let mut world = World::new("5v5").await;
    world.two_teams().await;
    world.joined(2, &[Tank]).await;
    world.joined(3, &[Tank]).await;
    assert_eq!(world.offer().await, Some((UserId(2), Tank)));
    assert_eq!(world.offer().await, Some((UserId(3), Tank)));
    let teams = Some(1);
    world
        .edit(Change {
            teams,
            ..Change::default()
        })
        .await;
    assert_eq!(world.asked().await, [(2, Tank)]);
    let told = world.told(3).await;
    assert!(
        matches!(told, Some(Notice::OfferOver { .. })),
        "they were asked, and are not any more: {told:?}"
    );
    assert!(world.says_yes(2).await.is_ok());
    assert_eq!(world.says_yes(3).await, Err(OfferRefusal::NotAsked));
    assert_eq!(world.view().await.queue.roles(), [Tank]);
}

#[tokio::test]
async fn more_teams_of_the_same_game_end_no_offer() {
    let mut world = World::new("5v5").await;
    world.joined(2, &[Tank]).await;
    world.joined(3, &[Tank]).await;
    world.offer().await;
    world.two_teams().await;
    assert_eq!(world.asked().await, [(2, Tank)]);
    assert!(world.says_yes(2).await.is_ok());
}

#[tokio::test]
async fn a_place_that_was_offered_in_another_mode_is_one_of_the_new_mode() {
    let mut world = World::new("6v6").await;
    world.joined(2, &[Role::Flex]).await;
    assert_eq!(world.offer().await, Some((UserId(2), Role::Flex)));
    world.plays("5v5").await;
    assert_eq!(world.asked().await, [(2, Tank)], "who plays anything");
    world.says_yes(2).await.unwrap();
    assert_eq!(world.view().await.queue.roles(), [Tank]);
}

#[tokio::test]
async fn whoever_joined_an_open_mode_as_flex_is_let_in_where_roles_are_fixed() {
    let mut world = World::new("6v6").await;
    for user in 2..7 {
        world.joined(user, &[Role::Flex]).await;
    }
    world.plays("5v5").await;
    world.admits(Admission::Balanced).await;
    let mut roles = world.view().await.queue.roles();
    roles.sort();
    assert_eq!(roles, [Tank, Damage, Damage, Support, Support]);
}

#[tokio::test]
async fn playing_with_fewer_ends_offers_and_a_place_that_becomes_free_is_offered() {
    let mut world = World::new("5v5").await;
    world.two_teams().await;
    world
        .accepted(&[Tank, Damage, Damage, Support, Support])
        .await;
    world.joined(8, &[Tank]).await;
    world.joined(9, &[Support]).await;
    world.admits(Admission::FirstCome).await;
    assert_eq!(world.asked().await, [(8, Tank), (9, Support)]);
    world.plays_short("5v5", 1).await;
    assert_eq!(world.asked().await, []);
    assert_eq!(world.says_yes(8).await, Err(OfferRefusal::NotAsked));
    world.execute(world.leave(2)).await.unwrap();
    assert_eq!(world.asked().await, [(8, Tank)]);
    world.says_yes(8).await.unwrap();
}

#[tokio::test]
async fn playing_with_one_team_ends_the_two() {
    let mut world = World::new("5v5").await;
    world.two_teams().await;
    let roles = [Tank, Damage, Damage, Support, Support, Tank];
    world.accepted(&roles).await;
    let captains = [UserId(2), UserId(7)];
    world.arrange(Arrange::Draft(captains)).await;
    assert!(world.view().await.teams.shown());
    world.plays_short("5v5", 1).await;
    let teams = world.view().await.teams;
    assert_eq!(teams, Teams::default());
}

#[tokio::test]
async fn teams_that_nobody_is_on_any_more_do_not_outlive_a_change_of_their_number() {
    let mut world = World::new("5v5").await;
    world.two_teams().await;
    world.accepted(&[Tank, Tank]).await;
    world.arrange(Arrange::Draft([UserId(2), UserId(3)])).await;
    for user in [2, 3] {
        world.execute(world.take_back(user)).await.unwrap();
    }
    let teams = Some(1);
    world
        .edit(Change {
            teams,
            ..Change::default()
        })
        .await;
    world.two_teams().await;
    let teams = world.view().await.teams;
    assert_eq!((teams.published, teams.captains), (false, None));
}

#[tokio::test]
async fn who_moves_to_a_role_that_their_team_has_no_room_for_is_on_none() {
    let mut world = World::new("5v5").await;
    world.two_teams().await;
    let seats = [
        (2, &[Tank, Damage][..], Team::Blue),
        (3, &[Tank], Team::Red),
        (4, &[Damage], Team::Blue),
        (5, &[Damage], Team::Blue),
    ];
    for (user, roles, team) in seats {
        let account = world.joined(user, roles).await;
        let accept = world.accept(user, roles[0], account);
        world.execute(accept).await.unwrap();
        world.arrange(Arrange::Move(UserId(user), Some(team))).await;
    }
    world.admits(Admission::FirstCome).await;
    // So that a third tank can come in, the first one plays damage.
    world.account(6, &[]).await;
    let joined = world.execute(world.join(6, &[Tank])).await.unwrap();
    assert_eq!(joined.place, Some(Tank));
    let teams = world.view().await.teams;
    assert_eq!(teams.of(UserId(2)), None, "blue has two who play damage");
    assert_eq!(teams.of(UserId(3)), Some(Team::Red));
}

#[tokio::test]
async fn who_is_accepted_as_something_else_than_they_are_asked_for_leaves_that_place_to_the_next() {
    let mut world = World::new("5v5").await;
    world.admits(Admission::FirstCome).await;
    for (user, role) in [(2, Tank), (3, Support), (4, Support)] {
        world.joined(user, &[role]).await;
    }
    let both = world.joined(5, &[Tank, Support]).await;
    world.joined(6, &[Tank]).await;
    world.execute(world.leave(2)).await.unwrap();
    assert_eq!(world.asked().await, [(5, Tank)]);
    world.execute(world.leave(3)).await.unwrap();
    world.execute(world.accept(5, Support, both)).await.unwrap();
    assert_eq!(world.asked().await, [(6, Tank)]);
}

#[tokio::test]
async fn where_the_organiser_picks_the_next_one_is_asked_for_it_too() {
    let mut world = World::new("5v5").await;
    let both = world.joined(2, &[Tank, Support]).await;
    world.joined(3, &[Tank]).await;
    assert_eq!(world.offer().await, Some((UserId(2), Tank)));
    world.execute(world.accept(2, Support, both)).await.unwrap();
    assert_eq!(world.asked().await, [(3, Tank)]);
}

#[tokio::test]
async fn a_line_up_that_is_completed_by_hand_was_full_and_the_next_free_place_is_offered() {
    let mut world = World::new("5v5").await;
    world.admits(Admission::Balanced).await;
    world.accepted(&[Tank, Damage, Damage, Support]).await;
    let account = world.joined(6, &[Damage]).await;
    let accept = world.accept(6, Support, account);
    world.execute(accept).await.unwrap();
    world.joined(8, &[Tank]).await;
    world.execute(world.leave(2)).await.unwrap();
    assert_eq!(world.asked().await, [(8, Tank)], "asked, not put in");
}

#[tokio::test]
async fn an_administrator_who_gives_a_place_away_that_somebody_is_asked_for_ends_the_offer() {
    let mut world = World::new("5v5").await;
    world.joined(2, &[Tank]).await;
    let other = world.joined(3, &[Tank]).await;
    assert_eq!(world.offer().await, Some((UserId(2), Tank)));
    let mut accept = world.accept(3, Tank, other);
    accept.actor.administrator = true;
    let done = world.execute(AcceptAnyway(accept)).await.unwrap();
    assert_eq!(done.beyond, Some(Beyond::Cap));
    assert_eq!(world.asked().await, []);
    let told = world.told(2).await;
    assert!(matches!(told, Some(Notice::OfferOver { .. })), "{told:?}");
    assert_eq!(world.says_yes(2).await, Err(OfferRefusal::NotAsked));
}

#[tokio::test]
async fn a_captain_who_is_an_administrator_overrides_nobody_by_picking() {
    let mut world = World::new("5v5").await;
    world.two_teams().await;
    world.accepted(&[Tank, Tank, Damage]).await;
    world.arrange(Arrange::Draft([UserId(2), UserId(3)])).await;
    let mut captain = actor(2);
    captain.administrator = true;
    let pick = PickPlayer {
        session: world.session,
        actor: captain,
        player: UserId(4),
        at: start(),
    };
    world.execute(pick).await.unwrap();
    let log = world.log().await;
    assert_eq!(log[0].capacity, Capacity::Player, "{:?}", log[0]);
    assert!(!log[0].overridden);
}

#[tokio::test]
async fn who_gets_another_role_on_the_teams_plays_it_on_the_account_whose_rank_fits() {
    let limits = RankLimits {
        highest: Tier::parse(Ladder::Tank.scale(), "gold"),
        ..RankLimits::default()
    };
    let mut world = World::limited("5v5", limits).await;
    world.two_teams().await;
    let first = world.account(2, &[(Ladder::Tank, "gold 3")]).await;
    let other = world.account(2, &[(Ladder::Damage, "gold 3")]).await;
    let both = [(Ladder::Tank, "gold 3"), (Ladder::Damage, "gold 3")];
    let third = world.account(3, &both).await;
    let mut join = world.join(2, &[Tank, Damage]);
    join.offered.accounts = vec![first, other];
    world.execute(join).await.unwrap();
    world.execute(world.join(3, &[Damage])).await.unwrap();
    for (user, role, account) in [(2, Tank, first), (3, Damage, third)] {
        let accept = world.accept(user, role, account);
        world.execute(accept).await.unwrap();
        let blue = Some(Team::Blue);
        world.arrange(Arrange::Move(UserId(user), blue)).await;
    }
    world.arrange(Arrange::Swap(UserId(2), UserId(3))).await;
    let queue = world.view().await.queue;
    let place = |user| {
        let place = queue.entry(UserId(user)).unwrap().place.clone().unwrap();
        (place.role, place.account)
    };
    assert_eq!(place(2), (Damage, Some(other)));
    assert_eq!(place(3), (Tank, Some(third)));
}

#[tokio::test]
async fn a_proposal_that_seats_somebody_beyond_their_ranks_is_an_override_on_record() {
    let limits = RankLimits {
        highest: Tier::parse(Ladder::Tank.scale(), "gold"),
        ..RankLimits::default()
    };
    let mut world = World::limited("5v5", limits).await;
    world.two_teams().await;
    let ranks = [(Ladder::Tank, "gold 3"), (Ladder::Damage, "master 3")];
    let account = world.account(2, &ranks).await;
    let mut join = world.join(2, &[Tank]);
    join.offered.accounts = vec![account];
    world.execute(join).await.unwrap();
    world.execute(world.accept(2, Tank, account)).await.unwrap();
    let seat = |role| Seat {
        user: UserId(2),
        team: Team::Blue,
        role,
    };
    for (role, overridden) in [(Tank, false), (Damage, true)] {
        world.arrange(Arrange::Use(vec![seat(role)])).await;
        let entry = world.view().await.queue.entries.remove(0);
        let place = entry.place.expect("they are in");
        assert_eq!((place.role, place.overridden), (role, overridden));
    }
    let log = world.log().await;
    let overrides: Vec<_> = log.iter().filter(|one| one.overridden).collect();
    assert_eq!(overrides.len(), 1);
    assert_eq!(overrides[0].subject, Some(Whom::User(UserId(2))));
}

#[tokio::test]
async fn a_place_that_was_taken_back_is_not_had_by_leaving_and_joining() {
    let mut world = World::new("5v5").await;
    world.admits(Admission::FirstCome).await;
    let account = world.joined(2, &[Tank]).await;
    world.execute(world.take_back(2)).await.unwrap();
    for _ in 0..2 {
        world.execute(world.leave(2)).await.unwrap();
        let again = world.execute(world.join(2, &[Tank])).await.unwrap();
        assert_eq!(again.place, None);
        assert!(world.view().await.queue.entries[0].was_taken_back());
    }
    world.joined(3, &[Tank]).await;
    world.execute(world.leave(3)).await.unwrap();
    assert_eq!(world.asked().await, [], "nor are they asked");
    // An organiser who lets them in again has forgiven it.
    world.execute(world.accept(2, Tank, account)).await.unwrap();
    world.execute(world.leave(2)).await.unwrap();
    let again = world.execute(world.join(2, &[Tank])).await.unwrap();
    assert_eq!(again.place, Some(Tank));
}

#[tokio::test]
async fn a_place_that_was_taken_back_is_not_had_by_deleting_the_profile() {
    for leaves_first in [true, false] {
        let mut world = World::new("5v5").await;
        world.admits(Admission::FirstCome).await;
        world.joined(2, &[Tank]).await;
        world.execute(world.take_back(2)).await.unwrap();
        if leaves_first {
            world.execute(world.leave(2)).await.unwrap();
        }
        let delete = DeleteProfile {
            user: UserId(2),
            reason: String::new(),
            at: start(),
        };
        let deleted = world.execute(delete).await.unwrap();
        assert_eq!(deleted.taken_back, 1);
        world.joined(2, &[Tank]).await;
        let view = world.view().await;
        let entry = view.queue.entry(UserId(2)).expect("they wait");
        assert!(
            entry.is_waiting() && entry.was_taken_back(),
            "{leaves_first}"
        );
    }
}
