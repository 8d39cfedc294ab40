//! One table's rows on their way into a load table. Memory: one batch of rows.

use tracing::info;

use super::changed_values::ChangedValues;
use super::table_merge::{TableMerge, expect_rows};
use crate::codec::BatchEncoder;
use crate::engine::plan::{Direction, PlannedRows, RelevantColumns};
use crate::engine::rows::{Loading, view};
use crate::engine::run::Reporter;
use crate::error::Result;
use crate::pg::Session;
use crate::schema::ForeignKey;
use crate::statement::{Operation, UpdateParts};
use crate::store::Store;

impl TableMerge<'_> {
    /// Sends the rows that are to be written into a temporary table; of a table without a key also the digests of all other
    /// rows of the diff, as they say how many copies there were. What is in a row that is not written stays here: OLD may not
    /// take it; and of a row that is updated, what it keeps, unless `keys` or its own ask for it. Returns the parts in which
    /// rows are updated.
    pub(crate) async fn load(
        &self,
        store: &dyn Store,
        reporter: &Reporter,
        old: &Session,
        keys: &[ForeignKey],
    ) -> Result<UpdateParts> {
        old.execute_all(&self.load.create()).await?;
        let mut loading = Loading::into(old, &self.load).await?;
        let encoder = BatchEncoder::new(&self.record.layout);
        // As the server's own triggers do, only updates that refer to others than before are checked.
        let referring = RelevantColumns::referring(keys, &self.record.name, &self.record.layout);
        let mut changing = ChangedValues::new(&self.load, &self.record.name, keys, self.fires);
        let mut reader = self.reader(store)?;
        let counts = self.record.key.is_whole_row();
        let (mut first, mut ord, mut sent, mut bytes) = (0, 0, 0, Vec::new());
        while let Some(changes) = reader.next()? {
            reporter.check_stop()?;
            let change = self.direction.change(&changes, &self.record.layout)?;
            let differences = change.differences()?;
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
                if !action.writes() {
                    loading.part_of_row(image, row, place, operation, |column| self.load.columns[column].key).await?;
                } else if matches!(operation, Operation::Update | Operation::Move) {
                    let changed = changing.take(&differences, row);
                    let was = self.swap.as_ref().map(|swap| swap.digest(&rows.before, row, &mut bytes)).transpose()?;
                    let changed = (&changed, was.as_ref().map(<[u8; 32]>::as_slice));
                    loading.changed_row(image, row, (place, operation), changed, |column| changing.asks_for(column)).await?;
                } else {
                    loading.row(image, row, place, operation).await?;
                }
                ord += usize::from(action.writes());
                sent += u64::from(!action.writes());
            }
            first += changes.actions.len();
        }
        expect_rows("load rows", loading.finish().await?, self.wanted.sum() + sent)?;
        info!(table = %self.record.name, rows = self.wanted.sum(), "loaded");
        old.execute_all(&self.load.analyze()).await?;
        Ok(changing.parts())
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
