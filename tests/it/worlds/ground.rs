//! The ground that worlds stand on, one after the other: databases that are emptied for the next.

use failback::name::{Side, Sided};
use tokio_postgres::Client;

use crate::support::{self, Pair, block_on};

/// How many databases a world has.
const DATABASES: usize = 2;

/// Databases on both sides, of one worker.
pub(super) struct Ground {
    pairs: Vec<Pair>,
}

impl Ground {
    /// Creates the databases.
    pub(super) fn new() -> Self {
        Self { pairs: (0..DATABASES).map(|_| support::pair("worlds")).collect() }
    }

    /// Returns the databases' names.
    pub(super) fn databases(&self) -> Vec<String> {
        self.pairs.iter().map(|pair| pair.database.clone()).collect()
    }

    /// Returns the way to both servers, by the first database.
    pub(super) fn pair(&self) -> Pair {
        let Pair { database, old, new } = &self.pairs[0];
        Pair { database: database.clone(), old: old.clone(), new: new.clone() }
    }

    /// Empties every database; returns a connection to each.
    pub(super) fn fresh(&self) -> Sided<Vec<Client>> {
        const EMPTY: &str = "set client_min_messages = error; drop schema if exists failback cascade;
             drop schema public cascade; create schema public; set timezone = 'UTC'";
        let connect = |side: Side, pair: &Pair| {
            block_on(async {
                let client = support::connect(pair.url(side)).await;
                client.batch_execute(EMPTY).await.expect("an empty database");
                client
            })
        };
        Sided::of(|side| self.pairs.iter().map(|pair| connect(side, pair)).collect())
    }
}
