//! `failback plan`.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::options::WithOld;
use super::page::Page;
use super::settings::{Settings, shell_word};
use super::step::Step;
use super::table::Table;
use super::{Call, Exit, amount, cost, coverage, report, run};
use crate::config::LockWaits;
use crate::engine::{self, Context, Estimate, PlanMoves, PlanReport};
use crate::error::Result;
use crate::name::Side;
use crate::policy::Action;
use crate::staging::{Plan, Sealed};
use crate::store::LocalStore;
use crate::words::Counts;

/// Freeze what merge will do
///
/// Gives every row of the diff one action, by the run's decisions and by what its foreign keys allow. `merge` does exactly this
/// plan, or refuses. OLD is only read.
#[derive(Args)]
#[command(after_help = "\
Examples:
  failback plan
  failback plan --exit-code || failback decide
  failback plan --show-values
  failback plan --json | jq .held")]
pub(super) struct Arguments {
    /// Exit with 3 if rows wait for a decision
    #[arg(long)]
    pub(super) exit_code: bool,
    /// Show a value of NEW's for each reason why OLD does not take one; production data
    #[arg(long)]
    pub(super) show_values: bool,
    /// Say what moved since the plan of this run's folder [default: the plan that is made anew]
    #[arg(long, value_name = "DIR")]
    pub(super) against: Option<PathBuf>,
    #[command(flatten)]
    pub(super) options: WithOld,
}

/// A plan, and what moved since the one before.
#[derive(Serialize)]
struct Planned<'a> {
    #[serde(flatten)]
    report: &'a PlanReport,
    moves: Option<PlanMoves>,
    estimate: Estimate,
}

/// Plans and prints the plan.
pub(super) async fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    let settings = Settings::read(call, &arguments.options, None)?;
    let (store, _lock) = run::open_for_writing(&settings)?;
    let before = before(arguments.against.as_deref(), &store)?;
    let context = settings.context(call, store, &[Side::Old])?;
    let mut report = engine::plan(&context).await?;
    report::renew(call, &settings, context.store());
    let now = Plan::read(context.store())?;
    let moves = before.map(|before| engine::plan_moves(&before, &now));
    if !arguments.show_values {
        report.hide_values();
    }
    report.hide_masked(&run::mask(&settings, context.store())?.0);
    let mut lines = page(call, &context, &report);
    let estimate = engine::estimate(context.store(), &now, Path::new(settings.config.runs()));
    cost::estimated(&mut lines, &estimate);
    if let Some(moves) = &moves {
        lay_out_moves(&mut lines, moves);
    }
    let mut page = coverage::headed(call, &report.coverage, &lines);
    let approvers = engine::approval(&context)?.approvers;
    page.next(next(&settings, (&report, approvers), &context.servers().endpoint(Side::Old).address()));
    call.printer.result(&Planned { report: &report, moves, estimate }, &page)?;
    Ok(if arguments.exit_code && report.held > 0 { Exit::Undecided } else { Exit::Done })
}

/// Returns the plan that the new one is compared with: that of a run that was named, else the one that it takes the place of,
/// where that can be read.
fn before(named: Option<&Path>, store: &LocalStore) -> Result<Option<Sealed<Plan>>> {
    match named {
        Some(folder) => Plan::read_alone(&LocalStore::open(folder)?).map(Some),
        None => Ok(Plan::read_alone(store).ok()),
    }
}

/// Says what moved since an earlier plan.
fn lay_out_moves(page: &mut Page, moves: &PlanMoves) {
    let before = &moves.before[..moves.before.len().min(12)];
    if moves.same {
        page.line(format!("moved: nothing, it is the plan of before, {before}"));
        return;
    }
    page.heading(&format!("moved since plan {before}:"));
    let mut table = Table::new(&["database", "table", "what", "#before", "#now"]);
    for one in &moves.moved {
        let (before, now) = (amount::count(one.before), amount::count(one.now));
        table.row([one.database.clone(), one.table.clone(), one.what.clone(), before, now]);
    }
    if table.is_empty() {
        page.line("  no number of rows");
    } else {
        page.table(&table);
    }
    page.list("the same numbers, other rows or another definition:", &moves.other_rows);
}

/// Says how to go on from a plan.
/// `approvers` are the people who have to approve it.
pub(super) fn next(settings: &Settings, (report, approvers): (&PlanReport, usize), old: &str) -> Vec<Step> {
    let confirm = || ["--confirm".to_owned(), shell_word(old)].into_iter();
    let mut approve = Vec::new();
    if approvers > 0 {
        approve = settings.steps("approve", &["--as".to_owned(), "ROLE".to_owned()]);
        let people = amount::plural(approvers as u64, "person has", "people have");
        approve.push(Step::Say(format!("and, once {people} approved it:")));
    }
    if report.held == 0 {
        approve.extend(settings.steps("merge", &confirm().collect::<Vec<_>>()));
        return approve;
    }
    let mut steps = settings.steps("decide", &["CLASS=RESOLUTION".to_owned()]);
    if let Some(one) = report.wanting.first() {
        steps.push(Step::Say("for rows that are held for want of evidence, if what is known of them is enough:".to_owned()));
        steps.extend(settings.steps("decide", &["--evidence".to_owned(), format!("{}={}", one.class, one.rests_on)]));
    }
    steps.push(Step::Run(settings.command("plan", &[])));
    steps.push(Step::Say("or leave them held:".to_owned()));
    steps.append(&mut approve);
    steps.extend(settings.steps("merge", &std::iter::once("--leave-held".to_owned()).chain(confirm()).collect::<Vec<_>>()));
    steps
}

/// Lays out a plan.
pub(super) fn page(call: &Call, context: &Context, report: &PlanReport) -> Page {
    let mut page = call.printer.page();
    let mut table = Table::new(&["database", "table", "#insert", "#update", "#delete", "#keep old", "#hold", "#skip"]);
    for one in report.tables.iter().filter(|one| !one.actions.is_empty()) {
        let mut cells = vec![one.database.clone(), one.table.clone()];
        cells.extend(cells_of(&one.actions));
        table.row(cells);
    }
    page.heading("what merge will do");
    if table.is_empty() {
        page.line("  nothing: no row differs");
    } else {
        let mut cells = vec![String::new(), "in all".to_owned()];
        cells.extend(cells_of(&report.actions));
        table.row(cells);
        page.table(&table);
    }
    let held = held(report);
    if !held.is_empty() {
        page.heading(&format!("{} held, by table and reason:", amount::rows(report.held)));
        page.table(&held);
    }
    if !report.rejects.is_empty() {
        page.heading("what OLD does not take as it is (held):");
        page.table(&rejects(report));
    }
    page.list("decisions that match nothing:", &report.unmatched);
    page.list("notes:", &report.notes);
    page.line("");
    let LockWaits { timeout, total } = context.selection().lock_waits(Side::Old);
    page.line(format!("locks: merge waits {timeout:?} for one, {total:?} in all (lock_timeout, lock_wait)"));
    page.line(format!("plan: {}", &report.digest[..report.digest.len().min(12)]));
    page
}

/// Why OLD does not take rows, with the key of one of them; its value only where it was asked for.
fn rejects(report: &PlanReport) -> Table {
    let mut table = Table::new(&["table", "column", "#rows", "why", "for example"]);
    for one in &report.rejects {
        let example = match &one.example_value {
            Some(value) => format!("key {}: {value}", one.example_key),
            None => format!("key {}", one.example_key),
        };
        let column = one.column.clone().unwrap_or_else(|| "-".to_owned());
        table.row([one.table.clone(), column, amount::count(one.rows), one.cause.clone(), example]);
    }
    table
}

/// A replacement is an update that is carried out as delete and insert.
fn cells_of(actions: &Counts<Action>) -> [String; 6] {
    let of = |action| actions.get(action);
    let updates = of(Action::Update) + of(Action::Replace);
    [of(Action::Insert), updates, of(Action::Delete), of(Action::KeepOld), of(Action::Hold), of(Action::Skip)]
        .map(|rows| if rows == 0 { "-".to_owned() } else { amount::count(rows) })
}

/// Why rows are held, table by table.
fn held(report: &PlanReport) -> Table {
    let mut table = Table::new(&["table", "#rows", "reason"]);
    for one in &report.tables {
        for (reason, rows) in &one.held_reasons {
            table.row([one.table.as_str(), &amount::count(*rows), reason]);
        }
    }
    table
}
