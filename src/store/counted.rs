//! How many statements commands and questions run, counted for whichever engine runs them.
//!
//! May touch: what it stands in front of. Invariant: it changes nothing, and what a command that
//! panicked had run is counted as well.

use super::sql::{DbError, Row, Sql, Value};
use super::{Question, Read, Transaction};
use crate::metrics::Metrics;

/// The label of what commands run.
pub(super) const COMMANDS: &str = "commands";
/// The label of what questions run.
const QUESTIONS: &str = "questions";

/// A transaction, or a snapshot, of which every statement is counted.
pub(super) struct Counted<'a, T: ?Sized> {
    inner: &'a mut T,
    of: &'static str,
    metrics: &'a Metrics,
    statements: u64,
}

impl<'a, T: ?Sized> Counted<'a, T> {
    pub(super) fn new(inner: &'a mut T, of: &'static str, metrics: &'a Metrics) -> Self {
        Self {
            inner,
            of,
            metrics,
            statements: 0,
        }
    }
}

impl<T: ?Sized> Drop for Counted<'_, T> {
    fn drop(&mut self) {
        self.metrics.ran(self.of, self.statements);
    }
}

impl<T: Read + ?Sized> Read for Counted<'_, T> {
    fn query(&mut self, statement: Sql, values: &[Value]) -> Result<Vec<Row>, DbError> {
        self.statements += 1;
        self.inner.query(statement, values)
    }
}

impl<T: Transaction + ?Sized> Transaction for Counted<'_, T> {
    fn execute(&mut self, statement: Sql, values: &[Value]) -> Result<usize, DbError> {
        self.statements += 1;
        self.inner.execute(statement, values)
    }
}

/// A question of which every statement is counted.
#[derive(Debug)]
pub(super) struct Counting<Q> {
    pub(super) question: Q,
    pub(super) metrics: Metrics,
}

impl<Q: Question> Question for Counting<Q> {
    type Answer = Q::Answer;

    fn ask(&self, db: &mut dyn Read) -> Result<Q::Answer, DbError> {
        let mut counted = Counted::new(db, QUESTIONS, &self.metrics);
        self.question.ask(&mut counted)
    }
}
