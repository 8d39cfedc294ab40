//! Some rows of a table's diff, read by their positions: what one batch of a live merge is about.

use arrow_select::concat::concat_batches;

use super::others::{ToCome, to_come};
use crate::engine::plan::{PlannedRows, planned_actions};
use crate::engine::rows::Composed;
use crate::error::{Error, ErrorKind, Result};
use crate::policy::Action;
use crate::staging::{OpenSegment, TablePlan};
use crate::store::Store;

/// Rows of one table's diff that are written, and no others.
#[derive(Clone)]
pub(crate) struct Chosen {
    /// The rows, with what is done with each.
    pub(super) rows: PlannedRows,
    /// Where they are in the diff, in ascending order.
    pub(super) positions: Vec<usize>,
    /// Which of them come over others under their keys, or may: those for which nobody has decided it by name, as numbers
    /// among the chosen ones.
    pub(super) unnamed: Vec<usize>,
    /// Those for which somebody has.
    pub(super) named: Vec<usize>,
}

/// A table's diff, open so that any rows of it can be read. Memory: the footers of its files, and a byte a row.
pub(super) struct OpenDiff {
    /// The position of each file's first row, and the file.
    files: Vec<(usize, OpenSegment)>,
    composed: Option<Composed>,
    pub(super) actions: Vec<Action>,
    pub(super) to_come: ToCome,
}

impl OpenDiff {
    /// Opens the files of a table's plan; each is checked against its digest.
    pub(super) fn open(store: &dyn Store, table: &TablePlan) -> Result<Self> {
        let (mut files, mut first) = (Vec::new(), 0);
        for segment in &table.diff {
            files.push((first, OpenSegment::open(store, segment)?));
            first += usize::try_from(segment.rows).unwrap_or(usize::MAX);
        }
        let composed = table.composed.as_ref().map(|segment| Composed::open(store, segment)).transpose()?;
        let actions = planned_actions(store, table)?;
        let to_come = to_come(store, table, &actions)?;
        Ok(Self { files, composed, actions, to_come })
    }

    /// Reads some rows, by their positions in ascending order.
    pub(super) fn choose(&self, positions: &[usize]) -> Result<Chosen> {
        let (mut batches, mut rest) = (Vec::new(), positions);
        for (number, (first, file)) in self.files.iter().enumerate() {
            let end = self.files.get(number + 1).map_or(usize::MAX, |(next, _)| *next);
            let (here, behind) = rest.split_at(rest.partition_point(|row| *row < end));
            rest = behind;
            if !here.is_empty() {
                let places: Vec<u64> = here.iter().map(|row| (row - first) as u64).collect();
                batches.push(file.read(&places, Some(&["old", "new"]))?);
            }
        }
        let damaged = |cause: String| Error::new(ErrorKind::Damaged, "read rows of the diff").because(cause);
        let schema = batches.first().map(arrow_array::RecordBatch::schema).ok_or_else(|| damaged("it has none".to_owned()))?;
        let batch = concat_batches(&schema, &batches).map_err(|error| damaged(error.to_string()))?;
        let actions = positions.iter().filter_map(|row| self.actions.get(*row).copied()).collect();
        let in_diff: Vec<u64> = positions.iter().map(|row| *row as u64).collect();
        let among = |rows: &[usize]| rows.iter().filter_map(|row| positions.binary_search(row).ok()).collect();
        Ok(Chosen {
            rows: PlannedRows::read(actions, &batch)?.composed(self.composed.as_ref(), &in_diff)?,
            positions: positions.to_vec(),
            unnamed: among(&self.to_come.unnamed),
            named: among(&self.to_come.named),
        })
    }
}
