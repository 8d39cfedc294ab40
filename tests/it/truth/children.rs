//! Rows that refer to others: no action of a foreign key reaches a row that the plan does not name, however OLD's triggers are
//! kept quiet, and however many tables lie between.

use failback::error::{Error, ErrorKind, OldState};

use super::definitions::owned;
use super::undoing::left;
use super::*;
use crate::recovery::fingerprint;

const QUIET: MergeOptions = MergeOptions { leave_held: true, fire_triggers: false, dry_run: false, again: false };

/// How triggers are treated, and whether OLD's tables belong to failback's user, who may not set the replica role then.
const MODES: [(&str, MergeOptions, bool); 3] =
    [("replica", QUIET, false), ("owner", QUIET, true), ("fires", MergeOptions { fire_triggers: true, ..QUIET }, false)];

/// What happens to a child on its own where its parent goes.
const ACTIONS: [&str; 4] = ["no action", "cascade", "set null", "set default"];

const STAMPS: &str = "created_at timestamptz default '2020-01-01', updated_at timestamptz default '2020-01-01'";

/// A recovery in one of the modes.
fn case(test: &str, is_owner: bool, [both, new]: [&str; 2], tables: &[&str], decisions: &str) -> Recovery {
    let pair = pair(test, both, new, "");
    let case = recovery(if is_owner { owned(pair, tables).0 } else { pair }, "");
    case.decide(decisions);
    case
}

fn rows(case: &Recovery, table: &str) -> Vec<String> {
    super::undoing::texts(&case.pair.old, table)
}

fn expect_refused(case: &Recovery, options: MergeOptions, what: &str) {
    let refused = block_on(engine::merge(&case.context, options)).expect_err(what);
    assert_eq!((refused.kind(), refused.old_state()), (ErrorKind::Refused, Some(&OldState::RolledBack)), "{what}: {refused:?}");
}

#[test]
fn a_child_that_came_since_the_plan_or_the_merge_stays_in_every_mode() {
    for (mode, options, is_owner) in MODES {
        for action in ACTIONS {
            let both = format!(
                "create table parent (id int primary key, {STAMPS});
                 create table child (id int primary key, parent int default 1 references parent on delete {action});
                 insert into parent values (1), (2)"
            );
            let new = "delete from parent where id = 2; insert into parent values (3, now(), now())";
            let what = format!("{mode}, {action}");
            let case = case("children", is_owner, [&both, new], &["parent", "child"], "[defaults]\ndelete = \"apply_new\"\n");
            assert_eq!(planned(&case).held, 0, "{what}");
            support::sql(&case.pair.old, "insert into child values (10, 2)");
            expect_refused(&case, options, &what);
            assert_eq!((rows(&case, "child"), rows(&case, "parent").len()), (vec!["(10,2)".to_owned()], 2), "{what}");
            support::sql(&case.pair.old, "delete from child");
            block_on(engine::merge(&case.context, options)).expect(&what);
            support::sql(&case.pair.old, "insert into child values (11, 3)");
            let undone = block_on(engine::undo(&case.context, options)).expect(&what);
            assert_eq!((left(&undone), undone.rows()), (vec!["public.parent: id = 3".to_owned()], 1), "{what}");
            assert_eq!(rows(&case, "child"), ["(11,3)"], "{what}");
        }
    }
}

#[test]
fn a_grandchild_of_rows_that_go_together_stays_in_every_mode() {
    for (mode, options, is_owner) in MODES {
        for action in &ACTIONS[1..3] {
            let both = format!(
                "create table a (id int primary key, {STAMPS});
                 create table b (id int primary key, a int references a on delete cascade, {STAMPS});
                 create table c (id int primary key, b int default 1 references b on delete {action});
                 insert into a values (1), (2); insert into b values (1, 1), (2, 2)"
            );
            let new = "delete from a where id = 2; insert into a values (3, now(), now());
                       insert into b values (3, 3, now(), now())";
            let what = format!("{mode}, {action}");
            let tables = ["a", "b", "c"];
            let case = case("grandchildren", is_owner, [&both, new], &tables, "[defaults]\ndelete = \"apply_new\"\n");
            assert_eq!(planned(&case).held, 0, "{what}");
            support::sql(&case.pair.old, "insert into c values (10, 2)");
            expect_refused(&case, options, &what);
            let found = (rows(&case, "c"), rows(&case, "b").len(), rows(&case, "a").len());
            assert_eq!(found, (vec!["(10,2)".to_owned()], 2, 2), "{what}");
            support::sql(&case.pair.old, "delete from c");
            block_on(engine::merge(&case.context, options)).expect(&what);
            support::sql(&case.pair.old, "insert into c values (11, 3)");
            let undone = block_on(engine::undo(&case.context, options)).expect(&what);
            assert_eq!(left(&undone), ["public.a: id = 3", "public.b: id = 3"], "{what}");
            assert_eq!(rows(&case, "c"), ["(11,3)"], "{what}");
        }
    }
}

#[test]
fn a_value_that_is_handed_down_twice_points_no_grandchild_elsewhere() {
    for (mode, options, is_owner) in MODES {
        let both = format!(
            "create table a (id int primary key, code text unique, {STAMPS});
             create table b (id int primary key, code text unique references a (code) on update cascade, {STAMPS});
             create table c (id int primary key, code text references b (code) on update cascade on delete cascade);
             insert into a values (1, 'x'); insert into b values (1, 'x')"
        );
        let new = "update a set code = 'y', updated_at = now(); update b set updated_at = now()";
        let case = case("handed_down", is_owner, [&both, new], &["a", "b", "c"], "");
        planned(&case);
        support::sql(&case.pair.old, "insert into c values (10, 'x')");
        // Whether it is held or refused: no child of OLD's is moved.
        let merged: Result<_, Error> = block_on(engine::merge(&case.context, options));
        if let Err(refused) = &merged {
            assert_eq!(refused.kind(), ErrorKind::Refused, "{mode}: {refused:?}");
        }
        assert_eq!(rows(&case, "c"), ["(10,x)"], "{mode}: {merged:?}");
        assert_eq!(rows(&case, "(select code from b)"), ["(x)"], "{mode}: {merged:?}");
    }
}

/// Of a table without a key an update is a delete and an insert, and what refers to a row refers to the next one all the same.
#[test]
fn a_parent_without_a_key_keeps_its_children() {
    for (mode, options, is_owner) in MODES {
        for action in ACTIONS {
            let both = format!(
                "create table parent (code text unique, v int);
                 create table child (id int primary key, code text default 'b' references parent (code) on delete {action});
                 insert into parent values ('a', 1), ('b', 1), ('c', 1); insert into child values (1, 'a'), (2, 'a')"
            );
            let new = "update parent set v = 2 where code in ('a', 'c')";
            let what = format!("{mode}, {action}");
            let decisions = "[defaults]\nambiguous = \"apply_new\"\n";
            let case = case("keyless_parent", is_owner, [&both, new], &["parent", "child"], decisions);
            let before = fingerprint(&case.pair.old);
            planned(&case);
            let merged = block_on(engine::merge(&case.context, options));
            assert_eq!(rows(&case, "child"), ["(1,a)", "(2,a)"], "{what}: {merged:?}");
            match merged {
                Ok(report) => {
                    assert!(report.rows() > 0, "{what}: nobody refers to the row of c");
                    // One that comes since keeps the merge's row, and nothing else.
                    support::sql(&case.pair.old, "insert into child values (3, 'c')");
                    let undone = block_on(engine::undo(&case.context, options)).expect(&what);
                    assert_eq!(rows(&case, "child"), ["(1,a)", "(2,a)", "(3,c)"], "{what}: {undone:?}");
                    support::sql(&case.pair.old, "delete from child where id = 3");
                    block_on(engine::undo(&case.context, options)).expect(&what);
                }
                Err(refused) => assert_eq!(refused.kind(), ErrorKind::Refused, "{what}: {refused:?}"),
            }
            assert_eq!(fingerprint(&case.pair.old), before, "{what}");
        }
    }
}
