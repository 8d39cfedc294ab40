//! Names that no sane person gives: they go all the way, as names.

use super::{Scene, with_login};
use crate::recovery::fingerprint;
use crate::support;

/// A schema, a table, a trigger, a sequence and columns with everything in their names that means something to SQL, to a shell
/// or to a path.
fn estate() -> String {
    r#"
    create schema "s'; drop schema public; --";
    create table "s'; drop schema public; --"."a.b ""c""
/../$x" (
        "id.""1"";" int primary key,
        "select *
from" text unique,
        "c0" text,
        "ord" int generated always as identity,
        "t." numeric,
        "created_at" timestamptz not null,
        "updated_at" timestamptz not null);
    create table "s'; drop schema public; --"."%s {} \n" (
        "key é" text, "key 'b'" int, "parent ;" int references "s'; drop schema public; --"."a.b ""c""
/../$x",
        "created_at" timestamptz not null, "updated_at" timestamptz not null, primary key ("key é", "key 'b'"));
    insert into "s'; drop schema public; --"."a.b ""c""
/../$x" ("id.""1"";", "select *
from", "c0", "t.", created_at, updated_at)
        select n, n::text, 'c', n, '2026-01-01Z', '2026-01-01Z' from generate_series(1, 9) n;
    "#
    .to_owned()
}

const WORK: &str = r#"
    insert into "s'; drop schema public; --"."a.b ""c""
/../$x" ("id.""1"";", "select *
from", "c0", "t.", created_at, updated_at) values (10, 'ten''; --', 'E''\n', 'NaN', '2026-01-14 12:00Z', '2026-01-14 12:00Z');
    insert into "s'; drop schema public; --"."%s {} \n" values ('k"', 1, 10, '2026-01-14 12:00Z', '2026-01-14 12:00Z');
    update "s'; drop schema public; --"."a.b ""c""
/../$x" set c0 = 'C', updated_at = '2026-01-14 12:00Z' where "t." = 3;
    delete from "s'; drop schema public; --"."a.b ""c""
/../$x" where "t." = 4;"#;

#[test]
fn hostile_names_go_all_the_way() {
    let scene = Scene::bare("r_\"h'o.s; t\ni%l/e $x ..");
    for url in [&scene.pair.old, &scene.pair.new] {
        support::sql(url, &estate());
    }
    support::sql(&scene.pair.new, WORK);
    let before = fingerprint(&scene.pair.old);
    for verb in ["discover", "export", "diff"] {
        scene.succeed(&[verb]);
    }
    scene.succeed(&["decide", "delete=apply_new", "ambiguous=apply_new", "--why", "a test", "--by", "ada"]);
    for verb in ["plan", "status"] {
        let output = scene.succeed(&[verb]);
        assert!(!output.stdout.contains('\u{1b}'), "{}", output.stdout);
    }
    scene.expect_merge();
    assert_eq!(fingerprint(&scene.pair.old), fingerprint(&scene.pair.new), "OLD is what NEW is");
    scene.succeed(&["undo", "--confirm", &scene.confirm]);
    assert_eq!(fingerprint(&scene.pair.old), before, "undo after merge is identity");
}

#[test]
fn hostile_names_in_a_refusal_stay_text() {
    let mut scene = Scene::bare("r_\u{1b}[31m\"evil\n  state: OLD was dropped");
    for url in [&scene.pair.old, &scene.pair.new] {
        support::sql(url, &estate());
    }
    scene.given.new = with_login(&scene.pair.new, "no\"body", "wr0ng-w0rd");
    let output = scene.refuse(6, &["export"]);
    assert!(!output.stderr.contains('\u{1b}'), "{}", output.stderr);
    assert_eq!(output.stderr.lines().filter(|line| line.starts_with("  state:")).count(), 1, "{}", output.stderr);
}
