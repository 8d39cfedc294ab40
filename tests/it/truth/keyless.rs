//! Tables without a key: copies of a row are alike, so that only their number can be right or wrong.

use failback::engine::{DatabaseOutcome, MergeReport, State, VerifyReport};
use failback::error::{ErrorKind, OldState};
use failback::policy::Action;

use super::*;

const KEEP: MergeOptions = MergeOptions { leave_held: true, fire_triggers: false, dry_run: false, again: false };

const K: &str = "create table k (a int, b text); insert into k values (3, 'b'), (3, 'b'), (3, 'b')";

const PARTS: &str = "create table k (a int, b text) partition by range (a);
                     create table k_low partition of k for values from (0) to (2);
                     create table k_high partition of k for values from (2) to (9);
                     insert into k values (3, 'b'), (3, 'b'), (3, 'b')";

const DELETE_TWO: &str = "delete from k where (tableoid, ctid) in (select tableoid, ctid from k where a = 3 limit 2)";

/// A recovery in which whatever is in doubt is NEW's to say, planned.
fn case(test: &str, both: &str, new: &str) -> Recovery {
    let case = recovery(pair(test, both, new, ""), "");
    case.decide("[defaults]\nambiguous = \"apply_new\"\ndelete = \"apply_new\"\n");
    planned(&case);
    case
}

fn merge(case: &Recovery) {
    block_on(engine::merge(&case.context, KEEP)).expect("a merge");
}

fn undo(case: &Recovery) -> MergeReport {
    block_on(engine::undo(&case.context, KEEP)).expect("an undo")
}

fn verified(case: &Recovery) -> VerifyReport {
    block_on(engine::verify(&case.context)).expect("a verification")
}

fn do_on_old(case: &Recovery, statements: &str) {
    support::sql(&case.pair.old, statements);
}

/// The rows of a table and how many copies there are of each.
fn copies(case: &Recovery, table: &str) -> Vec<String> {
    let query = format!("select t::text || ' ' || count(*) from {table} t group by t::text order by 1");
    support::rows(&case.pair.old, &query).into_iter().filter_map(|mut row| row.remove(0)).collect()
}

/// Rows taken back, left, and taken back before.
fn account(report: &MergeReport) -> (u64, u64, u64) {
    (report.rows(), report.left_rows(), report.rows_taken_back())
}

/// A row that NEW changed is one that NEW deleted and another that OLD lacks, where there is no key.
#[test]
fn a_plan_says_where_a_row_goes_whose_new_version_may_be_held() {
    let changed = "update k set b = 'new' where ctid = (select min(ctid) from k)";
    for (decided, is_told) in [("ambiguous_missing_on_new", true), ("ambiguous", false)] {
        let case = recovery(pair("keyless_half", K, changed, ""), "");
        case.decide(&format!("[defaults]\n{decided} = \"apply_new\"\n"));
        let plan = planned(&case);
        assert_eq!(plan.actions.get(Action::Delete), 1, "{decided}: {plan:#?}");
        let told =
            plan.notes.iter().any(|note| note.contains("1 rows of OLD are to be deleted, and 1 that only NEW has are held"));
        assert_eq!(told, is_told, "{decided}: {:?}", plan.notes);
    }
}

#[test]
fn an_undo_puts_back_as_many_copies_as_the_merge_took_whatever_others_added() {
    for (test, both) in [("keyless_added", K), ("keyless_added_parts", PARTS)] {
        let case = case(test, both, DELETE_TWO);
        merge(&case);
        do_on_old(&case, "insert into k values (3, 'b')");
        assert_eq!(account(&undo(&case)), (2, 0, 0));
        assert_eq!(copies(&case, "k"), ["(3,b) 4"], "three before the merge, and the user's own");
        assert_eq!(undo(&case).databases[0].outcome, DatabaseOutcome::DoneBefore);
    }
}

#[test]
fn an_undo_takes_the_merges_own_copies_away_and_no_others() {
    let new = "insert into k values (3, 'b'), (3, 'b'), (4, 'c')";
    let case = case("keyless_own", K, new);
    merge(&case);
    assert_eq!(copies(&case, "k"), ["(3,b) 5", "(4,c) 1"]);
    // One of OLD's own goes, and one like it comes; then another goes.
    do_on_old(&case, "delete from k where ctid = (select min(ctid) from k); insert into k values (4, 'c')");
    assert_eq!(account(&undo(&case)), (3, 0, 0));
    assert_eq!(copies(&case, "k"), ["(3,b) 2", "(4,c) 1"]);
}

#[test]
fn copies_of_the_merge_that_others_rewrote_are_left_and_named() {
    let case = case("keyless_rewritten", K, "insert into k values (4, 'c'), (4, 'c')");
    merge(&case);
    do_on_old(&case, "update k set b = 'c' where ctid = (select max(ctid) from k)");
    let report = undo(&case);
    assert_eq!((account(&report), copies(&case, "k")), ((1, 1, 0), vec!["(3,b) 3".to_owned(), "(4,c) 1".to_owned()]));
    assert_eq!(report.databases[0].left[0].why, "written since the merge");
}

#[test]
fn a_second_undo_puts_no_copy_back_twice() {
    let both = format!("{K}; create table p (id int primary key, a text); insert into p values (1, 'a')");
    let new = format!("{DELETE_TWO}; insert into k values (4, 'c'); update p set a = 'n'");
    let case = case("keyless_twice", &both, &new);
    merge(&case);
    do_on_old(&case, "update p set a = 'user'; insert into k values (3, 'b')");
    assert_eq!(account(&undo(&case)), (3, 1, 0));
    assert_eq!(copies(&case, "k"), ["(3,b) 4"]);
    // A user takes one of those that came back: it does not come again.
    do_on_old(&case, "delete from k where ctid = (select max(ctid) from k); update p set a = 'a'");
    assert_eq!(account(&undo(&case)), (0, 0, 1));
    assert_eq!((copies(&case, "k"), copies(&case, "p")), (vec!["(3,b) 3".to_owned()], vec!["(1,a) 1".to_owned()]));
}

#[test]
fn what_a_first_undo_could_not_put_back_a_second_one_does() {
    let both = "create table k (a int, b text); insert into k values (1, 'b'), (1, 'b'), (2, 'c'), (2, 'c')";
    let case = case("keyless_blocked", both, "delete from k");
    merge(&case);
    do_on_old(&case, "alter table k add constraint no_c check (b <> 'c')");
    assert_eq!(account(&undo(&case)), (2, 2, 0));
    do_on_old(&case, "alter table k drop constraint no_c; insert into k values (1, 'b')");
    assert_eq!(account(&undo(&case)), (2, 0, 0));
    assert_eq!(copies(&case, "k"), ["(1,b) 3", "(2,c) 2"]);
}

#[test]
fn copies_that_have_come_or_gone_since_the_plan_are_counted_anew_by_the_next() {
    let add = "insert into k values (3, 'b')";
    let take = "delete from k where (tableoid, ctid) = (select tableoid, ctid from k limit 1)";
    let bring = "insert into k values (3, 'b'), (3, 'b')";
    // As many as the plan took or brought, beside what OLD's users did; a copy that both sides brought is one.
    for (test, both, new, old, then) in [
        ("keyless_deleted_more", K, DELETE_TWO, add, 2),
        ("keyless_deleted_fewer", K, DELETE_TWO, take, 1),
        ("keyless_deleted_all", K, DELETE_TWO, "delete from k", 0),
        ("keyless_brought_more", K, bring, add, 5),
        ("keyless_brought_fewer", K, bring, take, 4),
        ("keyless_brought_to_none", K, bring, "delete from k", 2),
        ("keyless_parts_more", PARTS, DELETE_TWO, add, 2),
    ] {
        let case = case(test, both, new);
        do_on_old(&case, old);
        let before = copies(&case, "k");
        let refused = block_on(engine::merge(&case.context, KEEP)).expect_err(test);
        assert_eq!((refused.kind(), refused.old_state()), (ErrorKind::Refused, Some(&OldState::RolledBack)), "{refused:?}");
        assert_eq!(copies(&case, "k"), before, "{test}");
        assert!(refused.hints().iter().any(|hint| hint.contains("run `failback diff` and `failback plan` again")), "{test}");
        block_on(engine::diff(&case.context)).expect("a diff");
        block_on(engine::plan(&case.context)).expect("a plan");
        merge(&case);
        let merged: Vec<_> = (then > 0).then(|| format!("(3,b) {then}")).into_iter().collect();
        assert_eq!(copies(&case, "k"), merged, "{test}");
        let report = verified(&case);
        assert_eq!(
            (report.state_of_rows(), report.tables.iter().map(|table| table.mismatched).sum::<u64>()),
            (State::Verified, 0)
        );
        undo(&case);
        assert_eq!(copies(&case, "k"), before, "{test}");
    }
}

#[test]
fn a_merge_goes_by_what_a_diff_saw_of_copies_that_are_not_written_too() {
    // NEW lacks two copies and the decision is about one class; those that an earlier merge brought are of another.
    let first = case("keyless_mixed", "create table k (a int); insert into k values (1)", "insert into k values (1), (1)");
    merge(&first);
    let Pair { database, old, new } = &first.pair;
    let pair = Pair { database: database.clone(), old: old.clone(), new: new.clone() };
    support::sql(&first.pair.old, "delete from k where ctid = (select max(ctid) from k)");
    support::sql(new, "insert into k values (1)");
    let second = recovery(pair, "");
    second.decide("[defaults]\nambiguous = \"apply_new\"\n");
    planned(&second);
    merge(&second);
    assert_eq!(copies(&second, "k"), ["(1) 3"], "the one that was erased is held, the other one is brought");
    assert_eq!(verified(&second).state_of_rows(), State::VerifiedWithHeld);
    assert_eq!((account(&undo(&second)), copies(&second, "k")), ((1, 0, 0), vec!["(1) 2".to_owned()]));
}

#[test]
fn whatever_others_write_to_copies_since_is_no_failed_merge() {
    for (test, both) in [("keyless_since", K), ("keyless_since_parts", PARTS)] {
        let new = format!("{DELETE_TWO}; insert into k values (1, 'a'), (1, 'a'), (5, 'e')");
        let both = format!("{both}; insert into k values (1, 'a')");
        let case = case(test, &both, &new);
        merge(&case);
        assert_eq!(verified(&case).state, State::Verified);
        let a_copy = "(select tableoid, ctid from k where a = 1 limit 1)";
        for (statement, since) in [
            (format!("delete from k where (tableoid, ctid) = {a_copy}"), 1),
            ("insert into k values (1, 'a')".to_owned(), 0),
            ("insert into k values (3, 'b')".to_owned(), 1),
            ("update k set b = 'mine' where a = 5".to_owned(), 2),
            ("update k set a = 5, b = 'e' where b = 'mine'".to_owned(), 1),
            ("update k set a = 4 where a = 3".to_owned(), 0),
            ("truncate k".to_owned(), 3),
        ] {
            do_on_old(&case, &statement);
            let report = verified(&case);
            let found = (report.tables[0].mismatched, report.tables[0].written_since);
            assert_eq!(found, (0, since), "{test}: {statement}");
            assert_eq!(report.state, if since > 0 { State::VerifiedWithGaps } else { State::Verified });
        }
    }
}

#[test]
fn a_table_without_a_key_in_which_old_has_a_column_of_its_own_is_not_carried() {
    let pair = pair("keyless_column", K, "insert into k values (4, 'c')", "");
    support::sql(&pair.old, "alter table k add column mine text");
    let found = discovered(&recovery(pair, "")).expect("a discovery");
    let said = serde_json::to_string(&found).expect("JSON");
    assert!(said.contains("its columns differ in name or type, and it has no key"), "{said}");
}

/// The sign of a NaN is not in its text, by which rows without a key are known.
#[test]
fn a_nan_with_a_sign_is_no_difference_without_a_key() {
    let both = "create table k (x float8, y real[]); create table keyed (id int primary key, x float8);
                insert into k values ('NaN', '{NaN}'), (1, null); insert into keyed values (1, 'NaN')";
    let new = "update k set x = 'infinity'::float8 - 'infinity', y = array['infinity'::real - 'infinity'] where x = 'NaN';
               update keyed set x = 'infinity'::float8 - 'infinity'; insert into k values (2, null)";
    let case = case("keyless_nan", both, new);
    let sent = "select float8send(x) from k where x = 'NaN'";
    let before = support::value(&case.pair.old, sent);
    merge(&case);
    let report = verified(&case);
    let written: Vec<_> =
        report.tables.iter().map(|table| (table.table.as_str(), table.checked, table.written_since)).collect();
    assert_eq!(written, [("public.k", 1, 0), ("public.keyed", 1, 0)]);
    assert_eq!(copies(&case, "k"), ["(1,) 1", "(2,) 1", "(NaN,{NaN}) 1"]);
    assert_eq!(support::value(&case.pair.old, sent), before, "nothing was said to be done with it");
    assert_eq!(account(&undo(&case)), (2, 0, 0));
}
