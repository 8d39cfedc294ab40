//! NEW's definition of a table in OLD's words, where the migration renamed something.

use std::collections::BTreeMap;
use std::fmt;

use super::Table;
use crate::name::{Ident, Side};

/// Which of NEW's columns answers to which of OLD's: OLD's name to NEW's. Columns that are not listed keep their name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Renaming(BTreeMap<Ident, Ident>);

/// Why a renaming does not fit two tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RenamingProblem {
    /// A side has no such column.
    Missing {
        /// The column, by OLD's name.
        column: Ident,
        /// On which the column does not exist.
        side: Side,
    },
    /// Two of OLD's columns would be one of NEW's.
    Twice {
        /// NEW's column.
        column: Ident,
    },
}

impl fmt::Display for RenamingProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { column, side } => write!(f, "`renamed` names column {column}, which {side} does not have"),
            Self::Twice { column } => write!(f, "`renamed` would read NEW's column {column} into two columns of OLD"),
        }
    }
}

impl Renaming {
    /// Takes pairs of OLD's and NEW's name.
    pub fn new(pairs: impl IntoIterator<Item = (Ident, Ident)>) -> Self {
        Self(pairs.into_iter().filter(|(old, new)| old != new).collect())
    }

    /// Returns NEW's name of a column of OLD.
    #[must_use]
    pub fn on_new<'a>(&'a self, old: &'a Ident) -> &'a Ident {
        self.0.get(old).unwrap_or(old)
    }

    /// Lists the pairs.
    pub fn iter(&self) -> impl Iterator<Item = (&Ident, &Ident)> {
        self.0.iter()
    }

    /// Returns NEW's table with OLD's column names, in columns and unique indexes.
    ///
    /// # Errors
    /// If a side lacks a column that is named, or a column of NEW would be read twice.
    pub fn translate(&self, old: &Table, new: &Table) -> Result<Table, RenamingProblem> {
        let missing = |column: &Ident, side| RenamingProblem::Missing { column: column.clone(), side };
        let mut words = BTreeMap::new();
        for (on_old, on_new) in &self.0 {
            old.column(on_old).ok_or_else(|| missing(on_old, Side::Old))?;
            new.column(on_new).ok_or_else(|| missing(on_new, Side::New))?;
            let is_taken = new.column(on_old).is_some_and(|_| !self.frees(on_old));
            if words.insert(on_new.clone(), on_old.clone()).is_some() || is_taken {
                return Err(RenamingProblem::Twice { column: on_new.clone() });
            }
        }
        let word = |name: &Ident| words.get(name).unwrap_or(name).clone();
        let mut translated = new.clone();
        for column in &mut translated.columns {
            column.name = word(&column.name);
        }
        for index in &mut translated.unique_indexes {
            index.columns = index.columns.iter().map(word).collect();
        }
        Ok(translated)
    }

    /// Whether NEW's column of that name answers to another column of OLD.
    fn frees(&self, name: &Ident) -> bool {
        self.0.values().any(|on_new| on_new == name)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{PgType, sample};
    use super::*;

    fn table(names: &[&str]) -> Table {
        sample::table(names.iter().map(|name| sample::column(name, PgType::builtin("int4", -1))).collect())
    }

    fn renaming(pairs: &[(&str, &str)]) -> Renaming {
        Renaming::new(pairs.iter().map(|(old, new)| (Ident::new(*old), Ident::new(*new))))
    }

    fn names(table: &Table) -> Vec<&str> {
        table.columns.iter().map(|column| column.name.as_str()).collect()
    }

    #[test]
    fn new_speaks_olds_words() {
        let (old, new) = (table(&["id", "total", "note"]), table(&["id", "amount", "note"]));
        let found = renaming(&[("total", "amount")]).translate(&old, &new).expect("both have their column");
        assert_eq!(names(&found), ["id", "total", "note"]);
        let swapped = renaming(&[("total", "note"), ("note", "total")]).translate(&old, &old).expect("a swap is no clash");
        assert_eq!(names(&swapped), ["id", "note", "total"]);
    }

    #[test]
    fn a_renaming_that_does_not_fit_is_refused() {
        let (old, new) = (table(&["id", "total"]), table(&["id", "amount", "total"]));
        let missing = renaming(&[("total", "sum")]).translate(&old, &new).expect_err("NEW has no such column");
        assert_eq!(missing.to_string(), "`renamed` names column sum, which NEW does not have");
        let missing = renaming(&[("sum", "amount")]).translate(&old, &new).expect_err("OLD has no such column");
        assert_eq!(missing.to_string(), "`renamed` names column sum, which OLD does not have");
        let twice = renaming(&[("total", "amount")]).translate(&old, &new).expect_err("NEW's own total would vanish");
        assert!(matches!(twice, RenamingProblem::Twice { .. }), "{twice}");
    }
}
