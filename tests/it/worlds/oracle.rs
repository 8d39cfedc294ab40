//! The oracle: what must be true of OLD after a merge, worked out in memory from what all tables held at each moment.

use std::collections::BTreeSet;

use failback::delta::Class;
use failback::policy::Action;
use failback::schema::{Covered, Method};

use super::listed::{Entry, Said};
use super::schema::{Reference, Table};
use super::snapshot::{Row, RowKey, Rows, Snapshot, agree};

/// From when on a stamp may be one of after the cutover: the cutover less the overlap, as columns of both kinds show it.
pub(super) struct Window {
    pub(super) instant: String,
    pub(super) wall: String,
}

/// Everything that the oracle knows of a merge.
pub(super) struct Merge<'a> {
    pub(super) tables: &'a [Table],
    /// What both sides held at the cutover, or what an earlier merge has made of it.
    pub(super) base: &'a Snapshot,
    pub(super) new: &'a Snapshot,
    /// OLD at every step before the merge.
    pub(super) earlier: &'a [Snapshot],
    /// OLD just before the merge.
    pub(super) before: &'a Snapshot,
    /// OLD just after it.
    pub(super) after: &'a Snapshot,
    pub(super) said: &'a [Option<Said>],
    pub(super) window: &'a Window,
    /// Whether OLD's triggers fired.
    pub(super) fired: bool,
}

impl Merge<'_> {
    /// Lists everything that is wrong, one sentence each.
    pub(super) fn complaints(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (number, table) in self.tables.iter().enumerate() {
            let rows = |snapshot: &Snapshot| snapshot.tables[number].keys().cloned().collect::<Vec<_>>();
            let keys: BTreeSet<RowKey> = [self.base, self.new, self.before, self.after].into_iter().flat_map(rows).collect();
            for key in keys {
                let one = Key::of(self, number, &key);
                let said = [one.lost_on_old(table, self.fired), one.lost_from_new(table, self, number)];
                found.extend(said.into_iter().flatten().map(|what| format!("{} {}: {what}", table.name, shown(&key))));
            }
            for reference in &table.references {
                found.extend(self.wrong_parents(number, table, reference));
            }
        }
        found
    }

    /// Whether the row that a value leads to is written because somebody decided so for its table by name.
    fn is_decided_by_name(&self, reference: &Reference, value: &[String]) -> bool {
        self.written_parent(reference, value).is_some_and(|entry| entry.by_name)
    }

    /// Whether a child of OLD's referred to its parent when the plan was made, which counts such children.
    fn was_counted(&self, number: usize, key: &RowKey, reference: &Reference) -> bool {
        let value = |moment: &Snapshot| moment.tables[number].get(key).and_then(|child| value_of(child, &reference.own));
        self.earlier.last().and_then(value) == value(self.before)
    }

    /// Whether the row that a value leads to is written because somebody decided so at all.
    fn is_decided(&self, reference: &Reference, value: &[String]) -> bool {
        self.written_parent(reference, value).is_some_and(|entry| entry.decided)
    }

    /// Whether NEW has a child as OLD has it, of the parent of this identity.
    fn is_on_new(&self, number: usize, key: &RowKey, reference: &Reference, identity: &str) -> bool {
        let child = self.new.tables[number].get(key).and_then(|row| value_of(row, &reference.own));
        let found = child.and_then(|value| parent(&self.new.tables[reference.parent], reference, &value));
        found.as_deref() == Some(identity)
    }

    /// What the plan says of the row that a value leads to, where it writes it.
    fn written_parent(&self, reference: &Reference, value: &[String]) -> Option<&Entry> {
        let columns: Vec<_> = reference.columns.iter().map(|(name, _)| name.clone()).collect();
        let leads_to = |row: &Row| value_of(row, &columns).as_deref() == Some(value);
        let (key, _) = self.after.tables[reference.parent].iter().find(|(_, row)| leads_to(row))?;
        let entry = self.said[reference.parent].as_ref()?.entries.get(key);
        entry.filter(|entry| entry.action.writes())
    }

    /// Whether NEW moved a child to another parent and left its stamp alone, where stamps are trusted: then the child is taken
    /// for one that has the same parent on NEW as on OLD.
    fn is_moved_unseen(&self, number: usize, key: &RowKey, reference: &Reference, value: &[String]) -> bool {
        let child = Key::of(self, number, key);
        let moved = child.new.is_some_and(|row| value_of(row, &reference.own).as_deref() != Some(value));
        let trusted = child.said.is_some_and(|said| matches!(said.coverage.update, Covered::Trusted { .. }));
        moved && trusted && !child.is_stamped(child.new)
    }

    /// Looks for children that have no parent, or another one than they had.
    fn wrong_parents(&self, number: usize, table: &Table, reference: &Reference) -> Vec<String> {
        let mut found = Vec::new();
        for (key, child) in &self.after.tables[number] {
            let Some(value) = value_of(child, &reference.own) else { continue };
            let parent = |snapshot: &Snapshot| parent(&snapshot.tables[reference.parent], reference, &value);
            let before = self.before.tables[number].get(key);
            let is_written = before != Some(child);
            let keeps_parent = before.and_then(|row| value_of(row, &reference.own)).as_ref() == Some(&value);
            // What OLD's own users do with a reference that is none to OLD is theirs; it is looked at where its parent is
            // carried.
            let is_carried = self.said[reference.parent].is_some();
            if reference.only_new && (!is_written || keeps_parent || !is_carried) {
                continue;
            }
            let (found_now, was) = (parent(self.after), parent(self.before));
            let meant = if is_written { parent(self.new) } else { was.clone() };
            let said = match (&found_now, &meant) {
                (None, _) if reference.not_valid => continue,
                (None, _) => "has no parent".to_owned(),
                (Some(now), Some(meant)) if now == meant => continue,
                // Somebody decided for this very table that another row takes the parent's place, and knew of the child.
                (Some(_), _)
                    if self.is_decided_by_name(reference, &value)
                        && (is_written || self.was_counted(number, key, reference)) =>
                {
                    continue;
                }
                // A row that kept its parent while other columns were written.
                (Some(now), _) if is_written && keeps_parent && Some(now) == was.as_ref() => continue,
                // As on NEW, whose parent somebody decided to bring.
                (Some(now), _)
                    if !is_written && self.is_decided(reference, &value) && self.is_on_new(number, key, reference, now) =>
                {
                    continue;
                }
                (Some(_), _) if !is_written && self.is_moved_unseen(number, key, reference, &value) => continue,
                (Some(now), meant) => format!("is of {now}, and was to be of {}", meant.as_deref().unwrap_or("nobody")),
            };
            found.push(format!(
                "{} {}: wrong parent: {} {said} in {}{}",
                table.name,
                shown(key),
                reference.own.join(","),
                self.tables[reference.parent].name,
                if is_written { " (written by the merge)" } else { " (not written by the merge)" },
            ));
        }
        found
    }
}

/// The values of a reference; `None` where one is NULL.
pub(super) fn value_of(row: &Row, columns: &[String]) -> Option<Vec<String>> {
    columns.iter().map(|name| row.get(name).cloned().flatten()).collect()
}

/// The identity of the row that a reference leads to.
pub(super) fn parent(rows: &Rows, reference: &Reference, value: &[String]) -> Option<String> {
    let columns: Vec<_> = reference.columns.iter().map(|(name, _)| name.clone()).collect();
    let found = rows.values().find(|row| value_of(row, &columns).as_deref() == Some(value))?;
    found.get("tok").cloned().flatten()
}

/// A key in a few words.
pub(super) fn shown(key: &RowKey) -> String {
    let parts: Vec<_> = key.iter().map(|part| part.as_deref().unwrap_or("NULL")).collect();
    format!("({})", parts.join(", "))
}

/// One key at every moment.
struct Key<'a> {
    name: &'a RowKey,
    base: Option<&'a Row>,
    new: Option<&'a Row>,
    before: Option<&'a Row>,
    after: Option<&'a Row>,
    entry: Option<&'a Entry>,
    /// Whether the plan speaks of a copy of the row under another number.
    listed_otherwise: bool,
    said: Option<&'a Said>,
    from: &'a str,
}

/// Whether what NEW did to a copy of a row is listed under another number among equals, as copies have come or gone on OLD
/// since: those that are not listed by their own numbers have as many beside them about which NEW did nothing.
fn is_listed_otherwise(merge: &Merge<'_>, number: usize, key: &RowKey) -> bool {
    let Some(said) = merge.said[number].as_ref() else { return false };
    let is_like = |other: &&RowKey| other[..other.len() - 1] == key[..key.len() - 1];
    let row = |snapshot: &Snapshot, key: &RowKey| snapshot.tables[number].contains_key(key);
    let is_changed = |key: &RowKey| row(merge.base, key) != row(merge.new, key);
    let spare = said.entries.keys().filter(is_like).filter(|other| !is_changed(other)).count();
    let all: BTreeSet<_> = [merge.base, merge.new].into_iter().flat_map(|moment| moment.tables[number].keys()).collect();
    let unlisted = all.into_iter().filter(is_like).filter(|other| is_changed(other) && !said.entries.contains_key(*other));
    unlisted.take(spare).any(|other| other == key)
}

impl<'a> Key<'a> {
    fn of(merge: &'a Merge<'_>, number: usize, key: &'a RowKey) -> Self {
        let row = |snapshot: &'a Snapshot| snapshot.tables[number].get(key);
        let said = merge.said[number].as_ref();
        Self {
            name: key,
            base: row(merge.base),
            new: row(merge.new),
            before: row(merge.before),
            after: row(merge.after),
            entry: said.and_then(|said| said.entries.get(key)),
            listed_otherwise: said.is_some() && !merge.tables[number].is_keyed() && is_listed_otherwise(merge, number, key),
            said,
            from: if merge.tables[number].wall { &merge.window.wall } else { &merge.window.instant },
        }
    }

    /// Whether a row does not say when it was updated, though its table has a column for it.
    fn is_silent(row: Option<&Row>) -> bool {
        row.and_then(|row| row.get("updated_at")).is_some_and(Option::is_none)
    }

    /// Whether a row's own stamps say that it was written since the cutover, or leave it in doubt.
    fn is_stamped(&self, row: Option<&Row>) -> bool {
        if Self::is_silent(row) {
            return true;
        }
        let stamps = ["created_at", "updated_at"].into_iter().filter_map(|name| row?.get(name)?.as_deref());
        stamps.max().is_some_and(|stamp| stamp >= self.from)
    }

    /// Says how OLD's own state was harmed.
    fn lost_on_old(&self, table: &Table, fired: bool) -> Option<String> {
        if self.before == self.after {
            return None;
        }
        if fired && table.loud && !table.is_keyed() {
            // A trigger of OLD's has changed the row, and so its name.
            return None;
        }
        let Some(entry) = self.entry else {
            return Some(format!("changed without being planned: {:?} became {:?}", self.before, self.after));
        };
        if !entry.action.writes() {
            return Some(format!("changed although the plan says {}: {:?} became {:?}", entry.action, self.before, self.after));
        }
        if entry.outdated {
            return Some(format!("written by a pick of another row: {:?} became {:?}", self.before, self.after));
        }
        if entry.composed && entry.action == Action::Update {
            return self.wrongly_composed(table);
        }
        if entry.by_time && [self.before, self.new].into_iter().any(Self::is_silent) {
            return Some(format!("won by time, and a row does not say when: {:?} and {:?}", self.before, self.new));
        }
        let own = |row: Option<&'a Row>| row.and_then(|row| row.get("tok"));
        let written_by_old = self.before != self.base && !(self.before.is_none() && own(self.base) != own(self.new));
        // What stamps do not tell, ids do.
        let is_trusted = |said: &Said| !said.is_checked && matches!(said.coverage.update, Covered::Trusted { .. });
        let trusted = self.said.is_some_and(is_trusted);
        let excused = entry.decided || trusted && self.before.is_some() && !self.is_stamped(self.before);
        if written_by_old && !excused {
            return Some(format!("OLD's write is lost, as {}: {:?} became {:?}", entry.class, self.before, self.after));
        }
        if fired && table.loud {
            return None;
        }
        if entry.action == Action::Delete {
            return self.after.map(|after| format!("planned to go, and is {after:?}"));
        }
        if !agree(table, self.after, self.new) {
            return Some(format!("is {:?}, and NEW has {:?}", self.after, self.new));
        }
        let kept = self.before.is_none_or(|before| before.get("extra") == self.after.and_then(|after| after.get("extra")));
        (!kept).then(|| format!("lost a value that only OLD has: {:?} became {:?}", self.before, self.after))
    }

    /// Says which column of a composed row has not the value of the side that changed it since the cutover.
    fn wrongly_composed(&self, table: &Table) -> Option<String> {
        let (Some(base), Some(old), Some(new), Some(after)) = (self.base, self.before, self.new, self.after) else {
            return Some(format!("composed of {:?}, {:?} and {:?}, and is {:?}", self.base, self.before, self.new, self.after));
        };
        for name in table.columns().iter().map(String::as_str).chain(["extra"]) {
            let [was, of_old, of_new, is] = [base, old, new, after].map(|row| row.get(name));
            let meant = match name {
                "extra" => of_old,
                "updated_at" => of_old.max(of_new),
                _ if of_old == was => of_new,
                _ if of_new == was || of_new == of_old => of_old,
                _ => return Some(format!("composed, although both changed {name}: {old:?} and {new:?} of {base:?}")),
            };
            if is != meant {
                return Some(format!("composed, and {name} is {is:?}: {old:?} and {new:?} of {base:?}"));
            }
        }
        None
    }

    /// Says that a write of NEW is neither on OLD nor listed anywhere.
    fn lost_from_new(&self, table: &Table, merge: &Merge<'_>, number: usize) -> Option<String> {
        if agree(table, self.new, self.base) || agree(table, self.new, self.after) {
            return None;
        }
        let said = self.said?;
        let own = |row: Option<&'a Row>| row.and_then(|row| row.get("tok"));
        if self.new.is_none() && own(self.after) != own(self.base) {
            // The row that NEW deleted is gone; OLD's users have given its key to another one.
            return None;
        }
        if merge.fired && table.loud && self.entry.is_some_and(|entry| entry.action.writes()) {
            return None;
        }
        // OLD had it already, and its own users went on from there.
        if merge.earlier.iter().any(|earlier| agree(table, self.new, earlier.tables[number].get(self.name))) {
            return None;
        }
        let covered = match (self.base, self.new) {
            (None, _) => &said.coverage.insert,
            (_, None) => &said.coverage.delete,
            _ => &said.coverage.update,
        };
        let excused = match covered {
            Covered::Yes { .. } => false,
            Covered::Trusted { .. } if said.is_checked => false,
            // The keys alone show that NEW has a row, unless OLD's users gave the same key, be it that their row is gone since.
            Covered::Trusted { .. } if self.base.is_none() && said.method == Method::Timestamps => {
                let is_given = |moment: &Snapshot| moment.tables[number].contains_key(self.name);
                (self.before.is_some() || merge.earlier.iter().any(is_given)) && !self.is_stamped(self.new)
            }
            Covered::Trusted { .. } => !self.is_stamped(self.new),
            Covered::No { .. } => true,
        };
        match self.entry {
            _ if excused => None,
            None if self.listed_otherwise => None,
            None => Some(format!("NEW's write is lost in silence: {:?}, and OLD has {:?}", self.new, self.after)),
            Some(entry) if entry.class == Class::OldOnly => {
                Some(format!("NEW's write is dropped as old_only: {:?}, and OLD has {:?}", self.new, self.after))
            }
            Some(entry) if entry.composed && entry.action == Action::Update => None,
            Some(entry) if entry.action.writes() => {
                Some(format!("planned as {} and not there: {:?}, and OLD has {:?}", entry.action, self.new, self.after))
            }
            Some(_) => None,
        }
    }
}
