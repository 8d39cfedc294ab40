//! A baseline: what digests of OLD's rows, which were kept before the cutover, prove of one database's.
//!
//! It may be earlier than the cutover. What OLD wrote between the two is on both sides, as replication brought it to NEW, so
//! that it differs only where a side wrote the row again. That a row is the baseline's by its values therefore proves that its
//! side left it alone only where its transaction id says so too; and that a row was not in the baseline proves nothing of the
//! cutover, but that stamps of before the baseline are none of this row's.

use crate::codec::RowLayout;
use crate::engine::run::Ledger;
use crate::error::{Error, ErrorKind, Result};
use crate::pg::{ServerIdentity, Session};
use crate::schema::{ComparisonKey, Table};
use crate::staging::{Baseline, DatabaseBaseline};

/// What a baseline proves of one database.
#[derive(Debug)]
pub(crate) struct BaselineEvidence<'a> {
    made_at: &'a str,
    kept: Option<&'a DatabaseBaseline>,
    /// Whether OLD has taken a merge since.
    merged_since: bool,
}

impl<'a> BaselineEvidence<'a> {
    /// Holds what was kept of a database against what OLD is now. `ledger` is OLD's.
    ///
    /// # Errors
    /// `Refused` where it was made after the cutover, or is of another server; what OLD said.
    pub(crate) async fn read(
        baseline: &'a Baseline,
        (old, ledger): (&Session, &Ledger),
        now: &ServerIdentity,
        cutover_us: i64,
    ) -> Result<Self> {
        let kept = baseline.database(&now.database);
        if let Some(kept) = kept {
            if kept.clock_us > cutover_us {
                let cause = "it was made after the cutover: what was written between the two would be taken for unchanged";
                return Err(refused(cause));
            }
            if (&kept.old.system_identifier, kept.old.database_oid) != (&now.system_identifier, now.database_oid) {
                return Err(refused("it is of another server or database than OLD"));
            }
        }
        let merged_since = match kept {
            Some(kept) => ledger.standing(old).await? > kept.merges,
            None => false,
        };
        Ok(Self { made_at: &baseline.made_at, kept, merged_since })
    }

    /// Says why it proves nothing of a table of OLD's, whose rows have this key and these columns now; `None` where it does.
    pub(crate) fn objection(&self, old: &Table, key: &ComparisonKey, layout: &RowLayout) -> Option<String> {
        let Some(kept) = self.kept else { return Some("the baseline does not know the database".to_owned()) };
        let Some(table) = kept.table(&old.name) else {
            return Some("it is not in the baseline under that name".to_owned());
        };
        if self.merged_since {
            return Some(
                "OLD has taken a merge since, so that the baseline is no longer what both sides have in common".to_owned(),
            );
        }
        if table.key != *key {
            return Some("it has another key than in the baseline".to_owned());
        }
        (table.layout != *layout).then(|| "its columns are others, on OLD or on NEW, than in the baseline".to_owned())
    }

    /// Says what is taken on trust of a table, by whether transaction ids say which of its rows were written since.
    pub(crate) fn trusted(by_xid: bool) -> Option<&'static str> {
        (!by_xid).then_some(
            "the baseline, as far as nobody changed a row on OLD between it and the cutover and back again since, and of rows \
             that came after it their time columns, as far as they are maintained: transaction ids do not tell",
        )
    }

    /// Says what it is, for people.
    pub(crate) fn sentence(&self) -> String {
        let tables = self.kept.map_or(0, |kept| kept.tables.len());
        format!("a baseline of {} has {tables} tables", self.made_at)
    }
}

fn refused(cause: &str) -> Error {
    Error::new(ErrorKind::Refused, "use the baseline")
        .because(cause.to_owned())
        .next("leave --baseline out, or name the one that was made before the cutover")
}
