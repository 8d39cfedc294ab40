//! A horizon that is estimated from rows with time columns. Each table that has such columns is read once, a large one in part.
//!
//! Only columns that hold instants are read: a wall clock would be an hour off twice a year. What the estimate takes for
//! granted, and what it leaves in doubt, goes out with it.

use super::commit_timestamps;
use super::search::{Search, lacking};
use crate::catalog;
use crate::config::TableSettings;
use crate::delta::{EstimateBasis, FIRST_NORMAL, Horizon, LEAST_SUPPORT, StampedXids, estimate};
use crate::engine::rows::RawRows;
use crate::engine::run::Context;
use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::name::Ident;
use crate::pg::Session;
use crate::schema::{Leaf, Method, Table};
use crate::statement::{copy_binary, stamped_xids};
use crate::wire::RowBuffer;

/// Of a larger leaf so many blocks are read: 128 MiB.
const BLOCKS: u64 = 16_384;

/// What [`stamped_xids`] gives.
const COLUMNS: usize = 3;

/// Returns a side's horizon and what it rests on, or what is missing. The tables of all the databases are looked at: their
/// transactions are numbered through.
///
/// # Errors
/// Whatever connecting can give.
pub(super) async fn find(
    context: &Context,
    search: &Search,
    databases: &[String],
) -> Result<Result<(Horizon, EstimateBasis), String>> {
    let mut seen = StampedXids::default();
    for database in databases {
        let session = context.servers().connect(search.session.side(), database).await?;
        read_database(context, search, &session, database, &mut seen).await.place(|| format!("database {database}"))?;
        session.close().await;
    }
    let found = match estimate(&seen, search.cutover_by_server_us(), search.overlap_us, search.ids.next) {
        Ok(found) => found,
        Err(too_little) => {
            return Ok(Err(format!(
                "{} of {} transactions with stamps are from before the cutover for certain, and {LEAST_SUPPORT} are needed",
                too_little.support, too_little.transactions
            )));
        }
    };
    let horizon = found.horizon.min(Horizon::new(search.ids.ended));
    let late = commit_timestamps::find_late_below(search, horizon.xid()).await?;
    Ok(Ok((late.map_or(horizon, Horizon::new), found.basis)))
}

async fn read_database(
    context: &Context,
    search: &Search,
    session: &Session,
    database: &str,
    seen: &mut StampedXids,
) -> Result<()> {
    let selection = context.selection();
    for table in catalog::read(session.client()).await?.tables {
        let name = table.name.to_string();
        let settings = selection.table(database, &name);
        let stamps = instants(&table, &settings);
        if stamps.is_empty() || settings.method == Some(Method::Skip) || !selection.wants(&name) {
            continue;
        }
        seen.begin_table(format!("{database}: {name}"));
        for leaf in table.leaves.iter().filter(|leaf| leaf.heap) {
            if let Err(error) = read_leaf(search, session, leaf, &stamps, seen).await {
                // What this user may not read says nothing.
                lacking(error)?;
            }
        }
    }
    Ok(())
}

/// The columns of a table that say at which instant a row was written.
fn instants(table: &Table, settings: &TableSettings) -> Vec<Ident> {
    let is_instant = |name: &&String| {
        let column = table.column(&Ident::new(name.as_str()));
        column.is_some_and(|column| column.data_type.builtin && column.data_type.base == "timestamptz")
    };
    let named = [&settings.created.names, &settings.updated.names];
    named.into_iter().filter_map(|names| names.iter().find(is_instant)).map(|name| Ident::new(name.as_str())).collect()
}

async fn read_leaf(search: &Search, session: &Session, leaf: &Leaf, stamps: &[Ident], seen: &mut StampedXids) -> Result<()> {
    #[expect(clippy::cast_precision_loss, reason = "a share of blocks need not be exact")]
    let percent = (leaf.blocks > BLOCKS).then(|| 100.0 * BLOCKS as f64 / leaf.blocks as f64);
    let query = copy_binary(&stamped_xids(&leaf.name, stamps, percent));
    let mut raw = RawRows::open(session, &query, COLUMNS).await?;
    let mut rows = RowBuffer::new(COLUMNS);
    while raw.fill(&mut rows).await? {
        search.reporter.check_stop()?;
        for row in 0..rows.row_count() {
            let malformed = || Error::new(ErrorKind::Malformed, "read who wrote rows").at(&leaf.name);
            let number = |column| {
                let bytes = rows.field(row, column).and_then(|bytes| bytes.try_into().ok());
                bytes.map(i64::from_be_bytes).ok_or_else(malformed)
            };
            let (bits, stamp_us, next) = (number(0)?, number(1)?, number(2)?);
            let bits = u32::try_from(bits).map_err(|_| malformed())?;
            let next = u64::try_from(next).map_err(|_| malformed())?;
            if let Some(horizon) = Horizon::latest(bits, next).filter(|_| bits >= FIRST_NORMAL) {
                seen.add(horizon.xid(), stamp_us);
            }
        }
    }
    Ok(())
}
