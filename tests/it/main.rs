//! The integration tests: one binary, so that its servers are started once.

mod cli;
mod cluster;
mod demo;
mod estate;
mod support;
