//! Tables whose definition is no longer what a step has read of it.

use crate::error::{Error, ErrorKind};
use crate::pg::{ServerFault, server_fault};

/// Says of an error that a name is unknown to the server that a definition has changed: names come from definitions, and were
/// known when those were read. `then` is what to do. Other errors stay as they are.
pub(crate) fn tell_redefined(error: Error, then: &str) -> Error {
    // A table, column, type or schema that is not there.
    let unknown = |fault: &&ServerFault| matches!(fault.sqlstate.as_str(), "42P01" | "42703" | "42704" | "3F000");
    if error.kind() != ErrorKind::Server || server_fault(&error).is_none_or(|fault| !unknown(&fault)) {
        return error;
    }
    Error::new(ErrorKind::Contention, "read a table as it was defined")
        .because(error)
        .next(format!("it was changed, renamed or dropped since its definition was read; a retry is safe: {then}"))
}
