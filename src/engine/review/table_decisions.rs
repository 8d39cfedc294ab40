//! What is decided about the rows of one table that is held open.

use super::kinds::Kind;
use super::seen_row::SeenRow;
use crate::delta::Class;
use crate::engine::plan::{Met, TableMet};
use crate::error::Result;
use crate::policy::{By, Decided, Decisions, Minimum, RowDecisions};
use crate::staging::TableRecord;

/// What is decided about the rows of one table.
pub struct TableDecisions<'d> {
    decisions: &'d Decisions,
    rows: RowDecisions<'d>,
    met: TableMet<'d>,
}

impl<'d> TableDecisions<'d> {
    pub(super) fn of(decisions: &'d Decisions, met: &'d Met, database: &str, record: &TableRecord) -> Result<Self> {
        let rows = decisions.of_rows(database, &record.name.to_string(), &record.key.names())?;
        Ok(Self { decisions, rows, met: met.of_table(database, record.id, decisions.rules()) })
    }

    /// Returns what is decided about a row, and by what.
    ///
    /// # Errors
    /// `Config` at the pick, where what it says makes no sense for the row's class.
    pub fn of_row(&self, seen: &SeenRow) -> Result<Option<(By, Decided)>> {
        let picked_by = &seen.row.picked_by;
        let key: Option<Vec<_>> = picked_by.key.as_ref().map(|texts| texts.iter().map(String::as_str).collect());
        let picked = key.as_deref().map(|key| (key, picked_by.fingerprint.as_str()));
        self.decided(&seen.kind, self.by(&seen.kind, seen.position, picked))
    }

    /// Returns what is decided about a row, and by what, unless it is picked.
    ///
    /// # Errors
    /// None that is not a fault of the program's.
    pub fn of_unpicked(&self, kind: &Kind, position: u64) -> Result<Option<(By, Decided)>> {
        self.decided(kind, self.by(kind, position, None))
    }

    /// Whether rows of a kind may be decided by what they hold, as a rule that means them has a condition.
    #[must_use]
    pub fn asks_conditions(&self, kind: &Kind) -> bool {
        self.rows.meaning(kind.class, kind.rests_on, &changed(kind)).any(|rule| self.met.has_condition(rule))
    }

    /// Whether rows are picked by their keys.
    #[must_use]
    pub fn asks_keys(&self) -> bool {
        self.rows.asks_keys()
    }

    /// Returns what rows of a class need before OLD is written for them.
    #[must_use]
    pub fn minimum(&self, class: Class) -> Option<&Minimum> {
        self.rows.of_class(class).map(|(_, minimum)| minimum)
    }

    fn by(&self, kind: &Kind, position: u64, picked: Option<(&[&str], &str)>) -> By {
        let row = usize::try_from(position).unwrap_or(usize::MAX);
        self.rows.by((kind.class, kind.rests_on), &changed(kind), picked, |rule| self.met.meets(rule, row))
    }

    fn decided(&self, kind: &Kind, by: By) -> Result<Option<(By, Decided)>> {
        Ok(self.decisions.decided(&self.rows, kind.class, by)?.map(|decided| (by, decided)))
    }
}

fn changed(kind: &Kind) -> Vec<&str> {
    kind.changed.iter().flatten().map(String::as_str).collect()
}
