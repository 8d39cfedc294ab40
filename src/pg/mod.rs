//! Connections: how to reach a server, sessions that behave the same everywhere, transactions, snapshots, COPY streams.
//!
//! Comes in: what a person typed, the side's variables, SQL from the rooms above. Goes out: rows, bytes, and errors that say
//! what the server said without quoting row values.
//! Never: writes names into SQL (`name` does), decides what is written, retries on its own.
//!
//! ```
//! use failback::name::Side;
//! use failback::pg::Endpoint;
//!
//! let env = |name: &str| (name == "OLD_PGPASSWORD").then(|| "secret".to_owned());
//! let old = Endpoint::resolve(Side::Old, Some("postgresql://dba@old.example.com/shop"), &env)?;
//! assert_eq!(old.to_string(), "dba@old.example.com:5432/shop", "never with a password");
//! # Ok::<(), failback::error::Error>(())
//! ```

mod activity;
mod clock;
mod connect;
mod connect_error;
mod connect_settings;
mod conninfo;
mod copy;
mod copy_demux;
mod endpoint;
mod fault;
mod first_query;
mod for_programs;
mod hosts;
mod identity;
mod keyword;
mod line;
mod log_position;
mod old_writes;
mod passfile;
mod password;
mod patience;
mod pooler;
mod process_environment;
mod recovered;
mod sameness;
mod seen;
mod service;
mod session;
mod slot;
mod snapshot;
mod socket;
mod sqlstate;
mod tls;
mod to_hide;
mod transaction;
mod transaction_ids;
mod writers;

pub use activity::{Activity, Counted, EndedSession, Subscribed};
pub use clock::{ClockReading, ClockSkew};
pub use copy::{CopyIn, CopyOut};
pub use endpoint::Endpoint;
pub use fault::{ServerFault, describe, fault, server_fault, sqlstate};
pub use identity::{ServerIdentity, encoding_remarks, same_database};
pub use log_position::{read_position, spell_position};
pub use old_writes::OldWrites;
pub use process_environment::ProcessEnvironment;
pub use recovered::Recovered;
pub use sameness::{are_in_one_server, is_old, lead_to_one_database};
pub use seen::Seen;
pub use session::{Cancel, Session, farewell};
pub use slot::{LogState, PLUGIN, Slot, SlotFacts};
pub use snapshot::Snapshot;
pub use transaction::{Isolation, Savepoint, Transaction};
pub use transaction_ids::TransactionIds;
pub use writers::{Writers, Writing};
