//! What OLD's server said of the conditions of rules, row by row: whoever looks at a run without the server goes by its word.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::DiffIndex;
use super::index_file::{FORMAT_VERSION, read_json, write_json};
use super::layout::{self, TableId};
use crate::error::Result;
use crate::store::Store;

/// What OLD's server said of conditions, about the rows of one diff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answers {
    /// See [`super::FORMAT_VERSION`].
    pub format_version: u32,
    /// The digest that the diff bears whose rows were asked about: of another's they say nothing.
    pub diff_blake3: String,
    /// One record a condition and table.
    pub conditions: Vec<Answer>,
}

/// What the server said of one condition about the rows of one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The database's name, the same on both sides.
    pub database: String,
    /// The table.
    pub table: TableId,
    /// The condition, as it was written.
    pub when: String,
    /// When it was asked, RFC 3339 in UTC.
    pub asked_at: String,
    /// The rows in the diff's order.
    pub rows: AnsweredRows,
}

/// Of each row whether it meets a condition; nothing where that was not asked. As a text, how many one behind the other met it
/// (`+`), did not (`-`), or were not asked (`?`): `12-3+`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnsweredRows(pub Vec<Option<bool>>);

impl Answers {
    /// Writes down what was said of a diff's rows, in the place of what was said before.
    ///
    /// # Errors
    /// As [`DiffIndex::read`]; `Storage` where the file cannot be written.
    pub fn write(store: &dyn Store, conditions: Vec<Answer>) -> Result<()> {
        let diff_blake3 = DiffIndex::read(store)?.own_blake3().to_owned();
        let answers = Self { format_version: FORMAT_VERSION, diff_blake3, conditions };
        write_json(store, layout::ANSWERS, &answers).map(drop)
    }

    /// Reads what was said of the rows of a run's diff: nothing where there is no such file, or it is about another diff.
    ///
    /// # Errors
    /// As [`DiffIndex::read`]; `Damaged` where the file is not what was written.
    pub fn read(store: &dyn Store) -> Result<Vec<Answer>> {
        if !store.exists(layout::ANSWERS)? {
            return Ok(Vec::new());
        }
        let answers = read_json::<Self>(store, layout::ANSWERS, "failback plan")?.into_content();
        let is_of_this = DiffIndex::read(store)?.own_blake3() == answers.diff_blake3;
        Ok(if is_of_this { answers.conditions } else { Vec::new() })
    }
}

impl Serialize for AnsweredRows {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let runs = self.0.chunk_by(|one, next| one == next);
        let of = |run: &[Option<bool>]| {
            let sign = match run.first() {
                Some(Some(true)) => '+',
                Some(Some(false)) => '-',
                _ => '?',
            };
            format!("{}{sign}", run.len())
        };
        serializer.serialize_str(&runs.map(of).collect::<String>())
    }
}

impl<'de> Deserialize<'de> for AnsweredRows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut rows = Vec::new();
        for run in text.split_inclusive(['+', '-', '?']) {
            let (count, sign) = run.split_at(run.len() - run.chars().next_back().map_or(0, char::len_utf8));
            let said = match sign {
                "+" => Some(true),
                "-" => Some(false),
                "?" => None,
                _ => return Err(serde::de::Error::custom("rows are counted, and said to be +, - or ?")),
            };
            let count: u32 = count.parse().map_err(serde::de::Error::custom)?;
            rows.resize(rows.len() + count as usize, said);
        }
        Ok(Self(rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_of_rows_is_read_as_it_was_written() {
        let said = [vec![Some(false); 12], vec![Some(true)], vec![None; 300], vec![Some(true); 2]].concat();
        let text = serde_json::to_string(&AnsweredRows(said.clone())).unwrap();
        assert_eq!(text, "\"12-1+300?2+\"");
        assert_eq!(serde_json::from_str::<AnsweredRows>(&text).unwrap().0, said);
        assert_eq!(serde_json::from_str::<AnsweredRows>("\"\"").unwrap().0, []);
        for wrong in ["\"12\"", "\"+\"", "\"1é\"", "\"-1+\"", "\"1x\""] {
            assert!(serde_json::from_str::<AnsweredRows>(wrong).is_err(), "{wrong}");
        }
    }
}
