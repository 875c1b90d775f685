//! `export`: what it writes is read by programs of others as it was meant.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{Place, said};

/// A snowflake that a double cannot hold.
const ORGANISER: i64 = 1_234_567_890_123_456_789;
/// Titles that were chosen with care.
const TITLES: [&str; 4] = [
    "=A, \"night\"",
    "\u{ff1d}HYPERLINK(\"http://evil\")\nand a second line",
    " @SUM(1+1)*cmd|' /C calc'!A0",
    "Zürich; Überraschung 🎮, 'quoted'",
];

/// A place in which a server has sessions, past and present.
async fn place_with_history() -> Place {
    let place = Place::new().await;
    let db = rusqlite::Connection::open(place.db()).expect("the file");
    db.execute_batch(
        "INSERT INTO session_history VALUES (1, 7, NULL, '6v6', 1, 1700000000, 90, 'COMPLETED');
         INSERT INTO session_history_players (session_id, role, ladder, tier, division, declared_at)
         VALUES (1, 'tank', 'open', 'gold', 2, 5);
         INSERT INTO session_history VALUES (2, 9, NULL, '6v6', 1, 1700000000, 90, 'COMPLETED');",
    )
    .expect("it is written");
    let user = "INSERT INTO users (discord_id, username, created_at) VALUES (?1, 'Ana', 1)";
    db.execute(user, [ORGANISER]).expect("it is written");
    for (title, id) in TITLES.iter().zip(3..) {
        let session =
            "INSERT INTO sessions (id, creator_id, guild_id, channel_id, game_mode, title,
            scheduled_time, length_minutes, timezone, created_at)
            VALUES (?1, ?2, 7, 8, '5v5', ?3, 1800000000, 60, 'UTC', 1)";
        db.execute(session, (id, ORGANISER, title))
            .expect("it is written");
    }
    place
}

/// What Python's own modules make of `text`; `None`, and a word about it, where there is no Python.
fn read_by_python(program: &str, text: &[u8]) -> Option<Value> {
    let mut python = Command::new("python3");
    python
        .args(["-c", program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let Ok(mut python) = python.spawn() else {
        assert!(std::env::var_os("CI").is_none(), "there is no python3");
        eprintln!("skipped: there is no python3");
        return None;
    };
    let mut stdin = python.stdin.take().expect("it is piped");
    stdin.write_all(text).expect("it reads");
    drop(stdin);
    let output = python.wait_with_output().expect("it ends");
    assert!(output.status.success());
    Some(serde_json::from_slice(&output.stdout).expect("JSON"))
}

#[tokio::test]
async fn csv_is_read_by_others_and_no_cell_is_a_formula() {
    let place = place_with_history().await;
    let output = place.run(&["export", "--format", "csv", "--guild", "7"]);
    assert!(output.status.success(), "{}", said(&output));
    let mut reader = csv::Reader::from_reader(output.stdout.as_slice());
    let header: Vec<_> = reader
        .headers()
        .expect("a header")
        .iter()
        .map(str::to_owned)
        .collect();
    let rows: Vec<Vec<String>> = reader
        .records()
        .map(|row| row.expect("a row").iter().map(str::to_owned).collect())
        .collect();
    assert_eq!(rows.len(), 1 + TITLES.len());
    let column = |name: &str| {
        header
            .iter()
            .position(|column| column == name)
            .expect("a column")
    };
    let first =
        "1,COMPLETED,6v6,1,2023-11-14T22:13:20Z,90,,,,tank,open,gold,2,1970-01-01T00:00:05Z,2";
    assert_eq!(rows[0].join(","), first);
    for (row, title) in rows[1..].iter().zip(TITLES) {
        let cell = &row[column("title")];
        let line = title.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(cell.trim_start_matches('\''), line);
        assert_eq!(cell.starts_with('\''), title != TITLES[3], "{cell}");
        assert_eq!(row[column("organiser_id")], ORGANISER.to_string());
        assert_eq!(row[column("export_version")], "2");
    }
    let program = "import csv, io, json, sys
text = io.TextIOWrapper(sys.stdin.buffer, encoding='utf-8', newline='')
print(json.dumps(list(csv.reader(text, strict=True))))";
    if let Some(theirs) = read_by_python(program, &output.stdout) {
        let ours: Vec<_> = std::iter::once(header).chain(rows).collect();
        assert_eq!(theirs, json!(ours));
    }
}

#[tokio::test]
async fn json_says_its_version_and_ids_lose_no_digit() {
    let place = place_with_history().await;
    let out = place.0.path().join("history.json");
    let out = out.to_str().expect("a plain name");
    let arguments = ["export", "--format", "json", "--guild", "7", "--out", out];
    let output = place.run(&arguments);
    assert!(output.status.success(), "{}", said(&output));
    let text = std::fs::read(out).expect("the file");
    let told: Value = serde_json::from_slice(&text).expect("JSON");
    assert_eq!(
        (&told["version"], &told["guild_id"]),
        (&json!(2), &json!("7"))
    );
    let sessions = told["sessions"].as_array().expect("a list");
    assert_eq!(sessions[0]["players"][0]["tier"], "gold");
    for (session, title) in sessions[1..].iter().zip(TITLES) {
        assert_eq!(session["title"], title);
        assert_eq!(session["organiser_id"], ORGANISER.to_string());
        assert!(session["id"].is_string());
    }
    // As a program reads it in which every number is a double.
    let program = "import json, sys
json.dump(json.load(sys.stdin, parse_int=float), sys.stdout)";
    if let Some(theirs) = read_by_python(program, &text) {
        assert_eq!(theirs["sessions"][1]["organiser_id"], ORGANISER.to_string());
        assert_eq!(
            theirs["sessions"].as_array().map(Vec::len),
            Some(1 + TITLES.len())
        );
    }
}

#[tokio::test]
async fn export_writes_over_no_database_and_leaves_nothing_half_done() {
    let place = place_with_history().await;
    let before = std::fs::read(place.db()).expect("the file");
    let arguments = |out| ["export", "--format", "csv", "--guild", "7", "--out", out];
    let database = place.db();
    let output = place.run(&arguments(database.to_str().expect("a plain name")));
    assert!(
        !output.status.success() && said(&output).contains("is a database"),
        "{}",
        said(&output)
    );
    assert!(std::fs::read(place.db()).expect("the file") == before);
    let link = place.0.path().join("link.csv");
    std::os::unix::fs::symlink("kept.csv", &link).expect("a link");
    std::fs::write(place.0.path().join("kept.csv"), "kept").expect("it is written");
    assert!(place.run(&arguments("link.csv")).status.success());
    assert!(link.is_symlink());
    let written = std::fs::read_to_string(place.0.path().join("kept.csv"));
    assert!(written.expect("the file").starts_with("session_id,"));
    std::os::unix::fs::symlink("nowhere.csv", place.0.path().join("dangling")).expect("a link");
    let output = place.run(&arguments("dangling"));
    assert!(
        !output.status.success() && said(&output).contains("is a link to what is not there"),
        "{}",
        said(&output)
    );
    assert!(place.run(&arguments("/dev/null")).status.success());
    let left = place.0.path().read_dir().expect("a folder");
    let left = left.map(|entry| entry.expect("an entry").file_name());
    let mut unfinished = left.filter(|name| name.to_string_lossy().ends_with(".part"));
    assert_eq!(unfinished.next(), None);
}

#[tokio::test]
async fn export_to_standard_output_by_its_name_goes_where_that_goes() {
    let place = place_with_history().await;
    let expected = place.run(&["export", "--format", "csv", "--guild", "7"]);
    let arguments = ["export", "--format", "csv", "--guild", "7", "--out"];
    let piped = place.run(&[&arguments[..], &["/dev/stdout"]].concat());
    assert_eq!(piped.stdout, expected.stdout);
    // Into a file that others go on writing to.
    let path = place.0.path().join("all.txt");
    let mut file = std::fs::File::create(&path).expect("a file");
    std::io::Write::write_all(&mut file, b"before\n").expect("it is written");
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_overwatch-bot"))
        .args(arguments)
        .arg("/dev/stdout")
        .env_clear()
        .env("DB_PATH", place.db())
        .current_dir(place.0.path())
        .stdout(file.try_clone().expect("a descriptor"))
        .status();
    assert!(status.expect("it runs").success());
    std::io::Write::write_all(&mut file, b"after\n").expect("it is written");
    let all = std::fs::read(&path).expect("the file");
    assert_eq!(
        all,
        [b"before\n", &expected.stdout[..], b"after\n"].concat()
    );
}
