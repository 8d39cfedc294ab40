//! Positions in a server's write-ahead log.

/// Reads a position as PostgreSQL spells it; `None` where it is none.
#[must_use]
pub fn read_position(text: &str) -> Option<u64> {
    let (upper, lower) = text.split_once('/')?;
    Some((u64::from_str_radix(upper, 16).ok()? << 32) + u64::from_str_radix(lower, 16).ok()?)
}

/// Spells a position as PostgreSQL does.
#[must_use]
pub fn spell_position(position: u64) -> String {
    format!("{:X}/{:X}", position >> 32, position & 0xffff_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_read_as_it_is_spelt() {
        assert!(read_position("0/FFFFFFFF") < read_position("1/0"));
        assert!(read_position("2/A") > read_position("2/9"));
        assert_eq!(read_position("x"), None);
        assert_eq!(spell_position((5 << 32) + 0x16B_3748), "5/16B3748");
        assert_eq!(read_position("5/16B3748"), Some((5 << 32) + 0x16B_3748));
    }
}
