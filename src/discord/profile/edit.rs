//! `/profile edit`: by options, by a form, or by a pick list where a zone was not clear.
//!
//! May touch: the store and the domain. Invariant: a form's id says what it showed, so that what comes
//! back as it was is not written over what was changed meanwhile; what is to be saved while a person picks their
//! zone stands in the pick list's id, so that a restart in between loses nothing.

use chrono_tz::Tz;
use twilight_model::application::interaction::application_command::CommandData;
use twilight_model::channel::message::component::TextInputStyle;

use super::super::click::{Click, Pressed, Submitted};
use super::super::feature::{Context, Fault};
use super::super::options::Given;
use super::super::reply::{Message, Modal, Reply, field, menu, option, text_input};
use super::super::words::quoted;
use super::{Edit, show};
use crate::domain::profile::{Changes, Profile, Reminder, ZoneError, read_zone};
use crate::domain::role::{Role, Roles};
use crate::domain::text::{Lines, clean};
use crate::domain::zone::{self, ZoneMatch};
use crate::store::profile::{EditProfile, ViewPerson};

/// The form's route.
pub(super) const FORM: &str = "profile-form";
/// The route of the pick list of zones; what else is to be saved stands behind it.
pub(super) const PICK_ZONE: &str = "profile-zone";

/// Characters that may be typed for a zone or for roles; names of zones are far shorter.
const TYPED_MAX_CHARS: usize = 100;
/// In a pick list's id: this stays as it is.
const UNCHANGED: &str = "-";
const ZONE: &str = "zone";
const ROLES: &str = "roles";
const REMINDER: &str = "reminder";
/// What stands for the empty set of roles among the choices.
const NO_ROLES: &str = "none";
/// And what it is called there.
const NO_PREFERENCE: &str = "No preference";

/// Saves the options that were given; without any, opens the form.
pub(super) async fn run(context: &Context, click: &Click, edit: Edit) -> Result<Reply, Fault> {
    let mut changes = Changes {
        reminder: edit.reminder.map(Reminder::from),
        ..Changes::default()
    };
    match edit.roles.as_deref().map(read_roles).transpose() {
        Ok(roles) => changes.roles = roles,
        Err(sentence) => return Ok(Reply::text(sentence)),
    }
    match edit.timezone {
        Some(typed) => save_with_zone(context, click, changes, &typed).await,
        None if changes.is_none() => {
            let person = context.query(ViewPerson(click.person.id)).await?;
            let profile = person.map(|person| person.profile);
            Ok(Reply::Ask(form(profile.as_ref())))
        }
        None => Ok(Reply::Say(save(context, click, changes).await?)),
    }
}

/// Saves what was changed in the form. Its zone may be empty: then there is none.
pub(super) async fn submit(
    context: Context,
    click: Click,
    sent: Submitted,
) -> Result<Reply, Fault> {
    let roles = match read_roles(&sent.values(ROLES).join(",")) {
        Ok(roles) => Some(roles),
        Err(sentence) => return Ok(Reply::text(sentence)),
    };
    let reminder = sent.values(REMINDER).first();
    let mut changes = Changes {
        roles,
        zone: None,
        reminder: reminder.and_then(|it| read_reminder(it)),
    };
    let typed = sent.text(ZONE).trim();
    // A form that was opened by an earlier version does not say what it showed.
    if let Some((zone, rest)) = sent.args.split_once(':') {
        let shown = unpacked(rest);
        changes.roles = changes.roles.filter(|roles| Some(*roles) != shown.roles);
        changes.reminder = (changes.reminder).filter(|it| Some(*it) != shown.reminder);
        if typed == zone {
            return Ok(Reply::Say(save(&context, &click, changes).await?));
        }
    }
    if typed.is_empty() {
        changes.zone = Some(None);
        return Ok(Reply::Say(save(&context, &click, changes).await?));
    }
    save_with_zone(&context, &click, changes, typed).await
}

/// Saves what was to be saved all along, with the zone that was picked.
pub(super) async fn pick_zone(
    context: Context,
    click: Click,
    pressed: Pressed,
) -> Result<Reply, Fault> {
    let picked = pressed.values.first().map_or("", String::as_str);
    let Some(zone) = zone::parse(picked) else {
        return Ok(Reply::Update(Message::text(unknown_zone(picked))));
    };
    let changes = Changes {
        zone: Some(Some(zone)),
        ..unpacked(&pressed.args)
    };
    Ok(Reply::Update(save(&context, &click, changes).await?))
}

/// What is being typed may become these.
pub(super) fn complete(click: &Click, data: &CommandData) -> Reply {
    match Given::of(data).focused() {
        Some(("timezone", typed)) => {
            let found = zone::search(typed, click.at).into_iter();
            Reply::choices(found.map(|found| (found.label, found.zone.name().to_owned())))
        }
        Some(("roles", typed)) => Reply::choices(role_choices(typed)),
        _ => Reply::choices([]),
    }
}

async fn save_with_zone(
    context: &Context,
    click: &Click,
    changes: Changes,
    typed: &str,
) -> Result<Reply, Fault> {
    let Ok(typed) = clean(typed, TYPED_MAX_CHARS, Lines::OneLine) else {
        return Ok(Reply::text(unknown_zone(typed)));
    };
    let zone = match read_zone(&typed, click.at) {
        Ok(zone) => zone,
        Err(ZoneError::Unknown) => return Ok(Reply::text(unknown_zone(&typed))),
        Err(ZoneError::Ambiguous(found)) => {
            return Ok(Reply::Say(zone_question(&typed, found, &changes)));
        }
    };
    let zone = Some(Some(zone));
    let changes = Changes { zone, ..changes };
    Ok(Reply::Say(save(context, click, changes).await?))
}

async fn save(context: &Context, click: &Click, changes: Changes) -> Result<Message, Fault> {
    let edit = EditProfile {
        person: click.person.clone(),
        changes,
        at: click.at,
    };
    let Ok(saved) = context.execute(click, edit).await?;
    let hint = match saved.accounts.is_empty() {
        true => "\n-# Next: `/account add`, so that you can join sessions.",
        false => "",
    };
    let lines = show::lines(&saved.profile, click.at);
    Ok(Message::text(format!("✅ Saved.\n{lines}{hint}")))
}

fn form(profile: Option<&Profile>) -> Modal {
    let zone = profile.and_then(|profile| profile.zone).map(Tz::name);
    let named = zone.unwrap_or_default();
    let chosen = profile.map_or(Roles::EMPTY, |profile| profile.roles);
    let reminder = profile.map(|profile| profile.reminder).unwrap_or_default();
    let zone = text_input(
        ZONE,
        TextInputStyle::Short,
        false,
        TYPED_MAX_CHARS,
        "Berlin, Europe/Berlin, CET, +2 …",
        zone,
    );
    let roles =
        Role::ALL.map(|role| option(role.as_str(), role_label(role), chosen.contains(role)));
    let reminders = Reminder::ALL.map(|choice| {
        option(
            reminder_word(choice),
            show::reminder(choice),
            choice == reminder,
        )
    });
    let shown = Changes {
        roles: Some(chosen),
        zone: None,
        reminder: Some(reminder),
    };
    Modal {
        id: format!("{FORM}:{named}:{}", packed(&shown)),
        title: "Your profile".into(),
        fields: vec![
            field(
                "Time zone",
                Some("A city, a country, or an abbreviation"),
                zone,
            ),
            field(
                "Preferred roles",
                Some("Chosen already when you join a session"),
                menu(ROLES, "No preference", roles.to_vec(), (0, 4)),
            ),
            field(
                "Reminder",
                Some("A direct message before a session of yours"),
                menu(REMINDER, "Choose one", reminders.to_vec(), (1, 1)),
            ),
        ],
    }
}

fn zone_question(typed: &str, found: Vec<ZoneMatch>, changes: &Changes) -> Message {
    let zones = found.into_iter();
    let zones = zones.map(|found| option(found.zone.name(), &found.label, false));
    let id = format!("{PICK_ZONE}:{}", packed(changes));
    let text = match typed {
        "" => "Which of these time zones is yours?".to_owned(),
        typed => format!(
            "Several time zones fit {}. Which one is yours?",
            quoted(typed)
        ),
    };
    Message::text(text).row([menu(
        id,
        "Time zone, and the time there now",
        zones.collect(),
        (1, 1),
    )])
}

fn unknown_zone(typed: &str) -> String {
    format!(
        "I know no time zone {}. Type a city or a country near you, like `Berlin`, and choose from the list.",
        quoted(typed)
    )
}

/// Reads roles in words; "none" is no preference.
fn read_roles(typed: &str) -> Result<Roles, String> {
    let typed = typed.trim();
    if typed.eq_ignore_ascii_case(NO_ROLES) || typed.eq_ignore_ascii_case(NO_PREFERENCE) {
        return Ok(Roles::EMPTY);
    }
    if typed.eq_ignore_ascii_case(role_label(Role::Flex)) {
        return Ok(Roles::EMPTY.with(Role::Flex));
    }
    Roles::parse(typed).map_err(|word| {
        format!(
            "I know no role {}: there are Tank, Damage, Support, and Flex for anything.",
            quoted(word)
        )
    })
}

/// Every combination of the game's roles, flex and none that `typed` may become, short ones first.
fn role_choices(typed: &str) -> Vec<(String, String)> {
    let [tank, damage, support] = Role::CORE;
    let mut choices: Vec<(String, String)> = [
        &[tank][..],
        &[damage],
        &[support],
        &[tank, damage],
        &[tank, support],
        &[damage, support],
        &[tank, damage, support],
    ]
    .map(|roles| Roles::from_iter(roles.iter().copied()).to_string())
    .map(|words| (words.clone(), words))
    .to_vec();
    choices.push((role_label(Role::Flex).into(), Role::Flex.as_str().into()));
    choices.push((NO_PREFERENCE.into(), NO_ROLES.into()));
    let typed = typed.to_lowercase();
    let words: Vec<_> = typed.split(|c: char| !c.is_alphanumeric()).collect();
    let fits = |name: &str| words.iter().all(|word| name_has(name, word));
    let fitting: Vec<_> = choices
        .iter()
        .filter(|(name, _)| fits(name))
        .cloned()
        .collect();
    if fitting.is_empty() { choices } else { fitting }
}

/// Whether a word of `name` begins with `word`, or is what players call by that word.
fn name_has(name: &str, word: &str) -> bool {
    let known = Role::parse(word).map(|role| role.as_str());
    let name = name.to_lowercase();
    let mut parts = name.split(|c: char| !c.is_alphanumeric());
    parts.any(|part| part.starts_with(word) || Some(part) == known)
}

fn role_label(role: Role) -> &'static str {
    match role {
        Role::Flex => "Flex — anything",
        role => role.label(),
    }
}

/// What is to be saved besides the zone, for a pick list's id: `tank,damage:60`.
fn packed(changes: &Changes) -> String {
    let roles = changes.roles.map(|roles| {
        let words: Vec<_> = roles.iter().map(Role::as_str).collect();
        words.join(",")
    });
    format!(
        "{}:{}",
        roles.as_deref().unwrap_or(UNCHANGED),
        changes.reminder.map_or(UNCHANGED, reminder_word)
    )
}

/// What [`packed`] packed; whatever is not understood stays as it is.
fn unpacked(args: &str) -> Changes {
    let (roles, reminder) = args.split_once(':').unwrap_or((UNCHANGED, UNCHANGED));
    Changes {
        roles: Some(roles)
            .filter(|roles| *roles != UNCHANGED)
            .and_then(|roles| Roles::parse(roles).ok()),
        zone: None,
        reminder: read_reminder(reminder),
    }
}

fn reminder_word(reminder: Reminder) -> &'static str {
    match reminder {
        Reminder::None => "none",
        Reminder::QuarterHour => "15",
        Reminder::Hour => "60",
        Reminder::Day => "1440",
    }
}

fn read_reminder(word: &str) -> Option<Reminder> {
    let mut all = Reminder::ALL.into_iter();
    all.find(|reminder| reminder_word(*reminder) == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_for_a_zone_comes_back_from_the_pick_lists_id() {
        let sets = [
            None,
            Some(Roles::EMPTY),
            Roles::parse("tank dps sup flex").ok(),
        ];
        let reminders = Reminder::ALL.map(Some).into_iter().chain([None]);
        for (roles, reminder) in reminders.flat_map(|it| sets.map(|roles| (roles, it))) {
            let changes = Changes {
                roles,
                zone: None,
                reminder,
            };
            let packed = packed(&changes);
            assert!(packed.len() + PICK_ZONE.len() < 100, "{packed}");
            assert_eq!(unpacked(&packed), changes);
        }
        assert!(unpacked("jungler:soon").is_none(), "forged");
        assert!(unpacked("").is_none(), "forged");
    }

    #[test]
    fn combinations_of_roles_are_offered_by_any_word_for_them() {
        let first = |typed| role_choices(typed).swap_remove(0).0;
        assert_eq!(role_choices("").len(), 9);
        assert_eq!(first("dps"), "Damage");
        assert_eq!(first("su, ta"), "Tank, Support");
        assert_eq!(first("fill"), "Flex — anything");
        assert_eq!(role_choices("jungler").len(), 9);
        for (label, value) in role_choices("") {
            assert!(read_roles(&value).is_ok(), "{value}");
            assert_eq!(read_roles(&label), read_roles(&value));
        }
    }
}
