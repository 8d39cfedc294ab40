//! A later run forgets the earlier: what a merge brought to OLD and somebody deleted there since is not brought again.

use failback::engine::{self, MergeOptions, State};
use failback::staging::{DiffIndex, TableDiff};

use super::{pair, recovery};
use crate::recovery::Recovery;
use crate::support::{self, Pair, block_on};

const ADDED: &str = "insert into t values (50, 'an order', now(), now()), (51, 'another', now(), now())";

const BOTH: &str = "create table t (id int primary key, note text, created_at timestamptz, updated_at timestamptz);
                    insert into t values (1, 'old', now() - interval '9 days', now() - interval '9 days')";

/// Another run on the same servers.
fn again(case: &Recovery, decisions: &str) -> Recovery {
    let Pair { database, old, new } = &case.pair;
    let next = recovery(Pair { database: database.clone(), old: old.clone(), new: new.clone() }, "");
    next.decide(decisions);
    next
}

/// Goes up to a plan and returns the classes of a table with their numbers.
fn classes(case: &Recovery) -> Vec<(&'static str, u64)> {
    let found = case.up_to_plan();
    found.into_iter().filter(|((_, class), _)| !class.is_settled()).map(|((_, class), rows)| (class.word(), rows)).collect()
}

fn merge(case: &Recovery) {
    let options = MergeOptions { leave_held: true, ..MergeOptions::default() };
    block_on(engine::merge(&case.context, options)).expect("a merge");
}

fn ids(case: &Recovery) -> Option<String> {
    support::value(&case.pair.old, "select string_agg(id::text, ' ' order by id) from t")
}

#[test]
fn a_row_that_was_brought_and_deleted_on_old_is_held_until_somebody_decides() {
    let first = recovery(pair("erased", BOTH, ADDED, ""), "");
    assert_eq!(classes(&first), [("insert", 2)]);
    merge(&first);
    support::sql(&first.pair.old, "delete from t where id = 50");
    let second = again(&first, "");
    assert_eq!(classes(&second), [("update_deleted", 1)]);
    let index = DiffIndex::read(&second.store).expect("a diff");
    assert_eq!(index.tables().map(TableDiff::rows).sum::<u64>(), 1);
    let refused = block_on(engine::merge(&second.context, MergeOptions::default())).expect_err("it waits");
    assert!(refused.causes()[0].contains("1 rows wait"), "{refused:?}");
    merge(&second);
    assert_eq!(ids(&second).as_deref(), Some("1 51"), "what was erased stays erased");
    assert_eq!(block_on(engine::verify(&second.context)).expect("a verification").state_of_rows(), State::VerifiedWithHeld);
    let third = again(&first, "[defaults]\nupdate_deleted = \"apply_new\"\n");
    assert_eq!(classes(&third), [("update_deleted", 1)], "a run that wrote nothing forgets nothing");
    merge(&third);
    assert_eq!(ids(&third).as_deref(), Some("1 50 51"), "somebody decided");
}

#[test]
fn a_row_that_was_brought_and_that_new_lacks_since_is_not_olds_own() {
    let first = recovery(pair("erased_on_new", BOTH, ADDED, ""), "");
    first.up_to_plan();
    merge(&first);
    support::sql(&first.pair.new, "delete from t where id = 50");
    support::sql(&first.pair.old, "insert into t values (60, 'of OLD itself', now(), now())");
    let second = again(&first, "");
    assert_eq!(classes(&second), [("old_only", 1), ("ambiguous_missing_on_new", 1)]);
    merge(&second);
    assert_eq!(ids(&second).as_deref(), Some("1 50 51 60"), "nobody decided");
    let third = again(&first, "[defaults]\nambiguous_missing_on_new = \"apply_new\"\n");
    third.up_to_plan();
    merge(&third);
    assert_eq!(ids(&third).as_deref(), Some("1 51 60"), "somebody decided");
}

#[test]
fn what_failback_itself_took_away_is_not_deleted_by_old() {
    let first = recovery(pair("erased_undo", BOTH, ADDED, ""), "");
    first.up_to_plan();
    merge(&first);
    block_on(engine::undo(&first.context, MergeOptions::default())).expect("an undo");
    let second = again(&first, "");
    assert_eq!(classes(&second), [("insert", 2)], "an undo takes it back");
    merge(&second);
    // NEW deletes it, and so does the next run; then NEW has it again.
    let aged = "update t set created_at = now() - interval '8 days', updated_at = now() - interval '8 days' where id = 51";
    support::sql(&first.pair.new, &format!("{aged}; delete from t where id = 51"));
    support::sql(&first.pair.old, aged);
    let third = again(&first, "[defaults]\ndelete = \"apply_new\"\n");
    assert_eq!(classes(&third), [("delete", 1)]);
    merge(&third);
    support::sql(&first.pair.new, "insert into t values (51, 'again', now(), now())");
    let fourth = again(&first, "");
    assert_eq!(classes(&fourth), [("insert", 1)], "the merge deleted it, nobody else did");
}

/// Expects a merge to be refused for the sake of so many rows.
fn expect_erased(case: &Recovery, rows: usize) {
    for dry_run in [true, false] {
        let options = MergeOptions { leave_held: true, dry_run, ..MergeOptions::default() };
        let refused = block_on(engine::merge(&case.context, options)).expect_err("they were erased");
        let said = format!("{rows} of the rows to insert were brought to OLD by an earlier merge");
        assert!(refused.causes().iter().any(|cause| cause.contains(&said)), "{refused:?}");
    }
}

#[test]
fn what_was_brought_and_erased_after_a_run_was_compared_is_not_brought_by_it() {
    let [first, prepared] = {
        let first = recovery(pair("erased_behind", BOTH, ADDED, ""), "");
        let prepared = again(&first, "");
        [first, prepared]
    };
    for case in [&first, &prepared] {
        assert_eq!(classes(case), [("insert", 2)]);
    }
    merge(&first);
    support::sql(&first.pair.old, "delete from t where id in (50, 51)");
    expect_erased(&prepared, 2);
    block_on(engine::plan(&prepared.context)).expect("a plan");
    expect_erased(&prepared, 2);
    assert_eq!(ids(&prepared).as_deref(), Some("1"), "they stay erased");
    block_on(engine::diff(&prepared.context)).expect("a diff");
    block_on(engine::plan(&prepared.context)).expect("a plan");
    let waits = block_on(engine::merge(&prepared.context, MergeOptions::default())).expect_err("nobody has decided");
    assert!(waits.causes()[0].contains("2 rows wait"), "{waits:?}");
    prepared.decide("[defaults]\nupdate_deleted = \"apply_new\"\n");
    block_on(engine::plan(&prepared.context)).expect("a plan");
    merge(&prepared);
    assert_eq!(ids(&prepared).as_deref(), Some("1 50 51"), "somebody decided");
}

#[test]
fn what_was_erased_before_an_undo_is_not_brought_by_the_same_run_again() {
    let case = recovery(pair("erased_anew", BOTH, ADDED, ""), "");
    case.up_to_plan();
    merge(&case);
    support::sql(&case.pair.old, "delete from t where id = 50");
    block_on(engine::undo(&case.context, MergeOptions::default())).expect("an undo");
    assert_eq!(ids(&case).as_deref(), Some("1"));
    expect_erased(&case, 1);
    block_on(engine::diff(&case.context)).expect("a diff");
    block_on(engine::plan(&case.context)).expect("a plan");
    merge(&case);
    assert_eq!(ids(&case).as_deref(), Some("1 51"), "the erased one waits");
}

#[test]
fn every_sort_of_key_is_remembered() {
    let both = "create table plain (id numeric(9,2), code varchar(9), at timestamptz, kind char(4),
                    created_at timestamptz, updated_at timestamptz, primary key (id, code, at, kind));
                create table parts (id uuid primary key, created_at timestamptz, updated_at timestamptz)
                    partition by hash (id);
                create table parts_0 partition of parts for values with (modulus 1, remainder 0);
                create type mood as enum ('calm', 'wild');
                create table moods (mood mood, tags text[], created_at timestamptz, updated_at timestamptz,
                    primary key (mood, tags));
                create table keyless (note text, created_at timestamptz, updated_at timestamptz)";
    let new = "insert into plain values (1.5, 'ä ''\"', now(), 'x', now(), now());
               insert into parts values ('6ba7b810-9dad-11d1-80b4-00c04fd430c8', now(), now());
               insert into moods values ('wild', '{\"a b\",null}', now(), now());
               insert into keyless values ('twice', '2099-01-01Z', '2099-01-01Z'), ('twice', '2099-01-01Z', '2099-01-01Z')";
    let first = recovery(pair("erased_keys", both, new, ""), "");
    first.decide("[defaults]\nambiguous_missing_on_old = \"apply_new\"\n");
    first.up_to_plan();
    merge(&first);
    support::sql(&first.pair.old, "delete from plain; delete from parts; delete from moods; delete from keyless");
    let second = again(&first, "");
    assert_eq!(classes(&second), [("update_deleted", 2), ("update_deleted", 1), ("update_deleted", 1), ("update_deleted", 1)]);
}

#[test]
fn an_undo_that_leaves_rows_does_not_forget_them() {
    let first = recovery(pair("erased_part", BOTH, ADDED, ""), "");
    first.up_to_plan();
    merge(&first);
    support::sql(&first.pair.old, "delete from t where id = 50");
    block_on(engine::undo(&first.context, MergeOptions::default())).expect("an undo");
    assert_eq!(ids(&first).as_deref(), Some("1"), "the other row is taken back");
    assert_eq!(classes(&again(&first, "")), [("insert", 1), ("update_deleted", 1)]);
}

#[test]
fn a_ledger_of_before_learns_to_remember() {
    let first = recovery(pair("erased_before", BOTH, ADDED, ""), "");
    first.up_to_plan();
    merge(&first);
    support::sql(&first.pair.old, "drop table failback.brought");
    block_on(engine::undo(&first.context, MergeOptions::default())).expect("an undo of a merge that nothing is remembered of");
    let second = again(&first, "");
    assert_eq!(classes(&second), [("insert", 2)]);
    merge(&second);
    support::sql(&first.pair.old, "delete from t where id = 51");
    assert_eq!(classes(&again(&first, "")), [("update_deleted", 1)]);
}

/// What became between two runs of a row that the first one brought and OLD's users deleted.
fn remembered_as(name: &str, both: &str, [new, old]: [&str; 2], [new_since, old_since]: [&str; 2]) -> Vec<(&'static str, u64)> {
    let first = recovery(pair(name, both, new, old), "");
    first.decide("[defaults]\nambiguous_missing_on_old = \"apply_new\"\n");
    first.up_to_plan();
    merge(&first);
    support::sql(&first.pair.old, old_since);
    support::sql(&first.pair.new, new_since);
    classes(&again(&first, ""))
}

#[test]
fn a_table_that_was_renamed_on_old_is_known_again() {
    let renamed = "alter table t rename to orders; delete from orders where id = 50";
    let swapped = "alter table t rename to t_2026; alter table u rename to t; delete from t_2026 where id = 50";
    let schema = "create schema kept; alter table t set schema kept; delete from kept.t where id = 50";
    let cases = [
        (renamed, "alter table t rename to orders"),
        (swapped, "alter table t rename to t_2026; alter table u rename to t"),
        (schema, "create schema kept; alter table t set schema kept"),
    ];
    for (on_old, on_new) in cases {
        let both = format!("{BOTH}; create table u (like t including all)");
        let found = remembered_as("erased_renamed", &both, [ADDED, ""], [on_new, on_old]);
        assert_eq!(found, [("update_deleted", 1)], "{on_old}");
    }
}

#[test]
fn a_key_that_new_spells_otherwise_is_known_again() {
    let stamps = "created_at timestamptz default now(), updated_at timestamptz default now()";
    let collation = "create collation nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)";
    let cases = [
        ("create extension citext", "citext", "'bob'", "'Bob'"),
        ("", "numeric", "1.0", "1.00"),
        ("", "float8", "0", "'-0'"),
        ("", "interval", "'1 day'", "'24 hours'"),
        ("", "numeric[]", "'{1.0}'", "'{1.00}'"),
        ("", "jsonb", "'{\"a\": 1.0}'", "'{\"a\": 1.00}'"),
        (collation, "text collate nocase", "'bob'", "'BOB'"),
    ];
    for (prepared, of_type, first, then) in cases {
        let both = format!("{prepared}; create table t (k {of_type}, n int, {stamps}, primary key (k, n))");
        let new = format!("insert into t values ({first}, 1), ({first}, 2)");
        let respelt = format!("update t set k = {then} where n = 1");
        let found = remembered_as("erased_respelt", &both, [&new, ""], [&respelt, "delete from t where n = 1"]);
        assert_eq!(found, [("update_deleted", 1)], "{of_type}");
    }
}

#[test]
fn a_key_of_another_type_on_new_is_known_again() {
    let stamps = "created_at timestamptz default now(), updated_at timestamptz default now()";
    let cases = [("numeric(9, 2)", "numeric"), ("numeric", "numeric(9, 2)"), ("int", "numeric(12, 0)"), ("char(9)", "char(6)")];
    for (on_old, on_new) in cases {
        let made = |of: &str| format!("create table t (k {of} primary key, {stamps})");
        let rows = "insert into t values (1.00), (2.00)";
        let pair = pair("erased_retyped", "", &format!("{}; {rows}", made(on_new)), &made(on_old));
        let first = recovery(pair, "");
        first.decide("[defaults]\nambiguous_missing_on_old = \"apply_new\"\n");
        first.up_to_plan();
        merge(&first);
        support::sql(&first.pair.old, "delete from t where k::text ~ '^1'");
        let found = classes(&again(&first, ""));
        assert!(found.contains(&("update_deleted", 1)), "{on_old} and {on_new}: {found:?}");
    }
}

#[test]
fn rows_that_were_brought_by_another_key_are_not_inserted_in_silence() {
    let both = "create table t (id int primary key, code int not null unique, created_at timestamptz, updated_at timestamptz)";
    let new = "insert into t values (50, 500, now(), now()), (51, 510, now(), now())";
    let other = "alter table t drop constraint t_pkey; alter table t add primary key (code)";
    let first = recovery(pair("erased_rekeyed", both, new, ""), "");
    first.up_to_plan();
    merge(&first);
    support::sql(&first.pair.old, &format!("{other}; delete from t where id = 50"));
    support::sql(&first.pair.new, &format!("{other}; insert into t values (52, 520, now(), now())"));
    let second = again(&first, "");
    block_on(engine::export(&second.context)).expect("an export");
    let diff = block_on(engine::diff(&second.context)).expect("a diff");
    let found: Vec<_> =
        diff.counts.iter().filter(|(class, _)| !class.is_settled()).map(|(class, rows)| (class.word(), rows)).collect();
    assert_eq!(found, [("ambiguous_missing_on_old", 2)]);
    assert!(
        diff.notes.iter().any(|note| note.contains("another key (id integer; it is code integer now)")),
        "{:?}",
        diff.notes
    );
}

#[test]
fn a_memory_of_before_knows_tables_by_their_names_and_learns_more() {
    let first = recovery(pair("erased_by_name", BOTH, ADDED, ""), "");
    first.up_to_plan();
    merge(&first);
    support::sql(&first.pair.old, "alter table failback.brought drop column relation_id, drop column key");
    support::sql(&first.pair.old, "delete from t where id = 50");
    support::sql(&first.pair.new, "insert into t values (52, 'third', now(), now())");
    let second = again(&first, "");
    assert_eq!(classes(&second), [("insert", 1), ("update_deleted", 1)]);
    merge(&second);
    let renamed = "alter table t rename to orders";
    support::sql(&first.pair.new, renamed);
    support::sql(&first.pair.old, &format!("delete from t where id = 52; {renamed}"));
    assert_eq!(
        classes(&again(&first, "")),
        [("insert", 1), ("update_deleted", 1)],
        "what was brought by the name is not known"
    );
}
