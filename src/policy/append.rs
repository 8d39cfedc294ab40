//! Adds rules and row picks to the text of `decisions.toml`, behind everything that stands there.

use std::collections::BTreeMap;

use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, Value};

use super::edit::{self, FILE, HEADER};
use super::{Choices, Decisions, Resolution, SelectorWords, Signature, history};
use crate::error::Result;

/// What a rule or a pick that is written down says beside which rows it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addition {
    /// What is to be done.
    pub resolution: Resolution,
    /// What single columns get, where that is not what the resolution says.
    pub choices: Choices,
    /// What the row is that is picked; see [`RowPick`](super::RowPick). A rule has none.
    pub fingerprint: Option<String>,
    /// The reason.
    pub why: Option<String>,
    /// Who decided.
    pub by: String,
    /// When, in RFC 3339 with an offset.
    pub at: String,
}

impl From<Addition> for Signature {
    fn from(said: Addition) -> Self {
        Self { why: said.why, by: Some(said.by), at: Some(said.at) }
    }
}

/// Which rows a rule that is written down means, each in the words of the file; what is empty is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleWords {
    /// What people call it.
    pub name: Option<String>,
    /// Which rows.
    pub means: SelectorWords,
    /// What a row has to meet.
    pub when: Option<String>,
    /// How many rows it has to mean.
    pub expect: Option<u64>,
}

/// Returns the text with one more rule behind those that it has.
///
/// # Errors
/// [`crate::error::ErrorKind::Config`] if the text is not a valid decisions file, before or after.
pub fn append_rule(text: &str, words: &RuleWords, said: &Addition) -> Result<String> {
    let mut table = Table::new();
    if let Some(name) = &words.name {
        table.insert("name", toml_edit::value(name));
    }
    let lists = [
        ("database", &words.means.databases),
        ("table", &words.means.tables),
        ("class", &words.means.classes),
        ("evidence", &words.means.evidence),
        ("changed", &words.means.changed),
    ];
    for (key, list) in lists {
        match list.as_slice() {
            [] => {}
            [one] => drop(table.insert(key, toml_edit::value(one))),
            more => drop(table.insert(key, toml_edit::value(more.iter().map(String::as_str).collect::<Array>()))),
        }
    }
    if let Some(when) = &words.when {
        table.insert("when", toml_edit::value(when));
    }
    sign(&mut table, said);
    if let Some(rows) = words.expect.and_then(|rows| i64::try_from(rows).ok()) {
        table.insert("expect", toml_edit::value(rows));
    }
    append(text, "rule", [table])
}

/// A row that is picked: its database, if one is meant, its table, and its key's columns with their values.
pub type PickedRow = (Option<String>, String, Vec<(String, String)>);

/// Returns the text with more row picks. What was picked of the same rows before goes to the file's history.
///
/// # Errors
/// As [`append_rule`].
pub fn append_rows(text: &str, rows: &[(PickedRow, Addition)]) -> Result<String> {
    let kept = without_rows(text, rows)?;
    let tables = rows.iter().map(|((database, name, key), said)| {
        let mut table = Table::new();
        if let Some(database) = database {
            table.insert("database", toml_edit::value(database));
        }
        table.insert("table", toml_edit::value(name));
        let mut columns = InlineTable::new();
        for (column, value) in key {
            columns.insert(column, value.as_str().into());
        }
        table.insert("key", Item::Value(Value::InlineTable(columns)));
        sign(&mut table, said);
        table
    });
    append(&kept, "row", tables)
}

/// Returns the text without what was picked of some rows, which is kept as history.
///
/// # Errors
/// As [`append_rule`].
pub fn without_rows(text: &str, rows: &[(PickedRow, Addition)]) -> Result<String> {
    let known = Decisions::parse(text, FILE)?;
    let places: BTreeMap<_, _> = known.picks().iter().enumerate().map(|(place, pick)| (pick.row(), place)).collect();
    let of = |(database, table, key): &PickedRow| {
        places.get(&(database.clone(), table.clone(), key.iter().cloned().collect())).copied()
    };
    let replaced: BTreeMap<usize, &Addition> = rows.iter().filter_map(|(row, said)| Some((of(row)?, said))).collect();
    if replaced.is_empty() {
        return Ok(text.to_owned());
    }
    let mut document = edit::parse(text)?;
    let mut behind = String::new();
    if let Some(list) = document.get_mut("row").and_then(Item::as_array_of_tables_mut) {
        for number in replaced.keys().rev() {
            let comments = list.get(*number).map(comments_above).unwrap_or_default();
            list.remove(*number);
            match list.get_mut(*number) {
                Some(next) => {
                    let own = next.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default();
                    let both = format!("{comments}{own}");
                    next.decor_mut().set_prefix(both);
                }
                None => behind.insert_str(0, &comments),
            }
        }
    }
    let rest = document.trailing().as_str().unwrap_or_default();
    let rest = format!("{behind}{rest}");
    document.set_trailing(rest);
    let past = replaced.iter().map(|(number, said)| history::past_pick(&known.picks()[*number], &said.at));
    Ok(history::append(document.to_string(), past.collect()))
}

/// What people wrote above a table: it stays when the table goes.
fn comments_above(table: &Table) -> String {
    let above = table.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default();
    if above.contains('#') { above.to_owned() } else { String::new() }
}

fn sign(table: &mut Table, said: &Addition) {
    table.insert("resolution", toml_edit::value(said.resolution.word()));
    said.choices.write(table);
    if let Some(fingerprint) = &said.fingerprint {
        table.insert("fingerprint", toml_edit::value(fingerprint));
    }
    if let Some(why) = &said.why {
        table.insert("why", toml_edit::value(why));
    }
    table.insert("by", toml_edit::value(&said.by));
    table.insert("at", toml_edit::value(&said.at));
}

fn append(text: &str, key: &str, tables: impl IntoIterator<Item = Table>) -> Result<String> {
    Decisions::parse(text, FILE)?;
    let text = if text.trim().is_empty() { HEADER } else { text };
    let mut list = ArrayOfTables::new();
    for table in tables {
        list.push(table);
    }
    let mut document = DocumentMut::new();
    document.insert(key, Item::ArrayOfTables(list));
    let appended = format!("{}\n\n{document}", text.trim_end());
    Decisions::parse(&appended, FILE)?;
    Ok(appended)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delta::{Class, Evidence};
    use crate::name::Ident;
    use crate::policy::{By, Choice};

    fn said(resolution: Resolution) -> Addition {
        let at = "2026-11-22T10:00:00Z".to_owned();
        Addition {
            resolution,
            choices: Choices::default(),
            fingerprint: None,
            why: Some("asked".to_owned()),
            by: "ada".to_owned(),
            at,
        }
    }

    fn row(id: &str) -> PickedRow {
        (None, "a.b".to_owned(), vec![("id".to_owned(), id.to_owned())])
    }

    #[test]
    fn rules_come_behind_what_stands_there_and_comments_survive() {
        let words = RuleWords {
            means: SelectorWords {
                tables: vec!["a.*".to_owned()],
                classes: vec!["conflict".to_owned(), "delete".to_owned()],
                ..SelectorWords::default()
            },
            expect: Some(3),
            ..RuleWords::default()
        };
        let text =
            append_rule("# ours\n[defaults] # all\ndelete = \"hold\"\n# end\n", &words, &said(Resolution::Skip)).unwrap();
        let rule = "[[rule]]\ntable = \"a.*\"\nclass = [\"conflict\", \"delete\"]\nresolution = \"skip\"\nwhy = \"asked\"\n\
                    by = \"ada\"\nat = \"2026-11-22T10:00:00Z\"\nexpect = 3\n";
        assert_eq!(text, format!("# ours\n[defaults] # all\ndelete = \"hold\"\n# end\n\n{rule}"));
        // Sections and rules may come in turns.
        let more =
            append_rule(&format!("{text}\n[tables.\"a.b\"]\ninsert = \"hold\"\n"), &words, &said(Resolution::Hold)).unwrap();
        assert_eq!(Decisions::parse(&more, FILE).unwrap().rules().len(), 2);
        assert!(append_rule("", &words, &said(Resolution::Skip)).unwrap().starts_with("# What failback does"));
    }

    #[test]
    fn what_single_columns_get_is_read_as_it_was_written_and_remembered() {
        let mut choices = Choices::default();
        choices.choose("a b", Choice::Of(crate::policy::ValueOf::Base));
        choices.choose("note", Choice::Text("it's \"so\"\n".to_owned()));
        choices.choose("gone", Choice::Null);
        let addition = Addition { choices: choices.clone(), ..said(Resolution::KeepOld) };
        let text = append_rows("# ours\n", &[(row("7"), addition)]).unwrap();
        let what = |text: &str| {
            let decisions = Decisions::parse(text, FILE).unwrap();
            decisions.picks()[0].choices.0.iter().map(|(name, one)| (name.clone(), one.choice.clone())).collect::<Vec<_>>()
        };
        assert_eq!(what(&text), choices.0.into_iter().map(|(name, one)| (name, one.choice)).collect::<Vec<_>>());
        let again = append_rows(&text, &[(row("7"), said(Resolution::Skip))]).unwrap();
        let past = Decisions::parse(&again, FILE).unwrap().history()[0].resolution.clone();
        assert_eq!(past, "keep_old, a b: base, gone: NULL, note: a text");
        assert!(again.starts_with("# ours\n") && again.contains("set_null = [\"gone\"]"), "{again}");
    }

    #[test]
    fn a_row_that_is_picked_again_is_picked_once_and_remembered() {
        let first = append_rows("", &[(row("7"), said(Resolution::Hold)), (row("8"), said(Resolution::Hold))]).unwrap();
        let again = append_rows(&first, &[(row("7"), said(Resolution::Skip))]).unwrap();
        let decisions = Decisions::parse(&again, FILE).unwrap();
        assert_eq!(decisions.picks().len(), 2);
        assert_eq!(decisions.history().len(), 1);
        assert_eq!((decisions.history()[0].class.as_str(), decisions.history()[0].resolution.as_str()), ("a.b: id 7", "hold"));
        let rows = decisions.of_rows("shop", "a.b", &[Ident::new("id")]).unwrap();
        let by = rows.by((Class::Delete, Evidence::Column), &[], Some((&["7"], "f")), |_| Some(true));
        assert!(matches!(by, By::Row(_)));
        assert_eq!(decisions.decided(&rows, Class::Delete, by).unwrap().unwrap().resolution, Resolution::Skip);
    }
}
