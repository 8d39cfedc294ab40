//! Rows of a merge that an undo leaves, or that were taken back before it, by reason, with their keys. Memory: one batch of
//! rows.

use std::collections::BTreeMap;

use super::report::LeftRows;
use crate::codec::BatchEncoder;
use crate::engine::plan::Draft;
use crate::engine::rows::{Image, key_positions, view};
use crate::error::{Error, ErrorKind, Result};
use crate::policy::Action;
use crate::staging::{SegmentReader, TableRecord};
use crate::store::Store;

/// How many rows of the diff are read at a time.
const BATCH_ROWS: usize = 4096;

/// Lists the rows that were written by the plan and are left, by reason, with their keys.
pub(super) fn left_rows(store: &dyn Store, draft: &Draft<'_>, planned: &[Action]) -> Result<Vec<LeftRows>> {
    let is_left = |row: usize| planned[row].writes() && draft.actions[row] == Action::Hold;
    let why = |row: usize| draft.whys[row];
    named_rows(store, draft, planned.len(), &|row| is_left(row).then(|| why(row)), &|why| {
        draft.reasons.get(why).map_or("", |why| &why.text).trim_start_matches("held: ").to_owned()
    })
}

/// Lists the rows that were written by the plan and that somebody took back without an undo.
pub(super) fn rows_taken_back(store: &dyn Store, draft: &Draft<'_>, planned: &[Action]) -> Result<Vec<LeftRows>> {
    let is_back = |row: usize| planned[row].writes() && draft.actions[row] == Action::KeepOld;
    let why = |row: usize| u32::from(planned[row] != Action::Insert);
    named_rows(store, draft, planned.len(), &|row| is_back(row).then(|| why(row)), &|why| {
        if why == 0 { "no longer there".to_owned() } else { "as before the merge".to_owned() }
    })
}

/// Lists some rows of a diff with their keys, by a number, of which words are made.
fn named_rows(
    store: &dyn Store,
    draft: &Draft<'_>,
    rows: usize,
    number: &dyn Fn(usize) -> Option<u32>,
    words: &dyn Fn(u32) -> String,
) -> Result<Vec<LeftRows>> {
    let mut found: BTreeMap<u32, LeftRows> = BTreeMap::new();
    if !(0..rows).any(|row| number(row).is_some()) {
        return Ok(Vec::new());
    }
    let keys = KeyText::of(draft.record)?;
    let mut first = 0;
    for segment in &draft.diff.segments {
        for batch in SegmentReader::open_projected(store, segment, BATCH_ROWS, &["old", "new"])? {
            let batch = batch?;
            let images = [Image::read(&batch, "new")?, Image::read(&batch, "old")?];
            for row in 0..batch.num_rows() {
                let Some(number) = number(first + row) else { continue };
                let left = found.entry(number).or_insert_with(|| LeftRows {
                    table: draft.record.name.to_string(),
                    why: words(number),
                    rows: 0,
                    keys: Vec::new(),
                });
                left.rows += 1;
                if left.keys.len() < LeftRows::MOST_KEYS {
                    left.keys.push(keys.say(&images, row)?);
                }
            }
            first += batch.num_rows();
        }
    }
    Ok(found.into_values().collect())
}

/// Keys of a table's rows, for people.
struct KeyText<'a> {
    record: &'a TableRecord,
    encoder: BatchEncoder,
    /// The key's columns in the layout.
    positions: Vec<usize>,
}

impl<'a> KeyText<'a> {
    fn of(record: &'a TableRecord) -> Result<Self> {
        let positions = key_positions(&record.layout, &record.key.names())?;
        Ok(Self { record, encoder: BatchEncoder::new(&record.layout), positions })
    }

    /// Says a row's key, as `column = value`, from the first image that has the row.
    fn say(&self, images: &[Image], row: usize) -> Result<String> {
        let Some(image) = images.iter().find(|image| image.present.value(row)) else { return Ok(String::new()) };
        let rows = view(&self.encoder, &image.rows)?;
        let mut said = Vec::new();
        for position in &self.positions {
            let value = rows.display(row, *position);
            let value = value.map_err(|error| Error::new(ErrorKind::Damaged, "read the diff").because(error))?;
            let column = &self.record.layout.columns[*position].name;
            said.push(format!("{column} = {}", value.as_deref().unwrap_or("NULL")));
        }
        Ok(said.join(", "))
    }
}
