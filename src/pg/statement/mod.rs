//! Every statement whose text depends on a table. SQL that is fixed lives in `sql/`, one statement a file.
//!
//! Comes in: names, keys and select lists. Goes out: SQL text, ready to send. Column values come in only as key literals, and
//! only through `name::array_literal`.
//! Never: sends anything.

mod arrivals;
mod check;
mod exclusive;
mod key_range;
mod read;
mod stage;
pub mod trial_table;

pub use arrivals::{Arrivals, bereaving, orphans};
pub use check::{
    adopt, deferred_clashes, lock_parents, lock_writers_out, orphans_of_lost, orphans_of_stage, orphans_of_table,
    sequence_floor,
};
pub use key_range::{KeyCut, KeyRange};
pub use read::{CtidRange, RowSource, copy_binary, counterparts, ordered_rows, own_rows, range_sums, rows, stamped_since};
pub use stage::{BY_ANY_JOIN, BY_INDEX, Inserted, Stage, StageColumn, stage_name, unpacked};
