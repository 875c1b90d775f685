//! Files that this program makes, opened so that a link in their place leads nowhere.
//!
//! May touch: the file that it is asked for. Invariant: nothing that was there before is ever emptied;
//! whoever can put a link, a pipe or a second name into one of our folders makes us fail, and not
//! overwrite what it leads to.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

/// Only who runs the bot reads what it writes.
const MODE: u32 = 0o600;
/// A lock file holds nothing, or the number of a process. Whatever is longer is not ours, in bytes.
const LOCK_MAX_BYTES: u64 = 20;

/// Makes a file that must not be there yet. A link of that name counts as there, wherever it leads.
pub(crate) fn create_new(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(MODE)
        .open(path)
}

/// Makes a file, in the place of what an earlier process may have left under its name. A link is
/// removed, and what it leads to stays as it is.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => create_new(path),
    }
}

/// Opens a lock file, made if it is not there, and leaves what is in it.
///
/// # Errors
/// Also if something else stands under its name: a link, a second name of another file, a pipe, a
/// stranger's file, or one that holds anything but a process' number.
pub(crate) fn open_lock(path: &Path) -> io::Result<File> {
    let no_follow = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let opened = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(MODE)
        .custom_flags(no_follow.bits().cast_signed())
        .open(path);
    let mut file = match opened {
        Err(_) if path.is_symlink() => {
            return Err(io::Error::other("it is a link; remove it and try again"));
        }
        file => file?,
    };
    let found = file.metadata()?;
    let folder = path.parent().filter(|path| !path.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).metadata()?;
    let is_ours = found.is_file()
        && found.nlink() == 1
        && found.len() <= LOCK_MAX_BYTES
        && is_of_ours(&found, &folder);
    if !is_ours || !holds_a_number(&mut file)? {
        return Err(io::Error::other(
            "it is not a lock file of this program; look what it is, and move it away",
        ));
    }
    Ok(file)
}

/// Whether a file is that of a user who may be the bot's: this one, or the folder's. Who works with the bot's
/// files as root, or as another user of a shared folder, finds those that the bot's user made.
fn is_of_ours(file: &Metadata, folder: &Metadata) -> bool {
    let user = rustix::process::geteuid();
    user.is_root()
        || file.uid() == user.as_raw()
        || file.uid() == folder.uid()
        || file.gid() == folder.gid()
}

/// Whether a file is empty or holds digits only.
fn holds_a_number(file: &mut File) -> io::Result<bool> {
    use std::io::Seek as _;
    let mut text = Vec::new();
    file.take(LOCK_MAX_BYTES).read_to_end(&mut text)?;
    file.rewind()?;
    Ok(text.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    const PRECIOUS: &[u8] = b"precious";

    #[test]
    fn link_in_the_place_of_a_file_leads_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let (victim, path) = (folder.path().join("victim"), folder.path().join("file"));
        std::fs::write(&victim, PRECIOUS).unwrap();
        symlink(&victim, &path).unwrap();
        assert!(create_new(&path).is_err());
        assert!(open_lock(&path).is_err());
        create(&path).unwrap();
        assert!(!path.is_symlink());
        assert_eq!(std::fs::read(&victim).unwrap(), PRECIOUS);
        assert_eq!(path.metadata().unwrap().mode() & 0o777, MODE);
    }

    #[test]
    fn second_name_of_somebodys_file_is_no_lock_file() {
        let folder = tempfile::tempdir().unwrap();
        let (theirs, path) = (folder.path().join("theirs"), folder.path().join(".lock"));
        for content in ["", "4711"] {
            std::fs::write(&theirs, content).unwrap();
            std::fs::hard_link(&theirs, &path).unwrap();
            let told = open_lock(&path).unwrap_err().to_string();
            assert!(told.contains("not a lock file"), "{told}");
            std::fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    fn lock_file_is_taken_for_one_only_if_it_can_be() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".lock");
        open_lock(&path).unwrap();
        let long = "1".repeat(100);
        let cases = [
            ("", true),
            ("4711", true),
            ("SQLite", false),
            (&long, false),
        ];
        for (content, is_taken) in cases {
            std::fs::write(&path, content).unwrap();
            assert_eq!(open_lock(&path).is_ok(), is_taken, "{content}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
        }
        std::fs::remove_file(&path).unwrap();
        let pipe = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(pipe.unwrap().success());
        assert!(open_lock(&path).is_err());
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert!(open_lock(&path).is_err());
    }
}
