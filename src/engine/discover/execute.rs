//! Discover: every relation of every database on both sides, and what will be done about each.

use std::sync::Arc;

use serde::Serialize;
use tokio::try_join;
use tracing::{Instrument as _, info};

use super::chosen::Chosen;
use super::clock_skew::skew_note;
use super::pairing::{Pairing, pair};
use super::rights::{call_rights_note, merge_rights_note};
use super::sequences::{in_olds_words, left_behind};
use super::swapped::ledger_note;
use super::unheeded::unheeded;
use super::unmatched::expect_matches;
use crate::catalog::{self, Catalog};
use crate::engine::evidence::{AtCutover, BaseEvidence, BaseSource, HorizonSources, LogEvidence, Proven};
use crate::engine::run::{Context, CoveredTable, HeldLog, Ledger, coverage, estate, held_on_new, read_step, spans};
use crate::error::{Error, ErrorKind, Place, Result};
use crate::name::{Side, Sided};
use crate::pg::{ServerIdentity, Session, encoding_remarks, lead_to_one_database};
use crate::schema::{DatabaseTraits, Drift, Privilege, PrivilegeObject};
use crate::staging::{BaseUse, DatabaseAside, DatabaseRecord, LogUse, TableRecord};

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct Discovery {
    /// One record a database, by name; no files yet.
    pub databases: Vec<DatabaseRecord>,
    /// Databases that could not be looked at, although nobody left them out.
    pub aside: Vec<DatabaseAside>,
    /// What is covered, table by table, what is not covered first.
    pub coverage: Vec<CoveredTable>,
    /// Things that a person should know before going on.
    pub notes: Vec<String>,
    /// How much of NEW's log slots of failback's hold back, whoever made them.
    pub held_log: Vec<HeldLog>,
    /// What says which transactions were over at the cutover.
    #[serde(skip)]
    sources: Arc<HorizonSources>,
}

impl Discovery {
    /// Returns what was found to say which transactions were over at the cutover, if these are the servers that were asked,
    /// and neither was started since. Such an answer holds for good: what comes later has other ids.
    pub(crate) fn sources_of(&self, servers: Sided<&ServerIdentity>) -> Option<Arc<HorizonSources>> {
        let asked = self.databases.first()?;
        let is_same = |then: &ServerIdentity, now: &ServerIdentity| {
            let which = |server: &ServerIdentity| (server.system_identifier.clone(), server.timeline, server.started_us);
            which(then) == which(now)
        };
        let are_same = is_same(&asked.old, servers.old) && is_same(&asked.new, servers.new);
        are_same.then(|| Arc::clone(&self.sources))
    }
}

/// Looks at both servers. Reads catalogs only, and where an estimate is asked for the time columns of rows.
///
/// # Errors
/// `Refused` where OLD and NEW are one database, or no database is on both; whatever connecting can give.
pub async fn discover(context: &Context) -> Result<Discovery> {
    read_step(context, discover_all).instrument(spans::step(context, "discover")).await
}

async fn discover_all(context: &Context) -> Result<Discovery> {
    let mut notes = Vec::new();
    let Chosen { names, aside, .. } = databases(context, &mut notes).await?;
    let sources = Arc::new(HorizonSources::find(context, &names).await?);
    let mut found = discover_these(context, &names, &sources).await?;
    notes.append(&mut found.notes);
    found.held_log = held_on_new(context, &names[0]).await?;
    Ok(Discovery { coverage: coverage(&found.databases), notes, aside, ..found })
}

/// Looks at these databases.
///
/// # Errors
/// As [`discover`].
pub(crate) async fn discover_these(context: &Context, names: &[String], sources: &Arc<HorizonSources>) -> Result<Discovery> {
    let mut found = Discovery {
        databases: Vec::new(),
        aside: Vec::new(),
        coverage: Vec::new(),
        notes: Vec::new(),
        held_log: Vec::new(),
        sources: Arc::clone(sources),
    };
    for name in names {
        let work = discover_database(context, name, sources, &mut found.notes);
        let record = work.instrument(spans::database(name)).await.place(|| format!("database {name}"))?;
        found.databases.push(record);
    }
    expect_matches(context.selection(), &found.databases, &mut found.notes)?;
    Ok(found)
}

/// Lists the databases that are looked at: those asked for, else those that both sides have.
pub(crate) async fn databases(context: &Context, notes: &mut Vec<String>) -> Result<Chosen> {
    if !context.selection().databases().is_empty() {
        return Ok(Chosen::named(context.selection().databases()));
    }
    let (old, new) = try_join!(estate(context, Side::Old), estate(context, Side::New))?;
    let chosen = Chosen::of(&old, &new);
    notes.extend(chosen.aside.iter().map(|aside| format!("database {}: left out: {}", aside.name, aside.reason)));
    notes.extend(chosen.remarks.iter().cloned());
    if chosen.names.is_empty() {
        let error = Error::new(ErrorKind::Refused, "list the databases");
        let error = error.because("no database can be looked at on both OLD and NEW");
        let error = notes.iter().fold(error, |error, note| error.because(note.clone()));
        return Err(error.next("name them with --databases, or check --old and --new"));
    }
    Ok(chosen)
}

async fn discover_database(
    context: &Context,
    name: &str,
    sources: &HorizonSources,
    notes: &mut Vec<String>,
) -> Result<DatabaseRecord> {
    let sessions = connect(context, name).await?;
    let base = BaseEvidence::connect(context, name, sessions.as_ref()).await?;
    let record = Box::pin(describe(context, name, sources, (sessions.as_ref(), base.as_ref()), notes)).await?;
    let missing = merge_rights_note(&sessions.old, &Ledger::of(context), &record).await?;
    let uncallable = call_rights_note(&sessions.new, &record).await?;
    notes.extend(missing.into_iter().chain(uncallable).map(|note| format!("{name}: {note}")));
    Ok(record)
}

/// Opens a session with each side's database.
///
/// # Errors
/// `Refused` where they are one database; whatever connecting can give.
pub(crate) async fn connect(context: &Context, name: &str) -> Result<Sided<Session>> {
    let to = |side| context.servers().connect(side, name);
    let sessions = Sided::from(try_join!(to(Side::Old), to(Side::New))?);
    if lead_to_one_database(&sessions.old, &sessions.new).await? {
        return Err(Error::new(ErrorKind::Refused, "tell OLD from NEW")
            .because("both connections lead to the same database of the same server")
            .next("check --old and --new, OLD_PG* and NEW_PG*, and failback.toml"));
    }
    Ok(sessions)
}

/// Reads one database's definitions on both sides, as the sessions see them: under a snapshot those that its rows have there.
/// The last session is BASE's.
///
/// # Errors
/// `Refused` where OLD's ledger is not failback's; what either server said.
pub(crate) async fn describe(
    context: &Context,
    name: &str,
    sources: &HorizonSources,
    (sessions, base): (Sided<&Session>, Option<&Session>),
    notes: &mut Vec<String>,
) -> Result<DatabaseRecord> {
    let (Sided { old, new }, selection) = (sessions, context.selection());
    let identity = Sided::from(try_join!(old.identity(), new.identity())?);
    notes.extend(read_only_note(&identity.old).map(|note| format!("{name}: {note}")));
    Ledger::of(context).place(old).await?;
    let catalogs = Sided::from(try_join!(read_catalog(old), read_catalog(new))?);
    let Proven { tried, xids } = Proven::read(sources, sessions, identity.as_ref()).await?;
    let base = BaseSource::read(context, base, old, identity.as_ref()).await?;
    notes.extend(base.as_ref().map(|base| format!("{name}: {}", base.sentence())));
    notes.extend(ledger_note(catalogs.as_ref()).map(|note| format!("{name}: {note}")));
    let log = LogEvidence::read(context, new, &identity.new).await?;
    let unused = log.as_ref().and_then(|log| log.record.unused.as_ref());
    notes.extend(unused.map(|why| format!("! {name}: the slot on NEW is not used: {why}: transaction ids go alone")));
    let known = AtCutover { xids: xids.as_ref(), base: base.as_ref(), log: log.as_ref() };
    let Pairing { tables, new_only, mut left_out, aside } = pair(selection, name, catalogs.as_ref(), known);
    notes.extend(tables.iter().flat_map(|table| table.drift.iter().map(move |drift| remark(name, table, drift))));
    for table in &tables {
        let settings = selection.table(name, &table.name.to_string());
        notes.extend(unproving(table, base.as_ref()).map(|note| format!("{name}: {}: {note}", table.name)));
        notes.extend(unheeded(&settings, table).into_iter().map(|note| format!("{name}: {}: {note}", table.name)));
    }
    notes.extend(encoding_remarks(&identity.old, &identity.new).into_iter().map(|remark| format!("{name}: {remark}")));
    let traits = Sided::from(try_join!(database_traits(old), database_traits(new))?);
    let has_money = tables.iter().flat_map(|table| &table.old.columns).any(|column| column.data_type.base == "money");
    let remarks = DatabaseTraits::remarks(&traits.old, &traits.new, has_money);
    notes.extend(remarks.into_iter().map(|remark| format!("{name}: {remark}")));
    if !selection.has_zone() {
        notes.extend(wall_clock_note(&tables, traits.as_ref()).map(|note| format!("{name}: {note}")));
    }
    let clocks = Sided::from(try_join!(old.read_clock(), new.read_clock())?);
    notes.extend(skew_note(&tables, clocks.as_ref()).map(|note| format!("{name}: {note}")));
    for lacking in catalog::privileges(new.client(), &[], &selection.ledger_schema()).await.place(|| Side::New)? {
        if let (PrivilegeObject::Sequence(sequence), Privilege::Select) = (&lacking.object, lacking.privilege) {
            notes.push(format!("{name}: {sequence}: NEW's user lacks {lacking}: OLD's is raised by the rows alone"));
        }
    }
    for (side, table) in tables.iter().flat_map(|table| [(Side::Old, &table.old), (Side::New, &table.new)]) {
        notes.extend(table.remarks().into_iter().map(|remark| format!("{name}: {}: on {side} {remark}", table.name)));
    }
    let (new_sequences, sequences_aside) = in_olds_words(&tables, &catalogs.old.sequences, catalogs.new.sequences);
    left_out.extend(sequences_aside);
    notes.extend(left_behind(&catalogs.old.sequences, &new_sequences).map(|note| format!("{name}: {note}")));
    let armed = selection.baseline().filter(|_| matches!(base, Some(BaseSource::Kept(_)))).map(|armed| &armed.baseline);
    info!(tables = tables.len(), new_only = new_only.len(), left_out = left_out.len(), "paired");
    Ok(DatabaseRecord {
        name: name.to_owned(),
        old: identity.old,
        new: identity.new,
        new_sequences,
        clocks: Some(clocks),
        horizon: None,
        ended: None,
        baseline: armed.map(|armed| armed.made_at.clone()),
        baseline_us: armed.and_then(|armed| armed.database(name)).map(|kept| kept.clock_us),
        log: log.map(|log| log.record),
        base: match base {
            Some(BaseSource::Server(base)) => Some(base.record),
            _ => None,
        },
        quiescence: Vec::new(),
        horizon_sources: tried,
        tables,
        new_only,
        left_out,
        aside,
    })
}

/// Says what proves nothing of a table, and why.
fn unproving(table: &TableRecord, base: Option<&BaseSource<'_>>) -> impl Iterator<Item = String> {
    let ids = table
        .unmarked
        .as_ref()
        .map(|objection| format!("transaction ids prove nothing, as {objection}: {} is used", table.method.word()));
    let base = match (base, &table.base) {
        (Some(base), Some(BaseUse::No { why })) => Some(format!("{} proves nothing, as {why}", base.called())),
        _ => None,
    };
    let log = match &table.log {
        Some(LogUse::No { why }) => Some(format!("NEW's log proves nothing, as {why}: transaction ids go alone")),
        _ => None,
    };
    ids.into_iter().chain(base).chain(log)
}

/// Says that OLD's user writes only in transactions that ask for it, as a fence against writers is often made.
fn read_only_note(old: &ServerIdentity) -> Option<String> {
    let said = "default_transaction_read_only is on for this user on OLD: a merge is refused until it is off, for example by \
                ALTER ROLE … SET default_transaction_read_only = off for failback's user alone";
    old.read_only_default.then(|| said.to_owned())
}

/// Names the tables with time columns that are no evidence, because nothing says what their clocks showed.
fn wall_clock_note(tables: &[TableRecord], traits: Sided<&DatabaseTraits>) -> Option<String> {
    let named: Vec<_> =
        tables.iter().filter(|table| !table.wall_clocks.is_empty()).map(|table| table.name.to_string()).collect();
    let zones = traits.map(zones);
    (!named.is_empty()).then(|| {
        format!(
            "time columns without a time zone are not used as evidence in {}: set `zone` in failback.toml to the zone in which \
             the application wrote them (TimeZone is {} on OLD and {} on NEW)",
            named.join(", "),
            zones.old,
            zones.new
        )
    })
}

/// The zone in which this user's sessions begin, and those of the users who have one of their own.
fn zones(traits: &DatabaseTraits) -> String {
    let roles = traits.role_zones.iter().map(|(role, zone)| format!(", {zone} for {role}"));
    format!("{}{}", traits.time_zone, roles.collect::<String>())
}

async fn read_catalog(session: &Session) -> Result<Catalog> {
    catalog::read(session.client()).await.place(|| session.side())
}

async fn database_traits(session: &Session) -> Result<DatabaseTraits> {
    catalog::database_traits(session.client()).await.place(|| session.side())
}

fn remark(database: &str, table: &TableRecord, drift: &Drift) -> String {
    format!("{database}: {}: {}", table.name, drift.sentence())
}
