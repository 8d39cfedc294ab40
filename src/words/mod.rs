//! Enumerations whose values are words, and counts by them.
//!
//! Comes in: values of an enumeration, or the words that a file or a person uses for them. Goes out: one word a value, the same
//! in files, JSON and on screens, and numbers by word.
//! Never: knows what any of the words means.
//!
//! ```
//! use failback::delta::Class;
//! use failback::words::Counts;
//!
//! let mut found = Counts::new();
//! found.add(Class::Insert, 40);
//! found.add(Class::Delete, 2);
//! assert_eq!((found.get(Class::Insert), found.get(Class::Update), found.sum()), (40, 0, 42));
//! ```

mod counts;
mod word;

pub use counts::Counts;
pub(crate) use word::words;
pub use word::{UnknownWord, Word};
