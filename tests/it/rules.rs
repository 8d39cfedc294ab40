//! Rules and row picks: what they come to on real rows, and that every number is the same everywhere.

use serde_json::{Value, json};

use crate::show::Scene;

impl Scene {
    /// Writes the run's decisions.
    pub(crate) fn write(&self, text: &str) {
        std::fs::write(self.plan().with_file_name("decisions.toml"), text).expect("decisions");
    }

    pub(crate) fn text(&self) -> String {
        std::fs::read_to_string(self.plan().with_file_name("decisions.toml")).expect("decisions")
    }

    pub(crate) fn document(&self, code: i32, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat());
        assert_eq!(output.code, code, "{arguments:?}: {}{}", output.stdout, output.stderr);
        serde_json::from_str(&output.stdout).expect("one JSON document")
    }

    /// What the plan does with each row of a table, by its key.
    pub(crate) fn actions(&self) -> Vec<(String, String, String)> {
        let shown = self.document(0, &["show", "people", "--limit", "all"]);
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let of = |row: &Value| (text(&row["key"]["id"]), text(&row["action"]), text(&row["why"]));
        shown["rows"].as_array().expect("rows").iter().map(of).collect()
    }
}

const RULES: &str = r#"
[defaults]
insert = "skip"                         # the weakest

[[rule]]
name = "notes stand"
table = "app.*"
class = ["update", "conflict"]
changed = ["note"]
resolution = "keep_old"
expect = 5
why = "notes are OLD's"
by = "ada"

[[rule]]
table = "app.people"
class = "update"
changed = ["tags"]
resolution = "skip"

[[row]]
table = "app.people"
key = { id = 4 }
resolution = "apply_new"
why = "the customer was asked"
"#;

#[test]
fn a_pick_is_stronger_than_rules_and_the_first_rule_than_others() {
    let scene = Scene::new("rules_plan", "");
    scene.write(RULES);
    let planned = scene.document(0, &["plan"]);
    let actions = scene.actions();
    let of = |id: &str| {
        let (_, action, why) = actions.iter().find(|(key, ..)| key == id).unwrap_or_else(|| panic!("{id}: {actions:?}"));
        (action.as_str(), why.as_str())
    };
    assert_eq!(of("3"), ("keep_old", "update_origin_differs: notes are OLD's"));
    assert_eq!(of("4"), ("update", "update: the customer was asked"));
    assert_eq!(of("5"), ("keep_old", "update: notes are OLD's"));
    assert_eq!(of("31"), ("skip", "insert: skip (default)"));
    let unmatched = planned["unmatched"].as_array().expect("a list");
    let idle = "decides none of its 3 rows: rules before it, or picks, do";
    assert!(unmatched.len() == 1 && unmatched[0].as_str().is_some_and(|said| said.contains(idle)), "{unmatched:?}");

    // Every screen has the same numbers.
    let shown = scene.document(0, &["decide"]);
    let rules = &shown["rules"];
    let numbers: Vec<_> = rules.as_array().expect("rules").iter().map(|rule| (&rule["means"], &rule["decides"])).collect();
    assert_eq!(numbers, [(&json!(5), &json!(4)), (&json!(3), &json!(0))]);
    let sum = |list: &Value, of: &dyn Fn(&Value) -> bool| -> u64 {
        list.as_array().expect("a list").iter().filter(|one| of(one)).map(|one| one["rows"].as_u64().expect("rows")).sum()
    };
    let diff = scene.document(0, &["diff"]);
    let rows: u64 = diff["counts"].as_object().expect("counts").values().map(|rows| rows.as_u64().expect("rows")).sum();
    assert_eq!(sum(&shown["resolutions"], &|_| true), rows);
    for (resolution, action) in [("keep_old", "keep_old"), ("skip", "skip")] {
        let rows_so = sum(&shown["resolutions"], &|one| one["resolution"] == resolution);
        assert_eq!(Some(rows_so), planned["actions"][action].as_u64(), "{resolution}");
    }
    assert_eq!(sum(&shown["waiting"], &|_| true) + sum(&shown["wanting"], &|_| true), planned["held"].as_u64().unwrap());
}

#[test]
fn what_does_not_fit_stops_a_plan_or_is_said() {
    let scene = Scene::new("rules_stop", "");
    let refuse = |code: i32, text: &str| {
        scene.write(text);
        let document = scene.document(code, &["plan"]);
        let error = &document["error"];
        (error["where"].to_string(), error["causes"].to_string() + &error["cause"].to_string())
    };
    let (place, cause) = refuse(4, &RULES.replace("expect = 5", "expect = 4"));
    assert!(place.contains("decisions.toml:10:1") && cause.contains("the rule expects 4 rows, and means 5"), "{place} {cause}");
    let (place, cause) = refuse(2, &RULES.replace("{ id = 4 }", "{ idd = 4 }"));
    assert!(place.contains("decisions.toml:24:1") && cause.contains("is id, and the row is picked by idd"), "{place} {cause}");
    let senseless = RULES.replace("resolution = \"apply_new\"", "resolution = \"last_update_wins\"");
    let (place, cause) = refuse(2, &senseless);
    assert!(
        place.contains("decisions.toml:24:1") && cause.contains("makes no sense for the row, which is `update`"),
        "{cause}"
    );
    scene.write(
        &RULES.replace("table = \"app.*\"", "table = \"ap.*\"").replace("expect = 5\n", "").replace("id = 4", "id = 99"),
    );
    let planned = scene.document(0, &["plan"]);
    let said = planned["unmatched"].to_string();
    for expected in ["`ap.*` matches no table", "means no row", "no row that differs is app.people: id 99"] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
}

#[test]
fn rules_and_picks_are_written_by_the_command_line() {
    let scene = Scene::new("rules_write", "");
    let rule =
        ["decide", "--table", "app.*", "--changed", "note", "conflict=keep_old", "update=skip", "--expect", "--why", "x"];
    let tried = scene.document(0, &[&rule[..], &["--dry-run"]].concat());
    assert_eq!((&tried["dry_run"], tried["examples"].as_array().map(Vec::len)), (&json!(true), Some(5)));
    assert!(!scene.plan().with_file_name("decisions.toml").exists(), "a dry run writes nothing");
    let written = scene.document(0, &rule);
    assert_eq!(written["changes"], tried["changes"]);
    assert_eq!(written["section"], "[[rule]]");
    let text = scene.text();
    assert!(text.contains("expect = 1\n") && text.contains("expect = 4\n") && text.contains("changed = \"note\""), "{text}");
    scene.write(&text.replace("\n[[rule]]\n", "\n# looked at\n[[rule]]\n"));
    let pick = |id: &str, code: i32| scene.document(code, &["decide", "--table", "app.people", "--row", id, "keep_old"]);
    let picked = pick("id=4", 0);
    assert_eq!((&picked["changes"][0]["rows"], &picked["changes"][0]["to"]), (&json!(1), &json!("keep_old")));
    assert_eq!(pick("id=99", 2)["error"]["kind"], "usage");
    scene.document(0, &["decide", "--table", "app.people", "--row", "id=4", "hold", "--why", "asked again"]);
    let text = scene.text();
    assert_eq!((text.matches("\n[[row]]\n").count(), text.matches("# looked at").count()), (1, 2), "{text}");
    assert_eq!(scene.document(0, &["decide"])["history"][0]["class"], "app.people: id 4");
    assert_eq!(scene.run(&["plan"]).code, 0);
    let actions = scene.actions();
    assert!(actions.iter().any(|(id, action, _)| id == "4" && action == "hold"), "{actions:?}");
    assert!(actions.iter().any(|(id, action, _)| id == "5" && action == "skip"), "{actions:?}");
    let journal = std::fs::read_to_string(scene.plan().with_file_name("journal.jsonl")).expect("a journal");
    assert!(journal.contains("1 row of app.people keep_old") && !journal.contains("id 4"), "{journal}");
    // A plan is of the decisions that it was made from.
    scene.document(0, &["decide", "--table", "app.people", "--row", "id=5", "apply_new"]);
    let stale = scene.document(4, &["merge", "--leave-held", "--confirm", &scene.pair.database]);
    assert!(stale["error"].to_string().contains("decisions"), "{stale:#}");
}

#[test]
fn the_schema_knows_every_word() {
    use failback::delta::Class;
    use failback::policy::{Resolution, Setting};

    let schema: Value = serde_json::from_str(include_str!("../../docs/decisions.schema.json")).expect("JSON");
    let words = |name: &str| -> Vec<String> {
        let list = schema["$defs"][name]["enum"].as_array().expect("words");
        list.iter().map(|word| word.as_str().expect("a word").to_owned()).collect()
    };
    assert_eq!(words("resolution"), Resolution::ALL.map(|one| one.word().to_owned()));
    assert_eq!(words("class"), Setting::all().map(|one| one.word().to_owned()).collect::<Vec<_>>());
    for class in Class::DECIDABLE {
        assert!(schema["$defs"]["defaults"]["properties"].get(class.word()).is_some(), "{class}");
        assert_eq!(schema["$defs"]["needs"]["properties"].get(class.word()).is_some(), class.applying().is_some(), "{class}");
    }
    let keys = |name: &str| schema["$defs"][name]["properties"].as_object().expect("keys").keys().cloned().collect::<Vec<_>>();
    // What the reader takes, by its own errors.
    let told = |section: &str| {
        let text = format!("[[{section}]]\nzzzzzzzz = 1");
        let error = failback::policy::Decisions::parse(&text, "d").expect_err("an unknown key");
        let known = error.causes().join("; ");
        let known = known.split_once("known are ").expect("the known keys").1.to_owned();
        let mut known: Vec<_> = known.split(", ").map(str::to_owned).collect();
        known.sort();
        known
    };
    for section in ["rule", "row"] {
        let mut known = keys(section);
        known.sort();
        assert_eq!(known, told(section), "{section}");
    }
}

/// Keys that could be taken for something else are read as they are printed.
#[test]
fn a_key_is_written_as_it_is_shown() {
    const STAMPS: &str = "created_at timestamptz default '2026-01-01', updated_at timestamptz default '2026-01-01'";
    let both = format!(
        "create table t (id text primary key, v text, {STAMPS});
         insert into t (id) values ('NULL'), ('''NULL'''), (' x'), (E'a\\nb'), ('plain, too')"
    );
    let new = format!("{both}; update t set v = 'new', updated_at = '2026-01-14 12:00Z'");
    let scene = Scene::made("rules_quoted", [&both, &new], "");
    let shown = scene.run(&["show", "t", "--limit", "all"]).stdout;
    let keys = ["'NULL'", "'''NULL'''", "' x'", "E'a\\nb'", "plain, too"];
    let values = ["NULL", "'NULL'", " x", "a\nb", "plain, too"];
    for (key, value) in keys.into_iter().zip(values) {
        assert!(shown.contains(&format!("public.t  id {key}  update")), "{key}: {shown}");
        let one = scene.document(0, &["show", "t", key]);
        assert_eq!((&one["found"], &one["rows"][0]["key"]["id"]), (&json!(1), &json!(value)), "{key}");
        scene.document(0, &["decide", "--table", "public.t", "--row", &format!("id={key}"), "keep_old", "--why", value]);
    }
    scene.document(0, &["plan"]);
    let planned = scene.document(0, &["show", "t", "--limit", "all"]);
    for row in planned["rows"].as_array().expect("rows") {
        let (key, why) = (row["key"]["id"].as_str().expect("a key"), row["why"].as_str().expect("a reason"));
        assert_eq!(why, format!("update: {key}"));
    }
    for key in ["NULL", "'NULL", "(masked)"] {
        assert_eq!(scene.document(2, &["show", "t", key])["error"]["kind"], "usage", "{key}");
    }
}
