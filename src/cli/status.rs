//! `failback status`.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::options::AboutRun;
use super::page::Page;
use super::paint::tame;
use super::settings::Settings;
use super::step::Step;
use super::table::Table;
use super::{Call, Exit, amount, approve, coverage, held_log, run, verify};
use crate::engine::{self, Context, LedgerAction, Standing, State, StatusReport};
use crate::error::{ErrorKind, Result};
use crate::policy::Action;
use crate::report::{head, sentence};
use crate::staging::{Journal, Pruned};
use crate::store::Store;
use crate::words::{Counts, Word};

/// Say how far a run has come
///
/// Reads the run's files, asks OLD's ledger what was merged or undone, and says who is at work there. OLD may be out of reach:
/// then the answer says so. With --baseline it says instead how much of NEW's log the slots hold that `failback arm --slot`
/// made.
#[derive(Args)]
#[command(after_help = "\
Examples:
  failback status
  failback status --run .runs/20261122T081530Z-7f3a
  failback status --json | jq -r .next
  failback status --baseline failback.armed --json | jq -e 'all(.slots[]; .state == \"fine\")'")]
pub(super) struct Arguments {
    /// In place of a run: the slots on NEW that were made with this folder
    #[arg(long, value_name = "DIR", conflicts_with = "run")]
    baseline: Option<PathBuf>,
    #[command(flatten)]
    pub(super) options: AboutRun,
}

/// Looks at the run and prints how far it has come.
pub(super) async fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    let settings = Settings::read(call, &arguments.options, None)?;
    if let Some(folder) = &arguments.baseline {
        return held_log::tell(call, &settings, folder).await;
    }
    let context = settings.context(call, run::open(&settings)?, &[])?;
    let report = engine::status(&context).await?;
    let approval = approval(&context, &report)?;
    let mut lines = page(call, &report);
    if let Some(standing) = &approval {
        lines.line("");
        approve::lay_out(&mut lines, standing);
    }
    let mut page = coverage::headed(call, &report.coverage, &lines);
    let wanted = approval.as_ref().filter(|standing| !standing.enough && report.next == "merge");
    let held = report.actions.get(Action::Hold);
    page.next(match wanted {
        _ if Pruned::read(context.store())?.is_some() => {
            let said = "this run's rows were removed; a new run finds what OLD still lacks:".to_owned();
            [Step::Say(said)].into_iter().chain(settings.steps_to_new_run(context.store())?).collect()
        }
        Some(standing) if held == 0 || standing.denied => approve::next(&settings, standing, held),
        wanted => next(&settings, context.store(), &report, wanted)?,
    });
    call.printer.result(&Status { report: &report, approval: approval.as_ref() }, &page)?;
    Ok(Exit::Done)
}

/// How far a run has come, and what people said of its plan.
#[derive(Serialize)]
struct Status<'a> {
    #[serde(flatten)]
    report: &'a StatusReport,
    approval: Option<&'a Standing>,
}

/// Returns what people said of a plan that can be merged, where they were asked or have spoken.
fn approval(context: &Context, report: &StatusReport) -> Result<Option<Standing>> {
    if report.plan.is_none() || report.stale.is_some() {
        return Ok(None);
    }
    match engine::approval(context) {
        Ok(standing) => Ok(Some(standing).filter(|standing| standing.approvers > 0 || !standing.votes.is_empty())),
        // The decisions have changed since: a merge says so.
        Err(error) if error.kind() == ErrorKind::Refused => Ok(None),
        Err(error) => Err(error),
    }
}

/// Says how to go on. A merge that would be refused, because rows wait or nobody has approved it, is no next step.
fn next(settings: &Settings, store: &dyn Store, report: &StatusReport, wanted: Option<&Standing>) -> Result<Vec<Step>> {
    if report.next == "status" {
        let mut steps = vec![Step::Say("OLD's ledger, which could not be asked, says what comes next:".to_owned())];
        steps.extend(settings.steps("status", &[]));
        return Ok(steps);
    }
    if !report.lost.is_empty() {
        return after_loss(settings, store, report.elsewhere);
    }
    let verdict = report.verified.as_deref().and_then(|word| word.parse().ok());
    if let Some(state) = verdict.filter(|state| report.next != "undo" || *state == State::NotVerified) {
        return Ok(verify::next(settings, state));
    }
    if report.next == "undo" {
        let mut steps = settings.steps("undo", &[]);
        steps.push(Step::Say("or leave what is left, and look at it as it stands:".to_owned()));
        steps.extend(settings.steps("verify", &[]));
        steps.push(Step::Say("and make a new run for what OLD still lacks:".to_owned()));
        steps.extend(settings.steps_to_new_run(store)?);
        return Ok(steps);
    }
    if report.is_unfinished() {
        return Ok(unfinished(settings));
    }
    if report.next != "merge" || report.actions.get(Action::Hold) == 0 {
        return Ok(settings.steps(report.next, &[]));
    }
    let mut steps = settings.steps("decide", &[]);
    steps.push(Step::Say("or leave held what waits:".to_owned()));
    if let Some(standing) = wanted {
        steps.extend(approve::next(settings, standing, 0));
        return Ok(steps);
    }
    steps.extend(settings.steps("merge", &["--leave-held".to_owned()]));
    Ok(steps)
}

/// Says how to go on where a live merge has not ended.
fn unfinished(settings: &Settings) -> Vec<Step> {
    let mut steps = vec![Step::Say("a live merge has not ended: go on with it".to_owned())];
    steps.extend(settings.steps("merge", &["--live".to_owned(), "--leave-held".to_owned()]));
    steps.push(Step::Say("or take back what it has brought:".to_owned()));
    steps.extend(settings.steps("undo", &[]));
    steps
}

/// Says how to go on where OLD's ledger does not know of a merge that was committed.
fn after_loss(settings: &Settings, store: &dyn Store, elsewhere: bool) -> Result<Vec<Step>> {
    let meant = "what the merge wrote may be on OLD, which no longer knows that it came from NEW: undo cannot take it back, \
                 and what OLD's users erased since may be brought again. A new run compares what is there:";
    let mut steps = vec![Step::Say(meant.to_owned())];
    steps.extend(settings.steps_to_new_run(store)?);
    if elsewhere {
        return Ok(steps);
    }
    steps.push(Step::Say("or, where OLD was set back to before the merge, carry the plan out once more:".to_owned()));
    steps.extend(settings.steps("merge", &["--again".to_owned()]));
    Ok(steps)
}

fn page(call: &Call, report: &StatusReport) -> Page {
    let mut page = call.printer.page();
    page.line(format!("run:      {}", tame(&report.run)));
    page.line(format!("cutover:  {}", tame(report.cutover.as_deref().unwrap_or("unknown"))));
    if report.elsewhere {
        page.line(
            "! OLD is not the server and database that this run was exported from: it was restored, or another one is named",
        );
    }
    page.line(match &report.exported_at {
        Some(at) => format!("exported: {}, {}", amount::moment(at), amount::rows(report.staged_rows)),
        None => "exported: not yet".to_owned(),
    });
    page.line(format!("diffed:   {}", report.diffed_at.as_deref().map_or_else(|| "not yet".to_owned(), amount::moment)));
    let stale = report.stale.map_or_else(String::new, |what| format!("; {what} changed since: plan again"));
    page.line(format!("planned:  {}{stale}", report.plan.as_deref().map_or_else(|| "not yet".to_owned(), head)));
    for (database, entry) in &report.ledger {
        let said = match entry {
            Ok(Some(entry)) => {
                let rows = entry.tables.iter().map(|(_, written)| written.rows()).sum();
                let stands = entry.standing_rows.map_or_else(String::new, |rows| {
                    format!("; of the merge, {} still", amount::plural(rows, "row stands", "rows stand"))
                });
                let left = entry
                    .unlanded_rows
                    .filter(|rows| *rows > 0)
                    .map_or_else(String::new, |rows| format!("; {} left as OLD has them", amount::rows(rows)));
                format!("{} of {} at {}{stands}{left}", deed(entry.action), amount::rows(rows), entry.recorded_at)
            }
            Ok(None) => report.lost.get(database).map_or_else(|| "nothing was merged".to_owned(), Clone::clone),
            Err(error) => format!("OLD could not be asked: {error}"),
        };
        page.line(format!("OLD:      {}: {}", tame(database), tame(&said)));
    }
    for (database, session) in &report.at_work {
        page.line(format!("OLD:      {}: a merge or undo is at work: {}", tame(database), tame(session)));
    }
    if let Some(state) = &report.verified {
        let by = if report.is_ledger_known() { "" } else { " by this run's journal; OLD's ledger could not be asked" };
        page.line(format!("verified: {}{by}", tame(state)));
    }
    counts(&mut page, "class", &report.counts);
    counts(&mut page, "action", &report.actions);
    history(&mut page, &report.journal);
    let open = report.unended.iter().map(|intent| {
        let plan = head(&intent.plan);
        format!("database {}, plan {plan}: nothing says how COMMIT ended; OLD's ledger does", intent.database)
    });
    page.list("in doubt:", open);
    page
}

/// Names what OLD's ledger records.
const fn deed(action: LedgerAction) -> &'static str {
    match action {
        LedgerAction::UndoPart => "undo in part",
        LedgerAction::MergeBatch => "live merge, not finished,",
        action => action.word(),
    }
}

/// Lists what the run's journal says, oldest first.
fn history(page: &mut Page, journal: &Journal) {
    let mut table = Table::new(&["when", "what was done"]);
    for entry in &journal.entries {
        table.row([amount::moment(&entry.at), sentence(&entry.record)]);
    }
    if !table.is_empty() {
        page.line("");
        page.table(&table);
    }
    if journal.torn > 0 {
        let (one, many) = ("line of the journal is not what was written", "lines of the journal are not what was written");
        let torn = amount::plural(journal.torn as u64, one, many);
        page.line(format!("{torn}: torn by a crash, or damaged; OLD's ledger knows what was committed"));
    }
}

fn counts(page: &mut Page, heading: &'static str, counts: &Counts<impl Word>) {
    let mut table = Table::new(&[heading, "#rows"]);
    for (value, rows) in counts.iter() {
        table.row([value.word(), &amount::count(rows)]);
    }
    if !table.is_empty() {
        page.line("");
        page.table(&table);
    }
}
