//! Rows as CSV, one line for each value, so that rows of unlike tables go into one file. Safe in a spreadsheet: no cell is a
//! formula, and NULL is not an empty text.

use super::view::{View, columns};
use crate::cli::Call;
use crate::cli::paint::tame;
use crate::cli::printer::Printer;
use crate::engine::{Cell, ShownRow};
use crate::error::Result;
use crate::policy::csv::{line, safe};

/// Prints rows as CSV.
pub(super) struct Csv<'a> {
    call: &'a Call,
    all: bool,
    planned: bool,
}

const HEAD: [&str; 9] = ["database", "table", "key", "class", "evidence_old", "evidence_new", "column", "type", "old_type"];

impl<'a> Csv<'a> {
    pub(super) fn begin(call: &'a Call, planned: bool, all: bool) -> Result<Self> {
        let plan: &[&str] = if planned { &["result", "action", "why"] } else { &[] };
        let heads: Vec<_> = HEAD.iter().chain(&["base", "old", "new"]).chain(plan).map(|head| (*head).to_owned()).collect();
        Printer::piece(&line(&heads))?;
        Ok(Self { call, all, planned })
    }
}

impl View for Csv<'_> {
    fn row(&mut self, row: &ShownRow) -> Result<()> {
        let key: Vec<_> = row.key.iter().map(|(name, cell)| format!("{name}={}", marked(cell))).collect();
        let key = key.join(" ");
        let mut text = String::new();
        for column in columns(row, self.all) {
            let fixed = [
                &row.database,
                &row.table,
                &key,
                row.class.word(),
                row.evidence.old.word(),
                row.evidence.new.word(),
                &column.name,
                &column.pg_type,
                column.old_type.as_deref().unwrap_or_default(),
            ];
            let mut cells: Vec<_> = fixed.iter().map(|text| safe(text)).collect();
            cells.extend([&column.base, &column.old, &column.new].map(marked));
            if self.planned {
                cells.extend(column.result.as_ref().map(marked));
                cells.extend([row.action.map_or("", |action| action.word()), row.why.as_deref().unwrap_or_default()].map(safe));
            }
            text.push_str(&line(&cells));
        }
        // A file has every character as it is; a terminal would obey some of them.
        if self.call.printer.is_terminal() {
            text = text.split_inclusive('\n').map(|line| tame(line.trim_end_matches("\r\n")) + "\n").collect();
        }
        Printer::piece(&text)
    }

    fn end(&mut self, _found: u64) -> Result<()> {
        Ok(())
    }
}

/// A cell that says what it is: `\N` is NULL, `\-` no row, `\C` no such column, `\?` not known, `\*` masked, `\D` OLD's
/// default.
fn marked(cell: &Cell) -> String {
    match cell {
        Cell::NoRow => "\\-".to_owned(),
        Cell::NoColumn => "\\C".to_owned(),
        Cell::Unknown => "\\?".to_owned(),
        Cell::Null => "\\N".to_owned(),
        Cell::Masked => "\\*".to_owned(),
        Cell::Default => "\\D".to_owned(),
        Cell::Wire { hex, .. } => format!("\\W{hex}"),
        Cell::Text(text) => safe(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_null_is_not_empty() {
        let text = |text: &str| marked(&Cell::Text(text.to_owned()));
        assert_eq!((marked(&Cell::Null), text(""), text("\\N")), ("\\N".to_owned(), String::new(), "'\\N".to_owned()));
        for formula in ["=1+1", "+A1", "-A1", "@SUM(A1)", "\t=1", "\r=1", "-2+3", "'=1", "＝1"] {
            assert_eq!(text(formula), format!("'{formula}"));
        }
        for value in ["-12.50", "+1e3", "\\xdead", "a=b", "-inf"] {
            assert_eq!(text(value), value);
        }
        assert_eq!(line(&["a,b".to_owned(), "c\"d".to_owned(), "e\nf".to_owned()]), "\"a,b\",\"c\"\"d\",\"e\nf\"\r\n");
    }
}
