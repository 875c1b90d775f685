//! People's profiles, as they are remembered.
//!
//! May touch: the domain and [`Transaction`]. Invariant: a person is known from their first
//! command on (`meet`), with nothing but their name.

mod delete;
mod export;

use std::convert::Infallible;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::sql::{DbError, json, sql, values};
use super::{Command, Question, Read, Stop, Transaction, account, clock, outbox};
use crate::domain::account::Account;
use crate::domain::ids::UserId;
use crate::domain::profile::{Changes, Person, Profile, Reminder};
pub use delete::{DeleteProfile, Deleted, Holdings, NothingHeld, Stake, WhatIsHeld};
pub use export::{
    ArchivedPart, Everything, ExportProfile, NoShow, OfferedPlace, Participation, Prompted,
    QueueEntry, SentReminder, SessionName,
};

/// A person's profile with their accounts, the primary one first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PersonView {
    /// The profile.
    pub profile: Profile,
    /// The accounts.
    pub accounts: Vec<Account>,
    /// Sessions in which they had a place and were not there at the start.
    #[serde(default)]
    pub missed: u32,
}

/// What is known of a person; `None` if nothing is.
#[derive(Debug)]
pub struct ViewPerson(pub UserId);

impl Question for ViewPerson {
    type Answer = Option<PersonView>;

    fn ask(&self, db: &mut dyn Read) -> Result<Self::Answer, DbError> {
        let Some(profile) = load(db, self.0)? else {
            return Ok(None);
        };
        let accounts = account::of_user(db, self.0)?;
        let missed = db.query_one(sql!("profile/missed"), values![self.0])?;
        let missed = missed.ok_or(DbError::NoRow("profile/missed"))?;
        Ok(Some(PersonView {
            profile,
            accounts,
            missed: missed.get("missed")?,
        }))
    }
}

/// A person changes their profile, or makes one.
#[derive(Clone, Debug, PartialEq)]
pub struct EditProfile {
    /// Who, under their present name.
    pub person: Person,
    /// What.
    pub changes: Changes,
    /// When.
    pub at: DateTime<Utc>,
}

impl Command for EditProfile {
    const NAME: &'static str = "edit_profile";
    /// The profile as it is now.
    type Answer = PersonView;
    type Refusal = Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<PersonView, Stop<Infallible>> {
        save(tx, &self.person, &self.changes, self.at)?;
        let saved = ViewPerson(self.person.id).ask(tx)?;
        Ok(saved.ok_or(DbError::NoRow("profile/load"))?)
    }
}

/// The profile of `user`.
pub(super) fn load(db: &mut dyn Read, user: UserId) -> Result<Option<Profile>, DbError> {
    let Some(row) = db.query_one(sql!("profile/load"), values![user])? else {
        return Ok(None);
    };
    let zone: Option<String> = row.get("timezone")?;
    Ok(Some(Profile {
        person: Person {
            id: row.get("discord_id")?,
            name: row.get("username")?,
        },
        roles: row.json("preferred_roles")?,
        zone: zone.and_then(|zone| zone.parse().ok()),
        reminder: Reminder::from_minutes(row.get("reminder_minutes")?),
        created_at: row.get("created_at")?,
    }))
}

/// Sees to it that there is a row for `person`, under their present name.
pub(super) fn meet(
    tx: &mut dyn Transaction,
    person: &Person,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let reminder = Reminder::default().minutes();
    tx.execute(
        sql!("profile/meet"),
        values![person.id, &person.name, reminder, now],
    )?;
    Ok(())
}

/// Changes a person's profile, whether or not they were known before.
pub(super) fn save(
    tx: &mut dyn Transaction,
    person: &Person,
    changes: &Changes,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    meet(tx, person, now)?;
    if let Some(roles) = &changes.roles {
        tx.execute(sql!("profile/set_roles"), &[person.id.into(), json(roles)])?;
    }
    if let Some(zone) = changes.zone {
        let zone = zone.map(chrono_tz::Tz::name);
        tx.execute(sql!("profile/set_zone"), values![person.id, zone])?;
    }
    if let Some(reminder) = changes.reminder {
        let values = values![person.id, reminder.minutes()];
        tx.execute(sql!("profile/set_reminder"), values)?;
        for row in tx.query(sql!("profile/live_sessions"), values![person.id])? {
            clock::wind(tx, row.get("id")?)?;
        }
    }
    Ok(())
}

/// Owes the cards of the sessions that are on and show something of `user`.
pub(super) fn owe_cards(
    tx: &mut dyn Transaction,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    for row in tx.query(sql!("profile/live_sessions"), values![user])? {
        outbox::owe_card(tx, row.get("id")?, now)?;
    }
    Ok(())
}

/// Whether anything is held of `user`: who manages other people's sessions is on record without
/// ever having made a profile.
fn is_held(db: &mut dyn Read, user: UserId) -> Result<bool, DbError> {
    Ok(load(db, user)?.is_some() || super::log::mentions(db, user)?)
}

#[cfg(test)]
mod tests;
