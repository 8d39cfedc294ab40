//! What one partition alone is asked by: foreign keys that refer to it, its own checks.

use super::held::{comes_home_with, texts};
use super::*;

const KEEP: MergeOptions = MergeOptions { leave_held: true, fire_triggers: false, dry_run: false, again: false };

/// A parent in two partitions, of which children refer to the first.
const PARENTS: &str = "
    create table p (id int not null, region text not null, v int, primary key (id, region)) partition by list (region);
    create table p1 partition of p for values in ('x'); create table p2 partition of p for values in ('y');
    create unique index on p1 (id); insert into p values (1, 'x'), (2, 'x'), (3, 'y');
    create table c (id int primary key, p int references p1 (id))";

const KEYED: &str = "[tables.\"public.p\"]\nkey = [\"id\"]\n";

const ORPHANS: &str = "select id from c where not exists (select from p1 where p1.id = c.p)";

#[test]
fn a_parent_in_another_partition_is_none() {
    let both = "create table p (id int primary key) partition by range (id); create table c (id int primary key, p int);
                create table p1 partition of p for values from (0) to (100); insert into p values (1);
                create table p2 partition of p for values from (100) to (200); insert into p values (101)";
    let new = "insert into p values (2), (102); insert into c values (2, 2), (3, 102), (4, 101)";
    let case = recovery(pair("part_parent", both, new, "alter table c add foreign key (p) references p1"), "");
    comes_home_with(&case, 2, |old| assert_eq!(texts(old, "select id, p from c"), ["2|2"]));
}

#[test]
fn a_parent_does_not_leave_the_partition_that_children_refer_to() {
    let new = "delete from p where id = 1; insert into p values (1, 'y'), (5, 'x'); update p set v = 2 where id = 2";
    let case = recovery(pair("part_leaves", &format!("{PARENTS}; insert into c values (1, 1), (2, 2)"), "", ""), KEYED);
    support::sql(&case.pair.new, &format!("delete from c where id = 1; {new}"));
    case.decide("[defaults]\nambiguous = \"apply_new\"\nambiguous_missing_on_new = \"keep_old\"\n");
    assert_eq!(planned(&case).held, 1);
    block_on(engine::merge(&case.context, KEEP)).expect("a merge");
    assert_eq!(texts(&case.pair.old, "select id, region, v from p order by 1"), ["1|x|", "2|x|2", "3|y|", "5|x|"]);
    assert_eq!(texts(&case.pair.old, ORPHANS), [""; 0]);
}

#[test]
fn an_undo_leaves_a_parent_that_children_came_to_in_its_partition() {
    let case = recovery(
        pair("part_stays", PARENTS, "update p set region = 'x' where id = 3; update p set v = 1 where id = 2", ""),
        KEYED,
    );
    case.decide("[defaults]\nambiguous = \"apply_new\"\n");
    assert_eq!(planned(&case).held, 0);
    block_on(engine::merge(&case.context, KEEP)).expect("a merge");
    support::sql(&case.pair.old, "insert into c values (7, 3)");
    let undone = block_on(engine::undo(&case.context, KEEP)).expect("an undo");
    assert_eq!((undone.rows(), undone.left_rows()), (1, 1), "{undone:#?}");
    assert_eq!(texts(&case.pair.old, ORPHANS), [""; 0]);
}

#[test]
fn checks_of_one_partition_are_tried() {
    let both = "create table p (id int primary key, v int) partition by range (id); create table o (id int primary key);
                create table p1 partition of p for values from (0) to (100);
                create table p2 partition of p for values from (100) to (200)";
    let new = "insert into p values (1, 99), (2, 1), (101, null), (102, 99); insert into o values (1)";
    let old = "alter table p1 add constraint small check (v < 90); alter table p2 alter v set not null";
    let case = recovery(pair("part_checks", both, new, old), "");
    comes_home_with(&case, 2, |old| assert_eq!(texts(old, "select id from p order by 1"), ["2", "102"]));
    let plan = block_on(engine::plan(&case.context)).expect("a plan");
    let causes: Vec<_> = plan.rejects.iter().map(|one| one.cause.as_str()).collect();
    assert_eq!(causes, ["check_violation: p2_v_not_null", "check_violation: small"]);
}

#[test]
fn checks_of_three_partitions_may_have_one_name() {
    let both = "create table p (id int primary key, v int) partition by range (id); create table o (id int primary key);
                create table p1 partition of p for values from (0) to (100);
                create table p2 partition of p for values from (100) to (200);
                create table p3 partition of p for values from (200) to (300)";
    let new = "insert into p values (1, 99), (101, 99), (201, 99), (202, 1); insert into o values (1)";
    let old = "alter table p1 add constraint small check (v < 90); alter table p2 add constraint small check (v < 90);
               alter table p3 add constraint small check (v < 90)";
    let case = recovery(pair("part_alike", both, new, old), "");
    comes_home_with(&case, 3, |old| assert_eq!(texts(old, "select id from p order by 1"), ["202"]));
    let plan = block_on(engine::plan(&case.context)).expect("a plan");
    let causes: Vec<_> = plan.rejects.iter().map(|one| (one.cause.as_str(), one.rows)).collect();
    assert_eq!(causes, [("check_violation: small", 3)], "by the name that OLD has for it");
}

#[test]
fn verify_counts_children_whose_parent_left_the_partition() {
    let case = recovery(
        pair("part_verified", &format!("{PARENTS}; insert into c values (1, 1)"), "update p set v = 5 where id = 1", ""),
        KEYED,
    );
    case.decide("[defaults]\nambiguous = \"apply_new\"\n");
    assert_eq!(planned(&case).held, 0);
    block_on(engine::merge(&case.context, KEEP)).expect("a merge");
    let checked = || block_on(engine::verify(&case.context)).expect("a verification").orphans.len();
    assert_eq!(checked(), 0);
    let leave = "set session_replication_role = replica; update p set region = 'y' where id = 1";
    support::sql(&case.pair.old, leave);
    assert_eq!(texts(&case.pair.old, ORPHANS), ["1"]);
    assert_eq!(checked(), 1);
}
