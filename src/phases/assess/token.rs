//! A token that a web service wants to see.

use std::path::Path;

use crate::error::{Error, ErrorKind, Result};
use crate::http::Request;
use crate::store::host_files;

/// Shows the token of a file, if there is one.
pub(super) fn show(request: Request, file: Option<&Path>) -> Result<Request> {
    let Some(file) = file else { return Ok(request) };
    if !host_files::mode_is_private(file)? {
        return Err(Error::new(ErrorKind::Config, "read a token")
            .at(file.display())
            .because("others than its owner can read it: chmod 0600"));
    }
    request.header("authorization", &format!("Bearer {}", host_files::read_text(file)?.trim()))
}
