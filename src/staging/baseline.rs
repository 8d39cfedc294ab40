//! A baseline: of every row of some tables, before a cutover, a digest of its key and one of its values; with the mark that was
//! made with it. A folder of its own, which belongs to no run and holds no value of any row.

use serde::{Deserialize, Serialize};

use super::index_file::{FORMAT_VERSION, Sealed, read_json, write_json};
use super::{Mark, Segment};
use crate::codec::RowLayout;
use crate::error::{Error, ErrorKind, Result};
use crate::name::QualifiedName;
use crate::pg::ServerIdentity;
use crate::schema::ComparisonKey;
use crate::store::Store;

/// The index of the folder; what is not in it does not exist.
const INDEX: &str = "baseline.json";

/// The column of a table's file with the digest of the key as a staged row has it.
pub const BASELINE_KEY: &str = "fb_key";

/// That of the key as one without a row is staged.
pub const BASELINE_ABSENT_KEY: &str = "fb_absent_key";

/// That of the row. Digests of rows have this name beside staged segments too.
pub const BASELINE_ROW: &str = "fb_row";

/// The mark that was made with it.
const MARK: &str = "mark.json";

/// What was kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// See [`FORMAT_VERSION`].
    pub format_version: u32,
    /// The failback that made it.
    pub tool_version: String,
    /// When it was finished, by the clock of the machine it was made on: RFC 3339 in UTC.
    pub made_at: String,
    /// The digest that the mark bears.
    pub mark_blake3: String,
    /// One record a database, by name.
    pub databases: Vec<DatabaseBaseline>,
}

/// What was kept of one database.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DatabaseBaseline {
    /// Its name.
    pub name: String,
    /// OLD as it was then.
    pub old: ServerIdentity,
    /// What OLD's clock showed after the snapshot was taken, microseconds since 1970-01-01 UTC.
    pub clock_us: i64,
    /// How many merges of failback's own stood on OLD.
    pub merges: i64,
    /// One record a table.
    pub tables: Vec<TableBaseline>,
}

/// What was kept of one table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableBaseline {
    /// OLD's name for it.
    pub name: QualifiedName,
    /// What identified a row.
    pub key: ComparisonKey,
    /// The columns that were digested: those that both sides had.
    pub layout: RowLayout,
    /// The file; nothing where the table had no row.
    pub rows: Option<Segment>,
}

impl Baseline {
    /// Writes the mark and the index, which makes the baseline exist.
    pub fn write(store: &dyn Store, made_at: String, mark: &Mark, databases: Vec<DatabaseBaseline>) -> Result<()> {
        let mark_blake3 = mark.write(store, MARK)?;
        let tool_version = env!("CARGO_PKG_VERSION").to_owned();
        let baseline = Self { format_version: FORMAT_VERSION, tool_version, made_at, mark_blake3, databases };
        write_json(store, INDEX, &baseline).map(drop)
    }

    /// Whether a folder holds one, or part of one.
    ///
    /// # Errors
    /// Whatever looking can give.
    pub fn exists(store: &dyn Store) -> Result<bool> {
        Ok(store.exists(INDEX)? || store.exists(MARK)?)
    }

    /// Reads a baseline, and the mark that was made with it.
    ///
    /// # Errors
    /// `Refused` where there is none, or the mark is another one; `Damaged` where either is not what was written.
    pub fn read(store: &dyn Store) -> Result<(Self, Mark)> {
        let baseline: Sealed<Self> = read_json(store, INDEX, "failback arm")?;
        let mark = Mark::read(store, MARK)?;
        if mark.own_blake3() != baseline.mark_blake3 {
            return Err(Error::new(ErrorKind::Refused, "read the baseline")
                .at(store.location())
                .because("its mark is not the one that was made with it")
                .next("put the folder's own mark.json and baseline.json back"));
        }
        Ok((baseline.into_content(), mark.into_content()))
    }

    /// Returns what was kept of a database.
    #[must_use]
    pub fn database(&self, name: &str) -> Option<&DatabaseBaseline> {
        self.databases.iter().find(|database| database.name == name)
    }
}

impl DatabaseBaseline {
    /// Returns what was kept of a table.
    #[must_use]
    pub fn table(&self, name: &QualifiedName) -> Option<&TableBaseline> {
        self.tables.iter().find(|table| table.name == *name)
    }
}
