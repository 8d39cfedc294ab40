//! What the stamps of NEW's staged rows say of the export as a whole: whether NEW took any writes, and whether its stamps can
//! be believed.

use crate::codec::RowLayout;
use crate::engine::evidence::{Clock, Stamps};
use crate::engine::run::Reporter;
use crate::error::{Place as _, Result};
use crate::name::Ident;
use crate::staging::{DatabaseRecord, SegmentReader, TableRecord};
use crate::store::Store;

/// How many rows' stamps are read at a time.
const BATCH_ROWS: usize = 1 << 14;

/// The staged rows of NEW by what their stamps say.
#[derive(Clone, Copy, Debug, Default)]
struct Stamped {
    /// Stamped since the cutover.
    since: u64,
    /// Stamped with a time that has not come.
    ahead: u64,
}

/// Says what a person should know about the stamps of a whole export.
pub(crate) fn stamp_notes(
    store: &dyn Store,
    reporter: &Reporter,
    databases: &[DatabaseRecord],
    clock: &Clock,
) -> Result<Vec<String>> {
    let (mut notes, mut since, mut proving, mut absent) = (Vec::new(), 0, 0, 0);
    for database in databases {
        let now_us = database.clocks.map(|clocks| clocks.new.server_us);
        for table in database.tables.iter().filter(|table| table.stamps_prove && !table.times.is_empty()) {
            let found = count(store, reporter, table, (clock, now_us)).place(|| &table.name)?;
            if found.ahead > 0 {
                notes.push(format!(
                    "! {}: {}: {} of NEW's rows are stamped later than NEW's clock shows: such a stamp proves nothing",
                    database.name, table.name, found.ahead
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
    Ok(notes)
}

fn count(
    store: &dyn Store,
    reporter: &Reporter,
    table: &TableRecord,
    (clock, now_us): (&Clock, Option<i64>),
) -> Result<Stamped> {
    let is_time = |name: &Ident| table.times.iter().any(|column| column.name == *name);
    // A projection keeps the file's order, which is the layout's.
    let columns: Vec<_> = table.layout.columns.iter().filter(|column| is_time(&column.name)).cloned().collect();
    let names: Vec<_> = columns.iter().map(|column| column.name.to_string()).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let stamps = Stamps::new(&RowLayout { columns: columns.clone() }, &table.times, clock, now_us);
    let mut found = Stamped::default();
    for segment in &table.candidates {
        for batch in SegmentReader::open_projected(store, segment, BATCH_ROWS, &names)? {
            reporter.check_stop()?;
            let batch = batch?;
            for row in 0..batch.num_rows() {
                found.since += u64::from(stamps.witness(&batch, row).history().changed == Some(true));
                found.ahead += u64::from(stamps.is_ahead(&batch, row));
            }
        }
    }
    Ok(found)
}
