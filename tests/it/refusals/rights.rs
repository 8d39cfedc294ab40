//! Rights that a merge lacks are named before it, with what to grant.

use failback::name::Side;

use super::access::role;
use super::*;

#[test]
fn rights_on_sequences_and_schemas_are_missed_before_the_merge() {
    let mut scene = Scene::new("r_rights");
    let numbers = "create schema numbers; create sequence numbers.items start 21;
                   alter table items alter id set default nextval('numbers.items');
                   create schema moods; create type moods.mood as enum ('calm', 'wild');
                   alter table items add mood moods.mood;
                   select setval('numbers.items', 20)";
    for side in Side::BOTH {
        support::sql(scene.pair.url(side), numbers);
    }
    support::sql(&scene.pair.new, "select setval('numbers.items', 106)");
    let role = role(&mut scene);
    for side in Side::BOTH {
        let reads = format!("grant select on all tables in schema public to {role}; grant usage on schema moods to {role}");
        support::sql(scene.pair.url(side), &reads);
    }
    let grant = |statements: &str| support::sql(&scene.pair.old, &statements.replace("ROLE", &role));
    let looked = scene.failback(&["discover", "--databases", &scene.pair.database]);
    assert_eq!(looked.code, 0, "{looked:?}");
    let said = looked.stdout.lines().find(|line| line.contains("to merge into OLD")).expect("a note");
    for lacking in [
        "INSERT on table public.items, public.owners",
        "UPDATE on sequence numbers.items",
        "USAGE on schema numbers",
        "CREATE on database",
        "a way to keep triggers quiet",
        "failback grants --side old",
    ] {
        assert!(said.contains(lacking), "{lacking}: {said}");
    }
    for verb in ["export", "diff", "plan"] {
        scene.succeed(&[verb]);
    }
    grant("grant insert, update, delete on items, owners to ROLE");
    let refused = scene.failback(&["merge", "--dry-run"]);
    assert_eq!(refused.code, 6, "{refused:?}");
    for lacking in ["USAGE on schema numbers", "UPDATE on sequence numbers.items", "CREATE on database"] {
        assert!(refused.stderr.contains(lacking), "{lacking}: {refused:?}");
    }
    grant("grant usage on schema numbers to ROLE; grant select, update on sequence numbers.items to ROLE");
    let refused = scene.failback(&["merge", "--dry-run"]);
    assert!(!refused.stderr.contains("numbers"), "{refused:?}");
}

/// Functions that a table's definition calls, and those that compare its keys, are asked for too; others are not.
#[test]
fn functions_that_are_closed_to_everybody_are_missed_before_the_merge() {
    let mut scene = Scene::bare("r_calls");
    let both = "create schema fns; create extension citext schema fns;
        create function fns.fits(text) returns boolean language plpgsql immutable as 'begin return length($1) < 40; end';
        create function fns.spare() returns int language sql as 'select 1';
        create table people (handle fns.citext primary key, note text check (fns.fits(note)), created_at timestamptz not null,
            updated_at timestamptz not null);
        insert into people values ('ann', 'a', '2026-01-01Z', '2026-01-01Z');
        revoke all on all functions in schema fns from public";
    for side in Side::BOTH {
        support::sql(scene.pair.url(side), both);
    }
    support::sql(&scene.pair.new, "insert into people values ('bob', 'b', '2026-01-14 12:00Z', '2026-01-14 12:00Z')");
    let role = role(&mut scene);
    for side in Side::BOTH {
        let rights = "grant usage on schema fns to ROLE; grant select, insert, update, delete on people to ROLE";
        support::sql(scene.pair.url(side), &rights.replace("ROLE", &role));
    }
    let looked = scene.succeed(&["discover"]).stdout;
    let said = |goal: &str| looked.lines().find(|line| line.contains(goal)).unwrap_or_default().to_owned();
    let (on_old, on_new) = (said("to merge into OLD"), said("to find rows on NEW"));
    let equality = "EXECUTE on function fns.citext_eq(fns.citext, fns.citext)";
    assert!(on_old.contains(&format!("{equality}, fns.fits(text)")) && on_old.contains("grants --side old"), "{looked}");
    assert!(on_new.contains(equality) && on_new.contains("grants --side new"), "{looked}");
    assert!(!on_new.contains("fits") && !looked.contains("spare"), "{looked}");
    for side in Side::BOTH {
        support::sql(scene.pair.url(side), &format!("grant execute on all functions in schema fns to {role}"));
    }
    let looked = scene.succeed(&["discover"]).stdout;
    assert!(!looked.contains("EXECUTE"), "{looked}");
}
