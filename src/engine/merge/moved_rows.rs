//! Rows of OLD that are not as they must be: as classified, or as the merge left them.
//!
//! Memory: one batch of rows, and to take a merge back eight bytes a written row.

use std::fmt;

use arrow_array::BooleanArray;
use tracing::{Instrument as _, info};

use super::copies;
use super::moved_row::{Moved, MovedRow};
use super::table_merge::TableMerge;
use crate::engine::plan::{Direction, PlannedRows};
use crate::engine::rows::{Batches, Image, finding_names, image_layout};
use crate::engine::run::{Reporter, spans};
use crate::error::{Error, ErrorKind, Result};
use crate::name::{Ident, Side};
use crate::pg::Session;
use crate::policy::Action;
use crate::staging::layout::TableId;
use crate::statement::{BY_ANY_JOIN, BY_INDEX, Unknown, WriterMark, copy_binary, select_list};
use crate::store::Store;

/// Rows were written between the look at them and their locks.
#[derive(Debug)]
struct JustMoved(String);

impl fmt::Display for JustMoved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for JustMoved {}

/// Rows are not as they were classified.
#[derive(Debug)]
struct MovedSince {
    said: String,
    table: TableId,
    /// Which, as positions among the rows that were looked at.
    which: Vec<usize>,
}

impl fmt::Display for MovedSince {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said)
    }
}

impl std::error::Error for MovedSince {}

/// Returns the table and which of its rows were not as classified, as positions in its diff or among those of the batch, if a
/// merge failed by that.
pub(super) fn moved_since(error: &Error) -> Option<(TableId, &[usize])> {
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        if let Some(moved) = inner.downcast_ref::<MovedSince>() {
            return Some((moved.table, &moved.which));
        }
        cause = inner.source();
    }
    None
}

/// Whether an undo failed because rows were written between the look at them and their locks: another look leaves these, too.
pub(super) fn has_just_moved(error: &Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        if inner.is::<JustMoved>() {
            return true;
        }
        cause = inner.source();
    }
    false
}

impl TableMerge<'_> {
    /// Compares each row with the one that was classified, or that the merge left. They are locked by now, or as they are read.
    pub(crate) async fn expect_unmoved(
        &self,
        store: &dyn Store,
        reporter: &Reporter,
        old: &Session,
        (database, merged_in, mark): (&str, &[i64], Option<&WriterMark>),
    ) -> Result<()> {
        self.hint(old, BY_INDEX).await?;
        // Where actions were chosen row by row, the rows were looked at before the transaction.
        let reporter = if self.actions.is_some() { &reporter.untold() } else { reporter };
        let looking = self.look((store, reporter, old), self.is_locked_as_read(), (database, merged_in, mark));
        let which: Vec<_> = looking.instrument(spans::lock("rows")).await?.into_iter().map(|moved| moved.row).collect();
        let moved = which.len();
        info!(table = %self.record.name, rows = self.wanted.sum(), moved, "compared");
        self.hint(old, BY_ANY_JOIN).await?;
        if moved == 0 {
            return Ok(());
        }
        let rows = if moved == 1 { "1 row is" } else { &format!("{moved} rows are") };
        let refused = Error::new(ErrorKind::Refused, "compare OLD with the plan");
        Err(match self.direction {
            Direction::Forward if self.record.key.is_whole_row() => refused
                .because(format!("{rows} no longer as often there as they were: OLD was written since"))
                .next("run `failback diff` and `failback plan` again: the copies are counted anew"),
            Direction::Forward => refused
                .because(MovedSince {
                    said: format!("{rows} no longer as classified: OLD was written since"),
                    table: self.record.id,
                    which,
                })
                .next("run `failback diff` and `failback plan` again: the moved rows are classified anew"),
            Direction::Back => refused
                .because(JustMoved(format!("{rows} no longer as a moment ago: OLD is being written")))
                .next("run the same command again: rows that were written since are left as they are"),
        })
    }

    /// Lists the rows of OLD that are not as they must be: as classified, or as the merge left them. What the merge wrote must
    /// also bear its transaction's number, as far as that can be told by `mark`.
    pub(crate) async fn moved(
        &self,
        store: &dyn Store,
        reporter: &Reporter,
        old: &Session,
        marks: (&str, &[i64], Option<&WriterMark>),
    ) -> Result<Vec<MovedRow>> {
        self.look((store, reporter, old), false, marks).await
    }

    async fn look(
        &self,
        (store, reporter, old): (&dyn Store, &Reporter, &Session),
        locks: bool,
        (database, merged_in, mark): (&str, &[i64], Option<&WriterMark>),
    ) -> Result<Vec<MovedRow>> {
        let looking = async {
            if !self.record.key.is_whole_row() {
                return self.look_for_moved((store, reporter, old), locks, (database, mark)).await;
            }
            let moved = copies::moved(&self.load, old, self.direction, merged_in).await?;
            reporter.tell_rows(database, &self.record.name, self.wanted.sum(), 0);
            Ok(moved)
        };
        finding_names(old, self.record.old.inlines(), looking).await
    }

    async fn look_for_moved(
        &self,
        (store, reporter, old): (&dyn Store, &Reporter, &Session),
        locks: bool,
        (database, mark): (&str, Option<&WriterMark>),
    ) -> Result<Vec<MovedRow>> {
        let layout = &self.record.layout;
        let list = select_list(layout, Side::Old, "t");
        let query =
            if locks { self.load.locked_counterparts(&list) } else { self.load.counterparts(&list, self.is_unguarded()) };
        let mut stream = Batches::open(old, &copy_binary(&query), &image_layout(layout)).await?;
        let mut reader = self.reader(store)?;
        let (mut moved, mut written_rows, mut first) = (Vec::new(), Vec::new(), 0);
        let asked = self.questions(mark);
        let is_looked_at = |action: Action| action.writes() && !(locks && self.is_swapped(action));
        while let Some(changes) = reader.next()? {
            reporter.check_stop()?;
            let written = changes.actions.iter().filter(|action| action.writes()).count();
            let rows: Vec<_> = (0..changes.actions.len()).filter(|row| is_looked_at(changes.actions[*row])).collect();
            let at = first;
            first += changes.actions.len();
            reporter.tell_rows(database, &self.record.name, written as u64, 0);
            if rows.is_empty() {
                continue;
            }
            let found = Image::split(&stream.take(rows.len()).await?)?;
            moved.extend(
                self.moved_of(&changes, (&rows, &is_looked_at), &found)?
                    .into_iter()
                    .map(|one| MovedRow { row: at + one.row, ..one }),
            );
            if !asked.is_empty() {
                written_rows.extend(rows.iter().map(|row| at + row));
            }
        }
        stream.expect_end().await?;
        for (how, query) in asked {
            let found = old.query(&query, &[]).await?;
            let ords = found.iter().filter_map(|row| usize::try_from(row.get::<_, i64>(0)).ok());
            let rows = ords.filter_map(|ord| written_rows.get(ord).copied());
            // Of a row that is as it was before the merge it does not matter who wrote it.
            let known = moved.len();
            moved.extend(rows.map(|row| MovedRow { row, how }));
            if how == Moved::Doubled {
                moved.rotate_left(known);
            }
        }
        moved.sort_by_key(|one| one.row);
        moved.dedup_by_key(|one| one.row);
        Ok(moved)
    }

    /// What is asked of OLD beside the rows themselves.
    fn questions(&self, mark: Option<&WriterMark>) -> Vec<(Moved, String)> {
        let is_back = self.direction == Direction::Back;
        let unknown = match (self.has_unknown_columns(), self.columns_since().is_empty()) {
            (false, _) => Unknown::Nothing,
            (true, true) => Unknown::Defaults,
            (true, false) => Unknown::Later,
        };
        let since = is_back.then(|| self.load.written_since(mark, unknown)).flatten();
        let doubled = self.is_unguarded().then(|| self.load.doubled());
        let asked = [(Moved::Written, since), (Moved::Doubled, doubled)];
        asked.into_iter().filter_map(|(how, query)| Some((how, query?))).collect()
    }

    fn moved_of(
        &self,
        changes: &PlannedRows,
        (rows, is_looked_at): (&[usize], &dyn Fn(Action) -> bool),
        found: &Image,
    ) -> Result<Vec<MovedRow>> {
        let looked_at: BooleanArray = changes.actions.iter().map(|action| Some(is_looked_at(*action))).collect();
        let change = changes.change(&self.record.layout)?.select(&looked_at)?;
        let as_classified = found.unlike(&change.before, |_, _| true)?;
        let moved = match self.direction {
            Direction::Forward => as_classified.iter().map(|at| MovedRow { row: rows[*at], how: Moved::Written }).collect(),
            Direction::Back => {
                let is_there = |at: &usize| as_classified.binary_search(at).is_err();
                let how = |at: &usize| {
                    let moved = if found.present.value(*at) { Moved::Written } else { Moved::Missing };
                    if is_there(at) { Moved::There } else { moved }
                };
                let broken = change.broken(found, &self.record.layout)?;
                broken.iter().map(|at| MovedRow { row: rows[*at], how: how(at) }).collect()
            }
        };
        Ok(moved)
    }

    /// Whether OLD's rows have columns that the merge filled by default when it inserted one.
    fn has_unknown_columns(&self) -> bool {
        let is_known = |name: &Ident| self.load.columns.iter().any(|column| column.inserted && column.name == *name);
        self.record.old.columns.iter().any(|column| !column.generated && !is_known(&column.name))
    }
}
