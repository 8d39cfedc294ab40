//! The statements that a merge would run for rows, for a person to read, or to run by hand.

use std::fmt::Write as _;

use super::value::shown;
use super::view::View;
use crate::cli::paint::{is_unsafe, tame};
use crate::cli::printer::Printer;
use crate::engine::ShownRow;
use crate::error::Result;

/// What whoever reads the statements should know.
const HEAD: &str = "\
-- What a merge of the plan does with these rows. A merge sends them apart from its statements, for all tables in one
-- transaction, parents before children, with OLD's rows locked and compared with what was classified, and triggers silent.
-- These statements compare nothing: run by hand, they overwrite what was written on OLD since, and no undo knows of them.
-- Values are as PostgreSQL prints them under DateStyle ISO, IntervalStyle postgres, TimeZone UTC and lc_monetary C, and need
-- standard_conforming_strings. What is <masked> is refused by every server.
";

/// Prints statements.
pub(super) struct Script {
    database: Option<String>,
}

impl Script {
    pub(super) fn begin() -> Result<Self> {
        Printer::piece(HEAD)?;
        Ok(Self { database: None })
    }
}

impl View for Script {
    fn row(&mut self, row: &ShownRow) -> Result<()> {
        let mut text = String::new();
        if self.database.as_ref() != Some(&row.database) {
            self.database = Some(row.database.clone());
            let _ = writeln!(text, "\n-- database {}", tame(&row.database));
        }
        let key: Vec<_> = row.key.iter().map(|(name, cell)| format!("{} {}", tame(name), shown(cell, Some(0)))).collect();
        let action = row.action.map_or("", |action| action.word());
        let _ = writeln!(text, "\n-- {}  {}  {}: {action}", tame(&row.table), key.join(", "), row.class);
        if row.statements.is_empty() {
            let writes = row.action.is_some_and(crate::policy::Action::writes);
            let why = if writes {
                "the table has no key: a merge counts copies of rows, and no statement is about one row"
            } else {
                "OLD stays as it is"
            };
            let _ = writeln!(text, "-- {why}");
        }
        for statement in &row.statements {
            text.push_str(&harmless(statement));
            text.push_str(";\n");
        }
        Printer::piece(&text)
    }

    fn end(&mut self, _found: u64) -> Result<()> {
        Ok(())
    }
}

/// Names of types stand in statements as the server spells them; what is in them no terminal obeys.
fn harmless(statement: &str) -> String {
    let one = |character: char| match character {
        '\n' => "\n".to_owned(),
        _ if is_unsafe(character) => character.escape_default().to_string(),
        _ => character.to_string(),
    };
    statement.chars().map(one).collect()
}
