//! Audit: each table that has time columns, measured on both sides under one snapshot each.

use tokio::try_join;
use tokio_postgres::Row;
use tracing::Instrument as _;

use super::report::{AuditedTable, Measured};
use super::sampled;
use crate::engine::discover;
use crate::engine::evidence::{Clock, Stamps, young};
use crate::engine::run::{Context, read_step, spans};
use crate::error::{Place as _, Result};
use crate::name::{Side, Sided};
use crate::pg::{Session, Snapshot};
use crate::schema::Method;
use crate::staging::{DatabaseRecord, TableRecord};
use crate::statement::{self, RowSource, is_selected, stamped_since};

/// Measures what the time columns of every carried table would have missed. Each table is read once on each side where it is
/// known which transactions were over at the cutover; else so many rows of it (`most`) are compared, picked by one scan of NEW.
///
/// # Errors
/// `Config` or `Usage` where no cutover is stated; whatever connecting and reading can give.
pub async fn audit(context: &Context, databases: &[DatabaseRecord], most: u32) -> Result<Vec<AuditedTable>> {
    let work = read_step(context, async |context| {
        let mut found = Vec::new();
        for database in databases {
            let audited = audit_database(context, database, most).instrument(spans::database(&database.name)).await;
            found.extend(audited.place(|| format!("database {}", database.name))?);
        }
        Ok(found)
    });
    work.instrument(spans::step(context, "audit")).await
}

/// What tables are measured with.
struct Tools<'a> {
    context: &'a Context,
    sessions: Sided<&'a Session>,
    clock: &'a Clock,
    /// The predicate for rows that may have been written since the cutover; nothing where nothing says which those are.
    young: Option<Sided<String>>,
    most: u32,
}

async fn audit_database(context: &Context, database: &DatabaseRecord, most: u32) -> Result<Vec<AuditedTable>> {
    let selection = context.selection();
    let clock = Clock::new(selection.cutover()?.micros(), selection.overlap_us(), &selection.zone())?;
    let Sided { old, new } = discover::connect(context, &database.name).await?;
    let snapshots = Sided::from(try_join!(Snapshot::hold(old), Snapshot::hold(new))?);
    let sessions = snapshots.as_ref().map(Snapshot::session);
    let young = match database.horizons() {
        Some(known) => {
            let of = |side: Side| young(sessions.get(side), known.get(side).horizon);
            Some(Sided::from(try_join!(of(Side::Old), of(Side::New))?))
        }
        None => None,
    };
    let tools = Tools { context, sessions, clock: &clock, young, most };
    let mut found = Vec::new();
    for table in database.tables.iter().filter(|table| table.method != Method::Skip) {
        context.reporter().check_stop()?;
        let measured = tools.measure(database, table).await.place(|| &table.name)?;
        found.push(AuditedTable { database: database.name.clone(), table: table.name.to_string(), measured });
    }
    Ok(found)
}

impl Tools<'_> {
    async fn measure(&self, database: &DatabaseRecord, table: &TableRecord) -> Result<Measured> {
        let nothing = |why: &str| Ok(Measured::Nothing { why: why.to_owned() });
        if table.key.is_whole_row() {
            return nothing("it has no key");
        }
        if table.times.is_empty() {
            return nothing("no column says when a row was written: it is not looked at by stamps");
        }
        // What a scan by stamps passes over on NEW, and what it takes for unwritten on OLD.
        let selected = stamped_since(&self.clock.since_literals(&table.times, &table.layout));
        let unseen =
            Sided { old: self.clock.untouched(&table.times, "t"), new: format!("not {}", is_selected(Some(&selected))) };
        match &self.young {
            Some(young) if table.unmarked.is_none() => self.count(database, table, young.as_ref().zip(unseen)).await,
            _ => {
                let now_us = self.sessions.old.read_clock().await?.server_us;
                let stamps = Stamps::new(&table.layout, &table.times, self.clock, Some(now_us));
                let by = (self.context.reporter(), self.sessions);
                sampled::compare(by, table, &stamps, (&unseen.new, self.most)).await
            }
        }
    }

    /// Counts the rows of both sides.
    async fn count(
        &self,
        database: &DatabaseRecord,
        table: &TableRecord,
        conditions: Sided<(&String, String)>,
    ) -> Result<Measured> {
        let of = async |side| {
            let (young, unseen) = conditions.get(side);
            let source = RowSource::of(if side == Side::Old { &table.old } else { &table.new }, &table.key, side);
            let query = statement::written_and_unseen(source, young, unseen);
            let rows = self.sessions.get(side).query(&query, &[]).await.place(|| side)?;
            let number = |row: &Row, at: usize| u64::try_from(row.get::<_, i64>(at)).unwrap_or(0);
            Ok::<_, crate::error::Error>(rows.first().map_or((0, 0), |row| (number(row, 0), number(row, 1))))
        };
        let counted = Sided::from(try_join!(of(Side::Old), of(Side::New))?);
        let (written, missed) = (counted.map(|(written, _)| written), counted.map(|(_, missed)| missed));
        Ok(Measured::Xid { evidence: database.grades(), written, missed })
    }
}
