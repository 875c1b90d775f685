//! A file as one side of a copy.
//!
//! May touch: the file, its lock. Invariant: a source is read in one snapshot and never written; a
//! target is locked against every other writer and written in one transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use super::lock::Lock;
use super::log_pair::require_pair;
use super::transaction::value_of;
use super::{Checkpoints, configure_reader, configure_writer, migrations};
use crate::store::copy::{Column, Fault, Kind, Side, Table, Target, quoted};
use crate::store::sql::Value;

/// The order of texts by their bytes.
const BY_BYTES: &str = "BINARY";
const TABLES: &str = "SELECT name FROM sqlite_schema \
     WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~' AND name <> 'schema_version' \
     ORDER BY name";
const COLUMNS: &str = "SELECT name, type, pk FROM pragma_table_info(?1) ORDER BY name";
const REFERS_TO: &str = "SELECT DISTINCT \"table\" FROM pragma_foreign_key_list(?1)";
const SEQUENCES: &str = "SELECT name, seq FROM sqlite_sequence";
const RAISE: &str = "UPDATE sqlite_sequence SET seq = max(seq, ?2) WHERE name = ?1";
const BEGIN_SEQUENCE: &str = "INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)";
const NEVER_TWICE: &str = "SELECT name FROM sqlite_schema \
     WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%' AND name = ?1";

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self(error.to_string())
    }
}

/// A table of the file that has rows, whatever tables it has; `None` also where there is no file.
pub(in crate::store) fn table_with_rows(path: &Path) -> Result<Option<String>, Fault> {
    if !path
        .try_exists()
        .map_err(|error| Fault(error.to_string()))?
    {
        return Ok(None);
    }
    require_pair(path).map_err(|error| Fault(error.to_string()))?;
    // Not read-only: a copy that was interrupted early leaves a journal that has to be rolled back.
    let db = open_with(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    for name in names(&db)? {
        let text = format!("SELECT 1 FROM {} LIMIT 1", quoted(&name));
        if db.query_row(&text, [], |_| Ok(())).optional()?.is_some() {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// The file, to be read in one snapshot; it must be of the newest schema.
pub(in crate::store) fn source(path: &Path) -> Result<Box<dyn Side>, Fault> {
    let db = open_to_read(path)?;
    let found = migrations::recognise(&db).map_err(|error| Fault(error.to_string()))?;
    if found != Some(migrations::newest()) {
        return Err(Fault(migrations::SchemaError::Older.to_string()));
    }
    // The snapshot is of the first look.
    db.execute_batch("BEGIN")?;
    names(&db)?;
    Ok(Box::new(File { db }))
}

/// The file, to be written; it must be of the newest schema.
pub(in crate::store) fn target(
    path: &Path,
    checkpoints: Checkpoints,
) -> Result<Box<dyn Target>, Fault> {
    let lock = Lock::take(path).map_err(|error| Fault(error.to_string()))?;
    let mut db = Connection::open(path)?;
    configure_writer(&mut db, checkpoints)?;
    // What a row refers to may come after it, as long as it is there in the end.
    db.execute_batch("BEGIN IMMEDIATE; PRAGMA defer_foreign_keys = ON")?;
    Ok(Box::new(Writing {
        file: File { db },
        checkpoints,
        path: path.to_owned(),
        _lock: lock,
    }))
}

fn open_to_read(path: &Path) -> Result<Connection, Fault> {
    open_with(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

fn open_with(path: &Path, access: OpenFlags) -> Result<Connection, Fault> {
    let mut db = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    configure_reader(&mut db)?;
    Ok(db)
}

fn names(db: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = db.prepare(TABLES)?;
    let names = statement.query_map([], |row| row.get(0))?;
    names.collect()
}

struct File {
    db: Connection,
}

impl File {
    fn table(&self, name: String) -> Result<Table, Fault> {
        let mut columns = Vec::new();
        let mut key = BTreeMap::new();
        let mut statement = self.db.prepare_cached(COLUMNS)?;
        let mut rows = statement.query([&name])?;
        while let Some(row) = rows.next()? {
            let (column, kind, place): (String, String, i64) =
                (row.get(0)?, row.get(1)?, row.get(2)?);
            let kind = match kind.as_str() {
                "INTEGER" => Kind::Integer,
                "TEXT" => Kind::Text,
                _ => return Err(Fault(format!("its column {name}.{column} holds {kind}"))),
            };
            if place > 0 {
                key.insert(place, column.clone());
            }
            columns.push(Column { name: column, kind });
        }
        let mut statement = self.db.prepare_cached(REFERS_TO)?;
        let refers_to = statement.query_map([&name], |row| row.get(0))?;
        let refers_to = refers_to.collect::<rusqlite::Result<BTreeSet<String>>>()?;
        Ok(Table {
            name,
            columns,
            key: key.into_values().collect(),
            refers_to,
        })
    }
}

impl Side for File {
    fn tables(&mut self) -> Result<Vec<Table>, Fault> {
        let names = names(&self.db)?;
        names.into_iter().map(|name| self.table(name)).collect()
    }

    fn count(&mut self, table: &Table) -> Result<u64, Fault> {
        let text = format!("SELECT count(*) FROM {}", table.quoted());
        let rows: i64 = self.db.query_row(&text, [], |row| row.get(0))?;
        Ok(rows.unsigned_abs())
    }

    fn read(
        &mut self,
        table: &Table,
        each: &mut dyn FnMut(Vec<Value>) -> bool,
    ) -> Result<(), Fault> {
        let (columns, name) = (table.column_list(), table.quoted());
        let key = table.key_order(BY_BYTES);
        let text = format!("SELECT {columns} FROM {name} ORDER BY {key}");
        let mut statement = self.db.prepare(&text)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let values = (0..table.columns.len()).map(|at| Ok(value_of(row.get_ref(at)?)));
            if !each(values.collect::<rusqlite::Result<_>>()?) {
                break;
            }
        }
        Ok(())
    }

    fn sequences(&mut self) -> Result<BTreeMap<String, i64>, Fault> {
        let mut statement = self.db.prepare(SEQUENCES)?;
        let sequences = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(sequences.collect::<rusqlite::Result<_>>()?)
    }
}

struct Writing {
    file: File,
    checkpoints: Checkpoints,
    path: PathBuf,
    _lock: Lock,
}

impl Side for Writing {
    fn tables(&mut self) -> Result<Vec<Table>, Fault> {
        self.file.tables()
    }

    fn count(&mut self, table: &Table) -> Result<u64, Fault> {
        self.file.count(table)
    }

    fn read(
        &mut self,
        table: &Table,
        each: &mut dyn FnMut(Vec<Value>) -> bool,
    ) -> Result<(), Fault> {
        self.file.read(table, each)
    }

    fn sequences(&mut self) -> Result<BTreeMap<String, i64>, Fault> {
        self.file.sequences()
    }
}

impl Target for Writing {
    fn write(&mut self, table: &Table, rows: &[Vec<Value>]) -> Result<(), Fault> {
        let places: Vec<_> = (1..=table.columns.len()).map(|n| format!("?{n}")).collect();
        let (name, columns, places) = (table.quoted(), table.column_list(), places.join(", "));
        let text = format!("INSERT INTO {name} ({columns}) VALUES ({places})");
        let mut statement = self.file.db.prepare_cached(&text)?;
        for row in rows {
            statement.execute(rusqlite::params_from_iter(row.iter().map(bound)))?;
        }
        Ok(())
    }

    fn raise(&mut self, sequences: &BTreeMap<String, i64>) -> Result<(), Fault> {
        let db = &self.file.db;
        for (name, last) in sequences {
            let known = db.query_row(NEVER_TWICE, [name], |_| Ok(())).optional()?;
            // SQLite begins the others after their last row by itself.
            if known.is_some() && db.execute(RAISE, (name, last))? == 0 {
                db.execute(BEGIN_SEQUENCE, (name, last))?;
            }
        }
        Ok(())
    }

    fn commit(self: Box<Self>) -> Result<(), Fault> {
        self.file.db.execute_batch("COMMIT")?;
        if self.checkpoints == Checkpoints::Own {
            let written_back =
                self.file
                    .db
                    .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
            if let Err(error) = written_back {
                let file = self.path.display();
                tracing::warn!(%error, %file, "the log is kept and read at the next start");
            }
        }
        Ok(())
    }
}

fn bound(value: &Value) -> rusqlite::types::ToSqlOutput<'_> {
    use rusqlite::types::ValueRef;
    let value = match value {
        Value::Null => ValueRef::Null,
        Value::Integer(number) => ValueRef::Integer(*number),
        Value::Text(text) => ValueRef::Text(text.as_bytes()),
    };
    rusqlite::types::ToSqlOutput::Borrowed(value)
}
