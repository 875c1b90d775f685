//! The tables of two databases, side by side.
//!
//! Pure. Invariant: a table or a column that only one of them has, or has otherwise, is told, never
//! left out.

use std::collections::BTreeSet;

/// What is of the processes that run on a database, and not of what it remembers: elsewhere other
/// processes run, or, on a file, none that would ever give up what is claimed.
const OF_PROCESSES: [&str; 4] = ["identify_buckets", "leases", "processes", "shard_holders"];
/// Likewise, as tables and their columns, which may be NULL.
const COLUMNS_OF_PROCESSES: [(&str, &str); 2] =
    [("installation", "incarnation"), ("outbox", "claimed_by")];

/// A table, as an engine describes it in its own catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct Table {
    pub(in crate::store) name: String,
    /// In the order of their names.
    pub(in crate::store) columns: Vec<Column>,
    /// The columns of its primary key, in their order in it.
    pub(in crate::store) key: Vec<String>,
    /// The tables that its rows refer to.
    pub(in crate::store) refers_to: BTreeSet<String>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct Column {
    pub(in crate::store) name: String,
    pub(in crate::store) kind: Kind,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Kind {
    Integer,
    Text,
}

impl Table {
    /// Its name, quoted.
    pub(in crate::store) fn quoted(&self) -> String {
        quoted(&self.name)
    }

    /// The names of its columns, quoted, with commas.
    pub(in crate::store) fn column_list(&self) -> String {
        list(self.columns.iter().map(|column| &column.name))
    }

    /// What its rows are ordered by: the columns of its key, texts byte by byte, which an engine calls
    /// `by_bytes`, whatever the order of the column or of the database.
    pub(in crate::store) fn key_order(&self, by_bytes: &str) -> String {
        let ordered = self.key.iter().map(|name| {
            let mut columns = self.columns.iter();
            let is_text = columns.any(|column| column.name == *name && column.kind == Kind::Text);
            match is_text {
                true => format!("{} COLLATE {by_bytes}", quoted(name)),
                false => quoted(name),
            }
        });
        ordered.collect::<Vec<_>>().join(", ")
    }
}

/// A name as it stands in a statement.
pub(in crate::store) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn list<'n>(names: impl IntoIterator<Item = &'n String>) -> String {
    let names: Vec<_> = names.into_iter().map(|name| quoted(name)).collect();
    names.join(", ")
}

/// The tables without what is of the processes.
pub(super) fn remembered(mut tables: Vec<Table>) -> Vec<Table> {
    let is_of_processes = |name: &String| OF_PROCESSES.contains(&name.as_str());
    tables.retain(|table| !is_of_processes(&table.name));
    for Table {
        name,
        columns,
        refers_to,
        ..
    } in &mut tables
    {
        refers_to.retain(|name| !is_of_processes(name));
        columns.retain(|column| !COLUMNS_OF_PROCESSES.contains(&(name, &column.name)));
    }
    tables
}

/// The tables, if both databases have the same ones.
pub(super) fn same_tables(ours: Vec<Table>, theirs: Vec<Table>) -> Result<Vec<Table>, String> {
    let missing = |from: &[Table], to: &[Table]| {
        let lacks = |table: &&Table| !to.iter().any(|other| other.name == table.name);
        from.iter().find(lacks).map(|table| table.name.clone())
    };
    if let Some(name) = missing(&ours, &theirs).or_else(|| missing(&theirs, &ours)) {
        return Err(format!("only one of them has a table {name}"));
    }
    for table in &ours {
        let other = theirs.iter().find(|other| other.name == table.name);
        if other.is_some_and(|other| other.columns != table.columns || other.key != table.key) {
            let name = &table.name;
            return Err(format!(
                "the table {name} has other columns, or another key"
            ));
        }
        if table.key.is_empty() {
            return Err(format!("the table {} has no primary key", table.name));
        }
    }
    Ok(ours)
}

/// The tables in an order in which none comes before one that it refers to.
pub(super) fn in_order(mut tables: Vec<Table>) -> Result<Vec<Table>, String> {
    let mut ordered: Vec<Table> = Vec::with_capacity(tables.len());
    while !tables.is_empty() {
        let is_there = |name: &String| ordered.iter().any(|table| table.name == *name);
        let is_ready = |table: &Table| {
            let mut others = table.refers_to.iter().filter(|name| **name != table.name);
            others.all(is_there)
        };
        let (ready, waiting): (Vec<_>, Vec<_>) = tables.into_iter().partition(is_ready);
        if ready.is_empty() {
            let names: Vec<_> = waiting.iter().map(|table| table.name.as_str()).collect();
            return Err(format!(
                "these tables refer to each other: {}",
                names.join(", ")
            ));
        }
        ordered.extend(ready);
        tables = waiting;
    }
    Ok(ordered)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str, refers_to: &[&str]) -> Table {
        Table {
            name: name.into(),
            columns: vec![Column {
                name: "id".into(),
                kind: Kind::Integer,
            }],
            key: vec!["id".into()],
            refers_to: refers_to.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    #[test]
    fn what_is_referred_to_comes_first() {
        let tables = vec![
            table("a", &["c", "b"]),
            table("b", &["c", "b"]),
            table("c", &[]),
        ];
        let ordered = in_order(tables).expect("an order");
        let names: Vec<_> = ordered.iter().map(|table| table.name.as_str()).collect();
        assert_eq!(names, ["c", "b", "a"]);
        let circle = vec![table("a", &["b"]), table("b", &["a"])];
        assert!(in_order(circle).is_err_and(|why| why.contains("a, b")));
    }

    #[test]
    fn a_table_or_a_column_of_one_side_only_is_told() {
        let both = || vec![table("a", &[]), table("b", &[])];
        assert_eq!(same_tables(both(), both()), Ok(both()));
        for (ours, theirs) in [
            (both(), vec![table("a", &[])]),
            (vec![table("b", &[])], both()),
        ] {
            assert!(same_tables(ours, theirs).is_err());
        }
        let mut other = both();
        other[1].columns[0].kind = Kind::Text;
        assert!(same_tables(both(), other).is_err_and(|why| why.contains("table b")));
        let mut keyless = both();
        keyless[0].key.clear();
        assert!(same_tables(keyless.clone(), keyless).is_err_and(|why| why.contains("no primary")));
    }

    #[test]
    fn names_are_quoted() {
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
        assert_eq!(table("t", &[]).column_list(), "\"id\"");
    }

    #[test]
    fn texts_are_ordered_by_their_bytes_whatever_the_database_thinks() {
        let mut two = table("t", &[]);
        two.columns.push(Column {
            name: "word".into(),
            kind: Kind::Text,
        });
        two.key = vec!["word".into(), "id".into()];
        assert_eq!(two.key_order("\"C\""), "\"word\" COLLATE \"C\", \"id\"");
    }

    #[test]
    fn what_is_of_the_processes_is_not_remembered() {
        let mut outbox = table("outbox", &["processes"]);
        outbox.columns.push(Column {
            name: "claimed_by".into(),
            kind: Kind::Text,
        });
        let tables = vec![
            table("leases", &["processes"]),
            outbox,
            table("processes", &[]),
        ];
        assert_eq!(remembered(tables), [table("outbox", &[])]);
    }
}
