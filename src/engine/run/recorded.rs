//! What OLD's ledger says of one table, as it stands there in JSON: how many rows were written, in which files they lay after a
//! merge, and which rows of the plan an undo left. An earlier failback reads the counts and passes over the rest.

use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind};
use crate::pg::ServerIdentity;
use crate::staging::Written;
use crate::staging::layout::TableId;

/// What is recorded of one table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Recorded {
    #[serde(flatten)]
    pub(crate) written: Written,
    /// Which table of the plan it is, where more is said of it than counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) table: Option<TableId>,
    /// The rows of its diff that an undo left as the merge wrote them, or as others did since; of a live merge's batch, the
    /// rows that it wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) left: Option<RowNumbers>,
    /// Each relation that held its rows after the merge, and the file in which it did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) files: Vec<(u32, u32)>,
    /// After a merge: the NEW whose rows they are, value by value. Nothing where a trigger fired, or an action of a foreign key
    /// could.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<NewServer>,
}

/// What tells one NEW from another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NewServer {
    system_identifier: String,
    timeline: u32,
    database_oid: u32,
}

impl NewServer {
    /// Returns it, as far as the server says it.
    pub(crate) fn of(new: &ServerIdentity) -> Option<Self> {
        let system_identifier = new.system_identifier.clone()?;
        Some(Self { system_identifier, timeline: new.timeline?, database_oid: new.database_oid })
    }
}

/// Returns how many rows were written to each table.
pub(super) fn counts(tables: Vec<(String, Recorded)>) -> Vec<(String, Written)> {
    let counts = tables.into_iter().filter(|(_, one)| one.left.is_none());
    counts.map(|(name, one)| (name, one.written)).collect()
}

/// Reads what was recorded of each table.
pub(super) fn recorded(text: &str) -> crate::error::Result<Vec<(String, Recorded)>> {
    let tables = serde_json::from_str(text);
    tables.map_err(|error| Error::new(ErrorKind::Malformed, "read the ledger on OLD").because(error.to_string()))
}

/// Rows of a diff by their positions, in ranges: `0-5,7`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) struct RowNumbers(Vec<(usize, usize)>);

impl RowNumbers {
    /// How many there are.
    pub(crate) fn len(&self) -> u64 {
        self.0.iter().map(|(first, last)| (last - first + 1) as u64).sum()
    }

    /// Lists them, in ascending order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> {
        self.0.iter().flat_map(|(first, last)| *first..=*last)
    }

    /// Whether a row is among them.
    pub(crate) fn has(&self, row: usize) -> bool {
        let behind = self.0.partition_point(|(first, _)| *first <= row);
        behind > 0 && row <= self.0[behind - 1].1
    }
}

impl FromIterator<usize> for RowNumbers {
    /// Takes positions in ascending order.
    fn from_iter<I: IntoIterator<Item = usize>>(rows: I) -> Self {
        let mut ranges: Vec<(usize, usize)> = Vec::new();
        for row in rows {
            match ranges.last_mut() {
                Some((_, last)) if *last + 1 == row => *last = row,
                _ => ranges.push((row, row)),
            }
        }
        Self(ranges)
    }
}

impl From<RowNumbers> for String {
    fn from(rows: RowNumbers) -> Self {
        let mut text = Self::new();
        for (first, last) in rows.0 {
            let glue = if text.is_empty() { "" } else { "," };
            let _ = if first == last { write!(text, "{glue}{first}") } else { write!(text, "{glue}{first}-{last}") };
        }
        text
    }
}

/// The text is no list of rows.
#[derive(Debug)]
pub(crate) struct NoRowNumbers;

impl fmt::Display for NoRowNumbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a list of rows such as 0-5,7")
    }
}

impl TryFrom<String> for RowNumbers {
    type Error = NoRowNumbers;

    fn try_from(text: String) -> Result<Self, NoRowNumbers> {
        let mut ranges: Vec<(usize, usize)> = Vec::new();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let number = |text: &str| text.parse::<usize>().map_err(|_| NoRowNumbers);
            let range = (number(first)?, number(last)?);
            if range.1 < range.0 || ranges.last().is_some_and(|before| before.1 >= range.0) {
                return Err(NoRowNumbers);
            }
            ranges.push(range);
        }
        Ok(Self(ranges))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_written_in_ranges_and_read_again() {
        let rows: RowNumbers = [0, 1, 2, 7, 9, 10].into_iter().collect();
        assert_eq!(String::from(rows.clone()), "0-2,7,9-10");
        assert_eq!(RowNumbers::try_from("0-2,7,9-10".to_owned()).expect("rows"), rows);
        assert_eq!(rows.len(), 6);
        let had: Vec<_> = (0..12).filter(|row| rows.has(*row)).collect();
        assert_eq!(had, [0, 1, 2, 7, 9, 10]);
        for wrong in ["x", "3-1", "4,4", "1-"] {
            assert!(RowNumbers::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_recorded_is_read_by_whoever_knows_counts_alone() {
        let left = Some([3].into_iter().collect());
        let recorded = Recorded { table: Some(TableId::nth(0)), left, files: vec![(5, 6)], ..Recorded::default() };
        let text = serde_json::to_string(&recorded).expect("JSON");
        assert_eq!(text, r#"{"inserted":0,"updated":0,"deleted":0,"table":"t0001","left":"3","files":[[5,6]]}"#);
        assert_eq!(serde_json::from_str::<Recorded>(&text).expect("what was written"), recorded);
        assert_eq!(serde_json::from_str::<Written>(&text).expect("counts"), Written::default());
        let counts = r#"{"inserted":1,"updated":0,"deleted":0}"#;
        assert_eq!(serde_json::from_str::<Recorded>(counts).expect("an earlier failback's").written.inserted, 1);
    }
}
