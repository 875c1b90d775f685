//! Commands that are answered one after the other, with a checkpoint between them and at the end.

use std::path::Path;

use chrono::TimeDelta;
use chrono_tz::Tz;
use overwatch_bot::domain::admission::Admission;
use overwatch_bot::domain::battletag::BattleTag;
use overwatch_bot::domain::extras::Extras;
use overwatch_bot::domain::ids::{ChannelId, GuildId, InteractionId, SessionId, UserId};
use overwatch_bot::domain::mode::Mode;
use overwatch_bot::domain::profile::Person;
use overwatch_bot::domain::queue::form::Offered;
use overwatch_bot::domain::role::{Role, Roles};
use overwatch_bot::domain::session::{Actor, Plan, RankLimits};
use overwatch_bot::store::account::AddAccount;
use overwatch_bot::store::queue::{JoinQueue, LeaveQueue};
use overwatch_bot::store::session::{CancelSession, CreateSession};
use overwatch_bot::store::sqlite::Database;
use overwatch_bot::store::{Command, Store};
use serde_json::Value as Json;

use super::disk::{Disk, Fault, FaultKind, Keep};
use super::state::{State, same, sound, start};
use super::{Scenario, backups, block_on, database, folder, now};
use crate::faults::fail_at_every_operation;
use crate::stops::stop_before_every_operation;

/// Commands that are given.
pub(crate) const COMMANDS: usize = 8;
/// After so many of them the log is written into the file, beside the writer.
const CHECKPOINT_AFTER: usize = 4;
/// How often a command is given that fails.
const TRIES: usize = 3;
const GUILD: GuildId = GuildId(10);
const SESSION: SessionId = SessionId(1);

/// Gives a command by its number, under the same interaction every time. Returns its answer.
pub(crate) async fn give(store: &Store, number: usize) -> Result<Json, String> {
    match number {
        0 => run(store, number, create()).await,
        1 => run(store, number, add_account(2)).await,
        2 => run(store, number, join(2)).await,
        3 => run(store, number, add_account(3)).await,
        4 => run(store, number, join(3)).await,
        5 => {
            let (session, actor, at) = (SESSION, actor(2), now());
            run(store, number, LeaveQueue { session, actor, at }).await
        }
        6 => run(store, number, join(2)).await,
        7 => {
            let cancel = CancelSession {
                session: SESSION,
                actor: actor(1),
                reason: Some("Ill".into()),
                at: now(),
            };
            run(store, number, cancel).await
        }
        number => unreachable!("there is no command {number}"),
    }
}

async fn run<C: Command>(store: &Store, number: usize, command: C) -> Result<Json, String> {
    let interaction = InteractionId(i64::try_from(number + 1).unwrap() << 22);
    let done = store.execute(interaction, command).await;
    let answer = done.map_err(|error| format!("command {number}: {error}"))?;
    match answer {
        Ok(answer) => Ok(serde_json::to_value(answer).unwrap()),
        Err(_) => Err(format!("command {number} was refused")),
    }
}

fn create() -> CreateSession {
    CreateSession {
        extras: Extras::default(),
        person: person(1),
        guild: GUILD,
        channel: ChannelId(20),
        plan: Plan {
            mode: Mode::parse("5v5").unwrap(),
            teams: 1,
            at: now() + TimeDelta::days(1),
            zone: Tz::Europe__Berlin,
            length_minutes: 60,
            title: "Scrim".into(),
            description: String::new(),
            limits: RankLimits::default(),
            admission: Admission::Organiser,
            check_in_minutes: 0,
        },
        at: now(),
    }
}

fn add_account(user: i64) -> AddAccount {
    AddAccount {
        person: person(user),
        battletag: BattleTag::parse(&format!("Player#{}", 1_000 + user)).unwrap(),
        ranks: vec![],
        at: now(),
    }
}

fn join(user: i64) -> JoinQueue {
    JoinQueue {
        session: SESSION,
        actor: actor(user),
        nick: None,
        person: person(user),
        offered: Offered {
            roles: Roles::from_iter([Role::Tank]),
            ..Offered::default()
        },
        shown: None,
        at: now(),
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

/// Makes a database in `folder` in which so many commands were answered.
pub(crate) fn fill(folder: &Path, commands: usize) {
    block_on(async {
        let database = open(folder).await.unwrap();
        for number in 0..commands {
            give(&database.store(), number).await.unwrap();
        }
        database.close().await;
    });
}

pub(crate) async fn open(folder: &Path) -> Result<Database, String> {
    let database = Database::open(&database(folder), &backups(folder), now()).await;
    database.map_err(|error| format!("it does not start: {error}"))
}

struct Commands {
    /// What is in the database after each number of commands.
    states: Vec<State>,
    answers: Vec<Json>,
}

impl Commands {
    fn new() -> Self {
        let place = folder();
        let mut states = vec![start(place.path()).unwrap()];
        let answers = block_on(async {
            let database = open(place.path()).await.unwrap();
            let mut answers = Vec::new();
            for number in 0..COMMANDS {
                answers.push(give(&database.store(), number).await.unwrap());
                states.push(State::read(&super::database(place.path())).unwrap());
            }
            database.close().await;
            answers
        });
        Self { states, answers }
    }
}

impl Scenario for Commands {
    fn prepare(&self, folder: &Path) {
        fill(folder, 0);
    }

    fn run(&self, folder: &Path, acknowledge: &mut dyn FnMut()) -> Result<(), String> {
        block_on(async {
            let database = open(folder).await?;
            let mut failure = Ok(());
            for number in 0..COMMANDS {
                let mut tries = 0;
                let given = loop {
                    tries += 1;
                    let given = give(&database.store(), number).await;
                    if given.is_ok() || tries == TRIES {
                        break given;
                    }
                };
                if let Err(error) = given {
                    failure = Err(error);
                    break;
                }
                acknowledge();
                if number == CHECKPOINT_AFTER {
                    checkpoint(folder);
                }
            }
            database.close().await;
            failure
        })
    }

    fn check(&self, folder: &Path, acknowledged: usize) -> Result<(), String> {
        block_on(async {
            let database = open(folder).await?;
            let path = super::database(folder);
            let before = State::read(&path)?;
            let mut possible = self.states.iter().skip(acknowledged).take(2);
            if !possible.any(|state| *state == before) {
                let expected = &self.states[acknowledged];
                return Err(format!(
                    "neither {acknowledged} nor one more commands are there: {}",
                    before.difference(expected)
                ));
            }
            // Each acknowledged one has its receipt, and delivering it again changes nothing.
            for number in 0..acknowledged {
                let answer = give(&database.store(), number).await?;
                if answer != self.answers[number] {
                    return Err(format!("command {number} has another answer now"));
                }
            }
            same("what was delivered again", &State::read(&path)?, &before)?;
            for number in acknowledged..COMMANDS {
                give(&database.store(), number).await?;
            }
            database.close().await;
            sound(&path)?;
            same(
                "all in the end",
                &State::read(&path)?,
                &self.states[COMMANDS],
            )
        })
    }
}

/// Writes the log into the file, as before a backup.
fn checkpoint(folder: &Path) {
    let db = rusqlite::Connection::open(database(folder));
    // Should the disk fail, the log stays.
    let _ = db.and_then(|db| db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())));
}

#[test]
fn acknowledged_commands_survive_a_stop_before_any_operation() {
    stop_before_every_operation("commands and checkpoints", &Commands::new());
}

#[test]
fn acknowledged_commands_survive_a_fault_at_any_operation() {
    fail_at_every_operation("commands and checkpoints", &Commands::new());
}

/// Answers all commands in `folder`, each given once, on a disk with `fault` operations after the start.
/// Returns how many operations that took.
fn give_all_once(folder: &Path, disk: &Disk, fault: Option<usize>) -> Result<usize, String> {
    block_on(async {
        let database = open(folder).await?;
        let begun = disk.operations();
        if let Some(after) = fault {
            disk.plan(Fault {
                from: begun + after,
                count: Some(1),
                kind: FaultKind::NoSpace,
            });
        }
        for number in 0..COMMANDS {
            give(&database.store(), number).await?;
        }
        let done = disk.operations() - begun;
        database.close().await;
        Ok(done)
    })
}

#[test]
fn one_operation_without_room_is_noticed_by_nobody_who_gives_commands() {
    let begin = folder();
    fill(begin.path(), 0);
    let begun = Disk::attach(begin.path()).unwrap();
    let (image, _) = begun.image(0, Keep::All);
    drop(begun);
    let run = |fault| {
        let place = folder();
        image.write_to(place.path()).unwrap();
        let disk = Disk::attach(place.path()).unwrap();
        let done = give_all_once(place.path(), &disk, fault);
        crate::wait_until_closed(place.path());
        done.and_then(|done| sound(&database(place.path())).map(|()| done))
    };
    let operations = run(None).unwrap();
    for after in 0..operations {
        run(Some(after)).unwrap_or_else(|error| panic!("operation {after}: {error}"));
    }
}
