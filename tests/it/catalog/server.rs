//! A server that every role may enter without a password, by its socket alone.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use failback::demo::{Cluster, ClusterOptions};
use failback::name::Side;
use tokio_postgres::{Client, NoTls};

use crate::support;

/// Not one of the pair that other tests share: roles and databases are made here that those would see.
static SERVER: LazyLock<Cluster> = LazyLock::new(|| {
    let options = ClusterOptions {
        label: "test-catalog".into(),
        socket: true,
        hba: vec!["local all all trust".into()],
        ..ClusterOptions::default()
    };
    Cluster::start(&support::binaries(Side::Old), &options).expect("a throwaway server")
});

/// Returns the name of its superuser.
pub(super) fn superuser() -> &'static str {
    SERVER.user()
}

/// Connects as a role, with an empty search path.
pub(super) async fn connect(user: &str, database: &str) -> Client {
    let mut config = tokio_postgres::Config::new();
    config.host_path(SERVER.socket_dir()).port(SERVER.port()).user(user).dbname(database).options("-c search_path=");
    let (client, connection) = config.connect(NoTls).await.expect("the server lets everybody in");
    tokio::spawn(connection);
    client
}

/// Makes a database of that schema and returns its name and a superuser's connection.
pub(super) async fn database(schema: &str) -> (String, Client) {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("db{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let maintenance = connect(superuser(), "postgres").await;
    maintenance.batch_execute(&format!("create database {name} template template0")).await.expect("a fresh name");
    let client = connect(superuser(), &name).await;
    client.batch_execute(schema).await.expect("the schema is sound");
    (name, client)
}
