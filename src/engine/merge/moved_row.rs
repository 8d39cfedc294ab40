//! A row of OLD that is not as it must be for the plan to be carried out.

/// A row of OLD that is not as it must be for the plan to be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MovedRow {
    /// Its position in the diff.
    pub(crate) row: usize,
    /// Whether it is as it would become: then nothing is to be done.
    pub(crate) is_there: bool,
}
