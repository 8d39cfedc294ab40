//! The integration tests: one binary, so that its servers are started once.

mod architecture;
mod catalog;
mod chunks;
mod cli;
mod cluster;
mod codecs;
mod connect;
mod demo;
mod docs;
mod drift;
mod estate;
mod fixed_sql;
mod hostile_bytes;
mod instructions;
mod pgbench;
mod places;
mod readable;
mod real;
mod recovery;
mod refusals;
mod schemas;
mod support;
mod transactions;
mod truth;
mod types;
mod versions;
