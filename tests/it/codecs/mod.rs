//! Every codec against a server: what the server sends is decoded, kept in a Parquet file, read, and comes out as the same
//! bytes; another server takes those bytes and sends them again; the text shown for a value is read back to the value.
//!
//! Edge values are listed, thousands of others are made by the server from `random()`, whose seed is printed when a test fails.
//! `FAILBACK_TEST_SEED` repeats it.

mod cases;

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch, StructArray};
use arrow_buffer::NullBuffer;
use arrow_schema::{Field, Schema};
use arrow_select::concat::concat_batches;
use bytes::Bytes;
use failback::codec::{BatchDecoder, BatchEncoder, Codec, Element, Lane, RowLayout, StagedColumn, lane_of};
use failback::delta::compare;
use failback::name::Side;
use failback::staging::{SegmentOptions, SegmentReader, SegmentWriter};
use failback::store::LocalStore;
use failback::wire::{CopyDecoder, CopyEncoder, RowBuffer};
use futures::{SinkExt, TryStreamExt};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::support::{self, block_on};
use cases::{Case, cases};

/// Random values of each type.
const ROWS: u32 = 2000;
/// Signature, flags and length of the extension; and the trailer.
const HEADER: usize = 19;
const TRAILER: usize = 2;

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
        let framed = frame(tuples);
        let (encoded, sent) = (framed.column(0), sent.rows.column(0));
        assert_eq!(encoded.len(), sent.len(), "{}", self.what);
        for (row, (encoded, sent)) in encoded.zip(sent).enumerate().filter(|(_, (encoded, sent))| encoded != sent) {
            let (encoded, sent) = (encoded.unwrap(), sent.unwrap());
            let only_flag = encoded[..7] == sent[..7] && (encoded[7], sent[7]) == (0, 1) && encoded[8..] == sent[8..];
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
    let store = LocalStore::create(&root.path().join("run")).unwrap();
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
    let field = |name: &str| Field::new(name, arrow_schema::DataType::Struct(batch.schema().fields().clone()), true);
    let image = |nulls| Arc::new(StructArray::new(batch.schema().fields().clone(), batch.columns().to_vec(), nulls));
    let schema = Arc::new(Schema::new(vec![field("old"), field("new")]));
    let images = RecordBatch::try_new(schema, vec![image(Some(present.clone())), image(None)]).unwrap();
    let read = through_parquet(&images);
    let old = read.column(0).as_struct();
    assert_eq!(old.nulls(), Some(&present));
    RecordBatch::from(read.column(1).as_struct().clone())
}

/// Proves one type and its arrays; returns the values in the companion column, and those of the arrays.
fn prove(case: &Case, number: usize, majors: support::Majors, seed: f64) {
    let pair = support::pair_on(&format!("codec_{number}"), majors);
    for side in Side::BOTH {
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
                    prove(case, number, support::Majors { old, new }, seed);
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
    let list = arrow_array::new_null_array(batch.schema().field(0).data_type(), 4);
    let exact = arrow_array::new_null_array(batch.schema().field(1).data_type(), 4);
    let batch = RecordBatch::try_new(batch.schema(), vec![list, exact]).unwrap();
    let root = tempfile::tempdir().unwrap();
    let store = LocalStore::create(&root.path().join("run")).unwrap();
    let mut writer = SegmentWriter::create(&store, "a.parquet", batch.schema(), &SegmentOptions::default()).unwrap();
    writer.write(&batch).unwrap();
    let segment = writer.finish().unwrap();
    let file = std::fs::File::open(store.folder().join(&segment.file.path)).unwrap();
    let file = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
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
