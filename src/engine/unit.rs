//! A unit: everything that a plan does to one database of OLD, in one transaction, forward (merge) or back (undo).
//!
//! 1. One table after the other is staged in a temporary table, its rows on OLD are locked, and each is compared with the row
//!    that was classified. If any has moved, nothing is written.
//! 2. Deletes run from children to parents, then updates and inserts from parents to children. Each statement must affect
//!    exactly the planned number of rows.
//! 3. Foreign keys of every touched table are checked in both directions, since its triggers may have been off.
//!
//! Memory: one batch of rows. The caller begins, records in the ledger, and commits.

use arrow::array::BooleanArray;

use super::change::{Action, ChangeReader, Changes};
use super::context::Context;
use super::counterpart::{Aligned, aligned_layout};
use super::images::{Image, count_moved, only, promised};
use super::references::Ends;
use super::rows::Batches;
use super::staged::{Sending, stage_columns, view};
use super::triggers::Triggers;
use super::watched::Watched;
use crate::catalog;
use crate::codec::{BatchEncoder, RowLayout};
use crate::error::{Error, ErrorKind, Place, Result};
use crate::name::Side;
use crate::pg::statement::{
    BY_ANY_JOIN, BY_INDEX, Inserted, RowSource, Stage, copy_binary, deferred_clashes, lock_writers_out, stage_name,
};
use crate::pg::{Session, server_fault};
use crate::schema::{Exclusive, ForeignKey};
use crate::staging::{DatabasePlan, DatabaseRecord, TablePlan, TableRecord};

/// How many rows of the diff are read at a time.
pub(super) const BATCH_ROWS: usize = 4096;

/// Which way a plan is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// OLD's rows become what the plan says.
    Forward,
    /// OLD's rows become what they were.
    Back,
}

impl Direction {
    /// Returns the row that OLD must have, and the row that it gets.
    fn images(self, changes: &Changes, layout: &RowLayout) -> Result<(Image, Image)> {
        let (before, after) = (changes.old.clone(), changes.result(layout)?);
        Ok(match self {
            Self::Forward => (before, after),
            Self::Back => (after, before),
        })
    }

    /// Returns the stage's letter for an action.
    pub(super) const fn operation(self, action: Action) -> Option<u8> {
        match (self, action) {
            (Self::Forward, Action::Insert) | (Self::Back, Action::Delete) => Some(b'i'),
            (Self::Forward, Action::Delete) | (Self::Back, Action::Insert) => Some(b'd'),
            (_, Action::Update) => Some(b'u'),
            (_, Action::Replace) => Some(b'r'),
            _ => None,
        }
    }
}

/// How many rows of a table were written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Written {
    /// Rows inserted, replacements apart.
    pub inserted: u64,
    /// Rows changed, in place or by replacement.
    pub updated: u64,
    /// Rows deleted, replacements apart.
    pub deleted: u64,
}

impl Written {
    /// Returns the number of rows in all.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.inserted + self.updated + self.deleted
    }
}

/// One table's share of a unit.
struct Share<'a> {
    plan: &'a TablePlan,
    record: &'a TableRecord,
    direction: Direction,
    stage: Stage<'a>,
    /// Rows by operation: insert, update, replace, delete.
    wanted: [u64; 4],
    /// Statements that give the table its triggers back.
    wake: String,
}

/// Carries out a database's part of a plan inside the session's transaction.
pub(super) async fn carry_out(
    context: &Context,
    old: &Session,
    plan: &DatabasePlan,
    record: &DatabaseRecord,
    direction: Direction,
    triggers: Triggers,
) -> Result<Vec<(String, Written)>> {
    let keys = catalog::foreign_keys(old.client()).await?;
    let mut shares = Vec::new();
    for table in plan.tables.iter().filter(|table| table.changes.is_some()) {
        let Some(known) = record.tables.iter().find(|known| known.id == table.id) else {
            return Err(
                Error::new(ErrorKind::Damaged, "read the plan").because("it names a table that the manifest does not know")
            );
        };
        let mut share = Share::new(shares.len(), table, known, direction, triggers);
        if share.wanted.iter().sum::<u64>() > 0 {
            share.wake = triggers.silence(old, &known.name).await.place(|| &table.name)?;
            share.keep_writers_out(old, triggers).await.place(|| &table.name)?;
            // As the server's own triggers do, only updates that refer to others than before are checked.
            let referring = Watched::referring(&keys, &known.name, &known.layout);
            share.load(context, old, triggers, &referring).await.place(|| &table.name)?;
            share.expect_unmoved(context, old, &plan.name).await.place(|| &table.name)?;
            shares.push(share);
        }
    }
    for share in shares.iter().rev() {
        share.delete(old).await.place(|| &share.record.name)?;
    }
    for share in &shares {
        share.write(old).await.place(|| &share.record.name)?;
        context.tell_rows(&plan.name, &share.record.name, share.wanted.iter().sum(), 0);
    }
    for share in &shares {
        share.expect_no_deferred_clash(old, triggers).await.place(|| &share.record.name)?;
    }
    check_foreign_keys(old, &keys, &shares, triggers).await?;
    triggers.settle(old).await?;
    for share in &shares {
        old.execute_all(&share.wake).await.place(|| &share.record.name)?;
    }
    Ok(shares.iter().map(|share| (share.record.name.to_string(), share.written())).collect())
}

impl<'a> Share<'a> {
    fn new(number: usize, plan: &'a TablePlan, record: &'a TableRecord, direction: Direction, triggers: Triggers) -> Self {
        let mut wanted = [0; 4];
        for action in Action::ALL {
            if let Some(slot) = direction.operation(action).and_then(|operation| slot(triggers.operation(operation))) {
                wanted[slot] += plan.count(action.word());
            }
        }
        let source = RowSource::of(&record.old, &record.key, Side::Old);
        Self {
            plan,
            record,
            direction,
            stage: Stage { name: stage_name(number), source, columns: stage_columns(record) },
            wanted,
            wake: String::new(),
        }
    }

    fn written(&self) -> Written {
        let [inserted, updated, replaced, deleted] = self.wanted;
        Written { inserted, updated: updated + replaced, deleted }
    }

    /// Sends the rows that are to be written into a temporary table.
    async fn load(&self, context: &Context, old: &Session, triggers: Triggers, referring: &Watched) -> Result<()> {
        old.execute_all(&self.stage.create()).await?;
        let mut sending = Sending::into(old, &self.stage).await?;
        let encoder = BatchEncoder::new(&self.record.layout);
        let mut reader = ChangeReader::open(&context.store, self.plan, BATCH_ROWS)?;
        let mut ord = 0;
        while let Some(changes) = reader.next()? {
            context.stop.check()?;
            let (expected, given) = self.direction.images(&changes, &self.record.layout)?;
            let (expected, given) = (view(&encoder, &expected.rows)?, view(&encoder, &given.rows)?);
            for (row, action) in changes.actions.iter().enumerate() {
                let Some(operation) = self.direction.operation(*action).map(|operation| triggers.operation(operation)) else {
                    continue;
                };
                let (image, operation) = match operation {
                    b'd' => (&expected, b'd'),
                    b'u' if referring.change(&expected, &given, row)? => (&given, b'm'),
                    _ => (&given, operation),
                };
                sending.row(image, row, ord, operation).await?;
                ord += 1;
            }
        }
        expect_rows("stage rows", sending.finish().await?, self.wanted.iter().sum())?;
        old.execute_all(&self.stage.analyze()).await
    }

    /// Locks the rows on OLD and compares each with the row that was classified.
    async fn expect_unmoved(&self, context: &Context, old: &Session, database: &str) -> Result<()> {
        self.hint(old, BY_INDEX).await?;
        old.execute_all(&self.stage.lock_rows()).await?;
        let query = self.stage.counterparts(&self.record.layout.select_list(Side::Old, "t"));
        let mut stream = Batches::open(old, &copy_binary(&query), &aligned_layout(&self.record.layout)).await?;
        let mut reader = ChangeReader::open(&context.store, self.plan, BATCH_ROWS)?;
        let mut moved = 0_u64;
        while let Some(changes) = reader.next()? {
            context.stop.check()?;
            let written: BooleanArray = changes.actions.iter().map(|action| Some(action.writes())).collect();
            if written.true_count() == 0 {
                continue;
            }
            let found = Aligned::split(&stream.take(written.true_count()).await?)?;
            let before = only(&changes.old, &written)?;
            let layout = &self.record.layout;
            moved += match self.direction {
                Direction::Forward => count_moved(&before, &found, |_, _| true)?,
                Direction::Back => count_moved(&only(&changes.result(layout)?, &written)?, &found, promised(layout, &before))?,
            };
            context.tell_rows(database, &self.record.name, written.true_count() as u64, 0);
        }
        stream.expect_end().await?;
        self.hint(old, BY_ANY_JOIN).await?;
        if moved == 0 {
            return Ok(());
        }
        let rows = if moved == 1 { "1 row is" } else { &format!("{moved} rows are") };
        Err(Error::new(ErrorKind::Refused, "compare OLD with the plan")
            .because(format!("{rows} no longer as classified: OLD was written since"))
            .next("run `failback diff` and `failback plan` again: the moved rows are classified anew"))
    }

    /// The constraints that the server checks by a trigger, which is silent under the replica role: they are checked here instead.
    fn unwatched(&self, triggers: Triggers) -> impl Iterator<Item = &Exclusive> {
        let quiet = triggers == Triggers::Replica;
        self.record.old.exclusives.iter().filter(move |exclusive| quiet && exclusive.deferrable)
    }

    /// Nobody else may write the table between our check of such a constraint and COMMIT: their check would not see our rows, nor
    /// ours theirs.
    async fn keep_writers_out(&self, old: &Session, triggers: Triggers) -> Result<()> {
        if self.unwatched(triggers).next().is_none() {
            return Ok(());
        }
        old.execute_all(&lock_writers_out(&self.record.name)).await
    }

    /// # Errors
    /// `Refused` where a row that was written breaks a deferrable constraint.
    async fn expect_no_deferred_clash(&self, old: &Session, triggers: Triggers) -> Result<()> {
        for exclusive in self.unwatched(triggers) {
            let Some(query) = deferred_clashes(exclusive, &self.stage) else { continue };
            let found = old.query(&query, &[]).await?;
            let clashes: i64 = found.first().map_or(0, |row| row.get(0));
            if clashes > 0 {
                return Err(moved_in(&format!("{clashes} pairs of rows would break {}", exclusive.name)));
            }
        }
        Ok(())
    }

    /// Tells the planner how to find the stage's rows in a table whose key has an index.
    async fn hint(&self, old: &Session, settings: &str) -> Result<()> {
        if self.record.key.has_index(&self.record.old) { old.execute_all(settings).await } else { Ok(()) }
    }

    async fn delete(&self, old: &Session) -> Result<()> {
        let [_, _, replaced, deleted] = self.wanted;
        if replaced + deleted == 0 {
            return Ok(());
        }
        self.hint(old, BY_INDEX).await?;
        expect_rows("delete rows", old.execute(&self.stage.delete(), &[]).await?, replaced + deleted)?;
        self.hint(old, BY_ANY_JOIN).await
    }

    async fn write(&self, old: &Session) -> Result<()> {
        let [inserted, updated, replaced, _] = self.wanted;
        if updated > 0
            && let Some(update) = self.stage.update()
        {
            self.hint(old, BY_INDEX).await?;
            expect_rows("update rows", old.execute(&update, &[]).await.map_err(clash)?, updated)?;
            self.hint(old, BY_ANY_JOIN).await?;
        }
        // A row that comes back has values in columns that NEW lacks; a new one gets their defaults.
        for (rows, operations, wanted) in match self.direction {
            Direction::Forward => [(Inserted::News, "i", inserted), (Inserted::Olds, "r", replaced)],
            Direction::Back => [(Inserted::Olds, "i", inserted), (Inserted::Olds, "r", replaced)],
        } {
            if wanted > 0 {
                let insert = self.stage.insert(rows, operations);
                expect_rows("insert rows", old.execute(&insert, &[]).await.map_err(clash)?, wanted)?;
            }
        }
        Ok(())
    }
}

fn slot(operation: u8) -> Option<usize> {
    b"iurd".iter().position(|known| *known == operation)
}

fn expect_rows(what: &str, found: u64, wanted: u64) -> Result<()> {
    if found == wanted {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Refused, what)
        .because(format!("{found} rows were affected where the plan has {wanted}"))
        .next("a rule, a trigger or a policy on OLD changes what is written: look at the table's definition"))
}

/// A row that the server does not let stand beside another: one that came to OLD since the plan was made, for the plan holds others.
fn clash(error: Error) -> Error {
    let constraint = server_fault(&error)
        .filter(|fault| matches!(fault.sqlstate.as_str(), "23505" | "23P01"))
        .and_then(|fault| fault.constraint.clone());
    match constraint {
        Some(name) => moved_in(&format!("a planned row may not stand beside another row of OLD, by {name}")).because(error),
        None => error,
    }
}

fn moved_in(cause: &str) -> Error {
    Error::new(ErrorKind::Refused, "write rows beside those of OLD")
        .because(format!("update_exists: {cause}"))
        .next("run `failback diff` and `failback plan` again: the plan holds such rows")
}

/// Checks every foreign key that the written tables take part in.
async fn check_foreign_keys(old: &Session, keys: &[ForeignKey], shares: &[Share<'_>], triggers: Triggers) -> Result<()> {
    for key in keys {
        let writes = |share: &&Share<'_>| share.record.name == key.child && share.wanted[..3].iter().sum::<u64>() > 0;
        let loses = |share: &&Share<'_>| share.record.name == key.parent && share.wanted[2] + share.wanted[3] > 0;
        let (children, parents) = (shares.iter().find(writes), shares.iter().find(loses));
        let Some(share) = children.or(parents) else { continue };
        let ends = Ends {
            children: children.map(|share| &share.stage),
            parents: parents.map(|share| &share.stage),
            unaltered: triggers == Triggers::Replica,
        };
        ends.check(old, key, share.direction).await?;
    }
    Ok(())
}
