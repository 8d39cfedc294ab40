//! Rows of OLD that an earlier merge wrote last: none of OLD's users did since. What stands there is what NEW had when it was
//! merged, so that what NEW has otherwise by now it has written since.

use super::diff_row::DiffRow;
use crate::delta::{Class, Evidence, History, Witness, classify};
use crate::engine::rows::Image;
use crate::error::Result;
use crate::name::{Ident, Sided};
use crate::pg::Session;
use crate::statement::{self, RowSource};

/// Corrects the verdicts on rows that one of these transactions wrote last and that differ from NEW's. `grade` is the evidence
/// that NEW's rows were written since the cutover; nothing where they were not. `created`: the column that says when a row was
/// created, where there is one; of two rows that differ in it the one on OLD is not the earlier of NEW's.
pub(super) async fn heed(
    old: &Session,
    source: RowSource<'_>,
    (transactions, grade, created): (&[i64], Option<Evidence>, Option<&Ident>),
    (keys, sides): (&[Vec<String>], &Sided<Image>),
    rows: &mut [DiffRow],
) -> Result<()> {
    let is_there = |row: usize| sides.as_ref().map(|side| side.row(row).is_some());
    let is_apart =
        |row: &DiffRow| created.is_some_and(|created| row.changed.iter().flatten().any(|one| one == created.as_str()));
    let is_asked = |row: &usize| is_doubtful(rows[*row].verdict.class, is_there(*row)) && !is_apart(&rows[*row]);
    let doubtful: Vec<usize> = (0..rows.len()).filter(is_asked).collect();
    if transactions.is_empty() || doubtful.is_empty() {
        return Ok(());
    }
    let keys: Vec<Vec<String>> = keys.iter().map(|values| doubtful.iter().map(|row| values[*row].clone()).collect()).collect();
    let query = statement::counterparts(source, &statement::is_written_in("t", transactions), &keys);
    let found = old.query(&query, &[]).await?;
    for (row, found) in doubtful.into_iter().zip(found) {
        if found.get::<_, Option<bool>>(1) != Some(true) {
            continue;
        }
        // Of the two the one on OLD is the earlier: at the merge both sides had it.
        let brought = Witness::new(History { existed: Some(true), changed: Some(false) }, Evidence::Ledger);
        let written = |grade| Witness::new(History { existed: Some(true), changed: Some(true) }, grade);
        match (is_there(row).new, grade) {
            (true, Some(grade)) => rows[row].verdict = classify(Some(brought), Some(written(grade)), None, false),
            (false, _) => rows[row].verdict = classify(Some(brought), None, None, false),
            (true, None) => {}
        }
    }
    Ok(())
}

/// Whether it is only OLD's row that a class is in doubt about, or takes for written by OLD's users.
const fn is_doubtful(class: Class, is_there: Sided<bool>) -> bool {
    match class {
        Class::UpdateOriginDiffers | Class::InsertExists | Class::AmbiguousDiffers => is_there.old && is_there.new,
        Class::OldOnly | Class::DeleteOriginDiffers | Class::AmbiguousMissingOnNew => is_there.old && !is_there.new,
        Class::Insert
        | Class::Update
        | Class::Delete
        | Class::AmbiguousMissingOnOld
        | Class::AmbiguousDeletedOnOld
        | Class::Drift
        | Class::UpdateDeleted
        | Class::UpdateMissing
        | Class::Convergent
        | Class::Unchanged => false,
    }
}
