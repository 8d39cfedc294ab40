//! An error in one line.

use crate::error::Error;

/// Says why, and what to do: for whoever has just asked for it.
pub(super) fn why(error: &Error) -> String {
    [error.causes(), error.hints()].concat().join("; ")
}

/// Says what failed, why, and what to do.
pub(super) fn told(error: &Error) -> String {
    let parts = [vec![error.what().to_owned()], error.places().to_vec(), error.causes(), error.hints()];
    parts.concat().join("; ")
}
