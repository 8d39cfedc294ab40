//! Who said what of the plan, in which role, and whether it counts.

use super::grid::{Content, Grid, words};
use super::html::Html;
use crate::engine::{HeardVote, Said, Standing};
use crate::text::amount;

pub(super) fn write(html: &mut Html, said: &Said) {
    if let Some(standing) = said.standing.as_ref().filter(|standing| standing.approvers > 0 || !said.votes.is_empty()) {
        html.leaf("p", &[("id", "approved")], &sentence(standing));
    }
    let heads = ["who", "in the role", "said", "when", "comment", "signed", "counts"].map(words);
    let mut grid = Grid::new("approvals-table", "What people said of the run's plans", &heads);
    for vote in &said.votes {
        grid.row(line(vote).into());
    }
    if !grid.is_empty() {
        grid.write(html);
    }
}

fn line(vote: &HeardVote) -> [Content; 7] {
    let counts = vote.void.as_ref().map_or_else(|| "yes".to_owned(), |why| format!("no: {why}"));
    [
        vote.by.as_str().into(),
        vote.role.as_str().into(),
        vote.verdict.word().into(),
        vote.at.as_str().into(),
        vote.comment.clone().unwrap_or_default().into(),
        if vote.signed { "yes" } else { "no" }.into(),
        counts.into(),
    ]
}

/// Says how things stood with the plan when the page was made.
fn sentence(standing: &Standing) -> String {
    let plan: String = standing.plan.chars().take(12).collect();
    let people = |number: usize| amount::plural(number as u64, "person", "people");
    match standing.objection() {
        Some(why) if standing.denied => format!("Plan {plan} is denied: {why}."),
        None if standing.approvers == 0 => format!("Plan {plan} needs no approval; {} approved it.", people(standing.approved)),
        _ => format!("Plan {plan} is approved by {} of {}.", standing.approved, people(standing.approvers)),
    }
}
