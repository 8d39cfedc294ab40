//! The run's JSON files: each step writes one when it has finished, which makes what it did exist. They are chained by digest:
//! each names the one that it was made from.
//!
//! The format version is read before anything else, so that another version's run is refused in words instead of misread.

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};
use crate::store::Store;

/// The version of the run's files that this failback writes and reads.
pub const FORMAT_VERSION: u32 = 2;

/// Writes one of the run's JSON files.
pub(super) fn write_json<T: Serialize>(store: &dyn Store, path: &str, value: &T) -> Result<()> {
    store.write(path, &json(path, value)?).map(|_| ())
}

/// Returns a record as one line, for a file that records are added to.
pub(super) fn line<T: Serialize>(path: &str, value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::new(ErrorKind::Storage, format!("write {path}")).because(error))
}

/// Returns the content of one of the run's JSON files.
pub(super) fn json<T: Serialize>(path: &str, value: &T) -> Result<Vec<u8>> {
    let mut text = serde_json::to_vec_pretty(value)
        .map_err(|error| Error::new(ErrorKind::Storage, format!("write {path}")).because(error))?;
    text.push(b'\n');
    Ok(text)
}

/// Reads one of the run's JSON files; `made_by` is the command that writes it.
///
/// # Errors
/// `Refused` where it does not exist or another version of the format wrote it, `Damaged` where it cannot be read.
pub(super) fn read_json<T: for<'de> Deserialize<'de>>(store: &dyn Store, path: &str, made_by: &str) -> Result<T> {
    if !store.exists(path)? {
        return Err(Error::new(ErrorKind::Refused, format!("read {path}"))
            .at(store.location())
            .because("this run has no such file: the step that writes it has not finished")
            .next(format!("run `{made_by}` first")));
    }
    let bytes = store.read(path)?;
    let damaged =
        |error: serde_json::Error| Error::new(ErrorKind::Damaged, format!("read {path}")).at(store.location()).because(error);
    let version: Version = serde_json::from_slice(&bytes).map_err(damaged)?;
    if version.format_version != FORMAT_VERSION {
        let age = if version.format_version > FORMAT_VERSION { "a newer" } else { "an older" };
        return Err(Error::new(ErrorKind::Refused, format!("read {path}"))
            .at(store.location())
            .because(format!(
                "{age} failback wrote it: it has format version {}, and this one reads {FORMAT_VERSION} only",
                version.format_version
            ))
            .next("use the failback that made the run, or make a new run with `failback export`"));
    }
    serde_json::from_slice(&bytes).map_err(damaged)
}

#[derive(Deserialize)]
struct Version {
    format_version: u32,
}

/// Returns the blake3 digest of one of the run's files.
pub fn index_digest(store: &dyn Store, path: &str) -> Result<String> {
    Ok(blake3::hash(&store.read(path)?).to_hex().to_string())
}
