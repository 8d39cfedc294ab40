//! Transaction ids: what a mark of both servers proves of one database's rows.

use std::collections::BTreeSet;

use tokio::try_join;

use crate::catalog;
use crate::delta::{Evidence, History, Horizon, Witness, YoungXids};
use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::name::{QualifiedName, Side, Sided};
use crate::pg::{ServerIdentity, Session};
use crate::schema::Table;
use crate::staging::{DatabaseMark, Mark, ServerMark};
use crate::statement;

/// What a mark proves of one database.
#[derive(Debug)]
pub(crate) struct XidEvidence {
    sides: Sided<SideEvidence>,
}

/// What it proves of one side of it.
#[derive(Debug)]
struct SideEvidence {
    horizon: Horizon,
    /// Whether the server was started anew since the mark: with other files, ids may have been given out twice.
    restarted: bool,
    /// Tables and partitions all of whose rows were written anew: who wrote one last is not known.
    rewritten: BTreeSet<QualifiedName>,
    /// Tables whose definition changed: an old row may show another value than then, or have stood in another table.
    redefined: BTreeSet<QualifiedName>,
}

impl XidEvidence {
    /// Reads what has become of a mark's database since. The sessions are those under whose snapshots its rows will be read.
    ///
    /// # Errors
    /// `Refused` where the mark was made after the cutover, is of other servers or does not know the database.
    pub(crate) async fn read(
        mark: &Mark,
        cutover_us: i64,
        sessions: Sided<&Session>,
        identity: Sided<&ServerIdentity>,
    ) -> Result<Self> {
        let side = |side| async move {
            let (server, session, now) = (mark.servers.get(side), *sessions.get(side), *identity.get(side));
            SideEvidence::read(server, cutover_us, session, now).await.place(|| side)
        };
        Ok(Self { sides: Sided::from(try_join!(side(Side::Old), side(Side::New))?) })
    }

    /// Returns the horizons.
    pub(crate) fn horizons(&self) -> Sided<Horizon> {
        self.sides.as_ref().map(|side| side.horizon)
    }

    /// Says what is taken on trust of all tables; `None` where nothing is. A server whose files were set back to a copy of
    /// before the mark gives the ids out again that it gave to others then, and nothing that it says of itself tells.
    pub(crate) fn trusted(&self) -> Option<String> {
        let restarted = Side::BOTH.into_iter().find(|side| self.sides.get(*side).restarted)?;
        Some(format!(
            "the transaction ids of rows; {restarted} was started since the mark, from the same files as far as is known"
        ))
    }

    /// Says why transaction ids prove nothing of a table; `None` where they do.
    pub(crate) fn objection(&self, old: &Table, new: &Table) -> Option<String> {
        Side::BOTH.into_iter().find_map(|side| {
            let (table, known) = (if side == Side::Old { old } else { new }, self.sides.get(side));
            let names = || std::iter::once(&table.name).chain(table.leaves.iter().map(|leaf| &leaf.name));
            if table.unlogged {
                return Some(format!("{} is unlogged on {side}: a crash since the mark would have emptied it", table.name));
            }
            if let Some(leaf) = table.leaves.iter().find(|leaf| !leaf.heap) {
                return Some(format!("{} on {side} is of another access method than heap", leaf.name));
            }
            if let Some(name) = names().find(|name| known.rewritten.contains(name)) {
                return Some(format!("{name} was rewritten on {side} since the mark"));
            }
            known
                .redefined
                .contains(&table.name)
                .then(|| format!("its definition, its partitions or a type changed on {side} since the mark"))
        })
    }
}

impl SideEvidence {
    async fn read(mark: &ServerMark, cutover_us: i64, session: &Session, now: &ServerIdentity) -> Result<Self> {
        let database = expect_marked(mark, cutover_us, now)?;
        let restarted = mark.started_us != now.started_us;
        let is_young = young_xids(session, database.horizon).await?.ok_or_else(|| {
            refused("the server is where it was before the mark, or once around the transaction ids from there")
        })?;
        let files = catalog::filenodes(session.client()).await?;
        let is_rewritten = |name: &QualifiedName, number| database.filenode(name).is_some_and(|then| then != number);
        let rewritten = files.into_iter().filter(|file| is_rewritten(&file.name, file.number)).map(|file| file.name).collect();
        let rows = session.query(&statement::young_definitions(&is_young), &[]).await?;
        let redefined = rows.iter().map(|row| QualifiedName::new(row.get::<_, &str>(0), row.get::<_, &str>(1))).collect();
        Ok(Self { horizon: database.horizon, restarted, rewritten, redefined })
    }
}

/// Returns the ids that rows written behind a horizon may bear, as the session sees them; `None` where all may.
async fn young_xids(session: &Session, horizon: Horizon) -> Result<Option<YoungXids>> {
    Ok(horizon.young(session.transaction_ids().await?.next))
}

/// Returns a predicate on a row `t` that is true where it may have been written behind a horizon, for whoever reads under the
/// session's snapshot.
pub(crate) async fn young(session: &Session, horizon: Horizon) -> Result<String> {
    let xids = young_xids(session, horizon).await?;
    Ok(xids.map_or_else(|| "true".to_owned(), |xids| statement::young("t.xmin", xids)))
}

/// Expects a mark that was made in time, of the server and database that a session is connected with.
fn expect_marked<'a>(mark: &'a ServerMark, cutover_us: i64, now: &ServerIdentity) -> Result<&'a DatabaseMark> {
    if mark.clock.server_us > cutover_us {
        return Err(refused("it was made after the cutover: what was written between the two would be taken for unchanged"));
    }
    let marked = (Some(mark.system_identifier.as_str()), Some(mark.timeline));
    if marked != (now.system_identifier.as_deref(), now.timeline) {
        return Err(refused("it is of another server, or of this one before a restore or a promotion"));
    }
    mark.database(now.database_oid).ok_or_else(|| refused(&format!("it does not know the database {}", now.database)))
}

fn refused(cause: &str) -> Error {
    Error::new(ErrorKind::Refused, "use the mark")
        .because(cause.to_owned())
        .next("leave --mark out, or name the mark that was made before the cutover")
}

/// Says what is known of a row by whether it may have been written since the mark (`is_young`), and by what its own stamps say.
///
/// An old row is the row of the mark. A young one was written since; whether there was one under its key then, only a stamp of
/// its creation may say.
pub(crate) fn xid_witness(is_young: bool, stamps: History) -> Witness {
    if !is_young {
        return Witness::new(History { existed: Some(true), changed: Some(false) }, Evidence::Xid);
    }
    let stamps = if stamps.contradicts_itself() { History::default() } else { stamps };
    let evidence = if stamps.existed.is_some() { Evidence::Column } else { Evidence::Xid };
    Witness::new(History { existed: stamps.existed, changed: Some(true) }, evidence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_row_is_the_row_of_the_mark_whatever_it_is_stamped_with() {
        let stamps = History { existed: Some(false), changed: Some(true) };
        let old = xid_witness(false, stamps);
        assert_eq!((old.history(), old.evidence()), (History { existed: Some(true), changed: Some(false) }, Evidence::Xid));
    }

    #[test]
    fn a_young_row_was_written_whatever_it_is_stamped_with() {
        let stamps = History { existed: Some(true), changed: Some(false) };
        let young = xid_witness(true, stamps);
        assert_eq!(
            (young.history(), young.evidence()),
            (History { existed: Some(true), changed: Some(true) }, Evidence::Column)
        );
        assert_eq!(xid_witness(true, History::default()).evidence(), Evidence::Xid);
    }
}
