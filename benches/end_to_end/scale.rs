//! How much data there is.

use clap::ValueEnum;

/// One of three sizes; the middle one is a fifth of the largest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scale {
    Tiny,
    Small,
    Full,
}

impl Scale {
    /// Returns the word on the command line.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Tiny => "tiny",
            Self::Small => "small",
            Self::Full => "full",
        }
    }

    /// Returns the rows of each table at the cutover: customers, orders, events and blobs.
    pub(crate) const fn rows(self) -> [(&'static str, u64); 4] {
        match self {
            Self::Tiny => [("customers", 2_000), ("orders", 20_000), ("events", 40_000), ("blobs", 1_000)],
            Self::Small => [("customers", 100_000), ("orders", 1_000_000), ("events", 2_000_000), ("blobs", 10_000)],
            Self::Full => [("customers", 500_000), ("orders", 5_000_000), ("events", 10_000_000), ("blobs", 50_000)],
        }
    }

    /// Returns the sizes of the narrow table that grows.
    pub(crate) const fn growth(self) -> &'static [u64] {
        match self {
            Self::Tiny => &[10_000, 30_000],
            Self::Small => &[100_000, 300_000, 1_000_000, 3_000_000],
            Self::Full => &[100_000, 300_000, 1_000_000, 3_000_000, 10_000_000, 30_000_000],
        }
    }
}
