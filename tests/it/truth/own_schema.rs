//! A user's own schema is never taken for that of failback's ledger, whatever it is called.

use failback::engine::State;
use failback::error::ErrorKind;
use failback::schema::RelationKind;

use super::*;

const THEIRS: &str = "create schema failback;
                      create table failback.ledger (id int primary key, amount int, created_at timestamptz not null,
                          updated_at timestamptz not null);
                      insert into failback.ledger values (1, 10, '2020-01-01', '2020-01-01');";

const ROW: &str = "insert into failback.ledger values (2, 20, now(), now())";

fn amounts(url: &str) -> Option<String> {
    support::value(url, "select string_agg(amount::text, ' ' order by id) from failback.ledger")
}

fn merged(case: &Recovery) {
    block_on(engine::merge(&case.context, MergeOptions { leave_held: true, ..MergeOptions::default() })).expect("a merge");
}

#[test]
fn a_schema_of_that_name_is_refused_until_another_is_named_and_never_written_to() {
    let case = recovery(pair("own_schema", THEIRS, ROW, ""), "");
    let refused = discovered(&case).expect_err("the schema is somebody else's");
    assert_eq!(refused.kind(), ErrorKind::Refused);
    assert!(refused.causes()[0].contains("relation ledger"), "{refused:?}");
    assert!(refused.hints().iter().any(|hint| hint.contains("ledger_schema")), "{refused:?}");
    assert_eq!(amounts(&case.pair.old).as_deref(), Some("10"));

    let Pair { database, old, new } = case.pair;
    let case = recovery(Pair { database, old, new }, "ledger_schema = \"Our \\\"own\\\" records\"");
    assert_eq!(planned(&case).tables[0].table, "failback.ledger", "carried as any other");
    merged(&case);
    assert_eq!(amounts(&case.pair.old).as_deref(), Some("10 20"));
    assert_eq!(block_on(engine::verify(&case.context)).expect("a verification").state_of_rows(), State::Verified);
    let entries = "select count(*) from \"Our \"\"own\"\" records\".ledger";
    assert_eq!(support::value(&case.pair.old, entries).as_deref(), Some("1"));
    block_on(engine::undo(&case.context, MergeOptions::default())).expect("an undo");
    assert_eq!(amounts(&case.pair.old).as_deref(), Some("10"));
    assert_eq!(support::value(&case.pair.old, entries).as_deref(), Some("2"));
}

#[test]
fn tables_beside_the_ledger_are_carried() {
    let both = "create table t (id int primary key, created_at timestamptz)";
    let first = recovery(pair("own_beside", both, "insert into t values (1, now())", ""), "");
    planned(&first);
    merged(&first);
    let beside = "create table failback.notes (id int primary key, created_at timestamptz)";
    support::sql(&first.pair.old, beside);
    support::sql(&first.pair.new, &format!("create schema failback; {beside}; insert into failback.notes values (1, now())"));
    let Pair { database, old, new } = first.pair;
    let second = recovery(Pair { database, old, new }, "");
    let plan = planned(&second);
    assert!(plan.tables.iter().any(|table| table.table == "failback.notes"), "{plan:#?}");
    let of_ledger = RelationKind::Ledger.reason();
    let left_out = discovered(&second).expect("a discovery").databases.remove(0).left_out;
    let names: Vec<_> = left_out.iter().filter(|one| one.reason == of_ledger).map(|one| one.name.to_string()).collect();
    assert_eq!(names, ["failback.brought", "failback.brought_id_seq", "failback.ledger", "failback.ledger_id_seq"]);
}

#[test]
fn a_ledger_in_another_schema_is_not_forgotten() {
    let both = "create table t (id int primary key, created_at timestamptz)";
    let first = recovery(pair("own_moved", both, "insert into t values (1, now())", ""), "");
    planned(&first);
    merged(&first);
    support::sql(&first.pair.old, "alter schema failback rename to moved");
    let refused = block_on(engine::verify(&first.context)).expect_err("the ledger is elsewhere");
    assert!(refused.hints().iter().any(|hint| hint.contains("ledger_schema = \"moved\"")), "{refused:?}");
    // As failback made it before it set a comment.
    support::sql(&first.pair.old, "alter schema moved rename to failback; comment on schema failback is null");
    assert_eq!(block_on(engine::verify(&first.context)).expect("a verification").state_of_rows(), State::Verified);
    support::sql(&first.pair.old, "comment on schema failback is 'failback ledger, format 3: of tomorrow'");
    let refused = block_on(engine::verify(&first.context)).expect_err("a newer ledger");
    assert!(refused.causes()[0].contains("a newer failback"), "{refused:?}");
}
