//! An export that is brought up to date is what one made then would be: whatever was written on either side in between, and
//! whatever was kept.

use std::collections::BTreeMap;

use failback::config::Cutover;
use failback::engine::{Selection, Servers, Stop};
use failback::error::{Error, ErrorKind};
use failback::name::Sided;
use failback::pg::{Endpoint, OldWrites};
use failback::staging::{Manifest, Segment, SegmentReader};
use failback::store::LocalStore;

use super::*;
use crate::support::Dice;

const TABLES: &str = "
    create table untouched (id int primary key, v text, updated_at timestamptz);
    create table stamped (id int primary key, v text, updated_at timestamptz);
    create table bare (id int primary key, v text);
    create table keyless (v text);
    create table parts (id int, part int, v text, primary key (id, part)) partition by list (part);
    create table parts_1 partition of parts for values in (1);
    create table parts_2 partition of parts for values in (2);
    create table other (id int primary key, v text);
    insert into untouched select g, 'both', '2020-01-01' from generate_series(1, 20) g;
    insert into stamped select g, 'both', '2020-01-01' from generate_series(1, 20) g;
    insert into bare select g, 'both' from generate_series(1, 20) g;
    insert into other select g, 'other' from generate_series(1, 20) g;
    insert into keyless select 'both ' || g % 7 from generate_series(1, 20) g;
    insert into parts select g, 1 + g % 2, 'both' from generate_series(1, 20) g";

/// What NEW took before the first export.
const FIRST: &str = "
    update untouched set v = 'new', updated_at = now() where id in (1, 2); delete from untouched where id = 3;
    update stamped set v = 'new', updated_at = now() where id in (1, 2); delete from bare where id = 3;
    insert into keyless values ('new'); update parts set v = 'new' where id in (1, 2)";

/// What either side may take after it.
const LATER: [&str; 18] = [
    "update stamped set v = 'later', updated_at = now() where id = 2",
    "update stamped set v = 'job' where id = 5",
    "update stamped set v = 'both' where id = 6",
    "delete from stamped where id in (1, 7)",
    "insert into stamped values (50, 'later', now())",
    "delete from stamped where id = 8; insert into stamped values (51, 'instead', '2020-01-01')",
    "update bare set v = 'later' where id = 5",
    "delete from bare where id = 6",
    "begin;update bare set v = 'never';rollback",
    "truncate bare",
    "vacuum full bare",
    "drop table bare; alter table other rename to bare; alter table bare add other int",
    "drop table bare; alter table other rename to bare",
    "delete from keyless where ctid = (select min(ctid) from keyless)",
    "insert into keyless values ('later')",
    "update parts set part = 2 where id = 4",
    "alter table parts detach partition parts_2",
    "alter table stamped add w text default 'w'",
];

/// What is staged of each table: how, and every row and key.
fn staged(store: &LocalStore) -> BTreeMap<String, Vec<String>> {
    let manifest = Manifest::read(store).expect("a manifest");
    let rows = |segment: &Segment| {
        let batches = SegmentReader::open(store, segment, 1_000).expect("a segment");
        batches.map(|batch| format!("{:?}", batch.expect("rows").columns())).collect::<Vec<_>>()
    };
    let mut found = BTreeMap::new();
    for table in &manifest.databases[0].tables {
        let mut said = vec![format!("{} {:?}", table.method.word(), table.drift)];
        said.extend(table.candidates.iter().flat_map(rows));
        said.push("absent".to_owned());
        said.extend(table.absent.iter().flat_map(rows));
        found.insert(table.name.to_string(), said);
    }
    found
}

fn paths(store: &LocalStore, table: &str) -> Vec<String> {
    let manifest = Manifest::read(store).expect("a manifest");
    let table = manifest.databases[0].tables.iter().find(|one| one.name.to_string() == table).expect("the table");
    table.candidates.iter().chain(&table.absent).map(|segment| segment.file.path.clone()).collect()
}

fn again(pair: &Pair) -> Pair {
    Pair { database: pair.database.clone(), old: pair.old.clone(), new: pair.new.clone() }
}

/// Another recovery of the same pair with the same cutover.
fn beside(case: &Recovery) -> Recovery {
    let cutover = case.context.selection().cutover().expect("a cutover");
    Recovery::of(again(&case.pair), cutover.text().parse().expect("an instant"), "")
}

/// Waits until no transaction is open in the server that began before its rows were written: else they may be written later.
fn let_others_end(url: &str) {
    block_on(async {
        let session = support::connect(url).await;
        let last: i64 = session.query_one("select txid_current()", &[]).await.expect("an id").get(0);
        let are_over = "select txid_snapshot_xmin(txid_current_snapshot()) > $1";
        while !session.query_one(are_over, &[&last]).await.expect("a snapshot").get::<_, bool>(0) {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    });
}

fn exported(test: &str) -> Recovery {
    let pair = pair(test, TABLES, FIRST, "");
    for side in Side::BOTH {
        let_others_end(pair.url(side));
    }
    let case = recovery(pair, "");
    block_on(engine::export(&case.context)).expect("an export");
    case
}

fn delta(case: &Recovery) -> Result<Vec<String>, Error> {
    block_on(engine::export_delta(&case.context)).map(|report| report.notes)
}

/// Expects that a run that is brought up to date is as one that is made now.
fn expect_as_made_now(case: &Recovery, what: &str) {
    delta(case).expect(what);
    let fresh = beside(case);
    block_on(engine::export(&fresh.context)).expect("an export");
    assert_eq!(staged(&case.store), staged(&fresh.store), "{what}");
    let compared = |case: &Recovery| block_on(engine::diff(&case.context)).expect("a diff").tables;
    let told = |case: &Recovery| compared(case).into_iter().map(|table| (table.table, table.counts)).collect::<Vec<_>>();
    assert_eq!(told(case), told(&fresh), "{what}");
}

#[test]
fn each_write_of_either_side_is_brought() {
    for side in Side::BOTH {
        for later in LATER {
            let case = exported("delta_each");
            let kept = paths(&case.store, "public.untouched");
            // VACUUM is in no transaction, and the others are to be written one by one.
            later.split("; ").for_each(|one| support::sql(case.pair.url(side), one));
            expect_as_made_now(&case, &format!("{side}: {later}"));
            // Where there is a table less or more, others have other numbers.
            if !later.contains("rename") && !later.contains("detach") {
                assert_eq!(paths(&case.store, "public.untouched"), kept, "{side}: {later}");
            }
        }
    }
}

#[test]
fn each_write_of_new_is_seen_and_none_of_olds() {
    for side in Side::BOTH {
        for later in LATER {
            let case = exported("delta_looked");
            let look = || block_on(engine::moved(&case.context));
            assert!(look().expect("a look").is_still(), "{side}: before {later}");
            later.split("; ").for_each(|one| support::sql(case.pair.url(side), one));
            match look() {
                Ok(seen) if side == Side::Old => assert!(seen.written.is_empty(), "OLD: {later}: {seen:?}"),
                // Nothing is left of what was rolled back.
                Ok(seen) if later.contains("rollback") => assert!(seen.is_still(), "{later}: {seen:?}"),
                Ok(seen) => assert!(!seen.is_still(), "NEW: {later}: {seen:?}"),
                Err(error) => assert!(later.contains("table"), "{side}: {later}: {error:?}"),
            }
        }
    }
}

#[test]
fn what_may_have_been_written_and_nobody_sees_yet_is_not_called_unwritten() {
    let case = exported("delta_open");
    let look = || block_on(engine::moved(&case.context)).expect("a look");
    let writer = block_on(support::connect(&case.pair.new));
    let after = |statements: &str| block_on(writer.batch_execute(statements)).expect("statements");
    let expect_told = |said: &str| {
        let seen = look();
        assert!(seen.written.is_empty() && seen.not_known.iter().any(|line| line.contains(said)), "{said}: {seen:?}");
    };
    after("begin; select * from bare; savepoint s; update bare set v = 'x' where id = 9");
    expect_told("public.bare: ");
    after("prepare transaction 'delta_open'");
    expect_told("the prepared transaction 'delta_open' has not ended");
    after("rollback prepared 'delta_open'");
    after("begin; create table born (id int)");
    expect_told("may have written or made a table");
    after("rollback; begin; select * from bare for share; lock bare in share mode");
    assert!(look().is_still(), "{:?}", look());
}

#[test]
fn many_writes_are_brought_and_brought_again() {
    let given = std::env::var("FAILBACK_DELTA_SEED").ok().map(|text| text.parse().expect("a seed"));
    let seed = given.unwrap_or_else(|| Timestamp::now().as_microsecond().unsigned_abs());
    let mut dice = Dice::seeded(seed);
    for _ in 0..4 {
        let case = exported("delta_many");
        for _ in 0..3 {
            let mut written = Vec::new();
            for _ in 0..dice.below(4) {
                let (side, later) = (Side::BOTH[dice.below(2)], LATER[dice.below(LATER.len())]);
                // What does not go through twice is no write.
                let done = later.split("; ").all(|one| {
                    block_on(async { support::connect(case.pair.url(side)).await.batch_execute(one).await.is_ok() })
                });
                written.push(format!("{side}: {later} ({done})"));
            }
            expect_as_made_now(&case, &format!("FAILBACK_DELTA_SEED={seed}: {written:?}"));
        }
    }
}

#[test]
fn what_nobody_wrote_is_kept_and_what_is_read_again_leaves_nothing_behind() {
    let case = exported("delta_kept");
    let [untouched, stamped] = ["public.untouched", "public.stamped"].map(|table| paths(&case.store, table));
    support::sql(&case.pair.new, "update stamped set v = 'later', updated_at = now() where id = 9");
    let notes = delta(&case).expect("an export");
    let said = format!("{}: 5 of 6 tables were not written since the last export, and are kept", case.pair.database);
    assert!(notes.contains(&said), "{notes:?}");
    assert_eq!(paths(&case.store, "public.untouched"), untouched);
    let now = paths(&case.store, "public.stamped");
    assert!(now.iter().all(|path| !stamped.contains(path)), "{now:?}");
    let is_there = |path: &String| case.folder().join("run").join(path).exists();
    assert!(now.iter().all(is_there) && !stamped.iter().any(is_there), "{stamped:?} and {now:?}");
}

#[test]
fn a_run_that_is_merged_or_was_exported_otherwise_is_left_alone() {
    let case = exported("delta_refused");
    let before = staged(&case.store);
    let mut other = beside(&case);
    other.keep_in(std::sync::Arc::new(case.store.clone()));
    let later = Cutover::parse("2026-01-01T00:00:00Z").expect("a cutover");
    let selection = other.context.selection().clone().with_cutover(Some(later));
    other.context = other.context.clone().with_selection(selection);
    let refused = |case: &Recovery, said: &str| {
        let error = delta(case).expect_err("it cannot be");
        assert_eq!(error.kind(), ErrorKind::Refused, "{error:?}");
        assert!(error.causes().iter().any(|cause| cause.contains(said)), "{error:?}");
    };
    refused(&other, "the cutover was");
    let empty = beside(&case);
    assert_eq!(delta(&empty).expect_err("nothing to bring up to date").kind(), ErrorKind::Refused);
    // Of another database, and of a table less.
    let mut other = beside(&case);
    other.keep_in(std::sync::Arc::new(case.store.clone()));
    let asked = other.context.selection().clone();
    other.context = other.context.clone().with_selection(asked.clone().with_databases(vec!["elsewhere".to_owned()]));
    refused(&other, "and elsewhere are asked for now");
    assert_eq!(block_on(engine::moved(&other.context)).expect_err("another database").kind(), ErrorKind::Refused);
    other.context = other.context.clone().with_selection(asked.with_tables(vec!["public.bare".to_owned()]));
    refused(&other, "public.untouched was carried, and would be left out");
    block_on(engine::diff(&case.context)).expect("a diff");
    block_on(engine::plan(&case.context)).expect("a plan");
    let options = MergeOptions { leave_held: true, ..MergeOptions::default() };
    block_on(engine::merge(&case.context, options)).expect("a merge");
    refused(&case, "merged");
    assert_eq!(staged(&case.store), before);
    // Whether NEW was written is seen all the same.
    assert!(block_on(engine::moved(&case.context)).expect("a look").is_still());
    support::sql(&case.pair.new, "update other set v = 'later' where id = 1");
    assert_eq!(block_on(engine::moved(&case.context)).expect("a look").written.len(), 1);
}

#[test]
fn what_a_run_holds_is_not_replaced_by_what_other_servers_have() {
    let case = exported("delta_elsewhere");
    block_on(engine::diff(&case.context)).expect("a diff");
    block_on(engine::plan(&case.context)).expect("a plan");
    let mut swapped = beside(&case);
    swapped.keep_in(std::sync::Arc::new(case.store.clone()));
    let other = |side| Endpoint::resolve(side, Some(case.pair.url(side.other())), &|_| None).expect("an endpoint");
    let endpoints = Sided { old: other(Side::Old), new: other(Side::New) };
    let servers = Servers::new(endpoints, Stop::default(), OldWrites::default());
    swapped.context = swapped.context.clone().with_servers(servers);
    let before = staged(&case.store);
    let expect_refused = || {
        let steps: [(&str, Option<Error>); 3] = [
            ("delta", delta(&swapped).err()),
            ("diff", block_on(engine::diff(&swapped.context)).err()),
            ("plan", block_on(engine::plan(&swapped.context)).err()),
        ];
        for (step, error) in steps {
            let error = error.unwrap_or_else(|| panic!("{step} went through"));
            assert_eq!(error.kind(), ErrorKind::Refused, "{step}: {error:?}");
        }
        assert_eq!(staged(&case.store), before);
    };
    expect_refused();
    let options = MergeOptions { leave_held: true, ..MergeOptions::default() };
    block_on(engine::merge(&case.context, options)).expect("a merge");
    expect_refused();
    // Nor where OLD has forgotten the merge that the run's journal has.
    support::sql(&case.pair.old, "drop schema failback cascade");
    for error in [delta(&case).err(), block_on(engine::plan(&case.context)).err()] {
        let error = error.expect("the journal has a merge");
        assert!(error.causes().iter().any(|cause| cause.contains("of which OLD's ledger knows nothing")), "{error:?}");
    }
}

#[test]
fn the_program_brings_the_newest_run_up_to_date() {
    let case = exported("delta_program");
    let run = case.folder().join("run");
    support::sql(&case.pair.new, "update bare set v = 'later' where id = 9");
    let told = support::failback(&[
        "export",
        "--delta",
        "--old",
        &case.pair.old,
        "--new",
        &case.pair.new,
        "--run",
        run.to_str().expect("a path"),
    ]);
    assert_eq!(told.code, 0, "{told:?}");
    let once = |database: &str| {
        let named = ["export", "--once", "--databases", database, "--old", &case.pair.old, "--new", &case.pair.new, "--run"];
        support::failback(&[&named[..], &[run.to_str().expect("a path")]].concat())
    };
    assert_eq!(once(&case.pair.database).code, 0);
    assert!(once("elsewhere").code == 4 && once("elsewhere").stderr.contains("asked for now"), "{:?}", once("elsewhere"));
    let look = ["export", "--look", "--run", run.to_str().expect("a path"), "--old", &case.pair.old, "--new", &case.pair.new];
    let looked = support::failback(&look);
    assert!(looked.code == 0 && looked.stdout.contains("NEW has written none of 6 tables"), "{looked:?}");
    support::sql(&case.pair.new, "delete from bare where id = 10");
    let round = support::failback(&[&look[..], &["--delta"]].concat());
    assert!(round.code == 3 && round.stdout.contains("! ") && round.stdout.contains("public.bare"), "{round:?}");
    assert_eq!(support::failback(&look).code, 0, "the round has brought it");
    assert!(told.stdout.contains("5 of 6 tables were not written since the last export, and are kept"), "{told:?}");
    let fresh = beside(&case);
    block_on(engine::export(&fresh.context)).expect("an export");
    assert_eq!(staged(&case.store), staged(&fresh.store));
}

/// Options that a run was exported with and that are forgotten would widen it, or lose what they found.
#[test]
fn what_comes_since_is_brought_with_the_options_of_then_or_not_at_all() {
    let compared = "[tables.\"public.stamped\"]\nmethod = \"compare\"\nwhy = \"jobs bypass the stamps\"\n";
    let case = recovery(pair("delta_options", TABLES, FIRST, ""), compared);
    let plain = beside(&case);
    let of = |selection: &Selection, tables: &[&str]| {
        let tables = tables.iter().map(|table| (*table).to_owned()).collect();
        case.context.clone().with_selection(selection.clone().with_tables(tables))
    };
    let own = case.context.selection();
    block_on(engine::export(&of(own, &["public.stamped", "public.bare"]))).expect("an export");
    let before = staged(&case.store);
    for (context, said) in [
        (of(own, &[]), "public.untouched was left out, and would be carried"),
        (of(own, &["public.stamped"]), "public.bare was carried, and would be left out"),
        (of(plain.context.selection(), &["public.stamped", "public.bare"]), "public.stamped was looked at by `compare`"),
    ] {
        let error = block_on(engine::export_delta(&context)).expect_err(said);
        assert_eq!(error.kind(), ErrorKind::Refused, "{said}: {error:?}");
        assert!(error.causes().join("; ").contains(said), "{said}: {error:?}");
        assert_eq!(staged(&case.store), before, "{said}");
    }
    block_on(engine::export_delta(&of(own, &["public.stamped", "public.bare"]))).expect("the options of then");
}
