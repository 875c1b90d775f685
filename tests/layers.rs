//! Imports point down. The house in `src/lib.rs` is drawn once more here, and held to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Who may import whom, from the bottom up: a room may use itself and everything listed for it.
const MAY_USE: &[(&str, &[&str])] = &[
    ("clock", &[]),
    ("secret", &[]),
    ("config", &["secret"]),
    ("metrics", &[]),
    ("once_a_minute", &[]),
    ("status", &[]),
    ("domain", &[]),
    ("store", &["domain", "metrics", "secret"]),
    (
        "discord",
        &[
            "domain", "store", "clock", "config", "metrics", "secret", "status",
        ],
    ),
    (
        "jobs",
        &[
            "domain",
            "store",
            "clock",
            "discord",
            "metrics",
            "once_a_minute",
            "status",
        ],
    ),
    (
        "http",
        &["store", "clock", "metrics", "once_a_minute", "status"],
    ),
    ("playground", &["clock"]),
    (
        "app",
        &[
            "domain", "store", "clock", "config", "metrics", "secret", "status", "discord", "jobs",
            "http",
        ],
    ),
    // For development: puts the bot together as a test does.
    (
        "torture",
        &[
            "domain", "store", "clock", "config", "secret", "status", "discord", "jobs",
        ],
    ),
    (
        "cli",
        &[
            "domain",
            "store",
            "clock",
            "config",
            "metrics",
            "secret",
            "status",
            "discord",
            "jobs",
            "http",
            "app",
            "playground",
            "torture",
        ],
    ),
];

/// Crates that a room may not know of.
const MAY_NOT_KNOW: &[(&str, &[&str])] = &[
    (
        "domain",
        &[
            "tokio",
            "rusqlite",
            "tokio_postgres",
            "twilight_",
            "axum",
            "tracing",
        ],
    ),
    ("store", &["twilight_", "axum"]),
    ("discord", &["rusqlite", "tokio_postgres", "axum"]),
    ("jobs", &["rusqlite", "tokio_postgres", "twilight_", "axum"]),
    ("http", &["rusqlite", "tokio_postgres", "twilight_"]),
    ("playground", &["rusqlite", "tokio_postgres", "twilight_"]),
];

#[test]
fn no_room_imports_from_a_room_above_it() {
    let mut upward = Vec::new();
    for (room, line, text) in code_lines() {
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == room) else {
            continue;
        };
        for used in text.split("crate::").skip(1).filter_map(first_word) {
            let is_room = MAY_USE.iter().any(|(name, _)| *name == used);
            if is_room && used != room && !allowed.contains(&used.as_str()) {
                upward.push(format!("{line}: {room} uses {used}"));
            }
        }
    }
    assert!(
        upward.is_empty(),
        "imports that point upwards:\n{}",
        upward.join("\n")
    );
}

#[test]
fn every_room_is_drawn() {
    let drawn: Vec<_> = MAY_USE.iter().map(|(name, _)| *name).collect();
    let rooms: BTreeMap<_, _> = code_lines().map(|(room, line, _)| (room, line)).collect();
    for room in rooms
        .keys()
        .filter(|room| !["lib", "main"].contains(&room.as_str()))
    {
        assert!(
            drawn.contains(&room.as_str()),
            "src/{room} is missing in this test and in lib.rs"
        );
    }
}

#[test]
fn no_room_knows_the_tools_of_another() {
    let mut foreign = Vec::new();
    for (room, line, text) in code_lines() {
        let known = MAY_NOT_KNOW.iter().filter(|(name, _)| *name == room);
        for tool in known.flat_map(|(_, tools)| *tools) {
            if text.contains(&format!("{tool}::")) || text.contains(&format!("use {tool}")) {
                foreign.push(format!("{line}: {room} knows {tool}"));
            }
        }
    }
    assert!(foreign.is_empty(), "{}", foreign.join("\n"));
}

#[test]
fn only_the_command_line_makes_a_real_clock() {
    for (room, line, text) in code_lines() {
        let looks = [
            "Clock::system()",
            "Utc::now()",
            "SystemTime::now()",
            "Local::now()",
        ];
        let looks = looks.iter().any(|look| text.contains(look));
        assert!(
            !looks || ["cli", "clock"].contains(&room.as_str()),
            "{line} looks at a clock"
        );
    }
}

#[test]
fn statements_stand_in_files() {
    for (room, line, text) in code_lines() {
        // What the simulation asks of a database afterwards is no statement of the program.
        if room == "torture" {
            continue;
        }
        // An engine's own housekeeping is no statement of ours.
        if room == "store" && (line.contains("sqlite/") || line.contains("postgres/")) {
            continue;
        }
        let sql = ["\"SELECT ", "\"INSERT ", "\"UPDATE ", "\"DELETE "];
        assert!(
            !sql.iter().any(|word| text.contains(word)),
            "{line} has SQL in it"
        );
    }
}

/// Each row of the table of quotas in `docs/SECURITY.md` has the figure that its constant has.
#[test]
fn quotas_in_the_documentation_are_those_of_the_constants() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(root.join(path)).expect(path);
    let page = read("docs/SECURITY.md");
    let (_, quotas) = page.split_once("\n## Quotas\n").expect("the section");
    let quotas = quotas.split("\n## ").next().unwrap_or_default();
    let mut rows = 0;
    for row in quotas.lines().filter(|line| line.ends_with("` |")) {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let words: Vec<_> = cells[3].split('`').collect();
        let (file, name) = (words[1], words[3]);
        let source = read(&format!("src/{file}"));
        let declared = format!("const {name}: ");
        let mut lines = source.lines();
        let line = lines.find(|line| line.contains(&declared)).expect(row);
        assert_eq!(first_number(line), cells[2].parse().ok(), "{row}");
        rows += 1;
    }
    assert!(rows >= 30, "only {rows} rows were read");
}

/// The value in a line such as `const BODY_MAX_BYTES: usize = 256 * 1024;`, or the first argument of a call.
fn first_number(line: &str) -> Option<u64> {
    let (_, value) = line.split_once(" = ")?;
    let value = value.trim_end_matches(';');
    let value = match value.split_once('(') {
        Some((_, arguments)) => arguments.split(',').next()?,
        None => value,
    };
    let factors = value
        .split('*')
        .map(|factor| factor.trim().replace('_', "").parse::<u64>());
    factors
        .collect::<Result<Vec<_>, _>>()
        .ok()
        .map(|factors| factors.iter().product())
}

/// Every line of code outside tests: its room, `file:line`, and the line without comments.
fn code_lines() -> impl Iterator<Item = (String, String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    files(&root).into_iter().flat_map(move |path| {
        let name = path.strip_prefix(&root).expect("under src").to_path_buf();
        let room = name
            .components()
            .next()
            .expect("a name")
            .as_os_str()
            .to_string_lossy();
        let room = room.trim_end_matches(".rs").to_owned();
        let text = std::fs::read_to_string(&path).expect("a readable file");
        let is_test = name.file_stem().is_some_and(|stem| stem == "tests");
        let code: Vec<_> = text
            .lines()
            .enumerate()
            .take_while(|(_, line)| !is_test && line.trim() != "#[cfg(test)]")
            .map(|(number, line)| {
                let line = line.split("//").next().unwrap_or_default().to_owned();
                (
                    room.clone(),
                    format!("src/{}:{}", name.display(), number + 1),
                    line,
                )
            })
            .collect();
        code
    })
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn first_word(text: &str) -> Option<String> {
    let word: String = text
        .chars()
        .take_while(|char| char.is_alphanumeric() || *char == '_')
        .collect();
    (!word.is_empty()).then_some(word)
}
