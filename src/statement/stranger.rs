//! Questions about parents that may be somebody else's: OLD's row under the key that a child of NEW's refers to, and NEW's row
//! where children of OLD's stay.

use crate::name::Ident;
use crate::schema::ForeignKey;

use super::check::{children, pairs, parents, refers};
use super::delta_tables::DeltaTables;

/// Finds the positions of arriving children that refer to a row of OLD of which a condition on `p` does not say that it is the
/// row NEW's child means. An update that leaves the reference as it is keeps OLD's own parent.
#[must_use]
pub fn children_of_unproven(key: &ForeignKey, child: &DeltaTables<'_>, is_proven: &str) -> String {
    let same = |column: &Ident| format!("t.{0}::text is not distinct from c.{0}::text", column.sql());
    let columns = key.child_columns.iter().map(|column| format!(", {}", column.sql())).collect::<Vec<_>>().concat();
    let bound = key.child_bound.as_ref().map_or_else(String::new, |bound| format!(" where {bound}"));
    format!(
        "select c.ord from (select {} as ord{columns} from {} as {}{bound}) c where {} \
         and exists (select from {} p where {} and not coalesce({is_proven}, false)) \
         and not exists (select from {} l join {} t on t.tableoid = l.rel and t.ctid = l.tid where l.ord = c.ord and {}) \
         order by 1",
        child.ord(),
        child.incoming(),
        child.alias(),
        refers(key, "c"),
        parents(key),
        pairs(key, "p", "c"),
        child.outgoing(),
        child.load.source.relation(),
        key.child_columns.iter().map(same).collect::<Vec<_>>().join(" and ")
    )
}

/// Finds those of the parents at some positions to which children on OLD refer that the plan leaves alone.
#[must_use]
pub fn parents_with_own_children(
    key: &ForeignKey,
    child: Option<&DeltaTables<'_>>,
    parent: &DeltaTables<'_>,
    positions: &[usize],
) -> String {
    let list = positions.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
    let columns = key.parent_columns.iter().map(|column| format!(", g.{}", column.sql())).collect::<Vec<_>>().concat();
    let left_alone = child.map_or_else(String::new, |child| {
        format!(" and not exists (select from {} k where k.rel = t.tableoid and k.tid = t.ctid)", child.outgoing())
    });
    format!(
        "with stranger as materialized (select l.ord as \"fb ord\"{columns} from {} l join {} g \
         on g.tableoid = l.rel and g.ctid = l.tid where l.ord = any ('{{{list}}}'::pg_catalog.int8[])) \
         select distinct s.\"fb ord\" from stranger s join {} t on {}{left_alone} order by 1",
        parent.outgoing(),
        parents(key),
        children(key),
        pairs(key, "s", "t")
    )
}

/// Returns a condition that is true for a row of a table under an alias that the plan takes away or overwrites.
#[must_use]
pub fn is_overwritten(table: &DeltaTables<'_>, alias: &str) -> String {
    format!("exists (select from {} l where l.rel = {alias}.tableoid and l.tid = {alias}.ctid)", table.outgoing())
}
