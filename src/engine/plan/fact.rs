//! What the diff says of a row for whoever decides it by rule.

use arrow_array::cast::AsArray as _;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{Array as _, RecordBatch, StringArray};

use crate::delta::{Class, Evidence};
use crate::engine::diff::read_words;
use crate::error::Result;
use crate::name::{Side, Sided};

/// What the diff says of a row for a rule.
pub(super) struct Fact {
    pub(super) class: Class,
    /// What the class rests on.
    pub(super) rests_on: Evidence,
    changed: Option<StringArray>,
}

impl Fact {
    /// Reads what rules ask of the rows of a batch.
    pub(super) fn read(batch: &RecordBatch) -> Result<Vec<Self>> {
        let classes: Vec<Class> = read_words(batch, "fb_class")?;
        let (old, new) = (read_words(batch, "fb_evidence_old")?, read_words(batch, "fb_evidence_new")?);
        let one = |(row, class): (usize, Class)| Self {
            class,
            rests_on: class.rests_on(Sided { old: old[row], new: new[row] }),
            changed: changed(batch, row),
        };
        Ok(classes.into_iter().enumerate().map(one).collect())
    }

    /// The columns in which the row's sides differ.
    pub(super) fn changed(&self) -> impl Iterator<Item = &str> {
        self.changed.iter().flat_map(|names| names.iter().flatten())
    }
}

fn changed(batch: &RecordBatch, row: usize) -> Option<StringArray> {
    let lists = batch.column_by_name("fb_changed")?.as_list_opt::<i32>()?;
    let names = lists.is_valid(row).then(|| lists.value(row))?;
    names.as_string_opt::<i32>().cloned()
}

/// When a side wrote a row last, as its own columns say, in microseconds since 1970-01-01 UTC.
pub(super) fn written(batch: &RecordBatch, side: Side, row: usize) -> Option<i64> {
    let stamps =
        batch.column_by_name(&format!("fb_written_{}", side.word()))?.as_primitive_opt::<TimestampMicrosecondType>()?;
    stamps.is_valid(row).then(|| stamps.value(row))
}
