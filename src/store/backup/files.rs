//! Small things to do with backups' files: removing, flushing, compressing.
//!
//! May touch: files. Invariant: a file under its final name is complete and flushed.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use crate::store::safe_file;
use crate::store::sqlite::inspect::Unfit;

/// What a zstd file begins with.
const ZSTD_MAGIC: [u8; 4] = 0xFD2F_B528_u32.to_le_bytes();
/// zstd's own default: fast, and already most of what there is to gain.
const ZSTD_LEVEL: i32 = 3;
/// How many times as large as its compressed file a database is at most, whatever was written down. Full of
/// text it is ten times as large; a file of nothing but zeros, which is none, some ten thousand times.
const RATIO_MAX: u64 = 1_000;
/// What any compressed file may decompress to, in bytes.
const DECOMPRESSED_MIN_BYTES: u64 = 16 * 1024 * 1024;
/// What is read or written at a time, in bytes.
pub(crate) const CHUNK_BYTES: usize = 256 * 1024;

/// Removes a file that may not be there.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Only who runs the bot uses the folders that it makes.
const FOLDER_MODE: u32 = 0o700;

/// Creates `folder` and those above it that are missing, for their owner only, so that they survive the loss
/// of power.
pub(crate) fn create_folder(folder: &Path) -> io::Result<()> {
    let is_missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    let missing: Vec<_> = folder.ancestors().take_while(is_missing).collect();
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true).mode(FOLDER_MODE).create(folder)?;
    if missing.is_empty() {
        // An earlier process may have been stopped before it flushed the name. What is above may be
        // nothing that this one can open.
        let _ = sync_folder_of(folder);
    }
    missing.into_iter().rev().try_for_each(sync_folder_of)
}

/// Flushes the folder in which `path` is, so that a rename in it survives the loss of power.
pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    File::open(folder)?.sync_all()
}

/// Whether a file is compressed, by what is in it and not by its name.
pub(crate) fn is_compressed(path: &Path) -> io::Result<bool> {
    let mut head = Vec::new();
    let magic = ZSTD_MAGIC.len() as u64;
    File::open(path)?.take(magic).read_to_end(&mut head)?;
    Ok(head == ZSTD_MAGIC)
}

/// Compresses `source` into the new file `target`, reads it back, and flushes it.
pub(crate) fn compress(source: &Path, target: &Path) -> Result<(), Unfit> {
    let file = safe_file::create_new(target)?;
    let mut encoder = zstd::Encoder::new(BufWriter::new(&file), ZSTD_LEVEL)?;
    encoder.include_checksum(true)?;
    io::copy(&mut File::open(source)?, &mut encoder)?;
    encoder.finish()?.flush()?;
    file.sync_all()?;
    if std::fs::metadata(source)?.len() > decompressed_max(target, None)? {
        return Err(Unfit::Differs(
            "it is almost empty, and compressed to so little that nobody would decompress it again; run `optimize`, \
             or set BACKUP_COMPRESS=false"
                .into(),
        ));
    }
    let mut decoded = zstd::Decoder::new(File::open(target)?)?;
    if !same(&mut decoded, &mut BufReader::new(File::open(source)?))? {
        return Err(Unfit::Differs("it decompresses to something else".into()));
    }
    Ok(())
}

/// How large the database in the compressed file `source` may be, in bytes: no larger than `known`, nor than a
/// database can be that was compressed to this.
pub(crate) fn decompressed_max(source: &Path, known: Option<u64>) -> io::Result<u64> {
    let compressed = std::fs::metadata(source)?.len();
    let by_ratio = compressed
        .saturating_mul(RATIO_MAX)
        .max(DECOMPRESSED_MIN_BYTES);
    Ok(known.map_or(by_ratio, |known| known.min(by_ratio)))
}

/// Decompresses `source` into the new file `target`, of `max_bytes` at most.
pub(crate) fn decompress(source: &Path, target: &Path, max_bytes: u64) -> Result<(), Unfit> {
    let mut file = safe_file::create_new(target)?;
    let mut decoder = zstd::Decoder::new(File::open(source)?)?;
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut written = 0;
    loop {
        // Reading fails if it is damaged, writing if the disk is full: not the same thing.
        let read = decoder
            .read(&mut chunk)
            .map_err(|error| Unfit::Damaged(format!("it does not decompress: {error}")))?;
        if read == 0 {
            return Ok(());
        }
        written += read as u64;
        if written > max_bytes {
            return Err(Unfit::Damaged(format!(
                "it decompresses to more than the {max_bytes} bytes that can be in it; if you know where it is from \
                 and trust it, decompress it with `zstd -d` and restore the result"
            )));
        }
        file.write_all(&chunk[..read])?;
    }
}

fn same(one: &mut impl Read, other: &mut impl Read) -> io::Result<bool> {
    let (mut left, mut right) = (vec![0; CHUNK_BYTES], vec![0; CHUNK_BYTES]);
    loop {
        let read = one.read(&mut left)?;
        if read == 0 {
            return Ok(other.read(&mut right)? == 0);
        }
        match other.read_exact(&mut right[..read]) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            Err(error) => return Err(error),
            Ok(()) if left[..read] != right[..read] => return Ok(false),
            Ok(()) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifest_allows_no_more_than_the_ratio_does() {
        const COMPRESSED_BYTES: u64 = 97 * 1024;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bomb.db.zst");
        std::fs::write(&path, vec![0; COMPRESSED_BYTES as usize]).unwrap();
        let max = |known| decompressed_max(&path, known).unwrap();
        assert_eq!(max(None), COMPRESSED_BYTES * RATIO_MAX);
        assert_eq!(max(Some(3_000_000_000)), COMPRESSED_BYTES * RATIO_MAX);
        assert_eq!(max(Some(4_096)), 4_096);
    }

    #[test]
    fn what_could_not_be_decompressed_again_is_not_compressed() {
        let folder = tempfile::tempdir().unwrap();
        let [plain, compressed] = ["plain", "compressed"].map(|name| folder.path().join(name));
        std::fs::write(&plain, vec![0; 2 * DECOMPRESSED_MIN_BYTES as usize]).unwrap();
        let told = compress(&plain, &compressed).unwrap_err().to_string();
        assert!(told.contains("BACKUP_COMPRESS"), "{told}");
    }
}
