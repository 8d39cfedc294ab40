//! What a stranger sees who opens a run's files with DuckDB or pyarrow: the values, in types of their own, and no NULL that the
//! row does not have.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};

use failback::engine::{self, MergeOptions, Outcome};
use failback::name::Side;
use failback::policy::Action;
use failback::staging::{DatabaseLayout, DiffIndex, SegmentOptions, SegmentReader, SegmentWriter};
use failback::store::LocalStore;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::recovery::{Recovery, incident};
use super::support::{self, block_on};

/// Installs the readers once, and says what is missing.
fn readers() -> &'static Path {
    static READERS: OnceLock<PathBuf> = OnceLock::new();
    READERS.get_or_init(|| {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/python");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/readable/install.sh");
        let output = Command::new("bash").arg(script).arg(&folder).output().expect("bash");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        folder
    })
}

/// Runs `look.py`.
pub(crate) fn look(arguments: &[&str]) -> Value {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/readable/look.py");
    let output = Command::new("python3").env("PYTHONPATH", readers()).arg(script).args(arguments).output().expect("python3");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The Parquet files below a folder.
fn parquet_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            found.extend(parquet_files(&entry));
        } else if entry.extension().is_some_and(|extension| extension == "parquet") {
            found.push(entry);
        }
    }
    found.sort();
    found
}

fn look_at(files: &[PathBuf]) -> Value {
    let paths: Vec<_> = files.iter().map(|path| path.to_str().expect("a path in UTF-8")).collect();
    look(&[&["files"], paths.as_slice()].concat())
}

const TABLE: &str = r"
create type mood as enum ('so so', 'grün');
create table facts (
    id int8 primary key, small int2, whole int4, yes boolean, ratio float8, price numeric(12,2), digits numeric, note text,
    padded char(5), mood mood, data bytea, label uuid, day date, at timestamptz, local timestamp, clock time, doc jsonb,
    raw json, numbers int4[], words text[], span interval, address inet);
";

const ROWS: &str = r#"
insert into facts values
 (1, -2, 3, true, 0.1, 12.50, 1.10, 'a "b" ü', 'ab', 'grün', '\x00ff', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '2026-03-29',
  '2026-03-29 02:30:00.000001+02', '2026-03-29 02:30:00', '23:59:59.5', '{"a": 1.50}', '{"a":1, "a":2}', '{1,2,3}', '{a,"b c"}',
  '1 mon 2 days 03:04:05', '10.0.0.1/8'),
 (2, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
  null),
 (3, 32767, -2147483648, false, 'NaN', 'NaN', 'NaN', '', '', 'so so', '', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 'infinity',
  'infinity', '-infinity', '24:00', 'null', '""', '{}', '{NULL,""}', '-1 day', '::1'),
 (4, 0, 0, false, '-0', -9999999999.99, 12345678901234567890.123, E'\x01\n', '  b', 'grün', '\x41',
  '00000000-0000-0000-0000-000000000000', '0044-03-15 BC', '294276-12-31 23:59:59.999999+00', '4714-11-24 00:00:00 BC', '00:00',
  '[]', ' 1 ', '[0:1]={7,NULL}', '{{a,b},{c,d}}', '00:00:00.000001', '1.2.3.4');
"#;

/// A run over one table with every kind of column, as both readers show it.
fn facts() -> (Recovery, Value) {
    let pair = support::pair("readable");
    for side in Side::BOTH {
        support::sql(pair.url(side), TABLE);
    }
    support::sql(&pair.new, ROWS);
    let recovery = Recovery::of(pair, Timestamp::now(), "");
    recovery.up_to_plan();
    let files = parquet_files(recovery.folder());
    assert_eq!(files.len(), 3, "staged rows, diff and plan: {files:?}");
    let seen = look_at(&files);
    (recovery, seen)
}

fn file<'a>(seen: &'a Value, part: &str) -> &'a Value {
    let list = seen.as_array().expect("a list of files");
    list.iter().find(|file| file["path"].as_str().is_some_and(|path| path.contains(part))).expect("the file")
}

fn row(rows: &Value, id: i64) -> &Value {
    let same = |row: &&Value| row["id"] == json!(id) || row["id"] == json!(id.to_string());
    rows.as_array().expect("rows").iter().find(same).expect("the row")
}

#[track_caller]
fn expect_cells(row: &Value, cells: &[(&str, Value)]) {
    for (column, expected) in cells {
        assert_eq!(&row[*column], expected, "{column}");
    }
}

#[test]
fn staged_files_show_natural_values() {
    let (recovery, seen) = facts();
    let stage = file(&seen, "/stage/");
    expect_cells(
        row(&stage["pyarrow"], 1),
        &[
            ("small", json!(-2)),
            ("yes", json!(true)),
            ("ratio", json!(0.1)),
            ("price", json!("Decimal(12.50)")),
            ("note", json!("a \"b\" ü")),
            ("padded", json!("ab   ")),
            ("mood", json!("grün")),
            ("data", json!("bytes(00ff)")),
            ("label", json!("UUID(a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11)")),
            ("day", json!("2026-03-29")),
            ("at", json!("2026-03-29T00:30:00.000001+00:00")),
            ("local", json!("2026-03-29T02:30:00")),
            ("clock", json!("23:59:59.500000")),
            ("doc", json!("{\"a\": 1.50}")),
            ("raw", json!("{\"a\":1, \"a\":2}")),
            ("address", json!("10.0.0.1/8")),
        ],
    );
    expect_cells(
        row(&stage["duckdb"], 1),
        &[
            ("price", json!("12.50")),
            ("at", json!("2026-03-29 00:30:00.000001+00")),
            ("local", json!("2026-03-29 02:30:00")),
            ("label", json!("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")),
            ("day", json!("2026-03-29")),
        ],
    );
    expect_cells(row(&stage["duckdb"], 4), &[("day", json!("0044-03-15 (BC)")), ("price", json!("-9999999999.99"))]);
    expect_cells(
        row(&stage["duckdb"], 3),
        &[("day", json!("infinity")), ("at", json!("infinity")), ("local", json!("-infinity")), ("ratio", json!("nan"))],
    );
    // Either the text that the server prints, or a list of the same.
    let numbers = &row(&stage["pyarrow"], 1)["numbers"];
    assert!(*numbers == json!("{1,2,3}") || *numbers == json!([1, 2, 3]), "{numbers}");
    let digits = row(&stage["pyarrow"], 1)["digits"].as_str().expect("digits").to_owned();
    assert!(digits.contains("1.10"), "{digits}");
    expect_no_false_null(&recovery, stage);
    expect_metadata(stage);
    let image = &file(&seen, "/diff/")["pyarrow"][0]["new"];
    expect_cells(image, &[("price", json!("Decimal(12.50)")), ("at", json!("2026-03-29T00:30:00.000001+00:00"))]);
}

/// A NULL in the file is a NULL in the row, or `fb_exact` names the column.
fn expect_no_false_null(recovery: &Recovery, stage: &Value) {
    let columns: Vec<_> =
        stage["fields"].as_array().expect("fields").iter().filter_map(|field| field["name"].as_str()).collect();
    let mut exact = 0;
    for row in stage["pyarrow"].as_array().expect("rows") {
        let named: Vec<_> =
            row["fb_exact"].as_array().into_iter().flatten().filter_map(|entry| entry["column"].as_str()).collect();
        exact += named.len();
        // What stands beside the table's own columns has none of its name there.
        for column in columns.iter().filter(|column| !column.starts_with("fb_")) {
            let query = format!("select num_nulls({column}) from facts where id = {}", row["id"]);
            let is_null = support::value(&recovery.pair.new, &query).as_deref() == Some("1");
            let shows_null = row[*column].is_null() && !named.contains(column);
            assert_eq!(shows_null, is_null, "{column} of row {}", row["id"]);
            assert!(row[*column].is_null() || !named.contains(column), "{column} is in both places");
        }
    }
    assert!(exact > 0, "24:00 at least has no place in its own column");
}

/// Every column says what PostgreSQL calls its type.
fn expect_metadata(stage: &Value) {
    let field = |name: &str| {
        let fields = stage["fields"].as_array().expect("fields");
        fields.iter().find(|field| field["name"] == json!(name)).unwrap_or_else(|| panic!("no field {name}"))
    };
    let price = &field("price")["metadata"];
    assert_eq!((&price["pg.type"], &price["pg.lane"]), (&json!("numeric(12,2)"), &json!("typed")));
    assert_eq!(price["pg.typmod"], json!("786438"));
    assert_eq!(field("mood")["metadata"]["pg.type"], json!("public.mood"));
    assert_eq!(field("price")["type"], json!("decimal128(12, 2)"));
    assert_eq!(field("at")["type"], json!("timestamp[us, tz=UTC]"));
    for field in stage["fields"].as_array().expect("fields").iter().filter(|field| field["name"] != json!("fb_exact")) {
        for key in ["pg.type", "pg.typmod", "pg.lane"] {
            assert!(field["metadata"][key].is_string(), "{} has no {key}", field["name"]);
        }
    }
    assert_eq!(stage["duckdb_types"]["price"], json!("DECIMAL(12,2)"));
    assert_eq!(stage["duckdb_types"]["at"], json!("TIMESTAMP WITH TIME ZONE"));
    assert_eq!(stage["duckdb_types"]["label"], json!("UUID"));
}

/// Writes a diff's files again as an earlier failback did, which did not say which row each is.
fn take_names_out(store: &LocalStore) {
    let mut index = DiffIndex::clone(&*DiffIndex::read(store).expect("a diff"));
    let database = &mut index.databases[0];
    let layout = DatabaseLayout::new(&database.name);
    for table in &mut database.tables {
        for (segment, number) in table.segments.iter_mut().zip(100..) {
            let batches: Vec<_> =
                SegmentReader::open(store, segment, 100).expect("a file").map(|batch| batch.expect("rows")).collect();
            let schema = batches[0].schema();
            assert_eq!((schema.field(0).name().as_str(), schema.field(2).name().as_str()), ("fb_database", "id"));
            let from = schema.index_of("fb_class").expect("a class");
            let told: Vec<_> = (from..schema.fields().len()).collect();
            let schema = Arc::new(schema.project(&told).expect("columns"));
            let path = layout.diff(table.id, number);
            let mut writer = SegmentWriter::create(store, &path, schema, &SegmentOptions::default()).expect("a file");
            for batch in &batches {
                writer.write(&batch.project(&told).expect("columns")).expect("rows");
            }
            *segment = writer.finish().expect("a file");
        }
    }
    index.write(store).expect("an index");
}

#[test]
fn a_diff_of_an_earlier_failback_is_planned_merged_and_viewed_as_ever() {
    let pair = support::pair("named_before");
    for side in Side::BOTH {
        support::sql(pair.url(side), "create table t (id int primary key, v text); insert into t values (1, 'both')");
    }
    support::sql(&pair.new, "insert into t select n, 'new' from generate_series(2, 9) n");
    let recovery = Recovery::of(pair, Timestamp::now(), "");
    block_on(engine::export(&recovery.context)).expect("an export");
    block_on(engine::diff(&recovery.context)).expect("a diff");
    take_names_out(&recovery.store);
    std::fs::write(recovery.folder().join("run/decisions.toml"), "[defaults]\nambiguous_missing_on_old = \"apply_new\"\n")
        .expect("decisions");
    let plan = block_on(engine::plan(&recovery.context)).expect("a plan");
    assert_eq!(plan.actions.get(Action::Insert), 8, "{plan:#?}");
    let query = "select fb_table, fb_action, count(*), min(id) from (select * from \"{}.public.t\") group by all";
    let run = recovery.folder().join("run").display().to_string();
    let seen = look(&["query", &run, &query.replace("{}", &recovery.pair.database)]);
    assert_eq!(seen, json!([["public.t", "insert", 8, 2]]));
    let options = MergeOptions { leave_held: true, fire_triggers: false, dry_run: false, again: false };
    block_on(engine::merge(&recovery.context, options)).expect("a merge");
    let verified = block_on(engine::verify(&recovery.context)).expect("a verification");
    assert_eq!(verified.outcomes.get(Outcome::Applied), 8);
    assert_eq!(support::value(&recovery.pair.old, "select count(*) from t").as_deref(), Some("9"));
}

#[test]
fn tables_of_any_name_have_a_view() {
    let pair = support::pair("viewed");
    for side in Side::BOTH {
        let tables = r#"create table "it's ""T""" (id int, "ID" int, old text, fb_class text,
                 primary key (id, "ID", old, fb_class));
             create table "IT'S ""T""" (id int primary key, v text); create table bare (v int);
             create table empty (id int primary key);
             insert into "IT'S ""T""" values (1, 'both')"#;
        support::sql(pair.url(side), tables);
    }
    let rows = r#"insert into "it's ""T""" values (1, 2, 'a', 'b'); delete from "IT'S ""T"""; insert into bare values (1), (1);
         insert into "IT'S ""T""" values (2, 'new')"#;
    support::sql(&pair.new, rows);
    let recovery = Recovery::of(pair, Timestamp::now(), "");
    recovery.up_to_plan();
    let seen = look(&["counts", recovery.folder().join("run").to_str().expect("a path")]);
    assert_eq!(seen["listed"], seen["of_views"]);
    let rows: Vec<_> = seen["listed"].as_array().expect("views").iter().map(|view| view[1].clone()).collect();
    assert_eq!(rows.iter().filter_map(Value::as_u64).sum::<u64>(), 5, "{seen}");
    assert_eq!(rows.len(), 3, "{seen}");
}

/// The query that the README shows, word for word, on the run that it shows it for.
#[test]
fn the_query_of_the_readme_runs() {
    let readme = include_str!("../../README.md");
    let line = readme.lines().find_map(|line| line.strip_prefix("$ duckdb -init views.sql -c '")).expect("a DuckDB query");
    let query = line.strip_suffix('\'').expect("a whole query");
    let (pair, cutover) = incident("readme", "chain_db");
    let recovery = Recovery::of(pair, cutover, "");
    block_on(engine::export(&recovery.context)).expect("an export");
    block_on(engine::diff(&recovery.context)).expect("a diff");
    // The test's database has a name of its own.
    let query = query.replace("chain_db", &recovery.pair.database);
    let answer = look(&["query", recovery.folder().join("run").to_str().expect("a path"), &query]);
    let rows = answer.as_array().expect("rows");
    let is_price = |cell: &Value| cell.as_str().is_some_and(|text| text.starts_with("Decimal("));
    assert!(
        rows.iter().any(|row| row[1] == json!("update_origin_differs") && is_price(&row[2]) && is_price(&row[3])),
        "{answer}"
    );
}
