//! SQL text: every statement and expression whose text depends on a table, and a transaction's settings. Statements that are
//! fixed live in `sql/`, one a file; those that begin and end transactions in `pg::Transaction`.
//!
//! Comes in: names, keys, layouts, definitions. Goes out: SQL text, ready to send. Column values come in only as key literals,
//! and only through `name::array_literal`.
//! Never: sends anything, or knows what a row means.
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

mod audit;
mod brought;
mod by_place;
mod check;
mod column_mask;
mod condition;
mod copies;
mod delta_tables;
mod duckdb_views;
mod exclusive;
mod fence;
mod grant;
mod key_range;
mod ledger;
mod load_table;
mod operation;
mod orphans_around;
mod read;
mod rearranged;
mod redefined;
mod referential_action;
mod referring_values;
mod replica_identity;
mod restore;
mod row_hash;
mod row_statement;
mod row_version;
mod select_list;
mod selected;
mod sequence;
mod set_value;
mod setting;
mod slot_changes;
mod stamped_xids;
mod stranger;
mod table_lock;
pub mod trial_table;
mod unmoved;
mod update;
mod value;
mod wal_records;
mod writer;
mod written_since;

pub use audit::{random_keys, written_and_unseen};
pub use brought::{inserted_digests, key_digests, loaded_digests, remember_keys};
pub use by_place::{BY_PLACE, BY_PLAN, LANDED, Place, rows_at, sent_digest, sent_types};
pub use check::{deferred_clashes, lock_and_check_parents, lock_parents, orphans_of_load, orphans_of_lost, orphans_of_table};
pub use column_mask::ColumnMask;
pub use condition::{CONDITION_QUERIES, CONDITION_VIEW, ConditionRow, both_differences};
pub use copies::{copies, own_copies};
pub use delta_tables::{DeltaTables, arriving_orphans, going_orphans, orphaning_parents, orphans, takeovers};
pub use duckdb_views::{FieldOf, ViewedTable, duckdb_views};
pub use fence::{all_at_once, fence, lift};
pub use grant::{DatabaseGrants, GrantedObjects, ListedObjects, ServerGrants};
pub use key_range::{KeyCut, KeyRange};
pub use ledger::in_ledger;
pub use load_table::{Inserted, LoadColumn, LoadTable, load_table_name, unpacked};
pub use operation::Operation;
pub use orphans_around::{orphan_at, orphan_of, orphan_under};
pub use read::{
    CtidRange, PLACE, RowSource, copy_binary, counterparts, counterparts_but, doubled_keys, explain, is_selected, keyed_rows,
    ordered_rows, own_rows, range_sums, rows, rows_between, rows_within, rows_written_by, stamped_since,
};
pub use rearranged::rearranged_tables;
pub use redefined::young_definitions;
pub use referential_action::{affected_children, children_left_behind};
pub use referring_values::{GivenValues, read_values, referring_values};
pub use replica_identity::replica_identities;
pub use restore::{
    comment_on_database, count_of_table, create_database, drop_own_database, grant_on_database, limit_database, open_database,
    rename_database, set_on_database,
};
pub use row_hash::row_hash;
pub use row_statement::NULL;
pub use row_version::ROW_VERSION;
pub use select_list::{compared_list, select_list, sent_by_old};
pub use selected::count_selected;
pub use sequence::{draw, last_drawn, number_reach, raise_alone, sequence_floor, sequence_positions, skip_ahead};
pub use set_value::{set_value, set_value_changes};
pub use setting::{
    BY_ANY_JOIN, BY_INDEX, CHECK_CONSTRAINTS, CONDITION_TIMEOUT, DEFER_CONSTRAINTS, NO_SEARCH_PATH, OWN_SEARCH_PATH,
    REPLICA_ROLE,
};
pub use slot_changes::slot_changes;
pub use stamped_xids::stamped_xids;
pub use stranger::{
    children_of_strangers, children_of_unproven, is_overwritten, note_kept_references, parents_with_own_children,
};
pub use table_lock::{LockMode, hold_tables, lock_tables};
pub use unmoved::count_rows;
pub use update::{UpdatePart, UpdateParts};
pub use value::{is_no_earlier, travelling_value};
pub use wal_records::wal_commits;
pub use writer::{is_in, is_in_place, is_older, is_written_by_none, is_written_by_others, is_written_in, young};
pub use written_since::{Unknown, WriterMark, has_row_of};
