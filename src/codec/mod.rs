//! PostgreSQL types as Arrow types, in both directions and without loss.
//!
//! Comes in: raw wire fields (`wire`) and what the catalog says about each column. Goes out: record batches, the same wire
//! bytes back, and each value as text for people and keys. `encode(decode(x)) == x`, byte for byte, whenever decoding gives no
//! error (`list` names two bits that receiving servers do not keep either).
//! Never: rounds, clamps or drops a value, turns a value into NULL, puts a value into an error, talks to a server.
//!
//! A column takes one of two lanes. **typed**: binary COPY becomes the Arrow type of the table below. **text**: the server's
//! own `column::text` is kept as it is; the loading side declares the column `text` and casts. Single values that the Arrow
//! type of a typed column cannot hold travel in the companion column `fb_exact` as wire bytes, and the typed column is NULL
//! there.
//!
//! | PostgreSQL | Arrow | to `fb_exact` |
//! |---|---|---|
//! | bool | Boolean | |
//! | int2, int4, int8 | Int16, Int32, Int64 | |
//! | oid, xid, cid, xid8 | `UInt32`, `UInt64` | |
//! | float4, float8 | Float32, Float64, bit for bit | |
//! | numeric(p,s), 0 <= s <= p <= 38 | Decimal128(p,s) | NaN, another display scale, digits as no server lays them out |
//! | other numeric | Utf8, the server's digits | what is mostly zeros that the wire leaves out, and such layouts |
//! | money | Decimal128(19,2) | |
//! | text, varchar, char(n), name, enum, json | Utf8 | |
//! | jsonb | Utf8, without the version byte | versions other than 1 |
//! | bytea | Binary | |
//! | uuid | `FixedSizeBinary`(16), `arrow.uuid` | |
//! | date | Date32; infinities are the greatest number and its negative | days that Date32 cannot count |
//! | time | Time64(us) | 24:00 |
//! | timestamp, timestamptz | Timestamp(us), Timestamp(us, UTC); infinities likewise | what lies behind the year 294246 |
//! | timetz | Utf8 | times that no server has |
//! | interval | Struct(months, days, microseconds) | |
//! | inet, cidr, macaddr, macaddr8 | Utf8 | |
//! | "char" | Utf8 | bytes above 0x7f |
//! | arrays of these | List | other shapes, elements that go there |
//! | everything else | Utf8, text lane | |
//!
//! ```
//! use failback::codec::{BatchDecoder, BatchEncoder, CodecError, Lane, RowLayout, StagedColumn, lane_of};
//! use failback::schema::PgType;
//! use failback::wire::{CopyDecoder, CopyEncoder, RowBuffer};
//!
//! # let mut stream: Vec<u8> = Vec::new();
//! # let mut encoder = CopyEncoder::new(&mut stream);
//! # encoder.header();
//! # encoder.begin_row(1).unwrap();
//! # encoder.field(Some(&7_i64.to_be_bytes())).unwrap();
//! # encoder.trailer();
//! # let (mut decoder, mut rows) = (CopyDecoder::new(1), RowBuffer::new(1));
//! # decoder.feed(&stream, &mut rows).unwrap();
//! let lane = lane_of(&PgType::builtin("int8", -1));
//! let layout = RowLayout { columns: vec![StagedColumn::plain("id", "bigint", lane)] };
//! let batch = BatchDecoder::new(&layout).decode(&rows)?; // rows: one, with the wire bytes of 7
//! let encoder = BatchEncoder::new(&layout);
//! assert_eq!(encoder.display(&batch, 0, 0)?.as_deref(), Some("7"));
//!
//! let mut wire = Vec::new();
//! encoder.field(&batch, 0, 0, &mut wire)?;
//! assert_eq!(wire, rows.field(0, 0).unwrap_or_default(), "the same bytes again");
//! assert_eq!(lane_of(&PgType::builtin("tsvector", -1)), Lane::Text);
//! # Ok::<(), CodecError>(())
//! ```

#![deny(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::as_conversions)]

mod arrow_type;
mod boolean;
mod bytes;
mod calendar;
mod cells;
mod datetime;
mod decoded;
mod decoder;
mod display;
mod element;
mod encoder;
mod error;
mod exact;
mod exact_builder;
mod float;
mod integer;
mod internal_char;
mod interval;
mod json;
mod lane;
mod layout;
mod list;
mod money;
mod network;
mod numeric;
mod numeric_text;
mod text;
mod timetz;
mod uuid;
mod values;

pub use decoder::BatchDecoder;
pub use element::Element;
pub use encoder::{BatchEncoder, BatchView, Shown};
pub use error::{CodecError, CodecProblem};
pub use exact::{EXACT_COLUMN, exact_columns};
pub use lane::{Codec, Lane, lane_of};
pub use layout::{RowLayout, StagedColumn};

#[cfg(test)]
mod tests;
