//! `failback approve` and `failback deny`.

use std::path::PathBuf;

use clap::Args;

use super::options::OfRun;
use super::page::Page;
use super::settings::{Settings, shell_word};
use super::step::Step;
use super::table::Table;
use super::{Call, Exit, amount, decide, run};
use crate::engine::{self, Context, Standing, Word};
use crate::error::{Error, ErrorKind, Result};
use crate::policy::Action;
use crate::staging::{Plan, Verdict};

/// Approve the plan, or list who did
///
/// Takes down that somebody approves the run's plan as it is: in which role, who, when, and signed by an SSH key where one is
/// given. Whatever changes the plan makes it void. Where failback.toml asks for approvals, under `[approval]`, `merge` refuses
/// until so many different people have given theirs. Without --as: who said what, and what it comes to.
#[derive(Args)]
#[command(after_help = "\
Examples:
  failback approve
  failback approve --as 'incident commander' --comment 'agreed at 03:10'
  failback approve --as dba --by ada --key ~/.ssh/id_ed25519")]
pub(super) struct Approve {
    #[command(flatten)]
    vote: Vote,
    #[command(flatten)]
    pub(super) options: OfRun,
}

/// Deny the plan
///
/// Takes down that somebody wants the run's plan not to be merged; `merge` refuses it, whoever else approves, until the same
/// person in the same role approves it, or there is another plan.
#[derive(Args)]
#[command(after_help = "\
Examples:
  failback deny --as 'product owner' --comment 'orders of Friday are refunded by hand'")]
pub(super) struct Deny {
    #[command(flatten)]
    vote: Vote,
    #[command(flatten)]
    pub(super) options: OfRun,
}

/// What somebody says.
#[derive(Args)]
struct Vote {
    /// In which role
    #[arg(long = "as", value_name = "ROLE")]
    role: Option<String>,
    /// Who [default: the user of this machine]
    #[arg(long, value_name = "NAME", requires = "role")]
    by: Option<String>,
    /// What is to be added; reports repeat it
    #[arg(long, value_name = "TEXT", requires = "role")]
    comment: Option<String>,
    /// Sign it: an SSH key's file, or the public one of a key that the agent holds; wants `ssh-keygen`
    #[arg(long, value_name = "FILE", requires = "role")]
    key: Option<PathBuf>,
}

/// Takes down an approval, or lists who said what.
pub(super) fn approve(call: &Call, arguments: &Approve) -> Result<Exit> {
    if arguments.vote.role.is_none() {
        let settings = Settings::read(call, &arguments.options, None)?;
        let context = settings.context(call, run::open(&settings)?, &[])?;
        return tell(call, &settings, (&context, &engine::approval(&context)?));
    }
    take_down(call, &arguments.options, &arguments.vote, Verdict::Approved)
}

/// Takes down a denial.
pub(super) fn deny(call: &Call, arguments: &Deny) -> Result<Exit> {
    if arguments.vote.comment.as_deref().is_none_or(|comment| comment.trim().is_empty()) {
        return Err(Error::new(ErrorKind::Usage, "take down a denial")
            .because("nothing says why, and those who have to change the plan need to know")
            .next("give --as ROLE and --comment TEXT"));
    }
    take_down(call, &arguments.options, &arguments.vote, Verdict::Denied)
}

fn take_down(call: &Call, options: &OfRun, vote: &Vote, verdict: Verdict) -> Result<Exit> {
    let settings = Settings::read(call, options, None)?;
    let (store, _lock) = run::open_for_writing(&settings)?;
    let context = settings.context(call, store, &[])?;
    let word = Word {
        verdict,
        role: vote.role.clone().unwrap_or_default(),
        by: decide::signer(call, vote.by.as_ref()),
        comment: vote.comment.clone(),
        key: vote.key.clone(),
    };
    let standing = engine::vote(&context, &word)?;
    tell(call, &settings, (&context, &standing))
}

fn tell(call: &Call, settings: &Settings, (context, standing): (&Context, &Standing)) -> Result<Exit> {
    let mut page = call.printer.page();
    lay_out(&mut page, standing);
    page.next(next(settings, standing, Plan::read(context.store())?.actions().get(Action::Hold)));
    call.printer.result(standing, &page)?;
    Ok(if standing.enough { Exit::Done } else { Exit::Waiting })
}

/// Says how to go on, where so many rows are held: a merge that would be refused for them is no next step.
pub(super) fn next(settings: &Settings, standing: &Standing, held: u64) -> Vec<Step> {
    if standing.denied {
        let mut steps = vec![Step::Say("decide otherwise and plan again, or have the denial taken back:".to_owned())];
        steps.extend(settings.steps("decide", &[]));
        return steps;
    }
    if standing.enough && held == 0 {
        return settings.steps("merge", &[]);
    }
    if standing.enough {
        let mut steps = settings.steps("merge", &["--leave-held".to_owned()]);
        steps.push(Step::Say("or decide what waits, and have the plan that comes of it approved anew:".to_owned()));
        steps.extend(settings.steps("decide", &[]));
        return steps;
    }
    let role = standing.roles.iter().find(|role| standing.votes.iter().all(|vote| vote.role != **role));
    settings.steps("approve", &["--as".to_owned(), role.map_or_else(|| "ROLE".to_owned(), |role| shell_word(role))])
}

/// Says who said what of a plan, and what it comes to.
pub(super) fn lay_out(page: &mut Page, standing: &Standing) {
    page.line(sentence(standing));
    let mut table = Table::new(&["role", "who", "said", "when", "signed", "remarks"]);
    for vote in &standing.votes {
        let void = vote.void.as_ref().map(|why| format!("does not count: {why}"));
        let remarks: Vec<_> = vote.comment.iter().cloned().chain(void).collect();
        let signed = if vote.signed { "yes" } else { "no" };
        let said = vote.verdict.word().to_owned();
        table.row([vote.role.clone(), vote.by.clone(), said, amount::moment(&vote.at), signed.to_owned(), remarks.join("; ")]);
    }
    for role in standing.roles.iter().filter(|role| standing.votes.iter().all(|vote| vote.role != **role)) {
        let none = || "-".to_owned();
        table.row([role.clone(), none(), "nothing yet".to_owned(), none(), none(), String::new()]);
    }
    if !table.is_empty() {
        page.table(&table);
    }
    if standing.void > 0 {
        let (one, many) = ("word is about a plan of before, and void", "words are about plans of before, and void");
        page.line(amount::plural(standing.void as u64, one, many));
    }
}

fn sentence(standing: &Standing) -> String {
    let plan: String = standing.plan.chars().take(12).collect();
    let people = |number: usize| amount::plural(number as u64, "person", "people");
    let asked = standing.origin.as_ref().map_or_else(String::new, |origin| format!(", as is asked by {origin}"));
    let state = match standing.objection() {
        None if standing.approvers == 0 => "needs no approval".to_owned(),
        None => format!("is approved by {}", people(standing.approved)),
        Some(_) if standing.denied => "is denied".to_owned(),
        Some(_) => format!("is approved by {} of {}", standing.approved, people(standing.approvers)),
    };
    format!("plan {plan} {state}{asked}")
}
