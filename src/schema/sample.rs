//! Tables for tests of the room: as plain as they can be.

use super::{Column, PgType, Table};
use crate::name::{Ident, QualifiedName};

/// A column that may be NULL.
pub(super) fn column(name: &str, data_type: PgType) -> Column {
    Column {
        name: Ident::new(name),
        data_type,
        not_null: false,
        generated: false,
        identity: None,
        has_default: false,
        nondeterministic: false,
        hashed: false,
        number: 0,
    }
}

/// `public.t` with some columns and nothing else.
pub(super) fn table(columns: Vec<Column>) -> Table {
    Table {
        name: QualifiedName::new("public", "t"),
        partitioned: false,
        columns,
        unique_indexes: Vec::new(),
        foreign_keys: Vec::new(),
        checks: Vec::new(),
        exclusives: Vec::new(),
        worked_out_indexes: Vec::new(),
        triggers: Vec::new(),
        leaves: Vec::new(),
        unlogged: false,
        inherits: false,
        inherited: false,
        obstacle: None,
        row_security: false,
        row_estimate: None,
        size_bytes: 0,
    }
}
