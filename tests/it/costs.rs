//! What a plan will cost is said by what was measured, and by nothing else; what a merge has cost is said beside it.

use serde_json::Value;

use crate::show::Scene;
use crate::support;

fn document(scene: &Scene, verb: &[&str], code: i32) -> Value {
    let output = scene.run(&[verb, &["--json"]].concat());
    assert_eq!(output.code, code, "{verb:?}: {}{}", output.stdout, output.stderr);
    serde_json::from_str(&output.stdout).expect("one JSON document")
}

const BOTH: &str = "create schema app; create table app.t
    (id int primary key, note text, updated_at timestamptz, created_at timestamptz default '2020-01-01');
    insert into app.t select g, repeat('x', 100), '2020-01-01' from generate_series(1, 3000) g";

#[test]
fn a_plan_is_estimated_by_its_rehearsal_and_by_merges_before_and_else_not() {
    let new = format!("{BOTH}; update app.t set note = repeat('y', 100), updated_at = now() where id <= 2000");
    let scene = Scene::made("costs", [BOTH, &new], "");
    let unknown = document(&scene, &["plan"], 0);
    let why = unknown["estimate"]["not_known"].as_str().expect("a reason");
    assert!(why.starts_with("no merge into this OLD was measured"), "{why}");
    assert!(unknown["estimate"]["milliseconds"].is_null(), "{unknown}");
    let page = scene.run(&["plan"]).stdout;
    assert!(page.contains("cost: not known") && page.contains("failback merge --dry-run"), "{page}");
    let rehearsed = document(&scene, &["merge", "--dry-run"], 0);
    let measured = &rehearsed["databases"][0]["measured"];
    assert!(measured["wal_bytes"].as_u64().is_some_and(|bytes| bytes > 200_000), "2,000 rows of 100 characters: {measured}");
    assert_eq!((measured["rows"].as_u64(), measured["locks"]["row exclusive"].as_u64()), (Some(2000), Some(1)));
    let planned = document(&scene, &["plan"], 0);
    assert_eq!(planned["estimate"]["by"], "this plan's own rehearsal");
    assert_eq!(planned["estimate"]["wal_bytes"][0], measured["wal_bytes"]);
    let address = support::address(&scene.pair.old);
    let merged = scene.run(&["merge", "--confirm", &address]);
    assert_eq!(merged.code, 0, "{}{}", merged.stdout, merged.stderr);
    assert!(merged.stdout.contains("cost up to COMMIT") && merged.stdout.contains("estimated: "), "{}", merged.stdout);
    // The next run goes by this one's merge, unless it is far larger.
    for (rows, is_known) in [("between 2001 and 2500", true), ("> 0", true)] {
        support::sql(&scene.pair.new, &format!("update app.t set note = 'z', updated_at = now() where id {rows}"));
        for verb in ["export", "diff", "plan"] {
            assert_eq!(scene.run(&[verb]).code, 0, "{verb}");
        }
        let planned = document(&scene, &["plan"], 0);
        assert_eq!(planned["estimate"]["not_known"].is_null(), is_known, "{planned}");
        assert_eq!(planned["estimate"]["by"], "the last merge into this OLD, by the number of rows");
    }
    support::sql(&scene.pair.new, "insert into app.t select g, 'n', now(), now() from generate_series(4000, 40000) g");
    for verb in ["export", "diff", "plan"] {
        assert_eq!(scene.run(&[verb]).code, 0, "{verb}");
    }
    let planned = document(&scene, &["plan"], 0);
    let why = planned["estimate"]["not_known"].as_str().expect("a reason");
    assert!(why.contains("less than a tenth"), "{why}");
}
