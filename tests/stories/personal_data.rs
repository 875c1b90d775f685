//! What is kept of a person: all of it is in their export, and gone after they have deleted their profile. Every
//! column of the schema is accounted for, so that a new one cannot be forgotten.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::ground::{Editor, on_postgres};
use crate::world::{Person, World, story};

/// Freya, whose data is looked for.
const FREYA: usize = 4;
/// Somebody else in the same sessions.
const KWAME: usize = 5;
/// The story's time, and that of the sessions in it.
const NOW_S: i64 = 1_795_348_800;
const LATER: &str = "2026-11-22T14:00:00Z";
/// In every text that Freya has written, and in every one that somebody else has.
const HERS: &str = "Quitte";
const OTHERS: &str = "Dattel";
/// Values that cannot be foreseen.
const ANY: &str = "(any)";

/// Columns that hold a person's id, their words or what they chose; where the export has them; and what is there.
const EXPORTED: &str = include_str!("personal_data/exported.txt");

/// Columns about a person that the export does not have, and why.
const LEFT_OUT: &str = include_str!("personal_data/left_out.txt");

/// Tables in which nothing is about a person.
const NOBODYS_TABLES: &[&str] = &[
    "chores",
    "days_run",
    "gateway_sessions",
    "identify_buckets",
    "installation",
    "known_time",
    "leases",
    "parked_deliveries",
    "processes",
    "schema_version",
    "session_calls",
    "shard_holders",
];

/// Columns that tell of a session, a delivery or a row and not of a person, in whichever table.
const NOBODYS_COLUMNS: &[&str] = &[
    "attempts",
    "claimed_by",
    "command",
    "declared_at",
    "due_at",
    "event_id",
    "game_mode",
    "generation",
    "guild_id",
    "id",
    "kind",
    "length_minutes",
    "moves",
    "published",
    "queue_id",
    "scheduled_time",
    "session_id",
    "state",
    "status",
    "teams",
    "thread_id",
    "created_at",
    "wanted",
];

/// Where something of a person who has deleted their profile may be, and until when.
const STAYS: &[(&str, &str)] = &[
    ("refusals.user_id", "until the session is over"),
    ("left_taken_back.user_id", "until the session is over"),
    (
        "session_thread_members.user_id",
        "until Discord has taken them out",
    ),
    ("receipts.answer", "for an hour"),
    (
        "outbox.payload",
        "until others were told that the session is cancelled",
    ),
];

/// A row of everything that may be kept of Freya (`{f}`), with Kwame (`{k}`) in it. The smaller id of a pair is
/// its first, so each has a pair of either kind with somebody who is 1, or greater than all.
const ROWS: &str = include_str!("personal_data/rows.sql");

/// Every column of every table, as `table.column`.
async fn columns(editor: &Editor) -> BTreeSet<String> {
    let query = match on_postgres() {
        false => {
            "SELECT t.name || '.' || c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c
             WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%'"
        }
        true => {
            "SELECT (table_name || '.' || column_name)::text FROM information_schema.columns
             WHERE table_schema = current_schema()"
        }
    };
    editor.texts(query).await.into_iter().collect()
}

/// The parts of each line of a table, which end with a blank each but the last.
fn table<const PARTS: usize>(text: &str) -> impl Iterator<Item = [&str; PARTS]> {
    text.lines().map(|line| {
        let mut rest = line;
        std::array::from_fn(|at| match rest.split_once(' ') {
            Some((part, more)) if at + 1 < PARTS => {
                rest = more.trim_start();
                part
            }
            _ => rest,
        })
    })
}

fn is_nobodys(column: &str) -> bool {
    let (table, name) = column.split_once('.').expect("a table and a column");
    NOBODYS_TABLES.contains(&table) || NOBODYS_COLUMNS.contains(&name)
}

/// In how many rows of a column one of these texts stands.
async fn found(editor: &Editor, column: &str, texts: &[&str]) -> usize {
    let (table, name) = column.split_once('.').expect("a table and a column");
    let value = format!("CAST({name} AS text)");
    let any: Vec<_> = texts
        .iter()
        .map(|text| format!("{value} LIKE '%{text}%'"))
        .collect();
    let query = format!("SELECT {value} FROM {table} WHERE {}", any.join(" OR "));
    editor.texts(&query).await.len()
}

/// Fills every table, as far as a profile does not.
async fn fill(world: &World, editor: &Editor) {
    for (at, tag) in [(FREYA, HERS), (KWAME, OTHERS)] {
        let person = world.person(at);
        let options =
            json!({"timezone": "Europe/Berlin", "roles": "tank, damage", "reminder": "60"});
        person.command("profile edit", options).await.says("Saved");
        let account = json!({"battletag": format!("{tag}#1234"), "tank": "d3"});
        person.command("account add", account).await.says("Added");
    }
    let rows = ROWS
        .replace("{f}", &world.person(FREYA).user)
        .replace("{k}", &world.person(KWAME).user)
        .replace("{g}", &world.server())
        .replace("{c}", &world.channel())
        .replace("{now}", &NOW_S.to_string());
    editor.change(&rows).await;
}

async fn export(person: &Person<'_>) -> (String, Value) {
    let answer = person.command("profile export", json!({})).await;
    let url = answer.message()["attachments"][0]["url"]
        .as_str()
        .expect("a file")
        .to_owned();
    let text = reqwest::get(url)
        .await
        .expect("the file")
        .text()
        .await
        .expect("text");
    let document = serde_json::from_str(&text).expect("JSON");
    (text, document)
}

#[tokio::test]
async fn every_column_about_a_person_is_exported_and_none_about_others() {
    story(async |world| {
        let editor = world.ground.editor().await;
        fill(world, &editor).await;
        let columns = columns(&editor).await;
        let known: BTreeSet<_> = table(EXPORTED).map(|[column, _, _]| column).collect();
        let left_out: BTreeSet<_> = table(LEFT_OUT).map(|[column, _]| column).collect();
        for column in &columns {
            let column = column.as_str();
            let ways = [known.contains(column), left_out.contains(column)];
            let is_told = ways.contains(&true) || is_nobodys(column);
            assert!(
                is_told,
                "say of {column} where the export has it, or why it has not"
            );
        }
        for column in known.iter().chain(&left_out) {
            assert!(columns.contains(*column), "{column} is no more");
        }
        let freya = world.person(FREYA);
        let (text, document) = export(&freya).await;
        for [column, place, expected] in table(EXPORTED) {
            let value = document.pointer(place).unwrap_or(&Value::Null);
            assert!(!value.is_null(), "{column} is not at {place}: {text}");
            assert!(
                [ANY, &value.to_string()].contains(&expected),
                "{column} at {place}: {value}"
            );
        }
        // Sessions are named by their titles. Nothing else of others is there.
        let others = text.replace("Dattel title", "");
        for other in [OTHERS, &world.person(KWAME).user] {
            assert!(!others.contains(other), "{other}: {text}");
        }
    })
    .await;
}

#[tokio::test]
async fn no_column_holds_an_id_or_a_word_of_who_has_deleted_their_profile() {
    story(async |world| {
        let editor = world.ground.editor().await;
        fill(world, &editor).await;
        let freya = world.person(FREYA);
        let (text, _) = export(&freya).await;
        let name: Value =
            serde_json::from_str::<Value>(&text).expect("JSON")["profile"]["name"].clone();
        let hers = [freya.user.as_str(), HERS, name.as_str().expect("a name")];
        let columns = columns(&editor).await;
        // What is to go is there, in each column with ids and words.
        for column in [
            "session_queue.note",
            "session_queue.nick",
            "session_log.reason",
            "session_log.actor_id",
            "session_log.subject_id",
            "session_log.other_id",
            "session_queue.rejected_by",
            "session_participants.selected_by",
            "sessions.title",
            "sessions.description",
            "sessions.cancel_reason",
            "session_threads.name",
            "session_events.shown",
            "users.username",
        ] {
            assert!(found(&editor, column, &hers).await > 0, "{column}");
        }
        let asked = freya.command("profile delete", json!({})).await;
        freya
            .press(asked.message(), "profile-delete:")
            .await
            .says("is deleted");
        for column in &columns {
            if STAYS.iter().any(|(stays, _)| stays == column) {
                continue;
            }
            assert_eq!(found(&editor, column, &hers).await, 0, "{column}");
        }
        // What stays is said if asked for.
        let (_, document) = export(&freya).await;
        assert_eq!(document["profile"], Value::Null);
        assert_eq!(
            document["turned_down_before_deleting_their_profile"],
            json!(["904", "907"])
        );
        assert_eq!(
            document["left_after_their_place_was_taken_back"],
            json!(["906"])
        );
        // Others have lost nothing of theirs.
        let (_, others) = export(&world.person(KWAME)).await;
        assert_eq!(
            others["participations"][0]["session"]["title"],
            "Dattel title"
        );
        assert_eq!(others["queue_entries"][0]["note"], "Dattel note");
        assert_eq!(LATER, others["organised_sessions"][1]["start"]);
    })
    .await;
}
