//! People's profiles, as they are remembered.
//!
//! May touch: the domain and [`Transaction`]. Invariant: a person is known from their first
//! command on ([`meet`]), with nothing but their name.

use chrono::{DateTime, Utc};

use super::sql::{DbError, json, sql, values};
use super::{Read, Transaction};
use crate::domain::ids::UserId;
use crate::domain::profile::{Changes, Person, Profile, Reminder};

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
    }
    Ok(())
}
