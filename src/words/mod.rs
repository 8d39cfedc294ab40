//! Enumerations whose values are words, and counts by them.
//!
//! Comes in: values of an enumeration, or the words that a file or a person uses for them. Goes out: one word a value, the same in files,
//! JSON and on screens, and numbers by word.
//! Never: knows what any of the words means.

mod counts;
mod word;

pub use counts::Counts;
pub(crate) use word::words;
pub use word::{UnknownWord, Word};
