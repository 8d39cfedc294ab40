//! A row of OLD that is not as it must be for the plan to be carried out.

/// A row of OLD that is not as it must be for the plan to be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MovedRow {
    /// Its position in the diff.
    pub(crate) row: usize,
    /// What it is.
    pub(crate) how: Moved,
}

/// What a row is that is not as it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moved {
    /// As it would become: nothing is to be done.
    There,
    /// Somebody has written it.
    Written,
    /// There is none under its key.
    Missing,
    /// Its key, which no index keeps unique, is on OLD more than once.
    Doubled,
}
