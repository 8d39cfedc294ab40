//! A table of words and numbers.

use super::html::Html;
use crate::text::amount;

/// One column's heading.
#[derive(Clone, Copy)]
pub(super) struct Head {
    pub(super) name: &'static str,
    pub(super) is_number: bool,
}

/// A column of words.
pub(super) const fn words(name: &'static str) -> Head {
    Head { name, is_number: false }
}

/// A column of numbers.
pub(super) const fn numbers(name: &'static str) -> Head {
    Head { name, is_number: true }
}

/// A table that is being filled.
pub(super) struct Grid {
    id: &'static str,
    caption: String,
    heads: Vec<Head>,
    rows: Vec<Vec<Content>>,
}

/// What stands in a cell.
pub(super) enum Content {
    Text(String),
    Number(u64),
    /// A text, and the class of the cell.
    Marked(String, &'static str),
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Content {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl Grid {
    pub(super) fn new(id: &'static str, caption: impl Into<String>, heads: &[Head]) -> Self {
        Self { id, caption: caption.into(), heads: heads.to_vec(), rows: Vec::new() }
    }

    pub(super) fn row(&mut self, cells: Vec<Content>) {
        self.rows.push(cells);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Writes it. The script makes it sortable, and searchable where it is long.
    pub(super) fn write(&self, html: &mut Html) {
        let heads = self.heads.clone();
        write(html, self.id, &self.caption, &heads, |html| {
            for row in &self.rows {
                html.element("tr", &[], |html| {
                    for (number, cell) in row.iter().enumerate() {
                        content(html, cell, number == 0);
                    }
                });
            }
        });
    }
}

fn content(html: &mut Html, cell: &Content, is_first: bool) {
    match cell {
        Content::Text(text) if is_first => html.leaf("th", &[("scope", "row")], text),
        Content::Text(text) => html.leaf("td", &[], text),
        Content::Marked(text, class) => html.leaf("td", &[("class", class)], text),
        Content::Number(number) => html.leaf("td", &[("class", "number")], &amount::count(*number)),
    }
}

/// Writes a table around its rows.
pub(super) fn write(html: &mut Html, id: &str, caption: &str, heads: &[Head], rows: impl FnOnce(&mut Html)) {
    let label = format!("{id}-caption");
    html.element("div", &[("class", "scroll"), ("role", "region"), ("aria-labelledby", &label), ("tabindex", "0")], |html| {
        html.element("table", &[("id", id), ("class", "grid")], |html| {
            html.leaf("caption", &[("id", &label)], caption);
            html.element("thead", &[], |html| {
                html.element("tr", &[], |html| {
                    for head in heads {
                        let class = if head.is_number { "number" } else { "words" };
                        html.leaf("th", &[("scope", "col"), ("class", class)], head.name);
                    }
                });
            });
            html.element("tbody", &[], rows);
        });
    });
}
