//! What all of it comes to: a sentence, and the numbers that matter.

use super::html::Html;
use crate::engine::{Account, Reached, TableAccount, TableOutcome, Tone};
use crate::policy::Action;
use crate::text::amount;

pub(super) fn write(html: &mut Html, account: &Account) {
    let tone = match account.verdict.tone {
        Tone::Good => "good",
        Tone::Waits => "waits",
        Tone::Bad => "bad",
    };
    html.element("section", &[("id", "verdict"), ("class", tone), ("aria-labelledby", "verdict-title")], |html| {
        html.leaf("h1", &[("id", "verdict-title")], &account.verdict.sentence);
        for sentence in &account.verdict.beside {
            html.leaf("p", &[("class", "beside")], sentence);
        }
        html.element("dl", &[("class", "tiles")], |html| {
            for (name, rows) in tiles(account) {
                html.element("div", &[], |html| {
                    html.leaf("dt", &[], name);
                    html.leaf("dd", &[], &amount::count(rows));
                });
            }
        });
        if account.state >= Reached::Failed {
            html.leaf(
                "p",
                &[("class", "note")],
                "What was written is what the run's journal says. OLD's own ledger, which this page has not asked, has the \
                 last word: failback status.",
            );
        }
        classes(html, account);
    });
}

/// The numbers that matter, what needs a person first.
fn tiles(account: &Account) -> Vec<(&'static str, u64)> {
    let mut tiles = vec![
        ("wait for a decision", account.waiting.rows),
        ("conflicts", account.counts.sum_of(crate::delta::Class::is_conflict)),
        ("rows differ", account.tables.iter().map(TableAccount::differing).sum()),
    ];
    if account.state >= Reached::Failed {
        let sum = |of: fn(TableOutcome) -> u64| account.tables.iter().filter_map(|table| table.outcome).map(of).sum();
        tiles.extend([
            ("applied", sum(|outcome| outcome.applied)),
            ("skipped", sum(|outcome| outcome.skipped)),
            ("failed", sum(|outcome| outcome.failed)),
            ("undone", sum(|outcome| outcome.undone)),
        ]);
    } else if let Some(actions) = &account.actions {
        tiles.push(("would be written", actions.sum_of(Action::writes)));
    }
    tiles.push(("keys looked at", account.counts.sum()));
    tiles
}

/// Keys by class, and rows by action: as the steps print them.
fn classes(html: &mut Html, account: &Account) {
    use super::grid::{Grid, numbers, words};
    html.element("div", &[("class", "beside-each-other")], |html| {
        let mut grid = Grid::new("classes", "Keys by class", &[words("class"), words("what it means"), numbers("rows")]);
        for (class, rows) in account.counts.iter() {
            grid.row(vec![class.word().into(), class.meaning().into(), rows.into()]);
        }
        if !grid.is_empty() {
            grid.write(html);
        }
        let Some(actions) = &account.actions else { return };
        let mut grid = Grid::new("actions", "Rows by what the plan does", &[words("action"), numbers("rows")]);
        for (action, rows) in actions.iter() {
            grid.row(vec![action.word().into(), rows.into()]);
        }
        grid.write(html);
    });
}
