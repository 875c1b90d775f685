//! What people do: commands, as the bot's features give them to the store.
//!
//! May touch: the store's commands. Invariant: the same command comes under the same interaction however
//! often it is delivered.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde_json::Value as Json;

use super::discord::{CHANNELS, GUILD};
use super::disk::Chance;
use crate::domain::admission::Admission;
use crate::domain::battletag::BattleTag;
use crate::domain::extras::Extras;
use crate::domain::ids::{AccountId, ChannelId, GuildId, InteractionId, SessionId, UserId};
use crate::domain::mode::Mode;
use crate::domain::profile::Person;
use crate::domain::queue::form::Offered;
use crate::domain::role::{Role, Roles};
use crate::domain::session::{Actor, Change, Plan, RankLimits};
use crate::store::account::AddAccount;
use crate::store::queue::{
    AcceptPlayer, AnswerOffer, CheckIn, JoinQueue, LeaveQueue, OfferPlace, RejectPlayer, TakeBack,
};
use crate::store::session::{
    CancelSession, CreateSession, EditSession, MoveCard, SetOpen, StartNow, TakeSessionBack,
};
use crate::store::{Command, Failure, Store};

/// People, from the first organiser on.
pub(super) const PEOPLE: i64 = 12;
/// Of them, the first ones organise.
pub(super) const ORGANISERS: i64 = 2;
/// Discord's epoch, in Unix milliseconds.
const DISCORD_EPOCH_MS: i64 = 1_420_070_400_000;

/// What somebody hears.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Heard {
    Answer(Json),
    Refused,
    /// Nobody knows whether it was done.
    Failed(String),
}

type Hearing = Pin<Box<dyn Future<Output = Heard> + Send>>;

/// A command that can be delivered again.
#[derive(Clone)]
pub(super) struct Given {
    pub(super) interaction: InteractionId,
    pub(super) what: String,
    deliver: Arc<dyn Fn(Store) -> Hearing + Send + Sync>,
}

impl Given {
    fn new<C: Command + Clone>(interaction: InteractionId, command: C) -> Self {
        Self {
            interaction,
            what: format!("{command:?}"),
            deliver: Arc::new(move |store| {
                let command = command.clone();
                Box::pin(async move { hear(store.execute(interaction, command).await) })
            }),
        }
    }

    pub(super) fn deliver(&self, store: &Store) -> Hearing {
        (self.deliver)(store.clone())
    }
}

fn hear<A: serde::Serialize, R>(done: Result<Result<A, R>, Failure>) -> Heard {
    match done {
        Ok(Ok(answer)) => Heard::Answer(serde_json::to_value(answer).unwrap_or_default()),
        Ok(Err(_)) => Heard::Refused,
        Err(error) => Heard::Failed(error.to_string()),
    }
}

/// Those who give commands.
pub(super) struct People {
    chance: Chance,
    clicks: i64,
    /// Whose account is added under an interaction.
    adding: BTreeMap<InteractionId, i64>,
    /// The accounts that were made.
    pub(super) accounts: Vec<(i64, AccountId)>,
    /// The sessions that were made.
    pub(super) sessions: Vec<SessionId>,
}

impl People {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            chance: Chance::new(seed ^ 0x9E0),
            clicks: 0,
            adding: BTreeMap::new(),
            accounts: Vec::new(),
            sessions: Vec::new(),
        }
    }

    /// A command that somebody gives now: at `at` by the bot's clock, and `really` by Discord's.
    pub(super) fn act(&mut self, at: DateTime<Utc>, really: DateTime<Utc>) -> Given {
        let interaction = self.interaction(really);
        let (user, leader) = (self.anybody(), actor(self.leader()));
        let Some(session) = self.some_session() else {
            return Given::new(interaction, self.create(at));
        };
        let player = UserId(user);
        match self.chance.below(100) {
            0..=7 => Given::new(interaction, self.create(at)),
            8..=19 => {
                self.adding.insert(interaction, user);
                Given::new(interaction, add_account(user, self.clicks, at))
            }
            20..=44 => Given::new(interaction, self.join(session, user, at)),
            45..=51 => {
                let actor = actor(user);
                Given::new(interaction, LeaveQueue { session, actor, at })
            }
            52..=68 => match self.accept(session, leader, at) {
                Some(accept) => Given::new(interaction, accept),
                None => Given::new(interaction, self.join(session, user, at)),
            },
            69..=71 => {
                let reject = RejectPlayer {
                    session,
                    actor: leader,
                    player,
                    reason: "Not today".into(),
                    at,
                };
                Given::new(interaction, reject)
            }
            72..=74 => {
                let take_back = TakeBack {
                    session,
                    actor: leader,
                    player,
                    at,
                };
                Given::new(interaction, take_back)
            }
            75..=77 => {
                let actor = leader;
                Given::new(interaction, OfferPlace { session, actor, at })
            }
            78..=82 => {
                let take = self.chance.below(4) > 0;
                let answer = AnswerOffer {
                    session,
                    user: player,
                    take,
                    at,
                };
                Given::new(interaction, answer)
            }
            83..=86 => Given::new(
                interaction,
                CheckIn {
                    session,
                    user: player,
                    at,
                },
            ),
            87..=92 => self.change(interaction, session, leader, at),
            93 => {
                let actor = leader;
                Given::new(interaction, StartNow { session, actor, at })
            }
            94 | 95 => {
                let channel = ChannelId(CHANNELS[self.chance.below(CHANNELS.len())]);
                let actor = leader;
                let card = MoveCard {
                    session,
                    actor,
                    channel,
                    may_start_thread: true,
                    at,
                };
                Given::new(interaction, card)
            }
            96 | 97 => {
                let cancel = CancelSession {
                    session,
                    actor: leader,
                    reason: None,
                    at,
                };
                Given::new(interaction, cancel)
            }
            _ => {
                let actor = leader;
                Given::new(interaction, TakeSessionBack { session, actor, at })
            }
        }
    }

    /// Takes note of what an answer says.
    pub(super) fn note(&mut self, given: &Given, answer: &Json) {
        if given.what.starts_with("CreateSession") {
            self.sessions_made(answer["session"]["id"].as_i64().map(SessionId));
        }
        if given.what.starts_with("AddAccount")
            && let Some(user) = self.adding.get(&given.interaction)
            && let Some(id) = answer["id"].as_i64()
        {
            self.accounts.push((*user, AccountId(id)));
        }
    }

    /// A session was made.
    pub(super) fn sessions_made(&mut self, made: Option<SessionId>) {
        let new = made.filter(|made| !self.sessions.contains(made));
        self.sessions.extend(new);
    }

    /// The id of an interaction that is made at this moment.
    pub(super) fn interaction(&mut self, at: DateTime<Utc>) -> InteractionId {
        self.clicks += 1;
        let ms = at.timestamp_millis() - DISCORD_EPOCH_MS;
        InteractionId((ms << 22) | (self.clicks & 0x3F_FFFF))
    }

    /// A person.
    pub(super) fn anybody(&mut self) -> i64 {
        1 + self.below(PEOPLE)
    }

    /// An organiser.
    pub(super) fn leader(&mut self) -> i64 {
        1 + self.below(ORGANISERS)
    }

    fn below(&mut self, end: i64) -> i64 {
        let end = usize::try_from(end).unwrap_or(1);
        i64::try_from(self.chance.below(end)).unwrap_or(0)
    }

    /// One of the newest sessions.
    pub(super) fn some_session(&mut self) -> Option<SessionId> {
        let newest = self.sessions.len().saturating_sub(4);
        let newest = &self.sessions[newest..];
        newest.get(self.chance.below(newest.len())).copied()
    }

    fn create(&mut self, at: DateTime<Utc>) -> CreateSession {
        let modes = ["5v5", "6v6", "6v6-flex"];
        let mode = modes[self.chance.below(modes.len())];
        let minutes = 20 + self.below(300);
        CreateSession {
            extras: Extras::default(),
            person: person(self.leader()),
            guild: GuildId(GUILD),
            channel: ChannelId(CHANNELS[self.chance.below(CHANNELS.len())]),
            plan: Plan {
                mode: Mode::parse(mode).expect("it is played"),
                teams: 1,
                at: at + TimeDelta::minutes(minutes),
                zone: Tz::Europe__Berlin,
                length_minutes: 60,
                title: format!("Scrim {}", self.clicks),
                description: String::new(),
                limits: RankLimits::default(),
                admission: Admission::ALL[self.chance.below(Admission::ALL.len())],
                check_in_minutes: [0, 15][self.chance.below(2)],
            },
            at,
        }
    }

    fn join(&mut self, session: SessionId, user: i64, at: DateTime<Utc>) -> JoinQueue {
        let mut roles: Vec<Role> = Role::ALL.to_vec();
        roles.truncate(1 + self.chance.below(roles.len()));
        JoinQueue {
            session,
            actor: actor(user),
            nick: None,
            person: person(user),
            offered: Offered {
                roles: Roles::from_iter(roles),
                ..Offered::default()
            },
            shown: None,
            at,
        }
    }

    fn accept(
        &mut self,
        session: SessionId,
        actor: Actor,
        at: DateTime<Utc>,
    ) -> Option<AcceptPlayer> {
        let index = self.chance.below(self.accounts.len());
        let (user, account) = *self.accounts.get(index)?;
        Some(AcceptPlayer {
            session,
            actor,
            player: UserId(user),
            role: Role::ALL[self.chance.below(Role::ALL.len())],
            account,
            at,
        })
    }

    fn change(
        &mut self,
        interaction: InteractionId,
        session: SessionId,
        actor: Actor,
        at: DateTime<Utc>,
    ) -> Given {
        let change = match self.chance.below(3) {
            0 => {
                let open = self.chance.below(3) > 0;
                let set = SetOpen {
                    session,
                    actor,
                    open,
                    at,
                };
                return Given::new(interaction, set);
            }
            1 => Change {
                at: Some(at + TimeDelta::minutes(20 + self.below(300))),
                ..Change::default()
            },
            _ => Change {
                title: Some(format!("Renamed {}", self.clicks)),
                ..Change::default()
            },
        };
        let edit = EditSession {
            session,
            actor,
            change,
            extras: Extras::default(),
            at,
        };
        Given::new(interaction, edit)
    }
}

fn add_account(user: i64, number: i64, at: DateTime<Utc>) -> AddAccount {
    let name = format!("Player{user}#{}", 1_000 + number);
    AddAccount {
        person: person(user),
        battletag: BattleTag::parse(&name).expect("a BattleTag"),
        ranks: vec![],
        at,
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
        guild: GuildId(GUILD),
        manages_events: user <= ORGANISERS,
        administrator: false,
    }
}
