//! Writes the history of `decisions.toml`: each decision that a later one replaces, with its own signature.

use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, TableLike, Value};

use super::RowPick;
use super::decision::{SIGNATURE, Signature};

/// Returns a decision that is about to be replaced, as a table of the history; `None` where there is none under this key.
///
/// `what` stands under its name in a decision with a signature of its own: the resolution, or the evidence.
pub(super) fn past(section: &dyn TableLike, (name, what): (&str, &str), key: &str, until: &str) -> Option<Table> {
    let decision = section.get(key)?;
    // A bare one is signed by its section.
    let (said, signature) = match decision.as_table_like() {
        Some(own) => (own.get(what)?, own),
        None => (decision, section),
    };
    let mut past = Table::new();
    past.insert("section", toml_edit::value(name));
    past.insert("class", toml_edit::value(key));
    past.insert(what, plain(said)?);
    for key in SIGNATURE {
        if let Some(value) = signature.get(key).and_then(plain) {
            past.insert(key, value);
        }
    }
    past.insert("until", toml_edit::value(until));
    Some(past)
}

/// Returns a pick of a row that is about to be replaced, as a table of the history.
pub(super) fn past_pick(pick: &RowPick, until: &str) -> Table {
    let mut past = Table::new();
    past.insert("section", toml_edit::value("[[row]]"));
    past.insert("class", toml_edit::value(pick.title()));
    past.insert("resolution", toml_edit::value(pick.resolution.word()));
    pick.choices.write(&mut past);
    let Signature { why, by, at } = &pick.signature;
    for (key, value) in SIGNATURE.into_iter().zip([why, by, at]) {
        if let Some(value) = value {
            past.insert(key, toml_edit::value(value));
        }
    }
    past.insert("until", toml_edit::value(until));
    past
}

/// The value alone, without the comments and spaces around it.
fn plain(item: &Item) -> Option<Item> {
    let mut value: Value = item.as_value()?.clone();
    value.decor_mut().clear();
    Some(Item::Value(value))
}

/// Adds to the end of the text, behind whatever stands there.
pub(super) fn append(text: String, past: Vec<Table>) -> String {
    if past.is_empty() {
        return text;
    }
    let mut tables = ArrayOfTables::new();
    for one in past {
        tables.push(one);
    }
    let mut document = DocumentMut::new();
    document.insert("history", Item::ArrayOfTables(tables));
    format!("{}\n\n{document}", text.trim_end())
}
