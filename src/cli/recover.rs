//! `failback recover`.

use clap::Args;
use serde_json::{Map, Value};

use super::confirm::confirm;
use super::options::{MakingRun, Scope, Writing};
use super::page::Page;
use super::settings::Settings;
use super::{Call, Exit, amount, approve, coverage, diff, discover, export, merge, plan, report, run, verify};
use crate::engine::{self, Context, Entry, MergeOptions, State, StatusReport};
use crate::error::{Error, ErrorKind, Result};
use crate::name::Side;

/// Go from discover to plan, and on to verify if nothing waits
///
/// Makes a new run; one that is named and exists is gone on with, from where it stopped. Where rows wait for a decision it
/// stops, says what waits and how to go on, and exits with 3; with --leave-held, or where nothing waits, it merges (which
/// wants a confirmation) and verifies. Where failback.toml asks for approvals of the plan, it stops for those too.
#[derive(Args)]
#[command(after_help = "\
Examples:
  failback recover --cutover 2026-11-22T10:00:00+02:00
  failback recover --confirm old.example.com:5432 --leave-held")]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) scope: Scope,
    #[command(flatten)]
    pub(super) writing: Writing,
    /// Go on although rows wait for a decision; they stay as they are
    #[arg(long, help_heading = "Writing to OLD")]
    pub(super) leave_held: bool,
    #[command(flatten)]
    pub(super) options: MakingRun,
}

/// What the steps said, one member a step.
#[derive(Default)]
struct Steps(Map<String, Value>);

impl Steps {
    /// Keeps a step's report, and prints its page at once: whoever waits sees how far it has come.
    fn done(&mut self, call: &Call, step: &str, report: &impl serde::Serialize, page: &Page) -> Result<()> {
        let value = serde_json::to_value(report)
            .map_err(|error| Error::new(ErrorKind::Storage, "write the result to stdout").because(error))?;
        self.0.insert(step.to_owned(), value);
        call.printer.part(page)
    }
}

/// Walks from discover to plan, and on if it may.
pub(super) async fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    let settings = Settings::read(call, &arguments.options, Some(&arguments.scope))?;
    let (store, _lock) = run::make(&settings)?;
    let here = settings.for_run(store.folder());
    let context = settings.context(call, store, &Side::BOTH)?;
    let mut steps = Steps::default();
    let far = engine::status(&context).await?;
    let from = GoesOn::of(&far)?;
    if from > GoesOn::Start {
        engine::expect_as_exported(&context)?;
        engine::expect_same_new(&context).await?;
        let since = far.exported_at.as_deref().map(amount::moment).unwrap_or_default();
        call.printer.note(&format!("the run was exported at {since}: going on with it"));
    }
    if from < GoesOn::Merge {
        let held = prepare(call, &here, &context, from, &mut steps).await?;
        if let Some(exit) = wait_for_people(call, &here, &context, &held, (arguments.leave_held, &steps))? {
            return Ok(exit);
        }
    }
    let stands = |error: Error| error.next(here.command("verify", &[]));
    if from < GoesOn::Verify {
        confirm(call, &context, "merge", arguments.writing.confirm.as_deref()).await?;
        let options = MergeOptions {
            leave_held: arguments.leave_held,
            fire_triggers: arguments.writing.fire_triggers,
            dry_run: false,
            again: false,
        };
        let merged = engine::merge(&context, options).await;
        report::renew_after(call, &here, context.store(), &merged);
        let merged = merged?;
        steps.done(call, "merge", &merged, &merge::page(call, &context, &merged, "merged into")).map_err(stands)?;
    }
    let verified = engine::verify(&context).await.map_err(stands)?;
    report::renew(call, &here, context.store());
    let mut last = call.printer.page();
    let page = coverage::headed(call, &verified.coverage, &verify::page(call, &verified));
    if verified.state == State::NotVerified {
        last.next(verify::not_verified(&here));
    }
    steps.done(call, "verify", &verified, &page).map_err(stands)?;
    call.printer.result(&steps.0, &last).map_err(stands)?;
    Ok(verify::exit(verified.state))
}

/// Where a run is gone on with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum GoesOn {
    Start,
    Diff,
    Plan,
    /// Its plan is merged in some databases, and not in all.
    Merge,
    /// It is merged.
    Verify,
}

impl GoesOn {
    /// Reads it from how far the run has come.
    fn of(far: &StatusReport) -> Result<Self> {
        let undone = |entry: &Result<Option<Entry>, String>| matches!(entry, Ok(Some(one)) if !one.action.is_merge());
        let wants_a_person = |next: &str| {
            let because = if far.ledger.values().any(undone) {
                "what it brought was taken back: to bring it once more is for a person".to_owned()
            } else {
                format!("it has come to where `{next}` is what comes next, and that wants a person")
            };
            let error = Error::new(ErrorKind::Refused, "go on with the run").at(&far.run).because(because);
            error.next("see `failback status`, with the same --run; or leave --run out to make a new run")
        };
        let stands = |entry: &Result<Option<Entry>, String>| matches!(entry, Ok(Some(one)) if one.action.is_merge());
        let silent = far.ledger.iter().find_map(|(name, entry)| Some((name, entry.as_ref().err()?)));
        if let ("status", Some((name, cause))) = (far.next, silent) {
            let error = Error::new(ErrorKind::Connect, "ask OLD how far the run has come").at(format!("database {name}"));
            return Err(error
                .because(cause.clone())
                .next("name the OLD that the run was exported from, and run the same again"));
        }
        match far.next {
            "export" if far.exported_at.is_none() => Ok(Self::Start),
            "diff" => Ok(Self::Diff),
            "merge" if far.ledger.values().any(stands) => Ok(Self::Merge),
            // Somebody has taken it back: a retry does not bring it once more.
            "plan" | "merge" if far.ledger.values().any(|entry| matches!(entry, Ok(Some(_)))) => Err(wants_a_person("merge")),
            // Made once more of the same decisions it is the same plan, and what people have said of it stands.
            "plan" | "merge" => Ok(Self::Plan),
            "verify" | "nothing" => Ok(Self::Verify),
            next => Err(wants_a_person(next)),
        }
    }
}

/// Stops where rows wait for a decision, or people for the plan: says how to go on, and returns how the command ends.
fn wait_for_people(
    call: &Call,
    here: &Settings,
    context: &Context,
    held: &Prepared,
    (leave_held, steps): (bool, &Steps),
) -> Result<Option<Exit>> {
    let standing = engine::approval(context)?;
    let next = if held.rows > 0 && !leave_held {
        let address = context.servers().endpoint(Side::Old).address();
        plan::next(here, (&held.report, standing.approvers), &address)
    } else if standing.approvers > 0 {
        approve::next(here, &standing, held.rows)
    } else {
        return Ok(None);
    };
    let mut last = call.printer.page();
    last.next(next);
    call.printer.result(&steps.0, &last)?;
    Ok(Some(Exit::Undecided))
}

/// A plan, and how many of its rows wait.
struct Prepared {
    report: engine::PlanReport,
    rows: u64,
}

/// Everything that only reads, from where the run stopped.
async fn prepare(call: &Call, here: &Settings, context: &Context, from: GoesOn, steps: &mut Steps) -> Result<Prepared> {
    if from == GoesOn::Start {
        let found = engine::discover(context).await?;
        steps.done(call, "discover", &found, &coverage::headed(call, &found.coverage, &discover::page(call, &found)))?;
        let exported = engine::export_discovered(context, &found).await?;
        steps.done(call, "export", &exported, &export::page(call, &exported))?;
    }
    if from <= GoesOn::Diff {
        let compared = engine::diff(context).await?;
        let waiting = diff::waiting_rows(context).await;
        report::renew(call, here, context.store());
        steps.done(call, "diff", &compared, &diff::page(call, &compared, &waiting?))?;
    }
    let mut planned = engine::plan(context).await?;
    report::renew(call, here, context.store());
    planned.hide_values();
    steps.done(call, "plan", &planned, &plan::page(call, context, &planned))?;
    Ok(Prepared { rows: planned.held, report: planned })
}
