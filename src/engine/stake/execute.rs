//! Counting rows of NEW that were written since the cutover, one database after the other.

use std::time::{Duration, Instant};

use tracing::Instrument as _;

use super::{Stake, StakedTable};
use crate::delta::Evidence;
use crate::engine::evidence::{Clock, young};
use crate::engine::run::{Context, read_step, spans};
use crate::error::{ErrorKind, Place as _, Result};
use crate::name::Side;
use crate::pg::Session;
use crate::schema::Method;
use crate::staging::{DatabaseRecord, TableRecord};
use crate::statement::{self, RowSource, stamped_since};

/// Counts, for so long at most in all. What takes longer, or may not be read, is said to be not counted.
///
/// # Errors
/// `Config` or `Usage` where no cutover is stated; whatever connecting can give.
pub async fn stake(context: &Context, databases: &[DatabaseRecord], within: Duration) -> Result<Stake> {
    let until = Instant::now() + within;
    let work = read_step(context, async |context| {
        let mut found = Stake::default();
        for database in databases {
            let counted = count_database(context, database, until).instrument(spans::database(&database.name)).await;
            found.tables.extend(counted.place(|| format!("database {}", database.name))?);
        }
        Ok(found)
    });
    work.instrument(spans::step(context, "stake")).await
}

async fn count_database(context: &Context, database: &DatabaseRecord, until: Instant) -> Result<Vec<StakedTable>> {
    let selection = context.selection();
    let clock = Clock::new(selection.cutover()?.micros(), selection.overlap_us(), &selection.zone())?;
    let new = context.servers().connect(Side::New, &database.name).await?;
    let young = match database.horizons() {
        Some(known) => Some(young(&new, known.new.horizon).await?),
        None => None,
    };
    let mut found = Vec::new();
    for table in database.tables.iter().filter(|table| table.method != Method::Skip) {
        context.reporter().check_stop()?;
        let by_ids = young.as_ref().filter(|_| table.unmarked.is_none());
        let condition = match by_ids {
            Some(young) => Some((young.clone(), database.grades().new)),
            None if table.times.is_empty() => None,
            None => Some((stamped_since(&clock.since_literals(&table.times, &table.layout)), Evidence::Column)),
        };
        let (rows, evidence, why) = match condition {
            None => (None, None, Some("nothing says which of its rows are new without comparing them with OLD's".to_owned())),
            Some((condition, evidence)) => match count(&new, table, &condition, until).await {
                Ok(rows) => (Some(rows), Some(evidence), None),
                Err(error) if error.kind() == ErrorKind::Interrupted || new.is_closed() => return Err(error),
                Err(error) if error.kind() == ErrorKind::Timeout => (None, None, Some(TOO_LONG.to_owned())),
                Err(error) => (None, None, Some(error.causes().join("; "))),
            },
        };
        let (database, table) = (database.name.clone(), table.name.to_string());
        found.push(StakedTable { database, table, rows, evidence, why });
    }
    Ok(found)
}

/// Why a table was not counted for which there was no time.
const TOO_LONG: &str = "counting it takes longer than was allowed";

async fn count(new: &Session, table: &TableRecord, condition: &str, until: Instant) -> Result<u64> {
    new.limit_statements(until.saturating_duration_since(Instant::now())).await?;
    let query = statement::count_selected(RowSource::of(&table.new, &table.key, Side::New), condition);
    let rows = new.query(&query, &[]).await.place(|| &table.name)?;
    Ok(rows.first().map_or(0, |row| u64::try_from(row.get::<_, i64>(0)).unwrap_or(0)))
}
