//! Compares the keys of one staged segment with OLD, and says what each row's history means.

use std::borrow::Cow;

use arrow_array::{Array as _, BooleanArray, RecordBatch};

use super::asked_ids::{AskedIds, Asks};
use super::base_rows::{AgainstBase, AtBase, BaseRows};
use super::copies::Copies;
use super::diff_row::{DiffRow, DiffShape, diff_batch};
use super::found::Found;
use super::log_facts::LogFacts;
use super::staged::Staged;
use super::{brought, own_writes};
use crate::codec::{BatchEncoder, RowLayout};
use crate::delta::{self, Evidence, History, Logged, Witness, agreed, classify, logged, remade, rested_on_log};
use crate::engine::evidence::{Stamps, WriteOrder, xid_witness};
use crate::engine::rows::counterpart::{self, bounded};
use crate::engine::rows::{Image, KEYS_PER_STATEMENT, LazySegment, Target, key_layout};
use crate::engine::run::{BroughtKeys, Reporter};
use crate::error::{Error, ErrorKind, Result};
use crate::name::{Side, Sided};
use crate::pg::Transaction;
use crate::staging::{Segment, SegmentReader, TableRecord};
use crate::statement::RowSource;

/// Compares one segment's keys with OLD.
pub(super) struct Comparer<'a> {
    table: &'a TableRecord,
    staged: Staged,
    /// Whether the segment's rows may have been written since the mark.
    is_young: bool,
    ids: AskedIds<'a>,
    stamps: Sided<Stamps>,
    /// The same for rows that came after a baseline was made.
    late: Option<Sided<Stamps>>,
    /// What the stamps tell of which side was written first.
    order: WriteOrder,
    /// Reads keys out of the segment's rows.
    encoder: BatchEncoder,
    key_columns: Vec<usize>,
    /// Keys of rows that earlier merges brought to OLD.
    brought: Option<&'a BroughtKeys>,
    /// The transactions in which they wrote to it.
    own_writes: &'a [i64],
}

impl<'a> Comparer<'a> {
    pub(super) fn new(
        (stamps, late, order): (Sided<Stamps>, Option<Sided<Stamps>>, WriteOrder),
        table: &'a TableRecord,
        (staged, segment): (Staged, &Segment),
        ids: AskedIds<'a>,
        (brought, own_writes): (Option<&'a BroughtKeys>, &'a [i64]),
    ) -> Result<Self> {
        let keys = key_layout(&table.key);
        let layout: &RowLayout = if staged == Staged::Rows { &table.layout } else { &keys };
        Ok(Self {
            table,
            staged,
            // What was not asked may have been.
            is_young: segment.young != Some(false),
            ids,
            stamps,
            late,
            order,
            encoder: BatchEncoder::new(layout),
            key_columns: counterpart::key_positions(layout, &table.key.names())?,
            brought,
            own_writes: if ids.asks == Asks::Proof && table.detached.is_empty() { own_writes } else { &[] },
        })
    }

    pub(super) async fn run(
        &self,
        reporter: &Reporter,
        database: &str,
        old: &Transaction,
        segment: &Segment,
        target: Target,
    ) -> Result<Found> {
        let shape = DiffShape::of(database, self.table);
        let staged = SegmentReader::open(target.store.as_ref(), segment, KEYS_PER_STATEMENT)?;
        let mut base_rows = BaseRows::open(target.store.as_ref(), segment)?;
        let mut log_facts = LogFacts::open(target.store.as_ref(), segment)?;
        let mut file = LazySegment::new(target, shape.schema.clone());
        let mut found = Found::new();
        let source = RowSource::of(&self.table.old, &self.table.key, Side::Old);
        let mut copies = Copies::of(&self.table.key, self.staged);
        for batch in staged {
            for mut batch in bounded(&batch?) {
                reporter.check_stop()?;
                let staged_keys = counterpart::key_texts(&self.encoder, &batch, &self.key_columns)?;
                let mut keys = Cow::Borrowed(&staged_keys[..]);
                if let (Some(copies), [_, at]) = (&mut copies, &self.key_columns[..]) {
                    let (renumbered, numbers) = copies.renumber(old, source, (&batch, *at), &staged_keys).await?;
                    (batch, keys) = (renumbered, Cow::Owned(numbers));
                }
                let (counterparts, young) =
                    counterpart::fetch_known(old, source, &self.table.layout, self.ids.young, &keys).await?;
                let sides = self.sides(batch, counterparts);
                let mut take = |rows: &mut BaseRows| rows.take(keys.first().map_or(0, Vec::len), &self.table.layout);
                let base = base_rows.as_mut().map(&mut take).transpose()?;
                let facts = log_facts.as_mut().map(|log| log.take(keys.first().map_or(0, Vec::len))).transpose()?;
                let mut rows = self.judge(&sides, (base.as_ref(), facts.as_deref()), &young)?;
                let created = self.table.times.created.as_ref().filter(|_| self.table.stamps_prove).map(|column| &column.name);
                let by_merges = (self.own_writes, self.is_young.then_some(self.ids.grade.new), created);
                own_writes::heed(old, source, by_merges, (&keys, &sides), &mut rows).await?;
                if let Some(known) = self.brought {
                    // What was brought is remembered by the numbers that NEW counts.
                    brought::heed(old, source, known, &staged_keys, &mut rows).await?;
                }
                found.add(&self.table.key, &rows);
                found.ahead = self.count_ahead(found.ahead, &sides);
                reporter.tell_rows(database, &self.table.name, rows.len() as u64, 0);
                file.write(&diff_batch(&shape, &sides, base.as_ref().and_then(AtBase::rows), &rows)?)?;
            }
        }
        Ok(Found { segment: file.finish()?, ..found })
    }

    fn sides(&self, batch: RecordBatch, old: Image) -> Sided<Image> {
        let new = match self.staged {
            Staged::Rows => Image::whole(batch),
            Staged::Keys => Image::nothing(&self.table.layout.arrow_schema(), batch.num_rows()),
        };
        Sided { old, new }
    }

    fn judge(
        &self,
        sides: &Sided<Image>,
        (base, facts): (Option<&AtBase>, Option<&[Logged]>),
        young: &BooleanArray,
    ) -> Result<Vec<DiffRow>> {
        let layout = &self.table.layout;
        let base = base.map(|base| AgainstBase::of(base, sides, (layout, &self.table.key))).transpose()?;
        let mut differences = delta::compare(&sides.old.rows, &sides.new.rows)
            .map_err(|error| Error::new(ErrorKind::Malformed, "compare OLD's and NEW's rows").because(error))?;
        // Two rows without a key are one by the digest of their text; what that leaves out (a NaN's sign) no statement finds.
        let is_alike = self.table.key.is_whole_row();
        differences.keep(|column| !is_alike && layout.columns[column].is_carried());
        let one = |row| {
            let there = sides.as_ref().map(|side| side.row(row));
            let stamped = there.zip(self.stamps.as_ref());
            let is_young = Sided { old: !young.is_valid(row) || young.value(row), new: self.is_young };
            let asked = is_young.zip(self.ids.grade);
            let late = self.late.as_ref().filter(|_| base.as_ref().is_some_and(|base| base.came_since(row)));
            let of_late = Sided { old: late.map(|late| &late.old), new: late.map(|late| &late.new) };
            let mut witness = stamped
                .zip(of_late)
                .zip(asked)
                .map(|(((rows, stamps), late), asked)| rows.map(|rows| self.witness((stamps, late), rows, row, asked)));
            let is_hidden = there.new.is_none() && !self.table.detached.is_empty();
            // Without ids the log says nothing of OLD's row.
            let fact = facts.filter(|_| self.ids.asks == Asks::Proof && !is_hidden).map_or(Logged::Unknown, |facts| facts[row]);
            // A log of OLD's is not asked.
            let created_apart = self.stamps.new.created().is_some_and(|created| differences.differs(row, created));
            let doubted = stamped.zip(witness).map(|((rows, stamps), known)| self.doubted(known, stamps, rows, row));
            let asked = doubted.zip(Sided { old: Logged::Unknown, new: fact });
            let remade = asked.map(|(row, fact)| remade(row, fact, created_apart));
            witness = logged(witness, fact);
            if is_hidden {
                // The row may live on in a partition that NEW detached: its stamps do not say that NEW deleted it.
                witness.old = witness.old.map(|_| Witness::silent());
            }
            let written = (self.ids.asks == Asks::Proof).then_some(is_young);
            // NEW's row is still that of the cutover: where BASE has another one, it was another one on NEW then.
            let is_as_then = there.new.is_some() && self.ids.grade.new.is_proof() && written.is_some_and(|side| !side.new);
            // Nor does BASE say that NEW deleted a row that may live on.
            let is_heeded = |base: &&AgainstBase<'_>| !is_hidden && !is_as_then && !base.gives_way(fact, there.new.is_some());
            let base = base.as_ref().filter(is_heeded).and_then(|base| base.known(row, written));
            let names = |index: usize| layout.columns[index].name.as_str().to_owned();
            let verdict = classify(witness.old, witness.new, base, !differences.any(row));
            DiffRow {
                verdict: if base.is_none() { rested_on_log(verdict, fact, witness.new) } else { verdict }.told_apart(remade),
                changed: there.old.and(there.new).map(|_| differences.columns(row).map(names).collect()),
                written_us: self.order.told(stamped.map(|(rows, stamps)| rows.and_then(|rows| stamps.written_us(rows, row)))),
            }
        };
        Ok((0..sides.new.rows.num_rows()).map(one).collect())
    }
}

impl Comparer<'_> {
    /// What is known of one side's row, the other side apart. `late` reads the stamps of a row that came after a baseline.
    fn witness(
        &self,
        (stamps, late): (&Stamps, Option<&Stamps>),
        rows: &RecordBatch,
        row: usize,
        (is_young, grade): (bool, Evidence),
    ) -> Witness {
        let read = |stamps: &Stamps| if self.table.stamps_prove { stamps.witness(rows, row) } else { Witness::silent() };
        // Of a row that contradicts itself no stamp is believed, not even the one that may be right.
        let stamps = late.filter(|_| !read(stamps).history().contradicts_itself()).unwrap_or(stamps);
        let stamped = read(stamps);
        match self.ids.asks {
            Asks::Nothing => return stamped,
            Asks::Agreement => return agreed(stamped, is_young, grade),
            Asks::Proof => {}
        }
        // That it was last written before the cutover is no longer to be believed where its id says otherwise.
        let is_believed = self.table.stamps_prove && !stamped.history().contradicts_itself();
        xid_witness(is_young, grade, if is_believed { stamps.creation(rows, row) } else { History::default() })
    }

    /// What may speak for a row that was made anew: where stamps prove nothing, they still cast doubt.
    fn doubted(&self, known: Option<Witness>, stamps: &Stamps, rows: Option<&RecordBatch>, row: usize) -> Option<Witness> {
        if self.table.stamps_prove {
            known
        } else {
            rows.map(|rows| Witness::new(stamps.creation(rows, row), Evidence::Column))
        }
    }

    /// Adds the rows of each side that bear stamps of a time that has not come.
    fn count_ahead(&self, before: Sided<u64>, sides: &Sided<Image>) -> Sided<u64> {
        let rows = 0..sides.new.rows.num_rows();
        before.zip(sides.as_ref().zip(self.stamps.as_ref())).map(|(before, (side, stamps))| {
            let is_ahead = |row: &usize| side.row(*row).is_some_and(|rows| stamps.is_ahead(rows, *row));
            before + rows.clone().filter(is_ahead).count() as u64
        })
    }
}
