//! What a recovery looks at, and how: the configuration, and what the command line says beside it.

use std::sync::Arc;

use crate::config::{Config, Cutover, GivenXid, LockWaits, Quorum, Retention, TableSettings, Zone};
use crate::error::Result;
use crate::name::{Ident, Side, Sided};
use crate::policy::{Glob, Scope};
use crate::staging::{Baseline, Demand, Mark};
use crate::store::Store;

/// A baseline, and the folder that holds its files.
#[derive(Clone)]
pub struct Armed {
    /// What was kept.
    pub baseline: Arc<Baseline>,
    /// Where.
    pub store: Arc<dyn Store>,
}

/// What is looked at, and how.
#[derive(Clone)]
pub struct Selection {
    config: Arc<Config>,
    cutover: Option<Cutover>,
    databases: Vec<String>,
    tables: Vec<Glob>,
    mark: Option<Arc<Mark>>,
    baseline: Option<Armed>,
    xids: Sided<Option<GivenXid>>,
    estimates: bool,
}

impl Selection {
    /// Everything that a configuration means. The databases that it names are asked for.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let databases = config.databases().unwrap_or_default().to_vec();
        Self {
            config: Arc::new(config),
            cutover: None,
            databases,
            tables: Vec::new(),
            mark: None,
            baseline: None,
            xids: Sided::default(),
            estimates: false,
        }
    }

    /// States the cutover in place of the configuration.
    #[must_use]
    pub fn with_cutover(self, cutover: Option<Cutover>) -> Self {
        Self { cutover, ..self }
    }

    /// Asks for databases by name in place of the configuration; none leaves those.
    #[must_use]
    pub fn with_databases(self, databases: Vec<String>) -> Self {
        if databases.is_empty() { self } else { Self { databases, ..self } }
    }

    /// Asks for tables: patterns as `schema.name`, with `*` for any text; none means all.
    #[must_use]
    pub fn with_tables(self, tables: Vec<String>) -> Self {
        Self { tables: tables.into_iter().map(Glob::new).collect(), ..self }
    }

    /// Goes by a mark of both servers.
    #[must_use]
    pub fn with_mark(self, mark: Option<Arc<Mark>>) -> Self {
        Self { mark, ..self }
    }

    /// Goes by a baseline of OLD's rows.
    #[must_use]
    pub fn with_baseline(self, baseline: Option<Armed>) -> Self {
        Self { baseline, ..self }
    }

    /// Returns the baseline, where there is one.
    #[must_use]
    pub const fn baseline(&self) -> Option<&Armed> {
        self.baseline.as_ref()
    }

    /// States, in place of the configuration, which transaction of a side is the first that may not have been over at the
    /// cutover.
    #[must_use]
    pub fn with_xids(self, xids: Sided<Option<GivenXid>>) -> Self {
        Self { xids, ..self }
    }

    /// Says whether it is estimated from rows which transactions were over at the cutover, where nothing else says it.
    #[must_use]
    pub fn with_estimate(self, estimates: bool) -> Self {
        Self { estimates, ..self }
    }

    /// Whether it is estimated from rows which transactions were over at the cutover, where nothing else says it.
    #[must_use]
    pub const fn estimates(&self) -> bool {
        self.estimates
    }

    /// Returns what a person says of a side: which transaction is the first that may not have been over at the cutover.
    #[must_use]
    pub fn xid(&self, side: Side) -> Option<GivenXid> {
        self.xids.get(side).or_else(|| self.config.server(side).xid())
    }

    /// Returns the mark of both servers, where there is one.
    #[must_use]
    pub fn shared_mark(&self) -> Option<Arc<Mark>> {
        self.mark.clone()
    }

    /// Returns the cutover.
    ///
    /// # Errors
    /// `Usage` where nobody has stated it.
    pub fn cutover(&self) -> Result<Cutover> {
        self.config.cutover(self.cutover.clone())
    }

    /// Returns how far before the cutover rows are candidates too, in microseconds.
    #[must_use]
    pub fn overlap_us(&self) -> i64 {
        i64::try_from(self.config.overlap().duration().as_micros()).unwrap_or(i64::MAX)
    }

    /// Whether that was stated.
    #[must_use]
    pub fn has_overlap(&self) -> bool {
        self.config.has_overlap()
    }

    /// Returns the zone in which a `timestamp without time zone` is read.
    #[must_use]
    pub fn zone(&self) -> Zone {
        self.config.zone()
    }

    /// Whether that zone was stated; if not, such a column proves nothing.
    #[must_use]
    pub fn has_zone(&self) -> bool {
        self.config.has_zone()
    }

    /// Whether both servers are asked for sums over ranges of keys before rows are compared.
    #[must_use]
    pub fn sums_first(&self) -> bool {
        self.config.sums_first()
    }

    /// Returns the schema of OLD that holds failback's own records, or is to hold them.
    #[must_use]
    pub fn ledger_schema(&self) -> Ident {
        self.config.ledger_schema()
    }

    /// Returns how long a side's locks are waited for.
    #[must_use]
    pub fn lock_waits(&self, side: Side) -> LockWaits {
        self.config.server(side).lock_waits()
    }

    /// Returns whose approval a plan needs before it is merged.
    #[must_use]
    pub fn quorum(&self) -> &Quorum {
        self.config.quorum()
    }

    /// Returns what the configuration asks of a run that is made with it.
    #[must_use]
    pub fn demand(&self) -> Demand {
        Demand {
            environment: self.config.environment().map(str::to_owned),
            approval: self.config.quorum().clone(),
            mask: self.config.mask().clone(),
        }
    }

    /// Returns how much log a slot of failback's may hold back before it is said.
    #[must_use]
    pub fn retention(&self) -> Retention {
        self.config.retention()
    }

    /// Returns the databases asked for; none means all that both sides have.
    #[must_use]
    pub fn databases(&self) -> &[String] {
        &self.databases
    }

    /// Whether the databases are those that the configuration means, so that all of it has to match.
    #[must_use]
    pub fn is_whole_configuration(&self) -> bool {
        self.databases.is_empty() || self.config.databases() == Some(self.databases.as_slice())
    }

    /// Whether a table is wanted.
    #[must_use]
    pub fn wants(&self, table: &str) -> bool {
        self.tables.is_empty() || self.tables.iter().any(|pattern| pattern.matches(table))
    }

    /// Whether tables are asked for by name or pattern.
    #[must_use]
    pub fn asks_tables(&self) -> bool {
        !self.tables.is_empty()
    }

    /// Returns the first pattern that means none of the tables.
    pub fn pattern_without_table<'a>(&self, mut tables: impl Iterator<Item = &'a str> + Clone) -> Option<&str> {
        let means_none = |pattern: &&Glob| !tables.clone().any(|table| pattern.matches(table));
        let found = self.tables.iter().find(means_none).map(Glob::as_str);
        tables.by_ref().for_each(drop);
        found
    }

    /// Returns what the configuration says about a table.
    #[must_use]
    pub fn table(&self, database: &str, table: &str) -> TableSettings {
        self.config.table(database, table)
    }

    /// Lists what the configuration says about tables that do not exist, as sentences, each with its section.
    #[must_use]
    pub fn unmatched<D: AsRef<str>, N: AsRef<str>>(&self, known: &[(D, N)]) -> Vec<(Scope, String)> {
        self.config.unmatched(known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_that_means_nothing_is_found() {
        let selection = Selection::new(Config::parse("", "failback.toml").unwrap());
        let selection = selection.with_tables(vec!["public.*".to_owned(), "public.order".to_owned()]);
        let tables = ["public.orders", "public.items"];
        assert_eq!(selection.pattern_without_table(tables.into_iter()), Some("public.order"));
    }
}
