//! Tables and a workload that nobody here wrote: pgbench's, at scale 10, run on NEW after the cutover. They have no time
//! columns, and `pgbench_history` has no key either, so everything is found by full comparison. What failback counts is held
//! against what SQL counts on both servers.

use std::process::Command;

use failback::delta::Class;
use failback::engine::{self, MergeOptions};
use failback::name::{Side, Sided};
use jiff::Timestamp;

use super::recovery::Recovery;
use super::support::{self, Pair, block_on};

const DECISIONS: &str = r#"
[defaults]
ambiguous_differs = "apply_new"
ambiguous_missing_on_old = "apply_new"
why = "OLD took no writes after the cutover, so every difference is NEW's"
"#;

fn pgbench(pair: &Pair, side: Side, arguments: &[&str]) {
    let program = support::binaries(side).program("pgbench");
    let run = Command::new(&program).args(arguments).arg(pair.url(side)).output();
    let output = run.unwrap_or_else(|error| {
        panic!("pgbench, which comes with PostgreSQL's server packages: {}: {error}", program.display())
    });
    assert!(output.status.success(), "pgbench {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn count(pair: &Pair, side: Side, query: &str) -> u64 {
    support::value(pair.url(side), query).and_then(|text| text.parse().ok()).expect("a number")
}

#[test]
fn pgbench_comes_home_by_full_comparison() {
    let pair = support::pair("pgbench");
    for side in Side::BOTH {
        pgbench(&pair, side, &["--initialize", "--quiet", "--scale=10", "--init-steps=dtgvpf"]);
    }
    let cutover = Timestamp::now();
    pgbench(&pair, Side::New, &["--client=4", "--transactions=500", "--no-vacuum"]);
    let changed =
        |table: &str, column: &str| count(&pair, Side::New, &format!("select count(*) from {table} where {column} <> 0"));
    let expected = [
        ("public.pgbench_accounts", Class::AmbiguousDiffers, changed("pgbench_accounts", "abalance")),
        ("public.pgbench_branches", Class::AmbiguousDiffers, changed("pgbench_branches", "bbalance")),
        ("public.pgbench_tellers", Class::AmbiguousDiffers, changed("pgbench_tellers", "tbalance")),
        (
            "public.pgbench_history",
            Class::AmbiguousMissingOnOld,
            count(&pair, Side::New, "select count(*) from pgbench_history"),
        ),
    ];
    let recovery = Recovery::of(pair, cutover, "");
    recovery.decide(DECISIONS);
    let counts = recovery.up_to_plan();
    for (table, class, rows) in &expected {
        assert!(*rows > 0, "{table}: the workload changed nothing");
        assert_eq!(counts.get(&((*table).to_owned(), *class)), Some(rows), "{table}");
    }
    assert_eq!(counts.values().sum::<u64>(), expected.iter().map(|(_, _, rows)| rows).sum::<u64>(), "{counts:?}");
    let merged = block_on(engine::merge(&recovery.context, MergeOptions::default())).expect("a merge");
    assert_eq!(merged.rows(), counts.values().sum::<u64>());
    assert_eq!(block_on(engine::verify(&recovery.context)).expect("a verification").state_of_rows(), engine::State::Verified);
    for (table, key) in [("accounts", "aid"), ("branches", "bid"), ("tellers", "tid"), ("history", "t::text")] {
        let digest = format!("select md5(string_agg(t::text, ',' order by {key})) from pgbench_{table} t");
        let Sided { old, new } = Sided::of(|side| support::value(recovery.pair.url(side), &digest));
        assert_eq!(old, new, "{table}: OLD is what NEW is");
    }
    block_on(engine::undo(&recovery.context, MergeOptions::default())).expect("an undo");
    assert_eq!(count(&recovery.pair, Side::Old, "select count(*) from pgbench_history"), 0);
    assert_eq!(count(&recovery.pair, Side::Old, "select count(*) from pgbench_accounts where abalance <> 0"), 0);
}
