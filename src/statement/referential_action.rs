//! Children that a foreign key's action would change: rows of OLD's that the plan does not name, and that the server would
//! delete, null or re-point by itself when their parent goes or gets another key.

use super::LoadTable;
use super::check::{children, pairs};
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
    let list: Vec<_> = key.parent_columns.iter().map(|column| format!("t.{0} as {0}", column.sql())).collect();
    let mut conditions = Vec::new();
    if with_deletes {
        conditions.push("s.op in ('d', 'r')".to_owned());
    }
    if with_updates {
        let moves = key.parent_columns.iter().filter_map(|column| {
            let value = parents.updated_value(column)?;
            Some(format!("t.{} is distinct from {value}", column.sql()))
        });
        let moves: Vec<_> = moves.collect();
        if !moves.is_empty() {
            conditions.push(format!("(s.op in ('u', 'm') and ({}))", moves.join(" or ")));
        }
    }
    let condition = if conditions.is_empty() { "false".to_owned() } else { conditions.join(" or ") };
    let part = key.parent_part.as_ref().map_or_else(String::new, |part| {
        let name = crate::name::literal(&part.sql());
        format!(" and t.tableoid in (select relid from pg_catalog.pg_partition_tree({name}::pg_catalog.regclass))")
    });
    let going = own.map_or_else(String::new, |own| {
        let [relation, place] = own.source.place();
        let sets_reference = key.child_columns.iter().all(|column| own.updated_value(column).is_some());
        let lives = key.on_delete != FkAction::Cascade && sets_reference && !own.source.key.is_whole_row();
        let operations = if lives { "'d', 'u', 'm'" } else { "'d'" };
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
         where {}){going}",
        children(key),
        list.join(", "),
        parents.qualified(),
        parents.source.from_item(),
        parents.join_condition(),
        pairs(key, "g", "c")
    )
}
