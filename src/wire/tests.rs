//! The framing's tests: any cut gives the same rows, and no bytes make it panic.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed, as it should")]

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

type Row = Vec<Option<Vec<u8>>>;

fn stream(rows: &[Row]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = CopyEncoder::new(&mut out);
    encoder.header();
    for row in rows {
        encoder.begin_row(row.len()).unwrap();
        for field in row {
            encoder.field(field.as_deref()).unwrap();
        }
    }
    encoder.trailer();
    out
}

fn rows_of(buffer: &RowBuffer) -> Vec<Row> {
    let field = |row, column| buffer.field(row, column).map(<[u8]>::to_vec);
    (0..buffer.row_count()).map(|row| (0..buffer.column_count()).map(|column| field(row, column)).collect()).collect()
}

fn decode(columns: usize, chunks: &[&[u8]]) -> Result<Vec<Row>, WireError> {
    let mut decoder = CopyDecoder::new(columns);
    let mut buffer = RowBuffer::new(columns);
    let mut rows = Vec::new();
    for (index, chunk) in chunks.iter().enumerate() {
        decoder.feed(chunk, &mut buffer)?;
        // Emptied now and then, as a caller does, also while a row is half read.
        if index % 2 == 1 {
            rows.extend(rows_of(&buffer));
            buffer.clear();
        }
    }
    rows.extend(rows_of(&buffer));
    decoder.finish().map(|()| rows)
}

fn problem(columns: usize, bytes: &[u8]) -> (u64, WireProblem) {
    let error = decode(columns, &[bytes]).unwrap_err();
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(decode(columns, &single).unwrap_err(), error, "the same error, whatever the cuts");
    (error.offset(), error.problem())
}

fn some_rows() -> Vec<Row> {
    vec![vec![Some(b"one".to_vec()), None, Some(Vec::new())], vec![None, None, Some(vec![0xff; 300])]]
}

fn cut<'a>(bytes: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    at.sort_unstable();
    let mut start = 0;
    let mut chunks: Vec<&[u8]> = Vec::new();
    for end in at {
        chunks.push(&bytes[start..end]);
        start = end;
    }
    chunks.push(&bytes[start..]);
    chunks
}

#[test]
fn fields_rows_and_columns_can_be_read() {
    let bytes = stream(&some_rows());
    let mut buffer = RowBuffer::new(3);
    let mut decoder = CopyDecoder::new(3);
    decoder.feed(&bytes, &mut buffer).unwrap();
    decoder.finish().unwrap();
    assert_eq!(rows_of(&buffer), some_rows());
    assert_eq!(buffer.row_bytes(0), b"\0\0\0\x03one\xff\xff\xff\xff\0\0\0\0");
    assert_eq!(buffer.row_bytes(0).len() + buffer.row_bytes(1).len(), buffer.byte_count());
    assert_eq!(buffer.row_bytes(2), b"");
    assert_eq!(buffer.field(0, 3), None, "the next row's first field is not this row's fourth");
    assert_eq!(buffer.column(0).collect::<Vec<_>>(), [Some(b"one".as_slice()), None]);
    assert_eq!(buffer.column_lengths(2).collect::<Vec<_>>(), [0, 300]);
    assert_eq!(buffer.column(3).len(), 0);
}

#[test]
fn rows_without_columns_are_counted() {
    let bytes = stream(&[vec![], vec![]]);
    assert_eq!(decode(0, &[&bytes]).unwrap().len(), 2);
}

#[test]
fn header_extensions_are_skipped_and_uncritical_flags_ignored() {
    let mut bytes = stream(&some_rows());
    bytes[14] = 1;
    bytes[18] = 5;
    bytes.splice(19..19, [9; 5]);
    assert_eq!(decode(3, &[&bytes]).unwrap(), some_rows());
    assert_eq!(decode(3, &bytes.chunks(1).collect::<Vec<_>>()).unwrap(), some_rows());
}

#[test]
fn broken_headers_are_refused() {
    let good = stream(&[]);
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        problem(1, &bytes)
    };
    assert_eq!(with(7, 0x7f), (0, WireProblem::Signature));
    assert_eq!(with(12, 1), (11, WireProblem::CriticalFlags(0x0001_0000)));
    assert_eq!(with(15, 0x80), (15, WireProblem::ExtensionLength(i32::MIN)));
    assert_eq!(problem(1, b"SELECT"), (0, WireProblem::Signature));
}

#[test]
fn broken_rows_are_refused_where_they_are() {
    let good = stream(&some_rows());
    assert_eq!(problem(2, &good), (19, WireProblem::FieldCount { expected: 2, found: 3 }));
    let mut lying = good.clone();
    lying[28..32].copy_from_slice(&(-2_i32).to_be_bytes());
    assert_eq!(problem(3, &lying), (28, WireProblem::FieldLength(-2)));
    lying[28..32].copy_from_slice(&((1_i32 << 30) + 1).to_be_bytes());
    assert_eq!(problem(3, &lying), (28, WireProblem::FieldLength((1 << 30) + 1)));
    let mut longer = good.clone();
    longer.push(0);
    assert_eq!(problem(3, &longer), (u64::try_from(good.len()).unwrap(), WireProblem::AfterTrailer));
    for length in 0..good.len() {
        assert_eq!(problem(3, &good[..length]), (u64::try_from(length).unwrap(), WireProblem::Truncated));
    }
}

#[test]
fn a_buffer_of_another_width_is_refused() {
    let mut decoder = CopyDecoder::new(2);
    let error = decoder.feed(b"P", &mut RowBuffer::new(3)).unwrap_err();
    assert_eq!(error.problem(), WireProblem::ColumnCount { decoder: 2, buffer: 3 });
}

proptest! {
    #[test]
    fn any_cut_gives_the_same_rows(
        rows in (1_usize..5).prop_flat_map(|columns| vec(vec(prop::option::of(vec(any::<u8>(), 0..20)), columns), 1..12)),
        cuts in vec(any::<prop::sample::Index>(), 0..30),
    ) {
        let bytes = stream(&rows);
        prop_assert_eq!(decode(rows[0].len(), &cut(&bytes, &cuts)).unwrap(), rows);
    }

    #[test]
    fn any_bytes_are_survived(
        columns in 0_usize..4,
        body in vec(any::<u8>(), 0..200),
        cuts in vec(any::<prop::sample::Index>(), 0..6),
        signed in any::<bool>(),
    ) {
        let mut bytes = if signed { stream(&[])[..19].to_vec() } else { Vec::new() };
        bytes.extend(body);
        let whole = decode(columns, &[&bytes]);
        prop_assert_eq!(decode(columns, &cut(&bytes, &cuts)), whole);
    }

    #[test]
    fn altered_streams_are_survived(
        at in any::<prop::sample::Index>(),
        byte: u8,
        cuts in vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let mut bytes = stream(&some_rows());
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let whole = decode(3, &[&bytes]);
        prop_assert_eq!(decode(3, &cut(&bytes, &cuts)), whole);
    }
}
