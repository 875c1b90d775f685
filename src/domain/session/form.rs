//! A form about a session that is open while somebody else changes the session.
//!
//! Pure. Invariant: what a form showed and came back with unchanged is never written; what was changed
//! in it and beside it is not written either, but told.

use std::fmt;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::super::ids::UserId;
use super::super::text::fingerprint;
use super::decide::Change;
use super::{Plan, Session};

/// What a form about a session showed when it was opened: short enough for a custom id, which is all
/// that comes back with it. Texts are fingerprints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// When it started.
    pub at: DateTime<Utc>,
    /// In which zone that was shown.
    pub zone: Tz,
    length_minutes: u32,
    title: u32,
    description: u32,
}

/// One field that a form asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// When it starts.
    At,
    /// How long it takes.
    Length,
    /// What it is called.
    Title,
    /// What else there is to say.
    Description,
}

/// A field that was changed in a form, and differently beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Clash {
    /// When it starts.
    At {
        /// As it was typed.
        yours: DateTime<Utc>,
        /// As it is.
        theirs: DateTime<Utc>,
    },
    /// How long it takes, in minutes.
    Length {
        /// As it was chosen.
        yours: u32,
        /// As it is.
        theirs: u32,
    },
    /// What it is called; empty: the mode's name.
    Title {
        /// As it was typed.
        yours: String,
        /// As it is.
        theirs: String,
    },
    /// What else there is to say.
    Description {
        /// As it was typed.
        yours: String,
        /// As it is.
        theirs: String,
    },
}

/// What is to be asked of whoever sent a form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Clashes {
    /// Who sent it.
    pub by: UserId,
    /// Where they and somebody else disagree.
    pub fields: Vec<Clash>,
}

impl Shown {
    /// What a form shows of `plan`.
    pub fn of(plan: &Plan) -> Self {
        Self {
            at: plan.at,
            zone: plan.zone,
            length_minutes: plan.length_minutes,
            title: fingerprint(own_title(plan)),
            description: fingerprint(&plan.description),
        }
    }

    /// Reads what its `Display` wrote; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(5, ':');
        let at = parts.next()?.parse().ok()?;
        let length_minutes = parts.next()?.parse().ok()?;
        let mut print = || u32::from_str_radix(parts.next()?, 16).ok();
        let (title, description) = (print()?, print()?);
        Some(Self {
            at: DateTime::from_timestamp(at, 0)?,
            zone: parts.next()?.parse().ok()?,
            length_minutes,
            title,
            description,
        })
    }

    /// `change` without what is as the form showed it.
    pub fn only_changed(&self, change: Change) -> Change {
        let same = |print: u32, text: &String| fingerprint(text) != print;
        Change {
            at: change.at.filter(|at| *at != self.at),
            length_minutes: (change.length_minutes).filter(|length| *length != self.length_minutes),
            title: change.title.filter(|title| same(self.title, title)),
            description: (change.description).filter(|text| same(self.description, text)),
            ..change
        }
    }

    /// Takes out of `change` what is different in `session` from what the form showed, and from what
    /// is asked for; gives it.
    pub fn take_clashes(&self, change: &mut Change, session: &Session) -> Vec<Clash> {
        let (plan, now) = (&session.plan, Self::of(&session.plan));
        let at = (now.at != self.at).then(|| change.at.take()).flatten();
        let length = (now.length_minutes != self.length_minutes)
            .then(|| change.length_minutes.take())
            .flatten();
        let title = (now.title != self.title).then(|| change.title.take());
        let description = (now.description != self.description).then(|| change.description.take());
        let clashes = [
            at.map(|yours| Clash::At {
                yours,
                theirs: plan.at,
            }),
            length.map(|yours| Clash::Length {
                yours,
                theirs: plan.length_minutes,
            }),
            title.flatten().map(|yours| Clash::Title {
                yours,
                theirs: own_title(plan).to_owned(),
            }),
            description.flatten().map(|yours| Clash::Description {
                yours,
                theirs: plan.description.clone(),
            }),
        ];
        let clashes = clashes.into_iter().flatten();
        clashes.filter(|clash| !clash.is_agreed()).collect()
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}:{:08x}:{:08x}:{}",
            self.at.timestamp(),
            self.length_minutes,
            self.title,
            self.description,
            self.zone.name()
        )
    }
}

impl Field {
    /// Every field.
    pub const ALL: [Self; 4] = [Self::At, Self::Length, Self::Title, Self::Description];

    /// The word for it in ids.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::At => "start",
            Self::Length => "length",
            Self::Title => "title",
            Self::Description => "description",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.as_str() == word)
    }
}

impl Clash {
    /// Which field it is about.
    pub fn field(&self) -> Field {
        match self {
            Self::At { .. } => Field::At,
            Self::Length { .. } => Field::Length,
            Self::Title { .. } => Field::Title,
            Self::Description { .. } => Field::Description,
        }
    }

    /// The change by which the session becomes as whoever sent the form wants it.
    pub fn yours(&self) -> Change {
        let mut change = Change::default();
        match self {
            Self::At { yours, .. } => change.at = Some(*yours),
            Self::Length { yours, .. } => change.length_minutes = Some(*yours),
            Self::Title { yours, .. } => change.title = Some(yours.clone()),
            Self::Description { yours, .. } => change.description = Some(yours.clone()),
        }
        change
    }

    /// Whether both want the same.
    fn is_agreed(&self) -> bool {
        match self {
            Self::At { yours, theirs } => yours == theirs,
            Self::Length { yours, theirs } => yours == theirs,
            Self::Title { yours, theirs } | Self::Description { yours, theirs } => yours == theirs,
        }
    }
}

/// The title that was given; empty if it is the mode's name.
fn own_title(plan: &Plan) -> &str {
    match plan.title == plan.mode.label() {
        true => "",
        false => &plan.title,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{RankLimits, Status};
    use super::*;
    use crate::domain::admission::Admission;
    use crate::domain::ids::{ChannelId, GuildId, SessionId};
    use crate::domain::mode::Mode;

    fn session() -> Session {
        let mode = Mode::parse("5v5").expect("a mode");
        let plan = Plan {
            mode,
            teams: 1,
            at: "2026-11-27T19:00:00Z".parse().expect("a time"),
            zone: Tz::America__Argentina__ComodRivadavia,
            length_minutes: 120,
            title: mode.label().into(),
            description: "Bring tea".into(),
            limits: RankLimits::default(),
            admission: Admission::Organiser,
            check_in_minutes: 15,
        };
        Session {
            id: SessionId(7),
            organiser: None,
            co_organisers: Vec::new(),
            guild: GuildId(7),
            channel: ChannelId(8),
            card: None,
            created_at: plan.at,
            plan,
            status: Status::Open,
            cancel_reason: None,
        }
    }

    fn sent(title: &str, description: &str, length: u32) -> Change {
        Change {
            at: Some(session().plan.at),
            title: Some(title.into()),
            description: Some(description.into()),
            length_minutes: Some(length),
            ..Change::default()
        }
    }

    #[test]
    fn what_was_shown_comes_back_from_a_custom_id() {
        let shown = Shown::of(&session().plan);
        let id = format!("edit:{}:{shown}", i64::MAX);
        assert!(id.len() <= 100, "{id}");
        assert_eq!(Shown::parse(&shown.to_string()), Some(shown));
        for forged in [
            "",
            "1795885200",
            "1:2:x:y:UTC",
            "1:2:0:0:Mars",
            "x:2:0:0:UTC",
        ] {
            assert_eq!(Shown::parse(forged), None, "{forged}");
        }
    }

    #[test]
    fn a_form_sent_as_it_was_changes_nothing() {
        let shown = Shown::of(&session().plan);
        let change = shown.only_changed(sent("", "Bring tea", 120));
        assert_eq!(change, Change::default());
        let change = shown.only_changed(sent("Scrim", "", 120));
        let wanted = Change {
            title: Some("Scrim".into()),
            description: Some(String::new()),
            ..Change::default()
        };
        assert_eq!(change, wanted);
    }

    #[test]
    fn what_both_changed_differently_is_a_clash_and_left_as_it_is() {
        let shown = Shown::of(&session().plan);
        let mut now = session();
        now.plan.title = "Their title".into();
        now.plan.description = "Same".into();
        now.plan.length_minutes = 90;
        let mut change = shown.only_changed(sent("My title", "Same", 60));
        let clashes = shown.take_clashes(&mut change, &now);
        assert_eq!(change, Change::default());
        let title = Clash::Title {
            yours: "My title".into(),
            theirs: "Their title".into(),
        };
        let length = Clash::Length {
            yours: 60,
            theirs: 90,
        };
        assert_eq!(clashes, [length, title]);
        assert_eq!(clashes[1].yours().title.as_deref(), Some("My title"));
        // Decided, it is judged by what was shown with the question.
        let mut change = clashes[1].yours();
        assert_eq!(Shown::of(&now.plan).take_clashes(&mut change, &now), []);
        assert_eq!(change.title.as_deref(), Some("My title"));
    }

    #[test]
    fn what_only_others_changed_stays_as_they_made_it() {
        let shown = Shown::of(&session().plan);
        let mut now = session();
        now.plan.at += chrono::TimeDelta::hours(1);
        let mut change = shown.only_changed(sent("Scrim", "Bring tea", 120));
        assert_eq!(shown.take_clashes(&mut change, &now), []);
        assert_eq!((change.at, change.title.as_deref()), (None, Some("Scrim")));
    }
}
