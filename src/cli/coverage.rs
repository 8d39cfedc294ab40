//! What of the tables is covered, by which evidence, as the head of a page: a few lines, where many tables are covered alike.

use super::page::Page;
use super::table::Table;
use super::{Call, amount};
use crate::delta::Evidence;
use crate::engine::{CoveredChanges, CoveredTable};

/// How many tables are named in a line; `--json` has all.
const NAMED: usize = 3;

/// The sorts of changes, as people say it.
const SORTS: [&str; 3] = ["inserts", "updates", "deletes"];

/// Begins a page with it, followed by the rest.
pub(super) fn headed(call: &Call, coverage: &[CoveredTable], rest: &Page) -> Page {
    let mut page = call.printer.page();
    head(&mut page, coverage);
    page.follow(rest);
    page
}

fn head(page: &mut Page, coverage: &[CoveredTable]) {
    if coverage.is_empty() {
        return;
    }
    let tables = amount::plural(coverage.len() as u64, "table", "tables");
    page.heading(&format!("coverage of {tables}, what is not covered first"));
    let mut table = Table::new(&["changes", "found", "evidence", "tables"]);
    for line in lines(coverage) {
        table.row([line.sorts.join(", ").as_str(), line.found, line.evidence.word(), &named(&line, coverage.len())]);
    }
    page.table(&table);
}

/// Sorts of changes that are found alike, in the same tables.
struct Line<'a> {
    found: &'static str,
    evidence: Evidence,
    sorts: Vec<&'static str>,
    tables: Vec<&'a CoveredTable>,
}

/// Puts together what is covered alike.
fn lines(coverage: &[CoveredTable]) -> Vec<Line<'_>> {
    let mut found: Vec<Line<'_>> = Vec::new();
    let places = ["no", "trusted", "yes"].into_iter().flat_map(|word| SORTS.iter().enumerate().map(move |sort| (word, sort)));
    for (word, (position, sort)) in places {
        for evidence in Evidence::ALL.iter().rev() {
            let alike = |changes: &CoveredChanges| changes.covered.word() == word && changes.evidence == *evidence;
            let tables: Vec<_> = coverage.iter().filter(|table| alike(table.changes()[position])).collect();
            if tables.is_empty() {
                continue;
            }
            let known = found.iter_mut().find(|line| (line.found, line.evidence) == (word, *evidence) && line.tables == tables);
            match known {
                Some(line) => line.sorts.push(sort),
                None => found.push(Line { found: word, evidence: *evidence, sorts: vec![sort], tables }),
            }
        }
    }
    found
}

/// Names the tables of what is not found for certain; of the others it says how many there are.
fn named(line: &Line<'_>, all: usize) -> String {
    let number = if line.tables.len() == all { "all".to_owned() } else { amount::count(line.tables.len() as u64) };
    if line.found == "yes" || line.found == "trusted" && line.tables.len() == all {
        return number;
    }
    let names: Vec<_> = line.tables.iter().take(NAMED).map(|one| format!("{}: {}", one.database, one.table)).collect();
    match line.tables.len().saturating_sub(NAMED) {
        0 => names.join("; "),
        more => format!("{}; and {more} more", names.join("; ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::paint::Paint;
    use crate::schema::{Covered, Method};

    fn changes(word: &str, evidence: Evidence) -> CoveredChanges {
        let text = || "some reason".to_owned();
        let covered = match word {
            "no" => Covered::No { why: text() },
            "trusted" => Covered::Trusted { by: text() },
            _ => Covered::Yes { by: text() },
        };
        CoveredChanges { covered, evidence }
    }

    fn table(name: &str, [insert, update, delete]: [(&str, Evidence); 3]) -> CoveredTable {
        let of = |(word, evidence)| changes(word, evidence);
        CoveredTable {
            database: "shop".to_owned(),
            table: format!("public.{name}"),
            method: Some(Method::Compare),
            insert: of(insert),
            update: of(update),
            delete: of(delete),
        }
    }

    fn shown(coverage: &[CoveredTable]) -> String {
        let mut page = Page::new(Paint::default(), Some(80));
        head(&mut page, coverage);
        page.text().to_owned()
    }

    #[test]
    fn tables_that_are_covered_alike_share_a_line() {
        let alike = [("yes", Evidence::Xid); 3];
        assert_eq!(
            shown(&[table("a", alike), table("b", alike)]),
            "coverage of 2 tables, what is not covered first\n  changes                    found  evidence  tables\n  \
             inserts, updates, deletes  yes    xid       all\n"
        );
        assert_eq!(shown(&[]), "");
    }

    #[test]
    fn what_is_not_covered_comes_first_and_by_name() {
        use Evidence::{Column, TwoWay, Xid};
        let lost = table("lost", [("no", TwoWay); 3]);
        let stamped = |name| table(name, [("trusted", Column), ("trusted", Column), ("yes", Column)]);
        let sure = table("sure", [("yes", Xid); 3]);
        let tables = [lost, stamped("a"), stamped("b"), stamped("c"), stamped("d"), sure];
        let shown = shown(&tables);
        let lines: Vec<_> = shown.lines().map(str::trim_end).collect();
        assert_eq!(lines[2], "  inserts, updates, deletes  no       two_way   shop: public.lost");
        assert!(lines[3].starts_with("  inserts, updates           trusted  column    shop: public.a; "), "{shown}");
        assert!(shown.contains("and 1 more") && lines.iter().all(|line| line.len() <= 80), "{shown}");
        assert!(lines.contains(&"  deletes                    yes      column    4"), "{shown}");
        assert!(lines.contains(&"  inserts, updates, deletes  yes      xid       1"), "{shown}");
    }
}
