//! The steps of kind `azure`, one by one.

use serde_json::{Value, json};

use super::real::{Azure, SUBSCRIPTION};
use crate::rollback::stage::{Stage, last};

const HEAD: &str = "runbook = \"own\"\ntitle = \"Own\"\nsummary = \"Asks Azure.\"\n";

/// One look: the next one would be too late.
fn step(ask: &str, more: &str) -> String {
    let head = "[[step]]\ntitle = \"Azure\"\nkind = \"azure\"\ntimeout = \"9s\"";
    let id = ask.replace('_', "-");
    format!("{head}\nid = \"{id}\"\ndo = \"{ask}\"\nsubscription = \"${{subscription}}\"\n{more}\n")
}

fn stage(steps: &str) -> Stage {
    let stage = Stage::new(None, "");
    stage.write("own.toml", &format!("{HEAD}{steps}"));
    stage
}

/// Runs the runbook, and gives up what does not come to its end.
fn told(azure: &Azure, code: i32) -> String {
    let said = azure.ends(code, &["run", "own.toml", "--confirm", "dev"]);
    if code != 0 {
        azure.ends(0, &["abort", "next"]);
    }
    said
}

#[test]
fn a_subscription_that_is_not_meant_is_never_asked() {
    let steps = step("account", "") + &step("group_present", "group = \"mys-dev-core-rg-san\"\nneeds = [\"account\"]");
    let Some(azure) = Azure::off(stage(&steps), "steps::a_subscription_that_is_not_meant_is_never_asked") else { return };
    let said = told(&azure, 1);
    assert!(said.contains("az login"), "nobody is logged in: {said}");
    azure.log_in();
    told(&azure, 0);
    assert_eq!(azure.stage.calls("HEAD "), 1);
    let config = std::fs::read_to_string(azure.stage.path("failback.toml")).expect("text");
    let other = "44444444-4444-4444-4444-444444444444";
    azure.stage.write("failback.toml", &config.replace(SUBSCRIPTION, other));
    let said = told(&azure, 1);
    assert!(said.contains("stopped at account") && said.contains(other), "{said}");
    assert_eq!(azure.stage.calls("HEAD "), 1);
    // A login whose secret has expired is no answer.
    azure.stage.write("failback.toml", &config);
    azure.set(|world| world["login"] = "denied".into());
    std::fs::remove_file(azure.stage.path("azure-config/msal_token_cache.json")).expect("the CLI's own cache");
    let said = told(&azure, 8);
    assert!(said.contains("AADSTS7000222"), "{said}");
}

#[test]
fn gone_is_what_azure_says_and_never_an_error() {
    let steps = stage(&step("group_absent", "group = \"mys-dev-core-rg-san\""));
    let Some(azure) = Azure::on(steps, "steps::gone_is_what_azure_says_and_never_an_error") else { return };
    let said = told(&azure, 1);
    assert!(said.contains("is still there"), "{said}");
    azure.refuse("HEAD /resourcegroups/", 403, "AuthorizationFailed", 9);
    let said = told(&azure, 8);
    assert!(said.contains("az ended with exit code 1"), "{said}");
    azure.set(|world| {
        world["groups"] = json!([]);
        world["refuse"] = json!([]);
    });
    told(&azure, 0);
}

#[test]
fn credentials_go_into_the_rollbacks_own_file() {
    let more = "group = \"old-rg\"\nname = \"old-aks\"\ncluster = \"old\"";
    let Some(azure) = Azure::on(stage(&step("kubeconfig", more)), "steps::credentials_go_into_the_rollbacks_own_file") else {
        return;
    };
    let said = told(&azure, 1);
    assert!(said.contains("az ended with exit code 3") && said.contains("managedClusters/old-aks"), "{said}");
    let text = json!({ "apiVersion": "v1", "kind": "Config", "current-context": "old", "contexts": [{ "name": "old" }] });
    azure.set(|world| world["kubeconfig"]["OLD-RG/old-aks"] = text.to_string().into());
    told(&azure, 0);
    let file = azure.stage.rollback().join("kube-old.yaml");
    assert!(std::fs::read_to_string(&file).expect("credentials").contains("current-context: old"));
    let rights = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).expect("a file").permissions());
    assert_eq!(rights & 0o077, 0, "{rights:o}");
    assert!(!azure.stage.path(".kube/config").exists(), "the operator's own is left alone");
}

#[test]
fn a_server_is_looked_for_made_and_waited_for() {
    let server = |name: &str| format!("group = \"old-rg\"\nname = \"{name}\"");
    let restore = format!("{}\nsource = \"prod-old\"\nat = \"2026-11-22T11:00:00+02:00\"", server("prod-old-2"));
    let ready = step("server_ready", &server("prod-old-2")).replace("\"9s\"", "\"2m\"");
    let steps = step("server_absent", &server("prod-old-2")) + &step("restore_server", &restore) + &ready;
    let Some(azure) = Azure::on(stage(&steps), "steps::a_server_is_looked_for_made_and_waited_for") else { return };
    let there = json!({ "state": "Ready", "host": "prod-old.example.org" });
    azure.set(|world| {
        world["servers"] = json!({ "old-rg/prod-old-2": there });
        world["servers_host"] = "prod-old-2.example.org".into();
    });
    let said = told(&azure, 1);
    assert!(said.contains("there is a server prod-old-2"), "{said}");
    azure.set(|world| world["servers"] = json!({}));
    let said = told(&azure, 8);
    assert!(said.contains("stopped at restore-server") && said.contains("flexibleServers/prod-old'"), "{said}");
    azure.set(|world| world["servers"] = json!({ "old-rg/prod-old": there }));
    // Once too often asked is waited out by the CLI itself.
    azure.refuse("PUT /flexibleServers/", 429, "TooManyRequests", 1);
    let done = azure.run(&["run", "own.toml", "--confirm", "dev", "--json"]);
    assert_eq!(done.code, 0, "{}{}", done.stdout, done.stderr);
    let steps = last(&done.stdout)["steps"].clone();
    let host = |steps: &Value| steps[2]["facts"]["host"].as_str().map(str::to_owned);
    assert_eq!(host(&steps).as_deref(), Some("prod-old-2.example.org"));
    let made = azure.stage.world()["servers"]["old-rg/prod-old-2"].clone();
    assert_eq!((made["source"].as_str(), made["at"].as_str()), (Some("prod-old"), Some("2026-11-22T09:00:00Z")));
}
