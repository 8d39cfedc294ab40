//! Makes a fence: what was there is written down first, then all is changed at once, then it is proved that the user who made
//! it still gets in.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use tracing::{Instrument as _, info, warn};

use super::look::{meant, watch_these};
use super::plan::{FencePlan, plan};
use super::report::{EndedSessions, FenceReport};
use crate::catalog;
use crate::engine::run::{Context, spans};
use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::name::Side;
use crate::pg::Session;
use crate::schema::{Guards, Rung};
use crate::staging::Fence;
use crate::statement::all_at_once;
use crate::store::Store;

/// How long ended sessions are waited for between two looks.
const PAUSE: Duration = Duration::from_millis(200);

/// How often sessions are ended: some may have been let in just before.
const ROUNDS: usize = 5;

/// What a fence shall be.
#[derive(Clone, Debug)]
pub struct FenceOptions {
    /// Around which side.
    pub side: Side,
    /// By which ways.
    pub rungs: Vec<Rung>,
    /// Roles that are left alone.
    pub except: Vec<String>,
    /// Whether sessions that are connected are ended.
    pub ends_sessions: bool,
    /// How long the side is watched.
    pub time: Duration,
}

/// Watches the side, and says what a fence would change. Changes nothing.
///
/// # Errors
/// As [`watch`](super::watch); `Permission` where this user could not make it.
pub async fn plan_fence(context: &Context, options: &FenceOptions) -> Result<FenceReport> {
    let planning = async {
        let names = meant(context, options.side).await?;
        let session = open(context, options.side).await?;
        let plan = plan(options.side, &guards(&session, &names).await?, &names, &options.rungs, &options.except)?;
        session.close().await;
        let watched = watch_these(context, options.side, &names, options.time).await?;
        let holes = plan.holes.clone();
        Ok(FenceReport { side: options.side, watched, plan: Some(plan), applied: false, sessions: Vec::new(), holes })
    };
    planning.instrument(spans::step(context, "fence")).await
}

/// Makes the fence that was planned, and writes before what was there into a new file of the store.
///
/// # Errors
/// `Refused` where things have changed since it was planned, where the file exists, or where this user would be locked out:
/// then it was taken back at once. What the server said, and nothing was changed.
pub async fn fence(
    context: &Context,
    options: &FenceOptions,
    planned: FencePlan,
    file: (&dyn Store, &str),
) -> Result<FenceReport> {
    make(context, options, planned, file).instrument(spans::step(context, "fence")).await
}

async fn make(
    context: &Context,
    options: &FenceOptions,
    planned: FencePlan,
    (store, path): (&dyn Store, &str),
) -> Result<FenceReport> {
    let (side, names) = (options.side, planned.databases.clone());
    let session = open(context, side).await?;
    let as_is = guards(&session, &names).await?;
    if plan(side, &as_is, &names, &options.rungs, &options.except)? != planned {
        return Err(Error::new(ErrorKind::Refused, "fence the server")
            .at(session.place())
            .because("who may connect, or write, has been changed since the statements were shown")
            .next("run the same command again, and look at them anew"));
    }
    if !planned.changes.is_empty() {
        let identity = session.identity().await?.system_identifier;
        let address = context.servers().endpoint(side).address();
        let made_at = Timestamp::now().to_string();
        let fence = Fence::of(made_at, (side, identity, address), planned.rungs.clone(), planned.changes.clone());
        fence.write(store, path)?;
        let lifting = format!("to put back whatever was changed: failback fence --lift {path}");
        if side == Side::Old {
            let what = format!("who may connect to it, or write, may have been changed; {lifting}");
            context.servers().old_writes().besides(&what);
        }
        if let Err(error) = session.execute_all(&all_at_once(&planned.statements)).await {
            let error = error.next("it is one transaction: all of it or nothing");
            // A server that has answered has changed nothing; else nobody knows.
            return Err(if error.kind() == ErrorKind::Connect { error.next(lifting) } else { unneeded(error, store, path) });
        }
        info!(%side, changes = planned.changes.len(), "fenced");
        if let Err(error) = prove(context, side, &names).await {
            return Err(take_back(&session, &planned, error, (store, path)).await);
        }
    }
    let stands = |error: Error| error.next(format!("the fence stands; failback fence --lift {path} puts back what was there"));
    settle(context, options, planned, session).await.map_err(stands)
}

/// Ends sessions once a fence stands, and looks who still writes.
async fn settle(context: &Context, options: &FenceOptions, planned: FencePlan, session: Session) -> Result<FenceReport> {
    let (side, names) = (options.side, &planned.databases);
    let sessions = if options.ends_sessions { end(&session, &planned).await? } else { Vec::new() };
    let holes = still_open(&guards(&session, names).await?, &planned);
    session.close().await;
    let watched = watch_these(context, side, names, options.time).await?;
    Ok(FenceReport { side, watched, plan: Some(planned), applied: true, sessions, holes })
}

/// Opens a session that may change settings, also where an earlier fence has made transactions read-only.
pub(super) async fn open(context: &Context, side: Side) -> Result<Session> {
    let servers = context.servers();
    let session = servers.connect(side, servers.endpoint(side).database()).await?;
    session.allow_changes().await?;
    Ok(session)
}

/// Reads how things are.
pub(super) async fn guards(session: &Session, names: &[String]) -> Result<Guards> {
    let client = session.client();
    let databases = catalog::guarded_databases(client, names).await.place(|| session.place())?;
    let grants = catalog::connect_grants(client, names).await.place(|| session.place())?;
    let roles = catalog::guarded_roles(client, names).await.place(|| session.place())?;
    Ok(Guards { databases, grants, roles })
}

/// Proves that this user still gets in everywhere, by getting in.
async fn prove(context: &Context, side: Side, names: &[String]) -> Result<()> {
    let servers = context.servers();
    for name in names.iter().map(String::as_str).chain([servers.endpoint(side).database()]) {
        // Although somebody may want to stop: what was made is proved, or taken back.
        servers.connect_to_take_back(side, name).await.place(|| format!("database {name}"))?.close().await;
    }
    Ok(())
}

/// Removes the file of a fence that does not stand; where it stays it says so itself, and is in the way of nothing else.
fn unneeded(error: Error, store: &dyn Store, path: &str) -> Error {
    match store.remove_file(path) {
        Ok(()) => error,
        Err(_) => error.next(format!("{path} is about nothing any more: remove it")),
    }
}

/// Takes a fence back that would lock its own maker out.
async fn take_back(session: &Session, planned: &FencePlan, cause: Error, (store, path): (&dyn Store, &str)) -> Error {
    let error = Error::new(ErrorKind::Refused, "fence the server").at(session.place()).because(cause);
    match session.execute_all(&all_at_once(&planned.lifts)).await {
        Ok(()) => {
            warn!("taken back");
            let error = error.next("this user did not get in any more, so all of it was taken back at once");
            let error = error.next("let this user in by a way that the fence leaves open, or choose another with --by");
            unneeded(error, store, path)
        }
        Err(failed) => error
            .next(format!("this user does not get in any more, and it could not be taken back: {failed}"))
            .next(format!("as somebody who gets in: failback fence --lift {path}")),
    }
}

/// Ends sessions until none is left that can be.
async fn end(session: &Session, planned: &FencePlan) -> Result<Vec<EndedSessions>> {
    let mut found: BTreeMap<String, EndedSessions> = BTreeMap::new();
    for round in 0..ROUNDS {
        let seen = session.end_sessions(&planned.databases, &planned.spared).await?;
        for one in found.values_mut() {
            one.left = 0;
        }
        for one in &seen {
            let ended = found.entry(one.role.clone());
            let ended = ended.or_insert_with(|| EndedSessions { role: one.role.clone(), ended: 0, left: 0 });
            match one.ended {
                // Told once more, it counts once.
                Some(_) if round == 0 => ended.ended += 1,
                Some(_) => {}
                None => ended.left += 1,
            }
        }
        if seen.iter().all(|one| one.ended.is_none()) {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    info!(roles = found.len(), "ended sessions");
    Ok(found.into_values().collect())
}

/// Says what still gets in once the fence stands.
fn still_open(now: &Guards, planned: &FencePlan) -> Vec<String> {
    let mut holes = planned.holes.clone();
    if planned.rungs.contains(&Rung::Connect) {
        let others = now.roles.iter().filter(|role| {
            let gets_in = role.logs_in && !role.superuser && role.connection_limit != 0 && !role.connects.is_empty();
            gets_in && !planned.spared.contains(&role.name)
        });
        holes.extend(others.map(|role| format!("{} may still connect to {}", role.name, role.connects.join(", "))));
    }
    holes
}
