//! Where the merge's rows came to lie is where `verify` looks first, and it believes nothing of it: each way in which a place
//! can lie, and what is said then.

use failback::engine::{State, VerifyReport};
use failback::error::ErrorKind;
use failback::staging::{DatabaseLayout, TableId};
use failback::store::Store as _;

use super::held::texts;
use super::*;

const KEEP: MergeOptions = MergeOptions { leave_held: true, fire_triggers: false, dry_run: false, again: false };

const COMPARE: &str = "[tables.\"public.t\"]\nmethod = \"compare\"\n";

const T: &str = "create table t (id int primary key, body text, n numeric default 7) with (autovacuum_enabled = off);
                 insert into t values (1, 'a'), (2, 'b'), (3, 'c'), (9, 'gone')";

const NEW: &str = "update t set body = 'x', n = 1.00 where id = 1; insert into t values (4, 'd', null), (5, 'e', 'NaN');
                   delete from t where id = 9";

fn merged(test: &str, both: &str, new: &str) -> Recovery {
    let case = recovery(pair(test, both, new, ""), COMPARE);
    case.decide("[defaults]\nambiguous = \"apply_new\"\ndelete = \"apply_new\"\n");
    assert_eq!(planned(&case).held, 0);
    block_on(engine::merge(&case.context, KEEP)).expect("a merge");
    case
}

fn verified(case: &Recovery) -> VerifyReport {
    block_on(engine::verify(&case.context)).expect("a verification")
}

/// What was found of the only table: rows in all, at their places, otherwise, written since.
fn found(report: &VerifyReport) -> (u64, u64, u64, u64) {
    let [table] = &report.tables[..] else { panic!("{report:#?}") };
    (table.checked, table.by_place, table.mismatched, table.written_since)
}

/// What is found at once, and what by a look at the keys, after somebody has done something on OLD.
fn expect(case: &Recovery, at_once: (u64, u64, u64, u64), state: State) -> VerifyReport {
    let report = verified(case);
    assert_eq!((found(&report), report.state), (at_once, state), "{report:#?}");
    let deep = block_on(engine::verify_deeply(&case.context)).expect("a verification");
    let (rows, _, mismatched, since) = at_once;
    assert_eq!((found(&deep), deep.state), ((rows, 0, mismatched, since), state), "{deep:#?}");
    report
}

fn place(case: &Recovery, id: i32) -> String {
    texts(&case.pair.old, &format!("select ctid::text from t where id = {id}")).concat()
}

/// Takes a row away, and has another one take its place. Of an updated row two numbers become free on the page, of which the
/// first is the one by which indexes knew it.
fn replace(case: &Recovery, id: i32, with: &str) {
    let (before, old) = (place(case, id), &case.pair.old);
    let filled = |rows: usize| {
        format!("insert into t (id) select m + g from (select max(id) + 1000 as m from t) m, generate_series(1, {rows}) g")
    };
    for statement in ["vacuum t", &filled(20), &format!("delete from t where id = {id}")] {
        support::sql(old, statement);
    }
    for between in 0..3 {
        support::sql(old, "vacuum t");
        support::sql(old, &format!("{}; insert into t {with}", filled(between)));
        if texts(old, &format!("select id::text from t where ctid = '{before}' and id < 1000")).len() == 1 {
            return;
        }
        support::sql(
            old,
            "delete from t where ctid = (select ctid from t where id < 1000 order by xmin::text::int8 desc limit 1)",
        );
    }
    panic!("the place is not taken");
}

#[test]
fn rows_that_nobody_touched_are_proven_where_they_lie() {
    expect(&merged("landed", T, NEW), (4, 3, 0, 0), State::Verified);
}

#[test]
fn a_row_that_moved_is_found_by_its_key() {
    let case = merged("landed_moved", T, NEW);
    support::sql(&case.pair.old, "update t set body = body where id in (1, 4)");
    expect(&case, (4, 1, 0, 0), State::Verified);
    support::sql(&case.pair.old, "update t set n = 8 where id = 5");
    let report = expect(&case, (4, 0, 0, 1), State::VerifiedWithGaps);
    assert_eq!(report.tables[0].written_since_keys, ["5"]);
}

#[test]
fn another_row_at_the_place_is_not_taken_for_the_one_that_lay_there() {
    let case = merged("landed_reused", T, NEW);
    replace(&case, 4, "values (40, 'd', null)");
    let report = expect(&case, (4, 2, 0, 1), State::VerifiedWithGaps);
    assert_eq!(report.tables[0].written_since_keys, ["4"]);
}

#[test]
fn a_row_under_the_same_key_at_the_same_place_is_compared_value_by_value() {
    let case = merged("landed_replaced", T, NEW);
    replace(&case, 5, "values (5, 'e', 'NaN')");
    expect(&case, (4, 3, 0, 0), State::Verified);
    replace(&case, 1, "values (1, 'x', 1.0)");
    let report = expect(&case, (4, 2, 0, 1), State::VerifiedWithGaps);
    assert_eq!(report.tables[0].written_since_keys, ["1"], "1.0 is not 1.00");
}

#[test]
fn a_table_that_was_written_anew_has_its_rows_elsewhere() {
    for (test, how) in [
        ("landed_full", "vacuum full t"),
        ("landed_cluster", "cluster t using t_pkey"),
        ("landed_rewritten", "alter table t alter body type varchar(9); alter table t alter body type text"),
        ("landed_emptied", "create table u as table t; truncate t; insert into t table u"),
        ("landed_added", "alter table t add column at timestamptz default clock_timestamp()"),
    ] {
        let case = merged(test, T, NEW);
        support::sql(&case.pair.old, how);
        expect(&case, (4, 0, 0, 0), State::Verified);
    }
}

const PARTS: &str = "create table t (id int, body text, primary key (id)) partition by range (id);
                     create table t1 partition of t for values from (0) to (100);
                     create table t2 partition of t for values from (100) to (200);
                     insert into t values (1, 'a'), (101, 'b')";

const NEW_IN_PARTS: &str = "update t set body = 'x'; insert into t values (2, 'c'), (102, 'd')";

#[test]
fn the_same_place_in_two_partitions_is_two_rows() {
    let case = merged("landed_parts", PARTS, NEW_IN_PARTS);
    expect(&case, (4, 4, 0, 0), State::Verified);
    support::sql(&case.pair.old, "update t set id = 103 where id = 2");
    let report = expect(&case, (4, 3, 0, 1), State::VerifiedWithGaps);
    assert_eq!(report.tables[0].written_since_keys, ["2"]);
}

#[test]
fn rows_that_have_left_with_their_partition_are_gone() {
    let case = merged("landed_detached", PARTS, NEW_IN_PARTS);
    support::sql(&case.pair.old, "alter table t detach partition t2");
    let report = expect(&case, (4, 2, 0, 2), State::VerifiedWithGaps);
    assert_eq!(report.tables[0].written_since_keys, ["101", "102"]);
    support::sql(&case.pair.old, "alter table t attach partition t2 for values from (100) to (200)");
    expect(&case, (4, 4, 0, 0), State::Verified);
}

/// Whoever may read a partitioned table may not therefore read its partitions by their own names.
#[test]
fn a_user_who_may_not_look_into_partitions_reads_by_key() {
    let mut case = merged("landed_rights", PARTS, NEW_IN_PARTS);
    let role = format!("{}_reader", case.pair.database);
    let rights = format!(
        "create role {role} login password 'open'; grant select on t to {role}; grant usage on schema failback to {role};
         grant select on all tables in schema failback to {role}"
    );
    support::sql(&case.pair.old, &rights);
    let login = crate::refusals::with_login(&case.pair.old, &role, "open");
    let endpoint = failback::pg::Endpoint::resolve(Side::Old, Some(&login), &|_| None).expect("an endpoint");
    let servers = case.context.servers().clone().with_endpoint(Side::Old, endpoint);
    case.context = case.context.clone().with_servers(servers);
    expect(&case, (4, 0, 0, 0), State::Verified);
}

/// A trigger that fires may change what was sent: no place is written down then, and the mismatch is told.
#[test]
fn what_a_trigger_changed_is_read_by_its_key() {
    let case = recovery(pair("landed_fired", T, NEW, ""), COMPARE);
    case.decide("[defaults]\nambiguous = \"apply_new\"\ndelete = \"apply_new\"\n");
    support::sql(
        &case.pair.old,
        "create function other() returns trigger language plpgsql as $$ begin new.body := 'other'; return new; end $$;
         create trigger other before insert on t for each row execute function other()",
    );
    planned(&case);
    block_on(engine::merge(&case.context, MergeOptions { fire_triggers: true, ..KEEP })).expect("a merge");
    let report = expect(&case, (4, 0, 2, 0), State::NotVerified);
    assert_eq!(report.tables[0].mismatched_keys, ["4", "5"]);
}

/// The merge's rows lie where they lay, and are no longer the only ones under their keys.
#[test]
fn another_row_under_a_key_that_no_index_keeps_unique_any_more_is_found() {
    let case = merged("landed_doubled", T, NEW);
    support::sql(&case.pair.old, "alter table t drop constraint t_pkey; insert into t values (1, 'stranger'), (4, 'stranger')");
    expect(&case, (4, 0, 0, 2), State::VerifiedWithGaps);
}

#[test]
fn a_damaged_list_of_places_is_damage_and_a_look_at_the_keys_needs_none() {
    let case = merged("landed_damaged", T, NEW);
    let layout = DatabaseLayout::new(&case.pair.database);
    for path in [layout.landed_index(), layout.landed(TableId::nth(0))] {
        let sound = case.store.read(&path).expect("a file of the run");
        let mut broken = sound.clone();
        broken[sound.len() / 2] ^= 1;
        case.store.write(&path, &broken).expect("a flipped bit");
        let error = block_on(engine::verify(&case.context)).expect_err("a flipped bit");
        assert_eq!(error.kind(), ErrorKind::Damaged, "{path}: {error:?}");
        assert!(error.hints().iter().any(|hint| hint.contains("--deep")), "{error:?}");
        block_on(engine::verify_deeply(&case.context)).expect("a verification");
        case.store.write(&path, &sound).expect("the sound one");
    }
    case.store.remove_file(&layout.landed_index()).expect("no list");
    expect(&case, (4, 0, 0, 0), State::Verified);
}

/// What only OLD has is promised of rows that it had before, and of no others.
#[test]
fn what_only_old_has_is_promised_of_its_own_rows_alone() {
    let case = recovery(pair("landed_own", T, NEW, "alter table t add own text default 'own'"), COMPARE);
    case.decide("[defaults]\nambiguous = \"apply_new\"\ndelete = \"apply_new\"\n");
    planned(&case);
    block_on(engine::merge(&case.context, KEEP)).expect("a merge");
    let state = verified(&case).state;
    expect(&case, (4, 3, 0, 0), state);
    replace(&case, 4, "values (4, 'd', null, 'others')");
    expect(&case, (4, 3, 0, 0), state);
    replace(&case, 1, "values (1, 'x', 1.00, 'others')");
    expect(&case, (4, 2, 0, 1), State::VerifiedWithGaps);
}

const FAMILIES: &str = "create table p (id int primary key, note text);
                        create table c (id int primary key, p int references p);
                        insert into p select n, 'p' from generate_series(1, 9) n; insert into c values (1, 1), (2, 2)";

const BOTH: &str = "[tables.\"public.p\"]\nmethod = \"compare\"\n[tables.\"public.c\"]\nmethod = \"compare\"\n";

/// Keys are looked at around what was written; whoever broke one elsewhere is found by a look at everything.
#[test]
fn foreign_keys_are_looked_at_around_what_was_written() {
    for (test, index) in [("landed_keys", "create index on c (p)"), ("landed_no_index", "select")] {
        let both = format!("{FAMILIES}; {index}");
        let new = "insert into c values (3, 3), (4, 4); delete from p where id = 9";
        let case = recovery(pair(test, &both, new, ""), BOTH);
        case.decide("[defaults]\nambiguous = \"apply_new\"\ndelete = \"apply_new\"\n");
        planned(&case);
        block_on(engine::merge(&case.context, KEEP)).expect("a merge");
        let orphans = |deep: bool| {
            let verified =
                if deep { block_on(engine::verify_deeply(&case.context)) } else { block_on(engine::verify(&case.context)) };
            verified.expect("a verification").orphans.iter().map(|one| one.rows).collect::<Vec<_>>()
        };
        assert_eq!((orphans(false), orphans(true)), (vec![], vec![]), "{test}");
        let break_key = |how: &str| {
            support::sql(&case.pair.old, &format!("set session_replication_role = replica; {how}"));
        };
        // A child of another family, which the merge has not touched.
        break_key("delete from p where id = 1");
        let known = if test == "landed_keys" { vec![] } else { vec![1] };
        assert_eq!((orphans(false), orphans(true)), (known, vec![1]), "{test}");
        // The parent of one that it wrote.
        break_key("delete from p where id = 3");
        assert_eq!((orphans(false), orphans(true)), (vec![2], vec![2]), "{test}");
        break_key("insert into p values (1), (3)");
        assert_eq!((orphans(false), orphans(true)), (vec![], vec![]), "{test}");
        // A child of a parent that it took away, and one of its own that was written since.
        break_key("insert into c values (7, 9)");
        assert_eq!((orphans(false), orphans(true)), (vec![1], vec![1]), "{test}");
        break_key("update c set p = 77 where id = 4; delete from c where id = 7");
        assert_eq!((orphans(false), orphans(true)), (vec![1], vec![1]), "{test}");
    }
}
