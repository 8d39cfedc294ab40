//! Whether a schema holds failback's ledger, is free for it, or is somebody else's.

use tokio_postgres::Client;

use super::{fact, ledger};
use crate::error::Result;
use crate::name::Ident;
use crate::schema::{LedgerFacts, LedgerPlace};

const SQL: &str = include_str!("../../sql/catalog/ledger_place.sql");

/// Looks at the schema that is meant for the ledger. Needs no privilege.
///
/// # Errors
/// `Server` if a query fails, `Malformed` if an answer makes no sense.
pub async fn ledger_place(client: &Client, schema: &Ident) -> Result<LedgerPlace> {
    let tables = ledger::tables(client).await?;
    let rows = client.query(SQL, &[&schema.as_str()]).await;
    let rows = rows.map_err(|error| crate::pg::describe("look at the ledger's schema", error))?;
    let has = |name: &str| tables.values().any(|table| table.schema == *schema && table.name.as_str() == name);
    let mut elsewhere = tables.values().filter(|table| table.schema != *schema && table.name.as_str() == "ledger");
    let mut facts = LedgerFacts {
        exists: !rows.is_empty(),
        has_ledger: has("ledger"),
        has_brought: has("brought"),
        elsewhere: elsewhere.next().map(|table| table.schema.clone()),
        ..LedgerFacts::default()
    };
    if let Some(row) = rows.first() {
        facts.comment = fact::get(row, "comment")?;
        facts.holds = fact::get(row, "holds")?;
        facts.has_name_of_brought = fact::get(row, "has_name_of_brought")?;
        facts.has_identity = fact::get(row, "has_identity")?;
    }
    Ok(LedgerPlace::judge(facts))
}
