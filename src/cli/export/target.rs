//! Where an export is written to.
//!
//! May touch: the file that is asked for. Invariant: a file is there in whole or not at all, and what stood
//! there before stays until then.

use std::fs::{File, Metadata};
use std::io::{self, Read as _, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::Failed;
use crate::store::safe_file;
use crate::store::sqlite::inspect::MAGIC;
use crate::store::sqlite::lock::beside;

/// Behind the name of what is not finished.
const UNFINISHED: &str = ".part";

/// Where an export goes.
pub(super) enum Target {
    /// To standard output, or to what is no regular file, such as a pipe.
    Stream(Box<dyn Write>),
    /// Into a file, which gets its name once it is whole.
    File {
        file: File,
        path: PathBuf,
        kept: bool,
    },
}

impl Target {
    /// Opens it; standard output if there is no path.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, Failed> {
        let Some(path) = path else {
            return Ok(Self::Stream(Box::new(io::stdout())));
        };
        Self::at(path).map_err(|error| cannot_be_written(path, &error))
    }

    fn at(path: &Path) -> io::Result<Self> {
        let mut path = path.to_owned();
        match std::fs::metadata(&path) {
            // /dev/stdout, also where that leads into a file.
            Ok(found) if is_standard_output(&found) => {
                return Ok(Self::Stream(Box::new(io::stdout())));
            }
            Ok(found) if found.is_file() => {
                // What a link leads to is replaced, and not the link.
                path = path.canonicalize()?;
                if is_database(&path)? {
                    return Err(io::Error::other("it is a database; write another path"));
                }
            }
            Ok(_) => {
                let stream = File::options().write(true).open(&path)?;
                return Ok(Self::Stream(Box::new(stream)));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && path.is_symlink() => {
                return Err(io::Error::other("it is a link to what is not there"));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        Ok(Self::File {
            file: safe_file::create(&beside(&path, UNFINISHED))?,
            path,
            kept: false,
        })
    }

    /// Gives a file its name.
    pub(super) fn keep(mut self) -> Result<(), Failed> {
        match &mut self {
            Self::Stream(stream) => Ok(stream.flush()?),
            Self::File { file, path, kept } => {
                let renamed = file
                    .sync_all()
                    .and_then(|()| std::fs::rename(beside(path, UNFINISHED), &path));
                renamed.map_err(|error| cannot_be_written(path, &error))?;
                *kept = true;
                Ok(())
            }
        }
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stream(stream) => stream.write(bytes),
            Self::File { file, .. } => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stream(stream) => stream.flush(),
            Self::File { file, .. } => file.flush(),
        }
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if let Self::File {
            path, kept: false, ..
        } = self
        {
            // What is not whole is of no use; left behind, it is in nobody's way.
            let _ = std::fs::remove_file(beside(path, UNFINISHED));
        }
    }
}

fn is_database(path: &Path) -> io::Result<bool> {
    let mut head = Vec::new();
    let magic = MAGIC.len() as u64;
    File::open(path)?.take(magic).read_to_end(&mut head)?;
    Ok(head == MAGIC)
}

fn is_standard_output(found: &Metadata) -> bool {
    let output = rustix::fs::fstat(io::stdout());
    output.is_ok_and(|output| (output.st_dev, output.st_ino) == (found.dev(), found.ino()))
}

fn cannot_be_written(path: &Path, error: &io::Error) -> Failed {
    Failed::Other(format!("{} cannot be written: {error}", path.display()))
}
