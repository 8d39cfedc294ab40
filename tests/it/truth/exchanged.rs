//! Rows that came into a table by DDL: nobody has written them, and they are others than those that stood there.

use failback::engine::{self, MergeOptions};
use failback::error::ErrorKind;
use failback::policy::Action;

use super::*;

const PARTITIONED: &str = "create table p (id int primary key, who text) partition by range (id);
     create table p_one partition of p for values from (0) to (10);
     create table aside (like p_one including all);
     create table c (id int primary key, p int references p, created_at timestamptz default now());
     insert into p values (1, 'Ann'); insert into aside values (1, 'Bob')";

const EXCHANGE: &str = "alter table c drop constraint c_p_fkey; alter table p detach partition p_one;
     alter table p attach partition aside for values from (0) to (10); alter table c add foreign key (p) references p";

fn count(case: &Recovery) -> Option<String> {
    support::value(&case.pair.old, "select count(*) from c")
}

#[test]
fn a_partition_that_took_the_place_of_the_parents_is_no_parent() {
    let case = recovery(pair("exchanged", PARTITIONED, "insert into c values (1, 1)", ""), "");
    let plan = planned(&case);
    assert_eq!((plan.actions.get(Action::Insert), plan.held), (1, 0), "{plan:#?}");
    // The key of then is made again, so that its definition is that of the plan.
    support::sql(&case.pair.old, EXCHANGE);
    let error = block_on(engine::merge(&case.context, MergeOptions::default())).expect_err("Bob is not Ann");
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
    assert_eq!(count(&case).as_deref(), Some("0"));
    let plan = block_on(engine::plan(&case.context)).expect("a plan");
    assert_eq!((plan.actions.get(Action::Insert), plan.held), (0, 1), "{plan:#?}");
}

#[test]
fn an_undo_puts_no_child_back_onto_a_row_of_another_table() {
    let plain = "create table p (id int primary key, who text); create table aside (id int primary key, who text);
                 create table c (id int primary key, p int, created_at timestamptz, updated_at timestamptz default now());
                 alter table c add constraint c_p foreign key (p) references p;
                 insert into p values (1, 'Ann'); insert into aside values (1, 'Bob');
                 insert into c values (1, 1, '2001-01-01', '2001-01-01')";
    let swap = "alter table c drop constraint c_p; alter table p rename to gone; alter table aside rename to p;
                alter table c add constraint c_p foreign key (p) references p";
    let case = recovery(pair("exchanged_undo", plain, "delete from c", ""), "");
    block_on(engine::export(&case.context)).expect("an export");
    block_on(engine::diff(&case.context)).expect("a diff");
    case.decide("[defaults]\ndelete = \"apply_new\"");
    block_on(engine::plan(&case.context)).expect("a plan");
    block_on(engine::merge(&case.context, MergeOptions::default())).expect("a merge");
    assert_eq!(count(&case).as_deref(), Some("0"));
    support::sql(&case.pair.old, swap);
    let undone = block_on(engine::undo(&case.context, MergeOptions::default())).expect("an undo");
    let left: u64 = undone.databases.iter().flat_map(|one| &one.left).map(|left| left.rows).sum();
    assert_eq!((left, count(&case).as_deref()), (1, Some("0")), "{undone:#?}");
}
