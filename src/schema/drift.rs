//! How OLD's and NEW's idea of one table differ.

use serde::{Deserialize, Serialize};

use super::Table;
use crate::name::Ident;

/// One difference between the two sides' definitions of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Drift {
    /// NEW has a column that OLD lacks: its values have no place to go.
    TargetColumnMissing {
        /// The column.
        column: Ident,
    },
    /// OLD has a column that NEW lacks: rows that NEW inserted get its default, or NULL.
    SourceColumnMissing {
        /// The column.
        column: Ident,
        /// Whether an INSERT without it would fail.
        required: bool,
    },
    /// Both have the column, with different types.
    TypeDiffers {
        /// The column.
        column: Ident,
        /// OLD's type.
        old: String,
        /// NEW's type.
        new: String,
    },
    /// NEW's enum has labels that OLD's lacks.
    LabelMissing {
        /// The column.
        column: Ident,
        /// The labels.
        labels: Vec<String>,
    },
    /// The column is computed on one side only.
    GeneratedDiffers {
        /// The column.
        column: Ident,
    },
    /// OLD refuses NULL where NEW allows it.
    NotNullOnOld {
        /// The column.
        column: Ident,
    },
}

impl Drift {
    /// Whether rows of the table cannot be carried until somebody decides what to do about it.
    #[must_use]
    pub const fn blocks(&self) -> bool {
        match self {
            Self::TargetColumnMissing { .. } | Self::TypeDiffers { .. } | Self::GeneratedDiffers { .. } => true,
            Self::SourceColumnMissing { required, .. } => *required,
            Self::LabelMissing { .. } | Self::NotNullOnOld { .. } => false,
        }
    }

    /// Says in one sentence what differs.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::TargetColumnMissing { column } => {
                format!("column {column} exists on NEW only: its values have no place on OLD")
            }
            Self::SourceColumnMissing { column, required: true } => {
                format!("column {column} exists on OLD only, is NOT NULL and has no default: rows from NEW cannot be inserted")
            }
            Self::SourceColumnMissing { column, .. } => {
                format!("column {column} exists on OLD only: inserted rows get its default")
            }
            Self::TypeDiffers { column, old, new } => format!("column {column} is {old} on OLD and {new} on NEW"),
            Self::LabelMissing { column, labels } => {
                format!("the enum of column {column} lacks on OLD: {}", labels.join(", "))
            }
            Self::GeneratedDiffers { column } => format!("column {column} is generated on one side only"),
            Self::NotNullOnOld { column } => format!("column {column} is NOT NULL on OLD only"),
        }
    }
}

/// Lists every difference between OLD's and NEW's columns of one table, OLD's column order first.
#[must_use]
pub fn drift(old: &Table, new: &Table) -> Vec<Drift> {
    let mut found = Vec::new();
    for column in &old.columns {
        let Some(theirs) = new.column(&column.name) else {
            if !column.generated {
                let required = column.not_null && !column.has_default && column.identity.is_none();
                found.push(Drift::SourceColumnMissing { column: column.name.clone(), required });
            }
            continue;
        };
        if column.generated != theirs.generated {
            found.push(Drift::GeneratedDiffers { column: column.name.clone() });
        } else if column.data_type.sql != theirs.data_type.sql {
            found.push(Drift::TypeDiffers {
                column: column.name.clone(),
                old: column.data_type.sql.clone(),
                new: theirs.data_type.sql.clone(),
            });
        }
        let known = &column.data_type.labels;
        let labels: Vec<_> = theirs.data_type.labels.iter().filter(|label| !known.contains(label)).cloned().collect();
        if !labels.is_empty() {
            found.push(Drift::LabelMissing { column: column.name.clone(), labels });
        }
        if column.not_null && !theirs.not_null && !column.generated {
            found.push(Drift::NotNullOnOld { column: column.name.clone() });
        }
    }
    for column in new.columns.iter().filter(|column| !column.generated && old.column(&column.name).is_none()) {
        found.push(Drift::TargetColumnMissing { column: column.name.clone() });
    }
    found
}
