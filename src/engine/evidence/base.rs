//! BASE: what a third server, which shows OLD as it was at the cutover, proves of one database's rows.

use tokio::try_join;

use crate::catalog;
use crate::engine::run::{Context, Ledger};
use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::name::{Side, Sided};
use crate::pg::{Recovered, ServerIdentity, Session, are_in_one_server};
use crate::schema::{Column, Table};
use crate::staging::BaseRecord;

/// What BASE is called in errors.
pub(crate) const BASE: &str = "BASE";

/// What a third server proves of one database.
#[derive(Debug)]
pub(crate) struct BaseEvidence {
    pub(crate) record: BaseRecord,
    tables: Vec<Table>,
    /// Whether OLD has taken a merge since.
    merged_since: bool,
}

impl BaseEvidence {
    /// Opens a session with BASE's database, where there is a BASE.
    ///
    /// # Errors
    /// `Refused` where it leads to OLD or NEW, or to a standby that goes on replaying: it does not stay as it is; `Usage` where
    /// nobody has stated the cutover; whatever connecting can give.
    pub(crate) async fn connect(context: &Context, name: &str, sides: Sided<&Session>) -> Result<Option<Session>> {
        let Some(base) = context.servers().connect_base(name).await? else { return Ok(None) };
        context.selection().cutover()?;
        for (side, session) in [(Side::Old, sides.old), (Side::New, sides.new)] {
            if are_in_one_server(session, &base).await? {
                return Err(refused(format!("it is {side}'s own server and database, which have gone on since")));
            }
        }
        if base.recovered().await?.replays {
            return Err(refused("it is a standby that goes on replaying what its primary does".to_owned())
                .next("pause it where it is to stand: recovery_target_action = 'pause', or pg_wal_replay_pause()"));
        }
        Ok(Some(base))
    }

    /// Reads what BASE is, and its definitions. `ledger` is OLD's.
    ///
    /// # Errors
    /// `Refused` where it has what was committed after the cutover; what a server said.
    pub(crate) async fn read(
        base: &Session,
        (old, ledger): (&Session, &Ledger),
        cutover_us: i64,
        sides: Sided<&ServerIdentity>,
    ) -> Result<Self> {
        let merged_since = ledger.standing(old).await? > ledger.standing(base).await.place(|| BASE)?;
        let read = async { catalog::read(base.client()).await };
        let (identity, recovered, found) = try_join!(base.identity(), base.recovered(), read).place(|| BASE)?;
        if recovered.replayed_us.is_some_and(|last| last > cutover_us) {
            return Err(refused("it has replayed a transaction that was committed after the cutover".to_owned())
                .next("restore it with the cutover as its recovery_target_time, or state the cutover that it stands at"));
        }
        let is_copy = |side: &Side| {
            let known = sides.get(*side).system_identifier.as_ref();
            known.is_some() && known == identity.system_identifier.as_ref()
        };
        let copy_of = Side::BOTH.into_iter().find(is_copy);
        let trusted = trusted(copy_of, identity.in_recovery, recovered, cutover_us);
        let Recovered { replayed_us, target_us, .. } = recovered;
        let record = BaseRecord { identity, copy_of, replayed_us, target_us, trusted };
        Ok(Self { record, tables: found.tables, merged_since })
    }

    /// Says what is taken on trust of all tables; `None` where nothing is.
    pub(crate) fn trusted(&self) -> Option<&str> {
        self.record.trusted.as_deref()
    }

    /// Says why BASE proves nothing of a table of OLD's; `None` where it does.
    pub(crate) fn objection(&self, old: &Table) -> Option<String> {
        if self.merged_since {
            return Some("OLD has taken a merge since, so that BASE is no longer what both sides have in common".to_owned());
        }
        let Some(base) = self.tables.iter().find(|table| table.name == old.name) else {
            return Some("BASE has no table of that name".to_owned());
        };
        if let Some(obstacle) = &base.obstacle {
            return Some(format!("on BASE: {obstacle}"));
        }
        if base.row_security {
            return Some("row-level security on BASE would hide rows of it".to_owned());
        }
        if base.partitioned != old.partitioned {
            return Some("it is partitioned on OLD or on BASE, and not on the other".to_owned());
        }
        let is_alike = |column: &Column| base.column(&column.name).is_some_and(|found| found.data_type == column.data_type);
        let other = old.columns.iter().find(|column| !is_alike(column));
        let gone = || base.columns.iter().find(|column| old.column(&column.name).is_none());
        let column = other.or_else(gone)?;
        Some(format!("column {} is not defined on OLD as on BASE", column.name))
    }

    /// Says what BASE is, for people.
    pub(crate) fn sentence(&self) -> String {
        let record = &self.record;
        let version = record.identity.version.split(' ').next().unwrap_or_default();
        let whose = record.copy_of.map_or_else(|| "a server of its own".to_owned(), |side| format!("made of {side}'s files"));
        let shown = match &record.trusted {
            None => "recovered up to the cutover and paused there: it shows what there was".to_owned(),
            Some(why) => format!("trusted: {why}"),
        };
        format!("BASE is PostgreSQL {version}, {whose}; {shown}")
    }
}

/// What is taken on trust of a server: that it stands where the cutover was is known of one alone that was recovered from the
/// log of a side's own, up to then, and has been able to take no write since.
fn trusted(copy_of: Option<Side>, in_recovery: bool, recovered: Recovered, cutover_us: i64) -> Option<String> {
    let is_recovered = recovered.replayed_us.is_some() && recovered.target_us.is_some_and(|target| target >= cutover_us);
    let why = match copy_of {
        None => "made of neither side's files, as far as it says, so that nothing but your word says that",
        Some(_) if !in_recovery => "it takes writes, and nothing says when its files were copied, nor that nobody has written",
        Some(_) if !is_recovered => "nothing says that it was recovered up to the cutover (recovery_target_time)",
        Some(_) => return None,
    };
    Some(format!("BASE, as far as it shows the state at the cutover: {why}"))
}

fn refused(cause: String) -> Error {
    Error::new(ErrorKind::Refused, "use BASE")
        .at(BASE)
        .because(cause)
        .next("leave --base out, or lead it to a server that shows OLD as it was at the cutover")
}

#[cfg(test)]
mod tests {
    use super::*;

    const CUTOVER: i64 = 1_000;

    fn recovered(replayed_us: Option<i64>, target_us: Option<i64>) -> Recovered {
        Recovered { replays: false, replayed_us, target_us }
    }

    #[test]
    fn one_that_stands_paused_at_the_cutover_proves_itself_and_no_other_does() {
        let at =
            |copy, in_recovery, replayed, target| trusted(copy, in_recovery, recovered(replayed, target), CUTOVER).is_none();
        let (old, before) = (Some(Side::Old), Some(CUTOVER - 1));
        assert!(at(old, true, before, Some(CUTOVER)));
        assert!(at(Some(Side::New), true, before, Some(CUTOVER + 1)), "what came last was before the cutover");
        assert!(!at(old, true, before, Some(CUTOVER - 1)), "what came between is not there");
        assert!(!at(old, true, before, None));
        assert!(!at(old, true, None, Some(CUTOVER)));
        assert!(!at(old, false, before, Some(CUTOVER)), "promoted");
        assert!(!at(None, true, before, Some(CUTOVER)), "of a server of its own");
    }
}
