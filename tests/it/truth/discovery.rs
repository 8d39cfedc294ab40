//! What the first look must see.

use failback::engine::MergeOptions;
use failback::error::ErrorKind;
use failback::pg::{Endpoint, Session, lead_to_one_database};

use super::*;
use crate::refusals::with_login;

fn session(side: Side, url: &str) -> Session {
    let endpoint = Endpoint::resolve(side, Some(url), &|_| None).expect("an endpoint");
    block_on(Session::connect(&endpoint)).expect("a session")
}

#[test]
fn one_database_is_recognised_through_any_two_connections() {
    let (one, other) = (support::pair("sameness"), support::pair("sameness"));
    let old = session(Side::Old, &one.old);
    let same = |url: &str| block_on(lead_to_one_database(&old, &session(Side::New, url))).expect("an answer");
    assert!(same(&one.old), "the same database twice");
    assert!(!same(&other.old), "another database of the same server");
    assert!(!same(&one.new), "another server");
    // Other tests' databases have locks of their own.
    let held = "select count(*) from pg_locks l join pg_database d on d.oid = l.database
                where l.locktype = 'advisory' and d.datname = current_database()";
    assert_eq!(support::value(&one.old, held).as_deref(), Some("0"));
}

#[test]
fn wall_clocks_prove_nothing_until_their_zone_is_configured() {
    let both =
        "create table visits (id int primary key, note text, created_at timestamp not null, updated_at timestamp not null);
                insert into visits values (1, 'a', '2020-01-01', '2020-01-01'), (2, 'b', '2020-01-01', '2020-01-01')";
    // Written a minute ago by a clock in New York: hours before the cutover where it is read as UTC.
    let new = "update visits set note = 'new', updated_at = (now() at time zone 'America/New_York') where id = 1;
               insert into visits values (3, 'c', now() at time zone 'America/New_York', now() at time zone
                   'America/New_York')";
    let case = recovery(pair("wallclock", both, new, ""), "# no zone");
    for url in [&case.pair.old, &case.pair.new] {
        support::sql(url, &format!("alter database \"{}\" set timezone = 'America/New_York'", case.pair.database));
    }
    // The application's own role may have a zone of its own.
    let role = format!("{}_app", case.pair.database);
    support::sql(&case.pair.new, &format!("create role {role}; alter role {role} set timezone = 'Asia/Kolkata'"));
    let found = discovered(&case).expect("a discovery");
    let note = found.notes.iter().find(|note| note.contains("visits")).expect("a note about the wall clock");
    assert!(note.contains("set `zone`") && note.contains("America/New_York"), "{note}");
    let (_, on_new) = note.split_once(" on OLD and ").expect("both sides");
    assert!(on_new.contains(&format!(", Asia/Kolkata for {role}")), "{note}");
    let plan = planned(&case);
    assert_eq!((plan.held, plan.tables.len()), (2, 1), "both rows are found, and neither is decided by a clock: {plan:#?}");

    let stated = recovery(pair("wallclock", both, new, ""), "zone = \"America/New_York\"");
    assert_eq!(planned(&stated).held, 0, "with the zone, both are NEW's");
}

#[test]
fn a_partition_that_new_detached_is_not_deleted() {
    let both = "create table logs (id int, year int, note text, updated_at timestamptz, primary key (id, year))
                    partition by list (year);
                create table logs_2020 partition of logs for values in (2020);
                create table logs_2021 partition of logs for values in (2021);
                insert into logs select i, 2020 + i % 2, 'n', '2020-01-01' from generate_series(1, 6) i";
    let case = recovery(pair("detached", both, "alter table logs detach partition logs_2020", ""), "");
    case.decide("[defaults]\ndelete = \"apply_new\"\n");
    let plan = planned(&case);
    assert!(plan.tables.iter().all(|table| !table.reasons.keys().any(|why| why.starts_with("delete"))), "{plan:#?}");
    block_on(engine::merge(&case.context, MergeOptions { leave_held: true, ..MergeOptions::default() })).expect("a merge");
    assert_eq!(support::value(&case.pair.old, "select count(*) from logs").as_deref(), Some("6"));
    let said = discovered(&case).expect("a discovery");
    let left_out = &said.databases[0].left_out;
    assert!(left_out.iter().any(|one| one.reason.contains("NEW detached it")), "{left_out:#?}");
}

#[test]
fn rows_of_a_partition_that_old_detached_are_neither_brought_twice_nor_called_missing() {
    let both = "create table logs (id int, year int, note text, created_at timestamptz, updated_at timestamptz,
                    primary key (id, year)) partition by list (year);
                create table logs_2020 partition of logs for values in (2020);
                create table logs_2021 partition of logs for values in (2021);
                insert into logs select i, 2020 + i % 2, 'n', '2020-01-01', '2020-01-01' from generate_series(1, 6) i";
    let new = "update logs set note = 'new', updated_at = now() where id in (1, 2);
               insert into logs values (7, 2021, 'new', now(), now()), (8, 2020, 'new', now(), now())";
    let case = recovery(pair("detached_old", both, new, "alter table logs detach partition logs_2021"), "");
    case.decide("[defaults]\nambiguous = \"apply_new\"\nconflict = \"apply_new\"\n");
    let left_out = discovered(&case).expect("a discovery").databases.remove(0).left_out;
    let said = left_out.iter().find(|one| one.name.to_string() == "public.logs_2021").expect("an entry");
    assert!(said.reason.contains("on NEW it is a partition of public.logs; OLD detached it"), "{said:?}");
    // OLD has no place for them, whatever is decided.
    assert_eq!(planned(&case).held, 4);
    block_on(engine::merge(&case.context, MergeOptions { leave_held: true, ..MergeOptions::default() })).expect("a merge");
    let ids =
        |table: &str| support::value(&case.pair.old, &format!("select string_agg(id || note, ' ' order by id) from {table}"));
    assert_eq!([ids("logs"), ids("logs_2021")].map(Option::unwrap_or_default), ["2new 4n 6n 8new", "1n 3n 5n"]);
}

#[test]
fn nothing_is_written_through_a_foreign_partition() {
    let both = "create table t (id int, region int, note text) partition by list (region);
                create table t_1 partition of t for values in (1)";
    let foreign = "create foreign data wrapper nowhere; create server far foreign data wrapper nowhere;
                   create foreign table t_2 partition of t for values in (2) server far";
    let deep = foreign.replace(
        "create foreign table t_2 partition of t for values in (2) server far",
        "create table deep partition of t for values in (2) partition by list (id);
         create foreign table t_2 partition of deep for values in (7) server far",
    );
    for (on_new, on_old) in [("", foreign), (foreign, ""), (foreign, foreign), ("", &deep[..]), (&deep[..], "")] {
        let case = recovery(pair("foreign", both, &format!("insert into t values (1, 1, 'x'); {on_new}"), on_old), "");
        let found = discovered(&case).expect("a discovery");
        assert!(found.databases[0].tables.is_empty(), "{found:#?}");
        let blocker = found.databases[0].left_out.iter().find(|one| one.blocker).expect("a blocker");
        assert!(blocker.reason.contains("t_2 is a foreign table"), "{blocker:?}");
    }
}

#[test]
fn a_name_that_matches_nothing_is_an_error_with_the_nearest() {
    let both = "create table orders (id int primary key)";
    let mut case = recovery(pair("unmatched", both, "", ""), "");
    case.choose("public.order");
    let error = discovered(&case).expect_err("no such table");
    assert_eq!(error.kind(), ErrorKind::Usage);
    assert!(error.hints().iter().any(|step| step.contains("public.orders")), "{error:?}");
}

#[test]
fn a_user_that_is_read_only_by_default_is_told_before_the_merge() {
    // NEW's values are tried on OLD, whose type is another one.
    let both = "create table t (id int primary key, v varchar(20), updated_at timestamptz default '2020-01-01');
                insert into t values (1, 'both')";
    let new = "alter table t alter v type text; update t set v = 'new', updated_at = now() where id = 1";
    let case = recovery(pair("fence", both, new, ""), "");
    support::sql(&case.pair.old, &format!("alter database \"{}\" set default_transaction_read_only = on", case.pair.database));
    let found = discovered(&case).expect("a discovery");
    assert!(found.notes.iter().any(|note| note.contains("default_transaction_read_only is on")), "{:?}", found.notes);
    let plan = planned(&case);
    assert_eq!((plan.actions.get(failback::policy::Action::Update), plan.rejects.len()), (1, 0), "{plan:#?}");
}

#[test]
fn a_ledger_on_new_says_that_the_sides_may_be_swapped() {
    let both = "create table t (id int primary key, created_at timestamptz)";
    let case = recovery(pair("swapped", both, "insert into t values (1, now())", ""), "");
    let warned =
        |case: &Recovery| discovered(case).expect("a discovery").notes.into_iter().find(|note| note.contains("ledger"));
    assert_eq!(warned(&case), None);
    planned(&case);
    block_on(engine::merge(&case.context, MergeOptions::default())).expect("a merge");
    assert_eq!(warned(&case), None, "OLD's own is where it belongs");
    let swapped = Pair { database: case.pair.database.clone(), old: case.pair.new.clone(), new: case.pair.old.clone() };
    let swapped = recovery(swapped, "");
    let said = warned(&swapped).expect("a warning");
    assert!(said.contains("! NEW holds failback's ledger (failback.ledger), and OLD has none"), "{said}");
}

#[test]
fn what_is_not_known_is_not_called_nothing() {
    let both = "create table t (id int primary key); create table nothing (id int primary key);
                create sequence numbers; alter table t set (autovacuum_enabled = off);
                create sequence idle";
    let case = recovery(pair("unknown", both, "insert into t select generate_series(1, 9); select nextval('numbers')", ""), "");
    let found = discovered(&case).expect("a discovery").databases.remove(0);
    let rows: Vec<_> = found.tables.iter().map(|table| (table.name.to_string(), table.new.row_estimate)).collect();
    assert_eq!(rows, [("public.nothing".to_owned(), Some(0)), ("public.t".to_owned(), None)]);
    support::sql(&case.pair.new, "analyze t");
    assert_eq!(discovered(&case).expect("a discovery").databases[0].tables[1].new.row_estimate, Some(9));

    let role = format!("{}_reader", case.pair.database);
    for side in Side::BOTH {
        support::sql(
            case.pair.url(side),
            &format!("create role {role} login password 'unknown'; grant select on all tables in schema public to {role}"),
        );
    }
    let as_reader = |side: Side| with_login(case.pair.url(side), &role, "unknown");
    let output = support::failback(&[
        "discover",
        "--databases",
        &case.pair.database,
        "--old",
        &as_reader(Side::Old),
        "--new",
        &as_reader(Side::New),
    ]);
    assert_eq!(output.code, 0, "{output:?}");
    assert!(output.stdout.contains("public.numbers on NEW: not readable by this user"), "{output:?}");
    assert!(!output.stdout.contains("never used"), "{output:?}");
    let output =
        support::failback(&["discover", "--databases", &case.pair.database, "--old", &case.pair.old, "--new", &case.pair.new]);
    assert!(output.stdout.contains("public.idle on NEW: never used"), "{output:?}");
    assert!(output.stdout.contains("public.numbers on NEW: at 1"), "{output:?}");
}

#[test]
fn where_databases_are_named_the_user_has_to_be_let_into_no_other() {
    let both = "create table t (id int primary key)";
    let (case, closed) = (recovery(pair("named", both, "", ""), ""), support::pair("named_closed"));
    let role = format!("{}_reader", case.pair.database);
    for side in Side::BOTH {
        let database = &closed.database;
        support::sql(closed.url(side), &format!("revoke connect on database {database} from public"));
        let role = format!("create role {role} login password 'named'; grant select on t to {role}");
        support::sql(case.pair.url(side), &role);
    }
    let [old, new] = Side::BOTH.map(|side| with_login(closed.url(side), &role, "named"));
    let output = support::failback(&["discover", "--databases", &case.pair.database, "--old", &old, "--new", &new]);
    assert_eq!(output.code, 0, "{output:?}");
}

/// A serial column that the migration made an identity one, with its former sequence left behind.
#[test]
fn a_sequence_that_the_migration_left_behind_does_not_stand_for_the_one_that_is_used() {
    let both = "create table t (id serial primary key, created_at timestamptz default now());
                insert into t values (default, '2020-01-01')";
    for identity in ["generated by default as identity", "generated by default as identity (sequence name a_seq)"] {
        let new = format!(
            "alter sequence t_id_seq owned by none; alter table t alter id drop default;
             alter table t alter id add {identity}; select setval('t_id_seq', 700);
             select setval(pg_get_serial_sequence('t', 'id'), 40); insert into t values (default);
             create sequence of_new"
        );
        let case = recovery(pair("identity", both, &new, ""), "");
        let found = discovered(&case).expect("a discovery").databases.remove(0);
        let listed: Vec<_> = found.new_sequences.iter().map(|one| (one.name.to_string(), one.last_value)).collect();
        assert_eq!(listed, [("public.t_id_seq".to_owned(), Some(41))], "{identity}");
        let left = found.left_out.iter().find(|one| one.name.to_string() == "public.t_id_seq").expect("a reason");
        assert!(!left.blocker && left.reason.contains("t takes its numbers from"), "{left:?}");
        let lacking = found.left_out.iter().find(|one| one.name.to_string() == "public.of_new").expect("a reason");
        assert!(!lacking.blocker && lacking.reason.contains("OLD has no such sequence"), "{lacking:?}");
        planned(&case);
        block_on(engine::merge(&case.context, MergeOptions::default())).expect("a merge");
        assert_eq!(support::value(&case.pair.old, "select last_value from t_id_seq").as_deref(), Some("41"), "{identity}");
    }
}
