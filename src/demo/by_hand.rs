//! The runbook's own way of bringing rows home, played on copies of OLD's databases so that its losses can be counted.
//!
//! It is the script of the evaluated rollback, statement by statement: for each word of the list of tables in `public` that
//! has a `created_at` or `updated_at`, a COPY of the rows that carry a later stamp, then `\COPY … FROM`. Names are not quoted
//! there, so they are not quoted here. In one thing it is kinder: imports that failed are tried again as long as another one
//! worked, as a patient person would.
//!
//! Then the same idea is played as a careful person would correct it: every schema, quoted names, whichever time column there
//! is, and INSERT … ON CONFLICT DO NOTHING instead of a COPY that fails at the first double.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::{SinkExt, TryStreamExt};
use jiff::Timestamp;
use serde::Serialize;
use tokio_postgres::Client;

use super::cluster::Cluster;
use super::estate::{connect, databases, fault, parse, run};
use super::picture::{quoted, tables};
use crate::error::{Place, Result};
use crate::name::{QualifiedName, literal};

/// What the copies' names end in; they are removed by [`clean_up`].
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
            match import_one(old, &table, &file, "csv header").await {
                Ok(rows) => played.imported_rows += rows,
                Err(cause) => failed.push((table, file, cause)),
            }
        }
        if failed.len() == tried {
            played.import_failed += tried as u64;
            for (_, _, cause) in &failed {
                played.reason("import", cause);
            }
            return;
        }
        files = failed.into_iter().map(|(table, file, _)| (table, file)).collect();
    }
}

async fn import_one(old: &Client, table: &str, file: &[Bytes], format: &str) -> Result<u64, tokio_postgres::Error> {
    let mut sink = Box::pin(old.copy_in::<_, Bytes>(&format!("copy {table} from stdin {format}")).await?);
    for part in file {
        sink.send(part.clone()).await?;
    }
    sink.as_mut().finish().await
}

/// Runs the mended script from NEW into the copies that [`play`] made; returns how many rows it inserted.
pub(super) async fn play_mended(old: &Cluster, new: &Cluster, cutover: Timestamp) -> Result<u64> {
    let mut rows = 0;
    for database in databases() {
        let from = connect(&parse(&new.url(database))?).await?;
        let into = connect(&parse(&old.url(&format!("{database}{SUFFIX}")))?).await?;
        let mut waiting = Vec::new();
        for (table, _) in tables(&from).await.place(|| database)? {
            waiting.extend(Mended::read(&from, table, cutover).await.map_err(|cause| fault("read a table", cause))?);
        }
        // Parents come before children, sooner or later.
        loop {
            let (tried, mut failed) = (waiting.len(), Vec::new());
            for table in waiting {
                match table.write(&into).await {
                    Ok(inserted) => rows += inserted,
                    Err(_) => failed.push(table),
                }
            }
            if failed.len() == tried {
                break;
            }
            waiting = failed;
        }
    }
    Ok(rows)
}

/// A table of the mended script.
struct Mended {
    table: QualifiedName,
    columns: String,
    file: Vec<Bytes>,
}

impl Mended {
    /// Reads the rows with a later stamp; `None` where the table has neither time column.
    async fn read(new: &Client, table: QualifiedName, cutover: Timestamp) -> Result<Option<Self>, tokio_postgres::Error> {
        let list = "select string_agg(quote_ident(attname), ', ' order by attnum),
                           array_agg(attname::text) filter (where attname in ('created_at', 'updated_at'))
                    from pg_attribute where attrelid = $1::text::regclass and attnum > 0 and not attisdropped and
                        attgenerated = ''";
        let row = new.query_one(list, &[&table.sql()]).await?;
        let (columns, times): (String, Option<Vec<String>>) = (row.get(0), row.get(1));
        let Some(times) = times else { return Ok(None) };
        let since = literal(&cutover.to_string());
        let later: Vec<_> = times.iter().map(|time| format!("{time} > {since}")).collect();
        let copy = format!("copy (select {columns} from {} where {}) to stdout csv", table.sql(), later.join(" or "));
        let file = new.copy_out(&copy).await?.try_collect().await?;
        Ok(Some(Self { table, columns, file }))
    }

    async fn write(&self, old: &Client) -> Result<u64, tokio_postgres::Error> {
        let (table, columns) = (self.table.sql(), &self.columns);
        old.batch_execute("drop table if exists pg_temp.by_hand").await?;
        old.batch_execute(&format!("create temporary table by_hand as select {columns} from {table} with no data")).await?;
        import_one(old, "pg_temp.by_hand", &self.file, "csv").await?;
        let insert = format!(
            "insert into {table} ({columns}) overriding system value select {columns} from pg_temp.by_hand on conflict do \
                 nothing"
        );
        old.execute(&insert, &[]).await
    }
}

impl ByHand {
    fn reason(&mut self, step: &str, cause: &tokio_postgres::Error) {
        let said = cause.as_db_error().map_or_else(|| cause.to_string(), |server| server.message().to_owned());
        // Without the names, so that alike failures are counted together.
        let said = said.split('"').step_by(2).collect::<Vec<_>>().join("…");
        *self.reasons.entry(format!("{step}: {said}")).or_insert(0) += 1;
    }
}
