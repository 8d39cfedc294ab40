//! Rows as one JSON document, printed row by row: however many there are, one is held at a time.

use serde_json::{Map, Value, json};

use super::view::{View, columns};
use crate::cli::Call;
use crate::cli::paint::tame_json;
use crate::cli::printer::{Printer, SCHEMA_VERSION};
use crate::engine::{Review, ShownRow, Window};
use crate::error::{Error, ErrorKind, Result};

/// Prints rows as JSON.
pub(super) struct Json<'a> {
    call: &'a Call,
    /// What stands before the rows, until the first of them.
    head: Option<String>,
    all: bool,
    any: bool,
}

impl<'a> Json<'a> {
    pub(super) fn of(call: &'a Call, review: &Review<'_>, window: Window, all: bool) -> Self {
        let head = json!({
            "command": "show",
            "schema_version": SCHEMA_VERSION,
            "planned": review.is_planned(),
            "offset": window.offset,
            "limit": window.limit,
            "notes": review.notes(),
        });
        let head = format!("{head:#}");
        let open = head.trim_end_matches(['}', '\n']);
        Self { call, head: Some(tame_json(&format!("{open},\n  \"rows\": ["))), all, any: false }
    }

    /// Begins the document. Nothing of it is printed before something is found: an error is a document of its own.
    fn begin(&mut self) -> Result<()> {
        self.head.take().map_or(Ok(()), |head| self.call.printer.begin_document(&head))
    }
}

/// Returns a row as a value: its key as an object, and of its columns those that differ, or all.
pub(in crate::cli) fn value(row: &ShownRow, all: bool) -> Result<Value> {
    let failed = |error| Error::new(ErrorKind::Storage, "write the result to stdout").because(error);
    let mut value = serde_json::to_value(row).map_err(failed)?;
    let key: Map<_, _> = row
        .key
        .iter()
        .map(|(name, cell)| Ok((name.clone(), serde_json::to_value(cell)?)))
        .collect::<std::result::Result<_, serde_json::Error>>()
        .map_err(failed)?;
    value["key"] = Value::Object(key);
    value["columns"] = serde_json::to_value(columns(row, all).collect::<Vec<_>>()).map_err(failed)?;
    Ok(value)
}

impl View for Json<'_> {
    fn row(&mut self, row: &ShownRow) -> Result<()> {
        self.begin()?;
        let value = value(row, self.all)?;
        let glue = if std::mem::replace(&mut self.any, true) { "," } else { "" };
        Printer::piece(&tame_json(&format!("{glue}\n    {value}")))
    }

    fn end(&mut self, found: u64) -> Result<()> {
        self.begin()?;
        let close = if self.any { "\n  ]" } else { "]" };
        self.call.printer.end_document(&format!("{close},\n  \"found\": {found}\n}}\n"))
    }
}
