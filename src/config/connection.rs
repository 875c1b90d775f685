//! How Discord is reached: which shards, whose signatures, which address.
//!
//! Pure. Invariant: shards that are taken are some of their total.

use std::str::FromStr;

use ed25519_dalek::VerifyingKey;

/// Which shards a process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shards {
    /// As many as Discord recommends.
    Auto,
    /// None: interactions come over HTTP.
    None,
    /// Some of a total, or all of them.
    Some {
        /// The first one's number, from 0.
        first: u32,
        /// The last one's number.
        last: u32,
        /// How many there are in all processes together.
        total: u32,
    },
}

/// More shards than this are a mistake: at a thousand servers each, it is sixteen million of them.
const SHARDS_MAX: u32 = 16_384;

impl FromStr for Shards {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = || {
            format!(
                "a number of shards (1 to {SHARDS_MAX}), some of a total such as 0-15/64, auto, or \
                 none is needed"
            )
        };
        let number = |text: &str| text.trim().parse::<u32>().map_err(|_| wanted());
        let (some, total) = match text.trim() {
            "auto" => return Ok(Self::Auto),
            "none" => return Ok(Self::None),
            text => text
                .split_once('/')
                .map_or((None, text), |(some, total)| (Some(some), total)),
        };
        let total = number(total)?;
        let last_of_all = total.checked_sub(1).ok_or_else(wanted)?;
        let (first, last) = match some {
            None => (0, last_of_all),
            Some(some) => match some.split_once('-') {
                None => (number(some)?, number(some)?),
                Some((first, last)) => (number(first)?, number(last)?),
            },
        };
        if total > SHARDS_MAX || first > last || last > last_of_all {
            return Err(wanted());
        }
        Ok(Self::Some { first, last, total })
    }
}

/// The key with which the signatures of Discord's HTTP requests are checked. No secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey(pub VerifyingKey);

impl FromStr for PublicKey {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WANTED: &str = "the 64 hexadecimal digits that the developer portal shows as the \
                              application's public key are needed";
        let digits = text.trim();
        if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(WANTED);
        }
        let mut bytes = [0; 32];
        for (at, byte) in bytes.iter_mut().enumerate() {
            let pair = &digits[2 * at..2 * at + 2];
            *byte = u8::from_str_radix(pair, 16).map_err(|_| WANTED)?;
        }
        VerifyingKey::from_bytes(&bytes)
            .map(Self)
            .map_err(|_| WANTED)
    }
}

/// The address of an HTTP API: a host, and a port if it is not the usual one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiUrl {
    /// `HOST` or `HOST:PORT`.
    pub authority: String,
    /// Whether it is `http` and not `https`.
    pub plain_http: bool,
}

impl FromStr for ApiUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = "an address such as http://127.0.0.1:8080 is needed";
        let (plain_http, rest) = match text.trim().split_once("://") {
            Some(("http", rest)) => (true, rest),
            Some(("https", rest)) => (false, rest),
            _ => return Err(wanted.into()),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.is_empty() || authority.contains(['/', '?', '#', '@', ' ']) {
            return Err(format!("{wanted}, without a path or a user"));
        }
        match authority.rsplit_once(':') {
            Some((host, port)) if host.is_empty() || port.parse::<u16>().is_err() => {
                Err(format!("{wanted}; the port is a number up to 65535"))
            }
            _ => Ok(Self {
                authority: authority.to_owned(),
                plain_http,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_all_of_a_number_some_of_a_total_automatic_or_none() {
        let some = |first, last, total| Ok(Shards::Some { first, last, total });
        assert_eq!("16".parse(), some(0, 15, 16));
        assert_eq!("0-15/64".parse(), some(0, 15, 64));
        assert_eq!(" 7/8 ".parse(), some(7, 7, 8));
        assert_eq!("auto".parse(), Ok(Shards::Auto));
        assert_eq!("none".parse(), Ok(Shards::None));
        for text in [
            "", "0", "-1", "many", "8/8", "3-2/8", "0-8/8", "0-1", "1/0", "99999", "0-1/2/3",
        ] {
            assert!(text.parse::<Shards>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_public_key_is_64_hexadecimal_digits_of_a_point_on_the_curve() {
        let good = format!("{:0<64}", "01");
        assert!(good.parse::<PublicKey>().is_ok());
        let signed = format!("+{}", &good[1..]);
        for text in [
            "",
            "01",
            &"z".repeat(64),
            &"ä".repeat(32),
            &format!("{:0<64}", "02"),
            &signed,
        ] {
            assert!(text.parse::<PublicKey>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_api_address_has_a_scheme_and_a_host_and_no_path() {
        let url: ApiUrl = "http://127.0.0.1:8080/".parse().expect("a plain address");
        assert_eq!(
            url,
            ApiUrl {
                authority: "127.0.0.1:8080".into(),
                plain_http: true
            }
        );
        for text in [
            "127.0.0.1:8080",
            "ftp://a",
            "http://",
            "http://a/b",
            "http://a:99999",
            "http://u@a",
        ] {
            assert!(text.parse::<ApiUrl>().is_err(), "{text}");
        }
    }
}
