//! The rows that both benchmarks use: an order as an online shop keeps it (14 columns, about 390 bytes), and a narrow one.

use failback::codec::{Codec, Lane, RowLayout, StagedColumn};
use failback::wire::CopyEncoder;

/// Rows of one stream, and of one batch.
pub(crate) const ROWS: u32 = 8192;

/// One shape of row: its name, layout and a COPY stream of it.
pub(crate) struct Shape {
    /// The name in the report.
    pub(crate) name: &'static str,
    /// The columns.
    pub(crate) layout: RowLayout,
    /// A whole stream, header and trailer included.
    pub(crate) stream: Vec<u8>,
}

/// Returns the shapes.
pub(crate) fn shapes() -> [Shape; 2] {
    let wide = [
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
    let narrow = [Codec::Int8, Codec::Int4, Codec::Numeric { precision: 12, scale: 2 }, Codec::TimestampTz];
    [shape("oltp_14", &wide), shape("narrow_4", &narrow)]
}

fn shape(name: &'static str, codecs: &[Codec]) -> Shape {
    let column =
        |(index, codec): (usize, &Codec)| StagedColumn::plain(format!("c{index}").as_str(), "a type", Lane::Typed(*codec));
    let layout = RowLayout { columns: codecs.iter().enumerate().map(column).collect() };
    let mut stream = Vec::new();
    let mut encoder = CopyEncoder::new(&mut stream);
    encoder.header();
    for row in 0..ROWS {
        encoder.begin_row(codecs.len()).expect("few columns");
        for (column, codec) in codecs.iter().enumerate() {
            // The last column but one is NULL now and then, as a date of delivery is.
            let null = column + 2 == codecs.len() && row.is_multiple_of(7);
            let value = (!null).then(|| wire(*codec, row, column));
            encoder.field(value.as_deref()).expect("short values");
        }
    }
    encoder.trailer();
    Shape { name, layout, stream }
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
        _ => long.to_be_bytes().to_vec(),
    }
}
