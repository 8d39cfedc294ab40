//! Every statement whose text depends on a table. SQL that is fixed lives in `sql/`, one statement a file.
//!
//! Comes in: names, keys and select lists. Goes out: SQL text, ready to send. Column values come in only as key literals, and
//! only through `name::array_literal`.
//! Never: sends anything.
//!
//! ```
//! use failback::name::QualifiedName;
//! use failback::statement::{CtidRange, copy_binary, rows};
//!
//! let range = CtidRange { from_block: 0, to_block: Some(100) };
//! let query = rows(&QualifiedName::new("public", "orders"), "t.id", range, None);
//! assert_eq!(
//!     copy_binary(&query),
//!     r#"copy (select t.id from only "public"."orders" t where t.ctid < '(100,0)'::pg_catalog.tid) to stdout (format binary)"#
//! );
//! ```

mod check;
mod delta_tables;
mod exclusive;
mod key_range;
mod load_table;
mod operation;
mod read;
pub mod trial_table;

pub use check::{
    deferred_clashes, lock_and_check_parents, lock_parents, lock_writers_out, orphans_of_load, orphans_of_lost,
    orphans_of_table, sequence_floor,
};
pub use delta_tables::{DeltaTables, orphaning_parents, orphans};
pub use key_range::{KeyCut, KeyRange};
pub use load_table::{BY_ANY_JOIN, BY_INDEX, Inserted, LoadColumn, LoadTable, load_table_name, unpacked};
pub use operation::Operation;
pub use read::{CtidRange, RowSource, copy_binary, counterparts, ordered_rows, own_rows, range_sums, rows, stamped_since};
