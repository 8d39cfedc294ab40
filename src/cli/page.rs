//! The text of a result, as it grows.

use super::fold::{fold, fold_command};
use super::paint::{Paint, tame};
use super::step::Step;
use super::table::Table;

/// How far the rest of a line that is broken stands behind its beginning.
const BEHIND: usize = 2;

/// Where steps begin: behind `next: `.
const STEPS: usize = 6;

/// Lines for stdout.
#[derive(Clone, Debug, Default)]
pub(super) struct Page {
    text: String,
    paint: Paint,
    width: Option<usize>,
}

impl Page {
    /// Begins an empty page. Its lines are no wider than `width`, if there is any.
    pub(super) fn new(paint: Paint, width: Option<usize>) -> Self {
        Self { text: String::new(), paint, width }
    }

    /// Returns what paints this page.
    pub(super) fn paint(&self) -> Paint {
        self.paint
    }

    /// Adds a line; what it holds was tamed or is ours.
    pub(super) fn line(&mut self, line: impl AsRef<str>) {
        let line = line.as_ref();
        let indent = line.len() - line.trim_start_matches(' ').len();
        self.hanging(line, indent + BEHIND);
    }

    /// Adds a line of which every further one, if it is too long, begins with so many blanks.
    pub(super) fn hanging(&mut self, line: &str, indent: usize) {
        self.add(&fold(line, self.width, indent));
    }

    /// Adds a line that holds a command, which stays one if it is too long.
    pub(super) fn command(&mut self, line: &str, indent: usize) {
        self.add(&fold_command(line, self.width, indent));
    }

    /// Adds a text for a program to read: as it is, however wide the terminal is.
    pub(super) fn verbatim(&mut self, text: &str) {
        self.add(text);
    }

    fn add(&mut self, lines: &str) {
        self.text.push_str(lines);
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
        self.text.push_str(&table.render(self.width));
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

    /// Adds another page behind an empty line.
    pub(super) fn follow(&mut self, rest: &Self) {
        if !self.text.is_empty() && !rest.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(&rest.text);
    }

    /// Adds what to do next, each step on a line of its own.
    pub(super) fn next(&mut self, steps: impl IntoIterator<Item = Step>) {
        for (index, step) in steps.into_iter().enumerate() {
            if index == 0 && !self.text.is_empty() {
                self.text.push('\n');
            }
            let label = if index == 0 { self.paint.bold("next:") } else { "     ".to_owned() };
            match step {
                Step::Run(command) => self.command(&format!("{label} {}", tame(&command)), STEPS + BEHIND),
                Step::Say(sentence) => self.hanging(&format!("{label} {}", tame(&sentence)), STEPS),
            }
        }
    }

    /// Returns the text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_the_page() {
        let mut page = Page::new(Paint::default(), Some(30));
        page.list("a list:", ["one thing that is longer than a line"]);
        page.verbatim("-- one comment that is longer than a line");
        page.next([Step::Run("failback merge --leave-held --run a".into()), Step::Say("or wait until somebody knows".into())]);
        let expected = "a list:\n  one thing that is longer\n    than a line\n-- one comment that is longer than a line\n\n\
                        next: failback merge \\\n        --leave-held --run a\n      or wait until somebody\n      knows\n";
        assert_eq!(page.text(), expected);
    }
}
