//! Where a run lives: one folder on a disk, the only room that opens files.
//!
//! Comes in: bytes, and paths relative to the run with `/` between their parts. Goes out: files that are whole or absent: each
//! is written under a temporary name, synced, renamed into place, and its folder synced. What is read back is checked against
//! the size and the BLAKE3 digest that were true when it was written, on every open.
//! Never: knows what a file means, follows a link or a path that leaves the run, leaves a half-written file under its real
//! name, or lets anybody but the owner read (folders 0700, files 0600: a run holds production rows).

mod atomic_file;
mod fault;
mod file_digest;
pub mod host_files;
mod journal;
mod lock;
mod run_path;
mod run_store;
mod sweep;

pub use atomic_file::AtomicFile;
pub use fault::fault;
pub use file_digest::FileDigest;
pub use lock::{LOCK_FILE, RunLock};
pub use run_store::Store;
