//! A run under review.

use serde::Serialize;

use super::filter::{Filter, Window};
use super::open_table::OpenTable;
use super::reviewed_table::ReviewedTable;
use super::shown_row::ShownRow;
use super::written::Written;
use crate::config::{Mask, TableMask, Zone};
use crate::delta::Class;
use crate::engine::plan::{Met, Tally, read_decisions};
use crate::engine::rows::Composed;
use crate::error::{Error, ErrorKind, Result};
use crate::policy::keys::nearest;
use crate::policy::{Decisions, Glob, Selector};
use crate::staging::{DiffIndex, Manifest, Plan, Sealed, TableRecord, layout};
use crate::store::Store;
use crate::words::Counts;

/// A run under review: its diff, and its plan where that is of this diff.
pub struct Review<'a> {
    store: &'a dyn Store,
    mask: &'a Mask,
    manifest: Sealed<Manifest>,
    index: Sealed<DiffIndex>,
    plan: Option<Sealed<Plan>>,
    notes: Vec<String>,
    states: bool,
}

/// How many rows of a table are asked for.
#[derive(Clone, Debug, Serialize)]
pub struct CountedTable {
    /// The database's name, the same on both sides.
    pub database: String,
    /// The table by OLD's name, as `schema.name`.
    pub table: String,
    /// Rows by class.
    pub counts: Counts<Class>,
}

impl<'a> Review<'a> {
    /// Opens a run that has a diff; what `mask` hides is shown by nobody.
    ///
    /// # Errors
    /// As [`DiffIndex::read`]; `Damaged` where a file of the run is not what was written.
    pub fn open(store: &'a dyn Store, mask: &'a Mask) -> Result<Self> {
        let (manifest, index) = (Manifest::read(store)?, DiffIndex::read(store)?);
        let mut notes = mask.unmatched(&names(&manifest));
        let plan = plan(store, &mut notes)?;
        Ok(Self { store, mask, manifest, index, plan, notes, states: false })
    }

    /// Asks for the statements with which the plan would be carried out.
    ///
    /// # Errors
    /// `Refused` where there is no plan that says what is done.
    pub fn with_statements(self) -> Result<Self> {
        self.expect_plan("say what a merge would run")?;
        Ok(Self { states: true, ..self })
    }

    /// Whether there is a plan of this diff.
    #[must_use]
    pub fn is_planned(&self) -> bool {
        self.plan.is_some()
    }

    /// Returns where the run's files are.
    pub(super) const fn store(&self) -> &dyn Store {
        self.store
    }

    /// Returns what is masked of a table.
    pub(super) fn mask_of(&self, table: &TableRecord) -> TableMask {
        self.mask.of_table(&[&table.name.to_string(), &table.new.name.to_string()])
    }

    /// Returns what was exported.
    pub(crate) const fn manifest(&self) -> &Sealed<Manifest> {
        &self.manifest
    }

    /// Returns what differs.
    pub(crate) const fn index(&self) -> &Sealed<DiffIndex> {
        &self.index
    }

    /// Returns the plan, if there is one of this diff.
    pub(crate) const fn plan(&self) -> Option<&Sealed<Plan>> {
        self.plan.as_ref()
    }

    /// Returns what a person should know: masks that hide nothing, a plan that is of another diff or of other decisions.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Counts the rows that are asked for, table by table. Reads no row where all of them are.
    ///
    /// # Errors
    /// `Refused` where held rows are asked for and there is no plan; `Damaged` where a file is not what was written.
    pub fn counts(&self, filter: &Filter) -> Result<Vec<CountedTable>> {
        let mut found = Vec::new();
        for table in self.tables(filter)? {
            let mut counts = Counts::new();
            if filter.asks_every_row() {
                counts = table.diff.counts.iter().filter(|(class, _)| !class.is_settled()).collect();
            } else if table.diff.counts.iter().any(|(class, _)| filter.selector.means_class(class)) {
                table.scan(filter, Window { offset: 0, limit: Some(0) }, &mut 0, &mut |facts, _| {
                    counts.add(facts.class, 1);
                    Ok(())
                })?;
            }
            if !counts.is_empty() {
                found.push(CountedTable { database: table.database.to_owned(), table: table.record.name.to_string(), counts });
            }
        }
        Ok(found)
    }

    /// Shows the rows that are asked for and lie in a window, in the order of the diff, and returns how many are asked for.
    ///
    /// # Errors
    /// As [`counts`](Self::counts); whatever `visit` answers; `Usage` where no table has such a key.
    pub fn rows(&self, filter: &Filter, window: Window, visit: &mut dyn FnMut(ShownRow) -> Result<()>) -> Result<u64> {
        let mut seen = 0;
        for table in self.tables(filter)? {
            if table.diff.counts.iter().any(|(class, _)| filter.selector.means_class(class)) {
                table.scan(filter, window, &mut seen, &mut |_, row| row.map_or(Ok(()), &mut *visit))?;
            }
        }
        Ok(seen)
    }

    /// Finds the tables that a name or a glob means: by its whole name, or without the schema.
    ///
    /// # Errors
    /// `Usage` where it means none, with the one that was probably meant.
    pub fn find(&self, name: &str) -> Result<String> {
        let tables = || self.manifest.databases.iter().flat_map(|database| &database.tables);
        let full: Vec<_> = tables().map(|table| table.name.to_string()).collect();
        let known = |glob: &String| full.iter().any(|table| Glob::new(glob).matches(table));
        [name.to_owned(), format!("*.{name}")].into_iter().find(known).ok_or_else(|| {
            let short = tables().map(|table| table.name.name.as_str());
            let error =
                Error::new(ErrorKind::Usage, "find the table to show").because(format!("the run carries no table `{name}`"));
            match nearest(name, full.iter().map(String::as_str).chain(short)) {
                Some(meant) => error.next(format!("did you mean `{meant}`?")),
                None => error.next("`failback show` lists the tables with differences"),
            }
        })
    }

    /// Returns how many tables the run carries, whether or not their rows differ.
    #[must_use]
    pub fn carried(&self) -> usize {
        self.manifest.databases.iter().map(|database| database.tables.len()).sum()
    }

    /// Opens one table, so that any of its rows can be looked at.
    ///
    /// # Errors
    /// `Usage` where the run has no such table.
    pub fn open_table(&self, database: &str, table: &str) -> Result<OpenTable<'_>> {
        let selector = Selector { databases: vec![database.to_owned()], tables: vec![Glob::new(table)], ..Selector::default() };
        let filter = Filter { selector, ..Filter::default() };
        // A name may hold what a glob reads as any text.
        let is_it = |one: &ReviewedTable<'_>| one.database == database && one.record.name.to_string() == table;
        self.tables(&filter)?.into_iter().find(is_it).map(OpenTable::of).ok_or_else(|| {
            Error::new(ErrorKind::Usage, "find the table to show").because(format!("the run carries no table `{table}`"))
        })
    }

    /// Counts what decisions come to, as far as it is known which rows meet the conditions of rules.
    ///
    /// # Errors
    /// As [`Tally::of`].
    pub fn tally(&self, decisions: &Decisions, met: &Met) -> Result<Tally> {
        Tally::of(self.store, (&self.manifest, &self.index), decisions, met)
    }

    pub(super) fn tables(&self, filter: &Filter) -> Result<Vec<ReviewedTable<'_>>> {
        if filter.held {
            self.expect_plan("find what is held")?;
        }
        let zone = Zone::parse(&self.manifest.zone).ok();
        let mut found = Vec::new();
        for database in &self.index.databases {
            let Some(record) = self.manifest.database(&database.name) else { continue };
            let plan = self.plan.as_ref().and_then(|plan| plan.databases.iter().find(|part| part.name == database.name));
            for diff in &database.tables {
                if !filter.selector.means_table(&database.name, &diff.name.to_string()) {
                    continue;
                }
                let table = record.table(diff.id)?;
                expect_key(table, &filter.key)?;
                let plan = plan.and_then(|plan| plan.tables.iter().find(|one| one.id == diff.id));
                let composed = plan.and_then(|plan| plan.composed.as_ref());
                found.push(ReviewedTable {
                    store: self.store,
                    database: &database.name,
                    record: table,
                    diff,
                    plan,
                    composed: composed.map(|segment| Composed::open(self.store, segment)).transpose()?,
                    mask: self.mask_of(table),
                    written: Written::of(table, zone.as_ref()),
                    states: self.states,
                });
            }
        }
        Ok(found)
    }
    fn expect_plan(&self, what: &'static str) -> Result<()> {
        if self.is_planned() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Refused, what)
            .at(self.store.location())
            .because("there is no plan of this diff yet")
            .next("run `failback plan`"))
    }
}

/// A key is given by a text for each of its columns.
///
/// # Errors
/// `Usage` where there is another number of texts.
pub(crate) fn expect_key(table: &TableRecord, key: &[String]) -> Result<()> {
    let names: Vec<_> = table.key.names().iter().map(ToString::to_string).collect();
    if key.is_empty() || key.len() == names.len() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Usage, "find the row to show")
        .at(&table.name)
        .because(format!("its key has {} columns ({}), and {} values were given", names.len(), names.join(", "), key.len()))
        .next("give a value for each column of the key, in this order"))
}

/// Reads the plan, if there is one of this diff.
fn plan(store: &dyn Store, notes: &mut Vec<String>) -> Result<Option<Sealed<Plan>>> {
    if !store.exists(layout::PLAN)? {
        return Ok(None);
    }
    let (plan, stale) = Plan::read_with_age(store)?;
    if let Some(what) = stale {
        notes.push(format!("{what} changed since the plan was made: nothing is said of what a merge would do; plan again"));
        return Ok(None);
    }
    if read_decisions(store)?.digest() != plan.decisions_digest {
        notes.push("the decisions changed since the plan was made: what is said of it is of the plan; plan again".to_owned());
    }
    Ok(Some(plan))
}

/// Every table of the run by all its names, with all its columns by theirs.
fn names(manifest: &Manifest) -> Vec<(Vec<String>, Vec<String>)> {
    let tables = manifest.databases.iter().flat_map(|database| &database.tables);
    let of = |table: &TableRecord| {
        let columns = table.old.columns.iter().chain(&table.new.columns).map(|column| column.name.as_str());
        // NEW's definition is in OLD's words.
        let staged = table.layout.columns.iter().flat_map(|column| table.layout.names(column));
        (vec![table.name.to_string(), table.new.name.to_string()], columns.chain(staged).map(str::to_owned).collect())
    };
    tables.map(of).collect()
}
