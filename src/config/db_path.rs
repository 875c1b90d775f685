//! What DB_PATH says: a path, or one as other programs write it.
//!
//! Pure. Invariant: what SQLite would read as something else than a file's name (`:memory:`, `file:…`) never
//! gets there as a name.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Reads the path of a database file: a plain path, `~/…`, or `sqlite:FILE` and `sqlite:///FILE` as in the
/// URLs of other programs. `home` is the folder that `~` stands for.
///
/// # Errors
/// A sentence's end that says what is wrong and what to write.
pub fn parse_db_path(text: &Path, home: Option<&OsStr>) -> Result<PathBuf, String> {
    let Some(text) = text.to_str() else {
        // A name that is no text cannot be any of the other forms.
        return Ok(text.to_owned());
    };
    let path = match scheme(text) {
        Some(("sqlite", rest)) => after_scheme(rest)?,
        _ => text,
    };
    match scheme(path) {
        Some(("file" | "sqlite", _)) => return Err("is an address; write the path alone".into()),
        Some((scheme, _)) => {
            return Err(format!(
                "begins with {scheme}://, and is no file; a PostgreSQL server goes into DATABASE_URL"
            ));
        }
        None => {}
    }
    if path.trim().is_empty() {
        return Err("is empty; write the path of a file, or leave it out".into());
    }
    if path.contains(":memory:") || path.starts_with(':') {
        return Err(
            "would keep nothing: it stands for a database in memory; write the path of a file"
                .into(),
        );
    }
    if path.ends_with('/') || path == "~" {
        return Err("is a folder; write the path of a file in it, such as overwatch.db".into());
    }
    match (path.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) if !home.is_empty() => Ok(Path::new(home).join(rest)),
        (Some(_), _) => Err("begins with ~, and HOME is not set; write the whole path".into()),
        (None, _) => Ok(path.into()),
    }
}

/// The scheme that a text begins with, if it does: `sqlite:` and `file:`, or whatever stands before `://`.
fn scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let is_known = ["sqlite", "file"].contains(&scheme);
    let is_address = rest.starts_with("//") && scheme.chars().all(char::is_alphanumeric);
    (!scheme.is_empty() && (is_known || is_address)).then_some((scheme, rest))
}

fn after_scheme(rest: &str) -> Result<&str, String> {
    if rest.contains(['?', '%', '#']) {
        return Err("has more than a path in it; write the path alone".into());
    }
    match rest.strip_prefix("//") {
        // An empty host, and a path from the root.
        Some(path) if path.starts_with('/') => Ok(path),
        Some(_) => Err(
            "has two slashes, after which a host comes; write sqlite:FILE for a path from here, \
             sqlite:///FOLDER/FILE for one from the root, or the path alone"
                .into(),
        ),
        None => Ok(rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_path_are_read() {
        for (text, path) in [
            ("overwatch.db", "overwatch.db"),
            ("data/overwatch.db", "data/overwatch.db"),
            ("/data/overwatch.db", "/data/overwatch.db"),
            ("~/overwatch.db", "/home/ana/overwatch.db"),
            ("~overwatch.db", "~overwatch.db"),
            ("sqlite:overwatch.db", "overwatch.db"),
            ("sqlite:~/overwatch.db", "/home/ana/overwatch.db"),
            ("sqlite:/data/overwatch.db", "/data/overwatch.db"),
            ("sqlite:///data/overwatch.db", "/data/overwatch.db"),
            ("sqlite:////data/overwatch.db", "//data/overwatch.db"),
            ("my: database.db", "my: database.db"),
        ] {
            let read = parse_db_path(Path::new(text), Some(OsStr::new("/home/ana")));
            assert_eq!(read.as_deref(), Ok(Path::new(path)), "{text}");
        }
    }

    #[test]
    fn what_is_no_file_is_refused_with_the_reason() {
        for (text, reason) in [
            ("", "empty"),
            (" ", "empty"),
            ("sqlite:", "empty"),
            (":memory:", "in memory"),
            ("sqlite::memory:", "in memory"),
            ("sqlite:///:memory:", "in memory"),
            ("file::memory:?cache=shared", "path alone"),
            ("file:overwatch.db", "path alone"),
            ("sqlite:file:overwatch.db", "path alone"),
            ("sqlite:sqlite:overwatch.db", "path alone"),
            ("sqlite:postgres://localhost/overwatch", "DATABASE_URL"),
            ("sqlite://overwatch.db", "two slashes"),
            ("sqlite:///overwatch.db?mode=rwc", "path alone"),
            ("postgres://localhost/overwatch", "DATABASE_URL"),
            ("data/", "folder"),
            ("~/", "folder"),
            ("~", "folder"),
        ] {
            let read = parse_db_path(Path::new(text), Some(OsStr::new("/home/ana")));
            assert!(
                read.as_ref().is_err_and(|said| said.contains(reason)),
                "{text}: {read:?}"
            );
        }
        for home in [None, Some(OsStr::new(""))] {
            assert!(parse_db_path(Path::new("~/overwatch.db"), home).is_err());
        }
    }
}
