//! What a record of the journal says, as a sentence.

use crate::staging::{Committed, JournalRecord};
use crate::text::amount;

/// Says what was done.
#[must_use]
pub fn sentence(record: &JournalRecord) -> String {
    let written = |end: &Committed| amount::rows(end.tables.iter().map(|(_, written)| written.rows()).sum());
    match record {
        JournalRecord::Exported { rows, .. } => format!("exported: {} staged", amount::rows(*rows)),
        JournalRecord::Diffed { rows, .. } => format!("compared: {} looked at", amount::plural(*rows, "key", "keys")),
        JournalRecord::Decided { section, settings, by, .. } => {
            format!("decided by {by}: {section} {}", settings.join(", "))
        }
        JournalRecord::Planned { plan, held, .. } => {
            format!("planned: {}, {} held", head(plan), amount::rows(*held))
        }
        JournalRecord::Voted { plan, verdict, role, by } => {
            format!("{} by {by}, as {role}: {}", verdict.word(), head(plan))
        }
        JournalRecord::Rehearsed(one) => {
            format!("rehearsed and rolled back: {}, {}", one.database, amount::rows(one.measured.rows))
        }
        JournalRecord::MergeIntended(intent) => format!("merge about to commit: {}", intent.database),
        JournalRecord::Merged(end) => format!("merged: {}, {}", end.database, written(end)),
        JournalRecord::MergeFailed(end) => format!("merge not committed: {}", end.database),
        JournalRecord::UndoIntended(intent) => format!("undo about to commit: {}", intent.database),
        JournalRecord::Undone(end) => format!("undone: {}, {}", end.database, written(end)),
        JournalRecord::UndoFailed(end) => format!("undo not committed: {}", end.database),
        JournalRecord::Verified { state, .. } => format!("verified: {state}"),
        JournalRecord::Pruned { by, bytes } => format!("rows removed by {by}: {}", amount::bytes(*bytes)),
        JournalRecord::Unknown => "something that only a newer failback knows".to_owned(),
    }
}

/// Enough of a digest to tell plans apart. The journal may have been edited, so no slicing by byte.
#[must_use]
pub fn head(digest: &str) -> String {
    digest.chars().take(12).collect()
}
