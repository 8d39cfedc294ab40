//! The digest of a table's definition, by which a merge knows that it is still the one that was planned for.

use crate::error::{Error, ErrorKind, Result};
use crate::schema::{Column, Table};

/// Digests what of a table's definition a merge relies on; sizes and estimates are not part of it.
pub(crate) fn definition_digest(table: &Table) -> Result<String> {
    // A column's number says nothing of what may be written into it, and an earlier failback did not know it.
    let columns: Vec<_> = table.columns.iter().map(|column| Column { number: 0, ..column.clone() }).collect();
    let parts = (&table.name, &columns, &table.unique_indexes, &table.exclusives, &table.foreign_keys, &table.triggers);
    let text =
        serde_json::to_vec(&parts).map_err(|error| Error::new(ErrorKind::Storage, "digest a definition").because(error))?;
    Ok(blake3::hash(&text).to_hex().to_string())
}
