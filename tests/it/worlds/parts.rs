//! Undo of a part: what is asked for goes back, or nothing does, and the rest stays as it is.

use failback::engine::{self, State, UndoOf};
use failback::error::ErrorKind;
use failback::name::Side;

use super::journey::{Journey, Step};
use super::oracle::shown;
use super::run::Merged;
use super::snapshot::Snapshot;
use crate::support::block_on;

impl Journey<'_> {
    /// Now and then takes the rows of one table back, alone or with what the merge wrote around them. Returns how many.
    pub(super) fn undo_part(&mut self, merged: &Merged) -> Result<u64, Vec<String>> {
        if self.dice.below(3) > 0 || self.fire {
            return Ok(0);
        }
        let table = self.dice.below(self.tables.len());
        let (name, unit) = (self.tables[table].full_name(), self.dice.below(2) == 0);
        let of = UndoOf { tables: vec![name.clone()], unit, ..UndoOf::default() };
        let visited = self.snapshot(Side::Old);
        let done = block_on(engine::undo_part(&merged.recovery.context, merged.options, &of));
        let said = match &done {
            Ok(report) => format!("{} rows", report.rows()),
            Err(error) => format!("{error:?}"),
        };
        self.log.push(format!("-- undo of {name}, unit {unit}: {said}"));
        let now = self.snapshot(Side::Old);
        let report = match done {
            Ok(report) => report,
            Err(error) => {
                self.expect_true_state(&error, &visited)?;
                let is_fine = matches!(error.kind(), ErrorKind::Refused | ErrorKind::Usage);
                return if is_fine { Ok(0) } else { Err(vec![format!("undo of a part failed: {error:?}")]) };
            }
        };
        let moments = [&merged.before, &merged.after, &visited, &now];
        self.expect_part(moments, (!unit).then_some(table))?;
        self.expect_no_whole_word(merged, visited == merged.after)?;
        Ok(report.rows())
    }

    /// Rows are as they were when the undo looked, or as before the merge where they were the merge's then; those of other
    /// tables than the one that was asked for alone are as they were.
    fn expect_part(&self, [before, after, visited, now]: [&Snapshot; 4], alone: Option<usize>) -> Step {
        let mut wrong = Vec::new();
        for (number, table) in self.tables.iter().enumerate().filter(|(_, table)| table.is_keyed()) {
            let [before, after, visited, now] = [before, after, visited, now].map(|moment| &moment.tables[number]);
            for key in before.keys().chain(after.keys()).chain(visited.keys()).chain(now.keys()) {
                let [before, after, visited, now] = [before, after, visited, now].map(|rows| rows.get(key));
                let may_go = alone.is_none_or(|alone| alone == number) && visited == after;
                if now != visited && !(may_go && now == before) {
                    let key = shown(key);
                    wrong.push(format!("{} {key}: undo of a part made {now:?} of {visited:?}: {before:?}", table.name));
                }
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    /// A merge of which a part was taken back is not verified as a whole; nor is it wrong where nobody wrote.
    fn expect_no_whole_word(&mut self, merged: &Merged, nobody_wrote: bool) -> Step {
        let verified = block_on(engine::verify(&merged.recovery.context));
        self.log.push(format!("-- verify of the rest: {}", verified.as_ref().map_or("failed", |report| report.state.word())));
        match verified {
            Ok(report) if report.state == State::Verified => Err(vec!["verified, although a part was taken back".to_owned()]),
            Ok(report) if report.state == State::NotVerified && nobody_wrote => {
                Err(vec![format!("the rest is as planned, and verify says: {report:?}")])
            }
            Ok(_) => Ok(()),
            // Where all of it went back there is no merge.
            Err(error) if error.kind() == ErrorKind::Refused => Ok(()),
            Err(error) => Err(vec![format!("verify of the rest failed: {error:?}")]),
        }
    }
}
