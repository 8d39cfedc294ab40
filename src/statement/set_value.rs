//! A text that somebody gives for a column, as OLD's server reads it, and as that travels.

use super::{copy_binary, select_list};
use crate::codec::RowLayout;
use crate::name::{Side, literal};
use crate::schema::Column;

/// Reads a text as a value of one of OLD's columns, and sends it as the columns of a layout that are made of it.
#[must_use]
pub fn set_value(layout: &RowLayout, column: &Column, text: &str) -> String {
    let value = format!("({}::{})::{}", literal(text), column.data_type.bare_sql, column.data_type.sql);
    copy_binary(&format!(
        "select {} from (select {value} as {}) as fb",
        select_list(layout, Side::Old, "fb"),
        column.name.sql()
    ))
}

/// Asks whether the column's own length or precision would make another value of the text; nothing where it has none.
#[must_use]
pub fn set_value_changes(column: &Column, text: &str) -> Option<String> {
    let of = &column.data_type;
    let value = format!("{}::{}", literal(text), of.bare_sql);
    (of.typmod >= 0).then(|| format!("select {value} is distinct from ({value})::{}", of.sql))
}
