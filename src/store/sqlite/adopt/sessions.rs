//! Copies sessions, their queues and who was accepted.
//!
//! May touch: as `copy`. Invariant: whoever was accepted has an entry in the queue, with the
//! account that they play on among those they offer.

use rusqlite::params;

use super::copy::{Copy, OldRow};
use super::value::Old;
use crate::domain::mode::Mode;
use crate::domain::queue::NOTE_MAX_CHARS;
use crate::domain::role::{Role, Roles};
use crate::domain::session::DESCRIPTION_MAX_CHARS;
use crate::domain::text::Lines;
use crate::store::sql::sql;

/// How long a session takes that never told, in minutes.
pub(super) const LENGTH_MIN: u32 = 120;
/// The zone of a session that tells none.
const ZONE: &str = "UTC";
/// In place of a server's or a channel's id that is none: nobody's, so that nothing is sent there.
const NOWHERE: i64 = 1;

impl Copy<'_> {
    pub(super) fn session(&mut self, old: &OldRow<'_>) -> rusqlite::Result<()> {
        let creator = self.known(old, "creator_id")?;
        let guild = self.place(old, "guild_id");
        let channel = self.place(old, "channel_id");
        let message = self.card(old);
        let mode = old.get("game_mode").mode();
        let mode = self.settle(old, "game_mode", mode, |mode| format!("taken for {mode}"));
        let status = old.get("status").status();
        let status = self.settle(old, "status", status, |status| {
            format!("taken for {}", status.as_str())
        });
        let description = self.text(old, "description", DESCRIPTION_MAX_CHARS, Lines::Many);
        let created = self.time(old, "created_at", self.now);
        let scheduled = self.time(old, "scheduled_time", created);
        let zone = self.session_zone(old);
        let distance = self.distance(old);
        let values = params![
            old.id,
            creator,
            guild,
            channel,
            message,
            mode.id(),
            mode.label(),
            description,
            scheduled,
            LENGTH_MIN,
            zone,
            distance,
            status.as_str(),
            created
        ];
        self.run(sql!("adopt/session"), values)?;
        Ok(())
    }

    pub(super) fn entry(&mut self, old: &OldRow<'_>) -> rusqlite::Result<()> {
        let Some((session, mode)) = self.session_of(old)? else {
            self.left.entries += 1;
            self.leave(old, "its session is not there");
            return Ok(());
        };
        let user = self.somebody(old, "user_id")?;
        let roles = playable(self.roles(old, "preferred_roles"), mode);
        let streaming = self.flag(old, "is_streaming");
        let note = self.text(old, "note", NOTE_MAX_CHARS, Lines::OneLine);
        let at = self.time(old, "joined_at", self.now);
        let roles = serde_json::to_string(&roles).expect("a list of words");
        let values = params![old.id, session, user, roles, streaming, note, at];
        if self.run(sql!("adopt/entry"), values)? == 0 {
            self.left.entries += 1;
            self.leave(old, "the same person has an entry in this session already");
            return Ok(());
        }
        self.offer(old, user)
    }

    pub(super) fn participant(&mut self, old: &OldRow<'_>) -> rusqlite::Result<()> {
        let Some((session, mode)) = self.session_of(old)? else {
            self.left.participants += 1;
            self.leave(old, "its session is not there");
            return Ok(());
        };
        let user = self.known(old, "user_id")?;
        let account = self.account_of(old)?;
        let role = Role::parse(&old.get("role").text()).unwrap_or_else(|| {
            self.odd(old, "role", "taken for Flex");
            Role::Flex
        });
        let by = old.get("selected_by");
        if by.id().is_none() && by != Old::Null {
            self.odd(old, "selected_by", "left empty: it is nobody's id");
        }
        let at = self.time(old, "selected_at", self.now);
        let values = params![old.id, session, user, account, role.as_str(), by.id(), at];
        if self.run(sql!("adopt/participant"), values)? == 0 {
            self.left.participants += 1;
            self.leave(old, "the same person has a place in this session already");
            return Ok(());
        }
        let streaming = self.flag(old, "is_streaming");
        let Some(user) = user else {
            return Ok(());
        };
        self.entry_of_accepted(session, user, account, (role, mode), at)?;
        if streaming {
            self.run(sql!("adopt/streams"), [session, user])?;
        }
        Ok(())
    }

    /// Sees to it that somebody who was accepted has an entry, and offers that account in it.
    fn entry_of_accepted(
        &mut self,
        session: i64,
        user: i64,
        account: Option<i64>,
        (role, mode): (Role, Mode),
        at: i64,
    ) -> rusqlite::Result<()> {
        let roles = playable(Roles::from_iter([role]), mode);
        let roles = serde_json::to_string(&roles).expect("a list of words");
        let values = params![None::<i64>, session, user, roles, false, "", at];
        let made = self.run(sql!("adopt/entry"), values)?;
        self.made.entries += u64::from(made > 0);
        if let Some(account) = account {
            let entry: Option<i64> = self.one(sql!("adopt/entry_of"), [session, user])?;
            self.run(sql!("adopt/entry_account"), params![entry, account])?;
        }
        Ok(())
    }

    /// The accounts that are offered in an entry; the primary one if none of them is there.
    fn offer(&mut self, old: &OldRow<'_>, user: i64) -> rusqlite::Result<()> {
        let accounts = old.get("account_ids").ids();
        let accounts = self.settle(old, "account_ids", accounts, |ids| {
            format!("kept as {ids:?}")
        });
        let mut offered = 0;
        let mut missing = Vec::new();
        for account in accounts {
            if self.account_exists(account)? {
                self.run(sql!("adopt/entry_account"), [old.id, account])?;
                offered += 1;
            } else {
                missing.push(account);
            }
        }
        if !missing.is_empty() {
            let done = format!("kept without {missing:?}: no such accounts");
            self.odd(old, "account_ids", &done);
        }
        if offered == 0
            && let Some(primary) = self.one::<i64>(sql!("adopt/primary_of"), [user])?
        {
            self.run(sql!("adopt/entry_account"), [old.id, primary])?;
        }
        Ok(())
    }

    /// The session that a row belongs to, and its mode.
    fn session_of(&self, old: &OldRow<'_>) -> rusqlite::Result<Option<(i64, Mode)>> {
        let Some(session) = old.get("session_id").integer() else {
            return Ok(None);
        };
        let mode: Option<String> = self.one(sql!("adopt/session_mode"), [session])?;
        Ok(mode.and_then(|mode| Some((session, Mode::parse(&mode)?))))
    }

    fn account_of(&mut self, old: &OldRow<'_>) -> rusqlite::Result<Option<i64>> {
        let told = old.get("account_id");
        if let Some(account) = told.integer()
            && self.account_exists(account)?
        {
            return Ok(Some(account));
        }
        if told != Old::Null {
            self.odd(old, "account_id", "left empty: no such account");
        }
        Ok(None)
    }

    fn account_exists(&self, account: i64) -> rusqlite::Result<bool> {
        let found: Option<i64> = self.one(sql!("adopt/account_exists"), [account])?;
        Ok(found.is_some())
    }

    fn place(&mut self, old: &OldRow<'_>, column: &str) -> i64 {
        old.get(column).id().unwrap_or_else(|| {
            self.odd(old, column, "taken for nowhere: it is no id");
            NOWHERE
        })
    }

    fn card(&mut self, old: &OldRow<'_>) -> Option<i64> {
        let told = old.get("message_id");
        let id = told.id();
        if id.is_none() && !told.is_blank() && told.integer() != Some(0) {
            self.odd(old, "message_id", "left empty: it is no id");
        }
        id
    }

    fn session_zone(&mut self, old: &OldRow<'_>) -> &'static str {
        let told = old.get("timezone");
        if let Some(zone) = told.zone() {
            return zone.name();
        }
        if !told.is_blank() {
            let done = format!("taken for {ZONE}: no time zone has this name");
            self.odd(old, "timezone", &done);
        }
        ZONE
    }

    /// The greatest distance from the organiser's rank; 0 meant that there is no limit.
    fn distance(&mut self, old: &OldRow<'_>) -> Option<u32> {
        let told = old.get("max_rank_diff");
        match told.integer().map(u32::try_from) {
            Some(Ok(0)) => None,
            Some(Ok(distance)) => Some(distance),
            None if told.is_blank() => None,
            _ => {
                self.odd(
                    old,
                    "max_rank_diff",
                    "taken for no limit: it is no distance",
                );
                None
            }
        }
    }
}

/// The roles, and if none of them can be played in this mode, those that can.
fn playable(mut roles: Roles, mode: Mode) -> Roles {
    let possible = mode.roles();
    if possible.iter().any(|role| roles.contains(role)) {
        return roles;
    }
    if possible.contains(Role::Flex) {
        roles.insert(Role::Flex);
    } else {
        possible.iter().for_each(|role| _ = roles.insert(role));
    }
    roles
}
