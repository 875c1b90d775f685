//! Limits of message components: rows, buttons, selects, and the layout of version 2.
//!
//! Invariant: no two components of a message share a `custom_id` or an `id`.

mod select;

use super::{Problems, embeds, emoji as unicode, items};
use serde_json::Value;
use std::collections::HashSet;

pub(super) use select::select;

pub(in crate::playground) const ACTION_ROW: u64 = 1;
pub(in crate::playground) const BUTTON: u64 = 2;
pub(in crate::playground) const STRING_SELECT: u64 = 3;
pub(in crate::playground) const TEXT_INPUT: u64 = 4;
const SECTION: u64 = 9;
pub(in crate::playground) const TEXT_DISPLAY: u64 = 10;
const THUMBNAIL: u64 = 11;
const MEDIA_GALLERY: u64 = 12;
const FILE: u64 = 13;
const SEPARATOR: u64 = 14;
const CONTAINER: u64 = 17;
const LINK_BUTTON: u64 = 5;
const PREMIUM_BUTTON: u64 = 6;

const ROWS_MAX: usize = 5;
const BUTTONS_MAX: usize = 5;
pub(super) const CUSTOM_ID_MAX: usize = 100;
const BUTTON_LABEL_MAX: usize = 80;
const BUTTON_URL_MAX: usize = 512;
/// Components of version 2 in one message, nested ones counted.
const COMPONENTS_MAX: usize = 40;
/// Characters of all text displays of one message.
const TEXT_TOTAL_MAX: usize = 4_000;
const SECTION_TEXTS_MAX: usize = 3;
const GALLERY_MAX: usize = 10;
const MEDIA_URL_MAX: usize = 2_048;
const DESCRIPTION_MAX: usize = 1_024;
const EMOJI_NAME_MAX: usize = 100;
const COLOR_MAX: u64 = 0xFF_FFFF;
/// The greatest `id` of a component.
const NUMBER_MAX: u64 = (1 << 31) - 1;

/// Checks the components of a message.
pub(super) fn check(problems: &mut Problems, components: &[Value], v2: bool) {
    let (mut seen, mut numbers) = (HashSet::new(), HashSet::new());
    for (n, component) in components.iter().enumerate() {
        unique_numbers(
            problems,
            &mut numbers,
            &format!("components.{n}"),
            component,
        );
    }
    if v2 {
        layout(problems, &mut seen, components);
        return;
    }
    problems.length("components", components.len(), 0, ROWS_MAX);
    for (n, row) in components.iter().enumerate() {
        let at = format!("components.{n}");
        number(problems, &at, row);
        if row["type"].as_u64() == Some(ACTION_ROW) {
            action_row(problems, &mut seen, &at, row);
        } else {
            problems.choice(&format!("{at}.type"), "1");
        }
    }
}

/// Whether this type is one of the five selects.
pub(in crate::playground) fn is_select(kind: u64) -> bool {
    matches!(kind, STRING_SELECT | 5..=8)
}

fn layout(problems: &mut Problems, seen: &mut HashSet<String>, components: &[Value]) {
    let (mut count, mut text) = (0, 0);
    for (n, component) in components.iter().enumerate() {
        block(problems, seen, &format!("components.{n}"), component, true);
        measure(component, &mut count, &mut text);
    }
    problems.length("components", count, 0, COMPONENTS_MAX);
    if text > TEXT_TOTAL_MAX {
        let message = format!("The total text of a message cannot exceed {TEXT_TOTAL_MAX}.");
        problems.add(
            "components",
            "COMPONENT_TOTAL_TEXT_LENGTH_EXCEEDED",
            message,
        );
    }
}

fn block(
    problems: &mut Problems,
    seen: &mut HashSet<String>,
    at: &str,
    block: &Value,
    outermost: bool,
) {
    number(problems, at, block);
    let parts = problems.list(&format!("{at}.components"), &block["components"]);
    match block["type"].as_u64() {
        Some(ACTION_ROW) => action_row(problems, seen, at, block),
        Some(SECTION) => {
            problems.length(
                &format!("{at}.components"),
                parts.len(),
                1,
                SECTION_TEXTS_MAX,
            );
            for (n, part) in parts.iter().enumerate() {
                text_display(problems, &format!("{at}.components.{n}"), part);
            }
            let at = format!("{at}.accessory");
            match block["accessory"]["type"].as_u64() {
                Some(BUTTON) => button(problems, seen, &at, &block["accessory"]),
                Some(THUMBNAIL) => media(problems, &at, &block["accessory"], "media"),
                _ => problems.required(&at),
            }
        }
        Some(TEXT_DISPLAY) => text_display(problems, at, block),
        Some(CONTAINER) if outermost => {
            problems.boolean(&format!("{at}.spoiler"), &block["spoiler"]);
            let color = &block["accent_color"];
            problems.number(&format!("{at}.accent_color"), color, 0, COLOR_MAX);
            if parts.is_empty() {
                problems.required(&format!("{at}.components"));
            }
            for (n, part) in parts.iter().enumerate() {
                self::block(problems, seen, &format!("{at}.components.{n}"), part, false);
            }
        }
        Some(MEDIA_GALLERY) => {
            let path = format!("{at}.items");
            let shown = problems.list(&path, &block["items"]);
            problems.length(&path, shown.len(), 1, GALLERY_MAX);
            for (n, item) in shown.iter().enumerate() {
                media(problems, &format!("{path}.{n}"), item, "media");
            }
        }
        Some(FILE) => media(problems, at, block, "file"),
        Some(SEPARATOR) => {
            problems.boolean(&format!("{at}.divider"), &block["divider"]);
            problems.number(&format!("{at}.spacing"), &block["spacing"], 1, 2);
        }
        _ => problems.choice(&format!("{at}.type"), "1, 9, 10, 12, 13, 14, 17"),
    }
}

/// Checks the `id` that a component may be given.
pub(super) fn number(problems: &mut Problems, at: &str, component: &Value) {
    problems.object(at, component);
    problems.number(&format!("{at}.id"), &component["id"], 0, NUMBER_MAX);
}

/// Refuses an `id` that two components of a message have; 0 is as good as none ("Component Reference",
/// *Anatomy of a Component*).
fn unique_numbers(problems: &mut Problems, seen: &mut HashSet<u64>, at: &str, component: &Value) {
    let own = component["id"].as_u64().filter(|id| *id != 0);
    if own.is_some_and(|id| !seen.insert(id)) {
        let message = "Component id cannot be duplicated";
        problems.add(&format!("{at}.id"), "COMPONENT_ID_DUPLICATED", message);
    }
    for (n, part) in items(&component["components"]).iter().enumerate() {
        unique_numbers(problems, seen, &format!("{at}.components.{n}"), part);
    }
    if component["accessory"].is_object() {
        let at = format!("{at}.accessory");
        unique_numbers(problems, seen, &at, &component["accessory"]);
    }
}

/// Checks what is said of a picture or a file that a component shows.
fn media(problems: &mut Problems, at: &str, component: &Value, field: &str) {
    number(problems, at, component);
    let path = format!("{at}.{field}");
    if !problems.object(&path, &component[field]) {
        problems.required(&path);
    }
    let (path, url) = (format!("{path}.url"), &component[field]["url"]);
    if problems.text(&path, url, 1, MEDIA_URL_MAX) {
        embeds::url(problems, &path, url, &["http", "https", "attachment"]);
    }
    let description = &component["description"];
    problems.text(
        &format!("{at}.description"),
        description,
        0,
        DESCRIPTION_MAX,
    );
    problems.boolean(&format!("{at}.spoiler"), &component["spoiler"]);
}

fn text_display(problems: &mut Problems, at: &str, part: &Value) {
    number(problems, at, part);
    if part["type"].as_u64() == Some(TEXT_DISPLAY) {
        problems.label(
            &format!("{at}.content"),
            &part["content"],
            1,
            TEXT_TOTAL_MAX,
        );
    } else {
        problems.choice(&format!("{at}.type"), "10");
    }
}

fn measure(component: &Value, count: &mut usize, text: &mut usize) {
    *count += 1;
    if component["type"].as_u64() == Some(TEXT_DISPLAY) {
        *text += component["content"]
            .as_str()
            .map_or(0, |text| text.chars().count());
    }
    let accessory = component.get("accessory").into_iter();
    for part in items(&component["components"]).iter().chain(accessory) {
        measure(part, count, text);
    }
}

fn action_row(problems: &mut Problems, seen: &mut HashSet<String>, at: &str, row: &Value) {
    let path = format!("{at}.components");
    let parts = problems.list(&path, &row["components"]);
    let kind = |part: &Value| part["type"].as_u64().unwrap_or(0);
    if parts.iter().any(|part| is_select(kind(part))) && parts.len() > 1 {
        let message = "The specified component exceeds the maximum width";
        problems.add(&path, "COMPONENT_LAYOUT_WIDTH_EXCEEDED", message);
    }
    problems.length(&path, parts.len(), 1, BUTTONS_MAX);
    for (n, part) in parts.iter().enumerate() {
        let at = format!("{path}.{n}");
        number(problems, &at, part);
        match kind(part) {
            BUTTON => button(problems, seen, &at, part),
            select if is_select(select) => self::select(problems, seen, &at, part),
            _ => problems.choice(&format!("{at}.type"), "2, 3, 5, 6, 7, 8"),
        }
    }
}

fn button(problems: &mut Problems, seen: &mut HashSet<String>, at: &str, button: &Value) {
    let style = button["style"].as_u64().unwrap_or(0);
    let given = |field: &str| button.get(field).is_some_and(|value| !value.is_null());
    match style {
        1..=4 => {
            custom_id(problems, seen, at, button);
            if given("url") {
                let message = "A url can only be used with a link button";
                problems.add(
                    &format!("{at}.url"),
                    "BUTTON_COMPONENT_INVALID_URL",
                    message,
                );
            }
        }
        LINK_BUTTON => {
            if given("custom_id") {
                let message = "A custom id and url cannot both be specified";
                problems.add(at, "BUTTON_COMPONENT_CUSTOM_ID_URL_CONFLICT", message);
            }
            let path = format!("{at}.url");
            if problems.text(&path, &button["url"], 1, BUTTON_URL_MAX) {
                embeds::url(
                    problems,
                    &path,
                    &button["url"],
                    &["http", "https", "discord"],
                );
            }
        }
        PREMIUM_BUTTON => {}
        _ => problems.choice(&format!("{at}.style"), "1, 2, 3, 4, 5, 6"),
    }
    problems.boolean(&format!("{at}.disabled"), &button["disabled"]);
    problems.text(
        &format!("{at}.label"),
        &button["label"],
        0,
        BUTTON_LABEL_MAX,
    );
    let labelled = button["label"]
        .as_str()
        .is_some_and(|label| !label.trim().is_empty());
    if !labelled && !given("emoji") && style != PREMIUM_BUTTON {
        let message = "A button must have a label or an emoji";
        problems.add(at, "BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED", message);
    }
    emoji(problems, at, &button["emoji"]);
}

/// Checks that a `custom_id` is there, fits, and is the only one of its name.
pub(super) fn custom_id(
    problems: &mut Problems,
    seen: &mut HashSet<String>,
    at: &str,
    component: &Value,
) {
    let path = format!("{at}.custom_id");
    problems.text(&path, &component["custom_id"], 1, CUSTOM_ID_MAX);
    if let Some(id) = component["custom_id"].as_str()
        && !seen.insert(id.to_owned())
    {
        let message = "Component custom id cannot be duplicated";
        problems.add(&path, "COMPONENT_CUSTOM_ID_DUPLICATED", message);
    }
}

fn emoji(problems: &mut Problems, at: &str, emoji: &Value) {
    if emoji.is_null() {
        return;
    }
    let at = format!("{at}.emoji");
    problems.object(&at, emoji);
    problems.snowflake(&format!("{at}.id"), &emoji["id"]);
    problems.boolean(&format!("{at}.animated"), &emoji["animated"]);
    problems.text(&format!("{at}.name"), &emoji["name"], 0, EMOJI_NAME_MAX);
    // A custom emoji goes by its id; any other is named by the character itself.
    let name = emoji["name"].as_str().unwrap_or_default();
    if emoji["id"].is_null() && !unicode::is_one(name) {
        problems.add(
            &format!("{at}.name"),
            "COMPONENT_INVALID_EMOJI",
            "Invalid emoji",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn button(id: &str) -> Value {
        json!({"type": 2, "style": 1, "custom_id": id, "label": "x"})
    }

    fn rows(rows: Vec<Vec<Value>>) -> Value {
        let row = |parts: Vec<Value>| json!({"type": 1, "components": parts});
        rows.into_iter().map(row).collect()
    }

    fn errors(components: &Value) -> Value {
        let mut problems = Problems::default();
        check(&mut problems, items(components), false);
        problems
            .into_errors()
            .map_or(Value::Null, |errors| errors["components"].clone())
    }

    fn of_first(part: Value) -> Value {
        errors(&rows(vec![vec![part]]))["0"]["components"]["0"].clone()
    }

    #[test]
    fn sixth_row_and_sixth_button_are_refused() {
        let five = |row: usize| {
            (0..5)
                .map(|n| button(&format!("{row}:{n}")))
                .collect::<Vec<_>>()
        };
        assert_eq!(errors(&rows((0..5).map(five).collect())), Value::Null);
        assert!(errors(&rows((0..6).map(five).collect()))["_errors"].is_array());
        let mut six = five(0);
        six.push(button("6"));
        assert!(errors(&rows(vec![six]))["0"]["components"]["_errors"].is_array());
        assert!(errors(&rows(vec![vec![]]))["0"]["components"]["_errors"].is_array());
    }

    #[test]
    fn a_custom_id_is_short_and_unique() {
        let refused = errors(&rows(vec![vec![button("a"), button("a")]]));
        let code = &refused["0"]["components"]["1"]["custom_id"]["_errors"][0]["code"];
        assert_eq!(code, "COMPONENT_CUSTOM_ID_DUPLICATED");
        assert_eq!(of_first(button(&"i".repeat(100))), Value::Null);
        assert!(of_first(button(&"i".repeat(101)))["custom_id"].is_object());
    }

    #[test]
    fn an_id_is_unique_within_a_message() {
        let numbered = |custom_id: &str, id: u64| {
            let mut button = button(custom_id);
            button["id"] = json!(id);
            button
        };
        let none = rows(vec![vec![numbered("a", 0), numbered("b", 0)]]);
        assert_eq!(errors(&none), Value::Null);
        let refused = errors(&rows(vec![vec![numbered("a", 7)], vec![numbered("b", 7)]]));
        let code = &refused["1"]["components"]["0"]["id"]["_errors"][0]["code"];
        assert_eq!(code, "COMPONENT_ID_DUPLICATED");
    }

    #[test]
    fn a_button_needs_a_label_or_an_emoji_and_a_link_its_address() {
        let bare = json!({"type": 2, "style": 1, "custom_id": "a"});
        assert!(of_first(bare)["_errors"].is_array());
        let emoji = json!({"type": 2, "style": 1, "custom_id": "a", "emoji": {"name": "🎯"}});
        assert_eq!(of_first(emoji), Value::Null);
        let word = json!({"type": 2, "style": 1, "custom_id": "a", "emoji": {"name": "tank"}});
        assert!(of_first(word)["emoji"].is_object());
        let two = json!({"type": 2, "style": 1, "custom_id": "a", "emoji": {"name": "🎯🎯"}});
        assert!(of_first(two)["emoji"].is_object());
        let blank = json!({"type": 2, "style": 1, "custom_id": "a", "label": " "});
        assert!(of_first(blank)["_errors"].is_array());
        let long = json!({"type": 2, "style": 1, "custom_id": "a", "label": "l".repeat(81)});
        assert!(of_first(long)["label"].is_object());
        let link = |url: &str| json!({"type": 2, "style": 5, "label": "x", "url": url});
        assert_eq!(of_first(link("https://example.org/")), Value::Null);
        assert!(of_first(link("file://x"))["url"].is_object());
        assert!(of_first(json!({"type": 2, "style": 5, "label": "x"}))["url"].is_object());
    }

    #[test]
    fn a_select_stands_alone_and_its_numbers_are_sane() {
        let option = |n: usize| json!({"label": format!("l{n}"), "value": format!("v{n}")});
        let select = |count: usize, least: u64, most: u64| {
            json!({"type": 3, "custom_id": "s", "min_values": least, "max_values": most,
                "options": (0..count).map(option).collect::<Vec<_>>()})
        };
        assert_eq!(of_first(select(25, 0, 25)), Value::Null);
        assert!(of_first(select(26, 1, 1))["options"].is_object());
        assert!(of_first(select(0, 1, 1))["options"].is_object());
        assert!(of_first(select(3, 2, 1))["min_values"].is_object());
        assert!(of_first(select(3, 1, 4))["max_values"].is_object());
        let twice = json!({"type": 3, "custom_id": "s", "options": [option(1), option(1)]});
        assert!(of_first(twice)["options"]["1"]["value"].is_object());
        let refused = errors(&rows(vec![vec![button("b"), select(2, 1, 1)]]));
        assert!(refused["0"]["components"]["_errors"].is_array());
    }

    #[test]
    fn defaults_of_a_select_are_of_its_kind_and_no_more_than_it_takes() {
        let select = |kind: u64, defaults: Value| json!({"type": kind, "custom_id": "s", "max_values": 1, "default_values": defaults});
        let user = json!({"id": "1", "type": "user"});
        assert_eq!(of_first(select(5, json!([user]))), Value::Null);
        assert!(of_first(select(5, json!([user, user])))["default_values"].is_object());
        assert!(of_first(select(8, json!([user])))["default_values"].is_object());
        let least = json!({"type": 5, "custom_id": "s", "min_values": 2, "max_values": 3,
            "default_values": [user]});
        assert!(of_first(least)["default_values"].is_object());
        let typed = |kind: u64| json!({"type": kind, "custom_id": "s", "channel_types": [0]});
        assert_eq!(of_first(typed(8)), Value::Null);
        assert!(of_first(typed(5))["channel_types"].is_object());
    }
}
