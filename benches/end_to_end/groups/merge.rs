//! The changed rows of orders into OLD, whose database is made anew for every case.

use super::changed::CHANGED;
use super::failback;
use crate::Outcome;
use crate::bench::{Bench, Place};
use crate::case::{Case, Set};
use crate::check::Check;
use crate::data::{self, Truth};
use crate::replication;

/// The rows that a merge has to bring, as counted and summed on either side.
const FINGERPRINT: &str =
    "select count(*), sum(hash_record_extended(o, 0)::numeric) from orders o where updated_at >= '2026-11-01 00:00:00+00'";

/// The folder of the change set, as binary COPY and as CSV.
const FILES: &str = "changes";

/// One set.
pub(super) fn sets(bench: &Bench) -> Outcome<Vec<Set>> {
    let truths = bench.truths()?;
    let truth = truths.of("orders")?;
    let new = bench.servers.new.psql(failback::SHOP);
    let files = bench.folder(FILES);
    std::fs::create_dir_all(&files)?;
    let new_here = bench.servers.new.psql(failback::SHOP).within(&files);
    // `\g` goes with what stands before it on the line, so this is not one statement for `-c`.
    new_here.script(&format!(
        "copy ({CHANGED}) to stdout (format binary) \\g orders.bin\n\
                              copy ({CHANGED}) to stdout (format csv, header) \\g orders.csv\n"
    ))?;
    let fingerprint = new.run(FINGERPRINT)?;
    let brought = || Check::prints(format!(r#"psql -qXAt -d "$OLD" -c "{FINGERPRINT}""#), &fingerprint);
    let mut cases = by_hand(bench);
    cases.push(replicated(truths.mark.as_deref()));
    for case in &mut cases {
        case.before.insert(0, Box::new(|bench, _| data::restore(bench)));
        case.checks.push(brought());
    }
    cases.extend(own_cases(bench, truth, &fingerprint)?);
    Ok(vec![Set {
        name: "merge.orders".to_owned(),
        title: "merge the changed rows of orders into OLD".to_owned(),
        rows: truth.changed(),
        reference: "bin_onconflict",
        database: failback::SHOP,
        rounds: None,
        cases,
    }])
}

fn by_hand(bench: &Bench) -> Vec<Case> {
    let script = |file: &str| format!(r#"psql -qX -v ON_ERROR_STOP=1 -d "$OLD" -f "$SQL/{file}.sql""#);
    let there = |file: &str| format!("cd ../../{FILES} && {}", script(file));
    let stage = |bench: &Bench, _: &Place| {
        bench.servers.old.psql(failback::SHOP).within(&bench.folder(FILES)).file("stage_orders")?;
        bench.servers.old.psql("postgres").run("checkpoint").map(drop)
    };
    vec![
        Case::limit("lim_onconflict", script("upsert_orders")).before(stage),
        Case::limit("bin_onconflict", there("merge_binary")),
        Case::peer("seed_csv_onconflict", None, there("merge_csv")),
        Case::peer(
            "duckdb_del_ins",
            bench.peers.absent("duckdb"),
            r#"python3 "$DRIVERS/duck.py" --file "$SQL/duckdb_merge.sql" --write"#,
        ),
    ]
}

/// Native logical replication from a slot that was made at the cutover: the one way here that brings deletes without being
/// asked.
fn replicated(mark: Option<&str>) -> Case {
    let absent = mark.is_none().then(|| "NEW's wal_level is not logical".to_owned());
    let command = format!(
        concat!(
            r#"psql -qX -v ON_ERROR_STOP=1 -d "$OLD" -c "alter subscription failback_bench enable" && "#,
            r#"psql -qX -v ON_ERROR_STOP=1 -d "$NEW" -v mark={} -f "$SQL/await_slot.sql""#
        ),
        mark.unwrap_or_default()
    );
    Case::peer("logical_apply", absent, command)
        .before(|bench, _| replication::subscribe(bench))
        .after(|bench, _| replication::unsubscribe(bench))
}

/// Plan, merge and undo, each measured, after an export and a diff that are not. Deletes are held.
fn own_cases(bench: &Bench, truth: &Truth, fingerprint: &str) -> Outcome<Vec<Case>> {
    data::restore(bench)?;
    let all = "select count(*), sum(hash_record_extended(o, 0)::numeric) from orders o";
    let before = bench.servers.old.psql(failback::SHOP).run(all)?;
    let old = |sql: &str| format!(r#"psql -qXAt -d "$OLD" -c "{sql}""#);
    let plan = Case::failback("failback_plan", failback::call("plan", ""))
        .before(|bench, _| data::restore(bench))
        .before(failback::configure(""))
        .before(|bench, place| {
            bench.shell(place, &failback::export("public.orders"))?;
            bench.shell(place, &failback::call("diff", "")).map(drop)
        })
        .check(Check::json([
            ("/actions/insert", truth.inserted),
            ("/actions/update", truth.updated),
            ("/actions/hold", truth.deleted),
        ]));
    let flush = |bench: &Bench, _: &Place| bench.servers.old.psql("postgres").run("checkpoint").map(drop);
    let merge = Case::failback("failback_merge", failback::write("merge")).going_on().before(flush);
    let verify = |name, options| Case::failback(name, failback::call("verify", options)).going_on();
    let looked = |case: Case| case.check(Check::json([("/tables/0/checked", truth.inserted + truth.updated)]));
    let undo = Case::failback("failback_undo", failback::write("undo")).going_on().before(flush);
    Ok(vec![
        plan,
        merge.check(Check::prints(old(FINGERPRINT), fingerprint)),
        looked(verify("failback_verify", "")),
        looked(verify("failback_verify_deep", "--deep")),
        undo.check(Check::prints(old(all), before)),
    ])
}
