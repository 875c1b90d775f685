//! Settings that are secret: environment variables without an option, since everybody who is logged in to the
//! machine sees the command lines of all its processes (`ps`).
//!
//! May touch: the environment. Invariant: no complaint about one repeats it.

use crate::secret::{Secret, has_password};

/// A setting that is secret.
#[derive(Debug)]
pub struct SecretSetting {
    /// The environment variable.
    pub name: &'static str,
    /// What it holds, for `--help`.
    pub help: &'static str,
}

/// The bot's token.
pub const BOT_TOKEN: SecretSetting = SecretSetting {
    name: "BOT_TOKEN",
    help: "The bot's token, from Discord's developer portal. Needed by `run`",
};
/// The token for metrics and details of health.
pub const HTTP_TOKEN: SecretSetting = SecretSetting {
    name: "HTTP_TOKEN",
    help: "Whoever sends this as \"Authorization: Bearer TOKEN\" may read /metrics and details of /readyz \
           [default: whoever connects from a loopback or private address]",
};
/// The address of a server in the place of the database file, with its password.
pub const DATABASE_URL: SecretSetting = SecretSetting {
    name: "DATABASE_URL",
    help: "A PostgreSQL database in the place of the file: postgres://USER:PASSWORD@HOST:PORT/NAME",
};
/// The password of a database server.
pub const DB_PASSWORD: SecretSetting = SecretSetting {
    name: "DB_PASSWORD",
    help: "The password for DB_HOST, or for a URL without one",
};

/// All of them.
pub const SECRET_SETTINGS: [&SecretSetting; 4] =
    [&BOT_TOKEN, &DATABASE_URL, &DB_PASSWORD, &HTTP_TOKEN];

/// Variables that others than [`SECRET_SETTINGS`] name and that hold secrets: the keys of the object store, and
/// the two addresses of `copy`.
const OTHER_SECRETS: [&str; 5] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "COPY_FROM",
    "COPY_TO",
];

impl SecretSetting {
    /// Its value; `None` if it is not set. What is not UTF-8 is replaced, so that it is refused and not ignored.
    pub fn read(&self) -> Option<Secret> {
        variable(self.name)
    }

    /// The option that it had before.
    fn option(&self) -> String {
        format!("--{}", self.name.to_ascii_lowercase().replace('_', "-"))
    }
}

fn variable(name: &str) -> Option<Secret> {
    let value = std::env::var_os(name)?.into_string();
    Some(value.map_or_else(
        |odd| Secret::new(odd.to_string_lossy()),
        // Moved, so that no copy is left behind.
        Secret::new,
    ))
}

/// What was copied with a line break at its end, without it.
pub(super) fn trimmed(secret: Secret) -> Secret {
    Secret::new(secret.reveal().trim())
}

/// The secrets in the environment, and the passwords in its addresses.
pub fn known_secrets() -> Vec<Secret> {
    let names = SECRET_SETTINGS.iter().map(|setting| setting.name);
    let values: Vec<_> = names.chain(OTHER_SECRETS).filter_map(variable).collect();
    let passwords: Vec<_> = values.iter().filter_map(password_of).collect();
    values.into_iter().chain(passwords).collect()
}

/// The password in an address, as it stands there.
fn password_of(url: &Secret) -> Option<Secret> {
    let (_, rest) = url.reveal().split_once("://")?;
    let (user, _) = rest.rsplit_once('@')?;
    user.split_once(':')
        .map(|(_, password)| Secret::new(password))
}

/// Why this command line cannot be accepted, if it has a secret in it, in words that do not repeat it.
pub fn seen_by_everybody<'w>(words: impl IntoIterator<Item = &'w str>) -> Option<String> {
    for word in words {
        let option = word.split_once('=').map_or(word, |(option, _)| option);
        let removed = SECRET_SETTINGS.iter().find(|it| it.option() == option);
        if let Some(SecretSetting { name, .. }) = removed {
            return Some(format!(
                "{option} is no longer accepted, because all users of this machine can read command lines; set \
                 {name} in the environment or in .env instead, and renew the secret if others are logged in here"
            ));
        }
        if word.contains("postgres") && has_password(word) {
            return Some(
                "a URL with a password is not accepted in the command line, which all users of this machine can \
                 read; leave the password out and set DB_PASSWORD, or set the whole URL as DATABASE_URL, or for \
                 `copy` as COPY_FROM and COPY_TO"
                    .into(),
            );
        }
    }
    None
}

/// Whether this may be a bot's token at all.
///
/// # Errors
/// What is wrong with it, in words that do not repeat it.
pub fn check_bot_token(token: &Secret) -> Result<(), &'static str> {
    match token.reveal() {
        "" => Err("is empty"),
        token if token.starts_with("Bot ") => {
            Err("starts with \"Bot \"; give the token alone, as the developer portal shows it")
        }
        token if token.contains(['"', '\'', '`', '“', '”', '‘', '’', '„']) => {
            Err("has quotes in it; give the token alone, without them")
        }
        token if !token.chars().all(|char| char.is_ascii_graphic()) => Err(
            "has spaces or characters that no token has; copy it again from the developer portal",
        ),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_a_token_is_told_without_repeating_it() {
        assert_eq!(check_bot_token(&Secret::new("MTk4.secret.part")), Ok(()));
        for text in [
            "",
            "Bot abc",
            "two words",
            "Zeichenä",
            "\"abc\"",
            "'abc'",
            "“abc”",
        ] {
            let wrong = check_bot_token(&Secret::new(text)).expect_err(text);
            assert!(text.is_empty() || !wrong.contains(text), "{wrong}");
        }
    }

    #[test]
    fn command_line_with_a_secret_is_refused_without_repeating_it() {
        let said = |words: &[&str]| seen_by_everybody(words.iter().copied());
        for (words, named) in [
            (&["run", "--bot-token", "hunter2"][..], "BOT_TOKEN"),
            (&["--bot-token=hunter2"], "BOT_TOKEN"),
            (&["check", "--http-token", "hunter2"], "HTTP_TOKEN"),
            (&["--db-password=hunter2"], "DB_PASSWORD"),
            (&["--database-url", "postgres://db/ow"], "DATABASE_URL"),
            (
                &["copy", "--from", "postgres://bot:hunter2@db/ow"],
                "COPY_FROM",
            ),
            (
                &["simulate", "--database=postgres://b@db/ow?password=hunter2"],
                "DB_PASSWORD",
            ),
        ] {
            let said = said(words).expect("a complaint");
            assert!(said.contains(named) && !said.contains("hunter2"), "{said}");
        }
        for words in [
            &["run"][..],
            &[
                "copy",
                "--from",
                "sqlite:a.db",
                "--to",
                "postgres://bot@db:5432/ow",
            ],
            &["--discord-api-url=http://127.0.0.1:1"],
        ] {
            assert_eq!(said(words), None, "{words:?}");
        }
    }

    #[test]
    fn password_is_taken_out_of_an_address() {
        let password = |url: &str| password_of(&Secret::new(url));
        let found = password("postgres://bot:s%40cret@db/ow");
        assert_eq!(found, Some(Secret::new("s%40cret")));
        assert_eq!(password("postgres://bot@db/ow"), None);
        assert_eq!(password("AKIAEXAMPLE"), None);
    }
}
