//! Export: NEW's candidate rows and the keys that NEW lacks, under one snapshot a server, into checksummed files.
//!
//! Comes in: both servers, and the settings. Goes out: segments, and the manifest that makes them exist.
//! Never: writes to a server, or lists a file in the manifest that is not complete.

mod alike;
mod base_rows;
mod baseline_rows;
mod changed;
mod chunks;
mod cursor;
mod described;
mod execute;
mod feed;
mod fetch;
mod kept;
mod key_walk;
mod log_facts;
mod log_spool;
mod lone_run;
mod looked;
mod moved;
mod quiescence;
mod report;
mod staged_keys;
mod stamped;
mod subject;
mod table_failure;
mod unplaced;
mod work;

pub use execute::{export, export_delta, export_discovered};
pub use moved::{MovedReport, moved};
pub use report::{Blocker, DatabaseQuiescence, DatabaseSources, ExportReport, ExportedTable, Unplaced};
