//! Names that lead back to OLD: all or none, with what was there kept, and looked at where it counts.

use serde_json::json;

use super::stage::{NEW, OLD, Stage};

const FLIP: &str = "runbook = \"own\"\ntitle = \"Own\"\nsummary = \"Traffic goes back.\"\n\
    [[step]]\nid = \"flip\"\ntitle = \"${each} leads to OLD\"\nkind = \"dns\"\ndo = \"point\"\nfor_each = \"services\"\n\
    group = \"${dns_group}\"\nzone = \"${zone}\"\nname = \"${env}.${each}\"\nto = \"${old_address}\"\nttl = \"30\"\n\
    subscription = \"${subscription}\"\ncompensate = true\n\
    [[step]]\nid = \"settled\"\ntitle = \"${each} leads to OLD everywhere\"\nkind = \"dns\"\ndo = \"settled\"\n\
    for_each = \"services\"\nzone = \"${zone}\"\nname = \"${env}.${each}\"\nto = \"${old_address}\"\n\
    old_ttl = \"${flip/${each}.ttl}\"\nservers = [\"${dns_servers}\"]\nneeds = [\"flip\"]\ntimeout = \"8s\"\n";

pub(super) fn stage() -> Stage {
    let stage = Stage::new(None, "");
    stage.write("own.toml", FLIP);
    stage
}

#[test]
fn names_lead_to_old_and_back_again() {
    let stage = stage();
    let done = stage.run(&["run", "own.toml", "--confirm", "dev"]);
    assert_eq!(done.code, 0, "{}{}", done.stdout, done.stderr);
    assert_eq!((stage.leads("publisher"), stage.leads("chain")), (OLD.to_owned(), OLD.to_owned()));
    assert_eq!(stage.world()["dns"]["dns-rg/example.org/dev.chain"]["ttl"], 30);
    let undone = stage.run(&["undo", "flip", "--confirm", "dev"]);
    assert_eq!(undone.code, 0, "{}{}", undone.stdout, undone.stderr);
    assert_eq!((stage.leads("publisher"), stage.leads("chain")), (NEW.to_owned(), NEW.to_owned()));
    assert_eq!(stage.world()["dns"]["dns-rg/example.org/dev.chain"]["ttl"], 1);
}

#[test]
fn where_one_name_cannot_move_none_does() {
    let stage = stage();
    let mut world = stage.world();
    // The first of two can be moved, the second is not there to be moved.
    let chain = world["dns"].as_object_mut().expect("names").remove("dns-rg/example.org/dev.chain").expect("a name");
    stage.set_world(&world);
    let stopped = stage.run(&["run", "own.toml", "--confirm", "dev"]);
    assert_eq!(stopped.code, 8, "{}{}", stopped.stdout, stopped.stderr);
    assert_eq!(stage.leads("publisher"), NEW, "taken back");
    assert_eq!((stage.state("flip/publisher"), stage.state("flip/chain")), ("undone".to_owned(), "failed".to_owned()));
    let mut world = stage.world();
    world["dns"]["dns-rg/example.org/dev.chain"] = chain;
    stage.set_world(&world);
    let on = stage.run(&["resume", "--confirm", "dev"]);
    assert_eq!(on.code, 0, "{}{}", on.stdout, on.stderr);
    assert_eq!((stage.leads("publisher"), stage.leads("chain")), (OLD.to_owned(), OLD.to_owned()));
}

#[test]
fn somebody_elses_change_is_not_undone() {
    let stage = stage();
    assert_eq!(stage.run(&["run", "own.toml", "--confirm", "dev"]).code, 0);
    stage.lead("192.0.2.99");
    let undone = stage.run(&["undo", "flip", "--confirm", "dev"]);
    assert_eq!(undone.code, 8, "{}", undone.stdout);
    assert!(undone.stdout.contains("somebody has changed it since"), "{}", undone.stdout);
    assert_eq!(stage.leads("chain"), "192.0.2.99");
}

#[test]
fn a_resolver_that_says_otherwise_is_waited_for_and_named() {
    let stage = stage();
    // A second address beside the right one still takes traffic to NEW.
    let mut world = stage.world();
    world["hosts"] = json!(stage.path("elsewhere").display().to_string());
    stage.set_world(&world);
    let stopped = stage.run(&["run", "own.toml", "--confirm", "dev"]);
    assert_eq!(stopped.code, 8, "{}{}", stopped.stdout, stopped.stderr);
    assert!(stopped.stdout.contains("stopped at settled/publisher"), "{}", stopped.stdout);
    assert!(stopped.stdout.contains(&format!("leads to {NEW}, and {OLD} is wanted")), "{}", stopped.stdout);
    assert_eq!(stage.calls("record-set a update"), 2);
}

/// Names that go to and fro leave users on both sides at once.
#[test]
fn traffic_rests_between_two_moves() {
    let stage = stage();
    let config = std::fs::read_to_string(stage.path("failback.toml")).expect("text");
    stage.write("failback.toml", &config.replace("traffic_rest = \"0s\"", "traffic_rest = \"6s\""));
    let first = stage.run(&["run", "own.toml", "--confirm", "dev"]);
    assert!(first.code == 0 && !first.stderr.contains("waits until"), "names of one group are one move: {}", first.stderr);
    stage.lead(NEW);
    let began = std::time::Instant::now();
    let second = stage.run(&["run", "own.toml", "--confirm", "dev"]);
    assert!(second.code == 0 && second.stderr.contains("flip/publisher waits until"), "{}{}", second.stdout, second.stderr);
    assert!(!second.stderr.contains("flip/chain waits until"), "{}", second.stderr);
    assert!(began.elapsed().as_secs() >= 3, "{:?}", began.elapsed());
    assert_eq!(stage.leads("chain"), OLD);
}
