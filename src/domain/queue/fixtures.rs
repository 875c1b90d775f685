//! Sessions and people for tests, made of a few words.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::{Entry, Place, Queue};
use crate::domain::account::{Account, Ranks};
use crate::domain::admission::Admission;
use crate::domain::ids::{AccountId, ChannelId, GuildId, SessionId, UserId};
use crate::domain::ladder::Ladder;
use crate::domain::mode::Mode;
use crate::domain::profile::Person;
use crate::domain::rank::{DeclaredRank, Rank, Tier};
use crate::domain::role::Role;
use crate::domain::session::{Plan, RankLimits, Session, Status, scale};

/// When every test begins.
pub(crate) fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_000_000, 0).unwrap()
}

/// An open session of one team in a day, led by user 1.
pub(crate) fn session(mode: &str) -> Session {
    Session {
        id: SessionId(7),
        organiser: Some(UserId(1)),
        co_organisers: Vec::new(),
        guild: GuildId(10),
        channel: ChannelId(20),
        card: None,
        plan: Plan {
            mode: Mode::parse(mode).unwrap(),
            teams: 1,
            at: start() + TimeDelta::days(1),
            zone: Tz::Europe__Berlin,
            length_minutes: 90,
            title: "Friday scrim".into(),
            description: String::new(),
            limits: RankLimits::default(),
            admission: Admission::Organiser,
            check_in_minutes: 0,
        },
        status: Status::Open,
        cancel_reason: None,
        created_at: start(),
    }
}

/// The same session with a highest tier.
pub(crate) fn up_to(mut session: Session, tier: &str) -> Session {
    session.plan.limits.highest = Tier::parse(scale(session.plan.mode), tier);
    session
}

/// An account with ranks such as `(Ladder::Tank, "diamond 3")`, declared at the start.
pub(crate) fn account(id: i64, ranks: &[(Ladder, &str)]) -> Account {
    let declared = |(ladder, rank): &(Ladder, &str)| {
        let rank = Rank::parse(ladder.scale(), rank).unwrap().unwrap();
        let declared = DeclaredRank {
            rank,
            declared_at: start(),
        };
        (*ladder, declared)
    };
    Account {
        id: AccountId(id),
        battletag: format!("Player{id}#1234"),
        primary: true,
        ranks: ranks.iter().map(declared).collect::<Ranks>(),
        created_at: start(),
    }
}

/// Somebody who waits, offering `roles` on an account numbered like them, without ranks.
pub(crate) fn entry(user: i64, roles: &[Role]) -> Entry {
    Entry {
        person: Person {
            id: UserId(user),
            name: format!("Person {user}"),
        },
        roles: roles.iter().copied().collect(),
        accounts: vec![account(user, &[])],
        streaming: false,
        note: String::new(),
        rejected: false,
        joined_at: start(),
        place: None,
        asked: None,
        checked_in: false,
        no_show: false,
        missed: 0,
    }
}

/// The same person with a place, on the first account that they offer.
pub(crate) fn placed(mut entry: Entry, role: Role) -> Entry {
    entry.place = Some(Place {
        role,
        account: entry.accounts.first().map(|account| account.id),
        at: start(),
        overridden: false,
    });
    entry
}

/// The same person, turned down.
pub(crate) fn rejected(mut entry: Entry) -> Entry {
    entry.rejected = true;
    entry
}

/// A queue of these people.
pub(crate) fn queue(entries: impl Into<Vec<Entry>>) -> Queue {
    Queue {
        entries: entries.into(),
        forgotten: Vec::new(),
    }
}
