//! Where a PostgreSQL server is, and how it is spoken to: from a URL or from parts.
//!
//! May touch: the file with the certificates. Invariant: neither a printed address nor a complaint
//! about one shows the password.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::tls;
use crate::secret::Secret;

/// A silent connection is asked for a sign of life after this long, in seconds.
const KEEPALIVE_AFTER_S: u64 = 30;
/// Then this often, in seconds.
const KEEPALIVE_EVERY_S: u64 = 5;
/// What was sent and is not acknowledged for this long tells that the network is gone, in
/// milliseconds.
const UNACKNOWLEDGED_MAX_MS: u64 = 3_000;
/// What a URL may look like.
const WANTED: &str = "postgres://USER:PASSWORD@HOST:PORT/NAME is needed, with what is special in \
                      the password percent-encoded";

/// How much TLS is wanted, in libpq's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tls {
    /// None.
    Disable,
    /// If the server has it. Nobody's identity is checked.
    #[default]
    Prefer,
    /// Always; but nobody's identity is checked, as in libpq.
    Require,
    /// Always, with a certificate that is trusted and names the host.
    VerifyFull,
}

impl FromStr for Tls {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        match text {
            "disable" => Ok(Self::Disable),
            "prefer" => Ok(Self::Prefer),
            "require" => Ok(Self::Require),
            "verify-full" => Ok(Self::VerifyFull),
            _ => Err(AddressError(
                "sslmode is one of disable, prefer, require and verify-full".into(),
            )),
        }
    }
}

/// The parts of an address, each of which may be left out.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// A name, an IP address, or the folder of a Unix socket.
    pub host: Option<String>,
    /// The port; 5432 if not given.
    pub port: Option<u16>,
    /// The role.
    pub user: Option<String>,
    /// Its password.
    pub password: Option<Secret>,
    /// The database; called like the role if not given.
    pub name: Option<String>,
    /// How much TLS.
    pub tls: Option<Tls>,
    /// A file with the certificates to trust, PEM.
    pub roots: Option<PathBuf>,
}

/// What is wrong with an address, in words that do not repeat it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct AddressError(pub(super) String);

/// Where a server is, and how it is spoken to.
#[derive(Clone)]
pub struct Address {
    pub(super) config: Config,
    /// `None`: without TLS.
    pub(super) tls: Option<MakeRustlsConnect>,
}

impl Address {
    /// The address in `url`. What `parts` says of TLS and of the password counts where the URL says
    /// nothing; the rest of them is for those who have no URL.
    ///
    /// # Errors
    /// [`AddressError`].
    pub fn of_url(url: &str, parts: &Parts) -> Result<Self, AddressError> {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let password = parts.password.as_ref().filter(|given| !given.is_empty());
        let mut parts = Parts {
            tls: parts.tls,
            roots: parts.roots.clone(),
            ..Parts::default()
        };
        let mut rest = Vec::new();
        for option in query.split('&').filter(|option| !option.is_empty()) {
            match option.split_once('=') {
                Some(("sslmode", value)) => parts.tls = Some(value.parse()?),
                Some(("sslrootcert", value)) => parts.roots = Some(decoded(value)?.into()),
                _ => rest.push(option),
            }
        }
        let url = match rest.is_empty() {
            true => base.to_owned(),
            false => format!("{base}?{}", rest.join("&")),
        };
        let config = url.parse::<Config>();
        // The parser's own error may quote a piece of the password.
        let mut config = config.map_err(|_| AddressError(WANTED.into()))?;
        if let (None, Some(password)) = (config.get_password(), password) {
            config.password(password.reveal());
        }
        Self::with(config, &parts)
    }

    /// The address that `parts` give together.
    ///
    /// # Errors
    /// [`AddressError`].
    pub fn of_parts(parts: &Parts) -> Result<Self, AddressError> {
        let mut config = Config::new();
        config.host(parts.host.as_deref().unwrap_or("localhost"));
        if let Some(port) = parts.port {
            config.port(port);
        }
        if let Some(user) = &parts.user {
            config.user(user);
        }
        if let Some(password) = &parts.password {
            config.password(password.reveal());
        }
        if let Some(name) = &parts.name {
            config.dbname(name);
        }
        Self::with(config, parts)
    }

    /// The same, for what is to be in the schema of this name (small letters, digits and `_`), and sees
    /// nothing else of the database.
    #[must_use]
    pub fn in_schema(&self, name: &str) -> Self {
        let mut inside = self.clone();
        let options = self.config.get_options().unwrap_or_default();
        inside
            .config
            .options(format!("{options} -c search_path={name}"));
        inside
    }

    fn with(mut config: Config, parts: &Parts) -> Result<Self, AddressError> {
        if config.get_hosts().is_empty() {
            return Err(AddressError(WANTED.into()));
        }
        if config.get_user().is_none() {
            return Err(AddressError("it names no user".into()));
        }
        if config.get_application_name().is_none() {
            config.application_name(env!("CARGO_PKG_NAME"));
        }
        config
            .keepalives_idle(Duration::from_secs(KEEPALIVE_AFTER_S))
            .keepalives_interval(Duration::from_secs(KEEPALIVE_EVERY_S))
            .tcp_user_timeout(Duration::from_millis(UNACKNOWLEDGED_MAX_MS));
        let local = config.get_hosts().iter().all(is_socket);
        let mode = match local {
            // As with libpq: there is nobody in between.
            true => Tls::Disable,
            false => parts.tls.unwrap_or_default(),
        };
        if parts.roots.is_some() && mode != Tls::VerifyFull {
            return Err(AddressError(
                "a file of certificates is given, but only sslmode verify-full looks at it".into(),
            ));
        }
        config.ssl_mode(match mode {
            Tls::Disable => SslMode::Disable,
            Tls::Prefer => SslMode::Prefer,
            Tls::Require | Tls::VerifyFull => SslMode::Require,
        });
        let tls = match mode {
            Tls::Disable => None,
            Tls::Prefer | Tls::Require => Some(tls::trusting()),
            Tls::VerifyFull => Some(tls::verifying(parts.roots.as_deref())?),
        };
        Ok(Self { config, tls })
    }
}

/// As it may be printed: without the password.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "postgres://")?;
        if let Some(user) = self.config.get_user() {
            write!(f, "{user}@")?;
        }
        let ports = self.config.get_ports();
        for (at, host) in self.config.get_hosts().iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            match host {
                Host::Tcp(host) => write!(f, "{comma}{host}")?,
                Host::Unix(folder) => write!(f, "{comma}{}", folder.display())?,
            }
            if let Some(port) = ports.get(at).or(ports.first()) {
                write!(f, ":{port}")?;
            }
        }
        let name = self.config.get_dbname().or(self.config.get_user());
        write!(f, "/{}", name.unwrap_or_default())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

fn is_socket(host: &Host) -> bool {
    matches!(host, Host::Unix(_))
}

/// `%41` as `A`.
fn decoded(text: &str) -> Result<String, AddressError> {
    let wrong = || AddressError(WANTED.into());
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let byte = match byte {
            b'%' => {
                let digits = [rest.next(), rest.next()]
                    .map(|digit| digit.and_then(|digit| char::from(digit).to_digit(16)));
                let [Some(high), Some(low)] = digits else {
                    return Err(wrong());
                };
                u8::try_from(high * 16 + low).map_err(|_| wrong())?
            }
            byte => byte,
        };
        bytes.push(byte);
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_url(url: &str) -> Result<Address, AddressError> {
        Address::of_url(url, &Parts::default())
    }

    #[test]
    fn an_address_prints_without_its_password() {
        let address = of_url("postgres://bot:s%40cret@db.example:6432/ow?sslmode=require");
        let address = address.expect("an address");
        assert_eq!(address.to_string(), "postgres://bot@db.example:6432/ow");
        assert!(!format!("{address:?}").contains("cret"));
        assert_eq!(address.config.get_password(), Some(&b"s@cret"[..]));
    }

    #[test]
    fn a_wrong_address_is_told_without_repeating_it() {
        for url in [
            "postgres://bot:secret@db:99999/ow",
            "postgres:///ow",
            "postgres://db/ow",
            "mysql://bot:secret@db/ow",
            "postgres://bot:secret@db/ow?sslmode=secret",
            "postgres://bot:secret@db/ow?sslmode=require&sslrootcert=%2",
            "postgres://bot:secret@db/ow?sslrootcert=/nowhere.pem",
            "postgres://bot:secret@db/ow?sslmode=verify-full&sslrootcert=/nowhere.pem",
        ] {
            let error = of_url(url).expect_err(url).to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_password_may_stand_beside_the_url() {
        let parts = Parts {
            password: Some(Secret::new("beside")),
            ..Parts::default()
        };
        let password = |url: &str| {
            let address = Address::of_url(url, &parts).expect("an address");
            address.config.get_password().map(<[u8]>::to_vec)
        };
        assert_eq!(password("postgres://bot@db/ow"), Some(b"beside".to_vec()));
        assert_eq!(password("postgres://bot:in@db/ow"), Some(b"in".to_vec()));
    }

    #[test]
    fn parts_are_as_good_as_a_url() {
        let parts = Parts {
            host: Some("/run/postgresql".into()),
            user: Some("bot".into()),
            ..Parts::default()
        };
        let address = Address::of_parts(&parts).expect("an address");
        assert_eq!(address.to_string(), "postgres://bot@/run/postgresql/bot");
        assert_eq!(address.config.get_ssl_mode(), SslMode::Disable);
    }
}
