//! The phases of a rollback: runbooks as data, carried out step by step, written down in a journal that everything else is read
//! from.
//!
//! Comes in: a runbook, what its placeholders stand for, tools and servers. Goes out: a plan, a journal, evidence beside it.
//! Never: runs what was not in the plan, runs a shell, writes a secret down, prints.

pub mod account;
pub mod consent;
pub mod course;
pub mod embedded;
pub mod fields;
pub mod journal;
pub mod kind;
pub mod messenger;
pub mod notice;
pub mod outcome;
pub mod plan;
pub mod postmortem;
pub mod runbook;
pub mod secrets;
pub mod state;
pub mod step;
pub mod tools;
pub mod vars;
pub mod work;
