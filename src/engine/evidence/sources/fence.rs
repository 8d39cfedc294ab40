//! Acts by which somebody may have cut writes over, and that left their transaction in the catalog: they are offered to a
//! person, who alone knows whether that was at the cutover. What is confirmed is given by hand.
//!
//! On OLD it is a role or a database that was set to read only; on NEW that is no sign of the cutover, but a subscription is
//! that was switched off. Only the last change of each is there.

use tokio_postgres::Row;

use super::search::{Search, lacking};
use crate::delta::{FIRST_NORMAL, Horizon, HorizonSource, TriedSource};
use crate::error::{Error, ErrorKind, Result};
use crate::name::Side;

const READ_ONLY: &str = include_str!("../../../../sql/session/fence_read_only.sql");
const SUBSCRIPTIONS: &str = include_str!("../../../../sql/session/fence_subscription.sql");

/// Lists the acts of a side that are known; none where this user may not ask.
///
/// # Errors
/// What the server said.
pub(super) async fn find(search: &Search) -> Result<Vec<TriedSource>> {
    let (statement, said): (_, fn(&Row) -> Option<String>) = match search.session.side() {
        Side::Old => (READ_ONLY, read_only),
        Side::New => (SUBSCRIPTIONS, switched_off),
    };
    let rows = match search.session.query(statement, &[]).await {
        Ok(rows) => rows,
        Err(error) => return lacking(error).map(|_| Vec::new()),
    };
    let malformed = || Error::new(ErrorKind::Malformed, "look for the act of a cutover").at(search.session.place());
    let mut found = Vec::new();
    for row in &rows {
        let bits = row.try_get::<_, i64>("xid").ok().and_then(|bits| u32::try_from(bits).ok()).ok_or_else(malformed)?;
        let act = said(row).ok_or_else(malformed)?;
        // What a server was made with, or pg_upgrade brought, is no act.
        if let Some(horizon) = Horizon::latest(bits, search.ids.next).filter(|_| bits >= FIRST_NORMAL) {
            found.push(TriedSource::Offers { source: HorizonSource::ByHand, xid: horizon.xid(), act });
        }
    }
    Ok(found)
}

fn read_only(row: &Row) -> Option<String> {
    let name = |column| row.try_get::<_, Option<String>>(column).ok();
    let whose = match (name("role")?, name("database")?) {
        (None, None) => "ALTER ROLE ALL".to_owned(),
        (None, Some(database)) => format!("ALTER DATABASE {database}"),
        (Some(role), None) => format!("ALTER ROLE {role}"),
        (Some(role), Some(database)) => format!("ALTER ROLE {role} IN DATABASE {database}"),
    };
    Some(format!("{whose} SET default_transaction_read_only"))
}

fn switched_off(row: &Row) -> Option<String> {
    let name = |column| row.try_get::<_, String>(column).ok();
    Some(format!("ALTER SUBSCRIPTION {} DISABLE, in database {}", name("name")?, name("database")?))
}
