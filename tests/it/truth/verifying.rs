//! What `verified` promises, and when it is not said.

use failback::engine::{Context, GapKind, State, VerifyReport};
use failback::pg::Endpoint;

use super::*;

const KEEP: MergeOptions = MergeOptions { leave_held: true, fire_triggers: false, dry_run: false, again: false };

const COMPARE: &str = "[tables.\"public.t\"]\nmethod = \"compare\"\n";

const T: &str = "create table t (id int primary key, body text, created_at timestamptz default '2020-01-01',
                     updated_at timestamptz default '2020-01-01');
                 insert into t values (1, 'a'), (2, 'b'), (3, 'c')";

const NEW: &str = "update t set body = 'x', updated_at = now() where id = 1; insert into t values (4, 'd', now(), now())";

fn merged(case: &Recovery) {
    case.decide("[defaults]\nambiguous_differs = \"apply_new\"\nambiguous_missing_on_old = \"apply_new\"\n");
    planned(case);
    block_on(engine::merge(&case.context, KEEP)).expect("a merge");
}

fn verified(case: &Recovery) -> VerifyReport {
    block_on(engine::verify(&case.context)).expect("a verification")
}

fn gaps(report: &VerifyReport) -> Vec<(&str, GapKind)> {
    report.not_covered.iter().map(|gap| (gap.table.as_str(), gap.of)).collect()
}

#[test]
fn only_what_was_looked_at_by_a_method_that_sees_everything_is_verified() {
    let case = recovery(pair("verify_all", T, NEW, ""), COMPARE);
    merged(&case);
    let report = verified(&case);
    assert_eq!((report.state, gaps(&report)), (State::Verified, vec![]));
}

#[test]
fn what_is_only_trusted_is_a_gap() {
    let case = recovery(pair("verify_trusted", T, NEW, ""), "");
    merged(&case);
    let report = verified(&case);
    assert_eq!(
        (report.state, gaps(&report)),
        (State::VerifiedWithGaps, vec![("public.t", GapKind::Inserts), ("public.t", GapKind::Updates)])
    );
}

#[test]
fn a_table_that_is_not_carried_is_a_gap_and_one_left_out_on_purpose_is_named() {
    let both = format!("{T}; create table v (id int primary key)");
    let case = recovery(pair("verify_chosen", &both, NEW, ""), &format!("{COMPARE}[tables.\"public.v\"]\nmethod = \"skip\"\n"));
    merged(&case);
    let report = verified(&case);
    assert_eq!(report.out_of_scope, [format!("{}: public.v", case.pair.database)]);
    assert_eq!(report.state, State::Verified, "{report:#?}");
    let new = format!("{NEW}; create table w (id int primary key); insert into w values (1)");
    let case = recovery(pair("verify_columns", T, &new, ""), COMPARE);
    merged(&case);
    let report = verified(&case);
    assert_eq!((report.state, gaps(&report)), (State::VerifiedWithGaps, vec![("public.w", GapKind::Rows)]));
}

/// A user of NEW's who may not ask a sequence where it is.
#[test]
fn numbers_that_new_does_not_tell_are_a_gap() {
    let both = format!("{T}; create sequence numbers; create table u (id serial primary key)");
    let mut case = recovery(pair("verify_numbers", &both, NEW, ""), COMPARE);
    let (role, url) = (format!("{}_reader", case.pair.database), case.pair.new.clone());
    support::sql(&url, &format!("create role {role} login password 'open'; grant select on t, u to {role}"));
    let login = crate::refusals::with_login(&url, &role, "open");
    let endpoint = Endpoint::resolve(Side::New, Some(&login), &|_| None).expect("an endpoint");
    let servers = case.context.servers().clone().with_endpoint(Side::New, endpoint);
    case.context = case.context.clone().with_servers(servers);
    case.choose("public.t");
    merged(&case);
    let report = verified(&case);
    // Those of tables that were not asked for are nobody's business.
    let numbers: Vec<_> = gaps(&report).into_iter().filter(|(_, of)| *of == GapKind::Numbers).collect();
    assert_eq!((report.state, numbers), (State::VerifiedWithGaps, vec![("public.numbers", GapKind::Numbers)]));
}

#[test]
fn what_others_wrote_since_is_told_apart_from_a_merge_that_failed() {
    let case = recovery(pair("verify_since", T, NEW, ""), COMPARE);
    merged(&case);
    support::sql(&case.pair.old, "update t set body = 'mine' where id = 1; delete from t where id = 4");
    let report = verified(&case);
    assert_eq!(report.state, State::VerifiedWithGaps, "{report:#?}");
    assert_eq!(gaps(&report), [("public.t", GapKind::WrittenSince)]);
    let table = &report.tables[0];
    assert_eq!(
        (table.mismatched, table.written_since, table.written_since_keys.clone()),
        (0, 2, vec!["1".to_owned(), "4".to_owned()])
    );
}

#[test]
fn a_row_that_bears_the_merges_transaction_and_is_another_is_a_mismatch() {
    let case = recovery(pair("verify_mismatch", T, NEW, ""), COMPARE);
    case.decide("[defaults]\nambiguous_differs = \"apply_new\"\nambiguous_missing_on_old = \"apply_new\"\n");
    planned(&case);
    // A trigger of OLD's changes what is merged, as only one that fires can.
    support::sql(
        &case.pair.old,
        "create function other() returns trigger language plpgsql as $$ begin new.body := 'other'; return new; end $$;
         create trigger other before insert on t for each row execute function other()",
    );
    planned_again(&case);
    block_on(engine::merge(&case.context, MergeOptions { fire_triggers: true, ..KEEP })).expect("a merge");
    let report = verified(&case);
    assert_eq!(report.state, State::NotVerified);
    assert_eq!(report.tables[0].mismatched_keys, ["4"]);
}

/// A run of its own for what has changed since the export.
fn planned_again(case: &Recovery) {
    for file in ["manifest.json", "diff.json", "plan.json", "run.json"] {
        let _ = std::fs::remove_file(case.folder().join("run").join(file));
    }
    planned(case);
}

#[test]
fn what_another_run_had_brought_and_its_undo_took_away_is_not_verified() {
    let first = recovery(pair("verify_undone", T, NEW, ""), "");
    merged(&first);
    let Pair { database, old, new } = &first.pair;
    let pair = Pair { database: database.clone(), old: old.clone(), new: new.clone() };
    support::sql(new, "insert into t values (5, 'e', now(), now())");
    let second = recovery(pair, "");
    merged(&second);
    let taken_back = |report: &VerifyReport| gaps(report).into_iter().filter(|gap| gap.1 == GapKind::TakenBack).count();
    assert_eq!(taken_back(&verified(&second)), 0);
    block_on(engine::undo(&first.context, KEEP)).expect("an undo");
    let report = verified(&second);
    assert_eq!((report.state, taken_back(&report)), (State::VerifiedWithGaps, 1), "{report:#?}");
    let gap = report.not_covered.iter().find(|gap| gap.of == GapKind::TakenBack).expect("a gap");
    assert_eq!(gap.keys, ["1", "4"], "its rows, which this run had staged: {gap:?}");
    // Once it stands again there is nothing to say.
    block_on(engine::merge(&first.context, KEEP)).expect("a merge");
    assert_eq!(taken_back(&verified(&second)), 0);
}

#[test]
fn copies_without_a_key_that_others_deleted_or_added_since_are_told_apart_from_a_merge_that_failed() {
    let both = "create table log (note text, created_at timestamptz default '2020-01-01',
                    updated_at timestamptz default '2020-01-01');
                insert into log values ('gone'), ('gone too'), ('stays')";
    let new = "insert into log values ('twice'), ('twice'), ('once'); delete from log where note like 'gone%'";
    let case = recovery(pair("verify_keyless", both, new, ""), "");
    case.decide("[defaults]\nambiguous = \"apply_new\"\ndelete = \"apply_new\"\n");
    planned(&case);
    block_on(engine::merge(&case.context, KEEP)).expect("a merge");
    let found =
        |report: &VerifyReport| report.tables.iter().map(|table| (table.mismatched, table.written_since)).collect::<Vec<_>>();
    assert_eq!(found(&verified(&case)), [(0, 0)]);
    support::sql(
        &case.pair.old,
        "delete from log where ctid = (select max(ctid) from log where note = 'twice');
         update log set note = 'mine' where note = 'once'; insert into log values ('gone')",
    );
    let report = verified(&case);
    assert_eq!((found(&report), report.state), (vec![(0, 3)], State::VerifiedWithGaps), "{report:#?}");
}

#[test]
fn a_copy_without_a_key_that_the_merge_itself_wrote_otherwise_is_a_mismatch() {
    let both = "create table log (note text, created_at timestamptz default '2020-01-01',
                    updated_at timestamptz default '2020-01-01')";
    let case = recovery(pair("verify_keyless_other", both, "insert into log values ('a'), ('b')", ""), "");
    case.decide("[defaults]\nambiguous = \"apply_new\"\n");
    support::sql(
        &case.pair.old,
        "create function other() returns trigger language plpgsql as $$ begin
             if new.note = 'a' then new.note := 'other'; end if; return new; end $$;
         create trigger other before insert on log for each row execute function other()",
    );
    planned(&case);
    block_on(engine::merge(&case.context, MergeOptions { fire_triggers: true, ..KEEP })).expect("a merge");
    let report = verified(&case);
    assert_eq!((report.tables[0].mismatched, report.state), (1, State::NotVerified), "{report:#?}");
}

#[test]
fn another_server_is_not_the_one_that_was_merged_into() {
    let case = recovery(pair("verify_copy", T, NEW, ""), COMPARE);
    merged(&case);
    assert_eq!(verified(&case).state, State::Verified);
    let copy = support::third_of(&case.pair);
    let bin = crate::restore::scene::bin();
    let dump = std::process::Command::new(bin.join("pg_dump")).arg("--dbname").arg(&case.pair.old).output().expect("pg_dump");
    assert!(dump.status.success(), "{dump:?}");
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), &dump.stdout).expect("a dump");
    let mut load = std::process::Command::new(bin.join("psql"));
    load.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f"]).arg(file.path());
    let loaded = load.arg("--dbname").arg(&copy).output().expect("psql");
    assert!(loaded.status.success(), "{loaded:?}");
    let endpoint = Endpoint::resolve(Side::Old, Some(&copy), &|_| None).expect("an endpoint");
    let servers = case.context.servers().clone().with_endpoint(Side::Old, endpoint);
    let context = case.context.clone().with_servers(servers);
    let report = block_on(engine::verify(&context)).expect("a verification");
    assert_eq!(report.state, State::VerifiedWithGaps, "{report:#?}");
    let why = &report.not_covered.iter().find(|gap| gap.table == "*").expect("a gap").why;
    assert!(why.contains("another server than the one that was merged into"), "{why}");
    // What the copy looks like is no verdict of OLD.
    let status = |context: &Context| block_on(engine::status(context)).expect("a status");
    assert_eq!(status(&case.context).verified.as_deref(), Some("verified"));
    assert_eq!((status(&case.context).elsewhere, status(&context).elsewhere), (false, true));
}
