//! Composes rows whose columns are chosen one by one: OLD's, NEW's and the cutover's values, and texts as OLD reads them.
//!
//! Memory: one row for each text that is given, and the composed rows of one batch.

use std::collections::{BTreeMap, BTreeSet};

use arrow_array::{BooleanArray, RecordBatch};

use super::chosen_column::{choosing, chosen_column, fault};
use crate::codec::{BatchDecoder, BatchEncoder, BatchView, CodecError, RowLayout};
use crate::delta;
use crate::engine::rows::{Batches, Composed, Image, LazySegment, Target, composed_batch, composed_schema, view};
use crate::engine::run::Servers;
use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::name::Side;
use crate::pg::{Session, Transaction, server_fault};
use crate::policy::{By, Choice, Chosen, Decisions, Resolution, ValueOf};
use crate::schema::Column;
use crate::staging::{Segment, TableRecord};
use crate::statement::{CONDITION_TIMEOUT, OWN_SEARCH_PATH, set_value, set_value_changes};
use crate::store::Store;
use crate::wire::{CopyDecoder, CopyEncoder, RowBuffer};

/// Composes the rows of one table.
pub(super) struct Composer<'a> {
    record: &'a TableRecord,
    /// What the pick or rule chooses, of those that choose anything.
    choices: BTreeMap<By, BTreeMap<usize, Choice>>,
    /// One row for each text that is given, with nothing but the column that it is given for.
    texts: BTreeMap<(usize, String), RecordBatch>,
    encoder: BatchEncoder,
    decoder: BatchDecoder,
    file: LazySegment,
}

/// What a row comes to.
pub(super) enum Comes {
    /// To what OLD has.
    Same,
    /// To another row, which differs from OLD's in these columns; nothing where OLD has none.
    Other(Option<BTreeSet<String>>),
    /// To nothing: it is not known what the row was at the cutover.
    Unknown,
}

/// A row that is to be composed: its row in the batch, whose values all other columns have, and what chooses.
pub(super) struct Wanted {
    pub(super) row: usize,
    pub(super) resolution: Resolution,
    pub(super) by: By,
}

impl<'a> Composer<'a> {
    /// Makes ready what the decisions choose about a table; nothing where they choose nothing.
    ///
    /// # Errors
    /// `Config` at the column that the table does not have, that is of the key, or that nobody writes, and at a text that OLD
    /// does not take.
    pub(super) async fn prepare(
        servers: &Servers,
        decisions: &Decisions,
        database: &str,
        record: &'a TableRecord,
        target: Target,
    ) -> Result<Option<Self>> {
        let table = record.name.to_string();
        let all: Vec<_> = choosing(decisions, database, &table).collect();
        if all.is_empty() {
            return Ok(None);
        }
        let old = Transaction::read(servers.connect(Side::Old, database).await?).await?;
        old.execute_all(OWN_SEARCH_PATH).await?;
        old.execute_all(CONDITION_TIMEOUT).await?;
        let (mut choices, mut texts) = (BTreeMap::new(), BTreeMap::new());
        for (by, of) in all {
            let mut chosen = BTreeMap::new();
            for (name, one) in &of.0 {
                let (index, column) =
                    chosen_column(record, name).map_err(|cause| fault(one).because(cause)).place(|| &table)?;
                if let Choice::Text(text) = &one.choice
                    && !texts.contains_key(&(index, text.clone()))
                {
                    let value = read(&old, record, (index, column), text).await.map_err(|error| unlike(one, error))?;
                    texts.insert((index, text.clone()), value.ok_or_else(|| too_long(one, column))?);
                }
                chosen.insert(index, one.choice.clone());
            }
            choices.insert(by, chosen);
        }
        old.rollback().await?;
        let layout = &record.layout;
        let (encoder, decoder) = (BatchEncoder::new(layout), BatchDecoder::new(layout));
        Ok(Some(Self { record, choices, texts, encoder, decoder, file: LazySegment::new(target, composed_schema(layout)) }))
    }

    /// Whether what decides a row chooses any of its columns.
    pub(super) fn composes(&self, by: By) -> bool {
        self.choices.contains_key(&by)
    }

    /// Composes rows of a batch, whose first row has that position in the table's diff, and says of each what it comes to.
    pub(super) fn compose(&mut self, batch: &RecordBatch, first: usize, wanted: &[Wanted]) -> Result<Vec<Comes>> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let images = [Image::read(batch, "old")?, Image::read(batch, "new")?, Image::read(batch, "base")?];
        let mut is_known = vec![false; batch.num_rows()];
        let known: Vec<_> = wanted.iter().filter(|one| self.is_known(&images, one)).collect();
        for one in &known {
            is_known[one.row] = true;
        }
        let rows = self.rows(&images, &known)?;
        let mask = BooleanArray::from(is_known.clone());
        let old = images[0].select(&mask)?;
        let differences = delta::compare(&old.rows, &rows)
            .map_err(|error| Error::new(ErrorKind::Malformed, "compare composed rows with OLD's").because(error))?;
        let (mut comes, mut positions, mut kept) = (Vec::new(), Vec::new(), Vec::new());
        let mut place = 0;
        for one in wanted {
            if !is_known[one.row] {
                comes.push(Comes::Unknown);
                continue;
            }
            let layout = &self.record.layout;
            let carried = |column: &usize| layout.columns[*column].is_carried();
            let names: BTreeSet<String> = (0..layout.columns.len())
                .filter(carried)
                .filter(|column| differences.differs(place, *column))
                .map(|column| layout.columns[column].name.as_str().to_owned())
                .collect();
            let has_old = old.present.value(place);
            let is_same = has_old && names.is_empty();
            kept.push(Some(!is_same));
            if !is_same {
                positions.push(i64::try_from(first + one.row).unwrap_or(i64::MAX));
            }
            comes.push(if is_same { Comes::Same } else { Comes::Other(has_old.then_some(names)) });
            place += 1;
        }
        let rows = Image::whole(rows).select(&BooleanArray::from(kept))?.rows;
        self.file.write(&composed_batch(&self.record.layout, positions, &rows)?)?;
        Ok(comes)
    }

    /// Closes the file, and opens it for reading; nothing where no row was composed.
    pub(super) fn finish(self, store: &dyn Store) -> Result<Option<(Segment, Composed)>> {
        let Some(segment) = self.file.finish()? else {
            return Ok(None);
        };
        let composed = Composed::open(store, &segment)?;
        Ok(Some((segment, composed)))
    }

    /// Whether every image is there that a row's columns are taken of.
    fn is_known(&self, images: &[Image; 3], wanted: &Wanted) -> bool {
        let of_choices = self.choices.get(&wanted.by).into_iter().flat_map(BTreeMap::values);
        let sides = of_choices.filter_map(|choice| if let Choice::Of(of) = choice { Some(*of) } else { None });
        sides.chain([rest(wanted.resolution)]).all(|of| images[place_of(of)].present.value(wanted.row))
    }

    /// Makes the rows, each by the bytes that travel.
    fn rows(&mut self, images: &[Image; 3], wanted: &[&Wanted]) -> Result<RecordBatch> {
        let layout = &self.record.layout;
        let views = [
            view(&self.encoder, &images[0].rows)?,
            view(&self.encoder, &images[1].rows)?,
            view(&self.encoder, &images[2].rows)?,
        ];
        let (mut stream, mut value) = (Vec::new(), Vec::new());
        let mut out = CopyEncoder::new(&mut stream);
        out.header();
        for one in wanted {
            let chosen = self.choices.get(&one.by);
            out.begin_row(layout.columns.len()).map_err(malformed)?;
            for (index, column) in layout.columns.iter().enumerate() {
                value.clear();
                // What the common type does not hold is put back where the value is OLD's after all.
                let has = column.own_form_of.is_none()
                    && match chosen.and_then(|chosen| chosen.get(&index)) {
                        Some(Choice::Null) => false,
                        Some(Choice::Text(text)) => self.text(index, text, &mut value)?,
                        Some(Choice::Of(of)) => field(&views, *of, one.row, index, &mut value)?,
                        None => field(&views, rest(one.resolution), one.row, index, &mut value)?,
                    };
                out.field(has.then_some(value.as_slice())).map_err(malformed)?;
            }
        }
        out.trailer();
        let mut rows = RowBuffer::new(layout.columns.len());
        let mut decoder = CopyDecoder::new(layout.columns.len());
        decoder.feed(&stream, &mut rows).and_then(|()| decoder.finish()).map_err(malformed)?;
        self.decoder.decode(&rows).map_err(unreadable)
    }
}

impl Composer<'_> {
    /// Appends what OLD read in a text; false where that is NULL.
    fn text(&self, column: usize, text: &str, out: &mut Vec<u8>) -> Result<bool> {
        let Some(row) = self.texts.get(&(column, text.to_owned())) else { return Ok(false) };
        let encoder = BatchEncoder::new(&one_column(&self.record.layout, column));
        view(&encoder, row)?.field(0, 0, out).map_err(unreadable)
    }
}

fn field(views: &[BatchView<'_>; 3], of: ValueOf, row: usize, column: usize, out: &mut Vec<u8>) -> Result<bool> {
    views[place_of(of)].field(row, column, out).map_err(unreadable)
}

const fn place_of(of: ValueOf) -> usize {
    match of {
        ValueOf::Old => 0,
        ValueOf::New => 1,
        ValueOf::Base => 2,
    }
}

/// Whose values the columns have that are not chosen.
const fn rest(resolution: Resolution) -> ValueOf {
    if matches!(resolution, Resolution::KeepOld) { ValueOf::Old } else { ValueOf::New }
}

/// The column of a layout alone.
fn one_column(layout: &RowLayout, index: usize) -> RowLayout {
    RowLayout { columns: vec![layout.columns[index].clone()] }
}

/// Has OLD read a text; nothing where the column's own length or precision would make another value of it.
async fn read(
    old: &Session,
    record: &TableRecord,
    (index, column): (usize, &Column),
    text: &str,
) -> Result<Option<RecordBatch>> {
    if let Some(question) = set_value_changes(column, text)
        && old.query(&question, &[]).await?.first().is_some_and(|row| row.get::<_, bool>(0))
    {
        return Ok(None);
    }
    let layout = one_column(&record.layout, index);
    let mut stream = Batches::open(old, &set_value(&layout, column, text), &layout).await?;
    let value = stream.take(1).await?;
    stream.expect_end().await?;
    Ok(Some(value))
}

fn too_long(chosen: &Chosen, column: &Column) -> Error {
    fault(chosen).because(format!("{} would make another value of the text", column.data_type.sql))
}

/// What the server says to a text is the text's fault, unless it is the connection's.
fn unlike(chosen: &Chosen, error: Error) -> Error {
    match (error.kind(), server_fault(&error)) {
        (ErrorKind::Server, Some(said)) => {
            fault(chosen).because(said.to_string()).next("write the value as PostgreSQL prints it; NULL stands in `set_null`")
        }
        _ => error.at(&chosen.place),
    }
}

fn malformed(error: crate::wire::WireError) -> Error {
    Error::new(ErrorKind::Malformed, "compose rows").because(error)
}

fn unreadable(error: CodecError) -> Error {
    Error::new(ErrorKind::Damaged, "compose rows").because(error)
}
