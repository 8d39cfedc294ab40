//! What a person should know of a run beside its numbers.

use crate::delta::Class;
use crate::engine::plan::Tally;
use crate::engine::review::Review;
use crate::policy::Decisions;
use crate::staging::{DatabaseRecord, Journal, LeftOut, Manifest};
use crate::text::amount;

/// Lists what a person should know.
pub(super) fn of(review: &Review<'_>, decisions: &Decisions, tally: &Tally, journal: &Journal) -> Vec<String> {
    let manifest = review.manifest();
    let mut found = review.notes().to_vec();
    for intent in journal.unended().iter().filter_map(|entry| entry.record.intent()) {
        found.push(format!("{}: nothing says how COMMIT ended; OLD's ledger does: `failback status`", intent.database));
    }
    if journal.torn > 0 {
        let lines = amount::plural(journal.torn as u64, "line", "lines");
        found.push(format!("{lines} of the journal are not what was written: torn by a crash, or damaged"));
    }
    let drift = review.index().counts().get(Class::Drift);
    if drift > 0 {
        found.push(format!("{} differed before the cutover already, and stay as OLD has them", amount::rows(drift)));
    }
    let known: Vec<_> = manifest
        .databases
        .iter()
        .flat_map(|one| one.tables.iter().map(|table| (one.name.as_str(), table.name.to_string())))
        .collect();
    found.extend(decisions.unmatched(&known));
    found.extend(tally.idle(decisions));
    found.extend(tally.not_evaluated(decisions));
    found.extend(decisions.notes());
    found
}

/// Lists what is not carried, what may lose rows first.
pub(super) fn left_out(manifest: &Manifest) -> Vec<String> {
    let mut found: Vec<(bool, String)> = manifest.databases.iter().flat_map(of_database).collect();
    found.sort_by_key(|(may_lose, _)| !may_lose);
    found.into_iter().map(|(_, said)| said).collect()
}

fn of_database(database: &DatabaseRecord) -> impl Iterator<Item = (bool, String)> {
    let name = &database.name;
    let of = move |one: &LeftOut| {
        let loses = if one.blocker { "rows may be lost: " } else { "" };
        (one.blocker, format!("{name}: {} ({}): {loses}{}", one.name, one.side, one.reason))
    };
    let new_only = database.new_only.iter().map(move |table| {
        let rows = amount::rows(table.row_count());
        (true, format!("{name}: {} (NEW): OLD lacks the table; {rows} are staged, and carried nowhere", table.name))
    });
    database.left_out.iter().map(of).chain(new_only)
}
