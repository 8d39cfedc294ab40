//! What a server itself knows of a row: who wrote it last, and where it lies.

/// Of a row `t` of a table with a key: the transaction that wrote it last, as 32 bits; its place; its relation; and the number
/// that no transaction which the reader sees has reached.
pub const ROW_VERSION: &str = "t.xmin::pg_catalog.text::pg_catalog.int8, t.ctid::pg_catalog.text, \
                               t.tableoid::pg_catalog.regclass::pg_catalog.text, \
                               pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::pg_catalog.text::pg_catalog.int8";
