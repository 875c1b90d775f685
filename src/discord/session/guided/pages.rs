//! The pages and forms of the guide.
//!
//! Pure. Invariant: of every page one can go back, and all of its ids carry the whole path.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use twilight_model::channel::message::component::{
    ButtonStyle, Component, SelectMenuOption, TextInputStyle,
};

use super::super::super::admission;
use super::super::super::reply::{Message, Modal, button, field, menu, option, text_input};
use super::super::super::words::quoted;
use super::super::options;
use super::super::words::length;
use super::path::{Game, Path, Ready};
use super::{DETAILED, FORM, MAKE, NAMED_ZONE, STEP, TYPED_TIME, ZONE};
use crate::domain::admission::Admission;
use crate::domain::mode::Mode;
use crate::domain::rank::Tier;
use crate::domain::session::{LENGTH_DEFAULT_MINUTES, scale};
use crate::domain::when::{When, days, times_of};
use crate::domain::zone;

pub(super) const ZONE_FIELD: &str = "zone";
pub(super) const WHEN_FIELD: &str = "when";
pub(super) const LOWEST_FIELD: &str = "lowest";
pub(super) const HIGHEST_FIELD: &str = "highest";

/// Characters of a zone or a time in a form.
const LINE_MAX_CHARS: usize = 100;

/// A page: what is asked, and what it is answered with.
pub(super) struct Page {
    text: String,
    rows: Vec<Vec<Component>>,
}

impl Page {
    /// The page of `path`, for somebody in `zone`.
    pub(super) fn of(path: &Path, zone: Tz, now: DateTime<Utc>) -> Self {
        match path {
            Path::Start => games(),
            Path::Game(game) => day(path, *game, zone, now),
            Path::Day(game, date) => {
                let times: Vec<_> = times_of(*date, zone, now)
                    .into_iter()
                    .map(|time| option(time.at.timestamp().to_string(), &time.label, false))
                    .collect();
                // The last time of that day has passed, or never was.
                if times.is_empty() {
                    return Self::of(&Path::Game(*game), zone, now);
                }
                let text = format!(
                    "{}\n**{}** · at what time? ({})",
                    chosen(*game),
                    date.format("%a %-d %b"),
                    zone.name()
                );
                Self {
                    text,
                    rows: vec![
                        vec![menu(step(path), "Choose a time", times, (1, 1))],
                        vec![back(path, zone), another_time(path)],
                    ],
                }
            }
            Path::Ready(ready) if ready.is_ahead(now) => summary(path, ready, zone, now),
            Path::Ready(ready) => Self::of(&Path::Game(ready.game), zone, now),
        }
    }

    /// The page as a message, below a `note` on what happened.
    pub(super) fn message(self, note: Option<&str>) -> Message {
        let text = match note {
            Some(note) => format!("{note}\n\n{}", self.text),
            None => self.text,
        };
        self.rows
            .into_iter()
            .fold(Message::text(text), Message::row)
    }
}

/// The question for the zone: those that fit `typed`, or those where most people live.
pub(super) fn zones(path: &Path, typed: &str, now: DateTime<Utc>) -> Message {
    let mut found = zone::search(typed, now);
    let mut text =
        "Where do you live, as far as time is concerned? I ask this only once.".to_owned();
    if found.is_empty() {
        found = zone::search("", now);
        text = format!(
            "I know no time zone called {}. Choose one, or name a city, a country or an \
             abbreviation.",
            quoted(typed)
        );
    }
    let options = found
        .into_iter()
        .map(|found| option(found.zone.name(), &found.label, false));
    let choose = menu(
        format!("{ZONE}:{path}"),
        "Choose your time zone",
        options.collect(),
        (1, 1),
    );
    let other = form("zone", path, "Another one…");
    Message::text(text).row([choose]).row([other])
}

/// The choice between the `moments` that a typed time may mean.
pub(super) fn doubtful(
    path: &Path,
    game: Game,
    moments: &[DateTime<Utc>],
    zone: Tz,
    note: &str,
    now: DateTime<Utc>,
) -> Message {
    let options = moments.iter().map(|at| {
        let at = *at;
        option(
            at.timestamp().to_string(),
            &When { at, zone }.describe(now),
            false,
        )
    });
    let choose = menu(
        step(&Path::Game(game)),
        "Choose the time you meant",
        options.collect(),
        (1, 1),
    );
    // Back to the page that it was typed on; the slash keeps this id apart from the menu's.
    let back = button(format!("{STEP}:{path}/"), "◀ Back", ButtonStyle::Secondary);
    Message::text(format!("{}\n{note}", chosen(game)))
        .row([choose])
        .row([back, another_time(path)])
}

/// Asks for a zone by name.
pub(super) fn zone_form(path: &Path) -> Modal {
    let input = line(ZONE_FIELD, "Berlin, Brazil, PST, UTC+5:30");
    Modal {
        id: format!("{NAMED_ZONE}:{path}"),
        title: "Your time zone".into(),
        fields: vec![field("City, country or abbreviation", None, input)],
    }
}

/// Asks for any time.
pub(super) fn time_form(path: &Path, zone: Tz) -> Modal {
    let input = line(WHEN_FIELD, "fri 8pm, tomorrow 20:30, 2026-12-25 19:30");
    let description = format!("As you would say it, in {}", zone.name());
    Modal {
        id: format!("{TYPED_TIME}:{path}"),
        title: "Another time".into(),
        fields: vec![field("When", Some(&description), input)],
    }
}

/// Asks for what a session has beyond mode and time.
pub(super) fn details_form(ready: &Ready) -> Modal {
    let mode = ready.game.mode;
    let tiers = || -> Vec<SelectMenuOption> {
        Tier::all(scale(mode))
            .map(|tier| option(tier.word(), tier.label(), false))
            .collect()
    };
    let mut fields = options::fields("", mode.label(), "", LENGTH_DEFAULT_MINUTES);
    for (id, label) in [
        (LOWEST_FIELD, "Lowest rank"),
        (HIGHEST_FIELD, "Highest rank"),
    ] {
        let choose = menu(id, "No limit", tiers(), (0, 1));
        fields.push(field(
            label,
            Some("On the ladder that the role uses"),
            choose,
        ));
    }
    Modal {
        id: format!("{DETAILED}:{}", Path::Ready(*ready)),
        title: "Details of the session".into(),
        fields,
    }
}

fn games() -> Page {
    let games = Mode::all().flat_map(|mode| [1, 2].map(|teams| Game { mode, teams }));
    let options = games.map(|game| option(game.to_string(), &name(game), false));
    let choose = menu(
        step(&Path::Start),
        "Choose what to play",
        options.collect(),
        (1, 1),
    );
    Page {
        text: "**What do you want to play?** Then come day, time and details.".into(),
        rows: vec![vec![choose]],
    }
}

fn day(path: &Path, game: Game, zone: Tz, now: DateTime<Utc>) -> Page {
    let days = days(zone, now)
        .into_iter()
        .map(|day| option(day.date.to_string(), &day.label, false));
    Page {
        text: format!("{}\n**On which day?**", chosen(game)),
        rows: vec![
            vec![menu(step(path), "Choose a day", days.collect(), (1, 1))],
            vec![back(path, zone), another_time(path)],
        ],
    }
}

fn summary(path: &Path, ready: &Ready, zone: Tz, now: DateTime<Utc>) -> Page {
    let when = When { at: ready.at, zone }.describe(now);
    let ways = Admission::ALL
        .map(|way| option(way.as_str(), admission::label(way), way == ready.admission));
    Page {
        text: format!(
            "{}\n**{when}**\nCreate it as it is ({}, open to every rank), or choose who gets the \
             places, or add a title, a description, another length or limits first.",
            chosen(ready.game),
            length(LENGTH_DEFAULT_MINUTES)
        ),
        rows: vec![
            vec![menu(step(path), "Who gets the places", ways.into(), (1, 1))],
            vec![
                button(format!("{MAKE}:{path}"), "Create it", ButtonStyle::Success),
                form("details", path, "Details…"),
                back(path, zone),
            ],
        ],
    }
}

fn chosen(game: Game) -> String {
    format!("🎮 {}", name(game))
}

fn name(game: Game) -> String {
    match game.teams {
        2 => format!("{} — scrim, two teams", game.mode.label()),
        _ => game.mode.label().to_owned(),
    }
}

fn step(path: &Path) -> String {
    format!("{STEP}:{path}")
}

fn form(kind: &str, path: &Path, label: &str) -> Component {
    button(
        format!("{FORM}:{kind}:{path}"),
        label,
        ButtonStyle::Secondary,
    )
}

fn another_time(path: &Path) -> Component {
    form("time", path, "Type another time…")
}

fn back(path: &Path, zone: Tz) -> Component {
    button(step(&path.back(zone)), "◀ Back", ButtonStyle::Secondary)
}

fn line(id: &str, placeholder: &str) -> Component {
    text_input(
        id,
        TextInputStyle::Short,
        true,
        LINE_MAX_CHARS,
        placeholder,
        None,
    )
}
