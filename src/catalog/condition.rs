//! What a condition of a rule is made of, as the server has parsed it.

use tokio_postgres::Client;

use super::fact;
use crate::error::Result;
use crate::pg::describe;

const SQL: &str = include_str!("../../sql/catalog/condition.sql");

/// What a condition is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionFacts {
    /// How many values it gives.
    pub columns: i64,
    /// The type of the first.
    pub sql_type: String,
    /// How many queries there are in its view.
    pub queries: i32,
    /// Whether it gathers rows, or makes several of one.
    pub gathers: bool,
    /// Its functions that are VOLATILE.
    pub volatile: Option<String>,
}

/// Reads what the condition is made of for which a temporary view stands.
///
/// # Errors
/// `Server` if the query fails.
pub async fn condition_facts(client: &Client, view: &str) -> Result<ConditionFacts> {
    let asked = client.query_one(SQL, &[&view]).await;
    let row = asked.map_err(|error| describe("look at a condition", error))?;
    Ok(ConditionFacts {
        columns: fact::get(&row, "columns")?,
        sql_type: fact::get(&row, "type")?,
        queries: fact::get(&row, "queries")?,
        gathers: fact::get(&row, "gathers")?,
        volatile: fact::get(&row, "volatile")?,
    })
}
