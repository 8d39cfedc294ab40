//! The rows of a load table on OLD: the columns in which they arrive, their bytes, and the COPY that carries them.

use arrow_array::RecordBatch;
use bytes::Bytes;

use crate::codec::{BatchEncoder, BatchView, Lane, StagedColumn};
use crate::error::{Error, ErrorKind, Result};
use crate::pg::{CopyIn, Session};
use crate::schema::{Conversion, Identity, PgType};
use crate::staging::TableRecord;
use crate::statement::{ColumnMask, LoadColumn, LoadTable, Operation, unpacked};
use crate::wire::CopyEncoder;

/// How many bytes are sent in one message, short of a single larger row.
const MESSAGE_BYTES: usize = 256 << 10;

/// Which columns of a row change, and the digest of what it was where that is compared.
pub(crate) type Changed<'a> = (&'a ColumnMask, Option<&'a [u8]>);

/// Rows on their way into a load table. Memory: one message.
pub(crate) struct Loading {
    copy: CopyIn,
    message: Vec<u8>,
}

impl Loading {
    /// Starts the COPY into a load table that exists.
    pub(crate) async fn into(old: &Session, load: &LoadTable<'_>) -> Result<Self> {
        let copy = old.copy_in(&load.fill()).await?;
        let mut message = Vec::new();
        CopyEncoder::new(&mut message).header();
        Ok(Self { copy, message })
    }

    /// Sends one row of an image: its position, its operation, its values.
    pub(crate) async fn row(&mut self, image: &BatchView<'_>, row: usize, ord: usize, operation: Operation) -> Result<()> {
        stage_row(image, row, (position(ord), operation), &mut self.message)?;
        self.flush_if_full().await
    }

    /// Sends of one row some columns alone, by their positions in the image; all others are NULL.
    pub(crate) async fn part_of_row(
        &mut self,
        image: &BatchView<'_>,
        row: usize,
        ord: usize,
        operation: Operation,
        is_sent: impl Fn(usize) -> bool,
    ) -> Result<()> {
        stage_fields(image, row, (position(ord), operation, None), is_sent, &mut self.message)?;
        self.flush_if_full().await
    }

    /// Sends one row that is updated, with which of its columns change, and the digest of what it was where that is compared;
    /// of columns that do not change, some alone.
    pub(crate) async fn changed_row(
        &mut self,
        image: &BatchView<'_>,
        row: usize,
        (ord, operation): (usize, Operation),
        (changed, was): Changed<'_>,
        is_sent: impl Fn(usize) -> bool,
    ) -> Result<()> {
        let front = (position(ord), operation, Some((changed, was)));
        stage_fields(image, row, front, |column| changed.has(column) || is_sent(column), &mut self.message)?;
        self.flush_if_full().await
    }

    async fn flush_if_full(&mut self) -> Result<()> {
        if self.message.len() >= MESSAGE_BYTES { self.flush().await } else { Ok(()) }
    }

    async fn flush(&mut self) -> Result<()> {
        let next = Vec::with_capacity(MESSAGE_BYTES + (64 << 10));
        self.copy.send(Bytes::from(std::mem::replace(&mut self.message, next))).await
    }

    /// Ends the COPY and returns how many rows arrived.
    pub(crate) async fn finish(mut self) -> Result<u64> {
        CopyEncoder::new(&mut self.message).trailer();
        self.copy.send(Bytes::from(self.message)).await?;
        self.copy.finish().await
    }
}

/// Returns a load table's columns, one for each of the layout's.
pub(crate) fn load_columns(record: &TableRecord) -> Vec<LoadColumn> {
    let keys = record.key.names();
    record.layout.columns.iter().map(|staged| load_column(record, staged, keys.contains(&staged.name))).collect()
}

fn load_column(record: &TableRecord, staged: &StagedColumn, key: bool) -> LoadColumn {
    let column = record.old.column(&staged.name).filter(|_| staged.old.is_present());
    let always = column.is_some_and(|column| column.identity == Some(Identity::Always));
    let own = column.map(|column| &column.data_type);
    let own_form = record.layout.own_form_of(&staged.name);
    let travelling = match own {
        Some(own) if staged.old.is_plain() => &own.base_sql,
        _ => &staged.pg_type,
    };
    let (sql_type, mut conversions) = match staged.lane {
        // A column that OLD lacks may be of a type that OLD lacks too; it only takes its place in the row.
        _ if column.is_none() && !is_stand_in(record, staged) && staged.own_form_of.is_none() => {
            ("bytea".to_owned(), Vec::new())
        }
        Lane::Text if staged.own_form_of.is_some() => ("text".to_owned(), Vec::new()),
        Lane::Text if staged.casts_text || own.is_some_and(|own| own.casts_text) => {
            ("text".to_owned(), vec![Conversion::Input(travelling.clone())])
        }
        Lane::Text => ("text".to_owned(), vec![Conversion::Cast(travelling.clone())]),
        Lane::Typed(_) => (travelling.clone(), Vec::new()),
    };
    conversions.extend(own.map(|own| staged.old.back_to(own)).unwrap_or_default());
    let fits = |own: &PgType| {
        let arrives_as =
            conversions.last().map_or(Some(&sql_type), |last| if let Conversion::Cast(to) = last { Some(to) } else { None });
        arrives_as == Some(&own.sql) && own_form.is_none()
    };
    let refitted = own.is_some_and(|own| own.is_refitted() && !fits(own));
    LoadColumn {
        name: staged.name.clone(),
        sql_type,
        conversions,
        own_form: own_form.zip(own).map(|(form, own)| (form.name.clone(), own.bare_sql.clone())),
        equals: own.map_or_else(|| "=".to_owned(), PgType::equals),
        key,
        inserted: column.is_some() && staged.new.is_present(),
        restored: column.is_some(),
        // A key is set too where its spelling alone may change.
        updated: column.is_some_and(|column| staged.new.is_present() && !(key && column.equal_prints_alike()) && !always),
        refitted,
    }
}

/// Whether the column stands in for a missing key, which is computed and neither table has.
fn is_stand_in(record: &TableRecord, staged: &StagedColumn) -> bool {
    record.key.is_whole_row() && record.key.names().contains(&staged.name)
}

/// Opens a batch for encoding.
pub(crate) fn view<'a>(encoder: &'a BatchEncoder, rows: &'a RecordBatch) -> Result<BatchView<'a>> {
    encoder.view(rows).map_err(|error| Error::new(ErrorKind::Damaged, "read the diff").because(error))
}

/// A row's position as the load table has it.
fn position(ord: usize) -> i64 {
    i64::try_from(ord).unwrap_or(i64::MAX)
}

/// How many columns a load table has in front of a row's: position, operation, which values change, and what the row was.
const FRONT_COLUMNS: i16 = 4;

/// Appends one row of a load table: its position, its operation, its values.
fn stage_row(image: &BatchView<'_>, row: usize, front: (i64, Operation), message: &mut Vec<u8>) -> Result<()> {
    let start = message.len();
    if unpacked(image.column_count()) < image.column_count() {
        return stage_fields(image, row, (front.0, front.1, None), |_| true, message);
    }
    image.row(row, message).map_err(|error| Error::new(ErrorKind::Damaged, "read the diff").because(error))?;
    // The tuple begins with its field count, which grows by the columns that are put in front.
    let fields = i16::from_be_bytes([message[start], message[start + 1]]) + FRONT_COLUMNS;
    let (ord, operation) = front;
    let mut front = Vec::with_capacity(27);
    front.extend_from_slice(&fields.to_be_bytes());
    front.extend_from_slice(&8_i32.to_be_bytes());
    front.extend_from_slice(&ord.to_be_bytes());
    front.extend_from_slice(&1_i32.to_be_bytes());
    front.push(operation.letter());
    front.extend_from_slice(&(-1_i32).to_be_bytes());
    front.extend_from_slice(&(-1_i32).to_be_bytes());
    message.splice(start..start + 2, front);
    Ok(())
}

/// Appends a row field by field, those that are sent; of one that is too wide for a load table the last columns as one array
/// of texts.
fn stage_fields(
    image: &BatchView<'_>,
    row: usize,
    (ord, operation, changed): (i64, Operation, Option<Changed<'_>>),
    is_sent: impl Fn(usize) -> bool,
    message: &mut Vec<u8>,
) -> Result<()> {
    let damaged = |error| Error::new(ErrorKind::Damaged, "read the diff").because(error);
    let (own, columns) = (unpacked(image.column_count()), image.column_count());
    let fields = i16::try_from(own + usize::from(own < columns)).map_err(damaged_count)? + FRONT_COLUMNS;
    message.extend_from_slice(&fields.to_be_bytes());
    put(message, Some(&ord.to_be_bytes()))?;
    put(message, Some(&[operation.letter()]))?;
    put(message, changed.map(|(mask, _)| mask.wire()).as_deref())?;
    put(message, changed.and_then(|(_, was)| was))?;
    let mut value = Vec::new();
    for column in 0..own {
        value.clear();
        let there = is_sent(column) && image.field(row, column, &mut value).map_err(damaged)?;
        put(message, there.then_some(value.as_slice()))?;
    }
    if own == columns {
        return Ok(());
    }
    // An array's wire form: one dimension, whether there are NULLs, the OID of text, its length, its first index.
    let mut rest = Vec::new();
    let length = i32::try_from(columns - own).map_err(damaged_count)?;
    for word in [1, 1, TEXT_OID, length, 1] {
        rest.extend_from_slice(&word.to_be_bytes());
    }
    for column in own..columns {
        let text = if is_sent(column) { image.display(row, column).map_err(damaged)? } else { None };
        put(&mut rest, text.as_deref().map(str::as_bytes))?;
    }
    put(message, Some(&rest))
}

/// The OID of `text` on every server.
const TEXT_OID: i32 = 25;

/// Appends a value behind its length; none is NULL.
fn put(out: &mut Vec<u8>, value: Option<&[u8]>) -> Result<()> {
    let length = value.map_or(Ok(-1), |value| i32::try_from(value.len())).map_err(damaged_count)?;
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(value.unwrap_or_default());
    Ok(())
}

fn damaged_count(error: std::num::TryFromIntError) -> Error {
    Error::new(ErrorKind::Damaged, "read the diff").because(error)
}
