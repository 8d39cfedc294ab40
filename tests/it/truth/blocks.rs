//! Changed blocks: they give what the ids of all rows give, and where they cannot be known, it is said what is missing.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use failback::config::Cutover;
use failback::demo::{Cluster, ClusterOptions};
use failback::engine::ExportReport;
use failback::name::QualifiedName;
use failback::schema::{Covered, Method};
use failback::staging::{Manifest, Mark, Segment, SegmentReader, TableRecord};
use failback::statement::{self, CtidRange};

use super::*;
use crate::support::{Dice, Majors};

const TABLE: &str = "create table t (id int primary key, v text, big text)";
const ROWS: &str = "insert into t select g, 'both', repeat('x', 300) from generate_series(1, 20000) g";

/// A server of NEW's that summarises its log, OLD's database, and the mark.
struct Marked {
    new: Cluster,
    pair: Pair,
    mark: Mark,
}

/// Sets both sides up alike and marks them.
fn marked(name: &str, major: u32, both: &[&str]) -> Marked {
    let summaries = if major < 17 { &[][..] } else { &[("summarize_wal", "on")][..] };
    let settings = [("autovacuum", "off")].iter().chain(summaries);
    let settings = settings.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let options = ClusterOptions { label: name.replace('_', "-"), settings, ..ClusterOptions::default() };
    let new = Cluster::start(&support::binaries_of(Side::New, major), &options).expect("a server");
    let mut pair = support::pair(name);
    support::sql(&new.url("postgres"), &format!("create database {} template template0", pair.database));
    pair.new = new.url(&pair.database);
    for side in Side::BOTH {
        for statements in both {
            support::sql(pair.url(side), statements);
        }
    }
    // What the table was made by is older than the mark.
    support::sql(&pair.new, "checkpoint");
    let (mark, _) = block_on(engine::mark(&again(&pair, "").context, Duration::from_secs(5))).expect("a mark");
    std::thread::sleep(Duration::from_millis(20));
    Marked { new, pair, mark }
}

impl Marked {
    fn new_side(&self, statements: &str) {
        support::sql(&self.pair.new, statements);
    }

    /// Lets NEW summarise some of its log, and lists the files in their order.
    fn summaries(&self) -> Vec<PathBuf> {
        for _ in 0..3 {
            self.new_side("insert into t values (-1, '', ''); delete from t where id = -1; checkpoint");
            std::thread::sleep(Duration::from_millis(400));
        }
        let folder = self.new.data_dir().join("pg_wal/summaries");
        let mut files: Vec<_> = fs::read_dir(folder).expect("summaries").map(|entry| entry.expect("a file").path()).collect();
        files.sort();
        assert!(files.len() > 3, "{files:?}");
        files
    }

    /// A recovery of all tables by a method.
    fn by(&self, method: &str, tables: &[&str]) -> Recovery {
        let config: Vec<_> = tables.iter().map(|one| format!("[tables.\"public.{one}\"]\nmethod = \"{method}\"\n")).collect();
        let mut case = again(&self.pair, &config.concat());
        // No earlier than the mark, by whichever clock.
        let cutover = Cutover::parse(&Timestamp::now().to_string()).expect("a cutover");
        let selection = case.context.selection().clone().with_cutover(Some(cutover));
        case.context = case.context.clone().with_selection(selection.with_mark(Some(Arc::new(self.mark.clone()))));
        case
    }
}

/// Another recovery of the same databases.
fn again(pair: &Pair, config: &str) -> Recovery {
    recovery(Pair { database: pair.database.clone(), old: pair.old.clone(), new: pair.new.clone() }, config)
}

fn exported(case: &Recovery) -> (ExportReport, Vec<TableRecord>) {
    let report = block_on(engine::export(&case.context)).expect("an export");
    let tables = Manifest::read(&case.store).expect("a manifest").databases[0].tables.clone();
    (report, tables)
}

/// The keys of staged rows. The key is the first column.
fn keys(case: &Recovery, segments: &[Segment]) -> BTreeSet<i64> {
    use arrow_array::cast::AsArray as _;
    use arrow_array::types::{Int32Type, Int64Type};
    let mut found = BTreeSet::new();
    for segment in segments {
        for batch in SegmentReader::open(&case.store, segment, 1000).expect("a segment") {
            let batch = batch.expect("a batch");
            let column = batch.column(0);
            match column.as_primitive_opt::<Int32Type>() {
                Some(keys) => found.extend(keys.values().iter().map(|key| i64::from(*key))),
                None => found.extend(column.as_primitive::<Int64Type>().values()),
            }
        }
    }
    found
}

/// Candidates and absent keys of one table.
fn found(case: &Recovery, table: &TableRecord) -> (BTreeSet<i64>, BTreeSet<i64>) {
    (keys(case, &table.candidates), keys(case, &table.absent))
}

/// Expects that ranges of blocks are looked for one by one, and not in all of the table.
fn expect_planned(marked: &Marked, table: &str) {
    let ranges = [(7, 8), (90, 95)].map(|(from_block, to)| CtidRange { from_block, to_block: Some(to) });
    let query = statement::rows_within(&QualifiedName::new("public", table), "t.id", &ranges, "t.v is not null");
    let plan = support::rows(&marked.pair.new, &statement::explain(&query));
    let scans: Vec<_> = plan.iter().flatten().flatten().filter(|line| line.contains("Scan on")).collect();
    assert!(scans.iter().any(|line| line.contains("Tid Range Scan")), "{plan:?}");
    assert!(scans.iter().all(|line| !line.contains("Seq Scan")), "{plan:?}");
}

/// One write of a random history.
fn act(dice: &mut Dice) -> String {
    // The last thousand rows are OLD's business.
    let id = 1 + dice.below(18_900);
    match dice.below(9) {
        0 => format!("update t set v = v || '.' where id = {id}"),
        1 => format!("update t set v = 'range' where id between {id} and {}", id + dice.below(40)),
        2 => format!("delete from t where id between {id} and {}", id + dice.below(5)),
        3 => format!("insert into t select 30000 + {id}, 'new', '' on conflict do nothing"),
        4 => format!("update t set big = (select string_agg(md5(g::text), '') from generate_series(1, 200) g) where id = {id}"),
        5 => format!("begin; update t set v = 'gone' where id between {id} and {}; rollback", id + 20),
        6 => format!("begin; savepoint s; update t set v = 'sub' where id = {id}; release s; commit"),
        7 => "vacuum t".to_owned(),
        _ => format!("select from t where id between {id} and {} for update", id + 10),
    }
}

#[test]
fn they_give_what_all_ids_and_what_a_comparison_give() {
    for major in [17, 18] {
        let marked = marked(&format!("blocks_alike_{major}"), major, &[TABLE, ROWS]);
        let seed = u64::from(std::process::id()) * 100 + u64::from(major);
        let mut dice = Dice::seeded(seed);
        for _ in 0..40 {
            marked.new_side(&act(&mut dice));
        }
        support::sql(&marked.pair.old, "update t set v = 'old' where id % 5000 = 17; delete from t where id = 19001");
        marked.new_side("vacuum analyze t");
        expect_planned(&marked, "t");
        let by = |method: &str| {
            let case = marked.by(method, &["t"]);
            let (_, tables) = exported(&case);
            let table = &tables[0];
            assert_eq!((table.method.word(), &table.unlisted), (method, &None), "seed {seed}");
            found(&case, table)
        };
        let (only, blocks, ids, rows) = (by("blocks_only"), by("blocks"), by("xid"), by("compare"));
        assert_eq!(blocks, ids, "seed {seed}");
        assert!(only.0.is_subset(&ids.0) && only.1.is_empty(), "seed {seed}");
        let missed: Vec<_> = ids.0.difference(&only.0).collect();
        assert_eq!(missed, [&19_001], "seed {seed}: as at the mark, and deleted on OLD");
        assert_eq!(blocks.1, rows.1, "seed {seed}");
        // Rows that only OLD wrote differ too, and are as at the mark on NEW.
        let own: BTreeSet<i64> = (0..4).map(|nth| 17 + 5000 * nth).collect();
        assert!(rows.0.difference(&own).all(|key| blocks.0.contains(key)), "seed {seed}: {:?}", rows.0.difference(&blocks.0));
    }
}

#[test]
fn every_way_to_write_a_row_lists_its_block() {
    let acts: [(&str, &[&str]); 8] = [
        (
            "toasted",
            &["update toasted set big = (select string_agg(md5(g::text), '') from generate_series(1, 900) g) where id = 7"],
        ),
        ("locked", &["select from locked where id < 10 for update"]),
        ("vacuumed", &["vacuum vacuumed"]),
        ("aborted", &["begin; insert into aborted select g, 'gone', '' from generate_series(20001, 22000) g; rollback"]),
        (
            "cut_off",
            &["delete from cut_off where id > 15000", "vacuum cut_off", "insert into cut_off values (30000, 'new', '')"],
        ),
        ("indexed", &["update indexed set v = 'new' where id = 9", "create index on indexed (v)"]),
        ("copied", &["insert into copied select g, 'new', '' from generate_series(30001, 30050) g"]),
        ("moved", &["update moved set id = 40000 where id = 10"]),
    ];
    let tables: Vec<_> = acts.iter().map(|(table, _)| *table).chain(["parted"]).collect();
    let made = |table: &str| format!("{TABLE}; {ROWS}").replace(" t ", &format!(" {table} "));
    let both: Vec<_> = acts.iter().map(|(table, _)| made(table)).collect();
    let parted = "create table parted (id int, part int, primary key (id, part)) partition by list (part);
                  create table parted_1 partition of parted for values in (1);
                  insert into parted select g, 1 from generate_series(1, 20000) g";
    for major in [17, 18] {
        let statements: Vec<_> = both.iter().map(String::as_str).chain([parted]).collect();
        let marked = marked(&format!("blocks_acts_{major}"), major, &statements);
        acts.iter().flat_map(|(_, statements)| *statements).for_each(|statement| marked.new_side(statement));
        marked
            .new_side("create table parted_2 partition of parted for values in (2); insert into parted values (1, 2), (2, 2)");
        support::sql(&marked.pair.old, "create table parted_2 partition of parted for values in (2)");
        let by = |method: &str| {
            let case = marked.by(method, &tables);
            let (_, records) = exported(&case);
            assert!(records.iter().all(|table| table.method.word() == method), "{:?}", records[0].unlisted);
            records.iter().map(|table| (table.name.to_string(), found(&case, table))).collect::<Vec<_>>()
        };
        let (blocks, ids) = (by("blocks"), by("xid"));
        assert_eq!(blocks, ids, "PostgreSQL {major}");
        let changed = |table: &str| blocks.iter().find(|(name, _)| name.ends_with(table)).map(|(_, found)| found.0.len());
        for (table, rows) in [("toasted", 1), ("locked", 0), ("aborted", 0), ("cut_off", 1), ("copied", 50), ("parted", 2)] {
            assert_eq!(changed(table), Some(rows), "{table} on {major}");
        }
    }
}

#[test]
fn a_row_of_doubtful_age_in_an_unchanged_block_is_not_lost() {
    let frozen = "do $$ declare places tid[]; begin
                  select array_agg(ctid) into places from t where id in (77, 78); perform heap_force_freeze('t', places);
                  end $$";
    let marked = marked("blocks_doubt", 17, &[TABLE, ROWS, "create extension pg_surgery", frozen]);
    marked.new_side("update t set v = 'new' where id = 78; insert into t values (30000, 'new', '')");
    support::sql(&marked.pair.old, "delete from t where id in (77, 78)");
    let by = |method: &str| {
        let case = marked.by(method, &["t"]);
        let (_, tables) = exported(&case);
        assert_eq!((tables[0].method.word(), &tables[0].unlisted), (method, &None));
        assert_eq!(tables[0].candidate_rows(), 3, "each once");
        found(&case, &tables[0])
    };
    assert_eq!(by("blocks"), by("xid"));
}

#[test]
fn rewritten_and_unlogged_tables_are_compared() {
    let unlogged = TABLE.replace("table t", "unlogged table u");
    let marked = marked("blocks_void", 17, &[TABLE, ROWS, &unlogged]);
    marked.new_side("vacuum full t");
    marked.new_side("insert into u values (1, 'new', '')");
    let (_, tables) = exported(&marked.by("blocks", &["t", "u"]));
    assert!(tables.iter().all(|table| table.method == Method::Compare && table.unmarked.is_some()), "{tables:?}");
}

/// Expects that an export finds the one changed row all the same, by `xid`, and says why.
fn expect_fallback(marked: &Marked, why: &str) {
    for method in ["blocks", "blocks_only"] {
        let case = marked.by(method, &["t"]);
        let (_, tables) = exported(&case);
        assert_eq!(tables[0].method, Method::Xid);
        assert!(tables[0].unlisted.as_deref().is_some_and(|said| said.contains(why)), "{:?}", tables[0].unlisted);
        assert_eq!(found(&case, &tables[0]), (BTreeSet::from([5]), BTreeSet::from([6])));
        assert!(matches!(tables[0].coverage.delete, Covered::Yes { .. }), "{:?}", tables[0].coverage);
    }
}

const CHANGES: &str = "update t set v = 'new' where id = 5; delete from t where id = 6";

#[test]
fn without_one_of_the_summaries_all_rows_are_asked() {
    let marked = marked("blocks_removed", 17, &[TABLE, ROWS]);
    marked.new_side(CHANGES);
    let files = marked.summaries();
    // Neither the first, which ends before the mark, nor the last.
    fs::remove_file(&files[files.len() - 2]).expect("one less");
    expect_fallback(&marked, "there is no summary of NEW's log from");
    files[..files.len() - 2].iter().for_each(|file| fs::remove_file(file).expect("one less"));
    expect_fallback(&marked, "where it was at the mark");
}

#[test]
fn what_is_trusted_of_base_is_trusted_of_keys_that_are_looked_at_after_all() {
    let marked = marked("blocks_based", 17, &[TABLE, ROWS]);
    let base = support::third_of(&marked.pair);
    support::sql(&base, &format!("{TABLE}; {ROWS}"));
    marked.new_side(CHANGES);
    let files = marked.summaries();
    let mut case = marked.by("blocks_only", &["t"]);
    case.ask_base(&base);
    let found = discovered(&case).expect("a discovery").databases.remove(0).tables.remove(0);
    assert_eq!((found.method, found.coverage.delete.word()), (Method::BlocksOnly, "no"), "{:?}", found.coverage);
    fs::remove_file(&files[files.len() - 2]).expect("one less");
    let (_, tables) = exported(&case);
    assert_eq!(tables[0].method, Method::Xid);
    let Covered::Trusted { by } = &tables[0].coverage.delete else { panic!("{:?}", tables[0].coverage) };
    assert!(by.contains("nothing but your word"), "{by}");
}

#[test]
fn what_is_switched_off_or_lags_behind_is_not_believed() {
    let marked = marked("blocks_lagging", 17, &[TABLE, ROWS]);
    let summarizer = "select pid::text from pg_stat_activity where backend_type = 'walsummarizer'";
    let pid = support::value(&marked.pair.new, summarizer).expect("a summarizer");
    let signal = |name: &str| assert!(Command::new("kill").args([name, &pid]).status().expect("kill").success());
    signal("-STOP");
    marked.new_side(CHANGES);
    expect_fallback(&marked, "NEW's log is");
    signal("-CONT");
    support::sql(&marked.new.url("postgres"), "alter system set summarize_wal = off");
    support::sql(&marked.new.url("postgres"), "select pg_reload_conf()");
    std::thread::sleep(Duration::from_millis(300));
    expect_fallback(&marked, "summarize_wal is off");
}

#[test]
fn a_mark_among_open_transactions_does_not_say_where_they_wrote() {
    let mut marked = marked("blocks_open", 17, &[TABLE, ROWS]);
    let open = block_on(support::connect(&marked.pair.new));
    block_on(open.batch_execute("begin; update t set v = 'new' where id = 5")).expect("an open transaction");
    let (mark, _) = block_on(engine::mark(&again(&marked.pair, "").context, Duration::ZERO)).expect("a mark");
    marked.mark = mark;
    marked.new_side("delete from t where id = 6");
    block_on(open.batch_execute("commit")).expect("a commit");
    expect_fallback(&marked, "transactions were going on");
}

#[test]
fn older_servers_and_users_without_the_right_say_so() {
    let installed = Majors::installed().new;
    let before = marked("blocks_before", installed, &[TABLE, ROWS]);
    before.new_side(CHANGES);
    expect_fallback(&before, "only PostgreSQL 17");
    let mut marked = marked("blocks_plain", 17, &[TABLE, ROWS]);
    marked.new_side(CHANGES);
    marked.new_side("create role plain login password 'plain'; grant select on t to plain");
    let (_, at) = marked.pair.new.split_once('@').expect("a URL");
    marked.pair.new = format!("postgresql://plain:plain@{at}");
    expect_fallback(&marked, "no CHECKPOINT can be had on NEW");
    support::sql(&marked.new.url("postgres"), "grant pg_checkpoint to plain");
    let case = marked.by("blocks", &["t"]);
    let (_, tables) = exported(&case);
    assert_eq!((tables[0].method, &tables[0].unlisted), (Method::Blocks, &None));
    assert_eq!(found(&case, &tables[0]), (BTreeSet::from([5]), BTreeSet::from([6])));
}

#[test]
fn without_a_look_at_keys_deletes_are_not_covered() {
    let marked = marked("blocks_only", 17, &[TABLE, ROWS]);
    marked.new_side(CHANGES);
    let case = marked.by("blocks_only", &["t"]);
    let (_, tables) = exported(&case);
    assert_eq!(found(&case, &tables[0]), (BTreeSet::from([5]), BTreeSet::new()));
    let Covered::No { why } = &tables[0].coverage.delete else { panic!("{:?}", tables[0].coverage) };
    assert!(why.contains("blocks_only"), "{why}");
    assert!(matches!(tables[0].coverage.update, Covered::Yes { .. }));
}
