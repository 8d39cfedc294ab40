//! What says what one database's rows were at the cutover: a third server, or a baseline that was kept.

use super::base::BaseEvidence;
use super::baseline::BaselineEvidence;
use crate::codec::RowLayout;
use crate::engine::run::{Context, Ledger};
use crate::error::{Place as _, Result};
use crate::name::{Side, Sided};
use crate::pg::{ServerIdentity, Session};
use crate::schema::{ComparisonKey, Table};

/// What says what rows were.
#[derive(Debug)]
pub(crate) enum BaseSource<'a> {
    /// A third server.
    Server(Box<BaseEvidence>),
    /// What was kept before the cutover.
    Kept(BaselineEvidence<'a>),
}

impl<'a> BaseSource<'a> {
    /// Reads what there is of one database; `base` is a session with BASE's, if there is a BASE.
    ///
    /// # Errors
    /// As [`BaseEvidence::read`] and [`BaselineEvidence::read`]; `Usage` where nobody has stated the cutover.
    pub(crate) async fn read(
        context: &'a Context,
        base: Option<&Session>,
        old: &Session,
        identity: Sided<&ServerIdentity>,
    ) -> Result<Option<Self>> {
        let ledger = (old, &Ledger::of(context));
        let selection = context.selection();
        if let Some(base) = base {
            let cutover_us = selection.cutover()?.micros();
            let read = BaseEvidence::read(base, ledger, cutover_us, identity).await;
            return read.map(Box::new).map(Self::Server).map(Some);
        }
        let Some(armed) = selection.baseline() else { return Ok(None) };
        let cutover_us = selection.cutover()?.micros();
        let read = BaselineEvidence::read(&armed.baseline, ledger, identity.old, cutover_us).await;
        read.place(|| Side::Old).map(Self::Kept).map(Some)
    }

    /// Says why it proves nothing of a table of OLD's, whose rows have this key and these columns now; `None` where it does.
    pub(crate) fn objection(&self, old: &Table, key: &ComparisonKey, layout: &RowLayout) -> Option<String> {
        match self {
            Self::Server(base) => base.objection(old),
            Self::Kept(baseline) => baseline.objection(old, key, layout),
        }
    }

    /// Says what is taken on trust of a table; `None` where nothing is. `by_xid`: whether transaction ids say which of its rows
    /// were written since.
    pub(crate) fn trusted(&self, by_xid: bool) -> Option<&str> {
        match self {
            Self::Server(base) => base.trusted(),
            Self::Kept(_) => BaselineEvidence::trusted(by_xid),
        }
    }

    /// What it is called where it proves nothing.
    pub(crate) const fn called(&self) -> &'static str {
        match self {
            Self::Server(_) => "BASE",
            Self::Kept(_) => "the baseline",
        }
    }

    /// Says what it is, for people.
    pub(crate) fn sentence(&self) -> String {
        match self {
            Self::Server(base) => base.sentence(),
            Self::Kept(baseline) => baseline.sentence(),
        }
    }
}
