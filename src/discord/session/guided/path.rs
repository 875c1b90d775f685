//! The way that somebody has gone in the guide, as it stands in custom ids.
//!
//! Pure. Invariant: what [`Path`] writes, it reads; what it did not write leads to a page that
//! makes sense, at worst the first one.

use std::fmt;

use chrono::{DateTime, NaiveDate, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;

use crate::domain::admission::Admission;
use crate::domain::mode::Mode;
use crate::domain::when::AHEAD_MAX_DAYS;

/// What is to be played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Game {
    pub(super) mode: Mode,
    pub(super) teams: u8,
}

/// All that a session needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ready {
    pub(super) game: Game,
    pub(super) at: DateTime<Utc>,
    pub(super) admission: Admission,
}

impl Ready {
    /// Whether its time can still be taken: a message may have been left lying about.
    pub(super) fn is_ahead(&self, now: DateTime<Utc>) -> bool {
        self.at > now && self.at <= now + TimeDelta::days(AHEAD_MAX_DAYS)
    }
}

/// How far somebody has come: `5v5/1/2026-11-27`, `5v5/1/1795885200`, and, unless the organiser
/// picks, `5v5/1/1795885200/first_come`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Path {
    /// Nothing is chosen.
    Start,
    /// The game is.
    Game(Game),
    /// The day, too.
    Day(Game, NaiveDate),
    /// The time, too.
    Ready(Ready),
}

impl Path {
    /// Reads as much of a path as makes sense.
    pub(super) fn parse(text: &str) -> Self {
        let mut parts = text.split('/');
        let mut game = || {
            let mode = Mode::parse(parts.next()?)?;
            let teams = parts.next()?.parse().ok()?;
            (1..=2).contains(&teams).then_some(Game { mode, teams })
        };
        let Some(game) = game() else {
            return Self::Start;
        };
        let Some(when) = parts.next() else {
            return Self::Game(game);
        };
        let moment = when
            .parse()
            .ok()
            .and_then(|at| DateTime::from_timestamp(at, 0));
        match (moment, when.parse()) {
            (Some(at), _) => Self::Ready(Ready {
                game,
                at,
                admission: parts.next().and_then(Admission::parse).unwrap_or_default(),
            }),
            (None, Ok(day)) => Self::Day(game, day),
            (None, Err(_)) => Self::Game(game),
        }
    }

    /// A moment of the day that was chosen, in `zone`; `None` where none was.
    pub(super) fn day(&self, zone: Tz) -> Option<DateTime<Utc>> {
        let Self::Day(_, date) = self else {
            return None;
        };
        let noon = date.and_hms_opt(12, 0, 0)?;
        Some(zone.from_local_datetime(&noon).earliest()?.to_utc())
    }

    /// One step further, by what was chosen on its page.
    pub(super) fn with(self, chosen: &str) -> Self {
        match self {
            Self::Start => Self::parse(chosen),
            Self::Ready(ready) if let Some(admission) = Admission::parse(chosen) => {
                Self::Ready(Ready { admission, ..ready })
            }
            Self::Game(game) | Self::Day(game, _) | Self::Ready(Ready { game, .. }) => {
                Self::parse(&format!("{}/{chosen}", Self::Game(game)))
            }
        }
    }

    /// One step back, in the eyes of somebody in `zone`.
    pub(super) fn back(self, zone: Tz) -> Self {
        match self {
            Self::Start | Self::Game(_) => Self::Start,
            Self::Day(game, _) => Self::Game(game),
            Self::Ready(Ready { game, at, .. }) => {
                Self::Day(game, at.with_timezone(&zone).date_naive())
            }
        }
    }

    pub(super) fn game(self) -> Option<Game> {
        match self {
            Self::Start => None,
            Self::Game(game) | Self::Day(game, _) | Self::Ready(Ready { game, .. }) => Some(game),
        }
    }
}

impl fmt::Display for Game {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.mode.id(), self.teams)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => Ok(()),
            Self::Game(game) => game.fmt(f),
            Self::Day(game, day) => write!(f, "{game}/{day}"),
            Self::Ready(Ready {
                game,
                at,
                admission,
            }) => {
                write!(f, "{game}/{}", at.timestamp())?;
                match admission {
                    Admission::Organiser => Ok(()),
                    other => write!(f, "/{}", other.as_str()),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_reads_back_and_fits_a_custom_id() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 27).expect("a day");
        let at: DateTime<Utc> = "2026-11-27T19:00:00Z".parse().expect("a moment");
        for mode in Mode::all() {
            let game = Game { mode, teams: 2 };
            let admission = Admission::Organiser;
            let ready = Path::Ready(Ready {
                game,
                at,
                admission,
            });
            let balanced = ready.with("balanced");
            assert_ne!(balanced, ready);
            for path in [
                Path::Start,
                Path::Game(game),
                Path::Day(game, day),
                ready,
                balanced,
            ] {
                assert_eq!(Path::parse(&path.to_string()), path);
                assert!(path.to_string().len() < 60);
            }
            assert_eq!(Path::Game(game).with("2026-11-27"), Path::Day(game, day));
            assert_eq!(
                Path::Day(game, day).with(&at.timestamp().to_string()),
                ready
            );
            assert_eq!(ready.back(Tz::UTC), Path::Day(game, day));
        }
    }

    #[test]
    fn a_forged_path_leads_to_a_page_that_makes_sense() {
        for forged in [
            "",
            "/",
            "chess/1",
            "5v5",
            "5v5/3",
            "5v5/x",
            "5v5/-1/1795885200",
        ] {
            assert_eq!(Path::parse(forged), Path::Start, "{forged}");
        }
        let game = Path::parse("5v5/1");
        for forged in ["5v5/1/", "5v5/1/2026-13-01", "5v5/1/99999999999999999999"] {
            assert_eq!(Path::parse(forged), game, "{forged}");
        }
    }
}
