//! Destroying NEW before the cutover, with the real terraform.

use std::io::Write as _;
use std::process::Command;

use super::stage::{NEW, OLD, Stage};
use crate::support::{self, Pair};

fn terraform(stage: &Stage, words: &[&str]) -> bool {
    let output = Command::new("terraform")
        .arg(format!("-chdir={}", stage.path("infra").display()))
        .args(words)
        .env("CHECKPOINT_DISABLE", "1")
        .env_remove("TF_CLI_CONFIG_FILE")
        .output();
    output.is_ok_and(|output| output.status.success())
}

/// A world in which NEW is deployed, and traffic goes to OLD; `None` where there is no terraform.
pub(super) fn deployed(test: &str, name: &str) -> Option<(Stage, Pair)> {
    deployed_for(|| support::pair(test), name, |_| String::new())
}

/// The same with servers and with more in the configuration's environment.
pub(super) fn deployed_for(
    pair: impl FnOnce() -> Pair,
    name: &str,
    more: impl FnOnce(&Pair) -> String,
) -> Option<(Stage, Pair)> {
    if Command::new("terraform").arg("version").output().is_err() {
        let _ = writeln!(std::io::stderr(), "skipped: terraform is not installed (rollback::destroy)");
        return None;
    }
    let pair = pair();
    let stage = Stage::new(Some(&pair), &more(&pair));
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/standins/new/main.tf");
    std::fs::create_dir(stage.path("infra")).expect("a folder");
    std::fs::copy(source, stage.path("infra/main.tf")).expect("a copy");
    let gone = format!("sed -i 's/\"mys-dev-core-rg-san\"//' {}", stage.path("world.json").display());
    assert!(terraform(&stage, &["init", "-input=false"]), "terraform init");
    let (gone, name) = (format!("-var=gone={gone}"), format!("-var=environment={name}"));
    assert!(terraform(&stage, &["apply", "-auto-approve", "-input=false", &gone, &name]), "terraform apply");
    stage.lead(OLD);
    Some((stage, pair))
}

pub(super) fn resources(stage: &Stage) -> String {
    std::fs::read_to_string(stage.path("infra/terraform.tfstate")).expect("a state")
}

#[test]
fn new_is_destroyed_by_the_plan_that_was_looked_at_and_approved() {
    let Some((stage, _pair)) = deployed("rollback_destroy", "dev") else { return };
    // As without a setting: the runs stand in a folder that is named from here on, and terraform works in another one.
    let config = std::fs::read_to_string(stage.path("failback.toml")).expect("text");
    stage.write("failback.toml", &config.replacen(&stage.path("runs").display().to_string(), "runs", 1));
    let refused = stage.run(&["destroy-new"]);
    assert!(refused.code == 4 && refused.stderr.contains("--confirm dev"), "{}", refused.stderr);
    let waits = stage.run(&["destroy-new", "--confirm", "dev", "--incident", "the pods do not start"]);
    assert_eq!(waits.code, 4, "{}{}", waits.stdout, waits.stderr);
    assert!(waits.stdout.contains("waits at destroy") && resources(&stage).contains("core-rg-san"), "{}", waits.stdout);
    assert_eq!(stage.run(&["approve", "destroy", "--as", "commander", "--by", "ada"]).code, 0);
    let done = stage.run(&["resume", "--confirm", "dev"]);
    assert_eq!(done.code, 0, "{}{}", done.stdout, done.stderr);
    assert!(!resources(&stage).contains("core-rg-san"));
    assert_eq!(stage.state("gone/mys-dev-core-rg-san"), "done");
    assert!(stage.run(&["postmortem"]).stdout.contains("the pods do not start"));
}

#[test]
fn nothing_is_destroyed_while_a_name_leads_to_new() {
    let Some((stage, _pair)) = deployed("rollback_serving", "dev") else { return };
    stage.lead(NEW);
    let config = std::fs::read_to_string(stage.path("failback.toml")).expect("text");
    let own = stage.run(&["runbook", "export", "destroy-new"]).stdout.replace("timeout = \"1m\"", "timeout = \"3s\"");
    stage.write("own.toml", &own);
    assert!(config.contains(OLD));
    let stopped = stage.run(&["run", "own.toml", "--confirm", "dev"]);
    assert_eq!(stopped.code, 1, "{}{}", stopped.stdout, stopped.stderr);
    assert!(stopped.stdout.contains(&format!("leads to {NEW}, and {OLD} is wanted")), "{}", stopped.stdout);
    // What is left out before a destroy does not count as done.
    assert_eq!(stage.run(&["skip", "old-serves", "--why", "sure of it"]).code, 0);
    let refused = stage.run(&["resume", "--confirm", "dev"]);
    let approved = stage.run(&["approve", "destroy", "--as", "commander"]);
    assert_eq!(approved.code, 0, "{}", approved.stderr);
    let again = stage.run(&["resume", "--confirm", "dev"]);
    assert!(again.stdout.contains("needs old-serves/publisher, which is skipped"), "{}{}", refused.stdout, again.stdout);
    assert!(resources(&stage).contains("core-rg-san"));
}

#[test]
fn what_belongs_to_another_environment_does_not_go() {
    let Some((stage, _pair)) = deployed("rollback_prod", "prod") else { return };
    let stopped = stage.run(&["destroy-new", "--confirm", "dev"]);
    assert_eq!(stopped.code, 1, "{}{}", stopped.stdout, stopped.stderr);
    assert!(stopped.stdout.contains("matches none of mys-dev-*"), "{}", stopped.stdout);
    assert!(resources(&stage).contains("mys-prod-core-rg-san"));
}

#[test]
fn an_empty_state_is_no_success() {
    let Some((stage, _pair)) = deployed("rollback_empty", "dev") else { return };
    std::fs::remove_file(stage.path("infra/terraform.tfstate")).expect("no state");
    let stopped = stage.run(&["destroy-new", "--confirm", "dev"]);
    assert_eq!(stopped.code, 1, "{}{}", stopped.stdout, stopped.stderr);
    assert!(stopped.stdout.contains("there is nothing to destroy"), "{}", stopped.stdout);
}

#[test]
fn a_deployment_is_called_off_where_nothing_is_deployed_and_old_serves() {
    let Some((stage, _pair)) = deployed("rollback_off", "dev") else { return };
    let stopped = stage.run(&["abort-deployment", "--confirm", "dev"]);
    assert!(stopped.code == 1 && stopped.stdout.contains("stopped at nothing-deployed"), "{stopped:?}");
    // The deployment was not ours to destroy: somebody has taken it away.
    std::fs::remove_file(stage.path("infra/terraform.tfstate")).expect("no state");
    let waits = stage.run(&["resume", "--confirm", "dev"]);
    assert!(waits.code == 4 && waits.stdout.contains("nobody has answered told, owner"), "{waits:?}");
    for item in ["told", "owner"] {
        assert_eq!(stage.run(&["answer", "off", item, "yes", "--by", "ada"]).code, 0, "{item}");
    }
    let done = stage.run(&["resume", "--confirm", "dev"]);
    assert_eq!(done.code, 0, "{done:?}");
}
