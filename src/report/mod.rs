//! One page of HTML that shows what a run has come to, for people who have a browser and nothing else.
//!
//! Comes in: an [`Account`](crate::engine::Account). Goes out: one self-contained document: it asks for nothing by any address,
//! runs nothing but its own script, and works from a file.
//! Never: reads a run's files, counts anything, or writes a text that is not escaped.

mod approvals;
mod bars;
mod bundle;
mod conflicts;
mod coverage;
mod data;
mod decisions;
mod grid;
mod html;
mod origin;
mod page;
mod rows;
mod sentence;
mod tables;
mod timeline;
mod verdict;
mod warnings;

pub use page::page;
pub use sentence::{head, sentence};
