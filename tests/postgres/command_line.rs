//! The program, told of a server: what works there, what is refused, and that no password is shown.

use std::path::Path;
use std::process::{Command, Output};

use crate::server::server;

/// Runs the program with nothing in the environment but this.
fn program(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_overwatch-bot"))
        .args(arguments)
        .env_clear()
        .envs(environment.iter().copied())
        .current_dir(folder)
        .output()
        .expect("the program runs")
}

/// What it said, and how it ended.
fn said(output: &Output) -> (Option<i32>, String) {
    let [out, err] = [&output.stdout, &output.stderr].map(|said| String::from_utf8_lossy(said));
    (output.status.code(), format!("{out}{err}"))
}

#[tokio::test]
async fn a_server_is_migrated_checked_and_exported_from() {
    let Some(server) = server() else { return };
    let scratch = server.empty().await;
    let folder = tempfile::tempdir().expect("a folder");
    let there = [
        ("DATABASE_URL", scratch.url.as_str()),
        ("DB_PATH", "not/looked/at.db"),
    ];
    let run = |arguments: &[&str]| said(&program(folder.path(), arguments, &there));
    let export = ["export", "--format", "csv", "--guild", "1"];
    let (code, text) = run(&export);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("older than this program's"), "{text}");
    assert!(run(&["check"]).1.contains("none yet"));
    let (code, text) = run(&["migrate"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(run(&["migrate"]).1.contains("nothing was changed"));
    let (code, text) = run(&["check"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("schema") && text.contains("answers"),
        "{text}"
    );
    // A table of somebody else's is nobody's business; what acts on ours is.
    scratch.run("CREATE TABLE theirs (id BIGINT)").await;
    assert_eq!(run(&["check"]).0, Some(0));
    let steals = "CREATE FUNCTION steal() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$; \
                  CREATE TRIGGER steals BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION steal(); \
                  DROP INDEX sessions_by_creator";
    scratch.run(steals).await;
    let (code, text) = run(&["check"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("the trigger users.steals was added"),
        "{text}"
    );
    assert!(
        text.contains("the index sessions_by_creator is missing"),
        "{text}"
    );
    scratch.run("DROP TRIGGER steals ON users").await;
    let (code, text) = run(&export);
    assert_eq!(
        (code, text.contains("0 sessions")),
        (Some(0), true),
        "{text}"
    );
    let made = folder.path().read_dir().expect("the folder").count();
    assert_eq!(made, 0, "nothing is made beside it");
}

#[tokio::test]
async fn what_works_on_files_only_says_what_does_it_on_a_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let there = [("DATABASE_URL", "postgres://bot:secret@127.0.0.1:1/ow")];
    for (arguments, instead) in [
        (&["backup"][..], "pg_dump"),
        (&["backup", "list"], "pg_dump"),
        (&["restore", "latest"], "pg_restore"),
        (&["optimize"], "VACUUM"),
    ] {
        let (code, text) = said(&program(folder.path(), arguments, &there));
        assert_eq!((code, text.contains(instead)), (Some(2), true), "{text}");
        assert!(!text.contains("secret"), "{text}");
    }
}

#[tokio::test]
async fn a_wrong_setting_is_one_sentence_without_the_password() {
    let folder = tempfile::tempdir().expect("a folder");
    for environment in [
        &[("DATABASE_URL", "mysql://bot:secret@db/ow")][..],
        &[("DATABASE_URL", "postgres://bot:secret@db:99999/ow")],
        &[("DATABASE_URL", "postgres://bot:secret@db/ow?sslmode=secret")],
        &[("DB_HOST", "db"), ("DB_PASSWORD", "secret")],
        &[("DB_NAME", "ow"), ("DB_PASSWORD", "secret")],
        &[
            ("DB_HOST", "db"),
            ("DB_USER", "bot"),
            ("DB_SSLMODE", "secret"),
        ],
    ] {
        let (code, text) = said(&program(folder.path(), &["migrate"], environment));
        assert_eq!((code, text.lines().count()), (Some(2), 1), "{text}");
        assert!(!text.contains("secret"), "{text}");
    }
}
