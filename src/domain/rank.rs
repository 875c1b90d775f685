//! Ranks: a tier of a scale and a division in it.
//!
//! May touch: `data/tiers.toml`, compiled in. Invariant: division 5 is the lowest and 1 the highest,
//! so that one division up is one step whether or not it crosses into the next tier.

mod line;

use std::cmp::Ordering;
use std::fmt;
use std::sync::LazyLock;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::ladder::Scale;
pub use line::{RanksError, parse_ranks};

/// Divisions in a tier: 5 (lowest) to 1 (highest).
pub const DIVISIONS: u8 = 5;
/// Most proposals of [`Rank::complete`]: what an autocomplete shows.
const COMPLETIONS_MAX: usize = 25;
/// Shortest beginning of a tier's name that stands for the tier, in letters.
const PREFIX_MIN_CHARS: usize = 3;
/// What people type for "no rank".
const UNRANKED: [&str; 4] = ["unranked", "none", "no", "-"];

static TIERS: LazyLock<TierFile> = LazyLock::new(|| {
    toml::from_str(include_str!("../../data/tiers.toml")).expect("a test reads data/tiers.toml")
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TierFile {
    season_days: u16,
    competitive: Vec<TierData>,
    stadium: Vec<TierData>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TierData {
    word: String,
    label: String,
    aliases: Vec<String>,
}

/// How long a season lasts, in days: a rank declared longer ago is stale.
pub fn season_days() -> u16 {
    TIERS.season_days
}

/// A tier of one of the scales, such as Diamond.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tier {
    scale: Scale,
    index: u8,
}

impl Tier {
    /// The tiers of a scale, low to high.
    pub fn all(scale: Scale) -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator {
        let count = u8::try_from(tiers(scale).len()).expect("a scale has a handful of tiers");
        (0..count).map(move |index| Self { scale, index })
    }

    /// Reads a stored word, a name, an alias, or a beginning that fits one tier only.
    pub fn parse(scale: Scale, text: &str) -> Option<Self> {
        let typed = letters(text);
        if let Some(tier) = Self::all(scale).find(|tier| tier.names().any(|name| name == typed)) {
            return Some(tier);
        }
        if typed.chars().count() < PREFIX_MIN_CHARS {
            return None;
        }
        let mut fitting = Self::all(scale).filter(|tier| tier.word().starts_with(&typed));
        fitting.next().filter(|_| fitting.next().is_none())
    }

    /// The stored word, such as "diamond".
    pub fn word(self) -> &'static str {
        &self.data().word
    }

    /// The word for people, such as "Diamond".
    pub fn label(self) -> &'static str {
        &self.data().label
    }

    /// The scale it belongs to.
    pub fn scale(self) -> Scale {
        self.scale
    }

    /// Its place in the scale; 0 is the lowest.
    pub fn index(self) -> u8 {
        self.index
    }

    /// The rank at the bottom of this tier.
    pub fn lowest(self) -> Rank {
        Rank {
            tier: self,
            division: DIVISIONS,
        }
    }

    /// The rank at the top of this tier.
    pub fn highest(self) -> Rank {
        Rank {
            tier: self,
            division: 1,
        }
    }

    fn data(self) -> &'static TierData {
        &tiers(self.scale)[usize::from(self.index)]
    }

    fn names(self) -> impl Iterator<Item = &'static str> {
        let data = self.data();
        std::iter::once(data.word.as_str()).chain(data.aliases.iter().map(String::as_str))
    }

    /// How well `typed` (letters only, not empty) names this tier: smaller is better.
    fn fit(self, typed: &str) -> Option<u8> {
        if self.names().any(|name| name == typed) {
            Some(0)
        } else if self.names().any(|name| name.starts_with(typed)) {
            Some(1)
        } else if self.word().contains(typed) {
            Some(2)
        } else {
            None
        }
    }
}

impl fmt::Debug for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tier({})", self.label())
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.label())
    }
}

/// A rank, such as Diamond 3. Ordered low to high within a scale.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rank {
    tier: Tier,
    division: u8,
}

/// Why a text is no rank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RankError {
    /// Nothing was typed.
    Empty,
    /// No tier of the scale is called that.
    UnknownTier {
        /// The letters that were typed.
        typed: String,
    },
    /// The tier is known, but no division was typed.
    NoDivision {
        /// The tier that was understood.
        tier: Tier,
    },
    /// The tier is known, but the number is not a division.
    BadDivision {
        /// The tier that was understood.
        tier: Tier,
    },
}

impl Rank {
    /// A rank from what is stored; `None` if the scale has no such tier or division.
    pub fn new(scale: Scale, tier_word: &str, division: u8) -> Option<Self> {
        let tier = Tier::parse(scale, tier_word)?;
        (1..=DIVISIONS)
            .contains(&division)
            .then_some(Self { tier, division })
    }

    /// The scale it is counted in.
    pub fn scale(self) -> Scale {
        self.tier.scale
    }

    /// Its tier.
    pub fn tier(&self) -> Tier {
        self.tier
    }

    /// Its division, 5 (lowest) to 1 (highest).
    pub fn division(self) -> u8 {
        self.division
    }

    /// Steps above the lowest rank of the scale.
    pub fn score(&self) -> i32 {
        i32::from(self.tier.index) * i32::from(DIVISIONS) + i32::from(DIVISIONS - self.division)
    }

    /// Steps of divisions between two ranks of one scale. Between scales it means nothing.
    pub fn distance(self, other: Self) -> i32 {
        (self.score() - other.score()).abs()
    }

    /// Reads "Diamond 3", "dia 3", "d3", "GM2"; `Ok(None)` is an explicit "unranked".
    pub fn parse(scale: Scale, text: &str) -> Result<Option<Self>, RankError> {
        let text = text.trim().to_lowercase();
        if text.is_empty() {
            return Err(RankError::Empty);
        }
        if UNRANKED.contains(&text.as_str()) {
            return Ok(None);
        }
        let Some(tier) = Tier::parse(scale, &text) else {
            return Err(RankError::UnknownTier {
                typed: letters(&text),
            });
        };
        match digits(&text).as_str() {
            "" => Err(RankError::NoDivision { tier }),
            typed => match typed.parse() {
                Ok(division @ 1..=DIVISIONS) => Ok(Some(Self { tier, division })),
                _ => Err(RankError::BadDivision { tier }),
            },
        }
    }

    /// What `typed` may become, best first, at most 25; `None` is "unranked" and always offered.
    /// Nothing typed, or nothing that fits, gives a spread over the whole scale.
    pub fn complete(scale: Scale, typed: &str) -> Vec<Option<Self>> {
        let typed = typed.trim().to_lowercase();
        if typed.is_empty() {
            return [vec![None], spread(scale)].concat();
        }
        if UNRANKED.iter().any(|word| word.starts_with(&typed)) {
            let others = fitting(scale, &typed);
            return shortened([vec![None], others].concat());
        }
        let mut found = fitting(scale, &typed);
        if found.is_empty() {
            found = spread(scale);
        }
        found.truncate(COMPLETIONS_MAX - 1);
        found.push(None);
        found
    }
}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Rank {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.scale(), self.score()).cmp(&(other.scale(), other.score()))
    }
}

impl fmt::Display for Rank {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.tier.label(), self.division)
    }
}

impl fmt::Debug for Rank {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rank({self})")
    }
}

/// How tiers and ranks are written in JSON.
#[derive(Serialize, Deserialize)]
struct Words {
    scale: Scale,
    tier: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    division: Option<u8>,
}

impl Serialize for Tier {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let tier = self.word().to_owned();
        Words {
            scale: self.scale,
            tier,
            division: None,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Tier {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let words = Words::deserialize(deserializer)?;
        Self::parse(words.scale, &words.tier).ok_or_else(|| de::Error::custom("unknown tier"))
    }
}

impl Serialize for Rank {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let tier = self.tier.word().to_owned();
        Words {
            scale: self.scale(),
            tier,
            division: Some(self.division),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Rank {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let words = Words::deserialize(deserializer)?;
        let division = words.division.unwrap_or_default();
        Self::new(words.scale, &words.tier, division)
            .ok_or_else(|| de::Error::custom("unknown rank"))
    }
}

/// A rank as somebody declared it, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeclaredRank {
    /// The rank.
    pub rank: Rank,
    /// When it was declared.
    pub declared_at: DateTime<Utc>,
}

impl DeclaredRank {
    /// Whether it was declared more than a season ago.
    pub fn is_stale(&self, now: DateTime<Utc>) -> bool {
        now - self.declared_at > TimeDelta::days(season_days().into())
    }
}

fn tiers(scale: Scale) -> &'static [TierData] {
    match scale {
        Scale::Competitive => &TIERS.competitive,
        Scale::Stadium => &TIERS.stadium,
    }
}

/// The letters of a text in lower case: "All-Star 3" is "allstar".
fn letters(text: &str) -> String {
    let letters = text.chars().filter(|c| c.is_alphabetic());
    letters.flat_map(char::to_lowercase).collect()
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// Every rank that `typed` (not empty) fits: the better tier first, and in it the division typed,
/// then low to high.
fn fitting(scale: Scale, typed: &str) -> Vec<Option<Rank>> {
    let (name, number) = (letters(typed), digits(typed));
    if name.is_empty() && number.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<_> = Tier::all(scale)
        .filter_map(|tier| {
            let fit = if name.is_empty() { 0 } else { tier.fit(&name)? };
            Some((fit, tier))
        })
        .flat_map(|(fit, tier)| {
            (1..=DIVISIONS)
                .rev()
                .map(move |division| (fit, Rank { tier, division }))
        })
        .filter(|(_, rank)| !name.is_empty() || rank.division.to_string() == number)
        .collect();
    found.sort_by_key(|(fit, rank)| (*fit, rank.tier, rank.division.to_string() != number));
    found.into_iter().map(|(_, rank)| Some(rank)).collect()
}

/// As many divisions of every tier as there is room for, evenly.
fn spread(scale: Scale) -> Vec<Option<Rank>> {
    let divisions: &[u8] = match (COMPLETIONS_MAX - 1) / tiers(scale).len() {
        0 | 1 => &[3],
        2 => &[4, 2],
        _ => &[5, 3, 1],
    };
    let all = Tier::all(scale)
        .flat_map(|tier| {
            divisions
                .iter()
                .map(move |&division| Rank { tier, division })
        })
        .map(Some);
    shortened(all.collect())
}

fn shortened(mut ranks: Vec<Option<Rank>>) -> Vec<Option<Rank>> {
    ranks.truncate(COMPLETIONS_MAX);
    ranks
}

#[cfg(test)]
mod tests;
