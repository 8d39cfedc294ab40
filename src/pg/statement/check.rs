//! Statements that prove that OLD is whole before COMMIT.

use crate::name::{Ident, QualifiedName, array_literal};
use crate::schema::ForeignKey;

use super::{Stage, own_rows};

fn pairs(key: &ForeignKey, parent: &str, child: &str) -> String {
    let tests: Vec<_> = key
        .parent_columns
        .iter()
        .zip(&key.child_columns)
        .zip(&key.operators)
        .map(|((theirs, ours), equals)| format!("{parent}.{} {equals} {child}.{}", theirs.sql(), ours.sql()))
        .collect();
    tests.join(" and ")
}

/// Parent and child as the server's own foreign key triggers see them: children of old-style inheritance count on neither end.
fn parent(key: &ForeignKey) -> String {
    own_rows(&key.parent, key.parent_partitioned)
}

fn child(key: &ForeignKey) -> String {
    own_rows(&key.child, key.child_partitioned)
}

/// The condition under which a child row refers to a parent at all. MATCH SIMPLE: no column is NULL. MATCH FULL: any is not,
/// so that a half-NULL reference is found too.
fn refers(key: &ForeignKey, child: &str) -> String {
    let glue = if key.match_full { " or " } else { " and " };
    let tests: Vec<_> = key.child_columns.iter().map(|column| format!("{child}.{} is not null", column.sql())).collect();
    format!("({})", tests.join(glue))
}

/// Locks the parents of the rows that a stage wrote, as the server's own foreign key trigger does (`FOR KEY SHARE`), so that
/// nobody deletes them before we commit.
#[must_use]
pub fn lock_parents(key: &ForeignKey, stage: &Stage<'_>) -> String {
    format!(
        "select 1 from {} p where exists (select from {} s join {} on {} where s.op <> 'd' and {}) for key share of p",
        parent(key),
        stage.qualified(),
        stage.source.from_item(),
        stage.join_condition(),
        pairs(key, "p", "t")
    )
}

/// Counts the rows that a stage wrote whose parent does not exist.
#[must_use]
pub fn orphans_of_stage(key: &ForeignKey, stage: &Stage<'_>) -> String {
    format!(
        "select count(*) from {} s join {} on {} where s.op <> 'd' and {} and not exists (select from {} p where {})",
        stage.qualified(),
        stage.source.from_item(),
        stage.join_condition(),
        refers(key, "t"),
        parent(key),
        pairs(key, "p", "t")
    )
}

/// Counts all child rows whose parent does not exist.
#[must_use]
pub fn orphans_of_table(key: &ForeignKey) -> String {
    format!(
        "select count(*) from {} t where {} and not exists (select from {} p where {})",
        child(key),
        refers(key, "t"),
        parent(key),
        pairs(key, "p", "t")
    )
}

/// Reads the greatest (for sequences that count down: the least) value of a column that a sequence feeds; with the children of
/// old-style inheritance, which take their values from the parent's sequence.
#[must_use]
pub fn sequence_floor(table: &QualifiedName, column: &Ident, descending: bool) -> String {
    let aggregate = if descending { "min" } else { "max" };
    format!("select {aggregate}({})::pg_catalog.int8 from {}", column.sql(), table.sql())
}

/// Counts the children of given parents: reads the position of the parent in the list, from 1, and how many children it has;
/// parents without children are left out. `values` holds one list a referenced column.
#[must_use]
pub fn count_children(key: &ForeignKey, casts: &[String], values: &[Vec<String>]) -> String {
    let arrays: Vec<_> = casts
        .iter()
        .zip(values)
        .map(|(cast, texts)| format!("{}::{cast}[]", array_literal(texts.iter().map(String::as_str))))
        .collect();
    let names: Vec<_> = (0..casts.len()).map(|index| format!("k{index}")).collect();
    let matches: Vec<_> = key
        .child_columns
        .iter()
        .zip(&names)
        .zip(&key.operators)
        .map(|((column, name), equals)| format!("k.{name} {equals} t.{}", column.sql()))
        .collect();
    format!(
        "select k.ord, count(*) from unnest({}) with ordinality as k({}, ord) join {} t on {} group by k.ord",
        arrays.join(", "),
        names.join(", "),
        child(key),
        matches.join(" and ")
    )
}
