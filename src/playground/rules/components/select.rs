//! Limits of selects, in messages and in modals.
//!
//! Invariant: what is chosen by default could be chosen by hand.

use super::{super::Problems, STRING_SELECT, custom_id, emoji};
use serde_json::Value;
use std::collections::HashSet;

const USER_SELECT: u64 = 5;
const ROLE_SELECT: u64 = 6;
const CHANNEL_SELECT: u64 = 8;
const OPTIONS_MAX: usize = 25;
const OPTION_TEXT_MAX: usize = 100;
const PLACEHOLDER_MAX: usize = 150;
/// "Channels Resource", section "Channel Types".
const CHANNEL_TYPES: [u64; 13] = [0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15, 16];

/// Checks a select; its `custom_id` is put among those `seen`.
pub(in crate::playground::rules) fn select(
    problems: &mut Problems,
    seen: &mut HashSet<String>,
    at: &str,
    select: &Value,
) {
    custom_id(problems, seen, at, select);
    problems.boolean(&format!("{at}.disabled"), &select["disabled"]);
    problems.boolean(&format!("{at}.required"), &select["required"]);
    problems.text(
        &format!("{at}.placeholder"),
        &select["placeholder"],
        0,
        PLACEHOLDER_MAX,
    );
    let least = problems.number(&format!("{at}.min_values"), &select["min_values"], 0, 25);
    let most = problems.number(&format!("{at}.max_values"), &select["max_values"], 1, 25);
    let (least, most) = (least.unwrap_or(1), most.unwrap_or(1));
    if least > most {
        let message = "min_values must be less than or equal to max_values.";
        problems.add(
            &format!("{at}.min_values"),
            "SELECT_COMPONENT_MIN_VALUES",
            message,
        );
    }
    match select["type"].as_u64() {
        Some(STRING_SELECT) => {
            let given = problems.list(&format!("{at}.options"), &select["options"]);
            options(problems, at, given, (least, most));
        }
        kind => entities(problems, at, select, kind.unwrap_or(0), (least, most)),
    }
}

/// What only the selects of people, roles and channels have.
fn entities(
    problems: &mut Problems,
    at: &str,
    select: &Value,
    kind: u64,
    (least, most): (u64, u64),
) {
    let path = format!("{at}.default_values");
    let defaults = problems.list(&path, &select["default_values"]);
    check_defaults(problems, &path, defaults.len() as u64, (least, most));
    let allowed: &[&str] = match kind {
        USER_SELECT => &["user"],
        ROLE_SELECT => &["role"],
        CHANNEL_SELECT => &["channel"],
        _ => &["user", "role"],
    };
    for (n, one) in defaults.iter().enumerate() {
        problems.object(&format!("{path}.{n}"), one);
        problems.snowflake(&format!("{path}.{n}.id"), &one["id"]);
        let of_kind = one["type"].as_str().is_some_and(|it| allowed.contains(&it));
        if !of_kind || one["id"].as_str().is_none_or(str::is_empty) {
            problems.choice(&format!("{path}.{n}.type"), &allowed.join(", "));
        }
    }
    let types = problems.list(&format!("{at}.channel_types"), &select["channel_types"]);
    for (n, one) in types.iter().enumerate() {
        let path = format!("{at}.channel_types.{n}");
        if !CHANNEL_TYPES.iter().any(|kind| one == kind) {
            problems.choice(&path, "0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15, 16");
        }
    }
    if !types.is_empty() && kind != CHANNEL_SELECT {
        let message = "Only a select of channels has channel_types.";
        let path = format!("{at}.channel_types");
        problems.add(&path, "SELECT_COMPONENT_CHANNEL_TYPES", message);
    }
}

/// If any values are chosen by default, there are as many as the select takes ("Component Reference",
/// the structures of the selects, `default_values`).
fn check_defaults(problems: &mut Problems, at: &str, count: u64, (least, most): (u64, u64)) {
    if count > most {
        let message = "More values are chosen by default than max_values allows.";
        problems.add(at, "SELECT_COMPONENT_TOO_MANY_DEFAULTS", message);
    } else if count > 0 && count < least {
        let message = "Fewer values are chosen by default than min_values demands.";
        problems.add(at, "SELECT_COMPONENT_TOO_FEW_DEFAULTS", message);
    }
}

fn options(problems: &mut Problems, at: &str, options: &[Value], (least, most): (u64, u64)) {
    let path = format!("{at}.options");
    problems.length(&path, options.len(), 1, OPTIONS_MAX);
    if options.len() < usize::try_from(most).unwrap_or(usize::MAX) {
        let message = "max_values must be less than or equal to the number of options.";
        problems.add(
            &format!("{at}.max_values"),
            "SELECT_COMPONENT_MAX_VALUES",
            message,
        );
    }
    let chosen = options
        .iter()
        .filter(|option| option["default"] == true)
        .count() as u64;
    check_defaults(problems, &path, chosen, (least, most));
    let mut values = HashSet::new();
    for (n, option) in options.iter().enumerate() {
        let at = format!("{path}.{n}");
        problems.object(&at, option);
        problems.boolean(&format!("{at}.default"), &option["default"]);
        problems.label(&format!("{at}.label"), &option["label"], 1, OPTION_TEXT_MAX);
        problems.label(&format!("{at}.value"), &option["value"], 1, OPTION_TEXT_MAX);
        problems.text(
            &format!("{at}.description"),
            &option["description"],
            0,
            OPTION_TEXT_MAX,
        );
        emoji(problems, &at, &option["emoji"]);
        if !values.insert(option["value"].as_str()) {
            let message = "The specified option value is already used";
            problems.add(
                &format!("{at}.value"),
                "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
                message,
            );
        }
    }
}
