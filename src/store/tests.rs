//! What tests of one feature begin with: a database with people and sessions in it.
//!
//! May touch: everything of the store. Invariant: sessions are made by plain statements, so that
//! a feature's tests stand without the commands of the others.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use tempfile::TempDir;

use super::account::AddAccount;
use super::sql::{Row, Sql, Value, values};
use super::sqlite::Database;
use super::{Command, DbError, Question, Read, Stop, Store, Transaction};
use crate::domain::battletag::BattleTag;
use crate::domain::ids::{AccountId, InteractionId, SessionId, UserId};
use crate::domain::ladder::Ladder;
use crate::domain::profile::Person;
use crate::domain::rank::Rank;

/// Any statement as a job of its own.
#[derive(Debug)]
pub(crate) struct Run(pub(crate) &'static str);

impl Command for Run {
    const NAME: &'static str = "test_run";
    type Answer = ();
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<(), Stop<Self::Refusal>> {
        tx.execute(Sql::new("test", self.0), &[])?;
        Ok(())
    }
}

pub(super) struct Scene {
    database: Database,
    clicks: AtomicI64,
    _folder: TempDir,
}

/// When scenes play.
pub(super) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).expect("a time")
}

pub(super) fn person(user: i64) -> Person {
    Person {
        id: UserId(user),
        name: format!("Person {user}"),
    }
}

pub(super) fn tag(text: &str) -> BattleTag {
    BattleTag::parse(text).expect("a BattleTag")
}

pub(super) fn rank(ladder: Ladder, text: &str) -> (Ladder, Option<Rank>) {
    (ladder, Rank::parse(ladder.scale(), text).expect("a rank"))
}

impl Scene {
    pub(super) async fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("overwatch.db");
        let database = Database::open(&file, folder.path(), now()).await;
        Self {
            database: database.expect("a database"),
            clicks: AtomicI64::new(1),
            _folder: folder,
        }
    }

    /// Runs a command as a click of its own.
    pub(super) async fn run<C: Command>(&self, command: C) -> Result<C::Answer, C::Refusal> {
        let click = self.clicks.fetch_add(1, Ordering::Relaxed);
        self.click(click, command).await
    }

    /// Runs a command as this very click.
    pub(super) async fn click<C: Command>(
        &self,
        click: i64,
        command: C,
    ) -> Result<C::Answer, C::Refusal> {
        let store = self.database.store();
        let done = store.execute(InteractionId(click << 22), command).await;
        done.expect("no fault")
    }

    pub(super) fn store(&self) -> Store {
        self.database.store()
    }

    pub(super) async fn ask<Q: Question>(&self, question: Q) -> Q::Answer {
        let answer = self.database.store().query(question).await;
        answer.expect("no fault")
    }

    /// Adds an account to a person, who need not be known.
    pub(super) async fn account(&self, user: i64, battletag: &str) -> AccountId {
        let add = AddAccount {
            person: person(user),
            battletag: tag(battletag),
            ranks: vec![rank(Ladder::Tank, "d3")],
            at: now(),
        };
        self.run(add).await.expect("an account").id
    }

    /// A session of somebody known that starts in an hour, and has a card.
    pub(super) async fn session(&self, organiser: i64, status: &'static str) -> SessionId {
        let start = now() + TimeDelta::hours(1);
        let text = "INSERT INTO sessions (creator_id, guild_id, channel_id, message_id, game_mode, title, \
                    scheduled_time, length_minutes, timezone, status, created_at) \
                    VALUES ($1, 1, 2, 3, '5v5', 'Friday', $2, 60, 'UTC', $3, 0) RETURNING id";
        SessionId(self.write(text, values![organiser, start, status]).await)
    }

    /// Somebody known waits in a session with these accounts.
    pub(super) async fn waits(&self, session: SessionId, user: i64, accounts: &[AccountId]) {
        let text = "INSERT INTO session_queue (session_id, user_id, preferred_roles, note, joined_at) \
                    VALUES ($1, $2, '[\"tank\"]', 'a note', 0) RETURNING id";
        let entry = self.write(text, values![session, user]).await;
        for account in accounts {
            let text = "INSERT INTO session_queue_accounts (queue_id, account_id) VALUES ($1, $2) \
                        RETURNING queue_id AS id";
            self.write(text, values![entry, *account]).await;
        }
    }

    /// Somebody who waits is accepted as a tank.
    pub(super) async fn plays(&self, session: SessionId, user: i64, account: AccountId, by: i64) {
        let text = "INSERT INTO session_participants (session_id, user_id, account_id, role, selected_by, selected_at) \
                    VALUES ($1, $2, $3, 'tank', $4, 0) RETURNING id";
        self.write(text, values![session, user, account, by]).await;
    }

    /// Runs a statement that gives a row with an `id`.
    pub(super) async fn write(&self, text: &'static str, values: &[Value]) -> i64 {
        let values = values.to_vec();
        let Ok(id) = self.run(Write { text, values }).await;
        id
    }

    pub(super) async fn read(&self, text: impl Into<String>) -> Vec<Row> {
        let text = text.into().leak();
        self.ask(Rows { text }).await
    }

    /// The sessions whose cards are owed; they are then owed no more.
    pub(super) async fn owed_cards(&self) -> Vec<SessionId> {
        let rows = self
            .read("SELECT key FROM outbox WHERE kind = 'card' ORDER BY key")
            .await;
        self.write("DELETE FROM outbox WHERE kind = 'card' RETURNING id", &[])
            .await;
        let id = |row: &Row| row.word("key", |key| key.parse().ok()).map(SessionId);
        let ids: Result<_, DbError> = rows.iter().map(id).collect();
        ids.expect("numbers")
    }
}

#[derive(Debug)]
struct Write {
    text: &'static str,
    values: Vec<Value>,
}

impl Command for Write {
    const NAME: &'static str = "scene_write";
    type Answer = i64;
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<i64, Stop<Self::Refusal>> {
        let sql = Sql::new("scene", self.text);
        let row = tx.query(sql, &self.values)?.into_iter().next();
        Ok(row.map_or(Ok(0), |row| row.get("id"))?)
    }
}

/// The rows of any statement.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) text: &'static str,
}

impl Question for Rows {
    type Answer = Vec<Row>;

    fn ask(&self, db: &mut dyn Read) -> Result<Vec<Row>, DbError> {
        let sql = Sql::new("scene", self.text);
        db.query(sql, &[])
    }
}
