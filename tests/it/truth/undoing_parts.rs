//! A part of a merge is taken back: by table, by row, by what was merged as one. What stands and what does not is known to
//! OLD's ledger and to every verb, a later undo takes back the rest, and a merge carries the plan out again.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use failback::engine::{DatabaseOutcome, MergeReport, Outcome, State, UndoOf};
use failback::error::ErrorKind;

use super::undoing::{DELETES, KEEP, NOTES, left, merged, texts, undo};
use super::*;

const FAMILY: &str = "create table parent (id int primary key, note text, created_at timestamptz, updated_at timestamptz);
    create table child (id int primary key, parent int references parent on delete cascade, created_at timestamptz,
        updated_at timestamptz);
    insert into parent values (1, 'a', '2020-01-01', '2020-01-01'), (5, 'e', '2020-01-01', '2020-01-01');
    insert into child values (1, 1, '2020-01-01', '2020-01-01'), (5, 5, '2020-01-01', '2020-01-01')";

const CHANGES: &str = "insert into parent values (2, 'n', now(), now()), (3, 'n', now(), now());
    insert into child values (20, 2, now(), now()), (21, 2, now(), now()), (30, 3, now(), now());
    delete from child where id = 1; delete from parent where id = 1;
    update child set parent = 2, updated_at = now() where id = 5";

fn of_tables(tables: &[&str]) -> UndoOf {
    UndoOf { tables: tables.iter().map(ToString::to_string).collect(), ..UndoOf::default() }
}

fn of_row(table: &str, id: &str, unit: bool) -> UndoOf {
    UndoOf { rows: vec![vec![("id".to_owned(), id.to_owned())]], unit, ..of_tables(&[table]) }
}

fn try_part(case: &Recovery, of: &UndoOf) -> Result<MergeReport, Error> {
    block_on(engine::undo_part(&case.context, KEEP, of))
}

fn part(case: &Recovery, of: &UndoOf) -> MergeReport {
    try_part(case, of).expect("an undo of a part")
}

fn both(case: &Recovery, tables: [&str; 2]) -> [Vec<String>; 2] {
    tables.map(|table| texts(&case.pair.old, table))
}

#[test]
fn a_table_is_taken_back_and_the_other_stands_until_the_rest_is() {
    let two = format!("{NOTES}; create table other (like notes including all); insert into other select * from notes");
    let new = "update notes set body = 'x', updated_at = now() where id = 1; delete from notes where id = 3;
               insert into notes values (4, 'd', now(), now());
               update other set body = 'y', updated_at = now() where id = 2; insert into other values (9, 'o', now(), now())";
    let case = recovery(pair("undo_table", &two, new, ""), "");
    case.decide(DELETES);
    let before = both(&case, ["notes", "other"]);
    merged(&case);
    let after = both(&case, ["notes", "other"]);
    let report = part(&case, &of_tables(&["public.no*"]));
    assert_eq!((report.rows(), report.left_rows(), report.kept_rows()), (3, 0, 2));
    assert_eq!(both(&case, ["notes", "other"]), [before[0].clone(), after[1].clone()]);
    let again = part(&case, &of_tables(&["public.notes"]));
    assert_eq!((again.rows(), again.databases[0].outcome), (0, DatabaseOutcome::DoneBefore));
    let status = block_on(engine::status(&case.context)).expect("a status");
    assert_eq!(status.next, "undo");
    assert_eq!(engine::RunSummary::of(&case.store).expect("a summary").state, engine::RunState::UndoneInPart);
    let verified = block_on(engine::verify(&case.context)).expect("what stands is read back");
    assert_eq!(verified.tables.iter().map(|table| table.checked).collect::<Vec<_>>(), [2], "{verified:#?}");
    assert_eq!((verified.outcomes.get(Outcome::TakenBack), verified.outcomes.get(Outcome::Applied)), (3, 2));
    assert_eq!(verified.state_of_rows(), State::VerifiedWithHeld);
    let deeply = block_on(engine::verify_deeply(&case.context)).expect("by keys");
    assert_eq!(deeply.state_of_rows(), State::VerifiedWithHeld);
    let refused = block_on(engine::merge(&case.context, KEEP)).expect_err("a part stands");
    assert!(refused.kind() == ErrorKind::Refused && refused.hints().join(" ").contains("failback undo"), "{refused:?}");
    let rest = undo(&case);
    assert_eq!((rest.rows(), left(&rest)), (2, Vec::new()));
    assert_eq!(both(&case, ["notes", "other"]), before);
    // And what was taken back is carried out again, and taken back again.
    let back = block_on(engine::merge(&case.context, KEEP)).expect("the merge again");
    assert_eq!((back.rows(), both(&case, ["notes", "other"])), (5, after));
    let verified = block_on(engine::verify(&case.context)).expect("a verification");
    assert_eq!(verified.state_of_rows(), State::Verified);
    assert_eq!(undo(&case).rows(), 5);
    assert_eq!(both(&case, ["notes", "other"]), before);
}

#[test]
fn a_database_that_nobody_named_is_let_alone() {
    let new = "update notes set body = 'x', updated_at = now() where id = 1";
    let (first, second) = (pair("undo_part_one", NOTES, new, ""), pair("undo_part_two", NOTES, new, ""));
    let mut case = recovery(first, "");
    case.look_at(vec![case.pair.database.clone(), second.database.clone()]);
    merged(&case);
    let of = UndoOf { databases: vec![second.database.clone()], ..UndoOf::default() };
    let report = part(&case, &of);
    assert!(report.kept_rows() > 0, "what stands is counted: {report:#?}");
    let verified = block_on(engine::verify(&case.context)).expect("what stands is read back");
    assert_eq!(verified.outcomes.get(Outcome::TakenBack), report.rows(), "{verified:#?}");
    assert_eq!(verified.state_of_rows(), State::VerifiedWithHeld, "{verified:#?}");
    assert_eq!(verified.tables.iter().map(|table| table.checked).sum::<u64>(), report.kept_rows());
    assert_eq!(engine::RunSummary::of(&case.store).expect("a summary").state, engine::RunState::UndoneInPart);
    let outcomes: Vec<_> = report.databases.iter().map(|database| database.outcome).collect();
    assert_eq!(outcomes, [DatabaseOutcome::NotAsked, DatabaseOutcome::Done]);
    let bodies = |url: &str| texts(url, "(select body from notes)");
    assert_eq!((bodies(&case.pair.old), bodies(&second.old)), (strings(["b", "c", "x"]), strings(["a", "b", "c"])));
    assert_eq!(undo(&case).rows(), 1);
    assert_eq!(bodies(&case.pair.old), strings(["a", "b", "c"]));
}

fn strings<const N: usize>(rows: [&str; N]) -> Vec<String> {
    rows.map(|row| format!("({row})")).to_vec()
}

#[test]
fn what_was_merged_as_one_is_not_torn_apart() {
    let case = recovery(pair("undo_units", FAMILY, CHANGES, ""), "");
    case.decide(DELETES);
    let before = both(&case, ["parent", "child"]);
    merged(&case);
    let after = both(&case, ["parent", "child"]);
    let refused = try_part(&case, &of_row("public.parent", "2", false)).expect_err("its children came with it");
    assert_eq!(refused.kind(), ErrorKind::Refused, "{refused:?}");
    assert!(refused.causes().join(" ").contains("public.parent: id = 2"), "{refused:?}");
    assert!(refused.hints().join(" ").contains("--unit"), "{refused:?}");
    assert_eq!(both(&case, ["parent", "child"]), after, "nothing is written");
    let refused = try_part(&case, &of_row("public.child", "1", false)).expect_err("its parent went with it");
    assert!(refused.causes().join(" ").contains("child_parent_fkey"), "{refused:?}");
    // A child goes alone, and its parent stays.
    assert_eq!(part(&case, &of_row("public.child", "21", false)).rows(), 1);
    let report = part(&case, &of_row("public.parent", "2", true));
    assert_eq!(
        (report.rows(), report.kept_rows(), left(&report)),
        (3, 4, Vec::new()),
        "the parent, a child, and one that moved to it"
    );
    let ids = texts(&case.pair.old, "(select id, parent from child)");
    assert_eq!(ids, ["(30,3)", "(5,5)"]);
    assert_eq!(part(&case, &of_row("public.child", "1", true)).rows(), 2, "the child comes back with its parent");
    assert_eq!(undo(&case).rows(), 2);
    assert_eq!(both(&case, ["parent", "child"]), before);
    assert_eq!(undo(&case).databases[0].outcome, DatabaseOutcome::DoneBefore);
}

#[test]
fn values_that_moved_between_rows_hang_together() {
    let tables = "create table t (id int primary key, code text unique, updated_at timestamptz default '2020-01-01');
                  insert into t values (1, 'a'), (2, 'b'), (3, 'c')";
    let new = "begin; update t set code = 'z', updated_at = now() where id = 1;
               update t set code = 'a', updated_at = now() where id = 2; commit;
               update t set code = 'q', updated_at = now() where id = 3";
    let case = recovery(pair("undo_values", tables, new, ""), "");
    let before = texts(&case.pair.old, "t");
    merged(&case);
    let refused = try_part(&case, &of_row("public.t", "1", true)).expect_err("another row has its value");
    assert!(refused.causes().join(" ").contains("t_code_key"), "{refused:?}");
    let mut two = of_row("public.t", "1", false);
    two.rows.push(vec![("id".to_owned(), "2".to_owned())]);
    assert_eq!(part(&case, &two).rows(), 2);
    assert_eq!(undo(&case).rows(), 1);
    assert_eq!(texts(&case.pair.old, "t"), before);
}

#[test]
fn what_others_have_written_since_is_left_of_a_part_too() {
    let new = "update notes set body = 'x', updated_at = now() where id in (1, 2, 3)";
    let case = recovery(pair("undo_part_left", NOTES, new, ""), "");
    merged(&case);
    support::sql(&case.pair.old, "update notes set body = 'mine' where id = 1");
    let mut two = of_row("public.notes", "1", false);
    two.rows.push(vec![("id".to_owned(), "2".to_owned())]);
    let report = part(&case, &two);
    assert_eq!((report.rows(), left(&report), report.kept_rows()), (1, vec!["public.notes: id = 1".to_owned()], 1));
    let rest = undo(&case);
    assert_eq!((rest.rows(), left(&rest)), (1, vec!["public.notes: id = 1".to_owned()]));
    assert_eq!(texts(&case.pair.old, "(select id, body from notes)"), ["(1,mine)", "(2,b)", "(3,c)"]);
}

#[test]
fn rows_of_a_table_without_a_key_are_named_by_their_digest() {
    let tables = "create table log (note text); insert into log values ('base')";
    let case = recovery(pair("undo_part_keyless", tables, "insert into log values ('a'), ('a'), ('b')", ""), "");
    case.decide("[defaults]\nambiguous_missing_on_old = \"apply_new\"\n");
    merged(&case);
    let digest = support::value(&case.pair.old, "select md5(textsend(row('b'::text)::text))").expect("a digest");
    let run = case.folder().join("run").display().to_string();
    let shown = support::failback(&["show", "public.log", "--run", &run, "--json"]);
    let rows: serde_json::Value = serde_json::from_str(&shown.stdout).expect("JSON");
    let key = rows["rows"].as_array().expect("rows").iter().map(|row| row["key"].as_object().expect("a key").clone());
    let key = key.into_iter().find(|key| key.values().any(|value| value == digest.as_str())).expect("b's");
    let key = key.into_iter().map(|(name, value)| (name, value.as_str().expect("a text").to_owned())).collect();
    let report = part(&case, &UndoOf { rows: vec![key], ..of_tables(&["public.log"]) });
    assert_eq!((report.rows(), report.kept_rows()), (1, 2));
    assert_eq!(texts(&case.pair.old, "log"), ["(a)", "(a)", "(base)"]);
    assert_eq!(undo(&case).rows(), 2);
    assert_eq!(texts(&case.pair.old, "log"), ["(base)"]);
}

#[test]
fn a_part_is_named_on_the_command_line_and_an_undo_that_was_killed_is_run_again() {
    let case = recovery(pair("undo_part_killed", FAMILY, CHANGES, ""), "");
    case.decide(DELETES);
    let before = both(&case, ["parent", "child"]);
    merged(&case);
    let (run, address) = (case.folder().join("run").display().to_string(), support::address(&case.pair.old));
    let undo = ["undo", "--run", &run, "--old", &case.pair.old, "--confirm", &address];
    let said = |more: &[&str]| support::failback(&[&undo[..], more].concat());
    for (more, cause) in [
        (&["--tables", "public.nothing"][..], "the plan has no table that is meant"),
        (&["--tables", "public.child", "--row", "id=99"], "the plan writes no row id=99"),
        (&["--tables", "public.child", "--row", "nr=1"], "its key is id"),
        (&["--unit"], "--unit is about a part"),
        (&["--row", "id=1"], "--tables"),
    ] {
        let output = said(more);
        assert!(output.code == 2 && output.stderr.contains(cause), "{more:?}: {}{}", output.stdout, output.stderr);
    }
    let refused = said(&["--tables", "public.parent", "--row", "id=3"]);
    assert!(refused.code == 4 && refused.stderr.contains("not touched"), "{}{}", refused.stdout, refused.stderr);
    // One that is killed at any moment, some before and some after its COMMIT, leaves a ledger that knows.
    for wait in [20, 60, 100, 140, 180, 220, 260, 300, 400] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_failback"));
        command.args(undo).args(["--tables", "public.parent", "--row", "id=3", "--unit"]).env_clear();
        let home = case.folder().to_path_buf();
        let mut process = command.env("HOME", &home).current_dir(home).spawn().expect("the program");
        std::thread::sleep(Duration::from_millis(wait));
        let _ = process.kill();
        let _ = process.wait();
    }
    let output = said(&["--tables", "public.parent", "--row", "id=3", "--unit"]);
    assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
    let parts = "select count(*) from failback.ledger where action = 'undo_part'";
    assert_eq!(support::value(&case.pair.old, parts).as_deref(), Some("1"), "it was done once");
    let output = said(&["--json"]);
    assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
    assert_eq!(both(&case, ["parent", "child"]), before);
}

#[test]
fn an_undo_among_steady_writers_leaves_what_they_write_and_takes_back_the_rest() {
    let tables = "create table t (id int primary key, v int, updated_at timestamptz default '2020-01-01');
                  insert into t select g, 0 from generate_series(1, 3000) g";
    let case = recovery(pair("undo_steady", tables, "update t set v = 1, updated_at = now()", ""), "");
    merged(&case);
    let (stop, url) = (AtomicBool::new(false), case.pair.old.clone());
    let (report, written) = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut written = 0;
            while !stop.load(Ordering::Relaxed) && written < 3000 {
                written += 1;
                support::sql(&url, &format!("update t set v = 2 where id = {written}"));
            }
            written
        });
        std::thread::sleep(Duration::from_millis(100));
        let report = block_on(engine::undo(&case.context, KEEP));
        stop.store(true, Ordering::Relaxed);
        (report, writer.join().expect("a writer"))
    });
    let report = report.expect("an undo");
    assert!(report.rows() > 0 && report.left_rows() > 0, "{report:?}");
    let counted = |condition: &str| support::value(&case.pair.old, &format!("select count(*) from t where {condition}"));
    assert_eq!(counted("v = 1").as_deref(), Some("0"), "{written} written");
    assert_eq!(counted("v = 2"), Some(written.to_string()), "what was written since stays, or was written after the undo");
}
