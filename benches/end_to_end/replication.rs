//! Native logical replication of orders, from a slot that was made on NEW at the cutover.

use std::thread;
use std::time::Duration;

use super::Outcome;
use super::bench::Bench;
use super::data::DATABASE;
use super::psql::Psql;

/// The slot of the cutover; each replication starts from a copy of it.
const BASE: &str = "failback_bench_base";

/// The copy.
const COPY: &str = "failback_bench_run";

/// Makes the slot, before anything changes on NEW; says whether NEW can.
pub(crate) fn begin(new: &Psql) -> Outcome<bool> {
    if new.run("show wal_level")? != "logical" {
        return Ok(false);
    }
    new.run("create publication failback_bench for table orders")?;
    new.run(&format!("select pg_create_logical_replication_slot('{BASE}', 'pgoutput')"))?;
    Ok(true)
}

/// Makes a subscription on OLD that waits to be enabled.
pub(crate) fn subscribe(bench: &Bench) -> Outcome<()> {
    let new = &bench.servers.new;
    new.psql(DATABASE).run(&format!("select pg_copy_logical_replication_slot('{BASE}', '{COPY}')"))?;
    let address = bench.options.new_from_old.clone().unwrap_or_else(|| format!("{}:{}", new.host, new.port));
    let (host, port) = address.rsplit_once(':').unwrap_or((&address, "5432"));
    let password = new.password.replace('\\', r"\\").replace('\'', r"\'");
    let source = format!("host={host} port={port} user={} password='{password}' dbname={DATABASE}", new.user);
    // Not by `-c`: the password would show in `ps`.
    let statement = format!(
        "create subscription failback_bench connection '{}' publication failback_bench \
         with (create_slot = false, slot_name = '{COPY}', copy_data = false, enabled = false);\n",
        source.replace('\'', "''")
    );
    bench.servers.old.psql(DATABASE).script(&statement).map(drop)
}

/// Takes the subscription away, and the copy of the slot.
pub(crate) fn unsubscribe(bench: &Bench) -> Outcome<()> {
    let old = bench.servers.old.psql(DATABASE);
    if old.number("select count(*) from pg_subscription where subname = 'failback_bench'")? > 0 {
        for rest in ["disable", "set (slot_name = none)"] {
            old.run(&format!("alter subscription failback_bench {rest}"))?;
        }
        old.run("drop subscription failback_bench")?;
    }
    drop_slots(bench, COPY)
}

/// Takes everything away that an earlier run may have left.
pub(crate) fn forget(bench: &Bench) -> Outcome<()> {
    let there = format!("select count(*) from pg_database where datname = '{DATABASE}'");
    if bench.servers.old.psql("postgres").number(&there)? > 0 {
        unsubscribe(bench)?;
    }
    drop_slots(bench, "failback_bench_%")
}

/// Drops slots on NEW. Who reads one may need a moment to notice that nobody listens.
fn drop_slots(bench: &Bench, like: &str) -> Outcome<()> {
    let new = bench.servers.new.psql("postgres");
    let drop = format!("select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name like '{like}'");
    for _ in 0..50 {
        if new.run(&drop).is_ok() {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(100));
    }
    new.run(&drop).map(std::mem::drop)
}
