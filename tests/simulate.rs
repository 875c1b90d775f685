//! `simulate`: a small run of the whole: the program, its embedded Discord, and its bot.

use std::process::Command;

use serde_json::Value;

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
        for what in [
            "join",
            "join form",
            "leave",
            "list",
            "autocomplete",
            "create",
            "manage",
        ] {
            assert!(done(what), "nobody did {what}: {stage:#}");
        }
    }
    let left = std::fs::read_dir(folder.path().join("data")).expect("a folder");
    assert_eq!(left.count(), 0);
}

#[test]
fn a_number_of_shards_that_cannot_be_is_refused_in_a_sentence() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let refused = simulate(folder.path(), &["--shard-counts", "0"]);
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(String::from_utf8_lossy(&refused.stderr).lines().count(), 1);
}
