//! Statements that prove that OLD is whole before COMMIT.

use crate::name::{Ident, literal};
use crate::schema::{Exclusive, ForeignKey};

use super::exclusive::{compared, meets};
use super::{Inserted, LoadTable, own_rows};

/// The condition under which a parent and a child belong together. Periods only have to meet: see [`missing`].
pub(super) fn pairs(key: &ForeignKey, parent: &str, child: &str) -> String {
    let last = key.parent_columns.len() - 1;
    let tests: Vec<_> = key
        .parent_columns
        .iter()
        .zip(&key.child_columns)
        .zip(&key.operators)
        .enumerate()
        .map(|(index, ((referenced, referring), equals))| {
            let operator = if key.period && index == last { "operator(pg_catalog.&&)" } else { equals.as_str() };
            format!("{parent}.{} {operator} {child}.{}", referenced.sql(), referring.sql())
        })
        .collect();
    tests.join(" and ")
}

/// The rows that are referenced, as the server's own foreign key triggers see them: children of old-style inheritance count on
/// neither end.
pub(super) fn parents(key: &ForeignKey) -> String {
    own_rows(key.referenced(), key.parent_partitioned)
}

/// The rows that refer to them.
pub(super) fn children(key: &ForeignKey) -> String {
    own_rows(key.referencing(), key.child_partitioned)
}

/// The condition under which a child has no parent among `parents`, a FROM item under the alias `p`.
pub(super) fn missing(key: &ForeignKey, parents: &str, child: &str) -> String {
    let pairs = pairs(key, "p", child);
    match (key.period, key.parent_columns.last(), key.child_columns.last()) {
        (true, Some(referenced), Some(referring)) => format!(
            "not coalesce({child}.{} <@ (select pg_catalog.range_agg(p.{}) from {parents} where {pairs}), false)",
            referring.sql(),
            referenced.sql()
        ),
        _ => format!("not exists (select from {parents} where {pairs})"),
    }
}

/// The condition under which a child row refers to a parent at all. MATCH SIMPLE: no column is NULL. MATCH FULL: any is not,
/// so that a half-NULL reference is found too.
pub(super) fn refers(key: &ForeignKey, child: &str) -> String {
    let glue = if key.match_full { " or " } else { " and " };
    let tests: Vec<_> = key.child_columns.iter().map(|column| format!("{child}.{} is not null", column.sql())).collect();
    format!("({})", tests.join(glue))
}

/// The rows of the table that a load table wrote, `operations` of them, as far as the key stands on them.
pub(super) fn written(key: &ForeignKey, load: &LoadTable<'_>, operations: &str) -> String {
    let part = key.child_part.as_ref().map_or_else(String::new, |part| {
        let (name, [relation, _]) = (literal(&part.sql()), load.source.place());
        format!(" and {relation} in (select relid from pg_catalog.pg_partition_tree({name}::pg_catalog.regclass))")
    });
    format!("{} s join {} on {} where s.op in ({operations}){part}", load.qualified(), load.source.from_item(), load.like_row())
}

/// Locks the parents of the rows that a load table wrote, as the server's own foreign key trigger does (`FOR KEY SHARE`), so
/// that no other transaction deletes them before ours commits.
#[must_use]
pub fn lock_parents(key: &ForeignKey, load: &LoadTable<'_>) -> String {
    format!(
        "select 1 from {} p where exists (select from {} and {}) for key share of p",
        parents(key),
        written(key, load, "'m', 'r', 'i'"),
        pairs(key, "p", "t")
    )
}

/// Counts the rows that a load table wrote whose parent does not exist. Of a key that is NOT VALID only rows that are new:
/// others may have been orphans before.
#[must_use]
pub fn orphans_of_load(key: &ForeignKey, load: &LoadTable<'_>) -> String {
    let parents = format!("{} p", parents(key));
    let operations = if key.validated { "'m', 'r', 'i'" } else { "'i'" };
    format!(
        "select count(*) from {} and {} and {}",
        written(key, load, operations),
        refers(key, "t"),
        missing(key, &parents, "t")
    )
}

/// Locks the parents as [`lock_parents`] does, and counts the rows that a load table wrote and that have none. The values are
/// the load table's own, so that the table need not be read: nothing on OLD may have altered them on their way. `None` where
/// that is not enough to know.
#[must_use]
pub fn lock_and_check_parents(key: &ForeignKey, load: &LoadTable<'_>) -> Option<String> {
    if key.period || key.match_full || !key.validated || key.child_part.is_some() {
        return None;
    }
    let value = |column: &Ident| Some(format!("{} as {}", load.value_of(Inserted::News, column)?, column.sql()));
    let values: Vec<_> = key.child_columns.iter().map(value).collect::<Option<_>>()?;
    Some(format!(
        "with referring as materialized (select c.* from (select {} from {} s where s.op in ('m', 'r', 'i')) c where {}), \
         adopted as materialized (select from {} p join referring c on {} for key share of p) \
         select (select count(*) from referring) - (select count(*) from adopted)",
        values.join(", "),
        load.qualified(),
        refers(key, "c"),
        parents(key),
        pairs(key, "p", "c")
    ))
}

/// Counts all child rows whose parent does not exist.
#[must_use]
pub fn orphans_of_table(key: &ForeignKey) -> String {
    let parents = format!("{} p", parents(key));
    let missing = missing(key, &parents, "t");
    format!("select count(*) from {} t where {} and {missing}", children(key), refers(key, "t"))
}

/// Counts the children of rows that a load table took away; other children still have theirs. `None` where the load table does
/// not know what they referred to. Rows that are deleted and inserted again are sent as they become: whom these leave behind is
/// asked before, by [`children_left_behind`](super::children_left_behind).
#[must_use]
pub fn orphans_of_lost(key: &ForeignKey, load: &LoadTable<'_>) -> Option<String> {
    let value = |column: &Ident| load.value_of(Inserted::Olds, column);
    let values: Vec<_> = key.parent_columns.iter().map(value).collect::<Option<_>>()?;
    let list: Vec<_> =
        values.iter().zip(&key.parent_columns).map(|(value, column)| format!("{value} as {}", column.sql())).collect();
    let parents = format!("{} p", parents(key));
    Some(format!(
        "select count(*) from {} t where exists (select from (select {} from {} s where s.op = 'd') g where {}) and {}",
        children(key),
        list.join(", "),
        load.qualified(),
        pairs(key, "g", "t"),
        missing(key, &parents, "t")
    ))
}

/// Counts the pairs of rows that a deferrable constraint does not allow and of which a load table wrote at least one. Under the
/// replica role the server does not look.
#[must_use]
pub fn deferred_clashes(exclusive: &Exclusive, load: &LoadTable<'_>) -> Option<String> {
    if exclusive.parts.is_empty() {
        return None;
    }
    let rows = compared(exclusive, "tableoid as rel, ctid as tid", &load.source.relation(), &load.source.table.name.sql());
    let [relation, place] = load.source.place();
    Some(format!(
        "select count(*) from {rows} n join {rows} o on (o.rel, o.tid) <> (n.rel, n.tid) and {} where (n.rel, n.tid) in \
         (select {}, {} from {} s join {} on {} where s.op in ('u', 'm', 'r', 'i'))",
        meets(exclusive, "n", "o", exclusive.nulls_not_distinct),
        relation,
        place,
        load.qualified(),
        load.source.from_item(),
        load.like_row()
    ))
}
