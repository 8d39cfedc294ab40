//! The integration tests: one binary, so that its servers are started once.

mod architecture;
mod cli;
mod cluster;
mod demo;
mod drift;
mod estate;
mod pgbench;
mod real;
mod recovery;
mod refusals;
mod schemas;
mod support;
mod types;
mod versions;
