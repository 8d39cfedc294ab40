//! A table's draft, as it is written into the run: what is done with each row of its diff, and why.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::RecordBatch;

use super::definition::definition_digest;
use super::draft::Draft;
use super::planned_row::PlannedRowWriter;
use crate::engine::rows::Target;
use crate::error::Result;
use crate::policy::Action;
use crate::staging::{DatabaseLayout, ROW_PLACE, SegmentOptions, SegmentReader, TablePlan, row_keys};
use crate::store::Store;

/// How many rows are written at a time.
const BATCH_ROWS: usize = 1 << 16;

/// Writes a table's changes, each under the name that its row has in the diff, and counts them.
pub(super) fn freeze(store: &Arc<dyn Store>, paths: &DatabaseLayout, draft: &Draft<'_>) -> Result<TablePlan> {
    let why = |said: u32| draft.reasons.get(said).map_or("", |why| why.text.as_str());
    let by_name = |said: u32| draft.reasons.get(said).is_some_and(|why| why.by_name);
    let mut pairs = BTreeMap::new();
    for (action, said) in draft.actions.iter().zip(&draft.whys) {
        *pairs.entry((*action, *said)).or_insert(0) += 1;
    }
    let (mut reasons, mut held_reasons) = (BTreeMap::new(), BTreeMap::new());
    for ((action, said), rows) in &pairs {
        *reasons.entry(why(*said).to_owned()).or_insert(0) += rows;
        if *action == Action::Hold {
            *held_reasons.entry(why(*said).to_owned()).or_insert(0) += rows;
        }
    }
    let mut rows = draft.actions.iter().zip(&draft.whys).map(|(action, said)| (*action, why(*said), by_name(*said)));
    let target = Target { store: Arc::clone(store), path: paths.plan(draft.record.id), options: SegmentOptions::default() };
    let mut file = PlannedRowWriter::new(target);
    let keys = row_keys(draft.record);
    let names: Vec<_> = ROW_PLACE.into_iter().chain(keys.iter().map(|key| key.name.as_str())).collect();
    for segment in &draft.diff.segments {
        // The diff of an earlier failback does not name its rows.
        for batch in SegmentReader::open_known(store.as_ref(), segment, BATCH_ROWS, &names)? {
            let batch: RecordBatch = batch?;
            file.write(&batch, rows.by_ref().take(batch.num_rows()))?;
        }
    }
    Ok(TablePlan {
        id: draft.record.id,
        name: draft.record.name.clone(),
        definition: definition_digest(&draft.record.old)?,
        diff: draft.diff.segments.clone(),
        changes: file.finish()?,
        composed: draft.composed.as_ref().map(|(segment, _)| segment.clone()),
        actions: pairs.into_iter().map(|((action, _), rows)| (action, rows)).collect(),
        settled: draft.diff.counts.iter().filter(|(class, _)| class.is_settled()).collect(),
        reasons,
        held_reasons,
    })
}
