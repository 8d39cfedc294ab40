//! What the decisions of a run come to, in rows: by table and class, by rule, by pick. Every screen that says how many rows are
//! decided, wait, or are meant by a rule, has the number from here.

use std::collections::BTreeMap;

use super::decided_rows::DecidedRows;
use super::met::Met;
use crate::delta::{Class, Evidence};
use crate::engine::diff::DECIDING;
use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::policy::{By, Decided, Decisions, Minimum, Rule};
use crate::staging::{DiffIndex, Manifest, TableDiff, TableRecord};
use crate::store::Store;
use crate::text::amount;
use crate::words::Counts;

/// How many rows are read at a time.
const BATCH_ROWS: usize = 1 << 13;

/// What the decisions come to, in rows.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Rows that are decided alike, table by table in the diff's order, by class.
    pub rows: Vec<TalliedRows>,
    /// How many rows each rule means and decides, in the order of the file.
    pub rules: Vec<TalliedRule>,
    /// How many rows each pick finds, in the order of the file.
    pub picks: Vec<u64>,
    /// The class of the last that it finds.
    pub picked: Vec<Option<Class>>,
    /// Its fingerprint.
    pub fingerprints: Vec<Option<String>>,
}

/// Rows of one class of one table that are decided alike.
#[derive(Clone, Debug)]
pub struct TalliedRows {
    /// The database's name, the same on both sides.
    pub database: String,
    /// The table by OLD's name, as `schema.name`.
    pub table: String,
    /// Their class.
    pub class: Class,
    /// What is to be done with them, and who said so.
    pub decided: Decided,
    /// What has to be known of them before OLD is written.
    pub needs: Minimum,
    /// How many rows.
    pub rows: u64,
    /// By what their class rests on; nothing where an earlier failback did not count it.
    pub evidence: Counts<Evidence>,
}

/// How many rows a rule means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TalliedRule {
    /// It means so many.
    pub means: u64,
    /// Of them it decides so many: no row is picked, and no rule before it means the others.
    pub decides: u64,
    /// Of so many more it is not known whether it means them: OLD's server was not asked about its condition.
    pub not_evaluated: u64,
}

impl Tally {
    /// Counts the rows of a run's diff; `met` is what OLD's server says of rules' conditions: a row of which it is not known by
    /// what it is decided waits, and is said to. Files are read of tables alone that rules or picks are about. Memory: a batch.
    ///
    /// # Errors
    /// `Config` where a row is picked by another key, or for something that makes no sense for it; `Damaged` where a file is
    /// not what was written.
    pub fn of(store: &dyn Store, (manifest, index): (&Manifest, &DiffIndex), decisions: &Decisions, met: &Met) -> Result<Self> {
        let mut tally = Self {
            rows: Vec::new(),
            rules: vec![TalliedRule::default(); decisions.rules().len()],
            picks: vec![0; decisions.picks().len()],
            picked: vec![None; decisions.picks().len()],
            fingerprints: vec![None; decisions.picks().len()],
        };
        for database in &index.databases {
            let Some(record) = manifest.database(&database.name) else { continue };
            for diff in &database.tables {
                let table = record.table(diff.id)?;
                tally.add(store, (decisions, met), &database.name, table, diff).place(|| &diff.name)?;
            }
        }
        Ok(tally)
    }

    fn add(
        &mut self,
        store: &dyn Store,
        (decisions, met): (&Decisions, &Met),
        database: &str,
        record: &TableRecord,
        diff: &TableDiff,
    ) -> Result<()> {
        let rows = DecidedRows::of(decisions, database, record, met)?;
        let mut found: BTreeMap<(Class, By), Counts<Evidence>> = BTreeMap::new();
        let mut uncounted: BTreeMap<Class, u64> = BTreeMap::new();
        if rows.is_by_class() {
            for (class, count) in diff.counts.iter().filter(|(class, _)| !class.is_settled()) {
                found.insert((class, By::Class), diff.evidence.get(&class).cloned().unwrap_or_default());
                uncounted.insert(class, count);
            }
        } else {
            let mut first = 0;
            for segment in &diff.segments {
                for batch in rows.open(store, segment, BATCH_ROWS, &DECIDING)? {
                    let batch = batch?;
                    let read = rows.read(&batch, first)?;
                    first += batch.num_rows();
                    for row in read {
                        found.entry((row.class, row.by)).or_default().add(row.rests_on, 1);
                        for rule in row.meaning {
                            self.rules[rule].means += 1;
                        }
                        for rule in row.not_evaluated {
                            self.rules[rule].not_evaluated += 1;
                        }
                        match row.by {
                            By::Rule(rule) => self.rules[rule].decides += 1,
                            By::Row(pick) | By::Outdated(pick) => {
                                self.picks[pick] += 1;
                                self.picked[pick] = Some(row.class);
                                self.fingerprints[pick] = row.fingerprint;
                            }
                            By::Class | By::NotEvaluated(_) => {}
                        }
                    }
                }
            }
        }
        let mut alike: Vec<TalliedRows> = Vec::new();
        for ((class, by), evidence) in found {
            let (Some(decided), Some(needs)) = (rows.decided(class, by)?, rows.minimum(class)) else { continue };
            let count = uncounted.get(&class).copied().unwrap_or_else(|| evidence.sum());
            match alike.iter_mut().find(|known| known.class == class && known.decided == decided) {
                Some(known) => {
                    known.rows += count;
                    known.evidence += &evidence;
                }
                None => alike.push(TalliedRows {
                    database: database.to_owned(),
                    table: record.name.to_string(),
                    class,
                    decided,
                    needs,
                    rows: count,
                    evidence,
                }),
            }
        }
        self.rows.extend(alike);
        Ok(())
    }

    /// Says of every rule and pick that decides nothing why that is.
    #[must_use]
    pub fn idle(&self, decisions: &Decisions) -> Vec<String> {
        let rules = decisions.rules().iter().zip(&self.rules).filter_map(|(rule, rows)| match rows {
            TalliedRule { not_evaluated: 1.., .. } => None,
            TalliedRule { means: 0, .. } => Some(format!("{} means no row", rule.title())),
            TalliedRule { decides: 0, means, .. } => {
                Some(format!("{} decides none of its {means} rows: rules before it, or picks, do", rule.title()))
            }
            _ => None,
        });
        let picks = decisions.picks().iter().zip(&self.picks).filter(|(_, rows)| **rows == 0);
        rules.chain(picks.map(|(pick, _)| format!("row at {}: no row that differs is {}", pick.place, pick.title()))).collect()
    }

    /// Says of every rule of which it is not known which rows it means, how many these are.
    #[must_use]
    pub fn not_evaluated(&self, decisions: &Decisions) -> Vec<String> {
        let rules = decisions.rules().iter().zip(&self.rules).filter(|(_, rows)| rows.not_evaluated > 0);
        let of = |(rule, rows): (&Rule, &TalliedRule)| {
            let rows = amount::rows(rows.not_evaluated);
            format!("{}: which of {rows} meet `when` is not evaluated: `failback plan` asks OLD's server", rule.title())
        };
        rules.map(of).collect()
    }

    /// Checks that it is known of every rule what it means, and that it means as many rows as it expects.
    ///
    /// # Errors
    /// `Refused` at the first of which it is not, or does not.
    pub fn expect(&self, decisions: &Decisions) -> Result<()> {
        for (rule, rows) in decisions.rules().iter().zip(&self.rules) {
            if rows.not_evaluated > 0 {
                return Err(Error::new(ErrorKind::Refused, "count the rows that a rule means")
                    .at(&rule.place)
                    .because("OLD's server says which rows `when` means, and was not asked")
                    .next("run `failback plan`, which asks it"));
            }
            if let Some(expected) = rule.expect.filter(|expected| *expected != rows.means) {
                return Err(Error::new(ErrorKind::Refused, "check what rules expect")
                    .at(&rule.place)
                    .because(format!("the rule expects {expected} rows, and means {}", rows.means))
                    .next("look at them with `failback show`, and correct `expect`, or the rule"));
            }
        }
        Ok(())
    }
}
