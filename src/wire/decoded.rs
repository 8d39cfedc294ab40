//! What PostgreSQL's own plugin `test_decoding` prints of a server's log, line by line: where transactions begin and end, and
//! which rows of which table they wrote.
//!
//! A value is printed as its type's output function prints it, in quotes unless it is a number, a bit string or a truth value;
//! names are quoted as SQL quotes them. A line that is not understood is an error: nothing is guessed.

use std::borrow::Cow;

use crate::name::QualifiedName;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decoded<'a> {
    /// A transaction begins, which committed. The lowest 32 bits of its id.
    Begin(u32),
    /// It ends; when it committed, as the server prints it.
    Commit(&'a str),
    /// A row was written.
    Row(QualifiedName, RowChange<'a>),
    /// Tables were emptied.
    Truncate(Vec<QualifiedName>),
    /// A message that somebody wrote into the log.
    Message,
}

/// What was done to a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowChange<'a> {
    /// It came.
    Insert(DecodedRow<'a>),
    /// It was changed: what identified it before, where that is printed, and what it is now.
    Update(Option<DecodedRow<'a>>, DecodedRow<'a>),
    /// It went: what identified it.
    Delete(DecodedRow<'a>),
}

/// The columns of a row, as text that is not taken apart yet; none where the log does not have them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodedRow<'a>(&'a str);

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodedValue<'a> {
    /// NULL.
    Null,
    /// It was not changed, and stands elsewhere.
    Elsewhere,
    /// Its text.
    Text(Cow<'a, str>),
}

/// The line is none that the plugin is known to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotDecoded;

impl std::fmt::Display for NotDecoded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a line of test_decoding is not understood")
    }
}

impl std::error::Error for NotDecoded {}

/// What stands where the log has no columns.
const NO_ROW: &str = " (no-tuple-data)";

/// What stands before the row as it is now, where the row as it was is printed too.
const NEW_ROW: &str = " new-tuple:";

impl<'a> Decoded<'a> {
    /// Reads a line.
    ///
    /// # Errors
    /// If it is none that the plugin is known to print.
    pub fn read(line: &'a str) -> Result<Self, NotDecoded> {
        if let Some(xid) = line.strip_prefix("BEGIN ") {
            return xid.parse().map(Self::Begin).map_err(|_| NotDecoded);
        }
        if let Some(rest) = line.strip_prefix("COMMIT ") {
            let (_, at) = rest.split_once(" (at ").ok_or(NotDecoded)?;
            return at.strip_suffix(')').map(Self::Commit).ok_or(NotDecoded);
        }
        if line.starts_with("message: ") {
            return Ok(Self::Message);
        }
        let (table, mut rest) = qualified(line.strip_prefix("table ").ok_or(NotDecoded)?)?;
        let mut tables = vec![table];
        while let Some(more) = rest.strip_prefix(", ") {
            let (table, behind) = qualified(more)?;
            tables.push(table);
            rest = behind;
        }
        if rest.starts_with(": TRUNCATE:") {
            return Ok(Self::Truncate(tables));
        }
        let [table] = <[QualifiedName; 1]>::try_from(tables).map_err(|_| NotDecoded)?;
        let change = if let Some(row) = rest.strip_prefix(": INSERT:") {
            RowChange::Insert(DecodedRow(row))
        } else if let Some(row) = rest.strip_prefix(": DELETE:") {
            RowChange::Delete(DecodedRow(row))
        } else {
            RowChange::update(rest.strip_prefix(": UPDATE:").ok_or(NotDecoded)?)?
        };
        Ok(Self::Row(table, change))
    }
}

impl<'a> RowChange<'a> {
    fn update(text: &'a str) -> Result<Self, NotDecoded> {
        let Some(both) = text.strip_prefix(" old-key:") else { return Ok(Self::Update(None, DecodedRow(text))) };
        let mut rest = both;
        while !rest.starts_with(NEW_ROW) {
            (_, _, rest) = column(rest)?;
        }
        let before = both.get(..both.len() - rest.len()).ok_or(NotDecoded)?;
        Ok(Self::Update(Some(DecodedRow(before)), DecodedRow(rest.strip_prefix(NEW_ROW).ok_or(NotDecoded)?)))
    }
}

impl<'a> DecodedRow<'a> {
    /// Returns the values of some columns, in the order of their names; `None` for one that is not printed.
    ///
    /// # Errors
    /// If the row is not as the plugin is known to print it.
    pub fn values(self, names: &[&str]) -> Result<Vec<Option<DecodedValue<'a>>>, NotDecoded> {
        let mut found = vec![None; names.len()];
        let (mut rest, mut missing) = (self.0, names.len());
        while !rest.is_empty() && rest != NO_ROW && missing > 0 {
            let (name, value, behind) = column(rest)?;
            if let Some((_, slot)) = names.iter().zip(&mut found).find(|(wanted, slot)| **wanted == name && slot.is_none()) {
                *slot = Some(value);
                missing -= 1;
            }
            rest = behind;
        }
        Ok(found)
    }
}

/// Reads a table's name, and returns what stands behind it.
fn qualified(text: &str) -> Result<(QualifiedName, &str), NotDecoded> {
    let (schema, rest) = identifier(text)?;
    let (name, rest) = identifier(rest.strip_prefix('.').ok_or(NotDecoded)?)?;
    Ok((QualifiedName::new(schema.as_ref(), name.as_ref()), rest))
}

/// Reads a name, in quotes or not.
fn identifier(text: &str) -> Result<(Cow<'_, str>, &str), NotDecoded> {
    if let Some(quoted) = text.strip_prefix('"') {
        return until_quote(quoted, '"');
    }
    let end = text.find(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')).ok_or(NotDecoded)?;
    let (name, rest) = text.split_at(end);
    if name.is_empty() { Err(NotDecoded) } else { Ok((Cow::Borrowed(name), rest)) }
}

/// Reads up to a quote that is not doubled.
fn until_quote(text: &str, quote: char) -> Result<(Cow<'_, str>, &str), NotDecoded> {
    let mut from = 0;
    loop {
        let rest = text.get(from..).ok_or(NotDecoded)?;
        let at = from + rest.find(quote).ok_or(NotDecoded)?;
        let behind = text.get(at + 1..).ok_or(NotDecoded)?;
        if behind.starts_with(quote) {
            from = at + 2;
            continue;
        }
        let inner = text.get(..at).ok_or(NotDecoded)?;
        let doubled = [quote, quote].iter().collect::<String>();
        let inner = if from == 0 { Cow::Borrowed(inner) } else { Cow::Owned(inner.replace(&doubled, &quote.to_string())) };
        return Ok((inner, behind));
    }
}

/// Reads a column: its name, its value, and what stands behind it.
fn column(text: &str) -> Result<(Cow<'_, str>, DecodedValue<'_>, &str), NotDecoded> {
    let (name, rest) = identifier(text.strip_prefix(' ').ok_or(NotDecoded)?)?;
    let rest = behind_type(rest.strip_prefix('[').ok_or(NotDecoded)?)?;
    let rest = rest.strip_prefix(':').ok_or(NotDecoded)?;
    let quoted = rest.strip_prefix('\'').or_else(|| rest.strip_prefix("B'"));
    if let Some(quoted) = quoted {
        let (value, rest) = until_quote(quoted, '\'')?;
        return Ok((name, DecodedValue::Text(value), rest));
    }
    let (value, rest) = rest.split_at(rest.find(' ').unwrap_or(rest.len()));
    let value = match value {
        "" => return Err(NotDecoded),
        "null" => DecodedValue::Null,
        "unchanged-toast-datum" => DecodedValue::Elsewhere,
        value => DecodedValue::Text(Cow::Borrowed(value)),
    };
    Ok((name, value, rest))
}

/// Passes the name of a type, up to the bracket that ends it: names may be quoted, and hold brackets.
fn behind_type(text: &str) -> Result<&str, NotDecoded> {
    let (mut depth, mut rest) = (1, text);
    loop {
        let at = rest.find(['[', ']', '"']).ok_or(NotDecoded)?;
        let behind = rest.get(at + 1..).ok_or(NotDecoded)?;
        rest = match rest.get(at..at + 1) {
            Some("\"") => until_quote(behind, '"')?.1,
            Some("[") => {
                depth += 1;
                behind
            }
            _ => {
                depth -= 1;
                behind
            }
        };
        if depth == 0 {
            return Ok(rest);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use proptest::prelude::*;

    use super::*;

    #[expect(clippy::unnecessary_wraps, reason = "as values are found")]
    fn text(value: &str) -> Option<DecodedValue<'_>> {
        Some(DecodedValue::Text(Cow::Borrowed(value)))
    }

    fn row(line: &str) -> (QualifiedName, RowChange<'_>) {
        match Decoded::read(line).unwrap() {
            Decoded::Row(table, change) => (table, change),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn transactions_have_an_id_and_a_time() {
        assert_eq!(Decoded::read("BEGIN 741"), Ok(Decoded::Begin(741)));
        let commit = "COMMIT 741 (at 2026-11-30 07:20:00.5+00)";
        assert_eq!(Decoded::read(commit), Ok(Decoded::Commit("2026-11-30 07:20:00.5+00")));
        assert_eq!(Decoded::read("message: transactional: 1 prefix: x, sz: 5 content:table"), Ok(Decoded::Message));
    }

    #[test]
    fn names_types_and_values_may_hold_anything() {
        let line = [
            r#"table public."T ""x"".y": INSERT: id[integer]:-1 "a b"[public."odd]:[" []]:'it''s '' id[integer]:2'"#,
            "c[bit]:B'01' d[text]:null e[text]:'' f[text]:unchanged-toast-datum",
        ];
        let line = line.join(" ");
        let (table, change) = row(&line);
        assert_eq!(table, QualifiedName::new("public", r#"T "x".y"#));
        let RowChange::Insert(row) = change else { panic!("{change:?}") };
        let found = row.values(&["f", "e", "d", "c", "a b", "id", "none"]).unwrap();
        let expected = [
            Some(DecodedValue::Elsewhere),
            text(""),
            Some(DecodedValue::Null),
            text("01"),
            text("it's ' id[integer]:2"),
            text("-1"),
            None,
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn an_update_says_what_the_row_was_where_its_identity_changed() {
        let (_, plain) = row("table public.t: UPDATE: id[integer]:1 v[text]:'x'");
        assert!(matches!(plain, RowChange::Update(None, new) if new.values(&["id"]).unwrap() == [text("1")]));
        let (_, moved) =
            row("table public.t: UPDATE: old-key: id[text]:' new-tuple: id[text]:9' new-tuple: id[text]:'2' v[text]:''");
        let RowChange::Update(Some(before), now) = moved else { panic!("{moved:?}") };
        assert_eq!(before.values(&["id"]).unwrap(), [text(" new-tuple: id[text]:9")]);
        assert_eq!(now.values(&["id"]).unwrap(), [text("2")]);
    }

    #[test]
    fn rows_without_an_identity_have_no_columns() {
        let (_, gone) = row("table public.t: DELETE: (no-tuple-data)");
        assert!(matches!(gone, RowChange::Delete(row) if row.values(&["id"]).unwrap() == [None]));
    }

    #[test]
    fn tables_that_were_emptied_are_named() {
        let emptied = Decoded::read("table public.a, s.\"B, c\": TRUNCATE: restart_seqs cascade").unwrap();
        assert_eq!(emptied, Decoded::Truncate(vec![QualifiedName::new("public", "a"), QualifiedName::new("s", "B, c")]));
    }

    #[test]
    fn everything_else_is_refused() {
        for line in [
            "",
            "BEGIN",
            "BEGIN x",
            "COMMIT 1",
            "table t: INSERT: id[integer]:1",
            "table a.b: MERGE: x",
            "table a.b, c.d: INSERT: ",
        ] {
            assert_eq!(Decoded::read(line), Err(NotDecoded), "{line}");
        }
        for row in [" id", " id[integer", " id[integer]:", " id[integer]1", "id[integer]:1", " \"id[integer]:1", " id[text]:'x"]
        {
            assert_eq!(DecodedRow(row).values(&["none"]), Err(NotDecoded), "{row}");
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(line in ".{0,60}") {
            let _ = Decoded::read(&format!("table {line}"));
            let _ = DecodedRow(&line).values(&["id"]);
        }

        #[test]
        fn every_value_comes_back(value in ".{0,30}", name in ".{1,10}") {
            let quoted = |text: &str, quote: &str| format!("{quote}{}{quote}", text.replace(quote, &quote.repeat(2)));
            let line = format!(" {}[text]:{} z[integer]:7", quoted(&name, "\""), quoted(&value, "'"));
            prop_assume!(name != "z");
            let found = DecodedRow(&line).values(&["z", &name]).unwrap();
            prop_assert_eq!(found, vec![text("7"), Some(DecodedValue::Text(Cow::Owned(value)))]);
        }
    }
}
