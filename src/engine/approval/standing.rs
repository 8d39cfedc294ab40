//! What people's words about one plan come to.

use jiff::Timestamp;
use serde::Serialize;

use crate::config::{Quorum, is_same};
use crate::staging::{Verdict, Vote};

/// How things stand with a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// The plan's digest.
    pub plan: String,
    /// The roles whose word counts; none: whoever gives it.
    pub roles: Vec<String>,
    /// How many different people have to approve, each in a role of their own where there are roles.
    pub approvers: usize,
    /// How many do.
    pub approved: usize,
    /// Whether somebody denies it.
    pub denied: bool,
    /// Whether it may be merged.
    pub enough: bool,
    /// What was said of this plan, in the order in which it was said.
    pub votes: Vec<HeardVote>,
    /// How many words are about plans of before, and void.
    pub void: usize,
    /// What asks for it, where the configuration of now does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
}

/// One person's word, and what it is worth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeardVote {
    /// In which role.
    pub role: String,
    /// Who.
    pub by: String,
    /// What was said.
    pub verdict: Verdict,
    /// When, RFC 3339 in UTC.
    pub at: String,
    /// What was added in words.
    pub comment: Option<String>,
    /// Whether a signature is with it.
    pub signed: bool,
    /// Why it does not count, if it does not.
    pub void: Option<String>,
}

impl HeardVote {
    /// Takes down what somebody said, and why it does not count.
    pub(super) fn of(vote: &Vote, void: Option<String>) -> Self {
        Self {
            role: vote.role.clone(),
            by: vote.by.clone(),
            verdict: vote.verdict,
            at: vote.at.clone(),
            comment: vote.comment.clone(),
            signed: vote.signature.is_some(),
            void,
        }
    }
}

impl Standing {
    /// Counts what was said of a plan. `is_signed` says why a word's signature is not one of the keys that it has to be.
    #[must_use]
    pub fn of(
        plan: &str,
        votes: &[Vote],
        quorum: &Quorum,
        now: Timestamp,
        is_signed: impl Fn(&Vote) -> Result<(), String>,
    ) -> Self {
        let about: Vec<_> = votes.iter().filter(|vote| vote.plan == plan).collect();
        let is_last = |at: usize| {
            !about[at + 1..].iter().any(|later| is_same(&later.by, &about[at].by) && is_same(&later.role, &about[at].role))
        };
        let heard: Vec<_> = about
            .iter()
            .enumerate()
            .map(|(at, vote)| {
                let again = || Some("they have spoken again since".to_owned());
                HeardVote::of(vote, if is_last(at) { void(vote, quorum, now, &is_signed) } else { again() })
            })
            .collect();
        let counts = |verdict: Verdict| heard.iter().filter(move |vote| vote.void.is_none() && vote.verdict == verdict);
        let denied = counts(Verdict::Denied).next().is_some();
        let approved = people(&counts(Verdict::Approved).collect::<Vec<_>>(), quorum);
        Self {
            plan: plan.to_owned(),
            roles: quorum.roles().to_vec(),
            approvers: quorum.approvers(),
            approved,
            denied,
            enough: approved >= quorum.approvers() && !denied,
            void: votes.len() - about.len(),
            votes: heard,
            origin: None,
        }
    }

    /// Says why the plan may not be merged, if it may not.
    #[must_use]
    pub fn objection(&self) -> Option<String> {
        if let Some(denial) = self.votes.iter().find(|vote| vote.void.is_none() && vote.verdict == Verdict::Denied) {
            let why = denial.comment.as_deref().map_or_else(String::new, |comment| format!(": {comment}"));
            return Some(format!("{}, as {}, denied it{why}", denial.by, denial.role));
        }
        let each = if self.roles.is_empty() { "" } else { ", each in a role of their own" };
        let origin = self.origin.as_ref().map_or_else(String::new, |origin| format!(", as is asked by {origin}"));
        let said = || format!("{} of {} different people approved this plan{each}{origin}", self.approved, self.approvers);
        (!self.enough).then(said)
    }
}

/// Says why somebody's last word does not count, if it does not. A denial counts whoever can prove what.
fn void(vote: &Vote, quorum: &Quorum, now: Timestamp, is_signed: impl Fn(&Vote) -> Result<(), String>) -> Option<String> {
    if !quorum.roles().is_empty() && quorum.role(&vote.role).is_none() {
        return Some("the role is not among those of [approval]".to_owned());
    }
    if vote.verdict == Verdict::Denied {
        return None;
    }
    let Ok(at) = vote.at.parse::<Timestamp>() else { return Some("it bears no time".to_owned()) };
    if let Some(seconds) = quorum.expires_seconds().filter(|seconds| now.duration_since(at).as_secs() > i64::from(*seconds)) {
        return Some(format!("it is older than {seconds} seconds"));
    }
    if quorum.signers().is_some() { is_signed(vote).err() } else { None }
}

/// Counts the people who approve: where there are roles, those to whom one each can be given, each a role in which they spoke.
fn people(approvals: &[&HeardVote], quorum: &Quorum) -> usize {
    let mut names: Vec<&str> = Vec::new();
    for vote in approvals {
        if !names.iter().any(|name| is_same(name, &vote.by)) {
            names.push(&vote.by);
        }
    }
    if quorum.roles().is_empty() {
        return names.len();
    }
    let spoke_as = |name: &str| -> Vec<usize> {
        let roles = quorum.roles().iter().enumerate();
        let own = |role: &str| approvals.iter().any(|vote| is_same(&vote.by, name) && is_same(&vote.role, role));
        roles.filter(|(_, role)| own(role)).map(|(at, _)| at).collect()
    };
    let choices: Vec<_> = names.iter().map(|name| spoke_as(name)).collect();
    let mut holders = vec![None; quorum.roles().len()];
    (0..names.len()).filter(|person| give_role(*person, &choices, &mut holders, &mut vec![false; quorum.roles().len()])).count()
}

/// Gives a person one of their roles, whose holder may take another (augmenting paths; H. W. Kuhn, "The Hungarian method for
/// the assignment problem", 1955). Returns whether there was one.
fn give_role(person: usize, choices: &[Vec<usize>], holders: &mut [Option<usize>], tried: &mut [bool]) -> bool {
    for role in &choices[person] {
        if std::mem::replace(&mut tried[*role], true) {
            continue;
        }
        if holders[*role].is_none_or(|holder| give_role(holder, choices, holders, tried)) {
            holders[*role] = Some(person);
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    const PLAN: &str = "p1";

    fn vote(verdict: Verdict, by: &str, role: &str) -> Vote {
        let at = "2026-11-22T03:00:00Z".to_owned();
        Vote { plan: PLAN.to_owned(), verdict, role: role.to_owned(), by: by.to_owned(), at, comment: None, signature: None }
    }

    fn approved(by: &str, role: &str) -> Vote {
        vote(Verdict::Approved, by, role)
    }

    fn standing(config: &str, votes: &[Vote]) -> Standing {
        let config = Config::parse(config, "failback.toml").unwrap();
        let now = "2026-11-22T04:00:00Z".parse().unwrap();
        Standing::of(PLAN, votes, config.quorum(), now, |vote| {
            vote.signature.as_ref().map(drop).ok_or_else(|| "unsigned".to_owned())
        })
    }

    const TWO: &str = "approval.roles = [\"dba\", \"lead\"]";

    #[test]
    fn one_person_is_one_person_however_often_they_speak_and_in_however_many_roles() {
        assert!(!standing(TWO, &[]).enough);
        assert!(!standing(TWO, &[approved("ada", "dba"), approved("Ada ", "lead")]).enough);
        assert!(!standing(TWO, &[approved("ada", "dba"), approved("bob", "DBA")]).enough);
        assert!(standing(TWO, &[approved("ada", "dba"), approved("bob", "Lead")]).enough);
        assert!(standing("approval.approvers = 2", &[approved("ada", "x"), approved("bob", "x")]).enough);
        assert!(!standing("approval.approvers = 2", &[approved("ada", "x"), approved("ADA", "y")]).enough);
    }

    #[test]
    fn people_of_several_roles_are_given_those_that_let_most_of_them_count() {
        let votes = [approved("ada", "dba"), approved("ada", "lead"), approved("bob", "dba")];
        assert_eq!(standing(TWO, &votes).approved, 2);
        let three = "approval.roles = [\"a\", \"b\", \"c\"]";
        let votes = [approved("x", "a"), approved("x", "b"), approved("y", "a"), approved("y", "c"), approved("z", "a")];
        assert_eq!(standing(three, &votes).approved, 3);
    }

    #[test]
    fn a_word_counts_for_its_own_plan_alone() {
        let other = Vote { plan: "p2".to_owned(), ..approved("bob", "lead") };
        let found = standing(TWO, &[approved("ada", "dba"), other]);
        assert_eq!((found.enough, found.void, found.votes.len()), (false, 1, 1));
    }

    #[test]
    fn a_denial_stands_until_the_same_person_in_the_same_role_approves() {
        let both = [approved("ada", "dba"), approved("bob", "lead")];
        let denied = [&both[..], &[vote(Verdict::Denied, "eve", "dba")]].concat();
        let found = standing(TWO, &denied);
        assert_eq!((found.enough, found.objection().unwrap().contains("eve")), (false, true));
        assert!(!standing(TWO, &[&denied[..], &[approved("ada", "dba")]].concat()).enough);
        assert!(standing(TWO, &[&denied[..], &[approved("eve", "dba")]].concat()).enough);
        assert!(
            !standing("", &[vote(Verdict::Denied, "eve", "dba")]).enough,
            "nobody has to approve, but nobody may deny either"
        );
        assert!(standing(TWO, &[&both[..], &[vote(Verdict::Denied, "eve", "visitor")]].concat()).enough);
    }

    #[test]
    fn old_strange_and_unsigned_approvals_do_not_count() {
        assert!(!standing("approval = { approvers = 1, expires = \"30m\" }", &[approved("ada", "dba")]).enough);
        assert!(standing("approval = { approvers = 1, expires = \"2h\" }", &[approved("ada", "dba")]).enough);
        let timeless = Vote { at: "soon".to_owned(), ..approved("ada", "dba") };
        assert!(!standing("approval.approvers = 1", &[timeless]).enough);
        let signers = "approval = { approvers = 1, signers = \"keys\" }";
        assert_eq!(standing(signers, &[approved("ada", "dba")]).votes[0].void.as_deref(), Some("unsigned"));
        let signed = Vote { signature: Some("…".to_owned()), ..approved("ada", "dba") };
        assert!(standing(signers, &[signed]).enough);
    }
}
