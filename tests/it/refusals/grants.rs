//! The script that `failback grants` prints, run by an administrator for a fresh role, lets every verb of its side pass.

use failback::name::Side;

use super::*;

/// More than the small estate has: a partitioned table, numbers and a type in schemas of their own, a parent that is left out,
/// a trigger, names that need quotes.
const MORE: &str = "
    create schema numbers; create sequence numbers.items start 21;
    alter table items alter id set default nextval('numbers.items');
    create schema moods; create type moods.mood as enum ('calm', 'wild'); create domain moods.name as text;
    create table \"Odd \"\"parts\" (id int, kind int, mood moods.mood, called moods.name, created_at timestamptz not null,
        updated_at timestamptz not null, primary key (id, kind)) partition by list (kind);
    create table parts_1 partition of \"Odd \"\"parts\" for values in (1);
    create table parts_2 partition of \"Odd \"\"parts\" default;
    create schema aside; create table aside.regions (id int primary key, created_at timestamptz default '2026-01-01Z');
    insert into aside.regions values (1), (2);
    alter table owners add region int references aside.regions;
    create function stamp() returns trigger language plpgsql as $$ begin new.note := 'stamped'; return new; end $$;
    create trigger stamp before insert or update on items for each row execute function stamp();
    insert into \"Odd \"\"parts\" values (1, 1, 'calm', 'a', '2026-01-01Z', '2026-01-01Z'), (2, 2, 'wild', 'b', '2026-01-01Z',
        '2026-01-01Z');
    select setval('numbers.items', 20);";

const WORK_ON_MORE: &str = "
    insert into \"Odd \"\"parts\" values (3, 1, 'wild', 'c', '2026-01-14 11:00Z', '2026-01-14 11:00Z');
    update \"Odd \"\"parts\" set called = 'new', updated_at = '2026-01-14 11:00Z' where id = 1;
    delete from \"Odd \"\"parts\" where id = 2;
    select setval('numbers.items', 106);";

/// Databases that belong to an ordinary user with all that is in them; what everybody may do by default is taken away, so that
/// it is not what makes a verb pass.
fn owned(test: &str, both: &str, on_new: &str) -> Scene {
    let mut scene = Scene::bare(test);
    let database = scene.pair.database.clone();
    for side in Side::BOTH {
        let owner = format!(
            "create role {database}_owner login createrole password 'owner';
             grant set on parameter session_replication_role to {database}_owner with grant option;
             alter database {database} owner to {database}_owner; alter schema public owner to {database}_owner;
             revoke all on database {database} from public; revoke all on schema public from public"
        );
        support::sql(scene.pair.url(side), &owner);
        *scene.given.get_mut(side) = with_login(scene.pair.url(side), &format!("{database}_owner"), "owner");
        support::sql(scene.given.get(side), both);
    }
    support::sql(&scene.given.new, on_new);
    scene
}

/// Prints the script for a side, as its owner.
fn script(scene: &Scene, side: Side, role: &str, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_failback"));
    command.args(["grants", "--side", side.word(), "--role", role, "--databases", &scene.pair.database]);
    command.args([&format!("--{}", side.word()), scene.given.get(side).as_str()]).args(more);
    seal(&mut command, &scene.folder);
    said(&command.output().expect("the failback program"))
}

/// Runs a script as psql would, as the owner, for the one database that it is about.
fn run(scene: &Scene, owner: &str, script: &str) {
    let connect = format!("\\connect \"{}\"\n", scene.pair.database);
    let parts: Vec<_> = script.split(&connect).collect();
    assert_eq!(parts.len(), 2, "{script}");
    for part in parts {
        support::sql(owner, part);
    }
}

/// Makes a role on each side with what the scripts give it, and nothing else, and lets it do all that follows.
fn as_granted(scene: &mut Scene, owners: &Sided<String>, more: &[&str]) -> String {
    let role = format!("{} of \"{}\"", "user", scene.pair.database);
    for side in Side::BOTH {
        let printed = script(scene, side, &role, more);
        assert_eq!(printed.code, 0, "{printed:?}");
        run(scene, owners.get(side), &printed.stdout);
        let quoted = role.replace('"', "\"\"");
        support::sql(scene.pair.url(side), &format!("alter role \"{quoted}\" password 'granted'"));
    }
    let login = role.replace(' ', "%20").replace('"', "%22");
    for side in Side::BOTH {
        *scene.given.get_mut(side) = with_login(scene.pair.url(side), &login, "granted");
    }
    role
}

fn every_verb_passes(scene: &Scene, more: &[&str]) {
    let looked = scene.succeed(&[&["discover"], more].concat());
    assert!(!looked.stdout.contains("lacks"), "{}", looked.stdout);
    assert!(!looked.stdout.contains("rows may be lost"), "{}", looked.stdout);
    scene.succeed(&[&["export"], more].concat());
    scene.succeed(&["diff"]);
    scene.succeed(&["decide", "delete=apply_new", "--evidence", "delete=column", "--why", "seen"]);
    scene.succeed(&["plan"]);
    let rehearsed = scene.succeed(&["merge", "--dry-run"]);
    assert!(!rehearsed.stderr.contains("lacks"), "{}", rehearsed.stderr);
    assert_eq!(scene.merge().code, 0, "merged");
    scene.expect_verified();
    scene.succeed(&["status"]);
    scene.succeed(&["undo", "--confirm", &scene.confirm]);
}

#[test]
fn the_scripts_of_both_sides_let_every_verb_pass() {
    let more = format!("{WORK} {WORK_ON_MORE} update owners set region = 1 where id = 6");
    let mut scene = owned("r_grants", &format!("{ESTATE} {MORE}"), &more);
    let tables = ["--tables", "public.*"];
    let owners = scene.given.clone();
    let role = as_granted(&mut scene, &owners, &tables);
    every_verb_passes(&scene, &tables);
    let may = |side: Side, what: &str| {
        let role = role.replace('"', "\"\"").replace('\'', "''");
        support::value(scene.pair.url(side), &format!("set role \"{role}\"; select {what}"))
    };
    for (side, what) in [
        (Side::New, "has_table_privilege('items', 'insert, update, delete, truncate')"),
        (Side::New, "has_sequence_privilege('numbers.items', 'update')"),
        (Side::New, "has_database_privilege(current_database(), 'create, temporary')"),
        (Side::Old, "has_database_privilege(current_database(), 'create')"),
        (Side::Old, "has_table_privilege('aside.regions', 'insert, update, delete')"),
        (Side::Old, "has_table_privilege('items', 'truncate, references, trigger')"),
    ] {
        assert_eq!(may(side, what).as_deref(), Some("f"), "{side} {what}: no more than it needs");
    }
    // The ledger is there now, and another user's.
    let again = script(&scene, Side::Old, "another", &[]);
    assert!(again.stdout.contains("grant select, insert on table \"failback\".ledger, \"failback\".brought"), "{again:?}");
}

#[test]
fn a_server_that_cannot_be_asked_gets_a_script_of_whole_schemas() {
    let mut scene = owned("r_grants_blind", ESTATE, WORK);
    let owners = scene.given.clone();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    for side in Side::BOTH {
        *scene.given.get_mut(side) = format!("postgresql://nobody:x@127.0.0.1:{closed}/postgres");
    }
    let printed = script(&scene, Side::Old, "r_grants_blind", &[]);
    assert_eq!(printed.code, 0, "{printed:?}");
    assert!(printed.stderr.contains("OLD could not be asked what there is"), "{}", printed.stderr);
    assert!(printed.stdout.contains("on all tables in schema \"public\""), "{}", printed.stdout);
    as_granted(&mut scene, &owners, &[]);
    every_verb_passes_blind(&scene);
}

/// As [`every_verb_passes`], without a row to delete.
fn every_verb_passes_blind(scene: &Scene) {
    for verb in ["discover", "export", "diff", "plan"] {
        scene.succeed(&[verb]);
    }
    assert_eq!(scene.merge().code, 0, "merged");
    scene.expect_verified();
    scene.succeed(&["undo", "--confirm", &scene.confirm]);
}

/// Everything that everybody may do by default is taken away, from types and functions too: enums, composites, domains and
/// ranges, an extension's type as a key, and functions wherever a definition can call one.
const CLOSED: &str = "
    create schema app; create schema fns; create schema kinds;
    create extension citext schema app;
    create type kinds.mood as enum ('calm', 'wild');
    create type kinds.place as (street text, mood kinds.mood);
    create type kinds.span as range (subtype = int);
    create function fns.positive(int) returns boolean language sql immutable as 'select $1 > 0';
    create domain kinds.amount as int check (fns.positive(value));
    create function fns.lowered(text) returns text language sql immutable begin atomic; select lower($1); end;
    create function fns.folded(text) returns text language sql immutable begin atomic; select fns.lowered($1); end;
    create function fns.fits(text) returns boolean language plpgsql immutable as 'begin return length($1) < 40; end';
    create function fns.made() returns text language plpgsql as $$ begin return 'made'; end $$;
    create function fns.is_given(text) returns boolean language plpgsql immutable as 'begin return $1 is not null; end';
    create function fns.part(int) returns int language plpgsql immutable as 'begin return $1 % 2; end';
    create function fns.stamp() returns trigger language plpgsql as $$ begin new.body := 'stamped'; return new; end $$;
    create table app.people (handle app.citext primary key, mood kinds.mood, moods kinds.mood[], place kinds.place,
        amount kinds.amount, span kinds.span, spans kinds.span_multirange, body text check (fns.fits(body)),
        folded text generated always as (fns.folded(body)) stored, EXTRA
        created_at timestamptz not null, updated_at timestamptz not null);
    create unique index on app.people (fns.folded(body));
    create table app.pets (id int, handle app.citext references app.people, mood kinds.mood,
        created_at timestamptz not null, updated_at timestamptz not null) partition by list (fns.part(id));
    create table app.pets_0 partition of app.pets for values in (0);
    create table app.pets_1 partition of app.pets for values in (1);
    alter table app.pets_1 add check (fns.positive(id));
    create table app.visits (handle app.citext, mood kinds.mood);
    revoke all on all functions in schema app, fns from public;
    revoke usage on type app.citext, kinds.mood, kinds.place, kinds.span, kinds.amount from public;
    insert into app.people (handle, mood, moods, place, amount, span, spans, body, created_at, updated_at)
        select 'h' || n, 'calm', '{wild}', row('s', 'calm')::kinds.place, n, '[1,2]', '{[1,2],[5,6]}', 'body ' || n,
            '2026-01-01Z', '2026-01-01Z' from generate_series(1, 4) n;
    insert into app.pets select n, 'h' || n, 'calm', '2026-01-01Z', '2026-01-01Z' from generate_series(1, 4) n;
    insert into app.visits values ('h1', 'calm');
    create trigger stamp before insert on app.people for each row when (fns.is_given(new.body)) execute function fns.stamp()";

const WORK_ON_CLOSED: &str = "
    alter table app.people disable trigger user;
    insert into app.people (handle, mood, moods, place, amount, span, spans, body, created_at, updated_at)
        values ('H5', 'wild', '{calm}', row('t', 'wild')::kinds.place, 7, '[3,4]', '{}', 'new', '2026-01-14 11:00Z',
            '2026-01-14 11:00Z');
    update app.people set body = 'changed', updated_at = '2026-01-14 11:00Z' where handle = 'h2';
    insert into app.pets values (5, 'h5', 'wild', '2026-01-14 11:00Z', '2026-01-14 11:00Z');
    delete from app.pets where id = 4";

#[test]
fn the_scripts_are_enough_where_types_and_functions_are_closed_to_everybody() {
    let mut scene = Scene::bare("r_grants_closed");
    // A column that only OLD has is filled in by its default.
    support::sql(&scene.pair.old, &CLOSED.replace("EXTRA", "extra text default fns.made(),"));
    support::sql(&scene.pair.new, &CLOSED.replace("EXTRA", ""));
    support::sql(&scene.pair.new, WORK_ON_CLOSED);
    for side in Side::BOTH {
        let closed =
            format!("revoke all on database {} from public; revoke all on schema public from public", scene.pair.database);
        support::sql(scene.pair.url(side), &closed);
    }
    let owners = scene.given.clone();
    let role = as_granted(&mut scene, &owners, &[]);
    every_verb_passes(&scene, &[]);
    scene.succeed(&["merge", "--dry-run", "--fire-triggers"]);
    // A comparison looks for NEW's rows by their keys.
    scene.run = "compared".into();
    std::fs::write(scene.folder.path().join("failback.toml"), "[tables.\"app.people\"]\nmethod = \"compare\"\n")
        .expect("a file");
    for verb in ["export", "diff", "plan"] {
        scene.succeed(&[verb]);
    }
    let may = |side: Side, what: &str| {
        let role = role.replace('"', "\"\"").replace('\'', "''");
        support::value(scene.pair.url(side), &format!("set role \"{role}\"; select {what}"))
    };
    for (side, what) in [
        (Side::Old, "has_function_privilege('fns.stamp()', 'execute')"),
        (Side::Old, "has_function_privilege('app.citext_lt(app.citext, app.citext)', 'execute')"),
        (Side::New, "has_schema_privilege('fns', 'usage')"),
        (Side::New, "has_type_privilege('kinds.mood', 'usage')"),
    ] {
        assert_eq!(may(side, what).as_deref(), Some("f"), "{side} {what}: no more than it needs");
    }
}
