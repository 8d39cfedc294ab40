//! One table under review, held open: any of its rows are read when they are looked at, and no others.
//!
//! Memory, however many rows there are: the footers of the files that were looked into, a page of each column while rows are
//! read, the [rows read last](super::recent), and two bytes a row once its rows were [counted](OpenTable::kinds).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow_array::RecordBatch;

use super::kinds::{Kind, Kinds};
use super::planned::{PlanReader, Planned, planned};
use super::recent::Recent;
use super::reviewed_table::ReviewedTable;
use super::scan::Facts;
use super::seen_row::SeenRow;
use super::table_decisions::TableDecisions;
use super::written::Written;
use crate::engine::diff::DECIDING;
use crate::engine::plan::{Met, expect_choices};
use crate::error::{Place as _, Result};
use crate::policy::{Action, Choices, Decisions};
use crate::staging::{OpenSegment, Segment};

/// How many rows are read at a time where only their kinds are asked for.
const FACTS: usize = 1 << 13;

/// One table under review, held open.
pub struct OpenTable<'a> {
    table: ReviewedTable<'a>,
    /// How many rows the files hold up to and including each.
    ends: Vec<u64>,
    files: Vec<Slot>,
    plan: Slot,
    recent: Mutex<Recent>,
}

/// A file that is opened, and checked against its digest, when it is needed first.
type Slot = Mutex<Option<Arc<OpenSegment>>>;

impl<'a> OpenTable<'a> {
    pub(super) fn of(table: ReviewedTable<'a>) -> Self {
        let segments = &table.diff.segments;
        let ends = segments.iter().scan(0, |end, segment| {
            *end += segment.rows;
            Some(*end)
        });
        let (ends, files) = (ends.collect(), segments.iter().map(|_| Slot::default()).collect());
        Self { table, ends, files, plan: Slot::default(), recent: Mutex::default() }
    }

    /// Returns how many rows its diff has.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.ends.last().copied().unwrap_or(0)
    }

    /// Gathers what is decided about each of its rows, as far as it is known which of them meet the conditions of rules.
    ///
    /// # Errors
    /// `Config` where a row of the table is picked by columns that are not its key.
    pub fn decisions<'d>(&self, decisions: &'d Decisions, met: &'d Met) -> Result<TableDecisions<'d>> {
        TableDecisions::of(decisions, met, self.table.database, self.table.record)
    }

    /// Checks that columns of the table may be chosen one by one.
    ///
    /// # Errors
    /// `Config` at the first that the table does not have, that is of its key, or that nobody writes.
    pub fn expect_choices(&self, choices: &Choices) -> Result<()> {
        expect_choices(self.table.record, choices)
    }

    /// Whether rows were read a moment ago, so that reading them takes no time.
    #[must_use]
    pub fn is_at_hand(&self, positions: &[u64]) -> bool {
        let recent = held(&self.recent);
        positions.iter().all(|position| recent.get(*position).is_some())
    }

    /// Reads some rows, by their positions in ascending order.
    ///
    /// # Errors
    /// `Damaged` where a file is not what was written, or has no such row.
    pub fn read(&self, positions: &[u64]) -> Result<Vec<Arc<SeenRow>>> {
        let missing: Vec<u64> = {
            let recent = held(&self.recent);
            positions.iter().copied().filter(|position| recent.get(*position).is_none()).collect()
        };
        let mut fresh = Vec::with_capacity(missing.len());
        let mut rest = missing.as_slice();
        for (number, end) in self.ends.iter().enumerate() {
            let (here, behind) = rest.split_at(rest.partition_point(|position| position < end));
            rest = behind;
            if !here.is_empty() {
                self.read_file(number, here, &mut fresh).place(|| &self.table.record.name)?;
            }
        }
        let mut recent = held(&self.recent);
        for row in fresh {
            recent.put(row);
        }
        let found = positions.iter().filter_map(|position| recent.get(*position)).collect();
        recent.shrink(positions);
        Ok(found)
    }

    /// Says of every row what it is, which reads over the facts of all of them once. `heed` hears now and then how many rows
    /// were read, and says whether to go on; where it says no, there is no answer.
    ///
    /// # Errors
    /// `Damaged` where a file is not what was written.
    pub fn kinds(&self, heed: &mut dyn FnMut(u64) -> bool) -> Result<Option<Kinds>> {
        let mut kinds = Kinds::default();
        let mut plan = self.table.plan.map(|plan| PlanReader::open(self.table.store, plan)).transpose()?;
        for number in 0..self.files.len() {
            let file = self.file(number).place(|| &self.table.record.name)?;
            for batch in file.batches(FACTS, &DECIDING)? {
                add(&mut kinds, &batch?, plan.as_mut())?;
                if !heed(kinds.rows()) {
                    return Ok(None);
                }
            }
        }
        Ok(Some(kinds))
    }

    fn read_file(&self, number: usize, positions: &[u64], fresh: &mut Vec<Arc<SeenRow>>) -> Result<()> {
        let before = number.checked_sub(1).map_or(0, |number| self.ends[number]);
        let rows: Vec<u64> = positions.iter().map(|position| position - before).collect();
        let batch = self.file(number)?.read(&rows, None)?;
        let mut places = positions.iter();
        self.table.show_batch(&batch, self.planned(positions)?, &mut |facts, row| {
            if let (Some(row), Some(position)) = (row, places.next()) {
                let kind = kind_of(facts, row.action);
                fresh.push(Arc::new(SeenRow { position: *position, row, kind }));
            }
            Ok(())
        })
    }

    /// What the plan does with rows, each with its position.
    fn planned(&self, positions: &[u64]) -> Result<Vec<(u64, Option<Planned>)>> {
        let Some(changes) = self.table.plan.and_then(|plan| plan.changes.as_ref()) else {
            return Ok(positions.iter().map(|position| (*position, None)).collect());
        };
        let batch = self.open(&self.plan, changes)?.read(positions, None)?;
        Ok(positions.iter().copied().zip(planned(&batch)?.into_iter().map(Some)).collect())
    }

    fn file(&self, number: usize) -> Result<Arc<OpenSegment>> {
        self.open(&self.files[number], &self.table.diff.segments[number])
    }

    fn open(&self, slot: &Slot, segment: &Segment) -> Result<Arc<OpenSegment>> {
        let mut slot = held(slot);
        if let Some(open) = &*slot {
            return Ok(Arc::clone(open));
        }
        let open = Arc::new(OpenSegment::open(self.table.store, segment)?);
        *slot = Some(Arc::clone(&open));
        Ok(open)
    }
}

/// What a thread that panicked has left behind is whole: nothing is changed in two steps.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn kind_of(facts: &Facts, action: Option<Action>) -> Kind {
    Kind { class: facts.class, rests_on: facts.rests_on(), changed: facts.changed.clone(), action }
}

/// Adds the kinds of a batch's rows. Neighbours mostly are of one kind.
fn add(kinds: &mut Kinds, batch: &RecordBatch, mut plan: Option<&mut PlanReader>) -> Result<()> {
    for facts in Facts::read(batch, &Written::Unknown)? {
        let action = plan.as_mut().map(|plan| plan.next()).transpose()?.map(|planned| planned.action);
        let kind = kind_of(&facts, action);
        match kinds.last().filter(|_| kinds.rows().checked_sub(1).and_then(|row| kinds.of_row(row)) == Some(&kind)) {
            Some(code) => kinds.again(code),
            None => kinds.push(kind),
        }
    }
    Ok(())
}
