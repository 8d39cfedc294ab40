//! Conditions and expressions of people's own over a row as OLD, NEW and the cutover have it: in OLD's types, under the names
//! `old`, `new` and `base`. Rows come with the statement, as texts, so that none has to be written.

use super::value::convert;
use super::{LoadTable, copy_binary, select_list};
use crate::codec::RowLayout;
use crate::name::{Side, literal};
use crate::schema::{Column, Conversion, Table};

/// The view that stands for a condition while it is looked at.
pub const CONDITION_VIEW: &str = "fb_when";

/// How many queries a condition is made of that has none of its own: the view's, and one for each image.
pub const CONDITION_QUERIES: i32 = 4;

/// The names of a row's images.
const IMAGES: [&str; 3] = ["old", "new", "base"];

/// A row's values as texts, one for each of the load table's columns: on OLD, on NEW, at the cutover.
pub type ConditionRow = [Option<Vec<Option<String>>>; 3];

impl LoadTable<'_> {
    /// Makes a temporary view of a condition over rows of the table, so that the server can be asked what it is made of. It
    /// is one statement, whatever the condition says.
    #[must_use]
    pub fn condition_view(&self, table: &Table, condition: &str) -> String {
        let nothing = |index: usize| format!("null::{}", self.own_type(table, index));
        let images = IMAGES.map(|image| format!("({}) as {image}", self.image(table, nothing)));
        // What stands behind the last line of the condition is not a comment's.
        format!("create temporary view {CONDITION_VIEW} as select (\n{condition}\n) as met from {}", images.join(", "))
    }

    /// Says of each of some rows, in their order, whether a condition is met.
    #[must_use]
    pub fn meets(&self, table: &Table, condition: &str, rows: &[ConditionRow]) -> String {
        let row = |(number, images): (usize, &ConditionRow)| {
            let arrays: Vec<_> = images.iter().map(|image| texts(image.as_deref())).collect();
            format!("({number}, {})", arrays.join(", "))
        };
        let rows: Vec<_> = rows.iter().enumerate().map(row).collect();
        let images = IMAGES.map(|image| self.beside(table, image, &format!("fb.{image}")));
        format!(
            "select fb.number, coalesce((\n{condition}\n), false) from (values {}) as fb(number, {}) {} order by fb.number",
            rows.join(", "),
            IMAGES.join(", "),
            images.join(" ")
        )
    }

    /// Makes the view that [`condition_view`](Self::condition_view) makes, of an expression for one of OLD's columns, in the
    /// column's type.
    #[must_use]
    pub fn computed_view(&self, table: &Table, column: &Column, sql: &str) -> String {
        self.condition_view(table, &typed(column, sql))
    }

    /// Computes an expression for one of OLD's columns, for each of some rows in their order, and sends it as the columns of
    /// a layout that are made of it. All of the rows have the images that the first has: others have no name.
    #[must_use]
    pub fn computed(&self, (table, column): (&Table, &Column), layout: &RowLayout, sql: &str, rows: &[ConditionRow]) -> String {
        copy_binary(&format!(
            "select {} from (select fb_value::{} as {} from ({}) as fb_computed order by fb_number) as fb",
            select_list(layout, Side::Old, "fb"),
            column.data_type.sql,
            column.name.sql(),
            self.values_of((table, column), sql, rows)
        ))
    }

    /// Asks for which of the rows the column's own length or precision would make another value; nothing where it has none.
    #[must_use]
    pub fn computed_changes(&self, (table, column): (&Table, &Column), sql: &str, rows: &[ConditionRow]) -> Option<String> {
        let of = &column.data_type;
        (of.typmod >= 0).then(|| {
            format!(
                "select fb_number from ({}) as fb_computed where fb_value is distinct from fb_value::{}",
                self.values_of((table, column), sql, rows),
                of.sql
            )
        })
    }

    fn values_of(&self, (table, column): (&Table, &Column), sql: &str, rows: &[ConditionRow]) -> String {
        let has: Vec<_> = (0..IMAGES.len()).filter(|image| rows.first().is_some_and(|row| row[*image].is_some())).collect();
        let row = |(number, images): (usize, &ConditionRow)| {
            let arrays: Vec<_> = has.iter().map(|image| texts(images[*image].as_deref())).collect();
            std::iter::once(format!("({number}")).chain(arrays).collect::<Vec<_>>().join(", ") + ")"
        };
        let rows: Vec<_> = rows.iter().enumerate().map(row).collect();
        let named: Vec<_> = has.iter().map(|image| format!(", fb_{}", IMAGES[*image])).collect();
        let images: Vec<_> =
            has.iter().map(|image| self.beside(table, IMAGES[*image], &format!("fb.fb_{}", IMAGES[*image]))).collect();
        format!(
            "select fb.fb_number, {} as fb_value from (values {}) as fb(fb_number{}) {}",
            typed(column, sql),
            rows.join(", "),
            named.concat(),
            images.join(" ")
        )
    }

    /// An image of the row beside it, in OLD's types, of an array of texts.
    fn beside(&self, table: &Table, image: &str, array: &str) -> String {
        let own = |index: usize| format!("({})::{}", self.of_texts(array, index), self.own_type(table, index));
        format!("cross join lateral (select {}) as {image}", self.list(table, own))
    }

    fn image(&self, table: &Table, value: impl Fn(usize) -> String) -> String {
        format!("select {}", self.list(table, value))
    }

    /// The columns that OLD has, each with its name.
    fn list(&self, table: &Table, value: impl Fn(usize) -> String) -> String {
        let columns = self.columns.iter().enumerate().filter(|(_, column)| table.column(&column.name).is_some());
        columns.map(|(index, column)| format!("{} as {}", value(index), column.name.sql())).collect::<Vec<_>>().join(", ")
    }

    fn own_type(&self, table: &Table, index: usize) -> String {
        table.column(&self.columns[index].name).map_or_else(|| "text".to_owned(), |own| own.data_type.bare_sql.clone())
    }

    /// A value of the table's column, of an array of texts.
    fn of_texts(&self, array: &str, index: usize) -> String {
        let text = |index: usize| format!("{array}[{}]", index + 1);
        let read = |sql_type: &str, text: String| match sql_type {
            "text" => text,
            array if array.ends_with("[]") => format!("({text})::{array}"),
            other => convert(&[Conversion::Input(other.to_owned())], text),
        };
        let column = &self.columns[index];
        let value = convert(&column.conversions, read(&column.sql_type, text(index)));
        let Some((name, sql_type)) = &column.own_form else { return value };
        let Some(form) = self.columns.iter().position(|column| column.name == *name) else { return value };
        format!("coalesce({}, {value})", read(sql_type, text(form)))
    }
}

/// An expression in the type of a column, before its length or precision.
fn typed(column: &Column, sql: &str) -> String {
    // What stands behind the last line of the expression is not a comment's.
    format!("(\n{sql}\n)::{}", column.data_type.bare_sql)
}

/// The expression for what both sides did to a number: OLD's value, and the difference that NEW made to it.
#[must_use]
pub fn both_differences(column: &Column) -> String {
    let name = column.name.sql();
    format!("old.{name} + (new.{name} - base.{name})")
}

/// An array of texts; nothing where there is no row.
fn texts(values: Option<&[Option<String>]>) -> String {
    let Some(values) = values else { return "null::text[]".to_owned() };
    let element = |value: &Option<String>| match value {
        None => "NULL".to_owned(),
        Some(text) => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
    };
    format!("{}::text[]", literal(&format!("{{{}}}", values.iter().map(element).collect::<Vec<_>>().join(","))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_no_null_and_ends_no_array() {
        let text = |text: &str| Some(text.to_owned());
        let values = [text("NULL"), None, text("a\"b\\c'd,}"), text("")];
        assert_eq!(texts(Some(&values)), "'{\"NULL\",NULL,\"a\\\"b\\\\c''d,}\",\"\"}'::text[]");
        assert_eq!(texts(None), "null::text[]");
    }
}
