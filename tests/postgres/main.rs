//! The engine for PostgreSQL on a real server, and what may stand between the two: PgBouncer, a
//! network that breaks, a server that is away.

mod bouncer;
mod command_line;
mod outage;
#[expect(dead_code, reason = "the stories use the rest")]
mod proxy;
#[expect(dead_code, reason = "the stories use the rest")]
#[path = "../support/postgres.rs"]
mod server;
mod tls;

use chrono::{DateTime, Utc};
use overwatch_bot::domain::battletag::BattleTag;
use overwatch_bot::domain::ids::{InteractionId, UserId};
use overwatch_bot::domain::profile::Person;
use overwatch_bot::store::account::AddAccount;
use overwatch_bot::store::postgres::{Address, Database, Parts};
use overwatch_bot::store::{Failure, Store};

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).expect("a time")
}

fn address(url: &str) -> Address {
    Address::of_url(url, &Parts::default()).expect("an address")
}

async fn open(url: &str) -> Database {
    let database = Database::open(&address(url), now()).await;
    database.expect("a database")
}

/// Somebody adds an account by this click. Done twice it would be refused.
async fn add(store: &Store, user: i64, click: i64) -> Result<bool, Failure> {
    let add = AddAccount {
        person: Person {
            id: UserId(user),
            name: format!("Person {user}"),
        },
        battletag: BattleTag::parse("Ana#1234").expect("a BattleTag"),
        ranks: Vec::new(),
        at: now(),
    };
    let added = store.execute(InteractionId(click << 22), add).await?;
    Ok(added.is_ok())
}
