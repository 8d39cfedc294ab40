//! All of orders, and of the narrow events, on OLD against all of NEW.

use super::failback;
use crate::Outcome;
use crate::bench::Bench;
use crate::case::{Case, Set};
use crate::check::Check;
use crate::data::{self, Truth};

/// What both servers need to send every key and a hash of its row.
pub(super) const DRAIN: &str = "hash_record_bykey_ord";

/// The same, with a hash that leaves nothing out: that of a record as it stands does not see the sign of a number in jsonb, or
/// where an array in it ends, and has 32 bits of an int8 or a time.
const LOSSLESS_DRAIN: &str = "lossless_hash_bykey_ord";

/// Orders' columns as bytes, or as types whose hash is that of their bytes. Written here anew: what the servers need is not to
/// depend on what failback sends them.
const LOSSLESS_ORDER: &str = r#"int8send(id), order_uuid, int8send(customer_id), status collate \"C\", numeric_send(amount),
    numeric_send(tax), note collate \"C\", reference collate \"C\", paid, jsonb_send(attrs), timestamptz_send(created_at),
    timestamptz_send(updated_at), shipped_on, array_send(tags)"#;

/// One set.
pub(super) fn sets(bench: &Bench) -> Outcome<Vec<Set>> {
    let orders = bench.truths()?.of("orders")?;
    data::restore(bench)?;
    let lossless = Case::limit(LOSSLESS_DRAIN, both(&by_key("orders", &format!("row({LOSSLESS_ORDER})"))));
    let of_orders =
        limits("orders").into_iter().chain([lossless]).chain(peers(bench, orders)).chain(own_cases(orders)).collect();
    let events = bench.truths()?.of("events")?;
    let of_events = limits("events").into_iter().chain(narrow_cases(events)).collect();
    Ok(vec![set(orders, of_orders), set(events, of_events)])
}

fn set(truth: &Truth, cases: Vec<Case>) -> Set {
    Set {
        name: format!("compare.{}", truth.table),
        title: format!("compare all rows of {} on both servers", truth.table),
        rows: truth.before + truth.after,
        reference: DRAIN,
        database: failback::SHOP,
        rounds: None,
        cases,
    }
}

/// What both servers need to send everything in key order, at the same time, to clients that throw it away.
pub(super) fn limits(table: &str) -> Vec<Case> {
    vec![
        Case::limit("lim_bin_ordered", both(&format!("select * from {table} order by id"))),
        Case::limit(DRAIN, both(&by_key(table, "t"))),
    ]
}

fn by_key(table: &str, record: &str) -> String {
    format!("select id, hash_record_extended({record}, 0) from {table} t order by id")
}

/// A query of both servers at the same time.
fn both(query: &str) -> String {
    let one = |side: &str| format!(r#"psql -qX -d "${side}" -c "copy ({query}) to stdout (format binary)" > /dev/null"#);
    format!("{} & {} && wait $!", one("OLD"), one("NEW"))
}

fn peers(bench: &Bench, truth: &Truth) -> Vec<Case> {
    let (inserted, updated, deleted) = (truth.inserted, truth.updated, truth.deleted);
    let side = |side: &str, file: &str| {
        format!(
            r#"psql -qX -d "${side}" -c "copy (select * from orders) to stdout (format csv)" | LC_ALL=C sort -T . > {file}"#
        )
    };
    let comm = format!(
        "{} & {} && wait $! && LC_ALL=C comm -3 old.csv new.csv | wc -l",
        side("OLD", "old.csv"),
        side("NEW", "new.csv")
    );
    vec![
        Case::peer(
            "duckdb_hash_fulljoin",
            bench.peers.absent("duckdb"),
            r#"python3 "$DRIVERS/duck.py" --file "$SQL/duckdb_compare.sql""#,
        )
        .check(Check::prints("cat ../stdout", format!("[[{inserted}, {updated}, {deleted}]]"))),
        Case::peer("reladiff", bench.peers.absent("reladiff"), r#"python3 "$DRIVERS/rd.py" orders"#)
            .check(Check::prints("head -n 1 ../stdout", format!("{inserted} {updated} {deleted}"))),
        // Every updated row is one line of OLD's and one of NEW's.
        Case::peer("csv_sort_comm", None, comm).check(Check::prints("cat ../stdout", inserted + 2 * updated + deleted)),
    ]
}

/// The export of a table that is compared, under a rule of failback.toml.
fn export(truth: &Truth, name: &str, rule: &'static str) -> Case {
    let staged = Check::json([("/tables/0/candidates", truth.changed()), ("/tables/0/absent", truth.deleted)]);
    Case::failback(name, failback::export(&format!("public.{}", truth.table))).before(failback::configure(rule)).check(staged)
}

/// A narrow table, whose rows are compared whole where nothing else is configured.
fn narrow_cases(truth: &Truth) -> Vec<Case> {
    vec![
        export(truth, "failback_rows", ""),
        export(truth, "failback_hashes", "[tables.\"public.events\"]\ncompare_by = \"hashes\"\n"),
    ]
}

/// The comparison itself is the export; what a row's history means is the diff, which reads OLD's counterparts of what differs.
fn own_cases(truth: &Truth) -> Vec<Case> {
    let classes = || {
        // Where rows are compared, stamps prove nothing.
        Check::json([
            ("/counts/ambiguous_missing_on_old", truth.inserted),
            ("/counts/ambiguous_differs", truth.updated),
            ("/counts/ambiguous_missing_on_new", truth.deleted),
        ])
    };
    let export = |name: &str, rule: &'static str| export(truth, name, rule);
    let diff = |name: &str| Case::failback(name, failback::call("diff", "")).going_on().check(classes());
    vec![
        export("failback_values", "[tables.\"public.orders\"]\nmethod = \"compare\"\ncompare_by = \"values\"\n"),
        diff("failback_values_diff"),
        export("failback_hashes", "[tables.\"public.orders\"]\nmethod = \"compare\"\n"),
        export("failback_rows", "[tables.\"public.orders\"]\nmethod = \"compare\"\ncompare_by = \"rows\"\n"),
    ]
}
