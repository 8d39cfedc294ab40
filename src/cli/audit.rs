//! What an audit of the time columns found, as part of a page.

use super::amount;
use super::page::Page;
use super::table::Table;
use crate::engine::{AuditedTable, Measured};

/// Adds it.
pub(super) fn lay_out(page: &mut Page, audited: &[AuditedTable]) {
    page.heading("what time columns miss");
    let mut table = Table::new(&["table", "against", "#written", "#missed on NEW", "#missed on OLD"]);
    for one in audited {
        let cells = match &one.measured {
            Measured::Xid { written, missed, .. } => {
                [amount::count(written.old + written.new), amount::count(missed.new), amount::count(missed.old)]
            }
            Measured::Compare { .. } | Measured::Nothing { .. } => continue,
        };
        table.row([format!("{}: {}", one.database, one.table), "xid".to_owned()].iter().chain(&cells));
    }
    if !table.is_empty() {
        page.table(&table);
    }
    for one in audited {
        let said = match &one.measured {
            Measured::Xid { .. } => continue,
            Measured::Compare { rows, differ } => format!(
                "{} that stamps call unchanged were compared with OLD's: {} differ, and no stamp of OLD's says why",
                amount::rows(*rows),
                amount::count(*differ)
            ),
            Measured::Nothing { why } => format!("not measured: {why}"),
        };
        page.line(format!("  {}: {}: {said}", super::paint::tame(&one.database), super::paint::tame(&one.table)));
    }
    let misses = audited.iter().any(|one| match &one.measured {
        Measured::Xid { missed, .. } => missed.old + missed.new > 0,
        Measured::Compare { differ, .. } => *differ > 0,
        Measured::Nothing { .. } => false,
    });
    if misses {
        page.line("  a write that a stamp does not show is not found on NEW, and may be overwritten on OLD: a mark, or");
        page.line("  method = \"compare\" for the table, does without stamps");
    }
}
