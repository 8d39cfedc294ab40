//! Puts restored databases in the place of those that are there, all in one transaction; and back.
//!
//! What is there is dumped first and kept under another name. It is closed to connections for as long as the renames take;
//! databases are known by their OIDs, so that a call that was cut off is gone on with by the next.

use tracing::info;

use super::dump::{read_whole, take};
use super::execute::expect_server;
use super::less::{expect_agreed, look};
use super::program::Programs;
use super::rename::{Renames, Watched, close, rename, reopen, watch};
use super::scratch::{facts, name_beside};
use super::written::Before;
use crate::catalog;
use crate::engine::run::{Context, Event};
use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::name::Side;
use crate::pg::Session;
use crate::schema::DatabaseFacts;
use crate::staging::{Former, FormerDump, RestoreState, Restored, RestoredDatabase};
use crate::statement::{
    comment_on_database, grant_on_database, limit_database, open_database, rename_database, set_on_database,
};
use crate::text::amount;

/// How restored databases take their places.
#[derive(Clone, Debug)]
pub struct SwapOptions {
    /// The database that is connected to while others are renamed.
    pub maintenance: String,
    /// Whether what is there now is dumped first.
    pub dumps: bool,
    /// Whether tables may be missing or empty that what is there now has.
    pub with_less: bool,
}

/// Puts every database that was restored whole in its place.
///
/// # Errors
/// `Refused` where one does not hold what its backup holds, or is not there any more; what the server said: all keep their
/// places then.
pub async fn swap(context: &Context, programs: &Programs, options: &SwapOptions) -> Result<Restored> {
    let session = context.servers().connect(Side::Old, &options.maintenance).await?;
    let mut record = open(context, &session).await?;
    let due = due(context, &session, &mut record).await?;
    let mut presents = Vec::new();
    for at in &due {
        let name = record.databases[*at].name.clone();
        let present = facts(&session, &name).await?;
        expect_still_there(context, &session, &record.databases[*at], present.as_ref()).await?;
        if let Some(present) = &present {
            expect_may_rename(present, &options.maintenance)?;
            let former = former(&session, &record, *at, present).await.place(|| format!("database {name}"))?;
            record.databases[*at].former = Some(former);
        }
        presents.push((*at, present));
    }
    record.write(context.store())?;
    let mut lost = Vec::new();
    for (at, present) in &presents {
        let one = &mut record.databases[*at];
        let name = one.name.clone();
        context.reporter().tell(Event::Note(format!("counting {}, and what stands in its place", one.scratch)));
        lost.push((name.clone(), look(context, one, present.is_some()).await.place(|| format!("database {name}"))?));
    }
    expect_agreed(&lost, options.with_less)?;
    record.write(context.store())?;
    let mut dumped = Vec::new();
    for (at, _) in presents.iter().filter(|(_, present)| options.dumps && present.is_some()) {
        let dumping = dump(context, programs, &record.databases[*at], *at);
        let (before, dump) = dumping.await.place(|| format!("database {}", record.databases[*at].name))?;
        if let Some(former) = &mut record.databases[*at].former {
            former.dump = Some(dump);
        }
        dumped.push((*at, before));
        record.write(context.store())?;
    }
    context.reporter().check_stop()?;
    if !due.is_empty() {
        place(context, &session, &mut record, (&due, dumped)).await?;
    }
    for at in due {
        record.databases[at].state = RestoreState::Swapped;
    }
    session.close().await;
    record.write(context.store())?;
    info!("swapped");
    Ok(record)
}

/// Closes what is there, sees whether it was written since its dump, and renames.
async fn place(
    context: &Context,
    session: &Session,
    record: &mut Restored,
    (due, dumped): (&[usize], Vec<(usize, Before)>),
) -> Result<()> {
    let mut renames = Renames::default();
    for at in due {
        let one = &mut record.databases[*at];
        renames.names.extend([one.name.clone(), one.scratch.clone()]);
        if let Some(former) = &mut one.former {
            renames.statements.extend(former.carried.clone());
            renames.statements.push(rename_database(&one.name, &former.kept_as));
            former.closed = true;
            renames.closed.push(one.name.clone());
        }
        renames.statements.push(rename_database(&one.scratch, &one.name));
    }
    record.write(context.store())?;
    let mut watched = Vec::new();
    for (at, before) in dumped {
        watched.push(watch(context, at, &record.databases[at].name, before).await?);
    }
    let placing = async {
        close(context, session, &renames, &watched).await?;
        for Watched { at, session, before, .. } in watched {
            let written = before.since(&session).await?;
            session.close().await;
            if let Some(former) = &mut record.databases[at].former {
                former.written_since = written;
            }
        }
        // What was written since is on the disk before the renames that would let it be forgotten.
        record.write(context.store())?;
        rename(session, &renames).await
    };
    match placing.await {
        Ok(()) => Ok(()),
        Err(error) => Err(reopen(session, &renames.closed, error).await),
    }
}

/// Puts what was there before back in its place, and what was restored beside it.
///
/// # Errors
/// As [`swap`].
pub async fn swap_back(context: &Context, options: &SwapOptions) -> Result<Restored> {
    let session = context.servers().connect(Side::Old, &options.maintenance).await?;
    let mut record = open(context, &session).await?;
    expect_in_place(&session, &record).await?;
    let (mut renames, mut back) = (Renames::default(), Vec::new());
    for (at, one) in record.databases.iter().enumerate() {
        let former = match &one.former {
            Some(former) => by_oid(&session, former.oid).await?.map(|found| (former, found)),
            None => None,
        };
        let Some(own) = in_place(&session, one).await? else {
            // It never came to the renames: what was closed for them is opened again.
            if let Some((former, found)) = former.filter(|(former, found)| former.closed && !found.is_open) {
                info!(oid = former.oid, "opened");
                session.execute_all(&open_database(&found.name, true)).await?;
            }
            continue;
        };
        expect_may_rename(&own, &options.maintenance)?;
        renames.statements.push(rename_database(&one.name, &one.scratch));
        match (&one.former, former) {
            (Some(former), Some((_, found))) => {
                renames.names.push(found.name.clone());
                renames.statements.push(rename_database(&found.name, &one.name));
                renames.statements.extend(former.closed.then(|| open_database(&one.name, true)));
            }
            (Some(former), None) => {
                return Err(Error::new(ErrorKind::Refused, "put back what was there")
                    .at(format!("database {}", one.name))
                    .because(format!("{} is gone", former.kept_as))
                    .next("its dump, if one was taken, is in the restore's folder: `failback restore run` restores it"));
            }
            (None, _) => {}
        }
        renames.statements.push(open_database(&one.scratch, true));
        renames.names.push(one.name.clone());
        renames.closed.push(one.name.clone());
        back.push(at);
    }
    if !back.is_empty() {
        let placing = async {
            close(context, &session, &renames, &[]).await?;
            rename(&session, &renames).await
        };
        if let Err(error) = placing.await {
            return Err(reopen(&session, &renames.closed, error).await);
        }
    }
    for at in back {
        let one = &mut record.databases[at];
        one.state = RestoreState::Restored;
        one.less.clear();
        if let Some(former) = &mut one.former {
            former.closed = false;
        }
    }
    session.close().await;
    record.write(context.store())?;
    Ok(record)
}

async fn open(context: &Context, session: &Session) -> Result<Restored> {
    let record = Restored::read(context.store())?.into_content();
    expect_server(&record, session.identity().await?.system_identifier.as_deref(), session)?;
    Ok(record)
}

/// # Errors
/// `Refused` where a database that took its place stands there no more: all are put back, or none.
async fn expect_in_place(session: &Session, record: &Restored) -> Result<()> {
    for one in record.databases.iter().filter(|one| one.state == RestoreState::Swapped) {
        if in_place(session, one).await?.is_some() {
            continue;
        }
        let now = by_oid(session, one.oid.unwrap_or_default()).await?;
        let now = now.map_or_else(|| "somebody has removed it".to_owned(), |found| format!("it is called {} now", found.name));
        let error = Error::new(ErrorKind::Refused, "look at what was put in its place").at(format!("database {}", one.name));
        let error = error.because(format!("what was restored stands there no more: {now}; nothing was renamed"));
        let by_hand = one.former.as_ref().map(|former| format!(", or put {} in its place by hand", former.kept_as));
        return Err(error.next(format!("rename it back{}, and look at the others", by_hand.unwrap_or_default())));
    }
    Ok(())
}

/// Looks whether what stood in the place when the backup was restored stands there still.
///
/// # Errors
/// `Refused` where it has another name now: it would be neither dumped, nor kept, nor closed to those who write to it.
async fn expect_still_there(
    context: &Context,
    session: &Session,
    one: &RestoredDatabase,
    present: Option<&DatabaseFacts>,
) -> Result<()> {
    let Some(then) = one.stood_there.filter(|then| present.is_none_or(|present| present.oid != *then)) else { return Ok(()) };
    let Some(found) = by_oid(session, then).await? else {
        let gone = format!("{}: what stood in its place when it was restored was removed since", one.name);
        context.reporter().tell(Event::Note(gone));
        return Ok(());
    };
    let error = Error::new(ErrorKind::Refused, "put the restored database in its place").at(format!("database {}", one.name));
    let error =
        error.because(format!("what stood there when it was restored is called {} now; nothing was renamed", found.name));
    Err(error.next("rename it back; where it is to stay aside, restore anew: `failback restore run`, with another --record"))
}

/// Lists the databases that are to take their places; those that have taken them, and could not be written down, are now.
async fn due(context: &Context, session: &Session, record: &mut Restored) -> Result<Vec<usize>> {
    expect_in_place(session, record).await?;
    let mut due = Vec::new();
    for at in 0..record.databases.len() {
        let one = &record.databases[at];
        let refused = |cause: String| {
            Error::new(ErrorKind::Refused, "put the restored database in its place")
                .at(format!("database {}", one.name))
                .because(cause)
                .next("restore it anew: `failback restore run`, with another --record")
        };
        match one.state {
            RestoreState::Swapped => continue,
            RestoreState::Begun => return Err(refused(format!("{} is not whole", one.scratch))),
            RestoreState::Differs => return Err(refused(one.differences.join("; "))),
            RestoreState::Restored => {}
        }
        match by_oid(session, one.oid.unwrap_or_default()).await? {
            Some(found) if found.name == one.name => record.databases[at].state = RestoreState::Swapped,
            Some(found) if found.name == one.scratch => due.push(at),
            Some(found) => return Err(refused(format!("somebody has renamed it to {}", found.name))),
            None => return Err(refused(format!("{} is gone", one.scratch))),
        }
    }
    record.write(context.store())?;
    Ok(due)
}

async fn by_oid(session: &Session, oid: u32) -> Result<Option<DatabaseFacts>> {
    Ok(catalog::database_facts(session.client(), &[], &[oid]).await.place(|| session.place())?.pop())
}

/// The restored database, where it stands in its place.
async fn in_place(session: &Session, one: &RestoredDatabase) -> Result<Option<DatabaseFacts>> {
    let found = by_oid(session, one.oid.unwrap_or_default()).await?;
    Ok(found.filter(|found| found.name == one.name))
}

/// # Errors
/// `Permission` where this user may not rename it, `Usage` where he is connected to it.
fn expect_may_rename(database: &DatabaseFacts, maintenance: &str) -> Result<()> {
    let error =
        |kind, cause: String| Error::new(kind, "rename a database").at(format!("database {}", database.name)).because(cause);
    if database.name == maintenance {
        let cause = "it is the one that is connected to while others are renamed".to_owned();
        return Err(error(ErrorKind::Usage, cause).next("name another database with --maintenance"));
    }
    if !database.may_alter {
        return Err(error(ErrorKind::Permission, format!("its owner is {}, as whom this user may not act", database.owner))
            .next("GRANT the owner's role TO this user, connect as the owner, or as a superuser; it needs CREATEDB, too"));
    }
    Ok(())
}

/// Works out what becomes of the database that stands in the place.
async fn former(session: &Session, record: &Restored, at: usize, present: &DatabaseFacts) -> Result<Former> {
    let one = &record.databases[at];
    if one.former.as_ref().is_some_and(|former| former.closed && former.oid == present.oid) && !present.is_open {
        // An earlier call was cut off between closing it and the renames.
        session.execute_all(&open_database(&present.name, true)).await?;
    }
    let mut carried = Vec::new();
    let grants = catalog::database_grants(session.client(), &present.name).await?;
    if !grants.is_empty() {
        carried.extend(grant_on_database(&one.scratch, &grants));
    }
    if present.connection_limit >= 0 {
        carried.push(limit_database(&one.scratch, present.connection_limit));
    }
    carried.extend(present.comment.as_ref().map(|comment| comment_on_database(&one.scratch, comment)));
    for setting in catalog::database_settings(session.client(), &present.name).await? {
        let Some(statement) = set_on_database(&one.scratch, &setting) else {
            return Err(Error::new(ErrorKind::Refused, "carry a setting of the database over")
                .because(format!("{} holds what cannot be repeated safely", setting.name))
                .next("reset it (ALTER DATABASE … RESET …), swap, and set it by hand"));
        };
        carried.push(statement);
    }
    let kept_as = name_beside(&present.name, &format!("_before_{}", record.id));
    Ok(Former { oid: present.oid, kept_as, carried, closed: false, dump: None, written_since: Vec::new() })
}

/// Dumps what is there, and reads the dump whole; returns what the server's counters were before that.
async fn dump(context: &Context, programs: &Programs, one: &RestoredDatabase, at: usize) -> Result<(Before, FormerDump)> {
    let servers = context.servers();
    let inside = servers.connect(Side::Old, &one.name).await?;
    let before = Before::read(&inside).await?;
    inside.close().await;
    let file = format!("former_{at}.dump");
    let path = format!("{}/{file}", context.store().location());
    context.reporter().tell(Event::Note(format!("dumping {} as it is now", one.name)));
    let variables = servers.endpoint(Side::Old).for_programs().await?;
    let taking = take(programs, &variables, &one.name, path.as_ref()).await;
    taking.map_err(|error| error.next("or --without-dump: it is kept under another name in any case"))?;
    let checked = read_whole(programs, path.as_ref()).await?;
    let rows = checked.rows();
    context.reporter().tell(Event::Note(format!("{}: {} in {file}", one.name, amount::rows(rows))));
    let bytes = checked.backup.bytes;
    Ok((before, FormerDump { file, bytes, sha256: checked.sha256.unwrap_or_default(), rows }))
}
