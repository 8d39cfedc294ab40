//! Everything about a run that only its rows know: when they were written, where conflicts lie, and the rows themselves.

use std::collections::BTreeMap;

use super::account::{ChangedColumn, ConflictCell, RowsShown, TableColumn};
use super::caps::Caps;
use super::row_text;
use super::timeline::{Stamps, Timeline};
use crate::delta::Class;
use crate::engine::review::{Review, ShownRow, SurveyedRow, SurveyedTable, Surveyor};
use crate::error::Result;
use crate::policy::Resolution;

/// What the rows of a run say.
pub(super) struct Surveyed {
    pub(super) timeline: Timeline,
    pub(super) conflicts: Vec<ConflictCell>,
    /// In the diff's order.
    pub(super) tables: Vec<(Vec<TableColumn>, RowsShown)>,
}

/// Reads over every row of a run.
pub(super) fn survey(review: &Review<'_>, cutover_us: i64, caps: Caps) -> Result<Surveyed> {
    let first: Vec<_> = Class::DECIDABLE.into_iter().filter(|class| class.builtin() == Resolution::Hold).collect();
    let mut gathered = Gathered {
        caps,
        left: caps.bytes,
        tables_left: (review.index().tables().count() as u64).max(1),
        share: 0,
        stamps: Stamps::since(cutover_us),
        conflicts: BTreeMap::new(),
        at: (String::new(), String::new()),
        tables: Vec::new(),
    };
    review.survey(caps.rows, &first, &mut gathered)?;
    gathered.close();
    let conflicts = gathered.conflicts();
    Ok(Surveyed { timeline: gathered.stamps.done(), conflicts, tables: gathered.tables })
}

/// The database, the table and the kind of a conflict.
type Place = (String, String, Class);

struct Gathered {
    caps: Caps,
    /// So many bytes are left for all tables to come.
    left: u64,
    tables_left: u64,
    /// So many of them are this table's.
    share: u64,
    stamps: Stamps,
    conflicts: BTreeMap<Place, (u64, BTreeMap<Option<String>, u64>)>,
    at: (String, String),
    tables: Vec<(Vec<TableColumn>, RowsShown)>,
}

impl Gathered {
    /// Ends the table that was read over last.
    fn close(&mut self) {
        if let Some((_, rows)) = self.tables.last_mut() {
            rows.json.push(']');
            self.left = self.left.saturating_sub(rows.json.len() as u64);
        }
    }

    fn conflicts(&mut self) -> Vec<ConflictCell> {
        let of = |((database, table, class), (rows, columns)): (Place, (u64, BTreeMap<Option<String>, u64>))| {
            let mut columns: Vec<_> = columns.into_iter().map(|(column, rows)| ChangedColumn { column, rows }).collect();
            columns.sort_by_key(|column| std::cmp::Reverse(column.rows));
            ConflictCell { class, database, table, rows, columns }
        };
        let mut cells: Vec<_> = std::mem::take(&mut self.conflicts).into_iter().map(of).collect();
        cells.sort_by_key(|cell| std::cmp::Reverse(cell.rows));
        cells
    }
}

impl Surveyor for Gathered {
    fn table(&mut self, table: SurveyedTable<'_>) {
        self.close();
        // What a table does not need is left to those behind it.
        self.share = self.left / self.tables_left.max(1);
        self.tables_left = self.tables_left.saturating_sub(1);
        let of = |(name, pg_type, is_key, masked_by)| TableColumn { name, pg_type, is_key, masked_by };
        let columns = table.columns.into_iter().map(of).collect();
        let files = table.diff.segments.iter().map(|segment| segment.file.path.clone()).collect();
        let rows = RowsShown { json: "[".to_owned(), rows: 0, left_out: table.diff.rows(), files };
        self.tables.push((columns, rows));
        self.at = (table.database.to_owned(), table.name);
    }

    fn row(&mut self, row: &SurveyedRow<'_>) {
        self.stamps.add(row.written_us);
        if !row.class.is_conflict() {
            return;
        }
        let place = (self.at.0.clone(), self.at.1.clone(), row.class);
        let (rows, columns) = self.conflicts.entry(place).or_default();
        *rows += 1;
        match row.changed {
            Some(changed) => {
                for column in changed {
                    *columns.entry(Some(column.clone())).or_default() += 1;
                }
            }
            None => *columns.entry(None).or_default() += 1,
        }
    }

    fn values(&mut self, row: &ShownRow) -> Result<()> {
        let Some((_, rows)) = self.tables.last_mut() else { return Ok(()) };
        let is_full = rows.json.len() as u64 >= self.share;
        if is_full || rows.left_out == 0 {
            return Ok(());
        }
        let text = row_text::text(row, self.caps.values)?;
        if rows.json.len() as u64 + text.len() as u64 > self.share {
            // One that is much larger than the others is no reason to leave out all behind it.
            return Ok(());
        }
        if rows.rows > 0 {
            rows.json.push(',');
        }
        rows.json.push_str(&text);
        rows.rows += 1;
        rows.left_out -= 1;
        Ok(())
    }
}
