//! What the plan does with each row of the diff, and how that is written down.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::{Array as _, ArrayRef, BooleanArray, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use arrow_select::nullif::nullif;

use super::change::Change;
use crate::codec::RowLayout;
use crate::delta;
use crate::engine::diff::read_words;
use crate::engine::rows::{Composed, Image, LazySegment, Target};
use crate::error::{Error, ErrorKind, Result};
use crate::policy::Action;
use crate::staging::{ROW_PLACE, Segment, SegmentReader, TablePlan};
use crate::store::Store;

/// How many rows of changes are read at a time.
const BATCH_ROWS: usize = 1 << 16;

/// Whether somebody has decided the action for the row, or for its table by its name.
const BY_NAME: &str = "fb_by_name";

/// Writes one row for every row of the diff, under the name that it has there.
pub(crate) struct PlannedRowWriter {
    target: Target,
    file: Option<LazySegment>,
}

impl PlannedRowWriter {
    /// Promises a file; no rows, no file.
    pub(crate) const fn new(target: Target) -> Self {
        Self { target, file: None }
    }

    /// Writes what is done with some rows: `named` are the columns that say which they are, as far as the diff has them.
    pub(crate) fn write<'a>(&mut self, named: &RecordBatch, rows: impl Iterator<Item = (Action, &'a str, bool)>) -> Result<()> {
        let (mut actions, mut whys, mut by_name) = (Vec::new(), Vec::new(), Vec::new());
        for (action, why, named) in rows {
            actions.push(action.word());
            whys.push(why);
            by_name.push(named);
        }
        let told: [(Field, ArrayRef); 3] = [
            (Field::new("fb_action", DataType::Utf8, false), Arc::new(StringArray::from(actions))),
            (Field::new("fb_why", DataType::Utf8, false), Arc::new(StringArray::from(whys))),
            (Field::new(BY_NAME, DataType::Boolean, false), Arc::new(BooleanArray::from(by_name))),
        ];
        let (mut fields, mut columns) = (named.schema().fields().to_vec(), named.columns().to_vec());
        for (field, column) in told {
            fields.push(Arc::new(field));
            columns.push(column);
        }
        let schema = Arc::new(Schema::new(fields));
        let batch = RecordBatch::try_new(Arc::clone(&schema), columns)
            .map_err(|error| Error::new(ErrorKind::Malformed, "build the plan's changes").because(error))?;
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(LazySegment::new(repetitive(self.target.clone(), &schema), schema)),
        };
        file.write(&batch)
    }

    /// Closes the file; `None` if there were no rows.
    pub(crate) fn finish(self) -> Result<Option<Segment>> {
        Ok(self.file.map(LazySegment::finish).transpose()?.flatten())
    }
}

/// Says of which columns the values are few.
fn repetitive(mut target: Target, schema: &Schema) -> Target {
    let few = ROW_PLACE.into_iter().chain(["fb_action", "fb_why"]);
    target.options.dictionary_columns = few.filter(|name| schema.column_with_name(name).is_some()).map(str::to_owned).collect();
    target
}

/// Some rows of the diff with what is done about each.
#[derive(Clone)]
pub(crate) struct PlannedRows {
    /// What is done, one a row.
    pub(crate) actions: Vec<Action>,
    /// OLD's rows as they were classified.
    pub(crate) old: Image,
    /// NEW's rows, or what was composed of both.
    pub(crate) new: Image,
}

impl PlannedRows {
    /// Reads the images of a batch of the diff.
    pub(crate) fn read(actions: Vec<Action>, batch: &RecordBatch) -> Result<Self> {
        Ok(Self { actions, old: Image::read(batch, "old")?, new: Image::read(batch, "new")? })
    }

    /// Puts the rows whose columns were chosen one by one in the place of NEW's; the rows have these positions in the diff.
    pub(crate) fn composed(self, composed: Option<&Composed>, positions: &[u64]) -> Result<Self> {
        let Some(composed) = composed else {
            return Ok(self);
        };
        Ok(Self { new: composed.over(&self.new, positions)?, ..self })
    }

    /// As [`composed`](Self::composed), for rows one behind the other.
    pub(crate) fn composed_from(self, composed: Option<&Composed>, first: u64) -> Result<Self> {
        let Some(composed) = composed else {
            return Ok(self);
        };
        let positions: Vec<u64> = (first..first + self.new.rows.num_rows() as u64).collect();
        self.composed(Some(composed), &positions)
    }

    /// Returns OLD's rows as they were classified, and as the plan leaves them.
    pub(crate) fn change(&self, layout: &RowLayout) -> Result<Change<Image>> {
        Ok(Change { before: self.old.clone(), after: self.result(layout)? })
    }

    /// Returns the rows as the plan leaves them on OLD: NEW's, with OLD's own values in columns that NEW lacks. What the common
    /// type does not hold of a value of OLD's stays where NEW has left the value alone.
    fn result(&self, layout: &RowLayout) -> Result<Image> {
        if layout.columns.iter().all(|column| column.new.is_present()) {
            return Ok(self.new.clone());
        }
        let malformed = |error| Error::new(ErrorKind::Malformed, "join OLD's and NEW's columns").because(error);
        let mut columns = self.new.rows.columns().to_vec();
        let mut differences = None;
        for (index, column) in layout.columns.iter().enumerate().filter(|(_, column)| !column.new.is_present()) {
            let olds = self.old.rows.column(index);
            let of = column.own_form_of.as_ref();
            columns[index] = match of.and_then(|of| layout.columns.iter().position(|column| column.name == *of)) {
                None => olds.clone(),
                Some(of) => {
                    let differences = match &differences {
                        Some(found) => found,
                        None => differences.insert(delta::compare(&self.old.rows, &self.new.rows).map_err(malformed)?),
                    };
                    let gone: BooleanArray = (0..olds.len()).map(|row| Some(differences.differs(row, of))).collect();
                    nullif(olds, &gone).map_err(malformed)?
                }
            };
        }
        let rows = RecordBatch::try_new(self.new.rows.schema(), columns).map_err(malformed)?;
        Ok(Image { rows, present: self.new.present.clone() })
    }
}

/// Reads a table's diff and its changes side by side.
pub(crate) struct PlannedRowReader<'a> {
    store: &'a dyn Store,
    segments: std::slice::Iter<'a, Segment>,
    diff: Option<SegmentReader>,
    changes: Option<SegmentReader>,
    waiting: Vec<Action>,
    batch_rows: usize,
    composed: Option<Composed>,
    /// The next row's position in the diff.
    position: u64,
    /// Rows that were read elsewhere, all there are.
    given: Option<PlannedRows>,
}

impl<'a> PlannedRowReader<'a> {
    /// Opens the files of a table's plan; each is checked against its digest before anything is read from it.
    pub(crate) fn open(store: &'a dyn Store, table: &'a TablePlan, batch_rows: usize) -> Result<Self> {
        let changes = table.changes.as_ref().map(|segment| SegmentReader::open(store, segment, batch_rows)).transpose()?;
        let composed = table.composed.as_ref().map(|segment| Composed::open(store, segment)).transpose()?;
        let (segments, waiting) = (table.diff.iter(), Vec::new());
        Ok(Self { store, segments, diff: None, changes, waiting, batch_rows, composed, position: 0, given: None })
    }

    /// Gives out rows that were read elsewhere.
    pub(crate) fn of(store: &'a dyn Store, rows: PlannedRows) -> Self {
        let (segments, waiting) = ([].iter(), Vec::new());
        Self {
            store,
            segments,
            diff: None,
            changes: None,
            waiting,
            batch_rows: 0,
            composed: None,
            position: 0,
            given: Some(rows),
        }
    }

    /// Reads these actions, one a row of the diff, in place of the plan's own.
    pub(crate) fn with_actions(self, actions: &[Action]) -> Self {
        Self { changes: None, waiting: actions.to_vec(), ..self }
    }

    /// Opens a part of a plan's files: some of the diff's segments, with the changes that belong to them.
    pub(crate) fn open_part(
        store: &'a dyn Store,
        table: &'a TablePlan,
        segments: Range<usize>,
        batch_rows: usize,
    ) -> Result<Self> {
        let mut reader = Self::open(store, table, batch_rows)?;
        // PlannedRows are a few bits a row: what lies before is read over.
        for passed in &table.diff[..segments.start] {
            reader.take_actions(usize::try_from(passed.rows).unwrap_or(usize::MAX))?;
            reader.position += passed.rows;
        }
        reader.segments = table.diff[segments].iter();
        Ok(reader)
    }

    /// Reads the next rows; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<PlannedRows>> {
        if let Some(rows) = self.given.take() {
            return Ok(Some(rows));
        }
        loop {
            if let Some(batch) = self.diff.as_mut().and_then(Iterator::next) {
                let batch = batch?;
                let actions = self.take_actions(batch.num_rows())?;
                let first = self.position;
                self.position += batch.num_rows() as u64;
                return PlannedRows::read(actions, &batch)?.composed_from(self.composed.as_ref(), first).map(Some);
            }
            let Some(segment) = self.segments.next() else { return Ok(None) };
            self.diff = Some(SegmentReader::open_projected(self.store, segment, self.batch_rows, &["old", "new"])?);
        }
    }

    fn take_actions(&mut self, rows: usize) -> Result<Vec<Action>> {
        while self.waiting.len() < rows {
            let Some(batch) = self.changes.as_mut().and_then(Iterator::next) else {
                return Err(
                    Error::new(ErrorKind::Damaged, "read the plan's changes").because("it has fewer rows than the diff")
                );
            };
            let batch = batch?;
            self.waiting.extend(read_words::<Action>(&batch, "fb_action")?);
        }
        let rest = self.waiting.split_off(rows);
        Ok(std::mem::replace(&mut self.waiting, rest))
    }
}

/// Reads of each row of a table's diff whether what the plan does with it was decided for it, or for its table by its name.
/// An earlier failback did not write that down: then nothing was.
pub(crate) fn planned_by_name(store: &dyn Store, table: &TablePlan) -> Result<Vec<bool>> {
    let mut found = Vec::new();
    let Some(changes) = &table.changes else { return Ok(found) };
    for batch in SegmentReader::open(store, changes, BATCH_ROWS)? {
        let batch = batch?;
        let named = batch.column_by_name(BY_NAME).and_then(|column| column.as_boolean_opt());
        found.extend((0..batch.num_rows()).map(|row| named.is_some_and(|named| named.value(row))));
    }
    Ok(found)
}

/// Reads what a plan does with each row of a table's diff. Memory: one byte a row.
pub(crate) fn planned_actions(store: &dyn Store, table: &TablePlan) -> Result<Vec<Action>> {
    let mut actions = Vec::new();
    if let Some(changes) = &table.changes {
        for batch in SegmentReader::open_projected(store, changes, BATCH_ROWS, &["fb_action"])? {
            actions.extend(read_words::<Action>(&batch?, "fb_action")?);
        }
    }
    Ok(actions)
}
