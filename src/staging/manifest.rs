//! The manifest of a run: what was exported, from which servers, under which snapshot, into which files.
//!
//! Written last, in one atomic step: what is not in the manifest does not exist.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Segment;
use super::index_file::{Sealed, read_json, write_json};
use super::layout::{self, TableId};
use super::{AskedEvidence, BaseRecord, BaseUse, LogRecord, LogUse, Quiescence, RunId, RunRecord};
use crate::codec::RowLayout;
use crate::delta::{Evidence, KnownHorizon, TriedSource};
use crate::error::{Error, ErrorKind, Result};
use crate::name::{Ident, QualifiedName, Side, Sided};
use crate::pg::{ClockReading, ServerIdentity};
use crate::schema::{CompareBy, ComparisonKey, Coverage, Drift, Leaf, Method, Sequence, Table, TimeColumns};
use crate::store::Store;

/// What was exported.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// See [`super::FORMAT_VERSION`].
    pub format_version: u32,
    /// The failback that wrote it.
    pub tool_version: String,
    /// The run's name.
    pub run_id: RunId,
    /// The digest that the run's record bears, so that another run's manifest is not taken for this one's.
    pub run_blake3: String,
    /// The digest that `demands.json` bore; nothing where nothing was asked, or an earlier failback wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub demands_blake3: Option<String>,
    /// When the export finished, RFC 3339 in UTC.
    pub made_at: String,
    /// The cutover as the user stated it.
    pub cutover: String,
    /// The cutover in microseconds since 1970-01-01 UTC.
    pub cutover_us: i64,
    /// How far before the cutover rows are candidates too, in microseconds.
    pub overlap_us: i64,
    /// The IANA zone in which `timestamp without time zone` is read.
    pub zone: String,
    /// The evidence that it was to go by; unknown where an earlier failback exported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_evidence: Option<AskedEvidence>,
    /// One record a database, by name.
    pub databases: Vec<DatabaseRecord>,
    /// Databases of NEW's that could not be looked at, although nobody left them out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub databases_aside: Vec<DatabaseAside>,
}

/// A database of NEW's that could not be looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseAside {
    /// Its name.
    pub name: String,
    /// Why.
    pub reason: String,
}

/// One database of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DatabaseRecord {
    /// Its name, the same on both sides.
    pub name: String,
    /// OLD when it was read.
    pub old: ServerIdentity,
    /// NEW when it was read.
    pub new: ServerIdentity,
    /// What their clocks showed when it was read, after the snapshot was taken; unknown where an earlier failback exported.
    #[serde(default)]
    pub clocks: Option<Sided<ClockReading>>,
    /// The number below which every transaction that can have written to OLD's database had ended before its snapshot was
    /// taken: a row that bears a lower one has not been written since. Unknown where an earlier failback exported.
    #[serde(default)]
    pub horizon: Option<i64>,
    /// The number below which every transaction of a server had ended when its snapshot was taken. Unknown where an earlier
    /// failback exported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Sided<u64>>,
    /// What was asked, on each side, which transactions were over at the cutover, and what each source said. Nothing where no
    /// cutover was stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub horizon_sources: Option<Sided<Vec<TriedSource>>>,
    /// The third server that shows OLD as it was at the cutover; nothing where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<BaseRecord>,
    /// When the baseline was made that was gone by, RFC 3339 in UTC; nothing where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
    /// What OLD's clock showed then, microseconds since 1970-01-01 UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline_us: Option<i64>,
    /// The slot on NEW that was made with the mark; nothing where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<LogRecord>,
    /// Whether NEW was written while it was read, and OLD since the mark; nothing where that could not be asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quiescence: Vec<Quiescence>,
    /// The tables that are carried, by name.
    pub tables: Vec<TableRecord>,
    /// The tables that OLD lacks: staged whole, and carried nowhere.
    #[serde(default)]
    pub new_only: Vec<NewOnlyTable>,
    /// Everything else, with the reason.
    pub left_out: Vec<LeftOut>,
    /// Those tables among them that both sides have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aside: Vec<Aside>,
    /// NEW's sequences at the export.
    pub new_sequences: Vec<Sequence>,
}

/// A relation that is not carried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Where it was seen.
    pub side: Side,
    /// As the catalog spells it.
    pub name: QualifiedName,
    /// Why it is not carried.
    pub reason: String,
    /// Whether rows may be lost because of it; reports name it first.
    pub blocker: bool,
    /// Whether it was left out because somebody asked for that.
    pub by_choice: bool,
    /// Whether its rows turned out to be unreadable while they were read, of which `discover` knew nothing.
    #[serde(default)]
    pub unreadable: bool,
}

/// A table that both sides have and that is not carried. Children of its rows may be carried: then OLD's row has to say that it
/// is the same one as NEW's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aside {
    /// As OLD's catalog spells it.
    pub name: QualifiedName,
    /// The columns that say when a row was written; none where they prove nothing.
    pub times: TimeColumns,
}

/// A table that only NEW has. All of its rows are staged, as nothing says which of them are older than the cutover.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewOnlyTable {
    /// Its short name in paths.
    pub id: TableId,
    /// As the catalog spells it.
    pub name: QualifiedName,
    /// The staged columns and their lanes.
    pub layout: RowLayout,
    /// Where its rows are.
    pub leaves: Vec<Leaf>,
    /// Whether row-level security would hide rows; then none is staged.
    pub row_security: bool,
    /// Segments with all of its rows.
    pub rows: Vec<Segment>,
}

impl NewOnlyTable {
    /// Returns the number of staged rows.
    #[must_use]
    pub fn row_count(&self) -> u64 {
        self.rows.iter().map(|segment| segment.rows).sum()
    }

    /// Returns the bytes of their files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.rows.iter().map(|segment| segment.file.bytes).sum()
    }
}

/// One table of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableRecord {
    /// Its short name in paths: `t0001`.
    pub id: TableId,
    /// As the catalog spells it.
    pub name: QualifiedName,
    /// How its changes were looked for.
    pub method: Method,
    /// How two rows are compared where the whole table is.
    #[serde(default)]
    pub compare_by: CompareBy,
    /// What that finds.
    pub coverage: Coverage,
    /// What identifies a row.
    pub key: ComparisonKey,
    /// The staged columns and their lanes.
    pub layout: RowLayout,
    /// The columns that say when a row was written.
    pub times: TimeColumns,
    /// How the two definitions differ.
    pub drift: Vec<Drift>,
    /// OLD's definition.
    pub old: Table,
    /// NEW's definition.
    pub new: Table,
    /// NEW's candidate rows.
    pub candidates: Vec<Segment>,
    /// Keys that OLD has and NEW has not.
    pub absent: Vec<Segment>,
    /// How many rows each side had; unknown where not all of them were looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub walked: Option<Sided<u64>>,
    /// Whether the time columns are evidence. Where not, they only say which of two rows is the later, for `last_update_wins`.
    pub stamps_prove: bool,
    /// Partitions of OLD's table that stand alone on NEW: their rows are not on NEW's side of the comparison, and not deleted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub detached: Vec<QualifiedName>,
    /// Why transaction ids prove nothing of it, where it is known which were over at the cutover.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unmarked: Option<String>,
    /// Why it is not known which of its blocks were changed since the mark, where its method would go by that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unlisted: Option<String>,
    /// Whether BASE, or a baseline, says what its rows were; nothing where there is neither.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<BaseUse>,
    /// Whether NEW's log says which of its keys were written since; nothing where there is no slot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<LogUse>,
    /// Time columns that prove nothing, since their zone is not configured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wall_clocks: Vec<Ident>,
    /// How many staged values each column has that OLD has no place for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unplaced: BTreeMap<String, u64>,
}

impl DatabaseRecord {
    /// Whether OLD was started anew since the export.
    #[must_use]
    pub const fn was_restarted(&self, old: &ServerIdentity) -> bool {
        self.old.started_us != old.started_us
    }

    /// Returns the record as far as it holds of OLD as it is now. Where the server was started since the export, its files may
    /// have been set back to a copy of before: it gives ids out again then, and those of before prove nothing.
    #[must_use]
    pub fn as_of(&self, old: &ServerIdentity) -> Self {
        if self.was_restarted(old) { self.without_xids() } else { self.clone() }
    }

    /// Returns the record without what transaction ids prove.
    #[must_use]
    pub fn without_xids(&self) -> Self {
        Self { horizon: None, horizon_sources: None, ..self.clone() }
    }

    /// Returns the horizon of each side, where it is known on both which transactions were over at the cutover: one alone
    /// proves nothing of two rows.
    #[must_use]
    pub fn horizons(&self) -> Option<Sided<KnownHorizon>> {
        let known = |side| self.horizon_sources.as_ref()?.get(side).iter().find_map(TriedSource::known);
        Some(Sided { old: known(Side::Old)?, new: known(Side::New)? })
    }

    /// Returns the evidence that a row's transaction id is on each side.
    #[must_use]
    pub fn grades(&self) -> Sided<Evidence> {
        let silent = Sided { old: Evidence::TwoWay, new: Evidence::TwoWay };
        self.horizons().map_or(silent, |known| known.map(|side| side.source.grade()))
    }

    /// Whether it is only estimated, of one side at the least, which transactions were over at the cutover.
    #[must_use]
    pub fn is_estimated(&self) -> bool {
        let grades = self.grades();
        [grades.old, grades.new].contains(&Evidence::XidEstimated)
    }

    /// Returns the record of a table that is carried.
    ///
    /// # Errors
    /// `Damaged` where there is none: only files that do not belong together can cause it.
    pub fn table(&self, id: TableId) -> Result<&TableRecord> {
        self.tables.iter().find(|table| table.id == id).ok_or_else(|| {
            Error::new(ErrorKind::Damaged, "read the manifest")
                .at(format!("database {}", self.name))
                .because(format!("it does not know table {id}"))
        })
    }
}

impl TableRecord {
    /// Whether its rows' transaction ids are asked: they prove who wrote a row last, or, where it is `estimated` which
    /// transactions were over at the cutover, are held against the rows' stamps.
    #[must_use]
    pub fn asks_ids(&self, estimated: bool) -> bool {
        match self.method {
            Method::Xid | Method::Blocks | Method::BlocksOnly => true,
            Method::Timestamps => estimated && self.unmarked.is_none(),
            Method::TimestampsOnly | Method::Compare | Method::Skip => false,
        }
    }

    /// Whether BASE says what its rows were at the cutover.
    #[must_use]
    pub fn has_base(&self) -> bool {
        self.base == Some(BaseUse::Yes)
    }

    /// Whether NEW's log says which of its keys were written since.
    #[must_use]
    pub fn has_log(&self) -> bool {
        self.log == Some(LogUse::Yes)
    }

    /// Returns the number of staged candidate rows.
    #[must_use]
    pub fn candidate_rows(&self) -> u64 {
        self.candidates.iter().map(|segment| segment.rows).sum()
    }

    /// Returns the number of staged keys that NEW lacks.
    #[must_use]
    pub fn absent_rows(&self) -> u64 {
        self.absent.iter().map(|segment| segment.rows).sum()
    }
}

impl Manifest {
    /// Writes the manifest, which makes the export exist, and returns its digest.
    pub fn write(&self, store: &dyn Store) -> Result<String> {
        write_json(store, layout::MANIFEST, self)
    }

    /// Reads the manifest of a run.
    ///
    /// # Errors
    /// `Refused` where the run has none yet, it is another run's, or another version of the format wrote it; `Damaged` where
    /// it, or the run's record, is not what was written.
    pub fn read(store: &dyn Store) -> Result<Sealed<Self>> {
        let manifest: Sealed<Self> = read_json(store, layout::MANIFEST, "failback export")?;
        let run = RunRecord::read(store)?;
        if (&manifest.run_id, manifest.run_blake3.as_str()) != (&run.id, run.own_blake3()) {
            return Err(Error::new(ErrorKind::Refused, "read the manifest")
                .at(store.location())
                .because(format!("it is the manifest of run {}, and this is run {}", manifest.run_id, run.id))
                .next("put the run's own manifest.json and run.json back, or make a new run with `failback export`"));
        }
        Ok(manifest)
    }

    /// Returns a database's record.
    #[must_use]
    pub fn database(&self, name: &str) -> Option<&DatabaseRecord> {
        self.databases.iter().find(|database| database.name == name)
    }
}
