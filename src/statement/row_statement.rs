//! What a merge does with one row, as statements that hold its values: for a person to read, or to run by hand. A merge itself
//! sends values apart from statements, in a load table, and of a row that it updates those alone that change; conversions and
//! conditions are the same.

use super::value::convert;
use super::{Inserted, LoadTable, Operation};
use crate::schema::Conversion;

impl LoadTable<'_> {
    /// Returns the statements that do to the table what an operation does with one row. `values` are the row's, each ready for
    /// SQL, in the order of the columns; those of a row that goes are OLD's. Empty where no statement says it: of a table
    /// without a key, rows that go are counted.
    #[must_use]
    pub fn for_row(&self, operation: Operation, values: &[String]) -> Vec<String> {
        match operation {
            Operation::Insert => vec![self.insert_row(Inserted::News, values)],
            Operation::Update | Operation::Move => self.update_row(values).into_iter().collect(),
            Operation::Delete => self.delete_row(values).into_iter().collect(),
            Operation::Replace => {
                let delete = self.delete_row(values);
                delete.into_iter().chain([self.insert_row(Inserted::Olds, values)]).collect()
            }
            Operation::Stay | Operation::Lack => Vec::new(),
        }
    }

    /// The table as it is named where its rows are changed.
    fn visible_relation(&self) -> String {
        let name = self.source.table.visible_sql();
        if self.source.partitioned { name } else { format!("only {name}") }
    }

    fn insert_row(&self, rows: Inserted, values: &[String]) -> String {
        let written = (0..self.columns.len()).filter(|index| rows.write(&self.columns[*index]));
        let (names, values): (Vec<_>, Vec<_>) =
            written.map(|index| (self.columns[index].name.visible_sql(), self.given(index, values))).unzip();
        let table = self.source.table.visible_sql();
        if names.is_empty() {
            return format!("insert into {table} default values");
        }
        format!("insert into {table} ({})\n  overriding system value\n  values ({})", names.join(", "), values.join(", "))
    }

    fn update_row(&self, values: &[String]) -> Option<String> {
        let sets: Vec<_> = (0..self.columns.len())
            .filter(|index| self.columns[*index].updated)
            .map(|index| format!("{} = {}", self.columns[index].name.visible_sql(), self.given(index, values)))
            .collect();
        if sets.is_empty() {
            return None;
        }
        let place = self.place_of_row(values)?;
        Some(format!("update {} t\n  set {}\n  where {place}", self.visible_relation(), sets.join(",\n      ")))
    }

    fn delete_row(&self, values: &[String]) -> Option<String> {
        Some(format!("delete from {} t\n  where {}", self.visible_relation(), self.place_of_row(values)?))
    }

    /// The condition that finds the row.
    fn place_of_row(&self, values: &[String]) -> Option<String> {
        if self.source.key.is_whole_row() {
            return None;
        }
        let tests: Vec<_> = (0..self.columns.len())
            .filter(|index| self.columns[*index].key)
            .map(|index| {
                let column = &self.columns[index];
                format!("t.{} {} {}", column.name.visible_sql(), column.equals, self.given(index, values))
            })
            .collect();
        Some(tests.join(" and "))
    }

    /// A value as the table's column takes it.
    fn given(&self, index: usize, values: &[String]) -> String {
        let column = &self.columns[index];
        let value = |index: usize| values.get(index).map_or(NULL, String::as_str);
        if let Some((name, sql_type)) = &column.own_form
            && let Some(form) = self.columns.iter().position(|column| column.name == *name)
            && value(form) != NULL
        {
            return format!("{}::{sql_type}", value(form));
        }
        match (column.sql_type.as_str(), column.conversions.split_first()) {
            // A literal is read by the type's input function, as what arrives as text is.
            ("text", Some((Conversion::Cast(sql_type) | Conversion::Input(sql_type), rest))) => {
                convert(rest, format!("{}::{sql_type}", value(index)))
            }
            (sql_type, _) => convert(&column.conversions, format!("{}::{sql_type}", value(index))),
        }
    }
}

/// How NULL is given.
pub const NULL: &str = "null";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::{Ident, QualifiedName, Side, visible_literal};
    use crate::schema::{ComparisonKey, KeyColumn, KeyOrder};
    use crate::statement::{LoadColumn, RowSource, load_table_name};

    fn column(name: &str, sql_type: &str) -> LoadColumn {
        LoadColumn {
            name: Ident::new(name),
            sql_type: sql_type.to_owned(),
            conversions: Vec::new(),
            own_form: None,
            equals: "=".to_owned(),
            key: name == "id",
            inserted: true,
            restored: true,
            updated: name != "id",
            refitted: false,
        }
    }

    #[test]
    fn the_statements_hold_the_rows_values() {
        let key = ComparisonKey::Columns { columns: vec![KeyColumn::plain(Ident::new("id"), KeyOrder::Integer, "bigint")] };
        let table = QualifiedName::new("app", "O\"dd");
        let tags = LoadColumn { conversions: vec![Conversion::Cast("text[]".to_owned())], ..column("tags", "text") };
        let source = RowSource { table: &table, key: &key, side: Side::Old, partitioned: false };
        let load =
            LoadTable { name: load_table_name(1), source, columns: vec![column("id", "bigint"), column("a", "text"), tags] };
        let values = [visible_literal("7"), visible_literal("it's\n\\"), NULL.to_owned()];
        let update = "update only \"app\".\"O\"\"dd\" t\n  set \"a\" = U&'it''s\\+00000A\\\\'::text,\n      \
                      \"tags\" = null::text[]\n  where t.\"id\" = '7'::bigint";
        assert_eq!(load.for_row(Operation::Update, &values), [update]);
        let insert = "insert into \"app\".\"O\"\"dd\" (\"id\", \"a\", \"tags\")\n  overriding system value\n  \
                      values ('7'::bigint, U&'it''s\\+00000A\\\\'::text, null::text[])";
        assert_eq!(load.for_row(Operation::Insert, &values), [insert]);
        let delete = "delete from only \"app\".\"O\"\"dd\" t\n  where t.\"id\" = '7'::bigint";
        assert_eq!(load.for_row(Operation::Replace, &values), [delete, insert]);
        assert!(load.for_row(Operation::Stay, &values).is_empty());
    }

    #[test]
    fn rows_without_a_key_have_no_place() {
        let key = ComparisonKey::WholeRow { columns: vec![Ident::new("a")] };
        let table = QualifiedName::new("app", "log");
        let source = RowSource { table: &table, key: &key, side: Side::Old, partitioned: false };
        let load = LoadTable { name: load_table_name(1), source, columns: vec![column("a", "text")] };
        assert!(load.for_row(Operation::Delete, &[NULL.to_owned()]).is_empty());
        assert_eq!(load.for_row(Operation::Insert, &[NULL.to_owned()]).len(), 1);
    }
}
