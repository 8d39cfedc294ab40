//! What an undo takes back: every row that the merge wrote and that is as the merge left it, as far as foreign keys, unique
//! values and checks of today allow. The others are left, and named.
//!
//! Mostly that is everything, so that this is tried first. Where something stands against it, what does is looked for ahead
//! of the transaction that writes, in one that is rolled back; that one compares again under lock. Memory: five bytes for
//! every row of the diff.

use std::collections::BTreeMap;

use super::adopted::{adopted, adopters};
use super::fitting::fitting;
use super::later;
use super::moved_row::Moved;
use super::named_rows::{left_rows, rows_taken_back};
use super::others::in_place_of_others;
use super::scope::Scope;
use super::table_merge::TableMerge;
use super::undo_of::{NOT_ASKED, UndoOf, choose, close, meant_rows};
use super::whereabouts::Whereabouts;
use super::writers;
use crate::catalog::{self, Catalog};
use crate::delta::{Base, Class};
use crate::engine::evidence::Clock;
use crate::engine::plan::{
    Direction, Draft, Lifted, LiftedKeys, Parentage, Reason, Reasons, Sandbox, Strangers, definition_digest, hold_rejects,
    hold_unidentified, needed_key_lifts, needed_lifts, planned_actions,
};
use crate::engine::rows::Composed;
use crate::engine::run::{Context, Entry, Ledger, RowNumbers};
use crate::error::{Place, Result};
use crate::name::QualifiedName;
use crate::pg::Session;
use crate::policy::Action;
use crate::schema::{ForeignKey, Table, TimeColumn, TimeColumns};
use crate::staging::layout::TableId;
use crate::staging::{DatabasePlan, DatabaseRecord, TableDiff, TablePlan, TableRecord};
use crate::store::Store;
use crate::words::Counts;

const WRITTEN_SINCE: &str = "written since the merge";
const DOUBLED: &str = "its key, which no index of OLD's keeps unique, is there more than once";

/// Takes in every row that the merge wrote, but for tables whose definition of today has no place for them.
///
/// # Errors
/// Whatever reading OLD and the run can give. Cancel safety: nothing is written.
pub(crate) async fn everything(
    store: &dyn Store,
    old: &Session,
    part: &DatabasePlan,
    (record, clock): (&DatabaseRecord, &Clock),
    last: &Entry,
) -> Result<Scope> {
    let today = catalog::read(old.client()).await?;
    let mut scope = Scope {
        direction: Direction::Back,
        part: part.clone(),
        record: record.clone(),
        planned: None,
        actions: BTreeMap::new(),
        last: Some(last.clone()),
        marks: BTreeMap::new(),
        others: BTreeMap::new(),
        left: Vec::new(),
        remainder: Vec::new(),
        taken_back: Vec::new(),
        kept: 0,
        meant: None,
        lifted: Lifted::new(),
        lifted_keys: LiftedKeys::new(),
        parentage: parentage(&today, (record, clock), last),
        keys_of_new: Vec::new(),
        keeps_places: false,
        batch: None,
        earlier: Vec::new(),
        swaps: false,
    };
    let has_rows = |table: &TablePlan| last.left.as_ref().is_none_or(|left| left.contains_key(&table.id));
    scope.part.tables.retain(|table| table.written_rows() > 0 && has_rows(table));
    adopt_definitions(store, &mut scope, &today)?;
    for table in &scope.part.tables {
        let known = scope.record.table(table.id)?;
        if let Some(mark) = writers::mark(old, Some(last), (table.id, &known.old)).await? {
            scope.marks.insert(table.id, mark);
        }
        let actions = planned(store, table, last)?;
        let others =
            in_place_of_others(store, table, &actions, |class, base| class == Class::InsertExists || base == Base::Unknown)?;
        scope.others.extend((!others.is_empty()).then_some((table.id, others)));
        scope.actions.extend(last.left.is_some().then_some((table.id, actions)));
    }
    Ok(scope)
}

/// Decides which rows of a database's part an undo takes back.
///
/// # Errors
/// Whatever reading OLD and the run can give. Cancel safety: nothing is written.
pub(crate) async fn scope(
    context: &Context,
    part: &DatabasePlan,
    (record, clock): (&DatabaseRecord, &Clock),
    last: &Entry,
    (of, fires): (&UndoOf, bool),
) -> Result<Scope> {
    let sandbox = Sandbox::open(context.servers(), &part.name).await?;
    let mut scope = everything(context.store(), sandbox.session(), part, (record, clock), last).await?;
    let diffs: Vec<_> = scope.part.tables.iter().map(diff_of).collect();
    let mut drafts = Vec::new();
    for (table, diff) in scope.part.tables.iter().zip(&diffs) {
        drafts.push(draft(context.store(), table, scope.record.table(table.id)?, diff, last)?);
    }
    let keys = catalog::foreign_keys(sandbox.session().client()).await?;
    let planned: Vec<_> = drafts.iter().map(|draft| draft.actions.clone()).collect();
    let chosen = choose(context.store(), (&scope.part, record), &drafts, (of, &keys))?;
    let meant = chosen.as_ref().map(|chosen| meant_rows(&drafts, chosen));
    if meant == Some(0) {
        drop(drafts);
        scope.meant = meant;
        return Ok(scope);
    }
    scope.kept += of.keep_unmeant(&part.name, &mut scope.left);
    for (number, (table, draft)) in scope.part.tables.iter().zip(&mut drafts).enumerate() {
        let then = &record.table(table.id)?.old;
        leave_moved(context, &sandbox, &scope, (number, table, then), &keys, draft).await.place(|| &table.name)?;
    }
    sandbox.leave().await?;
    let (servers, store, reporter) = (context.servers(), context.store(), context.reporter());
    let tools = (servers, store, reporter);
    scope.lifted = needed_lifts(tools, &part.name, &drafts).await?;
    scope.lifted_keys = needed_key_lifts(tools, &part.name, &drafts, fires).await?;
    let lifted = |table: &QualifiedName| scope.lifted.get(table).map_or(&[][..], Vec::as_slice);
    hold_rejects(tools, &scope.record, &mut drafts, Direction::Back, lifted).await?;
    hold_unidentified(servers, &part.name, &mut drafts, Direction::Back).await?;
    let others = scope.part.tables.iter().filter_map(|table| Some((table.name.clone(), scope.others.get(&table.id)?.clone())));
    let (parentage, lifted) = (scope.parentage.clone(), scope.lifted_keys.clone());
    let strangers = Strangers::of_before(parentage, lifted, others.collect(), scope.merged_in());
    close(context, &part.name, (&mut drafts, &planned), &strangers, (of, chosen.as_deref())).await?;
    let (mut left, mut taken_back) = (Vec::new(), Vec::new());
    for (draft, planned) in drafts.iter().zip(&planned) {
        scope.remainder.extend(remainder(draft, planned));
        taken_back.extend(rows_taken_back(context.store(), draft, planned)?);
        let rows = left_rows(context.store(), draft, planned)?.into_iter();
        let (kept, rows): (Vec<_>, Vec<_>) = rows.partition(|rows| rows.why == NOT_ASKED);
        scope.kept += kept.iter().map(|rows| rows.rows).sum::<u64>();
        left.extend(rows);
    }
    let actions = drafts.into_iter().map(|draft| (draft.record.id, draft.actions)).collect();
    scope.left.extend(left);
    scope.taken_back = taken_back;
    scope.actions = actions;
    scope.meant = meant;
    Ok(scope)
}

/// What shows that rows find the parents again that they had before the merge. Time columns count that are of the type of then;
/// transactions where the merge's own can still be told.
fn parentage(today: &Catalog, (record, clock): (&DatabaseRecord, &Clock), last: &Entry) -> Parentage {
    let is_same = |table: &TableRecord, column: &TimeColumn| {
        let now = today.tables.iter().find(|now| now.name == table.name).and_then(|now| now.column(&column.name));
        now.map(|now| &now.data_type) == table.old.column(&column.name).map(|then| &then.data_type)
    };
    let horizon = record.horizon.filter(|_| !last.written_in.is_empty());
    let undone = if last.written_in.is_empty() { &[][..] } else { last.undone_in.as_slice() };
    Parentage::of_before(record, clock, (horizon, undone), |table| {
        let kept = |column: &Option<TimeColumn>| column.clone().filter(|column| is_same(table, column));
        TimeColumns { created: kept(&table.times.created), updated: kept(&table.times.updated) }
    })
}

/// Puts OLD's definitions of today in the place of those of the plan. Tables of which a column that the merge wrote has gone or
/// changed its type leave the scope with all their rows.
fn adopt_definitions(store: &dyn Store, scope: &mut Scope, today: &Catalog) -> Result<()> {
    let mut tables = Vec::new();
    let Some(last) = scope.last.as_ref() else { return Ok(()) };
    for mut table in std::mem::take(&mut scope.part.tables) {
        let Some(known) = scope.record.tables.iter_mut().find(|known| known.id == table.id) else { continue };
        match fitting(today, known, !last.written_in.is_empty()) {
            Ok(now) => {
                table.definition = definition_digest(now)?;
                known.old = now.clone();
                tables.push(table);
            }
            Err(why) => {
                let diff = diff_of(&table);
                let mut draft = draft(store, &table, known, &diff, last)?;
                let planned = draft.actions.clone();
                for row in (0..planned.len()).filter(|row| planned[*row].writes()) {
                    draft.hold(row, &why);
                }
                scope.left.extend(left_rows(store, &draft, &planned)?);
                scope.remainder.extend(remainder(&draft, &planned));
            }
        }
    }
    scope.part.tables = tables;
    Ok(())
}

pub(super) fn diff_of(table: &TablePlan) -> TableDiff {
    let (id, name, segments) = (table.id, table.name.clone(), table.diff.clone());
    TableDiff { id, name, segments, counts: Counts::new(), evidence: BTreeMap::new() }
}

/// What the plan did with each row. Rows that it did not write are none of an undo's business, nor those that an earlier undo
/// has done with: whatever is under their keys by now is not the merge's.
fn planned(store: &dyn Store, table: &TablePlan, last: &Entry) -> Result<Vec<Action>> {
    let actions = planned_actions(store, table)?.into_iter().enumerate();
    let is_owed = |row: usize, action: Action| action.writes() && last.has_before_it(table.id, row);
    Ok(actions.map(|(row, action)| if is_owed(row, action) { action } else { Action::KeepOld }).collect())
}

/// A draft of what is to be taken back.
fn draft<'a>(
    store: &dyn Store,
    table: &TablePlan,
    record: &'a TableRecord,
    diff: &'a TableDiff,
    last: &Entry,
) -> Result<Draft<'a>> {
    let actions = planned(store, table, last)?;
    // What a merge has written comes back, whoever decided that it was written.
    let merged = Reason { text: "merged".to_owned(), by_name: true };
    let composed = match &table.composed {
        Some(segment) => Some((segment.clone(), Composed::open(store, segment)?)),
        None => None,
    };
    Ok(Draft { record, diff, whys: vec![0; actions.len()], actions, reasons: Reasons::from(merged), composed })
}

/// Leaves the rows that are no longer as the merge left them. Nothing is to be done about those that are as they were before
/// it, unless they may be elsewhere.
async fn leave_moved(
    context: &Context,
    sandbox: &Sandbox,
    scope: &Scope,
    (number, table, then): (usize, &TablePlan, &Table),
    keys: &[ForeignKey],
    draft: &mut Draft<'_>,
) -> Result<()> {
    let actions = draft.actions.clone();
    let merge = TableMerge::new(number, table, draft.record, Direction::Back, true).with_actions(Some(&actions));
    let (store, reporter, old) = (context.store(), context.reporter(), sandbox.session());
    merge.load(store, reporter, old, keys).await?;
    let ledger = Ledger::of(context);
    let written: Vec<_> = (0..actions.len()).filter(|row| actions[*row].writes()).collect();
    for (place, run) in later::rows((&ledger, old), &scope.part, &merge).await? {
        // Copies are known by their place in the diff.
        let row = if draft.record.key.is_whole_row() { Some(place) } else { written.get(place).copied() };
        draft.hold_written(row, &later::why(&run));
    }
    let moved = merge.moved(store, reporter, old, (&scope.part.name, scope.merged_in(), scope.mark(table.id))).await?;
    let (taken_back, moved): (Vec<_>, Vec<_>) = moved.into_iter().partition(|moved| moved.how == Moved::There);
    for (how, why) in [(Moved::Written, WRITTEN_SINCE), (Moved::Doubled, DOUBLED)] {
        draft.hold_written(moved.iter().filter(|moved| moved.how == how).map(|moved| moved.row), why);
    }
    for (row, key) in adopters(old, scope, &merge, keys, &actions).await? {
        draft.hold_written([row], &adopted(key));
    }
    let missing: Vec<_> = moved.iter().filter(|moved| moved.how == Moved::Missing).map(|moved| moved.row).collect();
    if taken_back.is_empty() && missing.is_empty() {
        return Ok(());
    }
    let whereabouts = Whereabouts::ask((&ledger, old), scope.merged_in(), then, &merge, &actions).await?;
    draft.hold_written(missing, whereabouts.of_missing().unwrap_or(WRITTEN_SINCE));
    for row in taken_back.into_iter().map(|moved| moved.row) {
        if !draft.actions[row].writes() {
            continue;
        }
        match whereabouts.why(row, actions[row]) {
            Some(why) => draft.hold(row, why),
            None => draft.actions[row] = Action::KeepOld,
        }
    }
    Ok(())
}

/// Lists the rows that were written by the plan and are left, as the ledger records them.
fn remainder(draft: &Draft<'_>, planned: &[Action]) -> Option<(String, TableId, RowNumbers)> {
    let is_left = |row: &usize| planned[*row].writes() && draft.actions[*row] == Action::Hold;
    let rows: RowNumbers = (0..planned.len()).filter(is_left).collect();
    (rows.len() > 0).then(|| (draft.record.name.to_string(), draft.record.id, rows))
}
