//! Whole tables of NEW into files. failback exports a whole table where OLD lacks it.

use super::failback;
use crate::Outcome;
use crate::bench::Bench;
use crate::case::{Case, Set};
use crate::check::Check;
use crate::data::{self, Truth};

/// One set for each table.
pub(super) fn sets(bench: &Bench) -> Outcome<Vec<Set>> {
    let truths = bench.truths()?;
    data::empty(bench)?;
    ["orders", "events", "blobs"].iter().map(|table| set(bench, truths.of(table)?)).collect()
}

fn set(bench: &Bench, truth: &Truth) -> Outcome<Set> {
    let table = truth.table;
    let mut cases = limits(bench, table)?;
    cases.extend(text(truth));
    cases.extend(parquet(bench, truth));
    cases.push(
        Case::failback("failback", failback::export(&failback::scope(table)))
            .before(failback::configure(""))
            .check(Check::Parquet(truth.after)),
    );
    Ok(Set {
        name: format!("export.{table}"),
        title: format!("export the whole table {table}"),
        rows: truth.after,
        reference: "lim_bin_1conn",
        database: failback::SHOP,
        rounds: None,
        cases,
    })
}

/// What the server needs to send the table to nowhere, and a client to throw it away.
fn limits(bench: &Bench, table: &str) -> Outcome<Vec<Case>> {
    let pages = format!("select pg_relation_size('{table}') / current_setting('block_size')::int / 2");
    let middle = bench.servers.new.psql(failback::SHOP).number(&pages)?;
    let half = |comparison: &str| {
        let rows = format!("select * from {table} where ctid {comparison} '({middle},0)'");
        format!(r#"psql -qX -d "$NEW" -c "copy ({rows}) to stdout (format binary)" > /dev/null"#)
    };
    Ok(vec![
        Case::limit("lim_srv_devnull", format!(r#"psql -qX -d "$NEW" -c "copy {table} to '/dev/null' (format binary)""#)),
        Case::limit("lim_bin_1conn", format!(r#"psql -qX -d "$NEW" -c "copy {table} to stdout (format binary)" > /dev/null"#)),
        Case::limit("lim_bin_2conn", format!("{} & {} && wait $!", half("<"), half(">="))),
    ])
}

fn text(truth: &Truth) -> Vec<Case> {
    let (table, rows) = (truth.table, truth.after);
    let dump = |options: &str| format!(r#"pg_dump -d "$NEW" -a -t {table} -Fd -j 2 {options} -f dump"#);
    vec![
        Case::peer(
            "seed_csv",
            None,
            format!(r#"psql -qX -d "$NEW" -c "copy (select * from {table}) to stdout (format csv, header)" > rows.csv"#),
        )
        .check(Check::prints("tail -n +2 rows.csv | wc -l", rows)),
        // Its files end with `\.` and two empty lines.
        Case::peer("pg_dump_Fd_j2_Z0", None, dump("-Z 0"))
            .check(Check::prints("cat dump/[0-9]*.dat | head -n -3 | wc -l", rows)),
        Case::peer("pg_dump_Fd_j2_gz", None, dump(""))
            .check(Check::prints("zcat dump/[0-9]*.dat.gz | head -n -3 | wc -l", rows)),
    ]
}

fn parquet(bench: &Bench, truth: &Truth) -> Vec<Case> {
    let table = truth.table;
    let duckdb = |codec: &str| {
        let sql = format!("copy (from new.public.{table}) to 'rows.parquet' (format parquet, compression {codec})");
        format!(r#"python3 "$DRIVERS/duck.py" "{sql}""#)
    };
    let peers = &bench.peers;
    let cases = [
        ("duckdb_zstd", "duckdb", duckdb("zstd")),
        ("duckdb_snappy", "duckdb", duckdb("snappy")),
        ("adbc_zstd", "adbc", format!(r#"python3 "$DRIVERS/adbc.py" "select * from {table}" rows.parquet"#)),
        ("connectorx_2", "connectorx", format!(r#"python3 "$DRIVERS/cx.py" "select * from {table}" rows.parquet 2"#)),
        ("pg2parquet_zstd", "pg2parquet", format!(r"{PG2PARQUET} --table {table} --output-file rows.parquet")),
    ];
    cases.map(|(name, peer, command)| Case::peer(name, peers.absent(peer), command).check(Check::Parquet(truth.after))).into()
}

/// Zstandard is its default.
pub(super) const PG2PARQUET: &str = concat!(
    r#"PATH="$PEERS/bin:$PATH" pg2parquet export --quiet --host "$NEW_HOST" --port "$NEW_PORT" --user "$NEW_USER" "#,
    r#"--password "$NEW_PGPASSWORD" --dbname "${NEW_URL##*/}""#
);
