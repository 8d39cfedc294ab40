//! What NEW's log proves beside transaction ids, which a slot keeps from a mark on: what each side had at the cutover of a row
//! that the other has no more.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arrow_array::cast::AsArray as _;
use failback::config::Cutover;
use failback::delta::Class;
use failback::engine::{ArmOptions, Armed};
use failback::schema::Method;
use failback::staging::{Baseline, DiffIndex, LogUse, Manifest, SegmentReader, TableRecord};
use failback::store::LocalStore;

use super::*;
use crate::support::Majors;

const BARE: &str = "create table t (id int primary key, v text); insert into t select g, 'both' from generate_series(1, 20) g";

/// Every line of the table of classes, by what each side does.
const WRITES: [&str; 2] = [
    "update t set v = 'new' where id in (2, 5, 8); delete from t where id in (3, 9);
     insert into t values (30, 'new'), (32, 'new')",
    "update t set v = 'old' where id in (4, 5, 9); delete from t where id in (7, 8);
     insert into t values (31, 'old'), (32, 'old')",
];

/// A recovery whose NEW keeps its log; the servers' versions are those of NEW's.
pub(super) struct Logged {
    pub(super) case: Recovery,
    pub(super) slot: Option<String>,
}

impl Drop for Logged {
    fn drop(&mut self) {
        if let Some(slot) = &self.slot {
            support::sql(&self.case.pair.new, &format!("select pg_drop_replication_slot('{slot}')"));
        }
    }
}

fn pause() {
    std::thread::sleep(Duration::from_millis(20));
}

/// Sets both sides up alike, lets OLD write once more, and arms NEW with a slot; lets NEW and OLD write before the cutover, and
/// since.
pub(super) fn logged_on(major: u32, test: &str, both: &str, meanwhile: [&str; 3], writes: [&str; 2]) -> Logged {
    let options = ArmOptions { patience: Duration::from_secs(30), slot: true, digests: false };
    armed_on(major, test, options, (both, meanwhile), writes)
}

/// The same, however it is armed.
pub(super) fn armed_on(
    major: u32,
    test: &str,
    options: ArmOptions,
    (both, meanwhile): (&str, [&str; 3]),
    [new, old]: [&str; 2],
) -> Logged {
    let pair = support::slotted_pair(test, major);
    for side in Side::BOTH {
        support::sql(pair.url(side), both);
    }
    support::sql(&pair.old, meanwhile[0]);
    let mut case = recovery(pair, "overlap = \"0s\"");
    let store = Arc::new(LocalStore::create(&case.folder().join("armed")).expect("a folder"));
    let context = case.context.clone().with_store(store.clone());
    block_on(engine::arm(&context, options)).expect("a slot");
    support::sql(&case.pair.new, meanwhile[1]);
    support::sql(&case.pair.old, meanwhile[2]);
    pause();
    let cutover = Cutover::parse(&Timestamp::now().to_string()).expect("a cutover");
    pause();
    support::sql(&case.pair.new, new);
    support::sql(&case.pair.old, old);
    let (baseline, mark) = Baseline::read(store.as_ref()).expect("a mark");
    let (baseline, mark) = (options.digests.then(|| Arc::new(baseline)), Arc::new(mark));
    let slot = mark.slots().next().map(|(_, slot)| slot.name.clone());
    let selection = case.context.selection().clone().with_cutover(Some(cutover)).with_mark(Some(mark));
    let selection = selection.with_baseline(baseline.map(|baseline| Armed { baseline, store }));
    case.context = case.context.clone().with_selection(selection);
    Logged { case, slot }
}

fn logged(test: &str, both: &str, writes: [&str; 2]) -> Logged {
    logged_on(Majors::installed().new, test, both, ["", "", ""], writes)
}

fn table(case: &Recovery) -> TableRecord {
    discovered(case).expect("a discovery").databases.remove(0).tables.remove(0)
}

fn exported(case: &Recovery) -> TableRecord {
    Manifest::read(&case.store).expect("a manifest").databases[0].tables[0].clone()
}

fn classes(case: &Recovery) -> BTreeMap<Class, u64> {
    case.up_to_plan().into_iter().map(|((_, class), rows)| (class, rows)).collect()
}

/// The evidence for each side, by class.
fn evidence(case: &Recovery) -> BTreeMap<String, [String; 2]> {
    let index = DiffIndex::read(&case.store).expect("a diff");
    let mut found = BTreeMap::new();
    for segment in index.databases.iter().flat_map(|database| &database.tables).flat_map(|table| &table.segments) {
        for batch in SegmentReader::open(&case.store, segment, 64).expect("a segment") {
            let batch = batch.expect("rows");
            let text = |name: &str, row| batch.column_by_name(name).expect("a column").as_string::<i32>().value(row).to_owned();
            let one = |row| (text("fb_class", row), ["fb_evidence_old", "fb_evidence_new"].map(|name| text(name, row)));
            found.extend((0..batch.num_rows()).map(one));
        }
    }
    found
}

#[test]
fn what_each_side_had_is_known_without_a_stamp() {
    for major in [Majors::installed().new, 17, 18] {
        let logged = logged_on(major, "logged_bare", BARE, ["", "", ""], WRITES);
        let record = table(&logged.case);
        assert_eq!((record.method, &record.log), (Method::Xid, &Some(LogUse::Yes)));
        let expected = [
            (Class::Insert, 1),
            (Class::Update, 1),
            (Class::Delete, 1),
            // 31, which OLD made, and 7, which OLD deleted.
            (Class::OldOnly, 2),
            (Class::UpdateOriginDiffers, 2),
            (Class::UpdateMissing, 1),
            (Class::DeleteOriginDiffers, 1),
        ];
        assert_eq!(classes(&logged.case), BTreeMap::from(expected), "{major}");
        assert_eq!(exported(&logged.case).log, Some(LogUse::Yes));
        let found = evidence(&logged.case);
        let of = |old: &str, new: &str| [old, new].map(str::to_owned);
        assert_eq!(found["insert"], of("two_way", "log"));
        assert_eq!(found["delete"], of("xid", "log"));
        assert_eq!(found["delete_origin_differs"], of("xid", "log"));
        assert_eq!(found["update"], of("xid", "log"));
        // Nothing is taken from the slot: it can be read again.
        assert_eq!(table(&logged.case).log, Some(LogUse::Yes));
    }
}

#[test]
fn a_row_that_new_never_got_is_not_taken_for_one_that_new_deleted() {
    let logged = logged_on(
        Majors::installed().new,
        "logged_undelivered",
        BARE,
        ["insert into t values (50, 'old')", "delete from t where id = 1; insert into t values (41, 'early')", ""],
        ["delete from t where id in (2, 41)", "insert into t values (40, 'old')"],
    );
    // Row 1 went before the cutover: the log says nothing sure of it, and ids say what they say. NEW's row 41 is no loss.
    let expected = [(Class::OldOnly, 1), (Class::Delete, 2), (Class::AmbiguousMissingOnNew, 1)];
    assert_eq!(classes(&logged.case), BTreeMap::from(expected));
}

#[test]
fn keys_of_every_kind_that_is_spelt_alike_are_found_again() {
    for key in ["smallint", "bigint", "uuid", "text", "varchar(50)", "date"] {
        let value = |number: &str| match key {
            "uuid" => format!("('00000000-0000-0000-0000-' || lpad({number}::text, 12, '0'))::uuid"),
            "date" => format!("'2026-01-01'::date + {number}"),
            "text" | "varchar(50)" => format!("'it''s \"' || E'\\n\\\\ new-tuple: id[text]:' || {number}::text"),
            _ => format!("{number}::{key}"),
        };
        let both = format!(
            "create table \"T t\" (\"Key [x]\" {key}, part int, v text, primary key (part, \"Key [x]\"));
             insert into \"T t\" select {}, 7, 'both' from generate_series(1, 9) g",
            value("g")
        );
        let new = format!(
            "delete from \"T t\" where \"Key [x]\" = {}; insert into \"T t\" values ({}, 7, 'new');
             update \"T t\" set \"Key [x]\" = {} where \"Key [x]\" = {}",
            value("1"),
            value("20"),
            value("21"),
            value("2")
        );
        let logged = logged("logged_keys", &both, [&new, ""]);
        let expected = [(Class::Insert, 2), (Class::Delete, 2)];
        assert_eq!(classes(&logged.case), BTreeMap::from(expected), "{key}");
        assert_eq!(exported(&logged.case).log, Some(LogUse::Yes), "{key}");
    }
}

#[test]
fn what_the_log_cannot_say_of_a_table_is_said_by_name() {
    for (both, meanwhile, said) in [
        ("alter table t replica identity nothing", "", "lacks column id"),
        ("create unique index u on t (id); alter table t replica identity using index u", "", ""),
        ("alter table t replica identity full", "", ""),
        ("", "alter table t replica identity full", "made since the mark"),
        ("", "alter table t replica identity nothing; alter table t replica identity default", "made since the mark"),
        ("alter table t alter id type numeric", "", "otherwise than a server does"),
    ] {
        let logged =
            logged_on(Majors::installed().new, "logged_tables", &format!("{BARE}; {both}"), ["", meanwhile, ""], WRITES);
        let record = table(&logged.case);
        assert_eq!(record.method, Method::Xid, "{both} {meanwhile}");
        match (record.log, said) {
            (Some(LogUse::Yes), "") => {}
            (Some(LogUse::No { why }), said) if !said.is_empty() => assert!(why.contains(said), "{both} {meanwhile}: {why}"),
            other => panic!("{both} {meanwhile}: {other:?}"),
        }
        let is_logged = said.is_empty();
        assert_eq!(classes(&logged.case).contains_key(&Class::Insert), is_logged, "{both} {meanwhile}");
    }
}

#[test]
fn a_slot_that_is_gone_foreign_or_read_on_is_said_and_ids_go_alone() {
    let new = Majors::installed().new;
    for act in ["drop", "foreign", "read on"] {
        let mut logged = logged_on(new, "logged_lost", BARE, ["", "", ""], WRITES);
        let name = logged.slot.clone().expect("a slot");
        let statement = match act {
            "read on" => format!("select count(*) from pg_logical_slot_get_changes('{name}', null, null)"),
            _ => format!("select pg_drop_replication_slot('{name}')"),
        };
        // A slot is read as far as the log is on disk.
        support::sql(&logged.case.pair.new, "checkpoint");
        support::sql(&logged.case.pair.new, &statement);
        if act == "foreign" {
            support::sql(&logged.case.pair.new, &format!("select pg_create_logical_replication_slot('{name}', 'pgoutput')"));
        } else if act == "drop" {
            logged.slot = None;
        }
        let discovery = discovered(&logged.case).expect("a discovery");
        let is_said = discovery.notes.iter().any(|note| note.contains("the slot on NEW is not used"));
        assert!(is_said, "{act}: {:?}", discovery.notes);
        let database = &discovery.databases[0];
        assert!(database.log.as_ref().is_some_and(|log| log.unused.is_some()), "{act}");
        assert_eq!(database.tables[0].log, None);
        let found = classes(&logged.case);
        assert_eq!(found[&Class::AmbiguousMissingOnOld], 2, "{act}: {found:?}");
    }
}
