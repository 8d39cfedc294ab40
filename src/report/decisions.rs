//! Rules, decisions and approvals: what, who, when and why.

use super::approvals;
use super::grid::{Content, Grid, numbers, words};
use super::html::Html;
use crate::engine::{Account, AccountedRule};
use crate::policy::{Origin, Signature};
use crate::text::amount;

pub(super) fn write(html: &mut Html, account: &Account) {
    html.element("section", &[("id", "decisions"), ("aria-labelledby", "decisions-title")], |html| {
        html.leaf("h2", &[("id", "decisions-title")], "Rules, decisions and approvals");
        classes(html, account);
        rules(html, account);
        picks(html, account);
        approvals::write(html, &account.said);
        history(html, account);
    });
}

fn signed(signature: &Signature) -> [Content; 3] {
    let text = |part: &Option<String>| Content::Text(part.clone().unwrap_or_default());
    [text(&signature.by), text(&signature.at), text(&signature.why)]
}

fn classes(html: &mut Html, account: &Account) {
    let heads = [
        words("table"),
        words("database"),
        words("class"),
        numbers("rows"),
        words("resolution"),
        words("said by"),
        words("by"),
        words("at"),
        words("why"),
    ];
    let mut grid = Grid::new("decided-table", "What is to be done with each class", &heads);
    // What people decided comes before what is built in.
    let (builtin, said): (Vec<_>, Vec<_>) = account.decided.iter().partition(|one| one.origin == Origin::Builtin);
    for one in said.into_iter().chain(builtin) {
        let mut row: Vec<Content> = vec![
            one.table.as_str().into(),
            one.database.as_str().into(),
            one.class.word().into(),
            one.rows.into(),
            one.resolution.as_str().into(),
            one.origin.word().into(),
        ];
        row.extend(signed(&one.signature));
        grid.row(row);
    }
    if grid.is_empty() {
        html.leaf("p", &[], "There is nothing to decide.");
    } else {
        grid.write(html);
    }
}

fn rules(html: &mut Html, account: &Account) {
    let heads = [
        words("rule"),
        words("resolution"),
        numbers("means"),
        numbers("decides"),
        words("expects"),
        words("by"),
        words("at"),
        words("why"),
    ];
    let mut grid = Grid::new("rules-table", "Rules, of which the first that means a row decides it", &heads);
    for rule in &account.rules {
        let mut row: Vec<Content> = vec![
            rule.title.as_str().into(),
            rule.resolution.as_str().into(),
            known(rule, rule.means),
            known(rule, rule.decides),
            rule.expect.map(amount::count).unwrap_or_default().into(),
        ];
        row.extend(signed(&rule.signature));
        grid.row(row);
    }
    if !grid.is_empty() {
        grid.write(html);
    }
}

/// A number of rows, where it is known.
fn known(rule: &AccountedRule, rows: u64) -> Content {
    if rule.not_evaluated > 0 { "not evaluated".into() } else { rows.into() }
}

fn picks(html: &mut Html, account: &Account) {
    let heads = [words("row"), words("resolution"), numbers("rows"), words("by"), words("at"), words("why")];
    let mut grid = Grid::new("picks-table", "Rows that are picked", &heads);
    for pick in &account.picks {
        let mut row: Vec<Content> = vec![pick.title.as_str().into(), pick.resolution.as_str().into(), pick.rows.into()];
        row.extend(signed(&pick.signature));
        grid.row(row);
    }
    if !grid.is_empty() {
        grid.write(html);
    }
}

fn history(html: &mut Html, account: &Account) {
    let heads = ["section", "class or row", "until then", "until", "by", "at", "why"].map(words);
    let mut grid = Grid::new("history-table", "Decisions that later ones replaced", &heads);
    for past in &account.history {
        let said = past.evidence.as_ref().unwrap_or(&past.resolution);
        let mut row: Vec<Content> =
            vec![past.section.as_str().into(), past.class.as_str().into(), said.as_str().into(), past.until.as_str().into()];
        row.extend(signed(&past.signature));
        grid.row(row);
    }
    if !grid.is_empty() {
        grid.write(html);
    }
}
