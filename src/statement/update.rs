//! The UPDATE of rows that change in place: only values that change are written, so that the others keep their place, out of
//! line and in indexes.

use super::{ColumnMask, LoadColumn, LoadTable};

/// Rows of a load table that one UPDATE changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdatePart {
    /// How many they are.
    pub rows: u64,
    /// The columns that change in some row.
    pub in_some: ColumnMask,
    /// The columns that change in every row.
    pub in_all: ColumnMask,
}

/// The parts in which the rows of a load table are updated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateParts {
    /// The columns that change either in every row of a part or in none.
    pub whole: ColumnMask,
    /// The parts, each with those of these columns that change.
    pub parts: Vec<(ColumnMask, UpdatePart)>,
}

impl LoadTable<'_> {
    /// Lists the statements that update the rows which change in place, each with the number of rows that it must affect. None
    /// if the table has no column that an UPDATE could set. A row whose digest came with it is updated only where `digest`, an
    /// expression on the table's row `t`, still has that value: the server asks again of a row that it has waited for.
    #[must_use]
    pub fn updates(&self, parts: &UpdateParts, digest: Option<&str>) -> Vec<(String, u64)> {
        if self.source.key.is_whole_row() {
            return Vec::new();
        }
        let only = |changing: &ColumnMask| match parts.parts.len() {
            0 | 1 => String::new(),
            _ => format!(" and (s.mask & {}) = {}", parts.whole.literal(), changing.literal()),
        };
        let is_as_it_was = digest.map_or_else(String::new, |digest| format!(" and {digest} = s.was"));
        let update = |(changing, part): &(ColumnMask, UpdatePart)| {
            let statement = format!(
                "update {} t set {} from {} s where s.op in ('u', 'm'){} and {}{is_as_it_was}",
                self.table(),
                self.sets(part)?,
                self.qualified(),
                only(changing),
                self.same_row()
            );
            Some((statement, part.rows))
        };
        parts.parts.iter().filter_map(update).collect()
    }

    /// What an UPDATE sets. The server hands on a value that a row keeps as it is stored.
    fn sets(&self, part: &UpdatePart) -> Option<String> {
        let set = |index: usize| {
            let (name, value) = (self.columns[index].name.sql(), self.value(index));
            if part.in_all.has(index) {
                return format!("{name} = {value}");
            }
            format!("{name} = case when pg_catalog.get_bit(s.mask, {index}) = 1 then {value} else t.{name} end")
        };
        let updated = || (0..self.columns.len()).filter(|index| self.columns[*index].updated);
        let sets: Vec<_> = updated().filter(|index| part.in_some.has(*index)).map(set).collect();
        if !sets.is_empty() {
            return Some(sets.join(", "));
        }
        // What changes is none of what an UPDATE sets; the row is written all the same, as its plan says.
        let stays = |index: usize| format!("{0} = t.{0}", self.columns[index].name.sql());
        updated().min_by_key(|index| self.columns[*index].key).map(stays)
    }

    /// The columns that can only be set as a whole, for every row of a part or for none: see [`LoadColumn::refitted`].
    #[must_use]
    pub fn refitted_columns(&self) -> ColumnMask {
        self.mask(|column| column.refitted)
    }

    /// The columns that an UPDATE can set.
    #[must_use]
    pub fn updated_columns(&self) -> ColumnMask {
        self.mask(|column| column.updated)
    }

    fn mask(&self, is_in: impl Fn(&LoadColumn) -> bool) -> ColumnMask {
        ColumnMask::of(self.columns.len(), |index| is_in(&self.columns[index]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::{Ident, QualifiedName, Side};
    use crate::schema::{ComparisonKey, KeyColumn, KeyOrder};
    use crate::statement::{RowSource, load_table_name};

    fn column(name: &str) -> LoadColumn {
        LoadColumn {
            name: Ident::new(name),
            sql_type: "text".to_owned(),
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

    fn mask(columns: &[usize]) -> ColumnMask {
        ColumnMask::of(4, |column| columns.contains(&column))
    }

    #[test]
    fn values_that_do_not_change_are_not_set() {
        let key = ComparisonKey::Columns { columns: vec![KeyColumn::plain(Ident::new("id"), KeyOrder::Integer, "bigint")] };
        let table = QualifiedName::new("app", "t");
        let source = RowSource { table: &table, key: &key, side: Side::Old, partitioned: false };
        let columns = ["id", "a", "b", "c"].map(column).to_vec();
        let load = LoadTable { name: load_table_name(0), source, columns };
        let part = |rows, some: &[usize], all: &[usize]| UpdatePart { rows, in_some: mask(some), in_all: mask(all) };
        let end = "from pg_temp.\"fb_load_0\" s where s.op in ('u', 'm')";
        let one = UpdateParts { whole: mask(&[]), parts: vec![(mask(&[]), part(5, &[1, 3], &[3]))] };
        let statement = format!(
            "update only \"app\".\"t\" t set \"a\" = case when pg_catalog.get_bit(s.mask, 1) = 1 then s.c1 else t.\"a\" end, \
             \"c\" = s.c3 {end} and t.\"id\" = s.c0"
        );
        assert_eq!(load.updates(&one, None), [(statement.clone(), 5)]);
        assert_eq!(load.updates(&one, Some("d(t)")), [(format!("{statement} and d(t) = s.was"), 5)]);
        let two = [(mask(&[]), part(1, &[], &[])), (mask(&[2]), part(2, &[2], &[2]))];
        let found = load.updates(&UpdateParts { whole: mask(&[2]), parts: two.to_vec() }, None);
        let statement = |set: &str, bits: &str| {
            format!("update only \"app\".\"t\" t set {set} {end} and (s.mask & B'0010') = B'{bits}' and t.\"id\" = s.c0")
        };
        assert_eq!(found, [(statement("\"a\" = t.\"a\"", "0000"), 1), (statement("\"b\" = s.c2", "0010"), 2)]);
    }
}
