//! Preflight: what can still be switched on before a migration, and what each buys if it goes wrong.
//!
//! Comes in: both servers. Goes out: what each keeps, what it could keep, and the statement that makes it.
//! Never: runs one, writes, or reads rows.

mod execute;
mod preparation;
mod server_facts;

pub use execute::{PreflightReport, PreparedServer, TablePreparation, preflight};
pub use preparation::{Preparation, Readiness};
