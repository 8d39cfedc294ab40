//! Unique indexes, and the comparison key chosen among them.

use serde::{Deserialize, Serialize};

use crate::name::Ident;

/// One unique index, primary keys included. Indexes on expressions are listed with `columns` empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UniqueIndex {
    /// The index's name.
    pub name: Ident,
    /// Key columns in index order; empty if any of them is an expression.
    pub columns: Vec<Ident>,
    /// Whether it backs the primary key.
    pub primary: bool,
    /// The predicate of a partial index, as the server prints it.
    pub predicate: Option<String>,
    /// Whether the constraint is DEFERRABLE: checked at the end of the statement or transaction, not row by row.
    pub deferrable: bool,
    /// Whether NULLs count as equal (`NULLS NOT DISTINCT`, PostgreSQL 15).
    pub nulls_not_distinct: bool,
    /// Whether every key column is NOT NULL.
    pub not_null: bool,
}

/// One column of a comparison key, and how both servers are asked to order it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyColumn {
    /// The column.
    pub name: Ident,
    /// How it is ordered and sent.
    pub order: KeyOrder,
    /// The column's type as [`super::PgType::sql`] prints it on OLD; literals are cast to it.
    pub cast: String,
}

/// An order that two servers, and this program, agree on whatever their collations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyOrder {
    /// int2, int4 or int8: sent as `int8`, ordered as a number; the index serves the order.
    Integer,
    /// uuid: ordered by its 16 bytes; the index serves the order.
    Uuid,
    /// Everything else: sent as the server's text, ordered by its bytes (`COLLATE "C"`); the server sorts.
    Text,
}
