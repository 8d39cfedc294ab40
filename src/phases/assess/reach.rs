//! Whether a side's server is reached, and whether its databases are there.

use std::time::Instant;

use super::super::reading::Answer;
use crate::catalog;
use crate::engine::Context;
use crate::error::{ErrorKind, Result};
use crate::name::Side;

/// What was seen of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reached {
    /// Whether it takes a session of ours.
    pub(super) answers: Answer,
    /// Whether every database that is meant is there; where none is named, whether there is any.
    pub(super) has_data: Answer,
    /// What was seen.
    pub(super) seen: String,
}

/// The database that every server has; nobody's rows are in it, as a rule.
const MAINTENANCE: &str = "postgres";

/// Looks at a side's server.
///
/// # Errors
/// `Interrupted` alone: what cannot be reached is an answer.
pub(super) async fn reach(context: &Context, side: Side, is_named: bool) -> Result<Reached> {
    if !is_named {
        let seen = format!("no server is configured for {side}");
        return Ok(Reached { answers: Answer::Unknown, has_data: Answer::Unknown, seen });
    }
    let began = Instant::now();
    let endpoint = context.servers().endpoint(side);
    let (address, database) = (endpoint.address(), endpoint.database().to_owned());
    let looked = async {
        let session = context.servers().connect(side, &database).await?;
        catalog::databases(session.client()).await
    };
    match looked.await {
        Ok(found) => {
            let there: Vec<_> = found.into_iter().filter(|one| !one.is_template).map(|one| one.name).collect();
            let wanted = context.selection().databases();
            let missing: Vec<_> = wanted.iter().filter(|name| !there.contains(name)).cloned().collect();
            let others = there.iter().filter(|name| *name != MAINTENANCE).count();
            let (has_data, seen) = match (wanted, missing.as_slice()) {
                ([], _) if others == 0 && database == MAINTENANCE => (Answer::Unknown, "no database but postgres".to_owned()),
                ([], _) => (Answer::Yes, format!("{} databases, none of them named in failback.toml", there.len())),
                (wanted, []) => (Answer::Yes, format!("all of {} are there", wanted.join(", "))),
                (_, missing) => (Answer::No, format!("there is no {}", missing.join(", "))),
            };
            let took = began.elapsed().as_millis();
            Ok(Reached { answers: Answer::Yes, has_data, seen: format!("{address} answers after {took} ms: {seen}") })
        }
        Err(error) if error.kind() == ErrorKind::Interrupted => Err(error),
        Err(error) => {
            let causes = error.causes().join("; ");
            Ok(Reached { answers: Answer::of_failure(&error), has_data: Answer::Unknown, seen: format!("{address}: {causes}") })
        }
    }
}
