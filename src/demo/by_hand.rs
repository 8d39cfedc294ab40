//! The runbook's own way of bringing rows home, played on copies of OLD's databases so that its losses can be counted.
//!
//! It is the script of the evaluated rollback, statement by statement: for each word of the list of tables in `public` that
//! has a `created_at` or `updated_at`, a COPY of the rows that carry a later stamp, then `\COPY … FROM`. Names are not quoted
//! there, so they are not quoted here. In one thing it is kinder: imports that failed are tried again as long as another one
//! worked, as a patient person would.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::{SinkExt, TryStreamExt};
use jiff::Timestamp;
use serde::Serialize;
use tokio_postgres::Client;

use super::cluster::Cluster;
use super::estate::{connect, databases, fault, parse, run};
use super::picture::quoted;
use crate::error::{Place, Result};
use crate::name::literal;

/// What the copies' names end in.
pub(super) const SUFFIX: &str = "_by_hand";

/// How the script went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ByHand {
    /// Words of the list of tables that the script went through.
    pub tables: u64,
    /// Those that it passed over because it found no time column.
    pub passed_over: u64,
    /// Those whose export failed.
    pub export_failed: u64,
    /// Those whose import failed, all rows of a table at once.
    pub import_failed: u64,
    /// Rows that were imported.
    pub imported_rows: u64,
    /// What the servers said to the failures, and how often.
    pub reasons: BTreeMap<String, u64>,
}

/// Copies OLD's databases and runs the script from NEW into the copies.
pub(super) async fn play(old: &Cluster, new: &Cluster, cutover: Timestamp) -> Result<ByHand> {
    let mut played = ByHand::default();
    let maintenance = connect(&parse(&old.url("postgres"))?).await?;
    for database in databases() {
        let copy = format!("{database}{SUFFIX}");
        let create = format!("create database {} template {}", quoted(&copy), quoted(database));
        run(&maintenance, "copy OLD's database", &create).await.place(|| database)?;
        let from = connect(&parse(&new.url(database))?).await?;
        let into = connect(&parse(&old.url(&copy))?).await?;
        let exported = export(&from, cutover, &mut played).await.place(|| database)?;
        import(&into, exported, &mut played).await;
    }
    Ok(played)
}

/// Removes the copies.
pub(super) async fn clean_up(old: &Cluster) -> Result<()> {
    let maintenance = connect(&parse(&old.url("postgres"))?).await?;
    for database in databases() {
        let drop = format!("drop database {} with (force)", quoted(&format!("{database}{SUFFIX}")));
        run(&maintenance, "drop the copy", &drop).await?;
    }
    Ok(())
}

/// Returns one CSV file a table.
async fn export(new: &Client, cutover: Timestamp, played: &mut ByHand) -> Result<Vec<(String, Vec<Bytes>)>> {
    let list = "select coalesce(string_agg(tablename, chr(10)), '') from pg_tables where schemaname = 'public'";
    let list: String = new.query_one(list, &[]).await.map_err(|cause| fault("list the tables", cause))?.get(0);
    let mut files = Vec::new();
    // `for table in $TABLES` cuts at blanks.
    for table in list.split_whitespace() {
        played.tables += 1;
        let has_time = "select exists (select from information_schema.columns
                        where table_name = $1 and column_name in ('created_at', 'updated_at'))";
        let has_time = new.query_one(has_time, &[&table]).await.map_err(|cause| fault("look for a time column", cause))?;
        if !has_time.get::<_, bool>(0) {
            played.passed_over += 1;
            continue;
        }
        let since = literal(&cutover.to_string());
        let copy =
            format!("copy (select * from {table} where created_at > {since} or updated_at > {since}) to stdout csv header");
        let file = async { new.copy_out(&copy).await?.try_collect::<Vec<Bytes>>().await };
        match file.await {
            Ok(file) => files.push((table.to_owned(), file)),
            Err(cause) => {
                played.export_failed += 1;
                played.reason("export", &cause);
            }
        }
    }
    Ok(files)
}

/// Imports the files, again and again as long as one of them gets in.
async fn import(old: &Client, mut files: Vec<(String, Vec<Bytes>)>, played: &mut ByHand) {
    loop {
        let (tried, mut failed) = (files.len(), Vec::new());
        for (table, file) in files {
            match import_one(old, &table, &file).await {
                Ok(rows) => played.imported_rows += rows,
                Err(cause) => failed.push((table, file, cause)),
            }
        }
        if failed.len() == tried {
            played.import_failed += tried as u64;
            failed.iter().for_each(|(_, _, cause)| played.reason("import", cause));
            return;
        }
        files = failed.into_iter().map(|(table, file, _)| (table, file)).collect();
    }
}

async fn import_one(old: &Client, table: &str, file: &[Bytes]) -> Result<u64, tokio_postgres::Error> {
    let mut sink = Box::pin(old.copy_in::<_, Bytes>(&format!("copy {table} from stdin csv header")).await?);
    for part in file {
        sink.send(part.clone()).await?;
    }
    sink.as_mut().finish().await
}

impl ByHand {
    fn reason(&mut self, step: &str, cause: &tokio_postgres::Error) {
        let said = cause.as_db_error().map_or_else(|| cause.to_string(), |server| server.message().to_owned());
        // Without the names, so that alike failures are counted together.
        let said = said.split('"').step_by(2).collect::<Vec<_>>().join("…");
        *self.reasons.entry(format!("{step}: {said}")).or_insert(0) += 1;
    }
}
