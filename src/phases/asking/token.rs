//! A token that a web service wants to see.

use std::path::Path;

use crate::error::{Error, ErrorKind, Result};
use crate::store::host_files;

/// Reads the token of a file that nobody else can read, if there is one, as the header that shows it.
///
/// # Errors
/// `Config` where it cannot be read, or others can read it.
pub(in crate::phases) fn of_file(file: Option<&Path>) -> Result<Vec<(String, String)>> {
    let Some(file) = file else { return Ok(Vec::new()) };
    if !host_files::mode_is_private(file)? {
        return Err(Error::new(ErrorKind::Config, "read a token")
            .at(file.display())
            .because("others than its owner can read it: chmod 0600"));
    }
    Ok(vec![bearer(host_files::read_text(file)?.trim())])
}

/// The header that shows a token.
pub(in crate::phases) fn bearer(token: &str) -> (String, String) {
    ("authorization".to_owned(), format!("Bearer {token}"))
}
