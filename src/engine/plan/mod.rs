//! Plan: every diff row gets one action, by decision and by what OLD's constraints allow, and the whole is frozen.
//!
//! Comes in: the diff, the decisions, and OLD's answers to questions put in temporary tables that are rolled back. Goes out:
//! one planned row for every diff row, and the plan with its digest.
//! Never: writes anything to OLD that stays.

mod apart;
mod change;
mod changed_columns;
mod checked;
mod chosen_column;
mod closure;
mod composer;
mod conditions;
mod decided_rows;
mod decisions_file;
mod definition;
mod delta_tables;
mod direction;
mod draft;
mod equal_values;
mod execute;
mod fact;
mod freeze;
mod half_moved;
mod met;
mod missing_parents;
mod moved;
mod moves;
mod new_keys;
mod parentage;
mod planned_row;
mod privileges;
mod published;
mod reject;
mod relevant_columns;
mod report;
mod respelt;
mod row_actions;
mod row_values;
mod sandbox;
mod strangers;
mod tally;
mod trial_load;
mod trial_need;
mod uniqueness;
mod unproven;
mod unproven_keys;
mod wanting;

pub(crate) use checked::checked_plan;
pub(crate) use chosen_column::expect_choices;
pub use chosen_column::expect_columns;
pub(crate) use closure::hold_closure;
pub use conditions::ask_conditions;
pub use decisions_file::{decisions_text, picks_text, read_decisions};
pub(crate) use definition::definition_digest;
pub(crate) use direction::Direction;
pub(crate) use draft::{Draft, Reason, Reasons};
pub use execute::plan;
pub use met::Met;
pub(crate) use met::TableMet;
pub use moved::{MovedDecision, moved_decisions};
pub use moves::{MovedRows, PlanMoves, plan_moves};
pub(crate) use new_keys::keys_of_new_alone;
pub(crate) use parentage::{Parentage, Proof};
pub(crate) use planned_row::{PlannedRowReader, PlannedRows, planned_actions, planned_by_name};
pub(crate) use privileges::expect_privileges;
pub(crate) use published::hold_unidentified;
pub use reject::Reject;
pub(crate) use relevant_columns::RelevantColumns;
pub use report::{PlanReport, PlannedTable};
pub(crate) use sandbox::Sandbox;
pub(crate) use strangers::Strangers;
pub use tally::{TalliedRows, TalliedRule, Tally};
pub(crate) use trial_load::hold_rejects;
pub(crate) use unproven::{Lifted, needed_lifts};
pub(crate) use unproven_keys::{LiftedKeys, needed_key_lifts};
pub use wanting::Wanting;
