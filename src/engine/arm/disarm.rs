//! Drops the slots that were made with a mark.

use serde::Serialize;
use tracing::Instrument as _;

use crate::engine::run::{Context, foreign, slots_on_new, spans};
use crate::error::{Error, ErrorKind, Result};
use crate::name::Side;
use crate::staging::Mark;
use crate::words::words;

/// What became of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Disarmed {
    /// It was dropped.
    Dropped,
    /// It was not there any more.
    Gone,
    /// There is one of its name, and it is not the one that was made: it was left.
    Left,
}

words!(Disarmed {
    Dropped => "dropped",
    Gone => "gone",
    Left => "left",
});

/// One slot that was made with a mark, and what became of it.
#[derive(Clone, Debug, Serialize)]
pub struct DisarmedSlot {
    /// Its name.
    pub slot: String,
    /// The database that it was of.
    pub database: String,
    /// What became of it.
    pub outcome: Disarmed,
    /// How many bytes of log it held.
    pub released_bytes: Option<u64>,
    /// Why it was left.
    pub why: Option<String>,
}

/// Drops every slot that was made with a mark, and no other: one is known by its name, which no other gets, its database and
/// what decodes it, on the server of the mark.
///
/// # Errors
/// `Refused` where NEW is not the server of the mark; `Server` where somebody reads a slot; whatever connecting can give.
pub async fn disarm(context: &Context, mark: &Mark) -> Result<Vec<DisarmedSlot>> {
    disarm_all(context, mark).instrument(spans::step(context, "disarm")).await
}

async fn disarm_all(context: &Context, mark: &Mark) -> Result<Vec<DisarmedSlot>> {
    let (session, there) = slots_on_new(context, context.servers().endpoint(Side::New).database()).await?;
    let identity = session.identity().await?;
    if identity.system_identifier.as_ref() != Some(&mark.servers.new.system_identifier) {
        return Err(Error::new(ErrorKind::Refused, "drop the slots")
            .at(session.place())
            .because("it is another server than the one on which they were made")
            .next("check --new, NEW_PG* and failback.toml"));
    }
    let mut found = Vec::new();
    for (database, marked) in mark.slots() {
        context.reporter().check_stop()?;
        let one = |outcome, released_bytes, why| DisarmedSlot {
            slot: marked.name.clone(),
            database: database.name.clone(),
            outcome,
            released_bytes,
            why,
        };
        let Some(slot) = there.iter().find(|slot| slot.name == marked.name) else {
            found.push(one(Disarmed::Gone, None, None));
            continue;
        };
        if let Some(why) = foreign(slot, database) {
            found.push(one(Disarmed::Left, None, Some(why)));
            continue;
        }
        let dropped = session.drop_slot(&slot.name).await.map_err(|error| {
            error.at(format!("slot {}", slot.name)).next("a retry is safe: run the same command again once nobody reads it")
        })?;
        let outcome = if dropped { Disarmed::Dropped } else { Disarmed::Gone };
        found.push(one(outcome, slot.retained_bytes.filter(|_| dropped), None));
    }
    Ok(found)
}
