//! What must not be shown, in the log, complaints, errors and `--help` alike.
//!
//! Pure. Invariant: only [`Secret::reveal`] gives a secret; `Debug`, `Display` and serde give `***`. Its bytes
//! are overwritten when it is dropped.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use zeroize::Zeroizing;

/// Stands in the place of a secret.
const HIDDEN: &str = "***";
/// A shorter secret is not looked for in texts, in bytes: it could be part of any word.
const REDACTED_MIN_BYTES: usize = 6;

/// A token, a key, a password, or an address with one in it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Keeps `text` as a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The secret itself, for whoever needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromStr for Secret {
    type Err = Infallible;

    /// Takes any text: a complaint of the argument parser would print it.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self::new(text))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(HIDDEN)
    }
}

/// Takes secrets out of texts that others wrote, such as errors of libraries and answers of servers.
#[derive(Clone, Debug, Default)]
pub struct Redactor(Vec<Secret>);

impl Redactor {
    /// Looks for these secrets, except for those that are too short to be told from other words, and for the
    /// password and credentials in any URL.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        let mut known: Vec<_> = secrets
            .into_iter()
            .filter(|secret| secret.reveal().len() >= REDACTED_MIN_BYTES)
            .collect();
        // One that is part of another would leave the rest of that.
        known.sort_by_key(|secret| std::cmp::Reverse(secret.reveal().len()));
        Self(known)
    }

    /// `text` without them.
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut clean = Cow::Borrowed(text);
        for secret in &self.0 {
            if clean.contains(secret.reveal()) {
                clean = Cow::Owned(clean.replace(secret.reveal(), HIDDEN));
            }
        }
        match without_credentials(&clean) {
            Some(cleaner) => Cow::Owned(cleaner),
            None => clean,
        }
    }
}

/// `text` without what stands before the `@` in any URL; `None` if nothing does.
fn without_credentials(text: &str) -> Option<String> {
    let (mut clean, mut rest, mut changed) = (String::new(), text, false);
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + "://".len());
        clean.push_str(before);
        // A password that is not encoded as it should be may have a slash in it: up to the last `@`.
        let end = after.find(|char: char| char.is_whitespace() || "\"'`<>".contains(char));
        let url = &after[..end.unwrap_or(after.len())];
        let is_server = before.ends_with("postgres://") || before.ends_with("postgresql://");
        rest = match url.rfind('@') {
            // The name of a role alone is no secret.
            Some(at) if is_server && !url[..at].contains(':') => after,
            Some(at) => {
                clean.push_str(HIDDEN);
                changed = true;
                &after[at..]
            }
            None => after,
        };
    }
    clean.push_str(rest);
    changed.then_some(clean)
}

/// Whether `url` is a URL with a password in it, also in its query.
pub fn has_password(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else {
        return false;
    };
    let in_front = rest
        .rsplit_once('@')
        .is_some_and(|(user, _)| user.contains(':'));
    let query = rest.split_once('?').map_or("", |(_, query)| query);
    in_front
        || query
            .split('&')
            .any(|option| option.starts_with("password="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_is_shown_by_nothing_but_reveal() {
        #[derive(Debug, Serialize)]
        struct Settings {
            token: Option<Secret>,
        }
        let token: Secret = "MTk4.secret.part".parse().expect("any text is taken");
        let settings = Settings {
            token: Some(token.clone()),
        };
        for shown in [
            format!("{token:?} {token:#?} {token} {token:>40}"),
            format!("{settings:?} {settings:#?}"),
            serde_json::to_string(&settings).expect("JSON"),
        ] {
            assert!(
                shown.contains(HIDDEN) && !shown.contains("secret"),
                "{shown}"
            );
        }
        assert_eq!(token.reveal(), "MTk4.secret.part");
    }

    #[test]
    fn error_chain_is_redacted_of_known_secrets_longest_first() {
        let known = ["hunter2-and-more", "hunter2", "me"].map(Secret::new);
        let redactor = Redactor::new(known);
        for (text, clean) in [
            ("no secret of mine", "no secret of mine"),
            ("a: b: key hunter2 refused", "a: b: key *** refused"),
            ("hunter2-and-more, hunter2", "***, ***"),
        ] {
            assert_eq!(redactor.redact(text), clean);
        }
        assert!(!format!("{redactor:?}").contains("hunter"));
    }

    #[test]
    fn url_in_an_error_loses_its_credentials() {
        let redactor = Redactor::default();
        for (text, clean) in [
            ("https://discord.com/api", "https://discord.com/api"),
            (
                "s3://key:pass@bucket/x is wrong",
                "s3://***@bucket/x is wrong",
            ),
            ("'postgres://bot:p/a@ss@db/ow'", "'postgres://***@db/ow'"),
            ("http://u@a http://b c@d", "http://***@a http://b c@d"),
            (
                "postgres://bot@db/ow is away",
                "postgres://bot@db/ow is away",
            ),
            ("Ana@home", "Ana@home"),
        ] {
            assert_eq!(redactor.redact(text), clean);
        }
    }

    #[test]
    fn password_in_a_url_is_found_wherever_it_stands() {
        for url in [
            "postgres://bot:secret@db/ow",
            "postgres://bot:@db/ow",
            "postgresql://bot@db/ow?sslmode=require&password=secret",
        ] {
            assert!(has_password(url), "{url}");
        }
        for url in ["postgres://bot@db:5432/ow", "sqlite:a@b:c.db", "sqlite"] {
            assert!(!has_password(url), "{url}");
        }
    }
}
