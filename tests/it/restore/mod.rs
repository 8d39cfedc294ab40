//! `failback restore`: real dumps of real servers, made by the installed client programs and by newer ones.

mod look;
mod run;
mod scene;
mod swap;
