//! `int2`, `int4`, `int8`, `oid`, `xid`, `cid`, `xid8`: big-endian numbers of their size.

use arrow_array::{Int16Array, Int32Array, Int64Array, UInt32Array, UInt64Array};

use super::cells::Cells;
use super::decoded::Decoded;
use super::error::Fault;

pub(super) fn decode_int2(cells: &mut Cells<'_>) -> Result<Int16Array, Fault> {
    cells.primitive(|wire| Decoded::fixed(wire, i16::from_be_bytes))
}

pub(super) fn decode_int4(cells: &mut Cells<'_>) -> Result<Int32Array, Fault> {
    cells.primitive(|wire| Decoded::fixed(wire, i32::from_be_bytes))
}

pub(super) fn decode_int8(cells: &mut Cells<'_>) -> Result<Int64Array, Fault> {
    cells.primitive(|wire| Decoded::fixed(wire, i64::from_be_bytes))
}

pub(super) fn decode_oid(cells: &mut Cells<'_>) -> Result<UInt32Array, Fault> {
    cells.primitive(|wire| Decoded::fixed(wire, u32::from_be_bytes))
}

pub(super) fn decode_xid8(cells: &mut Cells<'_>) -> Result<UInt64Array, Fault> {
    cells.primitive(|wire| Decoded::fixed(wire, u64::from_be_bytes))
}

pub(super) fn write_int2(value: i16, out: &mut Vec<u8>) {
    out.extend_from_slice(&value.to_be_bytes());
}

pub(super) fn write_int4(value: i32, out: &mut Vec<u8>) {
    out.extend_from_slice(&value.to_be_bytes());
}

pub(super) fn write_int8(value: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(&value.to_be_bytes());
}

pub(super) fn write_oid(value: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&value.to_be_bytes());
}

pub(super) fn write_xid8(value: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(&value.to_be_bytes());
}

pub(super) fn text_int2(wire: &[u8]) -> Option<String> {
    wire.try_into().ok().map(|bytes| i16::from_be_bytes(bytes).to_string())
}

pub(super) fn text_int4(wire: &[u8]) -> Option<String> {
    wire.try_into().ok().map(|bytes| i32::from_be_bytes(bytes).to_string())
}

pub(super) fn text_int8(wire: &[u8]) -> Option<String> {
    wire.try_into().ok().map(|bytes| i64::from_be_bytes(bytes).to_string())
}

pub(super) fn text_oid(wire: &[u8]) -> Option<String> {
    wire.try_into().ok().map(|bytes| u32::from_be_bytes(bytes).to_string())
}

pub(super) fn text_xid8(wire: &[u8]) -> Option<String> {
    wire.try_into().ok().map(|bytes| u64::from_be_bytes(bytes).to_string())
}
