//! Every codec against a server: what the server sends is decoded, kept in a Parquet file, read, and comes out as the same bytes;
//! another server takes those bytes and sends them again; the text shown for a value is read back to the value.
//!
//! Edge values are listed, thousands of others are made by the server from `random()`, whose seed is printed when a test fails.
//! `FAILBACK_TEST_SEED` repeats it.

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch, StructArray};
use arrow::buffer::NullBuffer;
use arrow::compute::concat_batches;
use arrow::datatypes::{Field, Schema};
use bytes::Bytes;
use failback::codec::{BatchDecoder, BatchEncoder, Codec, Element, Lane, RowLayout, StagedColumn, lane_of};
use failback::delta::compare;
use failback::name::Side;
use failback::staging::{SegmentOptions, SegmentReader, SegmentWriter};
use failback::store::Store;
use failback::wire::{CopyDecoder, CopyEncoder, RowBuffer};
use futures::{SinkExt, TryStreamExt};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::support::{self, block_on};

/// Random values of each type.
const ROWS: u32 = 2000;
/// Signature, flags and length of the extension; and the trailer.
const HEADER: usize = 19;
const TRAILER: usize = 2;

/// One type, and how the server makes values of it.
struct Case {
    /// The type, for SQL.
    sql: &'static str,
    /// Literals.
    edges: &'static [&'static str],
    /// An expression of a random value; its row's number is `g`.
    random: &'static str,
    /// The first major version that knows the edges.
    since: u32,
    /// Whether every value's text is read back to the same bits.
    reads_back: bool,
}

const fn case(sql: &'static str, edges: &'static [&'static str], random: &'static str) -> Case {
    Case { sql, edges, random, since: 13, reads_back: true }
}

const BIG: &str = "('1e' || (random() * 80)::int - 40)::numeric * (random() * 2e9 - 1e9)::int8";
const ADDRESS: &str = "case when g % 3 = 0 then set_masklen(translate(substr(md5(random()::text), 1, 4) || ':' || \
     substr(md5(random()::text), 1, 3) || '::' || case when g % 2 = 0 then 'ffff:10.1.2.3' else '7:0:0:1' end, '', '')::inet, \
     (random() * 128)::int) else set_masklen('0.0.0.0'::inet + (random() * 4294967295)::int8, (random() * 32)::int) end";
const LETTERS: &str = "(array['', 'NULL', 'null', ' ', 'a b', E'a\\\\b\"c', '{}', 'é€😀', E'\\t\\n\\r\\x01', ',', repeat('x', 300)])\
     [1 + (random() * 10)::int] || case when g % 2 = 0 then g::text else '' end";

fn cases() -> Vec<Case> {
    vec![
        case("bool", &["t", "f"], "random() < 0.5"),
        case("int2", &["-32768", "32767"], "(random() * 65535 - 32768)::int::int2"),
        case("int4", &["-2147483648", "2147483647"], "(random() * 4294967295 - 2147483648)::int8::int4"),
        case("int8", &["-9223372036854775808", "9223372036854775807"], "(random() * 1e18 - 5e17)::int8"),
        case("oid", &["0", "4294967295"], "((random() * 4294967295)::int8)::oid"),
        case("xid", &["0", "4294967295"], "((random() * 4294967295)::int8)::text::xid"),
        case("cid", &["0", "4294967295"], "((random() * 4294967295)::int8)::text::cid"),
        case("xid8", &["0", "18446744073709551615"], "((random() * 1e18)::int8)::text::xid8"),
        Case {
            reads_back: false,
            ..case(
                "float4",
                &["NaN", "Infinity", "-Infinity", "-0", "1e-45", "3.4028235e38"],
                "(case when g = 7 then \
              'inf'::float4 - 'inf'::float4 else (random() * 2 - 1) * 10 ^ (random() * 70 - 35) end)::float4",
            )
        },
        Case {
            reads_back: false,
            ..case(
                "float8",
                &["NaN", "Infinity", "-Infinity", "-0", "5e-324", "1.7976931348623157e308"],
                "case when g = 7 \
              then 'inf'::float8 - 'inf'::float8 else (random() * 2 - 1) * 10::float8 ^ (random() * 600 - 300) end",
            )
        },
        case("text", &["", "NULL", "\u{1}\u{7f}"], LETTERS),
        case("varchar(320)", &["", "trailing  "], LETTERS),
        case("char(320)", &["", "  both  "], LETTERS),
        case("name", &["", "x"], "left(md5(random()::text), (random() * 32)::int)::name"),
        case("json", &["{\"a\":1, \"a\":1.00}", "null", "[]"], "json_build_object('k', random(), 'l', array[g, null])"),
        case("jsonb", &["{\"a\":1e400}", "null", "\"\\\"\\\\\""], "jsonb_build_object('k', random(), 'l', array[g, null])"),
        case("bytea", &["", "\\x00ff5c"], "decode(md5(random()::text), 'hex')"),
        case("uuid", &["00000000-0000-0000-0000-000000000000"], "md5(random()::text)::uuid"),
        case(
            "date",
            &["infinity", "-infinity", "4713-11-24 BC", "5874897-12-31"],
            "date '2000-01-01' + (random() * 4e6 - 7e5)::int",
        ),
        case("time", &["00:00", "24:00", "23:59:59.999999"], "time '00:00' + random() * interval '24 hours'"),
        case("time(3)", &["24:00"], "time '00:00' + random() * interval '24 hours'"),
        case(
            "timestamp",
            &["infinity", "-infinity", "4713-11-24 00:00 BC", "294276-12-31 23:59:59.999999"],
            "timestamp '0044-03-15 BC' + random() * interval '1000000 days'",
        ),
        case(
            "timestamptz",
            &["infinity", "-infinity", "4713-11-24 00:00+00 BC", "294276-12-31 23:59:59.999999+00"],
            "timestamptz '2000-01-01 00:00+00' + random() * interval '1000000 days'",
        ),
        case(
            "timetz",
            &["00:00+00", "24:00:00-15:59:59", "23:59:59.999999+15:59:59", "12:00:00.5+05:30"],
            "(time '00:00' + random() * interval '24 hours' || (array['+', '-'])[1 + g % 2] || make_interval(secs => (random() * 57500)::int)::text)::timetz",
        ),
        case(
            "interval",
            &[
                "0",
                "1 day",
                "24:00",
                "1 mon -30 days",
                "-178956970 years -8 mons",
                "178956970 years 7 mons 2147483647 days",
                "-0.000001",
            ],
            "make_interval(months => (random() * 2e3 - 1e3)::int, days => (random() * 2e3 - 1e3)::int, secs => (random() - 0.5) * 1e7)",
        ),
        Case { since: 17, ..case("interval", &["infinity", "-infinity"], "make_interval(days => g)") },
        case("interval day to second(2)", &["3 days 04:05:06.78"], "random() * interval '100 days'"),
        case(
            "numeric",
            &[
                "0", "0.000", "1", "1.0", "1.00", "-0.01", "NaN", "1e131071", "1e-16383", "9999", "10000", "1e900", "1e-900",
                "1e1100",
            ],
            "round((random() * 1e9)::int8 * ('1e' || (random() * 80)::int - 40)::numeric, (random() * 60)::int - 10)",
        ),
        Case { since: 14, ..case("numeric", &["Infinity", "-Infinity"], BIG) },
        case("numeric(12,2)", &["0", "NaN", "-9999999999.99", "0.01"], "(random() * 2e9 - 1e9)::numeric"),
        case("numeric(38,10)", &["0", "NaN", "9999999999999999999999999999.9999999999"], "(random() * 2e9 - 1e9)::numeric / 7"),
        case("numeric(40,3)", &["0", "NaN"], "round((random() * 2e9 - 1e9)::int8 * 1e20 / 7, 3)"),
        Case { since: 15, ..case("numeric(3,-2)", &["0", "NaN", "12300"], "(random() * 90000)::int") },
        case(
            "money",
            &["-92233720368547758.08", "92233720368547758.07", "-0.01"],
            "((random() * 2e9 - 1e9)::numeric / 100)::money",
        ),
        case(
            "inet",
            &["10.0.0.1", "10.0.0.1/8", "0.0.0.0/0", "::", "::1/127", "::ffff:1.2.3.4", "::1.2.3.4", "1:0:0:2::/128"],
            ADDRESS,
        ),
        case(
            "cidr",
            &["10.0.0.0/8", "10.0.0.1/32", "0.0.0.0/0", "::/0", "::1/128", "2001:db8::/32"],
            "network(('10.' || (random() * 255)::int || '.7.8')::inet)",
        ),
        case("macaddr", &["00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"], "left(md5(random()::text), 12)::macaddr"),
        case("macaddr8", &["00:00:00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff:ff:ff"], "left(md5(random()::text), 16)::macaddr8"),
        // What stands for bytes above 0x7f differs between versions; which byte it is does not.
        Case { reads_back: false, ..case("\"char\"", &["", "a", "\u{7f}"], "((random() * 255)::int - 128)::\"char\"") },
    ]
}

/// What the server sent, row by row, and as Arrow.
struct Sent {
    stream: Vec<u8>,
    rows: RowBuffer,
}

impl Sent {
    fn tuples(&self) -> &[u8] {
        &self.stream[HEADER..self.stream.len() - TRAILER]
    }
}

fn copy_out(url: &str, query: &str) -> Sent {
    let stream = block_on(async {
        let client = support::connect(url).await;
        let statement = format!("copy ({query}) to stdout (format binary)");
        let copy = client.copy_out(&statement).await.unwrap_or_else(|error| panic!("{statement}: {error:?}"));
        copy.try_fold(Vec::new(), |mut all, part| async move {
            all.extend_from_slice(&part);
            Ok(all)
        })
        .await
        .unwrap_or_else(|error| panic!("{statement}: {error:?}"))
    });
    let columns = usize::from(u16::from_be_bytes([stream[HEADER], stream[HEADER + 1]]));
    let mut rows = RowBuffer::new(columns);
    let mut decoder = CopyDecoder::new(columns);
    decoder.feed(&stream, &mut rows).unwrap();
    decoder.finish().unwrap();
    Sent { stream, rows }
}

fn copy_in(url: &str, table: &str, stream: Vec<u8>) {
    block_on(async {
        let client = support::connect(url).await;
        let sink = client.copy_in(&format!("copy {table} (v) from stdin (format binary)")).await.unwrap();
        let mut sink = std::pin::pin!(sink);
        sink.send(Bytes::from(stream)).await.unwrap();
        sink.finish().await.unwrap_or_else(|error| panic!("{table}: {error:?}"));
    });
}

/// Random numbers' seed for the tests of this process.
fn seed() -> f64 {
    let of_clock =
        || f64::from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().subsec_nanos()) / 1e9;
    std::env::var("FAILBACK_TEST_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or_else(of_clock)
}

/// The statement that makes a table of a type's values, and one of its arrays.
fn making(name: &str, case: &Case, seed: f64) -> String {
    let Case { sql, edges, random, .. } = case;
    let literals: Vec<String> =
        edges.iter().map(|edge| format!("(E'{}')", edge.replace('\\', "\\\\").replace('\'', "''"))).collect();
    let array = format!("{sql}[]");
    format!(
        "select setseed({seed});
         create table {name} (id int8 generated always as identity primary key, v {sql});
         insert into {name} (v) select l::{sql} from (values {}) as e(l);
         insert into {name} (v) select ({random})::{sql} from generate_series(1, {ROWS}) as g;
         insert into {name} (v) values (null);
         create table {name}_a (id int8 generated always as identity primary key, v {array});
         insert into {name}_a (v)
         select (select array_agg(case when (g + t.id) % 7 = 0 then null else t.v end order by t.id)
                   from {name} as t where t.id between g and g + g % 5)
           from generate_series(1, {ROWS}, 2) as g;
         insert into {name}_a (v) values (null), ('{{}}'), (array[null]::{array});
         insert into {name}_a (v)
         select unnest(array[array_fill(t.v, array[2], array[0])::text, array_fill(t.v, array[1, 3])::text,
                             array_fill(t.v, array[2, 1, 2], array[1, -5, 7])::text])::{array}
           from {name} as t where t.id in (1, 2, 9) and t.v is not null;
         insert into {name}_a (v) select (array[t.v, null, t.v])[1:1] from {name} as t where t.id in (1, 2, 9);
         create table {name}_copy (v {sql}, id serial); create table {name}_a_copy (v {array}, id serial);",
        literals.join(", ")
    )
}

/// What is true of every column of the typed lane.
struct Proof<'a> {
    /// What is proven, for messages: the type and the seed.
    what: String,
    /// The server that has the values, and the one that takes them.
    from: &'a str,
    to: &'a str,
    table: &'a str,
    layout: RowLayout,
}

impl Proof<'_> {
    /// Runs all of it; returns how many values are in the companion column.
    fn run(&self, pg_type: &str, reads_back: bool) -> usize {
        let what = &self.what;
        let sent = copy_out(self.from, &format!("select v from {} order by id", self.table));
        let batch = BatchDecoder::new(&self.layout).decode(&sent.rows).unwrap_or_else(|error| panic!("{what}: {error}"));
        let encoder = BatchEncoder::new(&self.layout);
        let encode = |batch: &RecordBatch| {
            let mut out = Vec::new();
            encoder.encode(batch, &mut out).unwrap_or_else(|error| panic!("{what}: {error}"));
            out
        };
        let tuples = encode(&batch);
        self.sends_the_same(&sent, &tuples);
        assert!(encode(&through_parquet(&batch)) == tuples, "{what}: a Parquet file changed it");
        assert!(encode(&through_an_image(&batch)) == tuples, "{what}: a Parquet file of images changed it");
        self.is_taken(&tuples);
        self.is_compared(&batch, &tuples);
        if reads_back {
            self.reads_back(&batch, pg_type, &tuples);
        }
        let (values, exact) = (batch.column(0), batch.column(1));
        for row in 0..batch.num_rows() {
            let is_null = sent.rows.field(row, 0).is_none();
            assert_eq!(values.is_null(row), is_null || exact.is_valid(row), "{what}: row {row} is NULL without a reason");
        }
        exact.len() - exact.null_count()
    }

    /// The same bytes, but for arrays that claim a NULL that they do not have, which receiving servers do not keep either.
    fn sends_the_same(&self, sent: &Sent, tuples: &[u8]) {
        if sent.tuples() == tuples {
            return;
        }
        assert!(matches!(self.layout.columns[0].lane, Lane::Typed(Codec::List(_))), "{}: other bytes", self.what);
        let ours = frame(tuples);
        let (ours, theirs) = (ours.column(0), sent.rows.column(0));
        assert_eq!(ours.len(), theirs.len(), "{}", self.what);
        for (row, (ours, theirs)) in ours.zip(theirs).enumerate().filter(|(_, (ours, theirs))| ours != theirs) {
            let (ours, theirs) = (ours.unwrap(), theirs.unwrap());
            let only_flag = ours[..7] == theirs[..7] && (ours[7], theirs[7]) == (0, 1) && ours[8..] == theirs[8..];
            assert!(only_flag, "{}: row {row} has other bytes", self.what);
        }
    }

    /// The other server takes what is encoded and sends it again.
    fn is_taken(&self, tuples: &[u8]) {
        let copy = format!("{}_copy", self.table);
        copy_in(self.to, &copy, stream(tuples));
        let again = copy_out(self.to, &format!("select v from {copy} order by id"));
        for (row, (again, sent)) in again.rows.column(0).zip(frame(tuples).column(0)).enumerate() {
            assert!(again == sent, "{}: row {row} of the other server is {again:02x?} instead of {sent:02x?}", self.what);
        }
        assert!(again.tuples() == tuples, "{}: the other server has other rows", self.what);
    }

    /// Two rows differ exactly where their bytes do.
    fn is_compared(&self, batch: &RecordBatch, tuples: &[u8]) {
        let same = compare(batch, &through_parquet(batch)).unwrap();
        let shifted = compare(&batch.slice(0, batch.num_rows() - 1), &batch.slice(1, batch.num_rows() - 1)).unwrap();
        let rows = frame(tuples);
        for row in 0..batch.num_rows() {
            assert!(!same.any(row), "{}: row {row} differs from itself", self.what);
            if row > 0 {
                let differ = rows.field(row - 1, 0) != rows.field(row, 0);
                assert_eq!(shifted.any(row - 1), differ, "{}: rows {} and {row}", self.what, row - 1);
            }
        }
    }

    /// The server reads the text of each value as that value.
    fn reads_back(&self, batch: &RecordBatch, pg_type: &str, tuples: &[u8]) {
        let encoder = BatchEncoder::new(&self.layout);
        let view = encoder.view(batch).unwrap();
        let mut texts = Vec::new();
        let mut rows = CopyEncoder::new(&mut texts);
        rows.header();
        for row in 0..batch.num_rows() {
            let text = view.display(row, 0).unwrap_or_else(|error| panic!("{}: {error}", self.what));
            rows.begin_row(1).unwrap();
            rows.field(text.as_deref().map(str::as_bytes)).unwrap();
        }
        rows.trailer();
        let table = format!("{}_texts", self.table);
        support::sql(self.from, &format!("create table {table} (v text, id serial)"));
        copy_in(self.from, &table, texts);
        let read = copy_out(self.from, &format!("select v::{pg_type} from {table} order by id"));
        for (row, (read, sent)) in read.rows.column(0).zip(frame(tuples).column(0)).enumerate() {
            assert!(read == sent, "{}: row {row} is shown as another value: {read:02x?} instead of {sent:02x?}", self.what);
        }
    }
}

fn stream(tuples: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    CopyEncoder::new(&mut all).header();
    all.extend_from_slice(tuples);
    CopyEncoder::new(&mut all).trailer();
    all
}

fn frame(tuples: &[u8]) -> RowBuffer {
    let mut rows = RowBuffer::new(1);
    CopyDecoder::new(1).feed(&stream(tuples), &mut rows).unwrap();
    rows
}

/// Writes and reads a segment, in several batches and row groups.
fn through_parquet(batch: &RecordBatch) -> RecordBatch {
    let root = tempfile::tempdir().unwrap();
    let store = Store::create(&root.path().join("run")).unwrap();
    let options = SegmentOptions { row_group_bytes: 20_000, ..SegmentOptions::default() };
    let mut writer = SegmentWriter::create(&store, "a.parquet", batch.schema(), &options).unwrap();
    for from in (0..batch.num_rows()).step_by(500) {
        writer.write(&batch.slice(from, (batch.num_rows() - from).min(500))).unwrap();
    }
    let segment = writer.finish().unwrap();
    let reader = SegmentReader::open(&store, &segment, 333).unwrap();
    assert_eq!(reader.schema(), &batch.schema());
    let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    concat_batches(&batch.schema(), &batches).unwrap()
}

/// As a diff holds rows: in a struct column, which is NULL where a side has no row.
fn through_an_image(batch: &RecordBatch) -> RecordBatch {
    let present: NullBuffer = (0..batch.num_rows()).map(|row| row % 3 > 0).collect();
    let field = |name: &str| Field::new(name, arrow::datatypes::DataType::Struct(batch.schema().fields().clone()), true);
    let image = |nulls| Arc::new(StructArray::new(batch.schema().fields().clone(), batch.columns().to_vec(), nulls));
    let schema = Arc::new(Schema::new(vec![field("old"), field("new")]));
    let images = RecordBatch::try_new(schema, vec![image(Some(present.clone())), image(None)]).unwrap();
    let read = through_parquet(&images);
    let old = read.column(0).as_struct();
    assert_eq!(old.nulls(), Some(&present));
    RecordBatch::from(read.column(1).as_struct().clone())
}

/// Proves one type and its arrays; returns the values in the companion column, and those of the arrays.
fn prove(case: &Case, number: usize, majors: [u32; 2], seed: f64) {
    let pair = support::pair_on(&format!("codec_{number}"), support::Majors { old: majors[0], new: majors[1] });
    for side in [Side::Old, Side::New] {
        support::sql(pair.url(side), &making("t", case, seed));
    }
    support::sql(&pair.old, "truncate t, t_a");
    let catalog = block_on(async { failback::catalog::read(&support::connect(&pair.new).await).await }).unwrap();
    for table in ["t", "t_a"] {
        let found = catalog.tables.iter().find(|found| found.name.to_string() == format!("public.{table}")).unwrap();
        let data_type = found.columns.iter().find(|column| column.name.as_str() == "v").unwrap().data_type.clone();
        let lane = lane_of(&data_type);
        assert!(matches!(lane, Lane::Typed(_)), "{} takes the text lane", data_type.sql);
        assert_eq!(matches!(lane, Lane::Typed(Codec::List(_))), table == "t_a", "{}", data_type.sql);
        let proof = Proof {
            what: format!("{} with FAILBACK_TEST_SEED={seed} on {majors:?}", data_type.sql),
            from: &pair.new,
            to: &pair.old,
            table,
            layout: RowLayout { columns: vec![StagedColumn::plain("v", data_type.sql.clone(), lane)] },
        };
        let exact = proof.run(&data_type.sql, case.reads_back);
        let most = match (case.sql, table) {
            // Half of all bytes.
            ("\"char\"", "t") => ROWS as usize * 3 / 5,
            ("\"char\"", _) => ROWS as usize,
            (_, "t") => 8,
            _ => 40,
        };
        assert!(exact <= most, "{}: {exact} values are in the companion column", proof.what);
    }
}

fn prove_all(old: u32, new: u32, seed: f64) {
    prove_since(0, old, new, seed);
}

/// Proves the types that both servers know, and that servers before `since` did not.
fn prove_since(since: u32, old: u32, new: u32, seed: f64) {
    let known: Vec<Case> = cases().into_iter().filter(|case| (since..=old.min(new)).contains(&case.since)).collect();
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let Some(case) = known.get(number) else { break };
                    prove(case, number, [old, new], seed);
                }
            });
        }
    });
}

#[test]
fn every_codec_gives_back_what_a_server_sent() {
    let installed = support::Majors::installed();
    prove_all(installed.old, installed.new, seed());
}

#[test]
fn every_codec_gives_back_what_the_oldest_and_newest_servers_sent() {
    prove_all(13, 18, seed());
    prove_all(18, 13, seed());
    // What 13 does not know: infinite intervals and numerics, negative scales.
    prove_since(14, 18, 18, seed());
}

/// The typed lane has no type that is not tried here.
#[test]
fn every_element_type_is_a_case() {
    let tried: Vec<String> = cases()
        .iter()
        .map(|case| match case.sql.split(['(', ' ']).next().unwrap_or_default() {
            "\"char\"" => "char".to_owned(),
            "char" => "bpchar".to_owned(),
            plain => plain.to_owned(),
        })
        .collect();
    for element in Element::PLAIN {
        assert!(tried.iter().any(|name| name == element.base()), "{}", element.base());
    }
}

/// Paths of leaves in Parquet are easily misspelt, and a misspelt one is encoded plainly without a word.
#[test]
fn elements_are_delta_encoded_in_the_file() {
    let layout = RowLayout { columns: vec![StagedColumn::plain("v", "text[]", Lane::Typed(Codec::List(Element::Text)))] };
    let batch = RecordBatch::new_empty(layout.arrow_schema());
    let list = arrow::array::new_null_array(batch.schema().field(0).data_type(), 4);
    let exact = arrow::array::new_null_array(batch.schema().field(1).data_type(), 4);
    let batch = RecordBatch::try_new(batch.schema(), vec![list, exact]).unwrap();
    let root = tempfile::tempdir().unwrap();
    let store = Store::create(&root.path().join("run")).unwrap();
    let mut writer = SegmentWriter::create(&store, "a.parquet", batch.schema(), &SegmentOptions::default()).unwrap();
    writer.write(&batch).unwrap();
    let segment = writer.finish().unwrap();
    let file = ParquetRecordBatchReaderBuilder::try_new(store.open_checked(&segment.file).unwrap()).unwrap();
    let group = file.metadata().row_group(0);
    for column in group.columns() {
        let encodings: Vec<_> = column.encodings().collect();
        assert!(
            encodings.contains(&parquet::basic::Encoding::DELTA_LENGTH_BYTE_ARRAY),
            "{}: {encodings:?}",
            column.column_path()
        );
    }
    assert_eq!(group.columns().len(), 3);
}
