//! Lines of CSV by RFC 4180, whose cells no spreadsheet takes for formulas.
//!
//! Comes in: texts, or a file's text. Goes out: a line, or records with the lines that they begin on.
//! Never: changes a text, but for one apostrophe in front, which is taken away again.

/// Makes a line of cells.
#[must_use]
pub fn line(cells: &[String]) -> String {
    let quoted = |cell: &String| {
        if cell.contains([',', '"', '\n', '\r', ';', '\t']) || cell.starts_with(' ') || cell.ends_with(' ') {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell.clone()
        }
    };
    cells.iter().map(quoted).collect::<Vec<_>>().join(",") + "\r\n"
}

/// A text with an apostrophe in front where a spreadsheet would take it for a formula, or a reader for a mark. One apostrophe
/// in front of a cell is therefore never the value's.
#[must_use]
pub fn safe(text: &str) -> String {
    let is_number = text.parse::<f64>().is_ok();
    let is_mark = matches!(text, "\\N" | "\\-" | "\\C" | "\\?" | "\\*" | "\\D") || text.starts_with("\\W");
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\'', '＝', '＋', '－', '＠']);
    if is_mark || is_formula && !is_number { format!("'{text}") } else { text.to_owned() }
}

/// The text of a cell that [`safe`] made.
#[must_use]
pub fn bare(cell: &str) -> &str {
    cell.strip_prefix('\'').unwrap_or(cell)
}

/// One record of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The line on which it begins, counted from 1.
    pub line: usize,
    /// Its cells, quotes taken away.
    pub cells: Vec<String>,
}

/// Reads a file's records; empty lines are none. Cells are divided by what divides most of the first line: commas, semicolons
/// or tabs, as spreadsheets of different countries write them.
///
/// # Errors
/// The line, and a sentence, where a quote has no end or text stands behind one.
pub fn records(text: &str) -> Result<Vec<Record>, (usize, String)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let first = text.lines().next().unwrap_or_default();
    let divider = [',', ';', '\t'].into_iter().max_by_key(|divider| (first.matches(*divider).count(), *divider == ','));
    let divider = divider.unwrap_or(',');
    let (mut found, mut record, mut cell) = (Vec::new(), Vec::new(), String::new());
    let (mut line, mut begin) = (1, 1);
    let mut characters = text.chars().peekable();
    loop {
        match characters.next() {
            Some('"') if cell.is_empty() => {
                let opened = line;
                loop {
                    match characters.next() {
                        Some('"') if characters.peek() == Some(&'"') => cell.extend(characters.next()),
                        Some('"') => break,
                        Some(character) => {
                            line += usize::from(character == '\n');
                            cell.push(character);
                        }
                        None => return Err((opened, "a quote has no end".to_owned())),
                    }
                }
                let ends = characters.peek().is_none_or(|next| *next == divider || matches!(next, '\r' | '\n'));
                if !ends {
                    return Err((line, "text stands behind the end of a quote".to_owned()));
                }
            }
            Some(character) if character == divider => record.push(std::mem::take(&mut cell)),
            Some('\r') if characters.peek() == Some(&'\n') => {}
            ended @ (Some('\n') | None) => {
                record.push(std::mem::take(&mut cell));
                let cells = std::mem::take(&mut record);
                if cells.iter().any(|cell| !cell.is_empty()) {
                    found.push(Record { line: begin, cells });
                }
                if ended.is_none() {
                    return Ok(found);
                }
                line += 1;
                begin = line;
            }
            Some(character) => cell.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(usize, Vec<String>)> {
        records(text).unwrap().into_iter().map(|record| (record.line, record.cells)).collect()
    }

    #[test]
    fn what_is_written_is_read() {
        let cells: Vec<_> =
            ["a,b", "c\"d", "e\nf", "", " g ", "'h", "=1", "E'i", "\\N"].iter().map(|cell| safe(cell)).collect();
        let text = line(&cells);
        assert_eq!(text, "\"a,b\",\"c\"\"d\",\"e\nf\",,\" g \",''h,'=1,E'i,'\\N\r\n");
        assert_eq!(read(&text), [(1, cells.clone())]);
        assert_eq!(bare(&cells[5]), "'h");
        assert_eq!(bare(&cells[6]), "=1");
    }

    #[test]
    fn spreadsheets_of_all_countries_are_read() {
        let text = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            read("\u{feff}a;b;c\r\n1;\"2;\n2\";3\r\n\r\n;;\r\n4;5;6"),
            [(1, text(&["a", "b", "c"])), (2, text(&["1", "2;\n2", "3"])), (6, text(&["4", "5", "6"])),]
        );
        assert_eq!(read("a\tb\n1\t2\n"), [(1, text(&["a", "b"])), (2, text(&["1", "2"]))]);
        assert_eq!(records("a,b\n1,\"2"), Err((2, "a quote has no end".to_owned())));
        assert_eq!(records("a,b\n1,\"2\"x"), Err((2, "text stands behind the end of a quote".to_owned())));
    }
}
