//! Backups: which there are, whether they can be read to their end, and how one comes back beside what is there now.
//!
//! Comes in: a folder of dumps or a container of blobs, a point of time. Goes out: what each is worth, and why; databases that
//! hold what was dumped, beside those that are there, with what was counted in both.
//! Never: takes a table of contents for a whole archive, a program's exit code for success or for failure, or the newest backup
//! for the right one; restores into what is there.

mod backup;
mod blob;
mod check;
mod complaint;
mod dump;
mod execute;
mod form;
mod header;
mod less;
mod list;
mod load;
mod need;
mod program;
mod proof;
mod rename;
mod scratch;
mod script;
mod swap;
mod written;

pub use backup::{Backup, Checksum, Grade};
pub use blob::Container;
pub use check::{ArchivedName, ArchivedTable, CheckedBackup, check_backup};
pub use dump::{Dumped, dump_database};
pub use execute::{RestoreOptions, restore};
pub use form::Form;
pub use list::{backups, choose, point_of_time};
pub use need::LeftOut;
pub use program::{Programs, Variables};
pub use swap::{SwapOptions, swap, swap_back};
