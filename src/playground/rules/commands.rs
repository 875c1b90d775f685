//! Limits of application commands and of autocomplete choices.
//!
//! Invariant: a set of commands that passes here can be shown by a client without a doubt about
//! which command or option a name means.

use super::{Problems, items};
use serde_json::Value;
use std::collections::HashSet;

const CHAT_COMMANDS_MAX: usize = 100;
/// Commands in the menus of people and of messages, each.
const MENU_COMMANDS_MAX: usize = 15;
const NAME_MAX: usize = 32;
const DESCRIPTION_MAX: usize = 100;
const OPTIONS_MAX: usize = 25;
const CHOICES_MAX: usize = 25;
const CHOICE_TEXT_MAX: usize = 100;
/// The greatest integer of an option, and of its range.
const INTEGER_MAX: u64 = (1 << 53) - 1;
const OPTION_LENGTH_MAX: u64 = 6_000;
/// Characters of names, descriptions and values of one command with its options and choices.
const COMMAND_TOTAL_MAX: usize = 8_000;

/// Option types.
pub(in crate::playground) const SUBCOMMAND: u64 = 1;
pub(in crate::playground) const SUBCOMMAND_GROUP: u64 = 2;
pub(in crate::playground) const STRING: u64 = 3;
pub(in crate::playground) const INTEGER: u64 = 4;
pub(in crate::playground) const NUMBER: u64 = 10;
const OPTION_TYPE_MAX: u64 = 11;

/// Checks a whole set of commands, as a bulk overwrite brings them.
pub(in crate::playground) fn check_commands(commands: &Value) -> Problems {
    let mut problems = Problems::default();
    let mut seen = HashSet::new();
    for (n, command) in items(commands).iter().enumerate() {
        let at = n.to_string();
        let kind = command["type"].as_u64().unwrap_or(1);
        if !problems.object(&at, command) {
            problems.required(&at);
            continue;
        }
        problems.number(&format!("{at}.type"), &command["type"], 1, 3);
        problems.boolean(&format!("{at}.nsfw"), &command["nsfw"]);
        one(&mut problems, &at, command, kind);
        if !seen.insert((kind, command["name"].as_str())) {
            let message = "Application command names must be unique";
            problems.add(
                &format!("{at}.name"),
                "APPLICATION_COMMANDS_DUPLICATE_NAME",
                message,
            );
        }
    }
    for (kind, most) in [
        (1, CHAT_COMMANDS_MAX),
        (2, MENU_COMMANDS_MAX),
        (3, MENU_COMMANDS_MAX),
    ] {
        if seen.iter().filter(|one| one.0 == kind).count() > most {
            let message = format!("Maximum number of application commands reached ({most}).");
            problems.add("", "APPLICATION_COMMANDS_TOO_MANY", message);
        }
    }
    problems
}

/// Checks the choices of an autocomplete answer for an option of this type; the paths begin with
/// `data.choices`.
pub(in crate::playground) fn check_choices(data: &Value, kind: u64) -> Problems {
    let mut problems = Problems::default();
    if !data["choices"].is_array() {
        problems.required("data.choices");
    }
    choices(&mut problems, "data.choices", items(&data["choices"]), kind);
    problems
}

fn one(problems: &mut Problems, at: &str, command: &Value, kind: u64) {
    let chat = kind == 1;
    name(problems, &format!("{at}.name"), &command["name"], chat);
    let description = format!("{at}.description");
    if chat {
        problems.label(&description, &command["description"], 1, DESCRIPTION_MAX);
    } else if command["description"]
        .as_str()
        .is_some_and(|text| !text.is_empty())
    {
        let message = "Context menu commands cannot have description";
        problems.add(
            &description,
            "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION",
            message,
        );
    }
    translations(problems, at, command, chat);
    for (field, most) in [("contexts", 2), ("integration_types", 1)] {
        let path = format!("{at}.{field}");
        for (n, one) in problems.list(&path, &command[field]).iter().enumerate() {
            if problems
                .number(&format!("{path}.{n}"), one, 0, most)
                .is_none()
            {
                problems.required(&format!("{path}.{n}"));
            }
        }
    }
    problems.permissions(at, &command["default_member_permissions"]);
    let given = problems.list(&format!("{at}.options"), &command["options"]);
    options(problems, at, given, 0);
    if total(command) > COMMAND_TOTAL_MAX {
        let message = format!("Command exceeds maximum size ({COMMAND_TOTAL_MAX})");
        problems.add(at, "APPLICATION_COMMAND_TOO_LARGE", message);
    }
}

fn options(problems: &mut Problems, at: &str, options: &[Value], depth: usize) {
    let path = format!("{at}.options");
    problems.length(&path, options.len(), 0, OPTIONS_MAX);
    let (mut seen, mut optional_before) = (HashSet::new(), false);
    let nests = |option: &Value| {
        option["type"]
            .as_u64()
            .is_some_and(|kind| kind <= SUBCOMMAND_GROUP)
    };
    if options.iter().any(nests) && !options.iter().all(nests) {
        let message = "Sub-command and sub-command group option types are mutually exclusive to all other types";
        problems.add(&path, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message);
    }
    for (n, option) in options.iter().enumerate() {
        let at = format!("{path}.{n}");
        problems.object(&at, option);
        problems.boolean(&format!("{at}.required"), &option["required"]);
        problems.boolean(&format!("{at}.autocomplete"), &option["autocomplete"]);
        self::option(problems, &at, option, depth);
        if !seen.insert(option["name"].as_str()) {
            let message = "Option names must be unique";
            problems.add(
                &at,
                "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS",
                message,
            );
        }
        if option["required"] == true && optional_before {
            let message = "Required options must be placed before non-required options";
            problems.add(&at, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message);
        }
        optional_before |= option["required"] != true;
    }
}

fn option(problems: &mut Problems, at: &str, option: &Value, depth: usize) {
    name(problems, &format!("{at}.name"), &option["name"], true);
    problems.label(
        &format!("{at}.description"),
        &option["description"],
        1,
        DESCRIPTION_MAX,
    );
    translations(problems, at, option, true);
    let kind = option["type"].as_u64().unwrap_or(0);
    match kind {
        SUBCOMMAND_GROUP if depth == 0 => {
            let inner = problems.list(&format!("{at}.options"), &option["options"]);
            if inner
                .iter()
                .any(|one| one["type"].as_u64() != Some(SUBCOMMAND))
            {
                problems.choice(&format!("{at}.options"), "1");
            }
            options(problems, at, inner, 1);
        }
        SUBCOMMAND if depth <= 1 => {
            let inner = problems.list(&format!("{at}.options"), &option["options"]);
            if inner
                .iter()
                .any(|one| one["type"].as_u64().unwrap_or(0) <= SUBCOMMAND_GROUP)
            {
                problems.choice(&format!("{at}.options"), "3, 4, 5, 6, 7, 8, 9, 10, 11");
            }
            options(problems, at, inner, 2);
        }
        STRING..=OPTION_TYPE_MAX => value_rules(problems, at, option, kind),
        _ => problems.choice(&format!("{at}.type"), "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11"),
    }
}

fn value_rules(problems: &mut Problems, at: &str, option: &Value, kind: u64) {
    let given = problems.list(&format!("{at}.choices"), &option["choices"]);
    problems.list(&format!("{at}.channel_types"), &option["channel_types"]);
    choices(problems, &format!("{at}.choices"), given, kind);
    let mut names = HashSet::new();
    for (n, choice) in given.iter().enumerate() {
        if !names.insert(choice["name"].as_str()) {
            let code = "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_ALREADY_EXISTS";
            problems.add(
                &format!("{at}.choices.{n}"),
                code,
                "Choice names must be unique",
            );
        }
    }

    let completable = matches!(kind, STRING | INTEGER | NUMBER);
    if option["autocomplete"] == true && (!given.is_empty() || !completable) {
        let message = "Autocomplete is for text and numbers without choices";
        problems.add(
            at,
            "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_INVALID",
            message,
        );
    }
    let least = &option["min_length"];
    let most = &option["max_length"];
    problems.number(&format!("{at}.min_length"), least, 0, OPTION_LENGTH_MAX);
    problems.number(&format!("{at}.max_length"), most, 1, OPTION_LENGTH_MAX);
    for bound in ["min_value", "max_value"] {
        let (path, value) = (format!("{at}.{bound}"), &option[bound]);
        let told = match kind {
            _ if value.is_null() => continue,
            INTEGER if is_whole(value) => continue,
            NUMBER if value.is_number() => continue,
            INTEGER => ("NUMBER_TYPE_COERCE", "Value must be a whole number"),
            NUMBER => ("NUMBER_TYPE_COERCE", "Value must be a number"),
            _ => (
                "APPLICATION_COMMAND_OPTIONS_RANGE",
                "A value range is for numbers only",
            ),
        };
        problems.add(&path, told.0, told.1);
    }
}

/// Whether it is a whole number that a double holds exactly ("Application Commands", "Application Command
/// Option Type": integers between -2^53+1 and 2^53-1).
fn is_whole(value: &Value) -> bool {
    let whole = value.as_i64();
    whole.is_some_and(|whole| whole.unsigned_abs() <= INTEGER_MAX)
}

/// The choices of an option of this type, registered or suggested.
fn choices(problems: &mut Problems, at: &str, choices: &[Value], kind: u64) {
    problems.length(at, choices.len(), 0, CHOICES_MAX);
    for (n, choice) in choices.iter().enumerate() {
        let path = format!("{at}.{n}");
        problems.object(&path, choice);
        problems.label(&format!("{path}.name"), &choice["name"], 1, CHOICE_TEXT_MAX);
        let value = &choice["value"];
        let fits = match kind {
            STRING => value.is_string(),
            INTEGER => is_whole(value),
            NUMBER => value.is_number(),
            _ => false,
        };
        if !fits {
            let message = "The value does not have the type of its option";
            problems.add(&format!("{path}.value"), "UNION_TYPE_CHOICES", message);
        } else if value.is_string() {
            problems.text(&format!("{path}.value"), value, 0, CHOICE_TEXT_MAX);
        }
    }
}

fn name(problems: &mut Problems, at: &str, value: &Value, chat: bool) {
    problems.text(at, value, 1, NAME_MAX);
    let Some(name) = value.as_str().filter(|_| chat) else {
        return;
    };
    let allowed = |c: char| matches!(c, '-' | '_' | '\'') || c.is_alphanumeric();
    if !name.chars().all(allowed) || name.to_lowercase() != name {
        let message = "Command name is invalid: letters in lower case, digits, - and _ only";
        problems.add(at, "APPLICATION_COMMAND_INVALID_NAME", message);
    }
}

fn translations(problems: &mut Problems, at: &str, thing: &Value, chat: bool) {
    for field in ["name_localizations", "description_localizations"] {
        problems.object(&format!("{at}.{field}"), &thing[field]);
    }
    for (locale, text) in thing["name_localizations"]
        .as_object()
        .into_iter()
        .flatten()
    {
        name(
            problems,
            &format!("{at}.name_localizations.{locale}"),
            text,
            chat,
        );
    }
    for (locale, text) in thing["description_localizations"]
        .as_object()
        .into_iter()
        .flatten()
    {
        let path = format!("{at}.description_localizations.{locale}");
        problems.text(&path, text, 1, DESCRIPTION_MAX);
    }
}

fn total(thing: &Value) -> usize {
    let length = |field: &str| thing[field].as_str().map_or(0, |text| text.chars().count());
    let inner = items(&thing["options"])
        .iter()
        .chain(items(&thing["choices"]));
    length("name") + length("description") + length("value") + inner.map(total).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn errors(commands: &Value) -> Value {
        check_commands(commands)
            .into_errors()
            .unwrap_or(Value::Null)
    }

    fn command(name: &str, options: Value) -> Value {
        json!({"name": name, "description": "d", "options": options})
    }

    fn option(name: &str, required: bool) -> Value {
        json!({"type": 3, "name": name, "description": "d", "required": required})
    }

    #[test]
    fn names_are_lower_case_words_of_any_script() {
        for good in ["queue", "сессия", "a-b_c", "セッション"] {
            assert_eq!(
                errors(&json!([command(good, json!([]))])),
                Value::Null,
                "{good}"
            );
        }
        for bad in ["Queue", "two words", "", "emoji🎯", &"n".repeat(33)] {
            assert!(
                errors(&json!([command(bad, json!([]))]))["0"]["name"].is_object(),
                "{bad}"
            );
        }
    }

    #[test]
    fn required_options_come_first_and_names_are_unique() {
        let wrong = json!([command("c", json!([option("a", false), option("b", true)]))]);
        assert!(errors(&wrong)["0"]["options"]["1"]["_errors"].is_array());
        let twice = json!([command("c", json!([option("a", true), option("a", true)]))]);
        assert!(errors(&twice)["0"]["options"]["1"]["_errors"].is_array());
        let same = json!([command("c", json!([])), command("c", json!([]))]);
        assert!(errors(&same)["1"]["name"].is_object());
    }

    #[test]
    fn the_hundred_and_first_command_and_the_26th_option_are_refused() {
        let many = |n: usize| -> Value {
            (0..n)
                .map(|n| command(&format!("c{n}"), json!([])))
                .collect()
        };
        assert_eq!(errors(&many(100)), Value::Null);
        assert!(errors(&many(101))["_errors"].is_array());
        let options: Value = (0..26).map(|n| option(&format!("o{n}"), false)).collect();
        assert!(errors(&json!([command("c", options)]))["0"]["options"]["_errors"].is_array());
    }

    #[test]
    fn subcommands_do_not_mix_with_values() {
        let sub = json!({"type": 1, "name": "s", "description": "d"});
        let mixed = json!([command("c", json!([sub, option("o", false)]))]);
        assert!(errors(&mixed)["0"]["options"]["_errors"].is_array());
        let group = json!({"type": 2, "name": "g", "description": "d", "options": [sub]});
        assert_eq!(
            errors(&json!([command("c", json!([group, sub]))])),
            Value::Null
        );
    }

    #[test]
    fn autocomplete_gives_25_choices_of_100_characters_at_most() {
        let choices = |n: usize, length: usize| -> Value {
            let one = json!({"name": "n".repeat(length), "value": "v"});
            json!({"choices": vec![one; n]})
        };
        assert_eq!(check_choices(&choices(25, 100), STRING).into_errors(), None);
        let refused =
            |choices: &Value, kind: u64| check_choices(choices, kind).into_errors().is_some();
        assert!(refused(&choices(26, 1), STRING));
        assert!(refused(&choices(1, 101), STRING));
        assert!(refused(&choices(1, 0), STRING));
        assert!(refused(&choices(1, 1), INTEGER));
    }
}
