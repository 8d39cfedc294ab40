//! `[[row]]`: a decision about one row by its key. Nothing is stronger.

use std::collections::BTreeMap;

use toml_edit::Value;

use super::decision::Signature;
use super::keys::{Entry, Section};
use super::{Choices, Resolution, choice, rule};
use crate::error::Result;

/// A row: its database, if one is named, its table, and its key.
pub(super) type Row = (Option<String>, String, BTreeMap<String, String>);

/// A decision about one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowPick {
    /// Where it stands, as `decisions.toml:12:1`.
    pub place: String,
    /// In this database only.
    pub database: Option<String>,
    /// The table as [`crate::name::QualifiedName`] prints it.
    pub table: String,
    /// The key's columns with their values, as the server prints them.
    pub key: BTreeMap<String, String>,
    /// What is to be done with the row.
    pub resolution: Resolution,
    /// What single columns get, where that is not what the resolution says.
    pub choices: Choices,
    /// What the row was when it was picked, as the diff's rows are told apart; nothing where a person wrote the pick.
    pub fingerprint: Option<String>,
    /// Who said so, when and why.
    pub signature: Signature,
}

impl RowPick {
    /// Reads the file's row picks, in its order.
    pub(super) fn read_all(root: &Section<'_>) -> Result<Vec<Self>> {
        let Some(entry) = root.entry("row") else { return Ok(Vec::new()) };
        let mut known: BTreeMap<Row, String> = BTreeMap::new();
        let mut picks = Vec::new();
        for section in &entry.sections()? {
            let (pick, at) = Self::read(&entry, section)?;
            if let Some(other) = known.insert(pick.row(), pick.place.clone()) {
                return Err(at.key_error(format!("the row is picked twice; also at {other}")));
            }
            picks.push(pick);
        }
        Ok(picks)
    }

    fn read<'a>(all: &Entry<'a>, section: &Section<'a>) -> Result<(Self, Entry<'a>)> {
        section.check(&[
            "database",
            "table",
            "key",
            "resolution",
            "columns",
            "set",
            "set_null",
            "compute",
            "fingerprint",
            "why",
            "by",
            "at",
        ])?;
        let wanted = |key: &str| {
            section.entry(key).ok_or_else(|| {
                let first = section.entries().next();
                first.as_ref().unwrap_or(all).key_error(format!("a row has no `{key}`"))
            })
        };
        let (table, key, said) = (wanted("table")?, wanted("key")?, wanted("resolution")?);
        let resolution = rule::resolution(&said)?;
        let choices = Choices::read(section, resolution)?;
        let pick = Self {
            place: said.place(),
            database: section.text("database")?,
            table: table.text()?.to_owned(),
            key: key.section()?.entries().map(|entry| Ok((entry.key().to_owned(), value(&entry)?))).collect::<Result<_>>()?,
            resolution,
            choices,
            fingerprint: section.text("fingerprint")?,
            signature: Signature::read(section)?,
        };
        if pick.key.is_empty() {
            return Err(key.value_error("`key` names no column"));
        }
        Ok((pick, said))
    }

    /// Which row it is.
    pub(super) fn row(&self) -> Row {
        (self.database.clone(), self.table.clone(), self.key.clone())
    }

    /// Names the row for people, in the order of its columns' names.
    #[must_use]
    pub fn title(&self) -> String {
        let key: Vec<_> = self.key.iter().map(|(name, value)| format!("{name} {value}")).collect();
        format!("{}: {}", self.table, key.join(", "))
    }

    /// Says what is to be done with it, for people.
    #[must_use]
    pub fn said(&self) -> String {
        choice::said(self.resolution, &self.choices)
    }
}

fn value(entry: &Entry<'_>) -> Result<String> {
    match entry.value() {
        Some(Value::String(text)) => Ok(text.value().clone()),
        Some(Value::Integer(number)) => Ok(number.value().to_string()),
        _ => Err(entry.wants("a text or a whole number")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Decisions;
    use super::*;

    #[test]
    fn a_row_is_picked_by_its_key() {
        let text = "[[row]]\ntable = \"a.b\"\nkey = { id = 7, code = \"x, y\" }\nresolution = \"skip\"\nwhy = \"asked\"\n";
        let decisions = Decisions::parse(text, "decisions.toml").unwrap();
        let [pick] = decisions.picks() else { panic!("one row") };
        assert_eq!(pick.title(), "a.b: code x, y, id 7");
        assert_eq!((pick.resolution, pick.place.as_str()), (Resolution::Skip, "decisions.toml:4:1"));
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let one = "[[row]]\ntable = \"a.b\"\nkey = { id = 7 }\nresolution = \"hold\"\n";
        let cases = [
            (one.replace("key", "kye"), "3:1", "unknown key `kye` in [row]; did you mean `key`?".to_owned()),
            (one.replace("table = \"a.b\"\n", ""), "2:1", "a row has no `table`".to_owned()),
            (one.replace("id = 7", ""), "3:7", "`key` names no column".to_owned()),
            (one.replace('7', "7.5"), "3:14", "`id` must be a text or a whole number; found a float".to_owned()),
            (format!("{one}{one}"), "8:1", "the row is picked twice; also at decisions.toml:4:1".to_owned()),
        ];
        for (text, place, cause) in cases {
            let found = format!("{:?}", Decisions::parse(&text, "decisions.toml").unwrap_err());
            assert_eq!(found, format!("Config: read the decisions (decisions.toml:{place}); {cause}"), "{text}");
        }
    }
}
