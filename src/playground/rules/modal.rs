//! Limits of modals. Invariant: one to five things to fill in, each with its own `custom_id`.

use super::{
    Problems,
    components::{
        self, ACTION_ROW, CUSTOM_ID_MAX, TEXT_DISPLAY, TEXT_INPUT, custom_id, is_select, number,
    },
};
use serde_json::Value;
use std::collections::HashSet;

const TITLE_MAX: usize = 45;
const COMPONENTS_MAX: usize = 5;
const LABEL: u64 = 18;
const LABEL_MAX: usize = 45;
const LABEL_DESCRIPTION_MAX: usize = 100;
const INPUT_PLACEHOLDER_MAX: usize = 100;
/// Characters that can be typed into a text input.
const INPUT_MAX: u64 = 4_000;
const TEXT_MAX: usize = 4_000;

/// Checks the `data` of an answer of type 9; the paths begin with `data`.
pub(in crate::playground) fn check_modal(data: &Value) -> Problems {
    let mut problems = Problems::default();
    let mut seen = HashSet::new();
    problems.object("data", data);
    problems.text("data.custom_id", &data["custom_id"], 1, CUSTOM_ID_MAX);
    problems.label("data.title", &data["title"], 1, TITLE_MAX);
    let parts = problems.list("data.components", &data["components"]);
    problems.length("data.components", parts.len(), 1, COMPONENTS_MAX);
    for (n, part) in parts.iter().enumerate() {
        let at = format!("data.components.{n}");
        number(&mut problems, &at, part);
        match part["type"].as_u64() {
            Some(LABEL) => label(&mut problems, &mut seen, &at, part),
            Some(ACTION_ROW) => action_row(&mut problems, &mut seen, &at, part),
            Some(TEXT_DISPLAY) => {
                problems.label(&format!("{at}.content"), &part["content"], 1, TEXT_MAX);
            }
            _ => problems.choice(&format!("{at}.type"), "1, 10, 18"),
        }
    }
    problems
}

fn label(problems: &mut Problems, seen: &mut HashSet<String>, at: &str, label: &Value) {
    problems.label(&format!("{at}.label"), &label["label"], 1, LABEL_MAX);
    let description = &label["description"];
    problems.optional_text(
        &format!("{at}.description"),
        description,
        1,
        LABEL_DESCRIPTION_MAX,
    );
    let (at, part) = (format!("{at}.component"), &label["component"]);
    number(problems, &at, part);
    match part["type"].as_u64() {
        Some(TEXT_INPUT) => {
            if !part["label"].is_null() {
                let message = "A text input inside a label has no label of its own";
                problems.add(
                    &format!("{at}.label"),
                    "COMPONENT_LABEL_NOT_ALLOWED",
                    message,
                );
            }
            text_input(problems, seen, &at, part);
        }
        Some(select) if is_select(select) => {
            components::select(problems, seen, &at, part);
            if part["disabled"] == true {
                let message = "A select in a modal cannot be disabled";
                problems.add(
                    &format!("{at}.disabled"),
                    "COMPONENT_DISABLED_IN_MODAL",
                    message,
                );
            }
            if part["required"] != false && part["min_values"].as_u64() == Some(0) {
                let message = "min_values cannot be 0 when required is true";
                problems.add(
                    &format!("{at}.min_values"),
                    "SELECT_COMPONENT_REQUIRED",
                    message,
                );
            }
        }
        Some(19 | 21..=23) => custom_id(problems, seen, &at, part),
        _ => problems.choice(&format!("{at}.type"), "3, 4, 5, 6, 7, 8, 19, 21, 22, 23"),
    }
}

fn action_row(problems: &mut Problems, seen: &mut HashSet<String>, at: &str, row: &Value) {
    let parts = problems.list(&format!("{at}.components"), &row["components"]);
    problems.length(&format!("{at}.components"), parts.len(), 1, 1);
    for (n, part) in parts.iter().enumerate() {
        let at = format!("{at}.components.{n}");
        if part["type"].as_u64() == Some(TEXT_INPUT) {
            problems.label(&format!("{at}.label"), &part["label"], 1, LABEL_MAX);
            text_input(problems, seen, &at, part);
        } else {
            problems.choice(&format!("{at}.type"), "4");
        }
    }
}

fn text_input(problems: &mut Problems, seen: &mut HashSet<String>, at: &str, input: &Value) {
    custom_id(problems, seen, at, input);
    problems.boolean(&format!("{at}.required"), &input["required"]);
    problems.text(&format!("{at}.value"), &input["value"], 0, TEXT_MAX);
    if !matches!(input["style"].as_u64(), Some(1 | 2)) {
        problems.choice(&format!("{at}.style"), "1, 2");
    }
    let placeholder = &input["placeholder"];
    problems.text(
        &format!("{at}.placeholder"),
        placeholder,
        0,
        INPUT_PLACEHOLDER_MAX,
    );
    let least = problems.number(
        &format!("{at}.min_length"),
        &input["min_length"],
        0,
        INPUT_MAX,
    );
    let most = problems.number(
        &format!("{at}.max_length"),
        &input["max_length"],
        1,
        INPUT_MAX,
    );
    let (least, most) = (least.unwrap_or(0), most.unwrap_or(INPUT_MAX));
    if least > most {
        let message = "min_length must be less than or equal to max_length.";
        problems.add(
            &format!("{at}.min_length"),
            "TEXT_INPUT_COMPONENT_MIN_LENGTH",
            message,
        );
    }
    if let Some(value) = input["value"].as_str()
        && !value.is_empty()
    {
        let bound = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        problems.length(
            &format!("{at}.value"),
            value.chars().count(),
            bound(least),
            bound(most),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn input(id: &str) -> Value {
        json!({"type": 18, "label": "L", "component": {"type": 4, "custom_id": id, "style": 1}})
    }

    fn errors(data: &Value) -> Value {
        check_modal(data)
            .into_errors()
            .map_or(Value::Null, |errors| errors["data"].clone())
    }

    fn modal(title: &str, parts: Vec<Value>) -> Value {
        json!({"custom_id": "m", "title": title, "components": parts})
    }

    #[test]
    fn a_title_has_45_characters_at_most() {
        assert_eq!(
            errors(&modal(&"t".repeat(45), vec![input("a")])),
            Value::Null
        );
        assert!(errors(&modal(&"t".repeat(46), vec![input("a")]))["title"].is_object());
    }

    #[test]
    fn a_modal_has_one_to_five_components() {
        assert!(errors(&modal("t", vec![]))["components"]["_errors"].is_array());
        let many: Vec<Value> = (0..6).map(|n| input(&n.to_string())).collect();
        assert_eq!(errors(&modal("t", many[..5].to_vec())), Value::Null);
        assert!(errors(&modal("t", many))["components"]["_errors"].is_array());
    }

    #[test]
    fn prefilled_text_obeys_its_own_limits() {
        let mut part = input("a");
        part["component"]["max_length"] = json!(3);
        part["component"]["value"] = json!("four");
        let refused = errors(&modal("t", vec![part]));
        assert!(refused["components"]["0"]["component"]["value"].is_object());
    }

    #[test]
    fn both_ways_to_place_a_text_input_pass_and_a_button_does_not() {
        let old = json!({"type": 1, "components": [
            {"type": 4, "custom_id": "o", "style": 2, "label": "L"}]});
        assert_eq!(errors(&modal("t", vec![old, input("a")])), Value::Null);
        let button = json!({"type": 1, "components": [
            {"type": 2, "custom_id": "o", "style": 2, "label": "L"}]});
        assert!(errors(&modal("t", vec![button]))["components"]["0"].is_object());
    }
}
