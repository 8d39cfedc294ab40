//! `float4`, `float8`: IEEE bits, big-endian. Bits are moved, never computed with, so NaN payloads and -0 stay.

use arrow_array::{Float32Array, Float64Array};

use super::cells::Cells;
use super::decoded::Decoded;
use super::error::Fault;

pub(super) fn decode_float4(cells: &mut Cells<'_>) -> Result<Float32Array, Fault> {
    cells.primitive(|wire| Decoded::fixed(wire, f32::from_be_bytes))
}

pub(super) fn decode_float8(cells: &mut Cells<'_>) -> Result<Float64Array, Fault> {
    cells.primitive(|wire| Decoded::fixed(wire, f64::from_be_bytes))
}

pub(super) fn write_float4(value: f32, out: &mut Vec<u8>) {
    out.extend_from_slice(&value.to_be_bytes());
}

pub(super) fn write_float8(value: f64, out: &mut Vec<u8>) {
    out.extend_from_slice(&value.to_be_bytes());
}

/// The shortest digits that read back as the same number; every NaN is `NaN`, since text knows no payload.
pub(super) fn text_float4(wire: &[u8]) -> Option<String> {
    let value = f32::from_be_bytes(wire.try_into().ok()?);
    Some(special(f64::from(value)).map_or_else(|| plain_or_exponent(value.to_string(), format!("{value:e}")), str::to_owned))
}

/// As [`text_float4`].
pub(super) fn text_float8(wire: &[u8]) -> Option<String> {
    let value = f64::from_be_bytes(wire.try_into().ok()?);
    Some(special(value).map_or_else(|| plain_or_exponent(value.to_string(), format!("{value:e}")), str::to_owned))
}

fn special(value: f64) -> Option<&'static str> {
    match value {
        _ if value.is_nan() => Some("NaN"),
        f64::INFINITY => Some("Infinity"),
        f64::NEG_INFINITY => Some("-Infinity"),
        _ => None,
    }
}

/// Both are exact; the exponent keeps 1e300 from becoming 301 digits.
fn plain_or_exponent(plain: String, exponent: String) -> String {
    if plain.len() <= 20 { plain } else { exponent }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_short_and_exact() {
        let text = |value: f64| text_float8(&value.to_be_bytes()).unwrap_or_default();
        assert_eq!(text(-0.0), "-0");
        assert_eq!(text(0.1), "0.1");
        assert_eq!(text(1e300), "1e300");
        assert_eq!(text(5e-324), "5e-324");
        assert_eq!(text(f64::NEG_INFINITY), "-Infinity");
        assert_eq!(text_float4(&0.1_f32.to_be_bytes()).as_deref(), Some("0.1"));
        assert_eq!(text_float4(&0xffc0_0001_u32.to_be_bytes()).as_deref(), Some("NaN"));
        assert_eq!(text_float4(&[0; 8]), None);
    }
}
