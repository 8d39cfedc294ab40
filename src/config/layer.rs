//! One layer of settings: the file's own, or an environment's. Everything in it may be missing.

use toml_edit::Value;

use super::table::TableRule;
use super::{
    Contacts, Cutover, Health, Mask, Matrix, Metric, Overlap, Quorum, Retention, Roles, RollbackSettings, ServerSettings, Zone,
};
use crate::error::{Error, ErrorKind, Result};
use crate::name::{Ident, Side};
use crate::policy::ByTable;
use crate::policy::keys::{Entry, Section};

/// What an environment may say; the file itself may add `environments`.
pub(super) const KEYS: [&str; 27] = [
    "approval",
    "cutover",
    "overlap",
    "zone",
    "databases",
    "runs",
    "jobs",
    "sums_first",
    "ledger_schema",
    "old",
    "new",
    "base",
    "slot",
    "columns",
    "tables",
    "mask",
    "roles",
    "contacts",
    "health",
    "metrics",
    "matrix",
    RollbackSettings::KEYS[0],
    RollbackSettings::KEYS[1],
    RollbackSettings::KEYS[2],
    RollbackSettings::KEYS[3],
    RollbackSettings::KEYS[4],
    RollbackSettings::KEYS[5],
];

/// The section of the server that shows OLD as it was at the cutover.
const BASE: &str = "base";

/// More workers than this is a slip of the finger, and no server would like them.
const JOBS_MAX: i64 = 256;

/// One layer of settings.
#[derive(Clone, Debug, PartialEq, Default)]
pub(super) struct Layer {
    pub(super) cutover: Option<Cutover>,
    pub(super) overlap: Option<Overlap>,
    pub(super) zone: Option<Zone>,
    pub(super) databases: Option<Vec<String>>,
    pub(super) runs: Option<String>,
    pub(super) jobs: Option<usize>,
    pub(super) sums_first: Option<bool>,
    pub(super) ledger_schema: Option<Ident>,
    pub(super) old: ServerSettings,
    pub(super) new: ServerSettings,
    pub(super) base_server: ServerSettings,
    pub(super) retention: Retention,
    pub(super) created: Option<Vec<String>>,
    pub(super) updated: Option<Vec<String>>,
    pub(super) tables: ByTable<TableRule>,
    pub(super) mask: Mask,
    pub(super) quorum: Quorum,
    pub(super) roles: Roles,
    pub(super) contacts: Contacts,
    pub(super) health: Option<Vec<Health>>,
    pub(super) metrics: Option<Vec<Metric>>,
    pub(super) matrix: Option<Matrix>,
    pub(super) rollback: RollbackSettings,
}

impl Layer {
    /// Reads a layer from a section whose keys are checked already.
    pub(super) fn read(section: &Section<'_>, warnings: &mut Vec<String>) -> Result<Self> {
        let columns = section.section("columns")?;
        let names = |key: &str| columns.as_ref().map_or(Ok(None), |columns| columns.texts(key));
        columns.as_ref().map_or(Ok(()), |columns| columns.check(&["created", "updated"]))?;
        Ok(Self {
            cutover: read(section, "cutover", |entry| Cutover::read(&time(entry)?).map_err(|cause| entry.value_error(cause)))?,
            overlap: read(section, "overlap", |entry| Overlap::read(entry.text()?).map_err(|cause| entry.value_error(cause)))?,
            zone: read(section, "zone", |entry| Zone::read(entry.text()?).map_err(|cause| entry.value_error(cause)))?,
            databases: read(section, "databases", databases)?.flatten(),
            runs: section.text("runs")?,
            jobs: read(section, "jobs", jobs)?,
            sums_first: read(section, "sums_first", truth)?,
            ledger_schema: read(section, "ledger_schema", schema)?,
            old: server(section, Side::Old.word(), warnings)?,
            new: server(section, Side::New.word(), warnings)?,
            base_server: server(section, BASE, warnings)?,
            retention: section.section("slot")?.map_or_else(|| Ok(Retention::default()), |slot| Retention::read(&slot))?,
            created: names("created")?,
            updated: names("updated")?,
            tables: ByTable::read(section, TableRule::read)?,
            quorum: section.section("approval")?.as_ref().map(Quorum::read).transpose()?.unwrap_or_default(),
            mask: section.section("mask")?.as_ref().map(Mask::read).transpose()?.unwrap_or_default(),
            roles: section.section("roles")?.as_ref().map(Roles::read).transpose()?.unwrap_or_default(),
            contacts: section.section("contacts")?.as_ref().map(Contacts::read).transpose()?.unwrap_or_default(),
            health: read(section, "health", |entry| Health::read_all(&entry.sections()?))?,
            metrics: read(section, "metrics", |entry| Metric::read_all(&entry.sections()?))?,
            matrix: read(section, "matrix", |entry| Matrix::read(&entry.sections()?))?,
            rollback: RollbackSettings::read(section)?,
        })
    }

    /// Lays this layer over `base`.
    pub(super) fn over(self, base: Self) -> Self {
        Self {
            cutover: self.cutover.or(base.cutover),
            overlap: self.overlap.or(base.overlap),
            zone: self.zone.or(base.zone),
            databases: self.databases.or(base.databases),
            runs: self.runs.or(base.runs),
            jobs: self.jobs.or(base.jobs),
            sums_first: self.sums_first.or(base.sums_first),
            ledger_schema: self.ledger_schema.or(base.ledger_schema),
            old: self.old.over(base.old),
            new: self.new.over(base.new),
            base_server: self.base_server.over(base.base_server),
            retention: self.retention.over(base.retention),
            created: self.created.or(base.created),
            updated: self.updated.or(base.updated),
            tables: base.tables.under(self.tables, |below, above| above.over(below)),
            mask: base.mask.and(self.mask),
            quorum: self.quorum.over(base.quorum),
            roles: self.roles.over(base.roles),
            contacts: self.contacts.over(base.contacts),
            health: self.health.or(base.health),
            metrics: self.metrics.or(base.metrics),
            matrix: self.matrix.or(base.matrix),
            rollback: self.rollback.over(base.rollback),
        }
    }

    /// # Errors
    /// `Config` where a matrix that is stated asks for the approval of a role that is not known.
    pub(super) fn expect_roles(&self, place: &str) -> Result<()> {
        let rows = self.matrix.iter().flat_map(Matrix::rows);
        let objection = rows.flat_map(|row| &row.approvals).find_map(|role| self.roles.objection(role));
        objection.map_or(Ok(()), |cause| Err(Error::new(ErrorKind::Config, "read the configuration").at(place).because(cause)))
    }

    /// Returns what the layer says about each server, by the names of their sections.
    pub(super) fn servers(&self) -> [(&'static str, &ServerSettings); 3] {
        [(Side::Old.word(), &self.old), (Side::New.word(), &self.new), (BASE, &self.base_server)]
    }

    /// Returns what the layer says about a side's server.
    pub(super) fn server(&self, side: Side) -> &ServerSettings {
        match side {
            Side::Old => &self.old,
            Side::New => &self.new,
        }
    }
}

fn read<'a, T>(section: &Section<'a>, key: &str, how: impl Fn(&Entry<'a>) -> Result<T>) -> Result<Option<T>> {
    section.entry(key).map(|entry| how(&entry)).transpose()
}

fn server(section: &Section<'_>, name: &str, warnings: &mut Vec<String>) -> Result<ServerSettings> {
    let Some(server) = section.section(name)? else { return Ok(ServerSettings::default()) };
    ServerSettings::read(&server, name, warnings)
}

/// Returns a date and time as text, whether it is a string or TOML's own; what it lacks is told by whoever reads the text.
fn time(entry: &Entry<'_>) -> Result<String> {
    match entry.value() {
        Some(Value::Datetime(time)) => Ok(time.value().to_string()),
        Some(Value::String(_)) => Ok(entry.text()?.to_owned()),
        _ => Err(entry.wants("a date and time with an offset")),
    }
}

fn jobs(entry: &Entry<'_>) -> Result<usize> {
    let number = entry.value().and_then(Value::as_integer).filter(|number| (1..=JOBS_MAX).contains(number));
    let number = number.and_then(|number| usize::try_from(number).ok());
    number.ok_or_else(|| entry.value_error(format!("`jobs` must be a whole number from 1 to {JOBS_MAX}")))
}

fn truth(entry: &Entry<'_>) -> Result<bool> {
    entry.value().and_then(Value::as_bool).ok_or_else(|| entry.value_error(format!("`{}` must be true or false", entry.key())))
}

/// Reads the name of a schema that may be created.
fn schema(entry: &Entry<'_>) -> Result<Ident> {
    let name = entry.text()?;
    if name.contains('\0') {
        return Err(entry.wants("the name of a schema"));
    }
    if name.starts_with("pg_") || name == "information_schema" {
        return Err(entry.value_error(format!("`{name}` is a schema of the server's own")));
    }
    Ok(Ident::new(name))
}

/// Reads which databases are meant. A list; or, as TOML allows only one thing of a name, a table: the sections of single
/// databases, with the list beside them as `databases.only`.
fn databases(entry: &Entry<'_>) -> Result<Option<Vec<String>>> {
    if !entry.is_section() {
        return list(entry).map(Some);
    }
    let mut only = None;
    for inner in entry.section()?.entries().filter(|inner| !inner.is_section()) {
        if inner.key() != "only" {
            return Err(inner.wants("a table"));
        }
        only = Some(list(&inner)?);
    }
    Ok(only)
}

fn list(entry: &Entry<'_>) -> Result<Vec<String>> {
    let names = entry.texts()?;
    if names.is_empty() {
        let cause = format!("`{}` lists no database; leave it out to mean all that both servers have", entry.key());
        return Err(entry.value_error(cause));
    }
    Ok(names)
}
