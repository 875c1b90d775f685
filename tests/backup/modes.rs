//! Who else may use what the program makes: nobody, whatever the umask.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::{Command, Output};

use crate::home::{Home, meet};

fn mode(path: &Path) -> u32 {
    let found = path.metadata();
    found.expect("it is there").mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    let permissions = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(path, permissions).expect("it is ours");
}

/// Runs the program with this umask, a database in `data` and backups in `deep/backups`.
fn program(folder: &Path, umask: &str, command: &str) -> Output {
    let program = env!("CARGO_BIN_EXE_overwatch-bot");
    Command::new("sh")
        .args(["-c", &format!("umask {umask}; exec {program} {command}")])
        .current_dir(folder)
        .env_clear()
        .env("DB_PATH", "data/overwatch.db")
        .env("BACKUP_DIR", "deep/backups")
        .output()
        .expect("it runs")
}

fn said(output: &Output) -> String {
    let both = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8(both).expect("text")
}

/// Everything below `folder`: the path and the mode.
fn modes_below(folder: &Path) -> Vec<(String, u32)> {
    let mut all = Vec::new();
    for entry in folder.read_dir().expect("a folder") {
        let path = entry.expect("an entry").path();
        all.push((path.display().to_string(), mode(&path)));
        if path.is_dir() {
            all.extend(modes_below(&path));
        }
    }
    all
}

#[test]
fn nobody_else_may_use_what_is_made_whatever_the_umask() {
    let home = tempfile::tempdir().unwrap();
    for command in ["migrate", "backup", "check"] {
        let done = program(home.path(), "0", command);
        assert!(done.status.success(), "{}", said(&done));
    }
    let made = modes_below(home.path());
    // Three folders; the database with its lock; the folder's lock, a backup and its manifest.
    assert!(made.len() >= 8, "{made:?}");
    for (path, mode) in made {
        let expected = if Path::new(&path).is_dir() {
            0o700
        } else {
            0o600
        };
        assert_eq!(mode, expected, "{path}: {mode:o}");
    }
}

#[tokio::test]
async fn the_files_of_an_open_database_are_its_owners_only() {
    let home = Home::new();
    let database = home.open().await;
    meet(&database.store(), 1..=3).await;
    let made = modes_below(home.folder.path());
    for ending in ["", "-wal", "-shm", ".lock", ".reserve", ".pair.json"] {
        let path = format!("{}{ending}", home.database().display());
        let found = made.iter().find(|(made, _)| *made == path);
        assert_eq!(found.map(|(_, mode)| *mode), Some(0o600), "{path}");
    }
    database.close().await;
}

#[test]
fn wider_modes_of_earlier_versions_are_narrowed_unless_the_folder_is_shared() {
    let home = tempfile::tempdir().unwrap();
    for command in ["migrate", "backup"] {
        let done = program(home.path(), "022", command);
        assert!(done.status.success(), "{}", said(&done));
    }
    let (data, backups) = (home.path().join("data"), home.path().join("deep/backups"));
    let database = data.join("overwatch.db");
    let is_backup = |path: &Path| path.display().to_string().contains("overwatch_backup_");
    let paths = backups
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = paths.filter(|path| is_backup(path)).collect();
    files.push(database.clone());
    assert_eq!(files.len(), 3);

    // As Kubernetes sets up a volume with `fsGroup`.
    for folder in [&data, &backups] {
        set_mode(folder, 0o2770);
    }
    files.iter().for_each(|file| set_mode(file, 0o660));
    for command in ["migrate", "backup"] {
        assert!(program(home.path(), "022", command).status.success());
    }
    files.iter().for_each(|file| assert_eq!(mode(file), 0o660));
    let checked = said(&program(home.path(), "022", "check"));
    assert!(checked.contains("is shared with others"), "{checked}");

    for folder in [&data, &backups] {
        set_mode(folder, 0o755);
    }
    files.iter().for_each(|file| set_mode(file, 0o644));
    let checked = said(&program(home.path(), "022", "check"));
    assert!(checked.contains("overwatch.db (mode 644)"), "{checked}");
    let started = said(&program(home.path(), "022", "migrate"));
    assert!(started.contains("narrowed its mode"), "{started}");
    assert_eq!(mode(&database), 0o600);
    assert!(program(home.path(), "022", "backup").status.success());
    files.iter().for_each(|file| assert_eq!(mode(file), 0o600));
    // What others have a part in is theirs to change.
    assert_eq!((mode(&data), mode(&backups)), (0o755, 0o755));
}
