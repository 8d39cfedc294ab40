//! One database's transaction, made ready: everything that the plan does to it is done, and COMMIT is not sent.

use super::cost::Cost;
use super::moved_rows::has_just_moved;
use super::report::{DatabaseOutcome, MergeOptions, MergedDatabase};
use super::scope::Scope;
use super::swap::is_short;
use super::transaction::carry_out;
use super::triggers::Triggers;
use super::undo_of::UndoOf;
use super::{definitions, sequences, table_locks, take_back, writers};
use crate::catalog;
use crate::engine::evidence::Clock;
use crate::engine::plan::{Direction, expect_privileges};
use crate::engine::rows::finding_names;
use crate::engine::run::ledger::lock;
use crate::engine::run::{Context, Entry, Event, Ledger, LedgerAction, NewServer, Recorded, is_lock_wait, lost, settle};
use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::name::Side;
use crate::pg::{Isolation, ServerIdentity, Session, Transaction, is_old};
use crate::staging::{DatabasePlan, DatabaseRecord, Journal, Manifest, Plan, TablePlan, Written};

const GUARD_WRITES: &str = include_str!("../../../sql/session/guard_writes.sql");

/// So often an undo looks which rows were written since the merge, before it locks them for another look.
const LOOKS: u32 = 3;

/// A database whose transaction is ready to commit, or that has nothing to commit.
pub(crate) struct Prepared {
    /// What it comes to.
    pub(crate) merged: MergedDatabase,
    /// Whether OLD was started anew between the export and a merge.
    pub(crate) restarted: bool,
    /// Rolled back if it is dropped.
    pub(crate) transaction: Option<Transaction>,
}

/// What is to be done to one database.
pub(crate) struct Preparation<'a> {
    pub(crate) context: &'a Context,
    pub(crate) plan: &'a Plan,
    pub(crate) part: &'a DatabasePlan,
    pub(crate) manifest: &'a Manifest,
    pub(crate) options: MergeOptions,
    /// `Merge` or `Undo`.
    pub(crate) action: LedgerAction,
    /// Which rows an undo takes back.
    pub(crate) of: &'a UndoOf,
}

impl Preparation<'_> {
    /// Does everything but COMMIT.
    ///
    /// # Errors
    /// Whatever stands against it; the transaction is rolled back then.
    pub(crate) async fn run(&self) -> Result<Prepared> {
        if !self.of.means_any(self.part) {
            let mut prepared = self.nothing(DatabaseOutcome::NotAsked);
            prepared.merged.kept = self.standing_rows().await.unwrap_or(0);
            return Ok(prepared);
        }
        let record = self.record()?;
        let old = self.context.servers().connect(Side::Old, &self.part.name).await?;
        let last = Ledger::of(self.context).latest(&old, self.part).await?;
        let identity = self.expect_old(&old, record, last.as_ref()).await?;
        if let Some(outcome) = self.is_done(last.as_ref())? {
            if !self.options.dry_run {
                settle(self.context.store(), (&Ledger::of(self.context), &old), &self.part.name).await?;
            }
            return Ok(self.nothing(outcome));
        }
        Ledger::of(self.context).expect_none_unfinished(&old, self.part).await?;
        let clock = Clock::of(self.manifest)?;
        let Some(last) = last.filter(|_| self.action != LedgerAction::Merge) else {
            let restarted = record.was_restarted(&identity);
            let record = record.as_of(&identity);
            return Box::pin(self.merge(old, (&record, &clock))).await.map(|ready| Prepared { restarted, ..ready });
        };
        // Its ledger shows that OLD is later than the merge. Whether it was the export's OLD until then, the merge has written.
        let told = Journal::read(self.context.store())
            .map_or(true, |journal| journal.merged_after_restart(&self.part.digest, &self.part.name));
        let record = &if told { record.without_xids() } else { record.clone() };
        last.expect_remainder()?;
        let everything = take_back::everything(self.context.store(), &old, self.part, (record, &clock), &last).await?;
        for table in everything.tables_known_by_values() {
            self.context.reporter().tell(Event::Note(format!(
                "! {}: {table}: rewritten, restored or given columns since the merge: what others have written since is known \
                 by its values alone",
                self.part.name
            )));
        }
        if everything.left.is_empty() && self.of.is_everything() {
            let attempt = self.context.reporter().attempt();
            let context = self.context.clone().with_reporter(attempt.clone());
            match (Preparation { context: &context, ..*self }).carry_out(old, everything).await {
                Err(error) if stands_against_rows(&error) => attempt.take_back(),
                done => return done,
            }
        }
        let known = (record, &clock, &last);
        for _ in 0..LOOKS {
            let old = self.context.servers().connect(Side::Old, &self.part.name).await?;
            let scope = self.look(known).await?;
            // What was asked for, an earlier undo has taken back.
            if scope.meant == Some(0) {
                return Ok(self.nothing(DatabaseOutcome::DoneBefore));
            }
            match self.carry_out(old, scope).await {
                Err(error) if has_just_moved(&error) => {}
                done => return done,
            }
        }
        self.carry_out_locked(known).await
    }

    /// Looks which rows an undo takes back.
    async fn look(&self, (record, clock, last): (&DatabaseRecord, &Clock, &Entry)) -> Result<Scope> {
        take_back::scope(self.context, self.part, (record, clock), last, (self.of, self.options.fire_triggers)).await
    }

    /// Takes back what can be, among writers who have written other rows at each look: the merge's rows are locked before the
    /// look, so that none moves behind it.
    async fn carry_out_locked(&self, known: (&DatabaseRecord, &Clock, &Entry)) -> Result<Prepared> {
        let (record, clock, last) = known;
        let old = self.context.servers().connect(Side::Old, &self.part.name).await?;
        let everything = take_back::everything(self.context.store(), &old, self.part, (record, clock), last).await?;
        let triggers = Triggers::choose(&old, &everything.part, self.options.fire_triggers).await?;
        let cost = Cost::begin(&old).await;
        let old = Transaction::begin(old, Isolation::ReadCommitted, self.context.servers().old_writes()).await?;
        let work = async {
            lock(&old).await?;
            table_locks::lock(&old, &everything, triggers).await?;
            lock_rows(self.context, &old, &everything, triggers).await?;
            let scope = self.look(known).await?;
            self.inside(&old, scope, (triggers, cost)).await
        };
        match Box::pin(work).await {
            Ok(Some(merged)) if !merged.is_idle() => Ok(Prepared { merged, restarted: false, transaction: Some(old) }),
            Ok(merged) => {
                old.rollback().await?;
                let merged = merged.unwrap_or_else(|| self.nothing(DatabaseOutcome::DoneBefore).merged);
                Ok(Prepared { merged, restarted: false, transaction: None })
            }
            Err(error) => Err(old.abort(error).await),
        }
    }

    /// Carries the plan out. Where rows were not as classified when they were to be updated, once more, with all of them locked
    /// and read before anything is written: that says which they are.
    async fn merge(&self, old: Session, (record, clock): (&DatabaseRecord, &Clock)) -> Result<Prepared> {
        let keeps_places = !self.options.dry_run;
        let planned = record.horizon.and(self.plan.horizons.get(&self.part.name).copied());
        let scope = |swaps| Scope { keeps_places, swaps, ..Scope::of_plan(self.part, record, clock, planned) };
        let attempt = self.context.reporter().attempt();
        let context = self.context.clone().with_reporter(attempt.clone());
        match (Preparation { context: &context, ..*self }).carry_out(old, scope(true)).await {
            Err(error) if is_short(&error) => attempt.take_back(),
            done => return done,
        }
        let old = self.context.servers().connect(Side::Old, &self.part.name).await?;
        self.carry_out(old, scope(false)).await
    }

    /// Does what a scope says, up to COMMIT.
    async fn carry_out(&self, old: Session, scope: Scope) -> Result<Prepared> {
        definitions::expect_same(&old, &scope.part, &scope.record).await?;
        expect_privileges(&Ledger::of(self.context), &old, &scope.part, &scope.record, scope.direction).await?;
        let triggers = Triggers::choose(&old, &scope.part, self.options.fire_triggers).await?;
        let cost = Cost::begin(&old).await;
        let old = Transaction::begin(old, Isolation::ReadCommitted, self.context.servers().old_writes()).await?;
        match Box::pin(self.inside(&old, scope, (triggers, cost))).await {
            // Nothing was taken back: the merge stands as it did, and its ledger says so.
            Ok(Some(merged)) if merged.is_idle() => {
                old.rollback().await?;
                Ok(Prepared { merged, restarted: false, transaction: None })
            }
            Ok(Some(merged)) => Ok(Prepared { merged, restarted: false, transaction: Some(old) }),
            Ok(None) => {
                let outcome = self.is_done(Ledger::of(self.context).latest(&old, self.part).await?.as_ref())?;
                old.rollback().await?;
                Ok(self.nothing(outcome.unwrap_or(DatabaseOutcome::DoneBefore)))
            }
            Err(error) => Err(old.abort(error).await),
        }
    }

    /// Counts the rows of the merge that stand on OLD, by its ledger.
    async fn standing_rows(&self) -> Result<u64> {
        let old = self.context.servers().connect(Side::Old, &self.part.name).await?;
        let last = Ledger::of(self.context).latest(&old, self.part).await?;
        Ok(last.map_or(0, |last| match last.action {
            LedgerAction::Merge if last.left.is_none() => self.part.tables.iter().map(TablePlan::written_rows).sum(),
            _ => last.left_rows(),
        }))
    }

    pub(super) fn record(&self) -> Result<&DatabaseRecord> {
        self.manifest.database(&self.part.name).ok_or_else(|| {
            Error::new(ErrorKind::Damaged, "read the plan")
                .because(format!("the manifest does not know database {}", self.part.name))
        })
    }

    pub(super) fn nothing(&self, outcome: DatabaseOutcome) -> Prepared {
        let merged = MergedDatabase {
            database: self.part.name.clone(),
            outcome,
            tables: Vec::new(),
            sequences: Vec::new(),
            left: Vec::new(),
            taken_back: Vec::new(),
            kept: 0,
            standing: None,
            measured: None,
        };
        Prepared { merged, restarted: false, transaction: None }
    }

    /// # Errors
    /// `Refused` where OLD does not take writes, or is another database than the plan's. A merge that stands in its ledger says
    /// of any server that it is OLD: it may have been restored elsewhere, or a standby taken over.
    pub(super) async fn expect_old(
        &self,
        old: &Session,
        record: &DatabaseRecord,
        last: Option<&Entry>,
    ) -> Result<ServerIdentity> {
        let identity = old.identity().await?;
        if identity.read_only_default {
            return Err(Error::new(ErrorKind::Refused, "write to OLD")
                .because("default_transaction_read_only is on for this user: OLD is fenced against writers")
                .next("turn it off for failback's user alone: ALTER ROLE … SET default_transaction_read_only = off"));
        }
        let is_merge = self.action.is_merge();
        let is_known = last.is_some() && !is_merge;
        if !is_known && !is_old(&identity, &self.part.old, &record.new) {
            return Err(Error::new(ErrorKind::Refused, "recognise OLD")
                .because("OLD is not the server and database that the plan was made for")
                .next("check --old, or make a new run"));
        }
        Ok(identity)
    }

    /// What OLD's ledger says of it, if there is nothing to do.
    ///
    /// # Errors
    /// `Refused` where a merge was taken back but for some rows: these can neither be merged again nor be told from others.
    pub(super) fn is_done(&self, last: Option<&Entry>) -> Result<Option<DatabaseOutcome>> {
        let Some(last) = last.map(|entry| entry.action) else {
            if !self.action.is_merge() {
                return Ok(Some(DatabaseOutcome::NeverMerged));
            }
            return self.expect_first().map(|()| None);
        };
        let is_done =
            match self.action {
                LedgerAction::Merge if last == LedgerAction::MergeBatch => return Err(unfinished("merge")),
                LedgerAction::Merge | LedgerAction::MergeBatch if last == LedgerAction::UndoPart => {
                    return Err(Error::new(ErrorKind::Refused, "merge")
                    .because("this plan was merged, and a part of it was taken back: the rest stands")
                    .next("to carry it out anew, take the rest back first, then merge again: `failback undo`, `failback merge`")
                    .next("or leave what stands, and make a new run for the others: `failback export`, or `failback recover`"));
                }
                LedgerAction::Merge | LedgerAction::MergeBatch => last == LedgerAction::Merge,
                LedgerAction::Undo | LedgerAction::UndoPart => last == LedgerAction::Undo,
            };
        Ok(is_done.then_some(DatabaseOutcome::DoneBefore))
    }

    /// Expects that a plan of which OLD's ledger has no merge was not merged before, or that somebody knows that it was.
    ///
    /// # Errors
    /// `Refused` where the run's journal has its merge.
    fn expect_first(&self) -> Result<()> {
        // One that cannot be read says nothing: nothing is committed then either, as its intent has no place.
        let lost = Journal::read(self.context.store()).ok().and_then(|journal| lost(&journal, self.part));
        match lost.filter(|_| !self.options.again) {
            None => Ok(()),
            Some(cause) => Err(Error::new(ErrorKind::Refused, "merge")
                .because(cause)
                .next("make a new run, which compares OLD as it is now: `failback export`, or `failback recover`")
                .next("or, where OLD was set back, carry the plan out once more: `failback merge --again`")),
        }
    }

    /// Everything between BEGIN and COMMIT; `None` where another process has done it in the meantime.
    async fn inside(&self, old: &Session, scope: Scope, (triggers, cost): (Triggers, Cost)) -> Result<Option<MergedDatabase>> {
        let ledger = Ledger::of(self.context);
        lock(old).await?;
        // Asked again under the lock: another merge of the same plan may have ended while this one waited or looked around.
        let last = ledger.latest(old, self.part).await?;
        if self.is_done(last.as_ref())?.is_some() {
            return Ok(None);
        }
        if scope.last.is_some() && scope.last != last {
            return Err(Error::new(ErrorKind::Contention, "take the merge back")
                .because("another undo took some of it back a moment ago")
                .next("run the same command again: it sees what is left"));
        }
        old.query(GUARD_WRITES, &[]).await?;
        let locks = table_locks::lock(old, &scope, triggers).await?;
        triggers.begin(old).await?;
        definitions::expect_same(old, &scope.part, &scope.record).await?;
        let tables = carry_out(self.context, old, &scope, triggers).await?;
        let mut merged = MergedDatabase {
            database: self.part.name.clone(),
            outcome: DatabaseOutcome::Done,
            tables,
            sequences: Vec::new(),
            left: scope.left.clone(),
            taken_back: scope.taken_back.clone(),
            kept: scope.kept,
            standing: (self.action != LedgerAction::Merge).then(|| scope.standing_rows()),
            measured: None,
        };
        if self.action != LedgerAction::Merge {
            merged.expect_accounted(scope.owed_rows(self.part))?;
        }
        let recorded = recorded(old, &scope, &merged.tables, triggers).await?;
        ledger.record(old, self.part, &self.plan.run_id, merged.recorded_as(self.action), &recorded).await?;
        // Some changes take no lock that ours would stop: a label of an enum that is renamed, for one.
        definitions::expect_same(old, &scope.part, &scope.record).await?;
        if self.action == LedgerAction::Merge {
            for (name, why) in sequences::left_behind(old, self.part).await? {
                self.context.reporter().tell(Event::Note(format!("! {}: {name}: {why}", self.part.name)));
            }
            merged.sequences = if self.options.dry_run {
                // `setval` outlives the rollback that ends a rehearsal.
                sequences::lagging(old, self.part).await?.into_iter().map(|(_, raise)| raise).collect()
            } else {
                sequences::raise(old, self.part).await?
            };
        }
        let rows = merged.rows();
        merged.measured = Some(cost.end(old, rows, locks).await);
        Ok(Some(merged))
    }
}

/// The error that says that a live merge of the plan has not ended.
pub(crate) fn unfinished(what: &str) -> Error {
    Error::new(ErrorKind::PartlyChanged, what)
        .because("a live merge of this plan is not finished: OLD has some of its rows, and not the others")
        .next("go on with it: `failback merge --live`")
        .next("or take back what it has brought: `failback undo`")
}

/// Locks every row that the merge wrote, as far as it is there, until the transaction ends.
async fn lock_rows(context: &Context, old: &Session, scope: &Scope, triggers: Triggers) -> Result<()> {
    let keys = catalog::foreign_keys(old.client()).await?;
    for merge in scope.merges(&keys, triggers)? {
        let locking = async {
            merge.load(context.store(), &context.reporter().untold(), old, &keys).await?;
            old.execute_all(&merge.load.lock_rows()).await?;
            old.execute_all(&merge.load.drop()).await
        };
        finding_names(old, merge.record.old.inlines(), locking).await.place(|| &merge.record.name)?;
    }
    Ok(())
}

/// What the ledger records of each table: after a merge where its rows lie, and of a batch which they are; after an undo those
/// that it left.
pub(super) async fn recorded(
    old: &Session,
    scope: &Scope,
    tables: &[(String, Written)],
    triggers: Triggers,
) -> Result<Vec<(String, Recorded)>> {
    let mut recorded = Vec::new();
    // Where foreign keys are on, their actions may have changed rows of the plan's tables.
    let from = if triggers == Triggers::Replica { NewServer::of(&scope.record.new) } else { None };
    for (name, written) in tables {
        let mut one = Recorded { written: *written, ..Recorded::default() };
        let of_merge = scope.part.tables.iter().filter(|_| scope.direction == Direction::Forward);
        if let Some(table) = of_merge.into_iter().find(|table| table.name.to_string() == *name) {
            (one.table, one.files) = (Some(table.id), writers::files(old, &scope.record.table(table.id)?.old.name).await?);
            one.from.clone_from(&from);
        }
        recorded.push((name.clone(), one));
    }
    recorded.extend(scope.remainder.iter().map(|(name, table, rows)| {
        (name.clone(), Recorded { table: Some(*table), left: Some(rows.clone()), ..Recorded::default() })
    }));
    Ok(recorded)
}

/// Whether rows of today are what an undo failed by, so that it may take back the others. What else can fail would fail again.
fn stands_against_rows(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Refused | ErrorKind::Server) && !is_lock_wait(error)
}
