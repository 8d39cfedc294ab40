//! One database's part of a live merge: its units, those that have come, those that were left and why, and the session that
//! keeps others away as long as it goes on.
//!
//! Memory: sixteen bytes a row that is written, and the rows of one batch.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::chosen::OpenDiff;
use super::intent::Intention;
use super::live_batch::{Batch, Failure, Rows, carry_out_batch};
use super::patience::Patience;
use super::prepare::Preparation;
use super::report::{LiveOptions, MergeOptions, MergedDatabase};
use super::scope::Scope;
use super::take_back::diff_of;
use super::undo_of::UndoOf;
use super::{definitions, live_refusals, sequences};
use crate::catalog;
use crate::engine::evidence::Clock;
use crate::engine::plan::{Direction, Draft, Reason, Reasons, Units, closed_units, expect_privileges};
use crate::engine::rows::Composed;
use crate::engine::run::ledger::hold;
use crate::engine::run::{Context, Entry, Event, Ledger, LedgerAction, RowNumbers, settle};
use crate::error::{Error, ErrorKind, Result};
use crate::name::Side;
use crate::pg::{Isolation, Session, Transaction};
use crate::policy::Action;
use crate::staging::layout::TableId;
use crate::staging::{DatabasePlan, DatabaseRecord, Landed, Manifest, Plan, TablePlan};

/// A batch is not made smaller than that for the sake of time.
const FEWEST: usize = 50;

/// As long as a file of this name is in the run's folder, no batch begins.
pub(super) const PAUSE: &str = "pause";

/// How often it is looked whether that is still there.
const LOOKS_EVERY: Duration = Duration::from_millis(300);

/// A database that was looked at.
pub(super) enum Opened<'a> {
    /// There is nothing to do.
    Nothing(Box<MergedDatabase>),
    /// Batches can begin.
    Live(Box<LiveDatabase<'a>>),
}

/// One database's part of a live merge.
pub(super) struct LiveDatabase<'a> {
    pub(super) context: &'a Context,
    pub(super) plan: &'a Plan,
    pub(super) manifest: &'a Manifest,
    pub(super) part: &'a DatabasePlan,
    pub(super) record: DatabaseRecord,
    pub(super) clock: Clock,
    pub(super) planned: Option<i64>,
    pub(super) restarted: bool,
    pub(super) options: (MergeOptions, LiveOptions),
    pub(super) diffs: BTreeMap<TableId, OpenDiff>,
    /// It has the lock that keeps others away; `None` where it was lost.
    pub(super) session: Option<Session>,
    /// What has come by now, here or in an earlier process.
    pub(super) landed: BTreeMap<TableId, BTreeSet<usize>>,
    /// The transactions in which it came.
    pub(super) earlier: Vec<i64>,
    /// Units that were not tried yet.
    pub(super) waiting: VecDeque<Rows>,
    /// Batches that were tried in vain, or are parts of such; the next one last.
    pub(super) again: Vec<Batch>,
    /// How many rows the next batch may have.
    pub(super) pace: usize,
    pub(super) patience: Patience,
    pub(super) left: Vec<(Rows, String)>,
}

impl<'a> LiveDatabase<'a> {
    /// Looks at everything that can be seen before the first batch.
    ///
    /// # Errors
    /// `Refused` where the plan cannot be carried out in batches, or not at all; whatever asking OLD can give.
    pub(super) async fn open(
        (context, plan, manifest): (&'a Context, &'a Plan, &'a Manifest),
        part: &'a DatabasePlan,
        options: (MergeOptions, LiveOptions),
    ) -> Result<Opened<'a>> {
        let (of, action) = (UndoOf::default(), LedgerAction::MergeBatch);
        let preparation = Preparation { context, plan, part, manifest, options: options.0, action, of: &of };
        let (known, ledger) = (preparation.record()?, Ledger::of(context));
        let old = context.servers().connect(Side::Old, &part.name).await?;
        let last = ledger.latest(&old, part).await?;
        let identity = preparation.expect_old(&old, known, last.as_ref()).await?;
        if let Some(outcome) = preparation.is_done(last.as_ref())? {
            settle(context.store(), (&ledger, &old), &part.name).await?;
            return Ok(Opened::Nothing(Box::new(preparation.nothing(outcome).merged)));
        }
        hold(&old).await?;
        // Asked again under the lock: another process may have gone on with it meanwhile.
        let last = ledger.latest(&old, part).await?;
        if let Some(outcome) = preparation.is_done(last.as_ref())? {
            return Ok(Opened::Nothing(Box::new(preparation.nothing(outcome).merged)));
        }
        ledger.expect_none_unfinished(&old, part).await?;
        let (record, restarted) = (known.as_of(&identity), known.was_restarted(&identity));
        let waits = context.selection().lock_waits(Side::Old);
        let mut database = Self {
            context,
            plan,
            manifest,
            part,
            clock: Clock::of(manifest)?,
            planned: record.horizon.and(plan.horizons.get(&part.name).copied()),
            record,
            restarted,
            options,
            diffs: BTreeMap::new(),
            session: None,
            landed: BTreeMap::new(),
            earlier: Vec::new(),
            waiting: VecDeque::new(),
            again: Vec::new(),
            pace: options.1.batch_rows.max(1),
            patience: Patience::new(waits),
            left: Vec::new(),
        };
        database.learn(last.as_ref());
        definitions::expect_same(&old, part, &database.record).await?;
        expect_privileges(&ledger, &old, part, &database.record, Direction::Forward).await?;
        let scope = database.scope();
        live_refusals::expect_possible(&old, &scope).await?;
        database.find_units(&old, &scope).await?;
        database.session = Some(old);
        Ok(Opened::Live(Box::new(database)))
    }

    /// Whether any row of the plan has come, here or in an earlier process.
    pub(super) fn has_landed(&self) -> bool {
        !self.landed.is_empty()
    }

    /// Takes what the ledger has of the plan.
    pub(super) fn learn(&mut self, last: Option<&Entry>) {
        let last = last.filter(|entry| entry.is_unfinished());
        self.earlier = last.map_or_else(Vec::new, |entry| entry.written_in.clone());
        let landed = last.and_then(|entry| entry.landed.as_ref());
        self.landed = landed.into_iter().flatten().map(|(table, rows)| (*table, rows.iter().collect())).collect();
    }

    pub(super) fn has(&self, table: TableId, row: usize) -> bool {
        self.landed.get(&table).is_some_and(|rows| rows.contains(&row))
    }

    /// The whole plan.
    fn scope(&self) -> Scope {
        Scope::of_plan(self.part, &self.record, &self.clock, self.planned)
    }

    /// Lists the tables that the plan writes.
    pub(super) fn written_tables(&self) -> impl Iterator<Item = &'a TablePlan> + use<'a> {
        self.part.tables.iter().filter(|table| table.written_rows() > 0)
    }

    /// Parts what has not come yet into units.
    async fn find_units(&mut self, old: &Session, scope: &Scope) -> Result<()> {
        let store = self.context.store();
        for table in self.written_tables() {
            self.diffs.insert(table.id, OpenDiff::open(store, table)?);
        }
        let mut keys = catalog::foreign_keys(old.client()).await?;
        keys.extend(scope.keys_of_new.iter().cloned());
        let tables: Vec<_> = self.written_tables().collect();
        let diffs: Vec<_> = tables.iter().map(|table| diff_of(table)).collect();
        let (mut drafts, mut adopting) = (Vec::new(), Vec::new());
        for (table, diff) in tables.iter().zip(&diffs) {
            let open = &self.diffs[&table.id];
            let is_to_come = |row: usize| open.actions[row].writes() && !self.has(table.id, row);
            let action = |row: usize| if is_to_come(row) { open.actions[row] } else { Action::KeepOld };
            let actions: Vec<_> = (0..open.actions.len()).map(action).collect();
            drafts.push(self.draft(table, diff, actions)?);
            adopting.push(open.to_come.unnamed.iter().chain(&open.to_come.named).copied().collect());
        }
        let Units { units, moving } = closed_units(store, &drafts, &keys, &adopting)?;
        if !moving.is_empty() {
            let named: Vec<_> = moving.iter().map(|(draft, rows)| (tables[*draft].name.to_string(), *rows)).collect();
            return Err(live_refusals::moving(&named));
        }
        let most = self.options.1.batch_rows.max(1);
        if let Some(unit) = units.iter().max_by_key(|unit| unit.len()).filter(|unit| unit.len() > most) {
            let named: BTreeSet<_> = unit.iter().map(|(draft, _)| tables[*draft].name.to_string()).collect();
            return Err(live_refusals::too_large(unit.len(), &named.into_iter().collect::<Vec<_>>(), most));
        }
        let rows = |unit: Vec<(usize, usize)>| unit.into_iter().map(|(draft, row)| (tables[draft].id, row)).collect();
        self.waiting = units.into_iter().map(rows).collect();
        Ok(())
    }

    pub(super) fn draft<'d>(
        &'d self,
        table: &TablePlan,
        diff: &'d crate::staging::TableDiff,
        actions: Vec<Action>,
    ) -> Result<Draft<'d>> {
        let composed = match &table.composed {
            Some(segment) => Some((segment.clone(), Composed::open(self.context.store(), segment)?)),
            None => None,
        };
        let reasons = Reasons::from(Reason { text: "planned".to_owned(), by_name: true });
        Ok(Draft { record: self.record.table(table.id)?, diff, whys: vec![0; actions.len()], actions, reasons, composed })
    }

    /// Carries out batch after batch, and records the end.
    ///
    /// # Errors
    /// `Interrupted` where the user asked to stop; whatever stands against all that is still to come.
    pub(super) async fn run(&mut self) -> Result<MergedDatabase> {
        self.begin().await?;
        while let Some(batch) = self.next_batch() {
            self.context.reporter().check_stop()?;
            self.wait_while_paused().await?;
            match self.attempt(&batch).await {
                Ok(took) => self.keep_pace(batch.units.iter().map(Vec::len).sum(), took),
                Err(failure) => self.recover(batch, failure).await?,
            }
        }
        self.end().await
    }

    pub(super) fn intention(&self) -> Intention<'_> {
        let (store, part) = (self.context.store(), self.part);
        Intention { store, part, action: LedgerAction::MergeBatch, restarted: self.restarted }
    }

    /// Makes the ledger take batches, and raises sequences: users must not draw numbers that are about to come.
    async fn begin(&mut self) -> Result<()> {
        let Some(old) = self.session.take() else { return Ok(()) };
        Landed::forget(self.context.store(), &self.part.name)?;
        self.intention().declare()?;
        let (ledger, writes) = (Ledger::of(self.context), self.context.servers().old_writes());
        let old = Transaction::begin(old, Isolation::ReadCommitted, writes).await?;
        let old = match ledger.take_batches(&old).await {
            Ok(()) => old.commit(&format!("the ledger of database {}, which takes batches now", self.part.name)).await?,
            Err(error) => return Err(old.abort(error).await),
        };
        for (name, why) in sequences::left_behind(&old, self.part).await? {
            self.context.reporter().tell(Event::Note(format!("! {}: {name}: {why}", self.part.name)));
        }
        sequences::raise(&old, self.part).await?;
        self.session = Some(old);
        Ok(())
    }

    fn next_batch(&mut self) -> Option<Batch> {
        if let Some(batch) = self.again.pop() {
            return Some(batch);
        }
        let (mut batch, mut rows) = (Batch::default(), 0);
        while let Some(unit) = self.waiting.pop_front() {
            if rows > 0 && rows + unit.len() > self.pace {
                self.waiting.push_front(unit);
                break;
            }
            rows += unit.len();
            batch.units.push(unit);
        }
        (rows > 0).then_some(batch)
    }

    /// Makes the next batches smaller where one has taken too long, and larger else.
    fn keep_pace(&mut self, rows: usize, took: Duration) {
        let (most, time) = (self.options.1.batch_rows.max(1), self.options.1.batch_time);
        // What a batch costs whatever its size, no smaller one would save.
        let least = FEWEST.min(most);
        self.pace = if took > time { (rows / 2).max(least) } else { (self.pace + self.pace / 10 + 1).min(most) };
        self.patience = Patience::new(self.context.selection().lock_waits(Side::Old));
    }

    async fn wait_while_paused(&self) -> Result<()> {
        let mut is_told = false;
        while self.context.store().exists(PAUSE)? {
            if !is_told {
                is_told = true;
                let said = format!("paused, as the file `{PAUSE}` is in the run's folder: it goes on once that is removed");
                self.context.reporter().tell(Event::Note(said));
            }
            self.context.reporter().pause(LOOKS_EVERY).await?;
        }
        Ok(())
    }

    /// Carries out one batch, from BEGIN to the answer to COMMIT, and returns how long its rows were locked at most.
    async fn attempt(&mut self, batch: &Batch) -> Result<Duration, Failure> {
        let Some(session) = self.session.take() else {
            return Err(Failure::Lost(Error::new(ErrorKind::Connect, "go on with the batches").because("the session is gone")));
        };
        let mut scope = self.scope();
        let (mut chosen, mut remainder) = (BTreeMap::new(), Vec::new());
        for (table, rows) in batch.positions() {
            chosen.insert(table, self.diffs[&table].choose(&rows).map_err(Failure::Whole)?);
            let name = self.part.table(table).map_err(Failure::Whole)?.name.to_string();
            remainder.push((name, table, rows.into_iter().collect::<RowNumbers>()));
        }
        (scope.batch, scope.remainder, scope.earlier) = (Some(chosen), remainder, self.earlier.clone());
        let writes = self.context.servers().old_writes();
        let old = Transaction::begin(session, Isolation::ReadCommitted, writes).await.map_err(Failure::Lost)?;
        let attempt = self.context.reporter().attempt();
        let context = self.context.clone().with_reporter(attempt.clone());
        match carry_out_batch(&context, &old, &scope, (self.part, &self.plan.run_id)).await {
            Ok((transaction, locked_since)) => {
                let what = format!("batches of the live merge in database {}", self.part.name);
                self.session = Some(old.commit(&what).await.map_err(Failure::Lost)?);
                self.earlier.push(transaction);
                for (table, row) in batch.units.iter().flatten() {
                    self.landed.entry(*table).or_default().insert(*row);
                }
                Ok(locked_since.elapsed())
            }
            Err(failure) => {
                attempt.take_back();
                self.session = Some(old.rollback().await.map_err(Failure::Lost)?);
                Err(failure)
            }
        }
    }
}
