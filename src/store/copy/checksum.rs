//! A checksum over rows that is the same on every engine.
//!
//! Pure. Invariant: two lists of rows that differ in anything, be it a NULL for an empty text or the
//! place where one value ends, are written differently.

use std::fmt;

use crate::store::sql::Value;

/// How many rows there are, and a checksum over them in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum {
    /// How many.
    pub rows: u64,
    /// SHA-256 over their canonical form, in hexadecimal digits.
    pub checksum: String,
}

/// Digits of a checksum that are printed.
const SHOWN_DIGITS: usize = 16;

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.checksum.get(..SHOWN_DIGITS);
        write!(f, "{} rows, {}", self.rows, shown.unwrap_or(&self.checksum))
    }
}

/// A sum in the making.
pub(super) struct Summing {
    rows: u64,
    digest: ring::digest::Context,
}

impl Default for Summing {
    fn default() -> Self {
        Self {
            rows: 0,
            digest: ring::digest::Context::new(&ring::digest::SHA256),
        }
    }
}

impl Summing {
    /// One row more. A NULL is `n`, a number `i` with its digits and `;`, a text `t` with its length
    /// in bytes, `:` and itself; a row ends with `.`.
    pub(super) fn add(&mut self, row: &[Value]) {
        self.rows += 1;
        for value in row {
            match value {
                Value::Null => self.digest.update(b"n"),
                Value::Integer(number) => self.digest.update(format!("i{number};").as_bytes()),
                Value::Text(text) => {
                    self.digest.update(format!("t{}:", text.len()).as_bytes());
                    self.digest.update(text.as_bytes());
                }
            }
        }
        self.digest.update(b".");
    }

    pub(super) fn sum(self) -> Sum {
        let digest = self.digest.finish();
        let digits = digest.as_ref().iter().map(|byte| format!("{byte:02x}"));
        Sum {
            rows: self.rows,
            checksum: digits.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rows: &[&[Value]]) -> Sum {
        let mut summing = Summing::default();
        rows.iter().for_each(|row| summing.add(row));
        summing.sum()
    }

    #[test]
    fn whatever_differs_makes_another_checksum() {
        let text = |text: &str| Value::Text(text.into());
        let (null, one) = (Value::Null, Value::Integer(1));
        let all: [&[&[Value]]; 10] = [
            &[],
            &[&[]],
            &[&[null.clone()]],
            &[&[text("")]],
            &[&[one.clone()]],
            &[&[text("1")]],
            &[&[text("i1;")]],
            &[&[text("a"), text("b")]],
            &[&[text("ab"), text("")]],
            &[&[text("a")], &[text("b")]],
        ];
        for (at, first) in all.iter().enumerate() {
            assert_eq!(of(first), of(first));
            for second in &all[at + 1..] {
                assert_ne!(
                    of(first).checksum,
                    of(second).checksum,
                    "{first:?} {second:?}"
                );
            }
        }
    }
}
