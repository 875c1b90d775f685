//! People's profiles, as they are remembered.
//!
//! May touch: the domain and [`Transaction`]. Invariant: a person is known from their first
//! command on ([`meet`]), with nothing but their name.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::sql::{DbError, sql, values};
use super::{Command, Read, Stop, Transaction};
use crate::domain::ids::UserId;
use crate::domain::profile::{Person, Profile, Reminder};

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

/// Remembers where a person lives, as far as time is concerned.
#[derive(Clone, Debug, PartialEq)]
pub struct LearnZone {
    /// Who, under their present name.
    pub person: Person,
    /// Their zone.
    pub zone: Tz,
    /// When they told it.
    pub at: DateTime<Utc>,
}

impl Command for LearnZone {
    const NAME: &'static str = "learn_zone";
    type Answer = ();
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<(), Stop<Self::Refusal>> {
        meet(tx, &self.person, self.at)?;
        let values = values![self.person.id, self.zone.name()];
        tx.execute(sql!("profile/set_zone"), values)?;
        Ok(())
    }
}
