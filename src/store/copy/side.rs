//! What a copy needs of an engine.
//!
//! May touch: nothing. Invariant: a side is one snapshot, a target one transaction: what is dropped
//! without [`Target::commit`] has never been.

use std::collections::BTreeMap;
use std::fmt;

use super::Table;
use crate::store::sql::Value;

/// What an engine, or its database, has against it; a sentence without a full stop.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault(pub(in crate::store) String);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A database that is read.
pub(in crate::store) trait Side {
    /// Every table but the one that tells the schema's version, in the order of their names.
    fn tables(&mut self) -> Result<Vec<Table>, Fault>;

    /// How many rows a table has.
    fn count(&mut self, table: &Table) -> Result<u64, Fault>;

    /// Every row, the columns in the order of [`Table::columns`], the rows in that of their primary
    /// key. Ends early when `each` says so.
    fn read(
        &mut self,
        table: &Table,
        each: &mut dyn FnMut(Vec<Value>) -> bool,
    ) -> Result<(), Fault>;

    /// The last number that was given to a row of each table that numbers its rows and never gives
    /// a number twice.
    fn sequences(&mut self) -> Result<BTreeMap<String, i64>, Fault>;
}

/// A database that is written.
pub(in crate::store) trait Target: Side {
    /// Writes rows.
    fn write(&mut self, table: &Table, rows: &[Vec<Value>]) -> Result<(), Fault>;

    /// Sees to it that no new row is given a number up to these, or one that a row has.
    fn raise(&mut self, sequences: &BTreeMap<String, i64>) -> Result<(), Fault>;

    /// Keeps what was written.
    fn commit(self: Box<Self>) -> Result<(), Fault>;
}
