//! What OLD's own definitions ask for while rows are merged.

use std::sync::Arc;

use failback::engine::{self, Event, MergeOptions, Progress, Reporter, Stop};

use super::*;

const HELD_STAYS: MergeOptions = MergeOptions { leave_held: true, fire_triggers: false, dry_run: false, again: false };

#[test]
fn a_check_that_leans_on_the_search_path_finds_its_functions() {
    let both = "create function longest() returns int language sql immutable as 'select 9';
                create function fits(text) returns boolean language sql immutable as 'select length($1) < longest()';
                create table t (id int primary key, body text check (fits(body)),
                    created_at timestamptz default now(), updated_at timestamptz default now());
                insert into t values (1, 'a', '2001-01-01', '2001-01-01');";
    let case = recovery(
        pair(
            "leaning",
            both,
            "insert into t values (2, 'b'); update t set body = 'c', updated_at = now()
        where id = 1",
            "",
        ),
        "",
    );
    assert_eq!(planned(&case).held, 0);
    block_on(engine::merge(&case.context, HELD_STAYS)).expect("a merge");
    let bodies = support::rows(&case.pair.old, "select body from t order by id").concat();
    assert_eq!(bodies, [Some("c".to_owned()), Some("b".to_owned())]);
    block_on(engine::undo(&case.context, HELD_STAYS)).expect("an undo");
    let bodies = support::rows(&case.pair.old, "select body from t order by id").concat();
    assert_eq!(bodies, [Some("a".to_owned())]);
}

#[test]
fn a_function_that_is_not_found_is_met_by_the_plan() {
    let both = "create schema app; create function app.longest() returns int language sql immutable as 'select 9';
                set search_path = public, app;
                create function fits(text) returns boolean language sql immutable as 'select length($1) < longest()';
                create table t (id int primary key, body text check (fits(body)),
                    created_at timestamptz default now(), updated_at timestamptz default now());";
    let case = recovery(pair("unfound", both, "set search_path = public, app; insert into t values (2, 'b')", ""), "");
    let plan = planned(&case);
    assert_eq!(plan.held, 1, "{plan:#?}");
    block_on(engine::merge(&case.context, HELD_STAYS)).expect("a merge of nothing");
}

#[test]
fn a_foreign_key_of_one_partition_without_a_key_is_checked() {
    let both = "create table kinds (id int primary key);
                create table logs (kind int, body text) partition by list (body);
                create table logs_a partition of logs for values in ('a');
                create table logs_b partition of logs for values in ('b');
                alter table logs_a add foreign key (kind) references kinds;
                insert into kinds values (1), (2);";
    let case = recovery(pair("one_partition", both, "insert into logs values (1, 'a'), (9, 'b')", ""), "");
    case.decide("[defaults]\nambiguous_missing_on_old = \"apply_new\"\n");
    assert_eq!(planned(&case).held, 0);
    block_on(engine::merge(&case.context, HELD_STAYS)).expect("a merge");
    assert_eq!(support::value(&case.pair.old, "select count(*) from logs").as_deref(), Some("2"));
}

/// Attaches a partition on NEW once the export has looked at the definitions and before it reads rows.
struct Attaching(String);

impl Progress for Attaching {
    fn event(&self, event: Event) {
        if matches!(event, Event::Began { step: "export", .. }) {
            let url = self.0.clone();
            let attach = || support::sql(&url, "alter table logs attach partition logs_late for values in ('late')");
            std::thread::scope(|scope| scope.spawn(attach).join().expect("a partition"));
        }
    }
}

#[test]
fn a_partition_that_is_attached_while_the_export_looks_at_other_databases_is_read() {
    let both =
        "create table logs (id int, body text, created_at timestamptz default now(), updated_at timestamptz default now(),
                    primary key (id, body)) partition by list (body);
                create table logs_early partition of logs for values in ('early');
                create table logs_late (like logs including all);";
    let case = recovery(
        pair(
            "attached",
            both,
            "insert into logs values (1, 'early'); insert into logs_late values (2, 'late')",
            "alter table logs attach partition logs_late for values in ('late')",
        ),
        "",
    );
    let mut case = case;
    // Only where there are several is a database looked at before its snapshot.
    case.look_at(vec![case.pair.database.clone(), "postgres".to_owned()]);
    case.context =
        case.context.clone().with_reporter(Reporter::new(Arc::new(Attaching(case.pair.new.clone())), Stop::default()));
    assert_eq!(planned(&case).held, 0);
    block_on(engine::merge(&case.context, HELD_STAYS)).expect("a merge");
    assert_eq!(support::value(&case.pair.old, "select count(*) from logs").as_deref(), Some("2"));
}

/// Lets OLD's tables belong to a plain user and goes on as that one; returns the URL of before too.
pub(super) fn owned(mut pair: Pair, tables: &[&str]) -> (Pair, String) {
    let (role, mighty) = (format!("{}_role", pair.database), pair.old.clone());
    support::sql(
        &mighty,
        &format!(
            "create role {role} login password 'p';
             grant all on schema public to {role}; grant create, temporary on database \"{}\" to {role}",
            pair.database
        ),
    );
    for table in tables {
        support::sql(&mighty, &format!("alter table {table} owner to {role}"));
    }
    let (_, server) = mighty.split_once('@').expect("a user in the URL");
    pair.old = format!("postgresql://{role}:p@{server}");
    (pair, mighty)
}

/// Rows of a parent can only be updated one after the other where foreign keys stay on.
#[test]
fn a_swap_that_foreign_keys_do_not_allow_is_held_with_the_reason() {
    let both = "create table seats (id int primary key, seat text unique, created_at timestamptz, updated_at timestamptz);
                create table guests (id int primary key, seat int references seats);
                insert into seats select n, chr(96 + n), '2001-01-01', '2001-01-01' from generate_series(1, 4) n;
                insert into guests values (1, 1), (2, 2), (3, 3), (4, 4)";
    let swap = "update seats set seat = null where id in (1, 3); update seats set seat = 'a', updated_at = now() where id = 2;
                update seats set seat = 'b', updated_at = now() where id = 1;
                update seats set seat = 'c', updated_at = now() where id = 4;
                update seats set seat = 'z', updated_at = now() where id = 3";
    let (pair, mighty) = owned(pair("owner_holds", both, swap, ""), &["seats", "guests"]);
    let mut case = recovery(pair, "");
    let report = planned(&case);
    let held: Vec<_> = report.tables.iter().flat_map(|table| &table.held_reasons).collect();
    let why = "its seat moves to it from another row (seats_seat_key)";
    assert!(
        matches!(held.as_slice(), [(said, 3)] if said.contains(why) && said.contains("session_replication_role")),
        "{held:?}"
    );
    block_on(engine::merge(&case.context, HELD_STAYS)).expect("a merge of the row that takes nobody's value");
    let seats =
        || support::rows(&mighty, "select seat from seats order by id").concat().into_iter().flatten().collect::<String>();
    assert_eq!(seats(), "abzd");
    block_on(engine::undo(&case.context, HELD_STAYS)).expect("an undo");
    let endpoint = failback::pg::Endpoint::resolve(failback::name::Side::Old, Some(&mighty), &|_| None).expect("an endpoint");
    let servers = case.context.servers().clone().with_endpoint(failback::name::Side::Old, endpoint);
    case.context = case.context.clone().with_servers(servers);
    assert_eq!(block_on(engine::plan(&case.context)).expect("a plan").held, 0, "a user who may does it");
    block_on(engine::merge(&case.context, HELD_STAYS)).expect("a merge");
    assert_eq!(seats(), "bazc");
}

/// The owner of the tables may not set the replica role: foreign keys stay on.
#[test]
fn the_owner_swaps_unique_values_too() {
    let both = "create table seats (id int primary key, seat text unique, created_at timestamptz, updated_at timestamptz);
                insert into seats values (1, 'a', '2001-01-01', '2001-01-01'), (2, 'b', '2001-01-01', '2001-01-01')";
    let swap = "update seats set seat = null where id = 1; update seats set seat = 'a', updated_at = now() where id = 2;
                update seats set seat = 'b', updated_at = now() where id = 1";
    let (pair, mighty) = owned(pair("owner_swaps", both, swap, ""), &["seats"]);
    let case = recovery(pair, "");
    assert_eq!(planned(&case).held, 0);
    block_on(engine::merge(&case.context, HELD_STAYS)).expect("a merge");
    let seats =
        || support::rows(&mighty, "select seat from seats order by id").concat().into_iter().flatten().collect::<String>();
    assert_eq!(seats(), "ba");
    block_on(engine::undo(&case.context, HELD_STAYS)).expect("an undo");
    assert_eq!(seats(), "ab");
}

/// Renames a label of an enum on OLD once rows are compared.
struct Renaming(String);

impl Progress for Renaming {
    fn event(&self, event: Event) {
        if matches!(event, Event::Rows { .. }) {
            let url = self.0.clone();
            let rename = "do $$ begin if exists (select from pg_enum where enumlabel = 'fine') then
                              alter type mood rename value 'fine' to 'awful'; end if; end $$";
            std::thread::scope(|scope| scope.spawn(|| support::sql(&url, rename)).join().expect("a label"));
        }
    }
}

#[test]
fn a_label_that_is_renamed_while_rows_are_merged_is_noticed_before_they_are_committed() {
    let both = "create type mood as enum ('fine', 'sad');
                create table t (id int primary key, mood mood, created_at timestamptz, updated_at timestamptz)";
    let case = recovery(pair("relabelled", both, "insert into t values (1, 'fine', now(), now())", ""), "");
    planned(&case);
    let watched = Reporter::new(Arc::new(Renaming(case.pair.old.clone())), Stop::default());
    let context = case.context.clone().with_reporter(watched);
    let refused = block_on(engine::merge(&context, HELD_STAYS)).expect_err("another meaning");
    assert_eq!(refused.kind(), failback::error::ErrorKind::Refused, "{refused:?}");
    assert_eq!(support::value(&case.pair.old, "select count(*) from t").as_deref(), Some("0"));
}

/// What somebody does to OLD's tables while a merge or an undo waits for them is seen once it has them.
#[test]
fn a_foreign_key_that_is_added_while_a_merge_waits_is_held_to() {
    const WAITING: &str = "select count(*) from pg_stat_activity
         where wait_event_type = 'Lock' and datname = current_database() and application_name = 'failback'";
    let both = "create table parent (id int primary key); create table child (id int primary key, parent int,
                    created_at timestamptz, updated_at timestamptz); insert into parent values (1)";
    let case = recovery(pair("added_key", both, "insert into child values (1, 9, now(), now())", ""), "");
    assert_eq!(planned(&case).held, 0, "nothing says who the parent is");
    let add = "alter table child add constraint late foreign key (parent) references parent";
    let attempt = |verb: &'static str, statement: &'static str| {
        block_on(async {
            let (holder, observer) = (support::connect(&case.pair.old).await, support::connect(&case.pair.old).await);
            holder.batch_execute(&format!("begin; {statement}")).await.expect(statement);
            let ending = async {
                while observer.query_one(WAITING, &[]).await.expect("a number").get::<_, i64>(0) == 0 {
                    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                }
                holder.batch_execute("commit").await.expect(statement);
            };
            let work = async {
                if verb == "merge" {
                    engine::merge(&case.context, HELD_STAYS).await
                } else {
                    engine::undo(&case.context, HELD_STAYS).await
                }
            };
            futures::join!(work, ending).0
        })
    };
    let rows = || support::value(&case.pair.old, "select count(*) from child").expect("a number");
    let refused = attempt("merge", add).expect_err("an orphan");
    assert_eq!((refused.kind(), rows().as_str()), (failback::error::ErrorKind::Refused, "0"), "{refused:?}");
    support::sql(&case.pair.old, "alter table child drop constraint late");
    block_on(engine::merge(&case.context, HELD_STAYS)).expect("a merge");
    // A child in a table that nobody knew of refers to the row that an undo is about to take.
    let refer = "create table late (child int references child); insert into late values (1)";
    let undone = attempt("undo", refer).expect("an undo of nothing");
    assert_eq!((undone.left_rows(), rows().as_str()), (1, "1"), "{undone:?}");
    support::sql(&case.pair.old, "drop table late");
    assert_eq!(block_on(engine::undo(&case.context, HELD_STAYS)).expect("an undo").rows(), 1);
}

/// What became of a table between the plan and the merge is said, before the first statement stumbles over it; and where it is
/// the rows that OLD no longer takes, another plan of the same run holds them.
#[test]
fn a_definition_that_changed_since_the_plan_is_a_refusal_with_what_changed() {
    let both = "create table a (id int primary key, v text, x int, created_at timestamptz default '2020-01-01',
                    updated_at timestamptz default '2020-01-01');
                create table part (id int primary key, v text, created_at timestamptz, updated_at timestamptz)
                    partition by range (id);
                create table part_1 partition of part for values from (0) to (100);
                create table part_2 partition of part for values from (100) to (200);
                insert into a values (1, 'a', 1), (2, 'b', 2)";
    let new = "update a set v = 'n', updated_at = now() where id = 1; insert into a values (3, 'm', 3, now(), now());
               insert into part values (50, 'n', now(), now()), (150, 'n', now(), now())";
    let another_run = "make a new run with `failback export`";
    let plan_again = "run `failback plan` again";
    let changes = [
        ("alter table a rename v to vv", "column v is called vv", another_run),
        ("alter table a rename id to key", "column id is called key", another_run),
        ("alter table a drop x", "column x is gone", another_run),
        ("alter table a add y int", "column y has come", another_run),
        ("alter table a alter v type varchar(9)", "column v is another one", another_run),
        ("alter table a add unique (v)", "its unique and exclusion constraints", another_run),
        ("alter table a add check (v <> 'n') not valid", "a_v_check", plan_again),
        ("alter table part detach partition part_2", "no partition of relation", plan_again),
    ];
    for (change, said, next) in changes {
        let case = recovery(pair("changed_since", both, new, ""), "");
        planned(&case);
        support::sql(&case.pair.old, change);
        let before = crate::recovery::fingerprint(&case.pair.old);
        let options = MergeOptions { leave_held: true, ..MergeOptions::default() };
        let refused = block_on(engine::merge(&case.context, options)).expect_err("its table has changed");
        assert_eq!(refused.kind(), failback::error::ErrorKind::Refused, "{change}: {refused:?}");
        assert!(refused.causes().iter().any(|cause| cause.contains(said)), "{change}: {refused:?}");
        assert!(refused.hints().iter().any(|hint| hint.contains(next)), "{change}: {refused:?}");
        assert_eq!(crate::recovery::fingerprint(&case.pair.old), before, "{change}");
        if next == plan_again {
            block_on(engine::plan(&case.context)).expect("a plan that knows it");
            block_on(engine::merge(&case.context, options)).expect("a merge of the others");
            let rows = "select (select count(*) from a where v in ('n', 'm')) + (select count(*) from part)";
            assert_eq!(support::value(&case.pair.old, rows).as_deref(), Some("3"), "{change}");
        }
    }
}
