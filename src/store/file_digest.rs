//! A committed file as the manifest lists it.

use serde::{Deserialize, Serialize};

/// A file of the run, as it was when it was committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileDigest {
    /// The path relative to the run, with `/` between its parts.
    pub path: String,
    /// Size in bytes, as committed.
    pub bytes: u64,
    /// The BLAKE3 digest of the content, 64 lower-case hexadecimal digits.
    pub blake3: String,
}
