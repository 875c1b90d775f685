//! Which database the settings mean.

use std::path::{Path, PathBuf};

use super::Failed;
use crate::config::{Config, DB_PATH, parse_db_path};
use crate::store::Place;
use crate::store::sqlite::location;
use crate::store::sqlite::owner::Owner;

/// The database: a server if one is named, a file if not.
pub(super) fn place(config: &Config) -> Result<Place, Failed> {
    let server = &config.server;
    // Where files of settings name everything, empty means nothing.
    let url = server.database_url.as_ref();
    if let Some(url) = url.filter(|url| !url.is_empty()) {
        return place_at(url.reveal(), config)
            .map_err(|wrong| Failed::Settings(format!("DATABASE_URL cannot be used: {wrong}")));
    }
    if server.db_host.as_ref().is_some_and(|host| !host.is_empty()) {
        return in_parts(config);
    }
    for (name, set) in [
        ("DB_USER", server.db_user.is_some()),
        ("DB_NAME", server.db_name.is_some()),
    ] {
        if set {
            return Err(Failed::Settings(format!(
                "{name} is set and DB_HOST is not; a PostgreSQL server has a DB_HOST, a file has a DB_PATH"
            )));
        }
    }
    file(config).map_err(Failed::Settings)
}

/// The file, for what works on files only; `instead` says what does the same on a server.
pub(super) fn file_only(config: &Config, what: &str, instead: &str) -> Result<PathBuf, Failed> {
    let place = place(config)?;
    place.file().map(Path::to_owned).ok_or_else(|| {
        Failed::Settings(format!(
            "`{what}` works on a database file, and the database is {place}; {instead}"
        ))
    })
}

/// The database at `url`, `sqlite:FILE` or `postgres://…`. What is wrong with it is told in words
/// that do not repeat it.
pub(super) fn place_at(url: &str, config: &Config) -> Result<Place, String> {
    match url.split_once(':') {
        Some(("sqlite", path)) if !path.is_empty() => file_at(Path::new(url)),
        Some(("postgres" | "postgresql", _)) => server_at(url, config),
        _ => Err("postgres://USER:PASSWORD@HOST:PORT/NAME or sqlite:FILE is needed".into()),
    }
}

fn file(config: &Config) -> Result<Place, String> {
    file_at(config.db_path.as_deref().unwrap_or(Path::new(DB_PATH)))
}

/// The file that `text` names, where all links lead, unless it is the playground's. Nothing has it open
/// yet.
fn file_at(text: &Path) -> Result<Place, String> {
    let path = path_in(text)?;
    let path = location::resolve(&path).map_err(|error| error.to_string())?;
    let checked = Owner::Bot.check(&path);
    checked.map_err(|error| error.to_string())?;
    Ok(Place::File(path))
}

/// The path of a database file that `text` names.
pub(super) fn path_in(text: &Path) -> Result<PathBuf, String> {
    parse_db_path(text, std::env::var_os("HOME").as_deref())
        .map_err(|wrong| format!("the database {} {wrong}", text.display()))
}

#[cfg(feature = "postgres")]
mod server {
    use super::{Config, Failed, Place};
    use crate::store::postgres::{Address, Parts, Tls};

    pub(super) fn server_at(url: &str, config: &Config) -> Result<Place, String> {
        let parts = parts(config)?;
        let address = Address::of_url(url, &parts).map_err(|wrong| wrong.to_string())?;
        Ok(Place::Server(Box::new(address)))
    }

    pub(super) fn in_parts(config: &Config) -> Result<Place, Failed> {
        let address = parts(config)
            .and_then(|parts| Address::of_parts(&parts).map_err(|wrong| wrong.to_string()));
        match address {
            Ok(address) => Ok(Place::Server(Box::new(address))),
            Err(wrong) => Err(Failed::Settings(format!(
                "DB_HOST and the settings beside it cannot be used: {wrong}"
            ))),
        }
    }

    fn parts(config: &Config) -> Result<Parts, String> {
        let server = &config.server;
        let tls = server.db_sslmode.as_deref().map(str::parse::<Tls>);
        Ok(Parts {
            host: server.db_host.clone(),
            port: server.db_port,
            user: server.db_user.clone(),
            password: server.db_password.clone(),
            name: server.db_name.clone(),
            tls: tls.transpose().map_err(|wrong| wrong.to_string())?,
            roots: server.db_sslrootcert.clone(),
        })
    }
}

#[cfg(not(feature = "postgres"))]
mod server {
    use super::{Config, Failed, Place};

    const LEFT_OUT: &str =
        "this program was built without PostgreSQL (its cargo feature `postgres`)";

    pub(super) fn server_at(_: &str, _: &Config) -> Result<Place, String> {
        Err(LEFT_OUT.into())
    }

    pub(super) fn in_parts(_: &Config) -> Result<Place, Failed> {
        Err(Failed::Settings(format!("DB_HOST is set, but {LEFT_OUT}")))
    }
}

use server::{in_parts, server_at};
