//! Rows that only share a key. A child must not be attached to a row of OLD that is not the one it has on NEW, and a child that
//! OLD keeps must not find somebody else in its parent's place.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::delta_tables::TableDeltas;
use super::direction::Direction;
use super::draft::Draft;
use super::equal_values::{pairs, print_alike, values};
use super::new_keys::keys_of_new_alone;
use super::parentage::Parentage;
use super::row_values::{Value, digest, each_row};
use super::unproven_keys::{LiftedKeys, name_of};
use crate::delta::{Base, Class};
use crate::engine::evidence::Clock;
use crate::error::{Place, Result};
use crate::name::QualifiedName;
use crate::policy::Action;
use crate::schema::{Covered, ForeignKey};
use crate::staging::{AdoptedChildren, DatabaseRecord, TableRecord};
use crate::statement::{self, Operation, is_written_in};
use crate::store::Store;

/// Rows of OLD that the plan overwrites although they may be other rows than NEW's, by table, as positions in its diff.
#[derive(Default)]
pub(crate) struct Strangers {
    /// They are others: both sides created one.
    certain: BTreeMap<QualifiedName, Vec<usize>>,
    /// Which children these must not be given to.
    kept: KeptChildren,
    /// Nobody knows.
    possible: BTreeMap<QualifiedName, HashSet<usize>>,
    /// They are others or may be, and somebody has decided about them by name.
    named: BTreeMap<QualifiedName, Vec<usize>>,
    /// OLD's horizon at the export.
    horizon: Option<i64>,
    /// Tables of which the diff has every row that OLD alone has.
    walked: BTreeSet<QualifiedName>,
    /// What shows that a row is a child's own parent.
    parentage: Parentage,
    /// Foreign keys that NEW alone has: its children follow their parents by these too.
    keys_of_new: Vec<ForeignKey>,
    /// Foreign keys that do not bind what comes back.
    lifted: LiftedKeys,
}

/// Children that keep the parent which they have.
struct KeptChildren {
    /// A condition on a child `t` that is no row of the plan's.
    condition: String,
    /// Whose they are, for people.
    whose: &'static str,
}

/// Those of OLD's own users.
impl Default for KeptChildren {
    fn default() -> Self {
        Self { condition: "true".to_owned(), whose: "OLD's own children of it in" }
    }
}

impl Strangers {
    /// Reads them off the drafts. What somebody has decided for a row, or for a table by its name, is decided: only what holds
    /// for all tables alike may not have meant it.
    pub(crate) fn of(store: &dyn Store, drafts: &[Draft<'_>], record: &DatabaseRecord, clock: &Clock) -> Result<Self> {
        let mut strangers = Self {
            parentage: Parentage::of_new(record, clock),
            horizon: record.horizon,
            walked: walked(record),
            keys_of_new: keys_of_new_alone(record),
            ..Self::default()
        };
        for draft in drafts {
            if !draft.actions.iter().any(|action| matches!(action, Action::Update | Action::Replace)) {
                continue;
            }
            let name = &draft.record.name;
            each_row(store, draft, &[], "old", |row, found, _| match (found.class, found.base) {
                _ if !matches!(draft.actions[row], Action::Update | Action::Replace) => {}
                (Class::InsertExists, _) | (_, Base::Unknown) if draft.is_by_name(row) => {
                    strangers.named.entry(name.clone()).or_default().push(row);
                }
                _ if draft.is_by_name(row) => {}
                (Class::InsertExists, _) => strangers.certain.entry(name.clone()).or_default().push(row),
                (_, Base::Unknown) => {
                    strangers.possible.entry(name.clone()).or_default().insert(row);
                }
                _ => {}
            })?;
        }
        Ok(strangers)
    }

    /// Where rows come back to OLD, their parents may be others by now; and what comes back in the place of the merge's own
    /// row is another one (`others`, by table) to the children that a merge brought to that, where they are left.
    /// `merged_in` are its transactions, where these can still be told.
    pub(crate) fn of_before(
        parentage: Parentage,
        lifted: LiftedKeys,
        others: BTreeMap<QualifiedName, Vec<usize>>,
        merged_in: &[i64],
    ) -> Self {
        let condition = if merged_in.is_empty() { "true".to_owned() } else { is_written_in("t", merged_in) };
        let kept = KeptChildren { condition, whose: "rows of the merge that are left in" };
        Self { parentage, lifted, certain: others, kept, ..Self::default() }
    }

    /// Whether rows may come that refer to nothing by a key.
    pub(crate) fn may_be_orphans(&self, key: &ForeignKey) -> bool {
        self.lifted.contains_key(&name_of(key))
    }

    /// Lists the foreign keys by which children follow their parents beside OLD's own.
    pub(crate) fn keys_of_new(&self) -> &[ForeignKey] {
        &self.keys_of_new
    }

    /// Lists the tables in which rows of OLD are overwritten by others, or by such as may be.
    pub(crate) fn tables(&self) -> BTreeSet<QualifiedName> {
        self.certain.keys().chain(self.possible.keys()).chain(self.named.keys()).cloned().collect()
    }

    /// Holds children whose parent on OLD may be another row than their own; returns how many.
    pub(crate) async fn hold_children(
        &self,
        store: &dyn Store,
        deltas: &TableDeltas<'_>,
        drafts: &mut [Draft<'_>],
        key: &ForeignKey,
    ) -> Result<usize> {
        let (Some((position, child)), Some(proof)) = (deltas.of(&key.child), self.parentage.proof(key)) else { return Ok(0) };
        // A row that is written becomes the child's own.
        let written = deltas.of(&key.parent).map(|(_, parent)| statement::is_overwritten(parent, "p"));
        let tests: Vec<_> = std::iter::once(proof.condition.to_owned()).chain(written).collect();
        let query = statement::children_of_unproven(key, child, &format!("({})", tests.join(" or ")));
        let mut rows = deltas.positions(&query).await.place(|| &key.name)?;
        if !rows.is_empty() {
            let brought = brought_values(store, drafts, key, deltas.direction())?;
            let image = deltas.direction().image();
            let mut own = HashSet::new();
            each_row(store, &drafts[position], &key.child_columns, image, |row, _, value| {
                own.extend(value.filter(|value| brought.contains(value)).map(|_| row));
            })?;
            rows.retain(|row| !own.contains(row));
        }
        let why = format!("held: {} {} ({})", key.parent, proof.why, key.name);
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
        let mut rows = self.with_own_children(store, deltas, drafts, position, key).await?;
        if let Some((_, parent)) = deltas.of(&key.parent) {
            let child = deltas.of(&key.child).map(|(_, child)| child);
            let ask = |positions: &[usize], of: &str| statement::parents_with_own_children(key, child, parent, positions, of);
            let mut queries = Vec::new();
            queries.extend(self.certain.get(&key.parent).map(|certain| ask(certain, &self.kept.condition)));
            if let Some(possible) = self.possible.get(&key.parent) {
                let possible: Vec<_> = possible.iter().copied().collect();
                // Children that came since the diff are not in it; of some tables it has none that NEW lacks.
                let since = format!("not {}", statement::is_older("t", self.horizon));
                queries.push(ask(&possible, if self.walked.contains(&key.child) { &since } else { "true" }));
            }
            for query in queries {
                rows.extend(deltas.positions(&query).await.place(|| &key.name)?);
            }
        }
        let why = format!("held: {} {} would be of another row ({})", self.kept.whose, key.child, key.name);
        Ok(drafts[position].hold_written(rows, &why))
    }

    /// Counts the parents that are overwritten, as somebody has decided by name, and have children which OLD keeps.
    pub(crate) async fn adopted(
        &self,
        deltas: &TableDeltas<'_>,
        drafts: &[Draft<'_>],
        key: &ForeignKey,
    ) -> Result<Option<AdoptedChildren>> {
        let (Some(named), Some((position, parent))) = (self.named.get(&key.parent), deltas.of(&key.parent)) else {
            return Ok(None);
        };
        let still = |row: &usize| matches!(drafts[position].actions[*row], Action::Update | Action::Replace);
        let named: Vec<_> = named.iter().copied().filter(still).collect();
        let child = deltas.of(&key.child).map(|(_, child)| child);
        let query = statement::parents_with_own_children(key, child, parent, &named, "true");
        let parents = deltas.positions(&query).await.place(|| &key.name)?.len() as u64;
        let (child, parent) = (key.child.clone(), key.parent.clone());
        Ok((parents > 0).then(|| AdoptedChildren { key: key.name.to_string(), child, parent, parents }))
    }

    /// Finds parents that may be strangers and have children which OLD keeps and NEW does not have so.
    async fn with_own_children(
        &self,
        store: &dyn Store,
        deltas: &TableDeltas<'_>,
        drafts: &[Draft<'_>],
        parent: usize,
        key: &ForeignKey,
    ) -> Result<Vec<usize>> {
        let (Some(possible), Some(child)) =
            (self.possible.get(&key.parent), drafts.iter().find(|draft| draft.record.name == key.child))
        else {
            return Ok(Vec::new());
        };
        let parent = &drafts[parent];
        if print_alike(key, parent, child) {
            let (parents, own) = at_stake(store, (parent, possible), child, key, |texts| digest(&texts))?;
            let own: HashSet<_> = own.into_iter().map(|(_, value)| value).collect();
            return Ok(parents.into_iter().filter(|(_, value)| own.contains(value)).map(|(row, _)| row).collect());
        }
        let (parents, own) = at_stake(store, (parent, possible), child, key, |texts| texts)?;
        let found = pairs(deltas, key, (parent, &parents), (child, &own)).await?;
        Ok(found.into_iter().map(|(row, _)| row).collect::<BTreeSet<_>>().into_iter().collect())
    }
}

/// Lists the tables whose keys were compared on both sides.
fn walked(record: &DatabaseRecord) -> BTreeSet<QualifiedName> {
    let is_walked = |table: &&TableRecord| !matches!(table.coverage.delete, Covered::No { .. });
    record.tables.iter().filter(is_walked).map(|table| table.name.clone()).collect()
}

/// The values of parents that may be strangers, and of children that OLD keeps and NEW does not have so. `keep` makes of texts
/// what is kept of them.
type AtStake<V> = (Vec<(usize, V)>, Vec<(usize, V)>);

fn at_stake<V: PartialEq>(
    store: &dyn Store,
    (parent, possible): (&Draft<'_>, &HashSet<usize>),
    child: &Draft<'_>,
    key: &ForeignKey,
    keep: impl Fn(Vec<String>) -> V,
) -> Result<AtStake<V>> {
    let on_new: BTreeMap<_, _> = values(store, child, (&key.child_columns, "new"), &keep)?.into_iter().collect();
    let mut own = values(store, child, (&key.child_columns, "old"), &keep)?;
    own.retain(|(row, value)| !child.actions[*row].writes() && on_new.get(row) != Some(value));
    let mut parents = values(store, parent, (&key.parent_columns, "old"), &keep)?;
    parents.retain(|(row, _)| possible.contains(row));
    Ok((parents, own))
}

/// Collects the referenced values of rows that are written: an update that moves none of them is in no delta table.
fn brought_values(store: &dyn Store, drafts: &[Draft<'_>], key: &ForeignKey, direction: Direction) -> Result<HashSet<Value>> {
    let mut brought = HashSet::new();
    let Some(parent) = drafts.iter().find(|draft| draft.record.name == key.parent) else { return Ok(brought) };
    let brings = |row: usize| direction.operation(parent.actions[row]).is_some_and(Operation::brings_row);
    each_row(store, parent, &key.parent_columns, direction.image(), |row, _, value| {
        brought.extend(value.filter(|_| brings(row)));
    })?;
    Ok(brought)
}
