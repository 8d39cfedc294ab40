//! Transaction ids: what a horizon of each side proves of one database's rows.

use std::collections::BTreeSet;

use tokio::try_join;
use tokio_postgres::Row;

use super::sources::HorizonSources;
use super::summaries;
use crate::catalog;
use crate::delta::{Evidence, History, Horizon, HorizonSource, KnownHorizon, TriedSource, Witness, YoungXids};
use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::name::{QualifiedName, Side, Sided};
use crate::pg::{ServerIdentity, Session};
use crate::schema::Table;
use crate::staging::{DatabaseMark, ServerMark};
use crate::statement;

/// What horizons prove of one database.
#[derive(Debug)]
pub(crate) struct XidEvidence {
    sides: Sided<SideEvidence>,
    /// Since when, as a person would say it.
    since: &'static str,
}

/// What one proves of its side.
#[derive(Debug)]
struct SideEvidence {
    known: KnownHorizon,
    /// Whether the server was started anew since the mark: with other files, ids may have been given out twice.
    restarted: bool,
    /// Tables and partitions all of whose rows were, or may have been, written anew: who wrote one last is not known.
    rewritten: BTreeSet<QualifiedName>,
    /// Tables and partitions that were there then, and not in their place or not under their name.
    moved: BTreeSet<QualifiedName>,
    /// Tables whose definition changed: an old row may show another value than then.
    redefined: BTreeSet<QualifiedName>,
    /// Why it is not known which blocks were changed since.
    unlisted: Option<String>,
}

/// What a search came to, for one database: the sources that were tried on each side, and what is proven where both have one.
#[derive(Debug, Default)]
pub(crate) struct Proven {
    /// Nothing where nobody has stated a cutover.
    pub(crate) tried: Option<Sided<Vec<TriedSource>>>,
    pub(crate) xids: Option<XidEvidence>,
}

impl Proven {
    /// Reads what has become of a database since the horizons that were found. The sessions are those under whose snapshots
    /// its rows will be read.
    ///
    /// # Errors
    /// `Refused` where a mark was made after the cutover, is of other servers or does not know the database.
    pub(crate) async fn read(
        sources: &HorizonSources,
        sessions: Sided<&Session>,
        identity: Sided<&ServerIdentity>,
    ) -> Result<Self> {
        match sources {
            HorizonSources::NotAsked => Ok(Self::default()),
            HorizonSources::Mark { mark, cutover_us, beside } => {
                let side = |side| async move {
                    let (server, session, now) = (mark.servers.get(side), *sessions.get(side), *identity.get(side));
                    let other = mark.servers.get(side.other());
                    // Of two servers with the same files nothing else tells which is which.
                    if server.started_us != now.started_us && other.started_us == now.started_us {
                        return Err(refused("it was made with OLD and NEW the other way round")).place(|| side);
                    }
                    let evidence = SideEvidence::of_mark(server, *cutover_us, session, now).await.place(|| side)?;
                    match side {
                        Side::New => evidence.with_summaries((server, session, now)).await.place(|| side),
                        // Blocks of OLD's are not asked for.
                        Side::Old => Ok(evidence),
                    }
                };
                let sides = Sided::from(try_join!(side(Side::Old), side(Side::New))?);
                let used = sides.as_ref().map(|side| TriedSource::used(side.known.source, side.known.horizon));
                let tried = used.zip(beside.clone()).map(|(used, beside)| std::iter::once(used).chain(beside).collect());
                Ok(Self { tried: Some(tried), xids: Some(XidEvidence { sides, since: "the mark" }) })
            }
            HorizonSources::Search(tried) => {
                let known = tried.as_ref().map(|tried| tried.iter().find_map(TriedSource::known));
                let xids = match (known.old, known.new) {
                    (Some(old), Some(new)) => {
                        let side =
                            |side, known| async move { SideEvidence::since(known, sessions.get(side)).await.place(|| side) };
                        let sides = Sided::from(try_join!(side(Side::Old, old), side(Side::New, new))?);
                        Some(XidEvidence { sides, since: "the cutover" })
                    }
                    _ => None,
                };
                Ok(Self { tried: Some(tried.clone()), xids })
            }
        }
    }
}

impl XidEvidence {
    /// Reads what has become of a database since all transactions below these had ended. The sessions are those under whose
    /// snapshots its rows are read.
    ///
    /// # Errors
    /// `Refused` where so many transactions have come since that rows cannot be told apart.
    pub(crate) async fn since(ended: Sided<Horizon>, sessions: Sided<&Session>) -> Result<Self> {
        let side = |side| async move {
            let known = KnownHorizon { horizon: *ended.get(side), source: HorizonSource::Mark };
            SideEvidence::since(known, sessions.get(side)).await.place(|| side)
        };
        Ok(Self { sides: Sided::from(try_join!(side(Side::Old), side(Side::New))?), since: "the last export" })
    }

    /// Whether one of the horizons is only estimated: then ids prove nothing by themselves.
    pub(crate) fn is_estimated(&self) -> bool {
        self.sides.as_ref().into_iter().any(|side| side.known.source == HorizonSource::Estimated)
    }

    /// Says what is taken on trust of all tables; `None` where nothing is: a person's word, or that of a server that was
    /// started since the mark. One whose files were set back to a copy of before the mark gives the ids out again that it gave
    /// to others then, and nothing that it says of itself tells.
    pub(crate) fn trusted(&self) -> Option<String> {
        let find = |is: fn(&SideEvidence) -> bool| Side::BOTH.into_iter().find(|side| is(self.sides.get(*side)));
        if let Some(side) = find(|side| side.known.source == HorizonSource::ByHand) {
            return Some(format!("the transaction ids of rows, as far as the one given by hand for {side} is right"));
        }
        let restarted = find(|side| side.restarted)?;
        Some(format!(
            "the transaction ids of rows; {restarted} was started since the mark, from the same files as far as is known"
        ))
    }

    /// Says why it is not known which blocks of NEW's tables were changed since; `None` where it is.
    pub(crate) fn unlisted(&self) -> Option<&str> {
        self.sides.new.unlisted.as_deref()
    }

    /// Says why transaction ids prove nothing of a table; `None` where they do.
    pub(crate) fn objection(&self, old: &Table, new: &Table) -> Option<String> {
        let since = self.since;
        Side::BOTH.into_iter().find_map(|side| {
            let (table, known) = (if side == Side::Old { old } else { new }, self.sides.get(side));
            let names = || std::iter::once(&table.name).chain(table.leaves.iter().map(|leaf| &leaf.name));
            if table.unlogged {
                return Some(format!("{} is unlogged on {side}: a crash since {since} would have emptied it", table.name));
            }
            if let Some(leaf) = table.leaves.iter().find(|leaf| !leaf.heap) {
                return Some(format!("{} on {side} is of another access method than heap", leaf.name));
            }
            if let Some(name) = names().find(|name| known.rewritten.contains(name)) {
                return Some(format!("{name} was rewritten on {side} since {since}"));
            }
            if known.redefined.contains(&table.name) {
                return Some(format!("its definition, or a type's, changed on {side} since {since}"));
            }
            let moved = names().find(|name| known.moved.contains(name))?;
            Some(format!("{moved} was attached or renamed on {side} since {since}, and its rows may be older"))
        })
    }
}

impl SideEvidence {
    async fn of_mark(mark: &ServerMark, cutover_us: i64, session: &Session, now: &ServerIdentity) -> Result<Self> {
        let database = expect_marked(mark, cutover_us, now)?;
        let restarted = mark.started_us != now.started_us;
        let is_young = young_xids(session, database.horizon).await?.ok_or_else(|| {
            refused("the server is where it was before the mark, or once around the transaction ids from there")
        })?;
        let files = catalog::filenodes(session.client()).await?;
        let is_rewritten = |name: &QualifiedName, number| database.filenode(name).is_some_and(|then| then != number);
        let rewritten = files.into_iter().filter(|file| is_rewritten(&file.name, file.number)).map(|file| file.name).collect();
        let known = KnownHorizon { horizon: database.horizon, source: HorizonSource::Mark };
        let Rearranged { moved, .. } = Rearranged::read(session, &is_young).await?;
        let redefined = redefined(session, &is_young).await?;
        Ok(Self { known, restarted, rewritten, moved, redefined, unlisted: None })
    }

    /// Asks which blocks were changed since a mark that this is of, or could be known to have been.
    async fn with_summaries(self, (mark, session, now): (&ServerMark, &Session, &ServerIdentity)) -> Result<Self> {
        let Some(database) = mark.database(now.database_oid) else { return Ok(self) };
        Ok(Self { unlisted: summaries::lack(session, mark, database, now).await?, ..self })
    }

    /// Without a mark nobody knows which files there were then; the catalog's rows say that theirs are others since. What a
    /// server says itself is of the files that it has, whenever it was started.
    async fn since(known: KnownHorizon, session: &Session) -> Result<Self> {
        let is_young = young_xids(session, known.horizon).await?.ok_or_else(|| {
            Error::new(ErrorKind::Refused, "tell rows apart by their transaction ids")
                .because("too many transactions have come since the cutover, or the server is another one than before")
                .next("run the same command again; if it says the same, configure `method` for the tables")
        })?;
        let Rearranged { rewritten, moved } = Rearranged::read(session, &is_young).await?;
        let unlisted = Some("that is known of what came since a mark alone".to_owned());
        Ok(Self { known, restarted: false, rewritten, moved, redefined: redefined(session, &is_young).await?, unlisted })
    }
}

/// What the catalog's rows say of tables and partitions that were there behind a horizon.
struct Rearranged {
    rewritten: BTreeSet<QualifiedName>,
    moved: BTreeSet<QualifiedName>,
}

impl Rearranged {
    async fn read(session: &Session, is_young: &YoungXids) -> Result<Self> {
        let rows = session.query(&statement::rearranged_tables(is_young), &[]).await?;
        let those = |what: &str| rows.iter().filter(|row| row.get(what)).map(named).collect();
        Ok(Self { rewritten: those("rewritten"), moved: those("moved") })
    }
}

/// Lists the tables whose definition changed behind a horizon.
async fn redefined(session: &Session, is_young: &YoungXids) -> Result<BTreeSet<QualifiedName>> {
    Ok(session.query(&statement::young_definitions(is_young), &[]).await?.iter().map(named).collect())
}

/// A table, by its schema and name in the first two columns.
fn named(row: &Row) -> QualifiedName {
    QualifiedName::new(row.get::<_, &str>(0), row.get::<_, &str>(1))
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

/// Says what is known of a row by whether it may have been written behind a horizon of this grade (`is_young`), and by what its
/// own stamps say.
///
/// An old row is the row of the cutover. A young one was written since; whether there was one under its key then, only a stamp
/// of its creation may say.
pub(crate) fn xid_witness(is_young: bool, grade: Evidence, stamps: History) -> Witness {
    if !is_young {
        return Witness::new(History { existed: Some(true), changed: Some(false) }, grade);
    }
    let stamps = if stamps.contradicts_itself() { History::default() } else { stamps };
    let evidence = if stamps.existed.is_some() { Evidence::Column } else { grade };
    Witness::new(History { existed: stamps.existed, changed: Some(true) }, evidence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_row_is_the_row_of_the_cutover_whatever_it_is_stamped_with() {
        let stamps = History { existed: Some(false), changed: Some(true) };
        let old = xid_witness(false, Evidence::Xid, stamps);
        assert_eq!((old.history(), old.evidence()), (History { existed: Some(true), changed: Some(false) }, Evidence::Xid));
    }

    #[test]
    fn a_young_row_was_written_whatever_it_is_stamped_with() {
        let stamps = History { existed: Some(true), changed: Some(false) };
        let young = xid_witness(true, Evidence::Xid, stamps);
        assert_eq!(
            (young.history(), young.evidence()),
            (History { existed: Some(true), changed: Some(true) }, Evidence::Column)
        );
        assert_eq!(xid_witness(true, Evidence::XidByHand, History::default()).evidence(), Evidence::XidByHand);
    }
}
