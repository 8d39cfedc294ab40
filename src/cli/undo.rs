//! `failback undo`.

use clap::Args;

use super::confirm::confirm;
use super::options::{WithOld, Writing};
use super::settings::{Settings, shell_word};
use super::step::Step;
use super::{Call, Exit, amount, left_rows, merge, report, run};
use crate::engine::{self, MergeOptions, UndoOf};
use crate::error::{Error, ErrorKind, Result};
use crate::name::Side;
use crate::policy::read_key;

/// Take a merge back
///
/// Restores the rows that OLD had before the merge, in one transaction a database. A row that was written since the merge stays
/// as it is, with what hangs on it by foreign keys and unique values; so does one that is no longer where the merge put it, and
/// may be elsewhere. Each is named, with its key, and the exit code is 9. Rows that somebody has deleted or put back since are
/// named too. Run again, it is about the rows that it left, and no others. Sequences stay raised.
///
/// With --tables, --databases or --row, those rows alone are taken back, and the others stay merged: OLD's ledger knows which,
/// and a later undo takes them back. Rows that the merge wrote as one are not torn apart: where a row cannot go, or come back,
/// without others that were not named, that is refused, and --unit takes these along. After an undo of all rows, `failback
/// merge` carries the plan out again.
#[derive(Args)]
#[command(after_help = "\
Examples:
  failback undo --dry-run
  failback undo --confirm old.example.com:5432
  failback undo --run runs/friday --confirm old.example.com:5432
  failback undo --tables 'public.invoice*' --dry-run
  failback undo --tables public.users --row id=42 --unit --confirm old.example.com:5432")]
pub(super) struct Arguments {
    /// Take back rows of these tables alone: schema.name with `*` for any text, with commas between or repeated
    #[arg(long, value_name = "GLOB", value_delimiter = ',', help_heading = "A part of the merge")]
    pub(super) tables: Vec<String>,
    /// Take back rows of these databases alone, with commas between
    #[arg(long, value_name = "NAMES", value_delimiter = ',', help_heading = "A part of the merge")]
    pub(super) databases: Vec<String>,
    /// Take back the row with this key alone, as id=42, with commas between the columns of a longer one; can be repeated
    #[arg(long, value_name = "KEY", requires = "tables", help_heading = "A part of the merge")]
    pub(super) row: Vec<String>,
    /// Take along what the same merge wrote around these rows: children of rows that go, parents of rows that come back
    #[arg(long, help_heading = "A part of the merge")]
    pub(super) unit: bool,
    #[command(flatten)]
    pub(super) writing: Writing,
    /// Do everything but commit; needs no confirmation
    #[arg(long, help_heading = "Writing to OLD")]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) options: WithOld,
}

/// Undoes and prints what was written.
pub(super) async fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    let settings = Settings::read(call, &arguments.options, None)?;
    let (store, _lock) = run::open_for_writing(&settings)?;
    let context = settings.context(call, store, &[Side::Old])?;
    let options = MergeOptions {
        leave_held: true,
        fire_triggers: arguments.writing.fire_triggers,
        dry_run: arguments.dry_run,
        ..MergeOptions::default()
    };
    let of = part(arguments)?;
    if !options.dry_run {
        confirm(call, &context, "undo", arguments.writing.confirm.as_deref()).await?;
    }
    let report = engine::undo_part(&context, options, &of).await;
    if !options.dry_run {
        report::renew_after(call, &settings, context.store(), &report);
    }
    let mut report = report?;
    // What the merge left aside is none of an undo's business.
    (report.held, report.skipped) = (0, 0);
    let mut page = merge::page(call, &context, &report, "taken back from");
    left_rows::tell(&mut page, &report);
    if report.kept_rows() > 0 {
        page.line("");
        page.line(format!("not asked for, and still merged: {}", amount::rows(report.kept_rows())));
    }
    let mut steps = Vec::new();
    if report.left_rows() > 0 {
        let by_hand = "whoever answers for these rows decides by hand: what they were before the merge is in the run";
        steps.push(Step::Say(by_hand.to_owned()));
    }
    steps.extend(if report.dry_run {
        let for_good = merge::for_good(&context, &arguments.writing, false);
        settings.steps("undo", &of_part(arguments).into_iter().chain(for_good).collect::<Vec<_>>())
    } else if report.kept_rows() > 0 {
        settings.steps("verify", &[])
    } else {
        settings.steps("status", &[])
    });
    page.next(steps);
    call.printer.result(&report, &page)?;
    Ok(if report.left_rows() > 0 { Exit::LeftAside } else { Exit::Done })
}

/// Reads which rows are to be taken back.
///
/// # Errors
/// `Usage` where a key cannot be read.
fn part(arguments: &Arguments) -> Result<UndoOf> {
    let usage = |cause| Error::new(ErrorKind::Usage, "read the row's key").at("--row").because(cause);
    let rows = arguments.row.iter().map(|text| read_key(text).map_err(usage)).collect::<Result<_>>()?;
    let (databases, tables) = (arguments.databases.clone(), arguments.tables.clone());
    let of = UndoOf { databases, tables, rows, unit: arguments.unit };
    if of.unit && of.is_everything() {
        return Err(Error::new(ErrorKind::Usage, "choose what to take back")
            .because("--unit is about a part of the merge, and none is named")
            .next("name tables with --tables, or leave --unit out: without a part all rows are taken back"));
    }
    Ok(of)
}

/// The same options, for the command that does for good what was rehearsed.
fn of_part(arguments: &Arguments) -> Vec<String> {
    let mut words = Vec::new();
    for (option, values) in [("--tables", &arguments.tables), ("--databases", &arguments.databases), ("--row", &arguments.row)]
    {
        words.extend(values.iter().flat_map(|value| [option.to_owned(), shell_word(value)]));
    }
    words.extend(arguments.unit.then(|| "--unit".to_owned()));
    words
}
