//! Columns of a table whose change decides what an update has to do with other rows.

use super::change::Change;
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
    /// Watches the columns that decide what a table's rows refer to. Any may where a key stands on one partition only, or on a
    /// column that is not staged.
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
    pub(crate) fn are_changed(&self, rows: &Change<BatchView<'_>>, row: usize) -> Result<bool> {
        let Self::Columns(columns) = self else { return Ok(true) };
        let mut bytes = Change { before: Vec::new(), after: Vec::new() };
        let damaged = |error| Error::new(ErrorKind::Damaged, "read the diff").because(error);
        for column in columns {
            bytes.before.clear();
            bytes.after.clear();
            let was_there = rows.before.field(row, *column, &mut bytes.before).map_err(damaged)?;
            let is_there = rows.after.field(row, *column, &mut bytes.after).map_err(damaged)?;
            if was_there != is_there || bytes.before != bytes.after {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
