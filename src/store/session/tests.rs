//! Sessions on a real file.

use chrono::{DateTime, TimeDelta, Utc};
use tempfile::TempDir;

use super::super::outbox::{DueNow, Notice, Owed};
use super::super::sqlite::Database;
use super::super::tests::Run;
use super::super::{Command, Store};
use super::*;
use crate::domain::admission::Admission;
use crate::domain::extras::Extras;
use crate::domain::ids::{ChannelId, InteractionId};
use crate::domain::ladder::Scale;
use crate::domain::profile::Person;
use crate::domain::session::{Actor, Change, SessionRefusal};

const ORGANISER: i64 = 1;
const MODERATOR: i64 = 2;

/// A store on a file of its own.
struct Stage {
    store: Store,
    interactions: std::cell::Cell<i64>,
    _database: Database,
    _folder: TempDir,
}

impl Stage {
    async fn set() -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("overwatch.db");
        let database = Database::open(&path, folder.path(), now()).await.unwrap();
        Self {
            store: database.store(),
            interactions: 1.into(),
            _database: database,
            _folder: folder,
        }
    }

    /// Sends a command by an interaction of its own.
    async fn send<C: Command>(&self, command: C) -> Result<C::Answer, C::Refusal> {
        let number = self.interactions.replace(self.interactions.get() + 1);
        self.store
            .execute(InteractionId(number << 22), command)
            .await
            .unwrap()
    }

    async fn created(&self) -> Session {
        self.send(create(plan())).await.unwrap().session
    }

    /// Three people join: 10 and 11 wait or are in, 12 is turned down.
    async fn queue(&self) {
        for statement in [
            "INSERT INTO users (discord_id, username, created_at) VALUES
             (10, 'Ana', 0), (11, 'Bap', 0), (12, 'Cass', 0)",
            "INSERT INTO session_queue (session_id, user_id, rejected_by, joined_at) VALUES
             (1, 10, NULL, 0), (1, 11, NULL, 0), (1, 12, 1, 0), (1, 1, NULL, 0)",
            "INSERT INTO session_participants (session_id, user_id, role, selected_at) VALUES
             (1, 11, 'tank', 0)",
        ] {
            self.send(Run(statement)).await.unwrap();
        }
    }

    async fn owed(&self) -> Vec<Owed> {
        let now = now() + TimeDelta::days(1);
        let due = self.store.query(DueNow { now, max: 99 }).await.unwrap();
        due.into_iter().map(|due| due.owed).collect()
    }

    /// Whom notices are owed to.
    async fn told(&self, of_kind: fn(&Notice) -> bool) -> Vec<i64> {
        let owed = self.owed().await.into_iter();
        let told = owed.filter_map(|owed| match owed {
            Owed::Message { to, notice } if of_kind(&notice) => Some(to.0),
            _ => None,
        });
        told.collect()
    }

    async fn listed(&self, guild: i64) -> Vec<Listed> {
        let list = ListSessions {
            guild: GuildId(guild),
            viewer: UserId(ORGANISER),
        };
        self.store.query(list).await.unwrap().sessions
    }
}

fn now() -> DateTime<Utc> {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

fn tier(word: &str) -> Option<Tier> {
    Tier::parse(Scale::Competitive, word)
}

fn plan() -> Plan {
    Plan {
        mode: Mode::parse("5v5").unwrap(),
        teams: 1,
        at: now() + TimeDelta::days(5),
        zone: Tz::Europe__Berlin,
        length_minutes: 120,
        title: "Friday night".into(),
        description: "Bring snacks.\nAnd friends.".into(),
        limits: RankLimits {
            lowest: tier("gold"),
            highest: tier("champion"),
            distance: None,
        },
        admission: Admission::FirstCome,
        check_in_minutes: 15,
    }
}

fn create(plan: Plan) -> CreateSession {
    CreateSession {
        extras: Extras::default(),
        person: Person {
            id: UserId(ORGANISER),
            name: "Mira".into(),
        },
        guild: GuildId(7),
        channel: ChannelId(8),
        plan,
        at: now(),
    }
}

fn actor(user: i64, guild: i64) -> Actor {
    Actor {
        user: UserId(user),
        guild: GuildId(guild),
        manages_events: user == MODERATOR,
        administrator: false,
    }
}

fn edit(actor: Actor, change: Change) -> EditSession {
    EditSession {
        extras: Extras::default(),
        session: SessionId(1),
        actor,
        change,
        at: now(),
    }
}

fn cancel(actor: Actor) -> CancelSession {
    CancelSession {
        session: SessionId(1),
        actor,
        reason: Some("Ill".into()),
        at: now(),
    }
}

#[tokio::test]
async fn a_session_is_kept_as_it_was_planned_and_its_card_is_owed() {
    let stage = Stage::set().await;
    let session = stage.created().await;
    assert_eq!(session.plan, plan());
    assert_eq!(session.status, Status::Open);
    assert_eq!(stage.owed().await, [Owed::Card(session.id)]);
    let found = stage.store.query(FindSession(session.id)).await.unwrap();
    assert_eq!(found, Some(session));
}

#[tokio::test]
async fn one_wish_makes_one_session_however_often_it_is_delivered_or_pressed() {
    let stage = Stage::set().await;
    let interaction = InteractionId(99 << 22);
    for _ in 0..2 {
        let made = stage.store.execute(interaction, create(plan())).await;
        made.unwrap().unwrap();
    }
    stage.created().await;
    assert_eq!(stage.listed(7).await.len(), 1);
    let later = CreateSession {
        extras: Extras::default(),
        at: now() + TimeDelta::minutes(2),
        ..create(plan())
    };
    stage.send(later).await.unwrap();
    let retitled = Plan {
        title: "Another".into(),
        ..plan()
    };
    stage.send(create(retitled)).await.unwrap();
    assert_eq!(stage.listed(7).await.len(), 3);
}

#[tokio::test]
async fn the_twenty_sixth_session_of_one_person_is_refused() {
    let stage = Stage::set().await;
    for number in 0..25 {
        let title = number.to_string();
        stage.send(create(Plan { title, ..plan() })).await.unwrap();
    }
    let refused = stage.send(create(plan())).await;
    assert_eq!(refused, Err(SessionRefusal::TooManyOfYours));
    let elsewhere = CreateSession {
        extras: Extras::default(),
        guild: GuildId(9),
        ..create(plan())
    };
    assert!(stage.send(elsewhere).await.is_ok());
}

#[tokio::test]
async fn a_distance_is_judged_by_the_organisers_primary_account() {
    let stage = Stage::set().await;
    let mut near = plan();
    near.limits.distance = Some(5);
    let refused = stage.send(create(near.clone())).await;
    assert!(
        matches!(refused, Err(SessionRefusal::OrganiserUndeclared(ladders)) if ladders.len() == 3)
    );
    for statement in [
        "INSERT INTO users (discord_id, username, created_at) VALUES (1, 'Mira', 0)",
        "INSERT INTO user_accounts (id, discord_id, account_name, account_key, is_primary, created_at)
         VALUES (1, 1, 'Mira#1234', 'mira#1234', 1, 0)",
        "INSERT INTO account_ranks (account_id, ladder, tier, division, declared_at) VALUES
         (1, 'tank', 'gold', 1, 0), (1, 'damage', 'gold', 1, 0), (1, 'support', 'gold', 1, 0)",
    ] {
        stage.send(Run(statement)).await.unwrap();
    }
    assert!(stage.send(create(near)).await.is_ok());
}

#[tokio::test]
async fn moving_tells_everybody_in_the_queue_but_who_moved_it_and_who_was_turned_down() {
    let stage = Stage::set().await;
    stage.created().await;
    stage.queue().await;
    let change = Change {
        at: Some(now() + TimeDelta::days(6)),
        length_minutes: Some(90),
        ..Change::default()
    };
    let edited = stage.send(edit(actor(ORGANISER, 7), change)).await.unwrap();
    assert_eq!((edited.told, edited.before), (2, plan()));
    let moved = stage.told(|notice| matches!(notice, Notice::Moved { .. }));
    assert_eq!(moved.await, [10, 11]);
    let found = stage.store.query(FindSession(SessionId(1))).await.unwrap();
    assert_eq!(found, Some(edited.session));
}

#[tokio::test]
async fn an_edit_that_does_not_move_tells_nobody_and_one_that_changes_nothing_owes_nothing() {
    let stage = Stage::set().await;
    stage.created().await;
    stage.queue().await;
    stage.send(Run("DELETE FROM outbox")).await.unwrap();
    let same = edit(actor(ORGANISER, 7), Change::default());
    stage.send(same).await.unwrap();
    assert_eq!(stage.owed().await, []);
    let longer = Change {
        length_minutes: Some(90),
        ..Change::default()
    };
    stage.send(edit(actor(ORGANISER, 7), longer)).await.unwrap();
    assert_eq!(stage.owed().await, [Owed::Card(SessionId(1))]);
}

#[tokio::test]
async fn the_mode_cannot_change_while_players_are_accepted() {
    let stage = Stage::set().await;
    stage.created().await;
    stage.queue().await;
    let scrim = Change {
        mode: Mode::parse("6v6"),
        ..Change::default()
    };
    let refused = stage.send(edit(actor(ORGANISER, 7), scrim)).await;
    assert_eq!(refused, Err(SessionRefusal::PlayersAccepted));
}

#[tokio::test]
async fn cancelling_tells_why_once() {
    let stage = Stage::set().await;
    stage.created().await;
    stage.queue().await;
    let cancelled = stage.send(cancel(actor(MODERATOR, 7))).await.unwrap();
    assert_eq!(cancelled.told, 3);
    assert_eq!(cancelled.session.cancel_reason.as_deref(), Some("Ill"));
    let because = |notice: &Notice| matches!(notice, Notice::Cancelled { reason: Some(reason), .. } if reason == "Ill");
    assert_eq!(stage.told(because).await, [10, 11, ORGANISER]);
    let refused = stage.send(cancel(actor(ORGANISER, 7))).await;
    assert_eq!(refused, Err(SessionRefusal::Not(Status::Cancelled)));
    assert_eq!(stage.listed(7).await, []);
}

#[tokio::test]
async fn strangers_and_other_servers_change_nothing() {
    let stage = Stage::set().await;
    stage.created().await;
    let set_open = |actor| SetOpen {
        session: SessionId(1),
        actor,
        open: false,
        at: now(),
    };
    for (actor, refusal) in [
        (actor(3, 7), SessionRefusal::NotYours),
        (actor(ORGANISER, 9), SessionRefusal::Unknown),
        (actor(MODERATOR, 9), SessionRefusal::Unknown),
    ] {
        let edited = stage.send(edit(actor, Change::default())).await;
        assert_eq!(edited.map(|_| ()), Err(refusal.clone()));
        let cancelled = stage.send(cancel(actor)).await;
        assert_eq!(cancelled.map(|_| ()), Err(refusal.clone()));
        let closed = stage.send(set_open(actor)).await;
        assert_eq!(closed.map(|_| ()), Err(refusal));
    }
}

#[tokio::test]
async fn a_queue_closes_and_opens_again() {
    let stage = Stage::set().await;
    stage.created().await;
    for (open, already, status) in [
        (true, true, Status::Open),
        (false, false, Status::Closed),
        (true, false, Status::Open),
    ] {
        let set = SetOpen {
            session: SessionId(1),
            actor: actor(ORGANISER, 7),
            open,
            at: now(),
        };
        let set = stage.send(set).await.unwrap();
        assert_eq!((set.already, set.session.status), (already, status));
    }
}

#[tokio::test]
async fn a_list_counts_who_is_in_and_who_waits_and_is_of_one_server() {
    let stage = Stage::set().await;
    stage.created().await;
    stage.queue().await;
    let sooner = Plan {
        at: now() + TimeDelta::days(1),
        ..plan()
    };
    stage.send(create(sooner)).await.unwrap();
    let listed = stage.listed(7).await;
    let counts: Vec<_> = listed
        .iter()
        .map(|listed| (listed.session.id.0, listed.accepted, listed.waiting))
        .collect();
    assert_eq!(counts, [(2, 0, 0), (1, 1, 2)]);
    assert_eq!(stage.listed(9).await, []);
}
