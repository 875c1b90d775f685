//! Which calls concern an attached disk, and what is done about them.
//!
//! May touch: the table of attached disks. Invariant: a call is done while the table is locked, so that
//! the record has the operations in the order in which they took effect. Nothing here may do a call
//! that `calls` takes over.

use std::collections::HashMap;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::record::{FileId, Image, Operation, Record};

/// How an operation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// Whatever needs room fails for want of it; the first write is done by half.
    NoSpace,
    /// Every operation fails as that of a broken disk does.
    Io,
}

/// Operations that are to fail.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    /// The first one.
    pub(crate) from: usize,
    /// How many; `None`: all until the disk is healed.
    pub(crate) count: Option<usize>,
    /// How.
    pub(crate) kind: FaultKind,
}

/// What an operation needs of a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needs {
    Room,
    Nothing,
}

/// An attached disk.
#[derive(Debug)]
pub(super) struct Watched {
    key: u64,
    root: PathBuf,
    pub(super) record: Record,
    pub(super) fault: Option<Fault>,
    pub(super) failed: bool,
    /// From this operation on there is no power.
    pub(super) power_until: Option<usize>,
    /// Whether an operation was tried without power.
    pub(super) is_dark: bool,
    next_file: u64,
}

/// What is to become of an operation.
enum Verdict {
    Succeed,
    Fail(FaultKind),
    /// Writes half of it.
    Halve,
}

impl Watched {
    pub(super) fn acknowledge(&mut self) {
        let done = self.record.operations.len();
        self.record.acknowledged.push(done);
    }

    pub(super) fn operations(&self) -> usize {
        self.record.operations.len()
    }

    fn judge(&mut self, needs: Needs) -> Verdict {
        let at = self.operations();
        if self.power_until.is_some_and(|until| at >= until) {
            self.is_dark = true;
            return Verdict::Fail(FaultKind::Io);
        }
        let Some(Fault { from, count, kind }) = self.fault else {
            return Verdict::Succeed;
        };
        let ends = count.map_or(usize::MAX, |count| from + count);
        if at < from || at >= ends || (kind == FaultKind::NoSpace && needs == Needs::Nothing) {
            return Verdict::Succeed;
        }
        let first = !std::mem::replace(&mut self.failed, true);
        match kind {
            FaultKind::NoSpace if first => Verdict::Halve,
            kind => Verdict::Fail(kind),
        }
    }

    fn new_file(&mut self) -> FileId {
        self.next_file += 1;
        FileId(self.next_file)
    }

    fn push(&mut self, operation: Operation) {
        self.record.operations.push(operation);
    }
}

/// A file by the system's own numbers.
type Inode = (u64, u64);

#[derive(Default)]
struct Table {
    disks: Vec<Watched>,
    files: HashMap<Inode, (u64, FileId)>,
    last_key: u64,
}

static ATTACHED: AtomicUsize = AtomicUsize::new(0);
static TABLE: Mutex<Option<Table>> = Mutex::new(None);

fn table() -> MutexGuard<'static, Option<Table>> {
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether any disk is attached; if not, calls need not be looked at.
pub(super) fn is_needed() -> bool {
    ATTACHED.load(Ordering::Acquire) > 0
}

pub(super) fn attach(root: &Path) -> io::Result<u64> {
    let start = Image::read(root)?;
    let mut guard = table();
    let table = guard.get_or_insert_default();
    table.last_key += 1;
    let mut disk = Watched {
        key: table.last_key,
        root: root.to_owned(),
        record: Record::default(),
        fault: None,
        failed: false,
        power_until: None,
        is_dark: false,
        next_file: 0,
    };
    for path in start.files() {
        let id = disk.new_file();
        disk.record.ids.insert(path.clone(), id);
        if let Some(inode) = inode_of(&root.join(path)) {
            table.files.insert(inode, (disk.key, id));
        }
    }
    disk.record.start = start;
    table.disks.push(disk);
    ATTACHED.fetch_add(1, Ordering::AcqRel);
    Ok(table.last_key)
}

pub(super) fn detach(key: u64) {
    let mut guard = table();
    let table = guard.get_or_insert_default();
    table.disks.retain(|disk| disk.key != key);
    table.files.retain(|_, (disk, _)| *disk != key);
    ATTACHED.fetch_sub(1, Ordering::AcqRel);
}

pub(super) fn with<T>(key: u64, look: impl FnOnce(&mut Watched) -> T) -> T {
    let mut guard = table();
    let disks = &mut guard.get_or_insert_default().disks;
    let disk = disks.iter_mut().find(|disk| disk.key == key);
    look(disk.expect("the disk is attached"))
}

fn inode_of(path: &Path) -> Option<Inode> {
    let found = std::fs::symlink_metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}

impl Table {
    /// The disk on which `path` is, and its path there.
    fn of_path(&mut self, path: &Path) -> Option<(&mut Watched, PathBuf)> {
        let disk = self
            .disks
            .iter_mut()
            .find(|disk| path.starts_with(&disk.root))?;
        let relative = path.strip_prefix(&disk.root).ok()?.to_owned();
        Some((disk, relative))
    }

    /// The disk on which an open file is.
    fn of_file(&mut self, inode: Inode) -> Option<(&mut Watched, FileId)> {
        let (key, id) = *self.files.get(&inode)?;
        let disk = self.disks.iter_mut().find(|disk| disk.key == key)?;
        Some((disk, id))
    }
}

/// How a call that was taken over ends: with what the system answered, or with an error number.
pub(super) type Outcome = Result<i64, i32>;

fn error_of(kind: FaultKind) -> i32 {
    match kind {
        FaultKind::NoSpace => libc::ENOSPC,
        FaultKind::Io => libc::EIO,
    }
}

/// How a file is opened.
#[derive(Clone, Copy)]
pub(super) struct Opening {
    pub(super) create: bool,
    pub(super) truncate: bool,
}

/// Opens `path`; `inode` tells which file an open descriptor is of.
pub(super) fn open(
    path: &Path,
    opening: Opening,
    real: impl FnOnce() -> Outcome,
    inode: impl FnOnce(i64) -> Option<Inode>,
) -> Outcome {
    let mut guard = table();
    let table = guard.get_or_insert_default();
    let Some((disk, relative)) = table.of_path(path) else {
        drop(guard);
        return real();
    };
    let before = std::fs::metadata(path).ok();
    let creates = opening.create && before.is_none();
    let truncates = opening.truncate && before.as_ref().is_some_and(|file| file.len() > 0);
    if !creates && !truncates {
        return real();
    }
    let needs = if creates { Needs::Room } else { Needs::Nothing };
    if let Some(error) = refused(disk, needs) {
        return Err(error);
    }
    let opened = real()?;
    if creates {
        let id = disk.new_file();
        disk.push(Operation::Create(relative, id));
        let key = disk.key;
        if let Some(inode) = inode(opened) {
            table.files.insert(inode, (key, id));
        }
    } else if let Some(file) = before
        && let Some((disk, id)) = table.of_file((file.dev(), file.ino()))
    {
        disk.push(Operation::Resize(id, 0));
    }
    Ok(opened)
}

/// Whether the operation is to fail, and how.
fn refused(disk: &mut Watched, needs: Needs) -> Option<i32> {
    match disk.judge(needs) {
        Verdict::Succeed => None,
        Verdict::Fail(kind) => {
            disk.push(Operation::Nothing);
            Some(error_of(kind))
        }
        Verdict::Halve => {
            disk.push(Operation::Nothing);
            Some(libc::ENOSPC)
        }
    }
}

/// Writes `bytes`; `real` writes the first so many of them.
pub(super) fn write(
    inode: Option<Inode>,
    bytes: &[u8],
    offset: impl FnOnce() -> u64,
    real: impl FnOnce(usize) -> Outcome,
) -> Outcome {
    let mut guard = table();
    let table = guard.get_or_insert_default();
    let Some((disk, file)) = inode.and_then(|inode| table.of_file(inode)) else {
        drop(guard);
        return real(bytes.len());
    };
    let count = match disk.judge(Needs::Room) {
        Verdict::Succeed => bytes.len(),
        Verdict::Halve if bytes.len() > 1 => bytes.len() / 2,
        Verdict::Halve => {
            disk.push(Operation::Nothing);
            return Err(libc::ENOSPC);
        }
        Verdict::Fail(kind) => {
            disk.push(Operation::Nothing);
            return Err(error_of(kind));
        }
    };
    let offset = offset();
    let written = real(count)?;
    let done = usize::try_from(written).unwrap_or(0);
    disk.push(Operation::Write {
        file,
        offset,
        bytes: bytes[..done].to_vec(),
    });
    Ok(written)
}

/// Changes the length of a file.
pub(super) fn resize(inode: Option<Inode>, length: u64, real: impl FnOnce() -> Outcome) -> Outcome {
    let mut guard = table();
    let table = guard.get_or_insert_default();
    let Some((disk, file)) = inode.and_then(|inode| table.of_file(inode)) else {
        drop(guard);
        return real();
    };
    if let Some(error) = refused(disk, Needs::Nothing) {
        return Err(error);
    }
    let done = real()?;
    disk.push(Operation::Resize(file, length));
    Ok(done)
}

/// Flushes a file or a folder; `folder` tells the path of one. It is only recorded.
pub(super) fn flush(
    inode: Option<Inode>,
    folder: impl FnOnce() -> Option<PathBuf>,
    real: impl FnOnce() -> Outcome,
) -> Outcome {
    let mut guard = table();
    let table = guard.get_or_insert_default();
    if let Some((disk, file)) = inode.and_then(|inode| table.of_file(inode)) {
        let failed = match disk.judge(Needs::Nothing) {
            Verdict::Succeed => None,
            Verdict::Fail(kind) => Some(error_of(kind)),
            Verdict::Halve => Some(libc::ENOSPC),
        };
        disk.push(match failed {
            None => Operation::Flush(file),
            Some(_) => Operation::FlushFailed(file),
        });
        return failed.map_or(Ok(0), Err);
    }
    let found = folder();
    let Some((disk, relative)) = found.as_deref().and_then(|path| table.of_path(path)) else {
        drop(guard);
        return real();
    };
    if let Some(error) = refused(disk, Needs::Nothing) {
        return Err(error);
    }
    disk.push(Operation::FlushFolder(relative));
    Ok(0)
}

/// Renames `from` to `to`.
pub(super) fn rename(from: &Path, to: &Path, real: impl FnOnce() -> Outcome) -> Outcome {
    names(to, Needs::Room, real, |disk, to| {
        let from = from.strip_prefix(&disk.root).unwrap_or(from).to_owned();
        Operation::Rename(from, to)
    })
}

/// Makes the folder `path`.
pub(super) fn make_folder(path: &Path, real: impl FnOnce() -> Outcome) -> Outcome {
    if path.exists() {
        return real();
    }
    names(path, Needs::Room, real, |_, path| {
        Operation::MakeFolder(path)
    })
}

/// Removes a file or an empty folder.
pub(super) fn remove(path: &Path, real: impl FnOnce() -> Outcome) -> Outcome {
    let Some(inode) = inode_of(path) else {
        return real();
    };
    let removed = names(path, Needs::Nothing, real, |_, path| {
        Operation::Remove(path)
    });
    if removed.is_ok() {
        // The system may give its number to another file.
        table().get_or_insert_default().files.remove(&inode);
    }
    removed
}

fn names(
    path: &Path,
    needs: Needs,
    real: impl FnOnce() -> Outcome,
    operation: impl FnOnce(&Watched, PathBuf) -> Operation,
) -> Outcome {
    let mut guard = table();
    let table = guard.get_or_insert_default();
    let Some((disk, relative)) = table.of_path(path) else {
        drop(guard);
        return real();
    };
    if let Some(error) = refused(disk, needs) {
        return Err(error);
    }
    let done = real()?;
    let operation = operation(disk, relative);
    disk.push(operation);
    Ok(done)
}
