//! What `status` and `verify` say of a run is what OLD's ledger says, whatever this folder knows.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use failback::config::Config;
use failback::engine::{GapKind, Outcome, RunState, RunSummary, Selection, State, StatusReport};
use failback::error::ErrorKind;
use failback::staging::{Intent, JournalRecord, Plan};
use failback::store::LocalStore;

use super::*;

const KEEP: MergeOptions = MergeOptions { leave_held: true, fire_triggers: false, dry_run: false, again: false };

const NOTES: &str = "create table notes (id int primary key, body text, created_at timestamptz default '2020-01-01',
                         updated_at timestamptz default '2020-01-01');
                     insert into notes values (1, 'a'), (2, 'b')";

const NEW: &str = "update notes set body = 'n', updated_at = now()";

/// A merge that was verified, of so many databases.
fn verified(test: &str, databases: usize) -> (Recovery, Vec<Pair>) {
    let mut pairs: Vec<_> = (0..databases).map(|number| pair(&format!("{test}_{number}"), NOTES, NEW, "")).collect();
    let names = pairs.iter().map(|pair| pair.database.clone()).collect();
    let mut case = recovery(pairs.remove(0), "");
    case.look_at(names);
    planned(&case);
    block_on(engine::merge(&case.context, KEEP)).expect("a merge");
    block_on(engine::verify(&case.context)).expect("a verification");
    (case, pairs)
}

fn status(case: &Recovery) -> StatusReport {
    block_on(engine::status(&case.context)).expect("a status")
}

/// The same run, in a copy of its folder.
fn copied(case: &Recovery) -> engine::Context {
    let copy = case.folder().join("copy");
    copy_folder(&case.folder().join("run"), &copy);
    case.context.clone().with_store(Arc::new(LocalStore::open(&copy).expect("the copy")))
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let place = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy_folder(&entry.path(), &place);
        } else {
            fs::copy(entry.path(), place).expect("a copy");
        }
    }
}

#[test]
fn a_verdict_does_not_outlive_an_undo_through_a_copy_of_the_folder() {
    let (case, _) = verified("states_copy", 1);
    assert_eq!(status(&case).verified.as_deref(), Some("verified_with_gaps"));
    let copy = copied(&case);
    block_on(engine::undo(&copy, KEEP)).expect("an undo");
    let found = status(&case);
    assert_eq!((found.verified, found.next), (None, "merge"));
    // The merge stands again, but it is another one than was verified.
    block_on(engine::merge(&copy, KEEP)).expect("a merge");
    let found = status(&case);
    assert_eq!((found.verified, found.next), (None, "verify"));
    block_on(engine::verify(&case.context)).expect("a verification");
    let found = status(&case);
    assert_eq!((found.verified.as_deref(), found.next), (Some("verified_with_gaps"), "nothing"));
    support::sql(&case.pair.old, "set session_replication_role = replica; update notes set body = 'altered' where id = 1");
    block_on(engine::verify(&case.context)).expect("a verification");
    let found = status(&case);
    assert_eq!((found.verified.as_deref(), found.next), (Some("verified_with_gaps"), "nothing"), "as somebody wrote since");
}

#[test]
fn after_a_verification_with_gaps_status_leads_to_what_says_how_they_are_closed() {
    let (case, _) = verified("states_next", 1);
    let run = case.folder().join("run").display().to_string();
    let asked = |verb: &str| support::failback(&[verb, "--run", &run, "--old", &case.pair.old]).stdout;
    let next = |said: &str| said.split_once("\nnext").map(|(_, next)| next.to_owned());
    let (verified, status) = (asked("verify"), asked("status"));
    // What is not covered is known to who has read OLD back: the run's files do not repeat it.
    assert!(next(&verified).is_some_and(|next| next.contains("failback discover")), "{verified}");
    assert!(next(&status).is_some_and(|next| next.contains("failback verify")), "{status}");
}

#[test]
fn an_undo_of_which_this_folder_knows_nothing_and_that_ended_in_part_is_to_be_gone_on_with() {
    let (case, others) = verified("states_half", 2);
    support::sql(
        &others[0].old,
        "create function failback.object() returns trigger language plpgsql as $$ begin raise 'no'; end $$;
         create constraint trigger object after insert on failback.ledger initially deferred for each row
             execute function failback.object();
         alter table failback.ledger enable always trigger object",
    );
    block_on(engine::undo(&copied(&case), KEEP)).expect_err("the second objects");
    let found = status(&case);
    assert_eq!((found.verified, found.next), (None, "undo"));
    let report = block_on(engine::verify(&case.context)).expect("what stands is read back");
    assert_eq!((report.outcomes.get(Outcome::Applied), report.outcomes.get(Outcome::TakenBack)), (2, 2), "{report:#?}");
    block_on(engine::undo(&case.context, KEEP)).expect_err("it still objects");
    support::sql(&others[0].old, "drop function failback.object() cascade");
    block_on(engine::undo(&case.context, KEEP)).expect("an undo");
    let refused = block_on(engine::verify(&case.context)).expect_err("all is taken back");
    assert!(refused.causes()[0].starts_with("the merge was taken back, at "), "{refused:?}");
}

#[test]
fn where_the_ledger_cannot_be_asked_a_verdict_is_the_journals_word() {
    let (case, _) = verified("states_unknown", 1);
    let config = Config::parse("ledger_schema = \"other\"", "failback.toml").expect("a configuration");
    let selection = Selection::new(config).with_databases(vec![case.pair.database.clone()]);
    let found = block_on(engine::status(&case.context.clone().with_selection(selection))).expect("a status");
    assert_eq!((found.verified.as_deref(), found.is_ledger_known()), (Some("verified_with_gaps"), false));
    let run = case.folder().join("run").display().to_string();
    let nowhere = "postgresql://postgres@127.0.0.1:1/postgres";
    let said = support::failback(&["status", "--run", &run, "--old", nowhere, "--new", &case.pair.new]);
    let line = "verified: verified_with_gaps by this run's journal; OLD's ledger could not be asked";
    assert!(said.stdout.contains(line), "{said:?}");
}

#[test]
fn after_an_undo_in_part_every_word_leads_on() {
    let (case, _) = verified("states_part", 1);
    support::sql(&case.pair.old, "update notes set body = 'user' where id = 1");
    let undo = || block_on(engine::undo(&case.context, KEEP)).expect("an undo");
    let entries = || support::value(&case.pair.old, "select string_agg(action, ' ' order by id) from failback.ledger");
    let report = undo();
    assert_eq!((report.rows(), report.left_rows(), status(&case).next), (1, 1, "undo"));
    let report = undo();
    assert_eq!((report.rows(), report.left_rows(), status(&case).next), (0, 1, "undo"));
    assert_eq!(entries().as_deref(), Some("merge undo_part"), "where nothing was taken back there is nothing to record");
    let rest = block_on(engine::verify(&case.context)).expect("what was left is read back");
    assert_eq!((rest.state, rest.tables[0].checked), (State::VerifiedWithGaps, 1), "{rest:#?}");
    assert_eq!(rest.outcomes.get(engine::Outcome::TakenBack), 1);
    let run = case.folder().join("run").display().to_string();
    let said = support::failback(&["status", "--run", &run, "--old", &case.pair.old, "--new", &case.pair.new]);
    assert!(said.stdout.contains(": undo in part of 1 row at "), "{said:?}");
    assert!(said.stdout.contains("; of the merge, 1 row stands still"), "{said:?}");
    assert!(said.stdout.contains("failback undo") && said.stdout.contains("failback export"), "{said:?}");
}

#[test]
fn an_undo_that_takes_nothing_back_leaves_a_merge_that_stands() {
    let (case, _) = verified("states_idle", 1);
    support::sql(&case.pair.old, "update notes set body = 'user'");
    let report = block_on(engine::undo(&case.context, KEEP)).expect("an undo");
    assert_eq!((report.rows(), report.left_rows()), (0, 2));
    let found = status(&case);
    assert_eq!((found.verified.as_deref(), found.next), (Some("verified_with_gaps"), "nothing"));
    let report = block_on(engine::verify(&case.context)).expect("a verification");
    assert_eq!((report.state, report.tables[0].written_since), (State::VerifiedWithGaps, 2));
}

#[test]
fn a_table_that_was_defined_otherwise_since_is_a_gap_and_the_others_are_read() {
    let both = format!(
        "{NOTES}; create table other (id int primary key, updated_at timestamptz default '2020-01-01');
         insert into other values (1)"
    );
    for (test, change, why) in [
        ("states_dropped", "alter table notes drop column body", "column body no longer exists on OLD"),
        ("states_retyped", "alter table notes alter id type bigint", "column id has changed its type on OLD"),
        ("states_gone", "drop table notes", "the table no longer exists on OLD"),
    ] {
        let case = recovery(pair(test, &both, &format!("{NEW}; update other set updated_at = now()"), ""), "");
        planned(&case);
        block_on(engine::merge(&case.context, KEEP)).expect("a merge");
        support::sql(&case.pair.old, change);
        let report = block_on(engine::verify(&case.context)).expect("a verification");
        assert_eq!(report.state, State::VerifiedWithGaps, "{report:#?}");
        let gap = report.not_covered.iter().find(|gap| gap.of == GapKind::MergedRows).expect("a gap");
        assert_eq!((gap.table.as_str(), gap.why.clone()), ("public.notes", format!("2 rows cannot be read back: {why}")));
        let read: Vec<_> = report.tables.iter().map(|table| (table.table.as_str(), table.checked)).collect();
        assert_eq!(read, [("public.other", 1)]);
    }
}

#[test]
fn a_merge_that_only_the_journal_knows_is_not_said_never_to_have_been() {
    let (case, _) = verified("states_dropped", 1);
    support::sql(&case.pair.old, "drop schema failback cascade");
    let error = block_on(engine::undo(&case.context, MergeOptions::default())).expect_err("nothing says what to take back");
    let causes = error.causes().join("; ");
    assert!(causes.contains("this run's journal has one that was committed") && !causes.contains("never made"), "{causes}");
    let found = status(&case);
    assert_eq!((found.verified, found.next, found.lost.len()), (None, "export", 1));
    let run = case.folder().join("run").display().to_string();
    let said = support::failback(&["status", "--run", &run, "--old", &case.pair.old, "--new", &case.pair.new]).stdout;
    assert!(said.contains("has one that was committed, at ") && !said.contains("nothing was merged"), "{said}");
    assert!(said.contains("failback export") && said.contains("--again"), "{said}");
    let error = block_on(engine::verify(&case.context)).expect_err("there is nothing to compare with");
    assert!(error.causes()[0].contains("has one that was committed"), "{error:?}");
    let again = MergeOptions { again: true, ..KEEP };
    for (options, why) in [(KEEP, "has one that was committed"), (again, "no longer as classified")] {
        let error = block_on(engine::merge(&case.context, options)).expect_err("the rows are there");
        assert_eq!(error.kind(), ErrorKind::Refused, "{error:?}");
        assert!(error.causes().iter().any(|cause| cause.contains(why)), "{why}: {error:?}");
    }
    let back = "set session_replication_role = replica; delete from notes; insert into notes values (1, 'a'), (2, 'b')";
    support::sql(&case.pair.old, back);
    assert!(block_on(engine::merge(&case.context, KEEP)).is_err(), "nobody has said that OLD was set back");
    assert_eq!(block_on(engine::merge(&case.context, again)).expect("a merge").rows(), 2);
    assert_eq!((status(&case).next, status(&case).lost.len()), ("verify", 0));
}

#[test]
fn a_merge_that_was_not_committed_is_in_doubt_until_the_ledger_was_asked() {
    let case = recovery(pair("states_doubt", NOTES, NEW, ""), "");
    planned(&case);
    let plan = Plan::read(&case.store).expect("a plan");
    let (plan, database) = (plan.databases[0].digest.clone(), plan.databases[0].name.clone());
    JournalRecord::MergeIntended(Intent { plan, database, restarted: false, live: false })
        .append(&case.store)
        .expect("an intent");
    let state = || RunSummary::of(&case.store).expect("a run").state;
    assert_eq!(state(), RunState::InDoubt);
    assert_eq!((status(&case).unended.len(), status(&case).next, state()), (0, "merge", RunState::Planned));
}
