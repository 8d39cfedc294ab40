//! The phases of a rollback: an assessment of which one an incident is in; and runbooks as data, carried out step by step,
//! written down in a journal that everything else is read from.
//!
//! Comes in: a runbook, what its placeholders stand for, tools and servers; the configuration's matrix and questions, what
//! was measured of both sides, what people answer. Goes out: a plan, a journal, evidence beside it; what to do, in which
//! phase, why, who has to approve, how many rows are at stake, and what is not known.
//! Never: runs what was not in the plan, runs a shell, writes a secret down, prints, takes what is not known for `no`.

pub mod account;
pub mod consent;
pub mod course;
pub mod draft;
pub mod drill;
pub mod fields;
pub mod finish;
pub mod happening;
pub mod journal;
pub mod keyring;
pub mod kind;
pub mod losses;
pub mod messenger;
pub mod not_before;
pub mod notice;
pub mod outcome;
pub mod plan;
pub mod postmortem;
pub mod put_off;
pub mod readiness;
pub mod record;
pub mod rest;
pub mod runbook;
pub mod secrets;
pub mod shipped;
pub mod standing;
pub mod state;
pub mod step;
pub mod taken;
pub mod tools;
pub mod turn;
pub mod validation;
pub mod vars;
pub mod work;

mod asking;
mod assess;
mod assessment;
mod contradictions;
mod delivery;
mod glance;
mod parts;
mod reading;
mod secret_reader;
mod spelling;

pub use assess::{Gathered, Named, RowsAtStake, Since, gather, rows_at_stake};
pub use assessment::{Advice, Approval, Assessment, NotKnown, judge};
pub use contradictions::Contradiction;
pub use reading::{Answer, NOBODY, Reading, Said};
