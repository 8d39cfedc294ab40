//! One table's rows on their way into a load table. Memory: one batch of rows.

use tracing::info;

use super::table_merge::{TableMerge, expect_rows};
use crate::codec::BatchEncoder;
use crate::engine::plan::{Direction, PlannedRows, RelevantColumns};
use crate::engine::rows::{Loading, view};
use crate::engine::run::Reporter;
use crate::error::Result;
use crate::pg::Session;
use crate::statement::Operation;
use crate::store::Store;

impl TableMerge<'_> {
    /// Sends the rows that are to be written into a temporary table; of a table without a key also the digests of all other
    /// rows of the diff, as they say how many copies there were. What is in a row that is not written stays here: OLD may not
    /// take it.
    pub(crate) async fn load(
        &self,
        store: &dyn Store,
        reporter: &Reporter,
        old: &Session,
        referring: &RelevantColumns,
    ) -> Result<()> {
        old.execute_all(&self.load.create()).await?;
        let mut loading = Loading::into(old, &self.load).await?;
        let encoder = BatchEncoder::new(&self.record.layout);
        let mut reader = self.reader(store)?;
        let counts = self.record.key.is_whole_row();
        let (mut first, mut ord, mut sent) = (0, 0, 0);
        while let Some(changes) = reader.next()? {
            reporter.check_stop()?;
            let change = self.direction.change(&changes, &self.record.layout)?;
            let rows = change.try_map(|image| view(&encoder, &image.rows))?;
            for (row, action) in changes.actions.iter().enumerate() {
                let aside = || aside(&changes, row).filter(|_| counts);
                let Some(operation) = self.operation(*action).or_else(aside) else { continue };
                let (image, operation) = match operation {
                    Operation::Delete => (&rows.before, operation),
                    Operation::Update if referring.are_changed(&rows, row)? => (&rows.after, Operation::Move),
                    Operation::Stay => {
                        (if self.direction == Direction::Forward { &rows.before } else { &rows.after }, operation)
                    }
                    Operation::Lack => {
                        (if self.direction == Direction::Forward { &rows.after } else { &rows.before }, operation)
                    }
                    _ => (&rows.after, operation),
                };
                // Copies are known by their place in the diff.
                let place = if counts { first + row } else { ord };
                if action.writes() {
                    loading.row(image, row, place, operation).await?;
                } else {
                    loading.part_of_row(image, row, place, operation, |column| self.load.columns[column].key).await?;
                }
                ord += usize::from(action.writes());
                sent += u64::from(!action.writes());
            }
            first += changes.actions.len();
        }
        expect_rows("load rows", loading.finish().await?, self.wanted.sum() + sent)?;
        info!(table = %self.record.name, rows = self.wanted.sum(), "loaded");
        old.execute_all(&self.load.analyze()).await
    }
}

/// Returns the operation on a row about which nothing is done; `None` where neither side has it.
fn aside(changes: &PlannedRows, row: usize) -> Option<Operation> {
    match (changes.old.present.value(row), changes.new.present.value(row)) {
        (true, _) => Some(Operation::Stay),
        (false, true) => Some(Operation::Lack),
        (false, false) => None,
    }
}
