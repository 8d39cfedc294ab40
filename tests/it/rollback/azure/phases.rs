//! Shipped phases from the declaration to the last answer, with the Azure CLI itself.

use std::process::Command;

use serde_json::json;

use super::real::{Azure, skipped};
use crate::restore::scene::Scene;
use crate::rollback::emergency::alone;
use crate::rollback::quick::{self, ANSWERED, INGRESS};
use crate::rollback::stage::Stage;
use crate::support::{self, Asked, Pair, Reply, Web};

#[test]
fn the_quick_rollback_asks_azure_from_the_login_to_the_names() {
    const TEST: &str = "phases::the_quick_rollback_asks_azure_from_the_login_to_the_names";
    if Command::new("kubectl").args(["version", "--client"]).output().is_err() {
        return skipped("kubectl is not installed", TEST);
    }
    let pair = support::pair("azure_quick");
    quick::orders(&pair);
    let web = Web::plain(|_: &Asked| Reply::text(200, "ok"));
    let stage = quick::stage(&pair, &web);
    // Where notices go is kept in a vault.
    let config = std::fs::read_to_string(stage.path("failback.toml")).expect("text");
    let config = config.replace("{ file = \"hook\" }", "{ vault = \"dev-kv\", secret = \"hook\" }");
    stage.write("failback.toml", &config);
    let Some(azure) = Azure::on(stage, TEST) else { return };
    azure.set(|world| world["secrets"] = json!({ "dev-kv/hook": web.url("/a-secret-place") }));

    azure.ends(4, &["quick", "--confirm", "dev", "--incident", "orders lose lines"]);
    azure.ends(0, &["approve", "declare", "--as", "commander", "--by", "ada"]);
    let mut asks = azure.run(&["resume", "--confirm", "dev"]);
    // Where other tests write to the same server meanwhile, that is seen, nothing moves, and here it is known.
    if asks.stdout.contains("stopped at fenced") {
        azure.ends(0, &["skip", "fenced", "--why", "what writes is another test"]);
        asks = azure.run(&["resume", "--confirm", "dev"]);
    }
    assert!(asks.code == 4 && asks.stdout.contains("nobody has answered"), "{}{}", asks.stdout, asks.stderr);
    assert_eq!([azure.stage.leads("publisher"), azure.stage.leads("chain")], [INGRESS, INGRESS]);
    for item in ANSWERED {
        azure.ends(0, &["answer", "validate", item, "yes", "--by", "bob"]);
    }
    let done = azure.run(&["resume", "--confirm", "dev"]);
    assert!(matches!(done.code, 0 | 9), "{}{}", done.stdout, done.stderr);
    let written = azure.ends(0, &["postmortem"]);
    assert!(written.contains("Notice begun to incidents: sent"), "{written}");
    let journal = std::fs::read_to_string(azure.stage.rollback().join("journal.jsonl")).expect("a journal");
    assert!(journal.contains("\"notice\"") && !journal.contains("a-secret-place"), "nothing keeps the address");
}

#[test]
fn a_new_server_as_the_old_one_was() {
    const TEST: &str = "phases::a_new_server_as_the_old_one_was";
    let (_alone, scene) = (alone(), Scene::new());
    let (old, new) = (scene.url("postgres"), scene.url("postgres"));
    let pair = Pair { database: "postgres".to_owned(), old, new };
    let stage = Stage::new(Some(&pair), "channels.incidents.webhook = { env = \"NONE\" }");
    let config = std::fs::read_to_string(stage.path("failback.toml")).expect("text");
    let port = scene.confirm.rsplit(':').next().expect("a port");
    let vars = format!(
        "moment = \"2026-11-22T11:00:00+02:00\"\nold_group = \"old-rg\"\nsource_server = \"prod-old\"\n\
         restored_server = \"prod-old-2\"\nold_port = {port}\n"
    );
    stage.write("failback.toml", &format!("{config}{vars}"));
    let Some(azure) = Azure::on(stage, TEST) else { return };
    azure.set(|world| {
        world["servers"] = json!({ "old-rg/prod-old": { "state": "Ready", "host": "127.0.0.1" } });
        world["servers_host"] = "127.0.0.1".into();
    });
    azure.ends(4, &["emergency", "--option", "point-in-time", "--confirm", "dev"]);
    azure.ends(0, &["approve", "declare", "--as", "commander", "--by", "ada"]);
    azure.ends(4, &["resume", "--confirm", "dev"]);
    for role in ["commander", "engineering_lead"] {
        azure.ends(0, &["approve", "new-server", "--as", role, "--by", &format!("{role}-in-person")]);
    }
    let said = azure.ends(4, &["resume", "--confirm", "dev"]);
    assert!(said.contains("host-name"), "{said}");
    assert_eq!(azure.stage.world()["servers"]["old-rg/prod-old-2"]["at"], "2026-11-22T09:00:00Z");
    assert_eq!((azure.stage.state("answers"), azure.stage.calls("PUT ")), ("done".to_owned(), 1));
}
