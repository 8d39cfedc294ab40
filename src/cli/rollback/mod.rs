//! `failback rollback`: the phases of a rollback, and what is done while one is under way.

mod at_stake;
mod awaited;
mod begin;
mod control;
mod drill;
mod folder;
mod live;
mod onlooker;
mod report;
mod runbook;
mod stands;
mod surroundings;
mod taken_back;
mod validate;
mod view;

use clap::{Args, Subcommand};

pub(super) use self::view::give_back;
use super::options::Given;
use super::{Call, Exit};
use crate::error::Result;
use crate::phases::shipped::Shipped;

/// Carry out a phase of the rollback, step by step
///
/// Each phase is a runbook: steps that are shown to the letter before they are taken, written down before each effect, looked
/// at after it, and taken back where that can be. Stopped at any moment, `resume` goes on: what may have been done is looked
/// for, and never done twice on a guess. `--dry-run` shows everything and changes nothing.
#[derive(Args)]
#[command(after_help = "\
Examples:
  failback rollback quick --env prod --dry-run
  failback rollback drill quick --env prod
  failback rollback quick --env prod --incident 'orders lose lines' --commander ada
  failback rollback quick --env prod --recover-at '2026-11-23T02:00[Europe/Berlin]'
  failback rollback status --env prod
  failback rollback approve destroy --as commander --env prod
  failback rollback resume --env prod
  failback rollback validate --env prod --answer on-call=yes --by ada
  failback rollback runbook show quick")]
pub(super) struct Arguments {
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Subcommand)]
enum Deed {
    /// Before anything is deployed: make sure that nothing is, and stop
    AbortDeployment(begin::Begin),
    /// Before the cutover: destroy NEW, which serves nobody
    DestroyNew(begin::Begin),
    /// Within the first hour: traffic goes back to OLD, rows are recovered
    Quick(begin::Begin),
    /// Within the first day: the same, with the committee's approval and a choice of what becomes of the rows
    Evaluated(begin::Begin),
    /// After a day: fixing forward is advised; else as the evaluated one, with other approvals
    LongTerm(begin::Begin),
    /// OLD, or what it held, is gone: its databases come back from backups
    Emergency(begin::Begin),
    /// After a rollback: destroy NEW, once nothing in it is needed any more
    Cleanup(begin::Begin),
    /// Carry out a runbook of your own
    Run(begin::Own),
    /// Say where the rollback is
    Status(control::Status),
    /// Go on with the rollback
    Resume(begin::Resume),
    /// Let no further step begin
    Pause(control::Say),
    /// End the rollback as it is
    Abort(control::Say),
    /// Take back what steps did, the last first
    Undo(begin::Undo),
    /// Leave a step out
    Skip(control::OfStep),
    /// Say what became of a step that nobody could tell
    Settle(control::Settle),
    /// Approve of a step
    Approve(control::Vote),
    /// Deny a step
    Deny(control::Vote),
    /// Answer an item of a checklist
    Answer(control::Answered),
    /// Write something down in the journal
    Note(control::Say),
    /// Write the post-mortem, from the journal
    Postmortem(control::Which),
    /// Rehearse a phase: look at every step, and carry none out
    Drill(drill::Arguments),
    /// Go through the list of what has to be so after a rollback
    Validate(validate::Arguments),
    /// Show, export or check runbooks
    Runbook(runbook::Arguments),
}

impl Arguments {
    pub(super) fn options(&self) -> &dyn Given {
        match &self.deed {
            Deed::AbortDeployment(begin)
            | Deed::DestroyNew(begin)
            | Deed::Quick(begin)
            | Deed::Evaluated(begin)
            | Deed::LongTerm(begin)
            | Deed::Emergency(begin)
            | Deed::Cleanup(begin) => &begin.options,
            Deed::Run(own) => &own.begin.options,
            Deed::Status(status) => &status.options,
            Deed::Postmortem(which) => &which.options,
            Deed::Resume(resume) => &resume.options,
            Deed::Pause(say) | Deed::Abort(say) | Deed::Note(say) => &say.options,
            Deed::Undo(undo) => &undo.options,
            Deed::Skip(skip) => &skip.options,
            Deed::Settle(settle) => &settle.options,
            Deed::Approve(vote) | Deed::Deny(vote) => &vote.options,
            Deed::Answer(answer) => &answer.options,
            Deed::Drill(drill) => &drill.options,
            Deed::Validate(validate) => &validate.options,
            Deed::Runbook(runbook) => runbook.options(),
        }
    }
}

/// Does what was asked.
pub(super) async fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    match &arguments.deed {
        Deed::AbortDeployment(begin) => begin::phase(call, begin, Shipped::AbortDeployment).await,
        Deed::DestroyNew(begin) => begin::phase(call, begin, Shipped::DestroyNew).await,
        Deed::Quick(begin) => begin::phase(call, begin, Shipped::Quick).await,
        Deed::Evaluated(begin) => begin::phase(call, begin, Shipped::Evaluated).await,
        Deed::LongTerm(begin) => begin::phase(call, begin, Shipped::LongTerm).await,
        Deed::Emergency(begin) => begin::phase(call, begin, Shipped::Emergency).await,
        Deed::Cleanup(begin) => begin::phase(call, begin, Shipped::Cleanup).await,
        Deed::Run(own) => begin::own(call, own).await,
        Deed::Status(status) => control::status(call, status),
        Deed::Resume(resume) => begin::resume(call, resume).await,
        Deed::Pause(say) => control::pause(call, say),
        Deed::Abort(say) => control::abort(call, say),
        Deed::Undo(undo) => begin::undo(call, undo).await,
        Deed::Skip(skip) => control::skip(call, skip),
        Deed::Settle(settle) => control::settle(call, settle),
        Deed::Approve(vote) => control::vote(call, vote, true),
        Deed::Deny(vote) => control::vote(call, vote, false),
        Deed::Answer(answer) => control::answer(call, answer),
        Deed::Note(say) => control::note(call, say),
        Deed::Postmortem(which) => control::postmortem(call, which),
        Deed::Drill(arguments) => drill::run(call, arguments).await,
        Deed::Validate(arguments) => validate::run(call, arguments).await,
        Deed::Runbook(arguments) => runbook::run(call, arguments),
    }
}
