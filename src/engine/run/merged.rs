//! In which databases of a run a merge of it stands: their part of the run's files is what an undo needs.

use super::context::Context;
use super::entry::LedgerAction;
use super::ledger::Ledger;
use crate::error::{Error, ErrorKind, Result};
use crate::name::Side;
use crate::pg::is_old;
use crate::staging::{Journal, Manifest};

/// Lists the databases of a run in which a merge of it stands: their part of the run's files is what undo needs, so it must not
/// be written anew. Asks by the run and not by its plan, which may be missing or edited; and of the OLD that was exported
/// alone, since the ledger of another server knows nothing of the run.
///
/// # Errors
/// `Refused` where a merge stands in every one of them, where OLD is another server or database than the one that was
/// exported, and where the run's journal has a merge of which OLD's ledger knows nothing; whatever connecting can give.
pub(crate) async fn merged_databases(context: &Context, manifest: &Manifest) -> Result<Vec<String>> {
    let (ledger, journal) = (Ledger::of(context), Journal::read(context.store())?);
    let by_journal = journal.merged_databases();
    let mut merged = Vec::new();
    for database in &manifest.databases {
        let refused = |cause: &str| {
            let error = Error::new(ErrorKind::Refused, "replace what the run holds of a database");
            error.at(format!("database {}", database.name)).because(cause.to_owned())
        };
        let old = context.servers().connect(Side::Old, &database.name).await?;
        if !is_old(&old.identity().await?, &database.old, &database.new) {
            return Err(refused("OLD is not the server and database that the export saw")
                .next("check --old, or make a new run with `failback export`"));
        }
        match ledger.last_of_run(&old, &manifest.run_id).await? {
            Some(last) if last.leaves_rows() => merged.push(database.name.clone()),
            Some(LedgerAction::Undo) => {}
            None if !by_journal.contains(database.name.as_str()) => {}
            _ => {
                return Err(refused("the run's journal has a merge of it, of which OLD's ledger knows nothing")
                    .next("see what `failback status` says of it; a new run compares what is there: `failback export`"));
            }
        }
    }
    if !merged.is_empty() && merged.len() == manifest.databases.len() {
        return Err(Error::new(ErrorKind::Refused, "replace what was merged")
            .at(format!("database {}", merged.join(", ")))
            .because("this run is merged, and its files are what `failback undo` needs")
            .next("for what is still held, make a new run: `failback export`, or `failback recover`")
            .next("or take the merge back first with `failback undo`"));
    }
    Ok(merged)
}
