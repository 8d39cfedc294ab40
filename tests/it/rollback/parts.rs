//! Runbooks that are put together from parts: what is shown, exported and checked is the whole.

use failback::phases::shipped::Shipped;
use serde_json::Value;

use super::stage::Stage;

const VARS: &str = "old_group = \"g\"\nold_cluster = \"c\"\nnamespace = \"n\"\ningress = \"i\"\n\
    moment = \"2026-11-22T10:00:00Z\"\nbackups = \"b\"\nsource_server = \"s\"\nrestored_server = \"r\"\nrecovery = \"run\"\n\
    incident = \"x\"\ncommander = \"x\"\nold_server = \"o\"\nnew_server = \"n\"\n";

pub(super) fn stage() -> Stage {
    let stage = Stage::new(None, "");
    let config = std::fs::read_to_string(stage.path("failback.toml")).expect("text");
    stage.write("failback.toml", &format!("{config}{VARS}"));
    stage
}

fn steps(stage: &Stage, words: &[&str]) -> Value {
    let ran = stage.run(&[words, &["--json"]].concat());
    assert_eq!(ran.code, 0, "{words:?} {}{}", ran.stdout, ran.stderr);
    let plan: Value = serde_json::from_str(&ran.stdout).expect("a document");
    plan["steps"].clone()
}

#[test]
fn what_is_exported_is_complete_and_clean_and_the_same() {
    let stage = stage();
    for phase in Shipped::ALL {
        let exported = stage.run(&["runbook", "export", phase.word()]);
        assert!(exported.code == 0 && !exported.stdout.contains("include ="), "{phase}: {exported:?}");
        stage.write("own.toml", &exported.stdout);
        let shown = steps(&stage, &["runbook", "show", phase.word()]);
        assert_eq!(steps(&stage, &["runbook", "lint", "own.toml"]), shown, "{phase}");
        assert!(shown.as_array().expect("steps").len() > 1, "{phase}");
    }
}

#[test]
fn a_runbook_of_ones_own_takes_parts_and_is_shown_as_the_whole() {
    let stage = stage();
    let own = "runbook = \"own\"\ntitle = \"Own\"\nsummary = \"A maintenance page first.\"\n\
               [[step]]\nid = \"declare\"\ntitle = \"declare\"\nkind = \"approval\"\nquestion = \"?\"\n\
               approval = { roles = [\"commander\"] }\n\
               [[step]]\ninclude = \"old-is-ready\"\n\
               [[step]]\nid = \"page\"\ntitle = \"page\"\nkind = \"command\"\nrun = [\"true\"]\neffect = \"write\"\n\
               needs = [\"pods\"]\n\
               [[step]]\ninclude = \"new-is-quiet\"\n[[step]]\ninclude = \"names-move\"\n\
               [[step]]\ninclude = \"names-settled\"\n";
    stage.write("own.toml", own);
    let shown = steps(&stage, &["runbook", "lint", "own.toml"]);
    let id = |step: &Value| step["id"].as_str().expect("an id").to_owned();
    let ids: Vec<_> = shown.as_array().expect("steps").iter().map(id).collect();
    let expected = "declare account credentials pods/publisher pods/chain databases address page fence fenced sequences \
                    flip/publisher flip/chain settled/publisher settled/chain";
    assert_eq!(ids.join(" "), expected);
    // What a drill lacks is told of the parts as well.
    let config = std::fs::read_to_string(stage.path("failback.toml")).expect("text");
    stage.write("failback.toml", &config.replace("ingress = \"i\"\n", "").replace("zone = \"example.org\"\n", ""));
    let drilled = stage.run(&["drill", "own.toml", "--json"]);
    let report: Value = serde_json::from_str(&drilled.stdout).expect("a document");
    let name = |flaw: &Value| flaw["name"].as_str().expect("a name").to_owned();
    let flaws: Vec<_> = report["flaws"].as_array().expect("flaws").iter().map(name).collect();
    assert_eq!((drilled.code, &flaws[flaws.len() - 2..]), (1, &["ingress".to_owned(), "zone".to_owned()][..]), "{report:#}");
    let wrong = stage.run(&["runbook", "lint", "own.toml"]);
    assert!(wrong.code == 2 && wrong.stderr.contains("part old-is-ready:"), "{wrong:?}");
    for (text, why) in [
        (own.replace("new-is-quiet", "new-is-quite"), "did you mean `new-is-quiet`?"),
        (own.replace("[[step]]\ninclude = \"names-move\"\n", ""), "needs `flip`"),
        (own.replace("include = \"names-move\"", "include = \"rows\""), "only for `partial`"),
    ] {
        stage.write("own.toml", &text);
        stage.write("failback.toml", &config);
        let wrong = stage.run(&["runbook", "lint", "own.toml"]);
        assert!(wrong.code == 2 && wrong.stderr.contains(why), "{why}: {wrong:?}");
    }
}
