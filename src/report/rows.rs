//! The rows: what the script fills, and the data that it fills it with.

use super::html::Html;
use crate::engine::{Account, TableAccount};
use crate::text::amount;

pub(super) fn write(html: &mut Html, account: &Account) {
    html.element("section", &[("id", "rows"), ("aria-labelledby", "rows-title")], |html| {
        html.leaf("h2", &[("id", "rows-title")], "Rows");
        caps(html, account);
        html.leaf("noscript", &[], "The rows are shown by this page's own script, which this browser does not run.");
        html.element("div", &[("id", "browser")], |_| {});
    });
}

/// Says what is not in the page, and where it is.
fn caps(html: &mut Html, account: &Account) {
    let taken = account.taken();
    if !account.values {
        html.leaf(
            "p",
            &[("class", "note")],
            "This page was made without values: rows have their keys and their classes alone.",
        );
    }
    if taken.left_out == 0 {
        return;
    }
    html.element("div", &[("class", "note")], |html| {
        let (shown, left) = (amount::rows(taken.rows), amount::count(taken.left_out));
        html.leaf("p", &[], &format!("{shown} are in this page; {left} more are not. The run's files have them all:"));
        html.element("ul", &[], |html| {
            for table in account.tables.iter().filter(|table| table.rows.left_out > 0) {
                html.leaf("li", &[], &left_out(table));
            }
        });
    });
}

fn left_out(table: &TableAccount) -> String {
    let (shown, all) = (amount::count(table.rows.rows), amount::rows(table.differing()));
    let files = match table.rows.files.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first, .., last] => format!("{first} to {last}"),
    };
    format!(
        "{}: {}: {shown} of {all} here; all in {files}, or: failback show {} --limit all",
        table.database, table.table, table.table
    )
}
