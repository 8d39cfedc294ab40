//! Takes the rows out of a run, and leaves what proves what was done with them.

use super::list::{RunState, RunSummary};
use crate::error::{Error, ErrorKind, Result};
use crate::staging::{JournalRecord, Pruned, layout};
use crate::store::{LocalStore, Store as _};

/// Who removes rows, and which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PruneOptions {
    /// Who.
    pub by: String,
    /// Also rows that OLD has not, as far as the run knows: they may exist nowhere else.
    pub lose_rows: bool,
    /// Do nothing, and say what would be done.
    pub dry_run: bool,
}

/// Removes the files of a run that hold rows: staged rows, what BASE and the log say of them, the diff's and the plan's, and
/// the report. Indexes, decisions, approvals and the journal stay. A run whose rows are gone already is left as it is.
///
/// # Errors
/// `Refused` where another process is at work on the run, it is damaged, or a row of it may exist nowhere else; `Storage` where
/// a file cannot be removed: the run says then that its rows are removed, and the call may be made again.
///
/// Cancel safety: as for an error.
pub fn prune(store: &LocalStore, options: &PruneOptions) -> Result<RunSummary> {
    let _lock = store.lock()?;
    let summary = RunSummary::of(store)?;
    expect_done_with(&summary, options)?;
    if options.dry_run {
        return Ok(summary);
    }
    if summary.pruned.is_none() {
        Pruned::declare(store, &options.by, summary.state.word(), summary.bytes)?;
        JournalRecord::Pruned { by: options.by.clone(), bytes: summary.bytes }.append(store)?;
    }
    store.remove_folders(layout::PICKS_FOLDER)?;
    store.remove_file(layout::REPORT)?;
    store.remove_file(layout::VIEWS)?;
    RunSummary::of(store)
}

fn expect_done_with(summary: &RunSummary, options: &PruneOptions) -> Result<()> {
    let refused = |cause: String| Error::new(ErrorKind::Refused, "remove the run's rows").at(&summary.folder).because(cause);
    if let Some(fault) = &summary.fault {
        return Err(refused(fault.clone()).next("nothing was removed: remove the folder by hand if it is of no use"));
    }
    let is_verified = matches!(summary.state, RunState::Verified | RunState::VerifiedWithGaps | RunState::VerifiedWithHeld);
    let is_landed = is_verified && summary.left == 0;
    if is_landed || summary.pruned.is_some() || options.lose_rows || summary.staged == 0 {
        return Ok(());
    }
    let cause = if is_verified {
        format!(
            "{} of its rows or values were held, skipped, kept as OLD has them, written by others since, or have no place \
             on OLD",
            summary.left
        )
    } else {
        format!("its state is `{}`: nothing says that OLD has its rows", summary.state.word())
    };
    Err(refused(cause)
        .next("they may exist nowhere else: merge and verify the run first")
        .next("or, if they are of no use to anybody, give --lose-rows"))
}
