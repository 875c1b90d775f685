//! Roles, and small sets of them.
//!
//! May touch: nothing. Invariant: what [`Role::as_str`] writes, [`Role::parse`] reads, for ever:
//! the words are stored.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// What somebody plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Takes the front.
    Tank,
    /// "DPS" to players.
    Damage,
    /// Heals and enables.
    Support,
    /// Plays anything ("fill").
    Flex,
}

impl Role {
    /// Every role, in the order people list them.
    pub const ALL: [Self; 4] = [Self::Tank, Self::Damage, Self::Support, Self::Flex];
    /// The roles that the game itself knows.
    pub const CORE: [Self; 3] = [Self::Tank, Self::Damage, Self::Support];

    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tank => "tank",
            Self::Damage => "damage",
            Self::Support => "support",
            Self::Flex => "flex",
        }
    }

    /// The word for people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Tank => "Tank",
            Self::Damage => "Damage",
            Self::Support => "Support",
            Self::Flex => "Flex",
        }
    }

    /// Reads what is stored and what people type, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text.trim().to_lowercase().as_str() {
            "tank" | "tanks" => Self::Tank,
            "damage" | "dps" | "dmg" | "dd" => Self::Damage,
            "support" | "supp" | "sup" | "healer" | "heal" | "heals" => Self::Support,
            // "player" is how an older bot stored a place without a role.
            "flex" | "fill" | "any" | "anything" | "all" | "player" => Self::Flex,
            _ => return None,
        })
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.label())
    }
}

impl Serialize for Role {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Role {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        Self::parse(&word).ok_or_else(|| de::Error::custom(format!("unknown role {word:?}")))
    }
}

/// A set of roles in the order of [`Role::ALL`]; in JSON an array of stored words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Roles(u8);

impl Roles {
    /// No role at all.
    pub const EMPTY: Self = Self(0);

    /// Reads roles separated by commas, spaces and the like: "tank, dps", "Flex — anything".
    ///
    /// # Errors
    /// The first word that is no role.
    pub fn parse(text: &str) -> Result<Self, &str> {
        let words = text.split(|c: char| !c.is_alphanumeric());
        let words = words.filter(|word| !word.is_empty());
        words.map(|word| Role::parse(word).ok_or(word)).collect()
    }

    /// Whether `role` is in the set. Flex is a member like any other and implies nothing.
    pub fn contains(self, role: Role) -> bool {
        self.0 & bit(role) != 0
    }

    /// Adds `role`; false if it was there already.
    pub fn insert(&mut self, role: Role) -> bool {
        let new = !self.contains(role);
        self.0 |= bit(role);
        new
    }

    /// The set with `role` in it.
    pub fn with(mut self, role: Role) -> Self {
        self.insert(role);
        self
    }

    /// The members in order.
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL
            .into_iter()
            .filter(move |role| self.contains(*role))
    }

    /// Whether there is no member.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The set as a number: the bit of a role is set if it is a member.
    pub(super) fn bits(self) -> usize {
        self.0.into()
    }

    /// The set that [`Roles::bits`] gave; other bits are ignored.
    pub(super) fn from_bits(bits: usize) -> Self {
        let member = |role: &Role| bits & usize::from(bit(*role)) != 0;
        Role::ALL.into_iter().filter(member).collect()
    }

    /// How many members there are, at most 4.
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }
}

impl std::ops::BitAnd for Roles {
    type Output = Self;

    /// The members of both.
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        Self(roles.into_iter().fold(0, |set, role| set | bit(role)))
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels: Vec<_> = self.iter().map(Role::label).collect();
        f.pad(&labels.join(", "))
    }
}

impl Serialize for Roles {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Roles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<Role>::deserialize(deserializer)?
            .into_iter()
            .collect())
    }
}

fn bit(role: Role) -> u8 {
    1 << role as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_words_and_labels_read_back() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
            assert_eq!(Role::parse(role.label()), Some(role));
        }
    }

    #[test]
    fn players_words_are_understood() {
        assert_eq!(Role::parse(" DPS "), Some(Role::Damage));
        assert_eq!(Role::parse("healer"), Some(Role::Support));
        assert_eq!(Role::parse("Fill"), Some(Role::Flex));
        assert_eq!(Role::parse("jungler"), None);
    }

    #[test]
    fn a_set_keeps_order_and_no_doubles() {
        let roles: Roles = [Role::Support, Role::Tank, Role::Support]
            .into_iter()
            .collect();
        assert_eq!(roles.len(), 2);
        assert_eq!(roles.to_string(), "Tank, Support");
        assert_eq!(
            serde_json::to_string(&roles).expect("well-formed"),
            r#"["tank","support"]"#
        );
    }

    #[test]
    fn several_roles_are_read_from_one_text() {
        let shown = |text| Roles::parse(text).map(|roles| roles.to_string());
        assert_eq!(shown("dps and tank"), Err("and"));
        assert_eq!(shown("dps,tank / heal"), Ok("Tank, Damage, Support".into()));
        assert_eq!(shown("Flex — anything"), Ok("Flex".into()));
        assert_eq!(shown(" "), Ok(String::new()));
    }

    #[test]
    fn sets_written_by_an_older_bot_are_read() {
        let roles: Roles = serde_json::from_str(r#"["dps","tank"]"#).expect("well-formed");
        assert_eq!(roles.to_string(), "Tank, Damage");
        assert!(serde_json::from_str::<Roles>(r#"["jungler"]"#).is_err());
    }
}
