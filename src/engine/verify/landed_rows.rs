//! Rows looked for at the places where the merge had found them before its COMMIT.
//!
//! A place proves nothing: a row may have left it, and another may lie there by now, also in another server's copy of the
//! database. So what lies there is compared by a digest of every value that the plan promises, key included, and whatever is
//! not found to be that is left to be looked for by its key.
//!
//! Memory: one batch of rows.

use std::collections::BTreeMap;

use arrow_array::cast::AsArray as _;
use arrow_array::types::UInt32Type;
use arrow_array::{Array as _, BooleanArray, RecordBatch};
use arrow_select::filter::filter_record_batch;

use crate::codec::{BatchEncoder, StagedColumn};
use crate::engine::plan::Change;
use crate::engine::rows::{Image, SentRow, view};
use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::name::{QualifiedName, Side};
use crate::pg::Session;
use crate::staging::{LANDED_PLACE, LANDED_RELATION, Segment, SegmentReader, SegmentRows, TableRecord, read_otherwise};
use crate::statement::{Place, RowSource};
use crate::store::Store;

/// How many places are read at a time.
const BATCH_ROWS: usize = 4096;

/// Where a table's rows came to lie, and which of its relations may be looked into there.
#[derive(Clone, Debug)]
pub(super) struct LandedTable {
    pub(super) file: Segment,
    pub(super) leaves: BTreeMap<u32, QualifiedName>,
}

/// Places of some rows, a leaf each.
pub(super) type LandedPlaces = Vec<(QualifiedName, Vec<Place>)>;

/// Places with their rows of a change, by the relation, and by whether OLD had the rows before where that tells.
type ByLeaf = BTreeMap<(u32, bool), Vec<(Place, usize)>>;

/// What is done, for errors.
const WHAT: &str = "read where the merge's rows lie";

/// Reads places beside rows of the diff.
pub(super) struct LandedRows<'a> {
    table: &'a LandedTable,
    places: SegmentRows,
    encoder: BatchEncoder,
    /// What is compared of rows that OLD had before, and of those that it had not.
    sent: [SentRow; 2],
}

/// Whether the plan promises a value in a column, of a row that OLD had before.
fn is_promised(column: &StagedColumn, was_there: bool) -> bool {
    column.is_carried() || column.own_form_of.is_some() || (column.old.is_present() && was_there)
}

impl<'a> LandedRows<'a> {
    /// Opens a table's places for those rows of the diff that begin at a position.
    pub(super) async fn open(
        store: &dyn Store,
        old: &Session,
        (table, record): (&'a LandedTable, &TableRecord),
        from: u64,
    ) -> Result<Self> {
        let file = &table.file;
        let reader = SegmentReader::open_window(store, file, BATCH_ROWS, from.min(file.rows)..file.rows);
        let source = RowSource::of(&record.old, &record.key, Side::Old);
        let asking = |was_there| SentRow::of(old, source, &record.layout, move |column| is_promised(column, was_there));
        let sent = [asking(false).await?, asking(true).await?];
        let encoder = BatchEncoder::new(&record.layout);
        let places = SegmentRows::of(reader.map_err(read_otherwise)?, WHAT);
        Ok(Self { table, places, encoder, sent })
    }

    /// Reads the places of the next rows of the diff.
    pub(super) fn take(&mut self, rows: usize) -> Result<RecordBatch> {
        self.places.take(rows).map_err(read_otherwise)
    }

    /// Finds those rows of a change that lie at their places as the plan promises them, and returns these places. `wanted` are
    /// the rows of the change among those that `places` are about.
    pub(super) async fn found(
        &self,
        old: &Session,
        change: &Change<Image>,
        (places, wanted): (&RecordBatch, &BooleanArray),
    ) -> Result<(Vec<bool>, LandedPlaces)> {
        let (mut proven, mut at) = (vec![false; change.after.rows.num_rows()], LandedPlaces::new());
        let image = view(&self.encoder, &change.after.rows)?;
        let mut bytes = Vec::new();
        for ((relation, was_there), mut rows) in self.by_leaf(change, places, wanted)? {
            let Some(leaf) = self.table.leaves.get(&relation) else { continue };
            rows.sort_unstable();
            let asked: Vec<_> = rows.iter().map(|(place, _)| *place).collect();
            let sent = &self.sent[usize::from(was_there)];
            let mut own = Vec::with_capacity(rows.len());
            for (place, digest) in sent.read(old, leaf, &asked).await.place(|| leaf)? {
                let Ok(found) = rows.binary_search_by_key(&place, |(place, _)| *place) else { continue };
                let row = rows[found].1;
                proven[row] = sent.digest(&image, row, &mut bytes)? == digest;
                own.extend(proven[row].then_some(place));
            }
            if !own.is_empty() {
                at.push((leaf.clone(), own));
            }
        }
        Ok((proven, at))
    }

    /// Puts rows together that lie in one relation and of which the same columns are compared: each place with its row of the
    /// change.
    fn by_leaf(&self, change: &Change<Image>, places: &RecordBatch, wanted: &BooleanArray) -> Result<ByLeaf> {
        let places = filter_record_batch(places, wanted).map_err(|error| damaged(&error.to_string()))?;
        let column = |name| places.column_by_name(name).ok_or_else(|| damaged("a column is missing"));
        let other = || damaged("a column is of another type");
        let relations = column(LANDED_RELATION)?.as_primitive_opt::<UInt32Type>().ok_or_else(other)?;
        let at = column(LANDED_PLACE)?.as_binary_opt::<i32>().ok_or_else(other)?;
        let tells = self.sent[0].list() != self.sent[1].list();
        let mut by_leaf = ByLeaf::new();
        for row in (0..places.num_rows()).filter(|row| relations.is_valid(*row) && at.is_valid(*row)) {
            let place = Place::read(at.value(row)).ok_or_else(|| damaged("a place is none"))?;
            let group = (relations.value(row), tells && change.before.present.value(row));
            by_leaf.entry(group).or_default().push((place, row));
        }
        Ok(by_leaf)
    }
}

fn damaged(cause: &str) -> Error {
    let error = Error::new(ErrorKind::Damaged, WHAT).because(cause.to_owned());
    read_otherwise(error)
}
