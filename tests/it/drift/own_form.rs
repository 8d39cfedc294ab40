//! Values of OLD's that the type in which a column is compared does not hold: they are compared, kept and put back as they are.

use failback::engine::{self, MergeOptions, State};
use failback::error::ErrorKind;
use failback::policy::Action;

use super::{merge_check_undo, plan, recovery, sides, texts};
use crate::recovery::fingerprint;
use crate::support::{self, Pair, block_on};

/// Takes the time that a wall clock shows for Berlin's.
const BERLIN: &str = "zone = \"Europe/Berlin\"\n";

/// A table with one value in each of OLD's types that the common type loses something of; NEW changed the note of row 1, the
/// values of row 2, deleted row 3, and has a row 9 of its own.
fn lossy(test: &str) -> Pair {
    const OLD: &str = "j json, d doc, b bpchar, c char(6), at timestamp";
    const OLDS: &str = r#"'{"a" : 1,  "a" : 2}', '[1.0,  1]', 'q  ', 'r  ', '2026-03-29 02:30'"#;
    const NEW: &str = "j jsonb, d jsonb, b text, c varchar(6), at timestamptz";
    const NEWS: &str = r#"'{"a": 2}', '[1.0, 1]', 'q', 'r', '2026-03-29 01:30Z'"#;
    let table = |columns: &str| format!("create table t (id int primary key, note text, {columns})");
    let rows = |values: &str| format!("insert into t select i, 'as it was', {values} from generate_series(1, 5) i");
    sides(
        test,
        &format!("create domain doc as json; {}; {}", table(OLD), rows(OLDS)),
        &format!(
            "{}; {};
             update t set note = 'changed' where id = 1;
             update t set j = '{{\"new\": 1}}', d = '[2]', b = 'n', c = 'n', at = '2026-03-29 10:00Z' where id = 2;
             delete from t where id = 3;
             insert into t values (9, 'new', '{{\"n\": 9}}', '[9]', 'n', 'n', '2026-03-29 09:00Z')",
            table(NEW),
            rows(NEWS)
        ),
    )
}

/// OLD's rows, blanks at the end of a value visible.
fn olds(old: &str, condition: &str) -> Vec<String> {
    let printed = "format('%s %s %s %s [%s] [%s] %s', id, note, j, d, b, c, at)";
    texts(old, &format!("select {printed} from t where {condition} order by id"))
}

#[test]
fn what_new_left_alone_stays_as_old_wrote_it_and_comes_back_so() {
    let recovery = recovery(lossy("own_forms"), BERLIN);
    let report = plan(&recovery);
    assert_eq!(report.held, 0, "{report:#?}");
    merge_check_undo(&recovery, State::Verified, |old| {
        let expected = [
            r#"1 changed {"a" : 1,  "a" : 2} [1.0,  1] [q  ] [r     ] 2026-03-29 02:30:00"#,
            r#"2 as it was {"new": 1} [2] [n] [n     ] 2026-03-29 12:00:00"#,
            r#"9 new {"n": 9} [9] [n] [n     ] 2026-03-29 11:00:00"#,
        ];
        assert_eq!(olds(old, "id not in (4, 5)"), expected);
    });
}

/// Each of these is the same value in the type that travels.
const RESPELT: [&str; 5] =
    [r#"j = '{"a" : "USER", "a" : 2}'"#, "d = '[1.0,1]'", "b = 'q '", "at = '2026-03-29 03:30'", r#"j = '{"a": 2}'"#];

#[test]
fn what_old_wrote_since_in_its_own_form_is_not_overwritten() {
    let recovery = recovery(lossy("respelt_before"), BERLIN);
    plan(&recovery);
    // Of the rows that are overwritten or go, each in its turn.
    for (set, row) in RESPELT.into_iter().zip([1, 2, 3].into_iter().cycle()) {
        let before = fingerprint(&recovery.pair.old);
        let written = format!("create table kept as select * from t; update t set {set} where id = {row}");
        support::sql(&recovery.pair.old, &written);
        let refused = block_on(engine::merge(&recovery.context, MergeOptions::default())).expect_err("the row has moved");
        assert_eq!(refused.kind(), ErrorKind::Refused, "{set}: {refused}");
        assert!(refused.to_string().contains("compare OLD with the plan"), "{set}: {refused}");
        support::sql(&recovery.pair.old, "delete from t; insert into t select * from kept; drop table kept");
        assert_eq!(fingerprint(&recovery.pair.old), before);
    }
}

#[test]
fn an_undo_leaves_what_was_written_since_in_olds_own_form() {
    let recovery = recovery(lossy("respelt_after"), BERLIN);
    plan(&recovery);
    block_on(engine::merge(&recovery.context, MergeOptions::default())).expect("a merge");
    let respelt = "update t set j = '{\"a\" : \"USER\", \"a\" : 2}' where id = 1;
                   update t set j = '{\"new\":0, \"new\":1}' where id = 2; update t set b = 'n  ' where id = 9";
    support::sql(&recovery.pair.old, respelt);
    let written = olds(&recovery.pair.old, "id in (1, 2, 9)");
    let verified = block_on(engine::verify(&recovery.context)).expect("a verification");
    assert_eq!(verified.tables.iter().map(|table| table.written_since).sum::<u64>(), 3, "{verified:#?}");
    let undone = block_on(engine::undo(&recovery.context, MergeOptions::default())).expect("an undo");
    assert_eq!(undone.databases.iter().flat_map(|one| &one.left).map(|left| left.rows).sum::<u64>(), 3, "{undone:#?}");
    assert_eq!(olds(&recovery.pair.old, "id in (1, 2, 9)"), written);
    let back = r#"3 as it was {"a" : 1,  "a" : 2} [1.0,  1] [q  ] [r     ] 2026-03-29 02:30:00"#;
    assert_eq!(olds(&recovery.pair.old, "id = 3"), [back]);
}

/// A key whose blanks the common type drops still finds OLD's row, and is put back with them.
#[test]
fn a_key_is_found_and_put_back_in_olds_own_form() {
    let pair = sides(
        "own_keys",
        "create table t (code bpchar primary key, n int); insert into t values ('a ', 1), ('b  ', 2), ('c', 3)",
        "create table t (code text primary key, n int); insert into t values ('a', 10), ('c', 3), ('d', 4)",
    );
    let recovery = recovery(pair, "");
    assert_eq!(plan(&recovery).held, 1, "whether NEW has 'b  ' cannot be told");
    merge_check_undo(&recovery, State::VerifiedWithHeld, |old| {
        let found = "select format('[%s] %s', code, n) from t where code in ('a', 'd') order by code";
        assert_eq!(texts(old, found), ["[a ] 10", "[d] 4"]);
    });
}

/// What NEW's types round or cut, in rows of which NEW's users changed the note alone, or the values too.
#[test]
fn what_new_only_rounded_stays_as_old_has_it() {
    const OLD: &str =
        "n numeric, p numeric(20,4), f double precision, at timestamptz, d timestamp, w timestamp(6), s text, z timestamptz";
    const OLDS: &str = "0.1234567890123456789, 1.2345, 0.1, '2024-01-01 10:00:00.567Z', '2024-01-01 10:00', \
                        '2024-01-01 10:00:00.567', 'a long text', '2025-10-26 00:30Z'";
    const NEW: &str =
        "n double precision, p numeric(8,2), f real, at timestamptz(0), d date, w timestamp(3), s varchar(6), z timestamp";
    const CHANGED: &str = "n = 2.5, p = 7.10, f = 0.5, at = '2024-02-01 10:00Z', d = '2024-02-01', w = '2024-02-01', s = 'b', \
                           z = '2025-07-01 12:00'";
    const EXTREME: &str = "(6, '', 1e400, 1e15, 1e300, null, 'infinity', 'infinity', null, 'infinity'), \
                           (7, '', 'NaN', 'NaN', 'NaN', 'infinity', null, null, '', '-infinity'), \
                           (8, '', 1e-400, -1e15, 1e-300, null, null, null, null, null)";
    let table = |columns: &str| format!("create table t (id int primary key, note text, {columns})");
    let pair = sides(
        "rounded",
        &format!(
            "{}; insert into t select i, 'as it was', {OLDS} from generate_series(1, 5) i; insert into t values {EXTREME}",
            table(OLD)
        ),
        &format!(
            "{}; insert into t select i, 'as it was', 0.1234567890123456789, 1.23, 0.1, '2024-01-01 10:00:01Z', '2024-01-01',
                 '2024-01-01 10:00:00.567', 'a long', '2025-10-26 02:30' from generate_series(1, 5) i;
             update t set note = 'changed' where id = 1; update t set {CHANGED} where id = 2; delete from t where id = 3",
            table(NEW)
        ),
    );
    let recovery = recovery(pair, BERLIN);
    let report = plan(&recovery);
    assert_eq!(
        (report.held, report.actions.get(Action::Update)),
        (0, 2),
        "rows that NEW only rounded are no changes: {report:#?}"
    );
    merge_check_undo(&recovery, State::Verified, |old| {
        let found = texts(
            old,
            "select format('%s %s %s %s', id, note, n, p), f, at at time zone 'UTC', d, w, s, \
                                z at time zone 'UTC' from t order by id",
        );
        let as_it_was = "0.1234567890123456789 1.2345|0.1|2024-01-01 10:00:00.567|2024-01-01 10:00:00|2024-01-01 10:00:00.567|\
                         a long text|2025-10-26 00:30:00";
        let changed =
            "2 as it was 2.5 7.1000|0.5|2024-02-01 10:00:00|2024-02-01 00:00:00|2024-02-01 00:00:00|b|2025-07-01 10:00:00";
        let left = |id: u8| format!("{id} as it was {as_it_was}");
        assert_eq!(found, [format!("1 changed {as_it_was}"), changed.to_owned(), left(4), left(5)]);
    });
}
