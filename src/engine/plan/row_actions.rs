//! What is done with each row of a table's diff by the decisions alone, before anything is asked of OLD's rows.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use arrow_array::RecordBatch;

use super::changed_columns::ChangedColumns;
use super::composer::{Comes, Composer, Wanted};
use super::decided_rows::{DecidedRow, DecidedRows};
use super::draft::{Draft, Reason, Reasons};
use super::fact::written;
use super::met::Met;
use super::wanting::{self, Wanting};
use crate::delta::{Class, Evidence};
use crate::engine::diff::DECIDING;
use crate::engine::run::Reporter;
use crate::error::Result;
use crate::name::Side;
use crate::policy::{Action, By, Decided, Decisions, Minimum, Resolution};
use crate::staging::{TableDiff, TableRecord};
use crate::store::Store;

/// Why a row is held that was picked, and is another one now.
const OUTDATED: &str = "held: it was picked when it was another row; look at it as it is now, and pick it again";

/// What is read of a row that is composed.
const IMAGES: [&str; 3] = ["old", "new", "base"];

/// Gives every row of a table's diff the action that the decisions ask for.
pub(super) async fn draft<'a>(
    (store, reporter, (decisions, met)): (&dyn Store, &Reporter, (&Decisions, &Met)),
    database: &str,
    (record, diff): (&'a TableRecord, &'a TableDiff),
    mut composer: Option<Composer<'_>>,
    wanting: &mut Vec<Wanting>,
) -> Result<Draft<'a>> {
    let mut draft = Draft { record, diff, actions: Vec::new(), whys: Vec::new(), reasons: Reasons::default(), composed: None };
    let (replacing, doubtful) = (ChangedColumns::replacing(record), ChangedColumns::doubtful(record));
    let table = record.name.to_string();
    let deciding = DecidedRows::of(decisions, database, record, met)?;
    let images: &[&str] = if composer.is_some() { &IMAGES } else { &[] };
    let columns = [&DECIDING[..], images].concat();
    let mut known = Known { deciding: &deciding, decided: BTreeMap::new() };
    let mut held: BTreeMap<(Class, Evidence), u64> = BTreeMap::new();
    for segment in &diff.segments {
        for batch in deciding.open(store, segment, 1 << 14, &columns)? {
            let batch = batch?;
            let rows = deciding.read(&batch, draft.actions.len())?;
            let mut come = match &mut composer {
                Some(composer) => {
                    let wanted = known.composed(composer, &rows)?;
                    let comes = composer.compose(&batch, draft.actions.len(), &wanted).await?;
                    wanted.into_iter().map(|one| one.row).zip(comes).collect()
                }
                None => BTreeMap::new(),
            };
            for (row, DecidedRow { class, rests_on, by, .. }) in rows.into_iter().enumerate() {
                let Some((decided, minimum)) = known.of(class, by)? else {
                    continue;
                };
                let (action, why) = if let Some(comes) = come.remove(&row) {
                    composed_action(comes, &replacing)
                } else {
                    let (action, why) = act(class, decided.resolution, &batch, row, &replacing);
                    (action, why.map(str::to_owned))
                };
                let is_wanting = action.writes() && !minimum.admits(rests_on);
                let by_name = deciding.is_by_name(decided, by);
                let is_doubtful = class == Class::Update && action.writes() && !by_name && doubtful.touched_by(&batch, row);
                let action = if is_wanting || is_doubtful { Action::Hold } else { action };
                let why = match (why, &decided.signature.why) {
                    _ if is_wanting => {
                        *held.entry((class, rests_on)).or_insert(0) += 1;
                        wanting::reason(class, rests_on, minimum)
                    }
                    _ if is_doubtful => {
                        format!("held: NEW may have changed {}, or its type may have lost what OLD's holds", doubtful.list())
                    }
                    (Some(why), _) => why,
                    _ if matches!(by, By::Outdated(_)) => OUTDATED.to_owned(),
                    (None, Some(why)) => format!("{class}: {why}"),
                    (None, None) => {
                        let who = deciding.rule_title(by).unwrap_or_else(|| decided.origin.word().to_owned());
                        format!("{class}: {} ({who})", decided.said())
                    }
                };
                draft.push(action, Reason { text: why, by_name });
            }
        }
        reporter.tell_rows(database, &record.name, segment.rows, 0);
    }
    draft.composed = composer.map(|composer| composer.finish(store)).transpose()?.flatten();
    let one = |((class, rests_on), rows): ((Class, Evidence), u64)| {
        let needs = deciding.minimum(class)?;
        Some(Wanting { database: database.to_owned(), table: table.clone(), class, rests_on, needs, rows })
    };
    wanting.extend(held.into_iter().filter_map(one));
    Ok(draft)
}

/// What is decided about rows of a class by something, and what they need, each looked up once.
struct Known<'a> {
    deciding: &'a DecidedRows<'a>,
    decided: BTreeMap<(Class, By), Option<(Decided, Minimum)>>,
}

impl Known<'_> {
    fn of(&mut self, class: Class, by: By) -> Result<Option<&(Decided, Minimum)>> {
        let found = match self.decided.entry((class, by)) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(self.deciding.decided(class, by)?.zip(self.deciding.minimum(class))),
        };
        Ok(found.as_ref())
    }

    /// Lists the rows of a batch whose columns are chosen one by one.
    fn composed(&mut self, composer: &Composer<'_>, rows: &[DecidedRow]) -> Result<Vec<Wanted>> {
        let mut wanted = Vec::new();
        for (row, DecidedRow { class, by, .. }) in rows.iter().enumerate() {
            if let Some((decided, _)) = self.of(*class, *by)?.filter(|(decided, _)| composer.composes(*by, decided.resolution))
            {
                wanted.push(Wanted { row, resolution: decided.resolution, by: *by });
            }
        }
        Ok(wanted)
    }
}

/// What is done with a row whose columns are chosen one by one.
fn composed_action(comes: Comes, replacing: &ChangedColumns) -> (Action, Option<String>) {
    match comes {
        Comes::Same => (Action::KeepOld, None),
        Comes::Other(None) => (Action::Insert, None),
        Comes::Other(Some(names)) if replacing.are_among(&names) => (Action::Replace, None),
        Comes::Other(Some(_)) => (Action::Update, None),
        Comes::Nothing(why) => (Action::Hold, Some(why)),
    }
}

/// Turns a resolution into an action, and says why where the resolution alone does not.
fn act(
    class: Class,
    resolution: Resolution,
    batch: &RecordBatch,
    row: usize,
    replacing: &ChangedColumns,
) -> (Action, Option<&'static str>) {
    let apply = || apply_new(class, batch, row, replacing);
    match resolution {
        Resolution::ApplyNew => (apply(), None),
        Resolution::KeepOld => (Action::KeepOld, None),
        // Rows that are composed never come here.
        Resolution::Hold | Resolution::ColumnMerge | Resolution::Coalesce => (Action::Hold, None),
        Resolution::Skip => (Action::Skip, None),
        Resolution::LastUpdateWins | Resolution::FirstUpdateWins => {
            let (Some(old), Some(new)) = (written(batch, Side::Old, row), written(batch, Side::New, row)) else {
                return (Action::Hold, Some("held: the rows do not both say when they were written, or not which was first"));
            };
            if old == new {
                return (Action::Hold, Some("held: both rows say that they were written at the same instant"));
            }
            let new_wins = (new > old) == (resolution == Resolution::LastUpdateWins);
            if new_wins {
                (apply(), Some("NEW's write wins by time"))
            } else {
                (Action::KeepOld, Some("OLD's write wins by time"))
            }
        }
    }
}

fn apply_new(class: Class, batch: &RecordBatch, row: usize, replacing: &ChangedColumns) -> Action {
    match class {
        Class::Insert
        | Class::AmbiguousMissingOnOld
        | Class::AmbiguousDeletedOnOld
        | Class::UpdateDeleted
        | Class::UpdateMissing => Action::Insert,
        Class::Delete | Class::AmbiguousMissingOnNew | Class::DeleteOriginDiffers => Action::Delete,
        Class::OldOnly | Class::Convergent | Class::Unchanged => Action::KeepOld,
        Class::Update | Class::AmbiguousDiffers | Class::Drift | Class::InsertExists | Class::UpdateOriginDiffers => {
            if replacing.touched_by(batch, row) {
                Action::Replace
            } else {
                Action::Update
            }
        }
    }
}
