//! Servers that share their files' past with another: a standby as OLD, one that was promoted since, and NEW made from OLD's
//! files.

use failback::name::Side;

use super::*;
use crate::support::Twins;

/// A scene whose OLD is one of a pair of twins.
fn scene(pair: Pair) -> Scene {
    let scene = Scene::bare_on(pair);
    support::sql(&scene.pair.new, WORK);
    scene
}

/// The host and port of a URL.
fn address(url: &str) -> &str {
    url.split(['@', '/']).nth(3).expect("a host")
}

/// What goes on with another server as OLD.
fn turn_to(scene: &mut Scene, old: &str) {
    old.clone_into(&mut scene.given.old);
    address(old).clone_into(&mut scene.confirm);
}

/// The small estate on a server with a standby as OLD.
fn with_standby(test: &str) -> (Scene, Twins) {
    let mut pair = support::pair(test);
    support::sql(&pair.new, ESTATE);
    let twins = Twins::standby(&pair.database, |url| support::sql(url, ESTATE));
    pair.old = twins.original.url(&pair.database);
    (scene(pair), twins)
}

#[test]
fn a_standby_as_old_is_refused_by_every_step_before_it_does_anything() {
    let (mut scene, twins) = with_standby("r_standby");
    let (primary, standby) = (scene.given.old.clone(), twins.copy_url(&scene.pair.database));
    let refuse = |scene: &mut Scene, arguments: &[&str]| {
        turn_to(scene, &standby);
        let output = scene.refuse(4, arguments);
        for words in ["cause: OLD is a standby: it takes no writes", "let --old lead to the primary"] {
            assert!(output.stderr.contains(words), "{arguments:?}: {}", output.stderr);
        }
        turn_to(scene, &primary);
    };
    for verb in ["discover", "export"] {
        refuse(&mut scene, &[verb]);
    }
    assert!(scene.files("", "manifest.json").is_empty());
    for verb in ["export", "diff", "plan"] {
        scene.succeed(&[verb]);
        if verb != "export" {
            refuse(&mut scene, &[verb]);
        }
    }
    refuse(&mut scene, &["merge", "--confirm", address(&standby)]);
    scene.expect_merge();
    refuse(&mut scene, &["undo", "--confirm", address(&standby)]);
    refuse(&mut scene, &["verify"]);
    // Of NEW a standby is as good as its primary.
    turn_to(&mut scene, &primary);
    std::mem::swap(&mut scene.given.old, &mut scene.given.new);
    scene.given.new = standby;
    scene.succeed(&["discover"]);
}

#[test]
fn a_merge_is_verified_and_taken_back_on_the_standby_that_took_over() {
    let (mut scene, twins) = with_standby("r_failover");
    let before = fingerprint(&scene.pair.old);
    for verb in ["export", "diff", "plan"] {
        scene.succeed(&[verb]);
    }
    scene.expect_merge();
    let standby = twins.copy_url(&scene.pair.database);
    let arrived = || support::value(&standby, "select to_regclass('failback.ledger')");
    wait_for("the standby has the merge", arrived);
    twins.fail_over();
    scene.pair.old.clone_from(&standby);
    turn_to(&mut scene, &standby);
    scene.expect_verified();
    scene.succeed(&["undo", "--confirm", &scene.confirm]);
    assert_eq!(fingerprint(&standby), before);
}

#[test]
fn new_may_be_made_from_olds_files() {
    let mut pair = support::pair("r_snapshot");
    let twins = Twins::cold_copy(&pair.database, |url| support::sql(url, ESTATE));
    (pair.old, pair.new) = (twins.original.url(&pair.database), twins.copy_url(&pair.database));
    let mut scene = scene(pair);
    let identity = "select system_identifier || ' ' || (select oid from pg_database where datname = current_database())
                    from pg_control_system()";
    let [old, new] = Side::BOTH.map(|side| support::value(scene.pair.url(side), identity));
    assert_eq!(old, new, "neither says by itself which one it is");
    for verb in ["discover", "export", "diff", "plan"] {
        scene.succeed(&[verb]);
    }
    // The plan is not carried out on the copy.
    let (original, copy) = (scene.given.old.clone(), scene.given.new.clone());
    let before = fingerprint(&copy);
    turn_to(&mut scene, &copy);
    let output = scene.refuse_merge(4);
    assert!(output.stderr.contains("not the server and database that the plan was made for"), "{}", output.stderr);
    assert_eq!(fingerprint(&copy), before);
    turn_to(&mut scene, &original);
    scene.expect_merge();
    assert_eq!(fingerprint(&original), fingerprint(&copy), "OLD is what NEW is");
    scene.succeed(&["undo", "--confirm", &scene.confirm]);
    // And one of them is not both sides.
    scene.given.new = original;
    let output = scene.refuse(4, &["discover"]);
    assert!(output.stderr.contains("same database"), "{}", output.stderr);
}
