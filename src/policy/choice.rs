//! What single columns of a row get, where that is not its side's value: `columns`, `set`, `set_null` and `compute` of a pick
//! or a rule.

use std::collections::BTreeMap;
use std::fmt;

use toml_edit::{Array, InlineTable, Item, Table, Value};

use super::Resolution;
use super::keys::{Entry, Section, spell};
use crate::delta::Class;
use crate::error::Result;
use crate::words::words;

/// Whose value a column gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ValueOf {
    /// OLD's.
    Old,
    /// NEW's.
    New,
    /// The one at the cutover.
    Base,
}

words!(ValueOf {
    Old => "old",
    New => "new",
    Base => "base",
});

/// What a column gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The value of one image of the row.
    Of(ValueOf),
    /// What OLD's server reads out of a text.
    Text(String),
    /// NULL.
    Null,
    /// What both sides did to a number since the cutover: OLD's value, and the difference that NEW made to it.
    Delta,
    /// What OLD's server says of an expression over `old.*`, `new.*` and `base.*`.
    Sql(String),
}

/// The word of [`Choice::Delta`], beside those of the sides.
pub(super) const DELTA: &str = "delta";

/// What one column gets, and where that is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// What it gets.
    pub choice: Choice,
    /// Where it stands, as `decisions.toml:12:8`; nothing where it was not read from a file.
    pub place: String,
}

/// What single columns of a row get, by their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices(pub BTreeMap<String, Chosen>);

/// The keys of the file that say it.
pub(super) const CHOICES: [&str; 4] = ["columns", "set", "set_null", "compute"];

impl Choice {
    /// Reads the word for whose value a column gets; the error is a sentence.
    ///
    /// # Errors
    /// The sentence.
    pub fn named(word: &str) -> Result<Self, String> {
        if word == DELTA {
            return Ok(Self::Delta);
        }
        word.parse().map(Self::Of).map_err(|_| format!("`{word}` is no side; use old, new, base or delta"))
    }
}

impl Choices {
    /// Whether every column is its side's.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether others give the same to the same columns, wherever either stands.
    #[must_use]
    pub fn says_as(&self, other: &Self) -> bool {
        self.meaning() == other.meaning()
    }

    /// Adds what a column gets, in the place of what it got.
    pub fn choose(&mut self, column: impl Into<String>, choice: Choice) {
        self.0.insert(column.into(), Chosen { choice, place: String::new() });
    }

    /// Reads them from a pick or a rule whose resolution was read.
    pub(super) fn read(section: &Section<'_>, resolution: Resolution) -> Result<Self> {
        let mut choices = Self::default();
        let mut add = |entry: &Entry<'_>, column: &str, choice: Choice| {
            if let Some(other) = choices.0.get(column) {
                return Err(entry.key_error(format!("`{}` gets a value twice; also at {}", spell(column), other.place)));
            }
            choices.0.insert(column.to_owned(), Chosen { choice, place: entry.place() });
            Ok(())
        };
        if let Some(columns) = section.entry("columns") {
            for entry in columns.section()?.entries() {
                let choice = Choice::named(entry.text()?).map_err(|cause| entry.value_error(cause))?;
                add(&entry, entry.key(), choice)?;
            }
        }
        if let Some(set) = section.entry("set") {
            for entry in set.section()?.entries() {
                add(&entry, entry.key(), Choice::Text(text(&entry)?))?;
            }
        }
        if let Some(nulls) = section.entry("set_null") {
            for column in nulls.texts()? {
                add(&nulls, &column, Choice::Null)?;
            }
        }
        if let Some(compute) = section.entry("compute") {
            for entry in compute.section()?.entries() {
                add(&entry, entry.key(), Choice::Sql(text(&entry)?))?;
            }
        }
        if let Some(entry) = CHOICES.iter().find_map(|key| section.entry(key)) {
            expect_side(entry.key(), resolution).map_err(|cause| entry.key_error(cause))?;
        }
        Ok(choices)
    }

    /// Checks that they make sense for rows of a class; the error is a sentence.
    ///
    /// # Errors
    /// The sentence.
    pub fn check(&self, class: Class, resolution: Resolution) -> Result<(), String> {
        let asks_old = self.0.values().any(|chosen| matches!(chosen.choice, Choice::Of(ValueOf::Old) | Choice::Delta));
        match class {
            _ if self.is_empty() => Ok(()),
            Class::Update | Class::AmbiguousDiffers | Class::Drift | Class::InsertExists | Class::UpdateOriginDiffers => Ok(()),
            Class::Insert
            | Class::AmbiguousMissingOnOld
            | Class::AmbiguousDeletedOnOld
            | Class::UpdateDeleted
            | Class::UpdateMissing
                if resolution == Resolution::ApplyNew && !asks_old =>
            {
                Ok(())
            }
            _ if asks_old => Err(format!("OLD has no row of `{class}` whose value a column could get")),
            _ => Err(format!("with {resolution} there is no row of `{class}` whose columns could be chosen")),
        }
    }

    /// Writes them into a pick, a rule, or a decision of before.
    pub(super) fn write(&self, table: &mut Table) {
        let (mut sides, mut texts, mut nulls) = (InlineTable::new(), InlineTable::new(), Array::new());
        let mut computed = InlineTable::new();
        for (column, chosen) in &self.0 {
            match &chosen.choice {
                Choice::Of(of) => drop(sides.insert(column, of.word().into())),
                Choice::Text(text) => drop(texts.insert(column, text.as_str().into())),
                Choice::Null => nulls.push(column.as_str()),
                Choice::Delta => drop(sides.insert(column, DELTA.into())),
                Choice::Sql(sql) => drop(computed.insert(column, sql.as_str().into())),
            }
        }
        for (key, columns) in [("columns", sides), ("set", texts), ("compute", computed)] {
            if !columns.is_empty() {
                table.insert(key, Item::Value(Value::InlineTable(columns)));
            }
        }
        if !nulls.is_empty() {
            table.insert("set_null", toml_edit::value(nulls));
        }
    }

    /// Spells them for the digest of what decisions mean.
    pub(super) fn meaning(&self) -> String {
        let of = |(column, chosen): (&String, &Chosen)| {
            let value = match &chosen.choice {
                Choice::Of(of) => of.word().to_owned(),
                Choice::Text(text) => format!("={}", spell(&format!("'{text}"))),
                Choice::Null => "null".to_owned(),
                Choice::Delta => DELTA.to_owned(),
                Choice::Sql(sql) => format!("sql={}", spell(&format!("'{sql}"))),
            };
            format!(" {}:{value}", spell(column))
        };
        self.0.iter().map(of).collect()
    }
}

/// For people: which columns get what. Texts are not shown: a column may be masked.
impl fmt::Display for Choices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (column, chosen)) in self.0.iter().enumerate() {
            let what = match &chosen.choice {
                Choice::Of(of) => of.word(),
                Choice::Text(_) => "a text",
                Choice::Null => "NULL",
                Choice::Delta => "OLD's and the difference that NEW made",
                Choice::Sql(_) => "computed",
            };
            write!(f, "{}{column}: {what}", if number > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

fn text(entry: &Entry<'_>) -> Result<String> {
    let text = match entry.value() {
        Some(Value::String(text)) => text.value().clone(),
        Some(Value::Integer(number)) => number.value().to_string(),
        _ => return Err(entry.wants("a text or a whole number")),
    };
    expect_text(&text).map_err(|cause| entry.value_error(cause))?;
    Ok(text)
}

/// Expects a text that a value of PostgreSQL's can have.
pub(super) fn expect_text(text: &str) -> Result<(), String> {
    if text.contains('\0') { Err("no value of PostgreSQL's holds a null character".to_owned()) } else { Ok(()) }
}

/// Expects a resolution that says whose values all columns are of which nothing is said.
pub(super) fn expect_side(key: &str, resolution: Resolution) -> Result<(), String> {
    if resolution.says_the_rest() {
        return Ok(());
    }
    Err(format!("`{key}` goes with apply_new, keep_old, column_merge or coalesce, which say what all other columns get"))
}

/// What is to be done with a row, for people: `apply_new, status: old`.
pub(super) fn said(resolution: Resolution, choices: &Choices) -> String {
    if choices.is_empty() { resolution.word().to_owned() } else { format!("{resolution}, {choices}") }
}

#[cfg(test)]
mod tests {
    use super::super::Decisions;
    use super::*;

    const PICK: &str = "[[row]]\ntable = \"a.b\"\nkey = { id = 7 }\nresolution = \"apply_new\"\n";

    fn pick(more: &str) -> Result<Choices> {
        Decisions::parse(&format!("{PICK}{more}"), "d.toml").map(|decisions| decisions.picks()[0].choices.clone())
    }

    #[test]
    fn null_is_no_text_and_a_number_is_one() {
        let choices =
            pick("columns = { a = \"old\", b = \"base\" }\nset = { c = \"\", d = 12, e = \"NULL\" }\nset_null = \"f\"\n");
        let choices = choices.unwrap();
        let of = |column: &str| choices.0[column].choice.clone();
        assert_eq!((of("a"), of("b")), (Choice::Of(ValueOf::Old), Choice::Of(ValueOf::Base)));
        assert_eq!((of("c"), of("d")), (Choice::Text(String::new()), Choice::Text("12".to_owned())));
        assert_eq!((of("e"), of("f")), (Choice::Text("NULL".to_owned()), Choice::Null));
        assert_eq!(choices.to_string(), "a: old, b: base, c: a text, d: a text, e: a text, f: NULL");
        assert_eq!((choices.0["d"].place.as_str(), choices.0["f"].place.as_str()), ("d.toml:6:17", "d.toml:7:1"));
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let cases = [
            ("columns = { a = \"mine\" }", "5:17", "`mine` is no side; use old, new, base or delta"),
            ("columns = { a = \"old\" }\nset = { a = \"1\" }", "6:9", "`a` gets a value twice; also at d.toml:5:13"),
            ("set = { a = 1.5 }", "5:13", "`a` must be a text or a whole number; found a float"),
            ("set = { a = \"\\u0000\" }", "5:13", "no value of PostgreSQL's holds a null character"),
        ];
        for (more, place, cause) in cases {
            let found = format!("{:?}", pick(more).unwrap_err());
            assert_eq!(found, format!("Config: read the decisions (d.toml:{place}); {cause}"), "{more}");
        }
        let held = PICK.replace("apply_new", "hold") + "set_null = [\"a\"]\n";
        let found = format!("{:?}", Decisions::parse(&held, "d.toml").unwrap_err());
        assert!(found.contains("(d.toml:5:1); `set_null` goes with apply_new, keep_old, column_merge or coalesce"), "{found}");
    }

    #[test]
    fn they_are_part_of_what_decisions_mean() {
        let digest = |more: &str| Decisions::parse(&format!("{PICK}{more}"), "d.toml").unwrap().digest();
        let computed = "compute = { a = \"old\" }";
        let all = [
            computed,
            "columns = { a = \"delta\" }",
            "",
            "columns = { a = \"old\" }",
            "set = { a = \"old\" }",
            "set = { a = \"null\" }",
            "set_null = [\"a\"]",
        ];
        let digests: std::collections::BTreeSet<_> = all.map(digest).into_iter().collect();
        assert_eq!(digests.len(), all.len());
        assert_eq!(digest("set = { a = \"1\", b = \"2\" }"), digest("set = { b = \"2\", a = 1 }"));
    }
}
