//! How much of a run is taken along.

/// How much of a run is taken along at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// So many rows of a table.
    pub rows: u64,
    /// So many bytes of all rows together, as they are written down.
    pub bytes: u64,
    /// Whether their values are.
    pub values: bool,
}

impl Default for Caps {
    fn default() -> Self {
        Self { rows: 5_000, bytes: 20_000_000, values: true }
    }
}
