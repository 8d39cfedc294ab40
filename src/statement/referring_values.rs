//! Which of some values refer to which, by a foreign key's own operators.

use super::check::{children, pairs, parents};
use crate::name::{Ident, array_literal};
use crate::schema::ForeignKey;

/// Values of the columns of one end of a foreign key, as texts, and the types that they are read as.
#[derive(Clone, Copy)]
pub struct GivenValues<'a> {
    /// Each row's number and its values.
    pub rows: &'a [(usize, Vec<String>)],
    /// One a column, ready for a cast that cuts nothing off.
    pub types: &'a [String],
}

/// Pairs given values of parents with given values of children, as their numbers.
///
/// Each list is put under the table's own columns, of which none is read: so the values are compared under their collation.
#[must_use]
pub fn referring_values(key: &ForeignKey, of_parents: GivenValues<'_>, of_children: GivenValues<'_>) -> String {
    let number = Ident::beside("fb_number", key.parent_columns.iter().chain(&key.child_columns)).sql();
    format!(
        "select p.{number}, c.{number} from {} p join {} c on {}",
        given(&parents(key), &number, &key.parent_columns, of_parents),
        given(&children(key), &number, &key.child_columns, of_children),
        pairs(key, "p", "c")
    )
}

/// Reads given values as they are read for [`referring_values`], and finds no pair: the server refuses those that it cannot
/// read.
#[must_use]
pub fn read_values(values: GivenValues<'_>) -> String {
    let list = |column: usize| array_literal(values.rows.iter().map(|(_, texts)| texts[column].as_str()));
    let read = |column: usize, cast: &str| format!("(select count(v::{cast}) from unnest({}::text[]) v) < 0", list(column));
    let tests: Vec<_> = values.types.iter().enumerate().map(|(column, cast)| read(column, cast)).collect();
    format!("select 0::int8, 0::int8 where {}", tests.join(" or "))
}

fn given(table: &str, number: &str, columns: &[Ident], values: GivenValues<'_>) -> String {
    let names: Vec<_> = columns.iter().map(Ident::sql).collect();
    let numbers: Vec<_> = values.rows.iter().map(|(number, _)| number.to_string()).collect();
    let list = |column: usize| array_literal(values.rows.iter().map(|(_, texts)| texts[column].as_str()));
    let lists: Vec<_> = (0..columns.len()).map(|column| format!(", {}::text[]", list(column))).collect();
    let given: Vec<_> = (0..columns.len()).map(|column| format!(", v{column}")).collect();
    let read: Vec<_> = values.types.iter().enumerate().map(|(column, cast)| format!(", v{column}::{cast}")).collect();
    // `unnest` of several arrays is special syntax: it must not be schema-qualified.
    format!(
        "(select null::int8 as {number}, {} from {table} where false union all select v.n{} from unnest('{{{}}}'::int8[]{}) \
         as v(n{}))",
        names.join(", "),
        read.concat(),
        numbers.join(","),
        lists.concat(),
        given.concat()
    )
}
