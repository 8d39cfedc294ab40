//! What to do about each kind of difference: resolutions, where they may be set, which of them wins, and the actions they come
//! to.
//!
//! Comes in: the text of `decisions.toml`, and what `delta` said about a row. Goes out: a resolution with its origin and its
//! reason, a digest of what the decisions mean, an edited text.
//! Never: opens a file, reads the clock, or lets a misspelt key pass.
//!
//! ```
//! use failback::delta::Class;
//! use failback::policy::{Decisions, Origin, Resolution};
//!
//! let toml = "[tables.\"public.orders\"]\nconflict = \"keep_old\"\nwhy = \"agreed\"";
//! let decisions = Decisions::parse(toml, "decisions.toml")?;
//! let decided = decisions.resolve("shop", "public.orders", Class::InsertExists);
//! assert_eq!((decided.resolution, decided.origin), (Resolution::KeepOld, Origin::Table));
//! assert_eq!(decisions.resolve("shop", "public.users", Class::Delete).resolution, Resolution::Hold, "built in");
//! # Ok::<(), failback::error::Error>(())
//! ```

mod action;
mod append;
mod by_table;
mod change;
mod choice;
mod class_rules;
pub mod csv;
mod decision;
mod decisions;
mod edit;
mod fragment;
mod glob;
mod history;
mod key_text;
pub mod keys;
mod meaning;
mod minimum;
mod origin;
mod pick_list;
#[cfg(test)]
mod precedence;
mod resolution;
mod row_decisions;
mod row_pick;
mod rule;
mod rules;
mod selector;

pub use action::Action;
pub use append::{Addition, PickedRow, RuleWords, append_rows, append_rule, without_rows};
pub use by_table::{ByTable, Scope};
pub use change::{Change, Ruling};
pub use choice::{Choice, Choices, Chosen, ValueOf};
pub use class_rules::Setting;
pub use decision::{Past, Signature};
pub use decisions::{Decided, Decisions};
pub use edit::edit;
pub use fragment::Fragment;
pub use glob::Glob;
pub use key_text::{read_key, read_value, write_key};
pub use minimum::{Minimum, read_evidence};
pub use origin::Origin;
pub use pick_list::{PICK_COLUMNS, PickLine, pick_head, pick_line, read_picks, write_picks};
pub use resolution::Resolution;
pub use row_decisions::{By, RowDecisions};
pub use row_pick::RowPick;
pub use rule::{Condition, Rule};
pub use selector::{Selector, SelectorWords};
