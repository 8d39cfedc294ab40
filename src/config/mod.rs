//! `failback.toml`: where the servers are, when the cutover was, and how each table is to be treated.
//!
//! Comes in: the file's text, and the name of an environment. Goes out: settings with defaults filled in and environments laid
//! over them, an error with its line and column, or warnings.
//! Never: opens a file, reads a variable or the clock, connects, or repeats a password in an error, a warning or a Debug.
//! Time zones are looked up in the system's tz database by `jiff`.
//!
//! ```
//! use failback::config::Config;
//! use failback::schema::Method;
//!
//! let toml = "cutover = 2026-11-22T10:00:00+02:00\ntables.\"public.tokens\".method = \"compare\"";
//! let config = Config::parse(toml, "failback.toml")?;
//! assert_eq!(config.cutover(None)?.utc(), "2026-11-22T08:00:00Z");
//! assert_eq!(config.table("shop", "public.tokens").method, Some(Method::Compare));
//!
//! let error = Config::parse("cutovr = 1", "failback.toml").unwrap_err();
//! assert_eq!(error.places(), ["failback.toml:1:1"]);
//! # Ok::<(), failback::error::Error>(())
//! ```

mod channel;
mod contacts;
mod criterion;
mod cutover;
mod given_xid;
mod health;
mod layer;
mod lock_waits;
mod mask;
mod matrix;
mod metric;
mod model;
mod new_name;
mod overlap;
mod phase;
mod quorum;
mod retention;
mod roles;
mod rollback;
mod secret_place;
mod server;
mod table;
mod web_address;
mod zone;

pub use channel::{Channel, Channels, Mail, Webhook};
pub use contacts::{Contact, Contacts};
pub use criterion::{
    Bound, CRITERIA, CriteriaList, Criterion, DATABASE_LOST, DEGRADATION, NEW_DEPLOYED, OLD_DATA, OLD_SERVES, OUTAGE, criterion,
};
pub use cutover::Cutover;
pub use given_xid::GivenXid;
pub use health::Health;
pub use lock_waits::LockWaits;
pub use mask::{Mask, TableMask};
pub use matrix::{Matrix, MatrixRow};
pub use metric::Metric;
pub use model::Config;
pub use overlap::Overlap;
pub use phase::Phase;
pub use quorum::{Quorum, is_same};
pub use retention::Retention;
pub use roles::Roles;
pub use rollback::{RollbackSettings, Var};
pub use secret_place::{SecretPlace, SecretPlaces, unknown_secret};
pub use server::ServerSettings;
pub use table::{NamedTimeColumns, TableSettings};
pub use web_address::WebAddress;
pub use zone::Zone;
