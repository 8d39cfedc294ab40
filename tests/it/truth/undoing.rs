//! What an undo takes back, what it leaves, and that it names what it leaves.

use failback::engine::{DatabaseOutcome, LeftRows, MergeReport, State};
use failback::error::{ErrorKind, OldState};

use super::*;

pub(super) const DELETES: &str = "[defaults]\ndelete = \"apply_new\"\n";

pub(super) const KEEP: MergeOptions = MergeOptions { leave_held: true, fire_triggers: false, dry_run: false, again: false };

pub(super) fn merged(case: &Recovery) {
    planned(case);
    block_on(engine::merge(&case.context, KEEP)).expect("a merge");
}

pub(super) fn undo(case: &Recovery) -> MergeReport {
    block_on(engine::undo(&case.context, KEEP)).expect("an undo")
}

/// The keys that an undo left, as `table: key`.
pub(super) fn left(report: &MergeReport) -> Vec<String> {
    let of = |left: &LeftRows| left.keys.iter().map(|key| format!("{}: {key}", left.table)).collect::<Vec<_>>();
    report.databases.iter().flat_map(|database| &database.left).flat_map(of).collect()
}

/// The keys of rows that were as before the merge, as `table: key`.
pub(super) fn taken_back_before(report: &MergeReport) -> Vec<String> {
    let of = |rows: &LeftRows| rows.keys.iter().map(|key| format!("{}: {key}", rows.table)).collect::<Vec<_>>();
    report.databases.iter().flat_map(|database| &database.taken_back).flat_map(of).collect()
}

pub(super) fn texts(url: &str, table: &str) -> Vec<String> {
    let rows = support::rows(url, &format!("select t::text from {table} t order by 1"));
    rows.into_iter().map(|mut row| row.remove(0).expect("a row")).collect()
}

pub(super) const NOTES: &str = "create table notes (id int primary key, body text, created_at timestamptz default '2020-01-01',
                         updated_at timestamptz default '2020-01-01');
                     insert into notes values (1, 'a'), (2, 'b'), (3, 'c')";

#[test]
fn a_row_that_was_written_since_stays_and_is_named_and_the_rest_goes_back() {
    let new = "update notes set body = 'x', updated_at = now() where id in (1, 2); delete from notes where id = 3;
               insert into notes values (4, 'd', now(), now()), (5, 'e', now(), now())";
    let case = recovery(pair("undo_moved", NOTES, new, ""), "");
    case.decide(DELETES);
    let before = texts(&case.pair.old, "notes");
    merged(&case);
    support::sql(
        &case.pair.old,
        "update notes set body = 'mine' where id in (2, 5); update notes set body = body where id = 4",
    );
    let report = undo(&case);
    assert_eq!(left(&report), ["public.notes: id = 2", "public.notes: id = 4", "public.notes: id = 5"]);
    assert_eq!(report.rows(), 2, "one update and one delete are taken back");
    let mine = |id: i32| texts(&case.pair.old, &format!("(select id, body from notes where id = {id})"));
    assert_eq!((mine(2), mine(5)), (vec!["(2,mine)".to_owned()], vec!["(5,mine)".to_owned()]));
    let refused = block_on(engine::merge(&case.context, KEEP)).expect_err("some rows are merged still");
    assert_eq!((refused.kind(), refused.old_state()), (ErrorKind::Refused, Some(&OldState::NotWritten)));
    let rest = block_on(engine::verify(&case.context)).expect("what was left is read back");
    assert_eq!((rest.tables[0].checked, rest.tables[0].written_since), (3, 2), "{rest:#?}");
    assert_eq!(rest.outcomes.get(engine::Outcome::TakenBack), 2);
    // The values of the merge do not make a row the merge's again; those of before are what an undo would bring.
    support::sql(&case.pair.old, "update notes set body = 'x' where id = 2; delete from notes where id > 3");
    assert_eq!(left(&undo(&case)), ["public.notes: id = 2"]);
    support::sql(&case.pair.old, "update notes set body = 'b', updated_at = '2020-01-01' where id = 2");
    assert_eq!(left(&undo(&case)), [""; 0]);
    assert_eq!(texts(&case.pair.old, "notes"), before);
    let again = undo(&case);
    assert_eq!((again.rows(), again.databases[0].outcome), (0, engine::DatabaseOutcome::DoneBefore));
}

#[test]
fn a_row_whose_column_that_only_old_has_was_filled_in_since_stays() {
    let pair = pair("undo_own", NOTES, "insert into notes values (4, 'd', now(), now()), (5, 'e', now(), now())", "");
    support::sql(&pair.old, "alter table notes add column checked_by text");
    let case = recovery(pair, "");
    merged(&case);
    support::sql(&case.pair.old, "update notes set checked_by = 'ann' where id = 4");
    let report = undo(&case);
    assert_eq!(left(&report), ["public.notes: id = 4"]);
    assert_eq!(texts(&case.pair.old, "(select id, checked_by from notes where id > 3)"), ["(4,ann)"]);
}

#[test]
fn a_column_that_came_since_is_no_obstacle_and_what_stands_in_it_is_not_lost() {
    let new = "update notes set body = 'x', updated_at = now() where id = 1;
               insert into notes values (4, 'd', now(), now()), (5, 'e', now(), now())";
    let case = recovery(pair("undo_altered", NOTES, new, ""), "");
    merged(&case);
    support::sql(&case.pair.old, "alter table notes add column tag text; update notes set tag = 'kept' where id in (1, 5)");
    let report = undo(&case);
    assert_eq!(left(&report), ["public.notes: id = 5"]);
    assert_eq!(texts(&case.pair.old, "(select id, body, tag from notes)"), ["(1,a,kept)", "(2,b,)", "(3,c,)", "(5,e,kept)"]);
}

#[test]
fn a_table_that_has_lost_a_column_stays_and_the_others_go_back() {
    let both =
        format!("{NOTES}; create table other (id int primary key, body text, created_at timestamptz, updated_at timestamptz)");
    let new = "update notes set body = 'x', updated_at = now() where id = 1; insert into other values (1, 'n', now(), now())";
    let case = recovery(pair("undo_dropped", &both, new, ""), "");
    merged(&case);
    support::sql(&case.pair.old, "alter table notes drop column body");
    let report = undo(&case);
    assert_eq!(left(&report), ["public.notes: id = 1"]);
    assert_eq!(texts(&case.pair.old, "other"), [""; 0]);
}

#[test]
fn a_parent_with_a_child_of_olds_stays_and_a_child_does_not_come_back_to_a_stranger() {
    let both = "create table parent (id int primary key, note text, created_at timestamptz, updated_at timestamptz);
                create table child (id int primary key, parent int references parent, created_at timestamptz,
                    updated_at timestamptz);
                insert into parent values (1, 'a', '2020-01-01', '2020-01-01');
                insert into child values (1, 1, '2020-01-01', '2020-01-01')";
    let new = "insert into parent values (2, 'n', now(), now()); insert into child values (2, 2, now(), now());
               delete from child where id = 1; delete from parent where id = 1";
    let case = recovery(pair("undo_family", both, new, ""), "");
    case.decide(DELETES);
    merged(&case);
    support::sql(&case.pair.old, "insert into child values (9, 2); insert into parent values (1, 'stranger')");
    let report = undo(&case);
    assert_eq!(left(&report), ["public.parent: id = 1", "public.parent: id = 2", "public.child: id = 1"]);
    assert_eq!(texts(&case.pair.old, "(select id, parent from child)"), ["(9,2)"]);
    assert_eq!(texts(&case.pair.old, "(select id, note from parent)"), ["(1,stranger)", "(2,n)"]);
}

#[test]
fn a_unique_value_that_others_have_taken_since_is_theirs() {
    let both = "create table t (id int primary key, code text unique, updated_at timestamptz default '2020-01-01');
                insert into t values (1, 'a'), (2, 'b')";
    let case = recovery(
        pair("undo_unique", both, "update t set code = 'c', updated_at = now() where id = 1; delete from t where id = 2", ""),
        "",
    );
    case.decide(DELETES);
    merged(&case);
    support::sql(&case.pair.old, "insert into t values (7, 'a'), (8, 'b')");
    assert_eq!(left(&undo(&case)), ["public.t: id = 1", "public.t: id = 2"]);
    assert_eq!(texts(&case.pair.old, "(select id, code from t)"), ["(1,c)", "(7,a)", "(8,b)"]);
}

#[test]
fn a_row_that_old_no_longer_takes_stays_as_it_was_merged() {
    let both = "create table t (id int primary key, price int, updated_at timestamptz default '2020-01-01');
                insert into t values (1, -5), (2, 7)";
    let case = recovery(pair("undo_check", both, "update t set price = 3, updated_at = now()", ""), "");
    merged(&case);
    support::sql(&case.pair.old, "alter table t add check (price > 0)");
    assert_eq!(block_on(engine::verify(&case.context)).expect("a verification").state_of_rows(), State::Verified);
    assert_eq!(left(&undo(&case)), ["public.t: id = 1"]);
    assert_eq!(texts(&case.pair.old, "(select id, price from t)"), ["(1,3)", "(2,7)"]);
}

/// Two pairs of databases in one run.
fn two(test: &str) -> (Recovery, Pair) {
    let new = "insert into notes values (4, 'd', now(), now())";
    let (first, second) = (pair(&format!("{test}_a"), NOTES, new, ""), pair(&format!("{test}_b"), NOTES, new, ""));
    let names = vec![first.database.clone(), second.database.clone()];
    let mut case = recovery(first, "");
    let selection = case.context.selection().clone().with_databases(names);
    case.context = case.context.clone().with_selection(selection);
    (case, second)
}

#[test]
fn of_two_databases_none_is_merged_where_one_has_moved() {
    let (case, second) = two("two_moved");
    planned(&case);
    support::sql(&second.old, "insert into notes values (4, 'mine')");
    let refused = block_on(engine::merge(&case.context, KEEP)).expect_err("one has moved");
    assert_eq!((refused.kind(), refused.old_state()), (ErrorKind::Refused, Some(&OldState::RolledBack)), "{refused:?}");
    assert_eq!(texts(&case.pair.old, "(select id from notes)"), ["(1)", "(2)", "(3)"]);
    block_on(engine::diff(&case.context)).expect("a diff");
    block_on(engine::plan(&case.context)).expect("a plan");
    block_on(engine::merge(&case.context, KEEP)).expect("a merge");
    assert_eq!(texts(&case.pair.old, "(select id from notes)").len(), 4);
}

#[test]
fn a_database_that_could_not_commit_is_planned_anew_while_the_other_stands() {
    let (case, second) = two("two_stand");
    planned(&case);
    support::object_to_ledger(&second.old);
    let partly = block_on(engine::merge(&case.context, KEEP)).expect_err("the second objects");
    assert_eq!(partly.kind(), ErrorKind::PartlyChanged, "{partly:?}");
    support::sql(&second.old, "drop trigger object on failback.ledger; insert into notes values (4, 'mine')");
    let moved = block_on(engine::merge(&case.context, KEEP)).expect_err("it has moved");
    assert_eq!(moved.kind(), ErrorKind::Refused);
    assert!(moved.hints().iter().any(|hint| hint.contains("`failback diff` and `failback plan`")), "{:?}", moved.hints());
    let undone = block_on(engine::undo(&case.context, MergeOptions { dry_run: true, ..KEEP })).expect("a rehearsal");
    let outcomes: Vec<_> = undone.databases.iter().map(|database| database.outcome).collect();
    assert_eq!(outcomes, [DatabaseOutcome::Done, DatabaseOutcome::NeverMerged]);
    block_on(engine::diff(&case.context)).expect("a diff of the second");
    block_on(engine::plan(&case.context)).expect("a plan of the second");
    let report = block_on(engine::merge(&case.context, KEEP)).expect("a merge of the second");
    let outcomes: Vec<_> = report.databases.iter().map(|database| database.outcome).collect();
    assert_eq!(outcomes, [DatabaseOutcome::DoneBefore, DatabaseOutcome::Done]);
    assert_eq!(texts(&second.old, "(select id, body from notes where id = 4)"), ["(4,mine)"]);
    let undone = undo(&case);
    assert_eq!((undone.rows(), undone.left_rows()), (1, 0));
}

#[test]
fn of_two_databases_none_is_taken_back_where_one_cannot_be() {
    let (case, second) = two("two_back");
    merged(&case);
    let stands = || [&case.pair.old, &second.old].map(|url| texts(url, "(select id from notes)").len());
    // Its ledger does not take the entry: known before the first COMMIT.
    support::sql(
        &second.old,
        "create function no() returns trigger language plpgsql as $$ begin raise 'no'; end $$;
         create trigger no before insert on failback.ledger for each row execute function no();
         alter table failback.ledger enable always trigger no",
    );
    let failed = block_on(engine::undo(&case.context, KEEP)).expect_err("the second objects");
    assert_eq!((failed.old_state(), stands()), (Some(&OldState::RolledBack), [4, 4]), "{failed:?}");
    support::sql(&second.old, "drop trigger no on failback.ledger");
    assert_eq!((undo(&case).rows(), stands()), (2, [3, 3]));
}

#[test]
fn a_copy_of_old_that_has_the_merge_can_be_taken_back() {
    let case = recovery(pair("undo_copy", NOTES, "insert into notes values (4, 'd', now(), now())", ""), "");
    merged(&case);
    let server = support::server(failback::name::Side::Old).url("postgres");
    let name = &case.pair.database;
    support::sql(&server, &format!("alter database \"{name}\" rename to \"{name}_before\""));
    support::sql(&server, &format!("create database \"{name}\" template \"{name}_before\""));
    assert_eq!(undo(&case).rows(), 1);
    assert_eq!(texts(&case.pair.old, "notes").len(), 3);
}

const TWO_MORE: &str = "insert into notes values (4, 'd', now(), now()), (5, 'e', now(), now())";

#[test]
fn rows_that_somebody_took_back_are_counted_and_named() {
    let new =
        format!("{TWO_MORE}; update notes set body = 'x', updated_at = now() where id = 1; delete from notes where id = 3");
    let case = recovery(pair("undo_back", NOTES, &new, ""), "");
    case.decide(DELETES);
    merged(&case);
    support::sql(
        &case.pair.old,
        "delete from notes where id = 4; update notes set body = 'a', updated_at = '2020-01-01' where id = 1;
         insert into notes values (3, 'c')",
    );
    let report = undo(&case);
    let mut named = taken_back_before(&report);
    named.sort();
    assert_eq!(named, ["public.notes: id = 1", "public.notes: id = 3", "public.notes: id = 4"]);
    assert_eq!((report.rows(), report.left_rows(), report.rows_taken_back()), (1, 0, 3));
    assert_eq!(undo(&case).databases[0].outcome, DatabaseOutcome::DoneBefore, "every row is accounted for");
}

#[test]
fn a_row_that_was_given_another_key_since_is_left_and_named() {
    let case = recovery(pair("undo_rekeyed", NOTES, TWO_MORE, ""), "");
    merged(&case);
    support::sql(&case.pair.old, "update notes set id = 40, updated_at = now() where id = 4");
    let report = undo(&case);
    assert_eq!((left(&report), report.rows()), (vec!["public.notes: id = 4".to_owned()], 1));
    support::sql(&case.pair.old, "update notes set id = 4, updated_at = now() where id = 40");
    assert_eq!(left(&undo(&case)), ["public.notes: id = 4"], "it was written since");
    support::sql(&case.pair.old, "delete from notes where id = 4");
    let report = undo(&case);
    assert_eq!((report.rows(), report.left_rows(), report.rows_taken_back()), (0, 0, 1));
}

#[test]
fn rows_of_a_partition_that_has_left_the_table_are_left_until_it_is_back() {
    let both = "create table notes (id int primary key, body text, created_at timestamptz, updated_at timestamptz)
                    partition by range (id);
                create table low partition of notes for values from (0) to (5);
                create table high partition of notes for values from (5) to (9)";
    let both = &format!("{both}; insert into notes values (8, 'h', '2020-01-01', '2020-01-01')");
    let new = &format!("{TWO_MORE}; update notes set body = 'x', updated_at = now() where id = 8");
    let case = recovery(pair("undo_detached", both, new, ""), "");
    merged(&case);
    support::sql(&case.pair.old, "alter table notes detach partition high; alter table high rename to kept");
    let report = undo(&case);
    assert_eq!(
        (left(&report), report.rows()),
        (["public.notes: id = 5", "public.notes: id = 8"].map(str::to_owned).to_vec(), 1)
    );
    assert!(
        report.databases[0].left.iter().all(|left| left.why.contains("has left the table since: public.high")),
        "{report:?}"
    );
    let attach = "alter table notes attach partition kept for values from (5) to (9); alter table kept rename to high";
    support::sql(&case.pair.old, attach);
    let report = undo(&case);
    assert_eq!((report.rows(), report.left_rows(), report.rows_taken_back()), (2, 0, 0));
}

#[test]
fn rows_of_a_table_that_another_one_has_taken_the_name_of_are_left_until_it_has_it_again() {
    let new = format!("{TWO_MORE}; update notes set body = 'x', updated_at = now() where id = 1");
    let case = recovery(pair("undo_swapped", NOTES, &new, ""), "");
    support::sql(&case.pair.old, "create table spare (like notes including all); insert into spare select * from notes");
    merged(&case);
    let swap = |away: &str, into: &str| {
        support::sql(&case.pair.old, &format!("alter table notes rename to {away}; alter table {into} rename to notes"));
    };
    swap("kept", "spare");
    let report = undo(&case);
    let named = ["public.notes: id = 1", "public.notes: id = 4", "public.notes: id = 5"].map(str::to_owned);
    let mut found = left(&report);
    found.sort();
    assert_eq!((found, report.rows()), (named.to_vec(), 0));
    assert!(report.databases[0].left[0].why.ends_with("the one that the merge wrote is public.kept"), "{report:?}");
    swap("spare", "kept");
    assert_eq!((undo(&case).rows(), texts(&case.pair.old, "notes").len()), (3, 3));
}

#[test]
fn a_row_without_a_key_is_left_where_it_may_have_been_changed() {
    let both = "create table log (note text, created_at timestamptz, updated_at timestamptz)";
    let new = "insert into log values ('a', now(), now()), ('b', now(), now())";
    let case = recovery(pair("undo_keyless", both, new, ""), "");
    case.decide("[defaults]\nambiguous_missing_on_old = \"apply_new\"\n");
    merged(&case);
    support::sql(&case.pair.old, "update log set note = 'mine' where note = 'a'");
    let report = undo(&case);
    assert_eq!((report.rows(), report.left_rows(), report.rows_taken_back()), (1, 1, 0));
    support::sql(&case.pair.old, "delete from log");
    let report = undo(&case);
    assert_eq!((report.rows(), report.left_rows(), report.rows_taken_back()), (0, 0, 1), "nobody has written since");
}

#[test]
fn status_says_how_to_go_on_after_an_undo_that_was_committed_in_part() {
    let (case, second) = two("status_undo");
    planned(&case);
    block_on(engine::merge(&case.context, KEEP)).expect("a merge");
    let next = || block_on(engine::status(&case.context)).expect("a status").next;
    assert_eq!(next(), "verify");
    support::sql(
        &second.old,
        "create function failback.object() returns trigger language plpgsql as $$ begin raise 'no'; end $$;
         create constraint trigger object after insert on failback.ledger initially deferred for each row
             execute function failback.object();
         alter table failback.ledger enable always trigger object",
    );
    let partly = block_on(engine::undo(&case.context, KEEP)).expect_err("the second objects");
    assert_eq!((partly.kind().exit_code(), next()), (8, "undo"));
    support::sql(&second.old, "drop trigger object on failback.ledger; update notes set body = 'mine' where id = 4");
    assert_eq!((undo(&case).left_rows(), next()), (1, "undo"), "a row is left");
    support::sql(&second.old, "delete from notes where id = 4");
    assert_eq!((undo(&case).left_rows(), next()), (0, "merge"));
}

#[test]
fn status_does_not_guess_where_the_ledger_is_another_one() {
    let case = recovery(pair("status_elsewhere", NOTES, TWO_MORE, ""), "");
    merged(&case);
    let config = failback::config::Config::parse("ledger_schema = \"other\"", "failback.toml").expect("a configuration");
    let selection = engine::Selection::new(config).with_databases(vec![case.pair.database.clone()]);
    let status = block_on(engine::status(&case.context.clone().with_selection(selection))).expect("a status");
    let said = status.ledger[&case.pair.database].as_ref().expect_err("it is elsewhere");
    assert!(said.contains("meant to be in the schema other, and one is in failback"), "{said}");
    assert_eq!(status.next, "status");
}
