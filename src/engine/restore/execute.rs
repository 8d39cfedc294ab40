//! Restores backups into databases beside those that are there. Everything is looked at before anything is made: backups are
//! read whole, roles, extensions and room are asked for.

use jiff::Timestamp;
use tracing::info;

use super::backup::Backup;
use super::check::{CheckedBackup, check_backup};
use super::form::Form;
use super::less::lacks;
use super::load::{Load, load};
use super::need::{LeftOut, expect_needs};
use super::program::Programs;
use super::proof::prove;
use super::scratch::{create, expect_room, facts, name_beside, remove};
use crate::catalog;
use crate::engine::run::{Context, Event};
use crate::error::{Error, ErrorKind, OldState, Place as _, Result};
use crate::name::Side;
use crate::pg::Session;
use crate::schema::DatabaseFacts;
use crate::staging::{RESTORED, RestoreState, Restored, RestoredBackup, RestoredDatabase, RunId};
use crate::statement::drop_own_database;
use crate::text::amount;

/// How backups are restored.
#[derive(Clone, Debug)]
pub struct RestoreOptions {
    /// The database that is connected to while others are made and renamed.
    pub maintenance: String,
    /// What is not carried out.
    pub left_out: LeftOut,
    /// The one backup's digest by SHA-256, given by hand.
    pub sha256: Option<String>,
    /// Whether it is restored although there may not be room for it.
    pub any_room: bool,
}

/// A backup that is to be restored, with what stands in its place.
struct Wanted {
    name: String,
    checked: CheckedBackup,
    present: Option<DatabaseFacts>,
}

/// Restores each backup into a database beside the one of that name, and writes what was made into a file of the context's
/// store. Called again, it goes on: what is whole is left, what is not is removed and made anew.
///
/// # Errors
/// `Damaged` where a backup cannot be read to its end, `Refused` where the server lacks what it needs, and nothing was made;
/// what restoring it gave: the database that it was restored into is removed then.
pub async fn restore(
    context: &Context,
    programs: &Programs,
    options: &RestoreOptions,
    chosen: &[(String, Backup)],
) -> Result<Restored> {
    let servers = context.servers();
    let session = servers.connect(Side::Old, &options.maintenance).await?;
    let mut record = open_record(context, &session).await?;
    clear(context, &session, &mut record, chosen).await?;
    let mut wanted = Vec::new();
    for (name, backup) in chosen {
        if let Some(done) = record.databases.iter().find(|one| one.name == *name) {
            expect_same(context, done, backup)?;
            context.reporter().tell(Event::Note(format!("{name}: {} is there already, {}", done.scratch, done.state)));
            continue;
        }
        let present = facts(&session, name).await?;
        let checked = examine(context, programs, (options, &session), backup).await.place(|| format!("database {name}"))?;
        wanted.push(Wanted { name: name.clone(), checked, present });
    }
    if !options.any_room {
        let present = |one: &Wanted| one.present.as_ref().and_then(|present| present.bytes);
        let sizes: Vec<_> = wanted.iter().map(|one| (one.name.clone(), &one.checked.backup, present(one))).collect();
        if let Some(note) = expect_room(servers, &session, &sizes).await? {
            context.reporter().tell(Event::Note(note));
        }
    }
    for one in wanted {
        let name = one.name.clone();
        Box::pin(make(context, programs, (options, &session), &mut record, one)).await.place(|| format!("database {name}"))?;
    }
    session.close().await;
    Ok(record)
}

/// # Errors
/// `Refused` where the database was restored before, and from another backup.
fn expect_same(context: &Context, done: &RestoredDatabase, backup: &Backup) -> Result<()> {
    if done.backup.place == backup.place {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Refused, "restore the backup")
        .at(context.store().location())
        .because(format!("{} was restored before, from {}", done.name, done.backup.place))
        .next("name another folder with --record"))
}

/// Reads what an earlier call has written, or begins a record.
async fn open_record(context: &Context, session: &Session) -> Result<Restored> {
    let identity = session.identity().await?.system_identifier;
    let address = context.servers().endpoint(Side::Old).address();
    if !context.store().exists(RESTORED)? {
        let id = RunId::fresh().as_str().to_lowercase().replace('-', "_");
        let record = Restored::of(id, identity, address);
        record.write(context.store())?;
        return Ok(record);
    }
    let record = Restored::read(context.store())?.into_content();
    expect_server(&record, identity.as_deref(), session)?;
    Ok(record)
}

/// # Errors
/// `Refused` where the record is of another server.
pub(super) fn expect_server(record: &Restored, identity: Option<&str>, session: &Session) -> Result<()> {
    match (record.system_identifier.as_deref(), identity) {
        (Some(then), Some(now)) if then != now => Err(Error::new(ErrorKind::Refused, "go on with the restore")
            .at(session.place())
            .because(format!("it was begun on another server, which was at {}", record.address))
            .next("check --old and failback.toml, or name another folder with --record")),
        _ => Ok(()),
    }
}

/// Removes what an earlier call has left half made of the databases that are wanted, and forgets what is gone.
async fn clear(context: &Context, session: &Session, record: &mut Restored, chosen: &[(String, Backup)]) -> Result<()> {
    let mut kept = Vec::new();
    for one in std::mem::take(&mut record.databases) {
        let is_wanted = chosen.iter().any(|(name, _)| *name == one.name);
        let found = catalog::database_facts(session.client(), &[], &one.oid.into_iter().collect::<Vec<_>>()).await?;
        let is_half = matches!(one.state, RestoreState::Begun | RestoreState::Differs);
        if is_wanted && is_half {
            // Its name is of this restore alone, and was nobody's before it was written down.
            context.reporter().tell(Event::Note(format!("{}: {} is not whole, and made anew", one.name, one.scratch)));
            session.execute_all(&drop_own_database(&one.scratch)).await?;
        } else if !is_wanted || !found.is_empty() {
            kept.push(one);
        }
    }
    record.databases = kept;
    record.write(context.store()).map(drop)
}

/// Looks at everything that can keep a backup from being restored.
async fn examine(
    context: &Context,
    programs: &Programs,
    (options, session): (&RestoreOptions, &Session),
    backup: &Backup,
) -> Result<CheckedBackup> {
    context.reporter().tell(Event::Note(format!("reading {} ({})", backup.name, amount::bytes(backup.bytes))));
    let checked = check_backup(programs, backup, options.sha256.as_deref()).await?;
    checked.expect_sound()?;
    if checked.connects {
        return Err(Error::new(ErrorKind::Refused, "restore the backup")
            .at(&backup.place)
            .because("it holds commands to psql (\\connect, \\i, \\!, \\set …): it would do more than fill the new database")
            .next("take a dump of one database, without --create, or an archive (--format=custom)"));
    }
    expect_needs(programs, session, backup, options.left_out).await?;
    Ok(checked)
}

/// Makes one database, and proves what is in it.
async fn make(
    context: &Context,
    programs: &Programs,
    (options, session): (&RestoreOptions, &Session),
    record: &mut Restored,
    wanted: Wanted,
) -> Result<()> {
    let (servers, reporter) = (context.servers(), context.reporter());
    let Wanted { name, checked, present } = wanted;
    let scratch = name_beside(&name, &format!("_restore_{}", record.id));
    let backup = &checked.backup;
    let at = record.databases.len();
    record.databases.push(RestoredDatabase {
        name: name.clone(),
        scratch: scratch.clone(),
        oid: None,
        state: RestoreState::Begun,
        backup: RestoredBackup {
            place: backup.place.clone(),
            bytes: backup.bytes,
            ended: backup.ended.to_string(),
            sha256: checked.sha256.clone(),
        },
        tables: Vec::new(),
        differences: Vec::new(),
        remarks: Vec::new(),
        without_data: Vec::new(),
        counted: None,
        less: Vec::new(),
        stood_there: present.as_ref().map(|present| present.oid),
        former: None,
    });
    record.write(context.store())?;
    let oid = create(servers, session, &scratch, present.as_ref()).await?;
    record.databases[at].oid = Some(oid);
    record.write(context.store())?;
    reporter.tell(Event::Note(format!("restoring {} into {scratch}", backup.name)));
    let variables = servers.endpoint(Side::Old).for_programs().await?;
    let jobs = context.limits().jobs();
    let how = Load { backup, database: &scratch, jobs, left_out: options.left_out, variables: &variables };
    let made = async {
        let unknown = load(programs, &how, (session, reporter)).await?;
        let inside = servers.connect(Side::Old, &scratch).await?;
        let mut proof = prove(&inside, &checked).await?;
        proof.remarks.extend(checked.leaves_out().map(|why| format!("the backup is not whole: {why}")));
        if present.is_some() {
            proof.remarks.extend(lacks(servers, &inside, &name).await?);
        }
        inside.close().await;
        Ok::<_, Error>((unknown, proof))
    };
    let (unknown, proof) = match made.await {
        Ok(made) => made,
        Err(error) => {
            remove(servers, reporter, &options.maintenance, &scratch).await;
            record.databases.truncate(at);
            record.write(context.store())?;
            return Err(if backup.form.is_some_and(Form::is_script) { error.state(OldState::Script) } else { error });
        }
    };
    let entry = &mut record.databases[at];
    (entry.tables, entry.differences, entry.remarks) = (proof.tables, proof.differences, proof.remarks);
    entry.counted = Some(Timestamp::now().to_string());
    entry.without_data = checked.names_without_data();
    entry.state = if entry.differences.is_empty() { RestoreState::Restored } else { RestoreState::Differs };
    if backup.form.is_some_and(Form::is_script) {
        entry
            .remarks
            .push("a script did what it says, also where that is not this database: only its rows were counted".to_owned());
    }
    if !unknown.is_empty() {
        entry.remarks.push(format!("the server does not know {}, which the dump sets: it was left out", unknown.join(", ")));
    }
    info!(state = entry.state.word(), tables = entry.tables.len(), "restored");
    record.write(context.store()).map(drop)
}
