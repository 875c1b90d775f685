//! Core dumps: there are none, and nobody else who is the same user reads the process' memory.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Some user who is not root.
const SOMEBODY: u32 = 65_534;
const ROOT: u32 = 0;

/// The program, once it serves; as another user than root if this is root.
fn serving(folder: &Path) -> Child {
    let program = folder.join("overwatch-bot");
    std::fs::copy(env!("CARGO_BIN_EXE_overwatch-bot"), &program).expect("the program");
    std::fs::set_permissions(folder, PermissionsExt::from_mode(0o777)).expect("an own folder");
    // As much as may be: what the program does about it is what counts.
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -S -c $(ulimit -H -c); exec \"$0\" \"$@\""])
        .arg(&program)
        .args(["playground", "--playground-port=0", "--discord-only"])
        .env_clear()
        .current_dir(folder)
        .stdout(Stdio::piped());
    if std::fs::metadata("/proc/self").expect("/proc").uid() == ROOT {
        command.uid(SOMEBODY).gid(SOMEBODY);
    }
    let mut child = command.spawn().expect("the program runs");
    let mut line = String::new();
    let mut said = BufReader::new(child.stdout.take().expect("it is piped"));
    said.read_line(&mut line).expect("a line");
    assert!(line.contains("open"), "{line}");
    child
}

#[cfg(target_os = "linux")]
#[test]
fn running_program_dumps_no_core_and_is_not_readable_for_its_own_user() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut child = serving(folder.path());
    let proc = Path::new("/proc").join(child.id().to_string());
    let limits = std::fs::read_to_string(proc.join("limits")).expect("its limits");
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let core: Vec<_> = core.expect("a limit").split_whitespace().collect();
    assert_eq!(core[4..6], ["0", "0"], "{core:?}");
    // What belongs to root there is not for the user of the process: proc(5), /proc/PID.
    for file in ["environ", "mem"] {
        let file = std::fs::metadata(proc.join(file)).expect("it is there");
        assert_eq!(file.uid(), ROOT);
    }
    let aborted = Command::new("kill")
        .args(["-ABRT", &child.id().to_string()])
        .status();
    assert!(aborted.expect("kill").success());
    let status = child.wait().expect("it ends");
    assert!(
        status.signal().is_some() && !status.core_dumped(),
        "{status:?}"
    );
}
