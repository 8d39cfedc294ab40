//! What a new session is asked before its settings are pinned: a role's own `statement_timeout` may end even this.

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error, SimpleQueryMessage};

/// How often such a query is sent at most.
const TRIES: u32 = 10;

/// Sends a query, and sends it again where it was cancelled.
pub(super) async fn first_query(client: &Client, query: &str) -> Result<Vec<SimpleQueryMessage>, Error> {
    let mut tries = 0;
    loop {
        tries += 1;
        match client.simple_query(query).await {
            Err(error) if tries < TRIES && error.code() == Some(&SqlState::QUERY_CANCELED) => {}
            done => return done,
        }
    }
}
