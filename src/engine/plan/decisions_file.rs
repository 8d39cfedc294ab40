//! What people decided about a run: decisions.toml, and the list of picks beside it.

use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::policy::Decisions;
use crate::staging::layout;
use crate::store::Store;

/// Reads the text of decisions.toml; without a file nothing is decided.
///
/// # Errors
/// `Config` where it is no text.
pub fn decisions_text(store: &dyn Store) -> Result<String> {
    text(store, layout::DECISIONS)
}

/// Reads the list of picks, if there is one.
///
/// # Errors
/// `Config` where it is no text.
pub fn picks_text(store: &dyn Store) -> Result<String> {
    text(store, layout::PICKS)
}

fn text(store: &dyn Store, file: &'static str) -> Result<String> {
    if !store.exists(file)? {
        return Ok(String::new());
    }
    String::from_utf8(store.read(file)?).map_err(|_| {
        Error::new(ErrorKind::Config, "read the decisions").at(file).at(store.location()).because("the file is not UTF-8 text")
    })
}

/// Reads the run's decisions.
///
/// # Errors
/// `Config` where they do not make sense, at the line.
pub fn read_decisions(store: &dyn Store) -> Result<Decisions> {
    let decisions = Decisions::parse(&decisions_text(store)?, layout::DECISIONS);
    decisions.and_then(|decisions| decisions.and_picks(&picks_text(store)?, layout::PICKS)).place(|| store.location())
}
