//! Rows as one JSON document, printed row by row: however many there are, one is held at a time.

use serde_json::{Map, Value, json};

use super::view::{View, columns};
use crate::cli::paint::tame_json;
use crate::cli::printer::Printer;
use crate::engine::{Review, ShownRow, Window};
use crate::error::{Error, ErrorKind, Result};

/// The version of the document's keys.
pub(super) const SCHEMA_VERSION: u32 = 1;

/// Prints rows as JSON.
pub(super) struct Json {
    all: bool,
    begun: bool,
}

impl Json {
    pub(super) fn begin(review: &Review<'_>, window: Window, all: bool) -> Result<Self> {
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
        Printer::piece(&tame_json(&format!("{open},\n  \"rows\": [")))?;
        Ok(Self { all, begun: false })
    }
}

impl View for Json {
    fn row(&mut self, row: &ShownRow) -> Result<()> {
        let failed = |error| Error::new(ErrorKind::Storage, "write the result to stdout").because(error);
        let mut value = serde_json::to_value(row).map_err(failed)?;
        let key: Map<_, _> = row
            .key
            .iter()
            .map(|(name, cell)| Ok((name.clone(), serde_json::to_value(cell)?)))
            .collect::<std::result::Result<_, serde_json::Error>>()
            .map_err(failed)?;
        value["key"] = Value::Object(key);
        value["columns"] = serde_json::to_value(columns(row, self.all).collect::<Vec<_>>()).map_err(failed)?;
        let glue = if std::mem::replace(&mut self.begun, true) { "," } else { "" };
        Printer::piece(&tame_json(&format!("{glue}\n    {value}")))
    }

    fn end(&mut self, found: u64) -> Result<()> {
        let close = if self.begun { "\n  ]" } else { "]" };
        Printer::piece(&format!("{close},\n  \"found\": {found}\n}}\n"))
    }
}
