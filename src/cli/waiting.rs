//! What waits for a decision, as sentences with the commands that decide it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::delta::Class;
use crate::engine::Tally;
use crate::policy::Resolution;

use super::amount;

/// Rows of one class that are held by the decisions made so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Waiting {
    /// What the held rows have in common.
    pub(super) class: Class,
    /// How many rows.
    pub(super) rows: u64,
    /// Of how many tables.
    pub(super) tables: u64,
}

impl Waiting {
    /// Says what the class is and what can be done about it.
    pub(super) fn sentences(&self) -> [String; 2] {
        let (rows, tables) = (amount::rows(self.rows), amount::plural(self.tables, "table", "tables"));
        let applying = self.class.applying().unwrap_or("bring NEW's state to OLD");
        [
            format!("{rows} in {tables}: {}: {}", self.class, meaning(self.class)),
            format!("  apply_new would {applying}; keep_old would leave OLD as it is"),
        ]
    }
}

/// Lists what a diff leaves to people, in the order of classes.
pub(super) fn waiting(tally: &Tally) -> Vec<Waiting> {
    let mut tables: BTreeMap<Class, BTreeMap<(&str, &str), u64>> = BTreeMap::new();
    for one in tally.rows.iter().filter(|one| one.decided.resolution == Resolution::Hold) {
        *tables.entry(one.class).or_default().entry((&one.database, &one.table)).or_insert(0) += one.rows;
    }
    let of = |(class, tables): (Class, BTreeMap<_, u64>)| Waiting {
        class,
        rows: tables.values().sum(),
        tables: tables.len() as u64,
    };
    tables.into_iter().map(of).collect()
}

/// Says in words what a class is.
pub(super) const fn meaning(class: Class) -> &'static str {
    match class {
        Class::Insert => "NEW created the row; OLD lacks it",
        Class::Update => "NEW changed the row; OLD's is as it was",
        Class::Delete => "NEW deleted the row; OLD's is as it was",
        Class::OldOnly => "OLD changed the row; NEW's is as it was",
        Class::AmbiguousMissingOnOld => "only NEW has the row; NEW may have created it, or OLD deleted it",
        Class::AmbiguousDeletedOnOld => {
            "only NEW has the row, stamped before the cutover; OLD may have deleted it, or NEW imported it"
        }
        Class::AmbiguousMissingOnNew => "only OLD has the row; OLD may have created it, or NEW deleted it",
        Class::AmbiguousDiffers => "the rows differ, and nothing says who changed what",
        Class::Drift => "the rows differed at the cutover already: neither side wrote its own since",
        Class::InsertExists => "both created a row under this key, with different values",
        Class::UpdateOriginDiffers => "both changed the row, differently",
        Class::UpdateDeleted => "NEW has the row, OLD deleted it: an earlier merge had brought it",
        Class::UpdateMissing => "NEW changed the row, OLD lacks it; who deleted it is not proven",
        Class::DeleteOriginDiffers => "NEW deleted the row, OLD changed it",
        Class::Convergent => "both made the same change",
        Class::Unchanged => "neither changed the row",
    }
}
