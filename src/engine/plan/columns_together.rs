//! Which columns of a table refer to a parent together: a row that had one of them of OLD's and one of NEW's would refer to a
//! parent that nobody has given it.

use crate::name::Ident;
use crate::staging::TableRecord;

/// The columns that are taken of one side together, by each column's position in the layout.
pub(super) struct ColumnsTogether {
    with: Vec<Vec<usize>>,
    /// Those that hold OLD's own forms of their values.
    forms: Vec<Vec<usize>>,
}

impl ColumnsTogether {
    /// Reads OLD's foreign keys. Keys that share a column are one.
    pub(super) fn of(record: &TableRecord) -> Self {
        let layout = &record.layout.columns;
        let place = |name: &Ident| layout.iter().position(|column| column.name == *name && column.own_form_of.is_none());
        let mut group: Vec<usize> = (0..layout.len()).collect();
        for key in &record.old.foreign_keys {
            let columns: Vec<usize> = key.child_columns.iter().filter_map(place).collect();
            let Some(into) = columns.iter().map(|column| group[*column]).min() else { continue };
            let joined: Vec<usize> = columns.iter().map(|column| group[*column]).collect();
            group.iter_mut().filter(|one| joined.contains(one)).for_each(|one| *one = into);
        }
        let with = |column: usize| (0..layout.len()).filter(|other| group[*other] == group[column]).collect();
        let with: Vec<Vec<usize>> = (0..layout.len()).map(with).collect();
        let is_form = |form: &usize, of: &[usize]| {
            of.iter().any(|column| layout[*form].own_form_of.as_ref() == Some(&layout[*column].name))
        };
        let forms = with.iter().map(|of| (0..layout.len()).filter(|form| is_form(form, of)).collect()).collect();
        Self { with, forms }
    }

    /// Lists the columns that go with one, itself among them.
    pub(super) fn with(&self, column: usize) -> &[usize] {
        &self.with[column]
    }

    /// Lists the columns that hold OLD's own forms of those.
    pub(super) fn forms_of(&self, column: usize) -> &[usize] {
        &self.forms[column]
    }
}
