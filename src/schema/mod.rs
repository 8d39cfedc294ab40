//! What a table is: columns, keys, foreign keys, sequences, the order in which tables depend on each other, and how OLD's and
//! NEW's idea of one table differ.
//!
//! Comes in: facts that `catalog` read. Goes out: the same facts as values that can be stored in a manifest and compared.
//! Never: talks to a server, guesses a fact that the catalog did not state.
//!
//! ```
//! use failback::name::Side;
//! use failback::schema::{CommonType, PgType, common_type};
//!
//! let (old, new) = (PgType::builtin("int4", -1), PgType::builtin("int8", -1));
//! assert_eq!(common_type(&old, &new), CommonType::As(Side::New), "NEW's type holds the values of both");
//! ```

mod attribute;
mod column;
mod column_mapping;
mod common_type;
mod comparison;
mod constraint;
mod database_traits;
mod drift;
mod exclusive;
mod fence_change;
mod filenode;
mod foreign_key;
mod guard;
mod key;
mod ledger;
mod method;
mod order;
mod own_form;
mod privilege;
mod published;
mod relation;
mod remembered_key;
mod renaming;
mod rounding;
mod row_file;
#[cfg(test)]
mod sample;
mod sequence;
mod sequence_use;
mod source;
mod table;
mod unlike;
mod used;
mod worked_out_index;

pub use attribute::Attribute;
pub use column::{Column, Identity, PgType, TypeKind};
pub use column_mapping::{MappedColumn, map_columns};
pub use common_type::{CommonType, common_type, may_lose};
pub use comparison::{ComparisonKey, WHOLE_ROW_COLUMNS};
pub use constraint::{Check, Lift, UnprovenCheck};
pub use database_traits::DatabaseTraits;
pub use drift::{Drift, drift};
pub use exclusive::{Exclusive, ExclusivePart};
pub use fence_change::{ChangeState, FenceChange, Guards, Rung};
pub use filenode::Filenode;
pub use foreign_key::{FkAction, ForeignKey};
pub use guard::{ConnectGrant, GuardedDatabase, GuardedRole};
pub use key::{KeyColumn, KeyOrder, KeyProblem, KeySide, UniqueIndex, comparison_key};
pub use ledger::{LEDGER_SCHEMA, LedgerFacts, LedgerPlace, Memory};
pub use method::{CompareBy, Coverage, Covered, Method, TimeColumn, TimeColumns, TimeKind};
pub use order::{Dependencies, depend};
pub use own_form::own_form;
pub use privilege::{MissingPrivilege, Privilege, PrivilegeObject, Reach, WantedPrivilege, unreadable};
pub use published::Unidentified;
pub use relation::{Relation, RelationKind};
pub use remembered_key::{Common, RememberedColumn, RememberedKey};
pub use renaming::{Renaming, RenamingProblem};
pub use rounding::{keep_wall_clocks, round_as_new_does};
pub use row_file::RowFile;
pub use sequence::Sequence;
pub use sequence_use::{NumberForm, NumberedColumn, SequenceUse};
pub use source::{Conversion, Source};
pub use table::{Leaf, Table, Trigger};
pub use used::{Used, UsedSort};
pub use worked_out_index::WorkedOutIndex;
