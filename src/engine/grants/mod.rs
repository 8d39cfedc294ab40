//! Grants: a script that gives a role of one side what every verb needs there, and no more.
//!
//! Comes in: the settings, and that side's catalogs where they can be had. Goes out: SQL text for an administrator.
//! Never: runs it, or reads rows.

mod execute;

pub use execute::{GrantScript, grants};
