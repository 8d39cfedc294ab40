//! Questions to web services: of an assessment's pages and metrics, and of steps that ask.
//!
//! Comes in: an address, what is wanted there, a token. Goes out: what it said.
//! Never: takes what is not known for an answer, shows a token.

mod page;
mod prometheus;
mod token;

pub(super) use page::Page;
#[cfg(test)]
pub(super) use prometheus::read;
pub(super) use prometheus::{Form, Query, Series, Told, When};
pub(super) use token::{bearer, of_file};
