//! Asks a side what there is, and writes the script.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use tokio_postgres::Client;
use tracing::Instrument as _;

use crate::catalog::{self, Catalog};
use crate::engine::run::{Context, Ledger, Selection, open_databases, spans};
use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::name::{Ident, QualifiedName, Side};
use crate::schema::{ForeignKey, LedgerPlace, Method, Table, Used, UsedSort, WantedPrivilege};
use crate::statement::{DatabaseGrants, GrantedObjects, ListedObjects, ServerGrants};

/// A script for one side.
#[derive(Clone, Debug, Serialize)]
pub struct GrantScript {
    /// The side.
    pub side: Side,
    /// The role that is given something.
    pub role: String,
    /// SQL for `psql`.
    pub script: String,
    /// Why it is of whole schemas and not of what there is, if it is.
    pub not_asked: Option<String>,
}

/// Writes the script for a role of one side. Where the server cannot be asked, it is one of whole schemas.
///
/// # Errors
/// Whatever asking the server can give but that it cannot be reached or lets the user not in.
pub async fn grants(context: &Context, side: Side, role: &str) -> Result<GrantScript> {
    write(context, side, role).instrument(spans::step(context, "grants")).await
}

async fn write(context: &Context, side: Side, role: &str) -> Result<GrantScript> {
    let (grants, not_asked) = match ask(context, side, role).await {
        Ok(grants) => (grants, None),
        Err(error) if matches!(error.kind(), ErrorKind::Connect | ErrorKind::Permission) => {
            let cause = error.causes().first().map_or_else(|| error.what().to_owned(), ToString::to_string);
            (unasked(context, side, role), Some(format!("{side} could not be asked what there is: {cause}")))
        }
        Err(error) => return Err(error),
    };
    Ok(GrantScript { side, role: role.to_owned(), script: grants.script(), not_asked })
}

fn server(context: &Context, side: Side, role: &str) -> ServerGrants {
    ServerGrants {
        side,
        address: context.servers().endpoint(side).address(),
        role: Ident::new(role),
        role_exists: false,
        version_num: None,
        ledger_schema: Ledger::of(context).schema().clone(),
        databases: Vec::new(),
    }
}

fn unasked(context: &Context, side: Side, role: &str) -> ServerGrants {
    let named = context.selection().databases();
    let own = [context.servers().endpoint(side).database().to_owned()];
    let databases = if named.is_empty() { own.as_slice() } else { named };
    let public: BTreeSet<_> = [Ident::new("public")].into();
    let grants =
        |name: &String| DatabaseGrants { name: Ident::new(name), objects: GrantedObjects::WholeSchemas(public.clone()) };
    ServerGrants { databases: databases.iter().map(grants).collect(), ..server(context, side, role) }
}

async fn ask(context: &Context, side: Side, role: &str) -> Result<ServerGrants> {
    let mut grants = server(context, side, role);
    let servers = context.servers();
    let first = servers.connect(side, servers.endpoint(side).database()).await?;
    grants.role_exists = catalog::role_exists(first.client(), role).await?;
    grants.version_num = Some(first.identity().await?.version_num);
    let names = match context.selection().databases() {
        [] => Box::pin(open_databases(context, side)).await?,
        named => named.to_vec(),
    };
    for name in names {
        let session = servers.connect(side, &name).await?;
        let place = || format!("database {name}");
        let found = Found::read(session.client(), &grants.ledger_schema).await.place(place)?;
        let objects = found.objects(context.selection(), side, &name);
        let objects = GrantedObjects::Listed(Box::new(objects));
        grants.databases.push(DatabaseGrants { name: Ident::new(&name), objects });
    }
    if grants.databases.is_empty() {
        return Err(Error::new(ErrorKind::Refused, "list the databases")
            .at(side)
            .because("this server has no database of its own to recover")
            .next("name them with --databases"));
    }
    Ok(grants)
}

/// What a database has.
struct Found {
    catalog: Catalog,
    keys: Vec<ForeignKey>,
    shielded: BTreeSet<QualifiedName>,
    used: BTreeMap<QualifiedName, Vec<Used>>,
    ledger: LedgerPlace,
}

impl Found {
    async fn read(client: &Client, ledger_schema: &Ident) -> Result<Self> {
        Ok(Self {
            catalog: catalog::read(client).await?,
            keys: catalog::foreign_keys(client).await?,
            shielded: catalog::shielded(client).await?,
            used: catalog::used(client).await?,
            ledger: catalog::ledger_place(client, ledger_schema).await?,
        })
    }

    /// Lists on what a role needs something, for the tables that the settings take in.
    fn objects(self, selection: &Selection, side: Side, database: &str) -> ListedObjects {
        let Self { catalog, keys, shielded, used, ledger } = self;
        let is_carried = |table: &&Table| {
            let name = table.name.to_string();
            selection.wants(&name) && selection.table(database, &name).method != Some(Method::Skip)
        };
        let tables: Vec<_> = catalog.tables.iter().filter(is_carried).collect();
        let written: BTreeSet<_> = tables.iter().map(|table| table.name.clone()).collect();
        let mut read: BTreeSet<_> =
            tables.iter().flat_map(|table| WantedPrivilege::to_read(table)).map(|wanted| wanted.table).collect();
        let mut locked: BTreeMap<QualifiedName, Vec<Ident>> = BTreeMap::new();
        for key in &keys {
            let [child, parent] = [&key.child, &key.parent].map(|table| written.contains(table));
            // Children of what goes are looked for; parents of what comes are looked for, and locked.
            if parent && !child {
                read.insert(key.child.clone());
            }
            if child && !parent {
                read.insert(key.parent.clone());
                locked.insert(key.parent.clone(), key.parent_columns.clone());
            }
        }
        let numbers = |table: &QualifiedName| written.contains(table);
        let sequences: BTreeSet<_> = catalog
            .sequences
            .iter()
            .filter(|sequence| {
                let mut fed = sequence.feeds.iter().chain(&sequence.owner).map(|(table, _)| table).peekable();
                fed.peek().is_none() || fed.any(numbers)
            })
            .map(|sequence| sequence.name.clone())
            .collect();
        // Nothing is written to NEW.
        let is_used = |one: &&Used| side == Side::Old || one.sort != UsedSort::Function;
        let used: Vec<_> = written.iter().filter_map(|table| used.get(table)).flatten().filter(is_used).collect();
        let schemas = read.iter().chain(&sequences).chain(used.iter().map(|one| &one.name));
        let schemas = schemas.map(|name| name.schema.clone()).collect();
        let (types, functions): (Vec<_>, Vec<_>) =
            used.into_iter().filter(|one| !one.open).partition(|one| one.sort == UsedSort::Type);
        let types = types.into_iter().map(|one| one.name.clone()).collect();
        let functions = functions.into_iter().map(|one| (one.name.clone(), one.arguments.clone())).collect();
        let shielded = shielded.into_iter().filter(|table| read.contains(table)).collect();
        ListedObjects { schemas, types, functions, read, written, locked, sequences, shielded, ledger }
    }
}
