//! Children that a foreign key's action would change: rows of OLD's that the plan does not name, and that the server would
//! delete, null or re-point by itself when their parent goes or gets another key.

use super::check::{children, pairs};
use super::{Inserted, LoadTable};
use crate::name::Ident;
use crate::schema::{FkAction, ForeignKey};

/// Counts the children that an action of the key would change: those of parents that go (`with_deletes`) or whose referenced
/// columns change (`with_updates`), less the children that the same transaction deletes itself, or, where the action lets them
/// live, gives another reference after it.
///
/// Asked in a statement of its own after the parents are locked FOR UPDATE: a child that was inserted before the lock is then
/// seen, and none can come after it.
#[must_use]
pub fn affected_children(
    key: &ForeignKey,
    parents: &LoadTable<'_>,
    own: Option<&LoadTable<'_>>,
    (with_deletes, with_updates): (bool, bool),
) -> String {
    let going = with_deletes.then(|| "s.op in ('d', 'r')".to_owned());
    let moving = with_updates.then(|| moving(key, "'u', 'm'", |column| parents.updated_value(column))).flatten();
    let conditions: Vec<_> = going.into_iter().chain(moving).collect();
    let condition = if conditions.is_empty() { "false".to_owned() } else { conditions.join(" or ") };
    let spared = own.map(|own| {
        let sets_reference = key.child_columns.iter().all(|column| own.updated_value(column).is_some());
        let lives = key.on_delete != FkAction::Cascade && sets_reference && !own.source.key.is_whole_row();
        (own, if lives { "'d', 'u', 'm'" } else { "'d'" })
    });
    children_of(key, parents, &condition, spared)
}

/// Counts the children of rows whose referenced columns get other values, less those that the same transaction deletes or gives
/// another reference. `None` where it writes no such column. Asked as [`affected_children`] is, where no action fires.
#[must_use]
pub fn children_left_behind(key: &ForeignKey, parents: &LoadTable<'_>, own: Option<&LoadTable<'_>>) -> Option<String> {
    let spared = own.map(|own| (own, if own.source.key.is_whole_row() { "'d'" } else { "'d', 'r', 'm'" }));
    let updated = moving(key, "'u', 'm'", |column| parents.updated_value(column));
    let replaced = moving(key, "'r'", |column| parents.value_of(Inserted::Olds, column));
    let conditions: Vec<_> = updated.into_iter().chain(replaced).collect();
    (!conditions.is_empty()).then(|| children_of(key, parents, &conditions.join(" or "), spared))
}

/// The condition on a load table's row `s` and OLD's row `t` that some operations change what children refer to. `value` is
/// what they write into a column; `None` where they leave it alone.
fn moving(key: &ForeignKey, operations: &str, value: impl Fn(&Ident) -> Option<String>) -> Option<String> {
    let moves = key.parent_columns.iter().filter_map(|column| {
        let value = value(column)?;
        Some(format!("t.{} is distinct from {value}", column.sql()))
    });
    let moves: Vec<_> = moves.collect();
    (!moves.is_empty()).then(|| format!("(s.op in ({operations}) and ({}))", moves.join(" or ")))
}

/// Counts the children of parents of which a condition holds, less those that a load does certain operations to.
fn children_of(key: &ForeignKey, parents: &LoadTable<'_>, condition: &str, spared: Option<(&LoadTable<'_>, &str)>) -> String {
    let list: Vec<_> = key.parent_columns.iter().map(|column| format!("t.{0} as {0}", column.sql())).collect();
    let part = key.parent_part.as_ref().map_or_else(String::new, |part| {
        let name = crate::name::literal(&part.sql());
        format!(" and t.tableoid in (select relid from pg_catalog.pg_partition_tree({name}::pg_catalog.regclass))")
    });
    let spared = spared.map_or_else(String::new, |(own, operations)| {
        let [relation, place] = own.source.place();
        format!(
            " and (c.tableoid, c.ctid) not in \
             (select {relation}, {place} from {} s join {} on {} where s.op in ({operations}))",
            own.qualified(),
            own.source.from_item(),
            own.join_condition()
        )
    });
    format!(
        "select count(*) from {} c where exists (select from (select {} from {} s join {} on {} where ({condition}){part}) g \
         where {}){spared}",
        children(key),
        list.join(", "),
        parents.qualified(),
        parents.source.from_item(),
        parents.join_condition(),
        pairs(key, "g", "c")
    )
}
