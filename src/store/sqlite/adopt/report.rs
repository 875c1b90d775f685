//! The report of an adoption: a line of JSON for each value that could not be kept as it was.
//!
//! May touch: the backup folder. Invariant: the report is on disk before the adoption is
//! committed, so that nothing is changed or left out silently; without anything to report there
//! is no file.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value as Json;

use crate::store::safe_file;

/// A report that is being written.
pub(super) struct Report {
    path: PathBuf,
    /// Opened with the first line.
    file: Option<BufWriter<File>>,
    lines: u64,
    /// What failed first; told at the end, so that a line needs no answer.
    failed: Option<io::Error>,
}

/// What stood where, and what became of it.
#[derive(Serialize)]
struct Line<'a> {
    table: &'a str,
    /// The row's number; the name, of something that is no row.
    id: Json,
    column: &'a str,
    old: Json,
    done: &'a str,
}

impl Report {
    /// A report that will stand at `path`.
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            file: None,
            lines: 0,
            failed: None,
        }
    }

    /// Where it will stand.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Lines so far.
    pub(super) fn lines(&self) -> u64 {
        self.lines
    }

    /// Adds a line: what stood where, and what became of it.
    pub(super) fn add(
        &mut self,
        table: &str,
        id: impl Into<Json>,
        column: &str,
        old: Json,
        done: &str,
    ) {
        self.lines += 1;
        let line = Line {
            table,
            id: id.into(),
            column,
            old,
            done,
        };
        if self.failed.is_none()
            && let Err(error) = self.write(&line)
        {
            self.failed = Some(error);
        }
    }

    /// Brings it to disk under its name. `None` if there was nothing to report.
    pub(super) fn finish(&mut self) -> io::Result<Option<PathBuf>> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let Some(file) = self.file.take() else {
            return Ok(None);
        };
        file.into_inner()
            .map_err(io::IntoInnerError::into_error)?
            .sync_all()?;
        std::fs::rename(self.unfinished(), &self.path)?;
        if let Some(folder) = self.path.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(Some(self.path.clone()))
    }

    /// Takes it away: what it tells of has not happened.
    pub(super) fn discard(&mut self) {
        self.file = None;
        for path in [self.unfinished(), self.path.clone()] {
            // Not there is as good.
            let _ = std::fs::remove_file(path);
        }
    }

    fn write(&mut self, line: &Line<'_>) -> io::Result<()> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => BufWriter::new(safe_file::create(&self.unfinished())?),
        };
        serde_json::to_writer(&mut file, line)?;
        file.write_all(b"\n")?;
        self.file = Some(file);
        Ok(())
    }

    fn unfinished(&self) -> PathBuf {
        self.path.with_extension("jsonl.part")
    }
}
