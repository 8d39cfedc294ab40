//! How OLD's and NEW's idea of one table differ, what of it is carried, and what is lost or left to decide.

use serde::{Deserialize, Serialize};

use super::common_type::{CommonType, common_type};
use super::{Column, PgType, Renaming, Table};
use crate::name::{Ident, QualifiedName, Side};

/// One difference between the two sides' definitions of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Drift {
    /// The configuration says that NEW calls the table otherwise.
    TableRenamed {
        /// NEW's name.
        new: QualifiedName,
    },
    /// The configuration says that NEW calls the column otherwise.
    ColumnRenamed {
        /// OLD's name.
        column: Ident,
        /// NEW's name.
        new: Ident,
    },
    /// NEW has a column that OLD lacks, or that OLD computes: its values have no place to go.
    TargetColumnMissing {
        /// The column, by OLD's name.
        column: Ident,
        /// Whether OLD has it, and computes it.
        computed: bool,
    },
    /// OLD has a column that NEW lacks: rows that NEW inserted get its default, or NULL.
    SourceColumnMissing {
        /// The column, by OLD's name.
        column: Ident,
        /// Whether an INSERT without it would fail.
        required: bool,
    },
    /// Both have the column, with different types.
    TypeDiffers {
        /// The column, by OLD's name.
        column: Ident,
        /// OLD's type.
        old: String,
        /// NEW's type.
        new: String,
        /// How the values travel.
        travel: CommonType,
    },
    /// NEW's enum has labels that OLD's lacks.
    LabelMissing {
        /// The column, by OLD's name.
        column: Ident,
        /// Labels that NEW has and OLD lacks.
        labels: Vec<String>,
    },
    /// NEW computes what OLD stores.
    ComputedOnNew {
        /// The column, by OLD's name.
        column: Ident,
    },
    /// OLD refuses NULL where NEW allows it.
    NotNullOnOld {
        /// The column, by OLD's name.
        column: Ident,
    },
}

impl Drift {
    /// Says in one sentence what differs and what follows from it.
    #[must_use]
    pub fn sentence(&self) -> String {
        const HELD: &str = "rows that OLD's column does not give back unchanged are held";
        match self {
            Self::TableRenamed { new } => format!("NEW calls the table {new}: carried under both names"),
            Self::ColumnRenamed { column, new } => format!("NEW calls column {column} {new}: carried under both names"),
            Self::TargetColumnMissing { column, computed: true } => {
                format!("column {column} is computed on OLD and stored on NEW: NEW's values stay in staging")
            }
            Self::TargetColumnMissing { column, .. } => {
                format!("column {column} exists on NEW only: its values have no place on OLD and stay in staging")
            }
            Self::SourceColumnMissing { column, required: true } => {
                format!("column {column} exists on OLD only, is NOT NULL and has no default: rows that NEW inserted are held")
            }
            Self::SourceColumnMissing { column, .. } => {
                format!("column {column} exists on OLD only: inserted rows get its default, others keep their value")
            }
            Self::TypeDiffers { column, old, new, travel } => {
                let types = format!("column {column} is {old} on OLD and {new} on NEW");
                match travel {
                    CommonType::As(Side::Old) | CommonType::Same => format!("{types}: OLD's type holds every value"),
                    CommonType::As(Side::New) => format!("{types}: {HELD}"),
                    CommonType::Instant(_) => format!("{types}: the wall clock is read in the configured zone; {HELD}"),
                    CommonType::Text => format!("{types}: compared as text; {HELD}"),
                    CommonType::Document => format!("{types}: compared as OLD's type prints it; {HELD}"),
                    CommonType::ByAttribute => format!("{types}: each attribute is NEW's of its name; {HELD}"),
                    CommonType::Apart => format!(
                        "{types}: their attributes differ, and no rename is guessed: values are not compared, and rows that \
                         would bring one are held"
                    ),
                    CommonType::Unlike => format!(
                        "{types}: one text is another value there: values are not compared, and rows that would bring \
                         one are held"
                    ),
                    CommonType::Rounded => format!("{types}: where NEW has OLD's value, rounded or cut, OLD's stays; {HELD}"),
                }
            }
            Self::LabelMissing { column, labels } => {
                format!("the enum of column {column} lacks on OLD: {}; rows with such a label are held", labels.join(", "))
            }
            Self::ComputedOnNew { column } => format!("column {column} is computed on NEW and stored on OLD: carried"),
            Self::NotNullOnOld { column } => format!("column {column} is NOT NULL on OLD only: rows with NULL are held"),
        }
    }

    /// Whether a row of NEW may be one that OLD does not take as it is, so that the plan must try.
    #[must_use]
    pub const fn may_not_fit(&self) -> bool {
        match self {
            Self::TableRenamed { .. } | Self::ColumnRenamed { .. } | Self::TargetColumnMissing { .. } => false,
            Self::SourceColumnMissing { required, .. } => *required,
            Self::TypeDiffers { travel, .. } => !matches!(travel, CommonType::As(Side::Old) | CommonType::Same),
            Self::LabelMissing { .. } | Self::ComputedOnNew { .. } | Self::NotNullOnOld { .. } => true,
        }
    }
}

/// Lists every difference between OLD's and NEW's columns of one table, OLD's column order first. `new` speaks OLD's words.
#[must_use]
pub fn drift(old: &Table, new: &Table, renaming: &Renaming) -> Vec<Drift> {
    let mut found = Vec::new();
    if old.name != new.name {
        found.push(Drift::TableRenamed { new: new.name.clone() });
    }
    found.extend(renaming.iter().map(|(column, new)| Drift::ColumnRenamed { column: column.clone(), new: new.clone() }));
    for column in &old.columns {
        match new.column(&column.name) {
            Some(on_new) => column_drift(column, on_new, &mut found),
            None if column.generated => {}
            None => {
                let required = column.not_null && !column.has_default && column.identity.is_none();
                found.push(Drift::SourceColumnMissing { column: column.name.clone(), required });
            }
        }
    }
    for column in new.columns.iter().filter(|column| !column.generated && old.column(&column.name).is_none()) {
        found.push(Drift::TargetColumnMissing { column: column.name.clone(), computed: false });
    }
    found
}

fn column_drift(old: &Column, new: &Column, found: &mut Vec<Drift>) {
    let column = old.name.clone();
    match (old.generated, new.generated) {
        (true, true) => return,
        (true, false) => return found.push(Drift::TargetColumnMissing { column, computed: true }),
        (false, true) => found.push(Drift::ComputedOnNew { column: column.clone() }),
        (false, false) => {}
    }
    found.extend(type_drift(&column, &old.data_type, &new.data_type));
    if old.not_null && !new.not_null {
        found.push(Drift::NotNullOnOld { column });
    }
}

fn type_drift(column: &Ident, old: &PgType, new: &PgType) -> Option<Drift> {
    let column = column.clone();
    let labels: Vec<_> = new.labels.iter().filter(|label| !old.labels.contains(label)).cloned().collect();
    if old.base == new.base && !old.labels.is_empty() && !labels.is_empty() {
        return Some(Drift::LabelMissing { column, labels });
    }
    let travel = common_type(old, new);
    let differs = travel != CommonType::Same || old.sql != new.sql;
    let said = |own: &PgType| if old.attributes == new.attributes { own.sql.clone() } else { own.described() };
    differs.then(|| Drift::TypeDiffers { column, old: said(old), new: said(new), travel })
}
