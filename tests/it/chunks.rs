//! A table that several connections share: wherever it is cut, every row is found once, by every method.

use failback::engine::{self, MergeOptions, State};
use failback::store::{LocalStore, Store as _};
use jiff::{SignedDuration, Timestamp};

use super::recovery::{Recovery, fingerprint};
use super::support::{self, block_on};

/// Rows of OLD; NEW changed a tenth of them.
const ROWS: u64 = 20_000;

fn table(key: &str, value: &str) -> String {
    format!(
        "create table t (id {key} primary key, n numeric(8, 2), note text, updated_at timestamptz not null);
         insert into t select {value}, i, repeat('x', 100), '2026-01-01Z' from generate_series(1, {ROWS}) i; analyze t"
    )
}

/// How many rows a method finds, in how many files, when a table is read in pieces of so many bytes.
fn found(name: &str, (key, value): (&str, &str), config: &str, chunk_bytes: u64) -> ((u64, u64), usize) {
    let pair = support::pair(name);
    for url in [&pair.old, &pair.new] {
        support::sql(url, &table(key, value));
    }
    let changes = format!(
        "delete from t where n::int % 1000 = 7;
         update t set n = n + 1, updated_at = now() where n::int % 20 = 0;
         insert into t select {value}, i, 'new', now() from generate_series({ROWS} + 1, {ROWS} + {ROWS} / 20) i"
    );
    support::sql(&pair.new, &changes);
    let mut recovery = Recovery::of(pair, Timestamp::now() - SignedDuration::from_hours(1), config);
    let limits = recovery.context.limits().with_chunk_bytes(chunk_bytes);
    recovery.context = recovery.context.clone().with_limits(limits);
    recovery.decide(
        "[defaults]\nambiguous_missing_on_old = \"apply_new\"\nambiguous_differs = \"apply_new\"\n\
                     ambiguous_missing_on_new = \"apply_new\"\ndelete = \"apply_new\"\n",
    );
    let exported = block_on(engine::export(&recovery.context)).expect("an export");
    block_on(engine::diff(&recovery.context)).expect("a diff");
    block_on(engine::plan(&recovery.context)).expect("a plan");
    block_on(engine::merge(&recovery.context, MergeOptions::default())).expect("a merge");
    assert_eq!(fingerprint(&recovery.pair.old), fingerprint(&recovery.pair.new), "{name}");
    // The files are read back by different workers; each has to find its own among the plan's actions.
    let read_back = || {
        let verified = block_on(engine::verify(&recovery.context)).expect("a verification");
        let table = &verified.tables[0];
        (table.checked, table.mismatched, table.written_since, verified.state_of_rows())
    };
    let written = exported.tables[0].candidates + exported.tables[0].absent;
    assert_eq!(read_back(), (written, 0, 0, State::Verified), "{name}");
    support::sql(&recovery.pair.old, &format!("update t set note = 'later' where n in ({ROWS} + 5, {ROWS} + 500)"));
    assert_eq!(read_back(), (written, 0, 2, State::Verified), "{name}");
    ((exported.tables[0].candidates, exported.tables[0].absent), files(&recovery.store))
}

/// Counts the staged files.
fn files(store: &LocalStore) -> usize {
    let manifest = store.read("manifest.json").expect("a manifest");
    String::from_utf8(manifest).expect("text").matches(".parquet\"").count()
}

#[test]
fn every_row_is_found_once_wherever_the_table_is_cut() {
    let expected = (ROWS / 10, ROWS / 1000);
    let integers = ("int", "i");
    let uuids = ("uuid", "md5(i::text)::uuid");
    let texts = ("text", "md5(i::text)");
    let compare = |way: &str| format!("[tables.\"public.t\"]\nmethod = \"compare\"\ncompare_by = \"{way}\"\n");
    let cases = [
        ("cut_hashes", integers, compare("hashes")),
        ("cut_values", integers, compare("values")),
        ("cut_sums", integers, format!("sums_first = true\n{}", compare("hashes"))),
        ("cut_rows", integers, compare("rows")),
        ("cut_stamps", integers, String::new()),
        ("cut_uuids", uuids, compare("hashes")),
    ];
    for (name, key, config) in cases {
        let (counts, files) = found(name, key, &config, 64 << 10);
        assert_eq!(counts, expected, "{name}");
        assert!(files > 20, "{name}: {files} files, so the table was not cut");
    }
    // Text is ordered by its bytes, which no statistics say.
    let (counts, files) = found("cut_texts", texts, &compare("hashes"), 64 << 10);
    assert_eq!((counts, files), (expected, 2));
}
