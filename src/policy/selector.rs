//! Which rows of a diff are meant: by table, class, evidence and changed columns.

use super::{Glob, Setting, read_evidence};
use crate::delta::{Class, Evidence};
use crate::error::Error;

/// Which rows of a diff are meant. What is empty means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    /// In these databases.
    pub databases: Vec<String>,
    /// Of these tables, as [`crate::name::QualifiedName`] prints them.
    pub tables: Vec<Glob>,
    /// Of these classes.
    pub classes: Vec<Class>,
    /// Whose class rests on one of these.
    pub evidence: Vec<Evidence>,
    /// Whose sides differ in one of these columns, where both have the row.
    pub changed: Vec<Glob>,
}

/// Which rows are meant, in the words of a file or a command line. What is empty means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SelectorWords {
    /// Databases.
    pub databases: Vec<String>,
    /// Tables, or globs of them.
    pub tables: Vec<String>,
    /// Classes, or what stands for several.
    pub classes: Vec<String>,
    /// Kinds of evidence.
    pub evidence: Vec<String>,
    /// Columns, or globs of them.
    pub changed: Vec<String>,
}

impl SelectorWords {
    /// Reads the words; the error is a sentence.
    pub fn read(&self) -> Result<Selector, String> {
        let globs = |names: &[String]| names.iter().map(Glob::new).collect();
        Ok(Selector {
            databases: self.databases.clone(),
            tables: globs(&self.tables),
            classes: read_classes(&self.classes)?,
            evidence: self.evidence.iter().map(|word| read_evidence(word)).collect::<Result<_, _>>()?,
            changed: globs(&self.changed),
        })
    }
}

/// Reads classes, or what stands for several; the error is a sentence.
pub(super) fn read_classes(words: &[String]) -> Result<Vec<Class>, String> {
    let mut classes = Vec::new();
    for word in words {
        let setting: Setting = word.parse().map_err(|error: Error| error.causes().join("; "))?;
        classes.extend_from_slice(setting.classes());
    }
    Ok(classes)
}

impl Selector {
    /// Whether rows of a table are meant.
    #[must_use]
    pub fn means_table(&self, database: &str, table: &str) -> bool {
        let is_here = self.databases.is_empty() || self.databases.iter().any(|name| name == database);
        is_here && (self.tables.is_empty() || self.tables.iter().any(|glob| glob.matches(table)))
    }

    /// Whether a row of such a table is meant; `rests_on` is what its class rests on.
    #[must_use]
    pub fn means_row<'c>(&self, class: Class, rests_on: Evidence, changed: impl IntoIterator<Item = &'c str>) -> bool {
        self.means_class(class)
            && (self.evidence.is_empty() || self.evidence.contains(&rests_on))
            && (self.changed.is_empty()
                || changed.into_iter().any(|name| self.changed.iter().any(|column| column.matches(name))))
    }

    /// Whether rows of a class may be meant.
    #[must_use]
    pub fn means_class(&self, class: Class) -> bool {
        self.classes.is_empty() || self.classes.contains(&class)
    }

    /// Whether every row of the tables is meant.
    #[must_use]
    pub fn means_every_row(&self) -> bool {
        self.classes.is_empty() && self.evidence.is_empty() && self.changed.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_that_says_something_has_to_hold() {
        let selector = Selector {
            tables: vec![Glob::new("billing.*")],
            classes: vec![Class::Update, Class::InsertExists],
            evidence: vec![Evidence::Xid],
            changed: vec![Glob::new("status"), Glob::new("total*")],
            ..Selector::default()
        };
        assert!(selector.means_table("any", "billing.invoices") && !selector.means_table("any", "app.users"));
        assert!(selector.means_row(Class::Update, Evidence::Xid, ["note", "total_net"]));
        assert!(!selector.means_row(Class::Delete, Evidence::Xid, ["status"]));
        assert!(!selector.means_row(Class::Update, Evidence::Column, ["status"]));
        assert!(!selector.means_row(Class::Update, Evidence::Xid, ["note"]));
        assert!(Selector::default().means_row(Class::Drift, Evidence::TwoWay, []) && Selector::default().means_every_row());
    }
}
