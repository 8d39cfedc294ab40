//! Keys that no index of OLD's keeps unique: its users may have written a second row under one since the export.

use crate::engine::rows::{counterpart, one_key};
use crate::error::{Error, ErrorKind, Result};
use crate::pg::Session;
use crate::schema::Table;
use crate::statement::RowSource;

/// Expects that OLD has one row at most under each key.
pub(super) async fn expect_single(old: &Session, source: RowSource<'_>, table: &Table, keys: &[Vec<String>]) -> Result<()> {
    match counterpart::doubled(old, source, table, keys).await?.first() {
        None => Ok(()),
        Some(row) => Err(Error::new(ErrorKind::Refused, "compare with OLD")
            .at(&table.name)
            .because(format!("OLD has more than one row under the key {}, which no index keeps unique", one_key(keys, *row)))
            .next("configure another key for the table in failback.toml, or method = \"skip\", and make a new run")
            .next("or see to it that OLD has one row under the key, and run the same command again")),
    }
}
