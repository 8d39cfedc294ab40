//! Two runs that merged the same rows, taken back in either order: none is called as before the merge that is the other run's.

use failback::engine::{DatabaseOutcome, GapKind, State};

use super::undoing::{left, merged, taken_back_before, texts, undo};
use super::*;

const BOTH: &str =
    "create table c (id int primary key, v text); insert into c select n, 'own ' || n from generate_series(1, 6) n";

const NEW_WINS: &str = "[defaults]\nambiguous_differs = \"apply_new\"\nambiguous_missing_on_old = \"apply_new\"\n\
                        ambiguous_missing_on_new = \"apply_new\"\nupdate_deleted = \"apply_new\"\ninsert = \"apply_new\"\n\
                        update = \"apply_new\"\ndelete = \"apply_new\"\n\n[evidence]\ndelete = \"two_way\"\n";

/// Two runs of one estate, both merged.
fn two_runs(test: &str, first: &str, second: &str) -> [Recovery; 2] {
    let a = recovery(pair(test, BOTH, first, ""), "");
    a.decide(NEW_WINS);
    merged(&a);
    support::sql(&a.pair.new, second);
    let Pair { database, old, new } = &a.pair;
    let b = recovery(Pair { database: database.clone(), old: old.clone(), new: new.clone() }, "");
    b.decide(NEW_WINS);
    merged(&b);
    [a, b]
}

#[test]
fn a_row_that_a_later_run_merged_is_not_as_before_until_that_is_taken_back() {
    let first = "delete from c where id = 6; insert into c values (51, 'new'); update c set v = 'A' where id in (1, 2)";
    let second = "insert into c values (6, 'own 6'); delete from c where id = 51; update c set v = 'own 1' where id = 1";
    let [a, b] = two_runs("undo_out_of_order", first, second);
    let report = undo(&a);
    let mut named = left(&report);
    named.sort();
    assert_eq!(named, ["public.c: id = 1", "public.c: id = 51", "public.c: id = 6"], "{report:#?}");
    assert_eq!((report.rows(), taken_back_before(&report)), (1, Vec::new()));
    assert!(report.databases[0].left[0].why.contains("which stands: undo that run first"), "{report:#?}");
    assert_eq!((undo(&b).rows(), undo(&b).databases[0].outcome), (3, DatabaseOutcome::DoneBefore));
    let report = undo(&a);
    assert_eq!((report.rows(), left(&report)), (3, Vec::new()), "{report:#?}");
    let own: Vec<_> = (1..=6).map(|id| format!("({id},\"own {id}\")")).collect();
    assert_eq!(texts(&a.pair.old, "c"), own);
}

#[test]
fn what_came_and_went_between_two_merges_of_one_run_was_never_its_own() {
    let first = "update c set v = 'A' where id <= 4; insert into c values (51, 'A'), (52, 'A')";
    let [a, b] = two_runs("undo_between", first, "update c set v = 'B' where id in (1, 2, 51)");
    undo(&b);
    undo(&a);
    block_on(engine::merge(&a.context, MergeOptions::default())).expect("a merge");
    let report = block_on(engine::verify(&a.context)).expect("a verification");
    let taken_back = report.not_covered.iter().filter(|gap| gap.of == GapKind::TakenBack).count();
    assert_eq!((taken_back, report.state_of_rows()), (0, State::Verified), "{report:#?}");
}

#[test]
fn two_merges_that_are_taken_back_the_later_first_leave_nothing() {
    let first = "update c set v = 'A' where id <= 4; insert into c values (51, 'A'), (52, 'A')";
    let second = "update c set v = 'B' where id in (1, 2, 51); delete from c where id = 52";
    let [a, b] = two_runs("undo_in_order", first, second);
    assert_eq!((undo(&b).left_rows(), texts(&a.pair.old, "c").len()), (0, 8));
    // What somebody wrote behind the undo is theirs.
    support::sql(&a.pair.old, "update c set v = v where id = 2");
    let report = undo(&a);
    assert_eq!((left(&report), report.rows()), (vec!["public.c: id = 2".to_owned()], 5), "{report:#?}");
    let own: Vec<_> = (1..=6).map(|id| if id == 2 { "(2,A)".to_owned() } else { format!("({id},\"own {id}\")") }).collect();
    assert_eq!(texts(&a.pair.old, "c"), own);
}
