//! One word for each value of an enumeration.

use std::fmt;

/// An enumeration whose values have one word each.
pub trait Word: Copy + Ord + 'static {
    /// Every value, in the order of the enumeration, which is the order in which reports list them.
    const ALL: &'static [Self];

    /// Returns the word used in files, JSON and on screens.
    fn word(self) -> &'static str;

    /// Finds the value that a word stands for.
    ///
    /// # Errors
    /// If no value has this word; words have one spelling each.
    fn read(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL.iter().copied().find(|value| value.word() == word).ok_or_else(|| UnknownWord(word.to_owned()))
    }
}

/// No value of the enumeration has this word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownWord(String);

impl fmt::Display for UnknownWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no such word: {}", self.0)
    }
}

impl std::error::Error for UnknownWord {}

/// Gives the values of an enumeration their words: [`Word`], `Display` and `FromStr`, and as constants `ALL` and `word`. A
/// value that is left out does not compile.
macro_rules! words {
    ($type:ident { $($variant:ident => $word:literal),+ $(,)? }) => {
        impl $type {
            /// Every value, in the order in which reports list them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Returns the word used in files, JSON and on screens.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl $crate::words::Word for $type {
            const ALL: &'static [Self] = Self::ALL;

            fn word(self) -> &'static str {
                Self::word(self)
            }
        }

        impl ::std::fmt::Display for $type {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.word())
            }
        }

        impl ::std::str::FromStr for $type {
            type Err = $crate::words::UnknownWord;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                $crate::words::Word::read(word)
            }
        }
    };
}

pub(crate) use words;
