//! Only the rows of orders that changed since the cutover, by their stamps.

use super::export::PG2PARQUET;
use super::failback;
use crate::Outcome;
use crate::bench::Bench;
use crate::case::{Case, Set};
use crate::check::Check;
use crate::data;

/// What the stamps say, in SQL that every program here takes.
pub(super) const CHANGED: &str =
    "select * from orders where created_at > '2026-11-01 00:00:00+00' or updated_at > '2026-11-01 00:00:00+00'";

/// One set.
pub(super) fn sets(bench: &Bench) -> Outcome<Vec<Set>> {
    let truth = bench.truths()?.of("orders")?;
    data::restore(bench)?;
    let rows = truth.changed();
    let mut cases = vec![
        Case::limit("lim_srv_devnull", format!(r#"psql -qX -d "$NEW" -c "copy ({CHANGED}) to '/dev/null' (format binary)""#)),
        Case::limit(
            "lim_bin_1conn",
            format!(r#"psql -qX -d "$NEW" -c "copy ({CHANGED}) to stdout (format binary)" > /dev/null"#),
        ),
        Case::peer(
            "seed_csv",
            None,
            format!(r#"psql -qX -d "$NEW" -c "copy ({CHANGED}) to stdout (format csv, header)" > rows.csv"#),
        )
        .check(Check::prints("tail -n +2 rows.csv | wc -l", rows)),
    ];
    cases.extend(peers(bench, rows));
    // By their stamps alone, as all others do; and as it is done by default, where the keys of both sides are walked for what
    // no stamp says.
    for (name, method, absent) in
        [("failback_timestamps_only", "timestamps_only", 0), ("failback_timestamps", "timestamps", truth.deleted)]
    {
        cases.push(
            Case::failback(name, failback::export("public.orders"))
                .before(failback::configure(format!("[tables.\"public.orders\"]\nmethod = \"{method}\"\n")))
                .check(Check::json([("/tables/0/candidates", rows), ("/tables/0/absent", absent)])),
        );
    }
    Ok(vec![Set {
        name: "changed.orders".to_owned(),
        title: "export the rows of orders that changed since the cutover (failback_timestamps compares the keys of both sides \
                as well)"
            .to_owned(),
        rows,
        reference: "lim_srv_devnull",
        database: failback::SHOP,
        rounds: None,
        cases,
    }])
}

fn peers(bench: &Bench, rows: u64) -> Vec<Case> {
    let pushed = CHANGED.replace('\'', "''");
    let attached = CHANGED.replace("orders", "new.public.orders");
    let duckdb = |from: &str| {
        format!(r#"python3 "$DRIVERS/duck.py" "copy ({from}) to 'rows.parquet' (format parquet, compression zstd)""#)
    };
    let peers = &bench.peers;
    let cases = [
        ("duckdb_pgquery", "duckdb", duckdb(&format!("from postgres_query('new', '{pushed}')"))),
        ("duckdb_attach", "duckdb", duckdb(&attached)),
        ("adbc_zstd", "adbc", format!(r#"python3 "$DRIVERS/adbc.py" "{CHANGED}" rows.parquet"#)),
        ("connectorx_1", "connectorx", format!(r#"python3 "$DRIVERS/cx.py" "{CHANGED}" rows.parquet 1"#)),
        ("pg2parquet_zstd", "pg2parquet", format!(r#"{PG2PARQUET} --query "{CHANGED}" --output-file rows.parquet"#)),
    ];
    cases.map(|(name, peer, command)| Case::peer(name, peers.absent(peer), command).check(Check::Parquet(rows))).into()
}
