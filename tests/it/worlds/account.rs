//! What an undo owes an account of: every row of the merge is taken back, left and named, or was as before the merge.

use failback::engine::{DatabaseOutcome, MergeReport};
use failback::staging::{Plan, TablePlan};

use super::oracle::shown;
use super::schema::Table;
use super::snapshot::{Row, Snapshot, Writers};
use crate::recovery::Recovery;

/// What is missing from it. The moments are before the merge, after it, and when the undo looked; an undo of a part has taken
/// some rows back earlier.
pub(super) fn unaccounted(
    tables: &[Table],
    [before, after, visited]: [&Snapshot; 3],
    recovery: &Recovery,
    (report, earlier): (&MergeReport, u64),
) -> Vec<String> {
    if report.databases.iter().any(|database| database.outcome != DatabaseOutcome::Done) {
        return Vec::new();
    }
    let mut wrong = Vec::new();
    let planned: u64 = Plan::read(&recovery.store).expect("a plan").tables().map(TablePlan::written_rows).sum();
    let [taken, left, back] = [report.rows(), report.left_rows(), report.rows_taken_back()];
    if earlier + taken + left + back != planned {
        wrong.push(format!("{planned} rows were merged; undo took back {taken}, left {left}, and found {back} as before"));
    }
    for (number, table) in tables.iter().enumerate().filter(|(_, table)| table.is_keyed()) {
        let [before, after, visited] = [before, after, visited].map(|moment| &moment.tables[number]);
        let under_another_key = |row: &Row| {
            visited
                .iter()
                .any(|(key, found)| !after.contains_key(key) && other_values(table, found) == other_values(table, row))
        };
        let gone = after.iter().filter(|(key, _)| !before.contains_key(*key) && !visited.contains_key(*key));
        for (key, _) in gone.filter(|(_, row)| left == 0 && under_another_key(row)) {
            wrong.push(format!("{} {}: undo says that it is gone, and it has another key", table.name, shown(key)));
        }
    }
    wrong
}

/// What an undo changed although another transaction than the merge's had written it since. The writers are those after the
/// merge and when the undo looked; the moments are when it looked, and after it.
pub(super) fn taken_from_others(
    tables: &[Table],
    [merged, found]: [&[Writers]; 2],
    [visited, undone]: [&Snapshot; 2],
) -> Vec<String> {
    let mut wrong = Vec::new();
    for (number, table) in tables.iter().enumerate() {
        let written =
            found[number].iter().filter(|(key, writer)| merged[number].get(*key).is_some_and(|known| known != *writer));
        let [visited, undone] = [visited, undone].map(|moment| &moment.tables[number]);
        for (key, _) in written.filter(|(key, _)| visited.get(*key) != undone.get(*key)) {
            wrong.push(format!("{} {}: undo took what others had written since", table.name, shown(key)));
        }
    }
    wrong
}

/// A row's values but for its key, the stamp of any write, and what only OLD has.
fn other_values(table: &Table, row: &Row) -> Row {
    let is_other = |name: &String| {
        !["updated_at", "extra"].contains(&name.as_str()) && table.key.columns().iter().all(|(key, _)| key != name)
    };
    row.iter().filter(|(name, _)| is_other(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}
