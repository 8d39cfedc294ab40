//! `failback restore`: real dumps of real servers, made by the installed client programs and by newer ones.

pub(crate) mod fetched;
mod less;
mod look;
mod run;
pub(crate) mod scene;
mod swap;
