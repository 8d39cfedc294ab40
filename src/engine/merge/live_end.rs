//! How a live merge ends: its last entry in OLD's ledger, and the rows that it left, by reason.

use std::collections::{BTreeMap, BTreeSet};

use super::live_batch::Rows;
use super::live_database::LiveDatabase;
use super::live_recovery::MOST_TRIES;
use super::named_rows::left_rows;
use super::report::{DatabaseOutcome, LeftRows, MergedDatabase};
use super::sequences;
use super::take_back::diff_of;
use crate::engine::run::{Ledger, LedgerAction, Recorded, settle};
use crate::error::{ErrorKind, Result};
use crate::name::Side;
use crate::pg::{Isolation, Session, Transaction};
use crate::staging::layout::TableId;

impl LiveDatabase<'_> {
    /// Records that every unit has come, or was left.
    pub(super) async fn end(&mut self) -> Result<MergedDatabase> {
        let ledger = Ledger::of(self.context);
        let left = self.left_by_table();
        let mut merged = MergedDatabase {
            database: self.part.name.clone(),
            outcome: DatabaseOutcome::Done,
            tables: Vec::new(),
            sequences: Vec::new(),
            left: self.name_left()?,
            taken_back: Vec::new(),
            kept: 0,
            standing: None,
            measured: None,
        };
        let mut tries = 0;
        loop {
            let Some(old) = self.session.take() else { break };
            let last = ledger.latest(&old, self.part).await?.filter(|entry| entry.action != LedgerAction::Undo);
            merged.tables = last.as_ref().map_or_else(Vec::new, |entry| entry.tables.clone());
            let has_ended = last.as_ref().is_some_and(|entry| entry.action == LedgerAction::Merge);
            if has_ended || last.is_none() && !left.is_empty() {
                self.session = Some(old);
                break;
            }
            match self.record_end(old, &mut merged, &left).await {
                Ok(session) => {
                    self.session = Some(session);
                    break;
                }
                Err(error) if error.kind() == ErrorKind::Connect && tries < MOST_TRIES => {
                    tries += 1;
                    // The ledger may say by now that it has ended: then nothing of it is unfinished.
                    let landed = self.landed.clone();
                    self.landed.clear();
                    self.reconnect(error).await?;
                    self.landed = landed;
                }
                Err(error) => return Err(error),
            }
        }
        self.session = None;
        if merged.tables.is_empty() && !left.is_empty() {
            // Nothing has come: the ledger has nothing to say, and the journal is told so.
            let old = self.context.servers().connect(Side::Old, &self.part.name).await?;
            settle(self.context.store(), (&ledger, &old), &self.part.name).await?;
            return Ok(merged);
        }
        self.intention().committed(&merged)?;
        Ok(merged)
    }

    async fn record_end(
        &self,
        old: Session,
        merged: &mut MergedDatabase,
        left: &BTreeMap<TableId, BTreeSet<usize>>,
    ) -> Result<Session> {
        let (ledger, writes) = (Ledger::of(self.context), self.context.servers().old_writes());
        merged.sequences = sequences::raise(&old, self.part).await?;
        let mut said = Vec::new();
        for (name, written) in &merged.tables {
            said.push((name.clone(), Recorded { written: *written, ..Recorded::default() }));
        }
        for (table, rows) in left {
            let (name, rows) = (self.part.table(*table)?.name.to_string(), rows.iter().copied().collect());
            said.push((name, Recorded { table: Some(*table), left: Some(rows), ..Recorded::default() }));
        }
        let old = Transaction::begin(old, Isolation::ReadCommitted, writes).await?;
        match ledger.record(&old, self.part, &self.plan.run_id, LedgerAction::Merge, &said).await {
            Ok(()) => old.commit(&format!("the end of the live merge in database {}", self.part.name)).await,
            Err(error) => Err(old.abort(error).await),
        }
    }

    fn left_by_table(&self) -> BTreeMap<TableId, BTreeSet<usize>> {
        let mut found: BTreeMap<TableId, BTreeSet<usize>> = BTreeMap::new();
        for (table, row) in self.left.iter().flat_map(|(unit, _)| unit) {
            found.entry(*table).or_default().insert(*row);
        }
        found
    }

    /// Names the rows that were left, by reason.
    fn name_left(&self) -> Result<Vec<LeftRows>> {
        let mut named = Vec::new();
        for table in self.written_tables() {
            let rows = |(unit, why): &'_ (Rows, String)| {
                let rows: Vec<_> = unit.iter().filter(|(of, _)| *of == table.id).map(|(_, row)| *row).collect();
                (rows, why.clone())
            };
            let left: Vec<_> = self.left.iter().map(rows).filter(|(rows, _)| !rows.is_empty()).collect();
            if left.is_empty() {
                continue;
            }
            let (diff, planned) = (diff_of(table), self.diffs[&table.id].actions.clone());
            let mut draft = self.draft(table, &diff, planned.clone())?;
            // What waits for a decision is none of it.
            let planned: Vec<_> = planned.into_iter().collect();
            for (rows, why) in left {
                draft.hold_written(rows, &why);
            }
            named.extend(left_rows(self.context.store(), &draft, &planned)?);
        }
        Ok(named)
    }
}
