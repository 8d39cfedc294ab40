//! The script that an archive becomes, on its way through: how many rows each table has, and whether it came to its end.
//!
//! Comes in: bytes, in pieces of any size. Goes out: counts. Never: keeps a row.

use std::collections::{BTreeMap, BTreeSet};

use crate::name::QualifiedName;

/// Longer lines outside of data are not looked at behind this.
const LINE_MAX: usize = 64 * 1024;

/// What `pg_dump` and `pg_restore` write at the very end of a script.
const END: &str = "-- PostgreSQL database dump complete";

/// What stands before the data of a table.
const DATA: (&str, &str) = ("-- Data for Name: ", "; Type: TABLE DATA; ");

/// What stands before the definition of a table, and before what stands before it.
const DEFINITION: (&str, &str) = ("-- Name: ", "; Type: TABLE; ");
const RULE: &str = "--";

/// What a table's definition ends with that has no rows of its own.
const OF_PARTITIONS: &str = "PARTITION BY ";

/// What was found in a script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Counted {
    /// The rows of each table whose data is copied.
    pub(super) rows: BTreeMap<QualifiedName, u64>,
    /// Tables whose data is inserted, row by row, and not counted.
    pub(super) uncounted: u64,
    /// Whether the script came to its end.
    pub(super) ended: bool,
    /// Whether it leads into another database than the one it is read into.
    pub(super) connects: bool,
    /// Whether a line, or what follows a statement on it, looks like a command to psql that no dump has.
    pub(super) commands: bool,
    /// Tables that are defined, and of whose rows nothing is said: not even that there are none.
    pub(super) without_data: BTreeSet<QualifiedName>,
    /// Bytes of script.
    pub(super) bytes: u64,
}

/// Where a statement that inserts rows has got to: its values may be texts of many lines, which look like anything.
#[derive(Clone, Copy, Debug, Default)]
struct Inserting {
    /// What ends the text or the name that goes by.
    quote: Option<u8>,
    /// Whether the last character that is no space ended the statement.
    is_over: bool,
}

impl Inserting {
    fn is_complete(self) -> bool {
        self.is_over && self.quote.is_none()
    }

    /// A doubled quote closes, and opens at once. Dumps write such values with `standard_conforming_strings`, in which a
    /// backslash is itself.
    fn feed(&mut self, piece: &[u8]) {
        for byte in piece {
            match (self.quote, byte) {
                (Some(quote), byte) if quote == *byte => self.quote = None,
                (None, b'\'' | b'"') => self.quote = Some(*byte),
                (None, byte) if !byte.is_ascii_whitespace() => self.is_over = *byte == b';',
                _ => {}
            }
        }
    }
}

/// Counts while a script goes by.
#[derive(Debug, Default)]
pub(super) struct Counter {
    found: Counted,
    line: Vec<u8>,
    /// Whether what comes next is a table's data.
    announced: bool,
    /// Whether the line before was the rule above a heading.
    under_rule: bool,
    /// The table whose definition goes by, and those of whose rows something is said.
    defines: Option<QualifiedName>,
    with_data: BTreeSet<QualifiedName>,
    /// The statement that inserts rows, or the line that may begin one.
    inserting: Inserting,
    is_inserting: bool,
    /// The table whose rows go by.
    inside: Option<(QualifiedName, u64)>,
}

impl Counter {
    /// Takes the next piece.
    pub(super) fn feed(&mut self, piece: &[u8]) {
        self.found.bytes += piece.len() as u64;
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            // Of a row no more is wanted than whether it is the end of them.
            let room = if self.inside.is_some() { 4 } else { LINE_MAX };
            let kept = part.len().min(room.max(self.line.len()) - self.line.len());
            self.line.extend_from_slice(&part[..kept]);
            if self.announced {
                self.inserting.feed(part);
            }
            if part.ends_with(b"\n") {
                self.take_line();
                self.line.clear();
            }
        }
    }

    /// Returns what was found.
    pub(super) fn finish(mut self) -> Counted {
        if !self.line.is_empty() {
            self.take_line();
        }
        // Data that has no end is none of a whole script.
        self.found.ended &= self.inside.is_none();
        let with_data = std::mem::take(&mut self.with_data);
        self.found.without_data.retain(|table| !with_data.contains(table));
        self.found
    }

    fn take_line(&mut self) {
        if let Some((name, rows)) = &mut self.inside {
            if self.line.starts_with(b"\\.") && self.line.get(2).is_none_or(|end| matches!(end, b'\n' | b'\r')) {
                *self.found.rows.entry(name.clone()).or_default() += *rows;
                self.inside = None;
            } else {
                *rows += 1;
            }
            return;
        }
        let line = String::from_utf8_lossy(&self.line);
        let line = line.trim_end();
        self.found.commands |= line.split(';').any(is_command);
        if self.is_inserting || (self.announced && line.starts_with("INSERT INTO ")) {
            self.is_inserting = !self.inserting.is_complete();
            if !self.is_inserting {
                self.inserting = Inserting::default();
            }
            return;
        }
        self.inserting = Inserting::default();
        if std::mem::replace(&mut self.under_rule, line == RULE) && line.starts_with("-- ") {
            self.defines = heading(line, DEFINITION);
            self.found.without_data.extend(self.defines.clone());
            self.with_data.extend(heading(line, DATA));
        } else if line.starts_with(OF_PARTITIONS)
            && let Some(table) = self.defines.take()
        {
            self.found.without_data.remove(&table);
        }
        if line.starts_with(DATA.0) && line.contains(DATA.1) {
            self.found.uncounted += u64::from(self.announced);
            self.announced = true;
        } else if line == END {
            self.found.uncounted += u64::from(std::mem::take(&mut self.announced));
            self.found.ended = true;
        } else if line.starts_with("\\connect ") || line.starts_with("\\c ") {
            self.found.connects = true;
        } else if let Some(name) = line.strip_prefix("COPY ").filter(|_| self.announced && line.ends_with(" FROM stdin;"))
            && let Some(name) = qualified(name)
        {
            self.announced = false;
            self.inside = Some((name, 0));
        }
    }
}

/// Reads the table off a heading, in which names are not quoted.
fn heading(line: &str, (lead, kind): (&str, &str)) -> Option<QualifiedName> {
    let (name, rest) = line.strip_prefix(lead)?.split_once(kind)?;
    let (schema, _) = rest.strip_prefix("Schema: ")?.split_once("; Owner: ")?;
    Some(QualifiedName::new(schema, name))
}

/// Whether a text begins with a command to psql, but for those that dumps begin and end with.
fn is_command(text: &str) -> bool {
    let Some(command) = text.trim_start().strip_prefix('\\') else { return false };
    let known = ["restrict ", "unrestrict "].iter().any(|known| command.starts_with(known));
    !known && command.starts_with(|first: char| first.is_ascii_alphabetic() || first == '!')
}

/// Reads `schema.name` as SQL spells it, at the beginning of a text.
fn qualified(text: &str) -> Option<QualifiedName> {
    let (schema, rest) = identifier(text)?;
    let (name, _) = identifier(rest.strip_prefix('.')?)?;
    Some(QualifiedName::new(schema, name))
}

fn identifier(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(['.', ' ', '(']).unwrap_or(text.len());
        return (end > 0).then(|| (text[..end].to_owned(), &text[end..]));
    };
    let mut name = String::new();
    let mut characters = quoted.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' if characters.next_if(|(_, next)| *next == '"').is_some() => name.push('"'),
            '"' => return Some((name, &quoted[at + 1..])),
            other => name.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = "--\n-- PostgreSQL database dump\n--\n\
        CREATE FUNCTION f() AS $$\nCOPY public.no FROM stdin;\n$$;\n\
        --\n-- Data for Name: orders; Type: TABLE DATA; Schema: public; Owner: -\n--\n\n\
        COPY public.orders (id, what) FROM stdin;\n1\ta\n2\t\\\\.\n\\.\n\n\
        -- Data for Name: Order Items; Type: TABLE DATA; Schema: we\"ird; Owner: -\n\n\
        COPY \"we\"\"ird\".\"Order Items\" (a) FROM stdin;\n\\.\n\
        -- Data for Name: inserted; Type: TABLE DATA; Schema: public; Owner: -\n\nINSERT INTO public.inserted VALUES (1);\n\
        --\n-- PostgreSQL database dump complete\n--\n";

    #[test]
    fn rows_are_counted_in_pieces_of_any_size() {
        let orders = (QualifiedName::new("public", "orders"), 2);
        let items = (QualifiedName::new("we\"ird", "Order Items"), 0);
        for size in [1, 2, 3, 7, 64, SCRIPT.len()] {
            let mut counter = Counter::default();
            SCRIPT.as_bytes().chunks(size).for_each(|piece| counter.feed(piece));
            let found = counter.finish();
            assert_eq!(found.rows, BTreeMap::from([orders.clone(), items.clone()]), "{size}");
            assert_eq!((found.uncounted, found.ended, found.connects), (1, true, false), "{size}");
        }
    }

    #[test]
    fn what_stands_in_texts_that_are_inserted_is_none_of_the_script() {
        let heading = |name: &str| format!("--\n-- Data for Name: {name}; Type: TABLE DATA; Schema: public; Owner: o\n--\n\n");
        let like = "-- Data for Name: no; Type: TABLE DATA; Schema: public; Owner: o\n\n\
            COPY public.no (id, v) FROM stdin;\n1\tx\n\\.\n-- PostgreSQL database dump complete\n";
        let text = heading("it's")
            + &format!(
                "INSERT INTO public.\"it's\" VALUES (1, 'it''s;\n{like}', ';\n');\nINSERT INTO public.\"it's\" VALUES\n"
            )
            + &format!("\t(2, '{}'),\n\t(3, '\n{like}');\n", "wide".repeat(LINE_MAX))
            + &heading("copied")
            + "COPY public.copied (id) FROM stdin;\n1\n\\.\n";
        for size in [1, 5, text.len()] {
            let mut counter = Counter::default();
            text.as_bytes().chunks(size).for_each(|piece| counter.feed(piece));
            let found = counter.finish();
            let rows = BTreeMap::from([(QualifiedName::new("public", "copied"), 1)]);
            assert_eq!((found.rows, found.uncounted, found.ended), (rows, 1, false), "{size}");
        }
    }

    #[test]
    fn a_script_that_is_cut_off_has_no_end() {
        let (before, _) = SCRIPT.split_once("2\t").unwrap();
        for text in [before, &SCRIPT[..SCRIPT.len() - 60], "", &format!("{before}{}", "-- PostgreSQL database dump complete\n")]
        {
            let mut counter = Counter::default();
            counter.feed(text.as_bytes());
            assert!(!counter.finish().ended, "{text}");
        }
        let mut counter = Counter::default();
        counter.feed(b"\\connect other\n");
        assert!(counter.finish().connects);
    }

    #[test]
    fn tables_without_their_rows_are_known_by_their_headings() {
        let heading = |lead: &str, name: &str, kind: &str| {
            format!("--\n-- {lead}: {name}; Type: {kind}; Schema: Ship ping; Owner: o\n--\n\n")
        };
        let of_parts =
            heading("Name", "parts", "TABLE") + "CREATE TABLE \"Ship ping\".parts (\n    id int\n)\nPARTITION BY RANGE (id);\n";
        let text = of_parts
            + &heading("Name", "Order Items", "TABLE")
            + "CREATE TABLE \"Ship ping\".\"Order Items\" (\n    id int\n);\n"
            + &heading("Name", "far", "FOREIGN TABLE")
            + &heading("Name", "full", "TABLE")
            + &heading("Name", "f()", "FUNCTION")
            + "$$\n-- Name: no; Type: TABLE; Schema: no; Owner: o\n$$;\n"
            + &heading("Data for Name", "full", "TABLE DATA")
            + "COPY \"Ship ping\".full (id) FROM stdin;\n\\.\n";
        for size in [1, 5, text.len()] {
            let mut counter = Counter::default();
            text.as_bytes().chunks(size).for_each(|piece| counter.feed(piece));
            assert_eq!(
                counter.finish().without_data,
                BTreeSet::from([QualifiedName::new("Ship ping", "Order Items")]),
                "{size}"
            );
        }
    }

    #[test]
    fn commands_to_psql_are_seen_behind_statements_too() {
        let has = |text: &str| {
            let mut counter = Counter::default();
            counter.feed(text.as_bytes());
            counter.finish().commands
        };
        for text in ["select 1; \\connect b\n", "  \\i other.sql\n", "\\! rm x\n", "\\set ON_ERROR_STOP off\n"] {
            assert!(has(text), "{text}");
        }
        assert!(!has("\\restrict abc\nselect E'a\\nb';\n\\unrestrict abc\n") && !has(SCRIPT));
    }
}
