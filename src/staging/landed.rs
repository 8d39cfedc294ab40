//! Where the rows of a merge came to lie on OLD, so that `verify` finds them there at once. It says where to look and nothing
//! else: what is not found there, or is another row, is looked for by its key.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::index_file::{FORMAT_VERSION, read_json, write_json};
use super::layout::{DatabaseLayout, TableId};
use super::plan_index::DatabasePlan;
use super::segment_writer::Segment;
use crate::error::{Error, Result};
use crate::store::Store;

/// The relation in which a row lies; NULL for a row of the diff that the merge did not write, or took away.
pub const LANDED_RELATION: &str = "fb_relation";

/// The row's place there, as OLD sends a `ctid`.
pub const LANDED_PLACE: &str = "fb_place";

/// Where one database's rows came to lie.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Landed {
    /// See [`FORMAT_VERSION`].
    pub format_version: u32,
    /// The digest of the database's part of the plan that was merged.
    pub plan: String,
    /// One file a table, with one row for each row of its diff, in their order.
    pub tables: BTreeMap<TableId, Segment>,
}

impl Landed {
    /// Forgets what an earlier merge wrote down: files that are about to be written anew belong to no index.
    ///
    /// # Errors
    /// `Storage` where the file cannot be removed.
    pub fn forget(store: &dyn Store, database: &str) -> Result<()> {
        store.remove_file(&DatabaseLayout::new(database).landed_index())
    }

    /// Writes it down.
    ///
    /// # Errors
    /// `Storage` where the file cannot be written.
    pub fn write(store: &dyn Store, part: &DatabasePlan, tables: BTreeMap<TableId, Segment>) -> Result<()> {
        let landed = Self { format_version: FORMAT_VERSION, plan: part.digest.clone(), tables };
        write_json(store, &DatabaseLayout::new(&part.name).landed_index(), &landed).map(drop)
    }

    /// Reads where the rows of a database's part of a plan came to lie; nothing where no merge of it has said so.
    ///
    /// # Errors
    /// `Damaged` where the file is not what was written.
    pub fn read(store: &dyn Store, part: &DatabasePlan) -> Result<BTreeMap<TableId, Segment>> {
        let path = DatabaseLayout::new(&part.name).landed_index();
        if !store.exists(&path)? {
            return Ok(BTreeMap::new());
        }
        let landed = read_json::<Self>(store, &path, "failback merge").map_err(read_otherwise)?.into_content();
        Ok(if landed.plan == part.digest { landed.tables } else { BTreeMap::new() })
    }
}

/// Adds to an error of such a file how OLD is read back without it.
#[must_use]
pub fn read_otherwise(error: Error) -> Error {
    error.next("`failback verify --deep` reads OLD back without it")
}
