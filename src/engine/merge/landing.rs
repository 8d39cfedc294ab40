//! Where a table's rows came to lie on OLD, taken down while they are read back within the transaction: for `verify`, which
//! finds them there. Without it the merge is the same, and `verify` reads by key.
//!
//! Memory: a row group of the file, 4 MiB.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, UInt32Builder};
use arrow_array::cast::AsArray as _;
use arrow_array::types::UInt32Type;
use arrow_array::{ArrayRef, BinaryArray, BooleanArray, RecordBatch, UInt32Array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use super::scope::Scope;
use crate::engine::rows::{LazySegment, Target};
use crate::engine::run::{Context, Event};
use crate::error::{Error, ErrorKind, Result};
use crate::staging::layout::TableId;
use crate::staging::{DatabaseLayout, LANDED_PLACE, LANDED_RELATION, Landed, Segment, SegmentOptions};

/// How many bytes of places are held before they are written.
const ROW_GROUP_BYTES: usize = 4 << 20;

/// One table's places on their way into a file.
pub(crate) struct Landing {
    file: LazySegment,
    schema: SchemaRef,
    /// What broke the file: it is told once, and no merge ends by it.
    broken: Option<Error>,
}

impl Landing {
    /// Promises a table's file.
    fn begin(context: &Context, database: &str, table: TableId) -> Self {
        let field = |name, data_type| Field::new(name, data_type, true);
        let fields = vec![field(LANDED_RELATION, DataType::UInt32), field(LANDED_PLACE, DataType::Binary)];
        let schema = Arc::new(Schema::new(fields));
        let options = SegmentOptions { row_group_bytes: ROW_GROUP_BYTES, ..SegmentOptions::default() };
        let target = Target { store: context.shared_store(), path: DatabaseLayout::new(database).landed(table), options };
        Self { file: LazySegment::new(target, Arc::clone(&schema)), schema, broken: None }
    }

    /// Passes over rows of the diff of which none was written.
    pub(super) fn pass(&mut self, rows: usize) -> Result<()> {
        let none = [Arc::new(UInt32Array::new_null(0)) as ArrayRef, Arc::new(BinaryArray::new_null(0))];
        self.take(&BooleanArray::from(vec![false; rows]), &none)
    }

    /// Takes down where rows of the diff lie: `places` has one row for each that was written, its relation and its place there,
    /// both NULL where it is gone.
    pub(super) fn take(&mut self, written: &BooleanArray, places: &[ArrayRef; 2]) -> Result<()> {
        let malformed = || Error::new(ErrorKind::Malformed, "take down where rows lie").because("places are of other types");
        let mut relations = places[0].as_primitive_opt::<UInt32Type>().ok_or_else(malformed)?.iter();
        let mut at = places[1].as_binary_opt::<i32>().ok_or_else(malformed)?.iter();
        let (mut own_relations, mut own_places) = (UInt32Builder::new(), BinaryBuilder::new());
        for is_written in written {
            let (relation, place) = if is_written == Some(true) { (relations.next(), at.next()) } else { (None, None) };
            own_relations.append_option(relation.flatten());
            own_places.append_option(place.flatten());
        }
        let columns: Vec<ArrayRef> = vec![Arc::new(own_relations.finish()), Arc::new(own_places.finish())];
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns)
            .map_err(|error| Error::new(ErrorKind::Malformed, "take down where rows lie").because(error))?;
        if self.broken.is_none() {
            self.broken = self.file.write(&batch).err();
        }
        Ok(())
    }

    fn finish(self) -> Result<Option<Segment>> {
        match self.broken {
            Some(error) => Err(error),
            None => self.file.finish(),
        }
    }
}

/// Where the rows of one database came to lie.
pub(super) struct Landings<'a> {
    context: &'a Context,
    scope: &'a Scope,
    tables: Result<BTreeMap<TableId, Segment>>,
}

impl<'a> Landings<'a> {
    /// Begins anew, if places are to be kept.
    pub(super) fn begin(context: &'a Context, scope: &'a Scope) -> Self {
        let forgotten = if scope.keeps_places { Landed::forget(context.store(), &scope.part.name) } else { Ok(()) };
        Self { context, scope, tables: forgotten.map(|()| BTreeMap::new()) }
    }

    /// Begins a table's file.
    pub(super) fn of(&self, table: TableId) -> Option<Landing> {
        let is_kept = self.scope.keeps_places && self.tables.is_ok();
        is_kept.then(|| Landing::begin(self.context, &self.scope.part.name, table))
    }

    /// Takes in a table's file.
    pub(super) fn add(&mut self, table: TableId, landing: Option<Landing>) {
        let finished = landing.map_or(Ok(None), Landing::finish);
        match (finished, &mut self.tables) {
            (Ok(segment), Ok(tables)) => tables.extend(segment.map(|segment| (table, segment))),
            (Err(error), tables) => *tables = Err(error),
            (Ok(_), Err(_)) => {}
        }
    }

    /// Writes the list of the files. One that cannot be written is no reason to take a merge back: that is said, and `verify`
    /// reads by key.
    pub(super) fn end(self) {
        let Self { context, scope, tables } = self;
        if !scope.keeps_places {
            return;
        }
        if let Err(error) = tables.and_then(|tables| Landed::write(context.store(), &scope.part, tables)) {
            context.reporter().tell(Event::Note(format!(
                "where the rows lie could not be written down, so `failback verify` will look for each by its key: {error}"
            )));
        }
    }
}
