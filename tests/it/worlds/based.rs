//! Worlds with a BASE, a third server that shows the cutover: every row that differs has exactly the class that its three
//! values give it, whatever the rows say of themselves.

use std::collections::BTreeSet;

use failback::delta::{Base, Class, Evidence};
use failback::name::Side;
use failback::schema::Method;

use super::listed::{Entry, Said};
use super::oracle::shown;
use super::proof::Moment;
use super::schema::Table;
use super::snapshot::{Row, RowKey, Snapshot, agree, created_apart, may_be_respelt};

/// Whether a world that is not marked has a BASE.
pub(super) const fn is_based(seed: u64) -> bool {
    seed % 4 == 1
}

/// Everything that is known of a diff that goes by BASE.
pub(super) struct Exact<'a> {
    pub(super) tables: &'a [Table],
    /// Both sides at the cutover.
    pub(super) base: &'a Snapshot,
    /// OLD at the diff, NEW at the export.
    pub(super) now: &'a Moment,
    /// OLD at the export.
    pub(super) at_export: &'a Snapshot,
    pub(super) said: &'a [Option<Said>],
}

impl Exact<'_> {
    /// Lists everything that is wrong, one sentence each.
    pub(super) fn complaints(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (number, (table, said)) in self.tables.iter().zip(self.said).enumerate() {
            let Some(said) = said else { continue };
            if !said.based {
                found.push(format!("{}: BASE is not heeded", table.name));
                continue;
            }
            for key in self.keys(number) {
                let wrong = match said.entries.get(&key) {
                    Some(entry) => self.misjudged(number, &key, entry),
                    // A configured method may leave out what it cannot see.
                    None if said.method == Method::Compare => self.unlisted(number, &key),
                    None => None,
                };
                found.extend(wrong.map(|what| format!("{} {}: {what}", table.name, shown(&key))));
            }
        }
        found
    }

    fn keys(&self, number: usize) -> BTreeSet<RowKey> {
        let on = |snapshot: &Snapshot| snapshot.tables[number].keys().cloned().collect::<Vec<_>>();
        [self.base, &self.now.old.0, &self.now.new.0].into_iter().flat_map(on).collect()
    }

    /// The row at the cutover, and on both sides now.
    fn rows(&self, number: usize, key: &RowKey) -> [Option<&Row>; 3] {
        let now = |side| self.now.get(side).0.tables[number].get(key);
        [self.base.tables[number].get(key), now(Side::Old), now(Side::New)]
    }

    fn misjudged(&self, number: usize, key: &RowKey, entry: &Entry) -> Option<String> {
        let [base, old, new] = self.rows(number, key);
        let expected = class_of(&self.tables[number], base, old, new);
        // NEW's row may be BASE's, or OLD's, and spelt otherwise: it is taken for another one then.
        let respelt = may_be_respelt(&self.tables[number], new)
            && match expected {
                None => true,
                Some(Class::OldOnly) => matches!(entry.class, Class::UpdateOriginDiffers | Class::UpdateDeleted),
                Some(_) => false,
            };
        // Or another row under the key, as a stamp of its creation since the cutover says.
        let is_apart = created_apart(old, new) && entry.base == Base::Unknown;
        let expected = if is_apart && expected == Some(Class::Update) { Some(Class::AmbiguousDiffers) } else { expected };
        if expected != Some(entry.class) && !respelt {
            return Some(format!("is {}, and was {base:?}, is {old:?} on OLD, {new:?} on NEW: {expected:?}", entry.class));
        }
        let by_base = [entry.evidence.old, entry.evidence.new].iter().all(|one| *one == Evidence::Base);
        (!by_base && !is_apart).then(|| format!("rests on {}/{}", entry.evidence.old, entry.evidence.new))
    }

    /// A row that the diff does not list was alike on both sides when NEW was read.
    fn unlisted(&self, number: usize, key: &RowKey) -> Option<String> {
        let (table, [_, old, new]) = (&self.tables[number], self.rows(number, key));
        let at_export = self.at_export.tables[number].get(key);
        let is_fine = agree(table, old, new) || agree(table, at_export, new);
        (!is_fine).then(|| format!("is not listed, and is {old:?} on OLD, {new:?} on NEW"))
    }
}

/// The class that a key's three values give it; `None` where nothing is to be decided.
fn class_of(table: &Table, base: Option<&Row>, old: Option<&Row>, new: Option<&Row>) -> Option<Class> {
    if agree(table, old, new) {
        return None;
    }
    // What only OLD has counts on its side.
    let (old_is_base, new_is_base) = (old == base, agree(table, new, base));
    Some(match (base, old, new) {
        (None, None, _) => Class::Insert,
        (None, Some(_), None) => Class::OldOnly,
        (None, Some(_), Some(_)) => Class::InsertExists,
        (Some(_), Some(_), Some(_)) if old_is_base => Class::Update,
        (Some(_), Some(_), None) if old_is_base => Class::Delete,
        (Some(_), _, Some(_)) if new_is_base => Class::OldOnly,
        (Some(_), Some(_), Some(_)) => Class::UpdateOriginDiffers,
        (Some(_), Some(_), None) => Class::DeleteOriginDiffers,
        (Some(_), None, _) => Class::UpdateDeleted,
    })
}
