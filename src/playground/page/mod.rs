//! The web page: a person's Discord client for a browser, over `/client`.
//!
//! Plain files without a build step, compiled in. Touches nothing. Invariant: the page loads
//! nothing from anywhere else, and its headers forbid the browser to.

use axum::{
    Router,
    extract::Path,
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const PICTURE: &str = "image/svg+xml";

/// Name, media type and content of each file under `/page`.
const FILES: [(&str, &str, &str); 17] = [
    ("api.js", SCRIPT, include_str!("api.js")),
    ("components.js", SCRIPT, include_str!("components.js")),
    ("composer.js", SCRIPT, include_str!("composer.js")),
    ("dom.js", SCRIPT, include_str!("dom.js")),
    ("fields.js", SCRIPT, include_str!("fields.js")),
    ("icon.svg", PICTURE, include_str!("icon.svg")),
    ("listbox.js", SCRIPT, include_str!("listbox.js")),
    ("log.js", SCRIPT, include_str!("log.js")),
    ("markdown.js", SCRIPT, include_str!("markdown.js")),
    ("message.js", SCRIPT, include_str!("message.js")),
    ("modal.js", SCRIPT, include_str!("modal.js")),
    ("page.js", SCRIPT, include_str!("page.js")),
    ("places.js", SCRIPT, include_str!("places.js")),
    ("select.js", SCRIPT, include_str!("select.js")),
    ("style.css", STYLE, include_str!("style.css")),
    ("time.js", SCRIPT, include_str!("time.js")),
    ("world.js", SCRIPT, include_str!("world.js")),
];

/// Everything from here and nothing else; no scripts or styles inside of the markup.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The files that the page consists of.
pub(super) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/{name}", get(file))
}

/// The page itself.
pub(super) fn index() -> Response {
    with_headers(HTML, include_str!("index.html"))
}

async fn file(Path(name): Path<String>) -> Response {
    match FILES.iter().find(|(known, ..)| *known == name) {
        Some((_, kind, content)) => with_headers(kind, content),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn with_headers(kind: &'static str, content: &'static str) -> Response {
    let headers: [(HeaderName, &str); 5] = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        // The next build may bring another page on the same address.
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, content).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_that_is_asked_for_is_there() {
        let known = |name: &str| FILES.iter().any(|(known, ..)| *known == name);
        let index = include_str!("index.html");
        for part in index.split("\"/page/").skip(1) {
            let name = part.split('"').next().unwrap();
            assert!(known(name), "the page asks for {name}");
        }
        for (from, _, content) in FILES {
            for part in content.split("from './").skip(1) {
                let name = part.split('\'').next().unwrap();
                assert!(known(name), "{from} asks for {name}");
            }
        }
    }

    #[test]
    fn markup_has_no_scripts_and_styles_of_its_own() {
        let index = include_str!("index.html");
        for script in index.split("<script").skip(1) {
            assert!(
                script.starts_with(" type=\"module\" src=\"/page/"),
                "{script}"
            );
            assert!(script.contains("\"></script>"), "{script}");
        }
        for inline in ["<style", " style=", " on", "javascript:"] {
            assert!(!index.contains(inline), "{inline}");
        }
        assert!(!POLICY.contains("unsafe"));
    }

    #[test]
    fn foreign_text_is_never_parsed_as_markup() {
        for (name, _, content) in FILES {
            for way in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
            ] {
                assert!(!content.contains(way), "{name} uses {way}");
            }
        }
    }
}
