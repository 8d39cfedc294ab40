//! Which rows of a merge other runs have merged since: they are those runs' to take back, whatever stands there by now.
//!
//! Memory: about 40 bytes for every key that such a run wrote in the table.

use super::brought::{BroughtKeys, remembers_tables};
use super::ledger::Ledger;
use crate::error::{Place as _, Result};
use crate::pg::Session;
use crate::schema::RememberedKey;
use crate::staging::{DatabasePlan, TableRecord};

const LATER_MERGES: &str = include_str!("../../../sql/ledger/later_merges.sql");

/// The merges of other runs that came after a plan's and that stand, as far as they wrote to one table.
#[derive(Debug)]
pub(crate) struct LaterMerges(Vec<(String, BroughtKeys)>);

impl LaterMerges {
    /// Reads them from OLD's ledger. What an undo of theirs has taken back is theirs no more.
    ///
    /// # Errors
    /// Whatever asking OLD can give: `Permission` where this user may not read what it remembers.
    pub(crate) async fn read(ledger: &Ledger, old: &Session, part: &DatabasePlan, table: &TableRecord) -> Result<Self> {
        let mut found: Vec<(String, BroughtKeys)> = Vec::new();
        if !remembers_tables(ledger, old).await? {
            return Ok(Self(found));
        }
        let name = table.old.name.to_string();
        let statement = ledger.statement(LATER_MERGES);
        for row in old.query(&statement, &[&part.digest, &name, &table.old.name.sql()]).await? {
            let run: String = row.get("run_id");
            let at = found.iter().position(|(known, _)| *known == run).unwrap_or_else(|| {
                found.push((run, BroughtKeys::none(table)));
                found.len() - 1
            });
            found[at].1.learn(row.get("is_merge"), row.get("key"), row.get("keys")).place(|| &name)?;
        }
        Ok(Self(found))
    }

    /// Returns how the table's key of today is remembered; `None` where there are no such merges.
    pub(crate) fn key(&self) -> Option<&RememberedKey> {
        self.0.first().map(|(_, keys)| &keys.key)
    }

    /// Returns the run that wrote a key last, or may have: rows that were remembered by another key than today's may be any.
    pub(crate) fn run_of(&self, digests: &[u128]) -> Option<&str> {
        let wrote = |keys: &BroughtKeys| keys.has(digests) || keys.other_keys().next().is_some();
        self.0.iter().rev().find(|(_, keys)| wrote(keys)).map(|(run, _)| run.as_str())
    }
}
