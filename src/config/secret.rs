//! What must not be shown, in logs, complaints and `--help` alike.
//!
//! Pure. Invariant: only `reveal` gives it; any text is taken, because a complaint of the argument
//! parser would print it.

use std::fmt;
use std::str::FromStr;

/// What is not to be shown, such as an address with a password in it. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The secret itself, for whoever needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl FromStr for Secret {
    type Err = std::convert::Infallible;

    /// Takes anything: a complaint of the argument parser would print it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The bot's token. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// The token itself, for the clients that need it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether it may be a token at all, told in words that do not repeat it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), &'static str> {
        match self.0.as_str() {
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
}

impl FromStr for Token {
    type Err = std::convert::Infallible;

    /// Takes anything: a complaint of the argument parser would print it. See [`Token::check`].
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.trim().to_owned()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_never_shown() {
        let token: Token = "MTk4.secret.part".parse().expect("any text is taken");
        assert!(!format!("{token:?}").contains("secret"));
        assert_eq!(token.check(), Ok(()));
    }

    #[test]
    fn what_cannot_be_a_token_is_told_without_repeating_it() {
        for text in [
            "",
            "Bot abc",
            "two words",
            "Zeichenä",
            "\"abc\"",
            "'abc'",
            "“abc”",
        ] {
            let token: Token = text.parse().expect("any text is taken");
            assert!(token.check().is_err(), "{text:?}");
        }
    }
}
