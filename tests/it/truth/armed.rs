//! What a baseline proves, which was kept before the cutover: what was deleted, and which side changed what; also where OLD
//! went on writing between the two.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::Duration;

use failback::config::Cutover;
use failback::delta::Class;
use failback::engine::Armed;
use failback::error::ErrorKind;
use failback::schema::{Covered, Method};
use failback::staging::{BaseUse, Baseline, TableRecord};
use failback::store::LocalStore;

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

/// Sets both sides up alike and keeps a baseline; lets both take the same writes before the cutover, and each its own after it.
fn armed(test: &str, both: &str, meanwhile: &str, writes: [&str; 2]) -> Recovery {
    armed_apart(test, "", both, "", meanwhile, writes)
}

/// The same, with a configuration, and where NEW takes writes of its own before the baseline.
fn armed_apart(test: &str, config: &str, both: &str, apart: &str, meanwhile: &str, [new, old]: [&str; 2]) -> Recovery {
    let pair = support::pair(test);
    let everywhere = |statements: &str| {
        for side in Side::BOTH {
            support::sql(pair.url(side), statements);
        }
    };
    everywhere(both);
    support::sql(&pair.new, apart);
    let pause = || std::thread::sleep(Duration::from_millis(20));
    let mut case = recovery(Pair { database: pair.database.clone(), old: pair.old.clone(), new: pair.new.clone() }, config);
    let path = case.folder().join("armed");
    let store = Arc::new(LocalStore::create(&path).expect("a folder"));
    let context = case.context.clone().with_store(store.clone());
    block_on(engine::arm(&context, support::digests_alone())).expect("a baseline");
    everywhere(meanwhile);
    pause();
    let cutover = Cutover::parse(&Timestamp::now().to_string()).expect("a cutover");
    pause();
    support::sql(&pair.new, new);
    support::sql(&pair.old, old);
    let (baseline, mark) = Baseline::read(store.as_ref()).expect("a baseline");
    let selection = case.context.selection().clone().with_cutover(Some(cutover)).with_mark(Some(Arc::new(mark)));
    let selection = selection.with_baseline(Some(Armed { baseline: Arc::new(baseline), store }));
    case.context = case.context.clone().with_selection(selection);
    case
}

fn table(case: &Recovery) -> TableRecord {
    discovered(case).expect("a discovery").databases.remove(0).tables.remove(0)
}

fn classes(case: &Recovery) -> BTreeMap<Class, u64> {
    case.up_to_plan().into_iter().map(|((_, class), rows)| (class, rows)).collect()
}

#[test]
fn what_was_deleted_and_who_changed_what_is_known_without_a_stamp() {
    let case = armed("armed_bare", BARE, "", WRITES);
    let record = table(&case);
    assert_eq!((record.method, record.base), (Method::Xid, Some(BaseUse::Yes)));
    assert_eq!(record.coverage.delete.word(), "yes");
    let expected = [
        (Class::Update, 1),
        (Class::Delete, 1),
        (Class::OldOnly, 1),
        // That a row was not there before the cutover does not say that it was not there at it.
        (Class::AmbiguousMissingOnOld, 1),
        (Class::AmbiguousMissingOnNew, 1),
        (Class::UpdateOriginDiffers, 2),
        (Class::UpdateDeleted, 1),
        (Class::DeleteOriginDiffers, 1),
        (Class::Convergent, 2),
    ];
    assert_eq!(classes(&case), BTreeMap::from(expected));
}

#[test]
fn what_both_sides_took_before_the_cutover_is_no_change_of_one_of_them() {
    let meanwhile =
        "update t set v = 'gap' where id in (11, 12, 13); insert into t values (40, 'gap'); delete from t where id = 14";
    // 11 is as in the baseline on NEW, and 12 on OLD, and both were written.
    let new = "update t set v = 'both' where id = 11";
    let old = "update t set v = 'both' where id = 12; delete from t where id = 40";
    let case = armed("armed_early", BARE, meanwhile, [new, old]);
    let expected = [(Class::AmbiguousMissingOnOld, 1), (Class::UpdateOriginDiffers, 2), (Class::Convergent, 1)];
    assert_eq!(classes(&case), BTreeMap::from(expected), "nothing may be overwritten, brought again or dropped");
}

#[test]
fn a_row_that_differed_before_the_baseline_is_no_write_of_news() {
    let both = "create table t (k numeric primary key, v text); insert into t values (1, 'both'), (2, 'both'), (3, 'both')";
    // OLD's server takes both spellings for one key.
    let apart = "update t set k = 1.0, v = 'apart' where k = 1; update t set k = 3.0, v = 'apart' where k = 3";
    let writes = ["update t set v = 'new' where k = 2", "update t set v = 'old' where k = 3"];
    let case = armed_apart("armed_drift", "", both, apart, "", writes);
    let found = classes(&case);
    assert_eq!((found.get(&Class::Update), found.get(&Class::Drift)), (Some(&1), Some(&1)), "{found:?}");
    assert_eq!(found.get(&Class::UpdateOriginDiffers), None, "NEW's row of 3 is as it was: {found:?}");
}

#[test]
fn without_transaction_ids_it_is_trusted() {
    let both = "create table t (v int); insert into t values (1), (1), (2), (3)";
    let case =
        armed("armed_keyless", both, "", ["delete from t where v = 2; insert into t values (4)", "delete from t where v = 3"]);
    let record = table(&case);
    assert!(matches!(&record.coverage.update, Covered::Trusted { by } if by.contains("the baseline")), "{:?}", record.coverage);
    let expected = [(Class::Delete, 1), (Class::OldOnly, 1), (Class::AmbiguousMissingOnOld, 1)];
    assert_eq!(classes(&case), BTreeMap::from(expected));
}

#[test]
fn a_row_that_came_after_it_with_an_old_stamp_is_no_row_of_the_cutover() {
    let both = "create table t (id int primary key, v text, updated_at timestamptz);
                insert into t select g, 'both', '2020-01-01' from generate_series(1, 9) g";
    let row = |id: u32, side: &str, stamp: &str| format!("insert into t values ({id}, '{side}', {stamp})");
    let (old_stamp, now) = ("'2020-01-01'", "clock_timestamp()");
    let new = [(30, old_stamp), (31, now), (33, old_stamp)].map(|(id, stamp)| row(id, "new", stamp));
    let old = [(30, now), (31, old_stamp), (32, old_stamp)].map(|(id, stamp)| row(id, "old", stamp));
    // Whether transaction ids tell who wrote rows, or nothing does but their stamps.
    for (meanwhile, method) in [("vacuum full t", Method::Compare), ("", Method::Xid)] {
        let case = armed("armed_imported", both, meanwhile, [&new.join(";"), &old.join(";")]);
        assert_eq!(table(&case).method, method);
        let differs = if method == Method::Xid { Class::UpdateOriginDiffers } else { Class::AmbiguousDiffers };
        let expected = [
            // Under keys that both gave out neither side's row is an earlier state of the other's.
            (differs, 2),
            // What OLD made is not deleted, and what NEW made is not taken for a row that OLD deleted.
            (Class::AmbiguousMissingOnNew, 1),
            (Class::AmbiguousMissingOnOld, 1),
        ];
        assert_eq!(classes(&case), BTreeMap::from(expected), "{method:?}");
    }
}

#[test]
fn where_no_key_is_looked_at_a_baseline_finds_no_delete() {
    let both = "create table t (id int primary key, v text, updated_at timestamptz default '2020-01-01');
                insert into t select g, 'both' from generate_series(1, 9) g";
    let config = "[tables.\"public.t\"]\nmethod = \"timestamps_only\"\n";
    let case = armed_apart("armed_stamped", config, both, "", "", ["delete from t where id = 1", ""]);
    let record = table(&case);
    assert_eq!((record.method, &record.base), (Method::TimestampsOnly, &Some(BaseUse::Yes)));
    assert_eq!(record.coverage.delete.word(), "no", "{:?}", record.coverage);
    assert_eq!(classes(&case), BTreeMap::new());
}

#[test]
fn keys_of_every_lane_are_found_again() {
    for key in ["bigint", "numeric", "uuid", "timestamptz", "date", "text", "char(9)", "bytea"] {
        let value = |number: &str| match key {
            "uuid" => format!("('00000000-0000-0000-0000-' || lpad({number}::text, 12, '0'))::uuid"),
            "timestamptz" | "date" => format!("('2026-01-01'::date + {number})::{key}"),
            "bytea" => format!("decode(lpad({number}::text, 4, '0'), 'hex')"),
            _ => format!("{number}::text::{key}"),
        };
        let both = format!(
            "create table t (id {key} primary key, v text); insert into t select {}, 'both' from generate_series(1, 9) g",
            value("g")
        );
        let new = format!("delete from t where id = {}; update t set v = 'new' where id = {}", value("1"), value("2"));
        let old = format!("update t set v = 'old' where id = {}; delete from t where id = {}", value("1"), value("2"));
        let case = armed("armed_keys", &both, "", [&new, &old]);
        let expected = [(Class::UpdateDeleted, 1), (Class::DeleteOriginDiffers, 1)];
        assert_eq!(classes(&case), BTreeMap::from(expected), "{key}");
    }
}

#[test]
fn a_table_that_was_defined_otherwise_since_does_not_go_by_it() {
    for (both, said) in [
        ("alter table t add x int", "its columns are others"),
        ("alter table t alter v type varchar(20)", "its columns are others"),
        ("alter table t rename to u", "not in the baseline under that name"),
        ("alter table t drop constraint t_pkey; alter table t add primary key (id, v)", "another key"),
    ] {
        let case = armed("armed_redefined", BARE, both, ["", ""]);
        let Some(BaseUse::No { why }) = table(&case).base else { panic!("{both}: the baseline is used") };
        assert!(why.contains(said), "{both}: {why}");
    }
}

#[test]
fn a_baseline_that_is_late_or_of_another_server_is_refused() {
    let mut case = armed("armed_late", BARE, "", ["", ""]);
    let refuses = |case: &Recovery, said: &str| {
        let error = discovered(case).expect_err("it is of no use");
        assert_eq!(error.kind(), ErrorKind::Refused, "{error:?}");
        assert!(error.causes().iter().any(|cause| cause.contains(said)), "{error:?}");
    };
    let changed = |case: &Recovery, change: &dyn Fn(&mut Baseline)| {
        let armed = case.context.selection().baseline().expect("a baseline").clone();
        let mut baseline = armed.baseline.as_ref().clone();
        change(&mut baseline);
        let armed = Armed { baseline: Arc::new(baseline), ..armed };
        case.context.clone().with_selection(case.context.selection().clone().with_baseline(Some(armed)))
    };
    let context = case.context.clone();
    case.context = changed(&case, &|baseline| baseline.databases[0].clock_us += 3_600_000_000);
    refuses(&case, "after the cutover");
    case.context = context;
    case.context = changed(&case, &|baseline| baseline.databases[0].old.system_identifier = Some("1".to_owned()));
    refuses(&case, "another server");
}

#[test]
fn the_folder_is_private_holds_no_value_and_tells_damage() {
    let both = "create table t (id text primary key, v text); insert into t values ('key-of-a-row', 'value-of-a-row')";
    let case = armed("armed_private", both, "", ["update t set v = 'new'", ""]);
    let folder = case.folder().join("armed");
    let mode = |path: &std::path::Path| fs::metadata(path).expect("a file").permissions().mode() & 0o777;
    let mut waiting = vec![folder.clone()];
    let mut kept = None;
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            assert_eq!(mode(&path), 0o700);
            waiting.extend(fs::read_dir(&path).expect("a folder").map(|entry| entry.expect("an entry").path()));
            continue;
        }
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        let bytes = fs::read(&path).expect("a file");
        let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(!holds("key-of-a-row") && !holds("value-of-a-row"), "{}", path.display());
        if path.extension().is_some_and(|extension| extension == "parquet") {
            kept = Some(path);
        }
    }
    let kept = kept.expect("digests");
    let mut bytes = fs::read(&kept).expect("digests");
    bytes[40] ^= 1;
    fs::write(&kept, bytes).expect("damage");
    let error = block_on(engine::export(&case.context)).expect_err("the damage is seen");
    assert_eq!(error.kind(), ErrorKind::Damaged, "{error:?}");
}

#[test]
fn the_program_arms_and_goes_by_it() {
    let pair = support::pair("armed_cli");
    for side in Side::BOTH {
        support::sql(pair.url(side), BARE);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let servers = ["--old", pair.old.as_str(), "--new", pair.new.as_str(), "--databases", pair.database.as_str()];
    let run = |arguments: &[&str]| support::failback(&[arguments, servers.as_slice()].concat());
    let done = run(&["arm", "--out", &path("armed"), "--tables", "public.t"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(done.stdout.contains("public.t") && done.stdout.contains("20"), "{}", done.stdout);
    let again = run(&["arm", "--out", &path("armed")]);
    assert_eq!(again.code, 4, "{}", again.stderr);
    std::thread::sleep(Duration::from_millis(20));
    let cutover = Timestamp::now().to_string();
    support::sql(&pair.new, "delete from t where id = 1");
    support::sql(&pair.old, "update t set v = 'old' where id = 1");
    let (armed, kept_in) = (path("armed"), path("run"));
    let done = run(&["export", "--cutover", &cutover, "--baseline", &armed, "--run", &kept_in]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    let done = support::failback(&["diff", "--run", &kept_in, "--old", &pair.old]);
    assert!(done.stdout.contains("delete_origin_differs"), "{}{}", done.stdout, done.stderr);
}
