//! What BASE proves, a third server that shows OLD as it was at the cutover: every class is exact, whatever the rows say.

use std::collections::BTreeMap;
use std::time::Duration;

use arrow_array::cast::AsArray as _;
use failback::config::Cutover;
use failback::delta::{Class, Evidence};
use failback::error::ErrorKind;
use failback::schema::{Covered, Method};
use failback::staging::{BaseUse, DiffIndex, SegmentReader, TableRecord};

use super::*;

const BARE: &str = "create table t (id int primary key, v text, w text default 'w');
     insert into t select g, 'both' from generate_series(1, 20) g";

/// Every line of the table of classes that leaves a difference. NEW's writes, and OLD's.
const WRITES: [&str; 2] = [
    "update t set v = 'new' where id in (2, 5, 8); update t set v = 'same' where id = 6; delete from t where id in (3, 9, 10);
     insert into t values (30, 'new'), (32, 'new'), (33, 'same')",
    "update t set v = 'old' where id in (4, 5, 9); update t set v = 'same' where id = 6; delete from t where id in (7, 8, 10);
     insert into t values (31, 'old'), (32, 'old'), (33, 'same')",
];

const CLASSES: [(Class, u64); 8] = [
    (Class::Insert, 1),
    (Class::Update, 1),
    (Class::Delete, 1),
    // 4, which OLD alone wrote; 7, which it deleted; 31, which it made.
    (Class::OldOnly, 3),
    (Class::InsertExists, 1),
    (Class::UpdateOriginDiffers, 1),
    (Class::UpdateDeleted, 1),
    (Class::DeleteOriginDiffers, 1),
];

/// Sets all three up alike, lets each side do its own work, and asks BASE.
fn based(test: &str, both: &str, [new, old]: [&str; 2], config: &str) -> Recovery {
    let pair = pair(test, both, new, old);
    let base = support::third_of(&pair);
    support::sql(&base, both);
    let mut case = recovery(pair, config);
    case.ask_base(&base);
    case
}

fn table(case: &Recovery) -> TableRecord {
    discovered(case).expect("a discovery").databases.remove(0).tables.remove(0)
}

fn classes(case: &Recovery) -> Vec<(Class, u64)> {
    let found = case.up_to_plan().into_iter().map(|((_, class), rows)| (class, rows));
    found.filter(|(class, _)| !class.is_settled()).collect()
}

/// The rows of the diff that have an `id`: by it their evidence, and the values of `v` on BASE, OLD and NEW.
fn diffed(case: &Recovery) -> BTreeMap<i32, (Vec<String>, [Option<String>; 3])> {
    let index = DiffIndex::read(&case.store).expect("a diff");
    let mut found = BTreeMap::new();
    for segment in index.databases.iter().flat_map(|database| &database.tables).flat_map(|table| &table.segments) {
        for batch in SegmentReader::open(&case.store, segment, 64).expect("a segment") {
            let batch = batch.expect("rows");
            let text = |name: &str, row| batch.column_by_name(name).expect("a column").as_string::<i32>().value(row).to_owned();
            for row in 0..batch.num_rows() {
                let images = ["base", "old", "new"].map(|name| batch.column_by_name(name).expect("an image").as_struct());
                let there = images.iter().filter(|image| arrow_array::Array::is_valid(*image, row));
                let id = there.map(|image| image.column(0).as_primitive::<arrow_array::types::Int32Type>().value(row)).max();
                let value = |image: &arrow_array::StructArray| {
                    arrow_array::Array::is_valid(image, row).then(|| image.column(1).as_string::<i32>().value(row).to_owned())
                };
                let evidence = ["fb_evidence_old", "fb_evidence_new"].map(|name| text(name, row)).to_vec();
                found.insert(id.expect("a row"), (evidence, images.map(value)));
            }
        }
    }
    found
}

#[test]
fn every_class_is_exact_without_a_stamp() {
    let case = based("base_bare", BARE, WRITES, "");
    let record = table(&case);
    assert_eq!((record.method, record.base), (Method::Compare, Some(BaseUse::Yes)));
    assert_eq!(classes(&case), CLASSES);
    let rows = diffed(&case);
    let both = vec![Evidence::Base.to_string(); 2];
    assert!(rows.values().all(|(evidence, _)| *evidence == both), "{rows:?}");
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(rows[&5].1, [some("both"), some("old"), some("new")]);
    assert_eq!(rows[&7].1, [some("both"), None, some("both")]);
    assert_eq!(rows[&30].1, [None, None, some("new")]);
}

#[test]
fn stamps_that_lie_change_no_class() {
    let both = format!(
        "create table t (id int primary key, v text, w text default 'w', created_at timestamptz, updated_at timestamptz);
         insert into t select g, 'both', 'w', '{}'::timestamptz - interval '1 day' * (g % 2) from generate_series(1, 20) g",
        Timestamp::now()
    );
    for config in ["", "[tables.\"public.t\"]\nmethod = \"compare\"\n"] {
        let case = based("base_stamps", &both, WRITES, config);
        assert_eq!(classes(&case), CLASSES, "{config}");
    }
}

#[test]
fn a_table_without_a_key_knows_which_copy_is_new() {
    let both = "create table t (v int); insert into t values (1), (1), (2), (2), (3)";
    let new = "insert into t values (1), (4); delete from t where ctid = (select min(ctid) from t where v = 2)";
    let case = based("base_keyless", both, [new, "delete from t where v = 3; insert into t values (5)"], "");
    assert_eq!(classes(&case), [(Class::Insert, 2), (Class::Delete, 1), (Class::OldOnly, 2)]);
}

#[test]
fn what_olds_own_columns_say_counts_for_a_delete() {
    let pair = pair(
        "base_extra",
        "create table t (id int primary key, v text); insert into t select g, 'both' from generate_series(1, 9) g",
        "delete from t where id in (1, 2); update t set v = 'new' where id = 3",
        "alter table t add own text default 'x'; update t set own = 'y' where id = 1",
    );
    let base = support::third_of(&pair);
    support::sql(&base, "create table t (id int primary key, v text, own text default 'x')");
    support::sql(&base, "insert into t select g, 'both' from generate_series(1, 9) g");
    let mut case = recovery(pair, "");
    case.ask_base(&base);
    assert_eq!(classes(&case), [(Class::Update, 1), (Class::Delete, 1), (Class::DeleteOriginDiffers, 1)]);
}

#[test]
fn a_table_that_was_defined_otherwise_since_does_not_go_by_base() {
    for (old, said) in [
        ("alter table t add x int", "column x is not defined"),
        ("alter table t drop w", "column w is not defined"),
        ("alter table t alter v type varchar(20)", "column v is not defined"),
    ] {
        let case = based("base_redefined", BARE, ["update t set v = 'new' where id = 1", old], "");
        let Some(BaseUse::No { why }) = table(&case).base else { panic!("{old}: BASE is used") };
        assert!(why.contains(said), "{why}");
        assert_eq!(classes(&case), [(Class::AmbiguousDiffers, 1)], "{old}");
    }
    let case = based("base_gone", BARE, ["update t set v = 'new' where id = 1", ""], "");
    support::sql(&support::third().url(&case.pair.database), "drop table t");
    assert_eq!(table(&case).base, Some(BaseUse::No { why: "BASE has no table of that name".to_owned() }));
}

#[test]
fn a_row_that_may_live_on_in_a_detached_partition_was_not_deleted_for_certain() {
    let both = "create table t (id int, part int, v text, primary key (id, part)) partition by list (part);
                create table t_one partition of t for values in (1); create table t_two partition of t for values in (2);
                insert into t values (1, 1, 'both'), (2, 2, 'both')";
    let case = based("base_detached", both, ["alter table t detach partition t_two; delete from t where id = 1", ""], "");
    assert!(!classes(&case).iter().any(|(class, _)| *class == Class::Delete));
}

#[test]
fn a_base_of_another_server_is_trusted_and_says_so() {
    let case = based("base_trusted", BARE, ["", ""], "");
    let record = table(&case);
    for covered in [&record.coverage.insert, &record.coverage.update, &record.coverage.delete] {
        let Covered::Trusted { by } = covered else { panic!("more than trusted: {covered:?}") };
        assert!(by.contains("nothing but your word"), "{by}");
    }
    assert!(discovered(&case).expect("a discovery").notes.iter().any(|note| note.contains("BASE is PostgreSQL")));
}

#[test]
fn rows_of_base_that_are_stamped_since_the_cutover_are_told_of() {
    let both = format!(
        "create table t (id int primary key, v text, updated_at timestamptz default '{}');
         insert into t select g, 'both' from generate_series(1, 9) g",
        Timestamp::now()
    );
    let case = based("base_late", &both, ["update t set v = 'new' where id < 3", ""], "");
    let report = block_on(engine::export(&case.context)).expect("an export");
    assert!(report.notes.iter().any(|note| note.contains("2 of BASE's rows are stamped since")), "{:?}", report.notes);
}

fn refuses(case: &Recovery, said: &str) {
    let error = discovered(case).expect_err("BASE is of no use");
    assert_eq!(error.kind(), ErrorKind::Refused, "{error:?}");
    assert!(error.causes().iter().any(|cause| cause.contains(said)), "{error:?}");
}

#[test]
fn old_or_new_itself_is_no_base() {
    for side in Side::BOTH {
        let mut case = based("base_self", BARE, ["", ""], "");
        let url = case.pair.url(side).to_owned();
        case.ask_base(&url);
        refuses(&case, &format!("{side}'s own server"));
    }
}

#[test]
fn a_standby_that_follows_its_primary_is_no_base() {
    let twins = support::Twins::standby("based", |url| support::sql(url, BARE));
    let new = support::third();
    support::sql(&new.url("postgres"), "drop database if exists based");
    support::sql(&new.url("postgres"), "create database based");
    let pair = Pair { database: "based".to_owned(), old: twins.original.url("based"), new: new.url("based") };
    let mut case = recovery(pair, "");
    case.ask_base(&twins.copy_url("based"));
    refuses(&case, "goes on replaying");
}

#[test]
fn one_that_was_restored_to_the_cutover_and_stands_there_proves_everything() {
    let mut cutover = Timestamp::UNIX_EPOCH;
    let pause = || std::thread::sleep(Duration::from_millis(50));
    let [new, old] = WRITES;
    let twins = support::Twins::restored(
        "restored",
        |url| support::sql(url, BARE),
        |url| {
            support::sql(url, "update t set w = 'late' where id < 15");
            pause();
            cutover = Timestamp::now();
            pause();
            support::sql(url, old);
            support::sql(url, "checkpoint");
            // `Z` is none of the zones that a server knows while it reads its settings.
            cutover.strftime("%Y-%m-%d %H:%M:%S.%6f+00").to_string()
        },
    );
    let on_new = support::server(Side::New);
    support::sql(&on_new.url("postgres"), "create database restored");
    let pair = Pair { database: "restored".to_owned(), old: twins.original.url("restored"), new: on_new.url("restored") };
    support::sql(&pair.new, BARE);
    support::sql(&pair.new, "update t set w = 'late' where id < 15");
    support::sql(&pair.new, new);
    let mut case = Recovery::of(pair, cutover, "");
    case.ask_base(&twins.copy_url("restored"));
    let record = table(&case);
    assert_eq!(record.coverage.delete.word(), "yes", "{:?}", record.coverage);
    assert_eq!(classes(&case), CLASSES);
    // One that has gone on past the cutover shows what OLD wrote since as if it had been there.
    let earlier = Cutover::parse(&(cutover - SignedDuration::from_mins(5)).to_string()).expect("a cutover");
    let selection = case.context.selection().clone().with_cutover(Some(earlier));
    case.context = case.context.clone().with_selection(selection);
    refuses(&case, "after the cutover");
}
