//! Who else may use our files: nobody, unless the folder in which they are is shared with a group.
//!
//! May touch: the modes of files that belong to the user that runs this. Invariant: a mode is only ever
//! narrowed, and never in a folder that others have a part in: they may rely on it.

use std::fs::{Metadata, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::sqlite::files::folder_of;

/// What others than the owner may do.
const OTHERS: u32 = 0o077;
/// Members of the group may write to a folder, or what is made in it gets its group: as Kubernetes sets up
/// volumes with `fsGroup` ("Configure a Security Context for a Pod or Container").
const SHARED: u32 = 0o2020;

/// A file or folder that others than its owner may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TooWide {
    /// Which.
    pub path: PathBuf,
    /// Its mode, without the kind of file.
    pub mode: u32,
    /// Whether it is ours to narrow.
    pub is_ours: bool,
}

/// Looks at a file; `None` if nobody but its owner may use it, or it is not there.
pub fn too_wide(path: &Path) -> Option<TooWide> {
    let found = std::fs::symlink_metadata(path).ok()?;
    let mode = found.mode() & 0o7777;
    if !found.is_file() || mode & OTHERS == 0 {
        return None;
    }
    Some(TooWide {
        path: path.to_owned(),
        mode,
        is_ours: belongs_to_us(&found) && !is_shared(folder_of(path)),
    })
}

/// Whether others have a part in a folder: it belongs to somebody else, or is shared with a group.
pub fn is_shared(folder: &Path) -> bool {
    let found = std::fs::metadata(folder);
    found.is_ok_and(|found| !belongs_to_us(&found) || found.mode() & SHARED != 0)
}

/// Takes from others what they may do with a file of ours, and says so in the log.
pub(super) fn narrow(path: &Path) {
    let Some(wide) = too_wide(path) else { return };
    let shown = path.display();
    let mode = format!("{:03o}", wide.mode);
    if !wide.is_ours {
        tracing::debug!(path = %shown, mode, "left a mode that is not ours to narrow");
        return;
    }
    match std::fs::set_permissions(path, Permissions::from_mode(wide.mode & !OTHERS)) {
        Ok(()) => {
            tracing::warn!(path = %shown, mode, "others could use this file; narrowed its mode")
        }
        Err(error) => {
            tracing::warn!(%error, path = %shown, mode, "failed to narrow the mode of a file")
        }
    }
}

fn belongs_to_us(found: &Metadata) -> bool {
    found.uid() == rustix::process::geteuid().as_raw()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().mode() & 0o7777
    }

    fn set(path: &Path, mode: u32) {
        std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn modes_are_narrowed_where_nobody_else_has_a_part() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("overwatch.db");
        std::fs::write(&path, "").unwrap();
        for (of_folder, of_file, expected) in [
            (0o700, 0o644, 0o600),
            (0o755, 0o666, 0o600),
            (0o755, 0o640, 0o600),
            (0o755, 0o400, 0o400),
            // Shared with a group.
            (0o2770, 0o660, 0o660),
            (0o2755, 0o644, 0o644),
            (0o770, 0o664, 0o664),
        ] {
            set(folder.path(), of_folder);
            set(&path, of_file);
            narrow(&path);
            assert_eq!(mode(&path), expected, "{of_file:o} in {of_folder:o}");
        }
        // What a link leads to is not touched.
        set(folder.path(), 0o700);
        let other = folder.path().join("other");
        std::fs::write(&other, "").unwrap();
        set(&other, 0o644);
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&other, &link).unwrap();
        narrow(&link);
        narrow(&folder.path().join("none"));
        assert_eq!(mode(&other), 0o644);
    }
}
