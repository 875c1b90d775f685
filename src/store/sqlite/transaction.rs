//! A SQLite connection, seen through the commands' small interface.
//!
//! May touch: rusqlite. Invariant: parameters are bound by their names (`$1`, `$2`, …), so that
//! a statement may use them in any order, as it may on every other engine.

use std::sync::Arc;

use rusqlite::{Connection, Statement, types::ValueRef};

use super::super::{
    DbError, Read, Transaction,
    sql::{Row, Sql, Value},
};

/// The transaction or snapshot that is open on a connection.
pub(super) struct Open<'c>(pub(super) &'c Connection);

impl Read for Open<'_> {
    fn query(&mut self, statement: Sql, values: &[Value]) -> Result<Vec<Row>, DbError> {
        query(self.0, statement, values).map_err(|source| failed(statement, source))
    }
}

impl Transaction for Open<'_> {
    fn execute(&mut self, statement: Sql, values: &[Value]) -> Result<usize, DbError> {
        execute(self.0, statement, values).map_err(|source| failed(statement, source))
    }
}

fn failed(statement: Sql, source: rusqlite::Error) -> DbError {
    DbError::Statement {
        statement: statement.name,
        source: Box::new(source),
    }
}

fn query(db: &Connection, sql: Sql, values: &[Value]) -> rusqlite::Result<Vec<Row>> {
    let mut statement = db.prepare_cached(sql.text)?;
    bind(&mut statement, values)?;
    let columns: Arc<[String]> = statement
        .column_names()
        .into_iter()
        .map(String::from)
        .collect();
    let mut found = Vec::new();
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        let values = (0..columns.len()).map(|at| Ok(value_of(row.get_ref(at)?)));
        found.push(Row {
            statement: sql.name,
            columns: columns.clone(),
            values: values.collect::<rusqlite::Result<_>>()?,
        });
    }
    Ok(found)
}

fn execute(db: &Connection, sql: Sql, values: &[Value]) -> rusqlite::Result<usize> {
    let mut statement = db.prepare_cached(sql.text)?;
    bind(&mut statement, values)?;
    statement.raw_execute()
}

fn bind(statement: &mut Statement<'_>, values: &[Value]) -> rusqlite::Result<()> {
    for (number, value) in (1..).zip(values) {
        let name = format!("${number}");
        let index = statement
            .parameter_index(&name)?
            .ok_or(rusqlite::Error::InvalidParameterName(name))?;
        match value {
            Value::Null => statement.raw_bind_parameter(index, rusqlite::types::Null)?,
            Value::Integer(value) => statement.raw_bind_parameter(index, value)?,
            Value::Text(value) => statement.raw_bind_parameter(index, value)?,
        }
    }
    Ok(())
}

/// The schema is STRICT and has neither reals nor blobs; what an expression gives as one is read
/// as text, which no getter of a number accepts.
pub(super) fn value_of(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Integer(value),
        ValueRef::Real(value) => Value::Text(value.to_string()),
        ValueRef::Text(value) | ValueRef::Blob(value) => {
            Value::Text(String::from_utf8_lossy(value).into_owned())
        }
    }
}
