//! What became of the rows, counted by the files of the runs and restores that a rollback's steps made or named: for the
//! post-mortem, which guesses nothing.

use std::fmt::Write as _;
use std::path::Path;

use super::kind::Kind;
use super::plan::Plan;
use crate::config::{Mask, Quorum};
use crate::delta::Class;
use crate::engine::{self, Caps};
use crate::error::Result;
use crate::staging::{RestoreState, Restored, layout};
use crate::store::{LocalStore, Store as _};
use crate::text::amount;

/// What became of the rows.
#[derive(Debug, Default)]
pub struct Losses {
    runs: Vec<(String, Result<Run, String>)>,
    restores: Vec<Result<Restored, String>>,
}

/// What a run has come to.
#[derive(Debug)]
struct Run {
    verdict: String,
    compared: bool,
    tables: Vec<Table>,
}

/// Rows of one table.
#[derive(Debug, Default)]
struct Table {
    name: String,
    /// NEW wrote them, or may have.
    new: u64,
    /// They are on OLD now.
    home: u64,
    /// They wait for a decision.
    held: u64,
    /// OLD's was left by decision, or on purpose.
    left: u64,
    /// They were to be written, and were not, or were taken back.
    not_written: u64,
}

impl Table {
    const fn away(&self) -> u64 {
        self.held + self.left + self.not_written
    }
}

/// What names a run, and a restore's record, on the command line of a verb.
const RUN: &str = "--run";
const RECORD: &str = "--record";

/// Reads the runs and restores of a rollback's steps; `folder` is its own. What was never made is none, and what cannot be read
/// is said.
#[must_use]
pub fn gather(plan: &Plan, folder: &Path, mask: &Mask, quorum: &Quorum) -> Losses {
    let own = folder.display().to_string();
    let mut found = Losses::default();
    for (option, place) in named(plan) {
        let place = place.replace("${rollback.folder}", &own);
        let Ok(store) = LocalStore::open(Path::new(&place)) else { continue };
        let shown = place.strip_prefix(&format!("{own}/")).unwrap_or(&place).to_owned();
        if option == RECORD {
            let record = Restored::read(&store).map(crate::staging::Sealed::into_content);
            found.restores.push(record.map_err(|error| error.in_full()));
        } else {
            found.runs.push((shown, run(&store, mask, quorum).map_err(|error| error.in_full())));
        }
    }
    found
}

/// The runs and records that the steps' verbs name, each once.
fn named(plan: &Plan) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    for step in &plan.runbook.steps {
        let Kind::Engine(engine) = &step.kind else { continue };
        for words in engine.commands() {
            for pair in words.windows(2) {
                let option = [RUN, RECORD].into_iter().find(|option| *option == pair[0]);
                let Some(named) = option.map(|option| (option, pair[1].clone())) else { continue };
                if !found.contains(&named) {
                    found.push(named);
                }
            }
        }
    }
    found
}

fn run(store: &LocalStore, mask: &Mask, quorum: &Quorum) -> Result<Run> {
    if !store.exists(layout::DIFF)? {
        let verdict = "its rows were not compared with OLD's, so that nothing was counted".to_owned();
        return Ok(Run { verdict, compared: false, tables: Vec::new() });
    }
    let account = engine::account(store, mask, quorum, Caps { rows: 0, bytes: 0, values: false })?;
    let tables = account.tables.iter().filter(|table| table.differing() > 0).map(|table| {
        let of_old = table.counts.get(Class::OldOnly);
        let new = table.differing().saturating_sub(of_old);
        let name = format!("{}: {}", table.database, table.table);
        match table.outcome {
            Some(outcome) => Table {
                name,
                new,
                home: outcome.applied,
                held: outcome.held,
                left: outcome.skipped.saturating_sub(of_old),
                not_written: outcome.failed + outcome.undone,
            },
            None => Table { name, new, not_written: new, ..Table::default() },
        }
    });
    Ok(Run {
        verdict: account.verdict.sentence.clone(),
        compared: true,
        tables: tables.filter(|table| table.new > 0).collect(),
    })
}

impl Losses {
    /// One line for all of it.
    pub(super) fn in_short(&self) -> String {
        let tables = || self.runs.iter().filter_map(|(_, run)| run.as_ref().ok()).flat_map(|run| &run.tables);
        let sum = |of: fn(&Table) -> u64| tables().map(of).sum::<u64>();
        let unread = self.runs.iter().any(|(_, run)| run.is_err()) || self.restores.iter().any(Result::is_err);
        let mut said = match (self.runs.is_empty(), sum(Table::away)) {
            (true, _) if self.restores.is_empty() => "this rollback looked at no rows".to_owned(),
            (true, _) => "what OLD took after its backups is in none of them (see below)".to_owned(),
            (false, 0) => format!("none of the rows that were compared: {} came home", amount::count(sum(|table| table.home))),
            (false, away) => format!(
                "{} of NEW not on OLD ({} held for a decision, {} left as OLD has them, {} not written), {} on it (see below)",
                amount::rows(away),
                amount::count(sum(|table| table.held)),
                amount::count(sum(|table| table.left)),
                amount::count(sum(|table| table.not_written)),
                amount::count(sum(|table| table.home)),
            ),
        };
        if unread {
            said.push_str("; not all of it could be read");
        }
        if self.runs.iter().any(|(_, run)| run.as_ref().is_ok_and(|run| !run.compared)) {
            said.push_str("; not all of it was compared");
        }
        said
    }

    /// All of it, by run and table.
    pub(super) fn write(&self, text: &mut String) {
        if self.runs.is_empty() && self.restores.is_empty() {
            return;
        }
        text.push_str("\n## What became of the rows\n");
        for (place, run) in &self.runs {
            match run {
                Ok(run) => run.write(text, place),
                Err(cause) => drop(writeln!(text, "\n`{place}`: it cannot be read: {}", inline(cause))),
            }
        }
        for restored in &self.restores {
            match restored {
                Ok(restored) => write_restored(text, restored),
                Err(cause) => drop(writeln!(text, "\nThe record of the restore cannot be read: {}", inline(cause))),
            }
        }
    }
}

impl Run {
    fn write(&self, text: &mut String, place: &str) {
        let _ = writeln!(text, "\n`{place}`: {}", inline(&self.verdict));
        if self.tables.is_empty() {
            return;
        }
        text.push_str(
            "\n| Table | NEW wrote, or may have | On OLD now | Held | Left as OLD has it | Not written, or taken back |\n",
        );
        text.push_str("|---|---:|---:|---:|---:|---:|\n");
        for table in &self.tables {
            let counts = [table.new, table.home, table.held, table.left, table.not_written].map(amount::count);
            let _ = writeln!(text, "| {} | {} |", table.name.replace('|', "\\|"), counts.join(" | "));
        }
    }
}

fn write_restored(text: &mut String, restored: &Restored) {
    text.push_str("\nWhat OLD took after a backup began is in it no more, but for what NEW has, and what is kept of OLD:\n\n");
    text.push_str("| Database | Backup ended | Rows in it | Rows there before | Kept as |\n|---|---|---:|---:|---|\n");
    for one in &restored.databases {
        let rows = one.tables.iter().filter_map(|table| table.restored).sum();
        let former = one.former.as_ref().filter(|_| one.state == RestoreState::Swapped);
        let before = former.and_then(|former| former.dump.as_ref());
        let before = before.map_or_else(|| "not counted".to_owned(), |dump| amount::count(dump.rows));
        let (before, kept) = former.map_or(("-".to_owned(), "-"), |former| (before, former.kept_as.as_str()));
        let ended = &one.backup.ended;
        let _ = writeln!(text, "| {} | {ended} | {} | {before} | {kept} |", one.name, amount::count(rows));
    }
    for one in &restored.databases {
        for written in one.former.iter().flat_map(|former| &former.written_since) {
            let _ = writeln!(text, "\n- {}: written since its dump began, and kept there alone: {written}", one.name);
        }
    }
}

fn inline(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
