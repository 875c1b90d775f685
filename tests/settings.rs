//! The settings, as the program itself takes them: what is missing or malformed is one sentence and
//! exit code 2, before anything is opened, and no secret is ever shown.

#[path = "settings/core_dump.rs"]
mod core_dump;
#[path = "settings/location.rs"]
mod location;
#[path = "settings/ownership.rs"]
mod ownership;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use overwatch_bot::clock::Clock;
use overwatch_bot::playground::{self, Discord};

const SECRET: &str = "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs";

/// Runs the program in `folder`, with nothing in the environment but this.
fn program(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_overwatch-bot"))
        .args(arguments)
        .env_clear()
        .envs(environment.iter().copied())
        .current_dir(folder)
        .output()
        .expect("the program runs")
}

/// What was refused, in one line.
#[track_caller]
fn refused(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let output = program(folder, arguments, environment);
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(!said.contains(SECRET), "{said}");
    said
}

#[test]
fn a_missing_token_is_one_sentence_that_says_where_to_put_it() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&[][..], &["run"]] {
        let said = refused(folder.path(), arguments, &[]);
        assert!(said.contains("BOT_TOKEN is not set"), "{said}");
    }
    assert_eq!(
        folder.path().read_dir().unwrap().count(),
        0,
        "nothing was opened"
    );
}

#[test]
fn a_malformed_setting_is_one_sentence_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let prefixed = format!("Bot {SECRET}");
    for (name, value, named) in [
        ("BOT_TOKEN", prefixed.as_str(), "BOT_TOKEN"),
        ("BOT_TOKEN", "two words", "BOT_TOKEN"),
        ("BOT_TOKEN", "", "BOT_TOKEN"),
        ("BOT_TOKEN", "\"quoted.token\"", "quotes"),
        ("SHARDS", "many", "--shards"),
        ("SHARDS", "0", "--shards"),
        ("SHARDS", "8-15/12", "--shards"),
        ("SHARDS", "none", "DISCORD_PUBLIC_KEY"),
        ("DISCORD_PUBLIC_KEY", "mine", "--discord-public-key"),
        (
            "DISCORD_PUBLIC_KEY",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "HTTP_ADDR",
        ),
        ("DISCORD_API_URL", "discord", "--discord-api-url"),
        ("LOG", "overwatch_bot=loud", "--log"),
        ("LOG_FORMAT", "xml", "--log-format"),
        ("BACKUP_EVERY", "sometimes", "--backup-every"),
        ("HTTP_ADDR", "here", "--http-addr"),
    ] {
        let said = refused(folder.path(), &[], &[("BOT_TOKEN", SECRET), (name, value)]);
        assert!(said.contains(named), "{name}={value}: {said}");
    }
    assert_eq!(
        folder.path().read_dir().unwrap().count(),
        0,
        "nothing was opened"
    );
}

/// Runs the program against this address of Discord's API until the log says `text`, then tells it to
/// stop. What it said, and its exit code.
fn stopped_once_it_says(folder: &Path, api: &str, text: &str) -> (String, Option<i32>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_overwatch-bot"))
        .env_clear()
        .envs([
            ("BOT_TOKEN", SECRET),
            ("DISCORD_API_URL", api),
            ("LOG", "trace"),
        ])
        .current_dir(folder)
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut said = String::new();
    let mut lines = BufReader::new(child.stderr.take().expect("its log")).lines();
    let mut read = |said: &mut String| match lines.next() {
        Some(line) => {
            said.push_str(&line.expect("text"));
            said.push('\n');
            true
        }
        None => false,
    };
    while !said.contains(text) && read(&mut said) {}
    let terminate = ["-TERM", &child.id().to_string()];
    let sent = Command::new("kill").args(terminate).status();
    assert!(sent.expect("kill").success(), "{said}");
    while read(&mut said) {}
    (said, child.wait().expect("it ends").code())
}

#[test]
fn token_that_discord_refuses_is_a_setting_that_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let discord = runtime.block_on(Discord::start(playground::Settings {
        listen: ([127, 0, 0, 1], 0).into(),
        token: "another.token".into(),
        clock: Clock::system(),
        shards: 1,
        world: playground::World::default(),
    }));
    let url = discord.as_ref().expect("a free port").url();
    let environment = [
        ("BOT_TOKEN", SECRET),
        ("DISCORD_API_URL", url.as_str()),
        ("LOG", "error"),
    ];
    let said = refused(folder.path(), &["run"], &environment);
    assert!(said.contains("Discord refuses the token"), "{said}");
    assert!(said.contains("quotes, blanks"), "{said}");
}

#[test]
fn token_that_is_reset_while_the_bot_runs_ends_it_as_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let discord = runtime.block_on(Discord::start(playground::Settings {
        listen: ([127, 0, 0, 1], 0).into(),
        token: SECRET.into(),
        clock: Clock::system(),
        shards: 1,
        world: playground::World::default(),
    }));
    let discord = discord.expect("a free port");
    let url = discord.url();
    let mut child = Command::new(env!("CARGO_BIN_EXE_overwatch-bot"))
        .env_clear()
        .envs([("BOT_TOKEN", SECRET), ("DISCORD_API_URL", &url)])
        .current_dir(folder.path())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let log = BufReader::new(child.stderr.take().expect("its log"));
    let mut lines = log.lines().map(|line| line.expect("text"));
    assert!(lines.any(|line| line.ends_with(" ready")), "it starts");
    // The client wants a provider of cryptography, also for plain HTTP.
    let _ = rustls::crypto::ring::default_provider().install_default();
    runtime.block_on(async {
        let reset = format!("{url}/client/faults/token");
        let body = reqwest::Client::new().post(reset).body("{}");
        let body = body.header("content-type", "application/json");
        let body = body.header(playground::KEY_HEADER, discord.key());
        let answer = body.send().await.expect("an answer");
        assert!(answer.status().is_success(), "{answer:?}");
    });
    let said: Vec<_> = lines.collect();
    assert_eq!(child.wait().unwrap().code(), Some(2), "{said:?}");
    let last = said.last().expect("a sentence");
    assert!(last.contains("Discord refuses the token"), "{said:?}");
}

#[test]
fn while_discord_is_away_the_start_waits_and_can_be_stopped() {
    let folder = tempfile::tempdir().unwrap();
    // Nobody listens on port 1.
    let nobody = "http://127.0.0.1:1";
    let (said, code) = stopped_once_it_says(folder.path(), nobody, "the start waits for Discord");
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains(SECRET), "the token was shown");
}

#[test]
fn a_dyno_whose_disk_forgets_is_no_place_for_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    for url in [None, Some(("DATABASE_URL", ""))] {
        let environment = [("BOT_TOKEN", SECRET), ("DYNO", "worker.1")];
        let environment: Vec<_> = environment.into_iter().chain(url).collect();
        let said = refused(folder.path(), &["run"], &environment);
        assert!(said.contains("Heroku dyno"), "{said}");
        assert!(said.contains("DATABASE_URL"), "{said}");
    }
    assert_eq!(
        folder.path().read_dir().unwrap().count(),
        0,
        "nothing was opened"
    );
}

#[test]
fn settings_are_read_from_a_file_and_a_broken_one_is_told_without_its_content() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(".env"), "SHARDS=many\n").unwrap();
    assert!(refused(folder.path(), &[], &[("BOT_TOKEN", SECRET)]).contains("--shards"));
    std::fs::write(folder.path().join(".env"), format!("BOT_TOKEN '{SECRET}\n")).unwrap();
    assert!(refused(folder.path(), &[], &[]).contains(".env"));
}

#[test]
fn secret_in_the_command_line_is_refused_by_the_name_of_its_variable() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("postgres://bot:{SECRET}@127.0.0.1:1/ow");
    let with = |option: &str| format!("{option}={SECRET}");
    for (arguments, named) in [
        (
            &["--bot-token", SECRET][..],
            "set BOT_TOKEN in the environment",
        ),
        (
            &["run", &with("--bot-token")],
            "set BOT_TOKEN in the environment",
        ),
        (
            &["playground", &with("--bot-token")],
            "set BOT_TOKEN in the environment",
        ),
        (
            &["check", "--http-token", SECRET],
            "set HTTP_TOKEN in the environment",
        ),
        (
            &["migrate", &with("--db-password")],
            "set DB_PASSWORD in the environment",
        ),
        (
            &["migrate", "--database-url", &url],
            "set DATABASE_URL in the environment",
        ),
        (
            &["copy", "--from", &url, "--to", "sqlite:a.db"],
            "COPY_FROM",
        ),
        (
            &["copy", "--from=sqlite:a.db", &format!("--to={url}")],
            "COPY_TO",
        ),
        (&["simulate", "--database", &url], "DB_PASSWORD"),
    ] {
        let said = refused(folder.path(), arguments, &[]);
        assert!(said.contains(named), "{arguments:?}: {said}");
    }
    // Nor is what other settings refuse repeated, if a password is in it.
    let url = format!("https://me:{SECRET}@proxy");
    for (name, value) in [("DISCORD_API_URL", &url), ("BACKUP_S3_URL", &url)] {
        let said = refused(folder.path(), &[], &[("BOT_TOKEN", "a.b.c"), (name, value)]);
        assert!(said.contains("***@proxy"), "{said}");
    }
    assert_eq!(
        folder.path().read_dir().unwrap().count(),
        0,
        "nothing was opened"
    );
}

#[cfg(feature = "postgres")]
#[test]
fn addresses_of_a_copy_may_stand_in_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("postgres://bot:{SECRET}@127.0.0.1:1/ow");
    let environment = [("COPY_FROM", url.as_str()), ("COPY_TO", "sqlite:a.db")];
    let output = program(folder.path(), &["copy"], &environment);
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("postgres://bot@127.0.0.1:1/ow") && !said.contains(SECRET),
        "{said}"
    );
}

#[test]
fn help_shows_settings_with_their_defaults_and_no_values() {
    let folder = tempfile::tempdir().unwrap();
    let output = program(folder.path(), &["--help"], &[("BOT_TOKEN", SECRET)]);
    let help = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success());
    for shown in [
        "BOT_TOKEN",
        "HTTP_TOKEN",
        "DATABASE_URL",
        "DB_PASSWORD",
        "DB_PATH",
        "data/overwatch.db",
        "[default: backups]",
        "playground",
    ] {
        assert!(help.contains(shown), "{shown}");
    }
    assert!(!help.contains(SECRET));
    for removed in [
        "--bot-token",
        "--http-token",
        "--database-url",
        "--db-password",
    ] {
        assert!(!help.contains(removed), "{removed}");
    }
}
