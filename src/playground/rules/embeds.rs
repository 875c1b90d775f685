//! Limits of embeds. Invariant: all texts of all embeds of a message together count.

use super::{Problems, items};
use serde_json::Value;

const TITLE_MAX: usize = 256;
const DESCRIPTION_MAX: usize = 4_096;
const FIELDS_MAX: usize = 25;
const FIELD_NAME_MAX: usize = 256;
const FIELD_VALUE_MAX: usize = 1_024;
const FOOTER_MAX: usize = 2_048;
const AUTHOR_MAX: usize = 256;
const URL_MAX: usize = 2_048;
/// Characters of all texts of all embeds of one message.
const TOTAL_MAX: usize = 6_000;
const COLOR_MAX: u64 = 0xFF_FFFF;

pub(super) fn check(problems: &mut Problems, embeds: &[Value]) {
    for (n, embed) in embeds.iter().enumerate() {
        one(problems, &format!("embeds.{n}"), embed);
    }
    if embeds.iter().map(size).sum::<usize>() > TOTAL_MAX {
        let message = format!("Embed size exceeds maximum size of {TOTAL_MAX}");
        problems.add("embeds", "MAX_EMBED_SIZE_EXCEEDED", message);
    }
}

fn one(problems: &mut Problems, at: &str, embed: &Value) {
    if !problems.object(at, embed) {
        return problems.required(at);
    }
    problems.label(&format!("{at}.title"), &embed["title"], 0, TITLE_MAX);
    problems.text(&format!("{at}.type"), &embed["type"], 0, TITLE_MAX);
    problems.label(
        &format!("{at}.description"),
        &embed["description"],
        0,
        DESCRIPTION_MAX,
    );
    if let Some(footer) = embed.get("footer").filter(|footer| !footer.is_null()) {
        problems.object(&format!("{at}.footer"), footer);
        problems.label(&format!("{at}.footer.text"), &footer["text"], 1, FOOTER_MAX);
        icon(
            problems,
            &format!("{at}.footer.icon_url"),
            &footer["icon_url"],
        );
    }
    if let Some(author) = embed.get("author").filter(|author| !author.is_null()) {
        problems.object(&format!("{at}.author"), author);
        problems.label(&format!("{at}.author.name"), &author["name"], 1, AUTHOR_MAX);
        icon(
            problems,
            &format!("{at}.author.icon_url"),
            &author["icon_url"],
        );
        url(
            problems,
            &format!("{at}.author.url"),
            &author["url"],
            &["http", "https"],
        );
    }
    problems.number(&format!("{at}.color"), &embed["color"], 0, COLOR_MAX);
    url(
        problems,
        &format!("{at}.url"),
        &embed["url"],
        &["http", "https"],
    );
    for part in ["image", "thumbnail", "video"] {
        problems.object(&format!("{at}.{part}"), &embed[part]);
        icon(problems, &format!("{at}.{part}.url"), &embed[part]["url"]);
    }
    problems.object(&format!("{at}.provider"), &embed["provider"]);
    if !is_visible(embed) {
        problems.required(&format!("{at}.description"));
    }
    let stamp = &embed["timestamp"];
    problems.text(&format!("{at}.timestamp"), stamp, 0, TITLE_MAX);
    if let Some(text) = stamp.as_str()
        && chrono::DateTime::parse_from_rfc3339(text).is_err()
    {
        let message = format!("Could not parse {text}. Should be ISO8601.");
        problems.add(&format!("{at}.timestamp"), "DATE_TIME_TYPE_PARSE", message);
    }
    let fields = problems.list(&format!("{at}.fields"), &embed["fields"]);
    problems.length(&format!("{at}.fields"), fields.len(), 0, FIELDS_MAX);
    for (n, field) in fields.iter().enumerate() {
        let at = format!("{at}.fields.{n}");
        problems.object(&at, field);
        problems.label(&format!("{at}.name"), &field["name"], 1, FIELD_NAME_MAX);
        problems.label(&format!("{at}.value"), &field["value"], 1, FIELD_VALUE_MAX);
        problems.boolean(&format!("{at}.inline"), &field["inline"]);
    }
}

/// Whether an embed shows anything; one that does not is refused for want of a description:
/// AntyBot/anty-support, issue 39, and phd20/obsidian-discord-share, issue 20.
fn is_visible(embed: &Value) -> bool {
    let said = ["title", "description"]
        .iter()
        .any(|field| match &embed[*field] {
            Value::String(text) => !text.trim().is_empty(),
            other => !other.is_null(),
        });
    let shown = ["author", "footer", "image", "thumbnail", "video"];
    said || !items(&embed["fields"]).is_empty() || shown.iter().any(|it| !embed[*it].is_null())
}

/// The address of a picture, which may be one of the message's own files.
fn icon(problems: &mut Problems, at: &str, value: &Value) {
    url(problems, at, value, &["http", "https", "attachment"]);
}

/// Refuses an address, if one is there, of another scheme or of too many characters.
pub(super) fn url(problems: &mut Problems, at: &str, value: &Value, schemes: &[&str]) {
    let Some(text) = value.as_str() else {
        problems.text(at, value, 0, URL_MAX);
        return;
    };
    let good = text.split_once("://").is_some_and(|(scheme, rest)| {
        schemes.contains(&scheme) && !rest.is_empty() && !rest.contains(char::is_whitespace)
    });
    if !good {
        let message = format!("Scheme \"{text}\" is not supported or the URL is not well formed.");
        problems.add(at, "URL_TYPE_INVALID_URL", message);
    }
    problems.text(at, value, 0, URL_MAX);
}

fn size(embed: &Value) -> usize {
    let length = |value: &Value| {
        let text = value.as_str().unwrap_or_default();
        text.trim().chars().count()
    };
    let fields = items(&embed["fields"]).iter();
    length(&embed["title"])
        + length(&embed["description"])
        + length(&embed["footer"]["text"])
        + length(&embed["author"]["name"])
        + fields
            .map(|field| length(&field["name"]) + length(&field["value"]))
            .sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn errors(embeds: &Value) -> Value {
        let mut problems = Problems::default();
        check(&mut problems, items(embeds));
        problems
            .into_errors()
            .map_or(Value::Null, |errors| errors["embeds"].clone())
    }

    #[test]
    fn every_part_has_its_limit() {
        let field = |name: usize, value: usize| json!({"name": "n".repeat(name), "value": "v".repeat(value)});
        let bad = json!([{
            "title": "t".repeat(257), "color": 0x0100_0000, "url": "javascript:x",
            "footer": {"text": "f".repeat(2_049)}, "author": {"name": ""}, "timestamp": "soon",
            "fields": [field(257, 1), field(1, 1_025), field(0, 1), {"name": " ", "value": "\n"}],
        }]);
        let errors = errors(&bad);
        for part in ["title", "color", "url", "footer", "author", "timestamp"] {
            assert!(errors["0"][part].is_object(), "{part}");
        }
        assert!(errors["0"]["fields"]["0"]["name"].is_object());
        assert!(errors["0"]["fields"]["1"]["value"].is_object());
        assert!(errors["0"]["fields"]["2"]["name"].is_object());
        let blank = &errors["0"]["fields"]["3"];
        assert_eq!(blank["name"]["_errors"][0]["code"], "BASE_TYPE_REQUIRED");
        assert_eq!(blank["value"]["_errors"][0]["code"], "BASE_TYPE_REQUIRED");
        let many = json!([{"fields": vec![field(1, 1); 26]}]);
        assert!(self::errors(&many)["0"]["fields"]["_errors"].is_array());
    }

    #[test]
    fn an_embed_that_shows_nothing_is_refused() {
        for nothing in [json!({}), json!({"color": 1}), json!({"description": " "})] {
            let refused = errors(&json!([nothing]));
            let code = &refused["0"]["description"]["_errors"][0]["code"];
            assert_eq!(code, "BASE_TYPE_REQUIRED", "{nothing}");
        }
        for something in [
            json!({"title": "t"}),
            json!({"fields": [{"name": "n", "value": "v"}]}),
        ] {
            assert_eq!(errors(&json!([something])), Value::Null, "{something}");
        }
    }

    #[test]
    fn six_thousand_and_one_characters_over_all_embeds_are_refused() {
        let embed = |n: usize| json!({"description": "d".repeat(n)});
        assert_eq!(errors(&json!([embed(3_000), embed(3_000)])), Value::Null);
        let refused = errors(&json!([embed(3_000), embed(3_001)]));
        assert_eq!(refused["_errors"][0]["code"], "MAX_EMBED_SIZE_EXCEEDED");
    }
}
