//! Columns of a table whose change decides what an update has to do with other rows.

use crate::codec::{BatchView, RowLayout};
use crate::error::{Error, ErrorKind, Result};
use crate::name::QualifiedName;
use crate::schema::ForeignKey;

/// Which columns of a batch are relevant.
pub(crate) enum RelevantColumns {
    /// These, by their positions.
    Columns(Vec<usize>),
    /// Any may matter: every update counts as one that changes them.
    Any,
}

impl RelevantColumns {
    /// Watches the columns that decide what a table's rows refer to. Any may where a key stands on one partition only, or on a column
    /// that is not staged.
    pub(crate) fn referring(keys: &[ForeignKey], table: &QualifiedName, layout: &RowLayout) -> Self {
        let mut found = Vec::new();
        for key in keys.iter().filter(|key| key.child == *table) {
            if key.child_part.is_some() {
                return Self::Any;
            }
            for name in &key.child_columns {
                let Some(position) = layout.columns.iter().position(|column| column.name == *name) else { return Self::Any };
                found.push(position);
            }
        }
        Self::Columns(found)
    }

    /// Whether a row's update changes a byte of them.
    pub(crate) fn change(&self, before: &BatchView<'_>, after: &BatchView<'_>, row: usize) -> Result<bool> {
        let Self::Columns(columns) = self else { return Ok(true) };
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for column in columns {
            ours.clear();
            theirs.clear();
            let damaged = |error| Error::new(ErrorKind::Damaged, "read the diff").because(error);
            let there = before.field(row, *column, &mut ours).map_err(damaged)?;
            if there != after.field(row, *column, &mut theirs).map_err(damaged)? || ours != theirs {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
