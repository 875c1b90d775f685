//! Time zones, found by whatever people call them.
//!
//! May touch: the IANA database that chrono-tz brings, and `data/zones.toml`, compiled in.
//! Invariant: a zone is stored by its IANA name and every name that [`search`] offers, [`parse`]
//! reads.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use chrono::{DateTime, Offset, TimeDelta, Utc};
use chrono_tz::{OffsetName, TZ_VARIANTS, Tz};
use serde::Deserialize;

/// Most matches of one search: what an autocomplete shows.
pub const MATCHES_MAX: usize = 25;
/// How far apart the year is looked at for abbreviations that are not in force now, in days.
const SEASONS_DAYS: [i64; 4] = [0, 91, 182, 273];

static ZONES: LazyLock<Zones> = LazyLock::new(|| {
    let file = toml::from_str(include_str!("../../data/zones.toml"));
    Zones::new(file.expect("a test reads data/zones.toml"))
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ZoneFile {
    popular: Vec<String>,
    aliases: BTreeMap<String, String>,
    countries: BTreeMap<String, Vec<String>>,
}

/// A zone that fits what was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneMatch {
    /// The zone; its name is what to store.
    pub zone: Tz,
    /// For people, with the present time there: "Europe/Berlin — 14:05 CET". At most 100 characters.
    pub label: String,
}

/// The zone with this IANA name, in any case; [`label`]'s text is as good as the name in it.
pub fn parse(name: &str) -> Option<Tz> {
    let name = unlabelled(name).trim();
    let mut all = TZ_VARIANTS.iter();
    all.find(|zone| zone.name().eq_ignore_ascii_case(name))
        .copied()
}

/// The zone that one word after a time means: "8pm EST", "20:00 Europe/Paris". Unlike [`parse`] it
/// takes an abbreviation for the wall clock of the place where most of its users live.
pub fn named(word: &str) -> Option<Tz> {
    if word.contains(BEHIND_NAME) {
        return parse(word);
    }
    let word = word.trim();
    let alias = ZONES.aliases.get(&word.to_lowercase());
    parse(alias.map_or(word, String::as_str))
}

/// The zones that `typed` may mean, best first, at most 25: by name and city, country, common
/// names, abbreviation ("CET", "BST") or offset ("+2", "utc+5:30"). Nothing typed gives the zones
/// where most people are; nothing found, nothing.
pub fn search(typed: &str, now: DateTime<Utc>) -> Vec<ZoneMatch> {
    let typed = unlabelled(typed);
    let words = words(typed);
    let offset = offset_minutes(typed);
    let query = words.join(" ");
    let mut found: Vec<_> = ZONES
        .entries
        .iter()
        .filter_map(|entry| {
            let fit = match offset {
                Some(minutes) => entry.has_offset(minutes, now).then_some(0)?,
                None if words.is_empty() => entry.popularity.map(|_| 0)?,
                None => entry.fit(&query, &words, now)?,
            };
            Some((
                entry.old && !entry.is_called(typed),
                fit,
                entry.old,
                entry.popularity.unwrap_or(usize::MAX),
                entry,
            ))
        })
        .collect();
    found.sort_by_key(|(late, fit, old, popularity, entry)| {
        (*late, *fit, *old, *popularity, entry.zone.name())
    });
    let matches = found.into_iter().map(|(.., entry)| ZoneMatch {
        zone: entry.zone,
        label: label(entry.zone, now),
    });
    matches.take(MATCHES_MAX).collect()
}

/// A zone with the present time there: "Europe/Berlin — 14:05 CET".
pub fn label(zone: Tz, now: DateTime<Utc>) -> String {
    let time = now.with_timezone(&zone).format("%H:%M");
    format!(
        "{}{BEHIND_NAME}{time} {}",
        zone.name(),
        abbreviation(zone, now)
    )
}

/// What stands between a zone's name and its time in a label.
const BEHIND_NAME: &str = " — ";

/// The name in a label, which Discord sends in place of a value at times; any other text as it is.
fn unlabelled(typed: &str) -> &str {
    typed
        .split_once(BEHIND_NAME)
        .map_or(typed, |(name, _)| name)
}

/// What the zone's clock is called at that time: "CET", or "UTC+3" where there is no such name.
pub fn abbreviation(zone: Tz, at: DateTime<Utc>) -> String {
    let local = at.with_timezone(&zone);
    if let Some(name) = local.offset().abbreviation().filter(|name| is_word(name)) {
        return name.to_owned();
    }
    let minutes = local.offset().fix().local_minus_utc() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    let (hours, minutes) = (minutes.abs() / 60, minutes.abs() % 60);
    match minutes {
        0 => format!("UTC{sign}{hours}"),
        _ => format!("UTC{sign}{hours}:{minutes:02}"),
    }
}

/// The data, joined with the zones it speaks of.
struct Zones {
    aliases: BTreeMap<String, String>,
    entries: Vec<Entry>,
}

struct Entry {
    zone: Tz,
    /// Lower case, words separated by spaces: "america new york".
    name: String,
    /// The last part of the name: "new york".
    city: String,
    /// Words that mean this zone.
    aliases: Vec<String>,
    /// The country's names, in words.
    country: String,
    /// Place in the list of popular zones.
    popularity: Option<usize>,
    /// An old name or a fixed offset.
    old: bool,
}

impl Zones {
    fn new(file: ZoneFile) -> Self {
        let mut countries: HashMap<&str, String> = HashMap::new();
        for (country, zones) in &file.countries {
            for zone in zones {
                let names = countries.entry(zone).or_default();
                names.extend([" ", &words(country).join(" ")]);
            }
        }
        let entry = |zone: Tz| {
            let city = zone.name().rsplit('/').next().unwrap_or_default();
            let aliases = file.aliases.iter().filter(|(_, of)| **of == zone.name());
            let country = countries.remove(zone.name());
            Entry {
                zone,
                name: words(zone.name()).join(" "),
                city: words(city).join(" "),
                aliases: aliases.map(|(alias, _)| alias.clone()).collect(),
                popularity: file
                    .popular
                    .iter()
                    .position(|popular| *popular == zone.name()),
                old: country.is_none() && zone != Tz::UTC,
                country: country.unwrap_or_default().trim().to_owned(),
            }
        };
        let entries = TZ_VARIANTS.iter().copied().map(entry).collect();
        Self {
            aliases: file.aliases,
            entries,
        }
    }
}

impl Entry {
    /// How well a query fits, smaller is better.
    fn fit(&self, query: &str, typed: &[String], now: DateTime<Utc>) -> Option<u8> {
        let known = || self.name.split(' ').chain(self.country.split(' '));
        let every_word = |fits: fn(&str, &str) -> bool| {
            let mut typed = typed.iter();
            typed.all(|word| {
                let mut aliases = self.aliases.iter().flat_map(|alias| alias.split(' '));
                known().any(|known| fits(known, word)) || aliases.any(|known| fits(known, word))
            })
        };
        let by_season =
            |days| abbreviation(self.zone, now + TimeDelta::days(days)).to_lowercase() == query;
        if self.name == query || self.aliases.iter().any(|alias| alias == query) {
            Some(0)
        } else if self.city == query || self.country == query {
            Some(1)
        } else if by_season(0) {
            Some(2)
        } else if self.city.starts_with(query) || every_word(|known, word| known == word) {
            Some(3)
        } else if SEASONS_DAYS.into_iter().any(by_season) {
            Some(4)
        } else if every_word(|known, word| known.starts_with(word)) {
            Some(5)
        } else if query.len() > 2 && every_word(|known, word| known.contains(word)) {
            Some(6)
        } else {
            None
        }
    }

    /// Whether exactly this one of several names was typed; "Japan" rather means the country.
    fn is_called(&self, typed: &str) -> bool {
        typed.contains('/') && self.zone.name().eq_ignore_ascii_case(typed.trim())
    }

    fn has_offset(&self, minutes: i32, now: DateTime<Utc>) -> bool {
        now.with_timezone(&self.zone)
            .offset()
            .fix()
            .local_minus_utc()
            == minutes * 60
    }
}

/// The words of a text in lower case, without the accents of Latin letters.
fn words(text: &str) -> Vec<String> {
    let text: String = text.to_lowercase().chars().map(without_accent).collect();
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '+');
    words
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Names of zones are plain ASCII; people write São Paulo and Zürich.
fn without_accent(c: char) -> char {
    match c {
        'à'..='å' | 'ā' | 'ă' | 'ą' => 'a',
        'ç' | 'ć' | 'č' => 'c',
        'è'..='ë' | 'ē' | 'ė' | 'ę' => 'e',
        'ì'..='ï' | 'ī' | 'į' | 'ı' => 'i',
        'ł' => 'l',
        'ñ' | 'ń' => 'n',
        'ò'..='ö' | 'ø' | 'ō' | 'ő' => 'o',
        'ş' | 'ș' | 'ś' | 'š' => 's',
        'ù'..='ü' | 'ū' | 'ů' | 'ű' => 'u',
        'ý' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        _ => c,
    }
}

/// Reads an offset such as "+2", "utc+5:30", "GMT-0330", in minutes.
fn offset_minutes(typed: &str) -> Option<i32> {
    let typed = typed.trim().to_lowercase().replace([' ', '\u{2212}'], "");
    let rest = typed
        .strip_prefix("utc")
        .or_else(|| typed.strip_prefix("gmt"))
        .unwrap_or(&typed);
    let (sign, digits) = match rest.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() > 2 => digits.split_at_checked(digits.len() - 2)?,
        None => (digits, "0"),
    };
    let number = |text: &str| text.parse::<u8>().ok().map(i32::from);
    let (hours, minutes) = (
        number(hours)?,
        number(if minutes.is_empty() { "0" } else { minutes })?,
    );
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

fn is_word(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;
    use proptest::prelude::*;

    use super::*;

    fn winter() -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 11, 22, 13, 5, 0)
            .single()
            .expect("a time")
    }

    fn names(typed: &str) -> Vec<&'static str> {
        let found = search(typed, winter());
        found.into_iter().map(|found| found.zone.name()).collect()
    }

    fn first(typed: &str) -> &'static str {
        names(typed).first().copied().unwrap_or("nothing")
    }

    #[test]
    fn a_label_is_read_as_the_zone_that_it_names() {
        for zone in TZ_VARIANTS {
            let label = label(zone, winter());
            assert_eq!(
                (parse(&label), named(&label)),
                (Some(zone), Some(zone)),
                "{label}"
            );
        }
        assert_eq!(first("Europe/Berlin — 14:05 CET"), "Europe/Berlin");
    }

    #[test]
    fn the_data_speaks_of_zones_that_exist() {
        // Zones newer than chrono-tz's database would be unknown here.
        let file: ZoneFile =
            toml::from_str(include_str!("../../data/zones.toml")).expect("well-formed");
        let named = file.countries.values().flatten();
        for zone in named.chain(file.aliases.values()).chain(&file.popular) {
            assert_eq!(parse(zone).map(Tz::name), Some(zone.as_str()));
        }
        for alias in file.aliases.keys() {
            assert_eq!(*alias, words(alias).join(" "));
        }
        assert!(file.popular.len() >= MATCHES_MAX);
    }

    #[test]
    fn stored_names_are_read_in_any_case() {
        for zone in TZ_VARIANTS {
            assert_eq!(parse(zone.name()), Some(zone));
        }
        assert_eq!(parse(" europe/BERLIN "), Some(Tz::Europe__Berlin));
        assert_eq!(parse("Europe/Atlantis"), None);
    }

    #[test]
    fn places_are_found_by_city_country_and_common_names() {
        for (typed, zone) in [
            ("berlin", "Europe/Berlin"),
            ("new york", "America/New_York"),
            ("york new", "America/New_York"),
            ("new_y", "America/New_York"),
            ("Europe/Par", "Europe/Paris"),
            ("germany", "Europe/Berlin"),
            ("uk", "Europe/London"),
            ("united kingdom", "Europe/London"),
            ("japan", "Asia/Tokyo"),
            ("pacific", "America/Los_Angeles"),
            ("eastern", "America/New_York"),
            ("san fran", "America/Los_Angeles"),
            ("usa", "America/New_York"),
            ("utc", "UTC"),
            ("kiev", "Europe/Kyiv"),
            ("São Paulo", "America/Sao_Paulo"),
            ("Zürich", "Europe/Zurich"),
        ] {
            assert_eq!(first(typed), zone, "{typed}: {:?}", names(typed));
        }
        assert!(names("xyzzy").is_empty());
    }

    #[test]
    fn abbreviations_are_found_now_and_in_the_other_season() {
        for (typed, zone) in [
            ("CET", "Europe/Berlin"),
            ("cest", "Europe/Berlin"),
            ("PST", "America/Los_Angeles"),
            ("EDT", "America/New_York"),
            ("JST", "Asia/Tokyo"),
            ("BST", "Europe/London"),
        ] {
            assert_eq!(first(typed), zone, "{typed}");
        }
        assert!(names("cest").contains(&"Europe/Paris"));
    }

    #[test]
    fn offsets_find_the_zones_that_have_them_now() {
        assert_eq!(first("+1"), "Europe/Berlin");
        assert_eq!(first("utc+5:30"), "Asia/Kolkata");
        assert_eq!(first("GMT -0330"), "America/St_Johns");
        assert_eq!(first("-5"), "America/New_York");
        assert!(!names("+2").contains(&"Europe/Berlin"));
    }

    #[test]
    fn old_names_come_last_but_can_be_typed_in_full() {
        let found = names("pacific");
        let old = found.iter().position(|name| *name == "US/Pacific");
        assert!(old.is_none_or(|old| old > 0));
        assert_eq!(first("us/pacific"), "US/Pacific");
        assert_eq!(first("etc/gmt+8"), "Etc/GMT+8");
        assert_eq!(names("calcutta"), ["Asia/Calcutta"]);
    }

    #[test]
    fn the_label_shows_the_time_there() {
        let found = search("berlin", winter());
        assert_eq!(found[0].label, "Europe/Berlin — 14:05 CET");
        assert_eq!(label(Tz::Asia__Dubai, winter()), "Asia/Dubai — 17:05 UTC+4");
        assert_eq!(abbreviation(Tz::Asia__Kathmandu, winter()), "UTC+5:45");
    }

    #[test]
    fn nothing_typed_offers_where_most_people_are() {
        assert_eq!(names(" ").len(), MATCHES_MAX);
        assert_eq!(first(""), "America/New_York");
    }

    #[test]
    fn a_word_after_a_time_means_one_zone() {
        assert_eq!(named("EST"), Some(Tz::America__New_York));
        assert_eq!(named("Europe/Paris"), Some(Tz::Europe__Paris));
        assert_eq!(named("blah"), None);
    }

    proptest! {
        #[test]
        fn every_search_fits_an_autocomplete_and_reads_back(typed in "\\PC*|[a-z+:0-9/ ]{0,8}") {
            let found = search(&typed, winter());
            prop_assert!(found.len() <= MATCHES_MAX);
            for found in found {
                prop_assert!(found.label.chars().count() <= 100);
                prop_assert_eq!(parse(found.zone.name()), Some(found.zone));
            }
        }
    }
}
