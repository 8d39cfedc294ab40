//! A published table whose rows have no replica identity.

use crate::name::Ident;

/// What a server refuses in a table that it publishes, as its rows have no replica identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unidentified {
    /// A publication that the table is part of.
    pub publication: Ident,
    /// Whether updates are refused.
    pub updates: bool,
    /// Whether deletes are.
    pub deletes: bool,
}
