//! `failback verify`.

use clap::Args;

use super::options::WithOldAtOnce;
use super::page::Page;
use super::settings::Settings;
use super::step::Step;
use super::table::Table;
use super::{Call, Exit, amount, coverage, report, run};
use crate::engine::{self, Gap, GapKind, Outcome, State, VerifiedTable, VerifyReport};
use crate::error::Result;
use crate::name::Side;

/// Read OLD back and compare it with the plan
///
/// Says first what was not covered to begin with. Then compares every row that the plan wrote, the foreign keys and sequences
/// around them, and OLD's ledger. OLD is only read.
#[derive(Args)]
#[command(after_help = "\
Examples:
  failback verify
  failback verify --deep
  failback verify --json | jq -e '.state == \"verified\"'")]
pub(super) struct Arguments {
    /// Go by nothing that the merge wrote down: look for every row by its key, and check foreign keys over whole tables
    #[arg(long)]
    deep: bool,
    #[command(flatten)]
    pub(super) options: WithOldAtOnce,
}

/// Verifies and prints the verdict.
pub(super) async fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    let settings = Settings::read(call, &arguments.options, None)?;
    let context = settings.context(call, run::open(&settings)?, &[Side::Old])?;
    let report = if arguments.deep { engine::verify_deeply(&context).await? } else { engine::verify(&context).await? };
    report::renew(call, &settings, context.store());
    let mut page = coverage::headed(call, &report.coverage, &page(call, &report));
    page.next(next_of(&settings, &report));
    call.printer.result(&report, &page)?;
    Ok(exit(report.state))
}

/// Says how to go on after a verdict.
pub(super) fn next(settings: &Settings, state: State) -> Vec<Step> {
    match state {
        State::NotVerified => not_verified(settings),
        State::VerifiedWithHeld => {
            say("of what was not written a new run finds what OLD still lacks: `failback export`; this one keeps what \
                 `failback undo` needs")
        }
        State::VerifiedWithGaps => say("`failback verify` says what is not covered, and what to do about it"),
        State::Verified => Vec::new(),
    }
}

/// Says how to go on from what is not covered: of each sort what can be done about it, and of rows that are held as well.
fn next_of(settings: &Settings, report: &VerifyReport) -> Vec<Step> {
    if report.state != State::VerifiedWithGaps {
        return next(settings, report.state);
    }
    let has = |kinds: &[GapKind]| report.not_covered.iter().any(|gap| kinds.contains(&gap.of));
    let mut steps = Vec::new();
    if has(&[GapKind::Inserts, GapKind::Updates, GapKind::Deletes]) {
        let how =
            "`failback discover` says how each table's changes are found; method = \"compare\" leaves no such gap in a new run";
        steps.extend(say(how));
    }
    if has(&[GapKind::WrittenSince]) {
        steps.extend(say(
            "rows that were written since are their writers': whether they are right is read on OLD, by their keys",
        ));
    }
    if report.outcomes.sum_of(Outcome::is_left_aside) > 0 {
        steps.extend(next(settings, State::VerifiedWithHeld));
    }
    if steps.is_empty() {
        steps.extend(say(
            "each gap says why it is one: what it names is carried by hand, or by a new run once the reason is gone",
        ));
    }
    steps
}

/// Says what to do about rows that are not as they must be.
pub(super) fn not_verified(settings: &Settings) -> Vec<Step> {
    let mut steps = say("read the rows of the tables named above on OLD, or take the merge back:");
    steps.extend(settings.steps("undo", &[]));
    steps
}

fn say(sentence: &str) -> Vec<Step> {
    vec![Step::Say(sentence.to_owned())]
}

/// Returns the exit of a verdict.
pub(super) const fn exit(state: State) -> Exit {
    match state {
        State::Verified => Exit::Done,
        State::VerifiedWithHeld | State::VerifiedWithGaps => Exit::LeftAside,
        State::NotVerified => Exit::NotVerified,
    }
}

/// Lays out the verdict; what was not looked at comes first.
pub(super) fn page(call: &Call, report: &VerifyReport) -> Page {
    let mut page = call.printer.page();
    page.list("not covered:", gaps(&report.not_covered));
    page.list("left out on purpose:", &report.out_of_scope);
    if !report.not_covered.is_empty() || !report.out_of_scope.is_empty() {
        page.line("");
    }
    page.line(verdict(&page, report.state));
    if !report.tables.is_empty() {
        let mut table = Table::new(&["database", "table", "#checked", "#mismatched", "#written since"]);
        for one in &report.tables {
            let numbers = [one.checked, one.mismatched, one.written_since].map(amount::count);
            table.row([one.database.as_str(), &one.table, &numbers[0], &numbers[1], &numbers[2]]);
        }
        page.line("");
        page.table(&table);
        page.list("not as the plan promised:", keys(report, |table| (table.mismatched, &table.mismatched_keys)));
        page.list(
            "written, deleted or moved away by others since the merge:",
            keys(report, |table| (table.written_since, &table.written_since_keys)),
        );
    }
    page.list(
        "taken back since by the undo of another run:",
        report
            .not_covered
            .iter()
            .filter(|gap| !gap.keys.is_empty())
            .map(|gap| format!("{}: {}: {}", gap.database, gap.table, some(&gap.keys, gap.keys.len()))),
    );
    page.list(
        "children without a parent:",
        report
            .orphans
            .iter()
            .map(|one| format!("{}: {} in {} ({})", one.database, amount::rows(one.rows), one.table, one.constraint)),
    );
    page.list(
        "sequences that are behind:",
        report.sequences.iter().map(|one| {
            let from = one.from.map_or_else(|| "unused".to_owned(), |from| from.to_string());
            format!("{}: at {from}, must be at {}", one.sequence, one.to)
        }),
    );
    page.list("OLD's ledger and the plan do not agree:", &report.ledger);
    let mut outcomes = Table::new(&["outcome", "#rows"]);
    for (outcome, rows) in report.outcomes.iter() {
        outcomes.row([outcome.word(), &amount::count(rows)]);
    }
    if !outcomes.is_empty() {
        page.heading("every staged row has one outcome:");
        page.table(&outcomes);
    }
    page
}

/// How many tables, or keys of a table, are named in a line; `--json` has all.
const NAMED: usize = 4;

/// Lists gaps, those of one sort and reason together.
fn gaps(gaps: &[Gap]) -> Vec<String> {
    let mut lines: Vec<(&Gap, Vec<String>)> = Vec::new();
    for gap in gaps {
        let name = format!("{}: {}", gap.database, gap.table);
        match lines.iter_mut().find(|(known, _)| (known.of, &known.why) == (gap.of, &gap.why)) {
            Some((_, names)) => names.push(name),
            None => lines.push((gap, vec![name])),
        }
    }
    let said = |(gap, names): (&Gap, Vec<String>)| {
        [format!("{}: {}", gap.of.word(), gap.why), format!("  in {}", some(&names, names.len()))]
    };
    lines.into_iter().flat_map(said).collect()
}

/// Lists rows by their keys, a table a line.
fn keys(report: &VerifyReport, of: impl Fn(&VerifiedTable) -> (u64, &Vec<String>)) -> Vec<String> {
    let tables = report.tables.iter().map(|table| (table, of(table))).filter(|(_, (rows, _))| *rows > 0);
    let line = |(table, (rows, keys)): (&VerifiedTable, (u64, &Vec<String>))| {
        format!("{}: {}: {}", table.database, table.table, some(keys, usize::try_from(rows).unwrap_or(usize::MAX)))
    };
    tables.map(line).collect()
}

/// Names the first of them, and how many more there are.
fn some(names: &[String], all: usize) -> String {
    let shown = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join("; ");
    match all.saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown}; and {more} more"),
    }
}

fn verdict(page: &Page, state: State) -> String {
    match state {
        State::Verified => page.paint().green("verified: OLD has everything that the plan promised"),
        State::VerifiedWithHeld => {
            page.paint().yellow("verified, with rows left aside: OLD has everything that the plan promised; some rows wait")
        }
        State::VerifiedWithGaps => page
            .paint()
            .yellow("verified, with gaps: what was looked at is as the plan promised; not everything was, see above"),
        State::NotVerified => page.paint().red("NOT verified: OLD is not what the plan promised"),
    }
}
