//! Discord's hard rules about what a bot sends, as pure functions over JSON.
//!
//! Touches nothing. Each function collects every [`Problems`] it finds, in the nested shape of
//! Discord's answer 50035. Invariant: what breaks a rule of Discord's documentation is refused
//! here, so that a test meets the refusal before people do.

mod commands;
mod components;
mod embeds;
mod emoji;
mod modal;

use super::{messages::COMPONENTS_V2, objects};
use serde_json::{Map, Value, json};

pub(super) use commands::{
    INTEGER, NUMBER, STRING, SUBCOMMAND, SUBCOMMAND_GROUP, check_choices, check_commands,
};
pub(super) use components::{BUTTON, STRING_SELECT, TEXT_DISPLAY, TEXT_INPUT, is_select};
pub(super) use modal::check_modal;

/// Characters of a message's text.
const CONTENT_MAX: usize = 2_000;
const EMBEDS_MAX: usize = 10;
const NONCE_MAX: usize = 25;
const ALLOWED_MENTIONS_MAX: usize = 100;
/// Files of one message.
const FILES_MAX: usize = 10;
/// Characters of a file's name, and of its description.
const FILENAME_MAX: usize = 1_024;
/// Flags are a signed number of 32 bits.
const FLAGS_MAX: u64 = (1 << 31) - 1;

/// The nested `errors` of an answer 50035.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Problems(Map<String, Value>);

impl Problems {
    /// Adds a problem at a path like `embeds.0.title`, which is empty for the whole body.
    pub(super) fn add(&mut self, path: &str, code: &str, message: impl Into<String>) {
        let mut place = &mut self.0;
        for step in path.split('.').filter(|step| !step.is_empty()) {
            let next = place.entry(step).or_insert_with(|| json!({}));
            let Value::Object(next) = next else { return };
            place = next;
        }
        let list = place.entry("_errors").or_insert_with(|| json!([]));
        if let Value::Array(list) = list {
            list.push(json!({"code": code, "message": message.into()}));
        }
    }

    /// The errors, if there are any.
    pub(super) fn into_errors(self) -> Option<Value> {
        let mut errors = self.0;
        prune(&mut errors);
        (!errors.is_empty()).then_some(Value::Object(errors))
    }

    pub(super) fn required(&mut self, path: &str) {
        self.add(path, "BASE_TYPE_REQUIRED", "This field is required");
    }

    /// A text whose length must be in `min..=max`; says whether it is there.
    pub(super) fn text(&mut self, path: &str, value: &Value, min: usize, max: usize) -> bool {
        let text = match value {
            Value::Null => {
                if min > 0 {
                    self.required(path);
                }
                return false;
            }
            Value::String(text) => text,
            _ => {
                self.add(
                    path,
                    "STRING_TYPE_CONVERT",
                    "Could not interpret value as string.",
                );
                return true;
            }
        };
        self.length(path, text.chars().count(), min, max);
        true
    }

    /// As [`Problems::text`], for a text that is trimmed before it is measured: a blank one is none.
    /// Of embeds this is documented ("Message Resource", section "Embed Limits"); names and labels
    /// that people read are refused blank, too.
    pub(super) fn label(&mut self, path: &str, value: &Value, min: usize, max: usize) -> bool {
        match value.as_str().map(str::trim) {
            Some("") if min > 0 => {
                self.required(path);
                true
            }
            Some(text) => {
                self.length(path, text.chars().count(), min, max);
                true
            }
            None => self.text(path, value, min, max),
        }
    }

    /// The items of a list, which may be absent; anything else is a problem.
    pub(super) fn list<'v>(&mut self, path: &str, value: &'v Value) -> &'v [Value] {
        if !value.is_null() && !value.is_array() {
            let message = "Only iterables may be used in a ListType";
            self.add(path, "LIST_TYPE_CONVERT", message);
        }
        items(value)
    }

    /// Whether this is an object; anything else that is there is a problem.
    pub(super) fn object(&mut self, path: &str, value: &Value) -> bool {
        if !value.is_null() && !value.is_object() {
            let message = "Only dictionaries may be used in a ModelType";
            self.add(path, "MODEL_TYPE_CONVERT", message);
        }
        value.is_object()
    }

    /// A boolean, if it is there.
    pub(super) fn boolean(&mut self, path: &str, value: &Value) {
        if !value.is_null() && !value.is_boolean() {
            let message = format!("Value \"{value}\" is not boolean.");
            self.add(path, "BOOLEAN_TYPE_CONVERT", message);
        }
    }

    /// The bits of permissions at `path.default_member_permissions`, as a text or a number.
    pub(super) fn permissions(&mut self, path: &str, value: &Value) {
        let path = format!("{path}.default_member_permissions");
        self.snowflake(&path, value);
    }

    /// A snowflake, if it is there.
    pub(super) fn snowflake(&mut self, path: &str, value: &Value) {
        if !value.is_null() && objects::read_id(value).is_none() {
            let message = format!("Value \"{value}\" is not snowflake.");
            self.add(path, "NUMBER_TYPE_COERCE", message);
        }
    }

    /// As [`Problems::text`], for a text that may be absent, but not empty where `min` is 1.
    pub(super) fn optional_text(&mut self, path: &str, value: &Value, min: usize, max: usize) {
        if !value.is_null() {
            self.text(path, value, min, max);
        }
    }

    fn length(&mut self, path: &str, length: usize, min: usize, max: usize) {
        if length > max && min == 0 {
            let message = format!("Must be {max} or fewer in length.");
            self.add(path, "BASE_TYPE_MAX_LENGTH", message);
        } else if length > max || length < min {
            let message = format!("Must be between {min} and {max} in length.");
            self.add(path, "BASE_TYPE_BAD_LENGTH", message);
        }
    }

    /// A whole number, if it is there, that must be in `min..=max`.
    pub(super) fn number(&mut self, path: &str, value: &Value, min: u64, max: u64) -> Option<u64> {
        if value.is_null() {
            return None;
        }
        let Some(number) = value.as_u64() else {
            self.add(
                path,
                "NUMBER_TYPE_COERCE",
                format!("Value \"{value}\" is not int."),
            );
            return None;
        };
        if number < min {
            let message = format!("int value should be greater than or equal to {min}.");
            self.add(path, "NUMBER_TYPE_MIN", message);
        } else if number > max {
            let message = format!("int value should be less than or equal to {max}.");
            self.add(path, "NUMBER_TYPE_MAX", message);
        }
        Some(number)
    }

    pub(super) fn choice(&mut self, path: &str, allowed: &str) {
        self.add(
            path,
            "BASE_TYPE_CHOICES",
            format!("Value must be one of {{{allowed}}}."),
        );
    }
}

/// Leaves only its own errors where a field has some: Discord looks no further there.
fn prune(errors: &mut Map<String, Value>) {
    if errors.contains_key("_errors") {
        errors.retain(|name, _| name == "_errors");
    }
    let inner = errors.values_mut().filter_map(Value::as_object_mut);
    inner.for_each(prune);
}

/// The items of a list; nothing for anything else.
fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Checks the body of a created or edited message. `was_v2` says that the edited message
/// already has components of version 2.
pub(super) fn check_message(body: &Value, was_v2: bool) -> Problems {
    let mut problems = Problems::default();
    if !problems.object("", body) {
        return problems;
    }
    problems.number("flags", &body["flags"], 0, FLAGS_MAX);
    problems.boolean("tts", &body["tts"]);
    let v2 = was_v2 || body["flags"].as_u64().unwrap_or(0) & COMPONENTS_V2 != 0;
    problems.text("content", &body["content"], 0, CONTENT_MAX);
    let embeds = problems.list("embeds", &body["embeds"]);
    problems.length("embeds", embeds.len(), 0, EMBEDS_MAX);
    embeds::check(&mut problems, embeds);
    let components = problems.list("components", &body["components"]);
    components::check(&mut problems, components, v2);
    if v2 {
        for field in ["content", "embeds", "poll", "sticker_ids"] {
            let value = &body[field];
            if !value.is_null() && *value != json!("") && *value != json!([]) {
                problems.add(
                    field,
                    "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                    format!("The '{field}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"),
                );
            }
        }
    }
    check_attachments(&mut problems, &body["attachments"]);
    check_nonce(&mut problems, &body["nonce"]);
    check_allowed_mentions(&mut problems, &body["allowed_mentions"]);
    problems
}

fn check_attachments(problems: &mut Problems, attachments: &Value) {
    let attachments = problems.list("attachments", attachments);
    problems.length("attachments", attachments.len(), 0, FILES_MAX);
    for (n, one) in attachments.iter().enumerate() {
        let at = format!("attachments.{n}");
        if problems.object(&at, one) {
            problems.snowflake(&format!("{at}.id"), &one["id"]);
            problems.text(&format!("{at}.filename"), &one["filename"], 0, FILENAME_MAX);
            let description = &one["description"];
            problems.text(&format!("{at}.description"), description, 0, FILENAME_MAX);
        }
    }
}

fn check_nonce(problems: &mut Problems, nonce: &Value) {
    if !nonce.is_i64() {
        problems.optional_text("nonce", nonce, 0, NONCE_MAX);
    }
}

fn check_allowed_mentions(problems: &mut Problems, allowed: &Value) {
    problems.object("allowed_mentions", allowed);
    let parsed = problems.list("allowed_mentions.parse", &allowed["parse"]);
    for (n, kind) in parsed.iter().enumerate() {
        if !matches!(kind.as_str(), Some("users" | "roles" | "everyone")) {
            problems.choice(
                &format!("allowed_mentions.parse.{n}"),
                "'everyone', 'roles', 'users'",
            );
        }
    }
    for kind in ["users", "roles"] {
        let path = format!("allowed_mentions.{kind}");
        let list = problems.list(&path, &allowed[kind]);
        for (n, one) in list.iter().enumerate() {
            problems.snowflake(&format!("{path}.{n}"), one);
        }
        problems.length(&path, list.len(), 0, ALLOWED_MENTIONS_MAX);
        if !list.is_empty() && items(&allowed["parse"]).iter().any(|one| one == kind) {
            problems.add(
                &path,
                "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                format!("parse:[\"{kind}\"] and {kind}: [ids...] are mutually exclusive."),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(body: Value) -> Value {
        check_message(&body, false)
            .into_errors()
            .unwrap_or(Value::Null)
    }

    #[test]
    fn content_of_2001_characters_is_refused_and_2000_of_any_script_pass() {
        assert_eq!(errors(json!({"content": "ж".repeat(2_000)})), Value::Null);
        let refused = errors(json!({"content": "a".repeat(2_001)}));
        assert_eq!(
            refused["content"]["_errors"][0]["code"],
            "BASE_TYPE_MAX_LENGTH"
        );
    }

    #[test]
    fn parse_users_excludes_a_list_of_users() {
        let body =
            json!({"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}});
        assert!(errors(body)["allowed_mentions"]["users"].is_object());
        let body = json!({"content": "x", "allowed_mentions": {"parse": ["people"]}});
        assert!(errors(body)["allowed_mentions"]["parse"]["0"].is_object());
    }

    #[test]
    fn a_long_nonce_is_refused() {
        assert!(errors(json!({"content": "x", "nonce": "n".repeat(26)}))["nonce"].is_object());
        assert_eq!(errors(json!({"content": "x", "nonce": 7})), Value::Null);
        assert!(errors(json!({"content": "x", "nonce": 1.5}))["nonce"].is_object());
    }

    #[test]
    fn text_and_embeds_are_refused_next_to_components_of_version_2() {
        let text = json!({"type": 10, "content": "hello"});
        let body = json!({"flags": COMPONENTS_V2, "content": "x", "components": [text]});
        assert!(errors(body)["content"].is_object());
        assert_eq!(
            errors(json!({"flags": COMPONENTS_V2, "components": [text]})),
            Value::Null
        );
    }
}
