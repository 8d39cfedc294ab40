//! What a row's history means for OLD.
//!
//! Comes in: what BASE, OLD and NEW hold for one key. Goes out: a class, a conflict type, the evidence they rest on.
//! Never: decides what to do about it (see `policy`).

mod class;

pub use class::{Class, ConflictType, Evidence};
