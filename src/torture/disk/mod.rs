//! A simulated disk: everything below one folder, as the system calls of this process see it.
//!
//! May touch: the system calls of the whole process (`calls`), for as long as a [`Disk`] is attached.
//! Invariant: what is written is recorded in the order in which it was done, so that the state after
//! a loss of power at any operation can be made from the record.
//!
//! The calls are taken over at the C library, below SQLite's own VFS: the program also creates,
//! renames and flushes files past SQLite, and only here are those operations counted together with
//! SQLite's, and its shared memory remains the real one. A file is durable as of its last flush, a
//! name as of the last flush of its folder; everything later may be lost, kept or torn
//! ([`Keep`]). Nothing is really flushed, so that this is fast.
//!
//! Limits: what is written through a memory map is not seen (SQLite's shared memory, which is made
//! anew after a loss of power), nor what is written by `copy_file_range` or `io_uring`.
//! [`Disk::compare`] fails if a write was missed.

mod calls;
mod record;
mod watch;

use std::path::{Path, PathBuf};

pub(crate) use record::{Chance, Image, Keep};
pub(crate) use watch::{Fault, FaultKind};

/// A folder whose operations are recorded and may be made to fail, until this is dropped.
#[derive(Debug)]
pub(crate) struct Disk {
    root: PathBuf,
    key: u64,
}

impl Disk {
    /// Records what is done below `root` from now on. Files that are open already are recorded too.
    ///
    /// # Errors
    /// The system's, if `root` cannot be read.
    pub(crate) fn attach(root: &Path) -> std::io::Result<Self> {
        calls::link();
        let root = root.canonicalize()?;
        let key = watch::attach(&root)?;
        Ok(Self { root, key })
    }

    /// Notes in the record that something was acknowledged, such as a command that was answered.
    pub(crate) fn acknowledge(&self) {
        watch::with(self.key, |disk| disk.acknowledge());
    }

    /// How many operations were done or tried.
    pub(crate) fn operations(&self) -> usize {
        watch::with(self.key, |disk| disk.operations())
    }

    /// Makes operations fail from now on, in place of earlier plans.
    pub(crate) fn plan(&self, fault: Fault) {
        watch::with(self.key, |disk| disk.fault = Some(fault));
    }

    /// Lets the power go before operation `at`: it and all later ones fail and change nothing.
    pub(crate) fn cut_power_at(&self, at: usize) {
        watch::with(self.key, |disk| disk.power_until = Some(at));
    }

    /// Whether no operation has failed for want of power.
    pub(crate) fn has_power(&self) -> bool {
        watch::with(self.key, |disk| !disk.is_dark)
    }

    /// Lets every operation succeed again. Returns whether any failed.
    pub(crate) fn heal(&self) -> bool {
        watch::with(self.key, |disk| {
            disk.fault = None;
            disk.failed
        })
    }

    /// What is on the disk if the power fails before operation `at`. Returns it with the number of
    /// acknowledgements that were given by then.
    pub(crate) fn image(&self, at: usize, keep: Keep) -> (Image, usize) {
        watch::with(self.key, |disk| disk.record.image(at, keep))
    }

    /// Compares the record with the folder.
    ///
    /// # Errors
    /// Names what differs: then a write was done that this disk does not see.
    pub(crate) fn compare(&self) -> Result<(), String> {
        let (image, _) = self.image(self.operations(), Keep::All);
        image.compare(&self.root)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        watch::detach(self.key);
    }
}
