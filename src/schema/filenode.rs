//! The file that holds a table's rows.

use serde::{Deserialize, Serialize};

use crate::name::QualifiedName;

/// The file of a table or partition that holds rows: it has another number once all of its rows were written anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filenode {
    /// The table or partition, as the catalog spells it.
    pub name: QualifiedName,
    /// `pg_relation_filenode`.
    pub number: u32,
}
