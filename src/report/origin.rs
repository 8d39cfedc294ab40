//! Where everything comes from, and what was done.

use super::grid::{Grid, words};
use super::html::Html;
use super::sentence::sentence;
use crate::engine::Account;

pub(super) fn write(html: &mut Html, account: &Account) {
    html.element("section", &[("id", "origin"), ("aria-labelledby", "origin-title")], |html| {
        html.leaf("h2", &[("id", "origin-title")], "Where it comes from");
        let mut grid = Grid::new("origin-table", "Run, digests, servers", &[words("what"), words("is")]);
        for fact in &account.provenance {
            grid.row(vec![fact.name.as_str().into(), fact.value.as_str().into()]);
        }
        grid.row(vec!["this page made".into(), account.made_at.as_str().into()]);
        grid.write(html);
        let mut grid = Grid::new("journal-table", "What was done, oldest first", &[words("when"), words("what"), words("by")]);
        for entry in &account.journal {
            let by = format!("failback {}", entry.tool_version);
            grid.row(vec![entry.at.as_str().into(), sentence(&entry.record).into(), by.into()]);
        }
        if !grid.is_empty() {
            grid.write(html);
        }
    });
}
