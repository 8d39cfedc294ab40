//! What the stamps of NEW's staged rows say of the export as a whole: whether NEW took any writes, and whether its stamps can
//! be believed. They are counted as the rows are staged.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use arrow_array::RecordBatch;

use crate::engine::evidence::{Clock, Stamps};
use crate::staging::layout::TableId;
use crate::staging::{DatabaseRecord, TableRecord};

/// The staged rows of NEW by what their stamps say.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stamped {
    /// Stamped since the cutover.
    since: u64,
    /// Stamped with a time that has not come.
    ahead: u64,
    /// Rows of BASE for the same keys that are stamped since the cutover.
    base_since: u64,
}

impl Stamped {
    /// Adds what was counted of BASE's rows.
    pub(crate) fn add_base(&mut self, base: Self) {
        self.base_since += base.since;
    }
}

impl AddAssign for Stamped {
    fn add_assign(&mut self, other: Self) {
        self.since += other.since;
        self.ahead += other.ahead;
        self.base_since += other.base_since;
    }
}

/// What was staged of each table of one database.
pub(crate) type TableStamps = BTreeMap<TableId, Stamped>;

/// Counts rows of one table as they are staged.
#[derive(Clone, Debug)]
pub(crate) struct StampTally {
    /// `None` where stamps prove nothing.
    stamps: Option<Stamps>,
    found: Stamped,
}

impl StampTally {
    /// Counts nothing.
    pub(crate) fn idle() -> Self {
        Self { stamps: None, found: Stamped::default() }
    }

    /// Counts rows in the table's layout by its time columns, where these are evidence. `now_us` is what NEW's clock shows.
    pub(crate) fn new(table: &TableRecord, clock: &Clock, now_us: Option<i64>) -> Self {
        let stamps = is_stamped(table).then(|| Stamps::new(&table.layout, &table.times, clock, now_us));
        Self { stamps, found: Stamped::default() }
    }

    /// Counts a batch.
    pub(crate) fn add(&mut self, batch: &RecordBatch) {
        let Some(stamps) = &self.stamps else { return };
        for row in 0..batch.num_rows() {
            self.found.since += u64::from(stamps.witness(batch, row).history().changed == Some(true));
            self.found.ahead += u64::from(stamps.is_ahead(batch, row));
        }
    }

    /// Returns what was counted.
    pub(crate) fn found(&self) -> Stamped {
        self.found
    }
}

fn is_stamped(table: &TableRecord) -> bool {
    table.stamps_prove && !table.times.is_empty()
}

/// Says what a person should know about the stamps of a whole export. `stamped` has what was staged of each database.
pub(crate) fn stamp_notes(databases: &[DatabaseRecord], stamped: &[TableStamps]) -> Vec<String> {
    let (mut notes, mut since, mut proving, mut absent) = (Vec::new(), 0, 0, 0);
    for (database, stamped) in databases.iter().zip(stamped) {
        for table in database.tables.iter().filter(|table| is_stamped(table)) {
            let found = stamped.get(&table.id).copied().unwrap_or_default();
            if found.ahead > 0 {
                notes.push(format!(
                    "! {}: {}: {} of NEW's rows are stamped later than NEW's clock shows: such a stamp proves nothing",
                    database.name, table.name, found.ahead
                ));
            }
            if found.base_since > 0 {
                notes.push(format!(
                    "! {}: {}: {} of BASE's rows are stamped since the cutover: they are stamped wrongly, or BASE does not \
                     show the cutover: then what OLD wrote since may be overwritten",
                    database.name, table.name, found.base_since
                ));
            }
            since += found.since;
            proving += 1;
            absent += table.absent_rows();
        }
    }
    if proving > 0 && since == 0 && absent > 0 {
        notes.push(format!(
            "! NEW has no row that is stamped since the cutover, and lacks {absent} that OLD has: if NEW took writes, the \
             cutover is not right, or OLD and NEW are swapped: check --cutover, --old and --new"
        ));
    }
    notes
}
