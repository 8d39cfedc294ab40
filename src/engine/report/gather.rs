//! Gathers what a run's files say.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::account::{Account, RowsShown, TableAccount, TableColumn, Waiting};
use super::caps::Caps;
use super::outcome::{Standing, standings};
use super::survey::survey;
use super::verdict::{Grounds, verified};
use super::{decided, provenance, warnings};
use crate::config::{Mask, Quorum};
use crate::engine::approval::Said;
use crate::engine::plan::{Met, TalliedRows, Tally, read_decisions};
use crate::engine::review::Review;
use crate::engine::run::coverage;
use crate::error::Result;
use crate::policy::{Action, Resolution};
use crate::staging::{DatabaseDiff, DiffIndex, Journal, Plan, Sealed, TableDiff, TableId, TablePlan};
use crate::store::Store;
use crate::words::Counts;

/// How many rows were taken along, and how many were not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// So many were.
    pub rows: u64,
    /// So many were not.
    pub left_out: u64,
}

impl Account {
    /// Counts the rows that were taken along, over all tables.
    #[must_use]
    pub fn taken(&self) -> Taken {
        let sum = |of: fn(&TableAccount) -> u64| self.tables.iter().map(of).sum();
        Taken { rows: sum(|table| table.rows.rows), left_out: sum(|table| table.rows.left_out) }
    }
}

/// Gathers what a run's files say into one account; what `mask` hides is in none of it, and `quorum` says whose approval
/// counts.
///
/// # Errors
/// `Refused` where the run has no diff; `Damaged` where a file of the run is not what was written.
pub fn account(store: &dyn Store, mask: &Mask, quorum: &Quorum, caps: Caps) -> Result<Account> {
    let review = Review::open(store, mask)?;
    let (manifest, index, plan) = (review.manifest(), review.index(), review.plan());
    let (decisions, journal) = (read_decisions(store)?, Journal::read(store)?);
    let tally = review.tally(&decisions, &Met::read(store)?)?;
    let surveyed = survey(&review, manifest.cutover_us, caps)?;
    let standings = plan.map(|plan| standings(plan, &journal)).unwrap_or_default();
    let coverage = coverage(&manifest.databases);
    let sources = Sources { index, plan, tally: &tally, standings: &standings };
    let waiting = sources.waiting();
    let tables = sources.tables(surveyed.tables);
    let hidden = hidden(&tables);
    let (timeline, conflicts) = (surveyed.timeline, surveyed.conflicts);
    let outcomes = || tables.iter().filter_map(|table| table.outcome);
    let undone = outcomes().map(|outcome| outcome.undone).sum();
    let differing = |table: &&TableAccount| table.differing() > 0;
    let grounds = Grounds {
        differing: tables.iter().map(TableAccount::differing).sum(),
        tables: tables.iter().filter(differing).count() as u64,
        waiting: waiting.rows,
        plan: plan.map(|plan| &**plan),
        standings: &standings,
        written: (outcomes().map(|outcome| outcome.applied).sum::<u64>() + undone, undone),
        verified: plan.and_then(|plan| verified(&journal, plan)),
        coverage: &coverage,
        journal: &journal,
    };
    let (state, verdict) = (grounds.state(), grounds.verdict());
    Ok(Account {
        run: store.location(),
        id: manifest.run_id.to_string(),
        made_at: Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        state,
        verdict,
        counts: index.counts(),
        actions: plan.map(|plan| plan.actions()),
        waiting,
        timeline,
        conflicts,
        decided: decided::rows(&tally),
        rules: decided::rules(&decisions, &tally),
        picks: decided::picks(&decisions, &tally, &hidden),
        history: decided::history(&decisions, &hidden),
        said: Said::read(store, plan.map(|plan| &**plan), quorum)?,
        notes: review.notes().to_vec(),
        warnings: warnings::of(&review, &decisions, &tally, &journal),
        left_out: warnings::left_out(manifest),
        provenance: provenance::of(store, manifest, index, plan, &decisions),
        diff_blake3: index.own_blake3().to_owned(),
        values: caps.values,
        coverage,
        tables,
        journal: journal.entries,
    })
}

/// The tables with a key that is masked.
fn hidden(tables: &[TableAccount]) -> BTreeSet<String> {
    let hides = |table: &&TableAccount| table.columns.iter().any(|column| column.is_key && column.masked_by.is_some());
    tables.iter().filter(hides).map(|table| table.table.clone()).collect()
}

/// What the numbers of tables are read off.
struct Sources<'a> {
    index: &'a DiffIndex,
    plan: Option<&'a Sealed<Plan>>,
    tally: &'a Tally,
    standings: &'a [Standing<'a>],
}

impl Sources<'_> {
    fn waiting(&self) -> Waiting {
        if let Some(plan) = self.plan {
            return Waiting { classes: Counts::new(), rows: plan.actions().get(Action::Hold) };
        }
        let held = self.tally.rows.iter().filter(|one| one.decided.resolution == Resolution::Hold);
        let classes: Counts<_> = held.map(|one| (one.class, one.rows)).collect();
        Waiting { rows: classes.sum(), classes }
    }

    fn tables(&self, surveyed: Vec<(Vec<TableColumn>, RowsShown)>) -> Vec<TableAccount> {
        let all = self.index.databases.iter().flat_map(|database| database.tables.iter().map(move |table| (database, table)));
        let of = |((database, diff), (columns, rows)): ((&DatabaseDiff, &TableDiff), _)| {
            let planned = self.planned(&database.name, diff.id);
            let name = diff.name.to_string();
            let waits = |one: &&TalliedRows| {
                one.decided.resolution == Resolution::Hold && (&one.database, &one.table) == (&database.name, &name)
            };
            let held = || self.tally.rows.iter().filter(waits).map(|one| one.rows).sum();
            TableAccount {
                database: database.name.clone(),
                counts: diff.counts.clone(),
                actions: planned.map(|(_, table)| table.actions.clone()),
                held_reasons: planned.into_iter().flat_map(|(_, table)| table.held_reasons.clone()).collect(),
                waiting: planned.map_or_else(held, |(_, table)| table.actions.get(Action::Hold)),
                outcome: planned.and_then(|(standing, table)| standing.outcome(table)),
                table: name,
                columns,
                rows,
            }
        };
        all.zip(surveyed).map(of).collect()
    }

    /// Finds a table's part of the plan, and how its database's stands.
    fn planned(&self, database: &str, id: TableId) -> Option<(&Standing<'_>, &TablePlan)> {
        let parts = self.plan?.databases.iter().zip(self.standings);
        let (part, standing) = parts.into_iter().find(|(part, _)| part.name == database)?;
        Some((standing, part.tables.iter().find(|table| table.id == id)?))
    }
}
