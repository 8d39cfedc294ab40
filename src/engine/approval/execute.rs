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
use crate::staging::{JournalRecord, Plan, Verdict, Vote};
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
    if let Some(signers) = context.selection().quorum().signers().filter(|_| word.verdict == Verdict::Approved) {
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
    let Some(objection) = standing(context, plan)?.objection() else { return Ok(()) };
    Err(Error::new(ErrorKind::Refused, "merge")
        .at(context.run())
        .because(objection)
        .next("`failback approve` lists who said what; `failback approve --as ROLE` approves the plan as it is"))
}

/// Counts what was said of a plan.
fn standing(context: &Context, plan: &Plan) -> Result<Standing> {
    Ok(count(plan, &Vote::read_all(context.store())?, context.selection().quorum()))
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
        let standing = plan.map(|plan| count(plan, &votes, quorum));
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
    let quorum = context.selection().quorum();
    let wrong = |cause: String| Error::new(ErrorKind::Usage, "take down an approval").because(cause);
    if named.trim().is_empty() {
        return Err(wrong("no role is named".to_owned()).next("give --as ROLE"));
    }
    if quorum.roles().is_empty() {
        return Ok(named.trim().to_owned());
    }
    if let Some(role) = quorum.role(named) {
        return Ok(role.to_owned());
    }
    let known = quorum.roles().join(", ");
    let error = wrong(format!("[approval] knows no role `{named}`; it knows {known}"));
    Err(match nearest(named, quorum.roles().iter().map(String::as_str)).filter(|near| !is_same(near, named)) {
        Some(meant) => error.next(format!("did you mean `{meant}`?")),
        None => error,
    })
}
