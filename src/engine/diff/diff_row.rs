//! The shape of a diff file: one row for every differing key, with its class and the row as BASE, OLD and NEW have it.
//!
//! | column | type | meaning |
//! |---|---|---|
//! | `fb_database`, `fb_table` | text | where the row is |
//! | the columns of the key, by OLD's names | as staged | NEW's row's, else OLD's, else BASE's |
//! | `fb_class` | text | the class |
//! | `fb_conflict` | text | the class again where it is a conflict, else NULL |
//! | `fb_evidence_old`, `fb_evidence_new` | text | what the class rests on, for each side |
//! | `fb_base` | text | where the row at the cutover was found: `old`, `new`, `absent`, `other`, `unknown` |
//! | `fb_changed` | list of text | the columns that differ between OLD and NEW; NULL unless both have the row |
//! | `fb_written_old`, `fb_written_new` | timestamp | when each side last wrote its row, by its own columns |
//! | `base`, `old`, `new` | struct | the row there, NULL where there is none or none is known |
//!
//! Where BASE was asked, `base` is its own row, so that each side's changes can be read off column by column.

use std::iter::repeat_n;
use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::{
    Array as _, ArrayRef, BooleanArray, RecordBatch, StringArray, StructArray, TimestampMicrosecondArray, UInt32Array,
};
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
use crate::staging::{ROW_PLACE, RowKey, TableRecord, row_keys};
use crate::words::Word;

/// The columns between a row's name and its images.
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

/// When each side wrote its row.
const WRITTEN: [&str; 2] = ["fb_written_old", "fb_written_new"];

/// What is known of one key, images apart.
pub(crate) struct DiffRow {
    /// Class, base and evidence; a row whose class is settled is left out of the file.
    pub(crate) verdict: Verdict,
    /// Names of the columns that differ, where both sides have the row.
    pub(crate) changed: Option<Vec<String>>,
    /// When each side last wrote it, in microseconds since 1970-01-01.
    pub(crate) written_us: Sided<Option<i64>>,
}

/// The files of one table's diff: the shape of their rows, and what is the same in all of them.
pub(crate) struct DiffShape {
    /// Their schema.
    pub(crate) schema: SchemaRef,
    database: String,
    table: String,
    /// Which of the staged columns make the key.
    key: Vec<usize>,
}

impl DiffShape {
    /// Returns the shape of a table's rows.
    pub(crate) fn of(database: &str, table: &TableRecord) -> Self {
        let key = row_keys(table);
        Self {
            schema: diff_schema(&key, &table.layout, &table.times),
            database: database.to_owned(),
            table: table.name.to_string(),
            key: key.into_iter().map(|key| key.column).collect(),
        }
    }

    /// Says which row each is.
    fn names(&self, sides: &Sided<StructArray>, base: &StructArray) -> Result<Vec<ArrayRef>, ArrowError> {
        let rows = base.len();
        let same = |text: &str| Arc::new(StringArray::from_iter_values(repeat_n(text, rows))) as ArrayRef;
        let images = [&sides.new, &sides.old, base];
        let from = |row: usize| images.iter().position(|image| image.is_valid(row));
        let picks: UInt32Array = (0..rows).map(|row| u32::try_from(from(row)? * rows + row).ok()).collect();
        let key = self.key.iter().map(|column| {
            let values = arrow_select::concat::concat(&images.map(|image| image.column(*column).as_ref()))?;
            take(&values, &picks, None)
        });
        [Ok(same(&self.database)), Ok(same(&self.table))].into_iter().chain(key).collect()
    }
}

/// Returns the schema of a diff file. When a row was written is an instant where its column says one; else it is what a clock
/// showed, or a day.
fn diff_schema(key: &[RowKey], layout: &RowLayout, times: &TimeColumns) -> SchemaRef {
    let text = |name: &str, nullable| Field::new(name, DataType::Utf8, nullable);
    let staged = layout.arrow_schema();
    let key = key.iter().map(|key| staged.field(key.column).clone().with_name(key.name.as_str()).with_nullable(true));
    let written = times.updated.as_ref().or(times.created.as_ref());
    let zone = written.filter(|column| column.kind == TimeKind::Instant).map(|_| "UTC".into());
    let stamp = |name: &str| Field::new(name, DataType::Timestamp(TimeUnit::Microsecond, zone.clone()), true);
    let changed = DataType::List(Arc::new(Field::new("item", DataType::Utf8, true)));
    let image = |name: &str| Field::new(name, DataType::Struct(staged.fields().clone()), true);
    let names = ROW_PLACE.iter().map(|name| text(name, false)).chain(key);
    let others = [
        text("fb_class", false),
        text("fb_conflict", true),
        text("fb_evidence_old", false),
        text("fb_evidence_new", false),
        text("fb_base", false),
        Field::new("fb_changed", changed, true),
        stamp(WRITTEN[0]),
        stamp(WRITTEN[1]),
        image("base"),
        image("old"),
        image("new"),
    ];
    Arc::new(Schema::new(names.chain(others).collect::<Vec<_>>()))
}

/// Builds the diff rows of one batch of keys; keys about which nothing is to be decided are left out.
/// `base` has BASE's own rows, where BASE was asked.
pub(crate) fn diff_batch(
    shape: &DiffShape,
    sides: &Sided<Image>,
    base: Option<&Image>,
    rows: &[DiffRow],
) -> Result<RecordBatch> {
    build(shape, sides, base, rows).map_err(|error| Error::new(ErrorKind::Malformed, "build the diff's rows").because(error))
}

fn build(shape: &DiffShape, sides: &Sided<Image>, base: Option<&Image>, rows: &[DiffRow]) -> Result<RecordBatch, ArrowError> {
    let written_type = shape.schema.field_with_name(WRITTEN[0])?.data_type();
    let text =
        |read: &dyn Fn(&DiffRow) -> Option<&'static str>| Arc::new(rows.iter().map(read).collect::<StringArray>()) as ArrayRef;
    let written = |side| {
        let values: TimestampMicrosecondArray = rows.iter().map(|row| *row.written_us.get(side)).collect();
        Arc::new(values.with_data_type(written_type.clone())) as ArrayRef
    };
    let images = sides.as_ref().map(Image::to_struct);
    let base = base.map_or_else(|| base_image(&images, rows), |base| Ok(base.to_struct()))?;
    let mut columns = shape.names(&images, &base)?;
    let told: [ArrayRef; 11] = [
        text(&|row| Some(row.verdict.class.word())),
        text(&|row| Some(row.verdict.class).filter(|class| class.is_conflict()).map(Class::word)),
        text(&|row| Some(row.verdict.evidence.old.word())),
        text(&|row| Some(row.verdict.evidence.new.word())),
        text(&|row| Some(row.verdict.base.word())),
        changed_lists(rows),
        written(Side::Old),
        written(Side::New),
        Arc::new(base),
        Arc::new(images.old),
        Arc::new(images.new),
    ];
    columns.extend(told);
    let wanted: BooleanArray = rows.iter().map(|row| Some(!row.verdict.class.is_settled())).collect();
    filter_record_batch(&RecordBatch::try_new(shape.schema.clone(), columns)?, &wanted)
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
fn base_image(images: &Sided<StructArray>, rows: &[DiffRow]) -> Result<StructArray, ArrowError> {
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
    Ok(take(&both, &picks, None)?.as_struct().clone())
}

/// Reads a column of words out of a batch; every row has one.
pub(crate) fn read_words<K: Word>(batch: &RecordBatch, name: &str) -> Result<Vec<K>> {
    let damaged = |cause: String| Error::new(ErrorKind::Damaged, "read a staged file").at(name).because(cause);
    let texts = batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
    let texts = texts.ok_or_else(|| damaged("the column is missing or holds no text".to_owned()))?;
    let read = |word: Option<&str>| K::read(word.unwrap_or_default()).map_err(|error| damaged(error.to_string()));
    texts.iter().map(read).collect()
}
