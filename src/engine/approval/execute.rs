//! Takes down what somebody says of a plan, and tells how things stand.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::signature;
use super::standing::{HeardVote, Standing};
use crate::config::{Quorum, is_same};
use crate::engine::plan::checked_plan;
use crate::engine::run::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::policy::keys::nearest;
use crate::staging::{Demands, JournalRecord, Plan, Verdict, Vote};
use crate::store::Store;

/// What somebody says of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Whether it may be merged.
    pub verdict: Verdict,
    /// In which role they speak.
    pub role: String,
    /// Who.
    pub by: String,
    /// What they add.
    pub comment: Option<String>,
    /// The key that it is signed with.
    pub key: Option<PathBuf>,
}

/// Takes down what somebody says of the run's plan.
///
/// # Errors
/// `Refused` where there is no plan, or it is stale; `Usage` where the role is not one whose word counts, or the name is empty;
/// `Permission` where it cannot be signed, or is not by a key that counts; `Storage` where it cannot be written.
pub fn vote(context: &Context, word: &Word) -> Result<Standing> {
    let plan = checked_plan(context.store())?;
    let mut vote = Vote {
        plan: plan.digest.clone(),
        verdict: word.verdict,
        role: role(context, &word.role)?,
        by: word.by.trim().to_owned(),
        at: Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        comment: word.comment.clone(),
        signature: None,
    };
    if vote.by.is_empty() {
        return Err(Error::new(ErrorKind::Usage, "take down an approval").because("nobody is named").next("give --by NAME"));
    }
    if let Some(key) = &word.key {
        vote.signature = Some(signature::sign(&vote.signed_text()?, key)?);
    }
    let asked = asked(context.store(), context.selection().quorum())?;
    let signers = asked.iter().filter_map(|(quorum, _)| quorum.signers()).filter(|_| word.verdict == Verdict::Approved);
    for signers in signers {
        signature::check(&vote, Path::new(signers)).map_err(|cause| {
            Error::new(ErrorKind::Permission, "take down an approval")
                .at(signers)
                .because(cause)
                .next(format!("sign it with --key, by a key that {signers} lists for `{}`", vote.by))
        })?;
    }
    vote.append(context.store())?;
    let Vote { plan: of, verdict, role, by, .. } = vote;
    JournalRecord::Voted { plan: of, verdict, role, by }.append(context.store())?;
    standing(context, &plan)
}

/// Returns how things stand with the run's plan.
///
/// # Errors
/// `Refused` where there is no plan, or it is stale; `Damaged` where what was said cannot be read.
pub fn approval(context: &Context) -> Result<Standing> {
    let plan = checked_plan(context.store())?;
    standing(context, &plan)
}

/// Refuses the run's plan as [`merge`](crate::engine::merge) would, before anybody is asked to confirm it.
///
/// # Errors
/// `Refused` where it is stale or denied, or not as many people approve it as the configuration asks for; `Damaged` where what
/// was said cannot be read.
pub fn expect_approval(context: &Context) -> Result<()> {
    let plan = checked_plan(context.store())?;
    expect_approved(context, &plan)
}

/// Refuses a plan that is denied, or that not as many people approve as the configuration asks for.
///
/// # Errors
/// `Refused` then; `Damaged` where what was said cannot be read.
pub(crate) fn expect_approved(context: &Context, plan: &Plan) -> Result<()> {
    let standing = standing(context, plan)?;
    let Some(objection) = standing.objection() else { return Ok(()) };
    Err(Error::new(ErrorKind::Refused, "merge")
        .at(context.run())
        .because(objection)
        .next("`failback approve` lists who said what; `failback approve --as ROLE` approves the plan as it is"))
}

/// Whose approval is asked for: by the configuration of now, and by each with which the run was made, with where it comes from.
fn asked(store: &dyn Store, own: &Quorum) -> Result<Vec<(Quorum, Option<String>)>> {
    let mut asked = vec![(own.clone(), None)];
    for demand in Demands::read(store)? {
        if demand.approval.approvers() > 0 && asked.iter().all(|(known, _)| *known != demand.approval) {
            let origin = demand.origin();
            asked.push((demand.approval, Some(origin)));
        }
    }
    Ok(asked)
}

/// Counts what was said of a plan. Where several configurations ask, the first that has not enough says how things stand, else
/// the one that asks for most.
fn standing(context: &Context, plan: &Plan) -> Result<Standing> {
    let votes = Vote::read_all(context.store())?;
    strictest(context.store(), plan, &votes, context.selection().quorum())
}

fn strictest(store: &dyn Store, plan: &Plan, votes: &[Vote], own: &Quorum) -> Result<Standing> {
    let mut found: Option<Standing> = None;
    for (quorum, origin) in asked(store, own)? {
        let one = Standing { origin, ..count(plan, votes, &quorum) };
        let rank = |standing: &Standing| (standing.objection().is_some(), standing.approvers);
        if found.as_ref().is_none_or(|known| known.objection().is_none() && rank(&one) > rank(known)) {
            found = Some(one);
        }
    }
    found.ok_or_else(|| Error::new(ErrorKind::Config, "find whose approval is asked for"))
}

fn count(plan: &Plan, votes: &[Vote], quorum: &Quorum) -> Standing {
    let signers = quorum.signers().map(Path::new);
    let is_signed = |vote: &Vote| signers.map_or(Ok(()), |signers| signature::check(vote, signers));
    Standing::of(&plan.digest, votes, quorum, Timestamp::now(), is_signed)
}

/// Everything that was said of a run's plans.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Said {
    /// How things stand with the plan; nothing where there is none.
    pub standing: Option<Standing>,
    /// Every word, in the order in which they were said; one about another plan does not count.
    pub votes: Vec<HeardVote>,
}

impl Said {
    /// Reads it, and holds it against the plan.
    ///
    /// # Errors
    /// `Damaged` where what was said cannot be read.
    pub(crate) fn read(store: &dyn Store, plan: Option<&Plan>, quorum: &Quorum) -> Result<Self> {
        let votes = Vote::read_all(store)?;
        let standing = plan.map(|plan| strictest(store, plan, &votes, quorum)).transpose()?;
        let mut heard = standing.iter().flat_map(|standing| standing.votes.clone()).collect::<VecDeque<_>>();
        let of = |vote: &Vote| match plan {
            Some(plan) if plan.digest == vote.plan => heard.pop_front(),
            _ => {
                let digest: String = vote.plan.chars().take(12).collect();
                Some(HeardVote::of(vote, Some(format!("it is about another plan, {digest}"))))
            }
        };
        Ok(Self { votes: votes.iter().filter_map(of).collect(), standing })
    }
}

/// Returns a role as the configuration spells it.
fn role(context: &Context, named: &str) -> Result<String> {
    let asked = asked(context.store(), context.selection().quorum())?;
    let wrong = |cause: String| Error::new(ErrorKind::Usage, "take down an approval").because(cause);
    if named.trim().is_empty() {
        return Err(wrong("no role is named".to_owned()).next("give --as ROLE"));
    }
    let roles: Vec<&str> = asked.iter().flat_map(|(quorum, _)| quorum.roles()).map(String::as_str).collect();
    if roles.is_empty() {
        return Ok(named.trim().to_owned());
    }
    if let Some(role) = asked.iter().find_map(|(quorum, _)| quorum.role(named)) {
        return Ok(role.to_owned());
    }
    let known = roles.join(", ");
    let error = wrong(format!("[approval] knows no role `{named}`; it knows {known}"));
    Err(match nearest(named, roles.iter().copied()).filter(|near| !is_same(near, named)) {
        Some(meant) => error.next(format!("did you mean `{meant}`?")),
        None => error,
    })
}
