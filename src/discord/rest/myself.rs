//! The bot's own application, as far as it counts.
//!
//! Pure. Invariant: a picture of a new kind, of the bot or of its owner, keeps the bot from nothing.

use serde::Deserialize;
use twilight_model::id::Id;
use twilight_model::id::marker::{ApplicationMarker, UserMarker};

use crate::domain::ids::UserId;

/// Who the bot is, and whose.
#[derive(Deserialize)]
pub(super) struct Myself {
    /// The application.
    pub(super) id: Id<ApplicationMarker>,
    #[serde(default)]
    owner: Option<Owner>,
    #[serde(default)]
    team: Option<Team>,
}

#[derive(Deserialize)]
struct Owner {
    id: Id<UserMarker>,
}

#[derive(Deserialize)]
struct Team {
    owner_user_id: Id<UserMarker>,
}

impl Myself {
    /// The owner, or the owner of the team.
    pub(super) fn owner(&self) -> Option<UserId> {
        let team = self.team.as_ref().map(|team| team.owner_user_id);
        let alone = self.owner.as_ref().map(|owner| owner.id);
        team.or(alone).map(|id| UserId(id.get().cast_signed()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(odd: serde_json::Value) -> Option<UserId> {
        let myself: Myself = serde_json::from_value(odd).expect("it is read");
        assert_eq!(myself.id.get(), 7);
        myself.owner()
    }

    #[test]
    fn pictures_of_a_new_kind_keep_nobody_from_their_bot() {
        let alone = serde_json::json!({
            "id": "7", "icon": "v2:odd", "owner": {"id": "8", "avatar": "v2:odd"}, "team": null,
        });
        assert_eq!(owner(alone), Some(UserId(8)));
        let team = serde_json::json!({
            "id": "7", "owner": {"id": "8"}, "team": {"icon": "v2:odd", "owner_user_id": "9"},
        });
        assert_eq!(owner(team), Some(UserId(9)));
        assert_eq!(owner(serde_json::json!({"id": "7"})), None);
    }
}
