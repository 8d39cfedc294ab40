//! What changed in orders behind a mark of both servers: found by transaction ids, beside what comparing every row takes.

use std::fs;

use jiff::Timestamp;

use super::{compare, failback};
use crate::bench::{Bench, MARKS, Place};
use crate::case::{Case, Set};
use crate::check::Check;
use crate::data::{self, MARKED};
use crate::{Outcome, say};

/// How much of the table changes, in words, and one of how many rows is updated, and one inserted.
const SHARES: [(&str, u64); 2] = [("tenth", 20), ("thousandth", 2_000)];

/// One set for each share.
pub(super) fn sets(bench: &Bench) -> Outcome<Vec<Set>> {
    SHARES.iter().zip(MARKED).map(|((share, each), database)| set(bench, share, *each, database)).collect()
}

fn set(bench: &Bench, share: &str, each: u64, database: &'static str) -> Outcome<Set> {
    say(&format!("making orders of which a {share} changes behind a mark"));
    let rows = bench.options.scale.rows();
    let orders = rows.iter().find_map(|(table, rows)| (*table == "orders").then_some(*rows)).ok_or("no table orders")?;
    data::fill_marked(bench, database)?;
    let folder = bench.folder(MARKS);
    fs::create_dir_all(&folder)?;
    let place = Place { folder: folder.clone(), output: folder.clone(), database };
    let mark = format!("\"$MARKS/{share}.json\"");
    bench
        .shell(&place, &format!(r#""$FAILBACK" mark --old "$OLD_URL" --new "$NEW_URL" --databases {database} --out {mark}"#))?;
    let cutover = Timestamp::now().to_string();
    let new = bench.servers.new.psql(database);
    new.set("orders", orders).set("each", each).file("change_marked")?;
    let new = bench.servers.new.psql(database);
    new.file("settle")?;
    let count = |condition: &str| new.number(&format!("select count(*) from orders where {condition}"));
    let (inserted, updated) = (count(&format!("id > {orders}"))?, count("status = 'marked'")?);
    let (changed, deleted) = (inserted + updated, orders - count(&format!("id <= {orders}"))?);
    let export = |name: &str, options: &str, rule: &'static str| {
        Case::failback(name, format!("{}{options}", failback::export("public.orders")))
            .before(failback::configure_at(cutover.clone(), rule))
            .check(Check::json([("/tables/0/candidates", changed), ("/tables/0/absent", deleted)]))
    };
    let marked = format!(" --mark {mark}");
    let mut cases = compare::limits("orders");
    cases.push(export("failback_xid", &marked, ""));
    // Summaries of the log are kept from PostgreSQL 17 on.
    if new.run("select coalesce(current_setting('summarize_wal', true), 'off')")? == "on" {
        cases.push(export("failback_blocks", &marked, "[tables.\"public.orders\"]\nmethod = \"blocks\"\n"));
        let rule = "[tables.\"public.orders\"]\nmethod = \"blocks_only\"\n";
        let without_keys = Check::json([("/tables/0/candidates", changed), ("/tables/0/absent", 0)]);
        cases.push(Case { checks: vec![without_keys], ..export("failback_blocks_only", &marked, rule) });
    }
    cases.push(export("failback_values", "", "[tables.\"public.orders\"]\nmethod = \"compare\"\ncompare_by = \"values\"\n"));
    cases.push(export("failback_hashes", "", "[tables.\"public.orders\"]\nmethod = \"compare\"\n"));
    Ok(Set {
        name: format!("marked.{share}"),
        title: format!("find what changed in a {share} of orders since a mark"),
        rows: orders,
        reference: compare::DRAIN,
        database,
        rounds: None,
        cases,
    })
}
