//! failback brings a PostgreSQL estate home after a migration that went wrong.
//!
//! Traffic was cut over from the OLD servers to the NEW ones, something broke, traffic went back. What users wrote into NEW in
//! between is missing from OLD. failback finds those rows, stages them, compares them with OLD, lets a person decide, merges
//! them, proves what landed and can take it back.
//!
//! ```text
//!  NEW ──discover──▶ export ──▶ staging ─┐
//!  OLD ──discover──────────── counterpart┴▶ diff ─▶ decide ─▶ plan ─▶ merge ─▶ OLD ─▶ verify
//!                                                                       └── ledger ──▶ undo
//! ```
//!
//! Each step reads the previous step's *files*, never its memory, so any step can be run again alone, on another machine,
//! after a crash. Rooms are listed from the ground up; a room imports only rooms above it in this list, and a test keeps that
//! order.

// Pure: no runtime, no files, no clock, no environment.
pub mod name;

pub mod words;

pub mod text;

pub mod error;

mod defect;

pub mod schema;

pub mod wire;

pub mod codec;

pub mod delta;

pub mod policy;

pub mod config;

// One outside thing each.
pub mod store;

pub mod pg;

pub mod http;

pub mod statement;

pub mod catalog;

pub mod staging;

// The work.
pub mod engine;

pub mod report;

pub mod phases;

pub mod demo;

pub mod cli;
