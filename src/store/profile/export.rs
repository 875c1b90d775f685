//! All that is held of a person, for them to keep.
//!
//! May touch: the domain. Invariant: what [`DeleteProfile`](super::DeleteProfile) forgets is in
//! here, but for decisions about others that were theirs.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::super::outbox::{self, Notice};
use super::super::sql::{DbError, Row, sql, values};
use super::super::{Question, Read, extras, log, session, teams};
use super::{PersonView, ViewPerson};
use crate::domain::balance::{Bond, Team};
use crate::domain::ids::{AccountId, ChannelId, GuildId, MessageId, SessionId, UserId};
use crate::domain::log::Record;
use crate::domain::prompt::PromptKind;
use crate::domain::queue::AskState;
use crate::domain::role::{Role, Roles};
use crate::domain::session::{Session, Status};

/// All that is held of a person; `None` if nothing is.
#[derive(Debug)]
pub struct ExportProfile(pub UserId);

/// All that is held of a person.
#[derive(Clone, Debug, PartialEq)]
pub struct Everything {
    /// Their profile and accounts; who only managed other people's sessions has none.
    pub person: Option<PersonView>,
    /// Where they are or were in the queue.
    pub entries: Vec<QueueEntry>,
    /// The places they were accepted into.
    pub participations: Vec<Participation>,
    /// What the history knows of them.
    pub archived: Vec<ArchivedPart>,
    /// The sessions they organise or organised.
    pub organised: Vec<Session>,
    /// The sessions that they lead or led together with the organiser.
    pub co_organised: Vec<SessionName>,
    /// What is on record of them: what they did about sessions, and what was done about them.
    pub records: Vec<(SessionId, Record)>,
    /// What organisers wished for them and somebody else, in which session.
    pub pairs: Vec<(SessionId, Bond)>,
    /// Sessions in which they pick a team.
    pub captain_of: Vec<SessionId>,
    /// The sessions that they have left after an organiser had taken their place back.
    pub taken_back: Vec<SessionId>,
    /// The sessions in which they were turned down before they deleted their profile.
    pub turned_down: Vec<SessionId>,
    /// What they were asked in messages that have buttons still.
    pub prompts: Vec<Prompted>,
    /// Where they were missed.
    pub no_shows: Vec<NoShow>,
    /// What they were reminded of.
    pub reminders: Vec<SentReminder>,
    /// The sessions whose threads they were put into.
    pub threads: Vec<SessionId>,
    /// What they are still to be told.
    pub notices: Vec<Notice>,
}

/// What tells a session from others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionName {
    /// Its number.
    pub id: SessionId,
    /// Its server.
    pub guild: GuildId,
    /// Its name.
    pub title: String,
    /// When it is.
    pub at: DateTime<Utc>,
    /// Where it is in its life.
    pub status: Status,
}

/// A person's entry in the queue of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueEntry {
    /// Of which session.
    pub session: SessionName,
    /// The roles offered.
    pub roles: Roles,
    /// The accounts offered.
    pub accounts: Vec<AccountId>,
    /// Whether they said that they stream.
    pub streaming: bool,
    /// What they wrote to the organiser.
    pub note: String,
    /// The name that they have in the session's server, if it is another one.
    pub nick: Option<String>,
    /// Whether they were turned down.
    pub rejected: bool,
    /// When they joined.
    pub joined_at: DateTime<Utc>,
    /// Whether they have said that they are there.
    pub checked_in: bool,
    /// The place that they were offered last.
    pub offered: Option<OfferedPlace>,
}

/// A place that somebody was asked to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfferedPlace {
    /// Its role.
    pub role: Role,
    /// What became of it.
    pub state: AskState,
    /// When they were asked.
    pub at: DateTime<Utc>,
    /// Until when they could answer.
    pub until: DateTime<Utc>,
}

/// A message that asked somebody something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prompted {
    /// About which session.
    pub session: SessionId,
    /// What.
    pub kind: PromptKind,
    /// Of an offer its end, of a check-in the start that it is for.
    pub deadline: DateTime<Utc>,
    /// Whether it is in the session's thread.
    pub in_thread: bool,
    /// The channel.
    pub channel: ChannelId,
    /// The message.
    pub message: MessageId,
}

/// A session in which somebody had a place and was not there at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoShow {
    /// Which session.
    pub session: SessionId,
    /// Its server.
    pub guild: GuildId,
    /// As what they had a place.
    pub role: Role,
    /// Its start.
    pub start: DateTime<Utc>,
}

/// A place in a session that a person was accepted into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participation {
    /// In which session.
    pub session: SessionName,
    /// As what.
    pub role: Role,
    /// On which account; `None` if it was removed since.
    pub account: Option<AccountId>,
    /// When they were accepted.
    pub accepted_at: DateTime<Utc>,
    /// On which of two teams.
    pub team: Option<Team>,
    /// Whether it was beyond a limit, by an organiser's word.
    pub overridden: bool,
}

/// A person's part in a session that is in the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchivedPart {
    /// The session.
    pub session: SessionId,
    /// Its server.
    pub guild: GuildId,
    /// When it was.
    pub at: DateTime<Utc>,
    /// How it ended.
    pub status: Status,
    /// What they played, or `organiser`.
    pub role: String,
    /// On which of two teams.
    pub team: Option<Team>,
    /// The rank that was declared then: ladder, tier and division.
    pub rank: Option<(String, String, u8)>,
}

/// A reminder that a person was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentReminder {
    /// Of which session.
    pub session: SessionId,
    /// Of which start of it.
    pub start: DateTime<Utc>,
}

impl Question for ExportProfile {
    type Answer = Option<Everything>;

    fn ask(&self, db: &mut dyn Read) -> Result<Self::Answer, DbError> {
        if !is_kept(db, self.0)? {
            return Ok(None);
        }
        let person = ViewPerson(self.0).ask(db)?;
        let participations = db.query(sql!("profile/participations"), values![self.0])?;
        let archived = db.query(sql!("profile/archived"), values![self.0])?;
        let organised = db.query(sql!("profile/organised"), values![self.0])?;
        let co_organised = db.query(sql!("profile/co_organised"), values![self.0])?;
        let pairs = db.query(sql!("profile/pairs"), values![self.0])?;
        let captain_of = db.query(sql!("profile/captain"), values![self.0])?;
        let reminders = db.query(sql!("profile/reminders"), values![self.0])?;
        let no_shows = db.query(sql!("profile/no_shows"), values![self.0])?;
        let taken_back = db.query(sql!("profile/left_taken_back"), values![self.0])?;
        Ok(Some(Everything {
            person,
            entries: entries(db, self.0)?,
            participations: all(&participations, participation)?,
            archived: all(&archived, archived_part)?,
            organised: all(&organised, session::session)?,
            co_organised: all(&co_organised, session_name)?,
            records: log::about(db, self.0)?,
            pairs: all(&pairs, pair)?,
            captain_of: all(&captain_of, |row| row.get("session_id"))?,
            taken_back: all(&taken_back, |row| row.get("session_id"))?,
            turned_down: turned_down(db, self.0)?,
            prompts: all(
                &db.query(sql!("profile/prompts"), values![self.0])?,
                prompted,
            )?,
            no_shows: all(&no_shows, no_show)?,
            reminders: all(&reminders, sent_reminder)?,
            threads: extras::threads_of(db, self.0)?,
            notices: outbox::notices_to(db, self.0)?,
        }))
    }
}

/// Whether anything is kept of `user`, also of what stays of somebody who has deleted their profile.
fn is_kept(db: &mut dyn Read, user: UserId) -> Result<bool, DbError> {
    Ok(super::is_held(db, user)?
        || !turned_down(db, user)?.is_empty()
        || !db
            .query(sql!("profile/left_taken_back"), values![user])?
            .is_empty()
        || !extras::threads_of(db, user)?.is_empty())
}

fn turned_down(db: &mut dyn Read, user: UserId) -> Result<Vec<SessionId>, DbError> {
    let rows = db.query(sql!("profile/refusals"), values![user])?;
    all(&rows, |row| row.get("session_id"))
}

fn prompted(row: &Row) -> Result<Prompted, DbError> {
    Ok(Prompted {
        session: row.get("session_id")?,
        kind: row.word("kind", PromptKind::parse)?,
        deadline: row.get("deadline")?,
        in_thread: row.get("in_thread")?,
        channel: row.get("channel_id")?,
        message: row.get("message_id")?,
    })
}

fn all<T>(rows: &[Row], read: fn(&Row) -> Result<T, DbError>) -> Result<Vec<T>, DbError> {
    rows.iter().map(read).collect()
}

fn entries(db: &mut dyn Read, user: UserId) -> Result<Vec<QueueEntry>, DbError> {
    let mut offered: HashMap<SessionId, Vec<AccountId>> = HashMap::new();
    for row in db.query(sql!("profile/offered_accounts"), values![user])? {
        let accounts = offered.entry(row.get("session_id")?).or_default();
        accounts.push(row.get("account_id")?);
    }
    let rows = db.query(sql!("profile/entries"), values![user])?;
    let entry = |row: &Row| {
        let session = session_name(row)?;
        Ok(QueueEntry {
            accounts: offered.remove(&session.id).unwrap_or_default(),
            session,
            roles: row.json("preferred_roles")?,
            streaming: row.get("is_streaming")?,
            note: row.get("note")?,
            nick: row.get("nick")?,
            rejected: row.get::<Option<i64>>("rejected_by")?.is_some(),
            joined_at: row.get("joined_at")?,
            checked_in: row.get("checked_in")?,
            offered: offered_place(row)?,
        })
    };
    rows.iter().map(entry).collect()
}

fn offered_place(row: &Row) -> Result<Option<OfferedPlace>, DbError> {
    if row.get::<Option<String>>("offered_role")?.is_none() {
        return Ok(None);
    }
    Ok(Some(OfferedPlace {
        role: row.word("offered_role", Role::parse)?,
        state: row.word("offered_state", AskState::parse)?,
        at: row.get("offered_at")?,
        until: row.get("offered_until")?,
    }))
}

fn no_show(row: &Row) -> Result<NoShow, DbError> {
    Ok(NoShow {
        session: row.get("session_id")?,
        guild: row.get("guild_id")?,
        role: row.word("role", Role::parse)?,
        start: row.get("scheduled_time")?,
    })
}

fn participation(row: &Row) -> Result<Participation, DbError> {
    Ok(Participation {
        session: session_name(row)?,
        role: row.word("role", Role::parse)?,
        account: row.get("account_id")?,
        accepted_at: row.get("selected_at")?,
        team: team(row)?,
        overridden: row.get("overridden")?,
    })
}

fn team(row: &Row) -> Result<Option<Team>, DbError> {
    let number: Option<i64> = row.get("team")?;
    Ok(number.and_then(teams::team))
}

fn pair(row: &Row) -> Result<(SessionId, Bond), DbError> {
    Ok((row.get("session_id")?, row.word("bond", teams::bond)?))
}

fn archived_part(row: &Row) -> Result<ArchivedPart, DbError> {
    let (ladder, tier): (Option<String>, Option<String>) = (row.get("ladder")?, row.get("tier")?);
    let rank = ladder.zip(tier).zip(row.get::<Option<u8>>("division")?);
    Ok(ArchivedPart {
        session: row.get("session_id")?,
        guild: row.get("guild_id")?,
        at: row.get("scheduled_time")?,
        status: row.word("status", Status::parse)?,
        role: row.get("role")?,
        team: team(row)?,
        rank: rank.map(|((ladder, tier), division)| (ladder, tier, division)),
    })
}

fn session_name(row: &Row) -> Result<SessionName, DbError> {
    Ok(SessionName {
        id: row.get("session_id")?,
        guild: row.get("guild_id")?,
        title: row.get("title")?,
        at: row.get("scheduled_time")?,
        status: row.word("status", Status::parse)?,
    })
}

fn sent_reminder(row: &Row) -> Result<SentReminder, DbError> {
    Ok(SentReminder {
        session: row.get("session_id")?,
        start: row.get("scheduled_time")?,
    })
}
