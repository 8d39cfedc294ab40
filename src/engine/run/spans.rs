//! The spans in which a step works, for a log: never with a row's values. A chunk's task may hold keys in its ranges, and an
//! error may name a key, so of a task its word is told, and of an error its kind and SQLSTATE.

use tracing::field::Empty;
use tracing::{Span, info_span, warn};

use super::context::Context;
use crate::error::Error;
use crate::pg::sqlstate;
use crate::staging::Chunk;

/// A step of a run.
pub(crate) fn step(context: &Context, verb: &'static str) -> Span {
    info_span!("step", verb, run = context.run())
}

/// What a step does in one database.
pub(crate) fn database(name: &str) -> Span {
    info_span!("database", name)
}

/// Waiting for a lock on OLD.
pub(crate) fn lock(of: &'static str) -> Span {
    info_span!("lock", of)
}

/// A chunk of work on a table.
pub(crate) fn chunk(table: &str, chunk: &Chunk) -> Span {
    info_span!("chunk", task = chunk.task.word(), table, number = chunk.number, rows = Empty)
}

/// Tells how many rows the chunk led to in whose span this is called.
pub(crate) fn tell_rows(rows: u64) {
    Span::current().record("rows", rows);
}

/// Tells that something failed, and what comes of it.
pub(crate) fn tell_failure(error: &Error, then: &'static str) {
    warn!(kind = error.kind().word(), sqlstate = sqlstate(error), then, "failed");
}
