//! What a run has come to, in a sentence.

use super::account::{Reached, Tone, Verdict};
use super::outcome::Standing;
use crate::engine::run::{CoveredTable, State};
use crate::policy::Action;
use crate::schema::Covered;
use crate::staging::{Journal, JournalRecord, Plan};
use crate::text::amount;

/// What a sentence rests on.
pub(super) struct Grounds<'a> {
    pub(super) differing: u64,
    pub(super) tables: u64,
    pub(super) waiting: u64,
    pub(super) plan: Option<&'a Plan>,
    pub(super) standings: &'a [Standing<'a>],
    /// Rows that merges wrote, and those of them that were taken back.
    pub(super) written: (u64, u64),
    pub(super) verified: Option<State>,
    pub(super) coverage: &'a [CoveredTable],
    pub(super) journal: &'a Journal,
}

impl Grounds<'_> {
    /// How far the run has come.
    pub(super) fn state(&self) -> Reached {
        if self.plan.is_none() {
            return Reached::Compared;
        }
        let stand = self.standings.iter().filter(|one| one.stands()).count();
        match stand {
            0 if self.standings.iter().any(Standing::is_undone) => Reached::Undone,
            0 if self.standings.contains(&Standing::Failed) => Reached::Failed,
            0 => Reached::Planned,
            _ if self.standings.iter().any(Standing::is_partly_undone) => Reached::PartlyUndone,
            _ if stand == self.standings.len() => Reached::Merged,
            _ => Reached::PartlyMerged,
        }
    }

    /// Says what all of it comes to.
    pub(super) fn verdict(&self) -> Verdict {
        let (tone, sentence) = self.sentence();
        let mut beside = Vec::new();
        let gaps = self.coverage.iter().filter(|table| has_gap(table)).count() as u64;
        if gaps > 0 {
            let tables = amount::plural(self.coverage.len() as u64, "table", "tables");
            let are = if gaps == 1 { "is" } else { "are" };
            beside.push(format!(
                "{} of {tables} {are} not covered in full: what was not looked at is in no number of this page.",
                amount::count(gaps)
            ));
        }
        let (_, undone) = self.written;
        if undone > 0 && !matches!(self.state(), Reached::Undone | Reached::PartlyUndone) {
            beside.push(format!("{} taken back of the merge since.", rows_were(undone)));
        }
        let doubtful = self.journal.unended().len() as u64;
        if doubtful > 0 {
            let ends = amount::plural(doubtful, "merge or undo has", "merges or undos have");
            beside.push(format!("Of {ends} no end in the journal: OLD's ledger knows whether it was committed."));
        }
        let tone = if tone == Tone::Good && (gaps > 0 || doubtful > 0) { Tone::Waits } else { tone };
        Verdict { tone, sentence, beside }
    }

    fn sentence(&self) -> (Tone, String) {
        let rows = amount::rows;
        let (differing, waiting) = (rows(self.differing), amount::count(self.waiting));
        let tables = amount::plural(self.tables, "table", "tables");
        let waits = if self.waiting > 0 { Tone::Waits } else { Tone::Good };
        let held = amount::plural(self.waiting, "row waits", "rows wait");
        match self.state() {
            Reached::Compared if self.differing == 0 => {
                (Tone::Good, "No row differs: OLD has everything that was looked at.".to_owned())
            }
            Reached::Compared if self.waiting == 0 => {
                let stands = self.stands();
                (Tone::Good, format!("{differing} in {tables} differ, and each is decided. {stands}"))
            }
            Reached::Compared => {
                (Tone::Waits, format!("{differing} in {tables} differ; {waiting} wait for a decision. {}", self.stands()))
            }
            Reached::Planned => {
                let written = self.plan.map_or(0, |plan| plan.actions().sum_of(Action::writes));
                (
                    waits,
                    format!("A merge would write {} to OLD; {held} for a decision. Nothing has been written.", rows(written)),
                )
            }
            Reached::Failed => {
                (Tone::Bad, "A merge was tried and was not committed: nothing of the plan is on OLD.".to_owned())
            }
            Reached::PartlyMerged => {
                let stand = self.standings.iter().filter(|one| one.stands()).count();
                let all = self.standings.len();
                let written = rows_were(self.written.0 - self.written.1);
                (Tone::Waits, format!("The plan is on OLD in {stand} of {all} databases: {written} written."))
            }
            Reached::Merged => self.merged(),
            Reached::PartlyUndone => {
                let [written, undone] = [self.written.0, self.written.1].map(rows_were);
                let left = amount::plural(self.written.0.saturating_sub(self.written.1), "row was left", "rows were left");
                (Tone::Waits, format!("The merge was taken back in part: {written} written, {undone} taken back, and {left}."))
            }
            Reached::Undone => (
                Tone::Good,
                format!("The merge was taken back: {} written, and OLD is as before in them.", rows_were(self.written.1)),
            ),
        }
    }

    /// What a run whose plan is not that of its diff has on OLD: a merge may stand in some of its databases.
    fn stands(&self) -> String {
        let merged: Vec<_> = self.journal.merged_databases().into_iter().collect();
        if merged.is_empty() {
            return "Nothing has been written to OLD.".to_owned();
        }
        format!("An earlier plan of this run is merged, and stands, in {}.", merged.join(", "))
    }

    fn merged(&self) -> (Tone, String) {
        let written = rows_were(self.written.0);
        let held = amount::plural(self.waiting, "row waits", "rows wait");
        match self.verified {
            None => (Tone::Waits, format!("{written} written to OLD, and have not been read back yet; {held} for a decision.")),
            Some(State::Verified) => {
                (Tone::Good, format!("Verified: OLD has everything that the plan promised; {written} written."))
            }
            Some(State::VerifiedWithHeld) => (
                Tone::Waits,
                format!("Verified, with rows left aside: {written} written, as the plan promised; {held} for a decision."),
            ),
            Some(State::VerifiedWithGaps) => (
                Tone::Waits,
                format!("Verified, with gaps: {written} written, as the plan promised; not everything was looked at."),
            ),
            Some(State::NotVerified) => {
                (Tone::Bad, format!("NOT verified: {written} written, and OLD is not what the plan promised."))
            }
        }
    }
}

/// Whether changes of some sort are not found for certain.
fn has_gap(table: &CoveredTable) -> bool {
    table.changes().iter().any(|changes| matches!(changes.covered, Covered::No { .. }))
}

/// A number of rows, for what was done with them.
fn rows_were(rows: u64) -> String {
    amount::plural(rows, "row was", "rows were")
}

/// What was said last of a plan by whoever read OLD back, unless rows were written or taken back after that.
pub(super) fn verified(journal: &Journal, plan: &Plan) -> Option<State> {
    let mut verdict = None;
    for entry in &journal.entries {
        match &entry.record {
            JournalRecord::Verified { plan: of, state, .. } if *of == plan.digest => verdict = Some(state),
            JournalRecord::Merged(_) | JournalRecord::Undone(_) => verdict = None,
            _ => {}
        }
    }
    verdict?.parse().ok()
}
