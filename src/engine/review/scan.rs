//! The rows of one table under review: found by their facts, and then read.

use arrow_array::cast::AsArray as _;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{Array as _, BooleanArray, RecordBatch};
use arrow_select::filter::filter_record_batch;

use super::filter::{Filter, Window};
use super::planned::{PlanReader, Planned};
use super::reviewed_table::ReviewedTable;
use super::shown_row::{PickedBy, ShownColumn, ShownRow};
use super::sides::{Images, Sides};
use super::written::Written;
use crate::codec::{BatchEncoder, StagedColumn};
use crate::delta::{Base, Class, Evidence};
use crate::engine::diff::{DECIDING, read_words};
use crate::engine::plan::Direction;
use crate::engine::rows::{key_positions, load_columns};
use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::name::{Side, Sided};
use crate::policy::Action;
use crate::staging::{Segment, SegmentReader};
use crate::statement::{LoadTable, RowSource, load_table_name};

/// How many rows are read at a time: with all their values, and without.
const WHOLE_ROWS: usize = 1 << 9;
const FACTS: usize = 1 << 13;

/// What is known of a row without its values.
pub(super) struct Facts {
    pub(super) class: Class,
    evidence: Sided<Evidence>,
    base: Base,
    pub(super) changed: Option<Vec<String>>,
    pub(super) written_us: Sided<Option<i64>>,
}

impl Facts {
    pub(super) fn rests_on(&self) -> Evidence {
        self.class.rests_on(self.evidence)
    }

    pub(super) fn read(batch: &RecordBatch, written: &Written) -> Result<Vec<Self>> {
        let (classes, bases) = (read_words(batch, "fb_class")?, read_words(batch, "fb_base")?);
        let evidence = Sided { old: read_words(batch, "fb_evidence_old")?, new: read_words(batch, "fb_evidence_new")? };
        let written = |name: &str, row: usize| {
            let stamps = batch.column_by_name(name)?.as_primitive_opt::<TimestampMicrosecondType>()?;
            stamps.is_valid(row).then(|| stamps.value(row)).and_then(|stamp| written.instant(stamp))
        };
        let one = |row: usize| Self {
            class: classes[row],
            evidence: Sided { old: evidence.old[row], new: evidence.new[row] },
            base: bases[row],
            changed: changed(batch, row),
            written_us: Sided { old: written("fb_written_old", row), new: written("fb_written_new", row) },
        };
        Ok((0..batch.num_rows()).map(one).collect())
    }
}

fn changed(batch: &RecordBatch, row: usize) -> Option<Vec<String>> {
    let lists = batch.column_by_name("fb_changed")?.as_list_opt::<i32>()?;
    let names = lists.is_valid(row).then(|| lists.value(row))?;
    Some(names.as_string_opt::<i32>()?.iter().flatten().map(str::to_owned).collect())
}

/// A row that is to be shown: its position, and what the plan does with it.
pub(super) type Wanted = (u64, Option<Planned>);

impl ReviewedTable<'_> {
    /// Reads over every row, and shows those that are asked for and lie in a window; `seen` counts those that are asked for.
    pub(super) fn scan(
        &self,
        filter: &Filter,
        window: Window,
        seen: &mut u64,
        visit: &mut dyn FnMut(&Facts, Option<ShownRow>) -> Result<()>,
    ) -> Result<()> {
        let mut plan = self.plan.map(|plan| PlanReader::open(self.store, plan)).transpose()?;
        let mut before = 0;
        for segment in &self.diff.segments {
            let (mut wanted, mut position) = (Vec::new(), 0);
            for batch in self.open(filter, segment)? {
                let batch = batch?;
                let admitted = self.admitted(filter, &batch)?;
                for (row, facts) in Facts::read(&batch, &self.written)?.iter().enumerate() {
                    let planned = plan.as_mut().map(PlanReader::next).transpose()?;
                    let names = facts.changed.iter().flatten().map(String::as_str);
                    let is_asked = filter.selector.means_row(facts.class, facts.rests_on(), names)
                        && filter.admits(planned.as_ref().map(|planned| planned.action))
                        && admitted.as_ref().is_none_or(|admitted| admitted[row]);
                    if is_asked {
                        if window.shows(*seen) {
                            wanted.push((position, planned));
                        }
                        *seen += 1;
                        visit(facts, None)?;
                    }
                    position += 1;
                }
            }
            self.show((segment, before), wanted, visit).place(|| &self.record.name)?;
            before += segment.rows;
        }
        Ok(())
    }

    /// Opens a segment for what finds rows.
    fn open(&self, filter: &Filter, segment: &Segment) -> Result<SegmentReader> {
        if filter.key.is_empty() {
            return SegmentReader::open_projected(self.store, segment, FACTS, &DECIDING);
        }
        SegmentReader::open(self.store, segment, WHOLE_ROWS)
    }

    /// Says of each row of a batch whether it has the key that is asked for, if one is.
    pub(super) fn admitted(&self, filter: &Filter, batch: &RecordBatch) -> Result<Option<Vec<bool>>> {
        if filter.key.is_empty() {
            return Ok(None);
        }
        let columns = key_positions(&self.record.layout, &self.record.key.names())?;
        let (images, encoder) = (Images::read(self, batch, &[])?, BatchEncoder::new(&self.record.layout));
        let sides = images.open(self, &encoder)?;
        let is_it = |row: usize| Ok(sides.key_texts(row, &columns)?.is_some_and(|texts| texts == filter.key));
        (0..batch.num_rows()).map(is_it).collect::<Result<_>>().map(Some)
    }

    /// Reads the rows of a segment that are to be shown; so many rows of the diff lie before it.
    fn show(
        &self,
        (segment, before): (&Segment, u64),
        wanted: Vec<Wanted>,
        visit: &mut dyn FnMut(&Facts, Option<ShownRow>) -> Result<()>,
    ) -> Result<()> {
        let (Some((first, _)), Some((last, _))) = (wanted.first(), wanted.last()) else { return Ok(()) };
        let (mut at, last) = (*first, *last);
        let mut wanted = wanted.into_iter().peekable();
        for batch in SegmentReader::open_window(self.store, segment, WHOLE_ROWS, at..last + 1)? {
            let batch = batch?;
            let end = at + batch.num_rows() as u64;
            let mut here = Vec::new();
            while let Some(one) = wanted.next_if(|(position, _)| *position < end) {
                here.push(one);
            }
            let mut places = here.iter().map(|(position, _): &Wanted| *position).peekable();
            let mask: BooleanArray = (at..end).map(|row| Some(places.next_if_eq(&row).is_some())).collect();
            at = end;
            let here = here.into_iter().map(|(position, planned)| (before + position, planned)).collect();
            let malformed = |error| Error::new(ErrorKind::Malformed, "choose rows of the diff").because(error);
            self.show_batch(&filter_record_batch(&batch, &mask).map_err(malformed)?, here, visit)?;
        }
        Ok(())
    }

    pub(super) fn show_batch(
        &self,
        batch: &RecordBatch,
        planned: Vec<Wanted>,
        visit: &mut dyn FnMut(&Facts, Option<ShownRow>) -> Result<()>,
    ) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let positions: Vec<u64> = planned.iter().map(|(position, _)| *position).collect();
        let (images, encoder) = (Images::read(self, batch, &positions)?, BatchEncoder::new(&self.record.layout));
        let sides = images.open(self, &encoder)?;
        for (row, (facts, (_, planned))) in Facts::read(batch, &self.written)?.iter().zip(planned).enumerate() {
            visit(facts, Some(self.shown(&sides, row, facts, planned.as_ref())?))?;
        }
        Ok(())
    }

    fn shown(&self, sides: &Sides<'_>, row: usize, facts: &Facts, planned: Option<&Planned>) -> Result<ShownRow> {
        let key = key_positions(&self.record.layout, &self.record.key.names())?;
        let layout = &self.record.layout;
        let action = planned.map(|planned| planned.action);
        let column = |index: usize, column: &StagedColumn| -> Result<ShownColumn> {
            let form = layout.own_form_of(&column.name).map(|form| form.name.as_str());
            let is_named = |name: &String| name == column.name.as_str() || Some(name.as_str()) == form;
            let (old, result) =
                (sides.old_cell(row, index)?, action.map(|action| sides.result(action, row, index)).transpose()?);
            let is_chosen = sides.is_composed() && result.as_ref().is_some_and(|result| *result != old);
            Ok(ShownColumn {
                name: column.name.as_str().to_owned(),
                pg_type: column.pg_type.clone(),
                old_type: self.old_type(column),
                is_key: key.contains(&index),
                differs: !sides.both(row) || is_chosen || facts.changed.iter().flatten().any(is_named),
                masked_by: self.hidden_by(column).map(str::to_owned),
                base: sides.base(facts.base, row, index)?,
                old,
                new: sides.new_cell(row, index)?,
                result,
            })
        };
        let columns = layout.columns.iter().enumerate().filter(|(_, column)| column.own_form_of.is_none());
        Ok(ShownRow {
            database: self.database.to_owned(),
            table: self.record.name.to_string(),
            key: key
                .iter()
                .map(|index| Ok((layout.columns[*index].name.as_str().to_owned(), sides.key(row, *index)?)))
                .collect::<Result<_>>()?,
            class: facts.class,
            evidence: facts.evidence,
            rests_on: facts.rests_on(),
            base: facts.base.word(),
            written_us: facts.written_us,
            action,
            why: planned.map(|planned| planned.why.to_string()),
            columns: columns.map(|(index, one)| column(index, one)).collect::<Result<_>>()?,
            statements: self.statements(sides, row, action)?,
            picked_by: PickedBy { key: sides.key_texts(row, &key)?, fingerprint: sides.fingerprint(facts.class, row)? },
        })
    }

    /// OLD's own type of a column that is compared in another one.
    fn old_type(&self, column: &StagedColumn) -> Option<String> {
        let own = &self.record.old.column(&column.name).filter(|_| column.old.is_present())?.data_type;
        (own.sql != column.pg_type && own.base_sql != column.pg_type).then(|| own.sql.clone())
    }

    fn statements(&self, sides: &Sides<'_>, row: usize, action: Option<Action>) -> Result<Vec<String>> {
        let operation =
            action.filter(|_| self.states).and_then(|action| Direction::Forward.operation(action).zip(Some(action)));
        let Some((operation, action)) = operation else { return Ok(Vec::new()) };
        let source = RowSource::of(&self.record.old, &self.record.key, Side::Old);
        let load = LoadTable { name: load_table_name(0), source, columns: load_columns(self.record) };
        Ok(load.for_row(operation, &sides.literals(action, row)?))
    }
}
