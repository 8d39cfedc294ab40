//! Compare and set: rows that the statement which updates them compares with what was classified, by a digest of every value.
//! The server asks again of a row that it had to wait for, and a row that is another one by then is not updated: the count is
//! short, and everything is rolled back. They are neither locked nor read before.

use std::fmt;

use super::table_merge::TableMerge;
use crate::engine::plan::Direction;
use crate::engine::rows::{SentRow, finding_names};
use crate::error::{Error, ErrorKind, Result};
use crate::pg::Session;
use crate::policy::Action;
use crate::schema::ForeignKey;
use crate::statement::Operation;

/// Rows were not updated, as they were not what they were to be.
#[derive(Debug)]
struct Short(u64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows were not as classified when they were to be updated", self.0)
    }
}

impl std::error::Error for Short {}

/// Whether a transaction failed because rows were not as classified when they were to be updated: one that locks and reads them
/// first says which they are, or that there are none.
pub(super) fn is_short(error: &Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        if inner.is::<Short>() {
            return true;
        }
        cause = inner.source();
    }
    false
}

impl TableMerge<'_> {
    /// Has rows compared by the statements that update them, where nothing else asks for their locks. `keys` are those by which
    /// children find parents: a parent is locked against children that come before it is written.
    ///
    /// # Errors
    /// Whatever asking OLD can give.
    pub(super) async fn swap_rows(&mut self, old: &Session, keys: &[ForeignKey]) -> Result<()> {
        let is_parent = keys.iter().any(|key| key.parent == self.record.name);
        let is_forward = self.direction == Direction::Forward && !self.fires;
        if is_forward && !is_parent && self.is_locked_as_read() && self.wanted.get(Operation::Update) > 0 {
            let layout = &self.record.layout;
            let asking = SentRow::of(old, self.load.source, layout, |column| column.old.is_present());
            self.swap = Some(finding_names(old, self.record.old.inlines(), asking).await?);
        }
        Ok(())
    }

    /// Whether a row is compared by the statement that updates it.
    pub(super) fn is_swapped(&self, action: Action) -> bool {
        self.swap.is_some() && self.operation(action) == Some(Operation::Update)
    }

    /// # Errors
    /// `Refused` where rows that are compared as they are updated were not as classified; [`is_short`] knows it again.
    pub(super) fn expect_unswapped(&self, found: u64, wanted: u64) -> Result<()> {
        if self.swap.is_none() || found >= wanted {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Refused, "compare OLD with the plan").because(Short(wanted - found)))
    }
}
