//! What a row's history means for OLD: evidence, the three-way truth table, conflict types, exact comparison of rows.
//!
//! Comes in: what each side's row says about itself, and decoded rows. Goes out: one class a key, and which columns differ.
//! Never: looks at a server, decides what is done about a class (that is `policy`), or calls two values equal that are not
//! equal byte for byte.

mod class;
mod compare;
mod history;
mod truth;

pub use class::{Class, Evidence};
pub use compare::{Differences, compare};
pub use history::{Base, CutoverWindow, History, infer_base};
pub use truth::{Verdict, classify};
