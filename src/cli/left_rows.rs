//! Rows that an undo or a live merge left as they are, by reason, with the first of their keys.

use super::amount;
use super::page::Page;
use super::paint::tame;
use crate::engine::{LeftRows, MergeReport};

/// How many keys of a table are shown; `--json` has more.
const SHOWN: usize = 20;

/// Lists the rows that stay as they are, and those about which there was nothing to do.
pub(super) fn tell(page: &mut Page, report: &MergeReport) {
    for database in &report.databases {
        for rows in &database.left {
            let said = named(&database.database, rows, "left as they are: ");
            let said = page.paint().yellow(&said);
            keys(page, said, rows);
        }
        for rows in &database.taken_back {
            keys(page, named(&database.database, rows, "taken back before: "), rows);
        }
    }
}

fn named(database: &str, rows: &LeftRows, what: &str) -> String {
    tame(&format!("{database}: {}: {} {what}{}", rows.table, amount::rows(rows.rows), rows.why))
}

/// Names rows by their keys, below a line that says what they are.
fn keys(page: &mut Page, said: String, rows: &LeftRows) {
    page.line("");
    page.line(said);
    for key in rows.keys.iter().take(SHOWN) {
        page.line(format!("  {}", tame(key)));
    }
    let more = rows.rows.saturating_sub(SHOWN.min(rows.keys.len()) as u64);
    if more > 0 {
        page.line(format!("  and {} (--json lists the first {})", amount::plural(more, "more", "more"), LeftRows::MOST_KEYS));
    }
}
