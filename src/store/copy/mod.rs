//! Copying all that is remembered from one database into another one, of whichever engine.
//!
//! May touch: two databases, through their engines. Invariant: it is all there, and the same, or
//! nothing of it is: the target is read back and compared before its one transaction is committed.
//!
//! Which tables and columns there are is read from the databases, so that none can be forgotten. Only
//! what is of the processes that run on a database, and not of what it remembers, is left out.

mod checksum;
mod side;
mod tables;

use std::path::Path;

use chrono::{DateTime, Utc};

pub use checksum::Sum;
use checksum::Summing;
pub use side::Fault;
pub(in crate::store) use side::{Side, Target};
pub(in crate::store) use tables::{Column, Kind, Table, quoted};
use tables::{in_order, remembered, same_tables};

#[cfg(feature = "postgres")]
use super::postgres;
use super::sql::Value;
use super::sqlite::{self, Checkpoints};
use super::{OpenError, Place};

/// Rows that are written at once.
const BATCH_MAX_ROWS: usize = 500;
/// How often it is told how far it is, in rows.
const TELL_EVERY_ROWS: u64 = 1_000;

/// Why nothing was copied, or that it was not the same. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The database to copy from.
    #[error("{place} cannot be copied from: {fault}")]
    Source {
        /// Where it is.
        place: String,
        /// What is wrong.
        fault: Fault,
    },
    /// The database to copy to.
    #[error("{place} cannot be copied to: {fault}; nothing was changed in it")]
    Target {
        /// Where it is.
        place: String,
        /// What is wrong.
        fault: Fault,
    },
    /// The target could not be brought up to date.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Both are the same.
    #[error("{0} cannot be copied to itself")]
    Itself(String),
    /// There is something in the target.
    #[error(
        "{place} is not empty: its table {table} has rows; copy into a new database, or remove what \
         is in it first"
    )]
    NotEmpty {
        /// Where it is.
        place: String,
        /// The first table with something in it.
        table: String,
    },
    /// The two have other tables, though both are up to date.
    #[error("the two databases are not of the same make: {0}")]
    Unlike(String),
    /// What was written is not what was read.
    #[error(
        "the table {table} is not the same in both: {from} there, {to} here; nothing of the copy was \
         kept"
    )]
    Differs {
        /// The table.
        table: String,
        /// What is in the source.
        from: Sum,
        /// What is in the target.
        to: Sum,
    },
    /// Somebody did not want to wait.
    #[error("interrupted; nothing of the copy was kept, and it can be begun again")]
    Interrupted,
}

/// How far a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Whether rows are copied; else they are compared.
    pub copying: bool,
    /// Rows that are done.
    pub done: u64,
    /// All rows.
    pub all: u64,
}

/// A table, and what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Its name.
    pub table: String,
    /// What is in it.
    pub sum: Sum,
}

/// A table, and what is in it in each of two databases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// Its name.
    pub table: String,
    /// What is in the first one.
    pub from: Sum,
    /// What is in the second one.
    pub to: Sum,
}

/// Told how far it is; `false` if it is to end.
pub type Tell<'t> = &'t mut dyn FnMut(Progress) -> bool;

/// Copies everything from a snapshot of `from` into the empty database `to`, which is made if it is
/// a file that is not there, and brought up to date. Blocks, for as long as that takes.
///
/// # Errors
/// [`CopyError`]; nothing of it is in `to` then.
pub fn copy(
    from: &Place,
    to: &Place,
    how: &How<'_>,
    tell: Tell<'_>,
) -> Result<Vec<Copied>, CopyError> {
    refuse_itself(from, to)?;
    let mut source = open(from)?;
    refuse_rows(to)?;
    let migrated = super::migrate(to, how.backups, how.now, how.checkpoints);
    how.runtime.block_on(migrated)?;
    let mut target = open_target(to, how.checkpoints)?;
    let copied = Copying {
        source: source.as_mut(),
        target: target.as_mut(),
        from,
        to,
        tell,
        done: 0,
        all: 0,
    }
    .all()?;
    target.commit().map_err(at_target(to))?;
    Ok(copied)
}

/// What a copy needs to know besides.
pub struct How<'h> {
    /// Where a file is backed up before a migration touches it.
    pub backups: &'h Path,
    /// What time it is.
    pub now: DateTime<Utc>,
    /// Who moves a file's log into it.
    pub checkpoints: Checkpoints,
    /// Where what is waited for is waited for.
    pub runtime: tokio::runtime::Handle,
}

/// Compares what is in snapshots of two databases; changes nothing. Blocks.
///
/// # Errors
/// [`CopyError`], if one cannot be read or has other tables. What differs is no error.
pub fn compare(from: &Place, to: &Place, tell: Tell<'_>) -> Result<Vec<Compared>, CopyError> {
    refuse_itself(from, to)?;
    let (mut first, mut second) = (open(from)?, open(to)?);
    let ours = first.tables().map_err(at_source(from))?;
    let theirs = second.tables().map_err(at_source(to))?;
    let tables = remembered(same_tables(ours, theirs).map_err(CopyError::Unlike)?);
    let mut all = 0;
    for table in &tables {
        all += first.count(table).map_err(at_source(from))?;
        all += second.count(table).map_err(at_source(to))?;
    }
    let mut done = 0;
    let mut compared = Vec::new();
    for table in &tables {
        let mut each = |rows| {
            done += rows;
            tell(Progress {
                copying: false,
                done,
                all,
            })
        };
        compared.push(Compared {
            table: table.name.clone(),
            from: sum(first.as_mut(), table, &mut each, at_source(from))?,
            to: sum(second.as_mut(), table, &mut each, at_source(to))?,
        });
    }
    Ok(compared)
}

fn at_source(place: &Place) -> impl Fn(Fault) -> CopyError {
    let place = place.to_string();
    move |fault| CopyError::Source {
        place: place.clone(),
        fault,
    }
}

fn at_target(place: &Place) -> impl Fn(Fault) -> CopyError {
    let place = place.to_string();
    move |fault| CopyError::Target {
        place: place.clone(),
        fault,
    }
}

fn refuse_itself(from: &Place, to: &Place) -> Result<(), CopyError> {
    let same = match (from.file(), to.file()) {
        (Some(from), Some(to)) => match (from.canonicalize(), to.canonicalize()) {
            (Ok(from), Ok(to)) => from == to,
            _ => from == to,
        },
        _ => from.to_string() == to.to_string(),
    };
    match same {
        true => Err(CopyError::Itself(from.to_string())),
        false => Ok(()),
    }
}

/// Refuses a target with something in it before its schema is touched.
fn refuse_rows(to: &Place) -> Result<(), CopyError> {
    let found = match to {
        Place::File(path) | Place::Playground { path, .. } => sqlite::copy::table_with_rows(path),
        #[cfg(feature = "postgres")]
        Place::Server(address) => postgres::copy::table_with_rows(address),
    };
    match found.map_err(at_target(to))? {
        None => Ok(()),
        Some(table) => Err(CopyError::NotEmpty {
            place: to.to_string(),
            table,
        }),
    }
}

fn open(place: &Place) -> Result<Box<dyn Side>, CopyError> {
    let opened: Result<Box<dyn Side>, Fault> = match place {
        Place::File(path) | Place::Playground { path, .. } => sqlite::copy::source(path),
        #[cfg(feature = "postgres")]
        Place::Server(address) => postgres::copy::source(address),
    };
    opened.map_err(at_source(place))
}

fn open_target(place: &Place, checkpoints: Checkpoints) -> Result<Box<dyn Target>, CopyError> {
    let opened: Result<Box<dyn Target>, Fault> = match place {
        Place::File(path) | Place::Playground { path, .. } => {
            sqlite::copy::target(path, checkpoints)
        }
        #[cfg(feature = "postgres")]
        Place::Server(address) => postgres::copy::target(address),
    };
    opened.map_err(at_target(place))
}

/// What is in a table. `each` is told of so many rows more, and says whether to go on.
fn sum(
    side: &mut dyn Side,
    table: &Table,
    each: &mut dyn FnMut(u64) -> bool,
    failed: impl Fn(Fault) -> CopyError,
) -> Result<Sum, CopyError> {
    let mut summing = Summing::default();
    let mut untold = 0;
    let mut go_on = true;
    let read = side.read(table, &mut |row: Vec<Value>| {
        summing.add(&row);
        untold += 1;
        if untold == TELL_EVERY_ROWS {
            go_on = each(untold);
            untold = 0;
        }
        go_on
    });
    read.map_err(failed)?;
    match go_on && each(untold) {
        true => Ok(summing.sum()),
        false => Err(CopyError::Interrupted),
    }
}

/// A copy under way.
struct Copying<'c> {
    source: &'c mut dyn Side,
    target: &'c mut dyn Target,
    from: &'c Place,
    to: &'c Place,
    tell: Tell<'c>,
    done: u64,
    all: u64,
}

impl Copying<'_> {
    fn all(mut self) -> Result<Vec<Copied>, CopyError> {
        let ours = self.source.tables().map_err(at_source(self.from))?;
        let theirs = self.target.tables().map_err(at_target(self.to))?;
        let tables = same_tables(ours, theirs).map_err(CopyError::Unlike)?;
        let tables = in_order(remembered(tables)).map_err(CopyError::Unlike)?;
        for table in &tables {
            self.all += self.source.count(table).map_err(at_source(self.from))?;
            // Somebody may have been quicker than we were.
            if self.target.count(table).map_err(at_target(self.to))? > 0 {
                let (place, table) = (self.to.to_string(), table.name.clone());
                return Err(CopyError::NotEmpty { place, table });
            }
        }
        let sums = tables.iter().map(|table| self.pour(table));
        let sums = sums.collect::<Result<Vec<_>, _>>()?;
        let sequences = self.source.sequences().map_err(at_source(self.from))?;
        self.target.raise(&sequences).map_err(at_target(self.to))?;
        self.read_back(&tables, &sums)?;
        let copied = tables.into_iter().zip(sums).map(|(table, sum)| Copied {
            table: table.name,
            sum,
        });
        Ok(copied.collect())
    }

    /// Copies one table; what was read of it.
    fn pour(&mut self, table: &Table) -> Result<Sum, CopyError> {
        let mut summing = Summing::default();
        let mut batch = Vec::with_capacity(BATCH_MAX_ROWS);
        let mut ended = None;
        let (target, tell, to, all) = (&mut *self.target, &mut *self.tell, self.to, self.all);
        let done = &mut self.done;
        let mut write = |batch: &mut Vec<Vec<Value>>| {
            *done += batch.len() as u64;
            target.write(table, batch).map_err(at_target(to))?;
            batch.clear();
            let progress = Progress {
                copying: true,
                done: *done,
                all,
            };
            match tell(progress) {
                true => Ok(()),
                false => Err(CopyError::Interrupted),
            }
        };
        let read = self.source.read(table, &mut |row| {
            summing.add(&row);
            batch.push(row);
            if batch.len() == BATCH_MAX_ROWS {
                ended = write(&mut batch).err();
            }
            ended.is_none()
        });
        read.map_err(at_source(self.from))?;
        match ended {
            Some(error) => return Err(error),
            None if batch.is_empty() => {}
            None => write(&mut batch)?,
        }
        Ok(summing.sum())
    }

    /// Compares what the target has now with what was read from the source.
    fn read_back(&mut self, tables: &[Table], sums: &[Sum]) -> Result<(), CopyError> {
        let mut done = 0;
        for (table, from) in tables.iter().zip(sums) {
            let (tell, all) = (&mut *self.tell, self.all);
            let mut each = |rows| {
                done += rows;
                tell(Progress {
                    copying: false,
                    done,
                    all,
                })
            };
            let to = sum(&mut *self.target, table, &mut each, at_target(self.to))?;
            if to != *from {
                return Err(CopyError::Differs {
                    table: table.name.clone(),
                    from: from.clone(),
                    to,
                });
            }
        }
        Ok(())
    }
}
