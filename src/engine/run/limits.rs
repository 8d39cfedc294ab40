//! How much a step may ask of the servers and of this machine at a time.

/// Heap and TOAST bytes that one chunk of work reads at most, by estimate: what a broken connection costs, and how large files
/// become.
pub const CHUNK_BYTES: u64 = 256 << 20;

/// How much is asked for at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    jobs: usize,
    chunk_bytes: u64,
}

impl Limits {
    /// Allows each server so many connections at most, and chunks of [`CHUNK_BYTES`].
    #[must_use]
    pub const fn new(jobs: usize) -> Self {
        Self { jobs, chunk_bytes: CHUNK_BYTES }
    }

    /// Makes chunks that read about so many bytes at most.
    #[must_use]
    pub const fn with_chunk_bytes(self, chunk_bytes: u64) -> Self {
        Self { chunk_bytes, ..self }
    }

    /// Returns how many connections a server gets, at least one.
    #[must_use]
    pub fn jobs(self) -> usize {
        self.jobs.max(1)
    }

    /// Returns how many bytes of a table, by estimate, one connection reads before it takes up another chunk, at least one.
    #[must_use]
    pub fn chunk_bytes(self) -> u64 {
        self.chunk_bytes.max(1)
    }
}
