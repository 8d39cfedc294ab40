//! What is covered, and what is not.

use super::grid::{Content, Grid, words};
use super::html::Html;
use crate::engine::{Account, CoveredChanges};
use crate::schema::Covered;

pub(super) fn write(html: &mut Html, account: &Account) {
    html.element("section", &[("id", "coverage"), ("aria-labelledby", "coverage-title")], |html| {
        html.leaf("h2", &[("id", "coverage-title")], "What was looked at");
        html.leaf(
            "p",
            &[],
            "Whether rows that NEW inserted, updated and deleted are found, table by table, gaps first. Trusted: as far as \
             what is named is right.",
        );
        let heads = ["table", "database", "method", "inserts", "updates", "deletes", "why, or by what"].map(words);
        let mut grid = Grid::new("coverage-table", "Coverage, what is not covered first", &heads);
        for table in &account.coverage {
            let method = table.method.map_or("not carried", |method| method.word());
            let mut row: Vec<Content> = vec![table.table.as_str().into(), table.database.as_str().into(), method.into()];
            row.extend(table.changes().map(covered));
            row.push(reasons(table.changes()).into());
            grid.row(row);
        }
        grid.write(html);
    });
}

fn covered(changes: &CoveredChanges) -> Content {
    let class = match changes.covered {
        Covered::No { .. } => "no",
        Covered::Trusted { .. } => "trusted",
        Covered::Yes { .. } => "yes",
    };
    Content::Marked(format!("{} ({})", changes.covered.word(), changes.evidence), class)
}

/// Each reason once.
fn reasons(changes: [&CoveredChanges; 3]) -> String {
    let mut said: Vec<&str> = Vec::new();
    for one in changes {
        let (Covered::No { why: reason } | Covered::Trusted { by: reason } | Covered::Yes { by: reason }) = &one.covered;
        if !said.contains(&reason.as_str()) {
            said.push(reason);
        }
    }
    said.join("; ")
}
