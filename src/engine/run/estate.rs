//! The databases of a server that can hold an estate.

use std::collections::BTreeMap;

use super::context::Context;
use crate::catalog;
use crate::error::{ErrorKind, Place as _, Result};
use crate::name::Side;
use crate::pg::Session;

/// The database that every server has; mostly nobody has made anything in it.
const MAINTENANCE: &str = "postgres";

/// What can be done with a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// It can be looked at.
    Open,
    /// It can be, and there is nothing in it: it is `postgres`.
    Empty,
    /// It is one that others are made from.
    Template,
    /// It cannot be looked at, for this reason.
    Closed(String),
}

/// The databases of one side, by name.
pub(crate) type Estate = BTreeMap<String, Place>;

/// Looks at the databases of a side.
///
/// # Errors
/// Whatever connecting with the database that is configured can give.
pub(crate) async fn estate(context: &Context, side: Side) -> Result<Estate> {
    let servers = context.servers();
    let session = servers.connect(side, servers.endpoint(side).database()).await?;
    let mut found = Estate::new();
    for database in catalog::databases(session.client()).await.place(|| side)? {
        let place = match (database.is_open, database.is_template) {
            (false, _) => Place::Closed("it takes no connections (ALLOW_CONNECTIONS false)".to_owned()),
            (true, true) => Place::Template,
            (true, false) if database.name == MAINTENANCE => Box::pin(maintenance(context, &session, side)).await?,
            (true, false) => Place::Open,
        };
        found.insert(database.name, place);
    }
    Ok(found)
}

/// Lists the databases of a side that hold something, or may.
///
/// # Errors
/// As [`estate`].
pub(crate) async fn open_databases(context: &Context, side: Side) -> Result<Vec<String>> {
    let found = estate(context, side).await?;
    Ok(found.into_iter().filter(|(_, place)| *place == Place::Open).map(|(name, _)| name).collect())
}

/// Looks whether anybody has made anything in `postgres`. A user who may not connect to it has made nothing there.
async fn maintenance(context: &Context, session: &Session, side: Side) -> Result<Place> {
    let look = async {
        if session.endpoint().database() == MAINTENANCE {
            return catalog::has_relations(session.client()).await;
        }
        catalog::has_relations(context.servers().connect(side, MAINTENANCE).await?.client()).await
    };
    match look.await {
        Ok(true) => Ok(Place::Open),
        Ok(false) => Ok(Place::Empty),
        Err(error) if error.kind() == ErrorKind::Interrupted => Err(error),
        Err(error) => Ok(Place::Closed(format!("it could not be looked at: {}", error.causes().join("; ")))),
    }
}
