//! `inet`, `cidr`, `macaddr`, `macaddr8`.
//!
//! | bytes | meaning (`network_send`, utils/adt/network.c, PostgreSQL 15) |
//! |---|---|
//! | 1 | family: 2 for IPv4, 3 for IPv6 (`PGSQL_AF_INET`, `PGSQL_AF_INET6`) |
//! | 1 | bits of the netmask |
//! | 1 | whether the type is `cidr` |
//! | 1 | bytes of the address, 4 or 16 |
//! | 4 or 16 | the address |
//!
//! `inet` shows its netmask unless it covers the whole address, `cidr` always, as servers print them. Hardware addresses
//! are their six or eight bytes.

use std::net::{Ipv4Addr, Ipv6Addr};

use arrow_array::StringArray;

use super::cells::Cells;
use super::decoded::Decoded;
use super::error::Fault;

const IPV4: u8 = 2;
const IPV6: u8 = 3;
const HEX: [u8; 16] = *b"0123456789abcdef";

/// An address and its netmask; `None` if the bytes are none of the type.
fn print(wire: &[u8], cidr: bool, out: &mut Vec<u8>) -> Option<()> {
    let [family, bits, is_cidr, _, address @ ..] = wire else { return None };
    let (size, full) = match (*family, wire) {
        (IPV4, [_, _, _, 4, ..]) => (4, 32),
        (IPV6, [_, _, _, 16, ..]) => (16, 128),
        _ => return None,
    };
    if address.len() != size || *bits > full || *is_cidr != u8::from(cidr) {
        return None;
    }
    if let [a, b, c, d] = *address {
        for (byte, dot) in [(a, true), (b, true), (c, true), (d, false)] {
            push_number(byte, out);
            out.extend(dot.then_some(b'.'));
        }
    } else {
        let address = Ipv6Addr::from(<[u8; 16]>::try_from(address).ok()?);
        out.extend_from_slice(address.to_string().as_bytes());
    }
    if cidr || *bits < full {
        out.push(b'/');
        push_number(*bits, out);
    }
    Some(())
}

fn push_number(number: u8, out: &mut Vec<u8>) {
    if number >= 100 {
        out.push(b'0' + number / 100);
    }
    if number >= 10 {
        out.push(b'0' + number / 10 % 10);
    }
    out.push(b'0' + number % 10);
}

pub(super) fn decode_inet(cells: &mut Cells<'_>) -> Result<StringArray, Fault> {
    cells.formatted(|wire, out| print(wire, false, out).map_or(Decoded::Malformed, Decoded::Exact))
}

pub(super) fn decode_cidr(cells: &mut Cells<'_>) -> Result<StringArray, Fault> {
    cells.formatted(|wire, out| print(wire, true, out).map_or(Decoded::Malformed, Decoded::Exact))
}

/// Writes an address; false if the text is none.
pub(super) fn write_inet(value: &str, out: &mut Vec<u8>) -> bool {
    write(value, false, out).is_some()
}

/// Writes a network; false if the text is none.
pub(super) fn write_cidr(value: &str, out: &mut Vec<u8>) -> bool {
    write(value, true, out).is_some()
}

fn write(value: &str, cidr: bool, out: &mut Vec<u8>) -> Option<()> {
    let (address, bits) = match value.split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse::<u8>().ok()?)),
        None => (value, None),
    };
    if cidr && bits.is_none() {
        return None;
    }
    if let Ok(address) = address.parse::<Ipv4Addr>() {
        let bits = bits.unwrap_or(32);
        (bits <= 32).then_some(())?;
        out.extend_from_slice(&[IPV4, bits, u8::from(cidr), 4]);
        out.extend_from_slice(&address.octets());
    } else {
        let (address, bits) = (address.parse::<Ipv6Addr>().ok()?, bits.unwrap_or(128));
        (bits <= 128).then_some(())?;
        out.extend_from_slice(&[IPV6, bits, u8::from(cidr), 16]);
        out.extend_from_slice(&address.octets());
    }
    Some(())
}

pub(super) fn text_inet(wire: &[u8]) -> Option<String> {
    let mut out = Vec::new();
    print(wire, false, &mut out)?;
    String::from_utf8(out).ok()
}

pub(super) fn text_cidr(wire: &[u8]) -> Option<String> {
    let mut out = Vec::new();
    print(wire, true, &mut out)?;
    String::from_utf8(out).ok()
}

/// Two hexadecimal digits a byte, colons between them.
fn print_mac<const N: usize>(wire: &[u8], out: &mut Vec<u8>) -> Decoded<()> {
    let Ok(bytes) = <[u8; N]>::try_from(wire) else { return Decoded::Malformed };
    for (index, byte) in bytes.into_iter().enumerate() {
        if index > 0 {
            out.push(b':');
        }
        let digit = |half: u8| HEX.get(usize::from(half)).copied().unwrap_or_default();
        out.extend([digit(byte >> 4), digit(byte & 15)]);
    }
    Decoded::Exact(())
}

pub(super) fn decode_macaddr(cells: &mut Cells<'_>) -> Result<StringArray, Fault> {
    cells.formatted(print_mac::<6>)
}

pub(super) fn decode_macaddr8(cells: &mut Cells<'_>) -> Result<StringArray, Fault> {
    cells.formatted(print_mac::<8>)
}

/// Writes a hardware address of `N` bytes; false if the text is none.
pub(super) fn write_mac<const N: usize>(value: &str, out: &mut Vec<u8>) -> bool {
    let mut bytes = [0; N];
    let mut parts = value.as_bytes().split(|byte| *byte == b':');
    for slot in &mut bytes {
        let Some(&[high, low]) = parts.next() else { return false };
        let (Some(high), Some(low)) = (half(high), half(low)) else { return false };
        *slot = high << 4 | low;
    }
    if parts.next().is_some() {
        return false;
    }
    out.extend_from_slice(&bytes);
    true
}

const fn half(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

pub(super) fn text_mac<const N: usize>(wire: &[u8]) -> Option<String> {
    let mut out = Vec::new();
    print_mac::<N>(wire, &mut out).exact()?;
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comes_back(cidr: bool, wire: &[u8], shown: &str) {
        let mut out = Vec::new();
        assert!(print(wire, cidr, &mut out).is_some(), "{shown}");
        assert_eq!(std::str::from_utf8(&out), Ok(shown));
        out.clear();
        assert!(write(shown, cidr, &mut out).is_some(), "{shown}");
        assert_eq!(out, wire, "{shown}");
    }

    /// `inet_send` and `cidr_send` of the text, PostgreSQL 15.
    #[test]
    fn netmasks_are_kept() {
        comes_back(false, &[2, 32, 0, 4, 10, 0, 0, 1], "10.0.0.1");
        comes_back(false, &[2, 24, 0, 4, 192, 168, 100, 7], "192.168.100.7/24");
        comes_back(false, &[2, 0, 0, 4, 0, 0, 0, 0], "0.0.0.0/0");
        comes_back(true, &[2, 32, 1, 4, 10, 0, 0, 1], "10.0.0.1/32");
        let mut six = [0; 20];
        six[..4].copy_from_slice(&[3, 128, 0, 16]);
        comes_back(false, &six, "::");
        six[..8].copy_from_slice(&[3, 64, 0, 16, 0x20, 0x01, 0x0d, 0xb8]);
        six[19] = 1;
        comes_back(false, &six, "2001:db8::1/64");
        let mut mapped = [0; 20];
        mapped[..4].copy_from_slice(&[3, 128, 0, 16]);
        mapped[14..].copy_from_slice(&[0xff, 0xff, 1, 2, 3, 4]);
        comes_back(false, &mapped, "::ffff:1.2.3.4");
    }

    #[test]
    fn what_no_server_sends_is_refused() {
        for wire in [
            &[][..],
            &[2, 32, 0, 4, 1, 2, 3],
            &[2, 33, 0, 4, 1, 2, 3, 4],
            &[2, 32, 1, 4, 1, 2, 3, 4],
            &[2, 32, 2, 4, 1, 2, 3, 4],
            &[3, 32, 0, 4, 1, 2, 3, 4],
            &[2, 32, 0, 16, 1, 2, 3, 4],
            &[2, 32, 0, 4, 1, 2, 3, 4, 5],
            &[4, 0, 0, 0],
        ] {
            assert!(print(wire, false, &mut Vec::new()).is_none(), "{wire:?}");
        }
        for text in ["", "10.0.0", "10.0.0.1/33", "010.0.0.1", "::/129", "1.2.3.4/", "1.2.3.4/1/2"] {
            assert!(!write_inet(text, &mut Vec::new()), "{text}");
        }
        assert!(!write_cidr("10.0.0.1", &mut Vec::new()));
    }

    /// `macaddr_send` and `macaddr8_send`, PostgreSQL 15.
    #[test]
    fn hardware_addresses_are_their_bytes() {
        assert_eq!(text_mac::<6>(&[8, 0, 0x2b, 1, 2, 0xff]).as_deref(), Some("08:00:2b:01:02:ff"));
        assert_eq!(text_mac::<6>(&[0; 8]), None);
        let mut out = Vec::new();
        assert!(write_mac::<8>("08:00:2b:01:02:03:04:05", &mut out));
        assert_eq!(out, [8, 0, 0x2b, 1, 2, 3, 4, 5]);
        for text in ["", "08:00:2b:01:02", "08:00:2b:01:02:03:04", "08:00:2B:01:02:03", "8:0:2b:1:2:3", "08:00:2b:01:02:+3"] {
            assert!(!write_mac::<6>(text, &mut Vec::new()), "{text}");
        }
    }
}
