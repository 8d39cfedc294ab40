//! What a word means, by the documentation's own tables.

use serde::Serialize;

use crate::cli::{Call, Exit};
use crate::error::{Error, ErrorKind, Result};
use crate::policy::keys::nearest;

/// The pages whose tables say what words mean, by their addresses in the documentation.
const PAGES: [(&str, &str); 7] = [
    ("docs/assess.md", include_str!("../../../docs/assess.md")),
    ("docs/classes.md", include_str!("../../../docs/classes.md")),
    ("docs/errors.md", include_str!("../../../docs/errors.md")),
    ("docs/glossary.md", include_str!("../../../docs/glossary.md")),
    ("docs/restore.md", include_str!("../../../docs/restore.md")),
    ("docs/rollback.md", include_str!("../../../docs/rollback.md")),
    ("README.md", include_str!("../../../README.md")),
];

/// So many lines are enough of a word that stands in many.
const LINES: usize = 6;

/// A line of the documentation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Line {
    /// Its page.
    page: String,
    /// The heading that it stands under.
    heading: String,
    /// Its cells, each with its column's heading.
    cells: Vec<(String, String)>,
}

/// What is known of a word.
#[derive(Serialize)]
struct Report {
    word: String,
    lines: Vec<Line>,
}

/// Prints what the documentation says of a word.
pub(super) fn run(call: &Call, word: &str) -> Result<Exit> {
    let lines = explain(word);
    if lines.is_empty() {
        let error = Error::new(ErrorKind::Usage, "say what a word means")
            .because(format!("the documentation has no line about `{word}`"));
        let known: Vec<_> = all_lines().into_iter().flat_map(|line| names(&line.cells[0].1)).collect();
        return Err(match nearest(word, known.iter().map(String::as_str)) {
            Some(meant) => error.next(format!("did you mean `{meant}`?")),
            None => error.next("docs/glossary.md lists the words"),
        });
    }
    let mut page = call.printer.page();
    for line in &lines {
        page.heading(&format!("{} ({})", line.heading, line.page));
        page.list("", line.cells.iter().map(|(heading, text)| format!("{heading}: {text}")));
    }
    call.printer.result(&Report { word: word.to_owned(), lines }, &page)?;
    Ok(Exit::Done)
}

/// Whether the documentation has a line that names some words together.
pub(super) fn is_named(words: &str) -> bool {
    let wanted = words.trim().to_lowercase();
    all_lines().iter().any(|line| names(&line.cells[0].1).contains(&wanted))
}

/// Returns the lines about a word: those that it names first, else those that mention it as code.
fn explain(word: &str) -> Vec<Line> {
    let wanted = word.trim().to_lowercase();
    let lines = all_lines();
    let is_about = |line: &&Line| names(&line.cells[0].1).contains(&wanted);
    let mut found: Vec<_> = lines.iter().filter(is_about).cloned().collect();
    if found.is_empty() {
        let mentions = |line: &&Line| line.cells.iter().any(|(_, text)| code(text).contains(&wanted.as_str()));
        found = lines.iter().filter(mentions).cloned().collect();
    }
    found.truncate(LINES);
    for cell in found.iter_mut().flat_map(|line| &mut line.cells) {
        cell.1 = without_links(&cell.1).replace('`', "");
    }
    found.retain(|line| line.cells.len() > 1);
    found
}

/// Lists what a first cell names: its parts between commas, without marks of code, in small letters.
fn names(cell: &str) -> Vec<String> {
    let plain = without_links(cell).replace('`', "").to_lowercase();
    plain.split(',').map(|name| name.trim().trim_start_matches("class ").to_owned()).collect()
}

/// Lists the words that a cell sets as code, one by one.
fn code(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).flat_map(str::split_whitespace).collect()
}

/// Reads every line of every table.
fn all_lines() -> Vec<Line> {
    PAGES.iter().flat_map(|(page, text)| lines_of(page, text)).collect()
}

fn lines_of(page: &str, text: &str) -> Vec<Line> {
    let (mut heading, mut columns, mut found) = (String::new(), Vec::new(), Vec::new());
    for line in text.lines() {
        match line.strip_prefix('|').and_then(|line| line.strip_suffix('|')) {
            None => {
                columns.clear();
                heading = line.strip_prefix('#').map_or(heading, |title| title.trim_start_matches('#').trim().to_owned());
            }
            Some(line) if line.starts_with("---") => {}
            Some(line) => {
                // A vertical line within a cell is escaped.
                let cells: Vec<_> =
                    line.replace("\\|", "\u{0}").split('|').map(|cell| cell.trim().replace('\u{0}', "|")).collect();
                if columns.is_empty() {
                    columns = cells;
                } else {
                    let cells = columns.iter().cloned().zip(cells).filter(|(_, text)| !text.is_empty()).collect();
                    found.push(Line { page: page.to_owned(), heading: heading.clone(), cells });
                }
            }
        }
    }
    found.retain(|line| !line.cells.is_empty());
    found
}

/// Leaves of each link its text.
fn without_links(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("](") {
        let (head, label) = before.rsplit_once('[').unwrap_or((before, ""));
        plain.push_str(head);
        plain.push_str(label);
        rest = after.split_once(')').map_or("", |(_, behind)| behind);
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn kinds_and_exit_codes_are_those_of_the_program() {
        for kind in ErrorKind::ALL {
            let line = explain(kind.word()).into_iter().find(|line| line.page == "docs/errors.md");
            let line = line.unwrap_or_else(|| panic!("{}", kind.word()));
            assert_eq!(line.cells[1].1, kind.exit_code().to_string(), "{}", kind.word());
        }
    }

    #[test]
    fn a_line_is_printed_without_its_marks() {
        let found = explain("insert");
        assert_eq!(found[0].cells[0], ("class".to_owned(), "insert".to_owned()));
        assert!(found.iter().flat_map(|line| &line.cells).all(|(_, text)| !text.contains(['`', '['])), "{found:?}");
        assert_eq!(without_links("see [the list](classes.md), [b](c#d)."), "see the list, b.");
        assert_eq!(names("[`a`](x), class `b`"), ["a", "b"]);
    }

    #[test]
    fn a_word_that_nobody_knows_is_told() {
        assert!(explain("frobnicate").is_empty());
        assert!(!explain("Absent Key").is_empty() && !explain("8").is_empty());
    }
}
