//! How SQLite goes about each statement: by an index, however much there is.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::Connection;

use super::migrations;

/// What is asked for all the time, and the index that leads to it.
pub(in crate::store) const BY_INDEX: [(&str, &str); 16] = [
    ("admission/expired", "place_offers_open_by_end"),
    ("admission/next_end", "place_offers_open_by_end"),
    ("check_in/due", "sessions_by_check_in"),
    ("check_in/next", "sessions_by_check_in"),
    ("clock/next_reminder", "sessions_by_reminder"),
    ("clock/to_remind_of", "sessions_by_reminder"),
    ("outbox/bring_forward", "outbox_by_due"),
    ("outbox/due", "outbox_by_due"),
    ("outbox/latest_due", "outbox_by_due"),
    ("outbox/next_due", "outbox_by_due"),
    ("session/due", "sessions_by_start"),
    ("session/due", "sessions_by_end"),
    ("session/list", "sessions_alive_by_guild"),
    ("session/made_of_late", "sessions_by_creator"),
    ("session/list_over", "sessions_over_by_guild"),
    ("session/next_due", "sessions_by_start"),
];

/// The only statements that look through all of something.
const SCANS: [(&str, &str); 22] = [
    // As much as there are processes, shards and their buckets.
    ("gateway/booked", "identify_buckets"),
    ("gateway/forget", "gateway_sessions"),
    ("gateway/kept", "gateway_sessions"),
    ("process/all", "processes"),
    ("process/total", "processes"),
    // As much as Discord refuses at present.
    ("parking/count", "parked_deliveries"),
    ("parking/count", "parked"),
    ("parking/guilds", "parked_deliveries"),
    // What is owed is counted for the metrics.
    ("outbox/backlog", "outbox"),
    // Only of sessions that are not over.
    ("history/forget_taken_back", "left_taken_back"),
    ("history/forget_turned_down", "refusals"),
    ("profile/refusals", "refusals"),
    // The first few in the order of a key.
    ("history/forget_no_shows", "no_shows"),
    ("history/forget_no_shows", "oldest"),
    ("history/forget_sessions", "session_history"),
    ("history/forget_sessions", "oldest"),
    // Parts of the statement itself: a row, and what is due.
    ("clock/wind", "first"),
    ("outbox/claim", "json_each"),
    ("parking/wake_guild", "first"),
    ("parking/wake_guild", "(subquery-3)"),
    ("outbox/spread", "listed"),
    ("session/due", "turns"),
];

fn schema() -> Connection {
    let mut db = Connection::open_in_memory().unwrap();
    migrations::run_to(&mut db, refinery::Target::Latest).unwrap();
    db
}

fn text(name: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("sql/{name}.sql"));
    std::fs::read_to_string(file).unwrap()
}

/// The steps that SQLite plans; parameters are NULL.
fn plan(db: &Connection, name: &str) -> Vec<String> {
    let mut statement = db
        .prepare(&format!("EXPLAIN QUERY PLAN {}", text(name)))
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    let steps = statement
        .raw_query()
        .mapped(|row| row.get("detail"))
        .collect::<Result<_, _>>();
    steps.unwrap()
}

/// Every statement of the features.
fn names() -> BTreeSet<String> {
    let sql = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql");
    let mut names = BTreeSet::new();
    for feature in std::fs::read_dir(&sql).unwrap() {
        let feature = feature.unwrap().path();
        let name = feature.file_name().unwrap().to_str().unwrap().to_owned();
        if ["migrations", "adopt", "postgres", "sqlite"].contains(&name.as_str()) {
            continue;
        }
        for file in std::fs::read_dir(feature).unwrap() {
            let file = file.unwrap().file_name().into_string().unwrap();
            let statement = file.strip_suffix(".sql").unwrap();
            if !statement.ends_with(".postgres") {
                names.insert(format!("{name}/{statement}"));
            }
        }
    }
    names
}

#[test]
fn nothing_large_is_looked_through() {
    let db = schema();
    for name in names() {
        for step in plan(&db, &name) {
            let Some(scanned) = step.strip_prefix("SCAN ") else {
                continue;
            };
            let known = |(statement, table): &(&str, &str)| {
                *statement == name && scanned.split(' ').next() == Some(*table)
            };
            let nothing = scanned == "CONSTANT ROW";
            assert!(nothing || SCANS.iter().any(known), "{name}: {step}");
        }
    }
}

#[test]
fn what_is_asked_for_all_the_time_is_found_by_its_index() {
    let db = schema();
    for (name, index) in BY_INDEX {
        let plan = plan(&db, name);
        let used = |step: &String| step.split(' ').any(|word| word == index);
        assert!(plan.iter().any(used), "{name}: {plan:#?}");
    }
    let due = plan(&db, "outbox/due");
    let sorted = due.iter().any(|step| step.contains("TEMP B-TREE"));
    assert!(!sorted, "the whole backlog is sorted: {due:#?}");
}

#[test]
fn whatever_goes_finds_what_refers_to_it_by_an_index() {
    let db = schema();
    let first = |sql: &str| -> Vec<String> {
        let mut statement = db.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    };
    for table in first("SELECT name FROM sqlite_schema WHERE type = 'table'") {
        let mut led_by = first(&format!(
            "SELECT name FROM pragma_table_info('{table}') WHERE pk = 1"
        ));
        led_by.extend(first(&format!(
            "SELECT c.name FROM pragma_index_list('{table}') i, pragma_index_info(i.name) c WHERE c.seqno = 0 AND c.name IS NOT NULL"
        )));
        for column in first(&format!(
            "SELECT \"from\" FROM pragma_foreign_key_list('{table}')"
        )) {
            assert!(led_by.contains(&column), "{table}.{column} has no index");
        }
    }
}
