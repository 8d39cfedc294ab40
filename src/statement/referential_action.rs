//! Children that a foreign key's action would change: rows of OLD's that the plan does not name, and that the server would
//! delete, null or re-point by itself when their parent goes or gets another key.

use super::check::{children, pairs};
use super::{Inserted, LoadTable};
use crate::name::Ident;
use crate::schema::{FkAction, ForeignKey};

/// What changes a row of OLD in place.
const UPDATED: &str = "'u', 'm'";

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
    let sets_reference = |own: &LoadTable<'_>| {
        !own.source.key.is_whole_row() && key.child_columns.iter().all(|column| own.updated_value(column).is_some())
    };
    // A child that a delete takes with it is not there any more to be given another reference.
    let outlives = |own: &LoadTable<'_>, operations: &str| {
        sets_reference(own) && (operations == UPDATED || key.on_delete != FkAction::Cascade)
    };
    // A row that is replaced is deleted first, and so its children are without it for a moment.
    let after = |column: &Ident| format!("case when s.op in ({UPDATED}) then {} end", updated(parents, column));
    let count = |operations: &str| {
        let spared = own.map(|own| (own, if outlives(own, operations) { "'d', 'u', 'm'" } else { "'d'" }));
        format!("({})", children_of(key, parents, operations, after, spared))
    };
    let fires = [(with_deletes, "'d', 'r'"), (with_updates, UPDATED)].into_iter().filter(|(fires, _)| *fires);
    format!("select {}", fires.map(|(_, operations)| count(operations)).collect::<Vec<_>>().join(" + "))
}

/// Counts the children of rows whose referenced columns get other values, less those that the same transaction deletes or gives
/// another reference. `None` where it writes no such column. Asked as [`affected_children`] is, where no action fires. Periods
/// are covered by several parents together: whether one is, shows when all are written.
#[must_use]
pub fn children_left_behind(key: &ForeignKey, parents: &LoadTable<'_>, own: Option<&LoadTable<'_>>) -> Option<String> {
    if key.period {
        return None;
    }
    let restored = |column: &Ident| parents.value_of(Inserted::Olds, column);
    if key.parent_columns.iter().all(|column| parents.updated_value(column).is_none() && restored(column).is_none()) {
        return None;
    }
    let spared = own.map(|own| (own, if own.source.key.is_whole_row() { "'d'" } else { "'d', 'r', 'm'" }));
    let after = |column: &Ident| {
        let restored = restored(column).unwrap_or_else(|| format!("t.{}", column.sql()));
        format!("case when s.op = 'r' then {restored} else {} end", updated(parents, column))
    };
    Some(children_of(key, parents, "'u', 'm', 'r'", after, spared))
}

/// What a column of OLD's row `t` holds after an update by a load table's row `s`.
fn updated(parents: &LoadTable<'_>, column: &Ident) -> String {
    parents.updated_value(column).unwrap_or_else(|| format!("t.{}", column.sql()))
}

/// Counts the children of rows to which a load does certain operations, and which they do not refer to by the values that these
/// have `after` it (NULL: none); less those that a load does certain operations to itself. Values meet by the key's operators.
fn children_of(
    key: &ForeignKey,
    parents: &LoadTable<'_>,
    operations: &str,
    after: impl Fn(&Ident) -> String,
    spared: Option<(&LoadTable<'_>, &str)>,
) -> String {
    let numbered = || key.parent_columns.iter().enumerate();
    let then_name = |number: usize| Ident::beside(&format!("fb_{number}"), &key.parent_columns).sql();
    let before =
        numbered().map(|(number, column)| format!("t.{0} as {0}, {1} as {2}", column.sql(), after(column), then_name(number)));
    let then = numbered().map(|(number, column)| format!("g.{} as {}", then_name(number), column.sql()));
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
        "select count(*) from {} c where exists \
         (select from (select {} from {} s join {} on {} where s.op in ({operations}){part}) g \
         cross join lateral (select {}) n where {} and not coalesce({}, false)){spared}",
        children(key),
        before.collect::<Vec<_>>().join(", "),
        parents.qualified(),
        parents.source.from_item(),
        parents.join_condition(),
        then.collect::<Vec<_>>().join(", "),
        pairs(key, "g", "c"),
        pairs(key, "n", "c")
    )
}
