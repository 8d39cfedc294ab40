//! The transaction: everything that a plan does to one database of OLD, in one transaction, forward (merge) or back (undo).
//!
//! 1. One table after the other is staged in a temporary table; then all their rows on OLD are locked, most of them as they are
//!    read, and each is compared with the row that was classified. If any has moved, nothing is written. Rows that are updated
//!    in a table to which nothing refers are compared by the statement that updates them instead.
//! 2. Deletes run from children to parents, then updates and inserts from parents to children. Each statement must affect
//!    exactly the planned number of rows.
//! 3. Foreign keys of every touched table are checked in both directions, since its triggers may have been off; and that
//!    children find their own parents, since nobody has kept OLD's users from putting others in their place.
//!
//! 4. What was written is read back, and compared with what was planned.
//!
//! Memory: one batch of rows. The caller begins, records in the ledger, and commits.

use std::collections::BTreeSet;

use super::definitions::untaken;
use super::foreign_keys::{Ends, expect_no_affected_children, expect_no_children_left_behind};
use super::landing::Landings;
use super::scope::Scope;
use super::table_merge::TableMerge;
use super::triggers::Triggers;
use super::{adopted, erased, later, own_children};
use crate::catalog;
use crate::engine::plan::{Direction, Proof};
use crate::engine::run::{Context, Ledger, remember, remembers};
use crate::error::{Place, Result};
use crate::name::QualifiedName;
use crate::pg::Session;
use crate::schema::ForeignKey;
use crate::staging::Written;
use crate::statement::{NO_SEARCH_PATH, OWN_SEARCH_PATH, Operation, is_written_in, note_kept_references};

/// Carries out a database's part of a plan inside the session's transaction.
pub(crate) async fn carry_out(
    context: &Context,
    old: &Session,
    scope: &Scope,
    triggers: Triggers,
) -> Result<Vec<(String, Written)>> {
    let (store, reporter, ledger) = (context.store(), context.reporter(), Ledger::of(context));
    let Scope { part: plan, direction, .. } = scope;
    let keys = catalog::foreign_keys(old.client()).await?;
    let mut merges = scope.merges(&keys, triggers)?;
    let all_keys: Vec<_> = keys.iter().chain(&scope.keys_of_new).cloned().collect();
    load((context, old), (scope, triggers), &mut merges, &all_keys).await?;
    let lifts = scope.lifts();
    for lift in lifts.keys() {
        old.execute_all(lift).await?;
    }
    // No row is locked while others are still on their way.
    for merge in in_order_of_locks(scope, &merges) {
        merge.lock_rows(old).await.place(|| &merge.record.name)?;
    }
    expect_as_planned((context, old, scope), &merges, &keys).await?;
    old.execute_all(OWN_SEARCH_PATH).await?;
    let mut kept = BTreeSet::new();
    for (number, key) in all_keys.iter().enumerate() {
        let moves = |merge: &&TableMerge<'_>| merge.record.name == key.child && merge.can_keep_references();
        if let Some(merge) = merges.iter().find(moves).filter(|_| scope.parentage.proof(key).is_some()) {
            old.execute_all(&note_kept_references(key, &merge.load, number)).await.place(|| &key.name)?;
            kept.insert(number);
        }
    }
    expect_children_stay(old, &merges, &keys, triggers).await?;
    for merge in merges.iter().rev() {
        merge.delete(old, scope.merged_in()).await.place(|| &merge.record.name)?;
    }
    for merge in &merges {
        merge.write(old).await.map_err(|error| untaken(error, *direction)).place(|| &merge.record.name)?;
        reporter.tell_written(&plan.name, &merge.record.name, merge.wanted.sum());
    }
    for merge in &merges {
        merge.expect_no_deferred_clash(old, triggers).await.place(|| &merge.record.name)?;
    }
    if !merges.is_empty() && remembers(&ledger, old, *direction == Direction::Forward).await? {
        for merge in &merges {
            remember(&ledger, old, merge.record, &merge.load).await.place(|| &merge.record.name)?;
        }
    }
    check_foreign_keys(old, (&all_keys, keys.len()), &merges, (scope, triggers, &kept)).await?;
    triggers.settle(old).await?;
    old.execute_all(NO_SEARCH_PATH).await?;
    for restore in lifts.values() {
        old.execute_all(restore).await?;
    }
    for merge in &merges {
        old.execute_all(&merge.wake).await.place(|| &merge.record.name)?;
    }
    let mut landings = Landings::begin(context, scope);
    for merge in &merges {
        let mut landing = landings.of(merge.plan.id);
        merge.expect_written((store, reporter, old), &mut landing).await.place(|| &merge.record.name)?;
        landings.add(merge.plan.id, landing);
    }
    landings.end();
    Ok(merges.iter().map(|merge| (merge.record.name.to_string(), merge.written())).collect())
}

/// Lists the tables in the order in which their rows are locked. Users of a live server lock a child before its parent, as they
/// take both away in this order: whoever does otherwise meets them in a circle.
fn in_order_of_locks<'m, 'a>(scope: &Scope, merges: &'m [TableMerge<'a>]) -> Vec<&'m TableMerge<'a>> {
    if scope.batch.is_some() { merges.iter().rev().collect() } else { merges.iter().collect() }
}

/// Stages one table after the other, each with its triggers silent from then on.
async fn load(
    (context, old): (&Context, &Session),
    (scope, triggers): (&Scope, Triggers),
    merges: &mut [TableMerge<'_>],
    keys: &[ForeignKey],
) -> Result<()> {
    for merge in merges {
        let known = merge.record;
        merge.wake = triggers.silence(old, &known.name).await.place(|| &known.name)?;
        if scope.swaps {
            merge.swap_rows(old, keys).await.place(|| &known.name)?;
        }
        let loaded = merge.load(context.store(), context.reporter(), old, keys).await;
        merge.updates = Some(loaded.map_err(|error| untaken(error, scope.direction)).place(|| &known.name)?);
    }
    Ok(())
}

/// Expects OLD's rows to be those that were planned with, locked by now or as they are read, and their children likewise.
async fn expect_as_planned(
    (context, old, scope): (&Context, &Session, &Scope),
    merges: &[TableMerge<'_>],
    keys: &[ForeignKey],
) -> Result<()> {
    let (store, reporter) = (context.store(), context.reporter());
    for merge in in_order_of_locks(scope, merges) {
        let marks = (scope.part.name.as_str(), scope.merged_in(), scope.mark(merge.plan.id));
        merge.expect_unmoved(store, reporter, old, marks).await.place(|| &merge.record.name)?;
    }
    // What hangs on the rows is asked once all of them are locked.
    for merge in merges.iter().filter(|_| scope.direction == Direction::Back) {
        later::expect_none(&Ledger::of(context), old, scope, merge).await.place(|| &merge.record.name)?;
        adopted::expect_none(store, old, scope, merge, keys).await.place(|| &merge.record.name)?;
    }
    if scope.direction == Direction::Forward {
        own_children::expect_none(store, old, scope, merges, keys).await?;
        for merge in merges {
            erased::expect_none(store, &Ledger::of(context), old, merge).await.place(|| &merge.record.name)?;
        }
    }
    Ok(())
}

/// Expects that no row beside those of the plan hangs on a parent that goes or gets another key.
async fn expect_children_stay(old: &Session, merges: &[TableMerge<'_>], keys: &[ForeignKey], triggers: Triggers) -> Result<()> {
    let of = |table: &QualifiedName| merges.iter().find(|merge| merge.record.name == *table).map(|merge| &merge.load);
    for key in keys {
        let (Some(parents), children) = (of(&key.parent), of(&key.child)) else { continue };
        if triggers == Triggers::Replica {
            expect_no_children_left_behind(old, key, parents, children).await?;
        } else {
            expect_no_affected_children(old, key, parents, children).await?;
        }
    }
    Ok(())
}

/// Checks every foreign key that the written tables take part in; of those behind OLD's own, which NEW alone has, the children.
async fn check_foreign_keys(
    old: &Session,
    (keys, of_old): (&[ForeignKey], usize),
    merges: &[TableMerge<'_>],
    (scope, triggers, kept): (&Scope, Triggers, &BTreeSet<usize>),
) -> Result<()> {
    for (number, key) in keys.iter().enumerate() {
        let writes = |merge: &&TableMerge<'_>| merge.record.name == key.child && merge.wanted.sum_of(Operation::brings_row) > 0;
        let goes = |operation: Operation| operation.may_take_parent(key);
        let loses = |merge: &&TableMerge<'_>| merge.record.name == key.parent && merge.wanted.sum_of(goes) > 0;
        let (children, parents) = (merges.iter().find(writes), merges.iter().find(loses).filter(|_| number < of_old));
        let Some(merge) = children.or(parents) else { continue };
        // What an earlier batch wrote is as much the children's own as what this transaction writes.
        let proof = scope.parentage.proof(key).map(|proof| {
            let condition = match scope.earlier.as_slice() {
                [] => proof.condition.to_owned(),
                earlier => format!("({} or {})", proof.condition, is_written_in("p", earlier)),
            };
            (condition, proof.why)
        });
        let ends = Ends {
            children: children.map(|merge| &merge.load),
            parents: parents.map(|merge| &merge.load),
            unaltered: triggers == Triggers::Replica,
            proof: proof.as_ref().map(|(condition, why)| Proof { condition, why }),
            kept: kept.get(&number).copied(),
        };
        ends.check(old, key, merge.direction).await?;
    }
    Ok(())
}
