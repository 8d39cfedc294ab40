//! How the changes of a table are found, and what that finding covers.

use serde::{Deserialize, Serialize};

use crate::name::Ident;
use crate::words::words;

/// How the rows that NEW changed are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Rows that a transaction may have written since the cutover, plus the keys of both sides. Where it is known which
    /// transactions were over by then.
    Xid,
    /// As `xid`, but NEW's rows are looked for in those blocks alone that its write-ahead log says were changed since a mark.
    /// Only where configured, on PostgreSQL 17 or newer.
    Blocks,
    /// Rows in such blocks, and nothing else: no key is looked at. Only where configured.
    BlocksOnly,
    /// Rows stamped after the cutover, or not at all, plus the keys of both sides.
    Timestamps,
    /// Rows stamped after the cutover, or not at all, and nothing else: no key is looked at. Only where configured.
    TimestampsOnly,
    /// Every row of both sides, in key order.
    Compare,
    /// Not carried, by configuration or because it cannot be.
    Skip,
}

words!(Method {
    Xid => "xid",
    Blocks => "blocks",
    BlocksOnly => "blocks_only",
    Timestamps => "timestamps",
    TimestampsOnly => "timestamps_only",
    Compare => "compare",
    Skip => "skip",
});

impl Method {
    /// Whether it goes by the transaction ids of rows.
    #[must_use]
    pub const fn goes_by_ids(self) -> bool {
        matches!(self, Self::Xid | Self::Blocks | Self::BlocksOnly)
    }

    /// Whether it goes by which blocks were changed.
    #[must_use]
    pub const fn goes_by_blocks(self) -> bool {
        matches!(self, Self::Blocks | Self::BlocksOnly)
    }

    /// Returns the method that looks at keys beside it, which shows whether a key is one row's.
    #[must_use]
    pub const fn with_keys(self) -> Self {
        match self {
            Self::TimestampsOnly => Self::Timestamps,
            Self::BlocksOnly => Self::Blocks,
            other => other,
        }
    }
}

/// How two rows under one key are compared where whole tables are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CompareBy {
    /// Each server hashes its own rows to 64 bits, and only rows that differ are sent. Taken back to `rows` where the servers
    /// do not hash alike.
    #[default]
    Hashes,
    /// As `hashes`, but numbers that PostgreSQL calls equal are hashed alike: how many zeros one shows at its end, and the sign
    /// of zero, are not seen.
    Values,
    /// Both servers send every row.
    Rows,
}

words!(CompareBy {
    Hashes => "hashes",
    Values => "values",
    Rows => "rows",
});

/// A column that says when a row was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeColumn {
    /// The column, by OLD's name.
    pub name: Ident,
    /// How its values are to be read.
    pub kind: TimeKind,
}

/// The types that can say when a row was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeKind {
    /// `timestamp with time zone`: an instant.
    Instant,
    /// `timestamp without time zone`: a wall clock, read in the stated zone.
    WallClock,
    /// `date`: a day in the stated zone. A row of the cutover's day is in doubt.
    Day,
}

/// The columns of a table that say when a row was created and last updated; either may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeColumns {
    /// Set once, when the row is inserted.
    pub created: Option<TimeColumn>,
    /// Set by every write.
    pub updated: Option<TimeColumn>,
}

impl TimeColumns {
    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.created.is_none() && self.updated.is_none()
    }

    /// Lists those there are.
    pub fn iter(&self) -> impl Iterator<Item = &TimeColumn> {
        self.created.iter().chain(&self.updated)
    }
}

/// What is found, and what is not, of each sort of change that NEW can have made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Rows that NEW inserted.
    pub insert: Covered,
    /// Rows that NEW updated.
    pub update: Covered,
    /// Rows that NEW deleted.
    pub delete: Covered,
}

/// Whether one sort of change is found, and why, or why not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "covered", rename_all = "snake_case")]
pub enum Covered {
    /// Every such change is found.
    Yes {
        /// By what.
        by: String,
    },
    /// Such changes are found as far as the table's own columns are maintained, or what a person has given is right.
    Trusted {
        /// What is trusted.
        by: String,
    },
    /// Such changes are not found.
    No {
        /// Why not.
        why: String,
    },
}

impl Covered {
    /// Returns the word for a table cell: `yes`, `trusted` or `no`.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Yes { .. } => "yes",
            Self::Trusted { .. } => "trusted",
            Self::No { .. } => "no",
        }
    }

    /// Takes back that it is certain; what is trusted already, or not found, stays what it is.
    fn trust(&mut self, by: &str) {
        if matches!(self, Self::Yes { .. }) {
            *self = Self::Trusted { by: by.to_owned() };
        }
    }
}

impl Coverage {
    /// Takes back that inserts and updates are found for certain: it is trusted that they are. What is not found stays so.
    pub fn trust(&mut self, by: &str) {
        self.insert.trust(by);
        self.update.trust(by);
    }

    /// Takes back that it is certain what a row was at the cutover: it is trusted, of every sort of change that is found.
    pub fn trust_all(&mut self, by: &str) {
        self.trust(by);
        self.delete.trust(by);
    }

    /// Takes back that deletes are found, where partitions that stand alone on NEW hide which rows were.
    pub fn doubt_deletes(&mut self, detached: &[crate::name::QualifiedName]) {
        if let Some(partition) = detached.first() {
            let why = format!("partition {partition} is detached on NEW: a row that is missing there may live on in it");
            self.delete = Covered::No { why };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trust_makes_no_more_of_what_is_not_found() {
        let (yes, no) = (|| Covered::Yes { by: "ids".to_owned() }, Covered::No { why: "keys are not compared".to_owned() });
        let column = Covered::Trusted { by: "a column".to_owned() };
        let mut found = Coverage { insert: yes(), update: column.clone(), delete: no.clone() };
        found.trust_all("a baseline");
        let trusted = Covered::Trusted { by: "a baseline".to_owned() };
        assert_eq!(found, Coverage { insert: trusted.clone(), update: column, delete: no });
        let mut found = Coverage { insert: yes(), update: yes(), delete: yes() };
        found.trust("a horizon by hand");
        assert_eq!(found.delete, yes());
        found.trust_all("a baseline");
        assert_eq!(found.delete, trusted);
    }
}
