//! The command line from discover to undo, through the program itself: exit codes, what goes to stdout and what to stderr.

use std::path::Path;

use failback::demo::{load_database, play_incident_on};
use failback::name::Side;
use jiff::Timestamp;
use serde_json::Value;

use crate::support::{self, Output, Pair};

const CUTOVER: &str = "2026-01-14T10:00:00Z";

/// A pair of databases of the estate after the incident, and a folder for runs.
struct Scene {
    pair: Pair,
    folder: tempfile::TempDir,
    confirm: String,
}

impl Scene {
    fn new(test: &str) -> Self {
        let pair = support::pair(test);
        let cutover: Timestamp = CUTOVER.parse().unwrap();
        support::block_on(async {
            for side in Side::BOTH {
                load_database(pair.url(side), "chain_db", cutover).await?;
                play_incident_on(side, pair.url(side), "chain_db", cutover).await?;
            }
            Ok::<_, failback::error::Error>(())
        })
        .unwrap();
        let confirm = support::address(&pair.old);
        Self { pair, folder: tempfile::tempdir().unwrap(), confirm }
    }

    fn run(&self) -> String {
        self.folder.path().join("run").display().to_string()
    }

    /// Runs a verb on the run with those servers named that it asks.
    fn failback(&self, arguments: &[&str]) -> Output {
        let run = self.run();
        let mut all = arguments.to_vec();
        all.extend(support::taken(arguments[0], &[("--old", &self.pair.old), ("--new", &self.pair.new), ("--run", &run)]));
        if ["discover", "export", "recover"].contains(&arguments[0]) {
            all.extend(["--databases", &self.pair.database, "--cutover", CUTOVER]);
        }
        support::failback(&all)
    }

    /// Goes on with the run, with an OLD named that has no such database.
    fn elsewhere(&self, arguments: &[&str]) -> Output {
        let (old, run) = (support::third().url("postgres"), self.run());
        let servers = ["--old", &old, "--new", &self.pair.new, "--run", &run, "--databases", &self.pair.database];
        support::failback(&[arguments, &servers, &["--cutover", CUTOVER]].concat())
    }

    /// Runs a verb with `--json -q` and returns its document.
    fn json(&self, code: i32, arguments: &[&str]) -> Value {
        let output = self.failback(&[arguments, &["--json", "-q"]].concat());
        assert_eq!(output.code, code, "{arguments:?}\n{}{}", output.stdout, output.stderr);
        if !output.stdout.contains("\"error\"") {
            assert_eq!(output.stderr, "", "{arguments:?} -q");
        }
        let document: Value = serde_json::from_str(&output.stdout).expect("one JSON document");
        assert_eq!((&document["command"], &document["schema_version"]), (&arguments[0].into(), &1.into()));
        document
    }

    /// Everything in OLD's tables that the incident touched, as one digest a table.
    fn old(&self) -> Vec<Option<String>> {
        ["public.users", "public.wallets", "public.transactions", "public.tokens", "ledger.entries", "audit.changes"]
            .map(|table| {
                let query = format!("select md5(string_agg(t::text, chr(10) order by t::text)) from {table} t");
                support::value(&self.pair.old, &query)
            })
            .into()
    }
}

#[test]
fn a_recovery_from_discover_to_undo() {
    let scene = Scene::new("cli_walk");
    let before = scene.old();
    let found = scene.json(0, &["discover"]);
    assert_eq!(found["databases"][0]["name"], scene.pair.database.as_str());
    assert!(scene.json(0, &["export"])["rows"].as_u64().unwrap() > 50);
    assert_eq!(scene.json(4, &["export"])["error"]["kind"], "refused");
    let compared = scene.json(3, &["diff", "--exit-code"]);
    assert!(compared["counts"]["insert"].as_u64().unwrap() > 10, "{compared:#}");
    assert!(!scene.json(0, &["decide"])["waiting"].as_array().unwrap().is_empty());
    let planned = scene.json(3, &["plan", "--exit-code"]);
    assert!(planned["held"].as_u64().unwrap() > 0);
    assert_eq!(scene.json(0, &["status"])["next"], "merge");

    assert_eq!(scene.json(4, &["merge", "--confirm", &scene.confirm])["error"]["kind"], "refused");
    assert_eq!(scene.json(4, &["merge", "--leave-held"])["error"]["kind"], "refused");
    assert_eq!(scene.json(4, &["merge", "--leave-held", "--confirm", "elsewhere:5432"])["error"]["what"], "confirm the merge");
    assert_eq!(scene.json(0, &["merge", "--leave-held", "--dry-run"])["dry_run"], true);
    assert_eq!(scene.old(), before, "nothing was written so far");

    assert_eq!(scene.json(4, &["verify"])["error"]["kind"], "refused");
    let merged = scene.json(9, &["merge", "--leave-held", "--confirm", &scene.confirm]);
    assert_eq!(merged["databases"][0]["outcome"], "done");
    assert_ne!(scene.old(), before);
    let again = scene.json(9, &["merge", "--leave-held", "--confirm", &scene.pair.database]);
    assert_eq!(again["databases"][0]["outcome"], "done_before");
    let verified = scene.json(9, &["verify"]);
    assert_eq!(verified["state"], "verified_with_gaps", "{verified:#}");
    let status = scene.json(0, &["status"]);
    assert_eq!((&status["next"], &status["verified"]), (&"nothing".into(), &"verified_with_gaps".into()));
    let late = scene.json(0, &["decide", "delete=apply_new", "--why", "too late"]);
    let note = format!("database {} is merged: the decision changes nothing of that", scene.pair.database);
    assert!(late["notes"].as_array().unwrap().iter().any(|said| said.as_str().unwrap().contains(&note)), "{late:#}");

    assert_eq!(scene.json(4, &["undo"])["error"]["kind"], "refused");
    scene.json(0, &["undo", "--confirm", &scene.confirm]);
    assert_eq!(scene.old(), before, "undo is identity");
    let again = scene.json(0, &["undo", "--confirm", &scene.confirm]);
    assert_eq!(again["databases"][0]["outcome"], "done_before", "as of a merge that was made before");
    assert_eq!(scene.old(), before);
}

#[test]
fn decisions_are_written_checked_and_carried_out() {
    let scene = Scene::new("cli_decide");
    scene.json(0, &["export"]);
    scene.json(0, &["diff"]);
    assert_eq!(
        scene.json(2, &["decide", "--table", "public.walets", "delete=hold"])["error"]["next"][0],
        "did you mean `public.wallets`?"
    );
    assert_eq!(scene.json(2, &["decide", "delte=hold"])["error"]["kind"], "usage");
    let changed = scene.json(
        0,
        &["decide", "conflict=keep_old", "ambiguous=keep_old", "delete=keep_old", "--why", "rehearsal", "--by", "ada"],
    );
    assert!(!changed["changes"].as_array().unwrap().is_empty());
    let text = std::fs::read_to_string(Path::new(&scene.run()).join("decisions.toml")).unwrap();
    assert!(text.contains("why = \"rehearsal\"") && text.contains("by = \"ada\""), "{text}");
    let shown = scene.failback(&["decide", "--show"]);
    assert!(shown.code == 0 && shown.stdout.contains("rehearsal"), "{}", shown.stdout);
    assert!(scene.json(0, &["decide"])["waiting"].as_array().unwrap().is_empty());
    // Nobody is named, and the environment is empty: the user of this machine signs, for this decision only.
    scene.json(0, &["decide", "delete=hold"]);
    let shown = scene.json(0, &["decide"]);
    let resolutions = shown["resolutions"].as_array().unwrap();
    let signed =
        |class: &str| resolutions.iter().find(|one| one["class"] == class).map(|one| (&one["by"], &one["why"])).unwrap();
    let user = failback::store::host_files::acting_user();
    assert_eq!(signed("delete"), (&Value::from(user.as_str()), &Value::Null));
    assert_eq!(
        signed("update_origin_differs"),
        (&"ada".into(), &"rehearsal".into()),
        "of another decision of the same section"
    );
    let past = &shown["history"][0];
    let told = ["section", "class", "resolution", "why", "by"].map(|key| past[key].as_str().unwrap_or_default().to_owned());
    assert_eq!(told, ["[defaults]", "delete", "keep_old", "rehearsal", "ada"]);
    assert_eq!((past["until"].is_string(), &shown["history"][1]), (true, &Value::Null));
    let said = scene.failback(&["decide"]);
    assert!(
        said.stdout.contains("[defaults] delete=keep_old until ") && said.stdout.contains(", by ada: rehearsal"),
        "{}",
        said.stdout
    );
    let journal = scene.json(0, &["status"])["journal"]["entries"].clone();
    let last = journal.as_array().unwrap().last().unwrap();
    assert_eq!((&last["by"], &last["settings"][0]), (&Value::from(user), &"delete=hold".into()));
}

#[test]
fn recover_stops_where_a_person_must_decide_and_goes_on_when_told() {
    let scene = Scene::new("cli_recover");
    let before = scene.old();
    let stopped = scene.failback(&["recover"]);
    assert_eq!(stopped.code, 3, "{}{}", stopped.stdout, stopped.stderr);
    assert!(stopped.stdout.contains("--leave-held"), "{}", stopped.stdout);
    assert_eq!(scene.old(), before);
    std::fs::remove_dir_all(scene.run()).unwrap();
    let done = scene.json(9, &["recover", "--leave-held", "--confirm", &scene.confirm]);
    assert_eq!(done["verify"]["state"], "verified_with_gaps", "{:#}", done["verify"]);
    assert!(done["plan"]["held"].as_u64().unwrap() > 0);
    for url in [&scene.pair.old, &scene.pair.new] {
        let query = "select sessions_abandoned::text from pg_stat_database where datname = current_database()";
        assert_eq!(
            support::value(url, query).as_deref(),
            Some("0"),
            "every session ends with a good-bye, so the server's log stays quiet"
        );
    }
}

/// Whatever ended it, the same command goes on with the run that it names.
#[test]
fn recover_goes_on_with_the_run_that_it_names() {
    let scene = Scene::new("cli_recover_on");
    let again = ["recover", "--leave-held", "--confirm", &scene.confirm];
    assert_eq!(scene.failback(&["export", "--tables", "public.wallets"]).code, 0);
    let more = scene.failback(&[&again[..], &["--tables", "public.*"]].concat());
    assert!(more.code == 4 && more.stderr.contains("it was exported without public."), "{}", more.stderr);
    std::fs::remove_dir_all(scene.run()).expect("the run's folder");
    assert_eq!(scene.failback(&["export"]).code, 0);
    let counted = |done: &Value| ["discover", "export", "diff", "plan", "merge", "verify"].map(|step| !done[step].is_null());
    let stopped = scene.json(3, &["recover"]);
    assert_eq!(counted(&stopped), [false, false, true, true, false, false], "exported before");
    let waits = scene.json(3, &["recover"]);
    assert_eq!(counted(&waits), [false, false, false, true, false, false], "nothing was decided since");
    let other = scene.failback(&[&again[..], &["--tables", "public.wallets"]].concat());
    assert!(other.code == 4 && other.stderr.contains("which is not asked for now"), "{}", other.stderr);
    let mark = scene.folder.path().join("mark.json").display().to_string();
    let marked = scene.failback(&["mark", "--out", &mark, "--databases", &scene.pair.database]);
    assert_eq!(marked.code, 0, "{}", marked.stderr);
    for (named, option) in [
        (&["--mark", mark.as_str()][..], "--mark"),
        (&["--estimate"], "--estimate"),
        (&["--old-xid", "99"], "--old-xid"),
        (&["--new-xid", "0:99"], "--new-xid"),
        (&["--base", "postgresql://u@127.0.0.1:1/x"], "--base"),
    ] {
        let other = scene.failback(&[&again[..], named].concat());
        assert!(other.code == 4 && other.stderr.contains(&format!("named now with {option}")), "{}", other.stderr);
    }
    let away = scene.elsewhere(&again);
    assert!(away.code == 6 && away.stderr.contains("ask OLD how far the run has come"), "{}", away.stderr);
    let third = support::third_of(&scene.pair);
    let (run, database) = (scene.run(), scene.pair.database.clone());
    let named = ["--old", &scene.pair.old, "--new", &third, "--run", &run, "--databases", &database, "--cutover", CUTOVER];
    let other = support::failback(&[&again[..], &named].concat());
    assert!(other.code == 4 && other.stderr.contains("is another server than the one"), "{}", other.stderr);
    let done = scene.json(9, &again);
    assert_eq!(counted(&done), [false, false, false, true, true, true], "compared before");
    let merged = scene.old();
    let more = scene.failback(&again);
    assert!(more.code == 9 && more.stderr.contains("going on with it"), "{}{}", more.stdout, more.stderr);
    assert_eq!(scene.old(), merged, "merged before: it is verified alone");
    assert_eq!(scene.failback(&["undo", "--confirm", &scene.confirm]).code, 0);
    let undone = scene.old();
    let refused = scene.failback(&again);
    assert!(refused.code == 4 && refused.stderr.contains("what it brought was taken back"), "{}", refused.stderr);
    assert_eq!(scene.old(), undone);
}

#[test]
fn text_goes_to_stdout_and_errors_have_five_parts() {
    let scene = Scene::new("cli_text");
    let found = scene.failback(&["discover"]);
    assert!(found.stdout.contains("public.wallets") && found.stdout.contains("next: failback export"), "{}", found.stdout);
    let error = scene.failback(&["diff"]);
    assert_eq!((error.code, error.stdout.as_str()), (2, ""));
    for part in ["error: ", "  where: ", "  cause: ", "  state: OLD was not touched", "  next:  "] {
        assert!(error.stderr.contains(part), "{part}: {}", error.stderr);
    }
    let exported = scene.failback(&["export", "-q"]);
    assert_eq!((exported.code, exported.stderr.as_str()), (0, ""), "{}", exported.stdout);
}

#[test]
fn command_lines_that_make_no_sense_exit_with_2() {
    for arguments in [
        &["frobnicate"][..],
        &["discover", "--databases", ""],
        &["export", "--databases", "a,b,a"],
        &["merge", "--tables", "public.*"],
        &["diff", "--jobs", "0"],
        &["plan", "--jobs", "2"],
        &["diff", "-q", "-v"],
        &[],
    ] {
        assert_eq!(support::failback(arguments).code, 2, "{arguments:?}");
    }
    let output = support::failback(&["export", "--json", "postgres://u:secret@h/d"]);
    let document: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!((output.code, document["error"]["exit_code"].as_u64()), (2, Some(2)));
    assert!(!output.stdout.contains("secret") && !output.stderr.contains("secret"));
}

#[test]
fn missing_servers_and_runs_are_said_in_words() {
    let output = support::failback(&["discover", "--old", "host=127.0.0.1 user=u"]);
    assert_eq!(output.code, 2, "{}", output.stderr);
    assert!(output.stderr.contains("find the NEW server") && output.stderr.contains("failback.toml"), "{}", output.stderr);
    let output = support::failback(&["status"]);
    assert!(output.code == 2 && output.stderr.contains("failback export"), "{}", output.stderr);
    let output =
        support::failback(&["discover", "--old", "host=127.0.0.1 port=1 user=u", "--new", "postgres://u:secret@127.0.0.1:1/d"]);
    assert_eq!(output.code, 6, "{}", output.stderr);
    assert!(output.stderr.contains("visible to everybody") && !output.stderr.contains("secret"), "{}", output.stderr);
}

#[test]
fn the_newest_run_that_holds_an_export_is_the_default_and_the_file_may_name_the_servers() {
    let scene = Scene::new("cli_file");
    let runs = scene.folder.path().join("runs");
    let file = scene.folder.path().join("failback.toml");
    let text = format!(
        "cutover = \"{CUTOVER}\"\ndatabases = [\"{}\"]\nruns = \"{}\"\n[old]\nurl = \"{}\"\n[new]\nurl = \"{}\"\n",
        scene.pair.database,
        runs.display(),
        scene.pair.old,
        scene.pair.new
    );
    std::fs::write(&file, text).unwrap();
    let file = file.display().to_string();
    let failback = |arguments: &[&str]| support::failback(&[arguments, &["--config", &file, "-q"]].concat());
    assert_eq!(failback(&["export"]).code, 0);
    // A later run that never got anywhere: nobody listens on that port.
    assert_eq!(failback(&["export", "--new", "postgres://u@127.0.0.1:1/d"]).code, 6);
    assert_eq!(std::fs::read_dir(&runs).unwrap().count(), 2);
    let compared = failback(&["diff"]);
    assert_eq!(compared.code, 0, "{}", compared.stderr);
    assert_eq!(failback(&["plan"]).code, 0);
    // NEW is gone by now, and nobody needs it any more.
    let merged =
        support::failback(&["merge", "--old", &scene.pair.old, "--run", &exported(&runs), "--leave-held", "--dry-run"]);
    assert_eq!(merged.code, 0, "{}", merged.stderr);
}

/// The run that holds an export.
fn exported(runs: &Path) -> String {
    let holds = |path: &std::path::PathBuf| path.join("manifest.json").exists();
    let found = std::fs::read_dir(runs).unwrap().map(|entry| entry.unwrap().path()).find(holds);
    found.expect("a run with an export").display().to_string()
}
