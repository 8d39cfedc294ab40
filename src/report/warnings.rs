//! What a person should know beside the numbers.

use std::collections::BTreeMap;

use super::grid::{Grid, numbers, words};
use super::html::Html;
use crate::engine::Account;

pub(super) fn write(html: &mut Html, account: &Account) {
    html.element("section", &[("id", "warnings"), ("aria-labelledby", "warnings-title")], |html| {
        html.leaf("h2", &[("id", "warnings-title")], "Warnings, and what was left out");
        list(html, "warnings-list", &account.warnings, "There are no warnings.");
        html.leaf("h3", &[], "Not carried");
        list(html, "left-out-list", &account.left_out, "Everything that both servers have is carried.");
        held(html, account);
    });
}

fn list(html: &mut Html, id: &str, lines: &[String], none: &str) {
    if lines.is_empty() {
        html.leaf("p", &[], none);
        return;
    }
    html.element("ul", &[("id", id)], |html| {
        for line in lines {
            html.leaf("li", &[], line);
        }
    });
}

/// Why rows are held, the most first.
fn held(html: &mut Html, account: &Account) {
    let mut reasons: BTreeMap<(&str, &str, &str), u64> = BTreeMap::new();
    for table in &account.tables {
        for (reason, rows) in &table.held_reasons {
            *reasons.entry((&table.table, &table.database, reason)).or_default() += rows;
        }
    }
    let mut lines: Vec<_> = reasons.into_iter().collect();
    lines.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
    let heads = [words("table"), words("database"), numbers("rows"), words("why they are held")];
    let mut grid = Grid::new("held-table", "Why rows are held", &heads);
    for ((table, database, reason), rows) in lines {
        grid.row(vec![table.into(), database.into(), rows.into(), reason.into()]);
    }
    if !grid.is_empty() {
        grid.write(html);
    }
}
