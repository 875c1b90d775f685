//! The tests and files that documents name are there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Documents in which each promise names what shows it.
const DOCUMENTS: [&str; 2] = ["docs/SECURITY.md", "docs/RELIABILITY.md"];
/// A word in code with at least so many underscores is a test's name.
const UNDERSCORES_MIN: usize = 3;
/// The document whose titles in italics, of so many words at least, are those of tests in a browser. The other one's
/// are headings of Discord's documentation.
const TITLES: (&str, usize) = ("docs/SECURITY.md", 4);
/// Files of other projects.
const FOREIGN: [&str; 1] = ["http.py"];

#[test]
fn what_documents_name_is_there() {
    let known = Known::read();
    let mut missing = Vec::new();
    for document in DOCUMENTS {
        let text = read(&root().join(document));
        let mut complain = |what: &str| missing.push(format!("{document}: {what}"));
        between(&text, '`')
            .filter(|code| !known.has(code))
            .for_each(&mut complain);
        let (titled, words_min) = TITLES;
        between(&prose(&text), '*')
            .filter(|title| document == titled && title.split(' ').count() >= words_min)
            .filter(|title| !known.has_title(title))
            .for_each(&mut complain);
    }
    assert!(missing.is_empty(), "not there:\n{}", missing.join("\n"));
}

/// What can be named.
struct Known {
    files: Vec<PathBuf>,
    /// Functions and modules.
    names: BTreeSet<String>,
    /// The texts of tests in a browser.
    titles: Vec<String>,
}

impl Known {
    fn read() -> Self {
        let mut found = files(&root().join("src"));
        found.extend(files(&root().join("tests")));
        let (mut names, mut titles) = (BTreeSet::new(), Vec::new());
        for path in &found {
            if !has_ending(path, &["rs", "py", "mjs"]) {
                continue;
            }
            let text = read(path);
            for keyword in ["fn ", "def ", "mod "] {
                names.extend(text.split(keyword).skip(1).map(|rest| {
                    let name = rest.chars().take_while(|c| is_name(*c));
                    name.collect()
                }));
            }
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into()));
            if has_ending(path, &["mjs"]) {
                titles.extend(text.split("test(").skip(1).map(str::to_owned));
            }
        }
        Self {
            files: found,
            names,
            titles,
        }
    }

    /// Whether something in code is there, or names nothing that could be.
    fn has(&self, code: &str) -> bool {
        let word = code.rsplit(' ').next().unwrap_or(code);
        let word = word.strip_prefix("…::").unwrap_or(word);
        if word.starts_with(".ci/") {
            return root().join(word).exists();
        }
        if has_ending(Path::new(word), &["rs", "py", "mjs"]) {
            return FOREIGN.contains(&word) || self.files.iter().any(|file| file.ends_with(word));
        }
        let is_path = word.chars().all(|c| is_name(c) || c == ':') && !word.ends_with(':');
        let is_test = word.contains("::") || word.matches('_').count() >= UNDERSCORES_MIN;
        let name = word.rsplit(':').next().unwrap_or(word);
        !(is_path && is_test) || self.names.contains(name)
    }

    /// Whether a test in a browser has this title, in which `…` stands for anything.
    fn has_title(&self, title: &str) -> bool {
        self.titles.iter().any(|text| {
            let mut rest = text.as_str();
            title.split('…').all(|part| {
                let found = rest.find(part);
                rest = found.map_or(rest, |at| &rest[at + part.len()..]);
                found.is_some()
            })
        })
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).expect("a readable file")
}

fn is_name(char: char) -> bool {
    char.is_ascii_lowercase() || char.is_ascii_digit() || char == '_'
}

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    path.extension()
        .is_some_and(|ending| endings.iter().any(|one| ending == *one))
}

/// The text without what is code in it.
fn prose(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let parts: Vec<_> = line.split('`').step_by(2).collect();
        parts.join("")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// What stands between two marks, on one line.
fn between(text: &str, mark: char) -> impl Iterator<Item = &str> {
    let lines = text.lines();
    lines.flat_map(move |line| line.split(mark).skip(1).step_by(2))
}

/// All files below a folder, without what others put there.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        let foreign = ["node_modules", "target", "__pycache__"];
        if path.is_dir() {
            if !foreign.iter().any(|name| path.ends_with(name)) {
                found.extend(files(&path));
            }
        } else {
            found.push(path);
        }
    }
    found
}
