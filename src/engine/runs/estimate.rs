//! What a plan will cost on OLD: by its own rehearsal, else by the merges that this machine has measured, else nothing.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::staging::{DatabasePlan, Journal, JournalRecord, Manifest, Measured, Plan, TablePlan};
use crate::store::{LocalStore, Store};

/// So many of the latest merges are gone by.
const MERGES: usize = 5;

/// A merge of fewer rows than this part of the plan's says nothing of how long the plan takes.
const LEAST_PART: u64 = 10;

/// What a plan will cost, from the least to the most; nothing where that is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Estimate {
    /// Rows that the plan writes.
    pub rows: u64,
    /// How long the transactions will take, in milliseconds.
    pub milliseconds: Option<[u64; 2]>,
    /// Bytes of write-ahead log that OLD will write.
    pub wal_bytes: Option<[u64; 2]>,
    /// Bytes of room that the databases will take before COMMIT, the log apart.
    pub room_bytes: Option<[u64; 2]>,
    /// How many tables will be locked, by the lock's mode; known by a rehearsal alone.
    pub locks: BTreeMap<String, u64>,
    /// What it goes by, in words.
    pub by: String,
    /// Why nothing is known, where that is so.
    pub not_known: Option<String>,
}

impl Estimate {
    /// Returns what was measured, which is the least and the most.
    #[must_use]
    pub fn of(measured: Measured) -> Self {
        Self {
            rows: measured.rows,
            milliseconds: Some([measured.milliseconds; 2]),
            wal_bytes: measured.wal_bytes.map(|bytes| [bytes; 2]),
            room_bytes: measured.room_bytes.map(|bytes| [bytes; 2]),
            locks: measured.locks,
            ..Self::default()
        }
    }
}

/// Estimates a plan by the run's own journal, and by those of the other runs of a folder that were merged into the same OLD.
/// What cannot be read says nothing, and keeps nobody from a merge.
#[must_use]
pub fn estimate(store: &dyn Store, plan: &Plan, folder: &Path) -> Estimate {
    let rows = plan.tables().map(TablePlan::written_rows).sum();
    let mut found = Estimate { rows, ..Estimate::default() };
    if rows == 0 {
        found.not_known = Some("nothing is to be written".to_owned());
        return found;
    }
    if let Some(parts) = rehearsal(&Journal::read(store).unwrap_or_default(), plan) {
        let by = "this plan's own rehearsal".to_owned();
        return Estimate { rows, by, ..Estimate::of(Measured::of_all(&parts)) };
    }
    let measured = merges(folder, plan);
    let near: Vec<_> = measured.iter().filter(|one| one.rows.saturating_mul(LEAST_PART) >= rows).take(MERGES).collect();
    if near.is_empty() {
        found.not_known = Some(match measured.len() {
            0 => format!("no merge into this OLD was measured by a run under {}", folder.display()),
            _ => format!("the merges into this OLD that were measured wrote less than a tenth of the plan's {rows} rows"),
        });
        return found;
    }
    let scaled = |of: &dyn Fn(&Measured) -> Option<u64>| {
        let each: Vec<_> = near.iter().filter_map(|one| Some(scale(of(one)?, one.rows, rows))).collect();
        Some([*each.iter().min()?, *each.iter().max()?])
    };
    found.milliseconds = scaled(&|one| Some(one.milliseconds));
    (found.wal_bytes, found.room_bytes) = (scaled(&|one| one.wal_bytes), scaled(&|one| one.room_bytes));
    let merges = if near.len() == 1 { "the last merge".to_owned() } else { format!("the last {} merges", near.len()) };
    Estimate { by: format!("{merges} into this OLD, by the number of rows"), ..found }
}

/// What as many rows would have cost.
fn scale(cost: u64, rows: u64, wanted: u64) -> u64 {
    u64::try_from(u128::from(cost) * u128::from(wanted) / u128::from(rows.max(1))).unwrap_or(u64::MAX)
}

/// What a plan cost when it was rehearsed last, a database; nothing where one of them was not.
fn rehearsal(journal: &Journal, plan: &Plan) -> Option<Vec<Measured>> {
    let writes = |part: &&DatabasePlan| part.tables.iter().any(|table| table.written_rows() > 0);
    let last = |part: &DatabasePlan| {
        journal.entries.iter().rev().find_map(|entry| match &entry.record {
            JournalRecord::Rehearsed(one) if one.plan == part.digest && one.database == part.name => Some(one.measured.clone()),
            _ => None,
        })
    };
    plan.databases.iter().filter(writes).map(last).collect()
}

/// What merges cost that a folder's runs have made into the plan's OLD, the latest first.
fn merges(folder: &Path, plan: &Plan) -> Vec<Measured> {
    let servers: Vec<_> = plan.databases.iter().filter_map(|part| part.old.system_identifier.as_deref()).collect();
    let mut found = Vec::new();
    for run in LocalStore::list(folder).unwrap_or_default() {
        let (Ok(manifest), Ok(journal)) = (Manifest::read(&run), Journal::read(&run)) else { continue };
        let is_here = |name: &str| {
            let old = manifest.database(name).and_then(|database| database.old.system_identifier.as_deref());
            old.is_some_and(|old| servers.contains(&old))
        };
        for entry in journal.entries {
            if let JournalRecord::Merged(end) = entry.record
                && let Some(measured) = end.measured.filter(|measured| measured.rows > 0 && is_here(&end.database))
            {
                found.push((entry.at, measured));
            }
        }
    }
    found.sort_by(|left, right| right.0.cmp(&left.0));
    found.into_iter().map(|(_, measured)| measured).collect()
}
