//! `simulate`: a small run of the whole: the program, its embedded Discord, and its bot.

#[cfg(feature = "postgres")]
#[expect(dead_code, reason = "the stories use the rest")]
#[path = "support/postgres.rs"]
mod server;

use std::process::Command;

use serde_json::Value;

/// What somebody does in a run of a few hundred clicks, among other things.
const ACTIONS: [&str; 7] = [
    "join",
    "join form",
    "leave",
    "list",
    "autocomplete",
    "create",
    "manage",
];

fn simulate(folder: &std::path::Path, arguments: &[&str]) -> std::process::Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_overwatch-bot"));
    program
        .arg("simulate")
        .args(arguments)
        .env_clear()
        .current_dir(folder);
    program.output().expect("the program starts")
}

#[test]
fn a_small_run_measures_every_part_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let small = ["--shard-counts", "2", "--guilds", "20", "--clicks", "400"];
    let small = [&small[..], &["--in-flight", "8", "--json"]].concat();
    let done = simulate(folder.path(), &small);
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}");
    let report: Value = serde_json::from_slice(&done.stdout).expect("one JSON object");
    let stages = report["stages"].as_array().expect("a list");
    assert_eq!(stages.len(), 1);
    for (stage, shards) in stages.iter().zip([2]) {
        assert_eq!(stage["shards"], shards);
        assert_eq!(stage["guilds"], shards * 20);
        let number = |name: &str| {
            stage[name]
                .as_f64()
                .unwrap_or_else(|| panic!("{name}: {stage:#}"))
        };
        for name in [
            "clicks_per_s",
            "p50_ms",
            "p99_ms",
            "command_statements_per_click",
            "question_statements_per_click",
            "transactions_per_click",
            "bytes_to_bot_per_click",
            "bytes_from_bot_per_click",
            "memory_ready_mb",
            "database_mb",
        ] {
            assert!(number(name) > 0.0, "{name}: {stage:#}");
        }
        // A click that a client does not let through any more, as on a card that changed, is none.
        assert!(number("clicks") > 360.0 && number("clicks") <= 400.0);
        assert!(number("unanswered") < 40.0, "{stage:#}");
        assert!(number("mistakes") < 40.0, "{stage:#}");
        let actions = stage["actions"].as_array().expect("a list");
        let done = |what: &str| actions.iter().any(|action| action["what"] == what);
        for what in ACTIONS {
            assert!(done(what), "nobody did {what}: {stage:#}");
        }
    }
    let left = std::fs::read_dir(folder.path().join("data")).expect("a folder");
    assert_eq!(left.count(), 0);
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn the_same_crowd_is_answered_on_both_engines_and_the_server_is_left_as_it_was() {
    let Some(server) = server::server() else {
        return;
    };
    let scratch = server.empty().await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let both = ["--database", "sqlite", "--database", &scratch.url, "--json"];
    let small = ["--shard-counts", "2", "--guilds", "20", "--clicks", "400"];
    // One after the other, so that nobody waits but for their own click.
    let one = ["--in-flight", "1", "--no-limits"];
    let done = simulate(folder.path(), &[&both[..], &small, &one].concat());
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}");
    let report: Value = serde_json::from_slice(&done.stdout).expect("one JSON object");
    let stages = report["stages"].as_array().expect("a list");
    let engines: Vec<_> = stages.iter().map(|stage| &stage["engine"]).collect();
    assert_eq!(engines, ["SQLite", "PostgreSQL"]);
    for stage in stages {
        assert_eq!(
            (&stage["failed"], &stage["unanswered"]),
            (&0.0.into(), &0.into()),
            "{stage:#}"
        );
        let (clicks, mistakes) = (stage["clicks"].as_u64(), stage["mistakes"].as_u64());
        assert!(clicks.is_some_and(|clicks| clicks > 360 && clicks <= 400));
        assert!(mistakes.is_some_and(|mistakes| mistakes < 40), "{stage:#}");
        let actions = stage["actions"].as_array().expect("a list");
        for what in ACTIONS {
            let done = actions.iter().any(|action| action["what"] == what);
            assert!(done, "nobody did {what}: {stage:#}");
        }
    }
    for same in ["guilds", "active_guilds", "shards"] {
        assert_eq!(stages[0][same], stages[1][same], "{same}");
    }
    let written = stages[1]["server_log_bytes_per_click"].as_f64();
    assert!(written.is_some_and(|bytes| bytes > 0.0), "{:#}", stages[1]);
    assert!(!said.contains("behind"), "{said}");
    let left = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'overwatch_simulation%'";
    assert_eq!(scratch.number(left).await, 0);
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn nobody_simulates_in_a_database_with_tables() {
    let Some(server) = server::server() else {
        return;
    };
    let scratch = server.empty().await;
    scratch.run("CREATE TABLE precious (id BIGINT)").await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let refused = simulate(folder.path(), &["--database", &scratch.url]);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(
        (refused.status.code(), said.lines().count()),
        (Some(1), 1),
        "{said}"
    );
    assert!(said.contains("is not empty"), "{said}");
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN \
                  ('pg_catalog', 'information_schema')";
    assert_eq!(scratch.number(tables).await, 1);
}

#[test]
fn a_database_that_is_none_is_refused_without_its_password() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for wrong in ["mysql://bot:secret@db/ow", "sqlite:secret.db"] {
        let refused = simulate(folder.path(), &["--database", wrong]);
        let said = String::from_utf8_lossy(&refused.stderr);
        assert_eq!(
            (refused.status.code(), said.lines().count()),
            (Some(2), 1),
            "{said}"
        );
        assert!(!said.contains("secret"), "{said}");
    }
}

#[test]
fn a_number_of_shards_that_cannot_be_is_refused_in_a_sentence() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let refused = simulate(folder.path(), &["--shard-counts", "0"]);
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(String::from_utf8_lossy(&refused.stderr).lines().count(), 1);
}
