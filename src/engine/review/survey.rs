//! Every row of a diff read over once: what is known of each, and the values of as many as are wanted.

use super::filter::{Filter, Window};
use super::reviewed_table::ReviewedTable;
use super::run::Review;
use super::shown_row::ShownRow;
use crate::codec::StagedColumn;
use crate::delta::Class;
use crate::error::Result;
use crate::name::Sided;
use crate::policy::Selector;
use crate::staging::TableDiff;

/// Who reads over a diff. Everything comes table by table.
pub(crate) trait Surveyor {
    /// Another table begins.
    fn table(&mut self, table: SurveyedTable<'_>);

    /// A row, without its values.
    fn row(&mut self, row: &SurveyedRow<'_>);

    /// A row with its values; it has come without them before.
    ///
    /// # Errors
    /// Whatever keeps it from being taken.
    fn values(&mut self, row: &ShownRow) -> Result<()>;
}

/// One table that is read over.
pub(crate) struct SurveyedTable<'a> {
    /// The database's name, the same on both sides.
    pub(crate) database: &'a str,
    /// The table by OLD's name, as `schema.name`.
    pub(crate) name: String,
    /// What differs.
    pub(crate) diff: &'a TableDiff,
    /// Its columns as rows show them: the name, the type, whether it is one of the key's, and what masks its values.
    pub(crate) columns: Vec<(String, String, bool, Option<String>)>,
}

/// What is known of a row without its values.
pub(crate) struct SurveyedRow<'a> {
    /// What its history means for OLD.
    pub(crate) class: Class,
    /// The columns that differ; nothing unless both sides have the row.
    pub(crate) changed: Option<&'a [String]>,
    /// When each side last wrote it by its own columns, in microseconds since 1970-01-01 UTC.
    pub(crate) written_us: Sided<Option<i64>>,
}

impl Review<'_> {
    /// Reads over every row of every table, and shows the values of `most` of each table at most: where a table has more, rows
    /// of the classes `first` come before all others. Memory: one batch, and the positions of the rows that are shown.
    ///
    /// # Errors
    /// `Damaged` where a file is not what was written; whatever the surveyor answers.
    pub(crate) fn survey(&self, most: u64, first: &[Class], surveyor: &mut dyn Surveyor) -> Result<()> {
        for table in self.tables(&Filter::default())? {
            surveyor.table(SurveyedTable {
                database: table.database,
                name: table.record.name.to_string(),
                diff: table.diff,
                columns: columns(&table),
            });
            let rows = table.diff.rows();
            if rows <= most {
                pass(&table, Vec::new(), most, surveyor)?;
                continue;
            }
            let (urgent, others): (Vec<_>, Vec<_>) = Class::DECIDABLE.iter().partition(|class| first.contains(class));
            let shown = if urgent.is_empty() { 0 } else { pass(&table, urgent, most, surveyor)? };
            if !others.is_empty() {
                pass(&table, others, most.saturating_sub(shown), surveyor)?;
            }
        }
        Ok(())
    }
}

/// Reads over the rows of some classes, all where none is named, and returns how many there are.
fn pass(table: &ReviewedTable<'_>, classes: Vec<Class>, most: u64, surveyor: &mut dyn Surveyor) -> Result<u64> {
    let filter = Filter { selector: Selector { classes, ..Selector::default() }, ..Filter::default() };
    let mut seen = 0;
    table.scan(&filter, Window { offset: 0, limit: Some(most) }, &mut seen, &mut |facts, row| {
        if let Some(row) = row {
            return surveyor.values(&row);
        }
        let changed = facts.changed.as_deref();
        surveyor.row(&SurveyedRow { class: facts.class, changed, written_us: facts.written_us });
        Ok(())
    })?;
    Ok(seen)
}

fn columns(table: &ReviewedTable<'_>) -> Vec<(String, String, bool, Option<String>)> {
    let key = table.record.key.names();
    let of = |column: &StagedColumn| {
        let is_key = key.contains(&column.name);
        (column.name.as_str().to_owned(), column.pg_type.clone(), is_key, table.hidden_by(column).map(str::to_owned))
    };
    table.record.layout.columns.iter().filter(|column| column.own_form_of.is_none()).map(of).collect()
}
