//! The shape of a diff file: one row for every differing key, with its class and the row as BASE, OLD and NEW have it.
//!
//! | column | type | meaning |
//! |---|---|---|
//! | `fb_class` | text | the class |
//! | `fb_conflict` | text | the class again where it is a conflict, else NULL |
//! | `fb_evidence_old`, `fb_evidence_new` | text | what the class rests on, for each side |
//! | `fb_base` | text | where the row at the cutover was found: `old`, `new`, `absent`, `other`, `unknown` |
//! | `fb_changed` | list of text | the columns that differ between OLD and NEW; NULL unless both have the row |
//! | `fb_written_old`, `fb_written_new` | timestamp | when each side last wrote its row, by its own columns |
//! | `base`, `old`, `new` | struct | the row there, NULL where there is none or none is known |
//!
//! Where BASE was asked, `base` is its own row, so that each side's changes can be read off column by column.

use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, BooleanArray, RecordBatch, StringArray, StructArray, TimestampMicrosecondArray, UInt32Array};
use arrow_schema::ArrowError;
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow_select::filter::filter_record_batch;
use arrow_select::take::take;

use crate::codec::RowLayout;
use crate::delta::{Base, Class, Verdict};
use crate::engine::rows::Image;
use crate::error::{Error, ErrorKind, Result};
use crate::name::{Side, Sided};
use crate::schema::{TimeColumns, TimeKind};
use crate::words::Word;

/// The columns in front of the images.
pub(crate) const DECIDING: [&str; 8] = [
    "fb_class",
    "fb_conflict",
    "fb_evidence_old",
    "fb_evidence_new",
    "fb_base",
    "fb_changed",
    "fb_written_old",
    "fb_written_new",
];

/// Where among these it begins when each side wrote its row.
const WRITTEN: usize = DECIDING.len() - 2;

/// What is known of one key, images apart.
pub(crate) struct DiffRow {
    /// Class, base and evidence; a row whose class is settled is left out of the file.
    pub(crate) verdict: Verdict,
    /// Names of the columns that differ, where both sides have the row.
    pub(crate) changed: Option<Vec<String>>,
    /// When each side last wrote it, in microseconds since 1970-01-01.
    pub(crate) written_us: Sided<Option<i64>>,
}

/// Returns the schema of a diff file. When a row was written is an instant where its column says one; else it is what a clock
/// showed, or a day.
pub(crate) fn diff_schema(layout: &RowLayout, times: &TimeColumns) -> SchemaRef {
    let text = |name: &str, nullable| Field::new(name, DataType::Utf8, nullable);
    let written = times.updated.as_ref().or(times.created.as_ref());
    let zone = written.filter(|column| column.kind == TimeKind::Instant).map(|_| "UTC".into());
    let stamp = |name: &str| Field::new(name, DataType::Timestamp(TimeUnit::Microsecond, zone.clone()), true);
    let changed = DataType::List(Arc::new(Field::new("item", DataType::Utf8, true)));
    let image = |name: &str| Field::new(name, DataType::Struct(layout.arrow_schema().fields().clone()), true);
    Arc::new(Schema::new(vec![
        text("fb_class", false),
        text("fb_conflict", true),
        text("fb_evidence_old", false),
        text("fb_evidence_new", false),
        text("fb_base", false),
        Field::new("fb_changed", changed, true),
        stamp("fb_written_old"),
        stamp("fb_written_new"),
        image("base"),
        image("old"),
        image("new"),
    ]))
}

/// Builds the diff rows of one batch of keys; keys about which nothing is to be decided are left out.
/// `base` has BASE's own rows, where BASE was asked.
pub(crate) fn diff_batch(
    schema: &SchemaRef,
    sides: &Sided<Image>,
    base: Option<&Image>,
    rows: &[DiffRow],
) -> Result<RecordBatch> {
    build(schema, sides, base, rows).map_err(|error| Error::new(ErrorKind::Malformed, "build the diff's rows").because(error))
}

fn build(schema: &SchemaRef, sides: &Sided<Image>, base: Option<&Image>, rows: &[DiffRow]) -> Result<RecordBatch, ArrowError> {
    let text =
        |read: &dyn Fn(&DiffRow) -> Option<&'static str>| Arc::new(rows.iter().map(read).collect::<StringArray>()) as ArrayRef;
    let written = |side| {
        let values: TimestampMicrosecondArray = rows.iter().map(|row| *row.written_us.get(side)).collect();
        Arc::new(values.with_data_type(schema.field(WRITTEN).data_type().clone())) as ArrayRef
    };
    let images = sides.as_ref().map(Image::to_struct);
    let columns: Vec<ArrayRef> = vec![
        text(&|row| Some(row.verdict.class.word())),
        text(&|row| Some(row.verdict.class).filter(|class| class.is_conflict()).map(Class::word)),
        text(&|row| Some(row.verdict.evidence.old.word())),
        text(&|row| Some(row.verdict.evidence.new.word())),
        text(&|row| Some(row.verdict.base.word())),
        changed_lists(rows),
        written(Side::Old),
        written(Side::New),
        base.map_or_else(|| base_image(&images, rows), |base| Ok(Arc::new(base.to_struct())))?,
        Arc::new(images.old),
        Arc::new(images.new),
    ];
    let wanted: BooleanArray = rows.iter().map(|row| Some(!row.verdict.class.is_settled())).collect();
    filter_record_batch(&RecordBatch::try_new(schema.clone(), columns)?, &wanted)
}

fn changed_lists(rows: &[DiffRow]) -> ArrayRef {
    let mut lists = ListBuilder::new(StringBuilder::new());
    for row in rows {
        for column in row.changed.iter().flatten() {
            lists.values().append_value(column);
        }
        lists.append(row.changed.is_some());
    }
    Arc::new(lists.finish())
}

/// The row at the cutover, where one side still has it.
fn base_image(images: &Sided<StructArray>, rows: &[DiffRow]) -> Result<ArrayRef, ArrowError> {
    let both = arrow_select::concat::concat(&[&images.old, &images.new])?;
    let picks: UInt32Array = rows
        .iter()
        .enumerate()
        .map(|(position, row)| match row.verdict.base {
            Base::IsOld => u32::try_from(position).ok(),
            Base::IsNew => u32::try_from(rows.len() + position).ok(),
            _ => None,
        })
        .collect();
    take(&both, &picks, None)
}

/// Reads a column of words out of a batch; every row has one.
pub(crate) fn read_words<K: Word>(batch: &RecordBatch, name: &str) -> Result<Vec<K>> {
    let damaged = |cause: String| Error::new(ErrorKind::Damaged, "read a staged file").at(name).because(cause);
    let texts = batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
    let texts = texts.ok_or_else(|| damaged("the column is missing or holds no text".to_owned()))?;
    let read = |word: Option<&str>| K::read(word.unwrap_or_default()).map_err(|error| damaged(error.to_string()));
    texts.iter().map(read).collect()
}
