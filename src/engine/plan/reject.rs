//! Rows that OLD does not take as they are, and why.

use std::collections::BTreeMap;

use arrow_array::{Array as _, RecordBatch};
use serde::Serialize;

use crate::codec::{BatchEncoder, BatchView, RowLayout};
use crate::engine::rows::key_positions;
use crate::error::{Error, ErrorKind, Result};
use crate::name::Ident;
use crate::pg::ServerFault;
use crate::staging::TableRecord;
use crate::statement::trial_table;

/// Why OLD does not take a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RejectReason {
    /// OLD takes the value and would give back another.
    Changed {
        /// The column, by OLD's name.
        column: Ident,
    },
    /// NEW's type of the value has other attributes than OLD's, or writes other values alike: OLD's would take it for something
    /// else.
    Apart {
        /// The column, by OLD's name.
        column: Ident,
    },
    /// OLD has no partition for the row.
    NoPartition,
    /// NEW has no value for a column that takes no NULL and has no default.
    ColumnMissing {
        /// The column, which OLD alone has.
        column: Ident,
    },
    /// OLD's server says no.
    Refused {
        /// Five characters; see PostgreSQL, Appendix A.
        sqlstate: String,
        /// The SQLSTATE's name.
        condition: &'static str,
        /// The column at fault, where it is known.
        column: Option<Ident>,
        /// The constraint at fault.
        constraint: Option<String>,
    },
}

impl RejectReason {
    /// Reads the server's answer to a row.
    pub(crate) fn refused(fault: &ServerFault, record: &TableRecord) -> Self {
        if record.old.partitioned && fault.constraint.as_deref() == Some(trial_table::bound(&record.old).as_str()) {
            return Self::NoPartition;
        }
        let column = fault.column.as_ref().map(Ident::new);
        if let Some(column) = column.as_ref().filter(|_| fault.sqlstate == "23502")
            && record.layout.column(column).is_some_and(|staged| !staged.new.is_present())
        {
            return Self::ColumnMissing { column: column.clone() };
        }
        Self::Refused {
            sqlstate: fault.sqlstate.clone(),
            condition: fault.condition().unwrap_or("error"),
            column,
            constraint: fault.constraint.clone(),
        }
    }

    /// What is said of a value that OLD would take for something else.
    pub(crate) fn apart(column: &Ident) -> Self {
        Self::Apart { column: column.clone() }
    }

    /// What the server would say to a row without a value for a column that takes no NULL.
    pub(crate) fn no_value(column: &Ident) -> Self {
        Self::Refused {
            sqlstate: "23502".to_owned(),
            condition: "not_null_violation",
            column: Some(column.clone()),
            constraint: None,
        }
    }

    /// A value that OLD would make NULL of is one that it would give back changed, also where it takes no NULL.
    pub(crate) fn of_value(self, layout: &RowLayout, rows: &RecordBatch, row: usize) -> Self {
        let Self::Refused { sqlstate, column: Some(column), .. } = &self else { return self };
        let position = layout.columns.iter().position(|staged| staged.name == *column);
        let is_there = position.is_some_and(|position| rows.column(position).is_valid(row));
        if sqlstate == "23502" && is_there { Self::Changed { column: column.clone() } } else { self }
    }

    /// Names the check at fault as OLD does, where the trial calls it otherwise.
    pub(crate) fn of_check(mut self, called: &BTreeMap<String, Ident>) -> Self {
        if let Self::Refused { constraint: Some(constraint), .. } = &mut self
            && let Some(name) = called.get(constraint)
        {
            name.as_str().clone_into(constraint);
        }
        self
    }

    /// Names the column at fault.
    pub(crate) fn of_column(self, name: &Ident) -> Self {
        match self {
            Self::Refused { sqlstate, condition, constraint, .. } => {
                Self::Refused { sqlstate, condition, constraint, column: Some(name.clone()) }
            }
            other => other,
        }
    }

    /// Whether the answer would be the same for every row: a cast that does not exist, a right that is missing.
    pub(crate) fn is_of_the_table(&self) -> bool {
        matches!(self, Self::Refused { sqlstate, .. } if matches!(sqlstate.as_str(), "42846" | "42804" | "42601"))
    }

    /// Whether a function, operator, type or relation was not found.
    pub(crate) fn is_of_a_name(&self) -> bool {
        matches!(self, Self::Refused { sqlstate, .. } if matches!(sqlstate.as_str(), "42883" | "42704" | "42P01" | "3F000"))
    }

    /// The check that the row breaks, of the table or of a domain.
    pub(crate) fn check(&self) -> Option<&str> {
        match self {
            Self::Refused { sqlstate, constraint, .. } if sqlstate == "23514" => constraint.as_deref(),
            _ => None,
        }
    }

    fn column(&self) -> Option<&Ident> {
        match self {
            Self::Changed { column } | Self::Apart { column } | Self::ColumnMissing { column } => Some(column),
            Self::Refused { column, .. } => column.as_ref(),
            Self::NoPartition => None,
        }
    }

    /// Says it in a few words, without any value.
    fn words(&self) -> String {
        match self {
            Self::Changed { .. } => "OLD would give the value back changed".to_owned(),
            Self::Apart { .. } => "its type has other attributes on NEW, or writes other values alike".to_owned(),
            Self::NoPartition => "OLD has no partition for the row".to_owned(),
            Self::ColumnMissing { .. } => "source_column_missing: NEW has no value for it, and OLD takes no NULL".to_owned(),
            Self::Refused { constraint: Some(constraint), sqlstate, .. } if sqlstate == "23514" => {
                format!("check_violation: {constraint}")
            }
            Self::Refused { sqlstate, condition, .. } => format!("OLD does not take the value: {condition} ({sqlstate})"),
        }
    }

    /// Says why the row is held.
    pub(crate) fn reason(&self) -> String {
        match self.column() {
            Some(column) => format!("held: column {column}, {}", self.words()),
            None => format!("held: {}", self.words()),
        }
    }
}

/// Rows of one table that OLD does not take for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reject {
    /// The database's name, the same on both sides.
    pub database: String,
    /// The table by OLD's name, as `schema.name`.
    pub table: String,
    /// The column at fault, where it is known.
    pub column: Option<String>,
    /// Why, without any value.
    pub cause: String,
    /// How many rows.
    pub rows: u64,
    /// The key of one of them.
    pub example_key: String,
    /// Its value in the column at fault. Production data: shown only on request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example_value: Option<String>,
    /// Every name of the table, and of the column: a mask may mean any of them.
    #[serde(skip)]
    pub(crate) names: (Vec<String>, Vec<String>),
}

/// The value at fault, for people; bytes that are no text are only named as such.
fn shown(rows: &BatchView<'_>, row: usize, column: usize) -> String {
    rows.display(row, column).map_or_else(|_| "(not UTF-8)".to_owned(), |text| text.unwrap_or_else(|| "NULL".to_owned()))
}

/// Counts rejected rows by reason, and keeps one of each as the example.
pub(crate) struct Rejects<'a> {
    database: &'a str,
    record: &'a TableRecord,
    encoder: BatchEncoder,
    found: BTreeMap<RejectReason, Reject>,
}

impl<'a> Rejects<'a> {
    pub(crate) fn new(database: &'a str, record: &'a TableRecord) -> Self {
        Self { database, record, encoder: BatchEncoder::new(&record.layout), found: BTreeMap::new() }
    }

    /// Counts one row of NEW's.
    pub(crate) fn add(&mut self, rows: &RecordBatch, row: usize, why: &RejectReason) -> Result<()> {
        if let Some(known) = self.found.get_mut(why) {
            known.rows += 1;
            return Ok(());
        }
        let unreadable = |error| Error::new(ErrorKind::Damaged, "read the diff").because(error);
        let view = self.encoder.view(rows).map_err(unreadable)?;
        let text = |position: usize| -> Result<String> {
            Ok(view.display(row, position).map_err(unreadable)?.unwrap_or_else(|| "NULL".to_owned()))
        };
        let positions = key_positions(&self.record.layout, &self.record.key.names())?;
        let key = positions.into_iter().map(text).collect::<Result<Vec<_>>>()?;
        let (layout, owned) = (&self.record.layout, |names: Vec<&str>| names.into_iter().map(str::to_owned).collect());
        let at_fault = why.column().and_then(|name| layout.columns.iter().position(|one| one.name == *name));
        let rejects = Reject {
            database: self.database.to_owned(),
            table: self.record.name.to_string(),
            column: why.column().map(|column| column.as_str().to_owned()),
            cause: why.words(),
            rows: 1,
            example_key: key.join(", "),
            example_value: at_fault.map(|position| shown(&view, row, position)),
            names: (
                vec![self.record.name.to_string(), self.record.new.name.to_string()],
                at_fault.map(|position| owned(layout.names(&layout.columns[position]))).unwrap_or_default(),
            ),
        };
        self.found.insert(why.clone(), rejects);
        Ok(())
    }

    pub(crate) fn finish(self) -> Vec<Reject> {
        self.found.into_values().collect()
    }
}
