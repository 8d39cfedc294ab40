//! Connections: how to reach a server, sessions that behave the same everywhere, COPY streams, snapshots.
//!
//! Comes in: what a person typed, the side's variables, SQL from the rooms above. Goes out: rows, bytes, and errors that say
//! what the server said without quoting row values.
//! Never: writes names into SQL (`name` does), decides what is written, retries on its own.

mod condition;
mod conninfo;
mod copy;
mod dial;
mod diversion;
mod endpoint;
mod fault;
mod identity;
mod keyword;
mod passfile;
mod password;
mod refusal;
mod service;
mod session;
mod snapshot;
mod socket;
pub mod statement;
mod target;
mod tls;

pub use copy::{CopyIn, CopyOut};
pub use endpoint::{Endpoint, Surroundings};
pub use fault::{ServerFault, describe, fault, server_fault, sqlstate};
pub use identity::{ServerIdentity, encoding_remarks, same_database};
pub use session::{Cancel, Session, farewell};
pub use snapshot::Snapshot;
