//! Looks at both servers, and at the tables of OLD.

use serde::Serialize;
use tokio::try_join;
use tracing::Instrument as _;

use super::preparation::{Preparation, of_server};
use super::server_facts::ServerFacts;
use crate::catalog;
use crate::config::NamedTimeColumns;
use crate::engine::discover;
use crate::engine::run::{Context, spans};
use crate::error::{Place as _, Result};
use crate::name::{Ident, Side, Sided};
use crate::schema::{Column, Renaming, Table, comparison_key, map_columns};

/// What can be prepared.
#[derive(Clone, Debug, Serialize)]
pub struct PreflightReport {
    /// What each server keeps, or could keep.
    pub servers: Sided<PreparedServer>,
    /// What tables of OLD lack.
    pub tables: Vec<TablePreparation>,
    /// What a person should know: databases that are left out.
    pub notes: Vec<String>,
}

/// One server.
#[derive(Clone, Debug, Serialize)]
pub struct PreparedServer {
    /// Its version.
    pub version: String,
    /// What it keeps, or could keep.
    pub preparations: Vec<Preparation>,
}

/// Something that a table lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TablePreparation {
    /// The database's name.
    pub database: String,
    /// The table, as `schema.name`.
    pub table: String,
    /// What it lacks.
    pub lacks: &'static str,
    /// What having it would buy.
    pub buys: &'static str,
    /// The statement, with `…` where only its owner knows what to write.
    pub run: String,
}

/// Looks at what can be prepared before a migration.
///
/// # Errors
/// Whatever connecting and reading catalogs can give.
pub async fn preflight(context: &Context) -> Result<PreflightReport> {
    preflight_all(context).instrument(spans::step(context, "preflight")).await
}

async fn preflight_all(context: &Context) -> Result<PreflightReport> {
    let mut notes = Vec::new();
    let names = discover::databases(context, &mut notes).await?.names;
    let databases = names.len();
    let side = |side, name| async move { look_at_server(context, side, (name, databases)).await.place(|| side) };
    let servers = Sided::from(try_join!(side(Side::Old, &names[0]), side(Side::New, &names[0]))?);
    let mut tables = Vec::new();
    for name in &names {
        tables.extend(look_at_tables(context, name).await.place(|| format!("database {name}"))?);
    }
    Ok(PreflightReport { servers, tables, notes })
}

async fn look_at_server(context: &Context, side: Side, (database, databases): (&str, usize)) -> Result<PreparedServer> {
    let session = context.servers().connect(side, database).await?;
    let facts = ServerFacts::read(&session).await?;
    let user = Ident::new(session.endpoint().user()).sql();
    Ok(PreparedServer { version: session.identity().await?.version, preparations: of_server(&facts, &user, databases) })
}

async fn look_at_tables(context: &Context, database: &str) -> Result<Vec<TablePreparation>> {
    let session = context.servers().connect(Side::Old, database).await?;
    let found = catalog::read(session.client()).await.place(|| Side::Old)?;
    let wanted = found.tables.iter().filter(|table| context.selection().wants(&table.name.to_string()));
    Ok(wanted.flat_map(|table| of_table(context, database, table)).collect())
}

/// Lists what a table lacks.
fn of_table(context: &Context, database: &str, table: &Table) -> Vec<TablePreparation> {
    let (name, settings) = (table.name.to_string(), context.selection().table(database, &table.name.to_string()));
    let relation = table.name.sql();
    let one = |lacks, buys, run| TablePreparation { database: database.to_owned(), table: name.clone(), lacks, buys, run };
    let pairs = map_columns(table, table, &Renaming::new(std::iter::empty()), "UTC");
    let keyed = settings.key.is_some() || comparison_key(table, table, &pairs, None).is_ok();
    let key = (!keyed).then(|| {
        one(
            "a key",
            "rows are found by it, an update is told from a delete and an insert, and transaction ids prove something",
            format!("ALTER TABLE {relation} ADD PRIMARY KEY (…);"),
        )
    });
    let logged = table.unlogged.then(|| {
        one(
            "a place in the log (it is unlogged)",
            "transaction ids prove something of it, and a crash does not empty it",
            format!("ALTER TABLE {relation} SET LOGGED;"),
        )
    });
    let stamp = |named: &NamedTimeColumns, lacks, buys, more: &str| {
        let is_there = named.names.iter().any(|name| table.column(&Ident::new(name)).is_some_and(is_stamp));
        let column = named.names.first().filter(|_| !is_there)?;
        let column = Ident::new(column).sql();
        let run = format!("ALTER TABLE {relation} ADD COLUMN {column} timestamptz NOT NULL DEFAULT now();{more}");
        Some(one(lacks, buys, run))
    };
    let created = stamp(&settings.created, "a time of creation", "a row that only one side has is known to be new there", "");
    let updated = stamp(
        &settings.updated,
        "a time of the last update",
        "without a mark: which rows were written since the cutover",
        " -- and a trigger that sets it",
    );
    key.into_iter().chain(logged).chain(created).chain(updated).collect()
}

/// Whether a column's type can say when a row was written.
fn is_stamp(column: &Column) -> bool {
    column.data_type.builtin && ["timestamptz", "timestamp", "date"].contains(&column.data_type.base.as_str())
}
