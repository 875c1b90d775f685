mod game;
mod place;
mod sequences;
mod teams;

use chrono::TimeDelta;
use chrono_tz::Tz;

use super::*;
use crate::domain::account::AccountRefusal;
use crate::domain::admission::Admission;
use crate::domain::battletag::BattleTag;
use crate::domain::extras::Extras;
use crate::domain::ids::{ChannelId, GuildId, InteractionId};
use crate::domain::ladder::Ladder;
use crate::domain::log::{Beyond, Record};
use crate::domain::manage::ManageRefusal;
use crate::domain::mode::Mode;
use crate::domain::queue::NewcomerRefusal;
use crate::domain::queue::fixtures::start;
use crate::domain::queue::form::{Offered, Shown};
use crate::domain::rank::{Rank, Tier};
use crate::domain::role::Roles;
use crate::domain::session::{Change, Plan, RankLimits, Status, scale};
use crate::store::account::{AddAccount, EditAccount};
use crate::store::clock::{AdvanceClock, Remind};
use crate::store::log::ViewLog;
use crate::store::outbox::{DueNow, Notice, Owed};
use crate::store::session::{CancelSession, CreateSession, EditSession, SetOpen};
use crate::store::sqlite::Database;
use crate::store::tests::Rows;
use crate::store::{Command, Store};
use Role::{Damage, Support, Tank};

const GUILD: GuildId = GuildId(10);
const ORGANISER: UserId = UserId(1);

/// A database with a session in it.
struct World {
    store: Store,
    session: SessionId,
    clicks: i64,
    folder: tempfile::TempDir,
    database: Option<Database>,
}

impl World {
    async fn new(mode: &str) -> Self {
        Self::limited(mode, RankLimits::default()).await
    }

    async fn limited(mode: &str, limits: RankLimits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let database = Database::open(&path, folder.path(), start()).await.unwrap();
        let mut world = Self {
            store: database.store(),
            session: SessionId(0),
            clicks: 0,
            folder,
            database: Some(database),
        };
        let plan = Plan {
            mode: Mode::parse(mode).unwrap(),
            teams: 1,
            at: start() + TimeDelta::days(1),
            zone: Tz::Europe__Berlin,
            length_minutes: 60,
            title: "Scrim".into(),
            description: String::new(),
            limits,
            admission: Admission::Organiser,
            check_in_minutes: 0,
        };
        let create = CreateSession {
            extras: Extras::default(),
            person: person(1),
            guild: GUILD,
            channel: ChannelId(20),
            plan,
            at: start(),
        };
        world.session = world.execute(create).await.unwrap().session.id;
        world
    }

    /// Closes the database and opens it again.
    async fn restart(&mut self) {
        if let Some(database) = self.database.take() {
            database.close().await;
        }
        let (folder, path) = (self.folder.path(), self.folder.path().join("test.db"));
        let database = Database::open(&path, folder, start()).await.unwrap();
        self.store = database.store();
        self.database = Some(database);
    }

    async fn execute<C: Command>(&mut self, command: C) -> Result<C::Answer, C::Refusal> {
        self.clicks += 1;
        self.execute_as(self.clicks, command).await
    }

    async fn execute_as<C: Command>(
        &self,
        click: i64,
        command: C,
    ) -> Result<C::Answer, C::Refusal> {
        let click = InteractionId(click);
        self.store.execute(click, command).await.unwrap()
    }

    async fn account(&mut self, user: i64, ranks: &[(Ladder, &str)]) -> AccountId {
        let rank =
            |(ladder, rank): &(Ladder, &str)| (*ladder, Rank::parse(ladder.scale(), rank).unwrap());
        let add = AddAccount {
            person: person(user),
            battletag: tag(user, self.clicks),
            ranks: ranks.iter().map(rank).collect(),
            at: start(),
        };
        self.execute(add).await.unwrap().id
    }

    /// Has the session played by two teams.
    async fn two_teams(&mut self) {
        let edit = EditSession {
            session: self.session,
            actor: actor(1),
            change: Change {
                teams: Some(2),
                ..Change::default()
            },
            extras: Extras::default(),
            at: start(),
        };
        self.execute(edit).await.unwrap();
    }

    fn join(&self, user: i64, roles: &[Role]) -> JoinQueue {
        JoinQueue {
            session: self.session,
            actor: actor(user),
            nick: None,
            person: person(user),
            offered: Offered {
                roles: roles.iter().copied().collect(),
                ..Offered::default()
            },
            shown: None,
            at: start(),
        }
    }

    fn accept(&self, user: i64, role: Role, account: AccountId) -> AcceptPlayer {
        AcceptPlayer {
            session: self.session,
            actor: actor(1),
            player: UserId(user),
            role,
            account,
            at: start(),
        }
    }

    fn reject(&self, user: i64) -> RejectPlayer {
        RejectPlayer {
            session: self.session,
            actor: actor(1),
            player: UserId(user),
            reason: String::new(),
            at: start(),
        }
    }

    fn take_back(&self, user: i64) -> TakeBack {
        TakeBack {
            session: self.session,
            actor: actor(1),
            player: UserId(user),
            at: start(),
        }
    }

    fn swap(&self, one: i64, other: i64) -> SwapPlayers {
        SwapPlayers {
            session: self.session,
            actor: actor(1),
            one: UserId(one),
            other: UserId(other),
            at: start(),
        }
    }

    fn leave(&self, user: i64) -> LeaveQueue {
        let (session, actor) = (self.session, actor(user));
        let at = start();
        LeaveQueue { session, actor, at }
    }

    fn stream(&self, user: i64) -> ToggleStreaming {
        let (session, actor) = (self.session, actor(user));
        let at = start();
        ToggleStreaming { session, actor, at }
    }

    async fn view(&self) -> SessionView {
        let view = self.store.query(ViewSession(self.session)).await.unwrap();
        view.unwrap()
    }

    /// Somebody with an account who has joined.
    async fn joined(&mut self, user: i64, roles: &[Role]) -> AccountId {
        let account = self.account(user, &[]).await;
        self.execute(self.join(user, roles)).await.unwrap();
        account
    }

    /// What was done, the latest first.
    async fn log(&self) -> Vec<Record> {
        let view = ViewLog {
            session: self.session,
            per_page: 99,
            page: 0,
        };
        self.store.query(view).await.unwrap().records
    }

    /// What people are owed.
    async fn notices(&self) -> Vec<(UserId, Notice)> {
        let due = DueNow {
            now: start() + TimeDelta::days(9),
            max: 99,
        };
        let due = self.store.query(due).await.unwrap();
        due.into_iter()
            .filter_map(|due| match due.owed {
                Owed::Message { to, notice } => Some((to, notice)),
                _ => None,
            })
            .collect()
    }

    /// How often the card became owed, without being delivered.
    /// The clock looks for reminders when the first of them is due, or before.
    async fn looks_at_reminders_in_time(&self) {
        let text = "SELECT s.remind_at, min(s.scheduled_time - u.reminder_minutes * 60) AS due
                    FROM sessions s
                    JOIN session_queue q ON q.session_id = s.id AND q.rejected_by IS NULL
                    JOIN users u ON u.discord_id = q.user_id
                    LEFT JOIN reminders r ON r.session_id = s.id AND r.user_id = q.user_id
                        AND r.scheduled_time = s.scheduled_time
                    WHERE s.status IN ('OPEN', 'CLOSED') AND r.session_id IS NULL
                        AND s.scheduled_time - u.reminder_minutes * 60 > q.joined_at
                    GROUP BY s.id, s.remind_at";
        for row in self.store.query(Rows { text }).await.unwrap() {
            let looks: Option<i64> = row.get("remind_at").unwrap();
            let due: i64 = row.get("due").unwrap();
            assert!(
                looks.is_some_and(|at| at <= due),
                "{looks:?} is after {due}"
            );
        }
    }

    async fn card_generation(&self) -> i64 {
        let now = start() + TimeDelta::days(9);
        let due = self.store.query(DueNow { now, max: 99 }).await.unwrap();
        let card = due.iter().find(|due| due.owed == Owed::Card(self.session));
        card.map_or(0, |due| due.generation)
    }
}

fn person(user: i64) -> Person {
    Person {
        id: UserId(user),
        name: format!("Person {user}"),
    }
}

fn actor(user: i64) -> Actor {
    Actor {
        user: UserId(user),
        guild: GUILD,
        manages_events: false,
        administrator: false,
    }
}

fn tag(user: i64, number: i64) -> BattleTag {
    BattleTag::parse(&format!("Player{user}#{}", 1_000 + number)).unwrap()
}

fn up_to_platinum() -> RankLimits {
    let mode = Mode::parse("5v5").unwrap();
    RankLimits {
        highest: Tier::parse(scale(mode), "platinum"),
        ..RankLimits::default()
    }
}

#[tokio::test]
async fn joining_twice_changes_what_is_offered_and_keeps_the_place_in_line() {
    let mut world = World::new("5v5").await;
    world.joined(2, &[Tank]).await;
    world.joined(3, &[Tank]).await;
    let mut again = world.join(2, &[Support]);
    again.offered.note = "late".into();
    again.at = start() + TimeDelta::hours(1);
    assert!(world.execute(again).await.unwrap().again);
    let queue = world.view().await.queue;
    let users: Vec<_> = queue
        .entries
        .iter()
        .map(|entry| entry.person.id.0)
        .collect();
    assert_eq!(users, [2, 3]);
    assert_eq!(queue.entries[0].roles, Roles::from_iter([Support]));
    assert_eq!(queue.entries[0].note, "late");
}

#[tokio::test]
async fn the_same_click_delivered_twice_joins_streams_and_leaves_once() {
    let mut world = World::new("5v5").await;
    world.account(2, &[]).await;
    let join = world.join(2, &[Tank]);
    let first = world.execute_as(900, join.clone()).await.unwrap();
    assert_eq!(world.execute_as(900, join).await.unwrap(), first);
    let (stream, leave) = (world.stream(2), world.leave(2));
    for _ in 0..2 {
        let now = world.execute_as(901, stream.clone()).await.unwrap();
        assert!(now.streaming, "a second delivery does not take it back");
    }
    for _ in 0..2 {
        assert!(world.execute_as(902, leave.clone()).await.is_ok());
    }
    assert_eq!(world.execute(leave).await, Err(QueueRefusal::NotIn));
}

#[tokio::test]
async fn a_session_of_another_server_is_not_there() {
    let mut world = World::new("5v5").await;
    world.joined(2, &[Tank]).await;
    let unknown = QueueRefusal::Session(SessionRefusal::Unknown);
    let (mut join, mut leave) = (world.join(2, &[Tank]), world.leave(2));
    join.actor.guild = GuildId(99);
    leave.actor.guild = GuildId(99);
    assert_eq!(world.execute(join).await, Err(unknown.clone()));
    assert_eq!(world.execute(leave).await, Err(unknown));
    let mut reject = world.reject(2);
    reject.actor.guild = GuildId(99);
    reject.actor.manages_events = true;
    let unknown = ManageRefusal::Session(SessionRefusal::Unknown);
    assert_eq!(world.execute(reject).await, Err(unknown));
}

#[tokio::test]
async fn nobody_offers_the_account_of_somebody_else() {
    let mut world = World::new("5v5").await;
    world.account(2, &[]).await;
    let others = world.account(3, &[]).await;
    let mut join = world.join(2, &[Tank]);
    join.offered.accounts = vec![others];
    assert_eq!(world.execute(join).await, Err(QueueRefusal::NoAccount));
}

#[tokio::test]
async fn a_newcomer_gets_profile_account_and_place_at_once_or_nothing() {
    let mut world = World::limited("5v5", up_to_platinum()).await;
    let diamond = Rank::parse(Ladder::Tank.scale(), "d3").unwrap();
    let mut join = JoinAsNewcomer {
        session: world.session,
        actor: actor(2),
        nick: None,
        person: person(2),
        battletag: tag(2, 0),
        ranks: vec![(Ladder::Tank, diamond)],
        roles: Roles::from_iter([Tank]),
        zone: Some(Tz::Asia__Tokyo),
        note: "hi".into(),
        at: start(),
    };
    let refused = world.execute(join.clone()).await;
    assert!(
        matches!(refused, Err(NewcomerRefusal::Queue(QueueRefusal::Rank(_)))),
        "{refused:?}"
    );
    let desk = PrepareJoin {
        session: world.session,
        user: UserId(2),
    };
    let nothing = world.store.query(desk).await.unwrap().unwrap();
    assert!(nothing.profile.is_none() && nothing.accounts.is_empty());

    join.ranks = vec![(
        Ladder::Tank,
        Rank::parse(Ladder::Tank.scale(), "p3").unwrap(),
    )];
    assert!(!world.execute(join.clone()).await.unwrap().again);
    // The form sent once more, from another window.
    assert!(world.execute(join).await.unwrap().again);
    let desk = PrepareJoin {
        session: world.session,
        user: UserId(2),
    };
    let desk = world.store.query(desk).await.unwrap().unwrap();
    let profile = desk.profile.unwrap();
    assert_eq!(profile.zone, Some(Tz::Asia__Tokyo));
    assert_eq!(profile.roles, Roles::from_iter([Tank]));
    assert_eq!(desk.accounts.len(), 1);
    let entry = desk.entry.unwrap();
    assert_eq!((entry.note.as_str(), entry.accounts.len()), ("hi", 1));
}

#[tokio::test]
async fn a_newcomer_with_ten_accounts_is_no_newcomer() {
    let mut world = World::new("5v5").await;
    for _ in 0..10 {
        world.account(2, &[]).await;
    }
    let join = JoinAsNewcomer {
        session: world.session,
        actor: actor(2),
        nick: None,
        person: person(2),
        battletag: tag(2, 500),
        ranks: Vec::new(),
        roles: Roles::EMPTY,
        zone: None,
        note: String::new(),
        at: start(),
    };
    let refused = world.execute(join).await;
    assert_eq!(
        refused,
        Err(NewcomerRefusal::Account(AccountRefusal::TooMany))
    );
}

#[tokio::test]
async fn whatever_changes_the_card_owes_it_and_what_is_refused_does_not() {
    let mut world = World::new("5v5").await;
    let mut owed = world.card_generation().await;
    let account = world.joined(2, &[Tank]).await;
    macro_rules! owes {
        ($command:expr, $times:expr) => {
            let _ = world.execute($command).await;
            let now = world.card_generation().await;
            assert_eq!(now - owed, $times, stringify!($command));
            owed = now;
        };
    }
    owes!(world.stream(2), 2);
    owes!(world.accept(2, Tank, account), 1);
    owes!(world.accept(2, Tank, account), 0);
    owes!(world.take_back(2), 1);
    owes!(world.take_back(2), 0);
    owes!(world.reject(2), 1);
    owes!(world.leave(2), 0);
    owes!(world.take_back(2), 1);
    owes!(world.leave(2), 1);
    owes!(world.leave(2), 0);
    assert!(owed > 0);
}

#[tokio::test]
async fn one_leaves_a_session_that_has_started_but_not_one_that_is_over() {
    let mut world = World::new("5v5").await;
    world.joined(2, &[Tank]).await;
    world.joined(3, &[Tank]).await;
    let at = |minutes| AdvanceClock {
        now: start() + TimeDelta::days(1) + TimeDelta::minutes(minutes),
    };
    let Ok(_) = world.store.execute_job(at(1)).await.unwrap();
    assert_eq!(world.view().await.session.status, Status::Started);
    assert!(world.execute(world.leave(2)).await.is_ok());
    let Ok(_) = world.store.execute_job(at(61)).await.unwrap();
    let over = QueueRefusal::Session(SessionRefusal::Not(Status::Completed));
    assert_eq!(world.execute(world.leave(3)).await, Err(over.clone()));
    assert_eq!(world.execute(world.stream(3)).await, Err(over.clone()));
    assert_eq!(world.execute(world.join(2, &[Tank])).await, Err(over));
}

#[tokio::test]
async fn a_card_is_refreshed_for_whoever_asks_on_its_server() {
    let mut world = World::new("5v5").await;
    let before = world.card_generation().await;
    let refresh = RefreshCard {
        session: world.session,
        actor: actor(5),
        at: start(),
    };
    let refreshed = world.execute(refresh.clone()).await.unwrap();
    assert_eq!(refreshed.status, Status::Open);
    assert_eq!(world.card_generation().await, before + 1);
    let mut elsewhere = refresh;
    elsewhere.actor.guild = GuildId(99);
    assert!(world.execute(elsewhere).await.is_err());
}
