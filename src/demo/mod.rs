//! A place to rehearse in: throwaway servers, a sample estate on them, and a scripted incident.
//!
//! Comes in: where PostgreSQL's programs are, or nothing. Goes out: two servers on loopback with the Mystira estate as it was
//! at a cutover, and what users did to it on either side.
//! Never: touches a server that it did not start, leaves one running after its owner is gone (unless told to keep it), or
//! listens beyond loopback.

mod account;
mod binaries;
mod cluster;
mod estate;
mod supervisor;

pub use binaries::Binaries;
pub use cluster::{Cluster, ClusterOptions, remove_kept};
pub use estate::{databases, load, load_database, play_incident, play_incident_on};
