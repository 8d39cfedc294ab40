//! The rows that both benchmarks use: an order as an online shop keeps it (14 columns, about 390 bytes), a narrow one, and for
//! each type that could as well take the text lane a single column of it in both lanes.

use failback::codec::{BatchDecoder, BatchEncoder, Codec, Element, Lane, RowLayout, StagedColumn};
use failback::wire::{CopyDecoder, CopyEncoder, RowBuffer};

/// Rows of one stream, and of one batch.
pub(crate) const ROWS: u32 = 8192;

/// One shape of row: its name, layout and a COPY stream of it.
pub(crate) struct Shape {
    /// The name in the report.
    pub(crate) name: String,
    /// The columns.
    pub(crate) layout: RowLayout,
    /// A whole stream, header and trailer included.
    pub(crate) stream: Vec<u8>,
}

/// Returns the shapes, each made when it is asked for.
pub(crate) fn shapes() -> impl Iterator<Item = Shape> {
    tables().chain(values())
}

/// Returns the shapes of whole tables.
fn tables() -> impl Iterator<Item = Shape> {
    let wide = vec![
        Codec::Int8,
        Codec::Uuid,
        Codec::Int4,
        Codec::Text,
        Codec::Text,
        Codec::Text,
        Codec::Enum,
        Codec::Numeric { precision: 12, scale: 2 },
        Codec::Numeric { precision: 12, scale: 4 },
        Codec::Bool,
        Codec::Jsonb,
        Codec::Date,
        Codec::TimestampTz,
        Codec::TimestampTz,
    ];
    let narrow = vec![Codec::Int8, Codec::Int4, Codec::Numeric { precision: 12, scale: 2 }, Codec::TimestampTz];
    [("oltp_14", wide), ("narrow_4", narrow)].into_iter().map(|(name, codecs)| shape(name, &codecs))
}

/// Returns for each type the shape of a single column of it, in both lanes.
fn values() -> impl Iterator<Item = Shape> {
    let codecs = [
        ("numeric", Codec::NumericText),
        ("interval", Codec::Interval),
        ("timetz", Codec::TimeTz),
        ("inet", Codec::Inet),
        ("macaddr", Codec::Macaddr),
        ("money", Codec::Money),
        ("int4_array", Codec::List(Element::Int4)),
        ("float8_array", Codec::List(Element::Float8)),
        ("text_array", Codec::List(Element::Text)),
    ];
    codecs.into_iter().flat_map(|(name, codec)| {
        let typed = shape(&format!("{name}/typed"), &[codec]);
        [as_text(&format!("{name}/text"), &typed), typed]
    })
}

/// Returns the same values as the text lane carries them.
fn as_text(name: &str, typed: &Shape) -> Shape {
    let mut rows = RowBuffer::new(1);
    CopyDecoder::new(1).feed(&typed.stream, &mut rows).expect("a good stream");
    let batch = BatchDecoder::new(&typed.layout).decode(&rows).expect("good values");
    let encoder = BatchEncoder::new(&typed.layout);
    let view = encoder.view(&batch).expect("a batch of the layout");
    let layout = RowLayout { columns: vec![StagedColumn::plain("c0", "a type", Lane::Text)] };
    stream(name, layout, |row, _| {
        view.display(usize::try_from(row).expect("few rows"), 0).expect("a text").map(String::into_bytes)
    })
}

fn shape(name: &str, codecs: &[Codec]) -> Shape {
    let column =
        |(index, codec): (usize, &Codec)| StagedColumn::plain(format!("c{index}").as_str(), "a type", Lane::Typed(*codec));
    let layout = RowLayout { columns: codecs.iter().enumerate().map(column).collect() };
    stream(name, layout, |row, column| {
        // The last column but one is NULL now and then, as a date of delivery is.
        let null = column + 2 == codecs.len() && row.is_multiple_of(7);
        (!null).then(|| wire(codecs[column], row, column))
    })
}

fn stream(name: &str, layout: RowLayout, value: impl Fn(u32, usize) -> Option<Vec<u8>>) -> Shape {
    let mut stream = Vec::new();
    let mut encoder = CopyEncoder::new(&mut stream);
    encoder.header();
    for row in 0..ROWS {
        encoder.begin_row(layout.columns.len()).expect("few columns");
        for column in 0..layout.columns.len() {
            encoder.field(value(row, column).as_deref()).expect("short values");
        }
    }
    encoder.trailer();
    Shape { name: name.to_owned(), layout, stream }
}

fn wire(codec: Codec, row: u32, column: usize) -> Vec<u8> {
    let long = i64::from(row) * 7919 + 600_000_000_000_000;
    match codec {
        Codec::Bool => vec![u8::from(row.is_multiple_of(3))],
        Codec::Int4 | Codec::Date => (row % 9000).to_be_bytes().to_vec(),
        Codec::Uuid => blake3::hash(&row.to_be_bytes()).as_bytes()[..16].to_vec(),
        Codec::Enum => b"delivered".to_vec(),
        Codec::Text => format!("customer {row}, {}", "an address with some words ".repeat(column % 3 + 1)).into_bytes(),
        Codec::Jsonb => {
            format!("\x01{{\"row\": {row}, \"channel\": \"web\", \"tags\": [\"a\", \"b\"], \"rate\": 0.25}}").into_bytes()
        }
        Codec::Numeric { scale, .. } => {
            let group = u16::try_from(row % 9999 + 1).expect("below 10000");
            let words = [2, 0, 0, u16::from(scale.unsigned_abs()), group, 2500];
            words.iter().flat_map(|word| word.to_be_bytes()).collect()
        }
        // 1,234,567.89 and the like.
        Codec::NumericText => {
            let group = u16::try_from(row % 9999 + 1).expect("below 10000");
            [3, 1, 0, 2, group, 4567, 8900].iter().flat_map(|word: &u16| word.to_be_bytes()).collect()
        }
        Codec::Interval => {
            [&(long % 86_400_000_000).to_be_bytes()[..], &(row % 31).to_be_bytes(), &(row % 13).to_be_bytes()].concat()
        }
        Codec::TimeTz => [&(long % 86_400_000_000).to_be_bytes()[..], &(-7200_i32).to_be_bytes()].concat(),
        Codec::Inet => [&[2, 32, 0, 4][..], &(0x0a00_0000 + row * 7919).to_be_bytes()].concat(),
        Codec::Macaddr => [&[8, 0][..], &(row * 7919).to_be_bytes()].concat(),
        Codec::List(element) => list(element, row),
        _ => long.to_be_bytes().to_vec(),
    }
}

/// An array of three.
fn list(element: Element, row: u32) -> Vec<u8> {
    let (oid, elements): (u32, [Vec<u8>; 3]) = match element {
        Element::Int4 => (23, [row, row * 2, 7].map(|value| value.to_be_bytes().to_vec())),
        Element::Float8 => (701, [1.0, 3.0, 7.0].map(|by| (f64::from(row) / by).to_be_bytes().to_vec())),
        _ => (25, [format!("alpha {row}"), "beta".to_owned(), "something longer".to_owned()].map(String::into_bytes)),
    };
    let mut wire: Vec<u8> = [1, 0, oid, 3, 1].iter().flat_map(|word| word.to_be_bytes()).collect();
    for element in elements {
        wire.extend(u32::try_from(element.len()).expect("short values").to_be_bytes());
        wire.extend(element);
    }
    wire
}
