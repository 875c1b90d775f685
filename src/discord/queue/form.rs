//! The forms for joining: what somebody offers, and what a newcomer tells about themselves.
//!
//! Pure. Invariant: what a form needs to know is in its custom id and in what is remembered, so
//! that it can be sent, and opened again, by whatever process is running then.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use twilight_model::channel::message::component::{Component, TextInputStyle};

use super::words;
use crate::discord::click::Submitted;
use crate::discord::reply::{Modal, field, menu, option, text_input};
use crate::discord::text::truncate;
use crate::discord::words::{battletag_error, ranks_error};
use crate::domain::account::primary;
use crate::domain::battletag::BattleTag;
use crate::domain::ids::{AccountId, SessionId};
use crate::domain::ladder::Ladder;
use crate::domain::mode::Mode;
use crate::domain::profile::read_zone;
use crate::domain::queue::form::{Offered, Shown, letter};
use crate::domain::queue::{Entry, NOTE_MAX_CHARS, Offer};
use crate::domain::rank::{Rank, parse_ranks};
use crate::domain::role::{Role, Roles};
use crate::domain::session::{Session, scale};
use crate::domain::text::{Lines, clean};
use crate::store::queue::JoinDesk;

/// Length of a custom id, in UTF-16 units, which never are fewer than characters.
const CUSTOM_ID_MAX_UNITS: usize = 100;
/// Characters of a BattleTag, as it may be typed.
const BATTLETAG_TYPED_MAX_CHARS: usize = 40;
/// Characters of a line of ranks.
const RANKS_TYPED_MAX_CHARS: usize = 120;
/// Characters of a time zone.
const ZONE_TYPED_MAX_CHARS: usize = 60;
/// Stands between what was typed into several fields.
const BETWEEN: char = '|';

/// Whether somebody who joins has nothing to choose: one account, and no roles to name.
pub(super) fn asks_nothing(desk: &JoinDesk) -> bool {
    !desk.session.plan.mode.asks_roles() && desk.accounts.len() == 1 && desk.entry.is_none()
}

/// The form in which somebody offers roles and accounts; for somebody who is in the queue, with
/// what they offer already.
pub(super) fn join(desk: &JoinDesk) -> Modal {
    let mode = desk.session.plan.mode;
    let mut fields = Vec::new();
    if mode.asks_roles() {
        fields.push(roles_field(mode, preselected(desk)));
    }
    if desk.accounts.len() > 1 {
        fields.push(accounts_field(desk));
    }
    let note = desk.entry.as_ref().map(|entry| entry.note.as_str());
    fields.push(note_field(note));
    let title = if desk.entry.is_some() {
        "What you offer"
    } else {
        "Join"
    };
    let shown = match &desk.entry {
        Some(entry) => format!(":{}", shown(desk, entry)),
        None => String::new(),
    };
    Modal {
        id: format!("join:{}{shown}", desk.session.id),
        title: title.to_owned(),
        fields,
    }
}

/// What the form shows somebody who is in the queue already.
fn shown(desk: &JoinDesk, entry: &Entry) -> Shown {
    let asked = desk.accounts.len() > 1;
    let accounts = entry.accounts.iter().map(|account| account.id);
    Shown::new(preselected(desk), accounts.filter(|_| asked), &entry.note)
}

/// Reads what came back with the form for joining.
///
/// # Errors
/// A sentence that says what is wrong.
pub(super) fn read_offer(form: &Submitted) -> Result<Offered, String> {
    let accounts = form.values("accounts").iter();
    Ok(Offered {
        roles: read_roles(form),
        accounts: accounts
            .filter_map(|id| id.parse().ok())
            .map(AccountId)
            .collect(),
        note: read_note(form.text("note"))?,
    })
}

/// What a newcomer typed, right or wrong: what their form is opened with once more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Draft {
    pub(super) roles: Roles,
    pub(super) battletag: String,
    pub(super) ranks: String,
    pub(super) zone: String,
    pub(super) note: String,
}

/// What a newcomer told, understood.
#[derive(Debug, PartialEq)]
pub(super) struct Introduction {
    pub(super) roles: Roles,
    pub(super) battletag: BattleTag,
    pub(super) ranks: Vec<(Ladder, Option<Rank>)>,
    pub(super) zone: Option<Tz>,
    pub(super) note: String,
}

impl Draft {
    /// What came back with a newcomer's form.
    pub(super) fn read(form: &Submitted) -> Self {
        let text = |field| form.text(field).trim().to_owned();
        Self {
            roles: read_roles(form),
            battletag: text("battletag"),
            ranks: text("ranks"),
            zone: text("zone"),
            note: text("note"),
        }
    }

    /// What a newcomer's first form is opened with: what their profile holds.
    pub(super) fn of(desk: &JoinDesk) -> Self {
        let zone = desk.profile.as_ref().and_then(|profile| profile.zone);
        Self {
            roles: preselected(desk),
            zone: zone.map_or_else(String::new, |zone| zone.name().to_owned()),
            ..Self::default()
        }
    }

    /// The custom id of a button that opens the form again with all of this that fits in.
    pub(super) fn button_id(&self, session: SessionId) -> String {
        let letters: String = self.roles.iter().map(letter).collect();
        let mut id = format!("newcomer:{session}:{letters}:");
        let mut between = None;
        for typed in [&self.battletag, &self.ranks, &self.zone, &self.note] {
            let typed = typed.replace(BETWEEN, "/");
            let longer: String = id.chars().chain(between).chain(typed.chars()).collect();
            let fits = longer.encode_utf16().count() < CUSTOM_ID_MAX_UNITS;
            match (fits, between) {
                (true, _) => id = longer,
                // Half of it would be worse than nothing.
                (false, Some(between)) => id.push(between),
                (false, None) => {}
            }
            between = Some(BETWEEN);
        }
        id.truncate(id.trim_end_matches(BETWEEN).len());
        id
    }

    /// What stands behind the route in such a button's id: the session, and what was typed.
    pub(super) fn from_button(args: &str) -> (&str, Self) {
        let mut parts = args.splitn(3, ':');
        let session = parts.next().unwrap_or_default();
        let letters = parts.next().unwrap_or_default();
        let mut typed = parts.next().unwrap_or_default().split(BETWEEN);
        let mut next = || typed.next().unwrap_or_default().to_owned();
        let draft = Self {
            roles: Role::ALL
                .into_iter()
                .filter(|role| letters.contains(letter(*role)))
                .collect(),
            battletag: next(),
            ranks: next(),
            zone: next(),
            note: next(),
        };
        (session, draft)
    }

    /// The form, filled in with this.
    pub(super) fn form(&self, session: &Session) -> Modal {
        let plan = &session.plan;
        let limited = !plan.limits.is_none();
        let ranks_hint = format!("For example: {}", example(plan.mode));
        let mut fields = vec![field(
            "Your BattleTag",
            Some("The account that you play on, with its number."),
            line(
                "battletag",
                true,
                BATTLETAG_TYPED_MAX_CHARS,
                "Ana#1234",
                &self.battletag,
            ),
        )];
        if plan.mode.asks_roles() {
            fields.push(roles_field(plan.mode, self.roles));
        }
        let ranks_label = if limited {
            "Your ranks"
        } else {
            "Your ranks, if you like"
        };
        fields.push(field(
            ranks_label,
            Some(&ranks_hint),
            line(
                "ranks",
                limited,
                RANKS_TYPED_MAX_CHARS,
                example(plan.mode),
                &self.ranks,
            ),
        ));
        fields.push(field(
            "Your time zone, if you like",
            Some("Its name, or a large city near you."),
            line(
                "zone",
                false,
                ZONE_TYPED_MAX_CHARS,
                "Europe/Berlin",
                &self.zone,
            ),
        ));
        fields.push(note_field(Some(&self.note)));
        Modal {
            id: format!("newcomer:{}", session.id),
            title: "Join with your first account".to_owned(),
            fields,
        }
    }

    /// What it says, for a session of `mode`.
    ///
    /// # Errors
    /// A sentence for each field that is not understood.
    pub(super) fn understand(
        &self,
        mode: Mode,
        now: DateTime<Utc>,
    ) -> Result<Introduction, Vec<String>> {
        let battletag = BattleTag::parse(&self.battletag).map_err(battletag_error);
        let ranks = parse_ranks(&self.ranks, &ladders(mode))
            .map_err(|error| ranks_error(scale(mode), &error));
        let zone = match self.zone.as_str() {
            "" => Ok(None),
            typed => read_zone(typed, now)
                .map(Some)
                .map_err(|error| words::zone(&error, typed)),
        };
        match (battletag, ranks, zone, read_note(&self.note)) {
            (Ok(battletag), Ok(ranks), Ok(zone), Ok(note)) => Ok(Introduction {
                roles: self.roles,
                battletag,
                ranks,
                zone,
                note,
            }),
            (battletag, ranks, zone, note) => {
                Err([battletag.err(), ranks.err(), zone.err(), note.err()]
                    .into_iter()
                    .flatten()
                    .collect())
            }
        }
    }
}

/// The roles that are chosen when a form opens: what is offered already, else the preferred ones,
/// and of these those for which the ranks fit, if any do.
fn preselected(desk: &JoinDesk) -> Roles {
    if let Some(entry) = &desk.entry {
        return desk.session.plan.mode.played(entry.roles);
    }
    let possible = desk.session.plan.mode.roles();
    let preferred = desk.profile.as_ref().map(|profile| profile.roles);
    let preferred = preferred.unwrap_or(Roles::EMPTY);
    let preferred = if preferred.contains(Role::Flex) {
        possible
    } else {
        preferred
    };
    let account = primary(&desk.accounts).map(std::slice::from_ref);
    let offer = Offer {
        roles: preferred,
        accounts: account.unwrap_or_default(),
        organiser: desk.measure.as_ref(),
    };
    let fits = |role: &Role| offer.admit(&desk.session, *role).is_ok();
    let fitting: Roles = preferred.iter().filter(fits).collect();
    if fitting.is_empty() {
        preferred
    } else {
        fitting
    }
}

fn roles_field(mode: Mode, chosen: Roles) -> Component {
    let possible = mode.roles();
    let options: Vec<_> = possible
        .iter()
        .map(|role| option(role.as_str(), role.label(), chosen.contains(role)))
        .collect();
    let all = u8::try_from(options.len()).unwrap_or(u8::MAX);
    field(
        "Roles you would play",
        Some("All that you are happy with: it makes it likelier to get in."),
        menu("roles", "Choose roles", options, (1, all)),
    )
}

fn accounts_field(desk: &JoinDesk) -> Component {
    let offered = desk.entry.as_ref().map(|entry| &entry.accounts);
    let offered = offered.filter(|accounts| !accounts.is_empty());
    let primary = primary(&desk.accounts).map(|account| account.id);
    let options: Vec<_> = desk
        .accounts
        .iter()
        .map(|account| {
            let chosen = match offered {
                Some(offered) => offered.iter().any(|offered| offered.id == account.id),
                None => Some(account.id) == primary,
            };
            option(account.id.to_string(), &account.battletag, chosen)
        })
        .collect();
    let all = u8::try_from(options.len()).unwrap_or(u8::MAX);
    field(
        "Accounts you would play on",
        None,
        menu("accounts", "Choose accounts", options, (1, all)),
    )
}

fn note_field(note: Option<&str>) -> Component {
    field(
        "Note for the organiser, if you like",
        None,
        line("note", false, NOTE_MAX_CHARS, "", note.unwrap_or_default()),
    )
}

fn line(id: &str, required: bool, max_chars: usize, placeholder: &str, value: &str) -> Component {
    let value = truncate(value, max_chars);
    let value = Some(value.as_str()).filter(|value| !value.is_empty());
    text_input(
        id,
        TextInputStyle::Short,
        required,
        max_chars,
        placeholder,
        value,
    )
}

fn read_roles(form: &Submitted) -> Roles {
    let roles = form.values("roles").iter();
    roles.filter_map(|word| Role::parse(word)).collect()
}

fn read_note(typed: &str) -> Result<String, String> {
    clean(typed, NOTE_MAX_CHARS, Lines::OneLine).map_err(|error| match error {
        crate::domain::text::TextError::TooLong { over } => {
            format!("The note is {over} characters too long; {NOTE_MAX_CHARS} are the most.")
        }
    })
}

fn ladders(mode: Mode) -> Vec<Ladder> {
    let mut ladders: Vec<_> = mode.roles().iter().map(|role| mode.ladder(role)).collect();
    ladders.dedup();
    ladders
}

/// A good line of ranks.
fn example(mode: Mode) -> &'static str {
    use crate::domain::ladder::Scale;
    let ladder = mode.ladder(Role::Flex);
    match (ladder, ladder.scale()) {
        (Ladder::OpenQueue, _) => "diamond 3",
        (_, Scale::Stadium) => "tank pro 3, support elite 1",
        (_, Scale::Competitive) => "tank d3, support plat 1",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_was_typed_comes_back_with_the_button() {
        let draft = Draft {
            roles: Roles::from_iter([Role::Tank, Role::Support]),
            battletag: "Ana:1234".into(),
            ranks: "tank wood 3, dps p1".into(),
            zone: "Europe/Berlin".into(),
            note: "late: 20 min".into(),
        };
        let id = draft.button_id(SessionId(42));
        assert_eq!(
            id,
            "newcomer:42:ts:Ana:1234|tank wood 3, dps p1|Europe/Berlin|late: 20 min"
        );
        let args = id.strip_prefix("newcomer:").unwrap();
        assert_eq!(Draft::from_button(args), ("42", draft));
    }

    #[test]
    fn each_field_that_is_wrong_is_named() {
        let draft = Draft {
            battletag: "Ana".into(),
            ranks: "tank wood 3".into(),
            zone: "Mars".into(),
            note: "x".repeat(300),
            ..Draft::default()
        };
        let mode = Mode::parse("5v5").unwrap();
        let wrong = draft.understand(mode, DateTime::UNIX_EPOCH).unwrap_err();
        assert_eq!(wrong.len(), 4, "{wrong:?}");
    }

    #[test]
    fn every_mode_has_an_example_that_is_understood() {
        for mode in Mode::all() {
            assert!(
                parse_ranks(example(mode), &ladders(mode)).is_ok(),
                "{mode:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_buttons_id_is_never_too_long_nor_is_a_field_mixed_up(
            battletag in "\\PC{0,40}", ranks in "\\PC{0,120}", zone in "\\PC{0,60}", note in "\\PC{0,200}",
        ) {
            let draft = Draft { roles: Roles::EMPTY, battletag, ranks, zone, note };
            let id = draft.button_id(SessionId(i64::MAX));
            prop_assert!(id.encode_utf16().count() <= CUSTOM_ID_MAX_UNITS);
            let (_, back) = Draft::from_button(id.strip_prefix("newcomer:").unwrap());
            let same = |back: &str, typed: &str| back.is_empty() || back == typed.replace('|', "/");
            prop_assert!(same(&back.battletag, &draft.battletag));
            prop_assert!(same(&back.ranks, &draft.ranks));
            prop_assert!(same(&back.zone, &draft.zone));
            prop_assert!(same(&back.note, &draft.note));
        }
    }
}
