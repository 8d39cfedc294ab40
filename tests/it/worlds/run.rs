//! One run of failback through a world: every step, what each must leave alone, and what the oracle says of the merge.

use std::collections::BTreeSet;

use failback::engine::{self, DatabaseOutcome, MergeOptions, MergeReport, State};
use failback::error::{Error, ErrorKind, OldState};
use failback::name::{Side, Sided};
use failback::staging::Manifest;

use super::account::{taken_from_others, unaccounted};
use super::based::Exact;
use super::journey::{Journey, Step};
use super::listed::{self, Said};
use super::oracle::{Merge, Window, parent, shown, value_of};
use super::proof::{Brought, Proof};
use super::sequences;
use super::snapshot::{Snapshot, Writers, agree};
use crate::recovery::Recovery;
use crate::support::block_on;

/// A merge that was made.
pub(super) struct Merged {
    pub(super) recovery: Recovery,
    pub(super) options: MergeOptions,
    pub(super) before: Snapshot,
    pub(super) after: Snapshot,
    writers: Vec<Writers>,
    said: Vec<Option<Said>>,
}

impl Journey<'_> {
    /// One run. Returns the base of the next one, where the merge stands at the end.
    pub(super) fn run(&mut self, base: Snapshot) -> Result<Option<Snapshot>, Vec<String>> {
        let recovery = self.recovery();
        let new = self.snapshot(Side::New);
        let mut earlier = Vec::new();
        for step in ["export", "diff", "plan"] {
            self.step(&recovery, step, &mut earlier)?;
            if step == "diff" {
                self.pick(&recovery);
            }
            self.visit();
            self.usurp(&new);
        }
        let mut found = self.writers(Side::Old);
        let options = MergeOptions { leave_held: true, fire_triggers: self.fire, ..MergeOptions::default() };
        let mut before = self.snapshot(Side::Old);
        let numbers = self.sequences();
        if !self.merge(&recovery, options, &before)? {
            // OLD has moved: the remedy that is printed is to compare and plan again.
            for step in ["diff", "plan"] {
                self.step(&recovery, step, &mut earlier)?;
            }
            (before, found) = (self.snapshot(Side::Old), self.writers(Side::Old));
            if !self.merge(&recovery, options, &before)? {
                let said = self.log.last().cloned().unwrap_or_default();
                if is_of_keys_that_stay_on(&said) {
                    return Ok(None);
                }
                return Err(vec![format!("no way on, although nobody wrote since the plan: {said}")]);
            }
        }
        let after = self.snapshot(Side::Old);
        let said = self.listed(&recovery);
        let window = self.window();
        let merge = Merge {
            tables: &self.tables,
            base: &base,
            new: &new,
            earlier: &earlier,
            before: &before,
            after: &after,
            said: &said,
            window: &window,
            fired: self.fire,
        };
        let mut wrong = merge.complaints();
        wrong.extend(self.falsely_proven(&said, &earlier[0], &window));
        wrong.extend(self.inexact(&said, &earlier[0]));
        // A merge that stands is none of BASE's.
        self.based = None;
        wrong.extend(sequences::complaints(&self.tables, &numbers, &self.sequences(), &before, &after));
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let writers = self.writers(Side::Old);
        let merged = Merged { recovery, options, before, after, writers, said };
        self.expect_once(&merged)?;
        self.verify(&merged)?;
        if self.dice.below(2) == 0 {
            let pairs = merged.writers.iter().zip(&found);
            let written = pairs.map(|(after, before)| {
                after
                    .iter()
                    .filter(|(key, by)| before.get(*key) != Some(by))
                    .map(|(key, by)| (key.clone(), by.clone()))
                    .collect()
            });
            self.brought = Some(Brought { written: written.collect(), new: new.clone() });
            return Ok(Some(self.base_of_the_next(base, &new, &merged.after)));
        }
        self.undo(&merged).map(|()| None)
    }

    /// A step that must not write.
    fn step(&mut self, recovery: &Recovery, step: &str, earlier: &mut Vec<Snapshot>) -> Step {
        let before = self.snapshot(Side::Old);
        if step == "diff" {
            self.at_diff = Some(Sided::of(|side| (self.snapshot(side), self.writers(side))));
        }
        let done = match step {
            "export" => block_on(engine::export(&recovery.context)).map(|_| ()),
            "diff" => block_on(engine::diff(&recovery.context)).map(|_| ()),
            _ => block_on(engine::plan(&recovery.context)).map(|_| ()),
        };
        self.log.push(format!("-- {step}: {}", told(&done)));
        done.map_err(|error| vec![format!("{step} failed: {error:?}")])?;
        if self.snapshot(Side::Old) != before {
            return Err(vec![format!("{step} wrote to OLD")]);
        }
        earlier.push(before);
        Ok(())
    }

    /// Merges; `false` where it was refused, which must leave OLD as it was.
    fn merge(&mut self, recovery: &Recovery, options: MergeOptions, before: &Snapshot) -> Result<bool, Vec<String>> {
        if let Some(done) = self.merge_in_batches(recovery, options, before)? {
            return Ok(done);
        }
        let done = block_on(engine::merge(&recovery.context, options)).map(|_| ());
        self.log.push(format!("-- merge: {}", told(&done)));
        let Err(error) = done else { return Ok(true) };
        self.expect_true_state(&error, before)?;
        if error.kind() == ErrorKind::Refused {
            return Ok(false);
        }
        Err(vec![format!("merge failed where it should have been planned otherwise: {error:?}")])
    }

    /// Whether what an error says of OLD is so.
    pub(super) fn expect_true_state(&self, error: &Error, before: &Snapshot) -> Step {
        let is_same = self.snapshot(Side::Old) == *before;
        match error.old_state() {
            Some(OldState::NotWritten | OldState::RolledBack) if is_same => Ok(()),
            state => {
                let is = if is_same { "as it was" } else { "changed" };
                Err(vec![format!("OLD is {is} and the error says {state:?}: {error:?}")])
            }
        }
    }

    /// What a mark, or an estimate, is said to prove and does not.
    fn falsely_proven(&self, said: &[Option<Said>], at_export: &Snapshot, window: &Window) -> Vec<String> {
        let Some(now) = &self.at_diff else { return Vec::new() };
        let nothing = BTreeSet::new();
        let brought = self.brought.as_ref();
        let proof = |then, shaken| Proof { tables: &self.tables, then, now, at_export, said, shaken, brought };
        match (&self.marked, &self.at_cutover) {
            (Some(marked), _) => proof(&marked.then, &marked.shaken).complaints(),
            (None, Some(then)) => proof(then, &nothing).of_estimates(window),
            (None, None) => Vec::new(),
        }
    }

    /// What is not exactly as BASE gives it.
    fn inexact(&self, said: &[Option<Said>], at_export: &Snapshot) -> Vec<String> {
        let (Some(base), Some(now)) = (&self.based, &self.at_diff) else { return Vec::new() };
        Exact { tables: &self.tables, base, now, at_export, said }.complaints()
    }

    /// Reads what the run says of every key, and writes it down.
    fn listed(&mut self, recovery: &Recovery) -> Vec<Option<Said>> {
        let old = &self.at_diff.as_ref().expect("a diff").old.0;
        let said = listed::read(&recovery.store, (&self.tables, &self.ground.databases()), &self.picks, old);
        for (table, said) in self.tables.iter().zip(&said) {
            for (key, entry) in said.iter().flat_map(|said| &said.entries) {
                let key = shown(key);
                let by = if self.asks_ids() || self.based.is_some() {
                    format!(" by {}/{}", entry.evidence.old, entry.evidence.new)
                } else {
                    String::new()
                };
                self.log.push(format!("   {} {key}: {} -> {} ({}){by}", table.name, entry.class, entry.action, entry.why));
            }
        }
        said
    }

    fn expect_once(&self, merged: &Merged) -> Step {
        let again = block_on(engine::merge(&merged.recovery.context, merged.options));
        let once = |outcome| matches!(outcome, DatabaseOutcome::DoneBefore);
        match again {
            Ok(report) if report.databases.iter().all(|database| once(database.outcome)) => {}
            other => return Err(vec![format!("a plan was to be carried out once: {other:?}")]),
        }
        if self.snapshot(Side::Old) == merged.after { Ok(()) } else { Err(vec!["a second merge wrote to OLD".to_owned()]) }
    }

    fn verify(&mut self, merged: &Merged) -> Step {
        let verified = block_on(engine::verify(&merged.recovery.context));
        self.log.push(format!("-- verify: {}", verified.as_ref().map_or("failed", |report| report.state.word())));
        let verified = verified.map_err(|error| vec![format!("verify failed: {error:?}")])?;
        if verified.state == State::NotVerified && !self.fire {
            return Err(vec![format!("OLD is as planned, and verify says: {verified:?}")]);
        }
        let manifest = Manifest::read(&merged.recovery.store).expect("a manifest");
        let tables = manifest.databases.iter().flat_map(|database| &database.tables);
        let staged: u64 = tables.map(|table| table.candidate_rows() + table.absent_rows()).sum();
        if verified.outcomes.sum() != staged {
            return Err(vec![format!("{staged} rows are staged, and have these outcomes: {:?}", verified.outcomes)]);
        }
        let waits = |said: &Said| {
            said.entries
                .values()
                .any(|entry| matches!(entry.action, failback::policy::Action::Hold | failback::policy::Action::Skip))
        };
        if verified.state == State::Verified && merged.said.iter().flatten().any(waits) {
            return Err(vec!["verified, although rows wait".to_owned()]);
        }
        if verified.state == State::Verified && !verified.not_covered.is_empty() {
            return Err(vec![format!("verified, although not everything was looked at: {:?}", verified.not_covered)]);
        }
        Self::verify_both_ways(merged)?;
        if self.snapshot(Side::Old) == merged.after { Ok(()) } else { Err(vec!["verify wrote to OLD".to_owned()]) }
    }

    /// Whoever looks where rows landed finds what a look at the keys finds.
    fn verify_both_ways(merged: &Merged) -> Step {
        let context = &merged.recovery.context;
        let told = [block_on(engine::verify(context)), block_on(engine::verify_deeply(context))].map(|found| match found {
            Ok(report) => {
                let tables = report.tables.into_iter().map(|mut table| {
                    table.written_since_keys.sort();
                    table.mismatched_keys.sort();
                    table.by_place = 0;
                    format!("{table:?}")
                });
                tables.collect::<Vec<_>>()
            }
            Err(error) => vec![format!("{error:?}")],
        });
        if told[0] == told[1] { Ok(()) } else { Err(vec![format!("verify and verify --deep do not agree: {told:?}")]) }
    }

    /// Takes the merge back: what OLD's users wrote since stays, and the rest is as it was.
    fn undo(&mut self, merged: &Merged) -> Step {
        self.visit();
        self.rewrite();
        self.usurp(&merged.before);
        Self::verify_both_ways(merged)?;
        let taken = self.undo_part(merged)?;
        let visited = self.snapshot(Side::Old);
        let writers = self.writers(Side::Old);
        let done = block_on(engine::undo(&merged.recovery.context, merged.options));
        let left = done.as_ref().map_or(0, MergeReport::left_rows);
        self.log.push(format!("-- undo: {}, {left} rows left{}", told(&done), left_whys(&done)));
        if let Err(error) = done {
            self.expect_true_state(&error, &visited)?;
            let nobody_wrote = visited == merged.after;
            let stays_on = is_of_keys_that_stay_on(&format!("{error:?}"));
            return if error.kind() == ErrorKind::Refused && (!nobody_wrote || stays_on) {
                Ok(())
            } else {
                Err(vec![format!("undo failed: {error:?}")])
            };
        }
        let undone = self.snapshot(Side::Old);
        let moments = [&merged.before, &merged.after, &visited];
        let mut wrong =
            done.map_or_else(|_| Vec::new(), |report| unaccounted(&self.tables, moments, &merged.recovery, (&report, taken)));
        for (number, table) in self.tables.iter().enumerate().filter(|(_, table)| !(self.fire && table.loud)) {
            let rows = |snapshot: &Snapshot| snapshot.tables[number].clone();
            let [before, after, visited, undone] = [&merged.before, &merged.after, &visited, &undone].map(rows);
            let keys: BTreeSet<_> = before.keys().chain(after.keys()).chain(visited.keys()).collect();
            for key in keys.into_iter().chain(undone.keys()) {
                let [before, after, visited, undone] = [&before, &after, &visited, &undone].map(|rows| rows.get(key));
                let goes_back = visited == after;
                let is_right = if goes_back { undone == before || left > 0 && undone == visited } else { undone == visited };
                if !is_right {
                    let key = shown(key);
                    wrong.push(format!(
                        "{} {key}: undo made {undone:?} of {visited:?}, and before it was {before:?}",
                        table.name
                    ));
                }
            }
        }
        wrong.extend(self.wrong_parents(&merged.before, &visited, &undone));
        let moments = [&visited, &undone];
        if !self.fire {
            wrong.extend(taken_from_others(&self.tables, [&merged.writers, &writers], moments));
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        if left > 0 { self.undo_again(merged, moments) } else { Ok(()) }
    }

    /// Goes on with an undo that left rows: what it had done with is nobody's business any more.
    fn undo_again(&mut self, merged: &Merged, [visited, undone]: [&Snapshot; 2]) -> Step {
        self.write(Side::Old, 3);
        let found = self.snapshot(Side::Old);
        let done = block_on(engine::undo(&merged.recovery.context, merged.options));
        let left = done.as_ref().map_or(0, MergeReport::left_rows);
        self.log.push(format!("-- undo again: {}, {left} rows left", told(&done)));
        if let Err(error) = done {
            return self.expect_true_state(&error, &found);
        }
        let again = self.snapshot(Side::Old);
        let mut wrong = Vec::new();
        for (number, table) in
            self.tables.iter().enumerate().filter(|(_, table)| table.is_keyed() && !(self.fire && table.loud))
        {
            let rows = |snapshot: &Snapshot| snapshot.tables[number].clone();
            let [before, visited, undone, found, again] = [&merged.before, visited, undone, &found, &again].map(rows);
            for key in found.keys().chain(again.keys()).collect::<BTreeSet<_>>() {
                let [before, visited, undone, found, again] =
                    [&before, &visited, &undone, &found, &again].map(|rows| rows.get(key));
                if again != found && !(undone == visited && again == before) {
                    let key = shown(key);
                    wrong.push(format!("{} {key}: a second undo made {again:?} of {found:?}", table.name));
                }
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    /// Looks for children that an undo brought back to other parents than they had.
    fn wrong_parents(&self, before: &Snapshot, visited: &Snapshot, undone: &Snapshot) -> Vec<String> {
        let mut wrong = Vec::new();
        for (number, table) in self.tables.iter().enumerate() {
            for reference in table.references.iter().filter(|reference| !reference.only_new) {
                for (key, child) in &undone.tables[number] {
                    let Some(value) = value_of(child, &reference.own) else { continue };
                    let here = visited.tables[number].get(key).and_then(|child| value_of(child, &reference.own));
                    let of = |snapshot: &Snapshot| parent(&snapshot.tables[reference.parent], reference, &value);
                    let (is, was) = (of(undone), of(before));
                    if here.as_ref() != Some(&value) && is.is_some() && is != was {
                        wrong.push(format!("{} {}: came back to {is:?}, and was of {was:?}", table.name, shown(key)));
                    }
                }
            }
        }
        wrong
    }

    /// What both sides have in common after a merge that stands.
    fn base_of_the_next(&self, base: Snapshot, new: &Snapshot, after: &Snapshot) -> Snapshot {
        let mut next = base;
        for (number, table) in self.tables.iter().enumerate() {
            for (key, row) in &after.tables[number] {
                if agree(table, Some(row), new.tables[number].get(key)) {
                    next.tables[number].insert(key.clone(), row.clone());
                }
            }
            next.tables[number].retain(|key, _| after.tables[number].contains_key(key) || new.tables[number].contains_key(key));
        }
        next
    }
}

pub(super) fn told<T>(done: &Result<T, Error>) -> String {
    done.as_ref().map_or_else(|error| format!("{error:?}"), |_| "done".to_owned())
}

/// Whether a refusal says that this user's foreign keys, which look at each statement, do not allow the plan's order.
fn is_of_keys_that_stay_on(said: &str) -> bool {
    ["let unique values move between rows", "write rows in an order that foreign keys allow"]
        .iter()
        .any(|what| said.contains(what))
}

/// Why an undo left rows.
fn left_whys(done: &Result<MergeReport, Error>) -> String {
    let databases = done.iter().flat_map(|report| &report.databases);
    let whys = databases.flat_map(|database| &database.left).map(|left| left.why.as_str());
    whys.fold(String::new(), |said, why| said + "; " + why)
}
