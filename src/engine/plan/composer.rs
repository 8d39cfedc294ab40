//! Composes rows: of OLD's, NEW's and the cutover's values, texts as OLD reads them, and what OLD makes of an expression.
//! Columns are chosen one by one, or by what each side did to them.
//!
//! Memory: one row for each text that is given, and the composed rows of one batch.

use std::collections::{BTreeMap, BTreeSet};

use arrow_array::{BooleanArray, RecordBatch};

use super::chosen_column::{choosing, chosen_column, fault};
use super::columns_together::ColumnsTogether;
use super::computing::{Computed, Computing, Expression, expression};
use super::conditions;
use super::merged_columns::MergedColumns;
use crate::codec::{BatchDecoder, BatchEncoder, BatchView, CodecError, RowLayout};
use crate::delta;
use crate::engine::rows::{Batches, Composed, Image, LazySegment, Target, composed_batch, composed_schema, view};
use crate::engine::run::Servers;
use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::pg::{Session, server_fault};
use crate::policy::{By, Choice, Chosen, Decisions, Resolution, ValueOf};
use crate::schema::Column;
use crate::staging::{Segment, TableRecord};
use crate::statement::{set_value, set_value_changes};
use crate::store::Store;
use crate::wire::{CopyDecoder, CopyEncoder, RowBuffer};

/// Composes the rows of one table.
pub(super) struct Composer<'a> {
    record: &'a TableRecord,
    together: ColumnsTogether,
    /// What the pick or rule chooses, of those that choose anything.
    choices: BTreeMap<By, BTreeMap<usize, Choice>>,
    /// One row for each text that is given, with nothing but the column that it is given for.
    texts: BTreeMap<(usize, String), RecordBatch>,
    /// What OLD computes, of those that have it computed.
    expressions: BTreeMap<By, Vec<Expression<'a>>>,
    computing: Option<Computing<'a>>,
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
    /// To nothing, for this reason.
    Nothing(String),
}

/// Why a row comes to nothing whose value at the cutover is wanted.
const UNKNOWN: &str = "held: it is not known what the row was at the cutover, of which a value is wanted";

/// A row that is to be composed: its row in the batch, whose values all other columns have, and what chooses.
pub(super) struct Wanted {
    pub(super) row: usize,
    pub(super) resolution: Resolution,
    pub(super) by: By,
}

impl<'a> Composer<'a> {
    /// Makes ready what the decisions choose about a table; nothing where they compose no row.
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
        if all.is_empty() && !decisions.composes() {
            return Ok(None);
        }
        // Of a table of which nothing is chosen, OLD is asked nothing.
        let computing = if all.is_empty() { None } else { Some(Computing::open(servers, database, record).await?) };
        let (mut choices, mut texts, mut expressions) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for (by, of) in all {
            let mut chosen = BTreeMap::new();
            for (name, one) in &of.0 {
                let (index, column) =
                    chosen_column(record, name).map_err(|cause| fault(one).because(cause)).place(|| &table)?;
                if let (Choice::Text(text), Some(computing)) = (&one.choice, &computing)
                    && !texts.contains_key(&(index, text.clone()))
                {
                    let value =
                        read(computing.session(), record, (index, column), text).await.map_err(|error| unlike(one, error))?;
                    texts.insert((index, text.clone()), value.ok_or_else(|| too_long(one, column))?);
                }
                if let Some(found) = expression((servers, database), record, (index, column), one).await.place(|| &table)? {
                    expressions.entry(by).or_insert_with(Vec::new).push(found);
                }
                chosen.insert(index, one.choice.clone());
            }
            choices.insert(by, chosen);
        }
        let layout = &record.layout;
        let (encoder, decoder) = (BatchEncoder::new(layout), BatchDecoder::new(layout));
        let file = LazySegment::new(target, composed_schema(layout));
        let together = ColumnsTogether::of(record);
        Ok(Some(Self { record, together, choices, texts, expressions, computing, encoder, decoder, file }))
    }

    /// Whether what decides a row composes it.
    pub(super) fn composes(&self, by: By, resolution: Resolution) -> bool {
        resolution.composes() || self.choices.contains_key(&by)
    }

    /// Composes rows of a batch, whose first row has that position in the table's diff, and says of each what it comes to.
    pub(super) async fn compose(&mut self, batch: &RecordBatch, first: usize, wanted: &[Wanted]) -> Result<Vec<Comes>> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let images = [Image::read(batch, "old")?, Image::read(batch, "new")?, Image::read(batch, "base")?];
        let does_merge = wanted.iter().any(|one| one.resolution.composes());
        let merged = does_merge.then(|| MergedColumns::of(self.record, batch, &images)).transpose()?;
        let made_of = MadeOf { merged, computed: self.computed(batch, wanted).await?, images };
        let held: Vec<_> = wanted.iter().map(|one| self.why_not(&made_of, one)).collect();
        let known: Vec<_> = wanted.iter().zip(&held).filter(|(_, held)| held.is_none()).map(|(one, _)| one).collect();
        let mut is_known = vec![false; batch.num_rows()];
        for one in &known {
            is_known[one.row] = true;
        }
        let rows = self.rows(&made_of, &known)?;
        let old = made_of.images[0].select(&BooleanArray::from(is_known))?;
        let differences = delta::compare(&old.rows, &rows)
            .map_err(|error| Error::new(ErrorKind::Malformed, "compare composed rows with OLD's").because(error))?;
        let (mut comes, mut positions, mut kept) = (Vec::new(), Vec::new(), Vec::new());
        for (one, held) in wanted.iter().zip(held) {
            if let Some(why) = held {
                comes.push(Comes::Nothing(why));
                continue;
            }
            let (layout, place) = (&self.record.layout, kept.len());
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

    /// Has OLD compute what is to be computed, of each row and column.
    async fn computed(&self, batch: &RecordBatch, wanted: &[Wanted]) -> Result<BTreeMap<(usize, usize), Computed>> {
        let mut found = BTreeMap::new();
        let Some(computing) = &self.computing else { return Ok(found) };
        for (by, expressions) in &self.expressions {
            let rows: Vec<usize> = wanted.iter().filter(|one| one.by == *by).map(|one| one.row).collect();
            let texts = conditions::rows(&self.encoder, batch, &rows)?;
            for expression in expressions {
                let values = computing.values(expression, &texts).await?;
                found.extend(rows.iter().map(|row| (*row, expression.index)).zip(values));
            }
        }
        Ok(found)
    }

    /// Why a row comes to nothing; nothing where it does not.
    fn why_not(&self, of: &MadeOf, one: &Wanted) -> Option<String> {
        let chosen = self.choices.get(&one.by);
        let of_choices = chosen.into_iter().flat_map(BTreeMap::values);
        let sides = of_choices.filter_map(|choice| if let Choice::Of(of) = choice { Some(*of) } else { None });
        let has_all = sides.chain(rest(one.resolution).iter().copied()).all(|side| of.has(side, one.row));
        if !has_all {
            return Some(UNKNOWN.to_owned());
        }
        let columns = 0..self.record.layout.columns.len();
        let computed = columns.clone().filter_map(|column| of.computed.get(&(one.row, column)));
        if let Some(why) = computed.into_iter().find_map(Computed::why_not) {
            return Some(why.to_owned());
        }
        let merged = of.merged.as_ref().filter(|_| one.resolution.composes())?;
        if merged.may_be_others(one.row) {
            return Some("held: OLD's row and NEW's do not agree on when they were made, and may be two".to_owned());
        }
        if one.resolution != Resolution::ColumnMerge {
            return None;
        }
        let is_left = |column: &usize| chosen.is_none_or(|chosen| !chosen.contains_key(column));
        let carried = |column: &usize| self.record.layout.columns[*column].is_carried();
        let clash =
            |column: &usize| carried(column) && is_left(column) && merged.side(&self.together, one.row, *column).is_none();
        let names: Vec<_> = columns.filter(clash).map(|column| self.record.layout.columns[column].name.to_string()).collect();
        (!names.is_empty()).then(|| format!("held: both sides changed {}, each otherwise", names.join(", ")))
    }

    /// Makes the rows, each by the bytes that travel.
    fn rows(&mut self, of: &MadeOf, wanted: &[&Wanted]) -> Result<RecordBatch> {
        let layout = &self.record.layout;
        let [old, new, base] = &of.images;
        let views = [view(&self.encoder, &old.rows)?, view(&self.encoder, &new.rows)?, view(&self.encoder, &base.rows)?];
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
                        Some(Choice::Delta | Choice::Sql(_)) => of.value((one.row, index), &mut value)?,
                        None => self.unchosen(of, &views, (one, index), &mut value)?,
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

    /// Appends the value of a column that is not chosen; false where that is NULL.
    fn unchosen(
        &self,
        of: &MadeOf,
        views: &[BatchView<'_>; 3],
        (one, index): (&Wanted, usize),
        out: &mut Vec<u8>,
    ) -> Result<bool> {
        let side = match one.resolution {
            Resolution::ColumnMerge if self.record.layout.columns[index].is_carried() => {
                let merged = of.merged.as_ref().and_then(|merged| merged.side(&self.together, one.row, index));
                merged.unwrap_or(ValueOf::Old)
            }
            Resolution::Coalesce if self.is_gap(views, one.row, index)? => ValueOf::New,
            Resolution::KeepOld | Resolution::ColumnMerge | Resolution::Coalesce => ValueOf::Old,
            _ => ValueOf::New,
        };
        field(views, side, one.row, index, out)
    }
}

impl Composer<'_> {
    /// Whether OLD has NULL in a column, and in all that go with it.
    fn is_gap(&self, views: &[BatchView<'_>; 3], row: usize, column: usize) -> Result<bool> {
        let mut value = Vec::new();
        for with in self.together.with(column) {
            if field(views, ValueOf::Old, row, *with, &mut value)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// What the rows of a batch are made of.
struct MadeOf {
    /// As OLD, NEW and the cutover have them.
    images: [Image; 3],
    /// Nothing where no row is merged column by column.
    merged: Option<MergedColumns>,
    /// By row and column.
    computed: BTreeMap<(usize, usize), Computed>,
}

impl MadeOf {
    fn has(&self, side: ValueOf, row: usize) -> bool {
        self.images[place_of(side)].present.value(row)
    }

    /// Appends what OLD computed; false where that is NULL.
    fn value(&self, at: (usize, usize), out: &mut Vec<u8>) -> Result<bool> {
        match self.computed.get(&at) {
            Some(Computed::Value(Some(value))) => {
                out.extend_from_slice(value);
                Ok(true)
            }
            Some(Computed::Value(None)) => Ok(false),
            Some(Computed::Nothing(_)) | None => {
                Err(Error::new(ErrorKind::Malformed, "compose rows").because("a value was not computed"))
            }
        }
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

/// The images that those columns are taken of that are not chosen.
const fn rest(resolution: Resolution) -> &'static [ValueOf] {
    match resolution {
        Resolution::KeepOld => &[ValueOf::Old],
        Resolution::ColumnMerge => &[ValueOf::Old, ValueOf::New, ValueOf::Base],
        Resolution::Coalesce => &[ValueOf::Old, ValueOf::New],
        _ => &[ValueOf::New],
    }
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
