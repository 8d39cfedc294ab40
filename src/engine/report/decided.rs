//! What is decided, by whom, when and why, and how many rows that is about.

use std::collections::BTreeSet;

use crate::delta::Class;
use crate::engine::plan::{TalliedRule, Tally};
use crate::policy::{Decisions, Origin, Past, RowPick, Rule, Signature};

/// Rows of one class of one table that are decided alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecidedRow {
    /// The database's name, the same on both sides.
    pub database: String,
    /// The table by OLD's name, as `schema.name`.
    pub table: String,
    /// Their class.
    pub class: Class,
    /// How many rows.
    pub rows: u64,
    /// What is to be done with them.
    pub resolution: String,
    /// Where that was said.
    pub origin: Origin,
    /// Who said so, when and why.
    pub signature: Signature,
}

/// One rule, and how many rows it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountedRule {
    /// What it is called, and where it stands.
    pub title: String,
    /// What is to be done.
    pub resolution: String,
    /// It means so many rows.
    pub means: u64,
    /// It decides so many of them.
    pub decides: u64,
    /// Of so many more it is not known whether it means them.
    pub not_evaluated: u64,
    /// It expects so many.
    pub expect: Option<u64>,
    /// Who said so, when and why.
    pub signature: Signature,
}

/// One row that is picked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountedPick {
    /// The table, and the key unless that is masked.
    pub title: String,
    /// What is to be done.
    pub resolution: String,
    /// How many rows it finds.
    pub rows: u64,
    /// Who said so, when and why.
    pub signature: Signature,
}

/// Lists what is decided about classes, rules and picks together: what everything comes to.
pub(super) fn rows(tally: &Tally) -> Vec<DecidedRow> {
    let of = |one: &crate::engine::plan::TalliedRows| DecidedRow {
        database: one.database.clone(),
        table: one.table.clone(),
        class: one.class,
        rows: one.rows,
        resolution: one.decided.said(),
        origin: one.decided.origin,
        signature: one.decided.signature.clone(),
    };
    tally.rows.iter().map(of).collect()
}

pub(super) fn rules(decisions: &Decisions, tally: &Tally) -> Vec<AccountedRule> {
    let of = |(rule, rows): (&Rule, &TalliedRule)| AccountedRule {
        title: rule.title(),
        resolution: rule.said(),
        means: rows.means,
        decides: rows.decides,
        not_evaluated: rows.not_evaluated,
        expect: rule.expect,
        signature: rule.signature.clone(),
    };
    decisions.rules().iter().zip(&tally.rules).map(of).collect()
}

/// Lists the rows that are picked; the keys of `hidden` tables are masked.
pub(super) fn picks(decisions: &Decisions, tally: &Tally, hidden: &BTreeSet<String>) -> Vec<AccountedPick> {
    let of = |(pick, rows): (&RowPick, &u64)| AccountedPick {
        title: if hidden.contains(&pick.table) { format!("{}: (masked)", pick.table) } else { pick.title() },
        resolution: pick.said(),
        rows: *rows,
        signature: pick.signature.clone(),
    };
    decisions.picks().iter().zip(&tally.picks).map(of).collect()
}

/// Lists what was decided before. A row that was picked is named by its key, which `hidden` tables mask.
pub(super) fn history(decisions: &Decisions, hidden: &BTreeSet<String>) -> Vec<Past> {
    let of = |past: &Past| {
        let mut past = past.clone();
        if past.section == "[[row]]" && !hidden.is_empty() {
            "(masked)".clone_into(&mut past.class);
        }
        past
    };
    decisions.history().iter().map(of).collect()
}
