//! The databases: OLD as it was at the cutover, NEW as it is after the changes.

use std::thread;

use super::bench::Bench;
use super::psql::Psql;
use super::server::Server;
use super::{Outcome, replication};

/// The database that is measured. OLD's is made anew from the next one wherever something has written to it.
pub(crate) const DATABASE: &str = "failback_bench";

/// OLD at the cutover.
const AT_CUTOVER: &str = "failback_bench_at_cutover";

/// The database of the table that grows.
pub(crate) const NARROW: &str = "failback_bench_narrow";

/// The databases of what changes behind a mark: a tenth, and a thousandth.
pub(crate) const MARKED: [&str; 2] = ["failback_bench_marked_tenth", "failback_bench_marked_thousandth"];

/// When writes moved to NEW.
pub(crate) const CUTOVER: &str = "2026-11-01T00:00:00Z";

/// What is known of one table. Updated rows are those that NEW still has.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct Truth {
    pub(crate) table: &'static str,
    pub(crate) before: u64,
    pub(crate) after: u64,
    pub(crate) inserted: u64,
    pub(crate) updated: u64,
    pub(crate) deleted: u64,
}

impl Truth {
    /// Returns how many rows of NEW changed since the cutover.
    pub(crate) fn changed(&self) -> u64 {
        self.inserted + self.updated
    }
}

/// What is known of all of them.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct Truths {
    pub(crate) tables: Vec<Truth>,
    /// NEW's position behind the changes of orders, where a slot could be made.
    pub(crate) mark: Option<String>,
}

impl Truths {
    pub(crate) fn of(&self, table: &str) -> Outcome<&Truth> {
        self.tables.iter().find(|truth| truth.table == table).ok_or_else(|| format!("no table {table}").into())
    }
}

/// Makes the tables on both servers and changes NEW's.
pub(crate) fn load(bench: &Bench) -> Outcome<Truths> {
    drop_all(bench)?;
    let (old, new) = (&bench.servers.old, &bench.servers.new);
    thread::scope(|scope| {
        let other = scope.spawn(|| fill(bench, old, AT_CUTOVER));
        fill(bench, new, DATABASE)?;
        other.join().map_err(|_| "filling OLD ended early")?
    })?;
    let mark = change(bench)?;
    let rows = bench.options.scale.rows();
    let tables = rows.iter().map(|(table, before)| truth(&new.psql(DATABASE), table, *before)).collect::<Outcome<_>>()?;
    Ok(Truths { tables, mark })
}

fn fill(bench: &Bench, server: &Server, database: &str) -> Outcome<()> {
    fill_with(bench, server, database, &["customers", "orders", "events", "blobs", "settle"])
}

fn fill_with(bench: &Bench, server: &Server, database: &str, files: &[&str]) -> Outcome<()> {
    create(server, database, None)?;
    let psql = sized(bench, server.psql(database));
    files.iter().try_for_each(|file| psql.file(file).map(drop))
}

/// Makes orders in a database of its own on both servers, alike.
pub(crate) fn fill_marked(bench: &Bench, database: &str) -> Outcome<()> {
    let files = ["customers", "orders", "settle"];
    [&bench.servers.old, &bench.servers.new].iter().try_for_each(|server| fill_with(bench, server, database, &files))
}

fn sized(bench: &Bench, psql: Psql) -> Psql {
    bench.options.scale.rows().into_iter().fold(psql, |psql, (table, rows)| psql.set(table, rows))
}

/// Changes NEW; orders first, so that replication of orders need not read beyond them. Returns NEW's position behind them.
fn change(bench: &Bench) -> Outcome<Option<String>> {
    let psql = sized(bench, bench.servers.new.psql(DATABASE));
    let logical = replication::begin(&psql)?;
    psql.file("change_orders")?;
    let mark = if logical { Some(psql.run("select pg_current_wal_lsn()")?) } else { None };
    psql.file("change_others")?;
    psql.file("settle")?;
    Ok(mark)
}

fn truth(new: &Psql, table: &'static str, before: u64) -> Outcome<Truth> {
    let updated = match table {
        "customers" | "orders" => "updated_at >= '2026-11-01 00:00+00'",
        "events" => "value < 0",
        _ => "length(content) <> 8192",
    };
    let count = |condition: &str| new.number(&format!("select count(*) from {table} where {condition}"));
    Ok(Truth {
        table,
        before,
        after: count("true")?,
        inserted: count(&format!("id > {before}"))?,
        updated: count(&format!("id <= {before} and {updated}"))?,
        deleted: before - count(&format!("id <= {before}"))?,
    })
}

/// Makes OLD's database what it was at the cutover.
pub(crate) fn restore(bench: &Bench) -> Outcome<()> {
    create(&bench.servers.old, DATABASE, Some(AT_CUTOVER))?;
    bench.servers.old.psql("postgres").run("checkpoint").map(drop)
}

/// Makes OLD's database an empty one, so that every table is one that OLD lacks.
pub(crate) fn empty(bench: &Bench) -> Outcome<()> {
    create(&bench.servers.old, DATABASE, None)
}

/// Makes a database anew.
pub(crate) fn create(server: &Server, database: &str, template: Option<&str>) -> Outcome<()> {
    let psql = server.psql("postgres");
    psql.run(&format!("drop database if exists {database} with (force)"))?;
    // From 15 on the default writes every page to the log.
    let by_files = psql.number("show server_version_num")? >= 150_000;
    let strategy = if by_files && template.is_some() { "strategy file_copy" } else { "" };
    psql.run(&format!("create database {database} template {} {strategy}", template.unwrap_or("template0"))).map(drop)
}

/// Drops whatever the bench may have made.
pub(crate) fn drop_all(bench: &Bench) -> Outcome<()> {
    replication::forget(bench)?;
    let (old, new) = (bench.servers.old.psql("postgres"), bench.servers.new.psql("postgres"));
    for database in [DATABASE, AT_CUTOVER, NARROW].into_iter().chain(MARKED) {
        old.run(&format!("drop database if exists {database} with (force)"))?;
        new.run(&format!("drop database if exists {database} with (force)"))?;
    }
    Ok(())
}
