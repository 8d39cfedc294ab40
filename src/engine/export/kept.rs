//! Which tables of an earlier export of the same run nobody has written since, on either side: what was staged of them is what
//! would be staged of them now.
//!
//! A row that no transaction can have written since all that were under way at the earlier snapshot had ended was there then.
//! Where all rows of a table are such, and are as many as then, none was written, added or removed.

use std::collections::BTreeSet;

use super::described::Described;
use crate::delta::Horizon;
use crate::engine::evidence::{XidEvidence, young};
use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::name::{Side, Sided};
use crate::pg::{ServerIdentity, Session};
use crate::schema::{Method, Table};
use crate::staging::layout::{DatabaseLayout, TableId};
use crate::staging::{DatabaseRecord, TableRecord};
use crate::statement::{RowSource, count_rows};

/// What an earlier export staged of one database and still holds.
#[derive(Default)]
pub(crate) struct Kept {
    tables: Vec<TableRecord>,
    /// The greatest number that a staged file of it has.
    pub(crate) last_number: u32,
}

impl Kept {
    /// Asks both servers.
    ///
    /// # Errors
    /// What either said.
    pub(crate) async fn of(earlier: &DatabaseRecord, now: &Described) -> Result<Self> {
        let tables = match earlier.ended.filter(|_| is_same_server(earlier, &now.record)) {
            Some(ended) => unmoved(earlier, now, ended.map(Horizon::new)).await?,
            None => Vec::new(),
        };
        Ok(Self { tables, last_number: files(earlier).filter_map(DatabaseLayout::staged_number).max().unwrap_or(0) })
    }

    /// Whether a table's files are kept.
    pub(crate) fn has(&self, table: TableId) -> bool {
        self.tables.iter().any(|kept| kept.id == table)
    }

    /// Puts what was staged of the tables that are kept into a record of now.
    pub(crate) fn restore(&mut self, record: &mut DatabaseRecord) -> usize {
        let count = self.tables.len();
        for kept in self.tables.drain(..) {
            if let Some(table) = record.tables.iter_mut().find(|table| table.id == kept.id) {
                (table.candidates, table.absent) = (kept.candidates, kept.absent);
                (table.walked, table.unplaced) = (kept.walked, kept.unplaced);
            }
        }
        count
    }
}

/// Lists the files of a database that is staged.
pub(crate) fn files(record: &DatabaseRecord) -> impl Iterator<Item = &str> {
    let carried = record.tables.iter().flat_map(|table| table.candidates.iter().chain(&table.absent));
    let new_only = record.new_only.iter().flat_map(|table| &table.rows);
    let own = carried.chain(new_only);
    let all = own.flat_map(|segment| [Some(segment), segment.base.as_deref(), segment.log.as_deref()]);
    all.flatten().map(|segment| segment.file.path.as_str())
}

/// Whether both servers are those of then, and neither was started since: else ids may have been given out again.
fn is_same_server(earlier: &DatabaseRecord, now: &DatabaseRecord) -> bool {
    Side::BOTH.into_iter().all(|side| is_same_server_on(side, earlier, now))
}

/// As [`is_same_server`], of one side.
pub(super) fn is_same_server_on(side: Side, earlier: &DatabaseRecord, now: &DatabaseRecord) -> bool {
    let which =
        |one: &ServerIdentity| (one.system_identifier.clone(), one.timeline, one.started_us, one.database_oid, one.in_recovery);
    let of = |record: &DatabaseRecord| which(if side == Side::Old { &record.old } else { &record.new });
    of(earlier).0.is_some() && of(earlier) == of(now)
}

async fn unmoved(earlier: &DatabaseRecord, now: &Described, ended: Sided<Horizon>) -> Result<Vec<TableRecord>> {
    let sessions = now.sessions();
    let evidence = match XidEvidence::since(ended, sessions).await {
        Ok(evidence) => evidence,
        Err(error) if error.kind() == ErrorKind::Refused => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let is_young = Sided { old: young(sessions.old, ended.old).await?, new: young(sessions.new, ended.new).await? };
    let same_base = earlier.base == now.record.base && earlier.baseline == now.record.baseline;
    let same_log = earlier.log == now.record.log;
    let same_horizons = earlier.horizons() == now.record.horizons();
    let mut found = Vec::new();
    for table in &now.record.tables {
        let Some(was) = earlier.tables.iter().find(|was| was.id == table.id && is_defined_alike(was, table)) else { continue };
        let Some(walked) = was.walked.filter(|_| table.method != Method::TimestampsOnly) else { continue };
        let asks_ids = table.asks_ids(now.record.is_estimated());
        if asks_ids && !same_horizons
            || table.has_base() && !same_base
            || table.has_log() && !same_log
            || evidence.objection(&table.old, &table.new).is_some()
        {
            continue;
        }
        let sides = Sided { old: &table.old, new: &table.new };
        let mut is_same = true;
        for side in Side::BOTH {
            let source = RowSource::of(sides.get(side), &table.key, side);
            let rows = *walked.get(side);
            is_same =
                is_same && has_same_rows(sessions.get(side), source, is_young.get(side), rows).await.place(|| &table.name)?;
        }
        found.extend(is_same.then(|| was.clone()));
    }
    Ok(found)
}

/// Whether a side's rows of a table are those of then, which were so many.
pub(super) async fn has_same_rows(session: &Session, source: RowSource<'_>, young: &str, rows: u64) -> Result<bool> {
    let malformed = || Error::new(ErrorKind::Malformed, "count rows").at(session.place());
    let found = session.query(&count_rows(source, young), &[]).await?;
    let row = found.first().ok_or_else(malformed)?;
    let number = |column| row.try_get::<_, i64>(column).ok().and_then(|rows| u64::try_from(rows).ok()).ok_or_else(malformed);
    Ok(number(0)? == rows && number(1)? == 0)
}

/// Whether a table is defined and looked at as then. Sizes and estimates are not its definition.
fn is_defined_alike(was: &TableRecord, table: &TableRecord) -> bool {
    let definition = |one: &TableRecord| {
        let mut one = one.clone();
        (one.candidates, one.absent, one.walked) = (Vec::new(), Vec::new(), None);
        one.unplaced.clear();
        bare(&mut one.old);
        bare(&mut one.new);
        one
    };
    definition(was) == definition(table)
}

/// Whether a side's table is defined as it was.
pub(super) fn is_same_table(was: &Table, now: &Table) -> bool {
    let definition = |table: &Table| {
        let mut table = table.clone();
        bare(&mut table);
        table
    };
    definition(was) == definition(now)
}

fn bare(table: &mut Table) {
    (table.row_estimate, table.size_bytes) = (None, 0);
    for leaf in &mut table.leaves {
        (leaf.blocks, leaf.size_bytes) = (0, 0);
    }
}

/// The tables whose files nothing names any more.
pub(crate) fn abandoned(earlier: &[DatabaseRecord], now: &[DatabaseRecord]) -> Vec<String> {
    let named: BTreeSet<_> = now.iter().flat_map(files).collect();
    earlier.iter().flat_map(files).filter(|path| !named.contains(path)).map(str::to_owned).collect()
}
