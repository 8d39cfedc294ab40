//! Where a run lives: the only room that opens files. [`Store`] is what the other rooms know of it; [`LocalStore`] keeps a run
//! in a folder on a disk.
//!
//! Comes in: bytes, and paths relative to the run with `/` between their parts. Goes out: files that are whole or absent: each
//! is written under a temporary name, synced, renamed into place, and its folder synced. What is read back is checked against
//! the size and the BLAKE3 digest that were true when it was written, on every open.
//! Never: knows what a file means, follows a link or a path that leaves the run, leaves a half-written file under its real
//! name, or lets anybody but the owner read (folders 0700, files 0600: a run holds production rows).
//!
//! ```
//! use failback::store::{LocalStore, Store as _};
//!
//! let folder = tempfile::tempdir()?;
//! let run = LocalStore::create(&folder.path().join("run"))?;
//! let digest = run.write("shop/plan.json", b"{}")?;
//! assert_eq!((digest.bytes, run.read("shop/plan.json")?), (2, b"{}".to_vec()));
//!
//! std::fs::write(folder.path().join("run/shop/plan.json"), "[]")?;
//! assert!(run.open_checked(&digest).is_err(), "as many bytes, and others");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod atomic_file;
pub mod backup_files;
mod checked_file;
mod fault;
mod file_digest;
pub mod host_files;
mod journal;
mod local_store;
mod lock;
mod log_file;
mod private_file;
mod run_path;
mod run_store;
mod sweep;

use atomic_file::AtomicFile;
use fault::fault;
pub use fault::fault_of_write;
pub use file_digest::FileDigest;
pub use local_store::LocalStore;
pub use lock::{LOCK_FILE, ProgramsLock, RunLock};
pub use log_file::LogFile;
pub use private_file::PrivateFile;
pub use run_store::{FileReader, FileWriter, Store};
