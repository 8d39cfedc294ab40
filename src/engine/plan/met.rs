//! Which rows meet the conditions of rules, as far as OLD's server was asked: at once, or as it was written down when it was.
//!
//! Memory: one byte for each row of a table that a condition is about.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::error::Result;
use crate::policy::Rule;
use crate::staging::{Answer, AnsweredRows, Answers, TableId};
use crate::store::Store;

/// Which rows meet the conditions of rules, as OLD's server says.
#[derive(Clone, Debug, Default)]
pub struct Met {
    answers: BTreeMap<(String, TableId, String), AnsweredRows>,
}

/// What is known of the rows of one table, rule by rule.
#[derive(Clone, Debug)]
pub(crate) struct TableMet<'a>(Vec<Condition<'a>>);

#[derive(Clone, Copy, Debug)]
enum Condition<'a> {
    /// The rule has none.
    None,
    /// Nobody asked.
    NotAsked,
    Asked(&'a AnsweredRows),
}

impl Met {
    /// Reads what was written down of the rows of a run's diff. What was not asked is not known.
    ///
    /// # Errors
    /// As [`Answers::read`].
    pub fn read(store: &dyn Store) -> Result<Self> {
        let answers = Answers::read(store)?;
        let of = |answer: Answer| ((answer.database, answer.table, answer.when), answer.rows);
        Ok(Self { answers: answers.into_iter().map(of).collect() })
    }

    /// Writes down what the server said, for whoever looks at the run without it; nothing where it was asked nothing.
    ///
    /// # Errors
    /// As [`Answers::write`].
    pub fn write(&self, store: &dyn Store) -> Result<()> {
        if self.answers.is_empty() {
            return Ok(());
        }
        let asked_at = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let of = |((database, table, when), rows): (&(String, TableId, String), &AnsweredRows)| Answer {
            database: database.clone(),
            table: *table,
            when: when.clone(),
            asked_at: asked_at.clone(),
            rows: rows.clone(),
        };
        Answers::write(store, self.answers.iter().map(of).collect())
    }

    pub(super) fn add(&mut self, database: &str, table: TableId, sql: &str, rows: Vec<Option<bool>>) {
        self.answers.insert((database.to_owned(), table, sql.to_owned()), AnsweredRows(rows));
    }

    /// Finds what is known of the rows of one table.
    pub(crate) fn of_table<'a>(&'a self, database: &str, table: TableId, rules: &[Rule]) -> TableMet<'a> {
        let of = |rule: &Rule| match &rule.when {
            None => Condition::None,
            Some(condition) => {
                let asked = self.answers.get(&(database.to_owned(), table, condition.sql.clone()));
                asked.map_or(Condition::NotAsked, Condition::Asked)
            }
        };
        TableMet(rules.iter().map(of).collect())
    }
}

impl TableMet<'_> {
    /// Whether a row, by its position in the table's diff, meets the condition of a rule, by its position in the file: nothing
    /// where that is not known. A rule without a condition has none to meet.
    pub(crate) fn meets(&self, rule: usize, row: usize) -> Option<bool> {
        match self.0.get(rule)? {
            Condition::None => Some(true),
            Condition::NotAsked => None,
            Condition::Asked(rows) => rows.0.get(row).copied().flatten(),
        }
    }

    /// Whether a rule, by its position in the file, has a condition.
    pub(crate) fn has_condition(&self, rule: usize) -> bool {
        !matches!(self.0.get(rule), None | Some(Condition::None))
    }
}
