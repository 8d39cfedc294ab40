//! The text of a result, as it grows.

use super::paint::{Paint, tame};
use super::table::Table;

/// Lines for stdout.
#[derive(Clone, Debug, Default)]
pub(super) struct Page {
    text: String,
    paint: Paint,
}

impl Page {
    /// Begins an empty page.
    pub(super) fn new(paint: Paint) -> Self {
        Self { text: String::new(), paint }
    }

    /// Returns what paints this page.
    pub(super) fn paint(&self) -> Paint {
        self.paint
    }

    /// Adds a line; what it holds was tamed or is ours.
    pub(super) fn line(&mut self, line: impl AsRef<str>) {
        self.text.push_str(line.as_ref());
        self.text.push('\n');
    }

    /// Adds a heading behind an empty line, unless it comes first.
    pub(super) fn heading(&mut self, heading: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        let heading = self.paint.bold(&tame(heading));
        self.line(heading);
    }

    /// Adds a table.
    pub(super) fn table(&mut self, table: &Table) {
        self.text.push_str(&table.render());
    }

    /// Adds a list under a heading; nothing if it is empty.
    pub(super) fn list(&mut self, heading: &str, items: impl IntoIterator<Item = impl AsRef<str>>) {
        let mut items = items.into_iter().peekable();
        if items.peek().is_none() {
            return;
        }
        self.heading(heading);
        for item in items {
            self.line(format!("  {}", tame(item.as_ref())));
        }
    }

    /// Adds what to do next, each step on a line of its own.
    pub(super) fn next(&mut self, steps: impl IntoIterator<Item = impl AsRef<str>>) {
        for (index, step) in steps.into_iter().enumerate() {
            if index == 0 && !self.text.is_empty() {
                self.text.push('\n');
            }
            let label = if index == 0 { self.paint.bold("next:") } else { "     ".to_owned() };
            self.line(format!("{label} {}", tame(step.as_ref())));
        }
    }

    /// Returns the text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}
