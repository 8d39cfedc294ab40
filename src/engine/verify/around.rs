//! Foreign keys around what a merge wrote: whether its own children have their parents, and whether children of the parents
//! that went are left. Rows that it did not touch are not looked at.
//!
//! That is asked of rows by their places and keys. Where it cannot be (a key of periods or of one partition, a table without a
//! key, parents known by other columns than those that are referred to, no index that leads to children), the whole table is
//! looked through.

use std::collections::{BTreeMap, BTreeSet};

use super::landed_rows::LandedPlaces;
use crate::catalog;
use crate::engine::plan::Direction;
use crate::error::{Place as _, Result};
use crate::name::{QualifiedName, Side};
use crate::pg::Session;
use crate::policy::Action;
use crate::schema::ForeignKey;
use crate::staging::layout::TableId;
use crate::staging::{DatabasePlan, DatabaseRecord, TablePlan};
use crate::statement::{RowSource, orphan_at, orphan_of, orphan_under};

/// How the foreign keys that a merge may have broken are looked at.
#[derive(Clone, Debug, Default)]
pub(super) struct Around {
    /// Those whose children are looked at as they are read back, by the children's table.
    of_children: BTreeMap<TableId, Vec<ForeignKey>>,
    /// Those whose gone parents' children are, by the parents' table.
    of_parents: BTreeMap<TableId, Vec<ForeignKey>>,
    /// Those that are looked at as a whole, each with the table of the plan that it is about.
    pub(super) whole: Vec<(TableId, ForeignKey)>,
}

/// The foreign keys of which a child without a parent was found, each by the table of its children and its name.
pub(super) type Broken = BTreeSet<(String, String)>;

/// Returns how a broken key is known.
pub(super) fn known_as(key: &ForeignKey) -> (String, String) {
    (key.child.to_string(), key.name.to_string())
}

impl Around {
    /// Parts the foreign keys whose children were written, or whose parents went.
    ///
    /// # Errors
    /// Whatever asking OLD can give.
    pub(super) async fn of(part: &DatabasePlan, record: &DatabaseRecord, old: &Session, is_deep: bool) -> Result<Self> {
        let mut around = Self::default();
        for key in catalog::foreign_keys(old.client()).await?.into_iter().filter(|key| key.validated) {
            let operation = |action| Direction::Forward.operation(action);
            let loses = |action: Action| operation(action).is_some_and(|operation| operation.may_take_parent(&key));
            let children = find(part, &key.child, &Action::writes);
            let parents = find(part, &key.parent, &loses);
            let Some(first) = children.or(parents) else { continue };
            if is_deep || !has_known_ends(record, &key, children, parents)? || !leads_to_children(old, &key, parents).await? {
                around.whole.push((first.id, key));
                continue;
            }
            if let Some(table) = parents {
                around.of_parents.entry(table.id).or_default().push(key.clone());
            }
            if let Some(table) = children {
                around.of_children.entry(table.id).or_default().push(key);
            }
        }
        Ok(around)
    }

    /// Looks for children without a parent among rows at their places.
    pub(super) async fn look_at(&self, old: &Session, table: TableId, at: &LandedPlaces, broken: &mut Broken) -> Result<()> {
        for key in self.of_children.get(&table).into_iter().flatten() {
            for (leaf, places) in at {
                look(old, key, &orphan_at(key, leaf, places), broken).await?;
            }
        }
        Ok(())
    }

    /// Looks for children without a parent: among the rows under some keys, or, where these went, among those that referred to
    /// them.
    pub(super) async fn look_under(
        &self,
        old: &Session,
        (table, source): (TableId, RowSource<'_>),
        (keys, went): (&[Vec<String>], bool),
        broken: &mut Broken,
    ) -> Result<()> {
        let of = if went { &self.of_parents } else { &self.of_children };
        for key in of.get(&table).into_iter().flatten() {
            let query = if went { orphan_of(key, source, keys) } else { Some(orphan_under(key, source, keys)) };
            if let Some(query) = query {
                look(old, key, &query, broken).await?;
            }
        }
        Ok(())
    }

    /// Finds a key that was looked at around rows.
    pub(super) fn key(&self, known: &(String, String)) -> Option<&ForeignKey> {
        self.of_children.values().chain(self.of_parents.values()).flatten().find(|key| known_as(key) == *known)
    }
}

async fn look(old: &Session, key: &ForeignKey, query: &str, broken: &mut Broken) -> Result<()> {
    let known = known_as(key);
    if !broken.contains(&known) && old.query(query, &[]).await.place(|| &key.name)?.first().is_some_and(|row| row.get(0)) {
        broken.insert(known);
    }
    Ok(())
}

/// Finds a table of the plan of which rows are written in a way that is meant.
fn find<'a>(part: &'a DatabasePlan, name: &QualifiedName, is_meant: &dyn Fn(Action) -> bool) -> Option<&'a TablePlan> {
    part.tables.iter().find(|table| table.name == *name && table.actions.sum_of(is_meant) > 0)
}

/// Whether the rows at both ends that the merge wrote or took away are known by keys that tell what refers to what.
fn has_known_ends(
    record: &DatabaseRecord,
    key: &ForeignKey,
    children: Option<&TablePlan>,
    parents: Option<&TablePlan>,
) -> Result<bool> {
    if key.period || key.child_part.is_some() || key.parent_part.is_some() {
        return Ok(false);
    }
    for table in children.into_iter().chain(parents) {
        if record.table(table.id)?.key.is_whole_row() {
            return Ok(false);
        }
    }
    let Some(table) = parents else { return Ok(true) };
    let known = record.table(table.id)?;
    let source = RowSource::of(&known.old, &known.key, Side::Old);
    let none = vec![Vec::new(); known.key.columns().len()];
    Ok(orphan_of(key, source, &none).is_some())
}

/// Whether an index leads to the children of parents that went, if any did.
async fn leads_to_children(old: &Session, key: &ForeignKey, parents: Option<&TablePlan>) -> Result<bool> {
    if parents.is_none() {
        return Ok(true);
    }
    catalog::has_leading_index(old.client(), &key.child, &key.child_columns).await.place(|| &key.child)
}
