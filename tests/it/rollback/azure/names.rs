//! Names that lead back to OLD, changed by the Azure CLI itself, and looked at in the zone.

use super::real::Azure;
use crate::rollback::flip;
use crate::rollback::stage::{NEW, OLD, Stage};

fn azure(test: &str) -> Option<Azure> {
    Azure::on(flip::stage(), &format!("names::{test}"))
}

fn leads(stage: &Stage) -> [String; 2] {
    [stage.leads("publisher"), stage.leads("chain")]
}

#[test]
fn record_sets_are_replaced_by_their_etags_and_put_back() {
    let Some(azure) = azure("record_sets_are_replaced_by_their_etags_and_put_back") else { return };
    let stage = &azure.stage;
    let shown = azure.ends(0, &["run", "own.toml", "--dry-run"]);
    assert!(shown.contains("--if-match") && stage.calls("PUT ") == 0, "{shown}");
    // Once too often asked is waited out by the CLI itself.
    azure.refuse("GET /A/dev.publisher", 429, "TooManyRequests", 2);
    azure.ends(0, &["run", "own.toml", "--confirm", "dev"]);
    assert_eq!(leads(stage), [OLD, OLD]);
    let record = stage.world()["dns"]["dns-rg/example.org/dev.chain"].clone();
    assert_eq!((record["a"].as_array().map(Vec::len), record["ttl"].as_u64()), (Some(1), Some(30)));
    assert_eq!((stage.calls("PUT "), stage.calls("etag-1")), (2, 2));
    azure.ends(0, &["undo", "flip", "--confirm", "dev"]);
    assert_eq!((leads(stage), stage.calls("etag-2")), ([NEW.to_owned(), NEW.to_owned()], 2));
    assert_eq!(stage.world()["dns"]["dns-rg/example.org/dev.chain"]["ttl"], 1);
}

#[test]
fn a_change_in_between_is_not_lost_and_all_names_stay() {
    let Some(azure) = azure("a_change_in_between_is_not_lost_and_all_names_stay") else { return };
    azure.refuse("PUT /A/dev.chain", 412, "PreconditionFailed", 1);
    let said = azure.ends(8, &["run", "own.toml", "--confirm", "dev"]);
    assert!(said.contains("stopped at flip/chain") && said.contains("(PreconditionFailed)"), "{said}");
    assert_eq!((leads(&azure.stage), azure.stage.state("flip/publisher")), ([NEW.into(), NEW.into()], "undone".into()));
    azure.ends(0, &["resume", "--confirm", "dev"]);
    assert_eq!(leads(&azure.stage), [OLD, OLD]);
}

#[test]
fn what_azure_does_not_answer_is_not_taken_for_done() {
    let Some(azure) = azure("what_azure_does_not_answer_is_not_taken_for_done") else { return };
    azure.set(|world| {
        world["dns"].as_object_mut().expect("names").remove("dns-rg/example.org/dev.publisher");
    });
    let said = azure.ends(8, &["run", "own.toml", "--confirm", "dev"]);
    assert!(said.contains("az ended with exit code 3") && said.contains("dev.publisher"), "{said}");
    azure.ends(0, &["abort", "next"]);
    azure.stage.lead(NEW);
    // It was changed, and nobody can look at it any more.
    azure.set(|world| world["dns"]["dns-rg/example.org/dev.publisher"]["ttl"] = 1.into());
    azure.refuse("GET /A/dev.publisher", 403, "AuthorizationFailed", 99);
    let said = azure.ends(8, &["run", "own.toml", "--confirm", "dev"]);
    assert!(said.contains("(AuthorizationFailed)") && azure.stage.calls("PUT ") == 0, "{said}");
}
