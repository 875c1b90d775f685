//! `check`: whatever the operator relies on has a line, and what is wrong has one that says what to do.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use axum::Router;
use axum::http::{StatusCode, header};
use chrono::{TimeDelta, Utc};
use overwatch_bot::clock::Clock;
use overwatch_bot::playground::{self, Discord};
use serde_json::Value;

use super::{Place, run, said};

/// The verdict on one thing, what is said of it, and what to do.
fn told(output: &Output, name: &str) -> (String, String, String) {
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let lines = told["checks"].as_array().expect("a list");
    let line = lines.iter().find(|line| line["name"] == name);
    let line = line.unwrap_or_else(|| panic!("nothing about {name} in {told:#}"));
    let text = |field: &str| line[field].as_str().unwrap_or_default().to_owned();
    (text("verdict"), text("says"), text("advice"))
}

fn check(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_overwatch-bot"))
        .args(["check", "--json"])
        .args(arguments)
        .env_clear()
        .env("DB_PATH", folder.join("overwatch.db"))
        .env("BACKUP_DIR", folder.join("backups"))
        .envs(environment.iter().copied())
        .current_dir(folder)
        .output()
        .expect("the program runs")
}

/// As [`check`], while servers of this runtime answer.
async fn check_online(folder: &Path, token: &str, url: &str) -> Output {
    let (folder, token, url) = (folder.to_owned(), token.to_owned(), url.to_owned());
    let work = move || {
        let environment = [
            ("BOT_TOKEN", token.as_str()),
            ("DISCORD_API_URL", url.as_str()),
        ];
        check(&folder, &["--online"], &environment)
    };
    tokio::task::spawn_blocking(work).await.expect("it ran")
}

#[tokio::test]
async fn newest_good_backup_is_told_beside_a_newer_bad_one() {
    let place = Place::new().await;
    let output = check(place.0.path(), &[], &[]);
    assert_eq!(told(&output, "backup").0, "warn");
    assert!(place.run(&["backup"]).status.success());
    let output = check(place.0.path(), &[], &[]);
    assert_eq!(told(&output, "backup").0, "ok");
    let newer = Utc::now() + TimeDelta::seconds(60);
    let name = newer
        .format("overwatch_backup_%Y%m%d_%H%M%S.db")
        .to_string();
    std::fs::write(place.0.path().join("backups").join(&name), "half").expect("it is written");
    let output = check(place.0.path(), &[], &[]);
    let (verdict, says, advice) = told(&output, "backup");
    assert_eq!(verdict, "fail", "{says}");
    assert!(
        says.contains(&name) && says.contains("newest good one"),
        "{says}"
    );
    assert!(!advice.is_empty());
    assert_eq!(output.status.code(), Some(1));
}

#[tokio::test]
async fn folder_that_takes_no_backup_fails() {
    let place = Place::new().await;
    let file = place.0.path().join("backups");
    std::fs::write(&file, "in the way").expect("it is written");
    let (verdict, says, advice) = told(&check(place.0.path(), &[], &[]), "backup folder");
    assert_eq!(verdict, "fail", "{says}");
    assert!(advice.contains("BACKUP_DIR"), "{advice}");
}

#[tokio::test]
async fn files_that_anybody_may_change_are_warned_of() {
    let place = Place::new().await;
    let output = check(place.0.path(), &[], &[]);
    assert_eq!(told(&output, "permissions").0, "ok", "{}", said(&output));
    let open = std::fs::Permissions::from_mode(0o666);
    std::fs::set_permissions(place.db(), open).expect("they are set");
    std::fs::write(place.0.path().join(".env"), "BOT_TOKEN=a.token").expect("it is written");
    let (verdict, says, _) = told(&check(place.0.path(), &[], &[]), "permissions");
    assert_eq!(verdict, "warn");
    assert!(
        says.contains("overwatch.db") && says.contains(".env"),
        "{says}"
    );
}

#[tokio::test]
async fn schema_that_somebody_changed_fails() {
    let place = Place::new().await;
    assert_eq!(told(&check(place.0.path(), &[], &[]), "schema").0, "ok");
    for (change, expected) in [
        (
            "CREATE VIEW everybody AS SELECT * FROM users",
            "the view everybody was added",
        ),
        (
            "DROP VIEW everybody; DROP TABLE reminders",
            "the table reminders is missing",
        ),
    ] {
        let db = rusqlite::Connection::open(place.db()).expect("the file");
        db.execute_batch(change).expect("it is changed");
        drop(db);
        let output = check(place.0.path(), &[], &[]);
        let (verdict, says, advice) = told(&output, "schema");
        assert_eq!(verdict, "fail", "{says}");
        assert!(says.contains(expected) && !advice.is_empty(), "{says}");
        assert_eq!(output.status.code(), Some(1));
    }
}

#[tokio::test]
async fn object_store_that_is_not_there_fails() {
    let place = Place::new().await;
    let environment = [
        ("BACKUP_S3_URL", "s3://bucket/backups"),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_REGION", "eu-central-1"),
        // Nobody listens on port 1.
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
    ];
    let (verdict, says, advice) = told(&check(place.0.path(), &[], &environment), "object store");
    assert_eq!(verdict, "fail", "{says}");
    assert!(advice.contains("AWS_"), "{advice}");
}

#[tokio::test]
async fn discord_is_asked_for_the_token_and_the_time_only_online() {
    let place = Place::new().await;
    let discord = Discord::start(playground::Settings {
        listen: ([127, 0, 0, 1], 0).into(),
        token: "a.token".into(),
        clock: Clock::system(),
        shards: 1,
        world: playground::World::default(),
    });
    let discord = discord.await.expect("a free port");
    let url = discord.url();
    let output = check_online(place.0.path(), "a.token", &url).await;
    for name in ["Discord", "Discord's clock"] {
        assert_eq!(told(&output, name).0, "ok", "{}", said(&output));
    }
    let output = check_online(place.0.path(), "another.token", &url).await;
    let (verdict, says, _) = told(&output, "Discord");
    assert_eq!(
        (verdict.as_str(), output.status.code()),
        ("fail", Some(1)),
        "{says}"
    );
    assert!(
        !said(&output).contains("another.token"),
        "the token was shown"
    );
    let offline = check(place.0.path(), &[], &[("DISCORD_API_URL", &url)]);
    assert!(!said(&offline).contains("Discord's clock"));
    discord.stop().await;
}

#[tokio::test]
async fn clock_that_differs_from_discords_fails() {
    let place = Place::new().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let date = (Utc::now() - TimeDelta::hours(2))
        .format("%a, %d %b %Y %H:%M:%S GMT")
        .to_string();
    let answer = move || async move { (StatusCode::OK, [(header::DATE, date)], "{}") };
    let server =
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    let output = check_online(place.0.path(), "a.token", &url).await;
    let (verdict, says, advice) = told(&output, "Discord's clock");
    assert_eq!(verdict, "fail", "{says}");
    assert!(says.contains("ahead"), "{says}");
    assert!(!advice.is_empty());
    server.abort();
}

#[tokio::test]
async fn text_has_signs_and_says_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = run(folder.path(), &["check"]);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    let lines: Vec<_> = text.lines().collect();
    let at = lines
        .iter()
        .position(|line| line.starts_with("✘ connection"));
    let at = at.unwrap_or_else(|| panic!("{text}"));
    assert!(lines[at + 1].starts_with("  → "), "{text}");
    assert!(lines.iter().any(|line| line.starts_with("✔ ")), "{text}");
}
