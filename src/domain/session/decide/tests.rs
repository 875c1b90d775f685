use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::super::super::ids::{AccountId, ChannelId, GuildId, SessionId, UserId};
use super::super::super::ladder::Scale;
use super::super::super::rank::{DeclaredRank, Rank};
use super::*;

fn now() -> DateTime<Utc> {
    "2026-11-22T12:00:00Z".parse().expect("a time")
}

fn mode(id: &str) -> Mode {
    Mode::parse(id).expect("a mode")
}

fn tier(scale: Scale, word: &str) -> Tier {
    Tier::parse(scale, word).expect("a tier")
}

fn plan() -> Plan {
    Plan {
        mode: mode("5v5"),
        teams: 1,
        at: now() + TimeDelta::hours(5),
        zone: Tz::Europe__Berlin,
        length_minutes: 120,
        title: "5v5 Role Queue".into(),
        description: String::new(),
        limits: RankLimits::default(),
        admission: Admission::Organiser,
        check_in_minutes: 0,
    }
}

fn session(status: Status) -> Session {
    Session {
        id: SessionId(1),
        organiser: Some(UserId(1)),
        co_organisers: Vec::new(),
        guild: GuildId(1),
        channel: ChannelId(1),
        card: None,
        plan: plan(),
        status,
        cancel_reason: None,
        created_at: now(),
    }
}

fn actor(user: i64, guild: i64) -> Actor {
    Actor {
        user: UserId(user),
        guild: GuildId(guild),
        manages_events: false,
        administrator: false,
    }
}

fn ranked_on(ladders: &[Ladder]) -> Account {
    let rank = |ladder: &Ladder| DeclaredRank {
        rank: Rank::new(ladder.scale(), "gold", 3).expect("a rank"),
        declared_at: now(),
    };
    Account {
        id: AccountId(1),
        battletag: "Ana#1234".into(),
        primary: true,
        ranks: BTreeMap::from_iter(ladders.iter().map(|ladder| (*ladder, rank(ladder)))),
        created_at: now(),
    }
}

fn change(change: &Change) -> Result<Plan, SessionRefusal> {
    session(Status::Open).changed(change, 0, None, now())
}

#[test]
fn a_start_that_is_not_ahead_is_refused() {
    let past = Plan {
        at: now(),
        ..plan()
    };
    let refused = plan_new(&past, Alive::default(), None, now());
    assert_eq!(refused, Err(SessionRefusal::Past));
    assert_eq!(plan_new(&plan(), Alive::default(), None, now()), Ok(()));
    let moved = Change {
        at: Some(now() - TimeDelta::hours(1)),
        ..Change::default()
    };
    assert_eq!(change(&moved), Err(SessionRefusal::Past));
}

#[test]
fn the_twenty_sixth_of_one_person_and_the_two_hundred_and_first_of_a_server_are_refused() {
    let alive = |yours, here| plan_new(&plan(), Alive { yours, here }, None, now());
    assert_eq!(alive(24, 199), Ok(()));
    assert_eq!(alive(25, 25), Err(SessionRefusal::TooManyOfYours));
    assert_eq!(alive(0, 200), Err(SessionRefusal::TooManyHere));
}

#[test]
fn limits_that_nobody_can_meet_are_refused() {
    let [gold, diamond] = ["gold", "diamond"].map(|word| tier(Scale::Competitive, word));
    let limited = |lowest, highest| {
        change(&Change {
            lowest,
            highest,
            ..Change::default()
        })
    };
    assert_eq!(
        limited(Some(diamond), Some(gold)),
        Err(SessionRefusal::LimitsCrossed)
    );
    assert!(limited(Some(gold), Some(gold)).is_ok());
    let elite = tier(Scale::Stadium, "elite");
    assert_eq!(
        limited(Some(elite), None),
        Err(SessionRefusal::OtherScale(elite))
    );
}

#[test]
fn a_distance_needs_the_organisers_rank_on_every_ladder_of_the_mode() {
    let near = Change {
        distance: Some(5),
        ..Change::default()
    };
    let session = session(Status::Open);
    let of = |account: &Account| session.changed(&near, 0, Some(account), now());
    let all = [Ladder::Tank, Ladder::Damage, Ladder::Support];
    assert_eq!(
        of(&ranked_on(&[Ladder::Damage])),
        Err(SessionRefusal::OrganiserUndeclared(vec![
            Ladder::Tank,
            Ladder::Support
        ]))
    );
    assert!(of(&ranked_on(&all)).is_ok());
    assert_eq!(
        change(&near),
        Err(SessionRefusal::OrganiserUndeclared(all.to_vec()))
    );
}

#[test]
fn a_rank_taken_back_later_stands_in_no_title_s_way() {
    let mut session = session(Status::Open);
    session.plan.limits.distance = Some(5);
    let retitled = Change {
        title: Some("Late night".into()),
        ..Change::default()
    };
    let plan = session.changed(&retitled, 0, None, now()).expect("allowed");
    assert_eq!(plan.title, "Late night");
}

#[test]
fn another_mode_takes_its_name_along_and_drops_tiers_that_it_does_not_have() {
    let mut session = session(Status::Open);
    session.plan.limits.lowest = Some(tier(Scale::Competitive, "gold"));
    let stadium = Change {
        mode: Some(mode("Stadium")),
        ..Change::default()
    };
    let plan = session.changed(&stadium, 0, None, now()).expect("allowed");
    assert_eq!((plan.title.as_str(), plan.limits.lowest), ("Stadium", None));
    session.plan.title = "Cup".into();
    let plan = session.changed(&stadium, 0, None, now()).expect("allowed");
    assert_eq!(plan.title, "Cup");
}

#[test]
fn mode_and_teams_stay_while_players_are_accepted_but_for_a_second_team() {
    let mut session = session(Status::Open);
    let teams = |teams| Change {
        teams: Some(teams),
        ..Change::default()
    };
    let other_mode = Change {
        mode: Some(mode("6v6")),
        ..teams(2)
    };
    let refused = Err(SessionRefusal::PlayersAccepted);
    assert_eq!(session.changed(&other_mode, 1, None, now()), refused);
    assert!(session.changed(&other_mode, 0, None, now()).is_ok());
    assert!(session.changed(&teams(1), 5, None, now()).is_ok());
    assert!(session.changed(&teams(2), 5, None, now()).is_ok());
    session.plan.teams = 2;
    assert_eq!(session.changed(&teams(1), 1, None, now()), refused);
}

#[test]
fn what_is_under_way_can_be_prolonged_and_not_moved() {
    let session = session(Status::Started);
    let longer = Change {
        length_minutes: Some(180),
        ..Change::default()
    };
    assert!(session.changed(&longer, 5, None, now()).is_ok());
    let moved = Change {
        at: Some(now() + TimeDelta::days(1)),
        ..Change::default()
    };
    let refused = session.changed(&moved, 0, None, now());
    assert_eq!(refused, Err(SessionRefusal::Not(Status::Started)));
}

#[test]
fn nothing_changes_what_is_over() {
    for status in [Status::Completed, Status::Cancelled] {
        let (session, organiser) = (session(status), actor(1, 1));
        let refused = SessionRefusal::Not(status);
        let changed = session.changed(&Change::default(), 0, None, now());
        assert_eq!(changed, Err(refused.clone()));
        assert_eq!(session.opened(&organiser, true), Err(refused.clone()));
        assert_eq!(session.cancelled(&organiser), Err(refused));
    }
}

#[test]
fn clearing_limits_makes_room_for_new_ones() {
    let mut session = session(Status::Open);
    session.plan.limits.highest = Some(tier(Scale::Competitive, "gold"));
    let lowest = Some(tier(Scale::Competitive, "diamond"));
    let change = Change {
        without_limits: true,
        lowest,
        ..Change::default()
    };
    let plan = session.changed(&change, 0, None, now()).expect("allowed");
    let only_lowest = RankLimits {
        lowest,
        ..RankLimits::default()
    };
    assert_eq!(plan.limits, only_lowest);
}

#[test]
fn a_queue_is_opened_and_closed_by_its_organiser_only() {
    let session = session(Status::Open);
    let closed = session.opened(&actor(1, 1), false);
    assert_eq!(closed, Ok(Some(Status::Closed)));
    assert_eq!(session.opened(&actor(1, 1), true), Ok(None));
    assert_eq!(
        session.opened(&actor(2, 1), false),
        Err(SessionRefusal::NotYours)
    );
    assert_eq!(
        session.opened(&actor(1, 2), false),
        Err(SessionRefusal::Unknown)
    );
}
