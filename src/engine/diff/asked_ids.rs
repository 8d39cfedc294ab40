//! What is asked of the transaction ids of a table's rows, beside their stamps.

use crate::delta::Evidence;
use crate::engine::rows::counterpart::NOT_ASKED;
use crate::name::Sided;
use crate::staging::TableRecord;

/// What a row's transaction id is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    /// Nothing: a table that is compared by whole rows has no rows that could be asked.
    Nothing,
    /// Whether it agrees with the row's stamps, which it cannot stand in for.
    Agreement,
    /// Who wrote the row last.
    Proof,
}

/// What is asked of the transaction ids of a table's rows, and how.
#[derive(Clone, Copy)]
pub(super) struct AskedIds<'a> {
    pub(super) asks: Asks,
    /// The predicate that says of rows of OLD whether they may have been written since the cutover.
    pub(super) young: &'a str,
    /// What evidence that is, on each side.
    pub(super) grade: Sided<Evidence>,
}

impl<'a> AskedIds<'a> {
    /// Says what is asked of a table, where it is known, or only `estimated`, which transactions were over at the cutover.
    pub(super) fn of(table: &TableRecord, estimated: bool, young: &'a str, grade: Sided<Evidence>) -> Self {
        match table.asks_ids(estimated) {
            false => Self { asks: Asks::Nothing, young: NOT_ASKED, grade },
            true if table.method.goes_by_ids() => Self { asks: Asks::Proof, young, grade },
            true => Self { asks: Asks::Agreement, young, grade },
        }
    }
}
