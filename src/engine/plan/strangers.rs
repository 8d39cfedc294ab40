//! Rows that only share a key. A child must not be attached to a row of OLD that is not the one it has on NEW, and a child that
//! OLD keeps must not find somebody else in its parent's place.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::delta_tables::TableDeltas;
use super::draft::Draft;
use super::row_values::{Value, each_row};
use crate::delta::{Base, Class};
use crate::engine::evidence::Clock;
use crate::error::{Place, Result};
use crate::name::{Ident, QualifiedName};
use crate::policy::Action;
use crate::schema::{ForeignKey, Method};
use crate::staging::{DatabaseRecord, TableRecord};
use crate::statement;
use crate::store::Store;

/// Rows of OLD that the plan overwrites although they may be other rows than NEW's, by table, as positions in its diff.
#[derive(Default)]
pub(crate) struct Strangers {
    /// They are others: both sides created one.
    certain: BTreeMap<QualifiedName, Vec<usize>>,
    /// Nobody knows.
    possible: BTreeMap<QualifiedName, HashSet<usize>>,
    /// Tables that both sides have and that are not carried, with the condition under which a row `p` of OLD's is NEW's too.
    aside: BTreeMap<QualifiedName, String>,
    /// Tables of which a row that did not move its stamps on NEW was not looked at.
    unseen: BTreeMap<QualifiedName, Unseen>,
}

impl Strangers {
    /// Reads them off the drafts. What somebody has decided for a table by its name (`is_decided`) is decided: only what holds
    /// for all tables alike may not have meant it.
    pub(crate) fn of(
        store: &dyn Store,
        drafts: &[Draft<'_>],
        record: &DatabaseRecord,
        clock: &Clock,
        is_decided: impl Fn(&QualifiedName, Class) -> bool,
    ) -> Result<Self> {
        let aside = record.aside.iter().map(|aside| (aside.name.clone(), clock.existed(&aside.times, "p"))).collect();
        let mut strangers = Self { aside, unseen: unseen(drafts, clock), ..Self::default() };
        for draft in drafts {
            if !draft.actions.iter().any(|action| matches!(action, Action::Update | Action::Replace)) {
                continue;
            }
            let name = &draft.record.name;
            each_row(store, draft, &[], "old", |row, found, _| match (found.class, found.base) {
                _ if !matches!(draft.actions[row], Action::Update | Action::Replace) => {}
                (class, _) if is_decided(name, class) => {}
                (Class::InsertExists, _) => strangers.certain.entry(name.clone()).or_default().push(row),
                (_, Base::Unknown) => {
                    strangers.possible.entry(name.clone()).or_default().insert(row);
                }
                _ => {}
            })?;
        }
        Ok(strangers)
    }

    /// Lists the tables in which rows of OLD are overwritten by others.
    pub(crate) fn tables(&self) -> BTreeSet<QualifiedName> {
        self.certain.keys().cloned().collect()
    }

    /// Holds children whose parent on OLD may be another row than NEW's: where the parent's table is not carried, unless OLD's
    /// row says that it was there at the cutover; and where NEW's row was not looked at, if OLD's says that it came after it.
    /// Returns how many.
    pub(crate) async fn hold_children(
        &self,
        deltas: &TableDeltas<'_>,
        drafts: &mut [Draft<'_>],
        key: &ForeignKey,
    ) -> Result<usize> {
        let Some((position, child)) = deltas.of(&key.child) else { return Ok(0) };
        let (is_proven, why) = if let Some(existed) = self.aside.get(&key.parent) {
            (existed.clone(), "is not carried, and its row on OLD")
        } else if let Some(unseen) = self.unseen.get(&key.parent) {
            // A row that the plan overwrites becomes NEW's.
            let overwritten = deltas.of(&key.parent).map(|(_, parent)| statement::is_overwritten(parent, "p"));
            let tests: Vec<_> = std::iter::once(unseen.is_news(key)).chain(overwritten).collect();
            (format!("({})", tests.join(" or ")), "has a row that does not say that it was there at the cutover, and")
        } else {
            return Ok(0);
        };
        let rows = deltas.positions(&statement::children_of_unproven(key, child, &is_proven)).await.place(|| &key.name)?;
        let why = format!("held: {} {why} may be another one than NEW's ({})", key.parent, key.name);
        Ok(drafts[position].hold_written(rows, &why))
    }

    /// Holds parents in whose place children that OLD keeps would find somebody else; returns how many.
    pub(crate) async fn hold_parents(
        &self,
        store: &dyn Store,
        deltas: &TableDeltas<'_>,
        drafts: &mut [Draft<'_>],
        key: &ForeignKey,
    ) -> Result<usize> {
        let Some(position) = drafts.iter().position(|draft| draft.record.name == key.parent) else { return Ok(0) };
        let mut rows = self.with_own_children(store, drafts, position, key)?;
        if let (Some(certain), Some((_, parent))) = (self.certain.get(&key.parent), deltas.of(&key.parent)) {
            let child = deltas.of(&key.child).map(|(_, child)| child);
            let query = statement::parents_with_own_children(key, child, parent, certain);
            rows.extend(deltas.positions(&query).await.place(|| &key.name)?);
        }
        let why = format!("held: OLD's own children of it in {} would be of another row ({})", key.child, key.name);
        Ok(drafts[position].hold_written(rows, &why))
    }

    /// Finds parents that may be strangers and have children which OLD keeps and NEW does not have so.
    fn with_own_children(
        &self,
        store: &dyn Store,
        drafts: &[Draft<'_>],
        parent: usize,
        key: &ForeignKey,
    ) -> Result<Vec<usize>> {
        let (Some(possible), Some(child)) =
            (self.possible.get(&key.parent), drafts.iter().find(|draft| draft.record.name == key.child))
        else {
            return Ok(Vec::new());
        };
        let mut own: HashSet<Value> = HashSet::new();
        let mut on_new = BTreeMap::new();
        each_row(store, child, &key.child_columns, "new", |row, _, value| {
            on_new.extend(value.map(|value| (row, value)));
        })?;
        each_row(store, child, &key.child_columns, "old", |row, _, value| {
            let stays = !child.actions[row].writes();
            own.extend(value.filter(|value| stays && on_new.get(&row) != Some(value)));
        })?;
        let mut found = Vec::new();
        each_row(store, &drafts[parent], &key.parent_columns, "old", |row, _, value| {
            if possible.contains(&row) && value.is_some_and(|value| own.contains(&value)) {
                found.push(row);
            }
        })?;
        Ok(found)
    }
}

/// What says of a row `p` on OLD that it is the one which NEW has under the same value, where NEW's was not looked at.
struct Unseen {
    /// The columns by which rows of both sides are compared.
    key: Vec<Ident>,
    /// The row was there at the cutover.
    existed: String,
    /// And nobody has written it since: it has the values that it had.
    untouched: String,
}

impl Unseen {
    /// A value that is not the row's key may have gone from one row to another since.
    fn is_news(&self, key: &ForeignKey) -> String {
        let by_key =
            key.parent_columns.len() == self.key.len() && key.parent_columns.iter().all(|column| self.key.contains(column));
        if by_key { self.existed.clone() } else { self.untouched.clone() }
    }
}

/// Lists the tables whose unmoved rows were not looked at.
fn unseen(drafts: &[Draft<'_>], clock: &Clock) -> BTreeMap<QualifiedName, Unseen> {
    let stamped =
        drafts.iter().map(|draft| draft.record).filter(|record| record.stamps_prove && record.method != Method::Compare);
    let unseen = |record: &TableRecord| Unseen {
        key: record.key.names(),
        existed: clock.existed(&record.times, "p"),
        untouched: clock.untouched(&record.times, "p"),
    };
    stamped.map(|record| (record.name.clone(), unseen(record))).collect()
}
