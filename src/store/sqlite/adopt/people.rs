//! Copies people, their accounts and their ranks.
//!
//! May touch: as `copy`. Invariant: whoever has accounts has exactly one primary account, the
//! oldest of those that were marked, or the oldest.

use rusqlite::params;

use super::copy::{Copy, OldRow};
use super::value::{Meaning, Old, OldRank};
use crate::domain::battletag::BattleTag;
use crate::domain::ladder::Ladder;
use crate::domain::profile::Reminder;
use crate::domain::role::Roles;
use crate::store::sql::sql;

/// The old columns of the ranks, and what they are ranks on.
const RANKS: [(Ladder, &str, &str); 4] = [
    (Ladder::Tank, "tank_rank", "tank_division"),
    (Ladder::Damage, "dps_rank", "dps_division"),
    (Ladder::Support, "support_rank", "support_division"),
    (Ladder::OpenQueue, "sixv6_rank", "sixv6_division"),
];

impl Copy<'_> {
    pub(super) fn user(&mut self, old: &OldRow<'_>) -> rusqlite::Result<()> {
        let name = self.name(old, "username", &format!("Player {}", old.id));
        let roles = self.roles(old, "preferred_roles");
        let zone = old.get("timezone");
        let known = zone.zone();
        if known.is_none() && !zone.is_blank() {
            self.odd(old, "timezone", "left empty: no time zone has this name");
        }
        let zone = known.map(|zone| zone.name());
        let reminder = Reminder::default().minutes();
        let at = self.time(old, "created_at", self.now);
        let roles = serde_json::to_string(&roles).expect("a list of words");
        let mut id = old.id;
        if Old::Integer(id).id().is_none() {
            id = self.free_id()?;
            let done = format!("changed to {id}: it is nobody's id");
            self.odd(old, "discord_id", &done);
        }
        let values = params![id, name, roles, zone, reminder, at];
        self.run(sql!("adopt/user"), values)?;
        Ok(())
    }

    pub(super) fn account(&mut self, old: &OldRow<'_>) -> rusqlite::Result<()> {
        let owner = self.somebody(old, "discord_id")?;
        let name = self.name(old, "account_name", &format!("Account {}", old.id));
        let at = self.time(old, "created_at", self.now);
        let primary = self.primary(old, owner)?;
        let mut key = BattleTag::parse(&name).map_or_else(|_| name.to_lowercase(), |tag| tag.key());
        let plain = key.clone();
        while self.run(
            sql!("adopt/account"),
            params![old.id, owner, name, key, primary, at],
        )? == 0
        {
            // Ends: each try is longer than all keys that were there before.
            key = format!("{key} (account {})", old.id);
        }
        if key != plain {
            let done = "kept, beside another account of the same name with the same owner";
            self.odd(old, "account_name", done);
        }
        for (ladder, tier, division) in RANKS {
            self.rank(old, ladder, (tier, division), at)?;
        }
        Ok(())
    }

    /// The roles in a column.
    pub(super) fn roles(&mut self, old: &OldRow<'_>, column: &str) -> Roles {
        let meaning = old.get(column).roles();
        self.settle(old, column, meaning, |kept| match kept.is_empty() {
            true => "left empty: no role can be read".into(),
            false => format!("kept as {kept}"),
        })
    }

    fn primary(&mut self, old: &OldRow<'_>, owner: i64) -> rusqlite::Result<bool> {
        if !self.flag(old, "is_primary") {
            return Ok(false);
        }
        let other: Option<i64> = self.one(sql!("adopt/has_primary"), [owner])?;
        if other.is_some() {
            let done = "taken for no: an older account of the same person is the primary one";
            self.odd(old, "is_primary", done);
        }
        Ok(other.is_none())
    }

    fn rank(
        &mut self,
        old: &OldRow<'_>,
        ladder: Ladder,
        (tier, division): (&str, &str),
        at: i64,
    ) -> rusqlite::Result<()> {
        let rank = match old.get(tier).rank(&old.get(division)) {
            OldRank::Undeclared => return Ok(()),
            OldRank::Unreadable => {
                self.before.ranks += 1;
                self.left.ranks += 1;
                let was = [tier, division].map(|column| (column.into(), old.get(column).to_json()));
                let was = serde_json::Value::Object(was.into_iter().collect());
                let done = "left out: this is no rank";
                self.report.add("user_accounts", old.id, tier, was, done);
                return Ok(());
            }
            OldRank::Declared(Meaning::Plain(rank)) => rank,
            OldRank::Declared(Meaning::Guess(rank)) => {
                self.odd(old, division, &format!("taken for the lowest: {rank}"));
                rank
            }
        };
        self.before.ranks += 1;
        let values = params![
            old.id,
            ladder.as_str(),
            rank.tier().word(),
            rank.division(),
            at
        ];
        self.run(sql!("adopt/rank"), values)?;
        Ok(())
    }
}
