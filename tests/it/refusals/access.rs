//! Who may not: wrong passwords, missing privileges, an owner who is no superuser, somebody else at work.

use failback::name::Side;

use super::{Scene, expect_no_secret, said, seal, with_login};
use crate::support::{self, Pair, block_on};

const PASSWORD: &str = "s3same-0pen";

/// Makes a role on both servers that may log in and nothing else.
pub(super) fn role(scene: &mut Scene) -> String {
    let role = format!("{}_role", scene.pair.database);
    for side in Side::BOTH {
        let url = scene.pair.url(side);
        support::sql(url, &format!("create role {role} login password '{PASSWORD}'"));
        *scene.given.get_mut(side) = with_login(url, &role, PASSWORD);
    }
    role
}

#[test]
fn a_wrong_password_is_not_shown() {
    let mut scene = Scene::new("r_password");
    for side in Side::BOTH {
        let right = scene.given.get(side).clone();
        *scene.given.get_mut(side) = with_login(&right, "failback", PASSWORD);
        let output = scene.refuse(6, &["export"]);
        assert!(output.stderr.contains("28P01") || output.stderr.contains("password"), "{}", output.stderr);
        *scene.given.get_mut(side) = right;
    }
    assert!(scene.files("", "manifest.json").is_empty());
    scene.succeed(&["export"]);
}

#[test]
fn a_wrong_password_in_a_variable_is_not_shown() {
    let scene = Scene::new("r_variable");
    let bare = |url: &str| with_login(url, "failback", "").replace(":@", "@");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_failback"));
    seal(&mut command, &scene.folder);
    command.args(["discover", "--databases", &scene.pair.database, "--cutover", super::CUTOVER]);
    command.args(["--old", &bare(&scene.pair.old), "--new", &bare(&scene.pair.new), "--verbose", "--json"]);
    command.env("OLD_PGPASSWORD", PASSWORD).env("NEW_PGPASSWORD", PASSWORD);
    let output = said(&command.output().expect("the failback program"));
    scene.expect_refusal(6, &output);
    expect_no_secret(&output, PASSWORD);
}

#[test]
fn a_table_that_may_not_be_read_is_left_out_with_what_is_missing() {
    let mut scene = Scene::new("r_select");
    let role = role(&mut scene);
    for url in [&scene.pair.old, &scene.pair.new] {
        support::sql(url, &format!("grant select on owners to {role}"));
    }
    let output = scene.succeed(&["export"]);
    for words in [
        "public.items on NEW: on OLD: this user lacks SELECT on table public.items",
        "grant select on table \"public\".\"items\"",
    ] {
        assert!(output.stdout.contains(words), "{}", output.stdout);
    }
    expect_no_secret(&output, PASSWORD);
    std::fs::remove_dir_all(scene.run()).expect("the run");
    for url in [&scene.pair.old, &scene.pair.new] {
        support::sql(url, &format!("grant select on items to {role}"));
    }
    scene.succeed(&["export"]);
    scene.succeed(&["diff"]);
    scene.succeed(&["plan"]);
}

#[test]
fn where_no_table_may_be_read_nothing_is_called_verified() {
    let mut scene = Scene::new("r_blind");
    let role = role(&mut scene);
    support::sql(&scene.pair.old, &format!("grant create on database {} to {role}", scene.pair.database));
    for verb in ["export", "diff", "plan"] {
        scene.succeed(&[verb]);
    }
    assert_eq!(scene.merge().code, 0, "nothing is merged");
    let verified = scene.failback(&["verify", "--json"]);
    let said: serde_json::Value = serde_json::from_str(&verified.stdout).expect("a document");
    assert_eq!((verified.code, &said["state"]), (9, &"verified_with_gaps".into()), "{said:#}");
    let gaps = said["not_covered"].as_array().expect("gaps").iter();
    let gaps: Vec<_> = gaps.filter_map(|gap| Some((gap["table"].as_str()?, gap["of"].as_str()?))).collect();
    assert_eq!(gaps, [("public.items", "rows"), ("public.owners", "rows")], "{said:#}");
    let shown = scene.failback(&["verify"]).stdout;
    let first = "coverage of 2 tables, what is not covered first\n";
    assert!(shown.starts_with(first) && shown.contains("\nnot covered:\n"), "{shown}");
}

#[test]
fn a_role_that_may_not_write_leaves_old_alone() {
    let mut scene = Scene::planned("r_write");
    let mighty = scene.given.clone();
    let role = role(&mut scene);
    support::sql(&scene.pair.old, &format!("grant select on all tables in schema public to {role}"));
    let output = scene.refuse_merge(6);
    for words in
        ["INSERT on column id of table public.items", "UPDATE on column note of table public.items", "grant insert (\"id\")"]
    {
        assert!(output.stderr.contains(words), "{}", output.stderr);
    }
    let writes = "grant insert, update on items, owners";
    let makes = format!("grant create on database {}", scene.pair.database);
    support::sql(&scene.pair.old, &format!("{writes} to {role}; {makes} to {role}"));
    let output = scene.refuse_merge(4);
    assert!(output.stderr.contains("session_replication_role"), "{}", output.stderr);
    scene.given = mighty;
    scene.expect_merge();
}

#[test]
fn an_owner_who_is_no_superuser_merges_with_triggers_disabled() {
    owner_merges_with_triggers_disabled(support::pair("r_owner"));
}

/// An owner merges into tables and partitions with triggers in every mode.
pub(crate) fn owner_merges_with_triggers_disabled(pair: Pair) {
    let mut scene = Scene::on(pair);
    let parts = "create table parts (id int primary key, note text, created_at timestamptz, updated_at timestamptz) \
            partition by range (id); \
        create table parts_1 partition of parts for values from (1) to (10); \
        create table parts_2 partition of parts for values from (10) to (20)";
    support::sql(&scene.pair.old, parts);
    let rows = "insert into parts select n, 'part', '2026-01-14 12:00Z', '2026-01-14 12:00Z' from generate_series(8, 12) n";
    support::sql(&scene.pair.new, &format!("{parts}; {rows}"));
    for verb in ["export", "diff", "plan"] {
        scene.succeed(&[verb]);
    }
    let role = role(&mut scene);
    let database = failback::name::Ident::new(&scene.pair.database);
    support::sql(
        &scene.pair.old,
        &format!(
            "alter database {} owner to {role}; alter table owners owner to {role}; alter table items owner to {role}; \
             create function stamp() returns trigger language plpgsql as \
                'begin new.updated_at = now(); new.note = ''stamped''; return new; end'; \
             create trigger stamp before insert or update on items for each row execute function stamp(); \
             create trigger always before insert or update on items for each row execute function stamp(); \
             create trigger never before insert or update on items for each row execute function stamp(); \
             create trigger replica before insert or update on items for each row execute function stamp(); \
             alter table items enable always trigger always; alter table items enable replica trigger replica; \
             alter table items disable trigger never; \
             alter table parts owner to {role}; alter table parts_1 owner to {role}; alter table parts_2 owner to {role}; \
             create trigger \"both\" before insert or update on parts for each row execute function stamp(); \
             create trigger leaf before insert or update on parts_1 for each row execute function stamp(); \
             alter table parts_1 enable always trigger leaf; alter table parts_1 disable trigger \"both\"",
            database.sql()
        ),
    );
    // The trigger is new: what was planned for is another table.
    scene.refuse_merge(4);
    scene.given.new.clone_from(&scene.pair.new);
    std::fs::remove_dir_all(scene.run()).expect("the run");
    for verb in ["export", "diff", "plan"] {
        scene.succeed(&[verb]);
    }
    scene.expect_merge();
    let modes = "select string_agg(concat(tgrelid::regclass, '.', tgname, tgenabled), ' ' order by tgrelid, tgname) \
                     from pg_trigger where not tgisinternal or tgparentid <> 0 and tgconstraint = 0";
    let as_before =
        Some("items.alwaysA items.neverD items.replicaR items.stampO parts.bothO parts_1.bothD parts_1.leafA parts_2.bothO");
    assert_eq!(support::value(&scene.pair.old, modes).as_deref(), as_before);
    let stamped =
        "select (select count(*) from items where note = 'stamped') + (select count(*) from parts where note = 'stamped')";
    assert_eq!(support::value(&scene.pair.old, "select count(*) from parts").as_deref(), Some("5"));
    assert_eq!(support::value(&scene.pair.old, stamped).as_deref(), Some("0"), "the trigger stayed silent");
    scene.succeed(&["undo", "--confirm", &scene.confirm]);
    assert_eq!(support::value(&scene.pair.old, modes).as_deref(), as_before);
    assert_eq!(support::value(&scene.pair.old, stamped).as_deref(), Some("0"), "the trigger stayed silent");
}

#[test]
fn a_role_that_may_not_create_schemas_merges_into_a_ledger_that_was_made_for_it() {
    let mut scene = Scene::planned("r_ledger");
    let role = role(&mut scene);
    support::sql(&scene.pair.old, &format!("alter table owners owner to {role}; alter table items owner to {role}"));
    let output = scene.refuse_merge(6);
    assert!(output.stderr.contains("grant create on database"), "{}", output.stderr);
    support::sql(&scene.pair.old, include_str!("../../../sql/ledger/create_schema.sql"));
    support::sql(&scene.pair.old, include_str!("../../../sql/ledger/create.sql"));
    let grants = format!("grant usage on schema failback to {role}; grant select, insert on failback.ledger to {role}");
    support::sql(&scene.pair.old, &grants);
    let output = scene.refuse_merge(6);
    assert!(output.stderr.contains("grant create on schema"), "{}", output.stderr);
    support::sql(&scene.pair.old, include_str!("../../../sql/ledger/create_brought.sql"));
    let output = scene.refuse_merge(6);
    assert!(output.stderr.contains("failback.brought"), "{}", output.stderr);
    let grants = format!("grant select, insert on failback.brought to {role}");
    support::sql(&scene.pair.old, &grants);
    scene.expect_merge();
}

/// Runs statements in a session that stays open while `then` runs.
fn meanwhile(url: &str, statements: &str, then: impl FnOnce()) {
    let client = block_on(async {
        let client = support::connect(url).await;
        client.batch_execute(statements).await.expect("statements");
        client
    });
    then();
    block_on(async { client.batch_execute("rollback").await.expect("a rollback") });
}

#[test]
fn a_second_merge_at_the_same_time_is_refused() {
    let scene = Scene::planned("r_twice");
    let lock = format!("begin; {}", include_str!("../../../sql/ledger/lock.sql"));
    meanwhile(&scene.pair.old, &lock, || {
        let output = scene.refuse_merge(4);
        assert!(output.stderr.contains("another merge or undo is at work"), "{}", output.stderr);
    });
    scene.expect_merge();
}

#[test]
fn a_row_that_somebody_holds_locked_times_out() {
    let scene = Scene::planned("r_locked");
    let config = "[old]\nlock_timeout = \"2s\"\nlock_wait = \"0s\"\n";
    std::fs::write(scene.folder.path().join("failback.toml"), config).expect("a file");
    meanwhile(&scene.pair.old, "begin; select 1 from items where id = 1 for update", || {
        let output = scene.refuse_merge(6);
        for part in ["55P03", "waited 2s for a lock: session ", "a retry is safe", "lock_timeout"] {
            assert!(output.stderr.contains(part), "{part}: {}", output.stderr);
        }
    });
    scene.expect_merge();
}
