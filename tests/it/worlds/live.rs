//! Some merges of a world come in batches: what they bring is held against what a merge at once may bring.

use std::time::Duration;

use failback::engine::{self, LiveOptions, MergeOptions};
use failback::error::ErrorKind;

use super::journey::Journey;
use super::run::told;
use super::snapshot::Snapshot;
use crate::recovery::Recovery;
use crate::support::block_on;

impl Journey<'_> {
    /// Merges in batches, where this world does and the plan can be; says whether that was done. Where rows have moved since
    /// the plan, what has come is taken back, which must leave OLD as it was.
    pub(super) fn merge_in_batches(
        &mut self,
        recovery: &Recovery,
        options: MergeOptions,
        before: &Snapshot,
    ) -> Result<Option<bool>, Vec<String>> {
        if options.fire_triggers || self.log.len().is_multiple_of(2) {
            return Ok(None);
        }
        // Small enough that plans fall into several; a unit that is larger is refused.
        let batches = LiveOptions { batch_rows: 1 + self.log.len() % 5, batch_time: Duration::from_secs(5) };
        let done = block_on(engine::merge_live(&recovery.context, options, batches));
        self.log.push(format!("-- merge --live: {}", told(&done)));
        match done {
            Ok(report) if report.left_rows() == 0 => Ok(Some(true)),
            Ok(report) => {
                self.log.push(format!("-- left: {:?}", report.databases.iter().flat_map(|one| &one.left).collect::<Vec<_>>()));
                if report.rows() > 0 {
                    let undone =
                        block_on(engine::undo(&recovery.context, options)).map_err(|error| vec![format!("undo: {error:?}")])?;
                    if undone.left_rows() > 0 {
                        return Err(vec![format!("an undo of batches left rows: {undone:?}")]);
                    }
                }
                if self.snapshot(failback::name::Side::Old) != *before {
                    return Err(vec!["OLD is not as it was before the batches".to_owned()]);
                }
                Ok(Some(false))
            }
            Err(error) if error.kind() == ErrorKind::Refused => {
                self.expect_true_state(&error, before)?;
                Ok(None)
            }
            Err(error) => Err(vec![format!("a live merge failed: {error:?}")]),
        }
    }
}
