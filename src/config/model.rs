//! The configuration as the rest of failback sees it.

use std::collections::BTreeMap;

use super::layer::{KEYS, Layer};
use super::new_name::{NewName, expect_distinct};
use super::{
    Contacts, Cutover, Health, Mask, Matrix, Metric, NamedTimeColumns, Overlap, Quorum, Retention, Roles, RollbackSettings,
    ServerSettings, TableSettings, Zone,
};
use crate::error::{Error, ErrorKind, Result};
use crate::name::{Ident, Side};
use crate::policy::Scope;
use crate::policy::keys::{Section, Source, nearest};
use crate::schema::LEDGER_SCHEMA;

/// The configuration: one file, with one of its environments laid over it or none.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Config {
    file: String,
    base: Layer,
    environments: BTreeMap<String, Layer>,
    environment: Option<String>,
    warnings: Vec<String>,
    built_in: Matrix,
}

impl Config {
    /// Reads the text of a configuration file; `file` is how errors call it.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] at `file:line:column` for text that is not TOML, an unknown key (with the nearest name), and a
    /// value that makes no sense, in any environment.
    pub fn parse(text: &str, file: &str) -> Result<Self> {
        let source = Source::new("read the configuration", file, text);
        let document = source.parse().map_err(|error| hint_at_two_databases(error, text))?;
        let root = Section::root(&source, &document);
        root.check(&[&KEYS[..], &["environments"]].concat())?;
        let mut warnings = Vec::new();
        let base = Layer::read(&root, &mut warnings)?;
        expect_distinct(new_names(&base))?;
        base.quorum.expect_possible(file)?;
        base.expect_roles(file)?;
        let mut environments = BTreeMap::new();
        for entry in root.section("environments")?.iter().flat_map(Section::entries) {
            let section = entry.section()?;
            section.check(&KEYS)?;
            let layer = Layer::read(&section, &mut warnings)?;
            refuse_two_addresses(&base, &layer, &section)?;
            let over = layer.clone().over(base.clone());
            expect_distinct(new_names(&over))?;
            let place = format!("{file}: environments.{}", entry.key());
            over.quorum.expect_possible(&place)?;
            over.expect_roles(&place)?;
            over.rollback.expect_secrets(&place)?;
            environments.insert(entry.key().to_owned(), layer);
        }
        // What the file's channels take may be an environment's to name.
        if environments.is_empty() {
            base.rollback.expect_secrets(file)?;
        }
        Ok(Self { file: file.to_owned(), base, environments, environment: None, warnings, built_in: Matrix::default() })
    }

    /// Returns the configuration with an environment laid over it.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] if the file has no such environment.
    pub fn for_environment(&self, name: &str) -> Result<Self> {
        let Some(layer) = self.environments.get(name) else {
            let known: Vec<_> = self.environments.keys().map(String::as_str).collect();
            let rest = match (nearest(name, known.iter().copied()), known.as_slice()) {
                (Some(meant), _) => format!("did you mean `{meant}`?"),
                (None, []) => "the file has none".to_owned(),
                (None, known) => format!("known are {}", known.join(", ")),
            };
            let error = Error::new(ErrorKind::Usage, "choose the environment").at(&self.file);
            return Err(error.because(format!("unknown environment `{name}`; {rest}")));
        };
        Ok(Self { base: layer.clone().over(self.base.clone()), environment: Some(name.to_owned()), ..self.clone() })
    }

    /// Returns the environment that is laid over the file, if one is.
    #[must_use]
    pub fn environment(&self) -> Option<&str> {
        self.environment.as_deref()
    }

    /// Returns how errors call the file.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Returns how many sections there are about tables.
    #[must_use]
    pub fn table_rules(&self) -> usize {
        self.base.tables.iter().count()
    }

    /// Returns the cutover: the one given on the command line, else the file's.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] if there is neither.
    pub fn cutover(&self, given: Option<Cutover>) -> Result<Cutover> {
        given.or_else(|| self.base.cutover.clone()).ok_or_else(|| {
            Error::new(ErrorKind::Usage, "find the cutover")
                .because("no cutover is configured: the instant at which writes moved from OLD to NEW")
                .next("give --cutover, or `cutover` in failback.toml, with an offset, as in 2026-11-22T10:00:00+02:00")
        })
    }

    /// Returns how far before the cutover candidates begin; five minutes if the file does not say.
    #[must_use]
    pub fn overlap(&self) -> Overlap {
        self.base.overlap.unwrap_or_default()
    }

    /// Returns whether the file says how far before the cutover candidates begin.
    #[must_use]
    pub fn has_overlap(&self) -> bool {
        self.base.overlap.is_some()
    }

    /// Returns whether the file says in which zone a `timestamp without time zone` is read. If not, such a column proves
    /// nothing.
    #[must_use]
    pub fn has_zone(&self) -> bool {
        self.base.zone.is_some()
    }

    /// Returns the zone in which a `timestamp without time zone` is read; UTC if the file does not say.
    #[must_use]
    pub fn zone(&self) -> Zone {
        self.base.zone.clone().unwrap_or_default()
    }

    /// Returns the databases that are meant; `None`: all that both servers have, without templates and `postgres`.
    #[must_use]
    pub fn databases(&self) -> Option<&[String]> {
        self.base.databases.as_deref()
    }

    /// Returns the folder in which runs live, as written; `.runs` if the file does not say.
    #[must_use]
    pub fn runs(&self) -> &str {
        self.base.runs.as_deref().unwrap_or(".runs")
    }

    /// Returns how many workers there are to be, at least one, if the file says.
    #[must_use]
    pub fn jobs(&self) -> Option<usize> {
        self.base.jobs
    }

    /// Returns whether both servers are asked for a sum over each range of keys before its rows are compared: for a slow
    /// network.
    #[must_use]
    pub fn sums_first(&self) -> bool {
        self.base.sums_first.unwrap_or(false)
    }

    /// Returns the schema of OLD that holds failback's own records, or is to hold them.
    #[must_use]
    pub fn ledger_schema(&self) -> Ident {
        self.base.ledger_schema.clone().unwrap_or_else(|| Ident::new(LEDGER_SCHEMA))
    }

    /// Returns how to reach a side.
    #[must_use]
    pub fn server(&self, side: Side) -> &ServerSettings {
        self.base.server(side)
    }

    /// Returns how to reach BASE, the server that shows OLD as it was at the cutover.
    #[must_use]
    pub fn base_server(&self) -> &ServerSettings {
        &self.base.base_server
    }

    /// Returns which columns' values no view shows.
    #[must_use]
    pub fn mask(&self) -> &Mask {
        &self.base.mask
    }

    /// Returns whose approval a plan needs before it is merged.
    #[must_use]
    pub const fn quorum(&self) -> &Quorum {
        &self.base.quorum
    }

    /// Returns what is said for rollbacks.
    #[must_use]
    pub const fn rollback(&self) -> &RollbackSettings {
        &self.base.rollback
    }

    /// Returns who fills which role.
    #[must_use]
    pub const fn roles(&self) -> &Roles {
        &self.base.roles
    }

    /// Returns who is called in an emergency, and how.
    #[must_use]
    pub const fn contacts(&self) -> &Contacts {
        &self.base.contacts
    }

    /// Returns the pages that say whether a side serves.
    #[must_use]
    pub fn health(&self) -> &[Health] {
        self.base.health.as_deref().unwrap_or_default()
    }

    /// Returns the queries of Prometheus that answer questions.
    #[must_use]
    pub fn metrics(&self) -> &[Metric] {
        self.base.metrics.as_deref().unwrap_or_default()
    }

    /// Returns the decision matrix; the one that is built in if the file does not say.
    #[must_use]
    pub fn matrix(&self) -> &Matrix {
        self.base.matrix.as_ref().unwrap_or(&self.built_in)
    }

    /// Whether the file has a decision matrix of its own.
    #[must_use]
    pub const fn has_matrix(&self) -> bool {
        self.base.matrix.is_some()
    }

    /// Returns how much log a slot of failback's may hold back before it is said.
    #[must_use]
    pub const fn retention(&self) -> Retention {
        self.base.retention
    }

    /// Returns what is said about one table, named as [`crate::name::QualifiedName`] prints it: its section in one database
    /// over its section in every database over `[columns]` over what is built in.
    #[must_use]
    pub fn table(&self, database: &str, table: &str) -> TableSettings {
        let below = self.base.tables.table(table).cloned().unwrap_or_default();
        let rule = self.base.tables.database_table(database, table).cloned().unwrap_or_default().over(below);
        let columns = |own: Option<Vec<String>>, all: &Option<Vec<String>>, builtin: &str| NamedTimeColumns {
            stated: own.is_some(),
            names: own.or_else(|| all.clone()).unwrap_or_else(|| vec![builtin.to_owned()]),
        };
        TableSettings {
            method: rule.method,
            key: rule.key,
            created: columns(rule.created, &self.base.created, "created_at"),
            updated: columns(rule.updated, &self.base.updated, "updated_at"),
            compare_by: rule.compare_by,
            new_name: rule.new_name.map(|new| new.name),
            renamed: rule.renamed.unwrap_or_default(),
            why: rule.why,
        }
    }

    /// Says of every section about a table that matches none of the known tables, each with its database, which one was
    /// probably meant; with the section.
    pub fn unmatched<D: AsRef<str>, N: AsRef<str>>(&self, known: &[(D, N)]) -> Vec<(Scope, String)> {
        self.base.tables.unmatched_scopes(known)
    }

    /// Returns what a person should know about the file, each with its place: passwords in it, environments included.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

fn new_names(layer: &Layer) -> impl Iterator<Item = (Scope, &NewName)> {
    layer.tables.iter().filter_map(|(scope, rule)| Some((scope, rule.new_name.as_ref()?)))
}

/// A URL below and keywords above would have to be merged by guessing which of them meant the server.
fn refuse_two_addresses(base: &Layer, layer: &Layer, section: &Section<'_>) -> Result<()> {
    for ((name, own), (_, below)) in layer.servers().into_iter().zip(base.servers()) {
        if let Some(entry) = section.entry(name).filter(|_| own.clashes_with(below)) {
            let path = section.path();
            let cause = format!("[{path}.{name}] has keywords where [{name}] has `url`: write the same in both");
            return Err(entry.key_error(cause));
        }
    }
    Ok(())
}

/// `databases = [...]` beside `[databases.shop...]` is the same name twice for TOML; say what to write.
fn hint_at_two_databases(error: Error, text: &str) -> Error {
    let starts = |prefix: &str| text.lines().any(|line| line.replace(' ', "").starts_with(prefix));
    if starts("databases=[") && starts("[databases.") {
        return error.next("beside [databases.…] sections write the list as `databases.only = […]`, at the top of the file");
    }
    error
}

#[cfg(test)]
mod tests;
