//! Every table in a line: how many rows differ, as a bar, and what became of them.

use super::bars::{self, Group};
use super::grid::{self, Head, numbers, words};
use super::html::Html;
use crate::engine::{Account, Reached, TableAccount};
use crate::text::amount;

pub(super) fn write(html: &mut Html, account: &Account) {
    html.element("section", &[("id", "tables"), ("aria-labelledby", "tables-title")], |html| {
        html.leaf("h2", &[("id", "tables-title")], "Changes, table by table");
        let (differing, alike): (Vec<_>, Vec<_>) = account.tables.iter().partition(|table| table.differing() > 0);
        if differing.is_empty() {
            html.leaf("p", &[], "No row of any table differs.");
            return;
        }
        bars::legend(html);
        let most = differing.iter().map(|table| table.differing()).max().unwrap_or(1);
        grid::write(html, "tables-table", "Tables with rows that differ", &heads(account), |html| {
            for (number, table) in account.tables.iter().enumerate().filter(|(_, table)| table.differing() > 0) {
                html.element("tr", &[], |html| line(html, account, number, table, most));
            }
        });
        if !alike.is_empty() {
            let tables = amount::plural(alike.len() as u64, "table has", "tables have");
            html.leaf("p", &[("class", "note")], &format!("{tables} no row that differs."));
        }
    });
}

/// Whether what became of rows is known.
fn has_outcome(account: &Account) -> bool {
    account.state >= Reached::Failed
}

fn heads(account: &Account) -> Vec<Head> {
    let mut heads = vec![words("table"), words("database"), words("bar"), numbers("rows"), numbers("wait")];
    heads.extend(Group::ALL.map(|group| numbers(group.name())));
    if has_outcome(account) {
        heads.extend(["applied", "skipped", "held", "failed", "undone"].map(numbers));
    }
    heads
}

fn line(html: &mut Html, account: &Account, number: usize, table: &TableAccount, most: u64) {
    html.element("th", &[("scope", "row")], |html| {
        html.leaf("a", &[("href", "#rows"), ("data-table", &number.to_string())], &table.table);
    });
    html.leaf("td", &[], &table.database);
    html.element("td", &[("class", "bar")], |html| bars::bar(html, table, most));
    let number = |html: &mut Html, rows: u64| html.leaf("td", &[("class", "number")], &amount::count(rows));
    number(html, table.differing());
    number(html, table.waiting);
    for group in Group::ALL {
        number(html, group.rows(table));
    }
    if has_outcome(account) {
        let outcome = table.outcome.unwrap_or_default();
        for rows in [outcome.applied, outcome.skipped, outcome.held, outcome.failed, outcome.undone] {
            number(html, rows);
        }
    }
}
