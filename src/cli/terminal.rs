//! How wide the terminal is.

use std::os::fd::AsFd;

use rustix::termios::tcgetwinsize;

/// What a terminal that does not say has.
const USUAL: usize = 80;

/// Returns how many columns the terminal has that a stream goes to; `None` where it goes elsewhere.
pub(super) fn width(stream: impl AsFd) -> Option<usize> {
    let size = tcgetwinsize(stream).ok()?;
    Some(if size.ws_col == 0 { USUAL } else { size.ws_col.into() })
}
