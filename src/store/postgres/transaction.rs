//! A transaction on a PostgreSQL connection, seen through the commands' small interface.
//!
//! May touch: the connection. Invariant: the first error ends the transaction, whatever the
//! command makes of it, as it does in PostgreSQL itself.

use std::error::Error;
use std::sync::Arc;

use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use super::link::{Link, Trouble};
use crate::store::sql::{Row, Sql, Value};
use crate::store::{DbError, Read, Transaction};

/// The transaction or snapshot that is open on a connection.
pub(super) struct Open<'l> {
    link: &'l mut Link,
    /// The first error; the transaction cannot be committed then.
    pub(super) trouble: Option<Trouble>,
}

impl<'l> Open<'l> {
    pub(super) fn on(link: &'l mut Link) -> Self {
        Self {
            link,
            trouble: None,
        }
    }

    fn ask<T>(
        &mut self,
        statement: Sql,
        ask: impl FnOnce(&mut Link) -> Result<T, Trouble>,
    ) -> Result<T, DbError> {
        let failed = |source: String| DbError::Statement {
            statement: statement.name,
            source: source.into(),
        };
        if let Some(trouble) = &self.trouble {
            return Err(failed(trouble.to_string()));
        }
        ask(self.link).map_err(|trouble| {
            let error = failed(trouble.to_string());
            self.trouble = Some(trouble);
            error
        })
    }
}

impl Read for Open<'_> {
    fn query(&mut self, statement: Sql, values: &[Value]) -> Result<Vec<Row>, DbError> {
        let text = statement.postgres();
        let found = self.ask(statement, |link| link.query(text, values))?;
        let Some(first) = found.first() else {
            return Ok(Vec::new());
        };
        let columns = first
            .columns()
            .iter()
            .map(|column| column.name().to_owned());
        let columns: Arc<[String]> = columns.collect();
        let row = |found: &tokio_postgres::Row| {
            let values = (0..columns.len()).map(|at| found.try_get::<_, Option<Value>>(at));
            let values = values.map(|value| Ok(value?.unwrap_or(Value::Null)));
            Ok(Row {
                statement: statement.name,
                columns: columns.clone(),
                values: values.collect::<Result<_, tokio_postgres::Error>>()?,
            })
        };
        let rows: Result<_, tokio_postgres::Error> = found.iter().map(row).collect();
        rows.map_err(|source| DbError::Statement {
            statement: statement.name,
            source: source.into(),
        })
    }
}

impl Transaction for Open<'_> {
    fn execute(&mut self, statement: Sql, values: &[Value]) -> Result<usize, DbError> {
        let text = statement.postgres();
        let changed = self.ask(statement, |link| link.execute(text, values))?;
        Ok(usize::try_from(changed).unwrap_or(usize::MAX))
    }
}

impl ToSql for Value {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => return Ok(IsNull::Yes),
            Self::Integer(value) => out.extend_from_slice(&value.to_be_bytes()),
            Self::Text(value) => out.extend_from_slice(value.as_bytes()),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(of: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(match *of {
            Type::INT8 => Self::Integer(i64::from_sql(of, raw)?),
            Type::INT4 => Self::Integer(i32::from_sql(of, raw)?.into()),
            Type::INT2 => Self::Integer(i16::from_sql(of, raw)?.into()),
            Type::BOOL => Self::Integer(bool::from_sql(of, raw)?.into()),
            _ => Self::Text(String::from_sql(of, raw)?),
        })
    }

    /// What is none of these would be read otherwise by the other engine; a sum, for example, is
    /// to be cast to BIGINT.
    fn accepts(of: &Type) -> bool {
        matches!(*of, Type::INT8 | Type::INT4 | Type::INT2 | Type::BOOL)
            || <String as FromSql>::accepts(of)
    }
}
