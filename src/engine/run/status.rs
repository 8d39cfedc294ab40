//! Status: how far a run has come, from its files, and from OLD's ledger where OLD can be reached.

use std::collections::BTreeMap;

use serde::Serialize;
use tracing::Instrument as _;

use super::context::Context;
use super::coverage::{CoveredTable, coverage};
use super::entry::{Entry, LedgerAction};
use super::ledger::{Ledger, lock_holder};
use super::settle::{lost, settle_if_alone};
use super::spans;
use super::verdict::State;
use crate::delta::Class;
use crate::error::Result;
use crate::name::Side;
use crate::pg::is_old;
use crate::policy::Action;
use crate::staging::{DatabasePlan, DatabaseRecord, DiffIndex, Intent, Journal, JournalRecord, Manifest, Plan, layout};
use crate::words::Counts;

/// How far a run has come.
#[derive(Clone, Debug, Serialize)]
pub struct StatusReport {
    /// Where the run is, for people.
    pub run: String,
    /// What is covered, table by table, what is not covered first.
    pub coverage: Vec<CoveredTable>,
    /// When the export finished, if it did.
    pub exported_at: Option<String>,
    /// The instant as the user stated it, offset included.
    pub cutover: Option<String>,
    /// Staged rows.
    pub staged_rows: u64,
    /// When the diff finished, if it did.
    pub diffed_at: Option<String>,
    /// Keys by class.
    pub counts: Counts<Class>,
    /// The plan's digest, if there is a plan.
    pub plan: Option<String>,
    /// What has changed since the plan was made, if anything has: then there is no plan that can be merged.
    pub stale: Option<&'static str>,
    /// Rows by action.
    pub actions: Counts<Action>,
    /// What `verify` said last of this plan, if it was asked since the plan was last carried out or taken back, by whatever
    /// copy of the run. OLD's ledger says whether it was; where that could not be asked, this is what the journal says.
    pub verified: Option<String>,
    /// What OLD's ledger says of the plan, a database; the text of the error where OLD could not be asked.
    pub ledger: BTreeMap<String, Result<Option<Entry>, String>>,
    /// Which session of OLD's holds the lock against a second merge or undo, and since when, a database in which one does: a
    /// merge or an undo is at work, or OLD has not noticed yet that its failback is gone.
    pub at_work: BTreeMap<String, String>,
    /// What was done, and when.
    pub journal: Journal,
    /// Databases of whose merge this run's journal knows, and OLD's ledger does not, each with a sentence.
    pub lost: BTreeMap<String, String>,
    /// Whether OLD is another server or database than the one that was exported, as where it was restored.
    pub elsewhere: bool,
    /// What was about to be committed and has no end in the journal: OLD's ledger says whether it was.
    pub unended: Vec<Intent>,
    /// The verb that comes next; `status` where that is not known, as OLD's ledger could not be asked, and `nothing` once the
    /// merge that stands is verified.
    pub next: &'static str,
}

/// Looks at a run.
///
/// # Errors
/// `Damaged` where its files cannot be read. OLD being out of reach is no error: the report says so.
pub async fn status(context: &Context) -> Result<StatusReport> {
    look(context).instrument(spans::step(context, "status")).await
}

async fn look(context: &Context) -> Result<StatusReport> {
    let store = context.store();
    let manifest = if store.exists(layout::MANIFEST)? { Some(Manifest::read(store)?) } else { None };
    let index = if store.exists(layout::DIFF)? { Some(DiffIndex::read(store)?) } else { None };
    let (plan, stale) = if store.exists(layout::PLAN)? {
        let (plan, stale) = Plan::read_with_age(store)?;
        (Some(plan), stale)
    } else {
        (None, None)
    };
    let mut report = StatusReport {
        run: context.run(),
        coverage: manifest.as_ref().map(|manifest| coverage(&manifest.databases)).unwrap_or_default(),
        exported_at: manifest.as_ref().map(|manifest| manifest.made_at.clone()),
        cutover: manifest.as_ref().map(|manifest| manifest.cutover.clone()),
        staged_rows: manifest
            .iter()
            .flat_map(|one| &one.databases)
            .flat_map(|one| &one.tables)
            .map(|one| one.candidate_rows() + one.absent_rows())
            .sum(),
        diffed_at: index.as_ref().map(|index| index.made_at.clone()),
        counts: index.as_ref().map(|index| index.counts()).unwrap_or_default(),
        plan: plan.as_ref().map(|plan| plan.digest.clone()),
        stale,
        actions: plan.as_ref().map(|plan| plan.actions()).unwrap_or_default(),
        verified: None,
        ledger: BTreeMap::new(),
        at_work: BTreeMap::new(),
        unended: Vec::new(),
        journal: Journal::default(),
        lost: BTreeMap::new(),
        elsewhere: false,
        next: "export",
    };
    for database in plan.iter().flat_map(|plan| &plan.databases) {
        let known = manifest.as_ref().and_then(|manifest| manifest.database(&database.name));
        let entry = ask_old(context, (database, known), &mut report).await.map_err(|error| format!("{error:?}"));
        report.ledger.insert(database.name.clone(), entry);
    }
    // What OLD's ledger said of it is written there by now.
    report.journal = Journal::read(store)?;
    let unended = report.journal.unended();
    let is_known = |intent: &Intent| {
        let entry = report.ledger.get(&intent.database).and_then(|entry| entry.as_ref().ok()?.as_ref());
        intent.live && entry.is_some_and(Entry::is_unfinished)
    };
    let intents = unended.iter().filter_map(|entry| entry.record.intent());
    report.unended = intents.filter(|intent| !is_known(intent)).cloned().collect();
    for part in plan.iter().flat_map(|plan| &plan.databases) {
        let cause = lost(&report.journal, part).filter(|_| report.ledger.get(&part.name) == Some(&Ok(None)));
        report.lost.extend(cause.map(|cause| (part.name.clone(), cause)));
    }
    report.verified = plan.as_ref().and_then(|plan| last_verdict(&report, &plan.digest));
    report.next = next(&report);
    Ok(report)
}

impl StatusReport {
    /// Whether a live merge has not ended in some database.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        self.ledger.values().any(|entry| matches!(entry, Ok(Some(entry)) if entry.is_unfinished()))
    }

    /// Whether OLD's ledger could be asked in every database of the plan.
    #[must_use]
    pub fn is_ledger_known(&self) -> bool {
        self.ledger.values().all(Result::is_ok)
    }
}

/// What the last verification of a plan said; `None` where rows were written or taken back after it. The run's journal knows
/// what was done in this folder, and OLD's ledger what was done from a copy of it, or after a crash.
fn last_verdict(report: &StatusReport, digest: &str) -> Option<String> {
    let mut verdict = None;
    for entry in &report.journal.entries {
        match &entry.record {
            JournalRecord::Verified { plan, state, merged_at, .. } if plan == digest => verdict = Some((state, merged_at)),
            JournalRecord::Merged(_) | JournalRecord::Undone(_) => verdict = None,
            _ => {}
        }
    }
    let (state, merged_at) = verdict?;
    let stands = |(database, entry): (&String, &Result<Option<Entry>, String>)| match entry {
        Ok(Some(entry)) => entry.action.leaves_rows() && merged_at.get(database).is_none_or(|at| *at == entry.recorded_at),
        Ok(None) => false,
        Err(_) => true,
    };
    report.ledger.iter().all(stands).then(|| state.clone())
}

/// Asks OLD's ledger about a plan's part, and OLD itself who is at work there.
async fn ask_old(
    context: &Context,
    (part, known): (&DatabasePlan, Option<&DatabaseRecord>),
    report: &mut StatusReport,
) -> Result<Option<Entry>> {
    let old = context.servers().connect(Side::Old, &part.name).await?;
    let identity = old.identity().await?;
    let is_exported = known.is_none_or(|known| is_old(&identity, &known.old, &known.new));
    report.elsewhere |= !is_exported;
    report.at_work.extend(lock_holder(&old).await?.map(|session| (part.name.clone(), session)));
    let ledger = Ledger::of(context);
    if is_exported {
        settle_if_alone(context.store(), (&ledger, &old), &part.name).await;
    }
    ledger.latest(&old, part).await
}

fn next(report: &StatusReport) -> &'static str {
    let done: Vec<_> = report.ledger.values().filter_map(|entry| entry.as_ref().ok()?.as_ref()).collect();
    let is_merged = done.len() == report.ledger.len() && done.iter().all(|entry| entry.action == LedgerAction::Merge);
    // One server's clock wrote them all, and prints them alike.
    let is_unfinished = done.iter().any(|entry| entry.is_unfinished());
    let last = done.iter().max_by_key(|entry| &entry.recorded_at).map(|entry| entry.action);
    let stands = done.iter().any(|entry| entry.action.leaves_rows());
    let is_partly_undone =
        stands && (last == Some(LedgerAction::Undo) || done.iter().any(|entry| entry.action == LedgerAction::UndoPart));
    match (&report.exported_at, &report.diffed_at, &report.plan) {
        (None, ..) => "export",
        (_, None, _) => "diff",
        (.., None) => "plan",
        // What was committed is not known.
        _ if !report.is_ledger_known() => "status",
        // What it wrote may be there: a new run compares what is.
        _ if !report.lost.is_empty() => "export",
        _ if is_merged => match report.verified.as_deref().and_then(|word| word.parse().ok()) {
            None => "verify",
            Some(State::NotVerified) => "undo",
            Some(State::Verified | State::VerifiedWithHeld | State::VerifiedWithGaps) => "nothing",
        },
        _ if is_unfinished => "merge",
        _ if is_partly_undone => "undo",
        _ if report.stale.is_some() => "plan",
        _ => "merge",
    }
}
