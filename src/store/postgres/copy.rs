//! A server's database as one side of a copy.
//!
//! May touch: the network. Invariant: a source is one REPEATABLE READ snapshot; a target's tables are
//! locked against everybody else until its one transaction ends.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Map, Value as Json};
use tokio_postgres::Row;

use super::address::Address;
use super::link::{Link, Trouble};
use super::{START_WITHIN_S, migrations};
use crate::store::copy::{Column, Fault, Kind, Side, Table, Target, quoted};
use crate::store::sql::Value;

/// Rows that are fetched at once.
const FETCH_ROWS: usize = 1_000;
/// A statement of a copy may take so long, in minutes: the server counts rows, or sorts them.
const STATEMENT_WITHIN_MIN: u64 = 60;
/// The name under which the rows of a table are fetched.
const CURSOR: &str = "copied_rows";

/// The order of texts by their bytes.
const BY_BYTES: &str = "\"C\"";
const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
     SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";
const BEGIN: &str = "BEGIN; SET LOCAL lock_timeout = '10s'; \
     SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";
/// Tables that are neither PostgreSQL's nor an extension's, nor that of the schema's version.
const TABLES: &str = "SELECT c.relname AS name FROM pg_catalog.pg_class c \
     WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') \
     AND c.relname <> 'schema_version' \
     AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_class'::regclass \
                     AND d.objid = c.oid AND d.deptype = 'e') \
     ORDER BY c.relname";
/// The columns of table $1, and where each stands in the primary key, if it does.
const COLUMNS: &str = "SELECT a.attname AS name, format_type(a.atttypid, NULL) AS kind, \
     array_position(i.indkey::INT2[], a.attnum)::BIGINT AS place \
     FROM pg_catalog.pg_attribute a \
     LEFT JOIN pg_catalog.pg_index i ON i.indrelid = a.attrelid AND i.indisprimary \
     WHERE a.attrelid = quote_ident($1)::regclass AND a.attnum > 0 AND NOT a.attisdropped \
     ORDER BY a.attname COLLATE \"C\"";
const REFERS_TO: &str = "SELECT DISTINCT f.relname AS name FROM pg_catalog.pg_constraint k \
     JOIN pg_catalog.pg_class f ON f.oid = k.confrelid \
     WHERE k.contype = 'f' AND k.conrelid = quote_ident($1)::regclass";
/// The columns that are numbered, and the sequence that numbers each.
const IDENTITIES: &str = "SELECT c.relname AS name, a.attname AS col, \
     pg_get_serial_sequence(quote_ident(c.relname), a.attname) AS sequence \
     FROM pg_catalog.pg_class c \
     JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attidentity <> '' \
     WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')";
const RAISE: &str =
    "SELECT setval($1::TEXT::regclass, GREATEST($2::BIGINT, 1), $2::BIGINT > 0) AS now";

impl From<Trouble> for Fault {
    fn from(trouble: Trouble) -> Self {
        Self(trouble.to_string())
    }
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        Self(error.to_string())
    }
}

/// A table of the database that has rows, whatever tables it has.
pub(in crate::store) fn table_with_rows(address: &Address) -> Result<Option<String>, Fault> {
    let mut server = Server::connect(address)?;
    for name in server.names()? {
        let text = format!("SELECT 1 AS one FROM {} LIMIT 1", quoted(&name));
        if !server.link.query(&text, &[])?.is_empty() {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// The database, to be read in one snapshot; it must be of the newest schema.
pub(in crate::store) fn source(address: &Address) -> Result<Box<dyn Side>, Fault> {
    let mut server = Server::connect(address)?;
    let newest = migrations::require_newest(&mut server.link);
    newest.map_err(|error| Fault(error.to_string()))?;
    server.link.run(SNAPSHOT)?;
    Ok(Box::new(server))
}

/// The database, to be written; it must be of the newest schema.
pub(in crate::store) fn target(address: &Address) -> Result<Box<dyn Target>, Fault> {
    let mut server = Server::connect(address)?;
    server.link.run(BEGIN)?;
    let names: Vec<_> = server.names()?.iter().map(|name| quoted(name)).collect();
    let lock = format!("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", names.join(", "));
    server.link.run(&lock)?;
    Ok(Box::new(server))
}

struct Server {
    link: Link,
}

impl Server {
    fn connect(address: &Address) -> Result<Self, Fault> {
        let link = Link::new(Arc::new(address.clone()));
        let mut link = link.map_err(|error| Fault(error.to_string()))?;
        link.allow(Duration::from_secs(STATEMENT_WITHIN_MIN * 60));
        link.connect(Instant::now() + Duration::from_secs(START_WITHIN_S))?;
        Ok(Self { link })
    }

    fn names(&mut self) -> Result<Vec<String>, Fault> {
        let rows = self.link.query(TABLES, &[])?;
        rows.iter().map(|row| Ok(row.try_get("name")?)).collect()
    }

    fn table(&mut self, name: String) -> Result<Table, Fault> {
        let mut columns = Vec::new();
        let mut key = BTreeMap::new();
        for row in self.link.query(COLUMNS, &[Value::from(&name)])? {
            let column: String = row.try_get("name")?;
            let kind: String = row.try_get("kind")?;
            let kind = match kind.as_str() {
                "bigint" | "integer" | "smallint" => Kind::Integer,
                "text" | "character varying" => Kind::Text,
                _ => return Err(Fault(format!("its column {name}.{column} holds {kind}"))),
            };
            if let Some(place) = row.try_get::<_, Option<i64>>("place")? {
                key.insert(place, column.clone());
            }
            columns.push(Column { name: column, kind });
        }
        let refers_to = self.link.query(REFERS_TO, &[Value::from(&name)])?;
        let refers_to = refers_to.iter().map(|row| row.try_get("name"));
        Ok(Table {
            refers_to: refers_to.collect::<Result<_, _>>()?,
            name,
            columns,
            key: key.into_values().collect(),
        })
    }

    fn number(&mut self, text: &str) -> Result<i64, Fault> {
        let rows = self.link.query(text, &[])?;
        let row = rows.first().ok_or(Fault("it answers nothing".into()))?;
        Ok(row.try_get(0)?)
    }

    /// Table, column and sequence of everything that is numbered.
    fn identities(&mut self) -> Result<Vec<(String, String, String)>, Fault> {
        let rows = self.link.query(IDENTITIES, &[])?;
        let of = |row: &Row| -> Result<(String, String, String), Fault> {
            let text = |name| row.try_get::<_, String>(name);
            Ok((text("name")?, text("col")?, text("sequence")?))
        };
        rows.iter().map(of).collect()
    }
}

impl Side for Server {
    fn tables(&mut self) -> Result<Vec<Table>, Fault> {
        let names = self.names()?;
        names.into_iter().map(|name| self.table(name)).collect()
    }

    fn count(&mut self, table: &Table) -> Result<u64, Fault> {
        let text = format!("SELECT count(*) AS rows FROM {}", table.quoted());
        Ok(self.number(&text)?.unsigned_abs())
    }

    fn read(
        &mut self,
        table: &Table,
        each: &mut dyn FnMut(Vec<Value>) -> bool,
    ) -> Result<(), Fault> {
        let (columns, name) = (table.column_list(), table.quoted());
        let key = table.key_order(BY_BYTES);
        self.link.run(&format!(
            "DECLARE {CURSOR} CURSOR FOR SELECT {columns} FROM {name} ORDER BY {key}"
        ))?;
        let fetch = format!("FETCH {FETCH_ROWS} FROM {CURSOR}");
        'all: loop {
            let rows = self.link.query(&fetch, &[])?;
            for row in &rows {
                let values = (0..table.columns.len()).map(|at| row.try_get::<_, Option<Value>>(at));
                let values = values.map(|value| Ok(value?.unwrap_or(Value::Null)));
                if !each(values.collect::<Result<_, tokio_postgres::Error>>()?) {
                    break 'all;
                }
            }
            if rows.len() < FETCH_ROWS {
                break;
            }
        }
        Ok(self.link.run(&format!("CLOSE {CURSOR}"))?)
    }

    fn sequences(&mut self) -> Result<BTreeMap<String, i64>, Fault> {
        let mut sequences = BTreeMap::new();
        for (table, _, sequence) in self.identities()? {
            let last = self.number(&format!(
                "SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END AS last \
                 FROM {sequence}"
            ))?;
            sequences.insert(table, last);
        }
        Ok(sequences)
    }
}

impl Target for Server {
    fn write(&mut self, table: &Table, rows: &[Vec<Value>]) -> Result<(), Fault> {
        let (name, columns) = (table.quoted(), table.column_list());
        let text = format!(
            "INSERT INTO {name} ({columns}) SELECT {columns} \
             FROM json_populate_recordset(NULL::{name}, $1::TEXT::JSON)"
        );
        let rows = rows.iter().map(|row| as_json(table, row)).collect();
        let written = self
            .link
            .execute(&text, &[Value::Text(Json::Array(rows).to_string())]);
        written.map_err(|trouble| Fault(format!("its table {}: {trouble}", table.name)))?;
        Ok(())
    }

    fn raise(&mut self, sequences: &BTreeMap<String, i64>) -> Result<(), Fault> {
        for (table, column, sequence) in self.identities()? {
            let (table_name, column) = (quoted(&table), quoted(&column));
            let last = self.number(&format!(
                "SELECT COALESCE(MAX({column}), 0) AS last FROM {table_name}"
            ))?;
            let last = last.max(sequences.get(&table).copied().unwrap_or(0));
            self.link
                .query(RAISE, &[Value::from(&sequence), Value::from(last)])?;
        }
        Ok(())
    }

    fn commit(mut self: Box<Self>) -> Result<(), Fault> {
        Ok(self.link.run("COMMIT")?)
    }
}

fn as_json(table: &Table, row: &[Value]) -> Json {
    let fields = table.columns.iter().zip(row).map(|(column, value)| {
        let value = match value {
            Value::Null => Json::Null,
            Value::Integer(number) => Json::from(*number),
            Value::Text(text) => Json::from(text.as_str()),
        };
        (column.name.clone(), value)
    });
    Json::Object(fields.collect::<Map<_, _>>())
}
