//! Questions about parents that may be somebody else's: OLD's row under the key that a child of NEW's refers to, and NEW's row
//! where children of OLD's stay.

use crate::name::{Ident, literal};
use crate::schema::ForeignKey;

use super::check::{children, pairs, parents, refers, written};
use super::delta_tables::DeltaTables;
use super::{Inserted, LoadTable};

/// Finds the positions of arriving children that refer to a row of OLD of which a condition on `p` does not say that it is the
/// row NEW's child means. An update that leaves the reference as it is keeps OLD's own parent.
#[must_use]
pub fn children_of_unproven(key: &ForeignKey, child: &DeltaTables<'_>, is_proven: &str) -> String {
    let same = |column: &Ident| format!("t.{0}::text is not distinct from c.{0}::text", column.sql());
    let columns = key.child_columns.iter().map(|column| format!(", {}", column.sql())).collect::<Vec<_>>().concat();
    let bound = key.child_bound.as_ref().map_or_else(String::new, |bound| format!(" where {bound}"));
    let ord = child.ord();
    format!(
        "select c.{ord} from (select {ord}{columns} from {} as {}{bound}) c where {} \
         and exists (select from {} p where {} and not coalesce({is_proven}, false)) \
         and not exists (select from {} l join {} t on t.tableoid = l.rel and t.ctid = l.tid where l.ord = c.{ord} and {}) \
         order by 1",
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

fn kept_references(number: usize) -> String {
    format!("pg_temp.fb_kept_{number}")
}

/// Notes which rows of a load table leave OLD's reference as it is, before they are written: they keep OLD's own parent,
/// whichever row it is. The note's number is unique within the session.
#[must_use]
pub fn note_kept_references(key: &ForeignKey, load: &LoadTable<'_>, number: usize) -> String {
    let known = |column: &Ident| load.columns.iter().any(|one| one.name == *column);
    let same = |column: &Ident| {
        let here = format!("t.{}", column.sql());
        // What OLD computes is not known before it is written.
        let value =
            |value: Option<String>| if known(column) { value.unwrap_or_else(|| here.clone()) } else { "null".to_owned() };
        let (replaced, updated) = (value(load.value_of(Inserted::Olds, column)), value(load.updated_value(column)));
        format!("{here}::text is not distinct from case s.op when 'r' then ({replaced})::text else ({updated})::text end")
    };
    format!(
        "create temporary table {} on commit drop as select s.ord from {} s join {} on {} where s.op in ('m', 'r') and {}",
        kept_references(number),
        load.qualified(),
        load.source.from_item(),
        load.join_condition(),
        key.child_columns.iter().map(same).collect::<Vec<_>>().join(" and ")
    )
}

/// Counts the rows that a load table wrote and that refer to a row of which a condition on `p` does not say that it is theirs,
/// with one such row's referenced columns. Rows that the transaction has written itself are theirs, and those that are noted
/// (`kept`) have kept OLD's own. All parents must be locked by now.
///
/// The values are the load table's own where nothing on OLD may have altered them on their way (`unaltered`).
#[must_use]
pub fn children_of_strangers(
    key: &ForeignKey,
    load: &LoadTable<'_>,
    is_proven: &str,
    kept: Option<usize>,
    unaltered: bool,
) -> String {
    const WRITTEN: &str = "'m', 'r', 'i'";
    let value = |column: &Ident| Some(format!("{} as {}", load.value_of(Inserted::News, column)?, column.sql()));
    let values: Option<Vec<_>> = key.child_columns.iter().map(value).collect();
    let ord = Ident::beside("fb_ord", &key.child_columns).sql();
    let children = if let Some(values) = values.filter(|_| unaltered && key.child_part.is_none()) {
        format!("select s.ord as {ord}, {} from {} s where s.op in ({WRITTEN})", values.join(", "), load.qualified())
    } else {
        let columns: Vec<_> = key.child_columns.iter().map(|column| format!("t.{}", column.sql())).collect();
        format!("select s.ord as {ord}, {} from {}", columns.join(", "), written(key, load, WRITTEN))
    };
    let said =
        key.parent_columns.iter().map(|column| format!("{} || p.{}::text", literal(&format!("{column} = ")), column.sql()));
    let kept = kept.map(kept_references).map(|note| format!(" and c.{ord} not in (select k.ord from {note} k)"));
    let kept = kept.unwrap_or_default();
    format!(
        "with referring as materialized ({children}) \
         select count(*), min(pg_catalog.concat_ws(', ', {})) from referring c join {} p on {} \
         where not coalesce({is_proven}, false) and p.xmin <> (select pg_catalog.pg_current_xact_id()::pg_catalog.xid){kept}",
        said.collect::<Vec<_>>().join(", "),
        parents(key),
        pairs(key, "p", "c")
    )
}

/// Finds those of the parents at some positions to which children on OLD refer that the plan leaves alone, of those for which a
/// condition on `t` is true.
#[must_use]
pub fn parents_with_own_children(
    key: &ForeignKey,
    child: Option<&DeltaTables<'_>>,
    parent: &DeltaTables<'_>,
    positions: &[usize],
    condition: &str,
) -> String {
    let list = positions.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
    let columns = key.parent_columns.iter().map(|column| format!(", g.{}", column.sql())).collect::<Vec<_>>().concat();
    let ord = Ident::beside("fb_ord", &key.parent_columns).sql();
    let left_alone = child.map_or_else(String::new, |child| {
        format!(" and not exists (select from {} k where k.rel = t.tableoid and k.tid = t.ctid)", child.outgoing())
    });
    format!(
        "with stranger as materialized (select l.ord as {ord}{columns} from {} l join {} g \
         on g.tableoid = l.rel and g.ctid = l.tid where l.ord = any ('{{{list}}}'::pg_catalog.int8[])) \
         select distinct s.{ord} from stranger s join {} t on {} where {condition}{left_alone} order by 1",
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
