//! Statements, and the values that go in and come out of them, whichever engine runs them.
//!
//! May touch: nothing but the domain's types. Invariant: a statement's text is a file under
//! `sql/`, never a string in the code; parameters are written `$1`, `$2`, … in it.

use chrono::{DateTime, Utc};
use serde::{Serialize, de::DeserializeOwned};

use crate::domain::ids;

/// A statement: the name of its file under `sql/` without the ending, and its text.
#[derive(Clone, Copy, Debug)]
pub struct Sql {
    /// `"queue/join"` for `sql/queue/join.sql`; errors name it.
    pub name: &'static str,
    /// The file's content.
    pub text: &'static str,
    /// What PostgreSQL is told instead, in the few cases in which it must be told otherwise.
    pub postgres: Option<&'static str>,
}

impl Sql {
    /// A statement that is the same on every engine.
    pub const fn new(name: &'static str, text: &'static str) -> Self {
        Self {
            name,
            text,
            postgres: None,
        }
    }

    /// Its text for PostgreSQL.
    #[cfg(feature = "postgres")]
    pub(super) fn postgres(self) -> &'static str {
        self.postgres.unwrap_or(self.text)
    }
}

/// The statement in `sql/NAME.sql`, compiled in. `sql!("name", postgres)` where PostgreSQL has a
/// file of its own, `sql/NAME.postgres.sql`.
macro_rules! sql {
    ($name:literal) => {
        $crate::store::sql::Sql::new($name, sql!(file $name, ".sql"))
    };
    ($name:literal, postgres) => {
        $crate::store::sql::Sql {
            postgres: Some(sql!(file $name, ".postgres.sql")),
            ..sql!($name)
        }
    };
    (file $name:literal, $ending:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/", $name, $ending))
    };
}

/// The values of a statement's parameters, in their order.
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::store::sql::Value::from($value)),*] };
}

pub(crate) use {sql, values};

/// A value of a column or a parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// SQL's NULL.
    Null,
    /// A 64-bit integer; also booleans (0, 1), ids, and times (Unix seconds).
    Integer(i64),
    /// Text; also JSON.
    Text(String),
}

/// What can be a parameter of a statement.
macro_rules! value_from {
    ($($type:ty => |$value:ident| $to:expr),* $(,)?) => {
        $(impl From<$type> for Value { fn from($value: $type) -> Self { $to } })*
    };
}

value_from! {
    i64 => |value| Self::Integer(value),
    i32 => |value| Self::Integer(value.into()),
    u32 => |value| Self::Integer(value.into()),
    u8 => |value| Self::Integer(value.into()),
    bool => |value| Self::Integer(value.into()),
    String => |value| Self::Text(value),
    &str => |value| Self::Text(value.to_owned()),
    &String => |value| Self::Text(value.clone()),
    DateTime<Utc> => |value| Self::Integer(value.timestamp()),
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// `value` as JSON text, for a column that holds a list or a structure.
pub(crate) fn json(value: &impl Serialize) -> Value {
    Value::Text(serde_json::to_string(value).expect("our own plain types serialise"))
}

/// One row of an answer, its columns reached by name.
#[derive(Clone, Debug)]
pub struct Row {
    pub(crate) statement: &'static str,
    pub(crate) columns: std::sync::Arc<[String]>,
    pub(crate) values: Vec<Value>,
}

impl Row {
    /// The value of `column`.
    ///
    /// # Errors
    /// [`DbError::Column`] if there is no such column or it does not hold a `T`.
    pub fn get<T: FromValue>(&self, column: &'static str) -> Result<T, DbError> {
        let value = self.value(column)?;
        T::from_value(value).ok_or_else(|| self.unfit(column))
    }

    /// The JSON in `column`.
    ///
    /// # Errors
    /// [`DbError::Column`] if there is no such column or its text is not a `T`.
    pub fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, DbError> {
        let text: String = self.get(column)?;
        serde_json::from_str(&text).map_err(|_| self.unfit(column))
    }

    /// The text in `column`, turned into a `T` by `parse`.
    ///
    /// # Errors
    /// [`DbError::Column`] if there is no such column or `parse` knows no such word.
    pub fn word<T>(
        &self,
        column: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, DbError> {
        let text: String = self.get(column)?;
        parse(&text).ok_or_else(|| self.unfit(column))
    }

    fn value(&self, column: &'static str) -> Result<&Value, DbError> {
        self.columns
            .iter()
            .position(|name| name == column)
            .and_then(|at| self.values.get(at))
            .ok_or_else(|| self.unfit(column))
    }

    fn unfit(&self, column: &'static str) -> DbError {
        DbError::Column {
            statement: self.statement,
            column,
        }
    }
}

/// What a column's value can be read as.
pub trait FromValue: Sized {
    /// `None` if the value is of another kind or out of range.
    fn from_value(value: &Value) -> Option<Self>;
}

macro_rules! ids_as_values {
    ($($id:ident),*) => {
        $(
            impl From<ids::$id> for Value {
                fn from(id: ids::$id) -> Self {
                    Self::Integer(id.0)
                }
            }

            impl FromValue for ids::$id {
                fn from_value(value: &Value) -> Option<Self> {
                    i64::from_value(value).map(Self)
                }
            }
        )*
    };
}

ids_as_values!(
    UserId,
    GuildId,
    ChannelId,
    MessageId,
    EventId,
    InteractionId,
    SessionId,
    CallId,
    AccountId
);

impl FromValue for i64 {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Integer(value) => Some(*value),
            _ => None,
        }
    }
}

impl FromValue for u32 {
    fn from_value(value: &Value) -> Option<Self> {
        i64::from_value(value)?.try_into().ok()
    }
}

impl FromValue for u8 {
    fn from_value(value: &Value) -> Option<Self> {
        i64::from_value(value)?.try_into().ok()
    }
}

impl FromValue for bool {
    fn from_value(value: &Value) -> Option<Self> {
        i64::from_value(value).map(|value| value != 0)
    }
}

impl FromValue for String {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Text(value) => Some(value.clone()),
            _ => None,
        }
    }
}

impl FromValue for DateTime<Utc> {
    fn from_value(value: &Value) -> Option<Self> {
        DateTime::from_timestamp(i64::from_value(value)?, 0)
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::from_value(value).map(Some),
        }
    }
}

/// What can go wrong between a command and its database. A fault, never a person's mistake.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The engine refused or failed a statement.
    #[error("statement {statement}: {source}")]
    Statement {
        /// The statement's name.
        statement: &'static str,
        /// The engine's own error.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A column is missing or holds what the code cannot read.
    #[error("statement {statement}: column {column} is missing or holds an unexpected value")]
    Column {
        /// The statement's name.
        statement: &'static str,
        /// The column's name.
        column: &'static str,
    },
    /// A statement that always gives a row gave none.
    #[error("statement {0}: no row")]
    NoRow(&'static str),
    /// The database did not answer in time, or could not be reached.
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
    /// The database did not say whether a command was committed, and could not be asked.
    #[error("the database did not say whether {command} was committed: {why}")]
    InDoubt {
        /// The command's name, by which its receipt is found.
        command: &'static str,
        /// Why it did not.
        why: String,
    },
    /// Too many others changed the same at the same time; nothing was done.
    #[error("too much is going on at once: {0}")]
    Contended(String),
    /// The transaction could not be begun or committed; nothing of it is kept.
    #[error("the transaction was not committed: {0}")]
    Commit(String),
    /// A command panicked; its changes were rolled back.
    #[error("the command {0} panicked")]
    Panicked(&'static str),
    /// Somebody else does by now what the command is a part of.
    #[error("the lease {0} is another process' by now")]
    NotHeld(&'static str),
    /// The database's file is not at its path any more; nothing was done.
    #[error("the database's file was deleted, moved or replaced")]
    TakenAway,
    /// The store has been closed.
    #[error("the store is closed")]
    Closed,
}
