//! What was done to a disk, in order, and what is left of it after a loss of power.
//!
//! May touch: files only in [`Image::write_to`] and where a record begins. Invariant: the same record,
//! moment and seed give the same image.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

/// The unit in which a disk writes; a write can be torn between two of them, in bytes.
const SECTOR_BYTES: usize = 512;
/// The end of the name of SQLite's shared memory, which is made anew after a loss of power.
const SHARED_MEMORY: &str = "-shm";

/// A file, whatever its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct FileId(pub(super) u64);

/// An operation. Paths are relative to the disk's folder.
#[derive(Clone, Debug)]
pub(super) enum Operation {
    /// A file was created.
    Create(PathBuf, FileId),
    MakeFolder(PathBuf),
    Write {
        file: FileId,
        offset: u64,
        bytes: Vec<u8>,
    },
    Resize(FileId, u64),
    Rename(PathBuf, PathBuf),
    /// A file or an empty folder was removed.
    Remove(PathBuf),
    Flush(FileId),
    FlushFolder(PathBuf),
    /// A flush failed: what it should have written is not on the disk, and later flushes of the file
    /// do not write it either, because the system takes it for written.
    FlushFailed(FileId),
    /// Was tried and failed without an effect.
    Nothing,
}

impl Operation {
    /// The file whose content it changes.
    fn content_of(&self) -> Option<FileId> {
        match self {
            Self::Write { file, .. } | Self::Resize(file, _) => Some(*file),
            _ => None,
        }
    }

    /// The folder whose names it changes.
    fn names_of(&self) -> Option<&Path> {
        match self {
            Self::Create(path, _)
            | Self::MakeFolder(path)
            | Self::Rename(_, path)
            | Self::Remove(path) => Some(path.parent().unwrap_or(Path::new(""))),
            _ => None,
        }
    }
}

/// What a loss of power leaves of what was not flushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Keep {
    /// All of it: only the process ended.
    All,
    /// None of it.
    Flushed,
    /// Some of it, as this seed says: single writes are lost, kept or torn, in any order; names are
    /// kept up to some moment.
    Some(u64),
}

/// Everything that was done since a disk was attached.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) start: Image,
    /// The files that `start` holds.
    pub(super) ids: BTreeMap<PathBuf, FileId>,
    pub(super) operations: Vec<Operation>,
    /// For each acknowledgement how many operations came before it.
    pub(super) acknowledged: Vec<usize>,
}

impl Record {
    pub(super) fn image(&self, at: usize, keep: Keep) -> (Image, usize) {
        let done = &self.operations[..at.min(self.operations.len())];
        let acknowledged = self.acknowledged.iter().filter(|before| **before <= at);
        (self.replay(done, keep), acknowledged.count())
    }

    fn replay(&self, done: &[Operation], keep: Keep) -> Image {
        let durable = durable(done);
        let mut chance = match keep {
            Keep::Some(seed) => Chance::new(seed),
            Keep::All | Keep::Flushed => Chance::new(0),
        };
        // Names are written in order, through the file system's own log.
        let pending = |at: &usize| done[*at].names_of().is_some() && !durable[*at];
        let pending: Vec<usize> = (0..done.len()).filter(pending).collect();
        let names_kept = match keep {
            Keep::All => pending.len(),
            Keep::Flushed => 0,
            Keep::Some(_) => chance.below(pending.len() + 1),
        };
        let names_end = pending.get(names_kept).copied().unwrap_or(done.len());

        let mut state = State::of(self);
        for (at, operation) in done.iter().enumerate() {
            if operation.names_of().is_some() {
                if durable[at] || at < names_end {
                    state.apply(operation);
                }
            } else if operation.content_of().is_some() {
                match keep {
                    _ if durable[at] => state.apply(operation),
                    Keep::All => state.apply(operation),
                    Keep::Flushed => {}
                    Keep::Some(_) => state.apply_in_part(operation, &mut chance),
                }
            }
        }
        state.into_image()
    }
}

/// For each operation whether a flush has made it durable.
fn durable(done: &[Operation]) -> Vec<bool> {
    let mut durable = vec![false; done.len()];
    let mut contents: HashMap<FileId, Vec<usize>> = HashMap::new();
    let mut names: HashMap<PathBuf, Vec<usize>> = HashMap::new();
    for (at, operation) in done.iter().enumerate() {
        if let Some(file) = operation.content_of() {
            contents.entry(file).or_default().push(at);
        }
        if let Some(folder) = operation.names_of() {
            names.entry(folder.to_owned()).or_default().push(at);
        }
        let flushed = match operation {
            Operation::Flush(file) => contents.remove(file),
            Operation::FlushFolder(folder) => names.remove(folder),
            Operation::FlushFailed(file) => {
                contents.remove(file);
                None
            }
            _ => None,
        };
        for flushed in flushed.into_iter().flatten() {
            durable[flushed] = true;
        }
    }
    durable
}

/// A disk while operations are applied to it.
struct State {
    folders: Vec<PathBuf>,
    names: BTreeMap<PathBuf, FileId>,
    contents: HashMap<FileId, Vec<u8>>,
}

impl State {
    fn of(record: &Record) -> Self {
        let content = |(path, id): (&PathBuf, &FileId)| (*id, record.start.files[path].clone());
        Self {
            folders: record.start.folders.clone(),
            names: record.ids.clone(),
            contents: record.ids.iter().map(content).collect(),
        }
    }

    fn apply(&mut self, operation: &Operation) {
        match operation {
            Operation::Create(path, id) => {
                self.names.insert(path.clone(), *id);
                self.contents.entry(*id).or_default();
            }
            Operation::MakeFolder(path) => self.folders.push(path.clone()),
            Operation::Write {
                file,
                offset,
                bytes,
            } => self.write(*file, *offset, bytes),
            Operation::Resize(file, length) => {
                let content = self.contents.entry(*file).or_default();
                content.resize(as_index(*length), 0);
            }
            Operation::Rename(from, to) => {
                if let Some(id) = self.names.remove(from) {
                    self.names.insert(to.clone(), id);
                }
            }
            Operation::Remove(path) => {
                self.names.remove(path);
                self.folders.retain(|folder| folder != path);
            }
            Operation::Flush(_)
            | Operation::FlushFolder(_)
            | Operation::FlushFailed(_)
            | Operation::Nothing => {}
        }
    }

    fn apply_in_part(&mut self, operation: &Operation, chance: &mut Chance) {
        match (chance.below(8), operation) {
            (0..=2, _) => {}
            (
                3,
                Operation::Write {
                    file,
                    offset,
                    bytes,
                },
            ) => {
                let mut at = *offset;
                for sector in bytes.chunks(SECTOR_BYTES) {
                    if chance.below(2) == 0 {
                        self.write(*file, at, sector);
                    }
                    at += sector.len() as u64;
                }
            }
            _ => self.apply(operation),
        }
    }

    fn write(&mut self, file: FileId, offset: u64, bytes: &[u8]) {
        let content = self.contents.entry(file).or_default();
        let (begin, end) = (as_index(offset), as_index(offset) + bytes.len());
        if content.len() < end {
            content.resize(end, 0);
        }
        content[begin..end].copy_from_slice(bytes);
    }

    fn into_image(self) -> Image {
        let mut image = Image {
            folders: self.folders,
            files: BTreeMap::new(),
        };
        for (path, id) in self.names {
            let is_reached = path.parent().is_none_or(|folder| image.has_folder(folder));
            if is_reached && !path.to_string_lossy().ends_with(SHARED_MEMORY) {
                let content = self.contents.get(&id).cloned().unwrap_or_default();
                image.files.insert(path, content);
            }
        }
        image
    }
}

fn as_index(offset: u64) -> usize {
    usize::try_from(offset).expect("simulated files fit into memory")
}

/// The files and folders of a disk at one moment, without SQLite's shared memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Image {
    folders: Vec<PathBuf>,
    files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Image {
    /// Reads everything below `root`.
    pub(super) fn read(root: &Path) -> io::Result<Self> {
        let mut image = Self::default();
        let mut left = vec![PathBuf::new()];
        while let Some(folder) = left.pop() {
            for entry in std::fs::read_dir(root.join(&folder))? {
                let entry = entry?;
                let path = folder.join(entry.file_name());
                if entry.file_type()?.is_dir() {
                    left.push(path.clone());
                    image.folders.push(path);
                } else {
                    let content = std::fs::read(root.join(&path))?;
                    image.files.insert(path, content);
                }
            }
        }
        image.folders.sort();
        Ok(image)
    }

    /// Writes it into the empty folder `target`.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn write_to(&self, target: &Path) -> io::Result<()> {
        for folder in &self.folders {
            std::fs::create_dir_all(target.join(folder))?;
        }
        for (path, content) in &self.files {
            std::fs::write(target.join(path), content)?;
        }
        Ok(())
    }

    /// A number that images with other contents most likely do not share.
    pub(crate) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }

    pub(super) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.files.keys()
    }

    pub(super) fn compare(&self, root: &Path) -> Result<(), String> {
        let there = Self::read(root).map_err(|error| error.to_string())?;
        let is_file = |path: &&PathBuf| !path.to_string_lossy().ends_with(SHARED_MEMORY);
        let found: Vec<_> = there.files.keys().filter(is_file).collect();
        let expected: Vec<_> = self.files.keys().collect();
        if found != expected {
            return Err(format!(
                "there is {found:?}, and {expected:?} in the record"
            ));
        }
        let differs = |path: &&&PathBuf| there.files[**path] != self.files[**path];
        match found.iter().find(differs) {
            Some(path) => Err(format!("{} differs from the record", path.display())),
            None => Ok(()),
        }
    }

    fn has_folder(&self, folder: &Path) -> bool {
        let mut above = folder
            .ancestors()
            .filter(|folder| !folder.as_os_str().is_empty());
        above.all(|folder| self.folders.iter().any(|known| known == folder))
    }
}

/// Random numbers from a seed (SplitMix64).
#[derive(Clone, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    /// The numbers that `seed` gives.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// The next number below `end`; 0 if `end` is.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let end = (end as u64).max(1);
        usize::try_from(self.next() % end).expect("less than a usize")
    }
}
