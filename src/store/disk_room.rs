//! How much room is left on the database's disk, as the writer saw it last.
//!
//! May touch: nothing. Invariant: it says what was true at the last look, and decides nothing.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Room on the database's disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DiskRoom {
    /// Enough, or the database is on a server.
    #[default]
    Enough,
    /// Little: the log is kept short.
    Short,
    /// None: the reserve beside the database was given up, and could not be made again yet.
    ReserveUsed,
}

impl fmt::Display for DiskRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Enough => "enough is left",
            Self::Short => "little is left; make room on the database's disk",
            Self::ReserveUsed => {
                "the disk is full and the reserve is used up; make room on the database's disk"
            }
        })
    }
}

/// The [`DiskRoom`] that was seen last. Cheap to clone; all clones are the same.
#[derive(Clone, Debug, Default)]
pub struct LastDiskRoom(Arc<Mutex<DiskRoom>>);

impl LastDiskRoom {
    /// What was seen last.
    pub fn get(&self) -> DiskRoom {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records what was seen. Logs it if it is another than before.
    pub(super) fn set(&self, now: DiskRoom) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if *last == now {
            return;
        }
        match now {
            DiskRoom::Enough => tracing::info!("the database's disk has room again"),
            DiskRoom::Short => tracing::warn!("little room is left on the database's disk"),
            DiskRoom::ReserveUsed => tracing::error!(
                "the database's disk is full, its reserve was given up; make room on it"
            ),
        }
        *last = now;
    }
}
