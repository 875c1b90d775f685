//! What Discord makes of the parts of a message that a bot sent: embeds, components.
//!
//! Pure functions over JSON. Invariant: what is made here has every field that the response schemas of
//! Discord's OpenAPI document require, and none that is null where they allow no null.

use super::objects;
use serde_json::{Value, json};
use std::collections::HashSet;

/// Component types that get more than an `id`.
const STRING_SELECT: u64 = 3;
const THUMBNAIL: u64 = 11;
const MEDIA_GALLERY: u64 = 12;
const FILE: u64 = 13;
const SEPARATOR: u64 = 14;
const CONTAINER: u64 = 17;

/// An embed as Discord shows it: of type `rich`, without what is null, its texts trimmed
/// ("Message Resource", section "Embed Limits").
pub(super) fn embed(embed: &Value) -> Value {
    let mut embed = embed.clone();
    drop_nulls(&mut embed);
    if embed["type"].is_null() {
        embed["type"] = json!("rich");
    }
    if let Some(stamp) = embed.get_mut("timestamp") {
        *stamp = objects::shown_time(stamp);
    }
    for at in ["/title", "/description", "/footer/text", "/author/name"] {
        trim(embed.pointer_mut(at));
    }
    let fields = embed.get_mut("fields").and_then(Value::as_array_mut);
    for field in fields.into_iter().flatten() {
        if field["inline"].is_null() {
            field["inline"] = json!(false);
        }
        trim(field.get_mut("name"));
        trim(field.get_mut("value"));
    }
    embed
}

/// The components of a message as Discord shows them.
pub(super) fn components(sent: &Value) -> Value {
    let mut components = json!(sent.as_array().cloned().unwrap_or_default());
    number_components(&mut components);
    complete(&mut components);
    components
}

/// Gives every component the `id` that Discord gives to those that came without one: none that another
/// component has ("Component Reference", *Anatomy of a Component*).
pub(super) fn number_components(components: &mut Value) {
    let mut taken = HashSet::new();
    collect_numbers(components, &mut taken);
    fill_numbers(components, &mut 1, &taken);
}

const NESTED: [&str; 3] = ["components", "component", "accessory"];

fn collect_numbers(components: &Value, taken: &mut HashSet<u64>) {
    match components {
        Value::Array(list) => list.iter().for_each(|one| collect_numbers(one, taken)),
        Value::Object(one) => {
            taken.extend(one.get("id").and_then(Value::as_u64));
            let inner = NESTED.iter().filter_map(|part| one.get(*part));
            inner.for_each(|part| collect_numbers(part, taken));
        }
        _ => {}
    }
}

fn fill_numbers(components: &mut Value, next: &mut u64, taken: &HashSet<u64>) {
    match components {
        Value::Array(list) => list
            .iter_mut()
            .for_each(|one| fill_numbers(one, next, taken)),
        Value::Object(one) => {
            let own = one.get("id").and_then(Value::as_u64);
            if own.is_none_or(|id| id == 0) {
                while taken.contains(next) {
                    *next += 1;
                }
                one.insert("id".to_owned(), json!(*next));
                *next += 1;
            }
            for part in NESTED {
                if let Some(part) = one.get_mut(part) {
                    fill_numbers(part, next, taken);
                }
            }
        }
        _ => {}
    }
}

/// Fills in what Discord says of a component that the bot left out.
fn complete(components: &mut Value) {
    for component in components.as_array_mut().into_iter().flatten() {
        drop_nulls(component);
        let kind = component["type"].as_u64().unwrap_or(0);
        match kind {
            STRING_SELECT | 5..=8 => fill(
                component,
                &[("min_values", json!(1)), ("max_values", json!(1))],
            ),
            THUMBNAIL => fill_media(component, "media"),
            MEDIA_GALLERY => {
                let items = component.get_mut("items").and_then(Value::as_array_mut);
                items
                    .into_iter()
                    .flatten()
                    .for_each(|item| fill_media(item, "media"));
            }
            FILE => {
                fill_media(component, "file");
                fill(component, &[("name", Value::Null), ("size", Value::Null)]);
            }
            SEPARATOR => fill(
                component,
                &[("spacing", json!(1)), ("divider", json!(true))],
            ),
            CONTAINER => fill(
                component,
                &[("accent_color", Value::Null), ("spoiler", json!(false))],
            ),
            _ => {}
        }
        if let Some(inner) = component.get_mut("components") {
            complete(inner);
        }
        if let Some(accessory) = component.get_mut("accessory") {
            let mut list = json!([accessory.take()]);
            complete(&mut list);
            *accessory = list[0].take();
        }
    }
}

/// What is said of a picture or a file that a component shows.
fn fill_media(component: &mut Value, field: &str) {
    fill(
        component,
        &[("description", Value::Null), ("spoiler", json!(false))],
    );
    let number = component["id"].as_u64().unwrap_or(0);
    if let Some(media) = component.get_mut(field).filter(|media| media.is_object()) {
        let url = media["url"].clone();
        fill(media, &[("id", objects::id(number)), ("proxy_url", url)]);
    }
}

fn fill(object: &mut Value, fields: &[(&str, Value)]) {
    let Value::Object(object) = object else {
        return;
    };
    for (name, value) in fields {
        object.entry(*name).or_insert_with(|| value.clone());
    }
}

/// Takes away what is null, at every depth: Discord reads it as left out.
pub(super) fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(drop_nulls);
        }
        Value::Array(list) => list.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

fn trim(text: Option<&mut Value>) {
    if let Some(text) = text
        && let Some(trimmed) = text.as_str().map(str::trim)
    {
        *text = json!(trimmed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_are_dropped_and_defaults_filled_in() {
        let sent = json!([{"type": 1, "components": [
            {"type": 3, "custom_id": "s", "placeholder": null, "options": [
                {"label": "a", "value": "a", "emoji": {"id": null, "name": "🎯"}}]}]}]);
        let shown = components(&sent);
        let select = &shown[0]["components"][0];
        assert_eq!(
            (&select["min_values"], &select["max_values"]),
            (&json!(1), &json!(1))
        );
        assert_eq!(select.get("placeholder"), None);
        assert_eq!(select["options"][0]["emoji"], json!({"name": "🎯"}));
        assert_eq!(select["id"], 2);
    }

    #[test]
    fn numbers_are_given_in_turn_and_none_twice() {
        let sent = json!([{"type": 1, "components": [
            {"type": 2, "style": 5, "label": "l", "url": "https://example.org/", "id": 2},
            {"type": 2, "style": 5, "label": "l", "url": "https://example.org/", "id": 0}]}]);
        let shown = components(&sent);
        let ids = [
            &shown[0]["id"],
            &shown[0]["components"][0]["id"],
            &shown[0]["components"][1]["id"],
        ];
        assert_eq!(ids, [&json!(1), &json!(2), &json!(3)]);
    }

    #[test]
    fn texts_of_embeds_are_trimmed() {
        let shown = embed(
            &json!({"title": " t ", "url": null, "fields": [{"name": "n ", "value": "\nv"}]}),
        );
        let field = json!({"name": "n", "value": "v", "inline": false});
        assert_eq!(
            shown,
            json!({"title": "t", "type": "rich", "fields": [field]})
        );
    }
}
