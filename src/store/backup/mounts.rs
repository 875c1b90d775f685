//! Which folders outlive a container.
//!
//! May touch: `/proc/self/mountinfo` and the marks of containers, reading. Invariant: what cannot be found out
//! is taken for a place that lasts.

use std::path::{Path, PathBuf};

/// Where the image keeps its data, and where a volume is expected.
const VOLUME: &str = "/data";
/// The mounts of this process: proc_pid_mountinfo(5).
const MOUNTINFO: &str = "/proc/self/mountinfo";
/// Files by which Docker and Podman mark a container's root: podman-run(1), "/run/.containerenv".
const MARKS: [&str; 2] = ["/.dockerenv", "/run/.containerenv"];
/// The variable that every kind of container sets to its own name: systemd, "The Container Interface".
const CONTAINER: &str = "container";
/// Of those kinds the ones whose root is thrown away; that of LXC, systemd-nspawn or WSL lasts.
const THROWN_AWAY: [&str; 4] = ["docker", "oci", "podman", "rkt"];
/// Variables that are set on machines whose root is thrown away: by Kubernetes ("Service Environment
/// Variables"), Fly.io ("The Machine Runtime Environment") and Railway ("Railway-provided variables").
const VARIABLES: [&str; 3] = [
    "KUBERNETES_SERVICE_HOST",
    "FLY_MACHINE_ID",
    "RAILWAY_PROJECT_ID",
];
/// File systems that are in memory only.
const IN_MEMORY: [&str; 2] = ["tmpfs", "ramfs"];

/// What is known of where this process runs.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// Whether it is in a container.
    in_container: bool,
    mounts: Vec<Mount>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Mount {
    point: PathBuf,
    file_system: String,
}

impl Surroundings {
    /// Looks at the system; `variable` tells the environment's variables.
    pub fn of_this_process(variable: impl Fn(&str) -> Option<String>) -> Self {
        let mountinfo = std::fs::read_to_string(MOUNTINFO).unwrap_or_default();
        let in_container =
            is_told_by(variable) || MARKS.iter().any(|mark| Path::new(mark).exists());
        Self::new(in_container, &mountinfo)
    }

    /// What such a list of mounts says.
    pub fn new(in_container: bool, mountinfo: &str) -> Self {
        Self {
            in_container,
            mounts: mountinfo.lines().filter_map(mount).collect(),
        }
    }

    /// Whether `folder` is in the image's folder for data, and no volume is mounted there.
    pub(super) fn lacks_volume(&self, folder: &Path) -> bool {
        let folder = absolute(folder);
        self.in_container && folder.starts_with(VOLUME) && self.forgets(&folder)
    }

    /// Whether what is written into `folder` goes with the container.
    pub(super) fn forgets(&self, folder: &Path) -> bool {
        let folder = absolute(folder);
        let holding = self
            .mounts
            .iter()
            .filter(|mount| folder.starts_with(&mount.point));
        // Of several at one point the last one counts.
        let Some(mount) = holding.max_by_key(|mount| mount.point.components().count()) else {
            return false;
        };
        self.in_container
            && (mount.point == Path::new("/") || IN_MEMORY.contains(&mount.file_system.as_str()))
    }
}

/// Whether the environment says that the root is thrown away.
fn is_told_by(variable: impl Fn(&str) -> Option<String>) -> bool {
    let kind = variable(CONTAINER).unwrap_or_default();
    let is_set = |name: &&str| variable(name).is_some_and(|value| !value.is_empty());
    THROWN_AWAY.contains(&kind.as_str()) || VARIABLES.iter().any(is_set)
}

/// A line of mountinfo: the fifth field is the point, the one after the lonely dash the file system.
fn mount(line: &str) -> Option<Mount> {
    let (before, after) = line.split_once(" - ")?;
    Some(Mount {
        point: unescaped(before.split(' ').nth(4)?).into(),
        file_system: after.split(' ').next()?.to_owned(),
    })
}

/// Blanks and the like are written as three octal digits.
fn unescaped(text: &str) -> String {
    [
        ("\\040", " "),
        ("\\011", "\t"),
        ("\\012", "\n"),
        ("\\134", "\\"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (code, char)| {
        text.replace(code, char)
    })
}

/// The folder without links, as far as it is there.
fn absolute(folder: &Path) -> PathBuf {
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    for there in folder.ancestors() {
        if let Ok(real) = there.canonicalize() {
            let rest = folder.strip_prefix(there).unwrap_or(Path::new(""));
            return real.join(rest);
        }
    }
    folder
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "27 1 0:52 / / rw,relatime - overlay overlay rw,lowerdir=/a\n";
    const TMPFS: &str = "30 27 0:24 / /data rw - tmpfs tmpfs rw\n";
    const VOLUME: &str = "31 27 254:0 /volumes/bot /data rw,relatime - ext4 /dev/vda rw\n";
    const ODD: &str = "32 27 254:0 / /data/a\\040b rw - ext4 /dev/vdb rw\n";

    fn lacks(in_container: bool, mounts: &[&str], folder: &str) -> bool {
        Surroundings::new(in_container, &mounts.concat()).lacks_volume(Path::new(folder))
    }

    #[test]
    fn data_on_the_root_of_a_container_is_on_no_volume() {
        assert!(lacks(true, &[ROOT], "/data"));
        assert!(lacks(true, &[ROOT], "/data/deeper"));
        assert!(lacks(true, &[ROOT, TMPFS], "/data"));
        assert!(!lacks(true, &[ROOT, VOLUME], "/data"));
        assert!(!lacks(true, &[ROOT, VOLUME], "/data/deeper"));
        assert!(!lacks(true, &[ROOT, ODD], "/data/a b"));
        assert!(lacks(true, &[ROOT, ODD], "/data/a"));
    }

    #[test]
    fn environment_tells_containers_that_are_thrown_away() {
        for (name, value, expected) in [
            ("container", "podman", true),
            ("container", "docker", true),
            ("container", "oci", true),
            ("container", "lxc", false),
            ("container", "systemd-nspawn", false),
            ("container", "wsl", false),
            ("container", "", false),
            ("FLY_MACHINE_ID", "3d8d", true),
            ("FLY_MACHINE_ID", "", false),
            ("HOME", "/data", false),
        ] {
            let variable = |asked: &str| (asked == name).then(|| value.to_owned());
            assert_eq!(is_told_by(variable), expected, "{name}={value}");
        }
    }

    #[test]
    fn elsewhere_and_outside_of_containers_nobody_needs_a_volume() {
        assert!(!lacks(false, &[ROOT], "/data"));
        assert!(!lacks(true, &[ROOT], "/srv/data"));
        assert!(!lacks(true, &[], "/data"));
    }

    #[test]
    fn this_system_tells_its_mounts() {
        let here = Surroundings::of_this_process(|_| None);
        assert!(
            here.mounts
                .iter()
                .any(|mount| mount.point == Path::new("/"))
        );
    }
}
