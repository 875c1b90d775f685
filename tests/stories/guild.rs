//! What happens in a server's own settings, of which the bot is told nothing.

use serde_json::{Value, json};

use crate::world::{Person, World};

/// View Channel.
pub(crate) const VIEW_CHANNEL: u64 = 1 << 10;
/// How long the bot takes Discord's word for granted, and a second.
const FRESH_S: i64 = overwatch_bot::discord::access::FRESH_S + 1;

impl World {
    /// Hides a channel from one person, who may see everything else.
    pub(crate) async fn hide(&self, channel: &str, from: &Person<'_>) {
        let overwrite =
            json!({"id": from.user, "type": "member", "deny": VIEW_CHANNEL.to_string()});
        self.overwrite(channel, overwrite).await;
    }

    /// Takes back what a channel allows and denies one person.
    pub(crate) async fn unhide(&self, channel: &str, from: &Person<'_>) {
        let overwrite = json!({"id": from.user, "type": "member"});
        self.overwrite(channel, overwrite).await;
    }

    /// Sets what a channel allows and denies, in the words of the embedded Discord.
    pub(crate) async fn overwrite(&self, channel: &str, overwrite: Value) {
        self.post(&format!("channels/{channel}/overwrites"), overwrite)
            .await;
    }

    /// Makes a channel of the first server one of its organisers and of the bot.
    pub(crate) async fn hide_from_everyone(&self, channel: &str) {
        let view = VIEW_CHANNEL.to_string();
        let guild = self.get("world").await["guilds"][0].clone();
        for (role, field) in [(0, "deny"), (1, "allow"), (2, "allow")] {
            let id = &guild["roles"][role]["id"];
            let overwrite = json!({"id": id, "type": "role", field: view});
            self.overwrite(channel, overwrite).await;
        }
    }

    /// Lets the bot's knowledge of permissions grow old.
    pub(crate) fn forget_permissions(&self) {
        self.clock.advance(chrono::TimeDelta::seconds(FRESH_S));
    }
}

/// What everyone may, and making events.
const MAKES_EVENTS: u64 = overwatch_bot::playground::permissions::EVERYONE | 1 << 44;

impl World {
    fn membership(&self, person: &Person<'_>) -> String {
        format!("guilds/{}/members/{}", self.server(), person.user)
    }

    /// Somebody leaves the first server.
    pub(crate) async fn leaves(&self, person: &Person<'_>) {
        self.delete(&self.membership(person)).await;
    }

    /// Somebody is banned from the first server.
    pub(crate) async fn bans(&self, person: &Person<'_>) {
        let ban = format!("guilds/{}/bans/{}", self.server(), person.user);
        self.post(&ban, json!({})).await;
    }

    /// Somebody joins the first server again.
    pub(crate) async fn comes_back(&self, person: &Person<'_>) {
        self.post(&self.membership(person), json!({})).await;
    }

    /// Lets somebody make events in the first server.
    pub(crate) async fn lets_make_events(&self, person: &Person<'_>) {
        // The owner and the organiser of events may in any case.
        if (0..2).any(|able| self.person(able).user == person.user) {
            return;
        }
        let permissions = json!({
            "guild": self.server(), "user": person.user, "permissions": MAKES_EVENTS.to_string(),
        });
        self.post("faults/permissions", permissions).await;
    }
}
