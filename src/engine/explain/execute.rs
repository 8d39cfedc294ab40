//! Gathering what is known of one row.

use tracing::Instrument as _;

use super::became::{Became, Last};
use super::now::{self, Against, Staged};
use super::report::{DecidedBy, ExplainedRow, Explanation, FoundBy, LedgerSays, UnknownRow, Verified};
use super::unknown::{Place, places, reasons};
use crate::engine::plan::{Met, read_decisions};
use crate::engine::review::{Filter, Located, Review, SeenRow, expect_key};
use crate::engine::run::{Context, Entry, Ledger, spans};
use crate::error::{Error, ErrorKind, Result};
use crate::name::Side;
use crate::pg::is_old;
use crate::policy::{By, Decided, Decisions, Glob, Rule, Selector};
use crate::staging::{Committed, DatabasePlan, DatabaseRecord, Journal, JournalEntry, JournalRecord, TableDiff, TableRecord};

/// Which row is asked about, and how.
#[derive(Clone, Debug, Default)]
pub struct ExplainOptions {
    /// Only in these databases; in all where none is named.
    pub databases: Vec<String>,
    /// The table, with or without its schema.
    pub table: String,
    /// A text for each column of its key, as `failback show` prints it.
    pub key: Vec<String>,
    /// Ask both servers how they have it now, and OLD's ledger.
    pub now: bool,
}

/// Says everything that is known of one row. Without [`now`](ExplainOptions::now) no server is asked.
///
/// # Errors
/// `Usage` where the run has no such table, or the key another number of columns; `Damaged` where a file is not what was
/// written. A server that cannot be asked is no error: the account says so.
pub async fn explain(context: &Context, review: &Review<'_>, options: &ExplainOptions) -> Result<Explanation> {
    gather(context, review, options).instrument(spans::step(context, "explain")).await
}

async fn gather(context: &Context, review: &Review<'_>, options: &ExplainOptions) -> Result<Explanation> {
    let manifest = review.manifest();
    if let Some(unknown) = options.databases.iter().find(|name| manifest.database(name).is_none()) {
        return Err(Error::new(ErrorKind::Usage, "find the row").because(format!("the run has no database `{unknown}`")));
    }
    let found = places(manifest, &options.databases, &options.table);
    if found.is_empty() {
        // Says which table was probably meant.
        review.find(&options.table)?;
        return Err(Error::new(ErrorKind::Usage, "find the row").because("one table is to be named, and not a pattern"));
    }
    let decisions = read_decisions(context.store())?;
    let subject = Subject {
        context,
        review,
        journal: Journal::read(context.store())?,
        met: Met::read(context.store())?,
        decisions,
        options,
    };
    let mut explanation = Explanation {
        run: context.run(),
        table: options.table.clone(),
        asked: options.now,
        rows: Vec::new(),
        unknown: Vec::new(),
    };
    for place in found {
        match place {
            Place::Aside(unknown) => explanation.unknown.push(*unknown),
            Place::Carried(database, table) => subject.look(database, table, &mut explanation).await?,
        }
    }
    Ok(explanation)
}

/// What a row is looked for in.
struct Subject<'a> {
    context: &'a Context,
    review: &'a Review<'a>,
    journal: Journal,
    decisions: Decisions,
    met: Met,
    options: &'a ExplainOptions,
}

impl Subject<'_> {
    async fn look(&self, database: &DatabaseRecord, table: &TableRecord, explanation: &mut Explanation) -> Result<()> {
        let asked = &self.options.key;
        expect_key(table, asked)?;
        if self.look_for(database, table, asked, explanation).await? {
            return Ok(());
        }
        let (mut now, mut spelt) = (None, None);
        if self.options.now {
            let against = Against { record: database, table, staged: None, merged_in: &[] };
            let looked = now::look(self.context, self.review, &against, &asked_of_servers(asked)).await?;
            (now, spelt) = (Some(looked.now), looked.key);
        }
        // A server knows a key in any spelling; the run's files have one.
        if let Some(spelt) = spelt.as_ref().filter(|spelt| *spelt != asked)
            && self.look_for(database, table, spelt, explanation).await?
        {
            return Ok(());
        }
        let key = spelt.as_ref().unwrap_or(asked);
        let reasons = reasons(self.context.store(), (table, self.diff_of(database, table)), key, spelt.is_some())?;
        explanation.unknown.push(UnknownRow { database: database.name.clone(), reasons, now });
        Ok(())
    }

    /// Explains the rows of a key as the run's files spell it; says whether there are any.
    async fn look_for(
        &self,
        database: &DatabaseRecord,
        table: &TableRecord,
        key: &[String],
        explanation: &mut Explanation,
    ) -> Result<bool> {
        let name = table.name.to_string();
        let selector =
            Selector { databases: vec![database.name.clone()], tables: vec![Glob::new(&name)], ..Selector::default() };
        let filter = Filter { selector, held: false, key: key.to_vec() };
        let known = explanation.rows.len();
        // A name may hold what a glob reads as any text.
        for located in self.review.locate(&filter)?.into_iter().filter(|one| one.table == name) {
            let row = self.explain(database, table, &located).await?;
            explanation.rows.push(row);
        }
        Ok(explanation.rows.len() > known)
    }

    fn diff_of(&self, database: &DatabaseRecord, table: &TableRecord) -> Option<&TableDiff> {
        let diffed = self.review.index().databases.iter().find(|one| one.name == database.name)?;
        diffed.tables.iter().find(|one| one.id == table.id)
    }

    async fn explain(&self, database: &DatabaseRecord, table: &TableRecord, located: &Located) -> Result<ExplainedRow> {
        let open = self.review.open_table(&located.database, &located.table)?;
        let seen = open.read(&[located.position])?.into_iter().next();
        let seen = seen.ok_or_else(|| Error::new(ErrorKind::Damaged, "read the diff").because("a row is missing"))?;
        let decided = open.decisions(&self.decisions, &self.met)?.of_row(&seen)?;
        let part = self.review.plan().and_then(|plan| plan.databases.iter().find(|part| part.name == database.name));
        let mut explained = ExplainedRow {
            conflict: Some(seen.row.class).filter(|class| class.is_conflict()),
            found_by: found_by(database, table),
            decision: decided.map(|(by, decided)| self.decided_by(by, decided)),
            became: Became::by_journal(seen.row.action, part.and_then(|part| self.last_of(part))),
            ledger: None,
            ledger_not_asked: None,
            journal: part.map_or_else(Vec::new, |part| self.journal_of(part)),
            verified: self.verified(),
            now: None,
            row: seen.row.clone(),
        };
        if self.options.now {
            self.ask((database, table), part, (&seen, located), &mut explained).await?;
        }
        Ok(explained)
    }

    /// Asks OLD's ledger, and both servers for the row.
    async fn ask(
        &self,
        (database, table): (&DatabaseRecord, &TableRecord),
        part: Option<&DatabasePlan>,
        (seen, located): (&SeenRow, &Located),
        explained: &mut ExplainedRow,
    ) -> Result<()> {
        let position = usize::try_from(located.position).unwrap_or(usize::MAX);
        let mut merged_in = Vec::new();
        if let Some(part) = part {
            match self.ledger_of(part, database).await {
                Ok(last) => {
                    merged_in = last.as_ref().map_or_else(Vec::new, |entry| entry.written_in.clone());
                    explained.became = explained.became.by_ledger(seen.row.action, last.as_ref(), (table.id, position));
                    explained.ledger = last.map(|entry| LedgerSays {
                        action: entry.action,
                        recorded_at: entry.recorded_at,
                        merged_in: entry.merged_in,
                    });
                }
                Err(error) => explained.ledger_not_asked = Some(now::why(&error)),
            }
        }
        let Some(diff) = self.diff_of(database, table) else { return Ok(()) };
        let planned = part.and_then(|part| part.tables.iter().find(|one| one.id == table.id));
        let asked = (planned, seen.row.action);
        let staged = Staged::read(self.context.store(), (table, diff), asked, located.position)?;
        let against = Against { record: database, table, staged: Some(&staged), merged_in: &merged_in };
        let looked = now::look(self.context, self.review, &against, &asked_of_servers(&self.options.key)).await?;
        explained.now = Some(looked.now);
        Ok(())
    }

    async fn ledger_of(&self, part: &DatabasePlan, database: &DatabaseRecord) -> Result<Option<Entry>> {
        let old = self.context.servers().connect(Side::Old, &part.name).await?;
        if !is_old(&old.identity().await?, &database.old, &database.new) {
            let cause = "OLD is not the server and database that the export saw";
            return Err(Error::new(ErrorKind::Refused, "ask OLD's ledger").because(cause));
        }
        Ledger::of(self.context).latest(&old, part).await
    }

    fn decided_by(&self, by: By, decided: Decided) -> DecidedBy {
        let at_line = match by {
            By::Rule(number) | By::NotEvaluated(number) => self.decisions.rules().get(number).map(Rule::title),
            By::Row(number) | By::Outdated(number) => {
                self.decisions.picks().get(number).map(|pick| format!("the pick at {}", pick.place))
            }
            By::Class => None,
        };
        let (resolution, origin) = (decided.said(), decided.origin);
        let signature = decided.signature;
        DecidedBy { resolution, origin, at_line, by: signature.by, at: signature.at, why: signature.why }
    }

    /// What the journal has last of a plan's part; nothing where it was not merged.
    fn last_of(&self, part: &DatabasePlan) -> Option<Last> {
        let is_it = |end: &Committed| end.plan == part.digest && end.database == part.name;
        let mut has_failed = false;
        self.journal.entries.iter().rev().find_map(|entry| match &entry.record {
            JournalRecord::Merged(end) if is_it(end) => Some(Last::Merged { all: end.left.is_none() }),
            JournalRecord::MergeFailed(end) if end.plan == part.digest && end.database == part.name => {
                has_failed = true;
                None
            }
            JournalRecord::MergeIntended(intent) if intent.live && entry.record.intends(&part.digest, &part.name) => {
                (!std::mem::take(&mut has_failed)).then_some(Last::Merged { all: false })
            }
            JournalRecord::Undone(end) if is_it(end) => Some(Last::Undone { left: end.left }),
            _ => None,
        })
    }

    /// Lists how merges and undos of a plan's part ended.
    fn journal_of(&self, part: &DatabasePlan) -> Vec<JournalEntry> {
        let is_it = |entry: &&JournalEntry| {
            let end = match &entry.record {
                JournalRecord::Merged(end) | JournalRecord::Undone(end) => Some((&end.plan, &end.database)),
                JournalRecord::MergeFailed(end) | JournalRecord::UndoFailed(end) => Some((&end.plan, &end.database)),
                _ => None,
            };
            end == Some((&part.digest, &part.name))
        };
        self.journal.entries.iter().filter(is_it).cloned().collect()
    }

    /// What `verify` said last of the plan, unless something was merged or taken back after it.
    fn verified(&self) -> Option<Verified> {
        let digest = &self.review.plan()?.digest;
        self.journal.entries.iter().rev().find_map(|entry| match &entry.record {
            JournalRecord::Verified { plan, state, .. } if plan == digest => {
                Some(Some(Verified { at: entry.at.clone(), state: state.clone() }))
            }
            JournalRecord::Merged(_) | JournalRecord::Undone(_) => Some(None),
            _ => None,
        })?
    }
}

/// A key as `fetch` takes it: for each column the texts of all rows, here of one.
fn asked_of_servers(key: &[String]) -> Vec<Vec<String>> {
    key.iter().map(|text| vec![text.clone()]).collect()
}

fn found_by(database: &DatabaseRecord, table: &TableRecord) -> FoundBy {
    let horizon = database.horizons().filter(|_| table.asks_ids(database.is_estimated()));
    FoundBy {
        method: table.method,
        coverage: table.coverage.clone(),
        horizon: horizon.map(|known| known.map(|one| (one.horizon.xid(), one.source))),
    }
}
