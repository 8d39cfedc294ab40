//! `failback rollback`: phases step by step, over real terraform, the real kubectl, real PostgreSQL, and stand-ins for what no
//! machine of ours has: Azure's control plane, a cluster's API, a zone's name servers (fixtures/standins). The Azure CLI is
//! played too, where Azure is not what a test is about; `azure` has the real one.

mod asked;
mod azure;
mod cleanup;
mod cluster;
mod destroy;
mod drill;
mod emergency;
mod emergency_fails;
mod events;
mod flip;
mod kills;
mod parts;
mod passwords;
mod put_off;
mod quick;
mod redis;
mod schema;
mod secrets;
mod stage;
mod steps;
mod sync;
mod undone;
mod validate;
mod view;
