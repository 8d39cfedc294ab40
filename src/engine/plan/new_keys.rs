//! Foreign keys that NEW alone has: OLD does not hold to them, but NEW's rows were written by them, and mean their parents.

use crate::name::{Ident, QualifiedName, Side};
use crate::schema::{Column, FkAction, ForeignKey, PgType};
use crate::staging::{DatabaseRecord, TableRecord};

/// Lists the foreign keys between carried tables that NEW has and OLD has not, in OLD's words and as OLD would check them.
/// Those of a single partition or of periods, and those over columns that OLD lacks or could not compare, are none.
pub(crate) fn keys_of_new_alone(record: &DatabaseRecord) -> Vec<ForeignKey> {
    let keys = record.tables.iter().flat_map(|child| child.new.foreign_keys.iter().map(move |key| (child, key)));
    keys.filter_map(|(child, key)| {
        let parent = record.tables.iter().find(|parent| parent.new.name == key.parent)?;
        on_old(child, parent, key).filter(|key| !child.old.foreign_keys.iter().any(|known| ties_alike(known, key)))
    })
    .collect()
}

fn on_old(child: &TableRecord, parent: &TableRecord, key: &ForeignKey) -> Option<ForeignKey> {
    if key.period || key.child_part.is_some() || key.parent_part.is_some() {
        return None;
    }
    let child_columns = in_olds_words(child, &key.child_columns)?;
    let parent_columns = in_olds_words(parent, &key.parent_columns)?;
    let pairs = parent_columns.iter().zip(&child_columns);
    let operators = pairs.map(|(referenced, referring)| operator(parent.old.column(referenced)?, child.old.column(referring)?));
    Some(ForeignKey {
        name: key.name.clone(),
        child: child.name.clone(),
        operators: operators.collect::<Option<_>>()?,
        child_columns,
        parent: parent.name.clone(),
        parent_columns,
        deferrable: false,
        match_full: false,
        validated: true,
        child_partitioned: child.old.partitioned,
        parent_partitioned: parent.old.partitioned,
        period: false,
        child_part: None,
        child_bound: None,
        parent_bound: None,
        parent_part: None,
        on_delete: FkAction::NoAction,
        on_update: FkAction::NoAction,
    })
}

fn in_olds_words(table: &TableRecord, columns: &[Ident]) -> Option<Vec<Ident>> {
    let word = |on_new: &Ident| {
        let is_it =
            |name: &Ident| table.layout.column(name).is_some_and(|column| column.source(Side::New).column(name) == on_new);
        table.old.columns.iter().map(|column| &column.name).find(|name| is_it(name)).cloned()
    };
    columns.iter().map(word).collect()
}

fn operator(referenced: &Column, referring: &Column) -> Option<String> {
    let is_integer = |one: &PgType| one.builtin && matches!(one.base.as_str(), "int2" | "int4" | "int8");
    let (left, right) = (&referenced.data_type, &referring.data_type);
    (left.bare_sql == right.bare_sql || is_integer(left) && is_integer(right)).then(|| left.equals())
}

/// Whether two keys tie the same columns of the same tables.
fn ties_alike(left: &ForeignKey, right: &ForeignKey) -> bool {
    let pairs = |key: &ForeignKey| {
        let mut pairs: Vec<_> = key.child_columns.iter().cloned().zip(key.parent_columns.iter().cloned()).collect();
        pairs.sort_unstable();
        pairs
    };
    let whole = |key: &ForeignKey| key.child_part.is_none() && key.parent_part.is_none();
    let ends = |key: &ForeignKey| -> (QualifiedName, QualifiedName) { (key.child.clone(), key.parent.clone()) };
    whole(left) && ends(left) == ends(right) && pairs(left) == pairs(right)
}
