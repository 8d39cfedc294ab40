//! OLD and NEW that no longer define their tables alike: every case is named, what has a place on OLD is carried exactly, and
//! what has none stays in staging.

use failback::engine::{self, MergeOptions, Outcome, PlanReport, Reject, State};
use failback::name::Side;
use failback::policy::Action;
use jiff::{SignedDuration, Timestamp};

mod lossy;
mod own_form;
mod unlike;

use super::recovery::{Recovery, fingerprint};
use super::support::{self, Pair, block_on};

/// Decides that NEW's rows win, whatever two sides without time columns leave in doubt.
const NEW_WINS: &str = "[defaults]\nambiguous_missing_on_old = \"apply_new\"\nambiguous_differs = \"apply_new\"\n\
                        ambiguous_missing_on_new = \"apply_new\"\n";

/// Two databases that were set up by a statement each.
fn sides(test: &str, old: &str, new: &str) -> Pair {
    let pair = support::pair(test);
    support::sql(&pair.old, old);
    support::sql(&pair.new, new);
    pair
}

fn recovery(pair: Pair, config: &str) -> Recovery {
    let recovery = Recovery::of(pair, Timestamp::now() - SignedDuration::from_hours(1), config);
    recovery.decide(NEW_WINS);
    block_on(engine::export(&recovery.context)).expect("an export");
    block_on(engine::diff(&recovery.context)).expect("a diff");
    recovery
}

fn plan(recovery: &Recovery) -> PlanReport {
    block_on(engine::plan(&recovery.context)).expect("a plan")
}

/// Merges what is not held, verifies it, runs a check on what OLD then is, and takes it back.
fn merge_check_undo(recovery: &Recovery, expected: State, check: impl FnOnce(&str)) {
    let before = fingerprint(&recovery.pair.old);
    let options = MergeOptions { leave_held: true, ..MergeOptions::default() };
    block_on(engine::merge(&recovery.context, options)).expect("a merge");
    let verified = block_on(engine::verify(&recovery.context)).expect("a verification");
    assert_eq!(verified.state_of_rows(), expected, "{verified:#?}");
    check(&recovery.pair.old);
    block_on(engine::undo(&recovery.context, MergeOptions::default())).expect("an undo");
    assert_eq!(fingerprint(&recovery.pair.old), before, "undo after merge is identity");
}

fn texts(url: &str, query: &str) -> Vec<String> {
    support::rows(url, query)
        .into_iter()
        .map(|row| row.into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>().join("|"))
        .collect()
}

fn rejects<'a>(report: &'a PlanReport, column: &str) -> &'a Reject {
    let found = report.rejects.iter().find(|one| one.column.as_deref() == Some(column));
    found.unwrap_or_else(|| panic!("nothing about {column}: {:#?}", report.rejects))
}

#[test]
fn values_that_a_narrower_type_does_not_take_are_held() {
    let pair = sides(
        "retyped",
        "create type mood as enum ('ok', 'sad');
         create table t (id int primary key, n int, short varchar(5), price numeric(8,2), at timestamp, feel mood, doc json,
             flag text);
         insert into t select i, i, 'a', 1.50, '2026-01-01 12:00', 'ok', '{\"a\": 1}', 'x' from generate_series(1, 3) i",
        "create type mood as enum ('ok', 'sad', 'new');
         create table t (id bigint primary key, n bigint, short text, price numeric(14,4), at timestamptz, feel mood,
             doc jsonb, flag text);
         insert into t select i, i, 'a', 1.50, '2026-01-01 12:00+00', 'ok', '{\"a\": 1}', 'x' from generate_series(1, 3) i;
         update t set n = 7, short = 'abc', price = 2.25, at = '2026-03-29 01:30+00', feel = 'sad', doc = '{\"b\": 2}'
             where id = 1;
         insert into t values (10, 5000000000, 'a', 1, '2026-01-01 12:00+00', 'ok', '{}', 'big n'),
             (11, 1, 'too long', 1, '2026-01-01 12:00+00', 'ok', '{}', 'long text'),
             (12, 1, 'a', 1.0001, '2026-01-01 12:00+00', 'ok', '{}', 'scale'),
             (13, 1, 'a', 1, '2026-01-01 12:00+00', 'new', '{}', 'label'),
             (14, 1, 'a', 1234567890, '2026-01-01 12:00+00', 'ok', '{}', 'precision'),
             (15, -1, 'a', 1, 'infinity', 'sad', null, 'fits'),
             (5000000000, 1, 'a', 1, null, null, null, 'big key')",
    );
    let recovery = recovery(pair, "");
    let report = plan(&recovery);
    assert_eq!((rejects(&report, "n").rows, rejects(&report, "n").example_key.as_str()), (1, "10"));
    assert!(rejects(&report, "n").cause.contains("22003"), "{report:#?}");
    assert_eq!(rejects(&report, "n").example_value.as_deref(), Some("5000000000"));
    assert!(rejects(&report, "short").cause.contains("22001"), "{report:#?}");
    assert!(rejects(&report, "feel").cause.contains("22P02"), "{report:#?}");
    assert!(rejects(&report, "id").cause.contains("22003"), "{report:#?}");
    let price: Vec<_> =
        report.rejects.iter().filter(|one| one.column.as_deref() == Some("price")).map(|one| &one.cause).collect();
    assert_eq!(price.len(), 2, "a value that is rounded, and one that is too large: {report:#?}");
    assert_eq!(report.held, 6, "{report:#?}");
    merge_check_undo(&recovery, State::VerifiedWithHeld, |old| {
        let found = texts(old, "select id, n, short, price, at, feel, doc, flag from t order by id");
        let expected = [
            "1|7|abc|2.25|2026-03-29 01:30:00|sad|{\"b\": 2}|x",
            "2|2|a|1.50|2026-01-01 12:00:00|ok|{\"a\": 1}|x",
            "3|3|a|1.50|2026-01-01 12:00:00|ok|{\"a\": 1}|x",
            "15|-1|a|1.00|infinity|sad||fits",
        ];
        assert_eq!(found, expected);
    });
}

#[test]
fn types_that_have_nothing_in_common_travel_as_text() {
    let pair = sides(
        "strange",
        "create table t (id int primary key, code int, tags text); insert into t values (1, 1, '{a}'), (2, 2, '{b}')",
        "create table t (id int primary key, code uuid, tags text[]);
         insert into t values (1, '00000000-0000-0000-0000-000000000001', '{a}'), (2, null, '{b}'), (3, null, '{c,d}')",
    );
    let recovery = recovery(pair, "");
    let report = plan(&recovery);
    assert_eq!(rejects(&report, "code").rows, 1, "{report:#?}");
    merge_check_undo(&recovery, State::VerifiedWithHeld, |old| {
        assert_eq!(texts(old, "select * from t order by id"), ["1|1|{a}", "2||{b}", "3||{c,d}"]);
    });
}

#[test]
fn a_renamed_table_and_its_renamed_columns_come_home() {
    let pair = sides(
        "renamed",
        "create table \"Order\" (id int generated always as identity primary key, total numeric(10,2), \"select\" text,
             updated_at timestamptz not null default now());
         insert into \"Order\" (total, \"select\", updated_at) select 1, 'x', now() - interval '1 day'
             from generate_series(1, 3)",
        "create schema sales; create table sales.orders (order_id bigint generated by default as identity primary key,
             amount numeric(10,2), pick text, changed timestamptz not null default now());
         insert into sales.orders (amount, pick, changed) select 1, 'x', now() - interval '1 day' from generate_series(1, 3);
         update sales.orders set amount = 5, changed = now() where order_id = 2;
         insert into sales.orders (amount, pick) values (9, 'new');
         create table public.\"Order\" (something_else int)",
    );
    let config = "[tables.\"public.Order\"]\nnew_name = \"sales.orders\"\n\
                  renamed = { id = \"order_id\", total = \"amount\", select = \"pick\", updated_at = \"changed\" }\n";
    let recovery = recovery(pair, config);
    let report = plan(&recovery);
    assert_eq!((report.held, report.actions.get(Action::Update), report.actions.get(Action::Insert)), (0, 1, 1), "{report:#?}");
    merge_check_undo(&recovery, State::Verified, |old| {
        assert_eq!(
            texts(old, "select id, total, \"select\" from \"Order\" order by id"),
            ["1|1.00|x", "2|5.00|x", "3|1.00|x", "4|9.00|new"]
        );
    });
}

#[test]
fn columns_of_one_side_only_keep_what_they_hold() {
    let pair = sides(
        "lonely",
        "create table t (id int primary key, code text unique, kept text default 'standard',
             sum int generated always as (id * 2) stored);
         insert into t values (1, 'a', 'mine'), (2, 'b', 'mine too'), (3, 'c', null), (4, 'd', 'gone')",
        "create table t (id int primary key, code text unique, extra jsonb, sum int);
         insert into t values (1, 'b', '{\"k\": 1}', 2), (2, 'a', null, 4), (3, 'c', '{}', 6), (5, 'e', '[]', 99)",
    );
    let recovery = recovery(pair, "");
    let report = plan(&recovery);
    assert_eq!(report.held, 0, "{report:#?}");
    merge_check_undo(&recovery, State::Verified, |old| {
        let found = texts(old, "select id, code, kept, sum from t order by id");
        assert_eq!(found, ["1|b|mine|2", "2|a|mine too|4", "3|c||6", "5|e|standard|10"], "4 was deleted on NEW");
    });
}

#[test]
fn rules_that_only_old_has_are_tried_before_anything_is_written() {
    let pair = sides(
        "rules",
        "create domain percent as int check (value between 0 and 100);
         create table t (id int primary key, share percent, name text not null, size int, constraint small check (size < 10));
         create table needs (id int primary key, must text not null)",
        "create table t (id int primary key, share int, name text, size int);
         insert into t values (1, 50, 'fine', 1), (2, 101, 'too much', 1), (3, 1, null, 1), (4, 1, 'large', 10);
         create table needs (id int primary key); insert into needs values (1), (2)",
    );
    let recovery = recovery(pair, "");
    let report = plan(&recovery);
    let causes: Vec<_> = report.rejects.iter().map(|one| (one.table.as_str(), one.cause.as_str(), one.rows)).collect();
    let has = |table: &str, words: &str, rows| {
        causes.iter().any(|(one, cause, count)| *one == table && cause.contains(words) && *count == rows)
    };
    assert!(has("public.t", "check_violation: percent_check", 1), "{causes:?}");
    assert!(has("public.t", "check_violation: small", 1), "{causes:?}");
    assert!(has("public.t", "not_null_violation", 1), "{causes:?}");
    assert!(has("public.needs", "source_column_missing", 2), "{causes:?}");
    merge_check_undo(&recovery, State::VerifiedWithHeld, |old| {
        assert_eq!(texts(old, "select id from t"), ["1"]);
        assert_eq!(support::value(old, "select count(*)::text from needs").as_deref(), Some("0"));
    });
}

#[test]
fn a_row_without_a_partition_is_held_and_one_that_moves_is_carried() {
    let pair = sides(
        "bounds",
        "create table logs (id int, day date, note text, primary key (id, day)) partition by range (day);
         create table logs_1 partition of logs for values from ('2026-01-01') to ('2026-02-01');
         create table logs_2 partition of logs for values from ('2026-02-01') to ('2026-03-01') partition by hash (id);
         create table logs_2a partition of logs_2 for values with (modulus 2, remainder 0);
         create table logs_2b partition of logs_2 for values with (modulus 2, remainder 1);
         insert into logs values (1, '2026-01-05', 'a'), (2, '2026-01-06', 'b')",
        "create table logs (id int, day date, note text, primary key (id, day)) partition by range (day);
         create table logs_1 partition of logs for values from ('2026-01-01') to ('2026-02-01');
         create table logs_2 partition of logs for values from ('2026-02-01') to ('2026-03-01');
         create table logs_3 partition of logs for values from ('2026-03-01') to ('2026-04-01');
         insert into logs values (1, '2026-01-05', 'changed'), (2, '2026-02-06', 'b'), (3, '2026-02-07', 'c'),
             (4, '2026-03-01', 'no place')",
    );
    assert!(support::rows(&pair.old, "select 1 from logs").len() == 2);
    let recovery = recovery(pair, "");
    let report = plan(&recovery);
    assert_eq!(report.rejects.len(), 1, "{report:#?}");
    assert_eq!((report.rejects[0].cause.as_str(), report.rejects[0].rows), ("OLD has no partition for the row", 1));
    merge_check_undo(&recovery, State::VerifiedWithHeld, |old| {
        let found = texts(old, "select id, day, note from logs order by id");
        assert_eq!(found, ["1|2026-01-05|changed", "2|2026-02-06|b", "3|2026-02-07|c"]);
    });
}

#[test]
fn a_row_of_which_an_index_of_olds_cannot_be_worked_out_is_held() {
    let indexes = "create index on t ((code::bigint)); create unique index on u ((code::bigint));
                   create index \"a USING b\" on p (id) where code::bigint > 0; create index on l0 using hash ((code::bigint));
                   create index on w ((w.* is not null)) where code is not null";
    let both = "create table t (id int primary key, code text); create table u (id int primary key, code text);
                create table p (id int primary key, code text); create table w (id int primary key, code text);
                create table l (id int primary key, code text) partition by range (id);
                create table l0 partition of l for values from (0) to (100);
                create table l1 partition of l for values from (100) to (200)";
    let rows = ["t", "u", "p", "w", "l"].map(|table| format!("insert into {table} values (6, 'A-17'), (7, '18'), (8, '19')"));
    let new = format!("{both}; {}; insert into l values (106, 'B-17')", rows.join("; "));
    let recovery = recovery(sides("worked_out", &format!("{both}; {indexes}"), &new), "");
    let report = plan(&recovery);
    let mut held: Vec<_> = report.rejects.iter().map(|one| format!("{} {} {}", one.table, one.example_key, one.rows)).collect();
    held.sort();
    assert_eq!(held, ["public.l 6 1", "public.p 6 1", "public.t 6 1", "public.u 6 1"]);
    assert!(report.rejects.iter().all(|one| one.cause.contains("22P02")), "{report:#?}");
    merge_check_undo(&recovery, State::VerifiedWithHeld, |old| {
        for table in ["t", "u", "p"] {
            assert_eq!(texts(old, &format!("select id from {table} order by id")), ["7", "8"], "{table}");
        }
        assert_eq!(texts(old, "select id from l order by id"), ["7", "8", "106"]);
    });
}

#[test]
fn what_old_has_no_place_for_stays_in_staging_and_is_counted() {
    let pair = sides(
        "new_only",
        // A column may be called as the companion is, which holds the value that numeric(4,2) as a number does not.
        "create table t (id int primary key, fb_exact text); insert into t values (1)",
        "create table t (id int primary key, fb_exact text, extra numeric(4,2));
         insert into t (id, extra) values (1, 1.5), (2, 'NaN'), (3, null), (4, 2);
         create table \"Fresh one\" (id int generated always as identity, note text,
             twice int generated always as (id * 2) stored);
         insert into \"Fresh one\" (note) select 'n' || i from generate_series(1, 7) i",
    );
    let recovery = Recovery::of(pair, Timestamp::now(), "");
    let exported = block_on(engine::export(&recovery.context)).expect("an export");
    let counted: Vec<_> = exported.unplaced.iter().map(|one| (one.table.as_str(), one.column.as_deref(), one.values)).collect();
    // The row that OLD has too is staged all the same, for the value that nothing else holds.
    assert_eq!(counted, [("public.Fresh one", None, 7), ("public.t", Some("extra"), 3)]);
    assert_eq!(exported.rows, 4 + 7);
    recovery.decide(NEW_WINS);
    block_on(engine::diff(&recovery.context)).expect("a diff");
    assert_eq!(plan(&recovery).actions.get(Action::Insert), 3);
    block_on(engine::merge(&recovery.context, MergeOptions::default())).expect("a merge");
    let verified = block_on(engine::verify(&recovery.context)).expect("a verification");
    let said = |words: &str| verified.not_covered.iter().any(|gap| gap.why.contains(words) || gap.table.contains(words));
    assert!(said("3 values of column extra") && said("Fresh one"), "{:#?}", verified.not_covered);
    assert_eq!((verified.outcomes.sum(), verified.outcomes.get(Outcome::NotCarried)), (exported.rows, 7));
    let staged = glob(recovery.folder(), "new-");
    assert_eq!(staged.len(), 2, "{staged:?}");
}

/// Lists the files below a folder whose names begin so.
fn glob(folder: &std::path::Path, start: &str) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries
        .flat_map(|path| if path.is_dir() { glob(&path, start) } else { vec![path] })
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(start)))
        .collect()
}

/// The key of a row that does not fit is shown, so that it can be found; its value only to those who ask.
#[test]
fn values_are_shown_on_request_alone() {
    let pair = sides(
        "shown",
        "create table t (id int primary key, name varchar(4))",
        "create table t (id int primary key, name text); insert into t values (77, 'precious')",
    );
    let recovery = recovery(pair, "");
    let run = recovery.store.folder().display().to_string();
    let said = |more: &[&str]| {
        let arguments = ["plan", "--old", &recovery.pair.old, "--run", &run];
        let output = support::failback(&[&arguments[..], more].concat());
        assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
        output.stdout
    };
    for form in [&[][..], &["--json"]] {
        let (hidden, shown) = (said(form), said(&[form, &["--show-values"]].concat()));
        assert!(hidden.contains("77") && !hidden.contains("precious"), "{hidden}");
        assert!(shown.contains("77") && shown.contains("precious"), "{shown}");
    }
}

#[test]
fn every_difference_is_named_before_it_is_met() {
    let pair = sides(
        "named",
        "create table t (id int primary key, a int, gone text, must text not null)",
        "create table t (id int primary key, a bigint, extra text); create table fresh (id int); insert into fresh values (1);
         create extension citext",
    );
    let recovery = Recovery::of(pair, Timestamp::now(), "");
    let found = block_on(engine::discover(&recovery.context)).expect("a discovery");
    let words = [
        "column a is integer on OLD and bigint on NEW",
        "column extra exists on NEW only",
        "column gone exists on OLD only",
        "column must exists on OLD only, is NOT NULL",
        "extension citext exists on NEW only",
    ];
    for words in words {
        assert!(found.notes.iter().any(|note| note.contains(words)), "{words}: {:#?}", found.notes);
    }
    let fresh = found.databases[0].left_out.iter().find(|one| one.name.to_string() == "public.fresh");
    assert!(fresh.is_some_and(|one| one.blocker && one.side == Side::New), "{fresh:?}");
}

/// Rows that only their bytes tell apart, with hashes and without: numbers of another scale, minus zero, a day of 24 hours.
#[test]
fn hashes_tell_apart_what_equality_does_not() {
    const COLUMNS: &str = "id int primary key, n numeric, f float8, i interval, j jsonb, s text, a float8[], c char(3), e mood";
    const SAME: &str = "1.0, '0', '1 day', '{\"a\": 1.0}', 'a', '{0}', 'x', 'ok'";
    let changes = [
        "n = 1.00",
        "f = '-0'",
        "i = '24:00'",
        "j = '{\"a\": 1.00}'",
        "s = 'a '",
        "a = '{-0}'",
        "c = null",
        "e = 'sad'",
        "s = null",
    ];
    // Comparing by values does not see n and f.
    for (way, missed) in [("hashes", 0), ("values", 2), ("rows", 0)] {
        let mood = "create type mood as enum ('ok', 'sad');";
        let table = format!("create table t ({COLUMNS}); insert into t select i, {SAME} from generate_series(1, 20) i;");
        let updates: Vec<_> = changes.iter().zip(1..).map(|(set, id)| format!("update t set {set} where id = {id};")).collect();
        let pair = sides(
            &format!("bytes_{way}"),
            // Other types first, so that the two servers number the enum's labels differently.
            &format!(
                "create type other as enum ('x', 'y', 'z'); {mood} {table} delete from t where id = 20; \
                 insert into t values (21, {SAME})"
            ),
            &format!("{mood} {table} {}", updates.join(" ")),
        );
        let recovery = Recovery::of(pair, Timestamp::now(), &format!("[tables.\"public.t\"]\ncompare_by = \"{way}\"\n"));
        let exported = block_on(engine::export(&recovery.context)).expect("an export");
        let found = &exported.tables[0];
        assert_eq!((found.candidates, found.absent), (changes.len() as u64 + 1 - missed, 1), "{way}");
    }
}
