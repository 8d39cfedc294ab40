//! A set of a load table's columns, as the server has it: a string of bits, one a column.

/// Some of a load table's columns. Its order is that of the bit strings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ColumnMask {
    /// The first column is the highest bit of the first byte; bits behind the last column are not set.
    bytes: Vec<u8>,
    columns: usize,
}

impl ColumnMask {
    /// Returns none of so many columns.
    #[must_use]
    pub fn none(columns: usize) -> Self {
        Self { bytes: vec![0; columns.div_ceil(8)], columns }
    }

    /// Returns those of so many columns for which something is true.
    #[must_use]
    pub fn of(columns: usize, is_in: impl Fn(usize) -> bool) -> Self {
        let mut mask = Self::none(columns);
        for column in (0..columns).filter(|column| is_in(*column)) {
            mask.insert(column);
        }
        mask
    }

    /// Takes a column in.
    pub fn insert(&mut self, column: usize) {
        self.bytes[column / 8] |= Self::bit(column);
    }

    /// Whether a column is among them.
    #[must_use]
    pub fn has(&self, column: usize) -> bool {
        self.bytes[column / 8] & Self::bit(column) != 0
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.iter().all(|byte| *byte == 0)
    }

    /// Returns those that are in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        self.joined(other, |own, other| own & other)
    }

    /// Returns those that are in either.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        self.joined(other, |own, other| own | other)
    }

    /// Returns the wire form of a `varbit`.
    #[must_use]
    pub fn wire(&self) -> Vec<u8> {
        // A table has at most 1600 columns.
        let length = i32::try_from(self.columns).unwrap_or(i32::MAX);
        [&length.to_be_bytes()[..], &self.bytes].concat()
    }

    /// Returns it as a literal.
    #[must_use]
    pub fn literal(&self) -> String {
        let bits: String = (0..self.columns).map(|column| if self.has(column) { '1' } else { '0' }).collect();
        format!("B'{bits}'")
    }

    fn joined(&self, other: &Self, join: impl Fn(u8, u8) -> u8) -> Self {
        let bytes = self.bytes.iter().zip(&other.bytes).map(|(own, other)| join(*own, *other)).collect();
        Self { bytes, columns: self.columns }
    }

    const fn bit(column: usize) -> u8 {
        0x80 >> (column % 8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_bits_from_the_left() {
        let mask = ColumnMask::of(10, |column| column == 0 || column == 9);
        assert_eq!(mask.literal(), "B'1000000001'");
        assert_eq!(mask.wire(), [0, 0, 0, 10, 0b1000_0000, 0b0100_0000]);
        let last = ColumnMask::of(10, |column| column == 9);
        assert_eq!((mask.and(&last), last.or(&mask)), (last, mask));
        assert!(ColumnMask::none(0).is_empty());
    }
}
