//! Rows that are picked and become others before the plan is made: what was decided about one is not done to another.

use serde_json::{Value, json};

use crate::show::Scene;
use crate::support;

const STAMPS: &str = "created_at timestamptz default '2026-01-01', updated_at timestamptz default '2026-01-01'";

/// Four rows that NEW has changed.
fn scene(test: &str) -> Scene {
    let both = format!(
        "create table t (id int primary key, v text, w text default 'w', {STAMPS});
         insert into t (id, v) select i, 'was' from generate_series(1, 4) i"
    );
    Scene::made(test, [&both, &format!("{both}; update t set v = 'new', updated_at = '2026-01-14 12:00Z'")], "")
}

/// The lines of a list of all rows, with what is to be done with some.
fn list(scene: &Scene, file: &str, resolution: &str, ids: &[&str]) -> String {
    scene.document(0, &["decide", "--export", file, "--table", "t"]);
    let text = std::fs::read_to_string(scene.file(file)).expect("a file");
    let filled_in = |line: &str| {
        let is_one = ids.iter().any(|id| line.contains(&format!(",id={id},")));
        if is_one { line.replace(",update,,", &format!(",update,{resolution},")) } else { line.to_owned() }
    };
    let filled: Vec<_> = text.lines().map(filled_in).collect();
    filled.join("\r\n") + "\r\n"
}

fn import(scene: &Scene, code: i32, text: &str) -> Value {
    std::fs::write(scene.file("rows.csv"), text).expect("a file");
    scene.document(code, &["decide", "--import", "rows.csv"])
}

/// What the plan does with each row, by their keys, and why.
fn planned(scene: &Scene) -> Vec<(String, String)> {
    scene.document(0, &["plan"]);
    let shown = scene.document(0, &["show", "t", "--limit", "all"]);
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let mut rows = shown["rows"].as_array().expect("rows").clone();
    rows.sort_by_key(|row| row["key"].to_string());
    rows.iter().map(|row| (text(&row["action"]), text(&row["why"]))).collect()
}

#[test]
fn what_was_decided_about_a_row_is_not_done_to_another_one() {
    let scene = scene("outdated_picks");
    scene.document(0, &["decide", "--table", "public.t", "--row", "id=1", "apply_new"]);
    let listed = list(&scene, "all.csv", "apply_new", &["2", "3"]);
    import(&scene, 0, &listed);
    assert!(planned(&scene).iter().all(|(action, _)| action == "update"), "as it was when it was picked");
    // OLD's users write one that is picked alone, and one of the list; NEW's one of the list.
    support::sql(&scene.pair.old, "update t set w = 'theirs', updated_at = '2026-01-14 13:00Z' where id in (1, 2)");
    support::sql(&scene.pair.new, "update t set w = 'more', updated_at = '2026-01-14 12:30Z' where id = 3");
    for verb in [&["export", "--delta"][..], &["diff"]] {
        let output = scene.run(verb);
        assert_eq!(output.code, 0, "{verb:?}: {}{}", output.stdout, output.stderr);
    }
    let found = planned(&scene);
    let actions: Vec<_> = found.iter().map(|(action, _)| action.as_str()).collect();
    assert_eq!(actions, ["hold", "hold", "hold", "update"], "{found:?}");
    assert!(found[..3].iter().all(|(_, why)| why.contains("it was picked when it was another row")), "{found:?}");
    let shown = scene.document(0, &["decide"]);
    assert!(shown.to_string().contains("\"outdated\""), "{shown:#}");
    // A line of then does not make it anew, whatever its class is.
    for id in ["2", "3"] {
        let line = listed.lines().filter(|line| line.contains("fingerprint") || line.contains(&format!(",id={id},")));
        let refused = import(&scene, 2, &(line.collect::<Vec<_>>().join("\r\n") + "\r\n"));
        assert_eq!(refused["error"]["kind"], "usage", "{refused:#}");
    }
    // Picked again as it is now it is decided, and the list of now can be imported.
    scene.document(0, &["decide", "--table", "public.t", "--row", "id=1", "apply_new"]);
    let again = list(&scene, "again.csv", "apply_new", &["3"]);
    import(&scene, 0, &again);
    let actions: Vec<_> = planned(&scene).into_iter().map(|(action, _)| action).collect();
    assert_eq!(actions, ["update", "hold", "update", "update"]);
}

#[test]
fn a_pick_that_says_nothing_of_what_the_row_was_is_of_whatever_it_is() {
    let scene = scene("outdated_picks_bare");
    let text = "[[row]]\ntable = \"public.t\"\nkey = { id = 1 }\nresolution = \"keep_old\"\n";
    std::fs::write(scene.in_run("decisions.toml"), text).expect("a file");
    assert_eq!(planned(&scene)[0].0, "keep_old");
    std::fs::write(scene.in_run("decisions.toml"), format!("{text}fingerprint = \"0000000000000000\"\n")).expect("a file");
    assert_eq!(planned(&scene)[0].0, "hold");
    let document = scene.document(0, &["decide", "--table", "public.t", "--row", "id=1", "keep_old"]);
    assert_eq!(document["changes"][0]["to"], json!("keep_old"), "{document:#}");
    assert_eq!(planned(&scene)[0].0, "keep_old");
}
