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
    scene.succeed(&[
        "decide",
        "delete=apply_new",
        "ambiguous=apply_new",
        "--evidence",
        "delete=column",
        "--why",
        "a test",
        "--by",
        "ada",
    ]);
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

/// Names that turn the direction of text, hide a part of it, or command a terminal.
#[test]
fn names_that_turn_or_hide_text_are_spelt_out_wherever_they_are_shown() {
    let scene = Scene::bare("r_bidi\u{202e}\u{200b}");
    let hostile = "o\u{202e}r\u{200b}d\u{2066}e\u{feff}r\u{1b}[2J\u{7}s";
    let both = format!(
        "create table \"{hostile}\" (\"{hostile}\" int primary key, note text, created_at timestamptz, updated_at timestamptz);
         create table \"{hostile} alone\" (v text); create sequence \"{hostile} numbers\";
         insert into \"{hostile}\" select n, 'a', '2026-01-01Z', '2026-01-01Z' from generate_series(1, 3) n"
    );
    for url in [&scene.pair.old, &scene.pair.new] {
        support::sql(url, &both);
    }
    let work = "update T set note = 'new', updated_at = '2026-01-14 12:00Z' where note = 'a'; delete from T where K = 3;
        insert into T values (9, 'b', '2026-01-14 12:00Z', '2026-01-14 12:00Z')";
    let work = work.replace('T', &format!("\"{hostile}\"")).replace('K', &format!("\"{hostile}\""));
    support::sql(&scene.pair.new, &work);
    support::sql(&scene.pair.old, &format!("drop table \"{hostile} alone\""));
    let confirm: [&str; 2] = ["--confirm", &scene.confirm];
    let steps: [(i32, &[&str]); 12] = [
        (0, &["discover", "-v"]),
        (0, &["export", "-v"]),
        (0, &["diff"]),
        (0, &["decide"]),
        (0, &["plan"]),
        (4, &["merge"]),
        (4, &["merge", confirm[0], confirm[1]]),
        (9, &["merge", "--leave-held", confirm[0], confirm[1]]),
        (9, &["verify"]),
        (0, &["status"]),
        (0, &["undo", confirm[0], confirm[1]]),
        (2, &["decide", "--table", "public.orders", "delete=hold"]),
    ];
    for (code, step) in steps {
        for more in [&[][..], &["--json"]] {
            let output = scene.failback(&[step, more].concat());
            // With --json it was made before.
            assert!(output.code == code || !more.is_empty(), "{step:?}: {output:?}");
            let shown = format!("{}{}", output.stdout, output.stderr);
            let odd = |c: &char| *c != '\n' && (c.is_control() || "\u{202e}\u{200b}\u{2066}\u{feff}".contains(*c));
            assert_eq!(shown.chars().find(odd), None, "{step:?} {more:?}: {shown:?}");
        }
    }
}
