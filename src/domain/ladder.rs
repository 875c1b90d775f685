//! Ladders: what one can have a rank on, and the scale each of them counts in.
//!
//! May touch: nothing. Invariant: ranks are compared within one ladder only, so every ladder has
//! exactly one scale.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// One of the game's separate rankings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ladder {
    /// Role queue, tank.
    Tank,
    /// Role queue, damage.
    Damage,
    /// Role queue, support.
    Support,
    /// Open queue (6v6).
    OpenQueue,
    /// Stadium, tank.
    StadiumTank,
    /// Stadium, damage.
    StadiumDamage,
    /// Stadium, support.
    StadiumSupport,
}

/// A row of tiers that ranks are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Bronze to Champion.
    Competitive,
    /// Rookie to Legend.
    Stadium,
}

impl Ladder {
    /// Every ladder, in the order they are shown.
    pub const ALL: [Self; 7] = [
        Self::Tank,
        Self::Damage,
        Self::Support,
        Self::OpenQueue,
        Self::StadiumTank,
        Self::StadiumDamage,
        Self::StadiumSupport,
    ];

    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tank => "tank",
            Self::Damage => "damage",
            Self::Support => "support",
            Self::OpenQueue => "open",
            Self::StadiumTank => "stadium_tank",
            Self::StadiumDamage => "stadium_damage",
            Self::StadiumSupport => "stadium_support",
        }
    }

    /// The words for people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Tank => "Role queue: Tank",
            Self::Damage => "Role queue: Damage",
            Self::Support => "Role queue: Support",
            Self::OpenQueue => "Open queue",
            Self::StadiumTank => "Stadium: Tank",
            Self::StadiumDamage => "Stadium: Damage",
            Self::StadiumSupport => "Stadium: Support",
        }
    }

    /// Reads a stored word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|ladder| ladder.as_str() == word.trim().to_ascii_lowercase())
    }

    /// The scale that ranks on this ladder are counted in.
    pub fn scale(self) -> Scale {
        match self {
            Self::Tank | Self::Damage | Self::Support | Self::OpenQueue => Scale::Competitive,
            Self::StadiumTank | Self::StadiumDamage | Self::StadiumSupport => Scale::Stadium,
        }
    }
}

impl fmt::Display for Ladder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.label())
    }
}

impl Serialize for Ladder {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Ladder {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        Self::parse(&word).ok_or_else(|| de::Error::custom(format!("unknown ladder {word:?}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_words_read_back_and_differ() {
        for ladder in Ladder::ALL {
            assert_eq!(Ladder::parse(ladder.as_str()), Some(ladder));
        }
        assert_eq!(Ladder::parse("sr"), None);
    }
}
