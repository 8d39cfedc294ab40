//! Keys that OLD's server takes for one, and that are written otherwise on NEW: no row of OLD is taken for one that NEW
//! deleted.

use super::*;

const STAMPS: &str = "created_at timestamptz default '2020-01-01', updated_at timestamptz default '2020-01-01'";

/// Decides everything for NEW but what is not a delete, so that only deletes are written.
const DELETES_ALONE: &str = "[defaults]\ndelete = \"apply_new\"\nambiguous_missing_on_new = \"apply_new\"\nupdate = \"hold\"\n";

fn merged(case: &Recovery) -> String {
    planned(case);
    block_on(engine::merge(&case.context, MergeOptions { leave_held: true, ..MergeOptions::default() })).expect("a merge");
    support::value(&case.pair.old, "select string_agg(k::text, ' ' order by v) from t").unwrap_or_default()
}

#[test]
fn a_row_whose_key_new_spells_otherwise_is_not_deleted() {
    let citext = format!(
        "create extension citext; create table t (k citext primary key, v text, {STAMPS});
         insert into t (k, v) values ('ada', '1'), ('bob', '2'), ('carl', '3')"
    );
    let respelt = "update t set k = 'Ada', updated_at = now() where k = 'ada'; update t set k = 'Bob' where k = 'bob';
         delete from t where k = 'carl'";
    let numeric = format!(
        "create table t (k numeric primary key, v text, {STAMPS}); insert into t (k, v) values (1, '1'), (2, '2'), (3, '3')"
    );
    let rescaled = "update t set k = 1.0, updated_at = now() where k = 1; update t set k = 2.00 where k = 2;
         delete from t where k = 3";
    for (both, new, left) in [(&citext, respelt, "ada bob"), (&numeric, rescaled, "1 2")] {
        let case = recovery(pair("respelt", both, new, ""), "");
        case.decide(DELETES_ALONE);
        assert_eq!(merged(&case), left, "{new}");
    }
}

#[test]
fn a_key_of_another_type_on_new_deletes_no_row_that_is_there() {
    // Where both are numeric the spellings are told apart; else nothing is deleted until somebody brings the types together.
    let cases = [("numeric", "numeric(10, 2)", "1 2"), ("numeric", "numeric(6, 4)", "1 2"), ("int", "numeric(12, 3)", "1 2 3")];
    for (old_type, new_type, left) in cases {
        let pair = support::pair("retyped");
        for (side, of) in [(Side::Old, old_type), (Side::New, new_type)] {
            let rows = "insert into t (k, v) values (1, '1'), (2, '2'), (3, '3')";
            support::sql(pair.url(side), &format!("create table t (k {of} primary key, v text, {STAMPS}); {rows}"));
        }
        support::sql(&pair.new, "delete from t where k = 3");
        let case = recovery(pair, "");
        case.decide(DELETES_ALONE);
        assert_eq!(merged(&case), left, "{old_type} and {new_type}");
    }
}

#[test]
fn diff_says_which_rows_only_seem_to_be_gone() {
    let both = format!(
        "create extension citext; create table t (k citext primary key, v text, {STAMPS});
         insert into t (k, v) values ('ada', '1'), ('bob', '2'), ('carl', '3')"
    );
    let new = "update t set k = 'Ada', updated_at = now() where k = 'ada'; delete from t where k = 'carl'";
    let case = recovery(pair("respelt_diff", &both, new, ""), "");
    block_on(engine::export(&case.context)).expect("an export");
    let diff = block_on(engine::diff(&case.context)).expect("a diff");
    let said = |note: &&String| note.contains("NEW spells the keys of 1 rows otherwise");
    assert_eq!(diff.notes.iter().filter(said).count(), 1, "{:?}", diff.notes);
    let plain = recovery(pair("respelt_none", &both, "delete from t where k = 'carl'", ""), "");
    block_on(engine::export(&plain.context)).expect("an export");
    assert_eq!(block_on(engine::diff(&plain.context)).expect("a diff").notes, [""; 0]);
}
