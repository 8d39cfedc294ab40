//! What no two rows of a table may share: unique indexes and exclusion constraints, as rows are held against each other.

use serde::{Deserialize, Serialize};

use super::{ComparisonKey, Table};
use crate::name::Ident;

/// A unique index or an exclusion constraint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exclusive {
    /// The index's name, which is also that of its constraint.
    pub name: Ident,
    /// What is compared; two rows clash where all of it holds. Empty where the server does not say how.
    pub parts: Vec<ExclusivePart>,
    /// Which rows it is about, on bare column names; for an index that only one partition has, the rows that belong there.
    pub predicate: Option<String>,
    /// Whether it can be checked at the end of a statement or transaction, by a trigger that stays quiet under the replica
    /// role.
    pub deferrable: bool,
    /// Whether it is an exclusion constraint.
    pub overlap: bool,
    /// Whether NULLs count as equal (`NULLS NOT DISTINCT`, PostgreSQL 15).
    pub nulls_not_distinct: bool,
    /// Every column that a row's place in it depends on.
    pub uses: Vec<Ident>,
}

/// One comparison of an [`Exclusive`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExclusivePart {
    /// What is compared, on bare column names, ready for SQL.
    pub expression: String,
    /// The operator, ready for SQL.
    pub operator: String,
}

impl Exclusive {
    /// Whether a row with another key can break it: not where it is the comparison key itself, in types that tell values apart
    /// as their texts do.
    #[must_use]
    pub fn can_clash(&self, table: &Table, key: &ComparisonKey) -> bool {
        let names = key.names();
        let plain = |part: &ExclusivePart| names.iter().any(|name| part.expression == plain_name(name));
        let is_key = self.predicate.is_none() && self.parts.len() == names.len() && self.parts.iter().all(plain);
        let alike = |name: &Ident| table.column(name).is_some_and(super::Column::equal_prints_alike);
        !(is_key && !self.overlap && names.iter().all(alike))
    }

    /// Returns what is compared, for people.
    #[must_use]
    pub fn words(&self) -> String {
        self.parts.iter().map(|part| part.expression.as_str()).collect::<Vec<_>>().join(", ")
    }
}

/// A column as the server prints it: quoted only where it must be.
fn plain_name(name: &Ident) -> String {
    let bare = name.as_str().starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
        && name.as_str().chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
    if bare { name.as_str().to_owned() } else { name.sql() }
}
