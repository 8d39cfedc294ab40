//! Tables of plain text.

use super::fold::{columns, fold};
use super::paint::tame;

/// Where a column's cells stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    /// Names.
    Left,
    /// Numbers.
    Right,
}

/// How far to the right rows stand under what they have in common.
const GROUPED: usize = 2;

/// Holds a heading and its cell together where lines are broken. No cell holds it.
const GLUE: &str = "\u{1}";

/// A table; columns are as wide as their widest cell. Nothing is cut off: a name that is cut is another name.
#[derive(Clone, Debug)]
pub(super) struct Table {
    columns: Vec<(&'static str, Align)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Begins a table. A heading that begins with `#` is a number's; the mark is not shown.
    pub(super) fn new(headings: &[&'static str]) -> Self {
        let column = |heading: &&'static str| match heading.strip_prefix('#') {
            Some(number) => (number, Align::Right),
            None => (*heading, Align::Left),
        };
        Self { columns: headings.iter().map(column).collect(), rows: Vec::new() }
    }

    /// Adds a row, one cell a column.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = impl AsRef<str>>) {
        self.rows.push(cells.into_iter().map(|cell| tame(cell.as_ref())).collect());
    }

    /// Whether there is no row.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Writes the table, each line behind two blanks. Where it is wider than `width`, texts in it are broken at blanks and
    /// commas; and where that is not enough, each row is told on lines of its own.
    pub(super) fn render(&self, width: Option<usize>) -> String {
        let natural = self.widths(columns);
        match width {
            Some(width) if taken(&natural) > width => match self.narrowed(natural, width) {
                Some(widths) => self.lines(&widths),
                None => self.grouped(width).unwrap_or_else(|| self.told(width)),
            },
            _ => self.lines(&natural),
        }
    }

    /// Returns each column's width, as wide as its widest cell or heading is by some measure.
    fn widths(&self, measure: impl Fn(&str) -> usize) -> Vec<usize> {
        let headings = self.columns.iter().map(|(heading, _)| columns(heading));
        let cells = |column: usize| self.rows.iter().filter_map(move |row| row.get(column));
        headings
            .enumerate()
            .map(|(column, heading)| cells(column).map(|cell| measure(cell)).fold(heading, usize::max))
            .collect()
    }

    /// Makes the widest columns of text narrower until the table fits; `None` where it cannot.
    fn narrowed(&self, mut widths: Vec<usize>, width: usize) -> Option<Vec<usize>> {
        let least = self.widths(|cell| pieces(cell).map(|piece| columns(piece.trim_end())).max().unwrap_or(0));
        while taken(&widths) > width {
            let can = |column: &usize| self.columns[*column].1 == Align::Left && widths[*column] > least[*column];
            let widest = (0..widths.len()).filter(can).max_by_key(|column| widths[*column])?;
            widths[widest] -= 1;
        }
        Some(widths)
    }

    fn lines(&self, widths: &[usize]) -> String {
        let headings: Vec<String> = self.columns.iter().map(|(heading, _)| (*heading).to_owned()).collect();
        let mut text = String::new();
        for row in std::iter::once(&headings).chain(&self.rows) {
            for line in self.row_lines(row, widths) {
                text.extend([&line, "\n"]);
            }
        }
        text
    }

    fn row_lines(&self, cells: &[String], widths: &[usize]) -> Vec<String> {
        let cells: Vec<_> = cells.iter().zip(widths).map(|(cell, width)| broken(cell, *width)).collect();
        let most = cells.iter().map(Vec::len).max().unwrap_or(0);
        let line = |line| self.line(cells.iter().map(|cell| cell.get(line).map_or("", String::as_str)), widths);
        (0..most).map(line).collect()
    }

    fn line<'c>(&self, cells: impl Iterator<Item = &'c str>, widths: &[usize]) -> String {
        let mut line = String::new();
        for ((cell, (_, align)), wanted) in cells.zip(&self.columns).zip(widths) {
            let gap = " ".repeat(wanted.saturating_sub(columns(cell)));
            line.push_str("  ");
            match align {
                Align::Left => line.extend([cell, gap.as_str()]),
                Align::Right => line.extend([gap.as_str(), cell]),
            }
        }
        line.trim_end().to_owned()
    }

    /// Writes what the rows of the same first cell have in common once, above them; `None` where that makes no room.
    fn grouped(&self, width: usize) -> Option<String> {
        let ((heading, Align::Left), others @ [_, _, ..]) = self.columns.split_first()? else { return None };
        let rows = self.rows.iter().filter_map(|row| row.split_first());
        let inner = Self { columns: others.to_vec(), rows: rows.clone().map(|(_, cells)| cells.to_vec()).collect() };
        let width = width.saturating_sub(GROUPED);
        let natural = inner.widths(columns);
        let widths = if taken(&natural) > width { inner.narrowed(natural, width)? } else { natural };
        let gap = " ".repeat(GROUPED);
        let add = |text: &mut String, cells: &[String]| {
            for line in inner.row_lines(cells, &widths) {
                text.extend([gap.as_str(), &line, "\n"]);
            }
        };
        let headings: Vec<String> = others.iter().map(|(heading, _)| (*heading).to_owned()).collect();
        let mut text = format!("  {heading}\n");
        add(&mut text, &headings);
        let mut known = None;
        for (first, cells) in rows {
            if known.replace(first) != Some(first) {
                text.extend([format!("  {first}").trim_end(), "\n"]);
            }
            add(&mut text, cells);
        }
        Some(text)
    }

    /// Tells each row on lines of its own: what it is about, then each number and text with its heading.
    fn told(&self, width: usize) -> String {
        let names = self.columns.iter().position(|(_, align)| *align == Align::Right).unwrap_or(1).max(1);
        let mut text = String::new();
        for row in &self.rows {
            let subject: Vec<_> =
                row[..names.min(row.len())].iter().filter(|cell| !cell.is_empty()).map(String::as_str).collect();
            let others = self.columns.iter().zip(row).skip(names).filter(|(_, cell)| !cell.is_empty());
            let others: Vec<_> =
                others.map(|((heading, _), cell)| format!("{}{GLUE}{cell}", heading.replace(' ', GLUE))).collect();
            let (subject, others) = (format!("  {}", subject.join("  ")), others.join(", "));
            if columns(&subject) + 2 + columns(&others) <= width {
                text.extend([&subject, "  ", &others].map(|part| part.replace(GLUE, " ")));
            } else {
                text.push_str(&fold(&subject, Some(width), 4));
                text.push('\n');
                text.push_str(&fold(&format!("      {others}"), Some(width), 8).replace(GLUE, " "));
            }
            text.push('\n');
        }
        text
    }
}

/// Returns how wide a line of the table is.
fn taken(widths: &[usize]) -> usize {
    widths.iter().map(|width| width + 2).sum()
}

/// Breaks a cell behind blanks and commas, so that no line is wider than `width` unless a piece alone is.
fn broken(cell: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for piece in pieces(cell) {
        match lines.last_mut() {
            Some(line) if line.is_empty() || columns(line) + columns(piece.trim_end()) <= width => line.push_str(piece),
            _ => lines.push(piece.to_owned()),
        }
    }
    lines.into_iter().map(|line| line.trim_end().to_owned()).collect()
}

/// Cuts a text where it may be broken.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive([' ', ','])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let mut table = Table::new(&["table", "#rows", "why"]);
        table.row(["public.orders", "12", ""]);
        table.row(["a\nb", "3,000", "x"]);
        assert_eq!(table.render(None), "  table           rows  why\n  public.orders     12\n  a\\nb           3,000  x\n");
    }

    #[test]
    fn a_table_that_is_too_wide_breaks_its_texts_and_then_its_rows() {
        let mut table = Table::new(&["table", "key", "#rows"]);
        table.row(["public.orders", "customer,number,position", "1,200"]);
        table.row(["public.items", "id", "7"]);
        let whole = "  table          key                        rows\n  public.orders  customer,number,position  1,200\n  \
                     public.items   id                            7\n";
        assert_eq!(table.render(Some(48)), whole);
        let narrow = "  table          key                rows\n  public.orders  customer,number,  1,200\n                 \
                      position\n  public.items   id                    7\n";
        assert_eq!(table.render(Some(40)), narrow);
        let grouped = "  table\n    key            rows\n  public.orders\n    customer,     1,200\n    \
                       number,\n    position\n  \
                       public.items\n    id                7\n";
        assert_eq!(table.render(Some(23)), grouped);
        let told = "  public.orders\n    customer,number,position\n      rows 1,200\n  public.items  id  rows 7\n";
        assert_eq!(table.told(30), told);
    }
}
